"""One version of a data set, as it lies on disk, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import ALL_TABLES, STATE, Part, Table, arrow_schema, from_table
from pipeline.errors import UsageError

MONTH = "published_month"
UNKNOWN_MONTH = "unknown"
PART = "part-{}.parquet"
FIRST_PART = PART.format(0)
PUBLISHED = "published"  # a file that marks a version that was current once
ADVICE = "curate the raw articles into a new folder"


@dataclass(frozen=True)
class Version:
    """One complete data set."""

    path: Path

    @property
    def run_id(self) -> str:
        """What built it: a run, or what tidied up after one."""
        return self.path.name

    def folder(self, table: str, month: str | None = None) -> Path:
        """Where the part files of a table, or of a month of it, lie."""
        folder = self.path / "state" / table if table in STATE else self.path / table
        return folder / f"{MONTH}={month}" if month is not None else folder

    @cached_property
    def parts(self) -> list[Part]:
        """The parts that its articles lie in; not to be asked for before they are all written."""
        return from_table(self.read("parts"), Part)

    @cached_property
    def _article_ids(self) -> dict[Path, pa.ChunkedArray]:
        return {path: read_part(path, ["article_id"])["article_id"] for path in self._all_files("articles", None)}

    def months(self, table: str) -> list[str]:
        """The months of a monthly table, in order."""
        return sorted(folder.name.partition("=")[2] for folder in self.folder(table).glob(f"{MONTH}=*"))

    def files(self, table: str, month: str | None = None) -> list[Path]:
        """The part files of a table without months, or of a month of one, in the order of their numbers."""
        return sorted(self.folder(table, month).glob(PART.format("*")), key=number_of)

    def read(self, table: str, columns: Sequence[str] | None = None, months: Iterable[str] | None = None) -> pa.Table:
        """Read a table, or only some of its columns or months."""
        names = list(columns) if columns is not None else arrow_schema(ALL_TABLES[table].row).names
        found = [read_part(path, names) for path in self._all_files(table, months)]
        schema = arrow_schema(ALL_TABLES[table].row)
        schema = pa.schema([schema.field(name) for name in names])
        return pa.concat_tables([part.cast(schema) for part in found]) if found else schema.empty_table()

    def find(
        self, table: str, column: str, values: Iterable[object], columns: Sequence[str] | None = None
    ) -> Iterator[tuple[Path, pa.Table]]:
        """The rows in which a column holds one of some values, by part file.

        One narrow column of all part files is read; the others of those part files only that hold such rows.
        """
        wanted = pa.array(values, arrow_schema(ALL_TABLES[table].row).field(column).type)
        if not len(wanted):
            return
        names = list(columns) if columns is not None else arrow_schema(ALL_TABLES[table].row).names
        is_kept = (table, column) == ("articles", "article_id")  # asked for several times a run, and 20 MB a million
        for path in self._all_files(table, None):
            held = self._article_ids[path] if is_kept else read_part(path, [column])[column]
            is_wanted = pc.is_in(held, wanted)
            if pc.any(is_wanted).as_py():
                yield path, read_part(path, names).filter(is_wanted)

    def scan(self, table: str) -> Iterator[pa.Table]:
        """A table part by part."""
        return (self.read_file(table, path) for path in self._all_files(table, None))

    def read_file(self, table: str, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """One part file of a table, or some columns of it."""
        schema = arrow_schema(ALL_TABLES[table].row)
        names = list(columns) if columns is not None else schema.names
        return read_part(path, names).cast(pa.schema([schema.field(name) for name in names]))

    def read_beside(self, path: Path, table: str) -> pa.Table:
        """The rows of another monthly table about the articles of a part file."""
        return self.read_file(table, self.folder(table, month_at(path)) / path.name)

    def column_names(self, table: str) -> list[str]:
        """The columns that a table's part files hold."""
        return [str(name) for name in pq.read_schema(next(self._all_files(table, None))).names]

    def _all_files(self, table: str, months: Iterable[str] | None) -> Iterator[Path]:
        if not ALL_TABLES[table].is_monthly:
            yield from self.files(table)
            return
        for month in self.months(table) if months is None else months:
            yield from self.files(table, month)


def read_part(path: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of a part file."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=list(columns)).select(list(columns)).replace_schema_metadata(None)


def number_of(path: Path) -> int:
    """Which of a folder's part files it is."""
    return int(path.stem.rpartition("-")[2])


def month_at(path: Path) -> str:
    """The month that a part file of a monthly table is of."""
    return path.parent.name.partition("=")[2]


def month_of(day: date | None) -> str:
    """The partition that a day of publication belongs to."""
    return f"{day:%Y-%m}" if day else UNKNOWN_MONTH


def open_version(curated: str | Path) -> Version:
    """The current version, its link resolved once: for those who need several tables of one moment.

    Raises:
        UsageError: if there is no data set at ``curated``.
    """
    version = current_version(Path(curated))
    if version is None:
        raise UsageError(f"{curated} holds no data set; make one with: onrecord curate RAW --into {curated}")
    return version


def current_version(curated: Path) -> Version | None:
    """The current version, or None where nothing was published yet.

    Raises:
        UsageError: if it is not whole, or another version of onrecord wrote it with other columns.
    """
    link = curated / "current"
    if not link.is_symlink():
        return None
    version = Version(link.resolve())
    check_columns(curated, version)
    return version


def check_columns(curated: Path, version: Version) -> None:
    """Refuse a version that this program would misread.

    Raises:
        UsageError: says what is missing, or was written by another version of onrecord.
    """
    is_foreign = not (version.path / "state").is_dir() and (version.path / "articles").is_dir()
    if is_foreign:
        raise UsageError(f"{curated} was written by another version of onrecord (it has no state/); {ADVICE}")
    for table in ALL_TABLES.values():
        _check_table(curated, version, table)


def _check_table(curated: Path, version: Version, table: Table) -> None:
    part = min(version.folder(table.name).rglob("*.parquet"), default=version.folder(table.name))
    try:
        found = pq.read_schema(part).names
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(
            f"{curated} is not whole: {part} is missing or damaged; restore it, or, if another version of onrecord wrote it, {ADVICE}"
        ) from error
    if found != arrow_schema(table.row).names:
        raise UsageError(
            f"{curated} was written by another version of onrecord ({table.name} has other columns); {ADVICE}"
        )
