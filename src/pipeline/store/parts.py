"""How a version's part files are made from those of the previous version: unchanged files are linked, not written.

The articles of a month are split into parts. A part is the set of files with the same name in all monthly tables: they
contain the rows of the same articles, sorted. A changed article stays in its part. New ones are added to the last part
of their month until it is full. So a run writes only the parts that it changes, however large the data set is. Tables
without months are split the same way, by their keys.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import ALL_TABLES, MONTHLY, STAGED, Table, arrow_schema
from pipeline.store.part_files import FIRST_PART, PART, UNKNOWN_MONTH, number_of, read_part
from pipeline.store.version import Version

# Large enough for a few hundred files per table and million articles, small enough that an edit rewrites a few megabytes.
ARTICLES_A_PART = 2_000
ROWS_A_PART = 10_000

Rows = tuple[pa.Table, Sequence[Sequence[object]]]  # of a table without months: rows to add, and keys of rows to remove
Home = tuple[str, str]  # of an article: its month, and the name of its part


@dataclass(frozen=True, slots=True)
class Changes:
    """How the articles of a new version differ from those of the previous one."""

    removed: Mapping[str, Home]  # article_ids whose rows are removed
    added: Mapping[str, Sequence[str]]  # article_ids whose rows are added, by month
    rows: Callable[[str, Sequence[str]], pa.Table]  # returns added rows, by table and article_ids
    updates: Mapping[str, Mapping[str, object]]  # new values of single columns of articles, by article_id
    homes: Mapping[str, Home]  # of the updated articles whose rows are neither removed nor added


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part that a run has written."""

    month: str
    name: str
    before: Mapping[str, pa.Table]  # rows by monthly table; empty if the part is new
    after: Mapping[str, pa.Table]


@dataclass(slots=True)
class _Plan:
    """What changes in a part."""

    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)


def write_parts(
    version: Version,
    previous: Version | None,
    changes: Changes,
    count_entities: Callable[[pa.Table, pa.Table], pa.Table],
    metadata: Mapping[str, str],
) -> Iterator[WrittenPart]:
    """Write the monthly tables, and yield each part that was written.

    Args:
        version: the new version, without these tables.
        previous: the previous version.
        changes: how they differ.
        count_entities: makes a part's entity_counts from its articles and article_entities.
        metadata: for the schema of each file.
    """
    plans = _plan_parts(previous, changes)
    _link_unchanged(version, previous, plans)
    for (month, name), plan in sorted(plans.items()):
        before = _read_tables(previous, month, name)
        after = {table: _merge(ALL_TABLES[table], before[table], plan, changes) for table in STAGED}
        after["entity_counts"] = count_entities(after["articles"], after["article_entities"])
        for table, rows in after.items():
            target = version.folder(table, month) / name
            old = previous.folder(table, month) / name if previous else None
            if old and rows.equals(before[table]) and _is_written_alike(old, metadata):
                link(old, target)
            else:
                write(rows, target, metadata)
        yield WrittenPart(month, name, before, after)
    for table in MONTHLY:
        if not version.months(table):
            write(
                arrow_schema(ALL_TABLES[table].row).empty_table(),
                version.folder(table, UNKNOWN_MONTH) / FIRST_PART,
                metadata,
            )


def _plan_parts(previous: Version | None, changes: Changes) -> dict[Home, _Plan]:
    """Choose a part for each added article: its old one, or the last part of its month with room."""
    plans: dict[Home, _Plan] = defaultdict(_Plan)
    for article_id, home in changes.removed.items():
        plans[home].removed.append(article_id)
    for article_id, home in changes.homes.items():
        plans[home].updated.append(article_id)
    months = {article_id: month for month, article_ids in changes.added.items() for article_id in article_ids}
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for part in previous.parts if previous else ():
        leaving = sum(months.get(article_id) != part.month for article_id in plans[part.month, part.name].removed)
        counts[part.month][part.name] = part.article_count - leaving
    for month, article_ids in changes.added.items():
        rooms = counts[month]
        name = max(rooms, key=lambda part: number_of(Path(part)), default=FIRST_PART)
        for article_id in article_ids:
            before = changes.removed.get(article_id)
            if before and before[0] == month:
                plans[before].added.append(article_id)
                continue
            if rooms.get(name, 0) >= ARTICLES_A_PART:
                name = PART.format(number_of(Path(name)) + 1)
            rooms[name] = rooms.get(name, 0) + 1
            plans[month, name].added.append(article_id)
    return {home: plan for home, plan in plans.items() if plan.removed or plan.added or plan.updated}


def _is_written_alike(path: Path, metadata: Mapping[str, str]) -> bool:
    """Return whether a part file exists with the metadata that this run would write."""
    if not path.exists():
        return False
    found = pq.read_schema(path).metadata or {}
    return all(found.get(name.encode()) == value.encode() for name, value in metadata.items())


def _read_tables(previous: Version | None, month: str, name: str) -> dict[str, pa.Table]:
    found = {}
    for table in MONTHLY:
        schema = arrow_schema(ALL_TABLES[table].row)
        path = previous.folder(table, month) / name if previous else None
        found[table] = read_part(path, schema.names).cast(schema) if path and path.exists() else schema.empty_table()
    return found


