"""The ledger: each raw record ends as exactly one thing, however the records were split into runs.

Most tests use small collections in shorthand: ``{"a": "A1 B2 !x -"}`` is a file "a" with four records: article A as
collected on day 1, article B of day 2, a reject with the reason x, and a skip. A mark after the day stands for other
bytes: ``A1'``.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contract import ReadFile, Record, Reject
from pipeline.errors import LedgerError
from pipeline.ledger import FileKey, Key, Ledger, Memory, as_counts, key_of

OLD = datetime(2024, 5, 1, tzinfo=UTC)
NEW = datetime(2024, 5, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Known:
    """What a version knows, as its store would keep it."""

    records: Mapping[Key, Record] = field(default_factory=dict)
    files: Mapping[FileKey, ReadFile] = field(default_factory=dict)
    holders: Mapping[str, Key] = field(default_factory=dict)

    def memory(self) -> Memory:
        def find(column: Literal["raw_path", "article_id", "is_there"], values: Iterable[object]) -> list[Record]:
            wanted = set(values)
            return [record for record in self.records.values() if getattr(record, column) in wanted]

        def find_holders(article_ids: Iterable[str]) -> dict[str, Key]:
            return {article_id: self.holders[article_id] for article_id in article_ids if article_id in self.holders}

        return Memory(list(self.files.values()), find, find_holders)

    def after(self, ledger: Ledger, winners: Mapping[str, Key]) -> Known:
        """Return what the next version knows after a run."""
        for article_id, key in winners.items():
            assert ledger.is_staged(article_id, key) or self.holders.get(article_id) == key, "an article without rows"
        (records, no_records), (files, no_files) = ledger.changed_records(), ledger.changed_files()
        return Known(
            {key: record for key, record in self.records.items() if key not in no_records}
            | {key_of(record): record for record in records},
            {key: file for key, file in self.files.items() if key not in no_files}
            | {(file.source, file.raw_path): file for file in files},
            {article_id: key for article_id, key in self.holders.items() if article_id not in ledger.claimed()}
            | dict(winners),
        )

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each record, by file and name."""
        return {f"{key[1]}:{key[2]}": record.outcome for key, record in self.records.items()}


def key(name: str) -> Key:
    return ("wire", name, "0")


def reject_of(name: str, reason: str = "empty") -> Reject:
    return Reject("wire", name, "0", None, "read", reason, "the file is empty")


def begin(before: Known | None = None, *loaded: str) -> Ledger:
    """Return the ledger of a run that will read some files."""
    ledger = Ledger((before or Known()).memory(), "recipe", "code=1")
    ledger.load_files("wire", loaded)
    return ledger


def settled(ledger: Ledger, before: Known | None = None) -> Known:
    """Finish a run without records to read again, and return what the next version knows."""
    winners, unread = ledger.choose_winners(lambda _: False)
    assert not unread
    return (before or Known()).after(ledger, winners)


# ── Collections in shorthand ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Ran:
    """What a run over a collection came to."""

    known: Known
    ledger: Ledger
    came_in: int

    @property
    def counts(self) -> dict[str, int]:
        return {name.removesuffix("_count"): count for name, count in self.ledger.counts().items() if count}


def is_redone_never(_made_by: str, _outcome: str, _reason: str | None) -> bool:
    return False


