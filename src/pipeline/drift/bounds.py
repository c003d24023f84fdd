"""What is usual, learnt from the days before: robustly, since some of them were unusual themselves.

Values are first put on a scale on which chance alone scatters by the same amount whatever they are: the root of a rate, the
arc sine of the root of a share (Anscombe 1948). What scatters more than chance on the days before may do so today.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.drift.windows import Flags, Numbers, Whole

Z = 3.6  # standard deviations that are still usual: measured (tests/unit/test_drift.py),
Z_OF_QUOTES = 4.6  # … and where what was counted comes in clusters: quotes do in articles, and speakers among them
MAD = 1.4826  # of a normal distribution: its standard deviation, in median absolute deviations;
TENTH = 1.2816  # … and beyond so many of it lies a tenth;
OF_MEDIAN = 1.57  # … and the variance of a median of n, times n
WEEK = 7
SAME_WEEKDAYS = 3  # of which there must be so many for a weekday to be compared with itself
WEEKLY = 3.0  # standard deviations from the least to the most usual weekday: more than chance gives
BURST = 2.0  # who once sent more than so many times what is usual publishes in bursts,
HIGHER = 3.0  # … and the next may be so many times the highest before: measured likewise
OFFSET = 3 / 8
Kind = Literal["rate", "share"]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is usual of some subjects, and how many days each was held against."""

    low: Numbers
    high: Numbers
    usual: Numbers
    days: Whole


def learn(top: Numbers, bottom: Numbers, kind: Kind, trifle: float, z: float) -> Learnt:
    """Learn what is usual of ``top / bottom``, as far as chance scatters it with today's ``bottom``.

    Args:
        top: what was counted, subjects × windows.
        bottom: of how many; 0 where there is nothing to learn from.
        kind: of number.
        trifle: a difference that is never unusual: of a rate, as a share of it.
        z: standard deviations that are still usual.
    """
    size = np.where(bottom > 0, bottom, np.nan)
    values = _to_scale(top, size, kind)
    centre = np.nanmedian(values[:, 1:], axis=1)
    days = np.isfinite(values[:, 1:]).sum(axis=1)
    down, up = _reach(values[:, 1:] - centre[:, None], 0.5 / np.sqrt(size), days, z)
    low, usual, high = (_from_scale(at, size[:, 0], kind) for at in (centre - down, centre, centre + up))
    least = trifle * usual if kind == "rate" else trifle
    low, high = np.maximum(np.minimum(low, usual - least), 0), np.maximum(high, usual + least)
    return Learnt(low, high if kind == "rate" else np.minimum(high, 1), usual, days)


def learn_daily(counts: Numbers, is_known: Flags, trifle: float) -> Learnt:
    """Learn how many a day are usual, each day of the week by itself where they differ.

    Args:
        counts: subjects × windows.
        is_known: which windows there is something to learn from.
        trifle: a difference that is never unusual, as a share.
    """
    known = np.where(is_known, counts, np.nan)
    values = _to_scale(known, 1, "rate")
    centre, days = _find_weekdays(values)
    down, up = _reach(values[:, 1:] - centre[:, 1:], np.full_like(values, 0.5), days, Z)
    low, usual, high = (_from_scale(at, 1, "rate") for at in (centre[:, 0] - down, centre[:, 0], centre[:, 0] + up))
    low, high = np.minimum(low, usual * (1 - trifle)), np.maximum(high, usual * (1 + trifle))
    low = np.where(_is_silence_unusual(known, centre, days), np.maximum(low, 1), low)
    # While weekdays cannot be told apart, what was there is usual.
    is_young = is_known[:, 1:].sum(axis=1) < SAME_WEEKDAYS * WEEK
    low = np.where(is_young, np.minimum(low, np.nanmin(known[:, 1:], axis=1)), low)
    peak = np.nanmax(known[:, 1:], axis=1)
    high = np.where(peak > BURST * usual, np.maximum(high, HIGHER * peak), high)
    return Learnt(low, high, usual, days)


