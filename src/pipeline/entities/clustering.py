"""Which names of an article name the same: short ones joined to full ones, spellings to each other.

A name that may belong to two stays by itself: a wrong join counts one for another, a missing one counts both apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from pipeline.contract import EntityType
from pipeline.entities.clusters import Group, Name
from pipeline.lexicon.gazetteer import countries, is_place, places_named
from pipeline.lexicon.organisations import EVENT_WORDS, FACILITY_WORDS, KNOWN_ORGANISATIONS, ORG_WORDS
from pipeline.lexicon.speech_verbs import SPEECH_VERB_BEHIND
from pipeline.lexicon.titles import FEMALE_SIGNS, HONORIFIC, HONORIFICS, MALE_SIGNS, given_names

SHORT, ACRONYM, SLIP = 0.95, 0.9, 0.7  # how sure a name belongs where it was put, joined in this way
SLIP_LENGTH = 6  # letters of a word in which another letter is a slip, and not another word
OFTEN = 3  # a spelling printed as often as that is no slip
MOST_BEARERS = 8  # of a name, beyond which nothing tells which of them is meant
NEAR = 60  # code points before a name in which its title stands
MOST_WORDS = 12  # of a name that may be shortened; what is longer is no name
PLACES: frozenset[EntityType] = frozenset({"GPE", "LOC"})
NO_THINGS: frozenset[EntityType] = PLACES | {"PERSON", "NORP"}  # kinds that a short name does not change
HONORIFIC_WORDS = frozenset(word.casefold() for word in HONORIFICS)
SUFFIXES = frozenset("jr sr ii iii iv phd md obe mbe kc qc".split())
SMALL_WORDS = frozenset("of for the and de del la le du des di da on in at to a an et und y".split())
# Words behind a body's name that say no more than what it is: "Harvard" of "Harvard University", not of "Harvard Press".
HEAD_WORDS = frozenset(word.casefold().strip(".") for word in ORG_WORDS | EVENT_WORDS | FACILITY_WORDS) | frozenset(
    "limited ag city fc state ".split()
)
WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)*")
POINTS = re.compile(r"(?<=\b\w)\.(?=\w\b|\W|$)")  # of "U.S." and "J. K."
ACCENTS = re.compile(r"[\u0300-\u036f]")  # other scripts' signs tell words apart
SHORT_NAME = re.compile(r"[A-Z][A-Za-z&.\-]{1,9}")
# "Asia-Pacific Economic Cooperation (APEC)": the short name belongs to the long one before it.
DEFINED_BEHIND = re.compile(rf"(?:[’']s?)?\s+\((?:the\s+|or\s+)?[“\"‘']?(?P<short>{SHORT_NAME.pattern})[”\"’']?\)")
DEFINED_BEFORE = re.compile(r"\s+\((?:the\s+)?$")  # "APEC (Asia-Pacific Economic Cooperation)"
HOSTS = re.compile(r"\s\([A-Z][^()]*\)\s(?:summit|conference|forum|meeting|congress)\b")
THE_BEFORE = re.compile(r"\b[Tt]he\s")
HONORIFIC_BEFORE = re.compile(rf"{HONORIFIC}\s+$")


@dataclass(eq=False, slots=True)
class _Form:
    """Names of one kind that are spelled alike but for capitals, points and accents."""

    kind: EntityType
    words: tuple[str, ...]
    names: list[Name]
    spellings: Counter[str] = field(default_factory=Counter)
    belongs_to: _Form | None = None
    sureness: float = 1.0

    @property
    def weight(self) -> float:
        return sum(1.0 if one.confidence is None else one.confidence for one in self.names)

    @property
    def spelling(self) -> str:
        """As it is printed most often, rather not in capitals throughout."""
        return max(self.spellings, key=lambda one: (not one.isupper(), self.spellings[one]))

    @property
    def start(self) -> int:
        return self.names[0].start

    @property
    def top(self) -> _Form:
        form = self
        while form.belongs_to:
            form = form.belongs_to
        return form

    def join(self, other: _Form, sureness: float) -> None:
        """Belong to another form from now on, unless the two belong together already."""
        if self.top is not other.top:
            top = self.top
            top.belongs_to, top.sureness = other.top, sureness


def join_names(text: str, names: Sequence[Name]) -> list[Group]:
    """Put the names of an article together that name the same, in the order of their first names.

    Args:
        text: the article's.
        names: in order; they do not overlap.
    """
    forms = _settle_kinds(text, _collect(text, names))
    people = [form for form in forms if form.kind == "PERSON"]
    others = [form for form in forms if form.kind != "PERSON"]
    full = sorted((form for form in people if len(form.words) > 1), key=lambda form: -len(form.words))
    _join_full_names(full)
    _join_slips(full)
    people = full + _join_lone_names(text, [form for form in people if len(form.words) == 1], full)
    _join_known(others)
    _join_acronyms(text, others)
    _join_short_forms(text, others)
    _join_slips(others)
    _join_slips([form for form in people if len(form.words) == 1])
    return _groups(text, [*people, *others])


# ── Forms ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _collect(text: str, names: Iterable[Name]) -> list[_Form]:
    forms: dict[tuple[EntityType, tuple[str, ...]], _Form] = {}
    for name in names:
        spelling = " ".join(text[name.start : name.end].split())
        words = _words_of(spelling, is_person=name.kind == "PERSON")
        form = forms.setdefault((name.kind, words), _Form(name.kind, words, []))
        form.names.append(name)
        form.spellings[spelling] += 1
    return list(forms.values())


@cache
def _words_of(spelling: str, is_person: bool) -> tuple[str, ...]:
    """The words of a name by which names are compared: "the U.S." and "US" are one, as are "Zoë Jr." and "ZOE"."""
    plain = ACCENTS.sub("", unicodedata.normalize("NFKD", spelling))
    words = WORD.findall(POINTS.sub("", plain).casefold().replace("’", "'"))
    words = [word.removesuffix("'s") for word in words]
    while len(words) > 1 and (words[0] in HONORIFIC_WORDS if is_person else words[0] == "the"):
        words = words[1:]
    while len(words) > 1 and is_person and words[-1] in SUFFIXES:
        words = words[:-1]
    return tuple(words) or (spelling,)


def _settle_kinds(text: str, forms: Sequence[_Form]) -> list[_Form]:
    """One kind for what is spelled alike, the one that most names speak for; a person and a place may stay two."""
    surnames = {word for form in forms if form.kind == "PERSON" and len(form.words) > 1 for word in (form.words[-1],)}
    by_words: dict[tuple[str, ...], list[_Form]] = defaultdict(list)
    for form in forms:
        if form.kind != "PERSON" and len(form.words) == 1 and form.words[0] in surnames:
            by_words[form.words] += _without_people(text, form)
        else:
            by_words[form.words].append(form)
    settled = []
    for words, alike in by_words.items():
        kinds: dict[EntityType, _Form] = {}
        for form in alike:
            _pour(form, kinds.setdefault(form.kind, form))
        ranked = sorted(kinds.values(), key=lambda form: (-form.weight, form.start))
        settled.append(ranked[0])
        for form in ranked[1:]:
            if _are_two(ranked[0], form, is_surname=words[-1] in surnames):
                settled.append(form)
            else:
                _pour(form, ranked[0])
    return settled


def _pour(form: _Form, into: _Form) -> None:
    if form is not into:
        into.names = sorted([*into.names, *form.names])
        into.spellings += form.spellings


def _without_people(text: str, form: _Form) -> Iterator[_Form]:
    """Take those out that are people's surnames here: "Ms Paris", "Paris said"."""
    for name in form.names:
        before = text[max(0, name.start - NEAR) : name.start]
        is_person = HONORIFIC_BEFORE.search(before) or SPEECH_VERB_BEHIND.match(text, name.end)
        kind: EntityType = "PERSON" if is_person else form.kind
        yield _Form(kind, form.words, [name], Counter([" ".join(text[name.start : name.end].split())]))