def run(
    raw: Mapping[str, str],
    before: Known | None = None,
    *,
    only: Collection[str] | None = None,
    is_pruning: bool = False,
    is_redone: Callable[[str, str, str | None], bool] = is_redone_never,
    recipe: str = "recipe",
) -> Ran:
    """Curate a collection as ``curate.intake`` does: unchanged files unread, grown ones from where they ended.

    Args:
        raw: files and their records.
        before: what the previous version knows.
        only: the files that a limited run reads of those that have changed.
        is_pruning: whether what is gone goes.
        is_redone: which records are made again.
        recipe: the run's settings.
    """
    before = before or Known()
    ledger = Ledger(before.memory(), recipe, "code=2", is_redone)
    forced = {k[1] for k, record in before.records.items() if is_redone(record.made_by, record.outcome, record.reason)}
    came_in, todo = 0, dict[str, int]()
    for path, text in raw.items():
        known, whole = ledger.known_file("wire", path), f"{text} "
        if known and known.file_sha256 == whole and path not in forced:
            came_in += ledger.note_unchanged_file(known, known.stamp)
        elif only is None or path in only:
            is_grown = known and known.end_record and whole.startswith(known.file_sha256) and path not in forced
            todo[path] = known.end_record if known and is_grown else 0
    gone = {k[1] for k, record in before.records.items() if record.outcome == "reject"} - raw.keys()
    gone |= {path for _, path in before.files} - raw.keys() if is_pruning else set()
    ledger.load_files("wire", {*gone, *(path for path, after in todo.items() if not after)})
    ledger.note_removed_files("wire", gone, with_articles=is_pruning)
    skips = {path: Counter[str]() for path in todo}
    for path, after in todo.items():
        if after and (grown := ledger.known_file("wire", path)):
            came_in += ledger.note_grown_file(grown)
        for number, text in enumerate(raw[path].split()[after:], after + 1):
            came_in += 1
            note(ledger, ("wire", path, str(number)), text, skips[path])
    for path in todo:
        file = ReadFile("wire", path, "", f"{raw[path]} ", recipe, 0, 0, [], [], 0, len(raw[path].split()))
        ledger.note_read_file(file, skips[path])
    if is_pruning:
        ledger.prune("wire")
    while True:
        winners, unread = ledger.choose_winners(lambda record_key: record_key[1] in raw)
        if not unread:
            return Ran(before.after(ledger, winners), ledger, came_in)
        for unread_key in unread:
            texts = dict(enumerate(raw[unread_key[1]].split(), 1))
            make(ledger, unread_key, texts.get(int(unread_key[2]), "-").replace("-", "!unreadable"))


def note(ledger: Ledger, at: Key, text: str, skips: Counter[str]) -> None:
    """Take in a record that is read."""
    if text == "-":
        skips["not_html"] += 1
        ledger.note_skip("not_html")
    elif ledger.is_known(at) and ledger.is_unchanged(at, text):
        ledger.note_unchanged(at)
    else:
        make(ledger, at, text)


def make(ledger: Ledger, at: Key, text: str) -> None:
    """Take in what a record became."""
    if text.startswith("!"):
        ledger.note_reject(Reject(*at, None, "read", text.removeprefix("!"), "cannot be read"), text)
    else:
        ledger.note_article(at, text, text[0], OLD + timedelta(days=int(text[1])))


def check(ran: Ran) -> None:
    """Check a run: nothing is lost or counted twice, and each article is taken from its record."""
    assert sum(ran.ledger.counts().values()) == ran.came_in
    assert all(count >= 0 for count in ran.ledger.counts().values())
    assert sum(reason.count for reason in ran.ledger.reject_reasons()) == ran.ledger.counts()["reject_count"]
    assert sum(reason.count for reason in ran.ledger.skip_reasons()) == ran.ledger.counts()["skip_count"]
    known = ran.known
    for file_key, file in known.files.items():
        own = [record for record_key, record in known.records.items() if record_key[:2] == file_key and record.is_there]
        outcomes = Counter(record.outcome for record in own)
        assert (file.article_count, file.superseded_count) == (outcomes["article"], outcomes["superseded"])
        assert file.reject_reasons == as_counts(
            Counter(record.reason or "" for record in own if record.outcome == "reject")
        )
    for article_id, holder_key in known.holders.items():
        holder = known.records[holder_key]
        assert holder.article_id == article_id, "rows that no record claims"
        assert holder.outcome != "superseded"
    for record_key, record in known.records.items():
        if record.outcome == "article":
            assert known.holders[record.article_id or ""] == record_key, "a record whose rows are not there"


def run_all(*steps: Mapping[str, str]) -> Ran:
    """Make some runs, each on top of the one before, and return the last."""
    ran = Ran(Known(), begin(), 0)
    for raw in steps:
        ran = run(raw, ran.known)
        check(ran)
    return ran


# ── Which record an article is taken from ──────────────────────────────────────────────────────────────────────


