"""Write the page over all runs of a data set."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

from pipeline.contract import RUN_ID
from pipeline.rendering import fill, write_page
from pipeline.report.counts import Totals
from pipeline.report.run_page import RunLine, arrivals_of, choose_publishers, uncounted_articles
from pipeline.report.trends import find_trends

MOST_RUNS = 200  # listed with a line each
RECENT = 20  # of them shown unfolded
MOST_DAYS = 400  # of earlier runs, one line per day
HEAD = 4_000  # first bytes of a run's page, which contain its RunLine
RUN_LINE = re.compile(r'<meta name="onrecord-run" content="([^"]*)">')
_LINE = TypeAdapter(RunLine)
COUNTS = ("new_count", "changed_count", "newly_refused_count")
COLUMNS = ["run_id", "started_at", "finished_at", "source", *COUNTS]


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in the list."""

    run_id: str
    started_at: datetime
    line: RunLine | None  # None if neither its page nor the table runs describes it
    state: str  # its outcome, "taken back" or "not known"
    has_page: bool


@dataclass(slots=True)
class Day:
    """The counts of a day's runs."""

    run_count: int = 0
    new_count: int = 0
    changed_count: int = 0
    newly_refused_count: int = 0
    unpublished_count: int = 0


def write_index(page: Path, runs: pa.Table, arrivals: pa.Table, totals: Totals) -> None:
    """Write the page over all runs: no scripts, no remote files, bounded for any number of runs.

    Args:
        page: the file to write. Pages of runs in the same folder are linked, and describe runs that are not in ``runs``.
        runs: the table runs of the current version.
        arrivals: likewise.
        totals: the counts of the data set.
    """
    pages = {path.stem: path for path in page.parent.glob("*.html") if re.match(RUN_ID, path.stem)}
    published = {line.run_id: line for line in map(_from_row, runs.select(COLUMNS).to_pylist())}
    run_ids = sorted(pages.keys() | published.keys(), reverse=True)
    days = _count_by_day(run_ids[MOST_RUNS:], published)
    today = _started_at(max(published)).date() if published else None
    publishers, others = choose_publishers(totals, _new_on(arrivals, today), {})
    content = fill(
        "report/index.html",
        name=page.parent.parent.resolve().name,
        totals=totals,
        listed=[_list_run(run_id, published.get(run_id), pages.get(run_id)) for run_id in run_ids[:MOST_RUNS]],
        recent_count=RECENT,
        days=sorted(days.items(), reverse=True)[:MOST_DAYS],
        left_count=max(len(days) - MOST_DAYS, 0),
        today=today,
        trends=find_trends(runs, arrivals),
        publishers=publishers,
        others=others,
        uncounted=uncounted_articles(totals),
    )
    write_page(page, content)


def _started_at(run_id: str) -> datetime:
    return datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _from_row(row: Mapping[str, Any]) -> RunLine:
    counts = {name: row[name] for name in COUNTS}
    seconds = (row["finished_at"] - row["started_at"]).total_seconds()
    started_at = row["started_at"].isoformat()
    return RunLine(row["run_id"], "published", started_at, row["source"], seconds, **counts, warning_count=None)


def _list_run(run_id: str, row: RunLine | None, page: Path | None) -> ListedRun:
    """Describe a run by its page, or by its row if the page is gone or unreadable."""
    line = (_read_line(page) if page else None) or row
    state: str = line.outcome if line else "not known"
    if state == "published" and row is None:
        state = "taken back"
    return ListedRun(run_id, _started_at(run_id), line, state, page is not None)


def _read_line(page: Path) -> RunLine | None:
    """Return what a page says about its run; None if older code wrote it, or somebody just removed it."""
    try:
        with page.open("rb") as file:
            match = RUN_LINE.search(file.read(HEAD).decode("utf-8", "replace"))
        return _LINE.validate_json(html.unescape(match[1])) if match else None
    except (OSError, ValidationError):
        return None


def _count_by_day(run_ids: Sequence[str], published: Mapping[str, RunLine]) -> dict[date, Day]:
    """Count runs by day, without opening their pages."""
    days: dict[date, Day] = defaultdict(Day)
    for run_id in run_ids:
        day, line = days[_started_at(run_id).date()], published.get(run_id)
        day.run_count += 1
        if line is None:
            day.unpublished_count += 1
        else:
            day.new_count += line.new_count
            day.changed_count += line.changed_count
            day.newly_refused_count += line.newly_refused_count
    return days


def _new_on(arrivals: pa.Table, today: date | None) -> dict[str, int]:
    if today is None:
        return {}
    days = arrivals["started_at"].cast(pa.date32(), safe=False)
    return arrivals_of(arrivals.filter(pc.equal(days, pa.scalar(today))))
