"""The main job as a Prefect flow: raw/ → curated/. Run it with ``make run``, or deploy it with ``prefect deploy``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")  # a busy machine needs them

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import ProcessPoolTaskRunner

from pipeline.batches import Batch, Task, Work
from pipeline.cli import describe
from pipeline.contract import FATES, Attributions
from pipeline.curate import Summary, curate, curate_batch
from pipeline.settings import Redo, Settings

TASK_BYTES = 20_000_000
TASKS_AHEAD = 3 * (os.cpu_count() or 1)


@task(name="curate-batch", retries=1, persist_result=False)
def curate_batch_task(batch: Task) -> Batch:
    """Curate some hundred raw records."""
    return curate_batch(batch)


def as_prefect_tasks(work: Work, tasks: Iterable[Task]) -> Iterator[Batch]:
    """Run batches on the flow's task runner; what runs in each is ``curate_batch``."""
    assert work is curate_batch
    pending: list[PrefectFuture[Batch]] = []
    for batch in tasks:
        pending.append(curate_batch_task.submit(batch))
        if len(pending) >= TASKS_AHEAD:  # not all at once: their records are held until they are done
            done = next(iter(as_completed(pending)))
            pending.remove(done)
            yield done.result()
    for done in as_completed(pending):
        yield done.result()


# A task costs its orchestrator far more than an article costs a worker: hundreds of articles make one.
@flow(name="curate", retries=0, task_runner=ProcessPoolTaskRunner(max_workers=os.cpu_count()))  # type: ignore[arg-type]
def curate_flow(
    raw: str = "raw",
    into: str = "curated",
    source: str | None = None,
    publisher: str | None = None,
    fields: dict[str, str] | None = None,
    attributions: Attributions | None = None,
    knowledge_base: str | None = None,
    reprocess: Redo | None = None,
    prune: bool = False,
    batch_records: int = 500,
) -> str:
    """Curate what arrived in RAW since the last run.

    Args:
        raw: a file or folder of raw articles, or a URL of one.
        into: the data set.
        source: the collection's name; default: the RAW folder's.
        publisher: for articles that do not name their own.
        fields: what a record's fields are called, as ``--fields`` of the command.
        attributions: which attributions become quotes, "said" or "all"; default: the data set's, "said" for a new one.
        knowledge_base: a file of entities to link names to, as ``--knowledge-base`` of the command; default: the data
            set's; an empty text for none. Workers on other machines must see the data set's folder.
        reprocess: what to curate again though it has not changed, as ``--reprocess`` of the command: "all", "older" …; must
            be "all" to change ``attributions``.
        prune: whether to let articles go whose raw files or records are gone.
        batch_records: raw records a task.

    Returns:
        What a person reads when the run is over.
    """
    logger = get_run_logger()
    settings = Settings(
        source=source,
        publisher=publisher,
        fields=fields or {},
        attributions=attributions,
        knowledge_base=knowledge_base,
        redo=reprocess,
        is_pruning=prune,
        batch_records=batch_records,
        batch_bytes=TASK_BYTES,
    )
    summary = curate(
        raw,
        Path(into),
        settings,
        map_batches=as_prefect_tasks,
        progress=lambda what, done, total: logger.info("%d of %d %s", done, total, what),
    )
    _keep_ledger(summary)
    return describe(summary)


def _keep_ledger(summary: Summary) -> None:
    fates = {"came in": "record_count", **FATES}
    rows = [{"records": name, "count": getattr(summary.run, column)} for name, column in fates.items()]
    create_table_artifact(rows, key="ledger", description=f"{summary.outcome}; report: {summary.report}")


if __name__ == "__main__":
    print(curate_flow())
