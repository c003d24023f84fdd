"""Attach other names of organisations, places and things: "UN", "APEC" and "the Harbour Board"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pipeline.entities.name_forms import (
    MOST_BEARERS,
    MOST_WORDS,
    PLACES,
    SMALL_WORDS,
    NameForm,
    kinds_agree,
    known_name,
    words_of,
)
from pipeline.lexicon.gazetteer import is_place
from pipeline.lexicon.organisations import EVENT_WORDS, FACILITY_WORDS, ORG_WORDS

SHORT_FORM, ACRONYM = 0.95, 0.9  # certainty of a short form, and of an acronym that the article does not define
# Words at the end of an organisation's name that only say what it is: "Harvard" is short for "Harvard University", not
# for "Harvard Press".
HEAD_WORDS = frozenset(word.casefold().strip(".") for word in ORG_WORDS | EVENT_WORDS | FACILITY_WORDS) | frozenset(
    "limited ag city fc state ".split()
)
SHORT_NAME = re.compile(r"[A-Z][A-Za-z&.\-]{1,9}")
# "Asia-Pacific Economic Cooperation (APEC)": the short name belongs to the long one before it.
DEFINED_BEHIND = re.compile(rf"(?:[’']s?)?\s+\((?:the\s+|or\s+)?[“\"‘']?(?P<short>{SHORT_NAME.pattern})[”\"’']?\)")
DEFINED_BEFORE = re.compile(r"\s+\((?:the\s+)?$")  # "APEC (Asia-Pacific Economic Cooperation)"
DEFINED_REACH = 8  # code points before a name in which DEFINED_BEFORE is looked for
THE_BEFORE = re.compile(r"\b[Tt]he\s")
THE_REACH = 4


def attach_known_names(forms: Sequence[NameForm]) -> None:
    """Attach names of one well-known entity to each other: "U.S." and "United States", "UN" and "United Nations"."""
    known: dict[str, NameForm] = {}
    for form in forms:
        name = known_name(form)
        if name:
            form.attach_to(known.setdefault(name, form), 1.0)


# ── Acronyms ───────────────────────────────────────────────────────────────────────────────────────────────────


def attach_acronyms(text: str, forms: Sequence[NameForm]) -> None:
    """Attach acronyms to the long name that defines them, or to the only long name with these initials."""
    long = [form for form in forms if 1 < len(form.words) <= MOST_WORDS]
    short = {form.words[0]: form for form in forms if len(form.words) == 1}
    by_end = {name.end: form for form in short.values() for name in form.names}
    by_initials: dict[str, list[NameForm]] = defaultdict(list)
    for form in long:
        for acronym in _defined_acronyms(text, form, short, by_end):
            if _abbreviates(acronym.words[0], form.words):
                acronym.attach_to(form, 1.0)
            elif _is_foreign_acronym(acronym, form):
                acronym.attach_to(form, ACRONYM)
        for initials in _initials(form.words):
            by_initials[initials].append(form)
    for word, form in short.items():
        if form.spelling.replace(".", "").isupper() and len(word) > 1 and form.parent is None:
            roots = {id(full.root): full.root for full in by_initials.get(word, ()) if kinds_agree(form, full)}
            if len(roots) == 1:
                form.attach_to(next(iter(roots.values())), ACRONYM)


def _defined_acronyms(
    text: str, form: NameForm, short: Mapping[str, NameForm], by_end: Mapping[int, NameForm]
) -> Iterable[NameForm]:
    """Return the one-word forms in brackets after the names of a long form, or before names in brackets."""
    for name in form.names:
        behind = DEFINED_BEHIND.match(text, name.end)
        acronym = short.get(words_of(behind["short"], is_person=False)[0]) if behind else None
        bracket = DEFINED_BEFORE.search(text[max(0, name.start - DEFINED_REACH) : name.start])
        if not acronym and bracket and text[name.end : name.end + 1] == ")":
            acronym = by_end.get(name.start - len(bracket.group()))
        if acronym:
            yield acronym


def _initials(words: tuple[str, ...]) -> set[str]:
    return {"".join(word[0] for word in words), "".join(word[0] for word in words if word not in SMALL_WORDS)}


def _abbreviates(short: str, words: tuple[str, ...]) -> bool:
    """Return whether a long name has the letters of a short one in order, and begins with the first of them."""
    letters = iter("".join(words))
    return short[0] == words[0][0] and all(letter in letters for letter in short if letter.isalpha())


def _is_foreign_acronym(short: NameForm, form: NameForm) -> bool:
    """Return whether a name in brackets is an acronym from another language: "Landless Workers' Movement (MST)"."""
    return short.kind == form.kind == "ORG" and short.spelling.isupper() and not known_name(short)


# ── Short forms ────────────────────────────────────────────────────────────────────────────────────────────────


def attach_short_forms(text: str, forms: Sequence[NameForm]) -> None:
    """Attach "the Harbour Board" and "the EEF" to the only longer name that contains them."""
    parts: dict[tuple[str, ...], dict[int, NameForm]] = defaultdict(dict)
    for form in sorted((form for form in forms if len(form.words) <= MOST_WORDS), key=lambda form: -len(form.words)):
        fuller = {id(full.root): full for full in parts.get(form.words, {}).values() if kinds_agree(form, full)}
        if len(fuller) == 1 and _is_short_form(text, form, next(iter(fuller.values()))):
            form.attach_to(next(iter(fuller.values())), SHORT_FORM)
        words = form.words
        for begin in range(len(words)):
            for end in range(begin + 1, len(words) + 1):
                part = words[begin:end]
                if end - begin < len(words) and len(parts[part]) <= MOST_BEARERS:
                    parts[part].setdefault(id(form), form)


def _is_short_form(text: str, form: NameForm, fuller: NameForm) -> bool:
    """Return whether a form, whose words are part of a fuller one, may stand for all of it."""
    words, whole = form.words, fuller.words
    if form.kind == "NORP":
        return False
    if whole[: len(words)] == words:
        return _is_short_beginning(form, whole[len(words) :])
    if form.kind in PLACES:  # "Korea" is not "North Korea"
        return False
    if len(words) > 1:  # "Harbour Board" of "Sumaque Harbour Board"
        return True
    if words[0] in HEAD_WORDS:  # "the Board"
        has_article = (THE_BEFORE.search(text, max(0, name.start - THE_REACH), name.end) for name in form.names)
        return words[0] == whole[-1] and all(has_article)
    # "Firefox" of "Mozilla Firefox"
    return words[0] == whole[-1] and whole[-2] not in SMALL_WORDS and not known_name(form)


def _is_short_beginning(form: NameForm, rest: tuple[str, ...]) -> bool:
    """Return whether a form may stand for a longer name that begins with it; ``rest`` is what the longer one adds."""
    if form.kind in PLACES:  # "New York City", "Levico Terme"; not "Sumaque County" of a known city
        return rest == ("city",) or not is_place(form.spelling)
    adds_only_head = all(word in HEAD_WORDS or word in SMALL_WORDS for word in rest)  # "Larkspur | Group Ltd"
    return not known_name(form) and (adds_only_head or (len(form.words) > 1 and rest[0] in SMALL_WORDS))
