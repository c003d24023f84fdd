"""Roll back to a published version, remove versions, and merge small files."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from pipeline.contract import ALL_TABLES, MONTHLY, STATE, Count, Part, to_table
from pipeline.store.part_files import PART, number_of
from pipeline.store.parts import ARTICLES_A_PART, ROWS_A_PART, link, sort, write
from pipeline.store.version import PUBLISHED, Version
from pipeline.store.versions_on_disk import point

Item = TypeVar("Item")


def roll_back(curated: Path, version: Version) -> None:
    """Make an older version the current one again; the caller has the lock."""
    point(curated / "current", Path("versions", version.run_id))


def remove_versions(curated: Path, run_ids: Iterable[str]) -> None:
    """Remove versions, except the current one. A partly removed one does not count as a version."""
    current = (curated / "current").resolve()
    for run_id in run_ids:
        path = curated / "versions" / run_id
        if path.resolve() != current:
            (path / PUBLISHED).unlink(missing_ok=True)
            shutil.rmtree(path)


# ── Merging files ────────────────────────────────────────────────────────────────────────────────────────────────


def repack(
    version: Version,
    previous: Version,
    count_entities: Callable[[pa.Table, pa.Table], pa.Table],
    metadata: Mapping[str, str],
) -> int:
    """Write a version with the rows of the previous one in fewer parts: those at most half full are merged.

    Merged parts get new names. A program that reads a table by its path during the switch gets an error for a missing
    file, and never wrong rows.

    Returns:
        How many files fewer the tables have.
    """
    merged: list[tuple[list[Part], str]] = []  # parts of a month to merge, and the name of the new one
    for month in previous.months("articles"):
        own = [part for part in previous.parts if part.month == month]
        small = [part for part in own if part.article_count <= ARTICLES_A_PART // 2]
        number = max((number_of(Path(part.name)) for part in own), default=0)
        for group in _group(small, [part.article_count for part in small], ARTICLES_A_PART):
            if len(group) > 1:
                number += 1
                merged.append((group, PART.format(number)))
    replaced = {(part.month, part.name) for group, _ in merged for part in group}
    for table in MONTHLY:
        for month in previous.months(table):
            for path in previous.files(table, month):
                if (month, path.name) not in replaced:
                    link(path, version.folder(table, month) / path.name)
    parts = [part for part in previous.parts if (part.month, part.name) not in replaced]
    parts += [_merge_parts(version, previous, group, name, count_entities, metadata) for group, name in merged]
    parts.sort(key=lambda part: (part.month, part.name))
    write(to_table(Part, parts), version.folder("parts") / PART.format(0))
    fewer = len(MONTHLY) * (len(replaced) - len(merged)) + len(previous.files("parts")) - 1
    for name in ALL_TABLES:
        if name not in MONTHLY and name != "parts":
            fewer += _repack_keyed(version, previous, name, {} if name in STATE else metadata)
    return fewer


def _group(items: Sequence[Item], sizes: Sequence[int], limit: int) -> Iterator[list[Item]]:
    """Yield groups of neighbours, each as large as ``limit`` allows."""
    group: list[Item] = []
    total = 0
    for item, size in zip(items, sizes, strict=True):
        if group and total + size > limit:
            yield group
            group, total = [], 0
        group.append(item)
        total += size
    if group:
        yield group


def _merge_parts(
    version: Version,
    previous: Version,
    group: Sequence[Part],
    name: str,
    count_entities: Callable[[pa.Table, pa.Table], pa.Table],
    metadata: Mapping[str, str],
) -> Part:
    month = group[0].month
    rows = {}
    for table in MONTHLY:
        found = [previous.read_file(table, previous.folder(table, month) / part.name) for part in group]
        rows[table] = sort(pa.concat_tables(found), ALL_TABLES[table])
    rows["entity_counts"] = count_entities(rows["articles"], rows["article_entities"])
    for table, merged in rows.items():
        write(merged, version.folder(table, month) / name, metadata)
    tallies: dict[str, int] = defaultdict(int)
    for part in group:
        for tally in part.tallies:
            tallies[tally.name] += tally.count
    return Part(
        month,
        name,
        sum(part.article_count for part in group),
        sum(part.quote_count for part in group),
        sum(part.mention_count for part in group),
        sum(part.undated_count for part in group),
        [Count(*item) for item in sorted(tallies.items(), key=lambda item: (-item[1], item[0]))],
    )


def _repack_keyed(version: Version, previous: Version, name: str, metadata: Mapping[str, str]) -> int:
    """Merge the small part files of a table without months, and return how many files fewer it has."""
    paths = previous.files(name)
    counts = [previous.read_file(name, path, ALL_TABLES[name].sort[:1]).num_rows for path in paths]
    small = [(path, count) for path, count in zip(paths, counts, strict=True) if count <= ROWS_A_PART // 2]
    groups = list(_group([path for path, _ in small], [count for _, count in small], ROWS_A_PART))
    merged = [group for group in groups if len(group) > 1]
    replaced = {path for group in merged for path in group}
    number = max(map(number_of, paths))
    for group in merged:
        number += 1
        rows = pa.concat_tables(previous.read_file(name, path) for path in group)
        write(sort(rows, ALL_TABLES[name]), version.folder(name) / PART.format(number), metadata)
    for path in paths:
        if path not in replaced:
            link(path, version.folder(name) / path.name)
    return len(replaced) - len(merged)
