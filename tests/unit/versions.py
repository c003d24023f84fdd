"""Versions of a data set, written from rows without a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contract import ALL_TABLES, Part, arrow_schema, to_table
from pipeline.store import Version

Home = tuple[str, str]  # a month, and the name of a part file


def write_table(version: Version, table: str, rows: pa.Table | Sequence[object], home: Home | None = None) -> None:
    """Write a part file of a table; without ``home``, the only part file of a table without months."""
    month, name = home or (None, "part-0.parquet")
    folder = version.folder(table, month)
    folder.mkdir(parents=True, exist_ok=True)
    row = ALL_TABLES[table].row
    rows = rows if isinstance(rows, pa.Table) else to_table(row, rows)
    pq.write_table(rows.select(arrow_schema(row).names), folder / name)


def write_parts(version: Version, parts: Mapping[Home, Sequence[object]]) -> None:
    """Write ``articles`` and ``quotes`` of some parts, and the list of parts."""
    for home, rows in parts.items():
        for table in ("articles", "quotes"):
            write_table(version, table, [row for row in rows if isinstance(row, ALL_TABLES[table].row)], home)
    write_table(version, "parts", [Part(month, name, 0, 0, 0, 0, []) for month, name in parts])


def new_version(folder: Path, name: str) -> Version:
    """Return an empty version in a folder of its own, however many have the same name."""
    path = folder / str(sum(1 for _ in folder.iterdir())) / name
    path.mkdir(parents=True)
    return Version(path)
