"""The only module that knows what a data set looks like on disk.

::

    curated/
      current -> versions/<run_id>       one link: switching it is the whole of publishing
      articles -> current/articles       … and so for each table
      versions/<run_id>/<table>/…        a complete, immutable data set; what did not change is hard-linked
      versions/<run_id>/records.parquet  what became of each raw record
      versions/<run_id>/files.parquet    the raw files that were read to their end
      reports/<run_id>.html
      README.md                          the data dictionary
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.accuracy import Accuracy, as_json
from pipeline.contract import (
    TABLES,
    Attributions,
    Count,
    ReadFile,
    Record,
    Run,
    Table,
    arrow_schema,
    columns,
    data_dictionary,
    to_table,
)
from pipeline.errors import LockedError, StorageError, UsageError

README_HEADER = "# Curated tables\n"
README_TEXT = (
    README_HEADER
    + """
Written by `onrecord`; every file here but this one is replaced or linked anew by its runs. Load a table with
`pd.read_parquet("curated/quotes")`; `articles`, `quotes`, `mentions` and `article_entities` also have a column
`published_month` (`YYYY-MM`, or `unknown`) from the names of their folders. All offsets are half-open Unicode code points into
`articles.text`; all instants are UTC. The schema metadata of each part file tells the version of `onrecord` and of its
model that wrote it, the attributions that the quotes are of, and the accuracy that was measured (`onrecord.accuracy`,
JSON).

"""
)
LOCK = ".lock"
RECORDS = "records.parquet"
FILES = "files.parquet"
PUBLISHED = "published"  # a file that marks a version that was current once
MONTH = "published_month"
UNKNOWN_MONTH = "unknown"
KNOWN_ENTRIES = {"current", "versions", "reports", "README.md", ".gitignore", LOCK, *TABLES}
FRESH = ".{}.new"  # what is about to take a name's place; a run that died may leave one
# The columns of an article that later articles and records can change.
ARTICLE_UPDATES = ("revision", "duplicate_of", "duplicate_kind", "duplicate_similarity")


@dataclass(frozen=True, slots=True)
class Version:
    """One complete data set."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run that built it."""
        return self.path.name

    def months(self, table: str) -> list[str]:
        """The months of a monthly table, in order."""
        return sorted(folder.name.partition("=")[2] for folder in (self.path / table).glob(f"{MONTH}=*"))

    def read(self, table: str, columns: Sequence[str] | None = None, months: Iterable[str] | None = None) -> pa.Table:
        """Read a table, or only some of its columns or months."""
        names = list(columns) if columns is not None else arrow_schema(TABLES[table].row).names
        if TABLES[table].is_monthly:
            chosen = self.months(table) if months is None else months
            parts = [self._part(table, month) for month in chosen]
        else:
            parts = [self.path / table / "part-0.parquet"]
        found = [pq.ParquetFile(part).read(columns=names) for part in parts if part.exists()]
        schema = arrow_schema(TABLES[table].row)
        schema = pa.schema([schema.field(name) for name in names])
        return pa.concat_tables([part.select(names).cast(schema) for part in found]) if found else schema.empty_table()

    def column_names(self, table: str) -> list[str]:
        """The columns that a table's part files hold."""
        part = min((self.path / table).rglob("*.parquet"))
        return [str(name) for name in pq.read_schema(part).names]

    def records(self) -> list[Record]:
        """What became of each raw record."""
        names = [field.name for field in columns(Record)]
        return [Record(*(row[name] for name in names)) for row in pq.read_table(self.path / RECORDS).to_pylist()]

    def files(self) -> list[ReadFile]:
        """The raw files that were read to their end."""
        rows = pq.read_table(self.path / FILES).to_pylist()
        return [ReadFile(**row | {"skip_reasons": [Count(**skip) for skip in row["skip_reasons"]]}) for row in rows]

    def first_seen(self) -> dict[str, datetime]:
        """When each article was first published, by article_id."""
        rows = self.read("articles", ["article_id", "first_seen_at"])
        return dict(zip(rows["article_id"].to_pylist(), rows["first_seen_at"].to_pylist(), strict=True))

    def _part(self, table: str, month: str) -> Path:
        return self.path / table / f"{MONTH}={month}" / "part-0.parquet"


