"""Checks of articles' texts, and of all columns that are slices of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import TABLES, Slice
from pipeline.store import Version
from pipeline.verify.keys import Positions, join_keys, locate
from pipeline.verify.verification import Verification

FEW_TEXTS = 2_000  # texts in memory as Python strings at a time
TEXT = ("article_id", "revision", "raw_path", "text", "text_sha256", "segments")


def verify_texts(found: Verification, articles: pa.Table) -> None:
    """Check each text against its digest, and each segment against its text."""
    for batch in articles.select(TEXT).to_batches(max_chunksize=FEW_TEXTS):
        for article in batch.to_pylist():
            text, where = article["text"], f"{article['raw_path']}, revision {article['revision']}"
            is_same = hashlib.sha256(text.encode()).hexdigest() == article["text_sha256"]
            found.check("article texts", 1, () if is_same else [f"{where}: text_sha256 is not of this text"])
            last_end = 0
            for segment in article["segments"]:
                start, end = segment["start_char"], segment["end_char"]
                words = text[start:end]
                is_sound = last_end <= start < end <= len(text) and words == words.strip()
                found.check("segments", 1, () if is_sound else [f"{where}: segment [{start}:{end}]"])
                last_end = end


def slice_columns(slices: Sequence[Slice], key: str) -> list[str]:
    """Return the columns of a table that verify_slices needs."""
    return [key, "article_id", *(name for part in slices for name in (part.text, part.start, part.end))]


def verify_slices(
    found: Verification,
    table: str,
    slices: Sequence[Slice],
    rows: pa.Table,
    positions: Positions,
    texts: pa.ChunkedArray,
) -> None:
    """Check that the words in each row are at its offsets in the text.

    Args:
        found: takes the differences.
        table: the table's name.
        slices: the columns with words and their offsets.
        rows: the table, its key first.
        positions: for each row, the position of its article's text; rows without one fail as keys, not here.
        texts: the texts.
    """
    for words in slices:
        names = (words.text, words.start, words.end)
        is_given = np.logical_or.reduce([pc.is_valid(rows[name]) for name in names]) & (positions >= 0)
        order = np.flatnonzero(is_given)[np.argsort(positions[is_given], kind="stable")]
        found.check(table if words.text == "text" else f"{table}: {words.text}", len(order), ())
        edges = np.searchsorted(positions[order], range(0, len(texts) + FEW_TEXTS, FEW_TEXTS))
        for first, (start, end) in zip(range(0, len(texts), FEW_TEXTS), pairwise(edges), strict=True):
            few_texts = texts.slice(first, FEW_TEXTS).to_pylist()
            sliced = rows.select([rows.column_names[0], *names]).take(order[start:end])
            own_texts = (few_texts[position] for position in (positions[order[start:end]] - first).tolist())
            for text, key, *span in zip(own_texts, *(column.to_pylist() for column in sliced.columns), strict=True):
                if not _is_at(text, *span):
                    line = f"{table} {key}: {words.text} {span[0]!r} is not at [{span[1]}:{span[2]}]"
                    found.check(table, 0, [line])


def _is_at(text: str, words: str | None, start: int | None, end: int | None) -> bool:
    if words is None or start is None or end is None:
        return False
    return start >= 0 and end - start == len(words) and text[start:end] == words


def verify_revisions(found: Verification, version: Version) -> None:
    """Check the texts and quotes of older revisions, and that these are older than the current ones."""
    slices = TABLES["quotes"].slices
    articles = version.read("article_revisions", TEXT)
    quotes = version.read("quote_revisions", [*slice_columns(slices, "quote_id"), "revision"])
    verify_texts(found, articles)
    key = ("article_id", "revision")
    positions = locate(join_keys(quotes, key), join_keys(articles, key))
    missing = quotes.filter(pa.array(positions < 0)).select(["quote_id", *key]).to_pylist()
    lines = (f"quote_revisions {row}: its article's revision is not in article_revisions" for row in missing)
    found.check("keys between tables", quotes.num_rows, lines)
    verify_slices(found, "quote_revisions", slices, quotes, positions, articles["text"])
    current = version.read("articles", key)
    current_at = locate(articles["article_id"], current["article_id"])
    has_current = current_at >= 0  # a pruned article may still have older revisions
    is_older = articles["revision"].to_numpy()[has_current] < current["revision"].to_numpy()[current_at[has_current]]
    late = articles.select(key).filter(pa.array(has_current)).filter(pa.array(~is_older)).to_pylist()
    lines = (f"article_revisions {row}: the article's current revision is no newer" for row in late)
    found.check("older revisions", articles.num_rows, lines)