def _are_two(major: _Form, minor: _Form, is_surname: bool) -> bool:
    """Whether two kinds of one spelling are a person and something else, not a slip of who found them."""
    if "PERSON" not in (major.kind, minor.kind):
        return False
    if is_surname and len(major.words) == 1:
        return minor.kind == "PERSON" or bool(places_named(minor.spelling))
    return len(minor.names) > 1 and minor.weight * 3 >= major.weight


# ── People ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _join_full_names(full: Sequence[_Form]) -> None:
    """Join "Ban Ki" and "J. Oduya" to the one fuller name that they shorten; longest names come first."""
    index: dict[tuple[str, ...], list[_Form]] = defaultdict(list)
    for form in full:
        words = form.words
        bearers = {id(one.top): one.top for one in index[words] + index[words[0], "…", words[-1]]}
        bearers = {key: one for key, one in bearers.items() if _shortens(words, one.words)}
        if len(bearers) == 1:
            form.join(next(iter(bearers.values())), SHORT)
        parts = {words[:end] for end in range(2, len(words))} | {words[begin:] for begin in range(1, len(words) - 1)}
        for key in parts | {(words[0], "…", words[-1]), (words[0][0], "…", words[-1])}:
            if len(index[key]) <= MOST_BEARERS:
                index[key].append(form)


