"""Compare every data column of every table of two data sets: the gate for changes that must not change data.

::

    python -m benchmarks.same_data BEFORE AFTER

BEFORE and AFTER are data sets (folders with a ``current`` link), or folders of data sets that have the same names.
Curate the same RAW, at the same path, with the code before and after a change. Columns that name a run, an instant of
a run or the code that made a row are left out, and so are columns with prose. Exits with 1 where anything differs.

The script reads Parquet files and imports nothing of the project, so that it runs beside any version of the code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

# What may differ between two runs that made the same data.
IGNORED: Mapping[str, frozenset[str]] = {
    "*": frozenset({"run_id", "started_at", "finished_at", "first_seen_at", "superseded_at", "superseded_by"}),
    "articles": frozenset({"notes"}),
    "article_revisions": frozenset({"notes"}),
    "rejects": frozenset({"detail"}),
    "runs": frozenset({"version", "expectation_count"}),
    "state/records": frozenset({"made_by"}),
    "state/reviewed": frozenset({"digest"}),
}
SHOWN = 3  # differing rows shown for each table


def find_data_sets(folder: Path) -> dict[str, Path]:
    """Return the current version of each data set in a folder, by name; of the folder itself where it is one."""
    if (folder / "current").exists():
        return {".": folder / "current"}
    return {path.parent.name: path for path in sorted(folder.glob("*/current"))}


def find_tables(version: Path) -> dict[str, Path]:
    """Return the folders of a version's tables by name; those of its state as ``state/<name>``."""
    tables = [path for path in version.iterdir() if path.is_dir() and path.name != "state"]
    states = [path for path in (version / "state").iterdir() if path.is_dir()]
    return {path.name: path for path in tables} | {f"state/{path.name}": path for path in states}


def read_rows(table: str, folder: Path) -> tuple[list[str], list[str]]:
    """Return a table's data columns with their types, and its rows as sorted lines of text."""
    ignored = IGNORED["*"] | IGNORED.get(table, frozenset())
    rows: list[str] = []
    columns: list[str] = []
    for file in sorted(folder.rglob("*.parquet")):
        part = pq.ParquetFile(file).read()
        names = [name for name in part.column_names if name not in ignored]
        columns = [f"{name}: {part.schema.field(name).type}" for name in names]
        month = file.parent.relative_to(folder).as_posix()
        rows += [f"{month} {line}" for line in _as_lines(part.select(names))]
    return columns, sorted(rows)


def _as_lines(rows: pa.Table) -> Iterator[str]:
    return (repr(row) for row in rows.to_pylist())


def compare(before: Path, after: Path) -> Iterator[str]:
    """Yield a line for each difference between two versions."""
    tables, others = find_tables(before), find_tables(after)
    for table in sorted(tables.keys() ^ others.keys()):
        yield f"{table}: only {'before' if table in tables else 'after'}"
    for table in sorted(tables.keys() & others.keys()):
        (columns, rows), (other_columns, other_rows) = (
            read_rows(table, tables[table]),
            read_rows(table, others[table]),
        )
        if columns != other_columns:
            yield f"{table}: columns differ: {sorted(set(columns) ^ set(other_columns))}"
        elif rows != other_rows:
            yield from _describe_rows(table, rows, other_rows)


def _describe_rows(table: str, rows: Iterable[str], other_rows: Iterable[str]) -> Iterator[str]:
    gone, new = sorted(set(rows) - set(other_rows)), sorted(set(other_rows) - set(rows))
    yield f"{table}: {len(gone):,} rows only before, {len(new):,} only after"
    for sign, lines in (("-", gone), ("+", new)):
        yield from (f"  {sign} {line[:600]}" for line in lines[:SHOWN])


def main() -> int:
    """Compare two data sets, or two folders of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, metavar="BEFORE")
    parser.add_argument("after", type=Path, metavar="AFTER")
    arguments = parser.parse_args()
    before, after = find_data_sets(arguments.before), find_data_sets(arguments.after)
    if not before or before.keys() != after.keys():
        print(f"data sets before: {', '.join(before) or 'none'}; after: {', '.join(after) or 'none'}")
        return 1
    differences = 0
    for name, version in before.items():
        lines = list(compare(version, after[name]))
        differences += len(lines)
        count = sum(1 for _ in find_tables(version))
        print(f"{name}: {count} tables, {'the same data' if not lines else 'DIFFERENT'}", *lines, sep="\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
