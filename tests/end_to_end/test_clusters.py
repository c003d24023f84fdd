"""Flows on a real Dask cluster, whose processes are killed, cut off or missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from pipeline.cli import main
from tests.end_to_end.conftest import STORY
from tests.end_to_end.newsroom import STORIES, line
from tests.end_to_end.prefect_server import Prefect
from tests.end_to_end.states import differing, owed_to_input

pytestmark = pytest.mark.slow

BATCH = 3  # records
BATCHES = 9
BASE = {"id": "B1", "name": "Mara Oduya", "type": "person"}
CURATE = """
import sys
sys.path.insert(0, "flows")
from curate import curate_flow
raw, into, base = sys.argv[1:]
curate_flow(raw=raw, into=into, knowledge_base=base, batch_records=3)
"""


class Cluster:
    """A scheduler and workers, in a folder where nothing of the project lies."""

    def __init__(self, prefect: Prefect, folder: Path, host: str = "127.0.0.1", **settings: str) -> None:
        """Start a scheduler.

        Args:
            prefect: whose server the workers tell how their batches go.
            folder: takes the workers' files.
            host: where the scheduler listens.
            settings: of Dask, as environment variables.
        """
        self._prefect, self._folder = prefect, folder
        self._environment = prefect.environment | settings
        self._file = folder / "scheduler.json"
        folder.mkdir()
        self._processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            [], "scheduler", "--host", host, "--port", "0", "--no-dashboard", "--scheduler-file", self._file
        )
        self.address = prefect.until(self._read_address, "a scheduler")

    def add_worker(self, *options: str, inside: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """Start a worker, and wait until it has joined.

        Args:
            options: of the worker.
            inside: the command that it is started by.
        """
        log = self._folder / f"worker-{len(self._processes)}.log"
        options = options or ("--no-nanny",)
        place = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(log.with_suffix("")))
        worker = self._start(inside, "worker", self.address, *place, *options, log=log)
        self._prefect.until(lambda: "Registered to" in log.read_text(), "a worker that joins")
        return worker

    def close(self) -> None:
        """End everything."""
        for process in self._processes:
            self._prefect.kill(process)

    def _start(self, inside: object, *arguments: object, log: Path | None = None) -> subprocess.Popen[bytes]:
        command = [*inside, sys.executable, "-m", "dask", *map(str, arguments)]
        with (log or self._folder / "scheduler.log").open("wb") as told:
            process = subprocess.Popen(command, cwd=self._folder, env=self._environment, stdout=told, stderr=told)
        self._processes.append(process)
        return process

    def _read_address(self) -> str | None:
        try:
            return json.loads(self._file.read_text())["address"]
        except (FileNotFoundError, json.JSONDecodeError):
            return None


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """A new server."""
    made = Prefect(tmp_path_factory.mktemp("prefect"))
    try:
        made.start_server()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stories in nine batches, some of them copies of a story in another batch; a dump; a file that is rejected."""
    folder = tmp_path_factory.mktemp("cluster") / "wire"
    folder.mkdir()
    for number in range(21):
        (folder / f"story-{number:02}.txt").write_text(STORY.format(detail=f"{number % 19 + 2} hundred"), "utf-8")
    (folder / "dump.jsonl").write_text("".join(line(*story) for story in STORIES.items()))
    (folder / "sealed.txt").write_bytes(b"\x00\x01\x02" * 300)
    (folder / "tide.txt").write_text(STORY.format(detail="no"), "utf-8")
    (folder / "wind.txt").write_text(STORY.format(detail="many"), "utf-8")
    (folder.parent / "board.jsonl").write_text(json.dumps(BASE) + "\n")
    return folder


@pytest.fixture(scope="module")
def local(raw: Path) -> Path:
    """The data set that the command makes from them."""
    into = raw.parent / "local"
    base = str(raw.parent / "board.jsonl")
    assert main(["curate", str(raw), "--into", str(into), "--knowledge-base", base, "--workers", "1", "--quiet"]) == 0
    return into


