"""The nightly upkeep of a data set as a Prefect flow: compact it, verify it, and see whether what comes in has drifted."""

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

from artifacts import tell_drift, tell_event
from pipeline import curate, store
from pipeline.contract import TABLES, Drift
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
    """Bring small files together; returns by how many they are fewer."""
    return curate.compact(into)


@task(task_run_name="verify {into}", cache_policy=NO_CACHE, persist_result=False)
def verify_data_set(into: Path) -> Verification:
    """Re-slice, re-count and re-join the current version; the raw files are for ``onrecord verify --raw``."""
    version = store.open_version(into)
    months = {name: version.months(name) for name, table in TABLES.items() if table.is_monthly}
    return verify_version(version.read, months, None, None, version.read("records"))


@task(task_run_name="measure the drift of {into}", cache_policy=NO_CACHE, persist_result=False)
def measure_drift(into: Path) -> list[Drift]:
    """Hold what came in within a day against what is usual."""
    return measure_data_set(into)


@flow(name="maintain", flow_run_name="maintain {into}", retries=0)
def maintain_flow(into: Annotated[str, Field(min_length=1, pattern=r"\S")] = "curated") -> str:
    """Keep a data set in order.

    Args:
        into: the data set.

    Returns:
        What a person reads when it is done.

    Raises:
        OnrecordError: if the data set is not as it should be: says what differs.
    """
    curated = Path(into)
    fewer = compact_data_set(curated)
    found = verify_data_set(curated)
    if found.differences:
        words = "\n".join(
            [f"{into} differs in {found.difference_count:,} places from what it should be", *found.differences]
        )
        tell_event("onrecord.data-set.damaged", curated, words)
        raise OnrecordError(
            f"{words}\ngo back with `onrecord rollback {into} RUN_ID`; `onrecord versions {into}` lists them"
        )
    checked = sum(found.counts.values())
    drift = measure_drift(curated)
    tell_drift(drift, curated)
    unusual = sum(each.is_unusual for each in drift)
    words = (
        f"{fewer:,} files fewer; {checked:,} things checked, all as they should be; "
        f"{unusual:,} of {len(drift):,} measures differ from what is usual"
    )
    get_run_logger().info(words)
    return words


if __name__ == "__main__":
    print(maintain_flow())
