"""Curate as a Prefect flow: raw/ → curated/. ``make run`` runs it once, ``make server`` every hour."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import environment  # noqa: F401 - sets Prefect's defaults, so it comes before Prefect

# isort: split
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from artifacts import Progress, emit, keep_summary
from pipeline.cli.curating import describe
from pipeline.contract import Attributions
from pipeline.curate import Summary, curate
from pipeline.errors import ValidationFailedError
from pipeline.settings import Redo, Settings
from retries import RETRY_SECONDS, is_passing
from runners import as_prefect_tasks, choose_task_runner

TASK_BYTES = 20_000_000

Name = Annotated[str, Field(min_length=1, pattern=r"\S")]


@task(
    task_run_name="curate new records of {raw}",
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=is_passing,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def curate_new(raw: str, into: Path, settings: Settings) -> Summary:
    """Curate as the command does, with batches as Prefect tasks."""
    progress = Progress()
    run_batches = progress.watch(as_prefect_tasks)
    return curate(raw, into, settings, map_batches=run_batches, progress=progress.note_files)


# A task costs Prefect far more than an article costs a worker, so one task has hundreds of records.
@flow(
    name="curate",
    flow_run_name="curate {raw} → {into}",
    retries=0,  # curate_new retries what may pass
    task_runner=choose_task_runner(),
)
def curate_flow(
    raw: Name = "raw",
    into: Name = "curated",
    source: Name | None = None,
    publisher: Name | None = None,
    fields: dict[str, str] | None = None,
    attributions: Attributions | None = None,
    knowledge_base: str | None = None,
    reprocess: Redo | None = None,
    prune: bool = False,
    batch_records: Annotated[int, Field(ge=1)] = 500,
) -> str:
    """Curate what arrived in RAW since the last run.

    Args:
        raw: a file or folder of raw articles, or a URL of one.
        into: the data set.
        source: the collection's name; default: the RAW folder's.
        publisher: publisher of articles that do not name theirs.
        fields: where records have their fields, as ``--fields`` of the command.
        attributions: which attributions become quotes, "said" or "all"; default: as in the data set, "said" for a new one.
        knowledge_base: a file of entities to link names to, as ``--knowledge-base`` of the command; default: as in the
            data set; an empty text for none. Workers on other machines must see the data set's folder.
        reprocess: which unchanged records to recompute, as ``--reprocess`` of the command: "all", "older" …; must be
            "all" to change ``attributions``.
        prune: whether to remove articles whose raw files or records are gone.
        batch_records: raw records in a task.

    Returns:
        The lines that a person reads when the run is over.
    """
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
    try:
        summary = curate_new(raw, Path(into), settings)
    except ValidationFailedError as error:
        emit("onrecord.run.blocked", Path(into), str(error))
        raise
    words = describe(summary)
    get_run_logger().info("\n%s", words)
    keep_summary(summary, Path(into))
    return words


if __name__ == "__main__":
    curate_flow()
