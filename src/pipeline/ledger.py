"""What became of each raw record: nothing is lost silently, and nothing is counted twice.

A record *claims* the article it was read as. Where several records claim one article, the one collected last wins and
the others are superseded. The outcome depends on the set of records only, not on how they were split into runs.

A ledger holds the records that a run touches: those of files that changed, and those that claim the same articles. Of
the others it knows, by file, how many there are.
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
LONG_AGO = datetime.min.replace(tzinfo=UTC)
# Reasons that say nothing of the bytes: the same file may be read next time.
PASSING_REASONS = frozenset({"unreadable"})
DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the version before knows of raw records; looked up where it is needed."""

    files: Sequence[ReadFile] = ()
    find_records: Callable[[Literal["raw_path", "article_id", "is_there"], Iterable[object]], list[Record]] = (
        lambda _column, _values: []
    )
    # For each of some articles that has rows, the record that they were made from.
    find_holders: Callable[[Iterable[str]], Mapping[str, Key]] = lambda _article_ids: {}


class Ledger:
    """The records of a data set while a run changes them."""

    def __init__(
        self,
        memory: Memory,
        recipe: str,
        made_by: str,
        is_redone: Callable[[str, str, str | None], bool] = lambda _made_by, _outcome, _reason: False,
    ) -> None:
        """Start from what the current version knows.

        Args:
            memory: what that is.
            recipe: fingerprint of this run's settings.
            made_by: the code that curates in this run.
            is_redone: tells of the code that made a record, its outcome and the reason whether this run makes it again
                though it is there already, unchanged.
        """
        self._memory = memory
        self._recipe = recipe
        self.made_by = made_by
        self._is_redone = is_redone
        self._files = {(file.source, file.raw_path): file for file in memory.files}
        self._files_before = dict(self._files)
        self._records: dict[Key, Record] = {}  # those loaded, as they stand now
        self._before: dict[Key, Record] = {}  # … and as they stood
        self._holders: dict[str, Key | None] = {}  # by article_id, as far as they were asked for
        self._claimed: set[str] = set()  # articles whose claims this run changes
        self._claims: dict[str, set[Key]] = defaultdict(set)  # by article_id, of the records loaded
        self._loaded_claims: set[str] = set()  # articles all of whose claims are loaded
        self._staged: set[tuple[str, Key]] = set()  # articles whose rows this run has made
        self._by_file: dict[FileKey, set[Key]] = defaultdict(set)  # of the records loaded
        self._seen: set[Key] = set()  # records that came in with this run, one by one
        self._read_again: set[Key] = set()  # … with their file or not at all, and are then read for themselves
        self._unread: set[FileKey] = set()  # files whose records came in unread
        self._erased: list[Record] = []  # records that are there and are skipped from now on
        self._read: dict[FileKey, Counter[str]] = {}  # files that were read, and what was skipped there
        self._skips: Counter[str] = Counter()

    # ── Files ──────────────────────────────────────────────────────────────────────────────────────────────────

    def file(self, source: str, raw_path: str) -> ReadFile | None:
        """A raw file as it was when it was last read to its end; None where it is to be read whatever it holds."""
        file = self._files_before.get((source, raw_path))
        return file if file is not None and file.recipe == self._recipe else None

    def load(self, source: str, raw_paths: Iterable[str]) -> None:
        """Recall what became of the records of some files."""
        for record in self._memory.find_records("raw_path", raw_paths):
            if record.source == source:
                self._recall(record)

    def _recall(self, record: Record) -> None:
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

    def note_unread(self, file: ReadFile, stamp: str) -> int:
        """A raw file that came in again as it was: so did its records.

        Args:
            file: what is known of it.
            stamp: what the file system says of it now.

        Returns:
            How many records that is.
        """
        key = file.source, file.raw_path
        self._unread.add(key)
        self._files[key] = replace(file, stamp=stamp)
        self._skips.update({skip.name: skip.count for skip in file.skip_reasons})
        return _record_count(file)

    def note_grown(self, file: ReadFile) -> int:
        """A raw file that has only grown: what it held before came in again, and what follows is to be read.

        Returns:
            How many records it held.
        """
        return self.note_unread(file, file.stamp)

    def note_read(self, file: ReadFile, skips: Counter[str]) -> None:
        """A raw file that was read to its end, or from where it has grown.

        Refused records that it does not hold any more are forgotten. Articles that it does not hold any more stay.

        Args:
            file: the file as it is now; its counts are filled in when the run is settled.
            skips: its records that are no articles.
        """
        key = file.source, file.raw_path
        own = set(self._by_file[key])
        if key not in self._unread:
            for each in own - self._seen:
                self._leave(each)
        if not all(record.is_there for each in own if (record := self._records.get(each))):
            file = replace(file, end_byte=0, end_record=0)  # what is appended may take the name of what has left
        came = (self._records[each] for each in own & self._seen)
        if file.file_sha256 and not any(record.reason in PASSING_REASONS for record in came):
            self._files[key] = file
            self._read[key] = skips
        else:
            self._files.pop(key, None)

    def _leave(self, key: Key) -> None:
        """A record that its file does not hold any more."""
        record = self._records[key]
        if record.outcome == "reject" and record.article_id is None:
            self.forget(key)
        else:
            self._records[key] = replace(record, is_there=False)

    def note_gone(self, source: str, raw_paths: Iterable[str], *, with_articles: bool) -> None:
        """Files that are not there any more: what was refused of them is refused no longer.

        Args:
            source: their collection.
            raw_paths: the files; their records are loaded.
            with_articles: whether the articles that were read from them go too.
        """
        for raw_path in raw_paths:
            for key in set(self._by_file[source, raw_path]):
                if with_articles:
                    self.forget(key)
                else:
                    self._leave(key)
            self._files.pop((source, raw_path), None)

    def prune(self, source: str) -> None:
        """Let all records of a source go that their files do not hold any more, and the articles made of them."""
        for record in self._memory.find_records("is_there", [False]):
            self._recall(record)
        for key in [key for key, record in self._records.items() if key[0] == source and not record.is_there]:
            self.forget(key)

    # ── Records ────────────────────────────────────────────────────────────────────────────────────────────────

    def is_known(self, key: Key) -> bool:
        """Whether a record came in with an earlier run; its file is loaded."""
        return key in self._before

    def is_unchanged(self, key: Key, content_sha256: str) -> bool:
        """Whether a record is there already, made of the same bytes by the same recipe, and need not be made again."""
        record = self._before.get(key)
        # A refused record that keeps its article keeps the content of that too.
        if (
            record is None
            or (record.outcome == "reject" and record.article_id)
            or self._is_redone(record.made_by, record.outcome, record.reason)
        ):
            return False
        return (record.content_sha256, record.recipe) == (content_sha256, self._recipe)

    def note_unchanged(self, key: Key) -> None:
        """A record that came in again as it was, in a file that may have changed around it."""
        record = self._records[key]
        self._records[key] = replace(record, is_there=True)
        if record.article_id and record.outcome == "superseded":
            self._claimed.add(record.article_id)  # when that was settled last, this may not have been there
        self._see(key)

    def has_seen(self, key: Key) -> bool:
        """Whether a record came in with this run, read one by one."""
        return key in self._seen

    def _see(self, key: Key) -> None:
        if key in self._seen:
            raise LedgerError(f"record {key} came in twice in one run")
        self._seen.add(key)

    def note_skip(self, reason: str) -> None:
        """A record that is no article."""
        self._skips[reason] += 1

    def note_article(self, key: Key, content_sha256: str, article_id: str, fetched_at: datetime | None) -> None:
        """A record that was read as an article, whose rows are staged."""
        before = self._before.get(key)
        count = 1
        if before and before.article_id == article_id:
            count = before.content_count + (before.content_sha256 != content_sha256)
        self._note(key, content_sha256, "article", None, article_id, fetched_at, count)
        self._staged.add((article_id, key))

    def note_reject(self, reject: Reject, content_sha256: str) -> Reject:
        """A record that was refused; the rows it gave before, if any, stay, and the reject says so.

        Its record then keeps the content of those rows: what was refused is no revision of the article.
        """
        key = (reject.source, reject.raw_path, reject.raw_record)
        before = self._before.get(key)
        if before and before.article_id and self._is_holder(before):
            kept = before.article_id, before.fetched_at, before.content_count
            self._note(key, before.content_sha256, "reject", reject.reason, *kept)
            return replace(reject, detail=f"{reject.detail}; the last good revision of its article stays")
        self._note(key, content_sha256, "reject", reject.reason, None, None, 0)
        return reject

    def refuse(self, article_id: str, reject: Reject) -> Reject:
        """Refuse a staged article after all: its record is a reject now."""
        key = (reject.source, reject.raw_path, reject.raw_record)
        self._staged.discard((article_id, key))
        return self.note_reject(reject, self._records[key].content_sha256)

    def restage(self, article_id: str, key: Key) -> None:
        """A published article whose rows come anew, though its record has not changed."""
        self._claimed.add(article_id)
        self._staged.add((article_id, key))

    def erase(self, article_ids: Iterable[str]) -> None:
        """Drop all records of some articles, which are to be kept out from now on: they are skipped."""
        self._claimed |= set(article_ids)
        self._load_claims()
        for article_id in article_ids:
            for key in set(self._claims[article_id]):
                record = self._records.get(key)
                if record is not None and record.article_id == article_id:
                    self._erased += [record] if record.is_there else []
                    self.forget(key)

    def forget(self, key: Key) -> None:
        """Drop a record that is none any more: a folder that can be opened now, a file that is gone."""
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
        at: datetime | None,
        count: int,
    ) -> None:
        before = self._before.get(key)
        self._claimed |= {each for each in (article_id, before and before.article_id) if each}
        made = (self._recipe, self.made_by)
        self._put(Record(*key, content_sha256, True, *made, outcome, reason, article_id, at, count))
        if key not in self._read_again:
            self._seen.add(key)

    # ── Which record an article is taken from ──────────────────────────────────────────────────────────────────

    def settle(self, is_present: Callable[[Key], bool]) -> tuple[dict[str, Key], set[Key]]:
        """Decide which record each article is taken from whose claims this run changes, and mark the others superseded.

        Args:
            is_present: whether a record's file can be read again in this run.

        Returns:
            The winning record of each such article, and those winners whose rows are neither staged nor published: they
            were superseded once, and must be read again.
        """
        self._load_claims()
        winners: dict[str, Key] = {}
        for article_id in self._claimed:
            for *_, key in sorted(self._rank_claims(article_id), reverse=True):
                if self._has_rows(article_id, key) or is_present(key):
                    winners[article_id] = key
                    break
                self._mislay(key)
            self._mark(article_id, winners.get(article_id))
        unread = {key for article_id, key in winners.items() if not self._has_rows(article_id, key)}
        self._read_again |= unread - self._seen
        return winners, unread

    def _rank_claims(self, article_id: str) -> Iterator[tuple[datetime, bool, tuple[object, ...], Key]]:
        """The records that an article may be taken from: those it has rows of, and those that may be read again.

        The last one wins; of those collected at one time, one that its file still holds.
        """
        for key in self._claims[article_id]:
            record = self._records.get(key)
            if record is not None and record.article_id == article_id:
                may_be_read = record.outcome != "reject" and record.is_there
                if may_be_read or self._has_rows(article_id, key):
                    yield record.fetched_at or LONG_AGO, record.is_there, _order(key), key

    def _mislay(self, key: Key) -> None:
        """A record that an article should be taken from and cannot be now: its file is read when it is there again."""
        if file := self._files.get(key[:2]):
            self._files[key[:2]] = replace(file, recipe="")

    def _load_claims(self) -> None:
        wanted = self._claimed - self._loaded_claims
        for record in self._memory.find_records("article_id", wanted):
            self._recall(record)
        self._loaded_claims |= wanted
        self._load_holders(wanted)

    def _load_holders(self, article_ids: Iterable[str]) -> None:
        """Learn which records the published rows of some articles were made from."""
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
        """Whether the published rows of its article were made from a record."""
        if before.outcome == "reject" and before.article_id not in self._holders:
            self._load_holders(record.article_id for record in self._before.values() if record.article_id)
        key = key_of(before)
        return before.outcome == "article" or self._holders.get(before.article_id or "") == key

    def is_staged(self, article_id: str, key: Key) -> bool:
        """Whether this run has made rows of the article from that record."""
        return (article_id, key) in self._staged

    def _has_rows(self, article_id: str, key: Key) -> bool:
        return self.is_staged(article_id, key) or self._holders.get(article_id) == key

    def claimed(self) -> set[str]:
        """The articles whose claims this run changes."""
        return set(self._claimed)

    def has_new_content(self, article_id: str, key: Key) -> bool:
        """Whether a record holds something else than what the article's published rows were made from."""
        holder = self._holders.get(article_id)
        before = self._before.get(holder) if holder else None
        return before is None or before.content_sha256 != self._records[key].content_sha256

    def revisions(self) -> dict[str, int]:
        """How many different contents each of these articles has had over all its records that claim it now."""
        counts: Counter[str] = Counter()
        for article_id in self._claimed:
            for key in self._claims[article_id]:
                record = self._records.get(key)
                if record is not None and record.article_id == article_id:
                    counts[article_id] += record.content_count
        return dict(counts)

    # ── The end of a run ───────────────────────────────────────────────────────────────────────────────────────

    def has_changed(self) -> bool:
        """Whether this run has anything to publish."""
        if self._staged or self._records != self._before:
            return True
        now, then = ({key: _lasting(file) for key, file in each.items()} for each in (self.files(), self._files_before))
        return now != then

    def touched(self) -> Set[Key]:
        """The records that this run has loaded or made."""
        return self._before.keys() | self._records.keys()

    def refused(self) -> set[Key]:
        """Those of them that are refused now."""
        return {key for key, record in self._records.items() if record.outcome == "reject"}

    def changed_records(self) -> tuple[list[Record], list[Key]]:
        """The records that are not as they were, and the keys of those that are gone."""
        changed = [record for key, record in self._records.items() if record != self._before.get(key)]
        return changed, list(self._before.keys() - self._records.keys())

    def changed_files(self) -> tuple[list[ReadFile], list[FileKey]]:
        """The files of which something else is known than before, and the keys of those that are gone."""
        files = self.files()
        changed = [file for key, file in files.items() if file != self._files_before.get(key)]
        return changed, list(self._files_before.keys() - files.keys())

    def files(self) -> dict[FileKey, ReadFile]:
        """The raw files that were read to their end, as they stand now."""
        files = dict(self._files)
        deltas: dict[FileKey, Counter[tuple[str, str]]] = defaultdict(Counter)
        for was, now in self._shifts():
            deltas[key_of(was)[:2]].update({_label(now): 1})
            deltas[key_of(was)[:2]].subtract({_label(was): 1})
        for was in self._erased:
            deltas[key_of(was)[:2]].update({("skip", "forgotten"): 1})
            deltas[key_of(was)[:2]].subtract({_label(was): 1})
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
        """Whether what a file held when it was last read is counted by file, not by record."""
        return file_key in self._unread or file_key not in self._read

    def _shifts(self) -> list[tuple[Record, Record]]:
        """The records that are counted by file and are now something else: as they were, and as they are."""
        return [
            (was, now)
            for key, was in self._before.items()
            if was.is_there and key not in self._seen and self._is_counted_before(key[:2])
            if (now := self._records.get(key)) and (now != was or key in self._read_again)
        ]

    def counts(self) -> dict[str, int]:
        """The run's ledger: what became of the records that came in."""
        found = Counter(self._fate(key) for key in self._seen)
        for key in self._unread:
            file = self._files_before[key]
            found["unchanged"] += file.article_count
            found["superseded"] += file.superseded_count
            found["reject"] += _total(file.reject_reasons)
        for was, now in self._shifts():
            if key_of(was)[:2] in self._unread:
                found["unchanged" if was.outcome == "article" else was.outcome] -= 1
                found[self._fate(key_of(now))] += 1
        names = ("new", "changed", "unchanged", "superseded", "reject")
        return {f"{name}_count": found[name] for name in names} | {"skip_count": self._skips.total()}

    def newly_refused(self) -> int:
        """Records that are refused now, and were not for the same reason and content before."""
        return sum(map(self._is_newly_refused, self._records))

    def _is_newly_refused(self, key: Key) -> bool:
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
        """Refused records of this run by reason."""
        found = Counter(self._records[key].reason for key in self._seen if self._records[key].outcome == "reject")
        for file_key in self._unread:
            found.update({each.name: each.count for each in self._files_before[file_key].reject_reasons})
        for was, now in self._shifts():
            if key_of(was)[:2] in self._unread:
                found.update([now.reason] if now.outcome == "reject" else [])
                found.subtract([was.reason] if was.outcome == "reject" else [])
        return as_counts(Counter({reason or "": count for reason, count in found.items() if count}))

    def skip_reasons(self) -> list[Count]:
        """Skipped records of this run by reason."""
        return as_counts(self._skips)


