"""Run tasks of raw records in worker processes, and isolate a record that ends its process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import chain, islice
from multiprocessing import current_process, get_context, parent_process

import pyarrow as pa

from pipeline.contract import STAGED, Attributions, Reject
from pipeline.entities import Knowledge
from pipeline.errors import OnrecordError
from pipeline.read import Options, RawRecord
from pipeline.staging import no_rows


@dataclass(frozen=True, slots=True)
class Task:
    """Some raw records for one worker."""

    records: tuple[RawRecord, ...]
    publisher: str | None
    options: Options
    attributions: Attributions
    threads: int = 1  # of the tagger, in each process
    knowledge: Knowledge | None = None  # the index of the user's knowledge base


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of a task: rows as Arrow tables, which are cheap to send between processes."""

    rows: Mapping[str, pa.Table]  # by table, with STAGED_AT counted from 0 in the batch
    rejects: tuple[Reject, ...]


CurateBatch = Callable[[Task], Batch]
# Runs tasks in any order, and takes only as many at a time as its workers need.
MapBatches = Callable[[CurateBatch, Iterable[Task]], Iterable[Batch]]
NO_WORKER = (
    "a worker process ends even without a record; nothing was published: check memory and limits, guard a script that "
    'calls curate with `if __name__ == "__main__":`, or run with one worker'
)
DAEMON = (
    "batches run in their own processes, which a Dask worker with a nanny cannot start; nothing was published: start "
    "workers with `dask worker --no-nanny`, or with DASK_DISTRIBUTED__WORKER__DAEMON=False in their environment"
)
AHEAD = 2  # tasks queued for each worker, so that none is idle
_kept = threading.local()  # .pool: one process, which ends with the thread


def in_processes(workers: int) -> MapBatches:
    """Return what runs batches in a pool of processes.

    One worker, or a single batch of plain texts, runs in this process, where starting another would take longer. A
    record that ends its worker becomes a reject, and the records beside it run again. In this process such a record ends
    the run; only libraries that parse markup are known to do that.
    """

    def run(curate_batch: CurateBatch, tasks: Iterable[Task]) -> Iterator[Batch]:
        rest = iter(tasks)
        first = list(islice(rest, 2))
        rest = chain(first, rest)
        is_small = len(first) < 2 and all(record.kind == "text" for task in first for record in task.records)
        if workers == 1 or is_small:
            yield from map(curate_batch, rest)
            return
        broken = yield from _run_in_pool(curate_batch, rest, workers)
        while broken:
            for task in broken:
                yield from _run_apart(curate_batch, task)
            broken = yield from _run_in_pool(curate_batch, rest, workers)

    return run


def run_guarded(curate_batch: CurateBatch, task: Task) -> list[Batch]:
    """Run a task in a process that this thread keeps; a record that ends the process becomes a reject.

    For the threads of an orchestrator, in a flow or in a remote worker. In its own process a task has the main thread,
    which a time limit needs, and does not wait for other threads.

    Raises:
        OnrecordError: if this process cannot start others.
    """
    if current_process().daemon:
        raise OnrecordError(DAEMON)
    try:
        if not hasattr(_kept, "pool"):
            _kept.pool = _pool(1)
        return [_kept.pool.submit(curate_batch, task).result()]
    except BrokenProcessPool:
        del _kept.pool
        return list(_run_apart(curate_batch, task))


def _run_in_pool(curate_batch: CurateBatch, tasks: Iterator[Task], workers: int) -> Generator[Batch, None, list[Task]]:
    """Run tasks until there are none, or until a worker dies.

    Returns:
        The tasks that were running when a worker died.
    """
    pending: dict[Future[Batch], Task] = {}
    with _pool(workers) as pool:
        while True:
            for task in islice(tasks, workers * AHEAD - len(pending)):
                try:
                    pending[pool.submit(curate_batch, task)] = task
                except BrokenProcessPool:
                    return [task, *pending.values()]
            if not pending:
                return []
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    yield future.result()
                except BrokenProcessPool:
                    return list(pending.values())
                del pending[future]


def _run_apart(curate_batch: CurateBatch, task: Task) -> Iterator[Batch]:
    """Run a task in its own process; if that dies, run each half of the task, down to the record that ends it."""
    try:
        with _pool(1) as pool:
            yield pool.submit(curate_batch, task).result()
    except BrokenProcessPool as error:
        if not task.records:
            raise OnrecordError(NO_WORKER) from error
        if len(task.records) == 1:
            yield from _run_apart(curate_batch, replace(task, records=()))  # else the fault is not the record's
            yield _crashed(task.records[0])
            return
        middle = len(task.records) // 2
        for records in (task.records[:middle], task.records[middle:]):
            yield from _run_apart(curate_batch, replace(task, records=records))


def _pool(workers: int) -> ProcessPoolExecutor:
    # Not forked, because another thread of this process may hold a lock.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_the_run)


def _end_with_the_run() -> None:
    """End this worker when the process of the run ends, even if that is killed; it would wait for tasks forever."""
    run = parent_process()
    assert run is not None

    def wait_for_the_end() -> None:
        run.join()
        os._exit(1)

    threading.Thread(target=wait_for_the_end, daemon=True).start()


def _crashed(record: RawRecord) -> Batch:
    detail = "curating it ended its process (out of memory, or a fault in a library); look at the record, remove it, or report it"
    reject = Reject.of(record.ref, stage="read", reason="crashed", detail=detail)
    return Batch({name: no_rows(name) for name in STAGED}, (reject,))
