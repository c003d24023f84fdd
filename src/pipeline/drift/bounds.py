"""Learn baselines from the days before, robustly: some of those days were unusual themselves.

Values are first transformed so that chance alone scatters them by the same amount whatever they are: the square root of
a rate, the arc sine of the square root of a share (Anscombe 1948). If the days before scatter more than by chance, today
may too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.drift.windows import Flags, Numbers, Whole

Z = 3.6  # standard deviations that are still usual: measured (tests/unit/test_drift.py)
Z_OF_QUOTES = 4.6  # the same for counts that cluster, as quotes do in articles and speakers among quotes
MAD = 1.4826  # the standard deviation of a normal distribution, in median absolute deviations
TENTH = 1.2816  # standard deviations beyond which a tenth of a normal distribution lies
OF_MEDIAN = 1.57  # the variance of the median of n values of a normal distribution, times n
WEEK = 7
SAME_WEEKDAYS = 3  # days of the same weekday needed to compare a weekday with itself
WEEKLY = 3.0  # standard deviations between the lowest and highest weekday: more than chance gives
BURST = 2.0  # a publisher that once sent more than so many times its usual number publishes in bursts
HIGHER = 3.0  # its next burst may be so many times its highest one: measured like Z
OFFSET = 3 / 8  # of Anscombe's transform
Kind = Literal["rate", "share"]


@dataclass(frozen=True, slots=True)
class Learnt:
    """The baselines of some subjects, and the number of days each was learnt from."""

    low: Numbers
    high: Numbers
    usual: Numbers
    days: Whole


def learn(top: Numbers, bottom: Numbers, kind: Kind, tolerance: float, z: float) -> Learnt:
    """Learn the baseline of ``top / bottom``; its width is what chance gives for today's ``bottom``.

    Args:
        top: what was counted, subjects × windows.
        bottom: out of how many; 0 where there is nothing to learn from.
        kind: whether ``top / bottom`` is a rate or a share.
        tolerance: a difference that is never unusual; for a rate, as a share of the baseline.
        z: standard deviations that are still usual.
    """
    size = np.where(bottom > 0, bottom, np.nan)
    values = _to_scale(top, size, kind)
    centre = np.nanmedian(values[:, 1:], axis=1)
    days = np.isfinite(values[:, 1:]).sum(axis=1)
    down, up = _reach(values[:, 1:] - centre[:, None], 0.5 / np.sqrt(size), days, z)
    low, usual, high = (_from_scale(value, size[:, 0], kind) for value in (centre - down, centre, centre + up))
    least = tolerance * usual if kind == "rate" else tolerance
    low, high = np.maximum(np.minimum(low, usual - least), 0), np.maximum(high, usual + least)
    return Learnt(low, high if kind == "rate" else np.minimum(high, 1), usual, days)


def learn_daily(counts: Numbers, is_known: Flags, tolerance: float) -> Learnt:
    """Learn the baseline of daily counts, by weekday where weekdays differ.

    Args:
        counts: subjects × windows.
        is_known: the windows to learn from.
        tolerance: a difference that is never unusual, as a share.
    """
    known = np.where(is_known, counts, np.nan)
    values = _to_scale(known, 1, "rate")
    centre, days = _find_weekdays(values)
    down, up = _reach(values[:, 1:] - centre[:, 1:], np.full_like(values, 0.5), days, Z)
    low, usual, high = (
        _from_scale(value, 1, "rate") for value in (centre[:, 0] - down, centre[:, 0], centre[:, 0] + up)
    )
    low, high = np.minimum(low, usual * (1 - tolerance)), np.maximum(high, usual * (1 + tolerance))
    low = np.where(_is_silence_unusual(known, centre, days), np.maximum(low, 1), low)
    # Until weekdays can be distinguished, any count seen before is usual.
    is_young = is_known[:, 1:].sum(axis=1) < SAME_WEEKDAYS * WEEK
    low = np.where(is_young, np.minimum(low, np.nanmin(known[:, 1:], axis=1)), low)
    peak = np.nanmax(known[:, 1:], axis=1)
    high = np.where(peak > BURST * usual, np.maximum(high, HIGHER * peak), high)
    return Learnt(low, high, usual, days)


def _is_silence_unusual(known: Numbers, centre: Numbers, days: Whole) -> Flags:
    """Return for which subjects a day without articles is unusual by ratio, though the bounds of their counts reach 0."""
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
    """Return how far below and above its centre today may be.

    Args:
        residual: of the days before, from the centre.
        noise: the standard deviation by chance alone, of today and the days before.
        days: the number of days learnt from; with few, neither centre nor scatter is well known.
        z: standard deviations that are still usual.
    """
    wide = z * np.sqrt(1 + OF_MEDIAN / days) * (1 + 2 / np.isfinite(residual).sum(axis=1))
    shrunk = np.sqrt(days / (days - 1))  # days are closer to their own median than to the true one
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
    """Return how far days scatter upwards: by most of them or by the highest tenth, whichever is more."""
    most = MAD * np.nanmedian(np.abs(residual), axis=1)
    last = np.isfinite(residual).sum(axis=1) - 1  # unknown days sort last
    tenth = np.take_along_axis(np.sort(residual, axis=1), np.round(0.9 * last).astype(np.int64)[:, None], axis=1)
    return np.maximum(most, tenth[:, 0] / TENTH)


def _find_weekdays(values: Numbers) -> tuple[Numbers, Whole]:
    """Find what each day is compared with: the median of its weekday where weekdays differ, else of all days.

    Returns:
        That median, subjects × windows, and the number of days that today's median is of.
    """
    before = values[:, 1:]
    days = np.isfinite(before).sum(axis=1)
    everyday = np.repeat(np.nanmedian(before, axis=1)[:, None], values.shape[1], axis=1)
    is_old = days >= SAME_WEEKDAYS * WEEK
    weekly = everyday.copy()
    for day in range(WEEK):  # counted back from today
        weekly[is_old, day::WEEK] = np.nanmedian(values[is_old, day or WEEK :: WEEK], axis=1)[:, None]
    scatter = np.maximum(MAD * np.nanmedian(np.abs(before - weekly[:, 1:]), axis=1), 0.5)
    is_weekly = is_old & (np.ptp(weekly[:, :WEEK], axis=1) > WEEKLY * scatter)
    same = np.isfinite(values[:, WEEK::WEEK]).sum(axis=1)
    return np.where(is_weekly[:, None], weekly, everyday), np.where(is_weekly, same, days)