def key_of(record: Record) -> Key:
    """What identifies a raw record."""
    return record.source, record.raw_path, record.raw_record


def _order(key: Key) -> tuple[object, ...]:
    """Where a record stands among others: numbers in its name count as numbers, so that line 10 follows line 9."""
    parts = DIGITS.split(key[2])
    return (key[0], key[1], *(int(part) if at % 2 else part for at, part in enumerate(parts)))


def as_counts(counter: Counter[str]) -> list[Count]:
    """A counter as rows, the largest first."""
    return [Count(name, count) for name, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))]


def _total(counts: Iterable[Count]) -> int:
    return sum(each.count for each in counts)


def _record_count(file: ReadFile) -> int:
    return file.article_count + file.superseded_count + _total(file.reject_reasons) + _total(file.skip_reasons)


def _lasting(file: ReadFile) -> ReadFile:
    """What is known of a file, without what says where to look next time."""
    return replace(file, stamp="", end_byte=0, end_record=0)


def _label(record: Record) -> tuple[str, str]:
    return record.outcome, record.reason or ""


def _recount(file: ReadFile, base: ReadFile | None, delta: Counter[tuple[str, str]]) -> ReadFile:
    """A file with its records counted: those of ``base``, and what comes to them."""
    counts: Counter[tuple[str, str]] = Counter(delta)
    if base is not None:
        counts[("article", "")] += base.article_count
        counts[("superseded", "")] += base.superseded_count
        counts.update({("reject", each.name): each.count for each in base.reject_reasons})
        counts.update({("skip", each.name): each.count for each in base.skip_reasons})

    def by_reason(kind: str) -> list[Count]:
        return as_counts(Counter({reason: count for (each, reason), count in counts.items() if each == kind and count}))

    return replace(
        file,
        article_count=counts[("article", "")],
        superseded_count=counts[("superseded", "")],
        reject_reasons=by_reason("reject"),
        skip_reasons=by_reason("skip"),
    )
