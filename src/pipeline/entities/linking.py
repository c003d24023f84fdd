"""Link the entities of an article to outside lists: the user's knowledge base, else ISO 3166-1 and GeoNames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from math import log2

from pipeline.contract import Article
from pipeline.entities.clusters import HIGHEST_CONFIDENCE, LEAST_SHARE, Cluster, Link
from pipeline.entities.knowledge import Knowledge, KnownEntity
from pipeline.entities.place_linking import larger_places, link_places
from pipeline.lexicon.gazetteer import fold_name
from pipeline.lexicon.words import read_words

WORD = re.compile(r"\w{4,}")
STOPWORDS = read_words("description_stopwords.txt")
CONTEXT_REACH = 80  # code points around a name that usually include its title and role
LONGEST_ACRONYM = 5  # letters
# What makes a candidate likelier (DECISIONS.md). Its weight is the logarithm of its popularity times these factors.
BY_NAME = 4.0  # the article has its name, not an alias
POINT = 4.0  # for each word of its description that the article has
MOST_POINTS = 6
# The weight of what the knowledge base does not list.
UNLISTED_ENTITY = 0.19
UNLISTED_LONE_NAME = 5.0  # for a person by one word: many people share a surname


def link_clusters(article: Article, clusters: Sequence[Cluster], knowledge: Knowledge | None) -> list[Link | None]:
    """Return the link of each cluster, None where no candidate is likely enough.

    The user's knowledge base takes precedence. Links depend only on the article and the knowledge base.
    """
    places = link_places(article, clusters)
    if knowledge is None:
        return places
    known = _link_known(article, clusters, knowledge)
    return [known_link or place_link for known_link, place_link in zip(known, places, strict=True)]


# ── The user's knowledge base ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Context:
    """The folded words of an article, and the folded names of its entities."""

    words: Set[str]
    names: Set[str]


def _link_known(article: Article, clusters: Sequence[Cluster], knowledge: Knowledge) -> Iterator[Link | None]:
    context = _Context(_content_words(article.text), frozenset(fold_name(cluster.name) for cluster in clusters))
    for cluster in clusters:
        candidates = [known for known in knowledge.candidates(cluster.name) if _may_be(known, cluster, article.text)]
        yield _choose(article.text, cluster, candidates, context) if candidates else None


def _content_words(text: str) -> frozenset[str]:
    """Return the words that distinguish entities, folded and without plural "s"."""
    words = (word.removesuffix("s") for word in WORD.findall(fold_name(text)) if word not in STOPWORDS)
    return frozenset(words)


def _may_be(known: KnownEntity, cluster: Cluster, text: str) -> bool:
    """Return whether an entity agrees with a cluster's type and spelling, and the larger place that the text gives."""
    if not known.allows(cluster.kind):
        return False
    spellings = [name for name in (known.name, *known.aliases) if fold_name(name) == fold_name(cluster.name)]
    if not any(_is_acronym(name) == _is_acronym(cluster.name) for name in spellings):
        return False  # WHO is not The Who
    is_place = cluster.kind in ("GPE", "LOC", "FAC")
    larger = {place.name for place in larger_places(text, cluster)} if is_place else set()
    return not larger or any(name in (known.description or "") for name in larger)


def _is_acronym(name: str) -> bool:
    return name.isupper() and len(name.replace(".", "")) <= LONGEST_ACRONYM


def _choose(text: str, cluster: Cluster, candidates: Sequence[KnownEntity], context: _Context) -> Link | None:
    """Return the link to the likeliest candidate, None if it is not likely enough."""
    highest = max(log2(2 + (known.popularity or 0)) for known in candidates)
    spans = (text[max(0, name.start - CONTEXT_REACH) : name.end + CONTEXT_REACH] for name in cluster.names)
    near = _content_words(" ".join(spans))
    weights = [
        log2(2 + (known.popularity or 0))
        / highest
        * (BY_NAME if fold_name(known.name) == fold_name(cluster.name) else 1.0)
        * POINT ** _points(known, near, context)
        for known in candidates
    ]
    is_lone = cluster.kind == "PERSON" and " " not in cluster.name
    best = weights.index(max(weights))
    share = weights[best] / (sum(weights) + (UNLISTED_LONE_NAME if is_lone else UNLISTED_ENTITY))
    if share < LEAST_SHARE:
        return None
    confidence = round(min(share, HIGHEST_CONFIDENCE), 2)
    return Link("knowledge_base", candidates[best].id, candidates[best].name, confidence)


def _points(known: KnownEntity, near: Set[str], context: _Context) -> int:
    """Return how much of an entity's description the article shares.

    A shared word counts once, and once more near the name. So does the name of another entity of the article.
    """
    description = fold_name(known.description or "")
    own = _content_words(" ".join((known.name, *known.aliases)))
    words = _content_words(description) - own
    others = {name for name in context.names if len(name) > 3 and f" {name} " in f" {description} "} - own
    return min(MOST_POINTS, len(words & context.words) + len(words & near) + len(others))
