"""How a version's part files follow from those of the version before: what did not change is linked, not written.

A month's articles lie in parts. A part is the files of one name in all monthly tables: they hold the rows of the same
articles, sorted. A changed article stays in its part; new ones go to the last part of their month until that is full.
So a run writes the parts that it changes, however large the data set is. Tables without months are laid out likewise,
by their keys.
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
from pipeline.store.tables import FIRST_PART, PART, UNKNOWN_MONTH, number_of, read_part
from pipeline.store.version import Version

# Enough that a table has some hundred files a million articles, and few enough that an edit rewrites some megabytes.
ARTICLES_A_PART = 2_000
ROWS_A_PART = 10_000

Rows = tuple[pa.Table, Sequence[Sequence[object]]]  # of a table without months: those that come, and keys that go
Home = tuple[str, str]  # where an article lies: its month, and the name of its part


@dataclass(frozen=True, slots=True)
class Changes:
    """How the articles of a new version differ from those of the one before."""

    gone: Mapping[str, Home]  # article_ids whose rows go
    come: Mapping[str, Sequence[str]]  # article_ids whose rows come, by month
    rows: Callable[[str, Sequence[str]], pa.Table]  # the rows that come, by table and article_ids
    updates: Mapping[str, Mapping[str, object]]  # columns of articles that change besides, by article_id
    homes: Mapping[str, Home]  # of the articles to be updated that neither go nor come


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part as a run has written it."""

    month: str
    name: str
    before: Mapping[str, pa.Table]  # rows by monthly table; none where the part is new
    after: Mapping[str, pa.Table]


@dataclass(slots=True)
class _Plan:
    """What happens to a part."""

    gone: list[str] = field(default_factory=list)
    come: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)


def write_parts(
    version: Version,
    previous: Version | None,
    changes: Changes,
    count_entities: Callable[[pa.Table, pa.Table], pa.Table],
    metadata: Mapping[str, str],
) -> Iterator[WrittenPart]:
    """Write the monthly tables, and tell of each part that is not as it was.

    Args:
        version: takes the part files.
        previous: the version before.
        changes: how they differ.
        count_entities: makes a part's entity_counts of its articles and article_entities.
        metadata: for the schema of each file.
    """
    plans = _plan_parts(previous, changes)
    _link_others(version, previous, plans)
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
    """Find each article that comes a part: the one that it was in, or the last of its month that has room."""
    plans: dict[Home, _Plan] = defaultdict(_Plan)
    for article_id, home in changes.gone.items():
        plans[home].gone.append(article_id)
    for article_id, home in changes.homes.items():
        plans[home].updated.append(article_id)
    months = {article_id: month for month, article_ids in changes.come.items() for article_id in article_ids}
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for part in previous.parts if previous else ():
        leaving = sum(months.get(each) != part.month for each in plans[part.month, part.name].gone)
        counts[part.month][part.name] = part.article_count - leaving
    for month, article_ids in changes.come.items():
        rooms = counts[month]
        name = max(rooms, key=lambda each: number_of(Path(each)), default=FIRST_PART)
        for article_id in article_ids:
            before = changes.gone.get(article_id)
            if before and before[0] == month:
                plans[before].come.append(article_id)
                continue
            if rooms.get(name, 0) >= ARTICLES_A_PART:
                name = PART.format(number_of(Path(name)) + 1)
            rooms[name] = rooms.get(name, 0) + 1
            plans[month, name].come.append(article_id)
    return {home: plan for home, plan in plans.items() if plan.gone or plan.come or plan.updated}


def _is_written_alike(path: Path, metadata: Mapping[str, str]) -> bool:
    """Whether a part file is there and says of itself what this run would: of which attributions its quotes are."""
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
    if plan.gone:
        rows = rows.filter(pc.invert(pc.is_in(rows["article_id"], pa.array(plan.gone, pa.string()))))
    if plan.come:
        rows = pa.concat_tables([rows, changes.rows(table.name, plan.come)])
    if table.name == "articles" and (plan.come or plan.updated):
        rows = _update(rows, changes.updates)
    return sort(rows, table) if plan.come else rows.combine_chunks()