def _is_silence_unusual(known: Numbers, centre: Numbers, days: Whole) -> Flags:
    """Where days scatter so widely that bounds reach 0: whether one article would be too few by ratio."""
    logs = np.log(known + 0.5)
    usual = np.log(_from_scale(centre, 1, "rate") + 0.5)
    down, _ = _reach(logs[:, 1:] - usual[:, 1:], np.full_like(logs, 1e-9), days, Z)
    is_unusual: Flags = usual[:, 0] - down > np.log(1.5)
    return is_unusual


def _to_scale(top: Numbers, bottom: Numbers | int, kind: Kind) -> Numbers:
    if kind == "rate":
        return np.sqrt((top + OFFSET) / bottom)
    return np.arcsin(np.sqrt((top + OFFSET) / (bottom + 2 * OFFSET)))


def _from_scale(value: Numbers, bottom: Numbers | int, kind: Kind) -> Numbers:
    if kind == "rate":
        return np.maximum(np.maximum(value, 0) ** 2 - OFFSET / bottom, 0)
    share = np.sin(np.clip(value, 0, np.pi / 2)) ** 2
    return np.clip((share * (bottom + 2 * OFFSET) - OFFSET) / bottom, 0, 1)


def _reach(residual: Numbers, noise: Numbers, days: Whole, z: float) -> tuple[Numbers, Numbers]:
    """How far down and up today may be from what is usual.

    Args:
        residual: of the days before.
        noise: of today and the days before: how far chance alone scatters them.
        days: that it is held against: of few, neither middle nor scatter is well known.
        z: standard deviations that are still usual.
    """
    wide = z * np.sqrt(1 + OF_MEDIAN / days) * (1 + 2 / np.isfinite(residual).sum(axis=1))
    shrunk = np.sqrt(days / (days - 1))  # days lie closer to their own median than to the true one
    down, up = (
        wide
        * np.maximum(
            noise[:, 0] * np.maximum(1, shrunk * _spread(side * residual / noise[:, 1:])),
            shrunk * _spread(side * residual),
        )
        for side in (-1, 1)
    )
    return down, up


def _spread(residual: Numbers) -> Numbers:
    """How far days scatter upwards: most of them, or the tenth that scatters most, whichever is more."""
    most = MAD * np.nanmedian(np.abs(residual), axis=1)
    last = np.isfinite(residual).sum(axis=1) - 1  # unknown ones are sorted behind them
    tenth = np.take_along_axis(np.sort(residual, axis=1), np.round(0.9 * last).astype(np.int64)[:, None], axis=1)
    return np.maximum(most, tenth[:, 0] / TENTH)


def _find_weekdays(values: Numbers) -> tuple[Numbers, Whole]:
    """What each day is held against: the median of its weekday where weekdays differ, else of all days.

    Returns:
        That median, subjects × windows, and how many days it is of for today.
    """
    before = values[:, 1:]
    days = np.isfinite(before).sum(axis=1)
    everyday = np.repeat(np.nanmedian(before, axis=1)[:, None], values.shape[1], axis=1)
    is_old = days >= SAME_WEEKDAYS * WEEK
    weekly = everyday.copy()
    for day in range(WEEK):  # as days before today
        weekly[is_old, day::WEEK] = np.nanmedian(values[is_old, day or WEEK :: WEEK], axis=1)[:, None]
    scatter = np.maximum(MAD * np.nanmedian(np.abs(before - weekly[:, 1:]), axis=1), 0.5)
    is_weekly = is_old & (np.ptp(weekly[:, :WEEK], axis=1) > WEEKLY * scatter)
    same = np.isfinite(values[:, WEEK::WEEK]).sum(axis=1)
    return np.where(is_weekly[:, None], weekly, everyday), np.where(is_weekly, same, days)
