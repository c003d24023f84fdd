"""Salience compared with GUM, whose annotators give the number of summaries, of five, that contain an entity."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from statistics import mean

import pytest

from pipeline.contract import EntityType, Mention
from pipeline.entities import summarise_entities

from .conftest import digest_of, require
from .gum import Document, read_document

pytestmark = pytest.mark.corpus
NEWS = "corpora/gum-news/dep"
DIGEST = "da1e36f00ee7e024a88d39639548092c1630bd10344340de6e778f08db06620e"
SUMMARIES = re.compile(r"(\d+) \((\d)\*?\)")
# Of two named entities that are in unlike numbers of summaries, the share in which salience says which.
FLOOR = 0.83
ABOUT = 0.5  # from this salience on …
PRECISION = 0.73  # … so many are in two summaries or more


def summaries_of(path: Path) -> dict[int, int]:
    """Return the number of summaries that contain each entity."""
    (line,) = (line for line in path.read_text("utf-8").splitlines() if line.startswith("# meta::salientEntities"))
    return {int(entity): int(count) for entity, count in SUMMARIES.findall(line)}


def mention_of(document: Document, entity: int, kind: EntityType, start: int, end: int) -> Mention:
    return Mention(
        mention_id=f"{start:016x}",
        article_id=document.article.article_id,
        published_on=None,
        entity_id=str(entity),
        entity_name=str(entity),
        entity_type=kind,
        link_source=None,
        link_id=None,
        link_confidence=None,
        text=document.article.text[start:end],
        start_char=start,
        end_char=end,
        title=None,
        form="name",
        quote_id=None,
        confidence=None,
    )


def judge(path: Path) -> list[tuple[float, int]]:
    """Return the salience of each named entity of an article, with its number of summaries."""
    document, summaries = read_document(path), summaries_of(path)
    mentions = [mention_of(document, name.entity, name.kind, name.start, name.end) for name in document.names]
    mentions += [
        mention_of(document, pronoun.entity, "PERSON", pronoun.start, pronoun.end) for pronoun in document.pronouns
    ]
    rows = summarise_entities(document.article, mentions, [])
    return [(row.salience, summaries.get(int(row.entity_id), 0)) for row in rows]


def test_salience_orders_entities_as_summaries_do() -> None:
    folder = require(NEWS) / NEWS
    assert digest_of(folder) == DIGEST, "the corpus is another one: its figures cannot be held against these floors"
    judged = [judge(path) for path in sorted(folder.glob("*.conllu"))]
    shares = []
    for rows in judged:
        pairs = [(first, other) for first, other in combinations(rows, 2) if first[1] != other[1]]
        right = [((first[0] - other[0]) * (first[1] - other[1])) for first, other in pairs]
        if pairs:
            shares.append(mean(1.0 if sign > 0 else 0.5 if sign == 0 else 0.0 for sign in right))
    about = [count >= 2 for rows in judged for salience, count in rows if salience >= ABOUT]
    print(
        f"{len(shares)} articles: {mean(shares):.3f} of pairs in order; {mean(about):.3f} of {len(about)} are salient"
    )
    assert mean(shares) >= FLOOR
    assert mean(about) >= PRECISION