def _shortens(words: tuple[str, ...], fuller: tuple[str, ...]) -> bool:
    """Whether each word of a name stands in a fuller one, in order and perhaps as a letter: "J. Oduya"."""
    rest = iter(fuller)
    return words != fuller and all(
        any(one == word or (one.startswith(word) and len(word) == 1) for one in rest) for word in words
    )


def _join_lone_names(text: str, lone: Sequence[_Form], full: Sequence[_Form]) -> list[_Form]:
    """Join surnames and first names to the one person who bears them; of several, to whom title and order tell."""
    bearers: dict[str, dict[int, _Form]] = defaultdict(dict)
    for form in full:
        for word in {form.words[0], form.words[-1], *(form.words[1:-1] if len(form.words) > 2 else ())}:
            if len(bearers[word]) <= MOST_BEARERS and (word not in SMALL_WORDS):
                bearers[word].setdefault(id(form.top), form.top)
    genders = {id(form): _gender(text, form) for form in full}
    left = []
    for form in lone:
        mine = list(bearers.get(form.words[0], {}).values())
        chosen: dict[int, list[Name]] = defaultdict(list)
        for name in form.names:
            one = _bearer(text, name, mine, genders)
            chosen[id(one) if one else 0].append(name)
        for key, names in chosen.items():
            part = _Form("PERSON", form.words, names, Counter(" ".join(text[n.start : n.end].split()) for n in names))
            if key:
                part.join(bearers[form.words[0]][key], SHORT)
            left.append(part)
    return left


def _bearer(text: str, name: Name, bearers: Sequence[_Form], genders: Mapping[int, str | None]) -> _Form | None:
    """Whom a lone name means: not a man by "Mrs"; of several the only one so titled, or named in full before."""
    if len(bearers) > MOST_BEARERS:
        return None
    sign = _sign(text, name)
    fits = [one for one in bearers if sign is None or genders[id(one)] in (None, sign)]
    if len(fits) > 1:
        fits = [one for one in fits if sign and genders[id(one)] == sign] or fits
    if len(fits) > 1:
        fits = [one for one in fits if one.start < name.start]
    return fits[0] if len(fits) == 1 else None


def _gender(text: str, form: _Form) -> str | None:
    known = given_names().get(form.words[0])
    return known or next((sign for name in form.names if (sign := _sign(text, name))), None)


def _sign(text: str, name: Name) -> str | None:
    """What the words right before a name tell of her or him."""
    before = text[max(0, name.start - NEAR) : name.start]
    return "female" if FEMALE_SIGNS.search(before) else "male" if MALE_SIGNS.search(before) else None


# ── Bodies, places and things ──────────────────────────────────────────────────────────────────────────────────


def _join_known(forms: Sequence[_Form]) -> None:
    """Join what is known by several names: "U.S." and "United States", "UN" and "United Nations"."""
    known: dict[str, _Form] = {}
    for form in forms:
        name = _known_name(form)
        if name:
            form.join(known.setdefault(name, form), 1.0)


def _known_name(form: _Form) -> str | None:
    for spelling in form.spellings:
        bare = re.sub(r"^[Tt]he\s+", "", spelling)
        if bare in KNOWN_ORGANISATIONS and form.kind not in NO_THINGS:
            return KNOWN_ORGANISATIONS[bare]
        if bare in countries() and form.kind != "NORP":
            return countries()[bare].name
    return None


