"""The part files of one version: where they lie, and how to read rows from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import ALL_TABLES, STATE, Part, arrow_schema, from_table

MONTH = "published_month"
UNKNOWN_MONTH = "unknown"
PART = "part-{}.parquet"
FIRST_PART = PART.format(0)


@dataclass(frozen=True)
class TableFiles:
    """A folder that contains all tables of one data set."""

    path: Path

    def folder(self, table: str, month: str | None = None) -> Path:
        """Return the folder with the part files of a table, or of one month of it."""
        folder = self.path / "state" / table if table in STATE else self.path / table
        return folder / f"{MONTH}={month}" if month is not None else folder

    def months(self, table: str) -> list[str]:
        """Return the months of a monthly table, in order."""
        return sorted(folder.name.partition("=")[2] for folder in self.folder(table).glob(f"{MONTH}=*"))

    def files(self, table: str, month: str | None = None) -> list[Path]:
        """Return the part files of a table without months, or of one month of a monthly table, ordered by number."""
        return sorted(self.folder(table, month).glob(PART.format("*")), key=number_of)

    @cached_property
    def parts(self) -> list[Part]:
        """The parts of the monthly tables. Read them only once all of them are written: the list is cached."""
        return from_table(self.read("parts"), Part)

    @cached_property
    def _article_ids(self) -> dict[Path, pa.ChunkedArray]:
        return {path: read_part(path, ["article_id"])["article_id"] for path in self._all_files("articles", None)}

    def read(self, table: str, columns: Sequence[str] | None = None, months: Iterable[str] | None = None) -> pa.Table:
        """Read a table, or only some of its columns or months."""
        schema = _schema_of(table, columns)
        found = [read_part(path, schema.names) for path in self._all_files(table, months)]
        return pa.concat_tables([rows.cast(schema) for rows in found]) if found else schema.empty_table()

    def find(
        self, table: str, column: str, values: Iterable[object], columns: Sequence[str] | None = None
    ) -> Iterator[tuple[Path, pa.Table]]:
        """Yield the rows whose ``column`` has one of ``values``, by part file.

        Reads that one column of all part files, and the other columns only where a row matches.
        """
        wanted = pa.array(values, arrow_schema(ALL_TABLES[table].row).field(column).type)
        if not len(wanted):
            return
        names = _schema_of(table, columns).names
        # A run looks up article ids several times. A million of them take 20 MB.
        is_cached = (table, column) == ("articles", "article_id")
        for path in self._all_files(table, None):
            found = self._article_ids[path] if is_cached else read_part(path, [column])[column]
            is_wanted = pc.is_in(found, wanted)
            if pc.any(is_wanted).as_py():
                yield path, read_part(path, names).filter(is_wanted)

    def find_all(
        self, table: str, column: str, values: Iterable[object], columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return the rows whose ``column`` has one of ``values``, as one table."""
        schema = _schema_of(table, columns)
        found = [rows.cast(schema) for _, rows in self.find(table, column, values, columns)]
        return pa.concat_tables([schema.empty_table(), *found])

    def scan(self, table: str) -> Iterator[pa.Table]:
        """Yield a table part by part."""
        return (self.read_file(table, path) for path in self._all_files(table, None))

    def read_file(self, table: str, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """Read one part file of a table, or some columns of it."""
        schema = _schema_of(table, columns)
        return read_part(path, schema.names).cast(schema)

    def read_beside(self, path: Path, table: str) -> pa.Table:
        """Read the rows of another monthly table about the articles of a part file."""
        return self.read_file(table, self.folder(table, month_in(path)) / path.name)

    def column_names(self, table: str) -> list[str]:
        """Return the columns that a table's part files have."""
        return [str(name) for name in pq.read_schema(next(self._all_files(table, None))).names]

    def _all_files(self, table: str, months: Iterable[str] | None) -> Iterator[Path]:
        if not ALL_TABLES[table].is_monthly:
            yield from self.files(table)
            return
        for month in self.months(table) if months is None else months:
            yield from self.files(table, month)


def _schema_of(table: str, columns: Sequence[str] | None) -> pa.Schema:
    """Return the schema of a table, or of some columns of it."""
    schema = arrow_schema(ALL_TABLES[table].row)
    return schema if columns is None else pa.schema([schema.field(name) for name in columns])


def read_part(path: Path, columns: Sequence[str]) -> pa.Table:
    """Read some columns of a part file."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=list(columns)).select(list(columns)).replace_schema_metadata(None)


def number_of(path: Path) -> int:
    """Return the number in a part file's name."""
    return int(path.stem.rpartition("-")[2])


def month_in(path: Path) -> str:
    """Return the month in the path of a monthly table's part file."""
    return path.parent.name.partition("=")[2]


def month_of(day: date | None) -> str:
    """Return the month that a day of publication belongs to."""
    return f"{day:%Y-%m}" if day else UNKNOWN_MONTH
