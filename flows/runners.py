"""Where the batches of a flow run: in processes of this machine, or on the workers of a Dask cluster."""

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
from pipeline.batches import AHEAD, Batch, Task, Work, run_guarded
from pipeline.curate import curate_batch
from pipeline.errors import OnrecordError, UnreachableError, UsageError

if TYPE_CHECKING:
    from distributed import Client

# By the environment, since that is what a deployment, a work pool and a single run can each set without other code.
SCHEDULER = "ONRECORD_DASK_SCHEDULER"
PATIENCE = 120  # seconds without a result after which a cluster is asked whether it has workers at all
NEWS = 5  # seconds after which it is asked again how many
Future = PrefectFuture[list[Batch]]


def choose_task_runner() -> TaskRunner[Any]:
    """The task runner that the environment asks for.

    Raises:
        UsageError: if it asks for Dask, which is not installed.
    """
    address = os.environ.get(SCHEDULER)
    if not address:
        return ThreadPoolTaskRunner(max_workers=_processors())  # each drives a process of its own
    try:
        import dask
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise UsageError(
            f"{SCHEDULER} is {address}, and prefect-dask is not installed ({error}): "
            f"pip install 'onrecord[dask]' here and on the workers, or unset {SCHEDULER} to run on this machine"
        ) from error
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "100MB"})  # a batch is raw bytes, and may be
    return DaskTaskRunner(address=address)


@task(name="curate-batch", task_run_name="{what}", persist_result=False)
def curate_batch_task(what: str, code: str, packed: bytes) -> list[Batch]:  # noqa: ARG001 (the run is named by it)
    """Curate some hundred raw records.

    Args:
        what: they are, for whoever watches.
        code: what the run is made by, and so each of its batches must be.
        packed: the records, pickled: as they are, each look at every field of theirs (Prefect's, for futures in them, and
            Dask's, for a name) costs more than all else that is done with a batch.

    Raises:
        OnrecordError: if this worker cannot be one.
    """
    if code != _code():
        raise OnrecordError(
            f"the worker on {platform.node()} has {_code()}, and the run is made by {code}; nothing was published: "
            "install the same onrecord on all machines, restart the workers and run again"
        )
    return run_guarded(curate_batch, pickle.loads(packed))  # noqa: S301 (from the run itself)


def as_prefect_tasks(work: Work, tasks: Iterable[Task]) -> Iterator[Batch]:
    """Run batches on the flow's task runner; what runs in each is ``curate_batch``.

    Raises:
        UnreachableError: if there is no cluster where there should be one, or it goes away.
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
        while len(under_way) >= workers.slots() * AHEAD:  # not all at once: their records are held until they are done
            yield from _take_next(workers, done, under_way)
    while under_way:
        yield from _take_next(workers, done, under_way)


def _take_next(workers: _Workers, done: SimpleQueue[Future], under_way: dict[Future, Task]) -> list[Batch]:
    future = workers.wait(done)
    batch = under_way.pop(future)
    made = workers.result(future)
    if made is None:  # a record of it is at fault, or nothing: found out here, in a process apart
        get_run_logger().warning("%s ended several workers; it is run on the flow's machine", _describe(batch))
        return run_guarded(curate_batch, batch)
    return made


class _Workers:
    """What runs the batches of a flow: how many at a time, and whether it is still there."""

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
        """How many batches can run at this moment."""
        if self._address and time.monotonic() > self._asked_at + NEWS:
            self._slots, self._asked_at = max(1, self._count()), time.monotonic()
        return self._slots

    def wait(self, done: SimpleQueue[Future]) -> Future:
        """The next batch that is done.

        Raises:
            UnreachableError: if there is nobody who could do one.
        """
        while True:
            try:
                return done.get(timeout=PATIENCE if self._address else None)
            except Empty:
                if not self._count():
                    raise self._unreachable(f"has no workers, and had none for {PATIENCE} s") from None

    def result(self, future: Future) -> list[Batch] | None:
        """What came of a batch that is done; None for one that ended several of the cluster's workers.

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
            f"start it, and `dask worker {self._address}` on each machine, and run again; or unset {SCHEDULER}"
        )


def _send_flows_along() -> None:
    """Let what the flows' files define be sent to the cluster with each batch: its machines need onrecord, and no flows."""
    here = Path(__file__).parent
    for module in list(sys.modules.values()):
        if Path(getattr(module, "__file__", None) or "").parent == here:
            cloudpickle.register_pickle_by_value(module)


def _describe(batch: Task) -> str:
    first = batch.records[0].ref
    return f"{len(batch.records)} records from {first.source}/{first.raw_path}"


def _code() -> str:
    """The code that curates on this machine, in words: asked of modules, which are not sent along as what they hold is."""
    parts = settings.made_by(accuracy.read_accuracy().model_version)
    return f"onrecord {settings.VERSION} ({', '.join(f'{part} {number}' for part, number in parts.items())})"


def _processors() -> int:
    return os.cpu_count() or 1
