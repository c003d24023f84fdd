"""Copies of one text are found and name the first; reports of one event, forms and stubs are not copies."""

from __future__ import annotations

import hashlib
import itertools
import unicodedata
from collections.abc import Iterable, Set
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from pipeline.contract import Signature, to_table
from pipeline.duplicates import (
    NEAR_WORDS,
    STUB_WORDS,
    WINDOW_DAYS,
    Body,
    Duplicate,
    find_duplicates,
    match_changes,
    sign,
)

PARAGRAPHS = [
    "PORT ELLERY, May 7 (PA) - The harbour of Port Ellery will close for nine days in June while divers remove the "
    "wreck of a grain barge, the harbour board said on Tuesday.",
    "The barge sank in a storm in March and has narrowed the channel since. Captain Mara Oduya, who leads the board, "
    "said pilots had guided more than four hundred ships past the wreck without an accident.",
    "Two shipping companies asked for an earlier date, but the board said the tides left no other choice. Fishing "
    "boats may use the northern entrance as long as the works last, and the ferry will run from the old pier.",
    "“Nobody wants to see cranes in the channel in summer,” Oduya said. “But a hull that lies across the fairway is "
    "worse, and each winter it sinks deeper into the mud.”",
]
WIRE = "\n\n".join(PARAGRAPHS)
OTHER = (
    "Ferries from Port Ellery will leave from the old pier for more than a week this summer. A wreck in the channel is "
    "to be lifted, and the harbour stays shut meanwhile. Passengers should arrive twenty minutes early, the company "
    "advised, since the way to the old pier is longer and there is little room for cars beside the fish market there."
)
JAPANESE = (
    "港湾局は火曜日、沈没した穀物運搬船を撤去するため、六月に九日間、港を閉鎖すると発表した。"
    "船は三月の嵐で沈み、それ以来航路が狭くなっている。漁船は工事の間、北の入り口を使うことができる。"
)
DAY = date(2024, 5, 7)


def body(number: int, text: str, day: date | None = DAY, path: str = "a.txt", **more: object) -> Body:
    return Body(str(number) * 16, day, path, text, **more)  # type: ignore[arg-type]


def after(days: int) -> date:
    return date.fromordinal(DAY.toordinal() + days)


def numbered(count: int, start: int = 0) -> str:
    """Return a text of different words."""
    return " ".join(f"word{number}" for number in range(start, start + count))


def copies(*bodies: Body) -> dict[int, int]:
    """Return the original of each copy, by the number in the id."""
    return {int(copy[0]): int(found.duplicate_of[0]) for copy, found in find_duplicates(bodies).items()}


def one_copy(first: str, second: str) -> Duplicate | None:
    """Return the second of two texts as a copy of the first, or None."""
    return find_duplicates([body(1, first), body(2, second, after(1))]).get("2" * 16)


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(WIRE, id="word-for-word"),
        pytest.param(WIRE.upper(), id="case"),
        pytest.param(WIRE.replace(" ", "\u00a0\n "), id="white-space"),
        pytest.param(WIRE.replace("“", '"').replace("”", '"').replace(",", ";"), id="marks"),
        pytest.param(WIRE.replace("fish", "ﬁsh"), id="ligature"),
    ],
)
def test_the_same_words_are_an_exact_copy(copy: str) -> None:
    assert one_copy(WIRE, copy) == Duplicate("1" * 16, "exact", 1.0)


