"""Queries for a month and for a speaker, of the table on disk and of one sorted file with the same rows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

MONTH = date(2023, 5, 1), date(2023, 6, 1)
SPEAKER_RANK = 100  # of the stand-in's names: the hundredth most frequent
ROW_GROUP = 122_880  # rows; DuckDB's own default
ROUNDS = 5
Query = Callable[[], pd.DataFrame]


def write_sorted(quotes: Path, target: Path) -> None:
    """Write all rows of the table as one file, sorted by day, article and place."""
    schema = pq.read_schema(next(quotes.rglob("*.parquet")))
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for month in sorted(quotes.iterdir()):
            rows = pa.concat_tables(pq.ParquetFile(part).read() for part in sorted(month.iterdir()))
            keys = [("published_on", "ascending"), ("article_id", "ascending"), ("position", "ascending")]
            writer.write_table(rows.sort_by(keys), row_group_size=ROW_GROUP)


def queries(quotes: Path, file: Path, speaker: str) -> Mapping[tuple[str, str], tuple[Query, Query]]:
    """Return the queries of the table and of the file, by filter and reader; both return all columns."""
    first, after = MONTH
    days = [("published_on", ">=", first), ("published_on", "<", after)]
    by_day = f"published_on >= DATE '{first}' AND published_on < DATE '{after}'"
    by_name = f"speaker_name = '{speaker}'"
    table = f"read_parquet('{quotes}/*/*.parquet', hive_partitioning = true)"

    def ask(where: str, what: str) -> Query:
        return lambda: duckdb.execute(f"SELECT * FROM {what} WHERE {where}").df()

    def load(path: Path, *filters: tuple[str, str, object]) -> Query:
        return lambda: pd.read_parquet(path, filters=list(filters))

    return {
        ("month", "pandas"): (load(quotes, ("published_month", "==", f"{first:%Y-%m}")), load(file, *days)),
        ("month", "DuckDB"): (ask(f"published_month = '{first:%Y-%m}'", table), ask(by_day, f"'{file}'")),
        ("speaker", "pandas"): (
            load(quotes, ("speaker_name", "==", speaker)),
            load(file, ("speaker_name", "==", speaker)),
        ),
        ("speaker", "DuckDB"): (ask(by_name, table), ask(by_name, f"'{file}'")),
    }


def measure_queries(quotes: Path, file: Path, speaker: str) -> list[str]:
    """Return the median seconds of each query, run by turns after one uncounted pass."""
    return list(_measure(queries(quotes, file, speaker)))


def _measure(asked: Mapping[tuple[str, str], tuple[Query, Query]]) -> Iterator[str]:
    for (what, reader), pair in asked.items():
        rows = [len(query()) for query in pair]
        assert rows[0] == rows[1], f"{what} with {reader}: {rows[0]} rows of the table, {rows[1]} of the file"
        rounds = [[_seconds(query) for query in pair] for _ in range(ROUNDS)]
        table, file = map(statistics.median, zip(*rounds, strict=True))
        yield f"  {what:8}{reader:8}{rows[0]:>10,} rows  table {table:6.2f} s  one file {file:6.2f} s  {table / file:5.2f}×"


def _seconds(query: Query) -> float:
    start = time.perf_counter()
    query()
    return time.perf_counter() - start
