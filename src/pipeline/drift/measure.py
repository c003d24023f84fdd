"""What was measured of the last day, and what is usual."""

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
from pipeline.drift.settings import Bounds, Usual
from pipeline.drift.windows import Flags, Grid, Numbers, Whole, make_grid, number_windows

FEWEST = 5  # articles, quotes or records that a share of them says something of
OF_FILE = "settings.toml"


@dataclass(frozen=True, slots=True)
class _Measure:
    name: DriftMeasure
    kind: Kind
    trifle: float  # a difference that nobody wants to hear of: of a rate, as a share of it
    unit: str  # what was looked at
    is_low_unusual: bool = True
    z: float = Z


ARTICLES = _Measure("articles_a_day", "rate", 0.25, "articles")
UNDATED = _Measure("undated_share", "share", 0.05, "articles", is_low_unusual=False)
UNNAMED = _Measure("unnamed_share", "share", 0.1, "quotes", z=Z_OF_QUOTES)
QUOTES = _Measure("quotes_an_article", "rate", 0.25, "articles", z=Z_OF_QUOTES)
LANGUAGE = _Measure("language_shift", "share", 0.1, "articles", is_low_unusual=False)
REJECTS = _Measure("reject_share", "share", 0.05, "records", is_low_unusual=False)


def measure_drift(arrivals: pa.Table, runs: pa.Table, now: datetime, bounds: Bounds) -> list[Drift]:
    """Measure the last day of each publisher and source, and learn from the days before what is usual.

    A publisher of which nothing has come for ``bounds.history_days`` is told of no more, unless the bounds name it.

    Args:
        arrivals: the rows of the table of that name.
        runs: run_id, source, started_at, new_count, newly_refused_count; all runs that the arrivals are of.
        now: the last day ends here; no run started later.
        bounds: what people have set.
    """
    windows = number_windows(runs, now)
    width = bounds.history_days + 1
    of_run = pc.index_in(arrivals["run_id"], pa.array(runs["run_id"].to_pylist(), pa.string()))
    grid = make_grid(arrivals["publisher"], windows[of_run.to_numpy()], width)
    found = list(_measure_publishers(arrivals, grid, bounds, is_catching_up=not (windows == 1).any()))
    found += _measure_sources(runs, make_grid(runs["source"], windows, width), bounds)
    known = set(grid.subjects)
    found += [_tell_unknown(name, bounds) for name in sorted(bounds.publishers) if name not in known]
    return sorted(found, key=lambda each: each.subject)  # what is told of one stays in the order of the measures


def _measure_publishers(arrivals: pa.Table, grid: Grid, bounds: Bounds, is_catching_up: bool) -> Iterator[Drift]:
    articles, dated, quotes, named = (
        grid.add_up(arrivals[name].to_numpy().astype(np.float64))
        for name in ("article_count", "dated_count", "quote_count", "named_quote_count")
    )
    for each in _judge(ARTICLES, grid, articles, np.ones_like(articles), bounds):
        if is_catching_up and each.found > each.high:
            yield replace(each, high=inf, basis=f"{each.basis}; more may come after a day without a run")
        else:
            yield each
    yield from _judge(UNDATED, grid, articles - dated, articles, bounds)
    yield from _judge(UNNAMED, grid, quotes - named, quotes, bounds)
    yield from _judge(QUOTES, grid, quotes, articles, bounds)
    is_comparable = (
        np.where(grid.is_whole, articles, 0)[:, 1:].sum(axis=1) > 0
    )  # without a day before there is no shift
    shifted = _count_shifted(arrivals, grid, articles)
    yield from _judge(LANGUAGE, grid, shifted, articles * is_comparable[:, None], bounds)


def _measure_sources(runs: pa.Table, grid: Grid, bounds: Bounds) -> Iterator[Drift]:
    new, refused = (
        grid.add_up(runs[name].to_numpy().astype(np.float64)) for name in ("new_count", "newly_refused_count")
    )
    yield from _judge(REJECTS, grid, refused, new + refused, bounds)


def _judge(measure: _Measure, grid: Grid, top: Numbers, bottom: Numbers, bounds: Bounds) -> Iterator[Drift]:
    """Hold ``top / bottom`` of the last day against the days before, for each subject that there is something to say of."""
    teaching = np.where(grid.is_whole, bottom, 0)
    days = (teaching[:, 1:] > 0).sum(axis=1)
    is_taught: Flags = (days >= bounds.minimum_days) & (bottom[:, 0] >= (1 if measure is ARTICLES else FEWEST))
    if measure is ARTICLES:
        learnt = learn_daily(top[is_taught], teaching[is_taught] > 0, measure.trifle)
    else:
        learnt = learn(top[is_taught], teaching[is_taught], measure.kind, measure.trifle, measure.z)
    place = np.cumsum(is_taught) - 1
    is_told = top.sum(axis=1) > 0 if measure is ARTICLES else bottom[:, 0] > 0
    for at, subject in enumerate(grid.subjects):
        usual = bounds.of(subject, measure.name)
        if usual is None or not (is_told[at] or subject in bounds.publishers):
            continue
        count = int(top[at, 0] if measure is ARTICLES else bottom[at, 0])
        low, high = 0.0, inf
        if is_taught[at]:
            low = float(learnt.low[place[at]]) if measure.is_low_unusual else 0.0
            high = float(learnt.high[place[at]])
            basis = (
                f"{learnt.usual[place[at]]:.3g} is usual, by {_tell_days(int(learnt.days[place[at]]), int(days[at]))}"
            )
        elif days[at] < bounds.minimum_days:
            basis = f"{bounds.minimum_days} days of history are needed, there are {days[at]}"
        else:
            basis = f"{count} {measure.unit} are too few to judge"
        found = float(top[at, 0] / bottom[at, 0]) if bottom[at, 0] else 0.0
        yield _set(Drift(subject, measure.name, found, low, high, basis, count), usual)


def _tell_days(compared: int, days: int) -> str:
    return f"the {days} days before" if compared == days else f"{compared} days before, of the same day of the week"


def _set(learnt: Drift, usual: Usual) -> Drift:
    """What was learnt, with what people have set in its place."""
    if usual.low is None and usual.high is None:
        return learnt
    low = learnt.low if usual.low is None else usual.low
    high = learnt.high if usual.high is None else usual.high
    if usual.low is None:
        low, basis = min(low, high), f"high by {OF_FILE}; {learnt.basis}"
    elif usual.high is None:
        high, basis = max(low, high), f"low by {OF_FILE}; {learnt.basis}"
    else:
        basis = f"by {OF_FILE}"
    return replace(learnt, low=low, high=high, basis=basis)


def _tell_unknown(publisher: str, bounds: Bounds) -> Drift:
    usual = bounds.of(publisher, "articles_a_day") or Usual()
    never = Drift(publisher, "articles_a_day", 0.0, 0.0, inf, "", 0)
    return replace(
        _set(never, usual), basis=f"{OF_FILE} names it, and no article of it ever came: is it spelt so in articles?"
    )


def _count_shifted(arrivals: pa.Table, grid: Grid, articles: Numbers) -> Numbers:
    """Articles that are in other languages than is usual, subjects × windows.

    Their share is the distance (total variation) of the day's mix to the mean mix of the days before. An unknown language
    is one of its own; en-GB and en-US are one.
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
    """The articles of each cell of the grid by language: cells, numbers of languages, counts; each pair once."""
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
    keys, at = np.unique(cells * width + languages, return_inverse=True)
    return keys // width, keys % width, np.bincount(at, values, len(keys)).astype(np.float64)
