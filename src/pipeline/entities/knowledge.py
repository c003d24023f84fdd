"""Read the user's knowledge base, a file of entities, and index it by name."""

from __future__ import annotations

import hashlib
import math
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contract import EntityType
from pipeline.errors import OnrecordError, StorageError, UsageError
from pipeline.lexicon.gazetteer import fold_name
from pipeline.lexicon.words import read_lines

EXPECTED = "an id and a name, and optionally aliases (a list, or separated by '|'), type, description and popularity"
COLUMNS = ("id", "name", "aliases", "type", "description", "popularity")


def _read_types() -> Iterator[tuple[str, frozenset[EntityType]]]:
    for line in read_lines("knowledge_base_types.txt"):
        kinds, _, words = line.partition(": ")
        for word in words.split():
            yield word, frozenset(kinds.split())  # type: ignore[arg-type]


# The entity types of mentions that each word in the column ``type`` goes with.
TYPES: Mapping[str, frozenset[EntityType]] = dict(_read_types())
LONGEST_LINE = 10_000_000  # bytes
PROBLEMS_SHOWN = 5
ROWS_AT_ONCE = 1_000
TABLES = """
    CREATE TABLE entities (id TEXT, name TEXT, aliases TEXT, type TEXT, description TEXT, popularity REAL);
    CREATE TABLE names (folded TEXT, entity INTEGER);
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA temp_store = FILE;
    PRAGMA cache_size = -64000;
"""
# Rows that repeat an earlier row's id and differ from it. Equal rows are one entity.
CONFLICTS = """
    SELECT earlier.id, first, other.rowid
    FROM (SELECT id, min(rowid) AS first FROM entities GROUP BY id HAVING count(*) > 1) AS repeated
    JOIN entities AS earlier ON earlier.rowid = first
    JOIN entities AS other ON other.id = repeated.id
    WHERE (earlier.name, earlier.aliases, earlier.type, earlier.description, earlier.popularity)
        IS NOT (other.name, other.aliases, other.type, other.description, other.popularity)
    LIMIT ?
"""
CANDIDATES = """
    SELECT DISTINCT id, name, aliases, type, description, popularity FROM entities
    WHERE rowid IN (SELECT entity FROM names WHERE folded = ?) ORDER BY id
"""


class KnownEntity(NamedTuple):
    """An entity of the knowledge base."""

    id: str
    name: str
    aliases: tuple[str, ...]
    type: str | None  # the file's word in lower case, a key of ``TYPES``; None allows mentions of any type
    description: str | None
    popularity: float | None  # in any unit; the higher, the likelier that a name means it

    def allows(self, kind: EntityType) -> bool:
        """Return whether a mention of that type may mean it."""
        return self.type is None or kind in TYPES[self.type]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The index of a knowledge base; any process may read it."""

    index: Path

    def candidates(self, name: str) -> list[KnownEntity]:
        """Return the entities with a name or alias, sorted by id; case and accents do not matter.

        Raises:
            OnrecordError: if this machine cannot read the index.
        """
        rows = _open(self.index).execute(CANDIDATES, (fold_name(name),))
        return [
            KnownEntity(key, known, tuple(aliases.splitlines()), kind, description, popularity)
            for key, known, aliases, kind, description, popularity in rows
        ]


@lru_cache(maxsize=1)
def _open(index: Path) -> sqlite3.Connection:
    try:  # the file never changes, so any thread may read it
        return sqlite3.connect(f"{index.as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise OnrecordError(
            f"the index of the knowledge base, {index}, cannot be read on {platform.node()} ({error}); nothing was "
            "published: each machine that curates must see the data set's folder, by the same path"
        ) from error


def digest_knowledge(file: Path) -> str:
    """Return the SHA-256 of a knowledge base.

    Raises:
        UsageError: if it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(
            f"--knowledge-base {file} cannot be read: {error.strerror}; name a Parquet or JSONL file with "
            "--knowledge-base FILE, or curate without one with --no-knowledge-base"
        ) from error


def build_knowledge(file: Path, folder: Path) -> Knowledge:
    """Index a knowledge base, with at most ``ROWS_AT_ONCE`` rows in memory.

    Args:
        file: Parquet, or one JSON object a line.
        folder: for the index.

    Raises:
        UsageError: if a row is no entity, or two rows with one id differ; a file is used whole or not at all.
        StorageError: if the index cannot be written.
    """
    index = folder.resolve() / "knowledge.sqlite"  # absolute: workers may have another current folder
    try:
        with closing(sqlite3.connect(index)) as base:
            base.executescript(TABLES)
            problems = list(islice(_fill(base, _read_rows(file)), PROBLEMS_SHOWN)) or _conflicts(base)
            if problems:
                raise UsageError(_refusal(file, problems))
            base.execute("CREATE INDEX names_by_folded ON names (folded, entity)")
            base.commit()
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"the index of {file} cannot be written to {folder}: {error}; nothing was published"
        ) from error
    return Knowledge(index)


