"""What passes from one step to the next: names, those of one entity together, and what an outside list calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pipeline.contract import EntityType, LinkSource


class Name(NamedTuple):
    """A stretch of an article that names somebody or something; half-open code points, without title and possessive."""

    start: int
    end: int
    kind: EntityType
    confidence: float | None = None  # that it names something of that kind; None where layout or a list decides


@dataclass(frozen=True, slots=True)
class Group:
    """The names of one entity in one article."""

    kind: EntityType
    name: str  # the fullest that the article holds, on one line
    names: tuple[Name, ...]  # in order; the confidence of each: that it is a name, and that it belongs here


class Link(NamedTuple):
    """An entity as an outside list knows it."""

    source: LinkSource
    link_id: str
    name: str  # there
    confidence: float