def test_later_fetched_record_wins_its_article() -> None:
    ledger = begin()
    ledger.note_article(key("a.txt"), "sha-a", "article", OLD)
    ledger.note_article(key("b.txt"), "sha-b", "article", NEW)
    winners, unread = ledger.choose_winners(lambda _: False)
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
    assert ledger.count_contents() == {"article": 2}


def test_same_fetch_time_is_settled_by_path() -> None:
    ledger = begin()
    ledger.note_article(key("b.txt"), "sha-b", "article", OLD)
    ledger.note_article(key("a.txt"), "sha-a", "article", OLD)
    assert ledger.choose_winners(lambda _: False)[0] == {"article": key("b.txt")}


@pytest.mark.parametrize("order", list(itertools.permutations([("a.txt", OLD), ("b.txt", NEW), ("c.txt", None)])))
def test_outcome_does_not_depend_on_the_order_of_runs(order: tuple[tuple[str, datetime | None], ...]) -> None:
    known = Known()
    for name, fetched_at in order:
        ledger = begin(known, name)
        ledger.note_article(key(name), f"sha-{name}", "article", fetched_at)
        known = settled(ledger, known)
    assert known.holders == {"article": key("b.txt")}
    assert known.outcomes() == {"a.txt:0": "superseded", "b.txt:0": "article", "c.txt:0": "superseded"}
    assert ledger.count_contents() == {"article": 3}


def test_later_line_of_a_file_wins_its_article_as_numbers_count() -> None:
    known = run_all({"a": " ".join(["A1"] * 10)}).known
    assert known.holders == {"A": ("wire", "a", "10")}


def test_record_that_moves_to_another_article_leaves_the_first_to_the_next_best() -> None:
    first = begin()
    first.note_article(key("a.txt"), "sha-a", "one", OLD)
    first.note_article(key("b.txt"), "sha-b", "one", NEW)
    known = settled(first)
    second = begin(known, "b.txt")
    second.note_article(key("b.txt"), "sha-b2", "two", NEW)
    winners, unread = second.choose_winners(lambda _: True)
    assert winners == {"one": key("a.txt"), "two": key("b.txt")}
    assert unread == {key("a.txt")}, "its rows were dropped when it was superseded: it must be read again"
    third = begin(known, "b.txt")
    third.note_article(key("b.txt"), "sha-b2", "two", NEW)
    assert third.choose_winners(lambda _: False)[0] == {"two": key("b.txt")}, "what cannot be read again claims nothing"


def test_superseded_record_missing_from_its_file_claims_nothing() -> None:
    ran = run_all({"a": "B1 A1", "b": "A2"}, {"a": "B1", "b": "C2"})
    assert ran.known.holders == {"B": ("wire", "a", "1"), "C": ("wire", "b", "1")}


def test_superseded_record_of_a_returning_file_claims_its_article_again() -> None:
    gone, back = {"b": "B2"}, {"a": "A1", "b": "B2"}
    ran = run_all({"a": "A1", "b": "A2"}, gone, back)
    assert ran.known.holders == {"A": ("wire", "a", "1"), "B": ("wire", "b", "1")}


def test_superseded_record_that_returns_to_its_file_claims_its_article_again() -> None:
    ran = run_all({"a": "B1 A1", "b": "A2"}, {"a": "B1", "b": "A2"}, {"a": "B1", "b": "C2"}, {"a": "B1 A1", "b": "C2"})
    assert ran.known.holders["A"] == ("wire", "a", "2")


def test_superseded_record_of_a_changed_file_that_this_run_leaves_closed_is_counted_with_no_run() -> None:
    first = run_all({"a": "A1", "b": "A2"})
    ran = run({"a": "A1'", "b": "B2"}, first.known, only=["b"])
    check(ran)
    assert ran.known.holders == {"A": ("wire", "a", "1"), "B": ("wire", "b", "1")}
    assert ran.counts == {"new": 1}


# ── What is refused ────────────────────────────────────────────────────────────────────────────────────────────


