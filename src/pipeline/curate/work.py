"""A run under way: what it was told, what it knows, and what it has made so far."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import report, store
from pipeline.accuracy import Accuracy
from pipeline.batches import Batch, Task
from pipeline.contract import Alert, Attributions, Drift, Finding, RawRef, ReadFile, Reject, Run, from_table
from pipeline.drift import DriftSettings
from pipeline.entities import Knowledge
from pipeline.errors import UsageError
from pipeline.ledger import Key, Ledger, Memory
from pipeline.read import Bookmark, RawFile, is_remote
from pipeline.settings import Settings
from pipeline.staging import STAGED_AT, Place, Staging, no_rows
from pipeline.store import RECORD_KEY

Progress = Callable[[str, int, int], None]  # what is counted, done, of how many


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person wants to know when a run is over."""

    outcome: report.RunOutcome
    run: Run
    report: Path | None
    sample: pa.Table | None = None  # of a dry run: some quotes
    waiting: int = 0  # corrections whose quotes are not there now
    drift: Sequence[Drift] = ()  # what came in within a day, against what is usual
    alerts: Sequence[Alert] = ()  # what people are to be told at once


@dataclass(frozen=True, slots=True)
class Staged:
    """Where an article's rows stand, and the month they belong to."""

    place: Place
    month: str


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """A file of entities, as it is when the run begins."""

    path: Path
    sha256: str


class Holdings:
    """The articles of the version before, looked up as they are needed, each once."""

    def __init__(self, previous: store.Version | None) -> None:
        """Know nothing yet.

        Args:
            previous: the version before.
        """
        self._previous = previous
        self._found: dict[str, store.PublishedArticle | None] = {}

    def look_up(self, article_ids: Iterable[str]) -> dict[str, store.PublishedArticle]:
        """Those of some articles that are there, by article_id."""
        wanted = set(article_ids)
        unknown = wanted - self._found.keys()
        if self._previous and unknown:
            self._found |= dict.fromkeys(unknown) | dict(self._previous.find_articles(unknown))
        return {each: held for each in wanted if (held := self._found.get(each))}


@dataclass(frozen=True, slots=True)
class Source:
    """A raw file that is to be read."""

    file: RawFile
    sha256: str
    after: Bookmark  # where to begin

    @property
    def raw_path(self) -> str:
        """Its path within RAW."""
        return self.file.raw_path


@dataclass(slots=True)
class Work:
    """A run under way: what it was told, what it knows, and what it has made so far."""

    raw: str
    source: str
    settings: Settings
    run_batches: Callable[[Iterable[Task]], Iterable[Batch]]
    progress: Progress
    previous: store.Version | None
    attributions: Attributions  # which the quotes of the data set are of when the run is over
    knowledge_base: KnowledgeBase | None  # of the user's own, that entities are linked to
    accuracy: Accuracy  # of the model that makes them
    holdings: Holdings
    recipe: str  # fingerprint of the settings that decide what a record becomes
    watching: DriftSettings  # what counts as usual, and what people are told at once
    is_redone: Callable[[str, str, str | None], bool]  # by made_by, outcome, reason: see Ledger
    ledger: Ledger
    scratch: Path  # a folder for what is made on the way
    staging: Staging
    forgotten: frozenset[str]  # article_ids that are kept out
    run_id: str
    started_at: datetime
    knowledge: Knowledge | None = None  # its index; made when the run has something to do
    came_in: int = 0  # raw records, counted where they are read: the ledger must account for as many
    files: dict[str, RawFile] = field(default_factory=dict)  # those that can be read, by raw_path
    staged: dict[tuple[str, Key], Staged] = field(default_factory=dict)  # by article_id and record
    rejects: dict[Key, Reject] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    drift: Sequence[Drift] = ()  # what was measured against what is usual
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add to the time that a stage took."""
        start = time.perf_counter()
        yield
        self.timings[stage] = self.timings.get(stage, 0.0) + time.perf_counter() - start


def full_path(raw: str) -> str:
    """RAW as it can be found from anywhere."""
    return raw if is_remote(raw) else str(Path(raw).resolve())


def key_of_row(row: Mapping[str, Any]) -> Key:
    """The record that a row of articles was made from."""
    return row["source"], row["raw_path"], row["raw_record"]


def key_of_ref(ref: RawRef) -> Key:
    """The record at a place of RAW."""
    return ref.source, ref.raw_path, ref.raw_record


def memory_of(previous: store.Version | None, holdings: Holdings) -> Memory:
    """What the version before knows of raw records."""
    if previous is None:
        return Memory()
    return Memory(
        from_table(previous.read("files"), ReadFile),
        previous.find_records,
        lambda article_ids: {each: held.key for each, held in holdings.look_up(article_ids).items()},
    )


def refuse_mixture(work: Work, is_made_anew: Callable[[str, Key], bool]) -> None:
    """Refuse to change what the quotes are of while some articles keep theirs: a data set has one setting.

    Args:
        work: the run.
        is_made_anew: whether this run makes a published article again, told by its id and the record it is from.

    Raises:
        UsageError: says which; nothing was published.
    """
    if work.previous is None or work.previous.attributions == work.attributions:
        return
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for row in work.previous.read("articles", ["article_id", *RECORD_KEY]).to_pylist():
        if not is_made_anew(row["article_id"], key_of_row(row)):
            counts[row["source"]] += 1
            examples.setdefault(row["source"], row["raw_path"])
    if counts:
        told = (
            f"{count:,} of source {source!r}, read from {work.previous.last_raw(source)} (such as {examples[source]})"
            for source, count in sorted(counts.items())
        )
        raise UsageError(
            f"this run cannot make all quotes anew with --attributions {work.attributions}; some articles would keep theirs: "
            f"{', '.join(told)}. Nothing was published: name a RAW that holds them all in a state that can be read, "
            f"without --limit; or curate each source into a new folder with --attributions {work.attributions}"
        )


def is_present(work: Work, key: Key) -> bool:
    """Whether a record's file can be read again in this run."""
    return key[0] == work.source and key[1] in work.files


def note_refused(work: Work, reject: Reject, content_sha256: str) -> None:
    """Take in a record that was refused."""
    noted = work.ledger.note_reject(reject, content_sha256)
    work.rejects[reject.source, reject.raw_path, reject.raw_record] = replace(noted, run_id=work.run_id)


def find_winning(work: Work, winners: Mapping[str, Key]) -> dict[str, Staged]:
    """Where the rows of articles stand that this run has made, by article_id."""
    return {
        article_id: work.staged[article_id, key]
        for article_id, key in winners.items()
        if work.ledger.is_staged(article_id, key)
    }


def read_rows(work: Work, table: str, places: Iterable[Place]) -> pa.Table:
    """The rows of some staged articles, with what only the run knows."""
    rows = pa.concat_tables([no_rows(table).drop_columns([STAGED_AT]), *work.staging.read(table, places)])
    return _stamp(work, rows) if table == "articles" else rows


def _stamp(work: Work, articles: pa.Table) -> pa.Table:
    """Fill what only the run knows: its id, and when the article was first seen."""
    ids = articles["article_id"].to_pylist()
    held = work.holdings.look_up(ids)
    values = {
        "first_seen_at": [held[each].first_seen_at if each in held else work.started_at for each in ids],
        "run_id": [run_id or work.run_id for run_id in articles["run_id"].to_pylist()],
    }
    for name, column in values.items():
        at = articles.schema.get_field_index(name)
        arrow = articles.schema.field(name)
        articles = articles.set_column(at, arrow, pa.array(column, arrow.type))
    return articles
