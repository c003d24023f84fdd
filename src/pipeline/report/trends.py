"""Plot the articles that came in day by day, as lines or columns, and list the same figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

DAYS = 90  # shown at most
LARGEST = 6  # publishers with a plot of their own
WIDTH, HEIGHT = 1000, 100  # of a plot, in SVG units; the page stretches it


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure per day; None on days without one."""

    title: str
    unit: Literal["", " %"]
    values: tuple[float | None, ...]
    has_columns: bool  # drawn as columns: for counts, where a day without articles counts 0

    @property
    def known(self) -> list[float]:
        """The figures of the days that have one."""
        return [value for value in self.values if value is not None]

    @property
    def top(self) -> float:
        """The end of the scale: the next of 1, 2, 5, 10, 20 and so on; for shares at most 100."""
        highest, step = max(self.known, default=0), 1.0
        while step < highest:
            step *= 2 if str(step)[0] in "15" else 2.5
        return step

    @property
    def path(self) -> str:
        """The SVG path; a day between two days without a figure is a dot."""
        scaled = [None if value is None else HEIGHT * (1 - value / self.top) for value in self.values]
        if self.has_columns:
            width = WIDTH / len(scaled)
            columns = [(i * width, y) for i, y in enumerate(scaled) if y is not None and y < HEIGHT]
            return "".join(f"M{x:.1f},{HEIGHT}V{y:.1f}h{width * 0.8:.1f}V{HEIGHT}z" for x, y in columns)
        steps = []
        for i, y in enumerate(scaled):
            if y is not None:
                is_continued = i > 0 and scaled[i - 1] is not None
                x = (i + 0.5) * WIDTH / len(scaled)
                steps.append(f"{'L' if is_continued else 'M'}{x:.1f},{y:.1f}" + ("" if is_continued else "h0"))
        return "".join(steps)

    def show(self, value: float | None) -> str:
        """Return a figure as the page prints it."""
        if value is None:
            return "–"
        return f"{value:,.0f}" if self.has_columns else f"{value:.1f}{self.unit}"

    @property
    def in_words(self) -> str:
        """What the plot shows, for readers who cannot see it."""
        if not self.known:
            return f"{self.title}: no figures"
        low, high, last = (self.show(value) for value in (min(self.known), max(self.known), self.known[-1]))
        return f"{self.title}: from {low} to {high}, most recently {last}"


@dataclass(frozen=True, slots=True)
class Trends:
    """The plots of a data set, over the same days."""

    days: tuple[date, ...]
    quality: tuple[Plot, ...]
    publishers: tuple[Plot, ...]  # articles a day of the largest
    first_count: int  # articles of each source's first run, which the plots by publisher leave out

    @property
    def plots(self) -> tuple[Plot, ...]:
        """All plots."""
        return self.quality + self.publishers


def find_trends(runs: pa.Table, arrivals: pa.Table) -> Trends:
    """Return the plots of the last days of a data set, up to its last run.

    Args:
        runs: run_id, started_at, source, new_count, newly_refused_count.
        arrivals: run_id, publisher, started_at, article_count, dated_count, quote_count, named_quote_count.
    """
    if not runs.num_rows:
        return Trends((), (), (), 0)
    last = pc.max(runs["started_at"]).as_py().date()
    first = max(pc.min(runs["started_at"]).as_py().date(), last - timedelta(days=DAYS - 1))
    days = tuple(first + timedelta(days=i) for i in range((last - first).days + 1))
    by_run = _by_day(runs, first, ["new_count", "newly_refused_count"])
    arrived = _by_day(arrivals, first, ["article_count", "dated_count", "quote_count", "named_quote_count"])

    def share(title: str, part: str, whole: str, counts: dict[date, dict[str, int]]) -> Plot:
        values = tuple(_ratio(100 * counts[day][part], counts[day][whole]) if day in counts else None for day in days)
        return Plot(title, " %", values, has_columns=False)

    for counts in arrived.values():
        counts["undated"] = counts["article_count"] - counts["dated_count"]
    for counts in by_run.values():
        counts["read"] = counts["new_count"] + counts["newly_refused_count"]
    quotes_per_article = tuple(
        _ratio(arrived[day]["quote_count"], arrived[day]["article_count"]) if day in arrived else None for day in days
    )
    publishers, first_count = _plot_publishers(runs, arrivals, days)
    return Trends(
        days,
        (
            share("Articles without a date", "undated", "article_count", arrived),
            share("Quotes with a named speaker", "named_quote_count", "quote_count", arrived),
            Plot("Quotes per article", "", quotes_per_article, has_columns=False),
            share("Records rejected", "newly_refused_count", "read", by_run),
        ),
        publishers,
        first_count,
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _since(rows: pa.Table, first: date) -> pa.Table:
    """Return the rows since a day, with a column ``day``."""
    rows = rows.append_column("day", rows["started_at"].cast(pa.date32(), safe=False))
    return rows.filter(pc.greater_equal(rows["day"], pa.scalar(first)))


def _by_day(rows: pa.Table, first: date, names: Sequence[str]) -> dict[date, dict[str, int]]:
    summed = _since(rows, first).group_by("day").aggregate([(name, "sum") for name in names])
    return {row["day"]: {name: row[f"{name}_sum"] for name in names} for row in summed.to_pylist()}


def _plot_publishers(runs: pa.Table, arrivals: pa.Table, days: Sequence[date]) -> tuple[tuple[Plot, ...], int]:
    """Return plots of the articles per day of the largest publishers, and the number of articles left out.

    The first run of each source is left out: it reads everything that has gathered.
    """
    firsts = runs.group_by("source").aggregate([("run_id", "min")])["run_id_min"].combine_chunks()
    recent = _since(arrivals, days[0])
    is_first = pc.is_in(recent["run_id"], firsts)
    first_count = pc.sum(recent.filter(is_first)["article_count"]).as_py() or 0
    rows: list[dict[str, Any]] = (
        recent.filter(pc.invert(is_first))
        .group_by(["publisher", "day"])
        .aggregate([("article_count", "sum")])
        .to_pylist()
    )
    totals: Counter[str] = Counter()
    by_publisher: dict[str, dict[date, int]] = defaultdict(dict)
    for row in rows:
        totals[row["publisher"]] += row["article_count_sum"]
        by_publisher[row["publisher"]][row["day"]] = row["article_count_sum"]
    largest = sorted(totals, key=lambda name: (-totals[name], name))[:LARGEST]
    return tuple(
        Plot(name, "", tuple(float(by_publisher[name].get(day, 0)) for day in days), has_columns=True)
        for name in largest
    ), first_count
