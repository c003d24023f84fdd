"""A knowledge base of the user's own: a file of entities, and the index by name that a run makes of it."""

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

EXPECTED = "an id and a name, and optionally aliases (a list, or parted by '|'), type, description and popularity"
COLUMNS = ("id", "name", "aliases", "type", "description", "popularity")
# What a row's type may be called, and the types of mentions that it goes with: the border between a town, the ground
# that it stands on and a building is drawn here one way, there another.
TYPES: Mapping[str, frozenset[EntityType]] = {
    word: frozenset(kinds)  # type: ignore[arg-type]
    for words, kinds in (
        ("person human per", ("PERSON",)),
        ("org organisation organization company party", ("ORG",)),
        ("gpe country city town state province", ("GPE", "LOC")),
        ("loc location place region river mountain", ("GPE", "LOC", "FAC")),
        ("fac facility building", ("FAC", "LOC")),
        ("norp nationality people religion", ("NORP",)),
        ("event", ("EVENT",)),
        ("product", ("PRODUCT",)),
        ("work_of_art work book film", ("WORK_OF_ART",)),
    )
    for word in words.split()
}
LONGEST_LINE = 10_000_000  # bytes
FAULTS_SHOWN = 5
ROWS_AT_ONCE = 1_000
TABLES = """
    CREATE TABLE entities (id TEXT, name TEXT, aliases TEXT, type TEXT, description TEXT, popularity REAL);
    CREATE TABLE names (folded TEXT, entity INTEGER);
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA temp_store = FILE;
    PRAGMA cache_size = -64000;
"""
# Rows that have the id of an earlier one and differ from it; those that do not are the same entity.
CONFLICTS = """
    SELECT one.id, first, other.rowid
    FROM (SELECT id, min(rowid) AS first FROM entities GROUP BY id HAVING count(*) > 1) AS twice
    JOIN entities AS one ON one.rowid = first
    JOIN entities AS other ON other.id = twice.id
    WHERE (one.name, one.aliases, one.type, one.description, one.popularity)
        IS NOT (other.name, other.aliases, other.type, other.description, other.popularity)
    LIMIT ?
"""
CANDIDATES = """
    SELECT DISTINCT id, name, aliases, type, description, popularity FROM entities
    WHERE rowid IN (SELECT entity FROM names WHERE folded = ?) ORDER BY id
"""


class Known(NamedTuple):
    """An entity of the knowledge base."""

    id: str
    name: str
    aliases: tuple[str, ...]
    type: str | None  # as the file words it, in lower case; None goes with any mention
    description: str | None
    popularity: float | None  # the more, the likelier it is meant; whatever the unit

    def is_of(self, kind: EntityType) -> bool:
        """Whether a mention of that type may be of it."""
        return self.type is None or kind in TYPES[self.type]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The index of a knowledge base, which any process may read."""

    index: Path

    def candidates(self, name: str) -> list[Known]:
        """The entities that go by a name, in whatever case and accents; sorted by id.

        Raises:
            OnrecordError: if the index cannot be seen from this machine.
        """
        rows = _open(self.index).execute(CANDIDATES, (fold_name(name),))
        return [
            Known(key, known, tuple(aliases.splitlines()), kind, description, popularity)
            for key, known, aliases, kind, description, popularity in rows
        ]


@lru_cache(maxsize=1)
def _open(index: Path) -> sqlite3.Connection:
    try:  # nothing is ever written to it: any thread may read
        return sqlite3.connect(f"{index.as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise OnrecordError(
            f"the index of the knowledge base, {index}, cannot be read on {platform.node()} ({error}); nothing was "
            "published: each machine that curates must see the data set's folder, by the same path"
        ) from error


def digest_knowledge(file: Path) -> str:
    """SHA-256 of a knowledge base.

    Raises:
        UsageError: if it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(
            f"--knowledge-base {file} cannot be read: {error.strerror}; name a Parquet or JSONL file with "
            "--knowledge-base FILE, or go on without one with --no-knowledge-base"
        ) from error


def build_knowledge(file: Path, folder: Path) -> Knowledge:
    """Make the index of a knowledge base; however many rows it has, few of them are in memory at a time.

    Args:
        file: Parquet, or JSON with an object a line.
        folder: where the index is to lie.

    Raises:
        UsageError: if a row is no entity, or two of one id differ: a file is taken whole or not at all.
        StorageError: if the disk refuses.
    """
    index = folder.resolve() / "knowledge.sqlite"  # for workers with whatever current folder
    try:
        with closing(sqlite3.connect(index)) as base:
            base.executescript(TABLES)
            faults = list(islice(_fill(base, _read_rows(file)), FAULTS_SHOWN)) or _conflicts(base)
            if faults:
                raise UsageError(_refusal(file, faults))
            base.execute("CREATE INDEX names_by_folded ON names (folded, entity)")
            base.commit()
    except sqlite3.OperationalError as error:
        raise StorageError(
            f"the index of {file} cannot be written to {folder}: {error}; nothing was published"
        ) from error
    return Knowledge(index)


