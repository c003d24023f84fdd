"""The ledger: each raw record ends as exactly one thing, however the records were split into runs."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from pipeline.contract import Record, Reject
from pipeline.ledger import Key, Ledger

OLD = datetime(2024, 5, 1, tzinfo=UTC)
NEW = datetime(2024, 5, 2, tzinfo=UTC)


def key(name: str) -> Key:
    return ("wire", name, "0")


def reject_of(name: str) -> Reject:
    return Reject("wire", name, "0", None, "read", "empty", "the file is empty")


def ledger_of(records: list[Record] | None = None, holders: dict[str, Key] | None = None) -> Ledger:
    return Ledger(records or [], holders or {}, "recipe")


def test_later_fetched_record_wins_its_article() -> None:
    ledger = ledger_of()
    ledger.note_article(key("a.txt"), "sha-a", "article", OLD)
    ledger.note_article(key("b.txt"), "sha-b", "article", NEW)
    winners, unread = ledger.settle("wire", {"a.txt", "b.txt"})
    assert winners == {"article": key("b.txt")}
    assert not unread
    assert ledger.counts() == {
        "new_count": 1,
        "changed_count": 0,
        "unchanged_count": 0,
        "superseded_count": 1,
        "reject_count": 0,
        "skip_count": 0,
    }
    assert ledger.revisions() == {"article": 2}


def test_same_fetch_time_is_settled_by_path() -> None:
    ledger = ledger_of()
    ledger.note_article(key("b.txt"), "sha-b", "article", OLD)
    ledger.note_article(key("a.txt"), "sha-a", "article", OLD)
    assert ledger.settle("wire", set())[0] == {"article": key("b.txt")}


@pytest.mark.parametrize("order", list(itertools.permutations([("a.txt", OLD), ("b.txt", NEW), ("c.txt", None)])))
def test_outcome_does_not_depend_on_the_order_of_runs(order: tuple[tuple[str, datetime | None], ...]) -> None:
    records: list[Record] = []
    holders: dict[str, Key] = {}
    for name, fetched_at in order:
        ledger = ledger_of(records, holders)
        ledger.note_article(key(name), f"sha-{name}", "article", fetched_at)
        holders, unread = ledger.settle("wire", {name})
        assert not unread
        records = ledger.records()
    assert holders == {"article": key("b.txt")}
    assert {record.raw_path: record.outcome for record in records} == {
        "a.txt": "superseded",
        "b.txt": "article",
        "c.txt": "superseded",
    }
    assert ledger.revisions() == {"article": 3}


def test_refused_change_keeps_the_last_good_revision() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-1", "article", OLD)
    holders, _ = first.settle("wire", {"a.txt"})
    second = ledger_of(first.records(), holders)
    noted = second.note_reject(reject_of("a.txt"), "sha-2")
    assert "last good revision" in noted.detail
    assert second.settle("wire", {"a.txt"})[0] == {"article": key("a.txt")}
    assert second.counts()["reject_count"] == 1


def test_refused_record_of_no_article_says_nothing_of_a_revision() -> None:
    noted = ledger_of().note_reject(reject_of("a.txt"), "sha-1")
    assert noted == reject_of("a.txt")


def test_record_that_moves_to_another_article_leaves_the_first_to_the_next_best() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-a", "one", OLD)
    first.note_article(key("b.txt"), "sha-b", "one", NEW)
    holders, _ = first.settle("wire", {"a.txt", "b.txt"})
    second = ledger_of(first.records(), holders)
    second.note_article(key("b.txt"), "sha-b2", "two", NEW)
    winners, unread = second.settle("wire", {"a.txt", "b.txt"})
    assert winners == {"one": key("a.txt"), "two": key("b.txt")}
    assert unread == {key("a.txt")}, "its rows were dropped when it was superseded: it must be read again"


def test_superseded_record_that_cannot_be_read_again_claims_nothing() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-a", "one", OLD)
    first.note_article(key("b.txt"), "sha-b", "one", NEW)
    holders, _ = first.settle("wire", {"a.txt", "b.txt"})
    second = ledger_of(first.records(), holders)
    second.note_article(key("b.txt"), "sha-b2", "two", NEW)
    assert second.settle("wire", {"b.txt"})[0] == {"two": key("b.txt")}


def test_nothing_new_is_no_change() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-a", "one", OLD)
    first.note_reject(reject_of("b.txt"), "sha-b")
    holders, _ = first.settle("wire", {"a.txt"})
    second = ledger_of(first.records(), holders)
    for record in first.records():
        second.note_unchanged(record)
    second.settle("wire", {"a.txt", "b.txt"})
    assert not second.has_changed()
    counts = second.counts()
    assert (counts["new_count"], counts["unchanged_count"], counts["reject_count"]) == (0, 1, 1)


def test_changed_content_is_a_new_revision() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-1", "one", OLD)
    holders, _ = first.settle("wire", {"a.txt"})
    second = ledger_of(first.records(), holders)
    second.note_article(key("a.txt"), "sha-2", "one", OLD)
    second.settle("wire", {"a.txt"})
    assert second.counts()["changed_count"] == 1
    assert second.revisions() == {"one": 2}