def open_version(curated: str | Path) -> Version:
    """The current version, its link resolved once: for those who need several tables of one moment.

    Raises:
        UsageError: if there is no data set at ``curated``.
    """
    version = current_version(Path(curated))
    if version is None:
        raise UsageError(f"{curated} holds no data set; make one with: onrecord curate RAW --into {curated}")
    return version


def find_quote(version: Version, quote_id: str) -> tuple[dict[str, Any], dict[str, Any], Run] | None:
    """A quote and its article as rows, and the run that wrote it; None where there is no such quote."""
    for month in version.months("quotes"):
        quotes = _where(version.read("quotes", months=[month]), "quote_id", quote_id)
        if quotes:
            (article,) = _where(version.read("articles", months=[month]), "article_id", quotes[0]["article_id"])
            return article, quotes[0], find_run(version, article["run_id"])
    return None


def _where(rows: pa.Table, column: str, value: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.filter(pc.field(column) == value).to_pylist()
    return found


def raw_of(version: Version, source: str) -> str | None:
    """Where a collection lay when it was read last; None where it never was."""
    rows = version.read("runs", ["run_id", "source", "raw"]).to_pylist()
    return max(((row["run_id"], row["raw"]) for row in rows if row["source"] == source), default=(None, None))[1]


def attributions_of(version: Version) -> Attributions:
    """Which attributions the quotes of a data set are of."""
    return last_run(version).attributions


def source_at(version: Version, raw: str) -> str:
    """The collection that was read from RAW, or, where RAW has moved, the only one that the data set has.

    Raises:
        UsageError: if it may be one of several.
    """
    rows = version.read("runs", ["source", "raw"]).to_pylist()
    sources = {row["source"] for row in rows if row["raw"] == raw} or {row["source"] for row in rows}
    if len(sources) > 1:
        raise UsageError(f"{raw} may hold one of {', '.join(sorted(sources))}; say which with --source")
    return str(sources.pop())


def last_run(version: Version) -> Run:
    """The ledger row of the run that built a version."""
    return find_run(version, version.run_id)


def find_run(version: Version, run_id: str) -> Run:
    """The ledger row of a run that published."""
    (row,) = _where(version.read("runs"), "run_id", run_id)
    for name in ("reject_reasons", "skip_reasons"):
        row[name] = [Count(**each) for each in row[name]]
    return Run(**row)


def current_version(curated: Path) -> Version | None:
    """The current version, or None where nothing was published yet.

    Raises:
        UsageError: if it is not whole, or another version of onrecord wrote it with other columns.
    """
    link = curated / "current"
    if not link.is_symlink():
        return None
    version = Version(link.resolve())
    holdings = [(version.path / name, table.row) for name, table in TABLES.items()]
    for place, row in [*holdings, (version.path / RECORDS, Record), (version.path / FILES, ReadFile)]:
        _check_columns(curated, place, row)
    return version


def _check_columns(curated: Path, place: Path, row: type) -> None:
    part = place if place.is_file() else min(place.rglob("*.parquet"), default=place)
    advice = "curate the raw articles into a new folder"
    try:
        found = pq.read_schema(part).names
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(f"{curated} is not whole: {part} is missing or damaged; restore it, or {advice}") from error
    if found != [column.name for column in columns(row)]:
        raise UsageError(
            f"{curated} was written by another version of onrecord ({place.stem} has other columns); {advice}"
        )


def check_destination(curated: Path) -> None:
    """Refuse a place that is not a data set and is not free to become one.

    Raises:
        UsageError: if it is a file, or a folder that holds something else.
    """
    if not curated.exists():
        return
    if not curated.is_dir():
        raise UsageError(f"--into {curated} is a file; name a folder, new or written by onrecord")
    known = KNOWN_ENTRIES | {FRESH.format(name) for name in KNOWN_ENTRIES}
    foreign = sorted(entry.name for entry in curated.iterdir() if entry.name not in known)
    readme = curated / "README.md"
    if readme.exists() and not readme.read_text("utf-8", "replace").startswith(README_HEADER):
        foreign.append("README.md")
    if foreign:
        raise UsageError(
            f"--into {curated} holds something else ({', '.join(foreign[:3])}); nothing was written: "
            "name a new folder, or one that onrecord wrote"
        )


@contextmanager
def writing(curated: Path) -> Iterator[None]:
    """Be the one writer of a data set, and first remove what dead runs left.

    The lock is the kernel's (``flock``): it ends with its process, however that ends.

    Raises:
        UsageError: if the place cannot be a data set.
        LockedError: if another run holds it.
        StorageError: if the disk refuses.
    """
    check_destination(curated)
    try:
        (curated / "versions").mkdir(parents=True, exist_ok=True)
        lock = _acquire(curated / LOCK)
    except OSError as error:
        raise StorageError(
            f"{curated} cannot be written: {error.strerror}; nothing was published: make room, or name another folder"
        ) from error
    try:
        _remove_dead_versions(curated)
        yield
    finally:
        (curated / LOCK).unlink(missing_ok=True)
        os.close(lock)


def _acquire(path: Path) -> int:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 200).decode("utf-8", "replace") or "another process"
            os.close(lock)
            raise LockedError(f"{path.parent} is being written by {holder}; wait for it and run again") from None
        # The holder before us may have removed the file between our open and our lock.
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(lock).st_ino:
                now = datetime.now(UTC)
                holder = f"process {os.getpid()} on {socket.gethostname()} since {now:%H:%M:%S} UTC"
                with suppress(OSError):  # a full disk has no room to say who holds the lock: it holds all the same
                    os.ftruncate(lock, 0)
                    os.write(lock, holder.encode())
                return lock
        os.close(lock)


