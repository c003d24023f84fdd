"""The frozen context of a run: what was asked, what the previous version knows, and where to write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import report, store
from pipeline.accuracy import Accuracy
from pipeline.contract import Alert, Attributions, Drift, RawRef, Run
from pipeline.drift import DriftSettings
from pipeline.ledger import Key
from pipeline.read import is_remote
from pipeline.settings import Settings
from pipeline.staging import STAGED_AT, Place, Staging, no_rows

Progress = Callable[[str, int, int], None]  # what is counted, how many are done, how many there are


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of a run, for whoever started it."""

    outcome: report.RunOutcome
    run: Run
    report: Path | None
    sample: pa.Table | None = None  # a few quotes of a dry run
    waiting: int = 0  # corrections whose quotes are missing now
    drift: Sequence[Drift] = ()  # the last 24 hours compared with each baseline
    alerts: Sequence[Alert] = ()


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """The user's file of entities, as it is at the start of the run."""

    path: Path
    sha256: str


class PublishedArticles:
    """The articles of the previous version, each looked up once."""

    def __init__(self, previous: store.Version | None) -> None:
        """Look up nothing yet."""
        self._previous = previous
        self._found: dict[str, store.PublishedArticle | None] = {}

    def look_up(self, article_ids: Iterable[str]) -> dict[str, store.PublishedArticle]:
        """Return the articles that the previous version has, by article_id."""
        wanted = set(article_ids)
        unknown = wanted - self._found.keys()
        if self._previous and unknown:
            self._found |= dict.fromkeys(unknown) | dict(self._previous.find_articles(unknown))
        return {article_id: article for article_id in wanted if (article := self._found.get(article_id))}


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run was asked to do, what it starts from, and where it writes.

    No step changes it, with one exception: ``timed`` adds to ``timings``.
    """

    raw: str
    into: Path
    source: str
    settings: Settings
    run_id: str
    started_at: datetime
    previous: store.Version | None
    published: PublishedArticles  # of the previous version
    forgotten: frozenset[str]  # article_ids that must not return
    attributions: Attributions  # of all quotes of the data set after the run
    knowledge_base: KnowledgeBase | None
    accuracy: Accuracy
    drift_settings: DriftSettings
    recipe: str  # fingerprint of the settings that shape rows
    made_by: str  # the code that curates in this run (``settings.made_by``)
    is_redone: Callable[[str, str, str | None], bool]  # by made_by, outcome and reason (``ledger.Ledger``)
    scratch: Path  # a folder for temporary files
    staging: Staging
    timings: dict[str, float] = field(default_factory=dict)  # seconds by stage

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        start = time.perf_counter()
        yield
        self.timings[stage] = self.timings.get(stage, 0.0) + time.perf_counter() - start


def full_path(raw: str) -> str:
    """Return RAW as an absolute path, or as the URL that it is."""
    return raw if is_remote(raw) else str(Path(raw).resolve())


def key_of_row(row: Mapping[str, Any]) -> Key:
    """Return the key of the raw record that a row of ``articles`` was made from."""
    return row["source"], row["raw_path"], row["raw_record"]


def key_of_ref(ref: RawRef) -> Key:
    """Return the key of the raw record that a reference points to."""
    return ref.source, ref.raw_path, ref.raw_record


def read_rows(run: RunContext, table: str, places: Iterable[Place]) -> pa.Table:
    """Return the staged rows at some places; in ``articles``, first_seen_at and run_id are filled in."""
    rows = pa.concat_tables([no_rows(table).drop_columns([STAGED_AT]), *run.staging.read(table, places)])
    return _fill_in_run(run, rows) if table == "articles" else rows


def _fill_in_run(run: RunContext, articles: pa.Table) -> pa.Table:
    ids = articles["article_id"].to_pylist()
    published = run.published.look_up(ids)
    first_seen_at = [
        published[article_id].first_seen_at if article_id in published else run.started_at for article_id in ids
    ]
    run_ids = [run_id or run.run_id for run_id in articles["run_id"].to_pylist()]
    for name, values in (("first_seen_at", first_seen_at), ("run_id", run_ids)):
        index = articles.schema.get_field_index(name)
        arrow = articles.schema.field(name)
        articles = articles.set_column(index, arrow, pa.array(values, arrow.type))
    return articles
