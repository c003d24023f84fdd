"""Which versions are kept: close together while they are new, further apart as they grow old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.history import Kept, Policy, describe_versions, parse_policy, versions_to_remove

NOW = datetime(2024, 5, 9, 12, 30, tzinfo=UTC)  # a Thursday
ONLY_AGE = Policy(newest=0)


def at(when: datetime, *, is_current: bool = False) -> Kept:
    return Kept(f"{when:%Y%m%dT%H%M%SZ}-0000", when, 10, 30, 1_000, is_current)


def kept(versions: Sequence[Kept], now: datetime, policy: Policy) -> list[Kept]:
    gone = set(versions_to_remove(versions, now, policy))
    return [version for version in versions if version.run_id not in gone]


def ago(*hours: float) -> list[Kept]:
    return [at(NOW - timedelta(hours=each)) for each in hours]


@pytest.mark.parametrize(
    ("hours", "stay"),
    [
        pytest.param((24, 23.9, 23.8, 0.1, 0), (24, 23.9, 23.8, 0.1, 0), id="all-of-the-last-day"),
        pytest.param((30.4, 30.3, 29.6, 29.4), (29.6, 29.4), id="then-the-last-of-each-hour-that-has-one"),
        pytest.param((60, 59, 58, 36), (58, 36), id="then-the-last-of-each-day"),
        pytest.param((24 * 40, 24 * 39, 24 * 38), (24 * 39, 24 * 38), id="then-the-last-of-each-week-from-monday"),
        pytest.param((24 * 365, 24 * 363), (24 * 363,), id="older-than-a-year-goes"),
        pytest.param((-5,), (-5,), id="clock-that-was-set-back"),
    ],
)
def test_kept_by_age(hours: Sequence[float], stay: Sequence[float]) -> None:
    # 40 days before this Thursday was a Saturday; 39 a Sunday, the last of its week; 38 a Monday.
    assert kept(ago(*hours), NOW, ONLY_AGE) == ago(*stay)


def test_newest_are_kept_whatever_their_age() -> None:
    old = ago(*(24 * 800 + hour for hour in range(12, 0, -1)))
    assert kept(old, NOW, Policy()) == old[-10:]
    assert kept(old, NOW, replace(Policy(), newest=20)) == old


def test_current_one_is_never_removed() -> None:
    rolled_back_to = at(NOW - timedelta(days=900), is_current=True)
    assert kept([rolled_back_to], NOW, Policy(0, 0, 0, 0, 0)) == [rolled_back_to]


def test_what_goes_is_told_oldest_first_whatever_the_order() -> None:
    versions = ago(24 * 500, 24 * 400, 24 * 600)
    assert versions_to_remove(versions, NOW, ONLY_AGE) == [versions[at].run_id for at in (2, 0, 1)]


def test_nothing_is_kept_of_nothing() -> None:
    assert versions_to_remove([], NOW, Policy()) == []


def test_periods_are_those_of_utc() -> None:
    india = timezone(timedelta(hours=5, minutes=30))  # 11:36 and 12:24 there
    first, last = (
        replace(at(when), published_at=when.astimezone(india))
        for when in (NOW - timedelta(hours=30.4), NOW - timedelta(hours=29.6))
    )
    assert kept([first, last], NOW, ONLY_AGE) == [last]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([1, 7, 31, 60, 61, 300, 1_440, 9_000]), max_size=60),
    policy=st.builds(
        Policy,
        newest=st.integers(0, 12),
        all=st.integers(0, 30),
        hours=st.integers(0, 60),
        days=st.integers(0, 12),
        weeks=st.integers(0, 5),
    ),
    step=st.sampled_from([60, 25, 1_440]),
)
def test_thinning_often_ends_as_thinning_once(gaps: list[int], policy: Policy, step: int) -> None:
    start = NOW - timedelta(days=70)
    moments = [start + timedelta(minutes=sum(gaps[: count + 1])) for count in range(len(gaps))]
    versions = [at(moment) for moment in moments]
    end = (moments[-1] if moments else start) + timedelta(days=1)
    left: list[Kept] = []
    now, taken = start, 0
    while now < end:
        now = min(now + timedelta(minutes=step), end)
        arrived = [version for version in versions[taken:] if version.published_at <= now]
        taken += len(arrived)
        left = kept([*left, *arrived], now, policy)
    assert left == kept(versions, end, policy)
    assert kept(left, end, policy) == left


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        pytest.param("hours=48,days=30,weeks=52", Policy(), id="as-by-default"),
        pytest.param(" weeks = 520 , newest=3", Policy(newest=3, weeks=520), id="blanks-and-what-is-left-out"),
        pytest.param("newest=0,all=0,hours=0,days=0,weeks=0", Policy(0, 0, 0, 0, 0), id="the-current-one-only"),
        pytest.param(str(Policy(1, 2, 3, 4, 5)), Policy(1, 2, 3, 4, 5), id="as-it-is-printed"),
    ],
)
def test_policy_is_read(text: str, policy: Policy) -> None:
    assert parse_policy(text) == policy


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "'' is none of newest, all, hours, days, weeks", id="nothing"),
        pytest.param("months=3", "'months=3' is none of", id="unknown-name"),
        pytest.param("hours=48,", "'' is none of", id="comma-at-the-end"),
        pytest.param("hours", "'' is no whole number from 0 to 99,999 for hours", id="no-number"),
        pytest.param("hours=-1", "'-1' is no whole number", id="negative"),
        pytest.param("days=1.5", "'1.5' is no whole number", id="fraction"),
        pytest.param("days=many", "'many' is no whole number", id="word"),
        pytest.param("days=٣", "'٣' is no whole number", id="digits-of-another-script"),
        pytest.param("weeks=9999999999", "'9999999999' is no whole number", id="longer-than-time"),
        pytest.param("hours=1,hours=2", "hours is given twice", id="twice"),
    ],
)
def test_policy_that_cannot_be_read_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_policy(text)
    assert told in str(caught.value)
    assert "expected NAME=NUMBER" in str(caught.value)


def test_versions_as_a_table() -> None:
    first = Kept("20240506T080000Z-0001", datetime(2024, 5, 6, 8, tzinfo=UTC), 1_200, 5_400, 12_345_678, False)
    second = Kept("20240507T080000Z-0002", datetime(2024, 5, 7, 8, 5, tzinfo=UTC), 980_000, 12, 999, True)
    assert describe_versions([second, first], Policy()) == (
        "run                    published (UTC)   articles  quotes  its own\n"
        "20240506T080000Z-0001  2024-05-06 08:00     1,200   5,400  12.3 MB\n"
        "20240507T080000Z-0002  2024-05-07 08:05   980,000      12    999 B  current\n"
        "2 kept, 12.3 MB in all; --keep newest=10,all=24,hours=48,days=30,weeks=52"
    )


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0 B"), (1_000, "1.0 kB"), (2_500_000_000, "2.5 GB"), (4_000_000_000_000_000, "4,000.0 TB")],
)
def test_sizes_as_people_say_them(size: int, told: str) -> None:
    assert f" {told} in all" in describe_versions([replace(at(NOW), own_bytes=size)], Policy())