def _join_acronyms(text: str, forms: Sequence[_Form]) -> None:
    """Join short names to the long ones that define them, or whose only acronym they are."""
    long = [form for form in forms if 1 < len(form.words) <= MOST_WORDS]
    short = {form.words[0]: form for form in forms if len(form.words) == 1}
    by_end = {name.end: form for form in short.values() for name in form.names}
    by_initials: dict[str, list[_Form]] = defaultdict(list)
    for form in long:
        for name in form.names:
            behind = DEFINED_BEHIND.match(text, name.end)
            acronym = short.get(_words_of(behind["short"], is_person=False)[0]) if behind else None
            bracket = DEFINED_BEFORE.search(text[max(0, name.start - 8) : name.start])
            if not acronym and bracket and text[name.end : name.end + 1] == ")":
                acronym = by_end.get(name.start - len(bracket.group()))
            if acronym and _abbreviates(acronym.words[0], form.words):
                acronym.join(form, 1.0)
            elif acronym and _is_foreign_acronym(acronym, form):
                acronym.join(form, ACRONYM)
        for initials in _initials(form.words):
            by_initials[initials].append(form)
    for word, form in short.items():
        if form.spelling.replace(".", "").isupper() and len(word) > 1 and form.belongs_to is None:
            meant = {id(one.top): one.top for one in by_initials.get(word, ()) if _are_alike(form, one)}
            if len(meant) == 1:
                form.join(next(iter(meant.values())), ACRONYM)


def _initials(words: tuple[str, ...]) -> set[str]:
    return {"".join(word[0] for word in words), "".join(word[0] for word in words if word not in SMALL_WORDS)}


def _abbreviates(short: str, words: tuple[str, ...]) -> bool:
    """Whether the letters of a short name stand in a long one, in order, and the first begins it."""
    letters = iter("".join(words))
    return short[0] == words[0][0] and all(letter in letters for letter in short if letter.isalpha())


def _is_foreign_acronym(short: _Form, form: _Form) -> bool:
    """Whether a body's name in brackets is its acronym in another language: "Landless Workers' Movement (MST)"."""
    return short.kind == form.kind == "ORG" and short.spelling.isupper() and not _known_name(short)


def _are_alike(one: _Form, other: _Form) -> bool:
    return one.kind == other.kind or not {one.kind, other.kind} & NO_THINGS


def _join_short_forms(text: str, forms: Sequence[_Form]) -> None:
    """Join "the Harbour Board" and "the EEF" to the one longer name that holds them."""
    parts: dict[tuple[str, ...], dict[int, _Form]] = defaultdict(dict)
    long = sorted((form for form in forms if len(form.words) <= MOST_WORDS), key=lambda form: -len(form.words))
    for form in long:
        fuller = {id(one.top): one for one in parts.get(form.words, {}).values() if _are_alike(form, one)}
        if len(fuller) == 1 and _is_short_form(text, form, next(iter(fuller.values()))):
            form.join(next(iter(fuller.values())), SHORT)
        words = form.words
        for begin in range(len(words)):
            for end in range(begin + 1, len(words) + 1):
                part = words[begin:end]
                if end - begin < len(words) and len(parts[part]) <= MOST_BEARERS:
                    parts[part].setdefault(id(form), form)


def _is_short_form(text: str, form: _Form, fuller: _Form) -> bool:
    """Whether part of a name may stand for all of it."""
    words, whole = form.words, fuller.words
    if form.kind == "NORP":
        return False
    if whole[: len(words)] == words:
        rest = whole[len(words) :]
        if form.kind in PLACES:  # "New York City", "Levico Terme"; not "Sumaque County" of a known city
            return rest == ("city",) or not is_place(form.spelling)
        is_what = all(word in HEAD_WORDS or word in SMALL_WORDS for word in rest)  # "Larkspur | Group Ltd"
        return not _known_name(form) and (is_what or (len(words) > 1 and rest[0] in SMALL_WORDS))
    if form.kind in PLACES:  # "Korea" is not "North Korea"
        return False
    if len(words) > 1:  # "Harbour Board" of "Sumaque Harbour Board"
        return True
    if words[0] in HEAD_WORDS:  # "the Board"
        return words[0] == whole[-1] and all(THE_BEFORE.search(text, max(0, n.start - 4), n.end) for n in form.names)
    return (
        words[0] == whole[-1] and whole[-2] not in SMALL_WORDS and not _known_name(form)
    )  # "Firefox" of "Mozilla Firefox"


