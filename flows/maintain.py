"""Maintain a data set as a nightly Prefect flow: compact it, verify it, and measure drift."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import environment  # noqa: F401 - sets Prefect's defaults, so it comes before Prefect

# isort: split
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from artifacts import emit, keep_drift
from pipeline import curate, store
from pipeline.contract import Drift
from pipeline.drift import measure_data_set
from pipeline.errors import OnrecordError
from pipeline.verify import Verification, verify_version
from retries import RETRY_SECONDS, is_passing


@task(
    task_run_name="compact {into}",
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=is_passing,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def compact_data_set(into: Path) -> int:
    """Merge small files; return how many fewer there are."""
    return curate.compact(into)


@task(task_run_name="verify {into}", cache_policy=NO_CACHE, persist_result=False)
def verify_data_set(into: Path) -> Verification:
    """Check offsets, counts and keys of the current version; ``onrecord verify --raw`` also reads the raw files."""
    return verify_version(store.open_version(into))


@task(task_run_name="measure the drift of {into}", cache_policy=NO_CACHE, persist_result=False)
def measure_drift(into: Path) -> list[Drift]:
    """Compare the last 24 hours with the baseline."""
    return measure_data_set(into)


@flow(name="maintain", flow_run_name="maintain {into}", retries=0)
def maintain_flow(into: Annotated[str, Field(min_length=1, pattern=r"\S")] = "curated") -> str:
    """Maintain a data set.

    Args:
        into: the data set.

    Returns:
        The lines that a person reads when it is done.

    Raises:
        OnrecordError: if the data set is damaged; says what differs.
    """
    curated = Path(into)
    fewer = compact_data_set(curated)
    found = verify_data_set(curated)
    if found.differences:
        words = "\n".join([f"{into} is damaged in {found.difference_count:,} places", *found.differences])
        emit("onrecord.data-set.damaged", curated, words)
        raise OnrecordError(
            f"{words}\nuse `onrecord rollback {into} RUN_ID` to return to one of the runs that `onrecord versions {into}` lists"
        )
    checked = sum(found.counts.values())
    drift = measure_drift(curated)
    keep_drift(drift, curated)
    unusual = sum(measure.is_unusual for measure in drift)
    words = (
        f"{fewer:,} files fewer; {checked:,} values checked, no differences; "
        f"{unusual:,} of {len(drift):,} measures are unusual"
    )
    get_run_logger().info(words)
    return words


if __name__ == "__main__":
    print(maintain_flow())