def start_flow(prefect: Prefect, cluster: Cluster, raw: Path, into: Path) -> subprocess.Popen[bytes]:
    prefect.environment["ONRECORD_DASK_SCHEDULER"] = cluster.address
    return prefect.start("-c", CURATE, str(raw), str(into), str(raw.parent / "board.jsonl"))


def batches_of(prefect: Prefect, into: Path) -> dict[str, str]:
    """Return the state of each batch of the runs into a data set, by task run id."""
    runs = prefect.post("/flow_runs/filter", flow_runs={"name": {"like_": str(into)}})
    tasks = [task for run in runs for task in prefect.task_runs(run["id"]) if task["name"].startswith("batch ")]
    return {task["id"]: task["state_type"] for task in tasks}


def starts_of(prefect: Prefect, task_run: str) -> int:
    """Return how often a batch was started."""
    states = prefect.get("/task_run_states/", task_run_id=task_run)
    return sum(state["type"] == "RUNNING" for state in states)


def assert_same(one: Path, other: Path) -> None:
    made, expected = owed_to_input(one), owed_to_input(other)
    assert not differing(made, expected)
    assert len(made["articles"]) == 26
    assert "B1" in set(pd.read_parquet(one / "entities")["link_id"])


@pytest.mark.parametrize(
    ("failures", "told"),
    [
        pytest.param("3", BATCHES, id="its-batch-is-run-by-another-worker"),
        # The worker had begun one batch and another waited for it; neither is begun again by Prefect's tasks.
        pytest.param("0", BATCHES - 2, id="a-batch-that-ends-too-many-workers-is-run-by-the-flow"),
    ],
)
@pytest.mark.slow
def test_killed_worker_costs_only_its_batch(
    prefect: Prefect, raw: Path, local: Path, tmp_path: Path, failures: str, told: int
) -> None:
    cluster = Cluster(prefect, tmp_path / "dask", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=failures)
    into = tmp_path / "curated"
    try:
        lost, _ = cluster.add_worker(), cluster.add_worker()
        flow = start_flow(prefect, cluster, raw, into)
        prefect.until(lambda: "RUNNING" in batches_of(prefect, into).values(), "a batch that runs")
        lost.send_signal(signal.SIGSTOP)  # what it has begun it has not done when it dies, and the other does the rest
        most = ["COMPLETED"] * (BATCHES - 2)
        prefect.until(lambda: sorted(batches_of(prefect, into).values())[: BATCHES - 2] == most, "the other batches")
        done = {batch for batch, state in batches_of(prefect, into).items() if state == "COMPLETED"}
        prefect.kill(lost)
        assert flow.wait(300) == 0, prefect.log.read_text()[-5000:]
    finally:
        cluster.close()
    assert_same(into, local)
    starts = {batch: starts_of(prefect, batch) for batch in batches_of(prefect, into)}
    assert told <= len(starts) <= BATCHES
    assert {starts[batch] for batch in done} == {1}


# ── Two hosts ──────────────────────────────────────────────────────────────────────────────────────────────────

HERE, THERE = "10.213.77.1", "10.213.77.2"