def test_rejected_change_keeps_the_last_good_revision() -> None:
    first = begin()
    first.note_article(key("a.txt"), "sha-1", "article", OLD)
    second = begin(settled(first), "a.txt")
    noted = second.note_reject(reject_of("a.txt"), "sha-2")
    assert "last good revision" in noted.detail
    assert second.choose_winners(lambda _: False)[0] == {"article": key("a.txt")}
    assert second.counts()["reject_count"] == 1


def test_reject_without_an_article_does_not_mention_a_revision() -> None:
    assert begin().note_reject(reject_of("a.txt"), "sha-1") == reject_of("a.txt")


@pytest.mark.parametrize("refused", [pytest.param("", id="unreadable"), pytest.param("sha-2", id="no-article")])
def test_article_has_no_new_revision_after_a_temporary_reject(refused: str) -> None:
    first = begin()
    first.note_article(key("a.txt"), "sha-1", "one", OLD)
    known = settled(first)
    second = begin(known, "a.txt")
    second.note_reject(reject_of("a.txt"), refused)
    known = settled(second, known)
    third = begin(known, "a.txt")
    assert not third.is_unchanged(key("a.txt"), "sha-1"), "else it would stay a reject"
    assert not third.is_unchanged(key("a.txt"), refused)
    third.note_article(key("a.txt"), "sha-1", "one", OLD)
    settled(third, known)
    assert third.counts()["unchanged_count"] == 1
    assert third.count_contents() == {"one": 1}


def test_record_rejected_at_first_becomes_the_first_revision() -> None:
    first = begin()
    first.note_reject(reject_of("a.txt"), "sha-1")
    known = settled(first)
    second = begin(known, "a.txt")
    assert second.is_unchanged(key("a.txt"), "sha-1"), "it is not read again for nothing"
    second.note_article(key("a.txt"), "sha-2", "one", OLD)
    settled(second, known)
    assert second.counts()["new_count"] == 1
    assert second.count_contents() == {"one": 1}


def test_rejected_staged_article_is_taken_from_the_next_best_record() -> None:
    ledger = begin()
    ledger.note_article(key("a.txt"), "sha-a", "one", OLD)
    ledger.note_article(key("b.txt"), "sha-b", "one", NEW)
    ledger.choose_winners(lambda _: False)
    ledger.reject_article("one", reject_of("b.txt"))
    assert settled(ledger).holders == {"one": key("a.txt")}
    counts = ledger.counts()
    assert (counts["new_count"], counts["superseded_count"], counts["reject_count"]) == (1, 0, 1)


# ── Revisions and fates ────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_new_changes_nothing() -> None:
    raw = {"a": "A1 !empty", "b": "-"}
    again = run(raw, run_all(raw).known)
    assert not again.ledger.has_changed()
    assert again.counts == {"unchanged": 1, "reject": 1, "skip": 1}
    assert again.ledger.changed_records() == ([], [])
    assert again.ledger.changed_files() == ([], [])


def test_changed_content_is_a_new_revision() -> None:
    ran = run_all({"a": "A1"}, {"a": "A1'"})
    assert ran.counts == {"changed": 1}
    assert ran.ledger.count_contents() == {"A": 2}


def test_record_that_moves_to_another_article_is_the_first_revision_of_that_one() -> None:
    ran = run_all({"a": "A1"}, {"a": "B1"})
    assert ran.ledger.count_contents() == {"B": 1}
    assert ran.counts == {"new": 1}


def test_record_read_twice_is_reported_as_a_bug() -> None:
    ledger = begin(run_all({"a": "A1"}).known, "a")
    ledger.note_unchanged(("wire", "a", "1"))
    with pytest.raises(LedgerError, match="twice"):
        ledger.note_unchanged(("wire", "a", "1"))


def test_article_restaged_for_its_correction_is_a_change_and_no_revision() -> None:
    known = run_all({"a": "A1"}).known
    ledger = begin(known)
    assert not ledger.has_changed()
    ledger.restage("A", known.holders["A"])
    assert settled(ledger, known).records == known.records
    assert ledger.has_changed()
    assert ledger.count_contents() == {"A": 1}


# ── Files of many records ──────────────────────────────────────────────────────────────────────────────────────


