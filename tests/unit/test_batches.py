"""Batches in processes: a record that ends its worker costs only itself, and records are not taken before their time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.batches import AHEAD, Batch, CurateBatch, Task, in_processes, run_guarded
from pipeline.contract import STAGED, RawRef, Reject
from pipeline.errors import OnrecordError
from pipeline.limits import TooSlowError, time_limit
from pipeline.read import Options, RawRecord
from pipeline.read.records import Kind
from pipeline.staging import no_rows

EXIT, KILL, OTHER = b"exit", b"kill", b"The harbour board met on Tuesday."
NAMES = pa.schema([("raw_record", pa.string())])


def read_names(task: Task) -> Batch:
    """End the process on some records, and else return a reject for each record."""
    for record in task.records:
        if record.data == EXIT:
            os._exit(3)
        if record.data == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
    names = [{"raw_record": record.ref.raw_record} for record in task.records]
    return Batch({"articles": pa.Table.from_pylist(names, NAMES)}, ())


def tell_process(_: Task) -> Batch:
    return Batch({"articles": pa.Table.from_pylist([{"raw_record": str(os.getpid())}], NAMES)}, ())


def spin(task: Task) -> Batch:
    """Never return, except through the time limit."""
    try:
        with time_limit(0.1):
            while True:
                pass
    except TooSlowError:
        return Batch({}, (Reject.of(task.records[0].ref, stage="read", reason="too_slow", detail=""),))


def run_in_daemon(given: Queue[str]) -> None:
    """Run like a Dask worker with a nanny: a process that cannot start others."""
    try:
        run_guarded(read_names, next(tasks_of([OTHER], 1)))
    except OnrecordError as error:
        given.put(str(error))


def end_always(_: Task) -> Batch:
    os._exit(3)


def tasks_of(records: list[bytes], size: int, kind: Kind = "json") -> Iterator[Task]:
    """Yield tasks of ``size`` records, named by their number."""
    named = [
        RawRecord(RawRef("wire", "dump.jsonl", str(number), f"sha-{number}"), kind, data, "jsonl")
        for number, data in enumerate(records)
    ]
    for index in range(0, len(named), size):
        yield Task(tuple(named[index : index + size]), None, Options(), "said")


def names_in(batches: list[Batch]) -> list[str]:
    return [name for batch in batches for name in batch.rows["articles"].to_pydict().get("raw_record", [])]


@pytest.mark.slow
def test_record_that_ends_its_worker_is_the_one_reject() -> None:
    batches = list(in_processes(2)(read_names, tasks_of([OTHER] * 5 + [KILL] + [OTHER] * 4, 2)))
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert [(reject.raw_record, reject.reason, reject.raw_sha256) for reject in rejects] == [("5", "crashed", "sha-5")]
    assert sorted(names_in(batches)) == list("012346789")
    (crashed,) = [batch for batch in batches if batch.rejects]
    assert {name: rows.num_rows for name, rows in crashed.rows.items()} == dict.fromkeys(STAGED, 0)
    assert crashed.rows["articles"].schema == no_rows("articles").schema


@pytest.mark.slow
def test_record_that_ends_its_worker_ends_no_small_run() -> None:
    batches = list(in_processes(2)(read_names, tasks_of([OTHER, KILL, OTHER], 3, "html")))
    assert [reject.raw_record for batch in batches for reject in batch.rejects] == ["1"]
    assert sorted(names_in(batches)) == ["0", "2"]


@pytest.mark.slow
def test_two_records_that_end_their_workers_are_two_rejects() -> None:
    batches = list(in_processes(2)(read_names, tasks_of([EXIT, OTHER, OTHER, EXIT], 2)))
    assert sorted(reject.raw_record for batch in batches for reject in batch.rejects) == ["0", "3"]
    assert sorted(names_in(batches)) == ["1", "2"]


@pytest.mark.slow
def test_worker_that_ends_without_a_record_ends_the_run() -> None:
    with pytest.raises(OnrecordError, match="a worker process ends even without a record"):
        list(in_processes(2)(end_always, tasks_of([OTHER] * 4, 2)))


@pytest.mark.slow
def test_tasks_are_taken_as_workers_are_free_for_them() -> None:
    taken = 0

    def counted() -> Iterator[Task]:
        nonlocal taken
        for task in tasks_of([OTHER] * 20, 1):
            taken += 1
            yield task

    workers = 2
    for done, _ in enumerate(in_processes(workers)(read_names, counted())):
        assert taken <= workers * AHEAD + done
    assert taken == 20


@pytest.mark.parametrize(("workers", "size"), [pytest.param(1, 2, id="one-worker"), pytest.param(2, 8, id="one-task")])
def test_little_work_is_done_in_this_process(workers: int, size: int) -> None:
    def read_here(task: Task) -> Batch:  # no other process could be given a function of this one
        return Batch({}, (Reject.of(task.records[0].ref, stage="read", reason="empty", detail=str(os.getpid())),))

    batches = in_processes(workers)(read_here, tasks_of([OTHER] * 8, size, "text"))
    assert {reject.detail for batch in batches for reject in batch.rejects} == {str(os.getpid())}


def in_thread(work: CurateBatch, task: Task) -> list[Batch]:
    """Run like a task of an orchestrator: in a thread that is not the main one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run_guarded, work, task).result()


def test_thread_keeps_its_process() -> None:
    tasks = tasks_of([OTHER] * 3, 1)
    with ThreadPoolExecutor(1) as threads:
        processes = {
            name for task in tasks for name in names_in(threads.submit(run_guarded, tell_process, task).result())
        }
    assert len(processes) == 1
    assert str(os.getpid()) not in processes


@pytest.mark.slow
def test_record_that_ends_a_threads_process_is_the_one_reject() -> None:
    (task,) = tasks_of([OTHER, OTHER, KILL, OTHER], 4)
    batches = in_thread(read_names, task)
    assert [(reject.raw_record, reject.reason) for batch in batches for reject in batch.rejects] == [("2", "crashed")]
    assert sorted(names_in(batches)) == ["0", "1", "3"]


def test_time_limit_works_for_tasks_of_any_thread() -> None:
    (task,) = tasks_of([OTHER], 1)
    (batch,) = in_thread(spin, task)
    assert [reject.reason for reject in batch.rejects] == ["too_slow"]


def test_process_that_cannot_start_others_says_what_to_do() -> None:
    spawn = get_context("spawn")
    given: Queue[str] = spawn.Queue()
    process = spawn.Process(target=run_in_daemon, args=(given,), daemon=True)
    process.start()
    assert "--no-nanny" in given.get(timeout=60)
    process.join()
    given.close()


RUN = """
import os, time
from pathlib import Path
from pipeline.batches import Batch, in_processes
from tests.unit.test_batches import OTHER, tasks_of

def sleep(task):
    Path("worker-%d" % os.getpid()).touch()
    time.sleep(1)
    return Batch({}, ())

if __name__ == "__main__":
    list(in_processes(2)(sleep, tasks_of([OTHER] * 100, 1)))
"""


def is_alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes through /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_when_their_run_is_killed(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "run.py").write_text(RUN)
    root = str(Path(__file__).parents[2])
    run = subprocess.Popen([sys.executable, "run.py"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root})
    deadline = time.monotonic() + 60
    while len(workers := [int(path.name.partition("-")[2]) for path in tmp_path.glob("worker-*")]) < 2:
        assert run.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(how)
    assert run.wait() == -how
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))
