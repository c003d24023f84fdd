"""Return the mentions of an article: clustered and linked names, descriptions, and pronouns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import exp, log

from pipeline.contract import Article, EntityType, Mention, MentionForm, Quote, stable_id
from pipeline.entities.clustering import cluster_names
from pipeline.entities.clusters import Cluster, Link, Name
from pipeline.entities.knowledge import Knowledge
from pipeline.entities.linking import link_clusters
from pipeline.entities.name_spans import find_names
from pipeline.entities.reference import Reference, find_descriptions, find_pronouns
from pipeline.language import Reading
from pipeline.language.discourse import innermost_of
from pipeline.lexicon.titles import HONORIFIC, find_role

TITLE_REACH = 80  # code points around a name in which its title is looked for
# A logistic curve, fitted on half of the dev part of worldwide-newswire. On the other half its expected calibration
# error is .05; that of the tagger's own confidence is .06.
SLOPE, SHIFT = 0.43, 0.52
HONORIFIC_BEFORE = re.compile(rf"{HONORIFIC}(?=\s+$)")


def entity_id_of(kind: EntityType, name: str, link: Link | None = None) -> str:
    """Return an entity's id: a hash of its type and outside id, else of its type and name."""
    return stable_id("entity", kind, link.source, link.link_id) if link else stable_id("entity", kind, name)


def extract_mentions(article: Article, reading: Reading, knowledge: Knowledge | None = None) -> list[Mention]:
    """Return the names and descriptions of an article in reading order, without overlap.

    Names of one cluster share ``entity_id`` and ``entity_name``. The name is the outside list's if they are linked,
    else the fullest in the article; well-known organisations get their full name even where the article never prints it.

    Args:
        article: its text and segments.
        reading: its sentences and tags.
        knowledge: the user's knowledge base, which takes precedence over other lists.
    """
    clusters = cluster_names(article.text, find_names(article, reading))
    links = link_clusters(article, clusters, knowledge)
    named = _in_order(
        _named(article, _with_linked_kind(cluster, link), name, link)
        for cluster, link in zip(clusters, links, strict=True)
        for name in cluster.names
    )
    descriptions = find_descriptions(article.text, named) if reading.is_english else []
    return _in_order([*named, *(_referring(article, description, "nominal") for description in descriptions)])


def complete_mentions(
    article: Article, reading: Reading, mentions: Sequence[Mention], quotes: Sequence[Quote]
) -> list[Mention]:
    """Add pronouns that mean a person, and the id of the innermost quote around each mention."""
    pronouns = find_pronouns(article, reading, mentions, quotes) if reading.is_english else []
    find_quote = innermost_of(quotes)
    completed = []
    for mention in _in_order([*mentions, *(_referring(article, pronoun, "pronoun") for pronoun in pronouns)]):
        quote = find_quote(mention.start_char, mention.end_char)
        completed.append(replace(mention, quote_id=quote.quote_id) if quote else mention)
    return completed


def _with_linked_kind(cluster: Cluster, link: Link | None) -> Cluster:
    """Return the cluster as GPE if it is linked to a country, region or city, so that an id never has two types."""
    is_place = link is not None and link.source in ("iso3166-1", "geonames") and cluster.kind != "NORP"
    return replace(cluster, kind="GPE") if is_place else cluster


def _in_order(mentions: Iterable[Mention]) -> list[Mention]:
    return sorted(mentions, key=lambda mention: mention.start_char)


def _named(article: Article, cluster: Cluster, name: Name, link: Link | None) -> Mention:
    return Mention(
        mention_id=stable_id(article.article_id, "mention", name.start, name.end),
        article_id=article.article_id,
        published_on=article.published_on,
        entity_id=entity_id_of(cluster.kind, cluster.name, link),
        entity_name=link.name if link else cluster.name,
        entity_type=cluster.kind,
        link_source=link.source if link else None,
        link_id=link.link_id if link else None,
        link_confidence=link.confidence if link else None,
        text=article.text[name.start : name.end],
        start_char=name.start,
        end_char=name.end,
        title=_title(article.text, name) if cluster.kind == "PERSON" else None,
        form="name",
        quote_id=None,
        confidence=None if name.confidence is None else _calibrate(name.confidence),
    )


def _calibrate(confidence: float) -> float:
    """Return the share of mentions with this confidence, of tagger and clustering, that are right.

    >>> _calibrate(0.97), _calibrate(0.5)
    (0.882, 0.627)
    """
    within = min(max(confidence, 0.001), 0.999)
    return round(1 / (1 + exp(-SLOPE * log(within / (1 - within)) - SHIFT)), 3)


def _title(text: str, name: Name) -> str | None:
    """Return the role or honorific right before a name, else the role behind it, as printed."""
    before = text[max(0, name.start - TITLE_REACH) : name.start].rpartition("\n")[2]
    behind = text[name.end : name.end + TITLE_REACH].partition("\n")[0]
    honorific = HONORIFIC_BEFORE.search(before)
    return find_role(before, "") or (honorific.group() if honorific else find_role("", behind))


def _referring(article: Article, reference: Reference, form: MentionForm) -> Mention:
    """Return the mention that a description or pronoun makes of its antecedent's entity."""
    return replace(
        reference.antecedent,
        mention_id=stable_id(article.article_id, "mention", reference.start, reference.end),
        text=article.text[reference.start : reference.end],
        start_char=reference.start,
        end_char=reference.end,
        title=None,
        form=form,
        confidence=None,
    )
