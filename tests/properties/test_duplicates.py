"""For any articles: order, runs and batches change nothing, and each figure equals plain counting."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contract import Signature, to_table
from pipeline.duplicates import (
    NEAR_WORDS,
    THRESHOLD,
    WINDOW_DAYS,
    Body,
    Duplicate,
    find_duplicates,
    match_changes,
    sign,
)

STEADY = settings(
    derandomize=True, max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# Sentences of a small stock, so that many bodies share some, many share most, and a few are the same.
STOCK = [
    " ".join(f"w{number}x{index}" for index in range(words))
    for number, words in enumerate([1, 3, 9, 12, 12, 15, 20, 40])
]
TEXTS = st.lists(st.sampled_from(STOCK), min_size=1, max_size=10).map(". ".join)
DAYS = st.none() | st.integers(0, 90).map(lambda days: date(2024, 1, 1) + timedelta(days))
BODIES = st.lists(
    st.tuples(DAYS, st.sampled_from("abc"), TEXTS, st.sampled_from([None, "One", "Two"])), max_size=14
).map(
    lambda rows: [
        Body(f"{number:016x}", day, path, text, headline) for number, (day, path, text, headline) in enumerate(rows)
    ]
)
# What runs bring: few articles, days and texts, so that runs change and remove many, and the texts drift step by step.
DRIFTING = st.integers(0, 5).map(lambda start: " ".join(f"word{number}" for number in range(4 * start, 4 * start + 50)))
ONE = st.builds(
    lambda day, hour, path, text, headline: Body(
        "", day, path, text, headline, datetime.combine(day, time(hour), UTC) if day and hour else None
    ),
    st.sampled_from([None, *(date(2024, 1, 1) + timedelta(days) for days in range(0, 130, 13))]),
    st.sampled_from([None, 9, 15]),
    st.sampled_from("abc"),
    DRIFTING | DRIFTING | st.sampled_from([STOCK[0], STOCK[1], STOCK[7]]),
    st.sampled_from(["One", "Two"]),
)
RUNS = st.lists(
    st.dictionaries(st.sampled_from([f"{index:016x}" for index in range(14)]), st.none() | ONE | ONE, min_size=2),
    max_size=5,
)


def words_of(body: Body) -> list[str]:
    return re.findall(r"\w+", body.text)


def shingles(body: Body) -> set[tuple[str, ...]]:
    words = words_of(body)
    return set(zip(words, words[1:], words[2:], strict=False))


def jaccard(one: Body, other: Body) -> float:
    return len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))


def is_before(one: Body, other: Body) -> bool:
    first, second = ((body.published_on or date.max, body.raw_path, body.article_id) for body in (one, other))
    return first < second


def is_within_window(one: Body, other: Body) -> bool:
    days = [body.published_on for body in (one, other)]
    return None in days or abs(days[0] - days[1]) <= timedelta(WINDOW_DAYS)  # type: ignore[operator]


@STEADY
@given(bodies=BODIES, order=st.randoms(use_true_random=False))
def test_order_does_not_matter(bodies: list[Body], order: random.Random) -> None:
    assert find_duplicates(order.sample(bodies, len(bodies))) == find_duplicates(bodies)


def table(bodies: Iterable[Body]) -> pa.Table:
    return to_table(Signature, [sign(body) for body in bodies])


def stored(bodies: Iterable[Body], first: date | None, last: date | None) -> Iterator[pa.Table]:
    """Yield signatures as a store does: of some days, then of those without a date, in files of two."""
    days = [(body.published_on or date.max, body) for body in bodies]
    found = [body for day, body in days if (not first or first <= day) and (not last or day <= last)]
    yield from (table(found[index : index + 2]) for index in range(0, len(found), 2))


@settings(STEADY, max_examples=60)
@given(runs=RUNS)
def test_run_by_run_gives_the_same_duplicates_as_all_at_once(runs: list[dict[str, Body | None]]) -> None:
    held: dict[str, Body] = {}
    answers: dict[str, Duplicate] = {}
    for run in runs:
        gone = [held[article_id] for article_id in run if article_id in held]
        come = [replace(body, article_id=article_id) for article_id, body in run.items() if body]
        read = partial(stored, list(held.values()))
        stay = [body for article_id, body in held.items() if article_id not in run]
        held = {body.article_id: body for body in (*stay, *come)}
        found = match_changes(table(come), table(gone), read, partial(map, held.__getitem__))
        assert {body.article_id for body in come} <= found.keys() <= held.keys()
        answers = {key: value for key, value in (answers | found).items() if value and key in held}
        assert answers == find_duplicates(held.values())


@STEADY
@given(bodies=BODIES, cut=st.integers(0, 90))
def test_later_articles_do_not_change_earlier_ones(bodies: list[Body], cut: int) -> None:
    before = [body for body in bodies if body.published_on and body.published_on < date(2024, 1, 1) + timedelta(cut)]
    known = {body.article_id for body in before}
    found = find_duplicates(bodies)
    assert find_duplicates(before) == {copy: of for copy, of in found.items() if copy in known}


@STEADY
@given(bodies=BODIES)
def test_each_row_is_true_by_itself(bodies: list[Body]) -> None:
    by_id = {body.article_id: body for body in bodies}
    for article_id, found in find_duplicates(bodies).items():
        copy, of = by_id[article_id], by_id[found.duplicate_of]
        assert is_before(of, copy)
        assert (found.kind == "exact") == (words_of(of) == words_of(copy))
        assert found.similarity >= THRESHOLD
        if found.kind == "near":
            assert found.similarity == round(jaccard(of, copy), 4)
            assert min(len(words_of(of)), len(words_of(copy))) >= NEAR_WORDS
        else:
            assert found.similarity == 1.0


@STEADY
@given(bodies=BODIES)
def test_every_near_copy_is_found(bodies: list[Body]) -> None:
    found = find_duplicates(bodies)
    long = [body for body in bodies if len(words_of(body)) >= NEAR_WORDS]
    for copy in long:
        near = [earlier for earlier in long if is_before(earlier, copy) and is_within_window(earlier, copy)]
        assert (copy.article_id in found) == any(jaccard(earlier, copy) >= THRESHOLD for earlier in near)
