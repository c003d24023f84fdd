"""Count how often an article, and the whole data set, name and quote each entity."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import Article, ArticleEntity, Entity, EntityCount, Mention, Quote, SegmentKind, arrow_schema

# ── One article ────────────────────────────────────────────────────────────────────────────────────────────────

TOP = frozenset[SegmentKind](("headline", "standfirst"))
# Names in these segments say who made the article, and where, not what it is about.
CREDITS = frozenset[SegmentKind](("byline", "dateline", "note"))
# Weights of salience, and the values at which position and frequency give half of theirs. Chosen by which entities
# people and models took into a summary (DECISIONS.md).
ON_TOP, EARLY, OFTEN = 0.2, 0.4, 0.4
HALF_EARLY = 500  # code points into the body
HALF_OFTEN = 3  # mentions


def summarise_entities(article: Article, mentions: Sequence[Mention], quotes: Sequence[Quote]) -> list[ArticleEntity]:
    """Return the counts of an article for each entity that it mentions, in the order of their ids.

    Args:
        article: the article.
        mentions: its mentions; those of one entity share name, type and outside id.
        quotes: its quotes; their speakers are among the entities mentioned.

    Raises:
        ValueError: if a speaker is not mentioned.
    """
    starts = [segment.start_char for segment in article.segments]
    by_entity: dict[str, list[tuple[Mention, SegmentKind]]] = defaultdict(list)
    for mention in mentions:
        segment = article.segments[bisect_right(starts, mention.start_char) - 1]
        by_entity[mention.entity_id].append((mention, segment.kind))
    spoken = Counter(quote.speaker_entity_id for quote in quotes if quote.speaker_entity_id)
    unknown = spoken.keys() - by_entity.keys()
    if unknown:
        raise ValueError(f"{article.raw_path}: these speakers have no mention: {sorted(unknown)}")
    return [_summarise(article, placed, spoken[entity_id]) for entity_id, placed in sorted(by_entity.items())]


def _summarise(article: Article, placed: Sequence[tuple[Mention, SegmentKind]], quote_count: int) -> ArticleEntity:
    """Return the counts of an article for one entity.

    Args:
        article: the article.
        placed: the entity's mentions, each with the kind of segment that it is in.
        quote_count: number of quotes that it speaks.
    """
    mentions = [mention for mention, _ in placed]
    first = mentions[0]
    printed = {" ".join(mention.text.split()) for mention in mentions if mention.form == "name"}
    confidences = [mention.link_confidence for mention in mentions if mention.link_confidence is not None]
    return ArticleEntity(
        article_id=article.article_id,
        published_on=article.published_on,
        entity_id=first.entity_id,
        entity_name=first.entity_name,
        entity_type=first.entity_type,
        link_source=first.link_source,
        link_id=first.link_id,
        link_confidence=max(confidences, default=None),
        aliases=sorted(printed - {first.entity_name}),
        mention_count=len(mentions),
        name_count=sum(mention.form == "name" for mention in mentions),
        quote_count=quote_count,
        first_char=min(mention.start_char for mention in mentions),
        is_in_headline=any(kind in TOP for _, kind in placed),
        salience=_salience(article, [(mention.start_char, kind) for mention, kind in placed if kind not in CREDITS]),
    )


def _salience(article: Article, places: Sequence[tuple[int, SegmentKind]]) -> float:
    """Return how much an article is about an entity, from 0 to 1, given the offsets and segments of its mentions."""
    if not places:
        return 0.0
    is_on_top = any(kind in TOP for _, kind in places)
    into_body = max(0, min(start for start, _ in places) - article.body_start_char)
    early = 1.0 if is_on_top else HALF_EARLY / (HALF_EARLY + into_body)
    often = len(places) / (len(places) + HALF_OFTEN)
    return round(ON_TOP * is_on_top + EARLY * early + OFTEN * often, 4)


# ── The data set ───────────────────────────────────────────────────────────────────────────────────────────────

# An entity's id is a hash of its type and outside id, so these are the same in all its rows. Only its name may change.
KEYS = ("entity_id", "entity_name", "entity_type", "link_source", "link_id")
# How the other columns of several rows are merged.
MERGED = {
    **dict.fromkeys(("article_count", "original_article_count", "mention_count", "original_mention_count"), "sum"),
    **dict.fromkeys(("name_count", "quote_count", "original_quote_count", "confidence_sum"), "sum"),
    "first_seen_on": "min",
    "last_seen_on": "max",
}
MILLION = 1_000_000  # confidence is summed in millionths, so that the order of addition does not matter
FEW_ROWS = 100_000  # rows that are always merged at once


def count_entities(rows: pa.Table, copies: pa.Array) -> pa.Table:
    """Return the counts of some articles for each entity under each name, as sorted rows of ``EntityCount``.

    Args:
        rows: the ``article_entities`` of these articles.
        copies: ids of articles that are copies of others; there may be more than ``rows`` has.
    """
    is_original = pc.cast(pc.invert(pc.is_in(rows["article_id"], copies)), pa.int64())
    confidence = pc.cast(pc.round(pc.multiply(rows["link_confidence"], MILLION)), pa.int64())
    counted = {name: rows[name] for name in rows.column_names} | {
        "article_count": pa.array(np.ones(rows.num_rows, np.int64)),
        "original_article_count": is_original,
        "original_mention_count": pc.multiply(rows["mention_count"], is_original),
        "original_quote_count": pc.multiply(rows["quote_count"], is_original),
        "confidence_sum": pc.fill_null(confidence, 0),
        "first_seen_on": rows["published_on"],
        "last_seen_on": rows["published_on"],
    }
    schema = arrow_schema(EntityCount)
    counts = _merge(pa.table([counted[name] for name in schema.names], names=schema.names))
    return counts.sort_by([("entity_id", "ascending"), ("entity_name", "ascending")])


def sum_entities(counts: Iterable[pa.Table]) -> pa.Table:
    """Add up the counts of all articles, and return sorted rows of ``Entity``.

    The result does not depend on the order of the articles, nor on how they are split into tables.

    Args:
        counts: rows of ``EntityCount``, each table from different articles, with all rows of each entity.
    """
    # An entity's name is the one in most articles, and of several the alphabetically first.
    order = [("entity_id", "ascending"), ("article_count", "descending"), ("entity_name", "ascending")]
    by_name = _fold(counts).sort_by(order)
    numbers = _number(by_name["entity_id"])
    rows = _add_up(by_name, numbers)
    alias_owners, aliases = _flatten(numbers, by_name["aliases"])
    owners = pa.concat_arrays([numbers, alias_owners])
    names = pa.concat_arrays([by_name["entity_name"].combine_chunks(), aliases])
    is_other = pc.not_equal(names, rows["entity_name"].combine_chunks().take(owners))
    is_linked = pc.is_valid(rows["link_id"])
    is_one_word = pc.invert(pc.match_substring(rows["entity_name"], " "))
    may_be_several = pc.and_(pc.and_(pc.equal(rows["entity_type"], "PERSON"), is_one_word), pc.invert(is_linked))
    confidence = pc.divide(pc.divide(rows["confidence_sum"].cast(pa.float64()), MILLION), rows["article_count"])
    columns = {name: rows[name] for name in rows.column_names} | {
        "name": rows["entity_name"],
        "is_full_name": pc.invert(may_be_several),
        "aliases": _gather(owners.filter(is_other), names.filter(is_other), rows.num_rows),
        "link_confidence": pc.if_else(is_linked, pc.round(confidence, 6), None),
    }
    schema = arrow_schema(Entity)
    return pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)


def _fold(parts: Iterable[pa.Table]) -> pa.Table:
    """Merge parts whenever more rows wait than are merged, so that memory grows with entities, not with parts."""
    merged, waiting = arrow_schema(EntityCount).empty_table(), list[pa.Table]()
    for part in parts:
        waiting.append(part)
        if sum(table.num_rows for table in waiting) > max(FEW_ROWS, merged.num_rows):
            merged, waiting = _merge(pa.concat_tables([merged, *waiting])), []
    return _merge(pa.concat_tables([merged, *waiting]))


def _merge(counts: pa.Table) -> pa.Table:
    """Add up the rows of one entity under one name."""
    numbers = _number(pc.binary_join_element_wise(counts["entity_id"], counts["entity_name"], "\n"))
    rows = _add_up(counts, numbers)
    schema = arrow_schema(EntityCount)
    merged = rows.append_column("aliases", _gather(*_flatten(numbers, counts["aliases"]), rows.num_rows))
    return merged.select(schema.names).cast(schema)


def _number(values: pa.ChunkedArray) -> pa.Array:
    """Return the number of each value; equal values get one number, in the order of their first occurrence."""
    return values.combine_chunks().dictionary_encode().indices


def _add_up(counts: pa.Table, numbers: pa.Array) -> pa.Table:
    """Add up the rows with one number; the first of them gives the columns in ``KEYS``."""
    numbered = counts.append_column("number", numbers)
    grouped = numbered.group_by("number", use_threads=False).aggregate(list(MERGED.items()))
    is_first = np.diff(np.maximum.accumulate(numbers.to_numpy()), prepend=-1) > 0  # higher than all before it
    rows = counts.select(KEYS).filter(pa.array(is_first))
    for name, how in MERGED.items():
        rows = rows.append_column(name, grouped[f"{name}_{how}"])
    return rows


def _flatten(numbers: pa.Array, lists: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Return the elements of all lists, and for each the number of the row that its list is from."""
    whole = lists.combine_chunks()
    return numbers.take(pc.list_parent_indices(whole)), pc.list_flatten(whole)


def _gather(numbers: pa.Array, names: pa.Array, count: int) -> pa.Array:
    """Return for each number below ``count`` a list of its different names, in alphabetical order."""
    seen = pa.table({"number": numbers, "name": names}).group_by(["number", "name"]).aggregate([])
    seen = seen.sort_by([("number", "ascending"), ("name", "ascending")])
    lengths = np.bincount(seen["number"].to_numpy(), minlength=count)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), seen["name"].combine_chunks())
