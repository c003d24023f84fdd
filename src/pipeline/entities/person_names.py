"""Attach shorter names of a person to the full one: "J. Oduya", "Ms Oduya" and "Mara"."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from pipeline.entities.clusters import Name
from pipeline.entities.name_forms import HONORIFIC_REACH, MOST_BEARERS, SMALL_WORDS, NameForm, printed
from pipeline.lexicon.titles import FEMALE_SIGNS, MALE_SIGNS, given_names

SHORTENED = 0.95  # certainty of a surname, a first name or a shortened name


def attach_full_names(full: Sequence[NameForm]) -> None:
    """Attach "Ban Ki" and "J. Oduya" to the only fuller name that they shorten.

    Args:
        full: forms of two words or more, the longest first.
    """
    index: dict[tuple[str, ...], list[NameForm]] = defaultdict(list)
    for form in full:
        words = form.words
        roots = {id(fuller.root): fuller.root for fuller in index[words] + index[words[0], "…", words[-1]]}
        roots = {key: root for key, root in roots.items() if _shortens(words, root.words)}
        if len(roots) == 1:
            form.attach_to(next(iter(roots.values())), SHORTENED)
        parts = {words[:end] for end in range(2, len(words))} | {words[begin:] for begin in range(1, len(words) - 1)}
        for key in parts | {(words[0], "…", words[-1]), (words[0][0], "…", words[-1])}:
            if len(index[key]) <= MOST_BEARERS:
                index[key].append(form)


def _shortens(words: tuple[str, ...], fuller: tuple[str, ...]) -> bool:
    """Return whether a fuller name has each word of a shorter one, in order; an initial is enough: "J. Oduya"."""
    rest = iter(fuller)
    return words != fuller and all(
        any(whole == word or (whole.startswith(word) and len(word) == 1) for whole in rest) for word in words
    )


def attach_lone_names(text: str, lone: Sequence[NameForm], full: Sequence[NameForm]) -> list[NameForm]:
    """Attach surnames and first names to their bearer, name by name; return these forms, split by bearer.

    Args:
        text: the article's.
        lone: forms of one word.
        full: forms of two words or more.
    """
    bearers = _index_bearers(full)
    genders = {id(form): _gender(text, form) for form in full}
    split = []
    for form in lone:
        candidates = list(bearers.get(form.words[0], {}).values())
        by_bearer: dict[int, list[Name]] = defaultdict(list)
        for name in form.names:
            bearer = _choose_bearer(text, name, candidates, genders)
            by_bearer[id(bearer) if bearer else 0].append(name)
        by_id = {id(bearer): bearer for bearer in candidates}
        for key, names in by_bearer.items():
            part = NameForm("PERSON", form.words, names, Counter(printed(text, name) for name in names))
            if key:
                part.attach_to(by_id[key], SHORTENED)
            split.append(part)
    return split


def _index_bearers(full: Sequence[NameForm]) -> dict[str, dict[int, NameForm]]:
    """Return the people who bear each word of a full name, by the id of their root."""
    bearers: dict[str, dict[int, NameForm]] = defaultdict(dict)
    for form in full:
        for word in {form.words[0], form.words[-1], *(form.words[1:-1] if len(form.words) > 2 else ())}:
            if len(bearers[word]) <= MOST_BEARERS and word not in SMALL_WORDS:
                bearers[word].setdefault(id(form.root), form)
    return bearers


def _choose_bearer(
    text: str, name: Name, bearers: Sequence[NameForm], genders: Mapping[int, str | None]
) -> NameForm | None:
    """Return whom a lone name means, or None if that is open.

    "Mrs" excludes men. Of several bearers it is the only one with that gender, else the only one named in full before.
    """
    if len(bearers) > MOST_BEARERS:
        return None
    gender = _gender_sign(text, name)
    fitting = [bearer for bearer in bearers if gender is None or genders[id(bearer)] in (None, gender)]
    if len(fitting) > 1:
        fitting = [bearer for bearer in fitting if gender and genders[id(bearer)] == gender] or fitting
    if len(fitting) > 1:
        fitting = [bearer for bearer in fitting if bearer.start < name.start]
    return fitting[0] if len(fitting) == 1 else None


def _gender(text: str, form: NameForm) -> str | None:
    known = given_names().get(form.words[0])
    return known or next((sign for name in form.names if (sign := _gender_sign(text, name))), None)


def _gender_sign(text: str, name: Name) -> str | None:
    """Return the gender that the words right before a name tell: "Mrs", "his wife"."""
    before = text[max(0, name.start - HONORIFIC_REACH) : name.start]
    return "female" if FEMALE_SIGNS.search(before) else "male" if MALE_SIGNS.search(before) else None