def _merge(table: Table, before: pa.Table, plan: _Plan, changes: Changes) -> pa.Table:
    rows = before
    if plan.removed:
        rows = rows.filter(pc.invert(pc.is_in(rows["article_id"], pa.array(plan.removed, pa.string()))))
    if plan.added:
        rows = pa.concat_tables([rows, changes.rows(table.name, plan.added)])
    if table.name == "articles" and (plan.added or plan.updated):
        rows = _update(rows, changes.updates)
    return sort(rows, table) if plan.added else rows.combine_chunks()


def sort(rows: pa.Table, table: Table) -> pa.Table:
    """Return rows in their table's order, as one chunk."""
    return rows.sort_by([(name, "ascending") for name in table.sort]).combine_chunks()


def _update(rows: pa.Table, updates: Mapping[str, Mapping[str, object]]) -> pa.Table:
    ids = [str(article_id) for article_id in rows["article_id"].to_pylist()]
    for name in sorted({name for article_id in ids if article_id in updates for name in updates[article_id]}):
        index = rows.schema.get_field_index(name)
        column = rows[name].to_pylist()
        values = [updates.get(article_id, {}).get(name, value) for article_id, value in zip(ids, column, strict=True)]
        rows = rows.set_column(index, rows.schema.field(index), pa.array(values, rows.schema.field(index).type))
    return rows


def _link_unchanged(version: Version, previous: Version | None, plans: Mapping[Home, object]) -> None:
    for table in MONTHLY if previous else ():
        assert previous is not None
        for month in previous.months(table):
            for path in previous.files(table, month):
                if (month, path.name) not in plans:
                    link(path, version.folder(table, month) / path.name)


# ── Tables without months ──────────────────────────────────────────────────────────────────────────────────────


def write_keyed(
    version: Version,
    previous: Version | None,
    name: str,
    added: pa.Table,
    removed: Iterable[Sequence[object]] = (),
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a table that is not split by month.

    Args:
        version: the new version, without this table.
        previous: the previous version.
        name: the table.
        added: new rows; they replace rows with the same key.
        removed: keys of rows to remove.
        metadata: for the schema of each file.
    """
    table = ALL_TABLES[name]
    added = sort(added, table)
    keys = join_keys(added, table)
    touched = pa.concat_arrays([keys, as_keys(removed)])
    is_left = pa.array([True] * added.num_rows, pa.bool_())  # which rows are in no file yet
    last = (-1, 0)  # the number of the last part, and its number of rows
    for path in previous.files(name) if previous else ():
        old_keys = join_keys(read_part(path, table.sort), table)
        is_touched = pc.is_in(old_keys, touched)
        target = version.folder(name) / path.name
        last = number_of(path), len(old_keys)
        if not pc.any(is_touched).as_py() and _is_written_alike(path, metadata or {}):
            link(path, target)
            continue
        is_here = pc.is_in(keys, old_keys.filter(is_touched))
        is_left = pc.and_(is_left, pc.invert(is_here))
        rows = read_part(path, added.schema.names).cast(added.schema).filter(pc.invert(is_touched))
        rows = sort(pa.concat_tables([rows, added.filter(is_here)]), table)
        write(rows, target, metadata)
        last = number_of(path), rows.num_rows
    _append(version, table, added.filter(is_left), last, metadata)


def _append(
    version: Version, table: Table, rows: pa.Table, last: tuple[int, int], metadata: Mapping[str, str] | None
) -> None:
    """Add rows to the last part until it is full, then to new parts."""
    number, row_count = last
    free = ROWS_A_PART - row_count if number >= 0 else 0
    if rows.num_rows and free > 0:
        path = version.folder(table.name) / PART.format(number)
        old_rows = read_part(path, rows.schema.names).cast(rows.schema)
        path.unlink()  # it may be a link to the previous version's file
        write(sort(pa.concat_tables([old_rows, rows.slice(0, free)]), table), path, metadata)
        rows = rows.slice(free)
    for start in range(0, rows.num_rows, ROWS_A_PART):
        number += 1
        write(rows.slice(start, ROWS_A_PART), version.folder(table.name) / PART.format(number), metadata)
    if number < 0:
        write(rows, version.folder(table.name) / FIRST_PART, metadata)


def as_keys(keys: Iterable[Sequence[object]]) -> pa.Array:
    """Return keys in the form of ``join_keys``."""
    return pa.array(("\x1f".join(str(value) for value in key) for key in keys), pa.string())


def join_keys(rows: pa.Table, table: Table) -> pa.Array:
    """Return the key of each row of a table, as text."""
    columns = [rows[name].cast(pa.string()) for name in table.sort]
    joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


# ── Files ──────────────────────────────────────────────────────────────────────────────────────────────────────


def link(old: Path, new: Path) -> None:
    """Link a file of an older version into a newer one; copy it where the file system has no hard links."""
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        new.hardlink_to(old)
    except OSError:
        shutil.copy2(old, new)


def write(rows: pa.Table, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a part file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.replace_schema_metadata(dict(metadata or {}) or None), path, compression="zstd")
