"""What came in day by day, as plots: one line or one row of columns each, and the same as a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

DAYS = 90  # shown
LARGEST = 6  # publishers with a plot of their own
WIDTH, HEIGHT = 1000, 100  # of a plot, in its own units; a page stretches it


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure a day; None where there is none."""

    title: str
    unit: Literal["", " %"]
    values: tuple[float | None, ...]
    has_columns: bool  # for counts, where a day without any is a day of none

    @property
    def known(self) -> list[float]:
        """The figures that there are."""
        return [value for value in self.values if value is not None]

    @property
    def top(self) -> float:
        """Where the scale ends: the next of 1, 2, 5, 10, 20 and so on, and for shares a hundred at most."""
        highest, step = max(self.known, default=0), 1.0
        while step < highest:
            step *= 2 if str(step)[0] in "15" else 2.5
        return step

    @property
    def path(self) -> str:
        """What is drawn, in the terms of SVG; a day between two without a figure is a dot."""
        scaled = [None if value is None else HEIGHT * (1 - value / self.top) for value in self.values]
        if self.has_columns:
            width = WIDTH / len(scaled)
            drawn = [(at * width, y) for at, y in enumerate(scaled) if y is not None and y < HEIGHT]
            return "".join(f"M{x:.1f},{HEIGHT}V{y:.1f}h{width * 0.8:.1f}V{HEIGHT}z" for x, y in drawn)
        steps = []
        for at, y in enumerate(scaled):
            if y is not None:
                goes_on = at > 0 and scaled[at - 1] is not None
                x = (at + 0.5) * WIDTH / len(scaled)
                steps.append(f"{'L' if goes_on else 'M'}{x:.1f},{y:.1f}" + ("" if goes_on else "h0"))
        return "".join(steps)

    def tell(self, value: float | None) -> str:
        """A figure as it is printed."""
        if value is None:
            return "–"
        return f"{value:,.0f}" if self.has_columns else f"{value:.1f}{self.unit}"

    @property
    def in_words(self) -> str:
        """What it shows, for those who do not see it."""
        if not self.known:
            return f"{self.title}: no figures"
        low, high, last = (self.tell(value) for value in (min(self.known), max(self.known), self.known[-1]))
        return f"{self.title}: from {low} to {high}, {last} at last"


@dataclass(frozen=True, slots=True)
class Trends:
    """The plots of a data set, over the same days."""

    days: tuple[date, ...]
    quality: tuple[Plot, ...]
    publishers: tuple[Plot, ...]  # articles a day of the largest
    first_count: int  # articles that the first run of a source took in at once, which are not among these

    @property
    def plots(self) -> tuple[Plot, ...]:
        """All of them."""
        return self.quality + self.publishers


def find_trends(runs: pa.Table, arrivals: pa.Table) -> Trends:
    """What came in on the last days of a data set, up to its last run.

    Args:
        runs: run_id, started_at, source, new_count, newly_refused_count.
        arrivals: run_id, publisher, started_at and the counts.
    """
    if not runs.num_rows:
        return Trends((), (), (), 0)
    last = pc.max(runs["started_at"]).as_py().date()
    first = max(pc.min(runs["started_at"]).as_py().date(), last - timedelta(days=DAYS - 1))
    days = tuple(first + timedelta(days=at) for at in range((last - first).days + 1))
    by_run = _by_day(runs, first, ["new_count", "newly_refused_count"])
    came = _by_day(arrivals, first, ["article_count", "dated_count", "quote_count", "named_quote_count"])

    def share(title: str, part: str, whole: str, counts: dict[date, dict[str, int]]) -> Plot:
        values = tuple(_ratio(100 * counts[day][part], counts[day][whole]) if day in counts else None for day in days)
        return Plot(title, " %", values, has_columns=False)

    for counts in came.values():
        counts["undated"] = counts["article_count"] - counts["dated_count"]
    for counts in by_run.values():
        counts["came"] = counts["new_count"] + counts["newly_refused_count"]
    said = tuple(_ratio(came[day]["quote_count"], came[day]["article_count"]) if day in came else None for day in days)
    publishers, first_count = _plot_publishers(runs, arrivals, days)
    return Trends(
        days,
        (
            share("Articles without a date", "undated", "article_count", came),
            share("Quotes with a named speaker", "named_quote_count", "quote_count", came),
            Plot("Quotes an article", "", said, has_columns=False),
            share("Records refused", "newly_refused_count", "came", by_run),
        ),
        publishers,
        first_count,
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _since(rows: pa.Table, first: date) -> pa.Table:
    """The rows of the days shown, with their day."""
    rows = rows.append_column("day", rows["started_at"].cast(pa.date32(), safe=False))
    return rows.filter(pc.greater_equal(rows["day"], pa.scalar(first)))


def _by_day(rows: pa.Table, first: date, names: Sequence[str]) -> dict[date, dict[str, int]]:
    summed = _since(rows, first).group_by("day").aggregate([(name, "sum") for name in names])
    return {row["day"]: {name: row[f"{name}_sum"] for name in names} for row in summed.to_pylist()}


def _plot_publishers(runs: pa.Table, arrivals: pa.Table, days: Sequence[date]) -> tuple[tuple[Plot, ...], int]:
    """Articles a day of the largest; the first run of each source, which takes in all that has gathered, is left out."""
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
