"""Two writers at once, and readers during a publish."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

from onrecord import open_version
from pipeline.contract import TABLES
from tests.end_to_end.conftest import Onrecord
from tests.end_to_end.scenes import Scene
from tests.end_to_end.warm import Runner, Warm

HELD = r"is being written by process {pid} on \S+ since [-\d]+ \d\d:\d\d:\d\d UTC; wait for it and run again"
# A story whose every sentence names its edition.
EDITION = """The harbour has {edition} boats

PORT ELLERY, {month} 7 2024 - The harbour board counted its boats on Tuesday.

"We have {edition} boats," said Mara Oduya, who leads the board. {more}
"""
BY_PATH: dict[str, Callable[[Path], pd.DataFrame]] = {
    "pandas": lambda folder: pd.read_parquet(folder),
    "DuckDB": lambda folder: duckdb.read_parquet(f"{folder}/**/*.parquet").df(),
    "polars": lambda folder: pl.read_parquet(folder).to_pandas(),
}


@pytest.mark.slow
def test_second_writer_is_refused_and_a_dead_writers_lock_is_free(
    onrecord: Onrecord, warm: Warm, fast_disk: Path
) -> None:
    with warm.connect() as runner:
        scene = Scene(runner, fast_disk, 2)
        curated = scene.fresh()
        middle = len(scene.undisturbed.steps) // 2
        holder = scene.run(runner, curated, at=middle, signal=signal.SIGSTOP)
        assert holder.code is None
        second = onrecord(*scene.arguments(curated))
        assert second.code == 1  # the holder is still stopped: nobody waited for it
        assert re.search(HELD.format(pid=holder.pid), second.err), second.err
        assert scene.find(curated) == "before"

        os.kill(holder.pid, signal.SIGKILL)
        assert runner.wait(holder).code == -signal.SIGKILL
        assert (curated / ".lock").exists()
        scene.check_recovery(runner, curated)


@pytest.mark.slow
def test_writer_is_not_disturbed_by_a_refused_one(onrecord: Onrecord, warm: Warm, fast_disk: Path) -> None:
    with warm.connect() as runner:
        scene = Scene(runner, fast_disk, 2)
        curated = scene.fresh()
        switch = scene.undisturbed.steps.index("os.rename current") + 1
        holder = scene.run(runner, curated, at=switch, signal=signal.SIGSTOP)
        assert onrecord(*scene.arguments(curated)).code == 1
        os.kill(holder.pid, signal.SIGCONT)
        assert runner.wait(holder).code == 0
        scene.check_recovery(runner, curated)


@pytest.mark.slow
def test_two_real_commands_one_of_which_writes(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    command = [sys.executable, "-m", "onrecord", "curate", str(raw), "--into", str(curated), "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as first:
        while not (curated / ".lock").exists() and first.poll() is None:
            time.sleep(0.02)
        second = onrecord("curate", raw, "--into", curated)
    assert (first.returncode, second.code) == (0, 1)
    assert "is being written by process" in second.err
    assert len(pd.read_parquet(curated / "articles")) == 3


@pytest.mark.slow
@pytest.mark.parametrize(("publishes", "reads"), [(20, 60), pytest.param(100, 500, marks=pytest.mark.crash)])
def test_publishing_does_not_disturb_readers_of_a_version(
    warm: Warm, fast_disk: Path, publishes: int, reads: int
) -> None:
    """A reader that opens a version reads only that version.

    By the plain path pandas is not disturbed either. DuckDB and polars open a file twice, and where the link was
    switched between, find another file there: they fail, saying that it is no Parquet, and read it the next time.
    """
    raw, curated = fast_disk / "wire", fast_disk / "curated"
    raw.mkdir()
    told: Counter[str] = Counter()
    with warm.connect() as runner, ThreadPoolExecutor(1) as beside:
        publish(runner, raw, curated, [0])
        writer = beside.submit(publish, runner, raw, curated, range(1, publishes + 1))
        while told["reads"] < reads or not writer.done():
            read_version(curated)
            for name, read in BY_PATH.items():
                told["reads"] += 1
                told[f"{name} failed"] += read_by_path(read, curated)
        writer.result()
    assert told["pandas failed"] == 0
    assert told["DuckDB failed"] + told["polars failed"] <= told["reads"] / 10, told
    assert edition_of(pd.read_parquet(curated / "articles")) == 1000 + publishes


def publish(runner: Runner, raw: Path, curated: Path, editions: Iterable[int]) -> None:
    """Publish editions of three articles, alternately longer and shorter."""
    for edition in editions:
        more = "Nobody else spoke of it. " * (edition * 7 % 13)
        for month in ("May", "June", "July"):
            text = EDITION.format(month=month, edition=1000 + edition, more=more)
            (raw / f"{month}.txt").write_text(text, "utf-8")
        ended = runner.run("curate", raw, "--into", curated, "--workers", 1, "--quiet")
        assert ended.code == 0, ended.err


def read_version(curated: Path) -> None:
    """Read all tables of one version, and check that they are of one edition and one run."""
    version = open_version(curated)
    tables = {name: version.read(name).to_pandas() for name in TABLES}
    editions = {edition_of(tables["articles"]), edition_of(tables["quotes"])}
    for read in BY_PATH.values():
        editions |= {edition_of(read(version.path / name)) for name in ("articles", "quotes")}
    assert len(editions) == 1, editions
    assert set(tables["articles"]["run_id"]) == {version.run_id}
    assert version.run_id in set(tables["runs"]["run_id"])
    assert set(tables["mentions"]["entity_id"]) == set(tables["entities"]["entity_id"])


def read_by_path(read: Callable[[Path], pd.DataFrame], curated: Path) -> int:
    """Read all tables by the plain path, retrying one that failed once; check that all rows are of one edition.

    Returns:
        How often it failed.
    """
    failures = 0
    for name in TABLES:
        try:
            rows = read(curated / name)
        except BaseException:  # noqa: BLE001 (polars panics, which is no Exception)
            failures += 1
            rows = read(curated / name)
        if name == "articles":
            assert (rows["text"].str.extract(r"has (\d+) boats")[0] == rows["headline"].str.extract(r"(\d+)")[0]).all()
    return failures


def edition_of(rows: pd.DataFrame) -> int:
    """Return the one edition of all rows with a number."""
    editions = {int(number) for number in rows["text"].str.extract(r"(\d+) boats")[0].dropna()}
    assert len(editions) == 1, editions
    return editions.pop()
