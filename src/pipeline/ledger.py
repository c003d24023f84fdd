"""The account of what became of every raw record, so that none is lost silently or counted twice.

A record *claims* the article that it was read as. If several records claim one article, the one collected last wins and
the others are superseded. The outcome depends only on the set of records, not on how they were split into runs.

A ledger has the records that a run touches: those of changed files, and those that claim the same articles. Of all
others it knows only their number by file.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from pipeline.contract import Count, Outcome, ReadFile, Record, Reject
from pipeline.errors import LedgerError

Key = tuple[str, str, str]  # source, raw_path, raw_record
FileKey = tuple[str, str]  # source, raw_path
NEVER_FETCHED = datetime.min.replace(tzinfo=UTC)  # a record without a time of collection sorts first
# Reasons that do not depend on the bytes: the next run may be able to read the same file.
PASSING_REASONS = frozenset({"unreadable"})
DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the previous version knows about raw records, looked up when needed."""

    files: Sequence[ReadFile] = ()
    find_records: Callable[[Literal["raw_path", "article_id", "is_there"], Iterable[object]], list[Record]] = (
        lambda _column, _values: []
    )
    # Returns the record that the published rows of each article were made from, by article_id.
    find_holders: Callable[[Iterable[str]], Mapping[str, Key]] = lambda _article_ids: {}