def sort(rows: pa.Table, table: Table) -> pa.Table:
    """Rows in their table's order, in one piece."""
    return rows.sort_by([(name, "ascending") for name in table.sort]).combine_chunks()


def _update(rows: pa.Table, updates: Mapping[str, Mapping[str, object]]) -> pa.Table:
    ids = [str(article_id) for article_id in rows["article_id"].to_pylist()]
    for name in sorted({name for each in ids if each in updates for name in updates[each]}):
        at = rows.schema.get_field_index(name)
        column = rows[name].to_pylist()
        values = [updates.get(each, {}).get(name, value) for each, value in zip(ids, column, strict=True)]
        rows = rows.set_column(at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type))
    return rows


def _link_others(version: Version, previous: Version | None, plans: Mapping[Home, object]) -> None:
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
    come: pa.Table,
    gone: Iterable[Sequence[object]] = (),
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a table that is not split by month.

    Args:
        version: takes the part files.
        previous: the version before.
        name: the table.
        come: rows that are new, or take the place of those with the same key.
        gone: keys of rows that go.
        metadata: for the schema of each file.
    """
    table = ALL_TABLES[name]
    come = sort(come, table)
    keys = join_keys(come, table)
    touched = pa.concat_arrays([keys, as_keys(gone)])
    rest = pa.array([True] * come.num_rows, pa.bool_())  # what has found no place yet
    room = (-1, 0)  # of the last part: its number, and how many rows it has when it is written
    for path in previous.files(name) if previous else ():
        own = join_keys(read_part(path, table.sort), table)
        is_touched = pc.is_in(own, touched)
        target = version.folder(name) / path.name
        room = number_of(path), len(own)
        if not pc.any(is_touched).as_py() and _is_written_alike(path, metadata or {}):
            link(path, target)
            continue
        stays = own.filter(is_touched)
        here = pc.is_in(keys, stays)
        rest = pc.and_(rest, pc.invert(here))
        rows = read_part(path, come.schema.names).cast(come.schema).filter(pc.invert(is_touched))
        rows = sort(pa.concat_tables([rows, come.filter(here)]), table)
        write(rows, target, metadata)
        room = number_of(path), rows.num_rows
    _append(version, table, come.filter(rest), room, metadata)


def _append(
    version: Version, table: Table, rows: pa.Table, room: tuple[int, int], metadata: Mapping[str, str] | None
) -> None:
    """Put rows into the last part until it is full, and into new ones."""
    number, held = room
    last = version.folder(table.name) / PART.format(number)
    free = ROWS_A_PART - held if number >= 0 else 0
    if rows.num_rows and free > 0:
        more = read_part(last, rows.schema.names).cast(rows.schema)
        last.unlink()  # it may be a link to the version before
        write(sort(pa.concat_tables([more, rows.slice(0, free)]), table), last, metadata)
        rows = rows.slice(free)
    for at in range(0, rows.num_rows, ROWS_A_PART):
        number += 1
        write(rows.slice(at, ROWS_A_PART), version.folder(table.name) / PART.format(number), metadata)
    if number < 0:
        write(rows, version.folder(table.name) / FIRST_PART, metadata)


def as_keys(keys: Iterable[Sequence[object]]) -> pa.Array:
    """Keys as ``join_keys`` has them."""
    return pa.array(("\x1f".join(str(value) for value in key) for key in keys), pa.string())


def join_keys(rows: pa.Table, table: Table) -> pa.Array:
    """What tells each row of a table from the others, as text."""
    columns = [rows[name].cast(pa.string()) for name in table.sort]
    joined = columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


# ── Files ──────────────────────────────────────────────────────────────────────────────────────────────────────


def link(old: Path, new: Path) -> None:
    """Make a file of an older version one of a newer one, without writing it again where that can be."""
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        new.hardlink_to(old)
    except OSError:  # some file systems have no hard links
        shutil.copy2(old, new)


def write(rows: pa.Table, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a part file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.replace_schema_metadata(dict(metadata or {}) or None), path, compression="zstd")
