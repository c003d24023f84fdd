"""What a run tells in Prefect: how far it is, what came of it (artifacts), and what somebody should act on (events).

A server that does not answer costs a run its artifacts, never its tables: what cannot be told is logged.
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
from pipeline.batches import Batch, MapBatches, Task, Work
from pipeline.contract import FATES, Drift, Run
from pipeline.curate import Summary

# What an automation can act on; each carries its details in payload.detail.
Event = Literal[
    "onrecord.run.blocked",  # validation refused to publish
    "onrecord.rejects.high",  # more was refused than the data set's settings allow
    "onrecord.nothing.arrived",  # nothing new came in for too long
    "onrecord.drift.found",  # what came in differs from what is usual
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
    """How far a run is, where Prefect's pages show it: an artifact that moves as batches come back, and lines in the log."""

    def __init__(self) -> None:
        """Begin with nothing done."""
        self._artifact: UUID | None = None
        self._files = (0, 0)  # read, of how many
        self._sent = self._done = 0  # records
        self._told_at = -math.inf

    def note_files(self, _what: str, done: int, total: int) -> None:
        """Take in how many files are read (``pipeline.curate.Progress``)."""
        self._files = (done, total)

    def watch(self, map_batches: MapBatches) -> MapBatches:
        """Batches as before; each that comes back is counted."""

        def watched(work: Work, tasks: Iterable[Task]) -> Iterator[Batch]:
            for batch in map_batches(work, map(self._send, tasks)):
                self._done += batch.rows["articles"].num_rows + len(batch.rejects)
                self._tell()
                yield batch

        return watched

    def _send(self, task: Task) -> Task:
        self._sent += len(task.records)
        return task

    def _tell(self) -> None:
        read, files = self._files
        is_over = read == files and self._done == self._sent
        if not is_over and time.monotonic() < self._told_at + PROGRESS_SECONDS:
            return
        self._told_at = time.monotonic()
        words = (
            f"{self._done:,} of {self._sent:,} records curated that are read so far; {read:,} of {files:,} files read"
        )
        get_run_logger().info(words)
        share = 100 * (self._done / self._sent) * (read / files if files else 1)
        with _unless_the_server_is_gone():
            if self._artifact is None:
                self._artifact = create_progress_artifact(share, key="progress", description=words)  # type: ignore[assignment]
            else:
                update_progress_artifact(self._artifact, share, description=words)


def tell_summary(summary: Summary, into: Path) -> None:
    """Keep what came of a run where Prefect's pages show it."""
    with _unless_the_server_is_gone():
        _keep_ledger(summary)
        if summary.outcome == "published":
            _keep_report(summary)
            _keep_rejects(summary.run, into)
            _keep_drift(summary.drift, into)
    for alert in summary.alerts:
        tell_event(ALERTS[alert.name], into, alert.detail)


def tell_drift(drift: Sequence[Drift], into: Path) -> None:
    """Keep what differs from what is usual, and say so to whoever acts on it."""
    with _unless_the_server_is_gone():
        _keep_drift(drift, into)
    if unusual := [each.in_words for each in drift if each.is_unusual]:
        tell_event("onrecord.drift.found", into, "\n".join(unusual))


def tell_event(event: Event, into: Path, detail: str) -> None:
    """Say what somebody should act on; automations hear it (flows/deploy.py has one that calls a webhook)."""
    get_run_logger().warning("%s: %s", event, detail)
    resource = {
        "prefect.resource.id": f"onrecord.data-set.{into.resolve()}",
        "prefect.resource.name": str(into),
        "onrecord.event": event,  # automations tell events apart by labels
    }
    emit_event(event, resource, payload={"detail": detail})


@contextmanager
def _unless_the_server_is_gone() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        get_run_logger().warning("Prefect's server took no artifact (%r); the run goes on without it", error)


def _keep_ledger(summary: Summary) -> None:
    fates = {"came in": "record_count", **FATES}
    rows = [{"records": name, "count": getattr(summary.run, column)} for name, column in fates.items()]
    create_table_artifact(rows, key="ledger", description=f"Run {summary.run.run_id}: {summary.outcome}")


def _keep_report(summary: Summary) -> None:
    if summary.report:
        page = summary.report.resolve()
        words = f"[Report of run {summary.run.run_id}]({page.as_uri()})\n\nBrowsers open it by its path: `{page}`"
        create_markdown_artifact(words, key="report", description=f"Report of run {summary.run.run_id}")


def _keep_rejects(run: Run, into: Path) -> None:
    """The records that the run refused, and was not known to refuse."""
    refused = [row for row in store.open_version(into).read("rejects").to_pylist() if row["run_id"] == run.run_id]
    if not refused:
        return
    rows = [
        {
            "file": row["raw_path"],
            "record": row["raw_record"],
            "reason": row["reason"],
            "what was found, and what to do": row["detail"],
        }
        for row in refused[:SHOWN_REJECTS]
    ]
    shown = "" if len(refused) == len(rows) else f"; the first {SHOWN_REJECTS} are shown, all are in the table rejects"
    words = f"Refused by run {run.run_id}, and not before: {len(refused):,}{shown}"
    create_table_artifact(rows, key="rejects", description=words)


def _keep_drift(drift: Sequence[Drift], into: Path) -> None:
    unusual = [each for each in drift if each.is_unusual]
    if not unusual:
        return
    rows = [
        {
            "of": each.subject,
            "measure": each.measure,
            "found": f"{each.found:.3g}",
            "usual": each.usual,
            "because of": each.basis,
        }
        for each in unusual
    ]
    words = f"What came in differs from what is usual in {len(unusual)} ways; `onrecord drift {into}` has it all"
    create_table_artifact(rows, key="drift", description=words)
