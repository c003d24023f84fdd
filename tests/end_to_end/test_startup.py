"""What the command imports, and what it leaves alone: its start-up time as facts that hold on any machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.newsroom import Onrecord

# Runs commands one after the other, and tells their exit codes and what they have imported between them.
PROGRAM = """
import json, sys
from pipeline.cli import main

if __name__ == "__main__":
    codes = []
    for arguments in json.loads(sys.argv[1]):
        try:
            codes.append(main(arguments))
        except SystemExit as stop:
            codes.append(stop.code)
    print(json.dumps([codes, sorted(sys.modules)]), file=sys.stderr)
"""
COMMANDS = "curate replay verify show report versions at diff drift rollback compact forget export gold".split()
# What takes longer to import than the command may take to say how it is called.
HEAVY = {"pyarrow", "numpy", "pandas", "pydantic", "lxml", "httpx", "pipeline.curate", "pipeline.store"}
VALIDATION = {"great_expectations", "pipeline.validate"}
READING = {"onnxruntime", "tokenizers", "py3langid", "ftfy", "trafilatura", "htmldate", "feedparser", "fsspec"}


def run_apart(tmp_path: Path, *commands: list[str]) -> tuple[list[int], set[str]]:
    """The exit codes of commands that run in a process of their own, and the modules that are there in the end."""
    program = tmp_path / "commands.py"  # a file: the pool's workers import it
    program.write_text(PROGRAM, "utf-8")
    ran = subprocess.run(
        [sys.executable, program, json.dumps(commands)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    codes, modules = json.loads(ran.stderr.splitlines()[-1])
    return codes, set(modules)


def test_help_imports_nothing_that_takes_long(tmp_path: Path) -> None:
    commands = [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)]
    codes, modules = run_apart(tmp_path, *commands)
    assert codes == [0] * len(commands)
    assert not modules & (HEAVY | VALIDATION | READING)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no-command"),
        pytest.param(["curat"], id="no-such-command"),
        pytest.param(["curate", "raw"], id="data-set-not-named"),
        pytest.param(["curate", "raw", "--into", "curated", "--workers", "0"], id="number-that-is-none"),
        pytest.param(["curate", "raw", "--into", "curated", "--attributions", "most"], id="no-such-choice"),
        pytest.param(["replay", "curated", "--reason", "boredom"], id="no-such-reason"),
    ],
)
def test_refusing_an_argument_imports_nothing_that_takes_long(tmp_path: Path, arguments: list[str]) -> None:
    codes, modules = run_apart(tmp_path, arguments)
    assert codes == [2]
    assert not modules & (HEAVY | VALIDATION | READING)


@pytest.mark.slow
def test_run_with_nothing_to_do_reads_and_validates_nothing(tmp_path: Path, raw: Path, onrecord: Onrecord) -> None:
    command = ["curate", str(raw), "--into", str(tmp_path / "curated")]
    assert onrecord(*command).code == 0
    codes, modules = run_apart(tmp_path, command)
    assert codes == [0]
    assert not modules & (VALIDATION | READING)


@pytest.mark.slow
def test_texts_are_read_beside_the_import_of_what_validates(tmp_path: Path, raw: Path) -> None:
    codes, modules = run_apart(tmp_path, ["curate", str(raw), "--into", str(tmp_path / "curated"), "--workers", "2"])
    assert codes == [0]
    assert modules >= VALIDATION
    assert not modules & {"onnxruntime", "tokenizers", "py3langid"}  # these are in the worker
