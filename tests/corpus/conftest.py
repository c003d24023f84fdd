"""Measures on gold corpora that lie outside the repository: under ``SHARED``, by default ``../shared``."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

from pipeline.cli import main

REPOSITORY = Path(__file__).parents[2]
# A relative path is meant from the repository, wherever pytest was started.
SHARED = (REPOSITORY / os.environ.get("SHARED", "../shared")).resolve()


class Curate(Protocol):
    """Curates a folder of raw articles with options of the command; where the data set lies."""

    def __call__(self, raw: Path, /, *options: str) -> Path: ...


def require(*paths: str) -> Path:
    """Return the folder SHARED, or skip the test if one of its paths is missing."""
    for path in paths:
        if not (SHARED / path).exists():
            pytest.skip(f"{SHARED / path} is absent; name the folder that holds it with SHARED=…")
    return SHARED


def run_onrecord(*arguments: object) -> tuple[int, str]:
    """Run the command in this process; its exit code and what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        code = main([str(argument) for argument in arguments])
    return code, printed.getvalue()


def digest_of(*folders: Path) -> str:
    """Return the SHA-256 of the sorted names and the bytes of files in folders; figures belong to exactly these."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.iterdir(), key=lambda path: path.name):
            content = path.read_bytes()
            digest.update(f"{folder.name}/{path.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def score(script: str, gold: Path, curated: Path, figures: Path) -> dict[str, Any]:
    """Run one of the scorers in SHARED/measure; its figures."""
    command = [sys.executable, str(SHARED / "measure" / script), str(gold), str(curated), "--json", str(figures)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(f"\n{done.stdout}")
    found: dict[str, Any] = json.loads(figures.read_text("utf-8"))
    return found


@pytest.fixture(scope="session")
def curate_once(tmp_path_factory: pytest.TempPathFactory) -> Curate:
    """Curate each folder of raw articles once a session."""
    done: dict[tuple[Path, *tuple[str, ...]], Path] = {}

    def curate(raw: Path, /, *options: str) -> Path:
        if (raw, *options) not in done:
            into = tmp_path_factory.mktemp("corpus") / "curated"
            code, printed = run_onrecord("curate", raw, "--into", into, *options)
            assert code == 0, printed
            print(f"\n{printed}")
            done[raw, *options] = into
        return done[raw, *options]

    return curate
