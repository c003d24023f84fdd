"""Measure the last day of each publisher and source against its baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import Drift, DriftMeasure
from pipeline.drift.bounds import Z_OF_QUOTES, Kind, Z, learn, learn_daily
from pipeline.drift.drift_settings import Bounds, Usual
from pipeline.drift.windows import Flags, Grid, Numbers, Whole, make_grid, number_windows

FEWEST = 5  # articles, quotes or records that a share is judged from
SETTINGS_FILE = "settings.toml"


@dataclass(frozen=True, slots=True)
class _Measure:
    name: DriftMeasure
    kind: Kind
    tolerance: float  # a difference that never warns; for a rate, as a share of the baseline
    unit: str  # what is counted
    is_low_unusual: bool = True
    z: float = Z


ARTICLES = _Measure("articles_a_day", "rate", 0.25, "articles")
UNDATED = _Measure("undated_share", "share", 0.05, "articles", is_low_unusual=False)
UNNAMED = _Measure("unnamed_share", "share", 0.1, "quotes", z=Z_OF_QUOTES)
QUOTES = _Measure("quotes_an_article", "rate", 0.25, "articles", z=Z_OF_QUOTES)
LANGUAGE = _Measure("language_shift", "share", 0.1, "articles", is_low_unusual=False)
REJECTS = _Measure("reject_share", "share", 0.05, "records", is_low_unusual=False)


def measure_drift(arrivals: pa.Table, runs: pa.Table, now: datetime, bounds: Bounds) -> list[Drift]:
    """Measure the last day of each publisher and source, and learn its baseline from the days before.

    A publisher without articles for ``bounds.history_days`` is left out, unless the bounds name it.

    Args:
        arrivals: the table arrivals.
        runs: run_id, source, started_at, new_count, newly_refused_count; every run of the arrivals.
        now: the end of the last day; no run started later.
        bounds: set by people.
    """
    windows = number_windows(runs, now)
    width = bounds.history_days + 1
    run_rows = pc.index_in(arrivals["run_id"], pa.array(runs["run_id"].to_pylist(), pa.string()))
    grid = make_grid(arrivals["publisher"], windows[run_rows.to_numpy()], width)
    measured = list(_measure_publishers(arrivals, grid, bounds, is_catching_up=not (windows == 1).any()))
    measured += _measure_sources(runs, make_grid(runs["source"], windows, width), bounds)
    known = set(grid.subjects)
    measured += [_describe_unknown(name, bounds) for name in sorted(bounds.publishers) if name not in known]
    return sorted(measured, key=lambda drift: drift.subject)  # stable: a subject's measures keep their order


def _measure_publishers(arrivals: pa.Table, grid: Grid, bounds: Bounds, is_catching_up: bool) -> Iterator[Drift]:
    articles, dated, quotes, named = (
        grid.add_up(arrivals[name].to_numpy().astype(np.float64))
        for name in ("article_count", "dated_count", "quote_count", "named_quote_count")
    )
    for drift in _judge(ARTICLES, grid, articles, np.ones_like(articles), bounds):
        if is_catching_up and drift.found > drift.high:
            yield replace(drift, high=inf, basis=f"{drift.basis}; more may come after a day without a run")
        else:
            yield drift
    yield from _judge(UNDATED, grid, articles - dated, articles, bounds)
    yield from _judge(UNNAMED, grid, quotes - named, quotes, bounds)
    yield from _judge(QUOTES, grid, quotes, articles, bounds)
    has_past = np.where(grid.is_whole, articles, 0)[:, 1:].sum(axis=1) > 0  # else there is no mix to compare with
    shifted = _count_shifted(arrivals, grid, articles)
    yield from _judge(LANGUAGE, grid, shifted, articles * has_past[:, None], bounds)


def _measure_sources(runs: pa.Table, grid: Grid, bounds: Bounds) -> Iterator[Drift]:
    new, rejected = (
        grid.add_up(runs[name].to_numpy().astype(np.float64)) for name in ("new_count", "newly_refused_count")
    )
    yield from _judge(REJECTS, grid, rejected, new + rejected, bounds)


def _judge(measure: _Measure, grid: Grid, top: Numbers, bottom: Numbers, bounds: Bounds) -> Iterator[Drift]:
    """Compare ``top / bottom`` of the last day with the days before, for each subject with articles or own bounds.

    Args:
        measure: what is measured.
        grid: the subjects and windows.
        top: what is counted, subjects × windows.
        bottom: out of how many.
        bounds: set by people.
    """
    teaching = np.where(grid.is_whole, bottom, 0)
    days = (teaching[:, 1:] > 0).sum(axis=1)
    is_learnt: Flags = (days >= bounds.minimum_days) & (bottom[:, 0] >= (1 if measure is ARTICLES else FEWEST))
    if measure is ARTICLES:
        learnt = learn_daily(top[is_learnt], teaching[is_learnt] > 0, measure.tolerance)
    else:
        learnt = learn(top[is_learnt], teaching[is_learnt], measure.kind, measure.tolerance, measure.z)
    learnt_row = np.cumsum(is_learnt) - 1  # of each subject in what was learnt
    has_articles = top.sum(axis=1) > 0 if measure is ARTICLES else bottom[:, 0] > 0
    for i, subject in enumerate(grid.subjects):
        own_bounds = bounds.of(subject, measure.name)
        if own_bounds is None or not (has_articles[i] or subject in bounds.publishers):
            continue
        count = int(top[i, 0] if measure is ARTICLES else bottom[i, 0])
        low, high = 0.0, inf
        if is_learnt[i]:
            low = float(learnt.low[learnt_row[i]]) if measure.is_low_unusual else 0.0
            high = float(learnt.high[learnt_row[i]])
            basis = f"{learnt.usual[learnt_row[i]]:.3g} is usual over {_describe_days(int(learnt.days[learnt_row[i]]), int(days[i]))}"
        elif days[i] < bounds.minimum_days:
            basis = f"{bounds.minimum_days} days of history are needed, there are {days[i]}"
        else:
            basis = f"{count} {measure.unit} are too few to judge"
        found = float(top[i, 0] / bottom[i, 0]) if bottom[i, 0] else 0.0
        yield _apply_bounds(Drift(subject, measure.name, found, low, high, basis, count), own_bounds)


def _describe_days(compared: int, days: int) -> str:
    return f"the {days} days before" if compared == days else f"the last {compared} days of the same weekday"


def _apply_bounds(learnt: Drift, usual: Usual) -> Drift:
    """Replace learnt bounds by those that people have set."""
    if usual.low is None and usual.high is None:
        return learnt
    low = learnt.low if usual.low is None else usual.low
    high = learnt.high if usual.high is None else usual.high
    if usual.low is None:
        low, basis = min(low, high), f"high by {SETTINGS_FILE}; {learnt.basis}"
    elif usual.high is None:
        high, basis = max(low, high), f"low by {SETTINGS_FILE}; {learnt.basis}"
    else:
        basis = f"by {SETTINGS_FILE}"
    return replace(learnt, low=low, high=high, basis=basis)


def _describe_unknown(publisher: str, bounds: Bounds) -> Drift:
    usual = bounds.of(publisher, "articles_a_day") or Usual()
    never = Drift(publisher, "articles_a_day", 0.0, 0.0, inf, "", 0)
    basis = f"{SETTINGS_FILE} names it, but it has no articles; check its spelling"
    return replace(_apply_bounds(never, usual), basis=basis)


def _count_shifted(arrivals: pa.Table, grid: Grid, articles: Numbers) -> Numbers:
    """Return the number of articles in other languages than usual, subjects × windows.

    Their share is the total variation distance between the day's mix of languages and the mean mix of the days before.
    Unknown counts as a language; regions are ignored, so en-GB and en-US are the same.
    """
    cell, language, count = _count_languages(arrivals, grid)
    subject, width = cell // grid.width, int(language.max(initial=0)) + 1
    share = count / articles.ravel()[cell]
    is_before = (grid.is_whole & (np.arange(grid.width) > 0)).ravel()
    days = (is_before.reshape(articles.shape) & (articles > 0)).sum(axis=1)
    pair = subject * width + language
    sums = np.bincount(pair, share * is_before[cell], len(grid.subjects) * width)
    mean = sums[pair] / np.maximum(days[subject], 1)
    shared = np.bincount(cell, np.minimum(share, mean), articles.size).reshape(articles.shape)
    return np.maximum(1 - shared, 0) * articles


def _count_languages(arrivals: pa.Table, grid: Grid) -> tuple[Whole, Whole, Numbers]:
    """Return the articles by grid cell and language: cells, language numbers and counts, each pair once."""
    lists = arrivals["languages"].combine_chunks()
    row = pc.list_parent_indices(lists).to_numpy()
    names, counts = pc.list_flatten(lists).flatten()
    encoded = pc.replace_substring_regex(names, "-.*", "").dictionary_encode()
    known = counts.to_numpy().astype(np.float64)
    total = arrivals["article_count"].to_numpy().astype(np.float64)
    rows = np.concatenate([row, np.arange(len(total))])
    languages = np.concatenate([encoded.indices.to_numpy(), np.full(len(total), len(encoded.dictionary))])
    values = np.concatenate([known, total - np.bincount(row, known, len(total))])
    kept = (grid.row_window[rows] < grid.width) & (values > 0)
    rows, languages, values = rows[kept], languages[kept].astype(np.int64), values[kept]
    cells: Whole = grid.row_subject[rows] * grid.width + grid.row_window[rows]
    width = len(encoded.dictionary) + 1
    keys: Whole
    keys, inverse = np.unique(cells * width + languages, return_inverse=True)
    return keys // width, keys % width, np.bincount(inverse, values, len(keys)).astype(np.float64)
