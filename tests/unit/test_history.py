"""Which versions are kept: close together while they are new, further apart as they grow old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.history import Policy, VersionLine, format_versions, parse_policy, versions_to_remove

NOW = datetime(2024, 5, 9, 12, 30, tzinfo=UTC)  # a Thursday
ONLY_AGE = Policy(newest=0)


def kept(published: Sequence[datetime], now: datetime, policy: Policy, current: str = "") -> list[datetime]:
    versions = {f"{moment:%Y%m%dT%H%M%SZ}-0000": moment for moment in published}
    removed = set(versions_to_remove(versions, current, now, policy))
    return [moment for run_id, moment in versions.items() if run_id not in removed]


def ago(*hours: float) -> list[datetime]:
    return [NOW - timedelta(hours=count) for count in hours]


@pytest.mark.parametrize(
    ("hours", "stay"),
    [
        pytest.param((24, 23.9, 23.8, 0.1, 0), (24, 23.9, 23.8, 0.1, 0), id="all-of-the-last-day"),
        pytest.param((30.4, 30.3, 29.6, 29.4), (29.6, 29.4), id="then-the-last-of-each-hour"),
        pytest.param((60, 59, 58, 36), (58, 36), id="then-the-last-of-each-day"),
        pytest.param((24 * 40, 24 * 39, 24 * 38), (24 * 39, 24 * 38), id="then-the-last-of-each-week-from-monday"),
        pytest.param((24 * 365, 24 * 363), (24 * 363,), id="older-than-a-year-is-removed"),
        pytest.param((-5,), (-5,), id="published-in-the-future"),
    ],
)
def test_kept_by_age(hours: Sequence[float], stay: Sequence[float]) -> None:
    # 40 days before this Thursday was a Saturday; 39 a Sunday, the last of its week; 38 a Monday.
    assert kept(ago(*hours), NOW, ONLY_AGE) == ago(*stay)


def test_newest_are_kept_whatever_their_age() -> None:
    old = ago(*(24 * 800 + hour for hour in range(12, 0, -1)))
    assert kept(old, NOW, Policy()) == old[-10:]
    assert kept(old, NOW, replace(Policy(), newest=20)) == old


def test_the_current_version_is_never_removed() -> None:
    (rolled_back_to,) = ago(24 * 900)
    current = f"{rolled_back_to:%Y%m%dT%H%M%SZ}-0000"
    assert kept([rolled_back_to], NOW, Policy(0, 0, 0, 0, 0), current) == [rolled_back_to]
    assert kept([rolled_back_to], NOW, Policy(0, 0, 0, 0, 0)) == []


def test_versions_to_remove_are_listed_oldest_first() -> None:
    younger, youngest, oldest = ago(24 * 500, 24 * 400, 24 * 600)
    published = {"younger": younger, "youngest": youngest, "oldest": oldest}
    assert versions_to_remove(published, "", NOW, ONLY_AGE) == ["oldest", "younger", "youngest"]


def test_a_data_set_without_versions() -> None:
    assert versions_to_remove({}, "", NOW, Policy()) == []


def test_periods_are_in_utc() -> None:
    india = timezone(timedelta(hours=5, minutes=30))  # 11:36 and 12:24 there
    first, last = (moment.astimezone(india) for moment in ago(30.4, 29.6))
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
    end = (moments[-1] if moments else start) + timedelta(days=1)
    left: list[datetime] = []
    now, taken = start, 0
    while now < end:
        now = min(now + timedelta(minutes=step), end)
        arrived = [moment for moment in moments[taken:] if moment <= now]
        taken += len(arrived)
        left = kept([*left, *arrived], now, policy)
    assert left == kept(moments, end, policy)
    assert kept(left, end, policy) == left


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        pytest.param("hours=48,days=30,weeks=52", Policy(), id="the-default"),
        pytest.param(" weeks = 520 , newest=3", Policy(newest=3, weeks=520), id="blanks-and-defaults"),
        pytest.param("newest=0,all=0,hours=0,days=0,weeks=0", Policy(0, 0, 0, 0, 0), id="only-the-current-version"),
        pytest.param(str(Policy(1, 2, 3, 4, 5)), Policy(1, 2, 3, 4, 5), id="as-printed"),
    ],
)
def test_policy_is_read(text: str, policy: Policy) -> None:
    assert parse_policy(text) == policy


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "'' is not one of newest, all, hours, days, weeks", id="nothing"),
        pytest.param("months=3", "'months=3' is not one of", id="unknown-name"),
        pytest.param("hours=48,", "'' is not one of", id="comma-at-the-end"),
        pytest.param("hours", "'' is not a whole number from 0 to 99,999 for hours", id="no-number"),
        pytest.param("hours=-1", "'-1' is not a whole number", id="negative"),
        pytest.param("days=1.5", "'1.5' is not a whole number", id="fraction"),
        pytest.param("days=many", "'many' is not a whole number", id="word"),
        pytest.param("days=٣", "'٣' is not a whole number", id="digits-of-another-script"),
        pytest.param("weeks=9999999999", "'9999999999' is not a whole number", id="too-large-for-a-date"),
        pytest.param("hours=1,hours=2", "hours is given twice", id="twice"),
    ],
)
def test_malformed_policy_is_described(text: str, fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_policy(text)
    assert fault in str(caught.value)
    assert "expected NAME=NUMBER" in str(caught.value)


def test_versions_as_a_table() -> None:
    first = VersionLine("20240506T080000Z-0001", datetime(2024, 5, 6, 8, tzinfo=UTC), 1_200, 5_400, 12_345_678, False)
    second = VersionLine("20240507T080000Z-0002", datetime(2024, 5, 7, 8, 5, tzinfo=UTC), 980_000, 12, 999, True)
    assert format_versions([second, first], Policy()) == (
        "run                    published (UTC)   articles  quotes  own size\n"
        "20240506T080000Z-0001  2024-05-06 08:00     1,200   5,400   12.3 MB\n"
        "20240507T080000Z-0002  2024-05-07 08:05   980,000      12     999 B  current\n"
        "2 kept, 12.3 MB in total; --keep newest=10,all=24,hours=48,days=30,weeks=52"
    )


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (1_000, "1.0 kB"), (2_500_000_000, "2.5 GB"), (4_000_000_000_000_000, "4,000.0 TB")],
)
def test_sizes_have_a_suitable_unit(size: int, shown: str) -> None:
    line = VersionLine("20240506T080000Z-0001", NOW, 10, 30, size, False)
    assert f" {shown} in total" in format_versions([line], Policy())
