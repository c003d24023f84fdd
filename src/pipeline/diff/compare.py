"""Two versions of a data set → what changed, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.diff.causes import CAUSE_COLUMNS, RECORD, Row, find_cause
from pipeline.diff.changes import Cause, Change, Difference, Group, Kind, What
from pipeline.diff.rows import (
    COMPARED_OF_ARTICLES,
    COMPARED_OF_QUOTES,
    SPEAKER,
    Found,
    describe_article,
    note_article,
    note_quotes,
    show_quote,
)
from pipeline.store import Version

COMPARED_TABLES = ("articles", "quotes")
ARTICLE_COLUMNS = tuple(dict.fromkeys(("article_id", *RECORD, "run_id", *COMPARED_OF_ARTICLES)))
QUOTE_COLUMNS = ("article_id", "quote_id", "position", "text", *SPEAKER, *COMPARED_OF_QUOTES)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of one of the two versions."""

    version: Version
    month: str
    name: str

    def file(self, table: str) -> Path:
        return self.version.folder(table, self.month) / self.name

    def read(self, table: str, names: Sequence[str]) -> pa.Table:
        return self.version.read_file(table, self.file(table), names)

    def rows(self, table: str, names: Sequence[str], ids: pa.Array) -> pa.Table:
        """Return the rows of some articles."""
        rows = self.read(table, names)
        return rows.filter(pc.is_in(rows["article_id"], ids)).combine_chunks()


def compare(before: Version | None, after: Version, limit: int = 200) -> Difference:
    """Find what changed from one version to another.

    Works part by part: in memory are the ids of all articles, and the rows of two parts at a time. Parts that are the
    same files in both versions are not read.

    Articles match by ``article_id``. Quotes match by ``quote_id`` or, if their words changed, by having most words in
    common. A speaker is *added* if nobody was named before, and *removed* if nobody is named after.

    Args:
        before: the version to compare with, older or newer; None if there was none.
        after: the version whose differences are reported.
        limit: how many changes of each group are kept as examples; all are counted.
    """
    found = Found(limit)
    versions = [version for version in (before, after) if version]
    runs = {row["run_id"]: row for version in versions for row in version.read("runs", CAUSE_COLUMNS).to_pylist()}
    for old, new, ids in _pair_parts(_differing_parts(before, after), _differing_parts(after, before)):
        if old and new:
            _compare_parts(found, runs, old, new, ids)
        elif new:
            _note_all(found, "added", "new input", new, ids)
        elif old:
            _note_all(found, "removed", "removed", old, ids)
    groups = sorted((group for group, count in found.counts.items() if count), key=_rank)
    return Difference(
        before.run_id if before else "nothing",
        after.run_id,
        {group: found.counts[group] for group in groups},
        {group: tuple(found.examples[group]) for group in groups},
    )


def _rank(group: Group) -> list[int]:
    """Return a sort key: the order of the vocabularies."""
    return [get_args(words).index(word) for words, word in zip((What, Kind, Cause), group, strict=True)]


def _differing_parts(version: Version | None, other: Version | None) -> list[_Part]:
    """Return the parts whose articles or quotes are not the same files in both versions."""
    if version is None:
        return []
    parts = [_Part(version, part.month, part.name) for part in version.parts]
    return [part for part in parts if other is None or not _is_shared(part, other)]


def _is_shared(part: _Part, other: Version) -> bool:
    other_part = _Part(other, part.month, part.name)
    files = [(part.file(table), other_part.file(table)) for table in COMPARED_TABLES]
    return all(theirs.exists() and theirs.samefile(ours) for ours, theirs in files)


def _pair_parts(
    before: Sequence[_Part], after: Sequence[_Part]
) -> Iterator[tuple[_Part | None, _Part | None, pa.Array]]:
    """Yield groups of articles that are in the same part before and in the same part after; None where they are in none.

    Needs the ids of all articles: an article moves to another month with its date, and a compaction moves many.
    """
    sides = []
    for name, parts in (("before", before), ("after", after)):
        ids = [part.read("articles", ["article_id"])["article_id"].combine_chunks() for part in parts]
        part_at = np.repeat(np.arange(len(ids), dtype=np.int32), [len(part_ids) for part_ids in ids])
        sides.append(pa.table({"article_id": pa.chunked_array(ids, pa.string()), name: part_at}))
    both = sides[0].join(sides[1], "article_id", join_type="full outer")
    both = both.sort_by([(name, "ascending") for name in ("after", "before", "article_id")]).combine_chunks()
    indices = np.stack([pc.fill_null(both[name], -1).to_numpy() for name in ("before", "after")], axis=1)
    borders = (np.flatnonzero(np.diff(indices, axis=0).any(axis=1)) + 1).tolist()
    for start, end in pairwise([0, *borders, len(indices)] if len(indices) else []):
        old, new = indices[start].tolist()
        yield (
            before[old] if old >= 0 else None,
            after[new] if new >= 0 else None,
            both["article_id"].slice(start, end - start).combine_chunks(),
        )


