"""Where the batches of a flow run: in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import math
import os
import pickle
import platform
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import cloudpickle
from prefect import get_run_logger, task
from prefect.context import FlowRunContext
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from pipeline import accuracy, settings
from pipeline.batches import AHEAD, Batch, CurateBatch, Task, run_guarded
from pipeline.curate import curate_batch
from pipeline.errors import OnrecordError, UnreachableError, UsageError

if TYPE_CHECKING:
    from distributed import Client

# An environment variable, because a deployment, a work pool and a single run can each set one.
SCHEDULER = "ONRECORD_DASK_SCHEDULER"
PATIENCE = 120  # seconds without a result after which the cluster is asked whether it has any workers
WORKERS_SECONDS = 5  # between two questions how many workers there are
Future = PrefectFuture[list[Batch]]


def choose_task_runner() -> TaskRunner[Any]:
    """Return the task runner that the environment asks for.

    Raises:
        UsageError: if it asks for Dask, and prefect-dask is not installed.
    """
    address = os.environ.get(SCHEDULER)
    if not address:
        return ThreadPoolTaskRunner(max_workers=_processors())  # each thread drives one process
    try:
        import dask
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise UsageError(
            f"{SCHEDULER} is {address}, but prefect-dask is not installed ({error}): "
            f"pip install 'onrecord[dask]' here and on the workers, or unset {SCHEDULER} to run on this machine"
        ) from error
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "100MB"})  # a batch of raw bytes may be large
    return DaskTaskRunner(address=address)


@task(name="curate-batch", task_run_name="{what}", persist_result=False)
def curate_batch_task(what: str, code: str, packed: bytes) -> list[Batch]:  # noqa: ARG001 - names the task run
    """Curate a batch of raw records.

    Args:
        what: describes the batch on Prefect's pages.
        code: the code that made the run; this worker must have the same.
        packed: the batch, pickled. Otherwise Prefect (for futures) and Dask (for a name) inspect every field, which costs
            more than all else done with a batch.

    Raises:
        OnrecordError: if this worker has other code.
    """
    if code != _code():
        raise OnrecordError(
            f"the worker on {platform.node()} has {_code()}, but the run has {code}; nothing was published: "
            "install the same onrecord on all machines, restart the workers and run again"
        )
    return run_guarded(curate_batch, pickle.loads(packed))  # noqa: S301 - packed by this run


def as_prefect_tasks(work: CurateBatch, tasks: Iterable[Task]) -> Iterator[Batch]:
    """Run batches on the flow's task runner; each runs ``curate_batch``.

    Raises:
        UnreachableError: if the cluster does not answer, or goes away.
    """
    assert work is curate_batch
    workers, code = _Workers(), _code()
    done: SimpleQueue[Future] = SimpleQueue()
    under_way: dict[Future, Task] = {}
    for number, batch in enumerate(tasks, 1):
        packed = pickle.dumps(batch, pickle.HIGHEST_PROTOCOL)
        future = curate_batch_task.submit(f"batch {number}: {_describe(batch)}", code, packed)
        under_way[future] = batch
        future.add_done_callback(done.put)
        while len(under_way) >= workers.slots() * AHEAD:  # a few at a time: their records stay in memory until done
            yield from _take_next(workers, done, under_way)
    while under_way:
        yield from _take_next(workers, done, under_way)


def _take_next(workers: _Workers, done: SimpleQueue[Future], under_way: dict[Future, Task]) -> list[Batch]:
    future = workers.wait(done)
    batch = under_way.pop(future)
    made = workers.result(future)
    if made is None:  # a record may be at fault: a process of its own finds out
        get_run_logger().warning("%s killed several workers; it is run again on the flow's machine", _describe(batch))
        return run_guarded(curate_batch, batch)
    return made


class _Workers:
    """The workers of a flow: how many batches can run at a time, and whether the cluster still answers."""

    def __init__(self) -> None:
        """Connect to the cluster, if the flow has one.

        Raises:
            UnreachableError: if its scheduler does not answer.
        """
        self._address = os.environ.get(SCHEDULER)
        self._slots, self._asked_at = _processors(), -math.inf
        if self._address:
            _send_flows_along()
            runner: Any = FlowRunContext.get().task_runner  # type: ignore[union-attr]
            try:
                self._client: Client = runner.client
            except (OSError, ValueError) as error:
                raise self._unreachable(f"does not answer ({error})") from error

    def slots(self) -> int:
        """Return how many batches can run now."""
        if self._address and time.monotonic() > self._asked_at + WORKERS_SECONDS:
            self._slots, self._asked_at = max(1, self._count()), time.monotonic()
        return self._slots

    def wait(self, done: SimpleQueue[Future]) -> Future:
        """Return the next batch that is done.

        Raises:
            UnreachableError: if the cluster has no workers.
        """
        while True:
            try:
                return done.get(timeout=PATIENCE if self._address else None)
            except Empty:
                if not self._count():
                    raise self._unreachable(f"has had no workers for {PATIENCE} s") from None

    def result(self, future: Future) -> list[Batch] | None:
        """Return the result of a batch that is done; None for one that killed several of the cluster's workers.

        Raises:
            UnreachableError: if the scheduler went away.
        """
        if not self._address:
            return future.result()
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker:
            return None
        except CancelledError as error:
            raise self._unreachable("went away during the run") from error

    def _count(self) -> int:
        try:
            return sum(self._client.nthreads().values())  # type: ignore[no-untyped-call]
        except OSError as error:
            raise self._unreachable(f"went away during the run ({error})") from error

    def _unreachable(self, found: str) -> UnreachableError:
        return UnreachableError(
            f"the Dask scheduler {self._address} ({SCHEDULER}) {found}; nothing was published: "
            f"start it and `dask worker {self._address}` on each machine, and run again; or unset {SCHEDULER}"
        )


def _send_flows_along() -> None:
    """Send what the flows' files define to the cluster with each batch: its machines have onrecord, but not flows/."""
    here = Path(__file__).parent
    for module in list(sys.modules.values()):
        if Path(getattr(module, "__file__", None) or "").parent == here:
            cloudpickle.register_pickle_by_value(module)


def _describe(batch: Task) -> str:
    """Return the records of a batch in words, as ``40 records, harbour-post/a.txt to northern-wire/b.txt``."""
    first, last = batch.records[0].ref.raw_path, batch.records[-1].ref.raw_path
    return f"{len(batch.records)} records, {first}" + (f" to {last}" if last != first else "")


def _code() -> str:
    """Return the code that curates on this machine, in words.

    It is read from modules when called: module contents are not pickled, so a worker answers for itself.
    """
    parts = settings.made_by(accuracy.read_accuracy().model_version)
    return f"onrecord {settings.VERSION} ({', '.join(f'{part} {number}' for part, number in parts.items())})"


def _processors() -> int:
    return os.cpu_count() or 1
