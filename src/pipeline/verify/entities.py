"""Checks of ``article_entities`` and ``entities``: their rows are counted again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.store import Version
from pipeline.verify.keys import Positions, join_keys, locate, show_key
from pipeline.verify.verification import Verification

# How numbers are combined, and the value before any number was.
Fold = tuple[np.ufunc, int]
SUM: Fold = (np.add, 0)
LEAST: Fold = (np.minimum, np.iinfo(np.int64).max)
MOST: Fold = (np.maximum, np.iinfo(np.int64).min)

SAME_FOR_ENTITY = ["entity_type", "link_source", "link_id"]  # the same in all rows about an entity


class _Recount:
    """The rows of a table of entities, compared with counts made again."""

    def __init__(self, found: Verification, table: str, key: Sequence[str], stored: pa.Table) -> None:
        self._found, self._table, self._stored = found, table, stored
        self._keys = join_keys(stored, key)
        self._names = pa.chunked_array([_all_names(np.arange(stored.num_rows), stored)])
        self._is_seen = np.zeros(len(self._names), bool)
        self._waiting: list[pa.Array] = []
        self._counted: dict[str, tuple[Fold, npt.NDArray[np.int64]]] = {}
        found.check(table, stored.num_rows, ())

    def locate(self, rows: pa.Table, key: Sequence[str]) -> tuple[pa.Table, Positions]:
        """Return the rows whose entity is stored, and its position; note the other entities as missing."""
        keys = join_keys(rows, key)
        positions = locate(keys, self._keys)
        missing = pc.unique(keys.filter(pa.array(positions < 0))).to_pylist()
        self._found.check(self._table, 0, (f"{self._table} {show_key(entity)}: it is missing" for entity in missing))
        return rows.filter(pa.array(positions >= 0)), positions[positions >= 0]

    def count(self, column: str, fold: Fold, positions: Positions, values: pa.ChunkedArray | None = None) -> None:
        """Add values to a column's recount; without values, add one for each position."""
        combine, start = fold
        _, counted = self._counted.setdefault(column, (fold, np.full(self._stored.num_rows, start)))
        if values is None:
            combine.at(counted, positions, 1)
        else:
            is_given = pc.is_valid(values).to_numpy()
            combine.at(counted, positions[is_given], _as_numbers(values.drop_null()))

    def compare(self, column: str, positions: Positions, values: pa.ChunkedArray) -> None:
        """Compare a column with values that are the same in all rows of an entity."""
        stored = self._stored[column].take(pa.array(positions))
        wrong = np.flatnonzero(_differ(stored, values))
        for row, first in zip(*np.unique(positions[wrong], return_index=True), strict=True):
            difference = f"{column} is {stored[wrong[first]]}, but {values[wrong[first]]} where it is mentioned"
            self._found.check(self._table, 0, [f"{self._show(row)}: {difference}"])

    def add_names(self, names: pa.Array) -> None:
        """Add names by which entities are mentioned, as from ``_name``."""
        self._waiting.append(pc.unique(names))
        if sum(map(len, self._waiting)) > len(self._names):  # each look-up goes through all stored names
            self._look_up()

    def _look_up(self) -> None:
        names = pa.chunked_array(self._waiting, pa.string())
        positions = locate(names, self._names)
        self._is_seen[positions[positions >= 0]] = True
        for unknown in pc.unique(names.filter(pa.array(positions < 0))).to_pylist():
            row, _, name = unknown.partition("\0")
            self._found.check(self._table, 0, [f"{self._show(int(row))}: {name!r} is not among its names"])
        self._waiting.clear()

    def finish(self) -> None:
        """Note the rows that differ from the recount."""
        for column, ((combine, start), counted) in self._counted.items():
            stored = self._stored[column]
            is_null = (counted == start) & (combine is not np.add)
            again = pa.chunked_array([pa.array(counted, mask=is_null)])
            again = again.cast(pa.int32()).cast(stored.type) if pa.types.is_date(stored.type) else again
            lines = (
                f"{self._show(row)}: {column} is {stored[row]}, counted again {again[row]}"
                for row in np.flatnonzero(_differ(stored, again))
            )
            self._found.check(self._table, 0, lines)
        self._look_up()
        for unused in self._names.filter(pa.array(~self._is_seen)).to_pylist():
            row, _, name = unused.partition("\0")
            self._found.check(self._table, 0, [f"{self._show(int(row))}: no mention calls it {name!r}"])

    def _show(self, row: int | np.signedinteger) -> str:
        return f"{self._table} {show_key(self._keys[row].as_py())}"


