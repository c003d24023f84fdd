"""How long the command takes to start: ``python -m benchmarks.startup [--before REVISION]``, on an idle machine.

Each command runs as people run it, in a process of its own, and by turns with the same command of another revision, which is
checked out beside this one; the medians of wall and of processor time are printed. With warm caches: each runs once before.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

HERE = Path(__file__).parents[1]
TEXT = HERE / "raw" / "northern-wire" / "night-buses.txt"
PAGE = HERE / "raw" / "saltmarsh-echo" / "pier-lift.html"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", metavar="REVISION", help="compare with the command at this revision")
    parser.add_argument("--runs", type=int, default=5, help="of each command (default: 5)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, checked_out(options.before, Path(folder)) as trees:
        for source in trees.values():
            run(source, ["curate", str(TEXT), "--into", str(Path(folder) / f"{source.parent.name}-kept")])
        print(f"{'':14}" + "".join(f"{name:>12} wall s  cpu s" for name in trees))
        for name, arguments in commands(Path(folder)).items():
            print(f"{name:14}" + "".join(measure(list(trees.values()), arguments, options.runs)), flush=True)


@contextmanager
def checked_out(before: str | None, folder: Path) -> Iterator[dict[str, Path]]:
    """Yield the source trees to compare, by name."""
    if before is None:
        yield {"now": HERE / "src"}
        return
    tree = folder / "before"
    subprocess.run(["git", "worktree", "add", "--detach", tree, before], cwd=HERE, check=True, capture_output=True)
    try:
        yield {before: tree / "src", "now": HERE / "src"}
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=HERE, check=True)


def commands(folder: Path) -> dict[str, Callable[[Path], list[str]]]:
    """Return what is measured: the arguments, by name."""
    new = folder / "new"
    return {
        "--help": lambda _: ["--help"],
        "--version": lambda _: ["--version"],
        "curate --help": lambda _: ["curate", "--help"],
        "bad argument": lambda _: ["curate", "--into"],
        "nothing to do": lambda source: ["curate", str(TEXT), "--into", str(folder / f"{source.parent.name}-kept")],
        "one text": lambda _: ["curate", str(TEXT), "--into", str(new)],
        "one page": lambda _: ["curate", str(PAGE), "--into", str(new)],
        "text, 1 worker": lambda _: ["curate", str(TEXT), "--into", str(new), "--workers", "1"],
    }


def measure(trees: list[Path], arguments: Callable[[Path], list[str]], runs: int) -> Iterator[str]:
    """Return the medians of a command in each tree; the trees take turns, so that the machine's load affects all alike."""
    taken: dict[Path, list[tuple[float, float]]] = {source: [] for source in trees}
    for _ in range(runs + 1):
        for source in trees:
            given = arguments(source)
            taken[source].append(run(source, given))
            if "--into" in given[:-1] and given[given.index("--into") + 1].endswith("new"):
                shutil.rmtree(given[given.index("--into") + 1])
    for times in taken.values():
        wall, processor = (median(column) for column in zip(*times[1:], strict=True))
        yield f"{wall:>19.2f}{processor:>7.2f}"


def run(source: Path, arguments: list[str]) -> tuple[float, float]:
    """Return wall and processor seconds of a command and its child processes."""
    environment = {**os.environ, "PYTHONPATH": str(source)}
    start, before = time.perf_counter(), os.times()
    ran = subprocess.run(
        [sys.executable, "-m", "onrecord", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    wall, after = time.perf_counter() - start, os.times()
    if ran.returncode not in (0, 2):
        raise SystemExit(f"{' '.join(arguments)}: {ran.stderr}")
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()
