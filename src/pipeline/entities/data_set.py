"""What an analyst asks of an entity: how often an article, and the whole data set, name it and hear it speak."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import Article, ArticleEntity, Entity, Mention, Quote, SegmentKind, arrow_schema

# Gives some columns of article_entities, some rows at a time.
ReadRows = Callable[[Sequence[str]], Iterable[pa.Table]]

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

# One entity has one type and one outside id: its id is made of them. Only its name there may have changed since.
KEYS = ("entity_id", "entity_name", "entity_type", "link_source", "link_id")
COUNTS = (
    "article_count",
    "original_article_count",
    "mention_count",
    "original_mention_count",
    "name_count",
    "quote_count",
    "original_quote_count",
)
CONFIDENCE = "confidence_sum"  # in millionths: whole numbers add up to the same in any order
MILLION = 1_000_000
MERGED = [*((name, "sum") for name in (*COUNTS, CONFIDENCE)), ("first_seen_on", "min"), ("last_seen_on", "max")]
FEW_ROWS = 100_000


def build_entities(read: ReadRows, copies: pa.Array) -> pa.Table:
    """Count the entities of a data set.

    Args:
        read: gives some columns of ``article_entities``, some rows at a time.
        copies: the ids of articles that are copies of others.
    """
    needed = [*KEYS, "link_confidence", "article_id", "published_on", "mention_count", "name_count", "quote_count"]
    by_name = _fold((_count(rows, copies) for rows in read(needed)), _merge)
    names = by_name.select(["entity_id", "entity_name"]).rename_columns(["entity_id", "alias"])
    seen = _fold((names, *map(_spread_aliases, read(["entity_id", "aliases"]))), _distinct)
    # The name that most articles have; of several the first in the alphabet.
    order = [("entity_id", "ascending"), ("article_count", "descending"), ("entity_name", "ascending")]
    firsts = [(name, "first") for name in KEYS[1:]]
    rows = by_name.sort_by(order).group_by("entity_id", use_threads=False).aggregate([*firsts, *MERGED])
    rows = rows.select(["entity_id", *(f"{name}_{how}" for name, how in (*firsts, *MERGED))])
    rows = rows.rename_columns([*KEYS, *(name for name, _ in MERGED)])
    confidence = pc.divide(pc.divide(rows[CONFIDENCE].cast(pa.float64()), MILLION), rows["article_count"])
    is_one_word = pc.invert(pc.match_substring(rows["entity_name"], " "))
    is_person = pc.equal(rows["entity_type"], "PERSON")
    columns = {name: rows[name] for name in rows.column_names} | {
        "name": rows["entity_name"],
        "is_full_name": pc.invert(pc.and_(pc.and_(is_person, is_one_word), pc.is_null(rows["link_id"]))),
        "aliases": _collect_aliases(rows, seen),
        "link_confidence": pc.round(confidence, 6),
    }
    schema = arrow_schema(Entity)
    return pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)


def _fold(parts: Iterable[pa.Table], merge: Callable[[pa.Table], pa.Table]) -> pa.Table:
    """Merge parts as they come, whenever as many rows wait as are merged: memory holds entities, not months."""
    merged: list[pa.Table] = []
    waiting: list[pa.Table] = []
    for part in parts:
        waiting.append(part)
        if sum(each.num_rows for each in waiting) > max([FEW_ROWS, *(each.num_rows for each in merged)]):
            merged, waiting = [merge(pa.concat_tables([*merged, *waiting]))], []
    return merge(pa.concat_tables([*merged, *waiting]))


def _count(rows: pa.Table, copies: pa.Array) -> pa.Table:
    """What some rows of article_entities say of each entity."""
    is_article = pa.array(np.ones(rows.num_rows, np.int64))
    is_original = pc.cast(pc.invert(pc.is_in(rows["article_id"], copies)), pa.int64())
    counted = {
        "article_count": is_article,
        "original_article_count": is_original,
        "mention_count": rows["mention_count"],
        "original_mention_count": pc.multiply(rows["mention_count"], is_original),
        "name_count": rows["name_count"],
        "quote_count": rows["quote_count"],
        "original_quote_count": pc.multiply(rows["quote_count"], is_original),
        CONFIDENCE: pc.cast(pc.round(pc.multiply(rows["link_confidence"], MILLION)), pa.int64()),
        "first_seen_on": rows["published_on"],
        "last_seen_on": rows["published_on"],
    }
    return _merge(pa.table({name: rows[name] for name in KEYS} | counted))


def _merge(rows: pa.Table) -> pa.Table:
    merged = rows.group_by(list(KEYS)).aggregate(MERGED).select([*KEYS, *(f"{name}_{how}" for name, how in MERGED)])
    return merged.rename_columns([*KEYS, *(name for name, _ in MERGED)])


def _spread_aliases(rows: pa.Table) -> pa.Table:
    """A row for each alias of each entity."""
    lists = rows["aliases"].combine_chunks()
    holders = rows["entity_id"].combine_chunks().take(pc.list_parent_indices(lists))
    return _distinct(pa.table({"entity_id": holders, "alias": pc.list_flatten(lists)}))


def _distinct(rows: pa.Table) -> pa.Table:
    return rows.group_by(rows.column_names).aggregate([])


def _collect_aliases(rows: pa.Table, seen: pa.Table) -> pa.Array:
    """For each entity of ``rows`` the other names it was seen by, in alphabetical order."""
    seen = seen.append_column("at", pc.index_in(seen["entity_id"], rows["entity_id"].combine_chunks()))
    is_other = pc.not_equal(seen["alias"], rows["entity_name"].combine_chunks().take(seen["at"]))
    seen = seen.filter(is_other).sort_by([("at", "ascending"), ("alias", "ascending")])
    lengths = np.bincount(seen["at"].to_numpy(), minlength=rows.num_rows)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), seen["alias"].combine_chunks())
