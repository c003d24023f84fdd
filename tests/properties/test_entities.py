"""For any articles: neither order nor batches nor parts change an entity, and its counts equal plain counting."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.batches import Task
from pipeline.contract import (
    Article,
    ArticleEntity,
    EntityCount,
    EntityType,
    Mention,
    RawArticle,
    RawRef,
    arrow_schema,
    to_table,
)
from pipeline.curate import curate_batch
from pipeline.entities import count_entities, data_set, entity_id_of, sum_entities, summarise_entities
from pipeline.entities.clusters import Link
from pipeline.normalise import normalise
from pipeline.read import Options, RawRecord
from pipeline.read.records import record_ref
from pipeline.staging import STAGED_AT

STEADY = settings(
    derandomize=True,
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
NAMES = st.sampled_from(["Mara Oduya", "Oduya", "Port Ellery", "Ellery", "Harbour Board"])
KINDS: st.SearchStrategy[EntityType] = st.sampled_from(["PERSON", "ORG", "GPE"])
LINKS = st.none() | st.sampled_from([Link("geonames", "1", "Port Ellery", 0.8), Link("knowledge_base", "1", "X", 0.6)])


@st.composite
def article_entities(draw: st.DrawFn) -> ArticleEntity:
    """Draw a row from few articles and entities, so that many rows share them."""
    name, kind, link = draw(NAMES), draw(KINDS), draw(LINKS)
    mentions = draw(st.integers(1, 9))
    return ArticleEntity(
        article_id=f"{draw(st.integers(0, 5)):016x}",
        published_on=draw(st.none() | st.integers(0, 90).map(lambda days: date(2024, 1, 1) + timedelta(days))),
        entity_id=entity_id_of(kind, name, link),
        entity_name=name,
        entity_type=kind,
        link_source=link.source if link else None,
        link_id=link.link_id if link else None,
        link_confidence=draw(st.floats(0, 1)) if link else None,
        aliases=draw(st.lists(NAMES, unique=True).map(sorted)),
        mention_count=mentions,
        name_count=draw(st.integers(0, mentions)),
        quote_count=draw(st.integers(0, 3)),
        first_char=0,
        is_in_headline=False,
        salience=0.5,
    )


ROWS = st.lists(article_entities(), max_size=30, unique_by=lambda row: (row.article_id, row.entity_id))
COPIES = st.sets(st.integers(0, 5).map(lambda number: f"{number:016x}"))


def count(rows: Sequence[ArticleEntity], copies: set[str]) -> pa.Table:
    return count_entities(to_table(ArticleEntity, rows), pa.array(sorted(copies), pa.string()))


@STEADY
@given(rows=ROWS, copies=COPIES, cuts=st.lists(st.integers(0, 30), max_size=4), order=st.randoms(use_true_random=False))
def test_order_and_parts_do_not_matter(
    rows: list[ArticleEntity],
    copies: set[str],
    cuts: list[int],
    order: random.Random,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data_set, "FEW_ROWS", 3)  # so that parts are merged again and again
    shuffled = order.sample(rows, len(rows))
    assert count(shuffled, copies).equals(count(rows, copies))
    edges = [0, *sorted(cuts), len(rows)]
    parts = [count(shuffled[start:end], copies) for start, end in pairwise(edges)]
    assert sum_entities(parts).equals(sum_entities([count(rows, copies)]))


@STEADY
@given(parts=st.lists(ROWS, max_size=4), copies=COPIES, some=st.sets(st.integers(0, 20)))
def test_some_entities_can_be_counted_without_the_others(
    parts: list[list[ArticleEntity]], copies: set[str], some: set[int]
) -> None:
    counts = [count(part, copies) for part in parts]
    every = sum_entities(counts)
    touched = pa.array(
        [entity_id for number, entity_id in enumerate(every["entity_id"].to_pylist()) if number in some], pa.string()
    )
    theirs = sum_entities(part.filter(pc.is_in(part["entity_id"], touched)) for part in counts)
    assert theirs.equals(every.filter(pc.is_in(every["entity_id"], touched)))


def count_plainly(rows: Sequence[ArticleEntity], copies: set[str]) -> dict[str, object]:
    original = [row for row in rows if row.article_id not in copies]
    days = [row.published_on for row in rows if row.published_on]
    return {
        "entity_type": rows[0].entity_type,
        "link_source": rows[0].link_source,
        "link_id": rows[0].link_id,
        "article_count": len(rows),
        "original_article_count": len(original),
        "mention_count": sum(row.mention_count for row in rows),
        "original_mention_count": sum(row.mention_count for row in original),
        "name_count": sum(row.name_count for row in rows),
        "quote_count": sum(row.quote_count for row in rows),
        "original_quote_count": sum(row.quote_count for row in original),
        "first_seen_on": min(days, default=None),
        "last_seen_on": max(days, default=None),
    }


@STEADY
@given(rows=ROWS, copies=COPIES)
def test_counts_equal_plain_counting(rows: list[ArticleEntity], copies: set[str]) -> None:
    counts, entities = count(rows, copies), sum_entities([count(rows, copies)])
    assert counts.schema.equals(arrow_schema(EntityCount))
    by_name = sorted({(row.entity_id, row.entity_name) for row in rows})
    assert [(row["entity_id"], row["entity_name"]) for row in counts.to_pylist()] == by_name
    for counted in counts.to_pylist():
        key = (counted["entity_id"], counted["entity_name"])
        mine = [row for row in rows if (row.entity_id, row.entity_name) == key]
        assert counted.items() >= count_plainly(mine, copies).items()
        assert counted["aliases"] == sorted({alias for row in mine for alias in row.aliases})
        assert counted["confidence_sum"] == sum(round((row.link_confidence or 0) * 1_000_000) for row in mine)
    assert entities["entity_id"].to_pylist() == sorted({row.entity_id for row in rows})
    for entity in entities.to_pylist():
        mine = [row for row in rows if row.entity_id == entity["entity_id"]]
        assert entity.items() >= count_plainly(mine, copies).items()
        names = [row.entity_name for row in mine]
        assert entity["name"] == min(names, key=lambda name: (-names.count(name), name))
        assert entity["aliases"] == sorted(
            {*names, *(alias for row in mine for alias in row.aliases)} - {entity["name"]}
        )


@STEADY
@given(kind=KINDS, other_kind=KINDS, name=NAMES, other_name=NAMES, link=LINKS)
def test_id_depends_on_type_and_name_or_outside_id_only(
    kind: EntityType, other_kind: EntityType, name: str, other_name: str, link: Link | None
) -> None:
    one, other = entity_id_of(kind, name, link), entity_id_of(other_kind, other_name, link)
    assert (one == other) == (kind == other_kind and (link is not None or name == other_name))
    if link:
        assert one == entity_id_of(kind, name, link._replace(name="Y", confidence=0.1))
        assert one != entity_id_of(kind, name)


# ── Salience ───────────────────────────────────────────────────────────────────────────────────────────────────

LINES = "\n\n".join("The harbour was calm on that day, and the boats were full." for _ in range(30))
MADE = normalise(RawArticle(RawRef("wire", "s.txt", "0", "0" * 64), "text", "utf-8", f"Ferry sails again\n\n{LINES}"))
assert isinstance(MADE, Article)
ARTICLE = MADE
WORDS = [found.start() for found in re.finditer(r"\w+", ARTICLE.text)]
PLACES = st.sets(st.sampled_from(WORDS), min_size=1, max_size=12)


def salience_of(starts: set[int]) -> float:
    mentions = [
        Mention(
            mention_id=f"{start:016x}",
            article_id=ARTICLE.article_id,
            published_on=None,
            entity_id="e" * 16,
            entity_name="X",
            entity_type="ORG",
            link_source=None,
            link_id=None,
            link_confidence=None,
            text="X",
            start_char=start,
            end_char=start + 1,
            title=None,
            form="name",
            quote_id=None,
            confidence=None,
        )
        for start in sorted(starts)
    ]
    (row,) = summarise_entities(ARTICLE, mentions, [])
    return row.salience


@STEADY
@given(starts=PLACES, more=PLACES)
def test_salience_is_between_0_and_1_and_rises_with_mentions(starts: set[int], more: set[int]) -> None:
    assert 0 <= salience_of(starts) <= salience_of(starts | more) <= 1


@STEADY
@given(starts=PLACES, at=st.integers(0))
def test_salience_rises_with_an_earlier_first_mention(starts: set[int], at: int) -> None:
    before = [start for start in WORDS if start <= min(starts)]
    moved = starts - {min(starts)} | {before[at % len(before)]}
    assert salience_of(moved) >= salience_of(starts)


# ── The whole path of an article ───────────────────────────────────────────────────────────────────────────────

STORIES = [
    'Mara Oduya reopens the ferry\n\n"The boats are safe," said Mara Oduya of the Harbour Board.\n',
    "Storm ends\n\nMrs Oduya, the harbour master, said that the storm was over. She thanked Tomas Brandt.\n",
    'Brandt resigns\n\nTomas Brandt, the mayor of Port Ellery, said on Monday: "I am tired." Brandt is 61.\n',
    "France lends a ship\n\nFrance will lend a ship, the foreign minister, Anna Lund, said in Paris. Lund leaves today.\n",
    "Prices rise\n\nThe International Monetary Fund (IMF) said that prices rose. The IMF blamed the storm.\n",
]
RECORDS = [
    RawRecord(record_ref(RawRef("wire", "dump.jsonl", "", ""), number, text.encode()), "text", text.encode(), "text")
    for number, text in enumerate(STORIES, 1)
]


class Curated(NamedTuple):
    """Rows of both tables of entities, in order."""

    article_entities: list[dict[str, object]]
    entities: list[dict[str, object]]


def curate_parts(*parts: Sequence[RawRecord]) -> Curated:
    """Curate records batch by batch."""
    batches = [curate_batch(Task(tuple(part), None, Options(), "said")).rows["article_entities"] for part in parts]
    tables = [rows.drop_columns([STAGED_AT]) for rows in batches]
    entities = sum_entities(count_entities(rows, pa.array([], pa.string())) for rows in tables)
    rows = pa.concat_tables(tables).sort_by([("article_id", "ascending"), ("entity_id", "ascending")])
    return Curated(rows.to_pylist(), entities.to_pylist())


@pytest.fixture(scope="module")
def all_at_once() -> Curated:
    return curate_parts(RECORDS)


@settings(STEADY, max_examples=8)
@given(order=st.permutations(RECORDS), cut=st.integers(1, len(RECORDS) - 1))
def test_batches_and_order_of_articles_change_no_entity(order: list[RawRecord], cut: int, all_at_once: Curated) -> None:
    assert curate_parts(order[:cut], order[cut:]) == all_at_once


def test_surname_alone_does_not_link_two_articles(all_at_once: Curated) -> None:
    people = {
        entity["name"]: entity["is_full_name"] for entity in all_at_once.entities if entity["entity_type"] == "PERSON"
    }
    assert {name: people.get(name) for name in ("Mara Oduya", "Oduya", "Tomas Brandt", "Brandt")} == {
        "Mara Oduya": True,
        "Oduya": False,
        "Tomas Brandt": True,
        "Brandt": None,  # wherever it stands, its article holds the full name
    }
