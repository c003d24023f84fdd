"""What becomes of versions once they are published: listed, gone back to, removed, tidied, rid of an article."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import ALL_TABLES, MONTHLY, STAGED, STATE, Count, Part, to_table
from pipeline.store.parts import ARTICLES_A_PART, ROWS_A_PART, Rows, as_keys, join_keys, link, sort, write
from pipeline.store.tables import PART, month_in, number_of
from pipeline.store.version import PUBLISHED, Version
from pipeline.store.versions_on_disk import FORGOTTEN, FRESH, point, sync_one

Item = TypeVar("Item")


def roll_back(curated: Path, version: Version) -> None:
    """Make an older version the current one again; the caller is the one writer."""
    point(curated / "current", Path("versions", version.run_id))


def remove_versions(curated: Path, run_ids: Iterable[str]) -> None:
    """Remove versions, never the current one; one that is half removed is no version any more."""
    current = (curated / "current").resolve()
    for run_id in run_ids:
        path = curated / "versions" / run_id
        if path.resolve() != current:
            (path / PUBLISHED).unlink(missing_ok=True)
            shutil.rmtree(path)


# ── Tidying up ─────────────────────────────────────────────────────────────────────────────────────────────────


def repack(
    version: Version,
    previous: Version,
    count_entities: Callable[[pa.Table, pa.Table], pa.Table],
    metadata: Mapping[str, str],
) -> int:
    """Write a version with the rows of the one before in fewer parts: those less than half full come together.

    New parts have new names: whoever reads a table by its path while that is published is told that a file is not there,
    and reads nothing wrong.

    Returns:
        By how many files the tables are fewer.
    """
    merged: list[tuple[list[Part], str]] = []  # parts of a month that come together, and their new name
    for month in previous.months("articles"):
        own = [part for part in previous.parts if part.month == month]
        small = [part for part in own if part.article_count <= ARTICLES_A_PART // 2]
        number = max((number_of(Path(part.name)) for part in own), default=0)
        for group in _group(small, [part.article_count for part in small], ARTICLES_A_PART):
            if len(group) > 1:
                number += 1
                merged.append((group, PART.format(number)))
    gone = {(part.month, part.name) for group, _ in merged for part in group}
    for table in MONTHLY:
        for month in previous.months(table):
            for path in previous.files(table, month):
                if (month, path.name) not in gone:
                    link(path, version.folder(table, month) / path.name)
    parts = [part for part in previous.parts if (part.month, part.name) not in gone]
    parts += [_merge_parts(version, previous, group, name, count_entities, metadata) for group, name in merged]
    parts.sort(key=lambda part: (part.month, part.name))
    write(to_table(Part, parts), version.folder("parts") / PART.format(0))
    fewer = len(MONTHLY) * (len(gone) - len(merged)) + len(previous.files("parts")) - 1
    for name in ALL_TABLES:
        if name not in MONTHLY and name != "parts":
            fewer += _repack_keyed(version, previous, name, {} if name in STATE else metadata)
    return fewer


def _group(items: Sequence[Item], sizes: Sequence[int], limit: int) -> Iterator[list[Item]]:
    """Neighbours together, as many as are no more than ``limit`` in size."""
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
        for each in part.tallies:
            tallies[each.name] += each.count
    return Part(
        month,
        name,
        sum(part.article_count for part in group),
        sum(part.quote_count for part in group),
        sum(part.mention_count for part in group),
        sum(part.undated_count for part in group),
        [Count(*each) for each in sorted(tallies.items(), key=lambda item: (-item[1], item[0]))],
    )


def _repack_keyed(version: Version, previous: Version, name: str, metadata: Mapping[str, str]) -> int:
    """Bring the small part files of a table without months together; by how many files it is smaller."""
    paths = previous.files(name)
    counts = [previous.read_file(name, path, ALL_TABLES[name].sort[:1]).num_rows for path in paths]
    small = [(path, count) for path, count in zip(paths, counts, strict=True) if count <= ROWS_A_PART // 2]
    groups = list(_group([path for path, _ in small], [count for _, count in small], ROWS_A_PART))
    merged = [group for group in groups if len(group) > 1]
    gone = {path for group in merged for path in group}
    number = max(map(number_of, paths))
    for group in merged:
        number += 1
        rows = pa.concat_tables(previous.read_file(name, path) for path in group)
        write(sort(rows, ALL_TABLES[name]), version.folder(name) / PART.format(number), metadata)
    for path in paths:
        if path not in gone:
            link(path, version.folder(name) / path.name)
    return len(gone) - len(merged)


# ── Forgetting ─────────────────────────────────────────────────────────────────────────────────────────────────


def note_forgotten(curated: Path, article_ids: Iterable[str], reason: str) -> None:
    """Keep articles out from now on: noted first, so that a run that dies does not undo it, and the next one ends it."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    _write_forgotten(
        curated,
        _forgotten_lines(curated)
        + [
            {"article_id": each, "reason": reason, "forgotten_at": at, "is_done": False} for each in sorted(article_ids)
        ],
    )


def note_scrubbed(curated: Path, article_ids: Collection[str]) -> None:
    """That all versions are without some articles."""
    lines = _forgotten_lines(curated)
    _write_forgotten(
        curated, [line | {"is_done": line["is_done"] or line["article_id"] in article_ids} for line in lines]
    )


def _forgotten_lines(curated: Path) -> list[dict[str, object]]:
    path = curated / FORGOTTEN
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def _write_forgotten(curated: Path, lines: Iterable[Mapping[str, object]]) -> None:
    path = curated / FORGOTTEN
    fresh = path.with_name(FRESH.format(path.name))
    fresh.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    sync_one(fresh)
    fresh.replace(path)
    sync_one(curated)


