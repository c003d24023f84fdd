"""The versions of a data set: what changed between two, which are kept, and going back to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from pipeline import report, store
from pipeline.contract import TABLES, Arrival, Run, arrow_schema
from pipeline.diff import RUN_COLUMNS, Difference, PartKey, Side, compare
from pipeline.errors import StorageError
from pipeline.history import Kept, Policy, describe_versions, parse_policy, versions_to_remove

COMPARED = ("articles", "quotes")


def compare_versions(before: store.Version | None, after: store.Version, limit: int = 200) -> Difference:
    """What changed from one version to another; parts that are the same files in both are not read.

    Args:
        before: None where there was none.
        after: the other.
        limit: changes of each sort that are told one by one.
    """
    return compare(_side(before, after), _side(after, before), limit)


def _side(version: store.Version | None, other: store.Version | None) -> Side:
    if version is None:
        return Side("nothing", [], _read_nothing, arrow_schema(TABLES["runs"].row).empty_table().select(RUN_COLUMNS))

    def read(table: str, part: PartKey, names: Sequence[str]) -> pa.Table:
        return version.read_file(table, _file_of(version, table, part), names)

    keys = [(part.month, part.name) for part in version.parts]
    differing = [key for key in keys if other is None or not _is_same(version, other, key)]
    return Side(version.run_id, differing, read, version.read("runs", RUN_COLUMNS))


def _read_nothing(table: str, _part: PartKey, names: Sequence[str]) -> pa.Table:
    return arrow_schema(TABLES[table].row).empty_table().select(names)


def _is_same(one: store.Version, other: store.Version, part: PartKey) -> bool:
    files = [(_file_of(one, table, part), _file_of(other, table, part)) for table in COMPARED]
    return all(theirs.exists() and theirs.samefile(ours) for ours, theirs in files)


def _file_of(version: store.Version, table: str, part: PartKey) -> Path:
    return version.folder(table, part[0]) / part[1]


def thin(curated: Path, keep: str | None) -> None:
    """Remove the versions that are not to be kept any more; the caller is the one writer.

    Args:
        curated: the data set.
        keep: which are kept, as ``--keep`` says it; None for what is usual.

    Raises:
        StorageError: if the disk refuses.
    """
    current = (curated / "current").resolve().name
    versions = [
        Kept(version.run_id, store.published_at(version), 0, 0, 0, version.run_id == current)
        for version in store.list_versions(curated)
    ]
    policy = parse_policy(keep) if keep else Policy()
    try:
        store.remove_versions(curated, versions_to_remove(versions, datetime.now(UTC), policy))
    except OSError as error:
        raise StorageError(
            f"the run was published, but older versions in {curated} could not be removed: {error}; the next run tries again"
        ) from error


def tell_versions(curated: Path) -> str:
    """The versions that are kept, with what each costs on the disk."""
    current = store.open_version(curated)
    versions = store.list_versions(curated)
    sizes = store.own_bytes(versions)
    return describe_versions([_describe(version, current, sizes[version.run_id]) for version in versions], Policy())


def _describe(version: store.Version, current: store.Version, size: int) -> Kept:
    parts = version.parts
    return Kept(
        version.run_id,
        store.published_at(version),
        sum(part.article_count for part in parts),
        sum(part.quote_count for part in parts),
        size,
        version.run_id == current.run_id,
    )


def roll_back(curated: Path, run_id: str) -> None:
    """Make an older version the current one; the next run goes on from there.

    Raises:
        UsageError: if there is no such version.
        LockedError: if a run is writing the data set.
    """
    store.find_version(curated, run_id)  # or a folder would be made for a data set that is not there
    with store.writing(curated):
        store.roll_back(curated, store.find_version(curated, run_id))
        write_index(curated)


def summarise(version: store.Version) -> report.Totals:
    """What a version's articles and entities come to."""
    entities = version.read("entities", ["name", "original_article_count", "original_quote_count"])
    return report.summarise(version.parts, entities)


def write_index(into: Path) -> None:
    """Write the page over all runs of a data set, as far as one was published."""
    version = store.current_version(into)
    if version is None:
        runs, arrivals = (arrow_schema(row).empty_table() for row in (Run, Arrival))
        report.write_index(store.index_path(into), runs, arrivals, report.NOTHING)
    else:
        report.write_index(store.index_path(into), version.read("runs"), version.read("arrivals"), summarise(version))
