"""Infer the year of a dateline that prints only month and day.

The year is inferred from evidence in the text, and only if exactly one year fits all of it. A year that the text merely
states is no evidence: a story of 2022 may name none later than 2011, and weekdays repeat after 5, 6 or 11 years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

# A record collected around midnight, or stamped in local time, may seem a day early.
TOLERANCE = timedelta(days=2)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAY = re.compile(rf"\b(?:{'|'.join(WEEKDAYS)})\b")
LEAD_CHARACTERS = 700
LONGEST_DELAY = timedelta(days=60)  # from publication to collection
YEARS_AGO = re.compile(r"\b(?P<count>\d{1,3}) years ago\b")
STATED_YEAR = re.compile(r"(?<![\d,.$€£])(?P<year>1[89]\d\d|20\d\d)(?![\d,]\d|%|\.\d)")


def infer_year(month: int, day: int, body: str, fetched_at: datetime | None) -> tuple[int, list[str]] | None:
    """Return the one year that fits all evidence, and the evidence as printed; None unless exactly one year fits."""
    weekday = _weekday_of_lead(body)
    years = dict(_years_by_anniversary(body))
    needs_weekday = True
    if fetched_at and not years:
        years = dict(_years_by_collection(month, day, fetched_at))
        needs_weekday = False
    fitting = [
        year for year in years if (not needs_weekday if weekday is None else _weekday_of(year, month, day) == weekday)
    ]
    if len(fitting) != 1:
        return None
    return fitting[0], [*([weekday] if weekday else []), *years[fitting[0]]]


def _weekday_of_lead(body: str) -> str | None:
    match = WEEKDAY.search(body[:LEAD_CHARACTERS])
    return match.group() if match else None


def _weekday_of(year: int, month: int, day: int) -> str | None:
    try:
        return WEEKDAYS[date(year, month, day).weekday()]
    except ValueError:  # 29 February
        return None


def _years_by_anniversary(body: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the years that anniversaries imply: "60 years ago" near 1956 implies 2016.

    Of several stated years, the one nearest to the phrase is meant.
    """
    for ago in YEARS_AGO.finditer(body):
        stated = [year for year in STATED_YEAR.finditer(body) if abs(year.start() - ago.start()) < LEAD_CHARACTERS]
        if stated:
            nearest = min(stated, key=lambda year: abs(year.start() - ago.start()))
            yield int(nearest["year"]) + int(ago["count"]), (ago.group(), nearest.group())


def _years_by_collection(month: int, day: int, fetched_at: datetime) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the year of the latest such day within two months before the record was collected."""
    for year in (fetched_at.year, fetched_at.year - 1):
        try:
            delay = (fetched_at + TOLERANCE).date() - date(year, month, day)
        except ValueError:  # 29 February
            continue
        if timedelta() <= delay <= LONGEST_DELAY:
            yield year, (f"fetched {fetched_at:%Y-%m-%d}",)