class Ledger:
    """The raw records of a data set, while a run changes them."""

    def __init__(
        self,
        memory: Memory,
        recipe: str,
        made_by: str,
        is_redone: Callable[[str, str, str | None], bool] = lambda _made_by, _outcome, _reason: False,
    ) -> None:
        """Start from the previous version.

        Args:
            memory: what it knows.
            recipe: fingerprint of this run's settings.
            made_by: the code that curates in this run.
            is_redone: returns whether this run curates an unchanged record again, given the code that made it, its
                outcome and its reject reason.
        """
        self._memory = memory
        self._recipe = recipe
        self._made_by = made_by
        self._is_redone = is_redone
        self._files = {(file.source, file.raw_path): file for file in memory.files}
        self._files_before = dict(self._files)
        self._records: dict[Key, Record] = {}  # the loaded ones, as they are now
        self._before: dict[Key, Record] = {}  # … and as they were
        self._holders: dict[str, Key | None] = {}  # records that published rows were made from, by article_id
        self._claimed: set[str] = set()  # articles with claims that this run changes
        self._claims: dict[str, set[Key]] = defaultdict(set)  # keys of loaded records, by article_id
        self._loaded_claims: set[str] = set()  # articles with all claims loaded
        self._staged: set[tuple[str, Key]] = set()  # articles with rows of this run
        self._by_file: dict[FileKey, set[Key]] = defaultdict(set)  # keys of loaded records
        self._seen: set[Key] = set()  # records that this run read one by one
        self._read_again: set[Key] = set()  # records of unread files that this run read singly
        self._unread: set[FileKey] = set()  # unchanged files, and the old part of grown ones
        self._forgotten: list[Record] = []  # records of forgotten articles, skipped from now on
        self._read: dict[FileKey, Counter[str]] = {}  # files that were read, with their skips
        self._skips: Counter[str] = Counter()

    # ── Files ──────────────────────────────────────────────────────────────────────────────────────────────────

    def known_file(self, source: str, raw_path: str) -> ReadFile | None:
        """Return a raw file as it was last read to its end; None if it has to be read whatever its content."""
        file = self._files_before.get((source, raw_path))
        return file if file is not None and file.recipe == self._recipe else None

    def load_files(self, source: str, raw_paths: Iterable[str]) -> None:
        """Load the records of some files."""
        for record in self._memory.find_records("raw_path", raw_paths):
            if record.source == source:
                self._load(record)

    def _load(self, record: Record) -> None:
        key = key_of(record)
        if key not in self._before:
            self._before[key] = record
            self._put(record)

    def _put(self, record: Record) -> None:
        key = key_of(record)
        self._records[key] = record
        self._by_file[key[:2]].add(key)
        if record.article_id is not None:
            self._claims[record.article_id].add(key)

    def note_unchanged_file(self, file: ReadFile, stamp: str) -> int:
        """Note a raw file that has not changed; nor have its records.

        Args:
            file: as it is known.
            stamp: its present time and size, as the file system gives them.

        Returns:
            The number of its records.
        """
        key = file.source, file.raw_path
        self._unread.add(key)
        self._files[key] = replace(file, stamp=stamp)
        self._skips.update({skip.name: skip.count for skip in file.skip_reasons})
        return _record_count(file)

    def note_grown_file(self, file: ReadFile) -> int:
        """Note a raw file that only grew: its old records have not changed, and the new ones are read.

        Returns:
            The number of its old records.
        """
        return self.note_unchanged_file(file, file.stamp)

    def note_read_file(self, file: ReadFile, skips: Counter[str]) -> None:
        """Note a raw file that was read to its end, from its start or from where it grew.

        Rejects that it does not have any more are removed. Articles that it does not have any more stay.

        Args:
            file: the file as it is now; ``files`` fills in its counts.
            skips: its skipped records by reason.
        """
        key = file.source, file.raw_path
        own = set(self._by_file[key])
        if key not in self._unread:
            for missing in own - self._seen:
                self._mark_missing(missing)
        if not all(record.is_there for name in own if (record := self._records.get(name))):
            file = replace(file, end_byte=0, end_record=0)  # an appended record may reuse the name of a missing one
        seen = (self._records[name] for name in own & self._seen)
        if file.file_sha256 and not any(record.reason in PASSING_REASONS for record in seen):
            self._files[key] = file
            self._read[key] = skips
        else:
            self._files.pop(key, None)

    def _mark_missing(self, key: Key) -> None:
        """Note a record that its file does not have any more."""
        record = self._records[key]
        if record.outcome == "reject" and record.article_id is None:
            self.remove_record(key)
        else:
            self._records[key] = replace(record, is_there=False)

    def note_removed_files(self, source: str, raw_paths: Iterable[str], *, with_articles: bool) -> None:
        """Note files that do not exist any more, and remove their rejects.

        Args:
            source: their collection.
            raw_paths: the files; their records are loaded.
            with_articles: whether to remove the articles that were read from them too.
        """
        for raw_path in raw_paths:
            for key in set(self._by_file[source, raw_path]):
                if with_articles:
                    self.remove_record(key)
                else:
                    self._mark_missing(key)
            self._files.pop((source, raw_path), None)

    def prune(self, source: str) -> None:
        """Remove all records of a source that their files do not have any more, with their articles."""
        for record in self._memory.find_records("is_there", [False]):
            self._load(record)
        for key in [key for key, record in self._records.items() if key[0] == source and not record.is_there]:
            self.remove_record(key)

    # ── Records ────────────────────────────────────────────────────────────────────────────────────────────────

    def is_known(self, key: Key) -> bool:
        """Return whether an earlier run read a record; its file is loaded."""
        return key in self._before

    def is_unchanged(self, key: Key, content_sha256: str) -> bool:
        """Return whether a record was curated from the same bytes by the same recipe and need not be curated again."""
        record = self._before.get(key)
        # A reject that keeps the rows of its article has the digest of those rows, not its own.
        if (
            record is None
            or (record.outcome == "reject" and record.article_id)
            or self._is_redone(record.made_by, record.outcome, record.reason)
        ):
            return False
        return (record.content_sha256, record.recipe) == (content_sha256, self._recipe)

    def note_unchanged(self, key: Key) -> None:
        """Note an unchanged record of a changed file."""
        record = self._records[key]
        self._records[key] = replace(record, is_there=True)
        if record.article_id and record.outcome == "superseded":
            self._claimed.add(record.article_id)  # it may have been missing when the winner was chosen
        self._see(key)

    def has_seen(self, key: Key) -> bool:
        """Return whether this run has read a record."""
        return key in self._seen

    def _see(self, key: Key) -> None:
        if key in self._seen:
            raise LedgerError(f"record {key} was read twice in one run, which is a bug")
        self._seen.add(key)

    def note_skip(self, reason: str) -> None:
        """Note a skipped record."""
        self._skips[reason] += 1

    def note_article(self, key: Key, content_sha256: str, article_id: str, fetched_at: datetime | None) -> None:
        """Note a record that became an article with staged rows."""
        before = self._before.get(key)
        count = 1
        if before and before.article_id == article_id:
            count = before.content_count + (before.content_sha256 != content_sha256)
        self._note(key, content_sha256, "article", None, article_id, fetched_at, count)
        self._staged.add((article_id, key))

    def note_reject(self, reject: Reject, content_sha256: str) -> Reject:
        """Note a rejected record, and return the reject for the table.

        If published rows were made from an earlier content of the record, they stay, and the reject says so. The
        record then keeps the digest of that content, because the rejected one is no revision of the article.
        """
        key = (reject.source, reject.raw_path, reject.raw_record)
        before = self._before.get(key)
        if before and before.article_id and self._is_holder(before):
            kept = before.article_id, before.fetched_at, before.content_count
            self._note(key, before.content_sha256, "reject", reject.reason, *kept)
            return replace(reject, detail=f"{reject.detail}; the last good revision of its article stays")
        self._note(key, content_sha256, "reject", reject.reason, None, None, 0)
        return reject

    def reject_article(self, article_id: str, reject: Reject) -> Reject:
        """Reject an article that is already staged."""
        key = (reject.source, reject.raw_path, reject.raw_record)
        self._staged.discard((article_id, key))
        return self.note_reject(reject, self._records[key].content_sha256)

    def restage(self, article_id: str, key: Key) -> None:
        """Note that a published article gets new rows although its record has not changed."""
        self._claimed.add(article_id)
        self._staged.add((article_id, key))

    def forget_articles(self, article_ids: Iterable[str]) -> None:
        """Remove all records of some articles and skip them from now on."""
        self._claimed |= set(article_ids)
        self._load_claims()
        for article_id in article_ids:
            for key in set(self._claims[article_id]):
                record = self._records.get(key)
                if record is not None and record.article_id == article_id:
                    self._forgotten += [record] if record.is_there else []
                    self.remove_record(key)

    def remove_record(self, key: Key) -> None:
        """Remove a record, such as a folder that can be listed now or a file that does not exist any more."""
        record = self._records.pop(key, None)
        self._by_file[key[:2]].discard(key)
        if record is not None and record.article_id is not None:
            self._claimed.add(record.article_id)

    def _note(
        self,
        key: Key,
        content_sha256: str,
        outcome: Outcome,
        reason: str | None,
        article_id: str | None,
        fetched_at: datetime | None,
        content_count: int,
    ) -> None:
        before = self._before.get(key)
        self._claimed |= {claimed for claimed in (article_id, before and before.article_id) if claimed}
        made = (self._recipe, self._made_by)
        self._put(Record(*key, content_sha256, True, *made, outcome, reason, article_id, fetched_at, content_count))
        if key not in self._read_again:
            self._seen.add(key)

    # ── The record that an article is taken from ──────────────────────────────────────────────────────────────────

    def choose_winners(self, is_present: Callable[[Key], bool]) -> tuple[dict[str, Key], set[Key]]:
        """Choose the record of each article with claims that this run changes, and mark the others as superseded.

        Args:
            is_present: returns whether this run can read a record's file again.

        Returns:
            The winning record of each such article, by article_id; and the winners with neither staged nor published
            rows, which were superseded before and must be read again.
        """
        self._load_claims()
        winners: dict[str, Key] = {}
        for article_id in self._claimed:
            for *_, key in sorted(self._rank_claims(article_id), reverse=True):
                if self._has_rows(article_id, key) or is_present(key):
                    winners[article_id] = key
                    break
                self._reread_next_time(key)
            self._mark(article_id, winners.get(article_id))
        unread = {key for article_id, key in winners.items() if not self._has_rows(article_id, key)}
        self._read_again |= unread - self._seen
        return winners, unread

    def _rank_claims(self, article_id: str) -> Iterator[tuple[datetime, bool, tuple[object, ...], Key]]:
        """Yield the records that an article may be taken from, with what they are sorted by; the last one wins.

        They are those with rows, and those that may be read again. Of records collected at the same time, one that its
        file still has comes later.
        """
        for key in self._claims[article_id]:
            record = self._records.get(key)
            if record is not None and record.article_id == article_id:
                may_be_read = record.outcome != "reject" and record.is_there
                if may_be_read or self._has_rows(article_id, key):
                    yield record.fetched_at or NEVER_FETCHED, record.is_there, _order(key), key

    def _reread_next_time(self, key: Key) -> None:
        """Have a later run read the file of a record that should win but cannot be read now."""
        if file := self._files.get(key[:2]):
            self._files[key[:2]] = replace(file, recipe="")

    def _load_claims(self) -> None:
        wanted = self._claimed - self._loaded_claims
        for record in self._memory.find_records("article_id", wanted):
            self._load(record)
        self._loaded_claims |= wanted
        self._load_holders(wanted)

    def _load_holders(self, article_ids: Iterable[str]) -> None:
        """Load the records that the published rows of some articles were made from."""
        old = {record.article_id for record in self._before.values() if record.article_id}
        unknown = (set(article_ids) & old) - self._holders.keys()
        self._holders |= dict.fromkeys(unknown) | dict(self._memory.find_holders(unknown))

    def _mark(self, article_id: str, winner: Key | None) -> None:
        for key in self._claims[article_id]:
            record = self._records.get(key)
            if record is not None and record.article_id == article_id and record.outcome != "reject":
                outcome: Outcome = "article" if key == winner else "superseded"
                if record.outcome != outcome:
                    self._records[key] = replace(record, outcome=outcome)

    def _is_holder(self, before: Record) -> bool:
        """Return whether the published rows of a record's article were made from this record."""
        if before.outcome == "reject" and before.article_id not in self._holders:
            self._load_holders(record.article_id for record in self._before.values() if record.article_id)
        key = key_of(before)
        return before.outcome == "article" or self._holders.get(before.article_id or "") == key

    def is_staged(self, article_id: str, key: Key) -> bool:
        """Return whether this run has made rows of the article from that record."""
        return (article_id, key) in self._staged

    def _has_rows(self, article_id: str, key: Key) -> bool:
        return self.is_staged(article_id, key) or self._holders.get(article_id) == key

    def claimed(self) -> set[str]:
        """Return the articles with claims that this run changes."""
        return set(self._claimed)

    def has_new_content(self, article_id: str, key: Key) -> bool:
        """Return whether a record's content differs from the one that the article's published rows were made from."""
        holder = self._holders.get(article_id)
        before = self._before.get(holder) if holder else None
        return before is None or before.content_sha256 != self._records[key].content_sha256

    def count_contents(self) -> dict[str, int]:
        """Return the number of contents of each claimed article, over all records that claim it now."""
        counts: Counter[str] = Counter()
        for article_id in self._claimed:
            for key in self._claims[article_id]:
                record = self._records.get(key)
                if record is not None and record.article_id == article_id:
                    counts[article_id] += record.content_count
        return dict(counts)

    # ── The end of a run ───────────────────────────────────────────────────────────────────────────────────────

    def has_changed(self) -> bool:
        """Return whether this run has anything to publish."""
        if self._staged or self._records != self._before:
            return True
        now, before = (
            {key: _without_position(file) for key, file in files.items()}
            for files in (self.files(), self._files_before)
        )
        return now != before

    def touched(self) -> Set[Key]:
        """Return the records that this run has loaded or noted."""
        return self._before.keys() | self._records.keys()

    def rejected(self) -> set[Key]:
        """Return the keys of the touched records that are rejects now."""
        return {key for key, record in self._records.items() if record.outcome == "reject"}

    def changed_records(self) -> tuple[list[Record], list[Key]]:
        """Return the records that changed, and the keys of those that were removed."""
        changed = [record for key, record in self._records.items() if record != self._before.get(key)]
        return changed, list(self._before.keys() - self._records.keys())

    def changed_files(self) -> tuple[list[ReadFile], list[FileKey]]:
        """Return the files that changed, and the keys of those that were removed."""
        files = self.files()
        changed = [file for key, file in files.items() if file != self._files_before.get(key)]
        return changed, list(self._files_before.keys() - files.keys())

    def files(self) -> dict[FileKey, ReadFile]:
        """Return the raw files that were read to their end, with their counts as they are now."""
        files = dict(self._files)
        deltas: dict[FileKey, Counter[tuple[str, str]]] = defaultdict(Counter)
        for old, new in self._shifts():
            deltas[key_of(old)[:2]].update({_label(new): 1})
            deltas[key_of(old)[:2]].subtract({_label(old): 1})
        for old in self._forgotten:
            deltas[key_of(old)[:2]].update({("skip", "forgotten"): 1})
            deltas[key_of(old)[:2]].subtract({_label(old): 1})
        for key in self._seen:
            if key[:2] in self._read:
                deltas[key[:2]].update({_label(self._records[key]): 1})
        for file_key, skips in self._read.items():
            deltas[file_key].update({("skip", reason): count for reason, count in skips.items()})
        for file_key in deltas.keys() & files.keys():
            base = self._files_before.get(file_key) if self._is_counted_before(file_key) else None
            files[file_key] = _recount(files[file_key], base, deltas[file_key])
        return files

    def _is_counted_before(self, file_key: FileKey) -> bool:
        """Return whether a file's old records are counted by file, not singly."""
        return file_key in self._unread or file_key not in self._read

    def _shifts(self) -> list[tuple[Record, Record]]:
        """Return the records that are counted by file and changed, as they were and as they are."""
        return [
            (old, new)
            for key, old in self._before.items()
            if old.is_there and key not in self._seen and self._is_counted_before(key[:2])
            if (new := self._records.get(key)) and (new != old or key in self._read_again)
        ]

    def counts(self) -> dict[str, int]:
        """Return the columns of ``runs`` that count what became of the raw records."""
        found = Counter(self._fate(key) for key in self._seen)
        for key in self._unread:
            file = self._files_before[key]
            found["unchanged"] += file.article_count
            found["superseded"] += file.superseded_count
            found["reject"] += _total(file.reject_reasons)
        for old, new in self._shifts():
            if key_of(old)[:2] in self._unread:
                found["unchanged" if old.outcome == "article" else old.outcome] -= 1
                found[self._fate(key_of(new))] += 1
        names = ("new", "changed", "unchanged", "superseded", "reject")
        return {f"{name}_count": found[name] for name in names} | {"skip_count": self._skips.total()}

    def count_newly_rejected(self) -> int:
        """Return the number of rejects that are new or have another reason or content than before."""
        return sum(map(self._is_newly_rejected, self._records))

    def _is_newly_rejected(self, key: Key) -> bool:
        now, before = self._records[key], self._before.get(key)
        if now.outcome != "reject":
            return False
        return before is None or (now.reason, now.content_sha256) != (before.reason, before.content_sha256)

    def _fate(self, key: Key) -> str:
        record, before = self._records[key], self._before.get(key)
        if record.outcome in ("reject", "superseded"):
            return record.outcome
        was_taken = before is not None and before.article_id == record.article_id and before.outcome == "article"
        if not was_taken and self._holders.get(record.article_id or "") is None:
            return "new"
        is_same = before is not None and before.content_sha256 == record.content_sha256
        return "unchanged" if is_same and before.outcome != "superseded" else "changed"  # type: ignore[union-attr]

    def reject_reasons(self) -> list[Count]:
        """Return the number of rejects of this run by reason."""
        found = Counter(self._records[key].reason for key in self._seen if self._records[key].outcome == "reject")
        for file_key in self._unread:
            found.update({reason.name: reason.count for reason in self._files_before[file_key].reject_reasons})
        for old, new in self._shifts():
            if key_of(old)[:2] in self._unread:
                found.update([new.reason] if new.outcome == "reject" else [])
                found.subtract([old.reason] if old.outcome == "reject" else [])
        return as_counts(Counter({reason or "": count for reason, count in found.items() if count}))

    def skip_reasons(self) -> list[Count]:
        """Return the number of skipped records of this run by reason."""
        return as_counts(self._skips)