def _name(positions: Positions, names: pa.Array) -> pa.Array:
    """Return names, each after the position of its entity."""
    return pc.binary_join_element_wise(pa.array(positions).cast(pa.string()), names, "\0")


def _all_names(positions: Positions, rows: pa.Table) -> pa.Array:
    """Return the names and aliases of entities, as ``_name`` does."""
    aliases = rows["aliases"].combine_chunks()
    alias_at = positions[pc.list_parent_indices(aliases).to_numpy()]
    named = [_name(positions, rows["entity_name"].combine_chunks()), _name(alias_at, pc.list_flatten(aliases))]
    return pc.unique(pa.concat_arrays(named))


def _as_numbers(values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return whole numbers, or dates as days since 1970."""
    numbers = values.cast(pa.int32()) if pa.types.is_date(values.type) else values
    plain: npt.NDArray[np.int64] = numbers.cast(pa.int64()).to_numpy()
    return plain


def _differ(left: pa.ChunkedArray, right: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Return where two columns differ; nulls are equal."""
    are_null = pc.and_(pc.is_null(left), pc.is_null(right))
    return np.asarray(pc.if_else(are_null, False, pc.fill_null(pc.not_equal(left, right), True)))


def verify_article_entities(found: Verification, version: Version, month: str) -> None:
    """Compare ``article_entities`` with a recount of a month's mentions and quotes."""
    same = ["entity_name", *SAME_FOR_ENTITY]
    key = ["article_id", "entity_id"]
    counts = ["mention_count", "name_count", "quote_count", "first_char"]
    stored = version.read("article_entities", [*key, *same, "aliases", *counts], [month])
    recount = _Recount(found, "article_entities", key, stored)
    mentions = version.read("mentions", [*key, *same, "form", "text", "start_char"], [month])
    mentions, positions = recount.locate(mentions, key)
    for column in same:
        recount.compare(column, positions, mentions[column])
    is_name = np.asarray(pc.equal(mentions["form"], "name"))
    recount.count("mention_count", SUM, positions)
    recount.count("name_count", SUM, positions[is_name])
    recount.count("first_char", LEAST, positions, mentions["start_char"])
    recount.add_names(_name(positions, mentions["entity_name"].combine_chunks()))
    recount.add_names(_name(positions[is_name], _on_one_line(mentions["text"].filter(pa.array(is_name)))))
    quotes = version.read("quotes", ["article_id", "speaker_entity_id"], [month]).drop_null()
    _, positions = recount.locate(quotes, quotes.column_names)
    recount.count("quote_count", SUM, positions)
    recount.finish()


def _on_one_line(texts: pa.ChunkedArray) -> pa.Array:
    """Return texts with each stretch of white space as one blank."""
    coded = texts.combine_chunks().dictionary_encode()
    return pa.array([" ".join(text.split()) for text in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def verify_entities(found: Verification, version: Version, months: Sequence[str]) -> None:
    """Compare ``entities`` with a recount of ``article_entities``."""
    sums = ["mention_count", "name_count", "quote_count"]
    originals = ["original_article_count", "original_mention_count", "original_quote_count"]
    days = ["first_seen_on", "last_seen_on"]
    names = ["entity_id", "name", "aliases", *SAME_FOR_ENTITY, "article_count", *sums, *originals, *days]
    stored = version.read("entities", names).rename_columns({"name": "entity_name"})
    recount = _Recount(found, "entities", ["entity_id"], stored)
    articles = version.read("articles", ["article_id", "duplicate_of"])
    copies = articles.filter(pc.is_valid(articles["duplicate_of"]))["article_id"].combine_chunks()
    for month in months:
        names = ["article_id", "published_on", "entity_id", "entity_name", "aliases", *SAME_FOR_ENTITY, *sums]
        rows, positions = recount.locate(version.read("article_entities", names, [month]), ["entity_id"])
        for column in SAME_FOR_ENTITY:
            recount.compare(column, positions, rows[column])
        recount.count("article_count", SUM, positions)
        for column in sums:
            recount.count(column, SUM, positions, rows[column])
        is_original = pc.invert(pc.is_in(rows["article_id"], copies))
        original_at = positions[np.asarray(is_original)]
        recount.count("original_article_count", SUM, original_at)
        for column in ("mention_count", "quote_count"):
            recount.count(f"original_{column}", SUM, original_at, rows[column].filter(is_original))
        recount.count("first_seen_on", LEAST, positions, rows["published_on"])
        recount.count("last_seen_on", MOST, positions, rows["published_on"])
        recount.add_names(_all_names(positions, rows))
    recount.finish()
