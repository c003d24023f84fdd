"""Find the names of an article: the tagger's, trimmed and completed by rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from pipeline.contract import Article, EntityType
from pipeline.entities.clusters import Name
from pipeline.language import Reading
from pipeline.lexicon.gazetteer import adjectives, is_place
from pipeline.lexicon.titles import HONORIFIC, find_role

PLACE_END = re.compile(r"[,/(]| and ")
HONORIFICS_BEFORE = re.compile(rf"(?:{HONORIFIC}\s+)+(?=\w)")
MARKS_BEFORE = re.compile(r"[^\w(]*")
# Marks behind a name that are no part of it; the point of "Inc." and "U.S." is.
MARKS_BEHIND = re.compile(
    r"(?:[’']s?|[^\w.)’']|(?<![A-Z])(?<!\bCo|\bJr|\bSr|\bSt)(?<!\bInc|\bLtd)(?<!\bCorp|\bBros)\.)$"
)
DIRECTION = re.compile(r"^(?:(?:(?:North|South|East|West)(?:ern)?|Central|Latin|Sub-Saharan)\s)+")
JOINT = re.compile(r"\s[-–—]\s|,\s")
# "the Skarv and Tern islands"; "islands of the north - Skarv, Tern and Gull"
ISLANDS_BEHIND = re.compile(r"(?:(?:,|,?\s+and|\s+or)\s+[A-Z]\w+){0,4}\s+[Ii]slands?\b")
ISLANDS_BEFORE = re.compile(
    r"\b[Ii]slands\b[^.;]{0,60}?(?:\s[-–—]|:|\bof)\s+(?:[A-Z]\w+(?:,\s+(?:and\s+)?|\s+and\s+))*$"
)
LIST_REACH = 120  # code points before a name in which a list of islands may begin
ROLE_REACH = 80  # code points before a name in which its bearer's role is looked for
DOUBTFUL = 0.5  # confidence below which a role before a place makes it a person
REPEATABLE = 0.9  # confidence from which a name's words are looked for in the rest of the article …
REPEATED = 0.5  # … and how much of it the names found there get
SHORTEST = 3  # letters of such words


def find_names(article: Article, reading: Reading) -> list[Name]:
    """Return the names of an article in reading order, without overlap.

    In languages other than English only datelines and attributions give names. The tagger would be wrong too often:
    German capitalises every noun, Spanish has other names for countries, and Nice and Essen are words.
    """
    certain = (
        *_dateline_places(article),
        *(Name(found.source_start, found.source_end, "PERSON") for found in reading.foreign_attributions),
    )
    tagged = (
        _trim(article.text, start, end, name.kind, name.confidence)
        for name in reading.tags.names
        for start, end in _split(article.text, name.start, name.end)
    )
    names = _drop_overlaps(chain(certain, filter(None, tagged)))
    return _drop_overlaps(chain(names, _find_repeated(article.text, names)))


def _dateline_places(article: Article) -> Iterator[Name]:
    place = PLACE_END.split(article.dateline_place or "")[0].strip()
    for segment in article.segments:
        if place and segment.kind == "dateline" and article.text.startswith(place, segment.start_char):
            yield Name(segment.start_char, segment.start_char + len(place), "GPE")


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split a span at dashes between spaces, and at the comma between a place and the larger place around it."""
    for joint in JOINT.finditer(text, start, end):
        if joint[0][0] != "," or (is_place(text[start : joint.start()]) and is_place(text[joint.end() : end])):
            yield start, joint.start()
            start = joint.end()
    yield start, end


# ── One name ───────────────────────────────────────────────────────────────────────────────────────────────────


def _trim(text: str, start: int, end: int, kind: EntityType, confidence: float) -> Name | None:
    """Return a name without marks, honorific and possessive around it, its kind corrected; None without a letter."""
    for before in (MARKS_BEFORE, HONORIFICS_BEFORE) if kind == "PERSON" else (MARKS_BEFORE,):
        found = before.match(text, start, end)
        start = found.end() if found else start
    while found := MARKS_BEHIND.search(text, start, end):
        end = found.start()
    if text[start:end].count("(") > text[start:end].count(")"):
        end = text.rindex("(", start, end)
        return _trim(text, start, end, kind, confidence)
    if text[end - 1 : end] == ")" and "(" not in text[start:end]:
        end -= 1
    if not any(character.isalpha() for character in text[start:end]):
        return None
    return Name(start, end, _correct_kind(text, start, end, kind, confidence), round(confidence, 3))


def _correct_kind(text: str, start: int, end: int, kind: EntityType, confidence: float) -> EntityType:
    """Return the kind of a name; word lists and the words around it overrule the tagger in a few cases."""
    if kind in ("GPE", "LOC", "ORG") and _is_people(" ".join(text[start:end].split())):
        kind = "NORP"
    if kind in ("GPE", "LOC", "FAC") and confidence < DOUBTFUL and _bears_role(text, start, end):
        kind = "PERSON"
    if kind == "GPE" and _is_island(text, start, end):
        kind = "LOC"
    return kind


def _bears_role(text: str, start: int, end: int) -> bool:
    """Return whether a name of several words follows a role: "the mayor of Sumaque, Mara Oduya"."""
    before = text[max(0, start - ROLE_REACH) : start].rpartition("\n")[2]
    return len(text[start:end].split()) > 1 and find_role(before, "") is not None


def _is_island(text: str, start: int, end: int) -> bool:
    before = ISLANDS_BEFORE.search(text[max(0, start - LIST_REACH) : start])
    return before is not None or ISLANDS_BEHIND.match(text, end) is not None


def _is_people(name: str) -> bool:
    """Return whether a name is the adjective or people of a country or world region: "Norwegian", "West African"."""
    return DIRECTION.sub("", name) in adjectives()


# ── All names ──────────────────────────────────────────────────────────────────────────────────────────────────


def _drop_overlaps(names: Iterable[Name]) -> list[Name]:
    """Return names in reading order, without those that overlap one given before them."""
    taken: set[int] = set()
    kept = []
    for name in names:
        if taken.isdisjoint(range(name.start, name.end)):
            taken.update(range(name.start, name.end))
            kept.append(name)
    return sorted(kept)


def _find_repeated(text: str, names: Sequence[Name]) -> Iterator[Name]:
    """Find the words of confident names wherever else they occur; the tagger misses some of them."""
    kinds = _repeatable_words(text, names)
    if kinds:
        longest_first = sorted(kinds, key=lambda words: (-len(words), words))
        pattern = re.compile(rf"(?<![\w’'-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
        for found in pattern.finditer(text):
            confidence, kind = kinds[found.group()]
            yield Name(found.start(), found.end(), kind, confidence * REPEATED)


def _repeatable_words(text: str, names: Sequence[Name]) -> dict[str, tuple[float, EntityType]]:
    """Return the words of confident names, with confidence and kind."""
    kinds: dict[str, tuple[float, EntityType]] = {}
    for name in names:
        words = text[name.start : name.end]
        if name.confidence and name.confidence >= REPEATABLE and words[0].isupper() and not words.isupper():
            surname = words.split()[-1].upper()  # as it heads a turn of a transcript
            for spelling in (words, surname) if name.kind == "PERSON" else (words,):
                if len(spelling) >= SHORTEST:
                    kinds[spelling] = max(kinds.get(spelling, (0.0, name.kind)), (name.confidence, name.kind))
    return kinds