def test_one_letter_in_two_encodings_is_one_letter() -> None:
    text = WIRE.replace("Ellery", "Éllery")
    assert one_copy(text, unicodedata.normalize("NFD", text)) == Duplicate("1" * 16, "exact", 1.0)


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param("\n\n".join(["Harbour shut in June, board says", *PARAGRAPHS]), id="title-on-top"),
        pytest.param(WIRE.replace("PORT ELLERY, May 7 (PA) - ", ""), id="agency-line-cut"),
        pytest.param(WIRE.replace("May 7 (PA)", "May 8 (Northern Post)"), id="agency-line-changed"),
        pytest.param(WIRE.rpartition("“But")[0], id="end-cut"),
        pytest.param("\n\n".join(reversed(PARAGRAPHS)), id="paragraphs-in-another-order"),
        pytest.param(WIRE.replace("nine days", "9 days").replace("on Tuesday", "on May 7"), id="words-edited"),
        pytest.param(f"{WIRE}\n\n(Reporting by the Ellery desk; editing by Tom Vale)", id="signed"),
    ],
)
def test_an_edited_text_is_a_near_copy(copy: str) -> None:
    found = one_copy(WIRE, copy)
    assert found
    assert (found.duplicate_of, found.kind) == ("1" * 16, "near")
    assert 0.8 <= found.similarity < 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(OTHER, id="another-report-of-the-event"),
        pytest.param("\n\n".join(PARAGRAPHS[:2]), id="half-of-it"),
        pytest.param(f"{WIRE}\n\n{OTHER}", id="part-of-a-longer-one"),
        pytest.param(" ".join(sorted(WIRE.split())), id="the-same-words-in-another-order"),
    ],
)
def test_less_similar_article_is_not_a_copy(other: str) -> None:
    assert one_copy(WIRE, other) is None


@pytest.mark.parametrize(
    ("first", "second", "similarity"),
    [
        pytest.param(numbered(100), numbered(50) + " new " + numbered(49, 51), 95 / 101, id="one-word-of-a-hundred"),
        pytest.param(numbered(102), numbered(82), 80 / 100, id="just-similar-enough"),
        pytest.param(numbered(102), numbered(81), None, id="just-not-similar-enough"),
        pytest.param(numbered(50) + " " + numbered(50), numbered(50), 48 / 50, id="printed-twice"),
    ],
)
def test_similarity_is_the_share_of_common_runs_of_three_words(
    first: str, second: str, similarity: float | None
) -> None:
    found = one_copy(first, second)
    assert (found.similarity if found else None) == (round(similarity, 4) if similarity else None)


def test_text_without_spaces_is_compared_by_characters() -> None:
    found = one_copy(JAPANESE, JAPANESE.replace("九日間", "十日間"))
    assert found
    assert found.kind == "near"
    assert one_copy(JAPANESE, JAPANESE[::-1]) is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [pytest.param(NEAR_WORDS, "near", id="long-enough"), pytest.param(NEAR_WORDS - 1, None, id="a-form-filled-in")],
)
def test_short_texts_are_near_nothing(words: int, kind: str | None) -> None:
    found = one_copy(numbered(words), numbered(words - 1) + " instead")
    assert (found.kind if found else None) == kind
    again = one_copy(numbered(words), numbered(words))
    assert again
    assert again.kind == "exact"


@pytest.mark.parametrize(
    ("text", "headline", "expected"),
    [
        pytest.param("Photo", "A quay in the rain", {}, id="stub-under-another-headline"),
        pytest.param("Photo", "Nine days without a harbour!", {2: 1}, id="stub-under-the-same-headline"),
        pytest.param("Photo", None, {}, id="stub-without-its-headline"),
        pytest.param(numbered(STUB_WORDS - 1), "A quay in the rain", {}, id="a-sentence-at-most"),
        pytest.param(numbered(STUB_WORDS), "A quay in the rain", {2: 1}, id="more-than-a-sentence"),
    ],
)
def test_stub_is_identified_by_its_headline(text: str, headline: str | None, expected: dict[int, int]) -> None:
    first = body(1, text, headline="Nine days without a harbour")
    assert copies(first, body(2, text.upper(), after(1), headline=headline)) == expected


