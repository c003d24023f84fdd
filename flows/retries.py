"""Which failures are retried: those that may pass. Wrong arguments, failed rules and bugs do not."""

from __future__ import annotations

from typing import Any

from prefect import Task, get_run_logger
from prefect.client.schemas.objects import State, TaskRun

from pipeline.errors import LockedError, StorageError, UnreachableError

PASSING = (LockedError, UnreachableError, StorageError)
# About twenty minutes in all: then the next scheduled run is near.
RETRY_SECONDS: list[float] = [10, 60, 300, 900]


def is_passing(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether a failed task is worth a retry."""
    try:
        state.result()
    except PASSING as error:
        get_run_logger().warning("%s", error)
        return True
    except Exception:  # noqa: BLE001 - any other error: the task raises it
        return False
    return False
