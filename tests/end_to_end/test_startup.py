"""The command imports only what it needs, so that it starts fast on any machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.newsroom import Onrecord

# Runs commands one after the other, and prints their exit codes and the imported modules.
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
# Modules that take too long to import for printing help.
HEAVY = {"pyarrow", "numpy", "pandas", "pydantic", "lxml", "httpx", "pipeline.curate", "pipeline.store"}
VALIDATION = {"great_expectations", "pipeline.validate"}
READING = {"onnxruntime", "tokenizers", "py3langid", "ftfy", "trafilatura", "htmldate", "feedparser", "fsspec"}


def run_apart(tmp_path: Path, *commands: list[str]) -> tuple[list[int], set[str]]:
    """Run commands in their own process, and return their exit codes and all imported modules."""
    program = tmp_path / "commands.py"  # a file: the pool's workers import it
    program.write_text(PROGRAM, "utf-8")
    ran = subprocess.run(
        [sys.executable, program, json.dumps(commands)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    codes, modules = json.loads(ran.stderr.splitlines()[-1])
    return codes, set(modules)


def test_help_imports_no_slow_module(tmp_path: Path) -> None:
    commands = [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)]
    codes, modules = run_apart(tmp_path, *commands)
    assert codes == [0] * len(commands)
    assert not modules & (HEAVY | VALIDATION | READING)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no-command"),
        pytest.param(["curat"], id="no-such-command"),
        pytest.param(["curate", "raw"], id="no-data-set"),
        pytest.param(["curate", "raw", "--into", "curated", "--workers", "0"], id="zero-workers"),
        pytest.param(["curate", "raw", "--into", "curated", "--attributions", "most"], id="no-such-choice"),
        pytest.param(["replay", "curated", "--reason", "boredom"], id="no-such-reason"),
    ],
)
def test_wrong_argument_imports_no_slow_module(tmp_path: Path, arguments: list[str]) -> None:
    codes, modules = run_apart(tmp_path, arguments)
    assert codes == [2]
    assert not modules & (HEAVY | VALIDATION | READING)


@pytest.mark.slow
def test_run_without_new_records_imports_neither_readers_nor_validation(
    tmp_path: Path, raw: Path, onrecord: Onrecord
) -> None:
    command = ["curate", str(raw), "--into", str(tmp_path / "curated")]
    assert onrecord(*command).code == 0
    codes, modules = run_apart(tmp_path, command)
    assert codes == [0]
    assert not modules & (VALIDATION | READING)
