"""What a Dask cluster gains and costs, and an estimate for many machines.

Usage: python -m benchmarks.clusters [--articles N] [--batch N]

The same articles go through ``onrecord curate`` and through the flow on a real scheduler, with 1 and 2 workers of one
thread each. One article is run first by each: that is its start-up, and is taken off. Then come the processor seconds of
each batch, by who spends them and on what; a table of what 1 to 1,000 cores would do; and what gives way first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.orchestration import running_server
from benchmarks.store.articles import Newsroom, write_jsonl

HERE = Path(__file__).resolve().parent.parent
CORES = (1, 2, 10, 100, 1_000)
IDLE = 15  # seconds in which the servers' idle load is measured
# Parts of the composing process's work: those beside the workers, and what follows when they are done.
BESIDE = ("framing", "submitting and receiving", "taking in", "its other threads")
AFTER = "validating, building, publishing"


@dataclass(frozen=True, slots=True)
class Measured:
    """A run without its start-up."""

    seconds: float
    spent: Mapping[str, float]  # processor seconds, by process or purpose


class Cluster:
    """A scheduler and some single-threaded workers."""

    def __init__(self, stack: ExitStack, folder: Path, environment: dict[str, str], workers: int) -> None:
        """Start them; the exit stack stops them."""
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            stack, environment, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)
        )
        while not file.exists():
            time.sleep(0.2)
        self.address = str(json.loads(file.read_text())["address"])
        for number in range(workers):
            place = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder / f"worker-{number}"))
            self._start(stack, environment, "worker", self.address, *place)

    def _start(self, stack: ExitStack, environment: dict[str, str], *arguments: str) -> psutil.Process:
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=HERE
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        return psutil.Process(process.pid)


# ── The composing process ──────────────────────────────────────────────────────────────────────────────────────


def drive(raw: str, into: str, batch_records: int) -> None:
    """Run as the process of the flow: curate on the cluster, and print where processor time went."""
    sys.path.insert(0, str(HERE / "flows"))
    from prefect import flow

    from pipeline.batches import Batch, CurateBatch, Task
    from pipeline.curate import curate
    from pipeline.settings import Settings
    from runners import as_prefect_tasks, choose_task_runner

    spent = dict.fromkeys((*BESIDE, AFTER), 0.0)

    def framed(tasks: Iterable[Task]) -> Iterator[Task]:
        source = iter(tasks)
        while True:
            start = time.thread_time()
            task = next(source, None)
            spent["framing"] += time.thread_time() - start
            if task is None:
                return
            yield task

    def run_batches(work: CurateBatch, tasks: Iterable[Task]) -> Iterator[Batch]:
        start = time.thread_time()
        for batch in as_prefect_tasks(work, framed(tasks)):
            received = time.thread_time()
            spent["submitting and receiving"] += received - start
            yield batch
            start = time.thread_time()
            spent["taking in"] += start - received
        spent["submitting and receiving"] += time.thread_time() - start

    @flow(name="measure", task_runner=choose_task_runner())
    def measured_flow() -> None:
        settings = Settings(batch_records=batch_records, batch_bytes=20_000_000)
        curate(raw, Path(into), settings, map_batches=run_batches)

    whole, own = time.process_time(), time.thread_time()
    measured_flow()
    own, whole = time.thread_time() - own, time.process_time() - whole
    spent["submitting and receiving"] -= spent["framing"]
    spent[AFTER] = own - sum(spent.values())
    spent["its other threads"] = whole - own
    print(json.dumps(spent))


# ── Measuring ──────────────────────────────────────────────────────────────────────────────────────────────────


def measure_command(raw: Path, folder: Path, workers: int) -> float:
    """Return the seconds of the command."""
    command = [sys.executable, "-m", "onrecord", "curate", str(raw), "--quiet", "--workers", str(workers)]
    start = time.perf_counter()
    subprocess.run([*command, "--into", str(folder / f"command-{raw.name}-{workers}")], check=True)
    return time.perf_counter() - start


def measure_flow(
    raw: Path, folder: Path, workers: int, batch: int, environment: dict[str, str], others: Mapping[str, psutil.Process]
) -> Measured:
    """Run the flow on a cluster; also measure what other processes spent beyond their idle load."""
    into = folder / f"flow-{raw.name}-{workers}"
    command = [sys.executable, "-m", "benchmarks.clusters", "--drive", str(raw), str(into), str(batch)]
    before = {name: _spent_by(process) for name, process in others.items()}
    time.sleep(IDLE)
    idle = {name: (_spent_by(process) - before[name]) / IDLE for name, process in others.items()}
    start = time.perf_counter()
    ran = subprocess.run(
        command, env=environment, cwd=HERE, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - start
    spent = json.loads(ran.stdout.splitlines()[-1])
    for name, process in others.items():
        spent[name] = _spent_by(process) - before[name] - idle[name] * (IDLE + seconds)
    return Measured(seconds, spent)


def _spent_by(process: psutil.Process) -> float:
    return sum(sum(member.cpu_times()[:2]) for member in (process, *process.children(recursive=True)))


def without(run: Measured, start_up: Measured) -> Measured:
    """Return a run without its start-up."""
    spent = {name: max(0.0, value - start_up.spent[name]) for name, value in run.spent.items()}
    return Measured(run.seconds - start_up.seconds, spent)


def measure_work(raw: Path, batch: int) -> float:
    """Return the processor seconds of one worker for a batch, with everything loaded."""
    from pipeline.batches import Task
    from pipeline.curate import curate_batch
    from pipeline.read import Options, RawRecord, find_files, frame_file

    (file,) = find_files(str(raw), "wire")
    records = [item for item in frame_file(file, Options()) if isinstance(item, RawRecord)][:batch]  # type: ignore[arg-type]
    curate_batch(Task(tuple(records[:2]), None, Options(), "said"))
    start = time.process_time()
    curate_batch(Task(tuple(records), None, Options(), "said"))
    return time.process_time() - start


# ── Estimate ───────────────────────────────────────────────────────────────────────────────────────────────────


def tell_paper(work: float, spent: Mapping[str, float], batch: int) -> None:
    """Estimate many cores: batches run beside the composing process, which then finishes alone.

    Args:
        work: processor seconds of a worker for a batch.
        spent: processor seconds of everyone else for a batch.
        batch: articles in one.
    """
    one_at_a_time = {
        "the composing process": sum(spent[name] for name in BESIDE),
        "the Dask scheduler": spent["the Dask scheduler"],
        "the Prefect server": spent["the Prefect server"],
    }
    narrowest = max(one_at_a_time, key=lambda name: one_at_a_time[name])
    print(f"\n{'cores':>8}{'articles/s':>12}{'of the best':>13}   bottleneck")
    for cores in CORES:
        beside = max(work / cores, one_at_a_time[narrowest])
        seconds = beside + spent[AFTER]
        limit = narrowest if beside > work / cores else "the workers"
        if spent[AFTER] > beside:
            limit = f"the composing process: {AFTER}"
        print(f"{cores:>8,}{batch / seconds:>12.1f}{100 * work / cores / seconds:>12.0f}%   {limit}")


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--drive"]:
        raw, into, batch_records = sys.argv[2:5]
        return drive(raw, into, int(batch_records))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument("--batch", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_server(Path(name)) as environment:
        folder = Path(name)
        newsroom = Newsroom(HERE / "raw", options.articles, seed=7)
        one, everything = folder / "one", folder / "all"
        for place, count in ((one, 1), (everything, options.articles)):
            place.mkdir()
            write_jsonl(place / "a.jsonl", map(newsroom.record, range(count)))
        batches = -(-options.articles // options.batch)
        print(f"{options.articles:,} articles, {batches} batches, {os.cpu_count()} cores; seconds beyond start-up")
        spent: Mapping[str, float] = {}
        for workers in (1, 2):
            command = measure_command(everything, folder, workers) - measure_command(one, folder, workers)
            with ExitStack() as stack:
                place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                cluster = Cluster(stack, place, environment, workers)
                others = {"the Dask scheduler": cluster.scheduler, "the Prefect server": _server_of(environment)}
                flow_environment = environment | {"ONRECORD_DASK_SCHEDULER": cluster.address}
                start_up, run = (
                    measure_flow(raw, folder, workers, options.batch, flow_environment, others)
                    for raw in (one, everything)
                )
            flow = without(run, start_up)
            spent = {name: value / batches for name, value in flow.spent.items()}
            print(
                f"{workers} worker{'s' * (workers > 1):1}  command {command:8.1f} s {options.articles / command:6.1f}/s   "
                f"Dask {flow.seconds:8.1f} s {options.articles / flow.seconds:6.1f}/s   start-up {start_up.seconds:.1f} s",
                flush=True,
            )
        work = measure_work(everything, options.batch)
    print(f"\nprocessor seconds a batch of {options.batch}\n{'a worker: curating':38}{work:8.2f}")
    for part, seconds in spent.items():
        print(f"{part if part.startswith('the ') else f'the composing process: {part}':58}{seconds:8.3f}")
    tell_paper(work, spent, options.batch)
    return None


def _server_of(environment: Mapping[str, str]) -> psutil.Process:
    port = environment["PREFECT_API_URL"].split(":")[2].split("/")[0]
    return next(child for child in psutil.Process().children() if port in child.cmdline())


if __name__ == "__main__":
    main()
