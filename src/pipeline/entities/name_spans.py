"""What an article names, as the tagger finds it: names alone, without titles and possessives."""

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
# What is no part of a name behind it; the point of "Inc." and "U.S." is.
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
LIST_REACH = 120  # code points before a name in which its list begins
ROLE_REACH = 80  # code points before a name in which its bearer's role stands
DOUBTFUL = 0.5  # of a kind, under which the words before a name say more
SURE = 0.9  # of a name whose words are one elsewhere in the article, too
SHORTEST = 3  # letters of such words


def find_names(article: Article, reading: Reading) -> list[Name]:
    """Find the names of an article, in reading order; they do not overlap.

    In languages other than English only what the layout or an attribution names: all that is sure there. German writes
    every noun with a capital, Spanish countries are called otherwise, Nice and Essen are words.
    """
    certain = (
        *_places_of_datelines(article),
        *(Name(found.source_start, found.source_end, "PERSON") for found in reading.foreign_attributions),
    )
    tagged = (
        _trim(article.text, start, end, one.kind, one.confidence)
        for one in reading.tags.names
        for start, end in _parts(article.text, one.start, one.end)
    )
    names = _apart(chain(certain, filter(None, tagged)))
    return _apart(chain(names, _found_again(article.text, names)))


def _places_of_datelines(article: Article) -> Iterator[Name]:
    place = PLACE_END.split(article.dateline_place or "")[0].strip()
    for segment in article.segments:
        if place and segment.kind == "dateline" and article.text.startswith(place, segment.start_char):
            yield Name(segment.start_char, segment.start_char + len(place), "GPE")


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What a dash with spaces around it parts are two names, and so are a place and the larger one behind its comma."""
    for joint in JOINT.finditer(text, start, end):
        if joint[0][0] != "," or (is_place(text[start : joint.start()]) and is_place(text[joint.end() : end])):
            yield start, joint.start()
            start = joint.end()
    yield start, end


def _trim(text: str, start: int, end: int, kind: EntityType, confidence: float) -> Name | None:
    """A name without marks, honorific and possessive around it; None where no letter is left."""
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
    if not any(sign.isalpha() for sign in text[start:end]):
        return None
    if kind in ("GPE", "LOC", "ORG") and _is_of_people(" ".join(text[start:end].split())):
        kind = "NORP"
    if kind in ("GPE", "LOC", "FAC") and confidence < DOUBTFUL and _bears_role(text, start, end):
        kind = "PERSON"
    if kind == "GPE" and _is_island(text, start, end):
        kind = "LOC"
    return Name(start, end, kind, round(confidence, 3))


def _bears_role(text: str, start: int, end: int) -> bool:
    """Whether a role stands right before a name of several words: "the mayor of Sumaque, Mara Oduya"."""
    before = text[max(0, start - ROLE_REACH) : start].rpartition("\n")[2]
    return len(text[start:end].split()) > 1 and find_role(before, "") is not None


def _is_island(text: str, start: int, end: int) -> bool:
    before = ISLANDS_BEFORE.search(text[max(0, start - LIST_REACH) : start])
    return before is not None or ISLANDS_BEHIND.match(text, end) is not None


def _is_of_people(name: str) -> bool:
    """Whether a name is a word for people and things of a country or a part of the world: "Norwegian", "West African"."""
    return DIRECTION.sub("", name) in adjectives()


def _apart(names: Iterable[Name]) -> list[Name]:
    """Names in reading order, without those that overlap one given before them."""
    taken: set[int] = set()
    kept = []
    for name in names:
        if taken.isdisjoint(range(name.start, name.end)):
            taken.update(range(name.start, name.end))
            kept.append(name)
    return sorted(kept)


def _found_again(text: str, names: Sequence[Name]) -> Iterator[Name]:
    """Places where the very words of a name stand that the tagger is sure of, and did not see there."""
    kinds: dict[str, tuple[float, EntityType]] = {}
    for one in names:
        words = text[one.start : one.end]
        if one.confidence and one.confidence >= SURE and words[0].isupper() and not words.isupper():
            surname = words.split()[-1].upper()  # as it heads a turn of a transcript
            for spelling in (words, surname) if one.kind == "PERSON" else (words,):
                if len(spelling) >= SHORTEST:
                    kinds[spelling] = max(kinds.get(spelling, (0.0, one.kind)), (one.confidence, one.kind))
    if kinds:
        longest_first = sorted(kinds, key=lambda words: (-len(words), words))
        pattern = re.compile(rf"(?<![\w’'-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
        for found in pattern.finditer(text):
            sureness, kind = kinds[found.group()]
            yield Name(found.start(), found.end(), kind, sureness * 0.5)
