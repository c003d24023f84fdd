"""What became of each raw record: nothing is lost silently, and nothing is counted twice.

A record *claims* the article it was read as. Where several records claim one article, the one collected last wins and
the others are superseded. The outcome depends on the set of records only, not on how they were split into runs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pipeline.contract import Count, Outcome, ReadFile, Record, Reject
from pipeline.errors import LedgerError

Key = tuple[str, str, str]  # source, raw_path, raw_record
LONG_AGO = datetime.min.replace(tzinfo=UTC)
# Reasons that say nothing of the bytes: the same file may be read next time.
PASSING_REASONS = frozenset({"unreadable"})
DIGITS = re.compile(r"(\d+)")


class Ledger:
    """The records of a data set while a run changes them."""

    def __init__(
        self,
        records: Iterable[Record],
        holders: Mapping[str, Key],
        recipe: str,
        files: Iterable[ReadFile] = (),
        *,
        is_reprocessing: bool = False,
    ) -> None:
        """Start from what the current version knows.

        Args:
            records: what became of each raw record before.
            holders: for each published article_id, the record its rows were made from.
            recipe: fingerprint of this run's settings.
            files: the raw files that were read to their end.
            is_reprocessing: whether this run takes nothing as read or unchanged.
        """
        self._is_reprocessing = is_reprocessing
        self._records = {key_of(record): record for record in records}
        self._before = dict(self._records)
        self._files = {(file.source, file.raw_path): file for file in files}
        self._files_before = dict(self._files)
        self._holders = holders
        self._recipe = recipe
        self._staged: set[tuple[str, Key]] = set()  # articles whose rows this run has made
        self._seen: set[Key] = set()  # records that came in with this run
        self._skips: Counter[str] = Counter()

    def known(self, source: str) -> dict[str, list[Record]]:
        """The records of one source, by raw_path."""
        found = defaultdict(list)
        for record in self._records.values():
            if record.source == source:
                found[record.raw_path].append(record)
        return dict(found)

    def records(self) -> list[Record]:
        """All records as they stand now."""
        return list(self._records.values())

    def files(self) -> list[ReadFile]:
        """The raw files that were read to their end, as they stand now."""
        return list(self._files.values())

    # ── Files ──────────────────────────────────────────────────────────────────────────────────────────────────

    def is_read(self, source: str, raw_path: str, file_sha256: str) -> bool:
        """Whether a raw file was read to its end as it is now, by this recipe, and need not be read again."""
        if self._is_reprocessing:
            return False
        file = self._files.get((source, raw_path))
        return file is not None and (file.file_sha256, file.recipe) == (file_sha256, self._recipe)

    def note_unread(self, source: str, raw_path: str, records: Iterable[Record]) -> int:
        """A raw file that came in again as it was: so did the records that it held.

        Args:
            source: its collection.
            raw_path: the file.
            records: all that are known of it; those that an earlier state of the file held do not come in.

        Returns:
            How many records that is.
        """
        file = self._files[source, raw_path]
        came = [key_of(record) for record in records if record.file_sha256 == file.file_sha256]
        for key in came:
            self._see(key)
        skips = {skip.name: skip.count for skip in file.skip_reasons}
        self._skips.update(skips)
        return len(came) + sum(skips.values())

    def note_read(
        self, source: str, raw_path: str, file_sha256: str, skips: Counter[str], records: Iterable[Record]
    ) -> None:
        """A raw file that was read to its end.

        Refused records that it does not hold any more are forgotten. Articles that it does not hold any more stay.

        Args:
            source: its collection.
            raw_path: the file.
            file_sha256: its fingerprint.
            skips: its records that are no articles.
            records: all that are known of it.
        """
        came = []
        for record in records:
            key = key_of(record)
            if key in self._seen:
                came.append(self._records[key])
            elif record.outcome == "reject" and record.article_id is None:
                del self._records[key]
        if file_sha256 and not any(record.reason in PASSING_REASONS for record in came):
            self._files[source, raw_path] = ReadFile(source, raw_path, file_sha256, self._recipe, as_counts(skips))
        else:
            self._files.pop((source, raw_path), None)

    # ── Records ────────────────────────────────────────────────────────────────────────────────────────────────

    def is_known(self, key: Key) -> bool:
        """Whether a record came in with an earlier run."""
        return key in self._before

    def is_unchanged(self, key: Key, content_sha256: str) -> bool:
        """Whether a record is there already, made of the same bytes by the same recipe, and need not be made again."""
        record = self._before.get(key)
        if (
            self._is_reprocessing or record is None or (record.outcome == "reject" and record.article_id)
        ):  # the latter keeps an earlier content
            return False
        return (record.content_sha256, record.recipe) == (content_sha256, self._recipe)

    def note_unchanged(self, key: Key, file_sha256: str) -> None:
        """A record that came in again as it was, in a file that may have changed around it."""
        self._records[key] = replace(self._records[key], file_sha256=file_sha256)
        self._see(key)

    def has_seen(self, key: Key) -> bool:
        """Whether a record came in with this run."""
        return key in self._seen

    def _see(self, key: Key) -> None:
        if key in self._seen:
            raise LedgerError(f"record {key} came in twice in one run")
        self._seen.add(key)

    def note_skip(self, reason: str) -> None:
        """A record that is no article."""
        self._skips[reason] += 1

    def note_article(
        self, key: Key, content_sha256: str, file_sha256: str, article_id: str, fetched_at: datetime | None
    ) -> None:
        """A record that was read as an article, whose rows are staged."""
        before = self._before.get(key)
        count = 1
        if before and before.article_id == article_id:
            count = before.content_count + (before.content_sha256 != content_sha256)
        self._note(key, content_sha256, file_sha256, "article", None, article_id, fetched_at, count)
        self._staged.add((article_id, key))

    def note_reject(self, reject: Reject, content_sha256: str, file_sha256: str) -> Reject:
        """A record that was refused; the rows it gave before, if any, stay, and the reject says so.

        Its record then keeps the content of those rows: what was refused is no revision of the article.
        """
        key = (reject.source, reject.raw_path, reject.raw_record)
        before = self._before.get(key)
        if before and before.article_id and self._holders.get(before.article_id) == key:
            kept = before.article_id, before.fetched_at, before.content_count
            self._note(key, before.content_sha256, file_sha256, "reject", reject.reason, *kept)
            return replace(reject, detail=f"{reject.detail}; the last good revision of its article stays")
        self._note(key, content_sha256, file_sha256, "reject", reject.reason, None, None, 0)
        return reject

    def refuse(self, article_id: str, reject: Reject) -> Reject:
        """Refuse a staged article after all: its record is a reject now."""
        key = (reject.source, reject.raw_path, reject.raw_record)
        self._staged.discard((article_id, key))
        record = self._records[key]
        return self.note_reject(reject, record.content_sha256, record.file_sha256)

    def forget(self, key: Key) -> None:
        """Drop a record that is none any more: a folder that can be opened now."""
        self._records.pop(key, None)

    def _note(
        self,
        key: Key,
        content_sha256: str,
        file_sha256: str,
        outcome: Outcome,
        reason: str | None,
        article_id: str | None,
        at: datetime | None,
        count: int,
    ) -> None:
        self._records[key] = Record(
            *key, content_sha256, file_sha256, self._recipe, outcome, reason, article_id, at, count
        )
        self._seen.add(key)

    def settle(self, source: str, fingerprints: Mapping[str, str]) -> tuple[dict[str, Key], set[Key]]:
        """Decide which record each article is taken from, and mark the others superseded.

        Args:
            source: the collection of this run.
            fingerprints: of its raw files that can be read again in this run, by raw_path.

        Returns:
            The winning record of each article, and those winners whose rows are neither staged nor published: they
            were superseded once, and must be read again.
        """
        claims: dict[str, list[tuple[datetime, tuple[object, ...], Key]]] = defaultdict(list)
        for key, record in self._records.items():
            article_id = record.article_id
            if article_id is None:
                continue
            has_rows = (article_id, key) in self._staged or self._holders.get(article_id) == key
            is_there = record.source == source and fingerprints.get(record.raw_path) == record.file_sha256
            if has_rows or (is_there and record.outcome != "reject"):
                claims[article_id].append((record.fetched_at or LONG_AGO, _order(key), key))
        winners = {article_id: max(claim)[-1] for article_id, claim in claims.items()}
        for key, record in self._records.items():
            if record.article_id is not None and record.outcome != "reject":
                outcome: Outcome = "article" if winners.get(record.article_id) == key else "superseded"
                self._records[key] = replace(record, outcome=outcome)
        return winners, {key for article_id, key in winners.items() if not self._has_rows(article_id, key)}

    def is_staged(self, article_id: str, key: Key) -> bool:
        """Whether this run has made rows of the article from that record."""
        return (article_id, key) in self._staged

    def _has_rows(self, article_id: str, key: Key) -> bool:
        return self.is_staged(article_id, key) or self._holders.get(article_id) == key

    def revisions(self) -> dict[str, int]:
        """How many different contents each article has had over all its records."""
        counts: Counter[str] = Counter()
        for record in self._records.values():
            if record.article_id is not None:
                counts[record.article_id] += record.content_count
        return dict(counts)

    def has_changed(self) -> bool:
        """Whether this run has anything to publish."""
        return bool(self._staged) or self._records != self._before or self._files != self._files_before

    def counts(self) -> dict[str, int]:
        """The run's ledger: what became of the records that came in."""
        found = Counter(self._fate(key) for key in self._seen)
        names = ("new", "changed", "unchanged", "superseded", "reject")
        return {f"{name}_count": found[name] for name in names} | {"skip_count": self._skips.total()}

    def _fate(self, key: Key) -> str:
        record = self._records[key]
        if record.outcome in ("reject", "superseded"):
            return record.outcome
        if record.article_id not in self._holders:
            return "new"
        before = self._before.get(key)
        is_same = before is not None and before.content_sha256 == record.content_sha256
        return "unchanged" if is_same and before.outcome != "superseded" else "changed"  # type: ignore[union-attr]

    def reject_reasons(self) -> list[Count]:
        """Refused records of this run by reason."""
        reasons = (self._records[key] for key in self._seen)
        return as_counts(Counter(record.reason or "" for record in reasons if record.outcome == "reject"))

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
