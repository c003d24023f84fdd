"""A disk that is full or read-only, and a data set with leftovers of dead runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end.conftest import Onrecord, state_of
from tests.end_to_end.scenes import Scene
from tests.end_to_end.warm import Ended, Warm

BLOCK = 4096
# What is left of each for the run: from nothing on, in steps, until it is enough.
KIBIBYTES, INODES = "kibibytes", "inodes"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 16 MiB and 2,000 inodes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=16m,nr_inodes=2000"]
    if subprocess.run(["mount", *options, "none", str(disk)], check=False, capture_output=True).returncode:
        pytest.skip("only root may mount the small file system that this needs")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@contextmanager
def only(disk: Path, left: int, what: str) -> Iterator[None]:
    """Leave only this much of a disk free."""
    filler = disk / "filler"
    filler.mkdir()
    with suppress(OSError):
        if what == KIBIBYTES:
            with (filler / "bytes").open("wb", buffering=0) as stream:
                while stream.write(b"0" * BLOCK):
                    pass
        else:
            for number in range(100_000):
                (filler / str(number)).touch()
    if what == KIBIBYTES:
        with (filler / "bytes").open("r+b") as stream:
            stream.truncate(max(0, stream.seek(0, 2) - left * 1024))
    else:
        for number in range(left):
            (filler / str(number)).unlink(missing_ok=True)
    yield
    subprocess.run(["rm", "-r", str(filler)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "step"),
    [
        pytest.param(KIBIBYTES, 96, id="no-room"),
        pytest.param(INODES, 24, id="no-inodes"),
        pytest.param(KIBIBYTES, 4, id="no-room-page-by-page", marks=pytest.mark.crash),
        pytest.param(INODES, 1, id="no-inodes-one-by-one", marks=pytest.mark.crash),
    ],
)
def test_full_disk_publishes_nothing_or_all_and_the_next_run_recovers(
    warm: Warm, small_disk: Path, what: str, step: int
) -> None:
    with warm.connect() as runner:
        scene = Scene(runner, small_disk, 2)
        left = refused = 0
        while True:
            curated = scene.fresh()
            with only(small_disk, left, what):
                ended = scene.run(runner, curated)
                found = scene.find(curated)
            assert told(ended) == found, f"{left} {what} left: {ended.err}"
            scene.check_recovery(runner, curated)
            if not ended.code:
                break
            left, refused = left + step, refused + 1
    assert refused > 3


def told(ended: Ended) -> str:
    """Return which data set a run says it left."""
    if ended.code == 0:
        return "after"
    assert ended.code == 1, ended
    assert "make room" in ended.err or "No space left" in ended.err, ended
    return (
        "after" if "the run was published" in ended.err else "before" if "nothing was published" in ended.err else "?"
    )


@pytest.mark.slow
def test_unwritable_data_set_is_refused_and_unchanged(warm: Warm, small_disk: Path) -> None:
    with warm.connect() as runner:
        scene = Scene(runner, small_disk, 2)
        curated = scene.fresh()
        before = state_of(curated)
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        try:
            ended = scene.run(runner, curated)
            assert (ended.code, state_of(curated)) == (1, before)
            assert f"{curated} cannot be written: Read-only file system; nothing was published" in ended.err
            assert scene.find(curated) == "before"
        finally:
            subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        scene.check_recovery(runner, curated)


def dead_version(curated: Path) -> None:
    half = curated / "versions" / "20240101T000000Z-abcd" / "articles" / "published_month=2024-05"
    half.mkdir(parents=True)
    (half / "part-0.parquet").write_bytes(b"PAR1")


def dead_staging(curated: Path) -> None:
    (curated / "versions" / "staging-x1y2").mkdir()
    (curated / "versions" / "staging-x1y2" / "000000-articles.arrow").write_bytes(b"ARROW1")


def dead_links(curated: Path) -> None:
    for name in ("articles", "current"):
        (curated / f".{name}.new").symlink_to("versions/20240101T000000Z-abcd")
    (curated / ".README.md.new").write_text("# Curated", "utf-8")


def dead_lock(curated: Path) -> None:
    (curated / ".lock").write_text("process 999999 on elsewhere since 08:00:00 UTC", "utf-8")


def dead_report(curated: Path) -> None:
    (curated / "reports" / "20240101T000000Z-abcd.new").write_text("<html>", "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("leave", [dead_version, dead_staging, dead_links, dead_lock, dead_report])
def test_next_run_removes_what_a_dead_run_left(warm: Warm, fast_disk: Path, leave: Callable[[Path], None]) -> None:
    with warm.connect() as runner:
        scene = Scene(runner, fast_disk, 1)
        leave(scene.end)
        assert scene.find(scene.end) == "after"
        scene.check_recovery(runner, scene.end)


@pytest.mark.slow
def test_data_set_of_an_older_program_is_refused_with_advice_and_unchanged(
    onrecord: Onrecord, warm: Warm, fast_disk: Path
) -> None:
    with warm.connect() as runner:
        scene = Scene(runner, fast_disk, 1)
    curated = scene.end
    as_older(curated)
    before = state_of(curated)
    for arguments in (("curate", scene.raw, "--into", curated), ("verify", curated), ("report", curated)):
        ran = onrecord(*arguments)
        assert ran.code == 2
        assert "was written by another version of onrecord" in ran.err
        assert "curate the raw articles into a new folder" in ran.err
        assert state_of(curated) == before


def as_older(curated: Path) -> None:
    """Make of a data set what the program wrote before it kept revisions: other tables, and its memory in two files."""
    version = (curated / "current").resolve()
    for name in ("article_revisions", "quote_revisions"):
        (curated / name).unlink()
        subprocess.run(["rm", "-r", str(version / name)], check=True)
    subprocess.run(["rm", "-r", str(version / "state")], check=True)
    for name in ("records", "files"):
        pd.DataFrame({"source": ["wire"], "raw_path": ["ferry.txt"]}).to_parquet(version / f"{name}.parquet")
    for path in (version / "quotes").rglob("*.parquet"):
        pd.read_parquet(path, partitioning=None).drop(columns="review_status").to_parquet(path)
