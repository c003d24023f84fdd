"""What holds for any articles: order, runs and batches change nothing, and each figure is what counting gives."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.duplicates import NEAR_WORDS, THRESHOLD, WINDOW_DAYS, Body, find_duplicates, match_signatures, sign

STEADY = settings(
    derandomize=True, max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# Sentences of a small stock, so that many bodies share some, many share most, and a few are the same.
STOCK = [
    " ".join(f"w{number}x{at}" for at in range(words)) for number, words in enumerate([1, 3, 9, 12, 12, 15, 20, 40])
]
TEXTS = st.lists(st.sampled_from(STOCK), min_size=1, max_size=10).map(". ".join)
DAYS = st.none() | st.integers(0, 90).map(lambda days: date(2024, 1, 1) + timedelta(days))
BODIES = st.lists(
    st.tuples(DAYS, st.sampled_from("abc"), TEXTS, st.sampled_from([None, "One", "Two"])), max_size=14
).map(
    lambda rows: [Body(f"{at:016x}", day, path, text, headline) for at, (day, path, text, headline) in enumerate(rows)]
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


@STEADY
@given(bodies=BODIES, cut=st.integers(0, 14), order=st.randoms(use_true_random=False))
def test_splitting_into_runs_does_not_matter(bodies: list[Body], cut: int, order: random.Random) -> None:
    arriving = order.sample(bodies, len(bodies))
    kept = [sign(body) for body in arriving[:cut]]  # by an earlier run
    by_id = {body.article_id: body for body in bodies}
    found = match_signatures(kept + [sign(body) for body in arriving[cut:]], lambda ids: [by_id[each] for each in ids])
    assert found == find_duplicates(bodies)


@STEADY
@given(bodies=BODIES, cut=st.integers(0, 90))
def test_what_came_later_changes_nothing_before_it(bodies: list[Body], cut: int) -> None:
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
def test_all_that_is_near_something_earlier_is_found(bodies: list[Body]) -> None:
    found = find_duplicates(bodies)
    long = [body for body in bodies if len(words_of(body)) >= NEAR_WORDS]
    for copy in long:
        near = [one for one in long if is_before(one, copy) and is_within_window(one, copy)]
        assert (copy.article_id in found) == any(jaccard(one, copy) >= THRESHOLD for one in near)
