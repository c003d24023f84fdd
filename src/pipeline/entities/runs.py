"""Runs of capitalised words, and what each names, judged by its own words and those around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pipeline.contract import Article, EntityType
from pipeline.language import Reading
from pipeline.language.names import HONORIFICS, ROLE_NOUNS
from pipeline.language.organisations import (
    EVENT_WORDS,
    FACILITY_WORDS,
    KNOWN_ORGANISATIONS,
    LOCATION_WORDS,
    NO_NAMES,
    ORG_WORDS,
    REGIONS,
)
from pipeline.language.places import adjectives, cities, countries, states
from pipeline.language.speech import SPEECH_VERBS

_CAPITAL = r"(?:[A-ZÀ-ÞĀ-Ž][\w’'&\-]*(?:\.(?=[A-Z]|\s+[A-Z][a-z])|(?<=\b[A-Z])\.)?(?:[A-Z]\.)*)"
_PARTICLE = r"(?:of|for|de|del|la|van|von|der|bin|bint|al|el|ibn|and\s+the|of\s+the|for\s+the|on|&|and)"
# Capitalised words in a row; particles only between them.
RUN = re.compile(rf"(?<![\w@#/.’'-]){_CAPITAL}(?:[ \xa0](?:{_PARTICLE}[ \xa0])?{_CAPITAL})*(?:\s+(?:II|III|IV))?")
POSSESSIVE = re.compile(r"[’']s?$")
PARTICLES = frozenset("of for de del la van von der bin bint al el ibn and the on &".split())
NAME_PARTICLES = frozenset("de del la van von der bin bint al el ibn".split())
# Titles that stand before a name with a capital: "Foreign Minister Sergei Lavrov".
TITLE_WORDS = (
    frozenset(noun.title() for noun in ROLE_NOUNS)
    | HONORIFICS
    | frozenset(honorific + "." for honorific in HONORIFICS)
    | frozenset(
        """Vice Prime Foreign Deputy Former Interior Defense Defence Finance Health Education Justice Trade Transport Energy
        Environment Agriculture Labor Labour Chief Executive Managing General Assistant Associate Senior Crown First Lady
        Majority Minority House Senate Attorney Police Acting Under Communications Information Planning Secretary-General
        Director-General Vice-President Ex-President Co-Founder Lieutenant Brigadier Rear Field Marshal His Her Excellency Majesty Highness
        Royal Presidential Candidate Nominee Republican Democratic Democrat Sens. Reps. Lt. Lt Gov. Gen. Sen. Rep. Prof. Col. Capt. Sgt. Hon. Rev. St-""".split()
    )
)
# Offices that nobody is named after, as some are after kings and judges: "Water Minister Mara Oduya", "Water Minister".
OFFICES = frozenset(
    """Minister Secretary Ambassador Senator Congressman Congresswoman Governor Commissioner Chairman Chairwoman Spokesman
    Spokeswoman Professor President Premier Chancellor""".split()
)
SINGLE_OFFICES = frozenset("State Affairs Defense Defence Interior".split())
# "the Shikotan and Habomai islands"; "islands of the north - Shikotan, Habomai and Iturup"
ISLANDS_BEHIND = re.compile(r"^(?:(?:,|,?\s+and|\s+or)\s+[A-Z]\w+){0,4}\s+[Ii]slands?\b")
ISLANDS_BEFORE = re.compile(
    r"\b[Ii]slands\b[^.;]{0,60}?(?:\s[-–—]|:|\bof)\s+(?:[A-Z]\w+(?:,\s+(?:and\s+)?|\s+and\s+))*$"
)
NEVER_PERSON = ORG_WORDS | EVENT_WORDS | FACILITY_WORDS | LOCATION_WORDS


@dataclass(slots=True)
class Candidate:
    """A run, or a part of one, that may be a name."""

    start: int
    end: int
    text: str
    kind: EntityType | None = None
    name: str | None = None  # the entity's name where it is known by another
    has_title: bool = False
    is_initial: bool = False  # first word of its sentence


def find_candidates(article: Article, reading: Reading) -> list[Candidate]:
    """All runs of the article with what their own words tell of them."""
    starts = frozenset(sentence.start for sentence in reading.sentences)
    found: list[Candidate] = []
    for segment in article.segments:
        if segment.kind == "dateline":
            found += place_of_dateline(article, segment.start_char)
            continue
        stretch = article.text[segment.start_char : segment.end_char]
        if len(stretch) > 12 and stretch.isupper():
            continue  # nothing tells names from other words
        for start, end in _runs(article.text, segment.start_char, segment.end_char, starts):
            found += _split(article.text, start, end, start in starts or _opens(article.text, start))
    return found


def _runs(text: str, start: int, end: int, sentence_starts: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Runs, cut where a sentence begins within one: no name reaches over the end of a sentence."""
    for run in RUN.finditer(text, start, end):
        words = [run.start() + word.start() for word in re.finditer(r"\S+", run.group())]
        cuts = [run.start(), *(at for at in words[1:] if at in sentence_starts), run.end()]
        for first, last in pairwise(cuts):
            yield (
                first,
                first + len(text[first:last].rstrip().removesuffix(".") if last < run.end() else text[first:last]),
            )


