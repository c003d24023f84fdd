"""What an analyst asks of an entity: how often an article, and the whole data set, name it and hear it speak."""

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
# Where a name is of who made the article, and where: it is told of nobody.
NOT_TOLD = frozenset[SegmentKind](("byline", "dateline", "note"))
# Chosen by what people and models took into a summary (DECISIONS.md): weights, and the values that count half.
ON_TOP, EARLY, OFTEN = 0.2, 0.4, 0.4
HALF_EARLY = 500  # code points into the body
HALF_OFTEN = 3  # mentions


def summarise_entities(article: Article, mentions: Sequence[Mention], quotes: Sequence[Quote]) -> list[ArticleEntity]:
    """Count what an article says of each entity that it mentions, in the order of their ids.

    Args:
        article: the article.
        mentions: its mentions: those of one entity have one name, type and outside id.
        quotes: its quotes, whose speakers are among the entities mentioned.
    """
    starts = [segment.start_char for segment in article.segments]
    of_entity: dict[str, list[tuple[Mention, SegmentKind]]] = defaultdict(list)
    for mention in mentions:
        segment = article.segments[bisect_right(starts, mention.start_char) - 1]
        of_entity[mention.entity_id].append((mention, segment.kind))
    spoken = Counter(quote.speaker_entity_id for quote in quotes if quote.speaker_entity_id)
    unknown = spoken.keys() - of_entity.keys()
    if unknown:
        raise ValueError(f"{article.raw_path}: no mention is of the speakers {sorted(unknown)}")
    return [_summarise(article, each, spoken[entity_id]) for entity_id, each in sorted(of_entity.items())]


def _summarise(article: Article, placed: Sequence[tuple[Mention, SegmentKind]], quote_count: int) -> ArticleEntity:
    """What an article says of an entity.

    Args:
        article: the article.
        placed: the entity's mentions, each with the kind of segment that it stands in.
        quote_count: quotes that it speaks.
    """
    mentions = [mention for mention, _ in placed]
    one = mentions[0]
    seen = {" ".join(mention.text.split()) for mention in mentions if mention.form == "name"}
    confidences = [mention.link_confidence for mention in mentions if mention.link_confidence is not None]
    return ArticleEntity(
        article_id=article.article_id,
        published_on=article.published_on,
        entity_id=one.entity_id,
        entity_name=one.entity_name,
        entity_type=one.entity_type,
        link_source=one.link_source,
        link_id=one.link_id,
        link_confidence=max(confidences, default=None),
        aliases=sorted(seen - {one.entity_name}),
        mention_count=len(mentions),
        name_count=sum(mention.form == "name" for mention in mentions),
        quote_count=quote_count,
        first_char=min(mention.start_char for mention in mentions),
        is_in_headline=any(kind in TOP for _, kind in placed),
        salience=_salience(article, [(mention.start_char, kind) for mention, kind in placed if kind not in NOT_TOLD]),
    )


def _salience(article: Article, told: Sequence[tuple[int, SegmentKind]]) -> float:
    """How much an article is about an entity that it tells of at these places."""
    if not told:
        return 0.0
    is_on_top = any(kind in TOP for _, kind in told)
    into_body = max(0, min(start for start, _ in told) - article.body_start_char)
    early = 1.0 if is_on_top else HALF_EARLY / (HALF_EARLY + into_body)
    often = len(told) / (len(told) + HALF_OFTEN)
    return round(ON_TOP * is_on_top + EARLY * early + OFTEN * often, 4)


# ── The data set ───────────────────────────────────────────────────────────────────────────────────────────────

# One entity has one type and one outside id, as its id is made of them; only its name there may have changed since.
KEYS = ("entity_id", "entity_name", "entity_type", "link_source", "link_id")
# How the other columns of several rows come together.
MERGED = {
    **dict.fromkeys(("article_count", "original_article_count", "mention_count", "original_mention_count"), "sum"),
    **dict.fromkeys(("name_count", "quote_count", "original_quote_count", "confidence_sum"), "sum"),
    "first_seen_on": "min",
    "last_seen_on": "max",
}
MILLION = 1_000_000
FEW_ROWS = 100_000