def _note_all(found: Found, kind: Kind, cause: Cause, part: _Part, ids: pa.Array) -> None:
    """Note articles that only one version has, with their quotes."""
    articles = part.rows("articles", ARTICLE_COLUMNS, ids)
    quotes = part.rows("quotes", QUOTE_COLUMNS, ids)
    article_group, quote_group = Group("article", kind, cause), Group("quote", kind, cause)
    found.counts[article_group] += articles.num_rows
    found.counts[quote_group] += quotes.num_rows
    for row in articles.slice(0, found.room(article_group)).to_pylist():
        found.examples[article_group].append(Change(row["article_id"], None, describe_article(row), None, ()))
    shown = quotes.slice(0, found.room(quote_group))
    articles_by_id = _by_id(articles, shown["article_id"])
    for row in shown.to_pylist():
        found.examples[quote_group].append(show_quote(articles_by_id[row["article_id"]], row))


def _compare_parts(found: Found, runs: Mapping[str, Row], old: _Part, new: _Part, ids: pa.Array) -> None:
    """Note what changed in articles that both versions have."""
    articles = old.rows("articles", ARTICLE_COLUMNS, ids), new.rows("articles", ARTICLE_COLUMNS, ids)
    quotes = old.rows("quotes", QUOTE_COLUMNS, ids), new.rows("quotes", QUOTE_COLUMNS, ids)
    old_quotes, new_quotes = _differing_rows(*quotes, "quote_id", (*SPEAKER, *COMPARED_OF_QUOTES))
    changed, _ = _differing_rows(*articles, "article_id", COMPARED_OF_ARTICLES)
    differing = [rows.select(["article_id"]) for rows in (changed, old_quotes, new_quotes)]
    touched = pc.unique(pa.concat_tables(differing)["article_id"])
    old_articles, new_articles = (_by_id(rows, touched) for rows in articles)

    @cache
    def read_texts() -> list[dict[str, Row]]:
        return [_by_id(part.rows("articles", ["article_id", "text"], touched), touched) for part in (old, new)]

    def texts_of(article_id: str) -> list[str]:
        return [str(texts[article_id]["text"]) for texts in read_texts()]

    old_quotes_of, new_quotes_of = _by_article(old_quotes), _by_article(new_quotes)
    for article_id in sorted(old_articles):
        pair = old_articles[article_id], new_articles[article_id]
        cause = find_cause(*pair, runs)
        note_article(found, *pair, cause, texts_of)
        note_quotes(found, pair[1], cause, old_quotes_of[article_id], new_quotes_of[article_id])


def _by_id(articles: pa.Table, ids: pa.Array) -> dict[str, Row]:
    return {row["article_id"]: row for row in articles.filter(pc.is_in(articles["article_id"], ids)).to_pylist()}


def _by_article(quotes: pa.Table) -> defaultdict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in quotes.sort_by([("article_id", "ascending"), ("position", "ascending")]).to_pylist():
        found[row["article_id"]].append(row)
    return found


def _differing_rows(old: pa.Table, new: pa.Table, key: str, names: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Return the rows of each table that the other does not have, or has with other values."""
    indices = pc.index_in(new[key], value_set=old[key])  # null if there is none
    is_same = pc.is_valid(indices)
    for name in names:
        ours, theirs = (_comparable(values) for values in (new[name], old[name].take(indices)))
        both_null = pc.and_(pc.is_null(ours), pc.is_null(theirs))
        is_same = pc.and_(is_same, pc.or_(both_null, pc.fill_null(pc.equal(ours, theirs), False)))
    same = new[key].filter(is_same)
    return old.filter(pc.invert(pc.is_in(old[key], same))), new.filter(pc.invert(is_same))


def _comparable(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return lists as text: Arrow cannot compare lists, and joins only those whose elements may be null."""
    return pc.binary_join(values.cast(pa.list_(pa.string())), "\x1f") if pa.types.is_list(values.type) else values
