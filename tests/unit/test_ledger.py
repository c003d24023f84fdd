"""The ledger: each raw record ends as exactly one thing, however the records were split into runs."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime

import pytest

from pipeline.contract import Record, Reject
from pipeline.errors import LedgerError
from pipeline.ledger import Key, Ledger, as_counts, key_of

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
    ledger.note_article(key("a.txt"), "sha-a", "sha-a", "article", OLD)
    ledger.note_article(key("b.txt"), "sha-b", "sha-b", "article", NEW)
    winners, unread = ledger.settle("wire", {})
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
    ledger.note_article(key("b.txt"), "sha-b", "sha-b", "article", OLD)
    ledger.note_article(key("a.txt"), "sha-a", "sha-a", "article", OLD)
    assert ledger.settle("wire", {})[0] == {"article": key("b.txt")}


@pytest.mark.parametrize("order", list(itertools.permutations([("a.txt", OLD), ("b.txt", NEW), ("c.txt", None)])))
def test_outcome_does_not_depend_on_the_order_of_runs(order: tuple[tuple[str, datetime | None], ...]) -> None:
    records: list[Record] = []
    holders: dict[str, Key] = {}
    for name, fetched_at in order:
        ledger = ledger_of(records, holders)
        ledger.note_article(key(name), f"sha-{name}", f"sha-{name}", "article", fetched_at)
        holders, unread = ledger.settle("wire", {name: f"sha-{name}"})
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
    first.note_article(key("a.txt"), "sha-1", "sha-1", "article", OLD)
    holders, _ = first.settle("wire", {})
    second = ledger_of(first.records(), holders)
    noted = second.note_reject(reject_of("a.txt"), "sha-2", "sha-2")
    assert "last good revision" in noted.detail
    assert second.settle("wire", {"a.txt": "sha-2"})[0] == {"article": key("a.txt")}
    assert second.counts()["reject_count"] == 1


def test_refused_record_of_no_article_says_nothing_of_a_revision() -> None:
    noted = ledger_of().note_reject(reject_of("a.txt"), "sha-1", "sha-1")
    assert noted == reject_of("a.txt")


def test_record_that_moves_to_another_article_leaves_the_first_to_the_next_best() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-a", "sha-a", "one", OLD)
    first.note_article(key("b.txt"), "sha-b", "sha-b", "one", NEW)
    holders, _ = first.settle("wire", {})
    second = ledger_of(first.records(), holders)
    second.note_article(key("b.txt"), "sha-b2", "sha-b2", "two", NEW)
    winners, unread = second.settle("wire", {"a.txt": "sha-a", "b.txt": "sha-b2"})
    assert winners == {"one": key("a.txt"), "two": key("b.txt")}
    assert unread == {key("a.txt")}, "its rows were dropped when it was superseded: it must be read again"


def test_superseded_record_that_its_file_does_not_hold_any_more_claims_nothing() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-a", "sha-a", "one", OLD)
    first.note_article(key("b.txt"), "sha-b", "sha-b", "one", NEW)
    holders, _ = first.settle("wire", {})
    second = ledger_of(first.records(), holders)
    second.note_article(key("b.txt"), "sha-b2", "sha-b2", "two", NEW)
    assert second.settle("wire", {"a.txt": "another", "b.txt": "sha-b2"})[0] == {"two": key("b.txt")}


def test_superseded_record_that_cannot_be_read_again_claims_nothing() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-a", "sha-a", "one", OLD)
    first.note_article(key("b.txt"), "sha-b", "sha-b", "one", NEW)
    holders, _ = first.settle("wire", {})
    second = ledger_of(first.records(), holders)
    second.note_article(key("b.txt"), "sha-b2", "sha-b2", "two", NEW)
    assert second.settle("wire", {"b.txt": "sha-b2"})[0] == {"two": key("b.txt")}


def test_nothing_new_is_no_change() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-a", "sha-a", "one", OLD)
    first.note_reject(reject_of("b.txt"), "sha-b", "sha-b")
    holders, _ = first.settle("wire", {})
    second = ledger_of(first.records(), holders)
    for record in first.records():
        second.note_unchanged(key_of(record), record.file_sha256)
    second.settle("wire", {})
    assert not second.has_changed()
    counts = second.counts()
    assert (counts["new_count"], counts["unchanged_count"], counts["reject_count"]) == (0, 1, 1)


def test_changed_content_is_a_new_revision() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-1", "sha-1", "one", OLD)
    holders, _ = first.settle("wire", {})
    second = ledger_of(first.records(), holders)
    second.note_article(key("a.txt"), "sha-2", "sha-2", "one", OLD)
    second.settle("wire", {})
    assert second.counts()["changed_count"] == 1
    assert second.revisions() == {"one": 2}


@pytest.mark.parametrize("refused", [pytest.param("", id="unreadable"), pytest.param("sha-2", id="no-article")])
def test_article_whose_record_was_refused_for_a_while_is_no_new_revision(refused: str) -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-1", "sha-1", "one", OLD)
    holders, _ = first.settle("wire", {})
    second = ledger_of(first.records(), holders)
    second.note_reject(reject_of("a.txt"), refused, refused)
    second.settle("wire", {})
    third = ledger_of(second.records(), holders)
    assert not third.is_unchanged(key("a.txt"), "sha-1"), "else it would stay a reject"
    assert not third.is_unchanged(key("a.txt"), refused)
    third.note_article(key("a.txt"), "sha-1", "sha-1", "one", OLD)
    third.settle("wire", {})
    assert third.counts()["unchanged_count"] == 1
    assert third.revisions() == {"one": 1}


def test_record_refused_at_first_is_the_first_revision_of_its_article() -> None:
    first = ledger_of()
    first.note_reject(reject_of("a.txt"), "sha-1", "sha-1")
    assert ledger_of(first.records()).is_unchanged(key("a.txt"), "sha-1"), "it is not read again for nothing"
    second = ledger_of(first.records())
    second.note_article(key("a.txt"), "sha-2", "sha-2", "one", OLD)
    second.settle("wire", {})
    assert second.counts()["new_count"] == 1
    assert second.revisions() == {"one": 1}


def test_record_that_moves_to_another_article_is_the_first_revision_of_that_one() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-1", "sha-1", "one", OLD)
    holders, _ = first.settle("wire", {})
    second = ledger_of(first.records(), holders)
    second.note_article(key("a.txt"), "sha-2", "sha-2", "two", OLD)
    second.settle("wire", {})
    assert second.revisions() == {"two": 1}


# ── Files of many records ──────────────────────────────────────────────────────────────────────────────────────


def line(number: int) -> Key:
    return ("wire", "dump.jsonl", str(number))


def dump_of(lines: int, skips: int = 0) -> Ledger:
    """A ledger after a run over one file of so many lines."""
    ledger = ledger_of()
    for number in range(1, lines + 1):
        ledger.note_article(line(number), f"sha-{number}", "file-1", f"article-{number}", OLD)
    ledger.note_read("wire", "dump.jsonl", "file-1", Counter({"no_response": skips} if skips else {}), [])
    return ledger


def next_run(before: Ledger) -> Ledger:
    holders, _ = before.settle("wire", {})
    return Ledger(before.records(), holders, "recipe", before.files())


def test_file_read_to_its_end_stays_closed_and_all_it_held_comes_in() -> None:
    ledger = next_run(dump_of(3, skips=2))
    assert ledger.is_read("wire", "dump.jsonl", "file-1")
    assert ledger.note_unread("wire", "dump.jsonl", ledger.records()) == 5
    ledger.settle("wire", {"dump.jsonl": "file-1"})
    assert not ledger.has_changed()
    assert ledger.counts()["unchanged_count"] == 3
    assert ledger.skip_reasons() == as_counts(Counter({"no_response": 2}))


def test_appended_file_costs_only_its_new_records() -> None:
    ledger = next_run(dump_of(3))
    assert not ledger.is_read("wire", "dump.jsonl", "file-2")
    for number in range(1, 4):
        assert ledger.is_unchanged(line(number), f"sha-{number}")
        ledger.note_unchanged(line(number), "file-2")
    assert not ledger.is_unchanged(line(4), "sha-4")
    ledger.note_article(line(4), "sha-4", "file-2", "article-4", OLD)
    ledger.settle("wire", {"dump.jsonl": "file-2"})
    counts = ledger.counts()
    assert (counts["new_count"], counts["changed_count"], counts["unchanged_count"]) == (1, 0, 3)
    assert set(ledger.revisions().values()) == {1}, "a line that did not change is no new revision"


def test_refused_record_that_its_file_does_not_hold_any_more_is_forgotten_and_an_article_stays() -> None:
    first = dump_of(2)
    first.note_reject(Reject("wire", "dump.jsonl", "2+", None, "read", "truncated", "cut short"), "", "file-1")
    second = next_run(first)
    second.note_unchanged(line(1), "file-2")
    second.note_read("wire", "dump.jsonl", "file-2", Counter(), second.records())
    assert {record.raw_record for record in second.records()} == {"1", "2"}


def test_file_that_could_not_be_read_to_its_end_is_opened_again() -> None:
    ledger = ledger_of()
    ledger.note_article(line(1), "sha-1", "file-1", "article-1", OLD)
    broken_off = Reject("wire", "dump.jsonl", "1+", None, "read", "unreadable", "the server hung up")
    ledger.note_reject(broken_off, "", "file-1")
    ledger.note_read("wire", "dump.jsonl", "file-1", Counter(), ledger.records())
    assert not next_run(ledger).is_read("wire", "dump.jsonl", "file-1")


def test_later_line_of_a_file_wins_its_article_as_numbers_count() -> None:
    ledger = ledger_of()
    for number in (9, 10):
        ledger.note_article(line(number), f"sha-{number}", "file-1", "article", OLD)
    assert ledger.settle("wire", {})[0] == {"article": line(10)}


def test_record_that_comes_in_twice_is_our_bug() -> None:
    ledger = next_run(dump_of(1))
    ledger.note_unchanged(line(1), "file-1")
    with pytest.raises(LedgerError, match="twice"):
        ledger.note_unchanged(line(1), "file-1")


def test_reprocessing_takes_nothing_as_read_and_counts_no_revision() -> None:
    first = ledger_of()
    first.note_article(key("a.txt"), "sha-a", "sha-file", "article", OLD)
    first.note_read("wire", "a.txt", "sha-file", Counter(), [])
    holders = {"article": key("a.txt")}
    for is_reprocessing in (False, True):
        again = Ledger(first.records(), holders, "recipe", first.files(), is_reprocessing=is_reprocessing)
        assert again.is_read("wire", "a.txt", "sha-file") is not is_reprocessing
        assert again.is_unchanged(key("a.txt"), "sha-a") is not is_reprocessing
        assert not again.has_changed()
    again.note_article(key("a.txt"), "sha-a", "sha-file", "article", OLD)
    again.settle("wire", {})
    assert again.has_changed()
    assert again.revisions() == {"article": 1}
    assert again.counts()["unchanged_count"] == 1