def _remove_dead_versions(curated: Path) -> None:
    current = current_version(curated)
    for version in (curated / "versions").iterdir():
        is_current = current is not None and version.resolve() == current.path
        if is_current and not (version / PUBLISHED).exists():
            (version / PUBLISHED).touch()  # the run died right after its switch
        elif not is_current and not (version / PUBLISHED).exists():
            shutil.rmtree(version)


@contextmanager
def scratch(curated: Path | None) -> Iterator[Path]:
    """An empty folder for what a run makes on the way; the next run removes what a dead one leaves.

    Args:
        curated: the data set that it is for; None for a run that publishes nothing.

    Raises:
        StorageError: if the disk refuses.
    """
    place = curated / "versions" if curated else Path(tempfile.gettempdir())
    try:
        folder = tempfile.TemporaryDirectory(prefix="staging-", dir=place)
    except OSError as error:
        raise StorageError(
            f"{place} cannot be written: {error.strerror}; nothing was published: make room and run again"
        ) from error
    with folder as path:
        yield Path(path)


@dataclass(frozen=True, slots=True)
class Changes:
    """How the monthly tables of a new version differ from those of the one before."""

    replaced: frozenset[str]  # article_ids whose rows go
    months: frozenset[str]  # the months to which rows come
    rows: Callable[[str, str], pa.Table]  # the rows that come, by table and month
    updates: Mapping[str, tuple[object, ...]]  # article_id → ARTICLE_UPDATES, for every article of the new version


@contextmanager
def building(curated: Path, run_id: str) -> Iterator[Version]:
    """A new, empty version that nothing points to; it is removed again if anything goes wrong.

    Raises:
        StorageError: if the disk refuses.
    """
    path = curated / "versions" / run_id
    try:
        path.mkdir(parents=True)
        yield Version(path)
    except OSError as error:
        _discard(path)
        raise StorageError(
            f"{path} could not be written: {error.strerror}; nothing was published: make room and run again"
        ) from error
    except BaseException:
        _discard(path)
        raise


def _discard(path: Path) -> None:
    if not (path / PUBLISHED).exists() and os.path.realpath(path.parent.parent / "current") != os.path.realpath(path):
        shutil.rmtree(path, ignore_errors=True)


def write_monthly(version: Version, previous: Version | None, changes: Changes, metadata: Mapping[str, str]) -> None:
    """Write the monthly tables: a month that did not change is linked, not written."""
    dirty = _dirty_months(previous, changes)
    for table in (table for table in TABLES.values() if table.is_monthly):
        old_months = previous.months(table.name) if previous else []
        for month in sorted({*old_months, *changes.months}):
            if previous and month in old_months and month not in dirty:
                _link(previous._part(table.name, month), version._part(table.name, month))
                continue
            rows = _merge_month(table, month, previous, changes)
            if rows.num_rows:
                _write(rows, version._part(table.name, month), metadata)
        if not version.months(table.name):
            _write(arrow_schema(table.row).empty_table(), version._part(table.name, UNKNOWN_MONTH), metadata)


