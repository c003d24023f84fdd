"""The values that one step hands to the next: names, clusters of names, and links to outside lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pipeline.contract import EntityType, LinkSource

# An entity is linked if its share of all that the name may mean is at least this; the share is the link's confidence.
LEAST_SHARE = 0.75
HIGHEST_CONFIDENCE = 0.99


class Name(NamedTuple):
    """A name in an article: half-open code points, without title and possessive."""

    start: int
    end: int
    kind: EntityType
    confidence: float | None = None  # that it names something of that kind; None where layout or a list decides


@dataclass(frozen=True, slots=True)
class Cluster:
    """The names of one entity in one article."""

    kind: EntityType
    name: str  # the fullest in the article, on one line
    names: tuple[Name, ...]  # in reading order; confidence is that of the name times that of its place in this cluster


class Link(NamedTuple):
    """An entity's entry in an outside list."""

    source: LinkSource
    link_id: str
    name: str  # as the outside list prints it
    confidence: float
