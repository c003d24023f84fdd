"""Read datelines: place, day and agency at the start of a wire story, as each agency prints them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.lexicon.gazetteer import is_place
from pipeline.lexicon.words import read_lines, read_table

# Agencies as datelines and credits print them, and their names in articles.agency.
AGENCIES: Mapping[str, str] = read_table("agencies.tsv")
MONTHS: Mapping[str, int] = {
    name: number for number, line in enumerate(read_lines("months.txt"), 1) for name in line.split()
}

_AGENCY = "|".join(sorted(map(re.escape, AGENCIES), key=len, reverse=True))
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
# "December 3", "Dec. 22, 2016", "25 July 2022", "Jun 3 2022"
DATE = (
    rf"(?:(?P<month>(?i:{_MONTH}))\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?"
    rf"|(?P<day2>\d{{1,2}})\s+(?P<month2>(?i:{_MONTH}))\.?,?(?:\s+(?P<year2>\d{{4}}))?)(?!\d)"
)
_WORD = r"[A-ZÀ-ÞĀ-Ž][\w’'.\-]*?"
_PLACE = rf"{_WORD}(?:(?:\s|/|\s?&\s?|\s?,\s?)(?:{_WORD}|and|de|del|la|al|el|of))*?"
# The place, then day and agency in either order, then the mark that separates the dateline from the story.
DATELINE = re.compile(
    rf"(?:By [^()\n]{{3,40}}, )?(?:(?P<place>{_PLACE}(?:\s\[[A-Z][\w ]+\])?)\s*,?\s*)??"
    rf"(?P<first>(?:(?:\(\s*)?(?:{_AGENCY})\s*[,)]?\s*)(?=,?\s*\(?(?:\d|(?i:{_MONTH}))))?"
    rf"(?:[.,:]?\s*(?:[-–—(]\s*)?{DATE}\)?)?"
    rf"\s*[.,]?\s*(?P<second>[/(]\s*(?:{_AGENCY})\s*[/)]|(?:{_AGENCY})(?=\s*[-–—]))?"
    rf"\s*(?P<mark>\.[-–—]|(?<=[\d)/])\.(?=\s)|--+|[—–:\-‑]|(?<=/)|(?<=\))(?=\s+[\"“‘'«„A-ZÀ-Þ]))\s*(?=\S)"
)
LONGEST_PLACE = 60  # characters
MOST_PLACE_WORDS = 7
LONGEST_DATELINE = 160  # characters


@dataclass(frozen=True, slots=True)
class Dateline:
    """The parts of a dateline; the story begins at ``end_char``."""

    place: str | None
    agency: str | None
    month: int | None
    day: int | None
    year: int | None
    end_char: int
    printed: str


def read_dateline(text: str) -> Dateline | None:
    """Return the dateline at the start of a paragraph, or None."""
    match = DATELINE.match(text[:LONGEST_DATELINE])
    if not match:
        return None
    place = (match["place"] or "").strip(" ,") or None
    if place and "," in place and text[match.end("place") :].startswith("."):  # "OMAHA, Neb."
        place += "."
    agency = AGENCIES.get((match["second"] or match["first"] or "").strip(" /(),"))
    if place in AGENCIES and agency is None:
        place, agency = None, AGENCIES[place or ""]
    day = int(match["day"] or match["day2"] or 0) or None
    if not _is_dateline(text, match, place, agency, day):
        return None
    return Dateline(
        place=place,
        agency=agency,
        month=MONTHS.get((match["month"] or match["month2"] or "").title()),
        day=day,
        year=int(match["year"] or match["year2"] or 0) or None,
        end_char=match.end(),
        printed=text[: match.end("mark") if match["mark"] == "." else match.start("mark")].rstrip(),
    )


def _is_dateline(text: str, match: re.Match[str], place: str | None, agency: str | None, day: int | None) -> bool:
    """Return whether a match is a dateline, not a sentence of the same form."""
    mark = match["mark"] or ""
    # "Pune, Aug 14 (PTI) Millet prices rose": only a bracket ends the dateline, so the place must be known.
    is_unmarked = not mark and text[match.start("mark") - 1] == ")"
    if is_unmarked and not (place and agency and is_place(_first_place(place)) and (day or place.isupper())):
        return False
    if place and (len(place) > LONGEST_PLACE or len(place.split()) > MOST_PLACE_WORDS):
        return False
    if agency or day:
        return place is not None or mark not in (":", ".") or text.startswith(("(", "/"))
    if place is None or mark == ".":
        return False
    return _is_place_alone(text, match.end(), place, mark)


def _is_place_alone(text: str, end: int, place: str, mark: str) -> bool:
    """Return whether a place without day and agency is a dateline: "PARIS — The", but not "Note: the"."""
    first = _first_place(place)
    if text[end : end + 1].islower():  # "London – the city that never was – sleeps"
        return False
    if mark in ("-", ":", "‑"):
        # "WALLACE: …" is a transcript, "Note: …" a note and "Paris-based" a word, so the place must be known.
        is_compound = mark == "-" and not text[end - 1 : end].isspace() and not first.isupper()
        return is_place(first) and not is_compound
    return (first.isupper() and len(first) > 2) or is_place(first)


def _first_place(place: str) -> str:
    return re.split(r"[,/(\[]| and | & ", place)[0].strip()