def _refusal(file: Path, faults: list[str]) -> str:
    some = "; ".join(faults) + ("; and perhaps more" if len(faults) == FAULTS_SHOWN else "")
    return f"--knowledge-base {file} is refused as a whole: {some}; each row holds {EXPECTED}; nothing was published"


# ── Rows ───────────────────────────────────────────────────────────────────────────────────────────────────────

Row = tuple[str, object]  # where it stands, and what is there: a mapping, or a fault in words


class _FaultError(Exception):
    """What is wrong with a row."""


def _fill(base: sqlite3.Connection, rows: Iterable[Row]) -> Iterator[str]:
    """Write rows into the tables; gives the faults of those that are no entities."""
    count = 0
    rows = iter(rows)
    while some := list(islice(rows, ROWS_AT_ONCE)):
        entities, names = [], []
        for place, row in some:
            try:
                known = _entity_of(row)
            except _FaultError as fault:
                yield f"{place}: {fault}"
                continue
            count += 1
            entities.append((*known[:2], "\n".join(known.aliases), *known[3:]))
            names += [(folded, count) for folded in {fold_name(name) for name in (known.name, *known.aliases)}]
        base.executemany("INSERT INTO entities VALUES (?, ?, ?, ?, ?, ?)", entities)
        base.executemany("INSERT INTO names VALUES (?, ?)", names)
    if not count:
        yield "it holds no rows"


def _conflicts(base: sqlite3.Connection) -> list[str]:
    base.execute("CREATE INDEX entities_by_id ON entities (id)")
    found = base.execute(CONFLICTS, (FAULTS_SHOWN,)).fetchall()
    return [f"rows {first:,} and {last:,}: both have the id {key!r}, and differ" for key, first, last in found]


def _read_rows(file: Path) -> Iterator[Row]:
    match file.suffix.casefold():
        case ".parquet":
            return _read_parquet(file)
        case ".jsonl" | ".ndjson":
            return _read_lines(file)
    raise UsageError(f"--knowledge-base {file} is neither Parquet nor JSONL by its name: .parquet, .jsonl or .ndjson")


def _read_parquet(file: Path) -> Iterator[Row]:
    try:
        with pq.ParquetFile(file) as opened:
            names = [name for name in COLUMNS if name in opened.schema_arrow.names]
            missing = {"id", "name"} - set(names)
            if missing:
                yield "columns", f"there is no column {' and none '.join(sorted(missing))}"
                return
            number = 0
            for batch in opened.iter_batches(ROWS_AT_ONCE, columns=names):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number:,}", row
    except (pa.ArrowException, OSError) as error:
        yield "the file", f"it is no whole Parquet file ({error})"


def _read_lines(file: Path) -> Iterator[Row]:
    with file.open("rb") as opened:
        number = 0
        while line := opened.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                yield f"line {number:,}", f"it is longer than {LONGEST_LINE:,} bytes: not an object a line"
                return
            if line.strip():
                yield f"line {number:,}", _parse(line)


def _parse(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"it is no JSON ({error})"


def _entity_of(row: object) -> Known:
    """A row as an entity.

    Raises:
        _FaultError: says why it is none.
    """
    if isinstance(row, str):
        raise _FaultError(row)
    if not isinstance(row, dict):
        raise _FaultError("it is no JSON object")
    key, name = row.get("id"), _text(row, "name")
    if isinstance(key, bool) or not isinstance(key, str | int) or not str(key).strip():
        raise _FaultError(f"its id is {key!r}" if key is not None else "it has no id")
    if name is None:
        raise _FaultError("it has no name")
    kind = _text(row, "type")
    if kind is not None and kind.casefold() not in TYPES:
        raise _FaultError(f"its type {kind!r} is none of {', '.join(TYPES)}")
    aliases = tuple(sorted(set(_aliases(row)) - {name}))
    return Known(str(key).strip(), name, aliases, kind and kind.casefold(), _text(row, "description"), _popularity(row))


def _text(row: Mapping[str, Any], column: str) -> str | None:
    """A text on one line; None where it is blank."""
    value = row.get(column)
    if value is not None and not isinstance(value, str):
        raise _FaultError(f"its {column} is {value!r}, which is no text")
    return " ".join((value or "").split()) or None


def _aliases(row: Mapping[str, Any]) -> Iterator[str]:
    value = row.get("aliases") or []
    for alias in value.split("|") if isinstance(value, str) else value if isinstance(value, list) else [value]:
        if alias is not None and not isinstance(alias, str):
            raise _FaultError(f"among its aliases is {alias!r}, which is no text")
        if alias and alias.strip():
            yield " ".join(alias.split())


def _popularity(row: Mapping[str, Any]) -> float | None:
    value = row.get("popularity")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise _FaultError(f"its popularity is {value!r}, which is no number from 0")
    return float(value)