def _dirty_months(previous: Version | None, changes: Changes) -> set[str]:
    dirty = set(changes.months)
    if previous is None:
        return dirty
    for month in previous.months("articles"):
        kept = previous.read("articles", ["article_id", *ARTICLE_UPDATES], [month]).to_pylist()
        for row in kept:
            known = tuple(row[name] for name in ARTICLE_UPDATES)
            if row["article_id"] in changes.replaced or changes.updates[row["article_id"]] != known:
                dirty.add(month)
                break
    return dirty


def _merge_month(table: Table, month: str, previous: Version | None, changes: Changes) -> pa.Table:
    rows = arrow_schema(table.row).empty_table()
    if previous:
        old = previous.read(table.name, months=[month])
        gone = pa.array(sorted(changes.replaced), pa.string())
        rows = old.filter(pc.invert(pc.is_in(old["article_id"], gone)))
    if month in changes.months:
        rows = pa.concat_tables([rows, changes.rows(table.name, month)])
    if table.name == "articles":
        rows = _update_articles(rows, changes.updates)
    return rows.sort_by([(name, "ascending") for name in table.sort])


def _update_articles(rows: pa.Table, updates: Mapping[str, tuple[object, ...]]) -> pa.Table:
    ids = [str(article_id) for article_id in rows["article_id"].to_pylist()]
    for at, name in enumerate(ARTICLE_UPDATES):
        field = rows.schema.field(name)
        column: list[object] = [updates[article_id][at] for article_id in ids]
        values = pa.array(column, field.type)
        rows = rows.set_column(rows.schema.get_field_index(name), field, values)
    return rows


def month_of(day: date | None) -> str:
    """The partition that a day of publication belongs to."""
    return f"{day:%Y-%m}" if day else UNKNOWN_MONTH


def write_whole(version: Version, name: str, rows: pa.Table, metadata: Mapping[str, str]) -> None:
    """Write a table that is not split by month."""
    rows = rows.sort_by([(key, "ascending") for key in TABLES[name].sort])
    _write(rows, version.path / name / "part-0.parquet", metadata)


def write_memory(version: Version, records: Sequence[Record], files: Sequence[ReadFile]) -> None:
    """Write what became of each raw record, and which raw files were read to their end."""
    ordered = sorted(records, key=lambda record: (record.source, record.raw_path, record.raw_record))
    _write(to_table(Record, ordered), version.path / RECORDS, {})
    closed = sorted(files, key=lambda file: (file.source, file.raw_path))
    _write(to_table(ReadFile, closed), version.path / FILES, {})


def _link(old: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        new.hardlink_to(old)
    except OSError:  # some file systems have no hard links
        shutil.copy2(old, new)


def _write(rows: pa.Table, path: Path, metadata: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.replace_schema_metadata(dict(metadata) or None), path, compression="zstd")


def publish(curated: Path, version: Version) -> None:
    """Make a complete version the current one: for all tables, in one step."""
    _sync(version.path)
    for name in TABLES:
        _point(curated / name, Path("current", name))
    _write_if_changed(curated / "README.md", README_TEXT + data_dictionary())
    _point(curated / "current", Path("versions", version.run_id))
    with suppress(OSError):  # a full disk: the next run marks it
        (version.path / PUBLISHED).touch()


def _point(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(FRESH.format(link.name))
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    _sync_one(link.parent)


def _write_if_changed(path: Path, text: str) -> None:
    if path.exists() and path.read_text("utf-8") == text:
        return
    fresh = path.with_name(FRESH.format(path.name))
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def _sync(folder: Path) -> None:
    """Bring a folder with all it holds to the disk, so that a power cut after the switch loses nothing."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        _sync_one(path)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def report_path(curated: Path, run_id: str) -> Path:
    """Where the report of a run lies; its folder is made if need be."""
    folder = curated / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{run_id}.html"


def latest_report(curated: Path) -> Path | None:
    """The report of the last run that wrote one, published or not."""
    return max((curated / "reports").glob("*.html"), default=None)


def schema_metadata(version: str, accuracy: Accuracy, attributions: Attributions) -> dict[str, str]:
    """What each Parquet file says of how it came about, and how far it can be trusted."""
    return {
        "onrecord.version": version,
        "onrecord.model_version": accuracy.model_version,
        "onrecord.attributions": attributions,
        "onrecord.accuracy": as_json(accuracy),
    }
