"""Find when an article was published: from its metadata, its address, or a date printed in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from dateutil import parser as dateutil_parser

from pipeline.contract import FieldSource, Precision, QualityFlag
from pipeline.normalise.dateline import DATE, MONTHS, Dateline
from pipeline.normalise.dateline_year import TOLERANCE, infer_year

EARLIEST_YEAR = 1600  # the first printed newspapers

URL_DAY = re.compile(
    r"[/-](?P<year>(?:19|20)\d\d)[/-](?P<month>0?[1-9]|1[0-2])[/-](?P<day>0?[1-9]|[12]\d|3[01])(?=[/\-_.?]|$)"
)
URL_DAY_FIRST = re.compile(r"/(?P<day>0?[1-9]|[12]\d|3[01])/(?P<month>0?[1-9]|1[0-2])/(?P<year>(?:19|20)\d\d)(?=/|$)")
URL_DIGITS = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)")
URL_MONTH = re.compile(r"/(?P<year>(?:19|20)\d\d)/(?P<month>0[1-9]|1[0-2])(?=/|$)")
# "today (July 28, 2022)": the day of publication in brackets.
TODAY_IN_BRACKETS = re.compile(rf"\b(?i:today|yesterday)\s*\({DATE}\)")
# "Published: 3 December 2016, 14:05 GMT", "Updated at: …"
PUBLICATION_STAMP = re.compile(
    r"^\W*(?i:published|posted|updated|last updated|last modified|date)\b(?: (?i:at|on))?\s*:?\s*(?P<date>.*\d.*)$"
)
# Hours from UTC of the time zones that RFC 2822 (section 4.3) names.
ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
DATE_ONLY = re.compile(r"^\s*(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?\s*$")
HAS_TIME = re.compile(r"\d{1,2}:\d\d")


@dataclass(frozen=True, slots=True)
class Published:
    """A date of publication, its precision, and the words that give it."""

    published_on: date | None = None
    published_at: datetime | None = None
    precision: Precision = "unknown"
    source: FieldSource = "none"
    evidence: str | None = None
    flags: tuple[QualityFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class DateClues:
    """What may say when an article was published."""

    published_at: str | None = None  # as given with the record
    published_source: FieldSource = "none"  # of published_at
    url: str | None = None
    dateline: Dateline | None = None
    body: str = ""
    fetched_at: datetime | None = None  # when the record was collected; nothing is published later
    furniture: Sequence[str] = ()  # lines such as "Published: …"


def date_article(clues: DateClues) -> Published:
    """Return when an article was published, from the first clue with a plausible date.

    Implausible dates, and an address that disagrees with the chosen date, are flagged.
    """
    flags: set[QualityFlag] = set()
    latest = (clues.fetched_at or datetime.now(UTC)) + TOLERANCE
    chosen: Published | None = None
    for candidate in _candidates(clues):
        problem = _find_problem(candidate, latest)
        if problem:
            flags.add(problem)
        elif chosen is None:
            chosen = candidate
        elif candidate.source == "url" and _disagree(chosen, candidate):
            flags.add("conflicting_dates")
    chosen = chosen or Published()
    return replace(chosen, flags=tuple(sorted({*flags, *chosen.flags})))


def _candidates(clues: DateClues) -> Iterator[Published]:
    """Yield the dates that the clues give, the most trustworthy first."""
    if clues.published_at:
        yield _parse(clues.published_at, clues.published_source) or Published(flags=("unparsed_date",))
    if clues.url:
        yield from _dates_in_url(clues.url)
    dateline = clues.dateline
    if dateline and dateline.day and dateline.month and dateline.year:
        yield _day(dateline.year, dateline.month, dateline.day, "dateline", dateline.printed)
    for line in clues.furniture:
        stamp = PUBLICATION_STAMP.match(line)
        parsed = _parse(stamp["date"], "text") if stamp else None
        if parsed:
            yield parsed
    today = TODAY_IN_BRACKETS.search(clues.body)
    if today and (today["year"] or today["year2"]):
        yield _date_in_brackets(today)
    if dateline and dateline.day and dateline.month and not dateline.year:
        inferred = infer_year(dateline.month, dateline.day, clues.body, clues.fetched_at)
        if inferred:
            year, evidence = inferred
            day = date(year, dateline.month, dateline.day)
            yield Published(day, None, "inferred", "dateline", "; ".join([dateline.printed, *evidence]))


def _date_in_brackets(match: re.Match[str]) -> Published:
    """Return the day of publication behind "today (July 28, 2022)", or a day after the one behind "yesterday"."""
    month = MONTHS[(match["month"] or match["month2"]).title()]
    year, day = int(match["year"] or match["year2"]), int(match["day"] or match["day2"])
    found = _day(year, month, day, "text", match.group())
    if found.published_on and match.group().lower().startswith("yesterday"):
        return replace(found, published_on=found.published_on + timedelta(days=1))
    return found


def _find_problem(candidate: Published, latest: datetime) -> QualityFlag | None:
    if candidate.published_on is None:
        return candidate.flags[0] if candidate.flags else None
    if candidate.published_on.year < EARLIEST_YEAR:
        return "absurd_date"
    return "future_date" if candidate.published_on > latest.date() else None


def _disagree(chosen: Published, other: Published) -> bool:
    if chosen.published_on is None or other.published_on is None or "month" in (chosen.precision, other.precision):
        return False
    return abs(chosen.published_on - other.published_on) > TOLERANCE


def _day(year: int, month: int, day: int, source: FieldSource, evidence: str) -> Published:
    try:
        return Published(date(year, month, day), None, "day", source, evidence)
    except ValueError:  # 31 June
        return Published(flags=("unparsed_date",))


def parse_instant(text: str) -> datetime | None:
    """Return a point in time, as given with a record, in UTC; None if it is only a day, or cannot be parsed."""
    parsed = _parse(text, "none")
    return parsed.published_at if parsed else None


def _parse(text: str, source: FieldSource) -> Published | None:
    date_only = DATE_ONLY.match(text)
    if date_only:
        return _parse_date_only(date_only, source)
    instant = _parse_datetime(text)
    if instant is None:
        return None
    # The day is that of the place of publication, as far as the offset gives it.
    if instant.tzinfo is None or not HAS_TIME.search(text):  # a time without a zone gives only the day
        return Published(instant.date(), None, "day", source, text.strip())
    return Published(instant.date(), instant.astimezone(UTC), "minute", source, text.strip())


def _parse_date_only(match: re.Match[str], source: FieldSource) -> Published | None:
    try:
        first_day = date(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1))
    except ValueError:
        return None
    precision: Precision = "day" if match["day"] else "month" if match["month"] else "year"
    return Published(first_day, None, precision, source, match.group().strip())


def _time_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Return the zone of an offset or a North American name; other names ("IST") are ambiguous or unknown."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    return timezone(timedelta(hours=ZONES[name])) if name in ZONES else None


def _parse_datetime(text: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text.strip())
    # The two defaults differ in year, month and day: if the results differ, the text does not give the whole day.
    try:
        first, second = (
            dateutil_parser.parse(text, default=datetime(year, month, day), tzinfos=_time_zone)  # noqa: DTZ001
            for year, month, day in ((2001, 1, 1), (2002, 2, 2))
        )
    except (ValueError, OverflowError, TypeError):
        return None
    return first if first.date() == second.date() else None


def _dates_in_url(url: str) -> Iterator[Published]:
    """Yield the day in an address; the month if it gives no valid day."""
    path = re.sub(r"^[a-z]+://[^/]*", "", url)
    for pattern in (URL_DAY, URL_DAY_FIRST, URL_DIGITS):
        match = pattern.search(path)
        if match:
            day = _day(int(match["year"]), int(match["month"]), int(match["day"]), "url", match.group().strip("/-"))
            if day.published_on:
                yield day
                return
    match = URL_MONTH.search(path)
    if match:
        yield Published(
            date(int(match["year"]), int(match["month"]), 1), None, "month", "url", match.group().strip("/")
        )