def _opens(text: str, at: int) -> bool:
    """Whether a word stands first behind an opening mark or a colon."""
    return text[max(0, at - 1) : at] in {"“", '"', "«", "„", "‘", "'"} or text[max(0, at - 2) : at] == ": "


def place_of_dateline(article: Article, start: int) -> list[Candidate]:
    """The place that the dateline beginning at ``start`` names, if it names one."""
    place = article.dateline_place
    if not place or not article.text.startswith(place, start):
        return []
    first = re.split(r"[,/(]| and ", place)[0].strip()
    title = first.title() if first.isupper() else first
    known = _known_place(title)
    return [Candidate(start, start + len(first), first, "GPE", known or title)]


def _split(text: str, start: int, end: int, is_initial: bool) -> Iterator[Candidate]:
    """Take a run apart: sentence openers and titles off its front, people's adjectives and possessives as borders."""
    words = [(word.group(), start + word.start(), start + word.end()) for word in re.finditer(r"\S+", text[start:end])]
    part: list[tuple[str, int, int]] = []
    has_title = False
    first = True
    for at, (word, word_start, word_end) in enumerate(words):
        bare = POSSESSIVE.sub("", word)
        is_possessive = bare != word and not (bare.endswith("s") and word.endswith(("'", "’")) and at + 1 == len(words))
        if not part and word in PARTICLES:
            continue
        if not part and bare in TITLE_WORDS and at + 1 < len(words):
            has_title = True
            first = False
            continue
        if not part and bare in NO_NAMES and not _starts_known_name(words, at):
            first = False
            has_title = False
            continue
        if (
            not part
            and bare in adjectives()
            and at + 1 < len(words)
            and not _starts_known_name(words, at)
            and words[at + 1][0] not in ORG_WORDS
        ):
            yield Candidate(word_start, word_start + len(bare), bare, "NORP", bare)
            first, has_title = False, False
            continue
        part.append((bare, word_start, word_start + len(bare)))
        if is_possessive:
            yield from _finish(text, part, has_title, is_initial and first)
            part, has_title, first = [], False, False
        elif word.endswith(",") or word_end == end:
            break
    if part:
        yield from _finish(text, part, has_title, is_initial and first)


def _starts_known_name(words: list[tuple[str, int, int]], at: int) -> bool:
    rest = [POSSESSIVE.sub("", word) for word, _, _ in words[at:]]
    for length in range(min(4, len(rest)), 0, -1):
        name = " ".join(rest[:length])
        if length > 1 and (
            name in REGIONS
            or name in countries()
            or name in cities()
            or name in KNOWN_ORGANISATIONS
            or name in states()
        ):
            return True
    return (
        any(word in NEVER_PERSON for word in rest[1:])
        and rest[0] not in {"The", "A", "An", "In", "On", "At", "But", "And", "For"}
        and len(rest) > 1
        and rest[0] in _ADJECTIVAL
    )


_ADJECTIVAL = frozenset(
    "North South East West Northern Southern Eastern Western Central New Old Great Black White Red Green First Second Third Joint".split()
)


def _finish(text: str, part: list[tuple[str, int, int]], has_title: bool, is_initial: bool) -> Iterator[Candidate]:
    while part and part[-1][0] in PARTICLES:
        part.pop()
    if not part:
        return
    # "X and Y" is one name only in the name of a body.
    joint = next((at for at, word in enumerate(part) if word[0] in ("and", "&")), None)
    if joint is not None and not (part[-1][0] in ORG_WORDS or part[0][0] in ORG_WORDS):
        yield from _finish(text, part[:joint], has_title, is_initial)
        yield from _finish(text, part[joint + 1 :], False, False)
        return
    office = next((at for at, word in enumerate(part) if at and word[0] in OFFICES), None)
    if office is not None:
        yield from (
            one for one in _finish(text, part[:office], False, is_initial) if one.kind in ("GPE", "ORG", "NORP")
        )
        if part[office + 1 :]:
            yield from _finish(text, part[office + 1 :], True, False)
        return
    place = next((at for at, word in enumerate(part) if word[0] in ("of", "for", "on")), None)
    if place is not None and place and not any(word[0] in NEVER_PERSON for word in part[:place]):
        yield from _finish(text, part[:place], has_title, is_initial)
        yield from _finish(text, part[place + 1 :], False, False)
        return
    start, end = part[0][1], part[-1][2]
    if len(part) == 1 and part[0][0].endswith(".") and part[0][0].count(".") == 1:
        end -= 1
    candidate = Candidate(start, end, text[start:end], has_title=has_title, is_initial=is_initial)
    _judge(candidate)
    yield candidate


