"""The same rows in Delta tables: one of each monthly table, by month."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

from pipeline.contract import TABLES

MONTH = "published_month"
MONTHLY_PUBLIC = [name for name, table in TABLES.items() if table.is_monthly]
CHANGED = "changed"  # a file of those articles' ids and months


def write_base(version: Path, target: Path) -> None:
    """Write all rows of a version's monthly tables, a month at a time."""
    for name in MONTHLY_PUBLIC:
        for month in sorted((version / name).iterdir()):
            write_deltalake(str(target / name), _read(month), partition_by=[MONTH], mode="append")


def _read(month: Path) -> pa.Table:
    """Return the rows of a month, with the month as a column."""
    rows = pa.concat_tables(pq.ParquetFile(part).read() for part in sorted(month.iterdir()))
    return rows.append_column(MONTH, pa.repeat(month.name.partition("=")[2], rows.num_rows))


def write_fresh(before: Path, after: Path, target: Path) -> None:
    """Write the rows that the last of two versions made, and which of their articles were there before."""
    target.mkdir()
    fresh = pa.concat_tables(_made_by(month, after.name) for month in sorted((after / "articles").iterdir()))
    ids = fresh["article_id"].combine_chunks()
    parts = sorted((before / "articles").rglob("*.parquet"))
    known = pa.concat_tables(pq.ParquetFile(part).read(["article_id"]) for part in parts)["article_id"]
    pq.write_table(fresh.filter(pc.is_in(ids, known.combine_chunks())), target / CHANGED)
    for name in MONTHLY_PUBLIC:
        months = (_read(after / name / f"{MONTH}={month}") for month in sorted(set(fresh[MONTH].to_pylist())))
        pq.write_table(
            pa.concat_tables(rows.filter(pc.is_in(rows["article_id"], ids)) for rows in months), target / name
        )


def _made_by(month: Path, run_id: str) -> pa.Table:
    rows = pa.concat_tables(pq.ParquetFile(part).read(["article_id", "run_id"]) for part in sorted(month.iterdir()))
    rows = rows.filter(pc.equal(rows["run_id"], run_id)).select(["article_id"])
    return rows.append_column(MONTH, pa.repeat(month.name.partition("=")[2], rows.num_rows))


def bring(tables: Path, fresh: Path, merged: Sequence[str]) -> list[tuple[str, float]]:
    """Merge the rows of a day into the tables, in at least four consecutive transactions.

    Args:
        tables: the Delta tables.
        fresh: what ``write_fresh`` wrote.
        merged: the tables that take them by MERGE; from the others the changed articles' rows are deleted first, found
            by id and month, and then all are appended. Quotes and mentions have no key by which MERGE could do both.

    Returns:
        Seconds of each table.
    """
    changed = pq.read_table(fresh / CHANGED)
    where = f"{MONTH} IN ({_quoted(changed[MONTH])}) AND article_id IN ({_quoted(changed['article_id'])})"
    timings = []
    for name in MONTHLY_PUBLIC:
        start = time.perf_counter()
        table, rows = DeltaTable(str(tables / name)), pq.read_table(fresh / name)
        if name in merged:
            on = f"t.{MONTH} IN ({_quoted(rows[MONTH])}) AND t.{MONTH} = s.{MONTH} AND t.article_id = s.article_id"
            merging = table.merge(rows, on, source_alias="s", target_alias="t")
            merging.when_matched_update_all().when_not_matched_insert_all().execute()
        else:
            table.delete(where)
            write_deltalake(table, rows, mode="append")
        timings.append((name, time.perf_counter() - start))
    return timings


def _quoted(values: pa.ChunkedArray) -> str:
    return ", ".join(f"'{value}'" for value in sorted(set(values.to_pylist())))