def test_unchanged_file_stays_closed_and_its_records_are_counted() -> None:
    raw = {"dump": "A1 B1 B2 !no_text - -"}
    first = run_all(raw)
    file = begin(first.known).known_file("wire", "dump")
    assert file is not None
    assert (file.article_count, file.superseded_count) == (2, 1)
    assert (file.reject_reasons, file.skip_reasons) == (
        as_counts(Counter({"no_text": 1})),
        as_counts(Counter({"not_html": 2})),
    )
    again = run(raw, first.known)
    assert again.ledger.touched() == set(), "no record is loaded"
    assert again.came_in == 6
    assert again.counts == {"unchanged": 2, "superseded": 1, "reject": 1, "skip": 2}
    assert again.ledger.reject_reasons() == file.reject_reasons
    assert again.ledger.skip_reasons() == file.skip_reasons


def test_appended_file_costs_only_its_new_records() -> None:
    first = run_all({"dump": "A1 B1 C1 -"})
    ran = run({"dump": "A1 B1 C1 - D1 !no_text -"}, first.known)
    check(ran)
    assert ran.ledger.touched() == {("wire", "dump", "5"), ("wire", "dump", "6")}
    assert ran.counts == {"new": 1, "unchanged": 3, "reject": 1, "skip": 2}
    assert set(ran.ledger.count_contents()) == {"D"}
    assert ran.known == run_all({"dump": "A1 B1 C1 - D1 !no_text -"}).known


def test_inserted_line_changes_only_the_lines_after_it() -> None:
    first = run_all({"dump": "A1 B1 C1"})
    ran = run({"dump": "A1 D1 B1 C1"}, first.known)
    check(ran)
    assert ran.ledger.is_unchanged(("wire", "dump", "1"), "A1")
    assert ran.counts["unchanged"] == 1


def test_newly_superseded_record_of_an_unread_file_is_counted() -> None:
    first = run_all({"old": "A1 B1"})
    ran = run({"old": "A1 B1", "new": "A2"}, first.known)
    check(ran)
    assert ran.counts == {"changed": 1, "unchanged": 1, "superseded": 1}
    file = ran.known.files["wire", "old"]
    assert (file.article_count, file.superseded_count) == (1, 1)
    assert run({"old": "A1 B1", "new": "A2"}, ran.known).counts == {"unchanged": 2, "superseded": 1}


def test_record_in_an_unread_file_that_wins_again_is_read_for_itself_and_counted_once() -> None:
    first = run_all({"old": "A1 B1", "new": "A2"})
    ran = run({"old": "A1 B1", "new": "C2"}, first.known)
    check(ran)
    assert ran.came_in == 3
    assert ran.counts == {"changed": 1, "unchanged": 1, "new": 1}
    assert ran.known.files["wire", "old"].article_count == 2


def test_unreadable_record_of_an_unread_file_is_rejected_and_counted_once() -> None:
    first = run_all({"old": "A1 B1", "new": "A2"})
    ledger = begin(first.known, "new")
    ledger.note_unchanged_file(first.known.files["wire", "old"], "")
    ledger.note_article(("wire", "new", "1"), "C2", "C", NEW)
    _, unread = ledger.choose_winners(lambda _: True)
    assert unread == {("wire", "old", "1")}
    ledger.note_reject(Reject("wire", "old", "1", None, "read", "unreadable", "cannot be read"), "")
    known = settled(ledger, first.known)
    assert set(known.holders) == {"B", "C"}
    counts = ledger.counts()
    assert (counts["new_count"], counts["unchanged_count"], counts["reject_count"]) == (1, 1, 1)
    assert known.files["wire", "old"].reject_reasons == as_counts(Counter({"unreadable": 1}))


def test_missing_reject_is_removed_and_a_missing_article_stays() -> None:
    ran = run_all({"dump": "A1 B1 !truncated"}, {"dump": "A1"})
    assert set(ran.known.records) == {("wire", "dump", "1"), ("wire", "dump", "2")}
    assert not ran.known.records["wire", "dump", "2"].is_there
    assert set(ran.known.holders) == {"A", "B"}
    assert ran.known.files["wire", "dump"].article_count == 1, "the file holds one"


