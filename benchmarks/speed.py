"""Speed and memory of ``onrecord curate`` as a whole process.

Usage: python -m benchmarks.speed [RAW ...] [--runs N] [--workers N]

Without RAW it measures the sample articles of ``raw/``, a single one of them, and, where they lie beside the checkout,
the PolNeAR texts and the world-wide newswire. Each figure is the median of N runs into a fresh folder; memory is the
largest resident set of any one process of the run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CORPORA = HERE.parent / "shared" / "corpora"


def measure(raw: Path, workers: int | None) -> tuple[float, float]:
    """Return wall seconds and peak MiB of one run of the command over RAW."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "onrecord", "curate", str(raw), "--into", f"{folder}/curated", "--quiet"]
        command += ["--workers", str(workers)] if workers else []
        start = time.perf_counter()
        pid = os.posix_spawn(sys.executable, command, os.environ)
        _, status, usage = os.wait4(pid, 0)
        seconds = time.perf_counter() - start
        if status:
            raise SystemExit(f"the run over {raw} failed")
        return seconds, usage.ru_maxrss / 1024  # the largest process, its pool included


def gather(folders: list[Path], into: Path) -> Path:
    """Return one folder that links the texts of several."""
    into.mkdir()
    for folder in folders:
        (into / folder.parent.name).symlink_to(folder, target_is_directory=True)
    return into


def main() -> None:
    """Measure and print a line for each input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        inputs = {str(raw): raw for raw in options.raw} or _default_inputs(Path(folder))
        print(f"{'input':28}{'files':>8}{'seconds':>10}{'files/s':>10}{'peak MiB':>10}")
        for name, raw in inputs.items():
            figures = [measure(raw, options.workers) for _ in range(options.runs)]
            seconds = statistics.median(figure[0] for figure in figures)
            peak = max(figure[1] for figure in figures)
            files = _count_files(raw)
            print(f"{name:28}{files:>8}{seconds:>10.1f}{files / seconds:>10.1f}{peak:>10.0f}")


def _count_files(raw: Path) -> int:
    if raw.is_file():
        return 1
    return sum(name.endswith(".txt") for _, _, names in os.walk(raw, followlinks=True) for name in names)


def _default_inputs(folder: Path) -> dict[str, Path]:
    sample = sorted((HERE / "raw").rglob("*.txt"))[0]
    shutil.copy(sample, folder / "one.txt")
    inputs = {"one article": folder / "one.txt", "raw/": HERE / "raw"}
    polnear = [CORPORA / "polnear" / part / "text" for part in ("train", "dev")]
    if all(part.is_dir() for part in polnear):
        inputs["PolNeAR texts"] = gather(polnear, folder / "polnear")
    newswire = CORPORA / "worldwide-newswire" / "original"
    if newswire.is_dir():
        inputs["world-wide newswire"] = newswire
    return inputs


if __name__ == "__main__":
    main()
