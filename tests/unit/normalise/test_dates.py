"""When an article was published, and when that is unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipeline.normalise.dateline import read_dateline
from pipeline.normalise.dates import DateClues, Published, date_article, parse_instant

FETCHED = datetime(2024, 6, 1, 12, tzinfo=UTC)


def dated(
    published_at: str | None = None,
    url: str | None = None,
    dateline: str = "",
    body: str = "",
    fetched_at: datetime | None = FETCHED,
    furniture: tuple[str, ...] = (),
) -> Published:
    return date_article(
        DateClues(
            published_at=published_at,
            published_source="sidecar",
            url=url,
            dateline=read_dateline(dateline),
            body=body,
            fetched_at=fetched_at,
            furniture=furniture,
        )
    )


@pytest.mark.parametrize(
    ("given", "day", "instant", "precision"),
    [
        pytest.param("2024-05-07T23:30:00+02:00", (2024, 5, 7), (7, 21, 30), "minute", id="with-zone"),
        pytest.param(
            "2024-05-07T23:30:00-05:00", (2024, 5, 7), (8, 4, 30), "minute", id="day-at-the-place-of-publication"
        ),
        pytest.param("May 7, 2024 11:30 PM EDT", (2024, 5, 7), (8, 3, 30), "minute", id="zone-by-name"),
        pytest.param("7 May 2024 23:30 UTC", (2024, 5, 7), (7, 23, 30), "minute", id="utc-by-name"),
        pytest.param("May 7, 2024 11:30 PM IST", (2024, 5, 7), None, "day", id="ambiguous-zone-name"),
        pytest.param("2024-05-07T23:30:00Z", (2024, 5, 7), (7, 23, 30), "minute", id="utc"),
        pytest.param("Tue, 07 May 2024 23:30:00 +0000", (2024, 5, 7), (7, 23, 30), "minute", id="rfc-2822"),
        pytest.param("2024-05-07T23:30:00", (2024, 5, 7), None, "day", id="without-zone"),
        pytest.param("2024-05-07", (2024, 5, 7), None, "day", id="day"),
        pytest.param("2024-05", (2024, 5, 1), None, "month", id="month"),
        pytest.param("2024", (2024, 1, 1), None, "year", id="year"),
        pytest.param("7 May 2024", (2024, 5, 7), None, "day", id="in-words"),
    ],
)
def test_stated_date(
    given: str, day: tuple[int, int, int], instant: tuple[int, int, int] | None, precision: str
) -> None:
    found = dated(given)
    expected = datetime(2024, 5, *instant, tzinfo=UTC) if instant else None
    assert (found.published_on, found.published_at) == (date(*day), expected)
    assert (found.precision, found.source, found.flags) == (precision, "sidecar", ())


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        pytest.param("2031-05-07", "future_date", id="future"),
        pytest.param("2024-06-04T00:00:00Z", "future_date", id="three-days-after-collection"),
        pytest.param("1066-10-14", "absurd_date", id="before-there-were-newspapers"),
        pytest.param("yesterday", "unparsed_date", id="not-a-date"),
        pytest.param("2024-13-45", "unparsed_date", id="no-such-month"),
        pytest.param("May 7", "unparsed_date", id="no-year"),
    ],
)
def test_implausible_date_is_flagged_and_not_used(given: str, flag: str) -> None:
    found = dated(given)
    assert (found.published_on, found.precision, found.source, found.flags) == (None, "unknown", "none", (flag,))


def test_day_after_collection_is_accepted() -> None:
    assert dated("2024-06-02").flags == ()


def test_address_is_used_instead_of_a_future_date() -> None:
    found = dated("2031-05-07", url="https://post.example/2024/05/07/tolls")
    assert (found.published_on, found.source, found.flags) == (date(2024, 5, 7), "url", ("future_date",))


@pytest.mark.parametrize(
    ("url", "day", "precision"),
    [
        pytest.param("https://post.example/2024/05/07/tolls", (2024, 5, 7), "day", id="folders"),
        pytest.param("https://post.example/2024/5/7/tolls", (2024, 5, 7), "day", id="folders-without-zeros"),
        pytest.param("https://post.example/tolls-2024-05-07", (2024, 5, 7), "day", id="hyphens"),
        pytest.param("https://post.example/07/05/2024/tolls", (2024, 5, 7), "day", id="day-first"),
        pytest.param("https://post.example/20240507-tolls", (2024, 5, 7), "day", id="digits"),
        pytest.param("https://post.example/2024/05/tolls", (2024, 5, 1), "month", id="month"),
    ],
)
def test_date_in_the_address(url: str, day: tuple[int, int, int], precision: str) -> None:
    found = dated(url=url)
    assert (found.published_on, found.precision, found.source) == (date(*day), precision, "url")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://post.example/world/tolls", id="none"),
        pytest.param("https://post.example/story-1202405071", id="longer-number"),
        pytest.param("https://2024-05-07.example/tolls", id="in-the-host"),
        pytest.param("https://post.example/2024/02/31/tolls", id="no-such-day"),
    ],
)
def test_address_without_a_day(url: str) -> None:
    assert dated(url=url).precision in ("unknown", "month")


def test_sidecar_and_address_that_disagree_are_flagged() -> None:
    found = dated("2024-05-20", url="https://post.example/2024/05/07/tolls")
    assert (found.published_on, found.flags) == (date(2024, 5, 20), ("conflicting_dates",))


def test_stamp_among_the_furniture() -> None:
    found = dated(furniture=("Share this", "Published: 7 May 2024, 14:05 GMT"))
    assert (found.published_on, found.source) == (date(2024, 5, 7), "text")


def test_article_is_from_the_day_after_yesterday_in_brackets() -> None:
    assert dated(body="The board met yesterday (May 6, 2024) in town.").published_on == date(2024, 5, 7)


def test_year_inferred_from_weekday_and_anniversary() -> None:
    body = "The keeper retired on Tuesday, 60 years ago after the fire of 1964."
    found = dated(dateline="LONDON, May 7 (PA) - The", body=body)
    assert (found.published_on, found.precision, found.source) == (date(2024, 5, 7), "inferred", "dateline")
    assert found.evidence == "LONDON, May 7 (PA); Tuesday; 60 years ago; 1964"


@pytest.mark.parametrize(
    ("body", "fetched_at"),
    [
        pytest.param("The board met on Tuesday.", None, id="weekday-fits-many-years"),
        pytest.param("The budget of 2023 was cut.", None, id="stated-year-without-a-weekday"),
        pytest.param("It met on Friday. The budget of 2023 was cut.", None, id="no-year-fits"),
        pytest.param("It met on Tuesday.", datetime(2023, 12, 1, tzinfo=UTC), id="collected-much-later"),
    ],
)
def test_year_is_unknown(body: str, fetched_at: datetime | None) -> None:
    found = dated(dateline="LONDON, May 7 (PA) - The", body=body, fetched_at=fetched_at)
    assert (found.published_on, found.precision) == (None, "unknown")


def test_year_from_the_day_of_collection() -> None:
    found = dated(dateline="LONDON, May 7 (PA) - The", body="The board met.")
    assert (found.published_on, found.precision) == (date(2024, 5, 7), "inferred")
    assert (found.evidence or "").endswith("fetched 2024-06-01")


def test_day_that_the_year_lacks() -> None:
    assert dated(dateline="LONDON, June 31 2023 (PA) - The").flags == ("unparsed_date",)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        pytest.param("2024-05-07T10:00:00+02:00", datetime(2024, 5, 7, 8, tzinfo=UTC), id="instant"),
        pytest.param("2024-05-07", None, id="day-is-not-an-instant"),
        pytest.param("soon", None, id="not-a-date"),
    ],
)
def test_parse_instant(text: str, instant: datetime | None) -> None:
    assert parse_instant(text) == instant
