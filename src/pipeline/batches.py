"""Records on their way to workers, and rows on their way back."""

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
    threads: int = 1  # that the tagger may use in each process
    knowledge: Knowledge | None = None  # of the user's own


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of a task: rows as Arrow tables, which travel between processes cheaply."""

    rows: Mapping[str, pa.Table]  # with STAGED_AT, counted from 0 within the batch
    rejects: tuple[Reject, ...]


Work = Callable[[Task], Batch]
# Runs tasks, in any order, and takes no more of them at a time than it has workers for.
MapBatches = Callable[[Work, Iterable[Task]], Iterable[Batch]]
NO_WORKER = (
    "no worker process can live, not even without a record; nothing was published: see to memory and limits, guard a "
    'script that calls curate with `if __name__ == "__main__":`, or run with one worker'
)
DAEMON = (
    "batches run in processes of their own, which a Dask worker with a nanny may not start; nothing was published: start "
    "workers with `dask worker --no-nanny`, or with DASK_DISTRIBUTED__WORKER__DAEMON=False in their environment"
)
AHEAD = 2  # tasks that wait for each worker, so that none is idle
_kept = threading.local()  # .pool: of one process, which ends with the thread


def in_processes(workers: int, *, is_free: bool = True) -> MapBatches:
    """Run batches in a pool of processes; a single worker, or a single batch of plain texts, is not worth one.

    A record that ends its worker is a reject, and the records beside it are run again. With a single worker it ends the
    run: what parses markup is no Python, and may.

    Args:
        workers: how many.
        is_free: whether this process has nothing else to do meanwhile; if it has, a single batch of plain texts is worth
            a worker too.
    """

    def run(work: Work, tasks: Iterable[Task]) -> Iterator[Batch]:
        rest = iter(tasks)
        first = list(islice(rest, 2))
        rest = chain(first, rest)
        is_small = len(first) < 2 and all(record.kind == "text" for task in first for record in task.records)
        if workers == 1 or not first or (is_small and is_free):
            yield from map(work, rest)
            return
        broken = yield from _run_in_pool(work, rest, workers)
        while broken:
            for task in broken:
                yield from _run_apart(work, task)
            broken = yield from _run_in_pool(work, rest, workers)

    return run


def run_guarded(work: Work, task: Task) -> list[Batch]:
    """Run a task in the process that this thread keeps for such; a record that ends the process is a reject.

    For tasks of an orchestrator, which come one by one to threads: of a flow, or of a worker somewhere else. In its
    process a task has the main thread, which a limit of time needs, and is not held up by other threads.

    Raises:
        OnrecordError: if this process may not start others.
    """
    if current_process().daemon:
        raise OnrecordError(DAEMON)
    try:
        if not hasattr(_kept, "pool"):
            _kept.pool = _pool(1)
        return [_kept.pool.submit(work, task).result()]
    except BrokenProcessPool:
        del _kept.pool
        return list(_run_apart(work, task))


def _run_in_pool(work: Work, tasks: Iterator[Task], workers: int) -> Generator[Batch, None, list[Task]]:
    """Run tasks until there are none, or until a worker dies.

    Returns:
        The tasks that were under way when a worker died.
    """
    pending: dict[Future[Batch], Task] = {}
    with _pool(workers) as pool:
        while True:
            for task in islice(tasks, workers * AHEAD - len(pending)):
                try:
                    pending[pool.submit(work, task)] = task
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


def _run_apart(work: Work, task: Task) -> Iterator[Batch]:
    """Run a task in a process of its own; where that dies, each half of it, down to the record that ends it."""
    try:
        with _pool(1) as pool:
            yield pool.submit(work, task).result()
    except BrokenProcessPool as error:
        if not task.records:
            raise OnrecordError(NO_WORKER) from error
        if len(task.records) == 1:
            yield from _run_apart(work, replace(task, records=()))  # it is the record only if a worker can live at all
            yield _crashed(task.records[0])
            return
        middle = len(task.records) // 2
        for records in (task.records[:middle], task.records[middle:]):
            yield from _run_apart(work, replace(task, records=records))


def _pool(workers: int) -> ProcessPoolExecutor:
    # Not forked: another thread of this process may be importing just now.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_the_run)


def _end_with_the_run() -> None:
    """In a worker: end when the process of the run does, even if that is killed; else it would wait for tasks forever."""
    run = parent_process()
    assert run is not None

    def wait_for_the_end() -> None:
        run.join()
        os._exit(1)

    threading.Thread(target=wait_for_the_end, daemon=True).start()


def _crashed(record: RawRecord) -> Batch:
    detail = "reading it ended the process that did so (out of memory, or a fault in a library); look at the record, remove it, or report it"
    reject = Reject.of(record.ref, stage="read", reason="crashed", detail=detail)
    return Batch({name: no_rows(name) for name in STAGED}, (reject,))
