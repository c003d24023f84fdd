"""What outside lists call the entities of an article: a knowledge base of the user's own, else ISO 3166-1 and GeoNames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from math import log2

from pipeline.contract import Article
from pipeline.entities.clusters import Group, Link
from pipeline.entities.knowledge import Knowledge, Known
from pipeline.entities.place_linking import link_places, named_behind
from pipeline.lexicon.gazetteer import fold_name

WORD = re.compile(r"\w{4,}")
# Words of descriptions that tell nobody from others.
COMMON_IN_DESCRIPTIONS = frozenset(
    """about after also among based been before being between born both company country died during each first following
    former formerly from group have including into known large largest later located main major many member more most
    name named near north number only organisation organization other over part people person place public second several
    since small some south such than that their them then there they this through under until used well were west east
    what when where which while whose with work world year years""".split()
)
# How many code points around a name hold its title and role.
NEAR = 80
# The weights of what speaks for an entity of a name, as documented in DECISIONS.md; its popularity counts as its logarithm.
BY_NAME = 4.0  # over an alias
POINT = 4.0  # each word of its description that the article holds
MOST_POINTS = 6
# Against all of them: that somebody or something is meant that the knowledge base does not hold.
UNKNOWN = 0.19
UNKNOWN_BY_LONE_NAME = 5.0  # of a person by one word: a surname is many people's
SURE = 0.75
SUREST = 0.99


def link_groups(article: Article, groups: Sequence[Group], knowledge: Knowledge | None) -> list[Link | None]:
    """Link each group of an article to an outside list, or to none where that is not sure.

    A knowledge base of the user's own comes first: its ids win. A link depends on the article and the knowledge base only.
    """
    places = link_places(article, groups)
    if knowledge is None:
        return places
    known = _link_known(article, groups, knowledge)
    return [mine or place for mine, place in zip(known, places, strict=True)]


# ── A knowledge base of the user's own ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Context:
    """The words of an article, and the names in it, as they are looked up."""

    words: Set[str]
    names: Set[str]


def _link_known(article: Article, groups: Sequence[Group], knowledge: Knowledge) -> Iterator[Link | None]:
    context = _Context(_words(article.text), frozenset(fold_name(group.name) for group in groups))
    for group in groups:
        known = [one for one in knowledge.candidates(group.name) if _may_be(one, group, article.text)]
        yield _choose(article.text, group, known, context) if known else None


def _words(text: str) -> frozenset[str]:
    """The words that may tell one from another, in one number."""
    words = (word.removesuffix("s") for word in WORD.findall(fold_name(text)) if word not in COMMON_IN_DESCRIPTIONS)
    return frozenset(words)


def _may_be(known: Known, group: Group, text: str) -> bool:
    """Whether an entity fits the type of a group, how it is spelt, and the larger place that the text puts it in."""
    if not known.is_of(group.kind):
        return False
    spellings = [name for name in (known.name, *known.aliases) if fold_name(name) == fold_name(group.name)]
    if not any(_is_acronym(name) == _is_acronym(group.name) for name in spellings):
        return False  # WHO is not The Who
    larger = {place.name for place in named_behind(text, group)} if group.kind in ("GPE", "LOC", "FAC") else set()
    return not larger or any(name in (known.description or "") for name in larger)


def _is_acronym(name: str) -> bool:
    return name.isupper() and len(name.replace(".", "")) <= 5


def _choose(text: str, group: Group, candidates: Sequence[Known], context: _Context) -> Link | None:
    """The one entity that is likely enough what a name means here."""
    most_popular = max(log2(2 + (one.popularity or 0)) for one in candidates)
    near = _words(" ".join(text[max(0, name.start - NEAR) : name.end + NEAR] for name in group.names))
    weights = [
        log2(2 + (one.popularity or 0))
        / most_popular
        * (BY_NAME if fold_name(one.name) == fold_name(group.name) else 1.0)
        * POINT ** _points(one, near, context)
        for one in candidates
    ]
    is_lone = group.kind == "PERSON" and " " not in group.name
    best = weights.index(max(weights))
    share = weights[best] / (sum(weights) + (UNKNOWN_BY_LONE_NAME if is_lone else UNKNOWN))
    if share < SURE:
        return None
    return Link("knowledge_base", candidates[best].id, candidates[best].name, round(min(share, SUREST), 2))


def _points(known: Known, near: Set[str], context: _Context) -> int:
    """How much of an entity's description the article tells too.

    A word counts once, near the name twice; the name of another entity of the article once more.
    """
    description = fold_name(known.description or "")
    own = _words(" ".join((known.name, *known.aliases)))
    words = _words(description) - own
    others = {name for name in context.names if len(name) > 3 and f" {name} " in f" {description} "} - own
    return min(MOST_POINTS, len(words & context.words) + len(words & near) + len(others))
