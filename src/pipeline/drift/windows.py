"""Windows of 24 hours: what came, added up by subject and window. The first is the last day, the others lie before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

DAY = 86_400.0  # seconds
Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def number_windows(runs: pa.Table, now: datetime) -> Whole:
    """The window that each run belongs to.

    A schedule is never punctual to the second: where a day ends exactly at a daily run, chance would put two runs into
    one window and none into the next. So a source's day ends at its own last run, and windows are parted half-way between
    its runs. A source whose runs are overdue has come to its end: its day ends now.

    Args:
        runs: source, started_at.
        now: no run started later.
    """
    age = now.timestamp() - _seconds(runs["started_at"])
    windows = np.zeros(len(age), np.int64)
    sources = np.asarray(runs["source"].to_pylist(), object)
    for source in set(sources.tolist()):
        own = sources == source
        slack = _usual_gap(age[own]) / 2
        last = age[own].min()
        end = last if last <= DAY + slack else 0.0
        windows[own] = (age[own] - end + slack) // DAY
    return windows


def _usual_gap(age: Numbers) -> float:
    """The time between two runs that most of the time lies within; at most a day."""
    gaps = np.sort(np.minimum(np.diff(np.sort(age)), DAY))
    if not gaps.sum():
        return 0.0
    return float(gaps[np.searchsorted(gaps.cumsum(), gaps.sum() / 2)])


def _seconds(instants: pa.ChunkedArray) -> Numbers:
    micros = pc.cast(pc.cast(instants, pa.timestamp("us", "UTC")), pa.int64())
    return np.asarray(micros.to_numpy(), np.float64) / 1e6


@dataclass(frozen=True, slots=True)
class Grid:
    """Where rows belong: which subject and which window."""

    subjects: Sequence[str]
    row_subject: Whole
    row_window: Whole
    width: int

    def add_up(self, values: Numbers) -> Numbers:
        """Sums of the rows' values, subjects × windows."""
        kept = self.row_window < self.width
        cells = self.row_subject[kept] * self.width + self.row_window[kept]
        sums = np.bincount(cells, values[kept], len(self.subjects) * self.width)
        return np.asarray(sums.reshape(len(self.subjects), self.width), np.float64)

    @property
    def is_whole(self) -> Flags:
        """Subjects × windows: which windows lie after the one in which the subject first came, or are the last day.

        What comes first is often an archive, and part of a day: nothing can be learnt from it.
        """
        first = np.zeros(len(self.subjects), np.int64)
        np.maximum.at(first, self.row_subject, self.row_window)
        at = np.arange(self.width)
        whole: Flags = (at < first[:, None]) | (at == 0)
        return whole


def make_grid(subjects: pa.ChunkedArray, windows: Whole, width: int) -> Grid:
    """Number the subjects of rows, in alphabetical order."""
    encoded = subjects.combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    order = np.argsort(np.asarray(names, object)) if names else np.zeros(0, np.int64)
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return Grid([names[at] for at in order], rank[encoded.indices.to_numpy(zero_copy_only=False)], windows, width)
