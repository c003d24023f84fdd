"""The main job as a Prefect flow: raw/ → curated/. Run it with ``make run``; ``make server`` runs it every hour."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")  # a busy machine needs them

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from artifacts import Progress, tell_event, tell_summary
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
    task_run_name="curate what is new in {raw}",
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=is_passing,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def curate_new(raw: str, into: Path, settings: Settings) -> Summary:
    """Curate as the command does, with batches as tasks."""
    progress = Progress()
    run_batches = progress.watch(as_prefect_tasks)
    return curate(raw, into, settings, map_batches=run_batches, progress=progress.note_files)


# A task costs its orchestrator far more than an article costs a worker: hundreds of articles make one.
@flow(
    name="curate",
    flow_run_name="curate {raw} → {into}",
    retries=0,  # the task above tries again where that is worth it
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
        tell_event("onrecord.run.blocked", Path(into), str(error))
        raise
    words = describe(summary)
    get_run_logger().info(words)
    tell_summary(summary, Path(into))
    return words


if __name__ == "__main__":
    print(curate_flow())
