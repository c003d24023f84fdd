"""The dateline: place, day and agency at the start of a wire story, in the agencies' printed forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.lexicon.gazetteer import is_place

# Agencies as they print themselves in datelines and credits, and the name they go by here.
AGENCIES: Mapping[str, str] = {
    "AP": "AP", "Associated Press": "AP", "Reuters": "Reuters", "AFP": "AFP", "Agence France-Presse": "AFP",
    "TASS": "TASS", "ITAR-TASS": "TASS", "Interfax": "Interfax", "Xinhua": "Xinhua", "dpa": "dpa", "DPA": "dpa",
    "PA": "PA", "Press Association": "PA", "UPI": "UPI", "ANI": "ANI", "PTI": "PTI", "IANS": "IANS", "EFE": "EFE",
    "Kyodo": "Kyodo", "Yonhap": "Yonhap", "CP": "CP", "The Canadian Press": "CP", "IPS": "IPS", "KUNA": "KUNA",
    "Bernama": "Bernama", "Anadolu": "Anadolu", "AA": "Anadolu", "RIA Novosti": "RIA Novosti", "ANSA": "ANSA",
    "CNA": "CNA", "VNA": "VNA", "APS": "APS", "MAP": "MAP", "SPA": "SPA", "WAM": "WAM", "BSS": "BSS", "UNB": "UNB",
    "afrol News": "afrol News", "UN News": "UN News", "Bloomberg": "Bloomberg", "CNS": "CNS",
}  # fmt: skip
MONTHS = {name: number for number, names in enumerate(
    ("January Jan", "February Feb", "March Mar", "April Apr", "May", "June Jun", "July Jul", "August Aug",
     "September Sept Sep", "October Oct", "November Nov", "December Dec"), 1) for name in names.split()}  # fmt: skip

_AGENCY = "|".join(sorted(map(re.escape, AGENCIES), key=len, reverse=True))
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
# "December 3", "Dec. 22, 2016", "25 July 2022", "Jun 3 2022"
DATE = (
    rf"(?:(?P<month>(?i:{_MONTH}))\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?"
    rf"|(?P<day2>\d{{1,2}})\s+(?P<month2>(?i:{_MONTH}))\.?,?(?:\s+(?P<year2>\d{{4}}))?)(?!\d)"
)
_WORD = r"[A-ZÀ-ÞĀ-Ž][\w’'.\-]*?"
_PLACE = rf"{_WORD}(?:(?:\s|/|\s?&\s?|\s?,\s?)(?:{_WORD}|and|de|del|la|al|el|of))*?"
# Place, then day and agency in any of their printed places, then what parts it from the story.
DATELINE = re.compile(
    rf"(?:By [^()\n]{{3,40}}, )?(?:(?P<place>{_PLACE}(?:\s\[[A-Z][\w ]+\])?)\s*,?\s*)??"
    rf"(?P<first>(?:(?:\(\s*)?(?:{_AGENCY})\s*[,)]?\s*)(?=,?\s*\(?(?:\d|(?i:{_MONTH}))))?"
    rf"(?:[.,:]?\s*(?:[-–—(]\s*)?{DATE}\)?)?"
    rf"\s*[.,]?\s*(?P<second>[/(]\s*(?:{_AGENCY})\s*[/)]|(?:{_AGENCY})(?=\s*[-–—]))?"
    rf"\s*(?P<mark>\.[-–—]|(?<=[\d)/])\.(?=\s)|--+|[—–:\-‑]|(?<=/)|(?<=\))(?=\s+[\"“‘'«„A-ZÀ-Þ]))\s*(?=\S)"
)
LONGEST_PLACE = 60


@dataclass(frozen=True, slots=True)
class Dateline:
    """A dateline, and where the story behind it begins."""

    place: str | None
    agency: str | None
    month: int | None
    day: int | None
    year: int | None
    end_char: int
    printed: str


def read_dateline(text: str) -> Dateline | None:
    """Read the dateline that a paragraph begins with, if it does."""
    found = DATELINE.match(text[:160])
    if not found:
        return None
    place = (found["place"] or "").strip(" ,") or None
    if place and "," in place and text[found.end("place") :].startswith("."):  # "OMAHA, Neb."
        place += "."
    agency = _agency(found["second"] or found["first"] or "")
    month = MONTHS.get((found["month"] or found["month2"] or "").title())
    day = int(found["day"] or found["day2"] or 0) or None
    year = int(found["year"] or found["year2"] or 0) or None
    if place in AGENCIES and agency is None:
        place, agency = None, AGENCIES[place or ""]
    # "Pune, Aug 14 (PTI) Millet prices rose": nothing but a bracket parts it from the story, so the place must be known.
    is_unmarked = not found["mark"] and text[found.start("mark") - 1] == ")"
    if is_unmarked and not (place and agency and is_place(_first_place(place)) and (day or place.isupper())):
        return None
    has_evidence = bool(agency or day)
    if not _is_likely(place, has_evidence, found["mark"] or "", text, found.end()):
        return None
    printed = text[: found.start("mark")].rstrip()
    if found["mark"] == ".":
        printed = text[: found.end("mark")].rstrip()
    return Dateline(place, agency, month, day, year, found.end(), printed)


def _agency(printed: str) -> str | None:
    return AGENCIES.get(printed.strip(" /(),"))


def _first_place(place: str) -> str:
    return re.split(r"[,/(\[]| and | & ", place)[0].strip()


def _is_likely(place: str | None, has_evidence: bool, mark: str, text: str, end: int) -> bool:
    if place and (len(place) > LONGEST_PLACE or len(place.split()) > 7):
        return False
    if has_evidence:
        return place is not None or mark not in (":", ".") or text.startswith(("(", "/"))
    if place is None or mark == ".":
        return False
    first = _first_place(place)
    if text[end : end + 1].islower():  # "London – the city that never was – sleeps"
        return False
    if mark in ("-", ":", "‑"):
        # "WALLACE: …" is a transcript, "Note: …" a note, "Paris-based" a word: only a known place will do.
        glued = mark == "-" and not text[end - 1 : end].isspace() and not first.isupper()
        return is_place(first) and not glued
    return (first.isupper() and len(first) > 2) or is_place(first)
