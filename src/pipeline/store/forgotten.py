"""Note which articles must not return, and remove them from kept versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import ALL_TABLES, STAGED, Part, to_table
from pipeline.errors import UsageError
from pipeline.store.part_files import month_in
from pipeline.store.parts import Rows, as_keys, join_keys, link, sort, write
from pipeline.store.version import Version
from pipeline.store.versions_on_disk import FORGOTTEN, FRESH, sync_one


@dataclass(frozen=True, slots=True)
class ForgottenArticle:
    """An article that must not return."""

    reason: str
    is_done: bool  # whether all versions are without it


def read_forgotten(curated: Path) -> dict[str, ForgottenArticle]:
    """Return the articles that must not return, by article_id.

    Raises:
        UsageError: if the file that lists them is damaged.
    """
    try:
        return {
            str(line["article_id"]): ForgottenArticle(str(line["reason"]), bool(line["is_done"]))
            for line in _read_lines(curated)
        }
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{curated / FORGOTTEN} is damaged ({error}); fix it: each line is an object with article_id, reason, "
            "forgotten_at and is_done"
        ) from error


def note_forgotten(curated: Path, article_ids: Iterable[str], reason: str) -> None:
    """Note articles that must not return, before anything is removed: if this run dies, the next one finishes it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    new = [
        {"article_id": article_id, "reason": reason, "forgotten_at": now, "is_done": False}
        for article_id in sorted(article_ids)
    ]
    _write_lines(curated, _read_lines(curated) + new)


def note_scrubbed(curated: Path, article_ids: Collection[str]) -> None:
    """Note that no version has these articles any more."""
    lines = _read_lines(curated)
    _write_lines(curated, [line | {"is_done": line["is_done"] or line["article_id"] in article_ids} for line in lines])


def _read_lines(curated: Path) -> list[dict[str, object]]:
    path = curated / FORGOTTEN
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def _write_lines(curated: Path, lines: Iterable[Mapping[str, object]]) -> None:
    path = curated / FORGOTTEN
    fresh = path.with_name(FRESH.format(path.name))
    fresh.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    sync_one(fresh)
    fresh.replace(path)
    sync_one(curated)


class Scrubber:
    """Removes articles from kept versions other than the current one, file by file.

    A file that versions share is rewritten once and shared again. After a crash, scrub all versions again.
    """

    def __init__(self, article_ids: Iterable[str], count_entities: Callable[[pa.Table, pa.Table], pa.Table]) -> None:
        """Prepare to remove some articles.

        Args:
            article_ids: the articles.
            count_entities: makes a part's entity_counts from its articles and article_entities.
        """
        self._ids = pa.array(article_ids, pa.string())
        self._count_entities = count_entities
        self._rewritten: dict[int, Path] = {}  # the new file by the inode of the one that it replaced

    def scrub(
        self,
        version: Version,
        describe: Callable[[str, str, Mapping[str, pa.Table]], Part],
        sum_entities: Callable[[Version, set[str]], Rows],
    ) -> None:
        """Remove the articles from a version; a copy of one of them becomes an original.

        ``articles`` and ``records`` say where the rows are. So their files change last, and after a crash a second call
        finds all that is left to remove.

        Args:
            version: any but the current one.
            describe: returns the row of ``parts`` for a part, by its month, name and tables.
            sum_entities: returns the totals of some entities over all parts of a version.
        """
        ids = self._ids.to_pylist()
        homes = {path for path, _ in version.find("articles", "article_id", ids, ["article_id"])}
        homes |= {path for path, _ in version.find("articles", "duplicate_of", ids, ["article_id"])}
        recounted: set[str] = set()
        parts: list[Part] = []
        articles: dict[Path, pa.Table] = {}
        for path in sorted(homes):
            month, name = month_in(path), path.name
            tables = {table: self._without(version.read_beside(path, table)) for table in STAGED}
            articles[path] = tables["articles"] = self._without_copies(tables["articles"])
            recounted |= set(version.read_beside(path, "article_entities")["entity_id"].to_pylist())
            tables["entity_counts"] = self._count_entities(tables["articles"], tables["article_entities"])
            recounted |= set(version.read_beside(path, "entity_counts")["entity_id"].to_pylist())
            parts.append(describe(month, name, tables))
            for table in tables.keys() - {"articles", "article_entities"}:
                self._replace(version.folder(table, month) / name, tables[table])
        self._scrub_keyed(version)  # an article that is in no part any more may have older revisions
        _replace_keyed(version, "parts", to_table(Part, parts), [(part.month, part.name) for part in parts])
        added, _ = sum_entities(version, recounted)
        _replace_keyed(version, "entities", added, [(entity_id,) for entity_id in recounted])
        for path, rows in articles.items():
            entities = version.folder("article_entities", month_in(path)) / path.name
            self._replace(entities, self._without(version.read_file("article_entities", entities)))
            self._replace(path, rows)

    def _scrub_keyed(self, version: Version) -> None:
        ids = self._ids.to_pylist()
        claims = [rows for _, rows in version.find("records", "article_id", ids)]
        paths = {raw_path for rows in claims for raw_path in rows["raw_path"].to_pylist()}
        # After a rollback to this version their files are read again, and the forgotten records are skipped.
        for name in ("files", "rejects"):
            for path, _ in version.find(name, "raw_path", paths, ["raw_path"]):
                rows = version.read_file(name, path)
                self._replace(path, rows.filter(pc.invert(pc.is_in(rows["raw_path"], pa.array(paths, pa.string())))))
        for name in ("article_revisions", "quote_revisions", "machine_quotes", "machine_mentions", "records"):
            for path, _ in version.find(name, "article_id", ids, ["article_id"]):
                self._replace(path, self._without(version.read_file(name, path)))

    def _without(self, rows: pa.Table) -> pa.Table:
        is_removed = pc.fill_null(pc.is_in(rows["article_id"], self._ids), False)
        return rows.filter(pc.invert(is_removed)).combine_chunks()

    def _without_copies(self, articles: pa.Table) -> pa.Table:
        is_copy = pc.is_in(articles["duplicate_of"], self._ids)
        for name in ("duplicate_of", "duplicate_kind", "duplicate_similarity"):
            index = articles.schema.get_field_index(name)
            field = articles.schema.field(index)
            values = pc.if_else(is_copy, pa.scalar(None, field.type), articles[name])
            articles = articles.set_column(index, field, values)
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


def _replace_keyed(version: Version, name: str, added: pa.Table, keys: Sequence[Sequence[object]]) -> None:
    """Replace the rows with some keys, file by file, in a version other than the current one.

    Args:
        version: the version.
        name: a table without months.
        added: the new rows, whose keys the table has already.
        keys: of the rows to replace; those without a new row are removed.
    """
    table = ALL_TABLES[name]
    touched = as_keys(keys)
    for path in version.files(name):
        rows = version.read_file(name, path)
        own_keys = join_keys(rows, table)
        is_touched = pc.is_in(own_keys, touched)
        if pc.any(is_touched).as_py():
            own_rows = added.filter(pc.is_in(join_keys(added, table), own_keys))
            fresh = path.with_suffix(".new")
            kept = rows.filter(pc.invert(is_touched))
            write(sort(pa.concat_tables([kept, own_rows.cast(kept.schema)]), table), fresh, _metadata_of(path))
            sync_one(fresh)
            fresh.replace(path)


def _metadata_of(path: Path) -> dict[str, str]:
    """Return the metadata that onrecord wrote into a part file."""
    found = pq.read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in found.items() if key.startswith(b"onrecord")}