class Scrubber:
    """Takes articles out of kept versions that are not the current one, file by file.

    A file that versions share is rewritten once and shared again. A scrubber that died is run again from the start.
    """

    def __init__(self, article_ids: Iterable[str], count_entities: Callable[[pa.Table, pa.Table], pa.Table]) -> None:
        """Note what is to go.

        Args:
            article_ids: the articles.
            count_entities: makes a part's entity_counts of its articles and article_entities.
        """
        self._ids = pa.array(article_ids, pa.string())
        self._count_entities = count_entities
        self._rewritten: dict[int, Path] = {}  # by the inode of the file whose place it took

    def scrub(
        self,
        version: Version,
        describe: Callable[[str, str, Mapping[str, pa.Table]], Part],
        sum_entities: Callable[[Version, set[str]], Rows],
    ) -> None:
        """Take the articles out of a version.

        What was a copy of one of them is a copy of nothing then. Where they lay is told by ``articles``: so its files,
        and ``records`` where raw paths are, are the last to change, and what died before finds all that is left to do.

        Args:
            version: any but the current one.
            describe: counts a part anew, told by its month, its name and its tables.
            sum_entities: adds up the counts of some entities anew, over all parts of a version.
        """
        ids = self._ids.to_pylist()
        homes = {path for path, _ in version.find("articles", "article_id", ids, ["article_id"])}
        homes |= {path for path, _ in version.find("articles", "duplicate_of", ids, ["article_id"])}
        counted: set[str] = set()
        parts: list[Part] = []
        articles: dict[Path, pa.Table] = {}
        for path in sorted(homes):
            month, name = month_in(path), path.name
            tables = {table: self._without(version.read_beside(path, table)) for table in STAGED}
            articles[path] = tables["articles"] = self._without_copies(tables["articles"])
            counted |= set(version.read_beside(path, "article_entities")["entity_id"].to_pylist())
            tables["entity_counts"] = self._count_entities(tables["articles"], tables["article_entities"])
            counted |= set(version.read_beside(path, "entity_counts")["entity_id"].to_pylist())
            parts.append(describe(month, name, tables))
            for table in tables.keys() - {"articles", "article_entities"}:
                self._replace(version.folder(table, month) / name, tables[table])
        self._scrub_keyed(version)  # older revisions may be there of what is in no part any more
        _replace_keyed(version, "parts", to_table(Part, parts), [(part.month, part.name) for part in parts])
        come, _ = sum_entities(version, counted)
        _replace_keyed(version, "entities", come, [(each,) for each in counted])
        for path, rows in articles.items():
            beside = version.folder("article_entities", month_in(path)) / path.name
            self._replace(beside, self._without(version.read_file("article_entities", beside)))
            self._replace(path, rows)

    def _scrub_keyed(self, version: Version) -> None:
        ids = self._ids.to_pylist()
        claims = [rows for _, rows in version.find("records", "article_id", ids)]
        paths = {raw_path for rows in claims for raw_path in rows["raw_path"].to_pylist()}
        # Their files are to be read again if one goes back to this version: what they hold then is skipped.
        for name in ("files", "rejects"):
            for path, _ in version.find(name, "raw_path", paths, ["raw_path"]):
                rows = version.read_file(name, path)
                self._replace(path, rows.filter(pc.invert(pc.is_in(rows["raw_path"], pa.array(paths, pa.string())))))
        for name in ("article_revisions", "quote_revisions", "machine_quotes", "machine_mentions", "records"):
            for path, _ in version.find(name, "article_id", ids, ["article_id"]):
                self._replace(path, self._without(version.read_file(name, path)))

    def _without(self, rows: pa.Table) -> pa.Table:
        is_gone = pc.fill_null(pc.is_in(rows["article_id"], self._ids), False)
        return rows.filter(pc.invert(is_gone)).combine_chunks()

    def _without_copies(self, articles: pa.Table) -> pa.Table:
        is_copy = pc.is_in(articles["duplicate_of"], self._ids)
        for name in ("duplicate_of", "duplicate_kind", "duplicate_similarity"):
            at = articles.schema.get_field_index(name)
            kept = pc.if_else(is_copy, pa.scalar(None, articles.schema.field(at).type), articles[name])
            articles = articles.set_column(at, articles.schema.field(at), kept)
        return articles

    def _replace(self, path: Path, rows: pa.Table) -> None:
        inode = path.stat().st_ino
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        if inode in self._rewritten:
            link(self._rewritten[inode], fresh)
        else:
            write(rows, fresh, _metadata_of(path))
            sync_one(fresh)
        fresh.replace(path)
        self._rewritten[inode] = path


def _replace_keyed(version: Version, name: str, come: pa.Table, keys: Sequence[Sequence[object]]) -> None:
    """Put rows in place of those with the same keys, file by file, in a version that is not the current one.

    Args:
        version: whose files change.
        name: a table without months.
        come: the rows; all their keys are there already.
        keys: of all rows that change; those that do not come are gone.
    """
    table = ALL_TABLES[name]
    touched = as_keys(keys)
    for path in version.files(name):
        rows = version.read_file(name, path)
        own = join_keys(rows, table)
        is_touched = pc.is_in(own, touched)
        if pc.any(is_touched).as_py():
            here = come.filter(pc.is_in(join_keys(come, table), own))
            fresh = path.with_suffix(".new")
            kept = rows.filter(pc.invert(is_touched))
            write(sort(pa.concat_tables([kept, here.cast(kept.schema)]), table), fresh, _metadata_of(path))
            sync_one(fresh)
            fresh.replace(path)


def _metadata_of(path: Path) -> dict[str, str]:
    """What a part file says of how it came about."""
    found = pq.read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in found.items() if key.startswith(b"onrecord")}