def test_copies_name_the_earliest() -> None:
    edited = WIRE.replace("nine days", "9 days")
    bodies = [
        body(1, WIRE, DAY, "harbour/wreck.txt"),
        body(2, edited, DAY, "northern/wreck.txt"),
        body(3, WIRE, after(2), "a-weekly/wreck.txt"),
        body(4, OTHER, after(1), "harbour/ferry.txt"),
        body(5, edited, None, "archive/wreck.txt"),
    ]
    found = [find_duplicates(order) for order in itertools.permutations(bodies)]
    assert all(answers == found[0] for answers in found)
    assert {copy[0]: (copy_found.duplicate_of[0], copy_found.kind) for copy, copy_found in found[0].items()} == {
        "2": ("1", "near"),
        "3": ("1", "exact"),
        "5": ("1", "near"),
    }


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param({"day": after(1), "path": "a"}, {"day": DAY, "path": "b"}, {1: 2}, id="earlier-day"),
        pytest.param({"path": "b"}, {"path": "a"}, {1: 2}, id="one-day-earlier-path"),
        pytest.param({"path": "a"}, {"path": "a"}, {2: 1}, id="one-path-earlier-id"),
        pytest.param({"day": None, "path": "a"}, {"path": "b"}, {1: 2}, id="a-day-before-none"),
        pytest.param({"path": "a", "published_at": 15}, {"path": "b", "published_at": 9}, {1: 2}, id="earlier-hour"),
        pytest.param({"path": "a"}, {"path": "b", "published_at": 9}, {1: 2}, id="an-hour-before-none"),
    ],
)
def test_which_is_earlier(first: dict[str, object], second: dict[str, object], expected: dict[int, int]) -> None:
    for given in (first, second):
        if hour := given.get("published_at"):
            given["published_at"] = datetime(2024, 5, 7, int(str(hour)), tzinfo=UTC)
    assert copies(body(1, WIRE, **first), body(2, WIRE, **second)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([0, WINDOW_DAYS], {2: 1}, id="within-the-window"),
        pytest.param([0, WINDOW_DAYS + 1], {}, id="published-anew"),
        pytest.param([0, 25, 50, 75], {2: 1, 3: 1, 4: 1}, id="in-circulation"),
        pytest.param([0, 25, 60], {2: 1}, id="in-circulation-then-anew"),
        pytest.param([0, 400, None], {3: 1}, id="undated-compared-with-all"),
        pytest.param([None, None], {2: 1}, id="both-undated"),
    ],
)
@pytest.mark.parametrize("kind", ["exact", "near"])
def test_copies_are_published_within_a_window(days: list[int | None], expected: dict[int, int], kind: str) -> None:
    texts = [WIRE if kind == "exact" else WIRE.replace("Tuesday", f"day {index}") for index in range(len(days))]
    bodies = [
        body(number + 1, text, None if day is None else after(day))
        for number, (text, day) in enumerate(zip(texts, days, strict=True))
    ]
    assert copies(*bodies) == expected


def test_where_a_text_drifts_a_copy_names_the_one_before_the_drift() -> None:
    versions = [
        numbered(100, start) for start in (0, 8, 16)
    ]  # 90 of 106 shingles from one to the next; 82 of 114 over two
    found = find_duplicates([body(number, text, after(number)) for number, text in enumerate(versions)])
    assert found == {
        "1" * 16: Duplicate("0" * 16, "near", round(90 / 106, 4)),
        "2" * 16: Duplicate("1" * 16, "near", round(90 / 106, 4)),
    }


def test_only_texts_that_may_be_near_are_read() -> None:
    bodies = {
        article.article_id: article for article in (body(1, WIRE), body(2, WIRE), body(3, OTHER), body(4, "Photo"))
    }
    asked: list[Set[str]] = []

    def read(ids: Set[str]) -> Iterable[Body]:
        asked.append(set(ids))
        return [bodies[article_id] for article_id in ids]

    def found(article_id: str) -> Duplicate | None:
        come = to_table(Signature, [sign(body) for body in bodies.values()])
        return match_changes(come, come.slice(0, 0), lambda *_: (), read)[article_id]

    assert found("2" * 16) == Duplicate("1" * 16, "exact", 1.0)
    assert not asked
    bodies["5" * 16] = body(5, WIRE.replace("Tuesday", "Monday"))
    near = found("5" * 16)
    assert near
    assert near.kind == "near"
    assert [len(ids) for ids in asked] == [2]  # one of the two that say the same, and the new one
    assert "5" * 16 in asked[0]


KEPT = {
    "1": body(1, WIRE),
    "2": body(2, WIRE, after(20)),
    "3": body(3, WIRE, after(45)),  # 25 days after 2, too late for 1 alone
    "4": body(4, OTHER, after(200)),
    "5": body(5, OTHER, after(210)),
}


def changed_answers(
    come: Iterable[Body] = (), gone: Iterable[Body] = (), asked: list[tuple[date | None, date | None]] | None = None
) -> dict[str, str | None]:
    """Return what a run changes in KEPT, by the numbers in the ids."""
    held = {body.article_id: body for body in (*KEPT.values(), *come)}
    kept, now, then = (to_table(Signature, [sign(article) for article in some]) for some in (KEPT.values(), come, gone))

    def read(first: date | None, last: date | None) -> Iterable[pa.Table]:
        if asked is not None:
            asked.append((first, last))
        return [kept]

    found = match_changes(now, then, read, lambda ids: map(held.__getitem__, ids))
    return {article_id[0]: copy.duplicate_of[0] if copy else None for article_id, copy in found.items()}


