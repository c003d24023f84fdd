"""What a run shows in Prefect: its progress and results (artifacts), and what somebody should act on (events).

If the server does not answer, a run loses artifacts but never tables; a warning is logged instead.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from uuid import UUID

import httpx
from prefect import get_run_logger
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.events import emit_event

from pipeline import store
from pipeline.batches import Batch, CurateBatch, MapBatches, Task
from pipeline.contract import FATES, Drift, Run
from pipeline.curate import Summary

# What an automation can act on; each carries its details in payload.detail.
Event = Literal[
    "onrecord.run.blocked",  # a rule on whole tables failed, and nothing was published
    "onrecord.rejects.high",  # more records were rejected than the data set's settings allow
    "onrecord.nothing.arrived",  # nothing new came in for too long
    "onrecord.drift.found",  # a measure is outside its baseline
    "onrecord.data-set.damaged",  # `verify` found differences
]
ALERTS: Mapping[str, Event] = {
    "rejects_high": "onrecord.rejects.high",
    "nothing_arrived": "onrecord.nothing.arrived",
    "drift": "onrecord.drift.found",
}
PROGRESS_SECONDS = 2  # between two updates
SHOWN_REJECTS = 200


class Progress:
    """The progress of a run on Prefect's pages: an artifact that is updated as batches finish, and lines in the log."""

    def __init__(self) -> None:
        """Start with nothing done."""
        self._artifact: UUID | None = None
        self._read_files = self._all_files = 0
        self._sent_records = self._done_records = 0
        self._updated_at = -math.inf

    def note_files(self, _what: str, done: int, total: int) -> None:
        """Note how many files are read (``pipeline.curate.Progress``)."""
        self._read_files, self._all_files = done, total

    def watch(self, map_batches: MapBatches) -> MapBatches:
        """Return ``map_batches`` with each finished batch counted."""

        def watched(work: CurateBatch, tasks: Iterable[Task]) -> Iterator[Batch]:
            for batch in map_batches(work, map(self._count_sent, tasks)):
                self._done_records += batch.rows["articles"].num_rows + len(batch.rejects)
                self._update()
                yield batch

        return watched

    def _count_sent(self, task: Task) -> Task:
        self._sent_records += len(task.records)
        return task

    def _update(self) -> None:
        is_over = self._read_files == self._all_files and self._done_records == self._sent_records
        if not is_over and time.monotonic() < self._updated_at + PROGRESS_SECONDS:
            return
        self._updated_at = time.monotonic()
        words = (
            f"{self._done_records:,} of {self._sent_records:,} records curated; "
            f"{self._read_files:,} of {self._all_files:,} files read"
        )
        get_run_logger().info(words)
        files_share = self._read_files / self._all_files if self._all_files else 1
        share = 100 * (self._done_records / self._sent_records) * files_share
        with _server_may_be_gone():
            if self._artifact is None:
                self._artifact = create_progress_artifact(share, key="progress", description=words)  # type: ignore[assignment]
            else:
                update_progress_artifact(self._artifact, share, description=words)


def keep_summary(summary: Summary, into: Path) -> None:
    """Keep the results of a run as artifacts, and emit its alerts."""
    with _server_may_be_gone():
        _keep_ledger(summary)
        if summary.outcome == "published":
            _keep_report(summary)
            _keep_rejects(summary.run, into)
            _keep_drift_table(summary.drift, into)
    for alert in summary.alerts:
        emit(ALERTS[alert.name], into, alert.detail)


def keep_drift(drift: Sequence[Drift], into: Path) -> None:
    """Keep unusual measures as an artifact, and emit an event if there are any."""
    with _server_may_be_gone():
        _keep_drift_table(drift, into)
    if unusual := [measure.in_words for measure in drift if measure.is_unusual]:
        emit("onrecord.drift.found", into, "\n".join(unusual))


def emit(event: Event, into: Path, detail: str) -> None:
    """Emit an event that somebody should act on; an automation of flows/deploy.py posts it to a webhook."""
    get_run_logger().warning("%s: %s", event, detail)
    resource = {
        "prefect.resource.id": f"onrecord.data-set.{into.resolve()}",
        "prefect.resource.name": str(into),
        "onrecord.event": event,  # automations distinguish events by labels
    }
    emit_event(event, resource, payload={"detail": detail})


@contextmanager
def _server_may_be_gone() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        get_run_logger().warning("Prefect's server did not store an artifact (%r); the run continues without it", error)


def _keep_ledger(summary: Summary) -> None:
    fates = {"came in": "record_count", **FATES}
    rows = [{"records": name, "count": getattr(summary.run, column)} for name, column in fates.items()]
    create_table_artifact(rows, key="ledger", description=f"Run {summary.run.run_id}: {summary.outcome}")


def _keep_report(summary: Summary) -> None:
    if summary.report:
        page = summary.report.resolve()
        words = f"[Report of run {summary.run.run_id}]({page.as_uri()})\n\nOpen it in a browser by its path: `{page}`"
        create_markdown_artifact(words, key="report", description=f"Report of run {summary.run.run_id}")


def _keep_rejects(run: Run, into: Path) -> None:
    """Keep the records that this run newly rejected."""
    rejects = [row for row in store.open_version(into).read("rejects").to_pylist() if row["run_id"] == run.run_id]
    if not rejects:
        return
    rows = [
        {
            "file": reject["raw_path"],
            "record": reject["raw_record"],
            "reason": reject["reason"],
            "what was found, and what to do": reject["detail"],
        }
        for reject in rejects[:SHOWN_REJECTS]
    ]
    shown = "" if len(rejects) == len(rows) else f"; the first {SHOWN_REJECTS} are shown, the table rejects has all"
    words = f"Newly rejected by run {run.run_id}: {len(rejects):,}{shown}"
    create_table_artifact(rows, key="rejects", description=words)


def _keep_drift_table(drift: Sequence[Drift], into: Path) -> None:
    unusual = [measure for measure in drift if measure.is_unusual]
    if not unusual:
        return
    rows = [
        {
            "subject": measure.subject,
            "measure": measure.measure,
            "found": f"{measure.found:.3g}",
            "usual": measure.usual,
            "basis": measure.basis,
        }
        for measure in unusual
    ]
    words = f"{len(unusual)} measures are unusual; `onrecord drift {into}` prints all"
    create_table_artifact(rows, key="drift", description=words)