def count_entities(rows: pa.Table, copies: pa.Array) -> pa.Table:
    """Count what some articles say of each entity under each name.

    Args:
        rows: the ``article_entities`` of these articles.
        copies: the ids of articles, these or others, that are copies of others.

    Returns:
        Rows of ``EntityCount``, in order.
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
    """Count entities over many articles; in which order these come, and in which parts, does not matter.

    Args:
        counts: rows of ``EntityCount``, each table of other articles. Of an entity, all its rows are needed.

    Returns:
        Rows of ``Entity``, in order.
    """
    # The name that most articles have comes first; of several the first in the alphabet.
    order = [("entity_id", "ascending"), ("article_count", "descending"), ("entity_name", "ascending")]
    by_name = _fold(counts).sort_by(order)
    at = _number(by_name["entity_id"])
    rows = _add_up(by_name, at)
    holders, aliases = _spread(at, by_name["aliases"])
    holders, names = (
        pa.concat_arrays([at, holders]),
        pa.concat_arrays([by_name["entity_name"].combine_chunks(), aliases]),
    )
    is_other = pc.not_equal(names, rows["entity_name"].combine_chunks().take(holders))
    is_linked = pc.is_valid(rows["link_id"])
    is_one_word = pc.invert(pc.match_substring(rows["entity_name"], " "))
    may_be_several = pc.and_(pc.and_(pc.equal(rows["entity_type"], "PERSON"), is_one_word), pc.invert(is_linked))
    confidence = pc.divide(pc.divide(rows["confidence_sum"].cast(pa.float64()), MILLION), rows["article_count"])
    columns = {name: rows[name] for name in rows.column_names} | {
        "name": rows["entity_name"],
        "is_full_name": pc.invert(may_be_several),
        "aliases": _gather(holders.filter(is_other), names.filter(is_other), rows.num_rows),
        "link_confidence": pc.if_else(is_linked, pc.round(confidence, 6), None),
    }
    schema = arrow_schema(Entity)
    return pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)


def _fold(parts: Iterable[pa.Table]) -> pa.Table:
    """Merge parts as they come, whenever as many rows wait as are merged: memory holds entities, not parts."""
    merged, waiting = arrow_schema(EntityCount).empty_table(), list[pa.Table]()
    for part in parts:
        waiting.append(part)
        if sum(each.num_rows for each in waiting) > max(FEW_ROWS, merged.num_rows):
            merged, waiting = _merge(pa.concat_tables([merged, *waiting])), []
    return _merge(pa.concat_tables([merged, *waiting]))


def _merge(counts: pa.Table) -> pa.Table:
    """Add up the rows of one entity under one name."""
    at = _number(pc.binary_join_element_wise(counts["entity_id"], counts["entity_name"], "\n"))
    rows = _add_up(counts, at)
    schema = arrow_schema(EntityCount)
    merged = rows.append_column("aliases", _gather(*_spread(at, counts["aliases"]), rows.num_rows))
    return merged.select(schema.names).cast(schema)


def _number(values: pa.ChunkedArray) -> pa.Array:
    """The values numbered, in the order in which they first come."""
    return values.combine_chunks().dictionary_encode().indices


def _add_up(counts: pa.Table, at: pa.Array) -> pa.Table:
    """Add up the rows that have one number; the first of them tells whose they are."""
    grouped = counts.append_column("at", at).group_by("at", use_threads=False).aggregate(list(MERGED.items()))
    is_first = np.diff(np.maximum.accumulate(at.to_numpy()), prepend=-1) > 0  # a number higher than all before it
    rows = counts.select(KEYS).filter(pa.array(is_first))
    for name, how in MERGED.items():
        rows = rows.append_column(name, grouped[f"{name}_{how}"])
    return rows


def _spread(at: pa.Array, lists: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """The numbers and the elements of lists, one by one."""
    whole = lists.combine_chunks()
    return at.take(pc.list_parent_indices(whole)), pc.list_flatten(whole)


def _gather(at: pa.Array, names: pa.Array, count: int) -> pa.Array:
    """For each number below ``count`` the different names that have it, in alphabetical order."""
    seen = pa.table({"at": at, "name": names}).group_by(["at", "name"]).aggregate([])
    seen = seen.sort_by([("at", "ascending"), ("name", "ascending")])
    lengths = np.bincount(seen["at"].to_numpy(), minlength=count)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), seen["name"].combine_chunks())
