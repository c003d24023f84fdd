from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli import main
from tests.end_to_end.newsroom import STORIES, Newsroom, Onrecord, Ran
from tests.end_to_end.warm import Warm

STORY = """Ferry service to Port Ellery resumes after storm

PORT ELLERY, May 7 2024 - The ferry to Port Ellery will sail again on Wednesday, the harbour board said.

"We checked every cable and every ramp," said Mara Oduya, who leads the board. "The boats are safe."

Oduya said that {detail} passengers had been waiting since the storm.
"""


@pytest.fixture
def onrecord(capfd: pytest.CaptureFixture[str]) -> Onrecord:
    """Run the command in this process, so that Great Expectations is imported once for all tests."""

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A folder of three good articles."""
    folder = tmp_path / "wire"
    folder.mkdir()
    for number in range(3):
        (folder / f"story-{number}.txt").write_text(STORY.format(detail=f"{number + 2} hundred"), "utf-8")
    return folder


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Start runs of the command without start-up time, which can be killed at any step."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("what a step changes is told by /proc, which this system has not")
    process = Warm()
    yield process
    process.close()


@pytest.fixture
def fast_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory if the system has one, where thousands of syncs are cheap."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture
def newsroom(onrecord: Onrecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """Three raw articles that are not curated yet.

    Great Expectations, which takes most of a small run, has a stand-in that finds no fault; ``verify`` asks the same of
    the data set, and more.
    """
    from pipeline import validate  # late: it takes seconds to import

    for name in ("check_rows", "check_version"):
        monkeypatch.setattr(validate, name, lambda *_: [])
    room = Newsroom(tmp_path / "wire", tmp_path / "curated", onrecord)
    for name in STORIES:
        room.write_story(name)
    return room


def state_of(folder: Path) -> dict[str, tuple[str, int]]:
    """Return every file's digest and modification time, and every link's target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = (str(path.readlink()), 0)
        elif path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(folder))] = (digest, path.stat().st_mtime_ns)
    return found