def key_of(record: Record) -> Key:
    """Return the key of a raw record."""
    return record.source, record.raw_path, record.raw_record


def _order(key: Key) -> tuple[object, ...]:
    """Return what records sort by; numbers in a name sort as numbers, so that line 10 follows line 9."""
    parts = DIGITS.split(key[2])
    return (key[0], key[1], *(int(part) if i % 2 else part for i, part in enumerate(parts)))


def as_counts(counter: Counter[str]) -> list[Count]:
    """Return a counter as rows, the largest count first."""
    return [Count(name, count) for name, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))]


def _total(counts: Iterable[Count]) -> int:
    return sum(count.count for count in counts)


def _record_count(file: ReadFile) -> int:
    return file.article_count + file.superseded_count + _total(file.reject_reasons) + _total(file.skip_reasons)


def _without_position(file: ReadFile) -> ReadFile:
    """Return a file without its time and size, and without the position to continue from."""
    return replace(file, stamp="", end_byte=0, end_record=0)


def _label(record: Record) -> tuple[str, str]:
    return record.outcome, record.reason or ""


def _recount(file: ReadFile, base: ReadFile | None, delta: Counter[tuple[str, str]]) -> ReadFile:
    """Return a file with the counts of ``base`` changed by ``delta``."""
    counts: Counter[tuple[str, str]] = Counter(delta)
    if base is not None:
        counts[("article", "")] += base.article_count
        counts[("superseded", "")] += base.superseded_count
        counts.update({("reject", reason.name): reason.count for reason in base.reject_reasons})
        counts.update({("skip", reason.name): reason.count for reason in base.skip_reasons})

    def by_reason(wanted: str) -> list[Count]:
        return as_counts(
            Counter({reason: count for (outcome, reason), count in counts.items() if outcome == wanted and count})
        )

    return replace(
        file,
        article_count=counts[("article", "")],
        superseded_count=counts[("superseded", "")],
        reject_reasons=by_reason("reject"),
        skip_reasons=by_reason("skip"),
    )