def test_file_that_shrank_and_grew_again_claims_its_articles() -> None:
    ran = run_all({"dump": "A1 B1"}, {"dump": "A1"}, {"dump": "A1 C1"})
    assert ran.known.holders == {"A": ("wire", "dump", "1"), "C": ("wire", "dump", "2")}
    assert ran.known.records["wire", "dump", "2"].article_id == "C"


def test_file_that_could_not_be_read_to_its_end_is_opened_again() -> None:
    known = run_all({"dump": "A1 !unreadable"}).known
    assert begin(known).known_file("wire", "dump") is None


def test_file_that_could_not_be_opened_is_opened_again() -> None:
    ledger = begin()
    ledger.note_read_file(ReadFile("wire", "dump", "", "", "recipe", 0, 0, [], [], 0, 0), Counter())
    assert begin(settled(ledger)).known_file("wire", "dump") is None


def test_new_stamp_alone_is_not_published() -> None:
    known = run_all({"dump": "A1"}).known
    ledger = begin(known)
    ledger.note_unchanged_file(known.files["wire", "dump"], "7:7:7")
    settled(ledger, known)
    assert not ledger.has_changed()
    assert [file.stamp for file in ledger.changed_files()[0]] == ["7:7:7"], "it is kept when there is something else"


def test_other_settings_read_every_file_and_make_every_record() -> None:
    raw = {"dump": "A1 !no_text"}
    ran = run(raw, run_all(raw).known, recipe="other")
    check(ran)
    assert ran.counts == {"unchanged": 1, "reject": 1}
    assert ran.ledger.is_staged("A", ("wire", "dump", "1"))
    assert ran.ledger.count_contents() == {"A": 1}


# ── Made again ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_reprocessing_makes_all_again_and_counts_no_revision() -> None:
    raw = {"a": "A1 !no_text -", "b": "A2"}
    ran = run(raw, run_all(raw).known, is_redone=lambda *_: True)
    check(ran)
    assert ran.ledger.has_changed()
    assert ran.counts == {"unchanged": 1, "superseded": 1, "reject": 1, "skip": 1}
    assert ran.ledger.count_contents() == {"A": 2}


def test_reprocessing_older_records_leaves_the_others() -> None:
    first = run_all({"a": "A1", "b": "B1"})
    at = ("wire", "b", "1")
    records = {**first.known.records, at: replace(first.known.records[at], made_by="code=1")}
    older = replace(first.known, records=records)
    ran = run({"a": "A1", "b": "B1"}, older, is_redone=lambda made_by, _outcome, _reason: made_by == "code=1")
    check(ran)
    assert [ran.ledger.is_staged(*claim) for claim in (("A", ("wire", "a", "1")), ("B", at))] == [False, True]
    assert ran.known.records[at].made_by == "code=2"


def test_replay_curates_only_rejects_with_the_reason() -> None:
    raw = {"a": "A1 !no_text", "b": "!empty"}
    known = run_all(raw).known
    ledger = Ledger(
        known.memory(), "recipe", "code=2", lambda _made_by, outcome, reason: (outcome, reason) == ("reject", "no_text")
    )
    ledger.load_files("wire", ["a", "b"])
    assert ledger.is_unchanged(("wire", "a", "1"), "A1")
    assert not ledger.is_unchanged(("wire", "a", "2"), "!no_text")
    assert ledger.is_unchanged(("wire", "b", "1"), "!empty")


# ── What is gone ───────────────────────────────────────────────────────────────────────────────────────────────


def test_removed_files_keep_their_articles_and_lose_their_rejects() -> None:
    ran = run_all({"a": "A1 !no_text", "b": "B1"}, {"b": "B1"})
    assert set(ran.known.holders) == {"A", "B"}
    assert ran.known.outcomes() == {"a:1": "article", "b:1": "article"}
    assert ran.counts == {"unchanged": 1}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("A1", id="file-of-articles"),
        pytest.param("A1 !no_text", id="file-of-articles-and-rejects"),
        pytest.param("A1 !unreadable", id="file-that-was-not-read-to-its-end"),
        pytest.param("-", id="file-of-no-articles"),
    ],
)
@pytest.mark.parametrize("runs_between", [0, 1, 2])
def test_pruning_removes_all_records_of_a_file_removed_runs_ago(raw: str, runs_between: int) -> None:
    known = run_all({"a": raw, "b": "B1"}).known
    for _ in range(runs_between):
        known = run({"b": "B1"}, known).known
    ran = run({"b": "B1"}, known, is_pruning=True)
    check(ran)
    assert ran.known.outcomes() == {"b:1": "article"}
    assert set(ran.known.files) == {("wire", "b")}
    assert set(ran.known.holders) == {"B"}
    assert not run({"b": "B1"}, ran.known, is_pruning=True).ledger.has_changed()


