"""What is worth another attempt: what may have passed by then. Wrong arguments, a failed rule or a bug have not."""

from __future__ import annotations

from typing import Any

from prefect import Task, get_run_logger
from prefect.client.schemas.objects import State, TaskRun

from pipeline.errors import LockedError, StorageError, UnreachableError

PASSING = (LockedError, UnreachableError, StorageError)
# Some twenty minutes in all: by then the next scheduled run is nearer.
RETRY_SECONDS: list[float] = [10, 60, 300, 900]


def is_passing(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a task that failed is worth another attempt."""
    try:
        state.result()
    except PASSING as error:
        get_run_logger().warning("%s", error)
        return True
    except Exception:  # noqa: BLE001 - whatever else it was: the task raises it
        return False
    return False