def _refusal(file: Path, problems: list[str]) -> str:
    listed = "; ".join(problems) + ("; and perhaps more" if len(problems) == PROBLEMS_SHOWN else "")
    return f"--knowledge-base {file} was not used: {listed}; each row needs {EXPECTED}; nothing was published"


# ── Rows ───────────────────────────────────────────────────────────────────────────────────────────────────────

Row = tuple[str, object]  # its place in the file, and its content: a mapping, or a message about what is wrong


class _RowError(Exception):
    """A row is no entity; the message says why."""


def _fill(base: sqlite3.Connection, rows: Iterable[Row]) -> Iterator[str]:
    """Write rows into the tables; yield a message for each that is no entity."""
    count = 0
    rows = iter(rows)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        entities, names = [], []
        for place, row in batch:
            try:
                known = _entity_of(row)
            except _RowError as error:
                yield f"{place}: {error}"
                continue
            count += 1
            entities.append((*known[:2], "\n".join(known.aliases), *known[3:]))
            names += [(folded, count) for folded in {fold_name(name) for name in (known.name, *known.aliases)}]
        base.executemany("INSERT INTO entities VALUES (?, ?, ?, ?, ?, ?)", entities)
        base.executemany("INSERT INTO names VALUES (?, ?)", names)
    if not count:
        yield "it has no rows"


def _conflicts(base: sqlite3.Connection) -> list[str]:
    base.execute("CREATE INDEX entities_by_id ON entities (id)")
    found = base.execute(CONFLICTS, (PROBLEMS_SHOWN,)).fetchall()
    return [f"rows {first:,} and {last:,}: both have the id {key!r}, but differ" for key, first, last in found]


def _read_rows(file: Path) -> Iterator[Row]:
    match file.suffix.casefold():
        case ".parquet":
            return _read_parquet(file)
        case ".jsonl" | ".ndjson":
            return _read_lines(file)
    raise UsageError(
        f"--knowledge-base {file} is neither Parquet nor JSONL: its name must end in .parquet, .jsonl or .ndjson"
    )


def _read_parquet(file: Path) -> Iterator[Row]:
    try:
        with pq.ParquetFile(file) as opened:
            names = [name for name in COLUMNS if name in opened.schema_arrow.names]
            missing = {"id", "name"} - set(names)
            if missing:
                yield "columns", f"there is no column {' and no column '.join(sorted(missing))}"
                return
            number = 0
            for batch in opened.iter_batches(ROWS_AT_ONCE, columns=names):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number:,}", row
    except (pa.ArrowException, OSError) as error:
        yield "the file", f"it is not a complete Parquet file ({error})"


def _read_lines(file: Path) -> Iterator[Row]:
    with file.open("rb") as opened:
        number = 0
        while line := opened.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                yield f"line {number:,}", f"it is longer than {LONGEST_LINE:,} bytes; each line must be one JSON object"
                return
            if line.strip():
                yield f"line {number:,}", _parse(line)


def _parse(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"it is not JSON ({error})"


def _entity_of(row: object) -> KnownEntity:
    """Return the entity in a row.

    Raises:
        _RowError: if it is none.
    """
    if isinstance(row, str):
        raise _RowError(row)
    if not isinstance(row, dict):
        raise _RowError("it is not a JSON object")
    key, name = row.get("id"), _text(row, "name")
    if isinstance(key, bool) or not isinstance(key, str | int) or not str(key).strip():
        raise _RowError(f"its id is {key!r}" if key is not None else "it has no id")
    if name is None:
        raise _RowError("it has no name")
    kind = _text(row, "type")
    if kind is not None and kind.casefold() not in TYPES:
        raise _RowError(f"its type {kind!r} is not one of {', '.join(TYPES)}")
    aliases = tuple(sorted(set(_aliases(row)) - {name}))
    return KnownEntity(
        str(key).strip(), name, aliases, kind and kind.casefold(), _text(row, "description"), _popularity(row)
    )


def _text(row: Mapping[str, Any], column: str) -> str | None:
    """Return a text on one line, None if it is blank."""
    value = row.get(column)
    if value is not None and not isinstance(value, str):
        raise _RowError(f"its {column} is {value!r}, which is not text")
    return " ".join((value or "").split()) or None


def _aliases(row: Mapping[str, Any]) -> Iterator[str]:
    value = row.get("aliases") or []
    for alias in value.split("|") if isinstance(value, str) else value if isinstance(value, list) else [value]:
        if alias is not None and not isinstance(alias, str):
            raise _RowError(f"one of its aliases is {alias!r}, which is not text")
        if alias and alias.strip():
            yield " ".join(alias.split())


def _popularity(row: Mapping[str, Any]) -> float | None:
    value = row.get("popularity")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise _RowError(f"its popularity is {value!r}, which is not a number of at least 0")
    return float(value)
