"""Sum arrivals by subject and window of 24 hours. Window 0 is the last day, window 1 the day before, and so on."""

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
    """Return the window of each run.

    Schedules are not punctual to the second. If a day ended exactly at a daily run, chance would put two runs into one
    window and none into the next. So a source's day ends at its own last run, and windows are divided half-way between
    its runs. If a source's runs are overdue, its day ends now.

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
    """Return the usual time between two runs: half of all time is in gaps up to this long. At most a day."""
    gaps = np.sort(np.minimum(np.diff(np.sort(age)), DAY))
    if not gaps.sum():
        return 0.0
    return float(gaps[np.searchsorted(gaps.cumsum(), gaps.sum() / 2)])


def _seconds(instants: pa.ChunkedArray) -> Numbers:
    micros = pc.cast(pc.cast(instants, pa.timestamp("us", "UTC")), pa.int64())
    return np.asarray(micros.to_numpy(), np.float64) / 1e6


@dataclass(frozen=True, slots=True)
class Grid:
    """The subject and window of each row."""

    subjects: Sequence[str]
    row_subject: Whole
    row_window: Whole
    width: int

    def add_up(self, values: Numbers) -> Numbers:
        """Return the sums of the rows' values, subjects × windows."""
        kept = self.row_window < self.width
        cells = self.row_subject[kept] * self.width + self.row_window[kept]
        sums = np.bincount(cells, values[kept], len(self.subjects) * self.width)
        return np.asarray(sums.reshape(len(self.subjects), self.width), np.float64)

    @property
    def is_whole(self) -> Flags:
        """Subjects × windows: whether the window is after the subject's first one, or the last day.

        The first arrival is often an archive, and part of a day only: no baseline is learnt from it.
        """
        first = np.zeros(len(self.subjects), np.int64)
        np.maximum.at(first, self.row_subject, self.row_window)
        window = np.arange(self.width)
        whole: Flags = (window < first[:, None]) | (window == 0)
        return whole


def make_grid(subjects: pa.ChunkedArray, windows: Whole, width: int) -> Grid:
    """Return the grid of some rows, with subjects in alphabetical order."""
    encoded = subjects.combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    order = np.argsort(np.asarray(names, object)) if names else np.zeros(0, np.int64)
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return Grid([names[i] for i in order], rank[encoded.indices.to_numpy(zero_copy_only=False)], windows, width)