@pytest.mark.parametrize(
    ("come", "gone", "expected"),
    [
        pytest.param([], [], {}, id="nothing"),
        pytest.param([], [KEPT["1"]], {"2": None, "3": "2"}, id="original-removed"),
        pytest.param([], [KEPT["2"]], {"3": None}, id="link-between-removed"),
        pytest.param([], [KEPT["3"]], {}, id="last-removed"),
        pytest.param([body(1, OTHER)], [KEPT["1"]], {"1": None, "2": None, "3": "2"}, id="original-rewritten"),
        pytest.param(
            [body(1, WIRE, after(25))], [KEPT["1"]], {"1": "2", "2": None, "3": "2"}, id="original-dated-later"
        ),
        pytest.param([body(1, WIRE, None)], [KEPT["1"]], {"1": "2", "2": None, "3": "2"}, id="original-undated"),
        pytest.param([body(0, WIRE, after(-9))], [], {"0": None, "1": "0", "2": "0", "3": "0"}, id="earlier-original"),
        pytest.param([body(9, WIRE, after(70))], [], {"9": "1"}, id="one-more-of-a-chain"),
        pytest.param([body(9, WIRE, after(100))], [], {"9": None}, id="published-anew"),
        pytest.param([body(9, WIRE, None)], [], {"9": "1"}, id="one-without-a-date"),
        pytest.param([body(9, JAPANESE, after(20))], [], {"9": None}, id="like-nothing-there"),
    ],
)
def test_run_updates_duplicates_near_its_changes(
    come: list[Body], gone: list[Body], expected: dict[str, str | None]
) -> None:
    assert changed_answers(come, gone) == expected


def test_an_undated_copy_follows_when_its_original_changes() -> None:
    undated = body(9, OTHER, None)
    kept_too = [*KEPT.values(), undated]
    held = {article.article_id: article for article in kept_too}
    kept, gone = (to_table(Signature, [sign(article) for article in some]) for some in (kept_too, [KEPT["4"]]))
    found = match_changes(gone.slice(0, 0), gone, lambda *_: [kept], lambda ids: map(held.__getitem__, ids))
    assert found == {"5" * 16: None, "9" * 16: Duplicate("5" * 16, "exact", 1.0)}


@pytest.mark.parametrize(
    ("day", "asked"),
    [
        pytest.param(date(2026, 5, 20), "2026-05 2026-06 undated 2026-04", id="only-the-window"),
        pytest.param(date(2027, 1, 31), "2027-01 2027-02 2027-03 undated", id="a-window-over-february"),
        pytest.param(after(220), "2024-12 2025-01 undated 2024-11 2024-10", id="then-that-of-its-original"),
        pytest.param(None, "undated all 2024-10 2024-11", id="all-for-one-undated"),
        pytest.param(date.min, "0001-01 undated", id="the-first-day-there-is"),
        pytest.param(date.max, "9999-12 undated", id="the-last-day-there-is"),
    ],
)
def test_each_month_near_the_changes_is_read_once(day: date | None, asked: str) -> None:
    ranges: list[tuple[date | None, date | None]] = []
    changed_answers([body(9, OTHER, day)], asked=ranges)
    names: dict[tuple[date | None, date | None], str] = {(date.max, None): "undated", (None, None): "all"}
    assert " ".join(names.get(days) or str(days[0])[:7] for days in ranges) == asked


def test_no_articles_have_no_copies() -> None:
    assert find_duplicates([]) == {}


def test_signatures_can_be_kept() -> None:
    """If this fails, a library hashes differently, and signatures of earlier versions cannot be compared any more."""
    signature = sign(body(1, WIRE))
    assert signature.words.hex() == "a4eb0352f03e01a46b40c4928a3ae127"
    assert hashlib.sha256(signature.minhash).hexdigest()[:16] == "ea10bb71235f75d4"
    assert len(sign(body(1, WIRE + OTHER)).minhash) == len(signature.minhash) == 480
