"""A piece of work in a process of its own: how long it takes, and how much memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Measured(Generic[R]):
    """What some work gave, and what it cost."""

    result: R
    seconds: float  # with the start of its process and all imports
    processor: float  # seconds of processor time, of all its threads: what others on the machine disturb least
    peak: int  # bytes of memory at most

    def __str__(self) -> str:
        return f"{self.seconds:7.1f} s {self.processor:7.1f} s {self.peak / 1e6:8,.0f} MB"


def alone(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Measured[R]:
    """Do some work in a fresh process."""
    start = time.perf_counter()
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        result = pool.submit(work, *args, **kwargs).result()
        seconds = time.perf_counter() - start
        return Measured(result, seconds, *pool.submit(_cost).result())


def _cost() -> tuple[float, int]:
    # Not getrusage: where the parent is larger, a new process inherits its peak.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return time.process_time(), int(line.split()[1]) * 1024


def disk(folders: Iterable[Path]) -> int:
    """Return the bytes on disk of some folders together; a file with several names counts once."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            stat = path.lstat()
            found[stat.st_dev, stat.st_ino] = stat.st_blocks * 512
    return sum(found.values())
