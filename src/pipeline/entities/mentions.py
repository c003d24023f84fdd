"""The mentions of an article: names joined and linked, descriptions, and pronouns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import exp, log

from pipeline.contract import Article, EntityType, Mention, MentionForm, Quote, stable_id
from pipeline.entities.clustering import join_names
from pipeline.entities.clusters import Group, Link, Name
from pipeline.entities.knowledge import Knowledge
from pipeline.entities.linking import link_groups
from pipeline.entities.name_spans import find_names
from pipeline.entities.reference import Reference, find_descriptions, find_pronouns
from pipeline.language import Reading
from pipeline.language.discourse import innermost_of
from pipeline.lexicon.titles import HONORIFIC, find_role

TITLE_REACH = 80  # code points around a name in which its title stands
# A logistic curve, fitted on the dev part of worldwide-newswire; on its half that it was not fitted on, confidence is
# off by .05 (expected calibration error; the tagger's own by .06).
SLOPE, SHIFT = 0.43, 0.52
HONORIFIC_BEFORE = re.compile(rf"{HONORIFIC}(?=\s+$)")


def entity_id_of(kind: EntityType, name: str, link: Link | None = None) -> str:
    """An entity's id: of its type and outside id, else of its type and name only, the same in every article."""
    return stable_id("entity", kind, link.source, link.link_id) if link else stable_id("entity", kind, name)


def extract_mentions(article: Article, reading: Reading, knowledge: Knowledge | None = None) -> list[Mention]:
    """Find who and what is named or described in an article, in reading order; mentions do not overlap.

    Names that belong together carry one ``entity_id`` and one ``entity_name``: the outside list's where they are
    linked, else the fullest that the article holds, never a fuller one but for well-known bodies.

    Args:
        article: its text and segments.
        reading: its sentences, and what the tagger found.
        knowledge: of the user's own, that entities are linked to first.
    """
    groups = join_names(article.text, find_names(article, reading))
    links = link_groups(article, groups, knowledge)
    named = _in_order(
        _named(article, _settled(group, link), name, link)
        for group, link in zip(groups, links, strict=True)
        for name in group.names
    )
    described = find_descriptions(article.text, named) if reading.is_english else []
    return _in_order([*named, *(_referring(article, one, "nominal") for one in described)])


def complete_mentions(
    article: Article, reading: Reading, mentions: Sequence[Mention], quotes: Sequence[Quote]
) -> list[Mention]:
    """The mentions with what quotes tell: pronouns that mean a person, and of each the innermost quote that holds it."""
    pronouns = find_pronouns(article, reading, mentions, quotes) if reading.is_english else []
    find_quote = innermost_of(quotes)
    completed = []
    for mention in _in_order([*mentions, *(_referring(article, one, "pronoun") for one in pronouns)]):
        quote = find_quote(mention.start_char, mention.end_char)
        completed.append(replace(mention, quote_id=quote.quote_id) if quote else mention)
    return completed


def _settled(group: Group, link: Link | None) -> Group:
    """A group of the kind that its link tells: whether a city or state was taken for a landscape, it is one entity."""
    is_place = link is not None and link.source in ("iso3166-1", "geonames") and group.kind != "NORP"
    return replace(group, kind="GPE") if is_place else group


def _in_order(mentions: Iterable[Mention]) -> list[Mention]:
    return sorted(mentions, key=lambda one: one.start_char)


def _named(article: Article, group: Group, name: Name, link: Link | None) -> Mention:
    return Mention(
        mention_id=stable_id(article.article_id, "mention", name.start, name.end),
        article_id=article.article_id,
        published_on=article.published_on,
        entity_id=entity_id_of(group.kind, group.name, link),
        entity_name=link.name if link else group.name,
        entity_type=group.kind,
        link_source=link.source if link else None,
        link_id=link.link_id if link else None,
        link_confidence=link.confidence if link else None,
        text=article.text[name.start : name.end],
        start_char=name.start,
        end_char=name.end,
        title=_title(article.text, name) if group.kind == "PERSON" else None,
        form="name",
        quote_id=None,
        confidence=None if name.confidence is None else _chance(name.confidence),
    )


def _chance(confidence: float) -> float:
    """The share of mentions that are right of those of which the tagger, and what joins them, are so sure.

    >>> _chance(0.97), _chance(0.5)
    (0.882, 0.627)
    """
    within = min(max(confidence, 0.001), 0.999)
    return round(1 / (1 + exp(-SLOPE * log(within / (1 - within)) - SHIFT)), 3)


def _title(text: str, name: Name) -> str | None:
    """The role or honorific right before a name, else the role behind it, as printed."""
    before = text[max(0, name.start - TITLE_REACH) : name.start].rpartition("\n")[2]
    behind = text[name.end : name.end + TITLE_REACH].partition("\n")[0]
    honorific = HONORIFIC_BEFORE.search(before)
    return find_role(before, "") or (honorific.group() if honorific else find_role("", behind))


def _referring(article: Article, one: Reference, form: MentionForm) -> Mention:
    """A mention of the same entity by other words."""
    return replace(
        one.meant,
        mention_id=stable_id(article.article_id, "mention", one.start, one.end),
        text=article.text[one.start : one.end],
        start_char=one.start,
        end_char=one.end,
        title=None,
        form=form,
        confidence=None,
    )
