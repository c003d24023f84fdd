"""Measure the size of a run's report and of the page over all runs, and the time it takes to write them.

Usage: python -m benchmarks.report [--articles N] [--publishers N] [--days N]

N made-up articles, one in fifty of them refused, are curated into a new folder. Then the page over all runs is written
for a history of some days of hourly runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa

from pipeline import report, store
from pipeline.contract import Arrival, Run, from_table, to_table
from pipeline.curate import curate
from pipeline.settings import Settings

PLACES = ("Port Ellery", "Quillhaven", "Saltmarsh", "Marlow Bay", "Tarn Hill")
PEOPLE = ("Mara Oduya", "Tomas Brandt", "Ilse Marwick", "Nora Penhallick", "Jonas Reed", "Edda Vos", "Piet Lamm")


def write_records(path: Path, count: int, publishers: int) -> None:
    """Write articles as JSON Lines; every fiftieth has no text."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            place, person = PLACES[number % len(PLACES)], PEOPLE[number % len(PEOPLE)]
            text = (
                f"The ferry to {place} carried {number} passengers, cars and bicycles this week, the harbour board said.\n\n"
                f'"We counted {number + 7} of them on the pier," said {person}, who leads the board of {place}. '
                f'"Number {number} was a dog."\n\nThe {number % 97} boats of the line sail again on Monday.'
            )
            record = {
                "url": f"https://paper-{number % publishers}.example/{number}",
                "headline": f"Ferry to {place} carries {number}",
                "published_at": f"2024-05-{number % 28 + 1:02}",
                "text": text if number % 50 else "",
            }
            file.write(json.dumps(record) + "\n")


def with_history(runs: pa.Table, arrivals: pa.Table, days: int) -> tuple[pa.Table, pa.Table]:
    """Return the last run and its arrivals, repeated hourly for some days."""
    (last_run,), last_arrivals = from_table(runs, Run), from_table(arrivals, Arrival)
    all_runs: list[Run] = []
    all_arrivals: list[Arrival] = []
    for hour in range(24 * days):
        start = last_run.started_at - timedelta(hours=hour)
        run = replace(last_run, run_id=f"{start:%Y%m%dT%H%M%SZ}-{hour:04x}", started_at=start, finished_at=start)
        all_runs.append(run)
        all_arrivals += [replace(arrival, run_id=run.run_id, started_at=start) for arrival in last_arrivals]
    return to_table(Run, all_runs), to_table(Arrival, all_arrivals)


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--publishers", type=int, default=40)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raw, into = Path(folder) / "raw", Path(folder) / "curated"
        raw.mkdir()
        write_records(raw / "articles.jsonl", options.articles, options.publishers)
        summary = curate(str(raw), into, Settings())
        assert summary.report is not None
        print(f"report of {summary.run.article_total:,} articles: {summary.report.stat().st_size / 1000:,.0f} kB")
        version = store.open_version(into)
        runs, arrivals = with_history(version.read("runs"), version.read("arrivals"), options.days)
        entities = version.read("entities", ["name", "original_article_count", "original_quote_count"])
        start = time.perf_counter()
        index = store.index_path(into)
        report.write_index(index, runs, arrivals, report.summarise(version.parts, entities))
        print(
            f"page over {runs.num_rows:,} runs of {options.publishers} publishers: "
            f"{index.stat().st_size / 1000:,.0f} kB in {time.perf_counter() - start:.2f} s"
        )


if __name__ == "__main__":
    main()