def test_pruning_removes_records_missing_from_their_file() -> None:
    known = run_all({"a": "A1 B1"}, {"a": "A1"}).known
    ran = run({"a": "A1"}, known, is_pruning=True)
    check(ran)
    assert set(ran.known.holders) == {"A"}


def test_pruning_gives_an_article_to_the_next_best_record() -> None:
    known = run_all({"a": "A1", "b": "A2"}).known
    ran = run({"a": "A1"}, known, is_pruning=True)
    check(ran)
    assert ran.known.holders == {"A": ("wire", "a", "1")}


def test_pruning_leaves_other_sources_alone() -> None:
    known = run_all({"a": "A1 B1"}, {"a": "A1"}).known
    ledger = begin(known)
    ledger.prune("another")
    assert settled(ledger, known) == known


def test_erased_article_loses_all_its_records_and_its_files_count_them_as_skipped() -> None:
    known = run_all({"a": "A1 B1", "b": "A2"}).known
    ledger = begin(known)
    ledger.forget_articles(["A"])
    after = settled(ledger, known)
    assert after.holders == {"B": ("wire", "a", "2")}
    assert after.outcomes() == {"a:2": "article"}
    forgotten = as_counts(Counter({"forgotten": 1}))
    assert [file.skip_reasons for file in after.files.values()] == [forgotten, forgotten]
    assert run({"a": "A1 B1", "b": "A2"}, after).counts == {"unchanged": 1, "skip": 2}


# ── Any runs ───────────────────────────────────────────────────────────────────────────────────────────────────

ARTICLES = ("A1", "A2", "A1'", "B1", "B3", "-")
ANYTHING = (*ARTICLES, "!no_text", "!unreadable")


def collections(words: Collection[str]) -> st.SearchStrategy[dict[str, str]]:
    lines = st.lists(st.sampled_from(sorted(words)), min_size=1, max_size=3).map(" ".join)
    return st.dictionaries(st.sampled_from("abc"), lines, min_size=1)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            collections(ANYTHING),
            st.none() | st.sets(st.sampled_from("abc")),
            st.booleans(),
            st.sampled_from([is_redone_never, lambda *_: True, lambda _made, outcome, _reason: outcome == "reject"]),
        ),
        max_size=5,
    )
)
def test_any_runs_account_for_each_record_once(
    steps: list[tuple[dict[str, str], set[str] | None, bool, Callable[[str, str, str | None], bool]]],
) -> None:
    known = Known()
    for raw, only, is_pruning, is_redone in steps:
        ran = run(raw, known, only=only, is_pruning=is_pruning, is_redone=is_redone)
        check(ran)
        known = ran.known


@settings(deadline=None)
@given(
    st.lists(st.tuples(collections(ARTICLES), st.none() | st.sets(st.sampled_from("abc"))), max_size=4),
    collections(ARTICLES),
)
def test_any_runs_end_as_one_does(steps: list[tuple[dict[str, str], set[str] | None]], raw: dict[str, str]) -> None:
    known = Known()
    for earlier, only in steps:
        known = run(earlier, known, only=only).known
    last = run(raw, known, is_pruning=True)
    check(last)
    once = run(raw)
    assert last.known.holders == once.known.holders
    assert last.known.outcomes() == once.known.outcomes()
    counted = (replace(file, end_record=0) for file in last.known.files.values())
    assert {file.raw_path: file for file in counted} == {
        file.raw_path: replace(file, end_record=0) for file in once.known.files.values()
    }