# ── Slips ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _join_slips(forms: Sequence[_Form]) -> None:
    """Join a rare spelling to the only one that it can be a slip of: "Hamobai" to "Habomai"."""
    count: Counter[int] = Counter()
    for form in forms:
        count[id(form.top)] += len(form.names)
    index: dict[Hashable, list[_Form]] = defaultdict(list)
    order = sorted(forms, key=lambda form: (-count[id(form.top)], form.start))
    keys = {id(form): set(_slip_keys(form)) for form in order}
    for form in order:
        for key in keys[id(form)]:
            if len(index[key]) <= MOST_BEARERS:
                index[key].append(form)
    rank = {id(form): number for number, form in enumerate(order)}
    for form in order:
        if len(form.names) < OFTEN and form.belongs_to is None:
            near = {id(one): one for key in keys[id(form)] for one in index[key] if _is_slip_of(form, one)}
            if len(near) == 1 and rank[min(near)] < rank[id(form)]:
                form.join(next(iter(near.values())), SLIP)


def _slip_keys(form: _Form) -> Iterator[Hashable]:
    """What a name and its slips have in common: one word without a letter, or its letters in another order."""
    for at, word in enumerate(form.words[:MOST_WORDS]):
        if SLIP_LENGTH - 1 <= len(word) <= 24 and word.isalpha():
            rest = (form.kind, *form.words[:at], None, *form.words[at + 1 :])
            yield rest, "".join(sorted(word))
            yield rest, word
            for letter in range(1, len(word)):
                yield rest, word[:letter] + word[letter + 1 :]


def _is_slip_of(form: _Form, other: _Form) -> bool:
    if form.kind != other.kind or form.top is other.top or len(form.words) != len(other.words):
        return False
    differing = [pair for pair in zip(form.words, other.words, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1:
        return False
    slip, right = differing[0]
    if slip[0] != right[0] or max(len(slip), len(right)) < SLIP_LENGTH or slip.rstrip("s") == right.rstrip("s"):
        return False
    if form.kind != "PERSON" and is_place(form.spelling) and is_place(other.spelling):
        return False
    genders = given_names().get(slip), given_names().get(right)
    return None in genders or (genders[0] == genders[1] and len(form.words) > 1)


# ── Groups ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _groups(text: str, forms: Sequence[_Form]) -> list[Group]:
    members: dict[int, list[_Form]] = defaultdict(list)
    for form in forms:
        members[id(form.top)].append(form)
    groups = [_group(text, ones) for ones in members.values()]
    return sorted(groups, key=lambda group: group.names[0].start)


def _group(text: str, forms: Sequence[_Form]) -> Group:
    top = forms[0].top
    names = [_sure(name, form) for form in forms for name in form.names]
    return Group(_kind_of(text, top), _name_of(top, forms), tuple(sorted(names)))


def _kind_of(text: str, top: _Form) -> EntityType:
    """An event that is called by its host, "the Tern Council (TC) summit", is a body."""
    if top.kind == "EVENT" and any(HOSTS.match(text, name.end) for name in top.names):
        return "ORG"
    return top.kind


def _sure(name: Name, form: _Form) -> Name:
    sureness = form.sureness if form.belongs_to else 1.0
    if sureness == 1.0:
        return name
    return name._replace(confidence=round((1.0 if name.confidence is None else name.confidence) * sureness, 3))


def _name_of(top: _Form, forms: Sequence[_Form]) -> str:
    """The fullest name that the article holds, without article and title; a well-known body's own."""
    known = _known_name(top) if top.kind not in NO_THINGS else None
    if known:
        return known
    fullest = max(forms, key=lambda form: (form is top or form.sureness != SLIP, len(form.words), len(form.spelling)))
    spelling = re.sub(r"^[Tt]he\s+(?=\S)", "", fullest.spelling)
    return _without_capitals(spelling) if top.kind in PLACES | {"PERSON"} else spelling


def _without_capitals(spelling: str) -> str:
    """A person or a place as it is written elsewhere: "PUTIN" in a headline; "JFK" and "USSR" are written so."""
    is_loud = spelling.isupper() and spelling not in countries() and max(map(len, spelling.split())) > 4
    return spelling.title() if is_loud else spelling