def ip(*arguments: str) -> bool:
    return subprocess.run(["ip", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def other_host() -> Iterator[tuple[str, ...]]:
    """Return the command that starts a program on another host, with its own network and a cable to this one."""
    name, cable = f"onrecord-{os.getpid()}", f"onr{os.getpid() % 100_000}"
    if not shutil.which("ip") or not ip("netns", "add", name):
        pytest.skip("two hosts need root and iproute2")
    try:
        assert ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        assert ip("address", "add", f"{HERE}/30", "dev", cable)
        assert ip("link", "set", cable, "up")
        assert ip("-n", name, "address", "add", f"{THERE}/30", "dev", "eth0")
        assert ip("-n", name, "link", "set", "eth0", "up")
        assert ip("-n", name, "link", "set", "lo", "up")
        yield ("ip", "netns", "exec", name)
    finally:
        ip("link", "delete", cable)
        ip("netns", "delete", name)


@pytest.mark.slow
def test_two_hosts_make_the_same_tables_as_one(
    other_host: tuple[str, ...], raw: Path, local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT", "60s")
    prefect = Prefect(tmp_path, host=HERE)
    into = tmp_path / "curated"
    try:
        prefect.start_server()
        cluster = Cluster(prefect, tmp_path / "dask", HERE)
        try:
            cluster.add_worker(inside=other_host)
            assert start_flow(prefect, cluster, raw, into).wait(300) == 0, prefect.log.read_text()[-5000:]
            assert set(batches_of(prefect, into).values()) == {"COMPLETED"}
        finally:
            cluster.close()
    finally:
        prefect.close()
    assert_same(into, local)


# ── What is not there ──────────────────────────────────────────────────────────────────────────────────────────

FAIL = """
import os, signal, sys
sys.path.insert(0, "flows")
case, address, scheduler = sys.argv[1:]
if case == "no-dask":
    sys.modules["prefect_dask"] = None
from prefect import flow
import runners
from pipeline import settings
from pipeline.batches import Task
from pipeline.contract import RawRef
from pipeline.curate import curate_batch
from pipeline.errors import OnrecordError
from pipeline.read import Options, RawRecord
os.environ["ONRECORD_DASK_SCHEDULER"] = address
runners.PATIENCE = 1
if case == "other-code":
    settings.VERSION = "0.0.9"
record = RawRecord(RawRef("wire", "story.txt", "#1", ""), "text", b"Ferry sails", "text")
def batches():
    yield Task((record,), None, Options(), "said")
    if case == "scheduler-dies":  # now that a worker has the batch
        os.kill(int(scheduler), signal.SIGKILL)
try:
    @flow(task_runner=runners.choose_task_runner())
    def curate_one():
        list(runners.as_prefect_tasks(curate_batch, batches()))
    curate_one()
except OnrecordError as error:
    print(type(error).__name__, error)
"""
NOBODY = "tcp://127.0.0.1:9"


@pytest.mark.parametrize(
    ("case", "workers", "told"),
    [
        pytest.param(
            "no-dask", None, "UsageError .* is tcp://127.0.0.1:9, but prefect-dask is not installed", id="no-dask"
        ),
        pytest.param("nobody", None, "UnreachableError .* tcp://127.0.0.1:9 .* does not answer", id="no-scheduler"),
        pytest.param("no-workers", (), "UnreachableError .* has had no workers", id="no-workers"),
        pytest.param("nanny", ("--nanny",), "OnrecordError .*--no-nanny", id="workers-that-may-start-no-process"),
        pytest.param(
            "other-code", ("--no-nanny",), "OnrecordError .* the run has onrecord 0.0.9 ", id="workers-of-other-code"
        ),
        pytest.param(
            "scheduler-dies", ("--no-nanny",), "UnreachableError .* went away during", id="scheduler-that-dies"
        ),
    ],
)
@pytest.mark.slow
def test_cluster_that_cannot_be_used_says_why(
    prefect: Prefect, tmp_path: Path, case: str, workers: tuple[str, ...] | None, told: str
) -> None:
    cluster = None if workers is None else Cluster(prefect, tmp_path / "dask")
    try:
        if cluster and workers:
            cluster.add_worker(*workers)
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                FAIL,
                case,
                *((cluster.address, str(cluster.scheduler.pid)) if cluster else (NOBODY, "0")),
            ],
            cwd=prefect.project,
            env=prefect.environment | {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        if cluster:
            cluster.close()
    assert ran.returncode == 0, ran.stderr[-5000:]
    assert re.search(told, ran.stdout), ran.stdout
