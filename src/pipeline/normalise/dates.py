"""When an article was published: from what is given, what its address says, or what is printed in it.

A year is inferred only from evidence in the text, and only where exactly one year fits all of it (DESIGN §5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from dateutil import parser as dateutil_parser

from pipeline.contract import FieldSource, Precision, QualityFlag
from pipeline.normalise.dateline import DATE, MONTHS, Dateline

EARLIEST_YEAR = 1600  # the first printed newspapers
# Records collected around midnight, or stamped in local time, may seem a day early.
TOLERANCE = timedelta(days=2)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LEAD_CHARACTERS = 700

URL_DAY = re.compile(
    r"[/-](?P<year>(?:19|20)\d\d)[/-](?P<month>0?[1-9]|1[0-2])[/-](?P<day>0?[1-9]|[12]\d|3[01])(?=[/\-_.?]|$)"
)
URL_DAY_FIRST = re.compile(r"/(?P<day>0?[1-9]|[12]\d|3[01])/(?P<month>0?[1-9]|1[0-2])/(?P<year>(?:19|20)\d\d)(?=/|$)")
URL_DIGITS = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)")
URL_MONTH = re.compile(r"/(?P<year>(?:19|20)\d\d)/(?P<month>0[1-9]|1[0-2])(?=/|$)")
# "today (July 28, 2022)", "on Monday (25 July 2022)": the day of publication, said in brackets.
TODAY = re.compile(rf"\b(?i:today|yesterday)\s*\({DATE}\)")
# "Published: 3 December 2016, 14:05 GMT", "Updated at: …"
STAMP = re.compile(
    r"^\W*(?i:published|posted|updated|last updated|last modified|date)\b(?: (?i:at|on))?\s*:?\s*(?P<date>.*\d.*)$"
)
YEARS_AGO = re.compile(r"\b(?P<count>\d{1,3}) years ago\b")
STATED_YEAR = re.compile(r"(?<![\d,.$€£])(?P<year>1[89]\d\d|20\d\d)(?![\d,]\d|%|\.\d)")
# The zones that RFC 2822 (section 4.3) gives names, in hours from UTC.
ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
DATE_ONLY = re.compile(r"^\s*(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?\s*$")
HAS_TIME = re.compile(r"\d{1,2}:\d\d")


@dataclass(frozen=True, slots=True)
class Published:
    """A date of publication, how exactly it is known, and what says so."""

    published_on: date | None = None
    published_at: datetime | None = None
    precision: Precision = "unknown"
    source: FieldSource = "none"
    evidence: str | None = None
    flags: tuple[QualityFlag, ...] = ()


def date_article(
    *,
    published_at: str | None,
    published_source: FieldSource,
    url: str | None,
    dateline: Dateline | None,
    body: str,
    fetched_at: datetime | None,
    extra_lines: Sequence[str] = (),
) -> Published:
    """Find when an article was published; the first source that holds a sound date decides.

    Args:
        published_at: as given with the record.
        published_source: where that is from.
        url: the article's address.
        dateline: as read from the first paragraph.
        body: the text, in which a missing year may be found.
        fetched_at: when the record was collected: nothing is published later.
        extra_lines: furniture that may hold a stamp such as "Published: …".
    """
    flags: list[QualityFlag] = []
    latest = (fetched_at or datetime.now(UTC)) + TOLERANCE
    chosen: Published | None = None
    for found in _candidates(published_at, published_source, url, dateline, body, fetched_at, extra_lines):
        problem = _problem(found, latest)
        if problem:
            flags.append(problem)
        elif chosen is None:
            chosen = found
        elif found.source == "url" and _is_far(chosen, found):
            flags.append("conflicting_dates")
    result = chosen or Published()
    return Published(
        result.published_on,
        result.published_at,
        result.precision,
        result.source,
        result.evidence,
        tuple(sorted({*flags, *result.flags})),
    )


def _candidates(
    published_at: str | None,
    published_source: FieldSource,
    url: str | None,
    dateline: Dateline | None,
    body: str,
    fetched_at: datetime | None,
    extra_lines: Sequence[str],
) -> Iterator[Published]:
    if published_at:
        yield _parse(published_at, published_source) or Published(flags=("unparsed_date",))
    if url:
        yield from _from_url(url)
    if dateline and dateline.day and dateline.month and dateline.year:
        yield _on_day(dateline.year, dateline.month, dateline.day, "dateline", dateline.printed)
    for line in extra_lines:
        stamp = STAMP.match(line)
        parsed = _parse(stamp["date"], "text") if stamp else None
        if parsed:
            yield parsed
    today = TODAY.search(body)
    if today and (today["year"] or today["year2"]):
        found = _from_match(today)
        yield found
    if dateline and dateline.day and dateline.month and not dateline.year:
        yield from _infer_year(dateline, body, fetched_at)


def _from_match(found: re.Match[str]) -> Published:
    month = MONTHS[(found["month"] or found["month2"]).title()]
    shift = 1 if found.group().lower().startswith("yesterday") else 0
    day = _on_day(
        int(found["year"] or found["year2"]), month, int(found["day"] or found["day2"]), "text", found.group()
    )
    if shift and day.published_on:
        return Published(day.published_on + timedelta(days=shift), None, "day", "text", found.group())
    return day


def _problem(found: Published, latest: datetime) -> QualityFlag | None:
    if found.published_on is None:
        return found.flags[0] if found.flags else None
    if found.published_on.year < EARLIEST_YEAR:
        return "absurd_date"
    return "future_date" if found.published_on > latest.date() else None


def _is_far(one: Published, other: Published) -> bool:
    if one.published_on is None or other.published_on is None or "month" in (one.precision, other.precision):
        return False
    return abs(one.published_on - other.published_on) > TOLERANCE


def _on_day(year: int, month: int, day: int, source: FieldSource, evidence: str) -> Published:
    try:
        return Published(date(year, month, day), None, "day", source, evidence)
    except ValueError:  # 31 June
        return Published(flags=("unparsed_date",))


def parse_instant(text: str) -> datetime | None:
    """A point in time as given with a record, in UTC; None where it says no more than a day, or nothing sound."""
    found = _parse(text, "none")
    return found.published_at if found else None


def _parse(text: str, source: FieldSource) -> Published | None:
    only = DATE_ONLY.match(text)
    if only:
        return _partial(only, source)
    when = _as_datetime(text)
    if when is None:
        return None
    if when.tzinfo is None or not HAS_TIME.search(text):  # a time without a zone tells the day only
        return Published(when.date(), None, "day", source, text.strip())
    # The day is that of the place it was published at, as far as the offset tells it.
    return Published(when.date(), when.astimezone(UTC), "minute", source, text.strip())


def _partial(only: re.Match[str], source: FieldSource) -> Published | None:
    try:
        first = date(int(only["year"]), int(only["month"] or 1), int(only["day"] or 1))
    except ValueError:
        return None
    precision: Precision = "day" if only["day"] else "month" if only["month"] else "year"
    return Published(first, None, precision, source, only.group().strip())


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """A zone by its offset or, of North America, its name; other names ("IST") are several zones' or nobody's."""
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    return timezone(timedelta(hours=ZONES[name])) if name in ZONES else None


def _as_datetime(text: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text.strip())
    # Two defaults that share no part: where the results differ, the text does not say the whole day.
    try:
        one, other = (
            dateutil_parser.parse(text, default=datetime(year, month, day), tzinfos=_zone)  # noqa: DTZ001
            for year, month, day in ((2001, 1, 1), (2002, 2, 2))
        )
    except (ValueError, OverflowError, TypeError):
        return None
    return one if one.date() == other.date() else None


def _from_url(url: str) -> Iterator[Published]:
    path = re.sub(r"^[a-z]+://[^/]*", "", url)
    for pattern in (URL_DAY, URL_DAY_FIRST, URL_DIGITS):
        found = pattern.search(path)
        if found:
            day = _on_day(int(found["year"]), int(found["month"]), int(found["day"]), "url", found.group().strip("/-"))
            if day.published_on:
                yield day
                return
    found = URL_MONTH.search(path)
    if found:
        first = date(int(found["year"]), int(found["month"]), 1)
        yield Published(first, None, "month", "url", found.group().strip("/"))


# ── A dateline without a year ──────────────────────────────────────────────────────────────────────────────────


def _infer_year(dateline: Dateline, body: str, fetched_at: datetime | None) -> Iterator[Published]:
    """The one year that fits all evidence, if there is exactly one; nothing otherwise.

    A year that the text merely states is no evidence: a story of 2022 may name none later than 2011, and weekdays
    come round again after 5, 6 or 11 years.
    """
    assert dateline.month is not None
    assert dateline.day is not None
    weekday = _weekday_of_lead(body)
    options = dict(_years_by_anniversary(body))
    if fetched_at and not options:
        options = dict(_years_by_collection(dateline.month, dateline.day, fetched_at))
        fits = [year for year in options if weekday is None or _is_weekday(year, dateline, weekday)]
    else:
        fits = [year for year in options if weekday is not None and _is_weekday(year, dateline, weekday)]
    if len(fits) == 1:
        pieces = [dateline.printed, *([weekday] if weekday else []), *options[fits[0]]]
        yield Published(date(fits[0], dateline.month, dateline.day), None, "inferred", "dateline", "; ".join(pieces))


def _weekday_of_lead(body: str) -> str | None:
    found = re.search(rf"\b(?:{'|'.join(WEEKDAYS)})\b", body[:LEAD_CHARACTERS])
    return found.group() if found else None


def _is_weekday(year: int, dateline: Dateline, weekday: str) -> bool:
    try:
        day = date(year, dateline.month or 0, dateline.day or 0)
    except ValueError:
        return False
    return WEEKDAYS[day.weekday()] == weekday


def _years_by_anniversary(body: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """A stated "60 years ago" beside 1956 speaks of 2016: the stated year nearest to the phrase is meant."""
    for ago in YEARS_AGO.finditer(body):
        stated = [year for year in STATED_YEAR.finditer(body) if abs(year.start() - ago.start()) < LEAD_CHARACTERS]
        if stated:
            nearest = min(stated, key=lambda year: abs(year.start() - ago.start()))
            yield int(nearest["year"]) + int(ago["count"]), (ago.group(), nearest.group())


def _years_by_collection(month: int, day: int, fetched_at: datetime) -> Iterator[tuple[int, tuple[str, ...]]]:
    """A crawler that came by within two months saw the latest such day."""
    for year in (fetched_at.year, fetched_at.year - 1):
        try:
            age = (fetched_at + TOLERANCE).date() - date(year, month, day)
        except ValueError:
            continue
        if timedelta() <= age <= timedelta(days=60):
            yield year, (f"fetched {fetched_at:%Y-%m-%d}",)
