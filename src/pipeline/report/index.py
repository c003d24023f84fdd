"""The page over all runs of a data set."""

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
from pipeline.report.run import RunLine, arrivals_of, choose_publishers
from pipeline.report.trends import find_trends

MOST_RUNS = 200  # listed one by one
RECENT = 20  # of them shown at once
MOST_DAYS = 400  # of the runs before them
HEAD = 4_000  # bytes of a page that hold what it says of its run
META = re.compile(r'<meta name="onrecord-run" content="([^"]*)">')
_LINE = TypeAdapter(RunLine)
COUNTS = ("new_count", "changed_count", "newly_refused_count")
COLUMNS = ["run_id", "started_at", "finished_at", "source", *COUNTS]


@dataclass(frozen=True, slots=True)
class Listed:
    """A run in the list."""

    run_id: str
    started_at: datetime
    line: RunLine | None  # None where neither its page nor a table tells of it
    state: str  # how it ended, in words
    has_page: bool


@dataclass(slots=True)
class Day:
    """The runs of a day, counted."""

    run_count: int = 0
    new_count: int = 0
    changed_count: int = 0
    newly_refused_count: int = 0
    unpublished_count: int = 0


def write_index(page: Path, runs: pa.Table, arrivals: pa.Table, totals: Totals) -> None:
    """Write the page over all runs, beside theirs: no script, no remote file, bounded however many runs there were.

    Args:
        page: where; the pages of runs in its folder, named by their ids, are linked and tell of runs that no table knows.
        runs: the table of the data set as it is now.
        arrivals: likewise.
        totals: what the data set holds.
    """
    pages = {each.stem: each for each in page.parent.glob("*.html") if re.match(RUN_ID, each.stem)}
    published = {line.run_id: line for line in map(_from_row, runs.select(COLUMNS).to_pylist())}
    run_ids = sorted(pages.keys() | published.keys(), reverse=True)
    days = _fold(run_ids[MOST_RUNS:], published)
    today = _started_at(max(published)).date() if published else None
    lines, others = choose_publishers(totals, _new_on(arrivals, today), {})
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
        publishers=lines,
        others=others,
        uncounted=totals.article_count - sum(each.article_count for each in totals.publishers),
    )
    write_page(page, content)


def _started_at(run_id: str) -> datetime:
    return datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _from_row(row: Mapping[str, Any]) -> RunLine:
    counts = {name: row[name] for name in COUNTS}
    seconds = (row["finished_at"] - row["started_at"]).total_seconds()
    started_at = row["started_at"].isoformat()
    return RunLine(row["run_id"], "published", started_at, row["source"], seconds, **counts, warning_count=None)


def _list_run(run_id: str, row: RunLine | None, page: Path | None) -> Listed:
    """A run as its page tells it, or as the table does where the page is gone or tells nothing."""
    line = (_read_line(page) if page else None) or row
    state: str = line.outcome if line else "not known"
    if state == "published" and row is None:
        state = "taken back"
    return Listed(run_id, _started_at(run_id), line, state, page is not None)


def _read_line(page: Path) -> RunLine | None:
    """What a page says of its run; None where older code wrote it, or somebody just removed it."""
    try:
        with page.open("rb") as file:
            found = META.search(file.read(HEAD).decode("utf-8", "replace"))
        return _LINE.validate_json(html.unescape(found[1])) if found else None
    except (OSError, ValidationError):
        return None


def _fold(run_ids: Sequence[str], published: Mapping[str, RunLine]) -> dict[date, Day]:
    """Runs by day; their pages are not opened."""
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
