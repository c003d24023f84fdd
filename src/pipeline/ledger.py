"""What became of each raw record: nothing is lost silently, and nothing is counted twice.

A record *claims* the article it was read as. Where several records claim one article, the one collected last wins and
the others are superseded. The outcome depends on the set of records only, not on how they were split into runs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pipeline.contract import Count, Outcome, Record, Reject

Key = tuple[str, str, str]  # source, raw_path, raw_record
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Ledger:
    """The records of a data set while a run changes them."""

    def __init__(self, records: Iterable[Record], holders: Mapping[str, Key], recipe: str) -> None:
        """Start from what the current version knows.

        Args:
            records: what became of each raw record before.
            holders: for each published article_id, the record its rows were made from.
            recipe: fingerprint of this run's settings.
        """
        self._records = {key_of(record): record for record in records}
        self._before = dict(self._records)
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

    def note_unchanged(self, record: Record) -> None:
        """A record that came in again as it was."""
        self._seen.add(key_of(record))

    def has_seen(self, key: Key) -> bool:
        """Whether a record came in with this run."""
        return key in self._seen

    def seen_paths(self) -> set[str]:
        """The raw files of which any record came in with this run."""
        return {raw_path for _, raw_path, _ in self._seen}

    def note_skip(self, reason: str) -> None:
        """A record that is no article."""
        self._skips[reason] += 1

    def note_article(self, key: Key, sha256: str, article_id: str, fetched_at: datetime | None) -> None:
        """A record that was read as an article, whose rows are staged."""
        self._note(key, sha256, "article", None, article_id, fetched_at)
        self._staged.add((article_id, key))

    def note_reject(self, reject: Reject, sha256: str) -> Reject:
        """A record that was refused; the rows it gave before, if any, stay, and the reject says so."""
        key = (reject.source, reject.raw_path, reject.raw_record)
        before = self._before.get(key)
        if before and before.article_id and self._holders.get(before.article_id) == key:
            self._note(key, sha256, "reject", reject.reason, before.article_id, before.fetched_at)
            return replace(reject, detail=f"{reject.detail}; the last good revision of its article stays")
        self._note(key, sha256, "reject", reject.reason, None, None)
        return reject

    def refuse(self, article_id: str, reject: Reject) -> Reject:
        """Refuse a staged article after all: its record is a reject now."""
        key = (reject.source, reject.raw_path, reject.raw_record)
        self._staged.discard((article_id, key))
        return self.note_reject(reject, self._records[key].file_sha256)

    def forget(self, key: Key) -> None:
        """Drop a record that is none any more: a folder that can be opened now."""
        self._records.pop(key, None)

    def _note(
        self, key: Key, sha256: str, outcome: Outcome, reason: str | None, article_id: str | None, at: datetime | None
    ) -> None:
        before = self._before.get(key)
        count = before.content_count + (before.file_sha256 != sha256) if before else 1
        self._records[key] = Record(*key, sha256, self._recipe, outcome, reason, article_id, at, count)
        self._seen.add(key)

    def settle(self, source: str, readable: set[str]) -> tuple[dict[str, Key], set[Key]]:
        """Decide which record each article is taken from, and mark the others superseded.

        Args:
            source: the collection of this run.
            readable: its raw files that can be read again in this run.

        Returns:
            The winning record of each article, and those winners whose rows are neither staged nor published: they
            were superseded once, and must be read again.
        """
        claims: dict[str, list[tuple[datetime, Key]]] = defaultdict(list)
        for key, record in self._records.items():
            article_id = record.article_id
            if article_id is None:
                continue
            has_rows = (article_id, key) in self._staged or self._holders.get(article_id) == key
            can_read = record.outcome != "reject" and record.source == source and record.raw_path in readable
            if has_rows or can_read:
                claims[article_id].append((record.fetched_at or LONG_AGO, key))
        winners = {article_id: max(claim)[1] for article_id, claim in claims.items()}
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
        return self._records != self._before

    def counts(self) -> dict[str, int]:
        """The run's ledger: how many records came in and what became of them."""
        found = Counter(self._fate(key) for key in self._seen)
        names = ("new", "changed", "unchanged", "superseded", "reject")
        counts = {f"{name}_count": found[name] for name in names} | {"skip_count": self._skips.total()}
        return counts

    def _fate(self, key: Key) -> str:
        record = self._records[key]
        if record.outcome in ("reject", "superseded"):
            return record.outcome
        if record.article_id not in self._holders:
            return "new"
        before = self._before.get(key)
        is_same = before is not None and before.file_sha256 == record.file_sha256
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


def as_counts(counter: Counter[str]) -> list[Count]:
    """A counter as rows, the largest first."""
    return [Count(name, count) for name, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))]