def _judge(candidate: Candidate) -> None:
    """Decide what the words themselves decide."""
    name = " ".join(candidate.text.split())
    words = name.split()
    place = _known_place(name)
    if name in KNOWN_ORGANISATIONS:
        candidate.kind, candidate.name = "ORG", KNOWN_ORGANISATIONS[name]
    elif name in adjectives():
        candidate.kind, candidate.name = "NORP", name
    elif name in REGIONS:
        candidate.kind, candidate.name = "LOC", name
    elif place and not (candidate.has_title and len(words) == 1 and name not in countries()):
        candidate.kind, candidate.name = "GPE", place
    elif words[-1] in EVENT_WORDS or (words[0] == "World" and "War" in words):
        candidate.kind = "EVENT" if len(words) > 1 else None
    elif (len(words) > 1 and words[-1] in LOCATION_WORDS) or (
        words[0] in {"Lake", "Mount", "Cape", "Gulf"} and len(words) > 1
    ):
        candidate.kind = "LOC"
    elif len(words) > 1 and (
        words[-1] in ORG_WORDS or words[0] in ORG_WORDS or any(word in ORG_WORDS for word in words[1:])
    ):
        candidate.kind = "ORG"
    elif len(words) > 1 and words[-1] in FACILITY_WORDS:
        candidate.kind = "FAC"
    elif (
        candidate.has_title
        and not any(word in SINGLE_OFFICES for word in words)
        and name not in NO_NAMES
        and name not in TITLE_WORDS
        and not words[-1].isupper()
    ):
        candidate.kind = "PERSON"
    candidate.name = candidate.name or name


def _known_place(name: str) -> str | None:
    for known in (countries(), states(), cities()):
        if name in known:
            return known[name].name
    return None


def judge_by_context(
    candidate: Candidate, text: str, persons: frozenset[str], lower_words: frozenset[str]
) -> EntityType | None:
    """Decide, for a run that its own words leave open, by what stands around it.

    Args:
        candidate: the run.
        text: the article's.
        persons: surnames of people already known in the article.
        lower_words: words that the article also writes small: they are no names.
    """
    words = candidate.text.split()
    behind = text[candidate.end : candidate.end + 40]
    before = text[max(0, candidate.start - 60) : candidate.start]
    if ISLANDS_BEHIND.match(behind) or ISLANDS_BEFORE.search(text[max(0, candidate.start - 120) : candidate.start]):
        return "LOC"
    next_word = re.match(r"\s+([a-z]+)", behind)
    speaks = bool(next_word and next_word[1] in SPEECH_VERBS) or bool(re.search(r"(?:said|says|added|told)\s$", before))
    if len(words) == 1:
        return _judge_single(candidate, words[0], behind, before, speaks, persons, lower_words)
    plain = [word for word in words if word not in NAME_PARTICLES]
    if len(words) > 4 or any(word.casefold() in lower_words or word in NO_NAMES for word in plain):
        return "PERSON" if speaks and len(words) < 4 and not candidate.is_initial else None
    if all(word.isupper() and len(word) > 2 for word in words):
        return None
    return "PERSON"


def _judge_single(
    candidate: Candidate,
    word: str,
    behind: str,
    before: str,
    speaks: bool,
    persons: frozenset[str],
    lower_words: frozenset[str],
) -> EntityType | None:
    if (
        word in NO_NAMES
        or word in TITLE_WORDS
        or word in NEVER_PERSON
        or len(word) < 2
        or any(c.isdigit() for c in word)
    ):
        return None
    if word.isupper() and 2 <= len(word) <= 6:
        return "ORG"
    if word.casefold() in lower_words:
        return None
    paired = re.match(r"\s+and\s+([A-Z]\w+)", behind) or re.search(r"([A-Z]\w+)\s+and\s+$", before)
    if paired and paired[1] in persons and word not in adjectives():
        return "PERSON"
    if speaks and not word.endswith("s"):
        return "PERSON"
    if not candidate.is_initial and re.search(r"\b(?:[Ii]n|[Aa]t|[Nn]ear|[Ff]rom)\s$", before):
        return "GPE" if re.match(r"[,.\s]", behind) else None
    return None
