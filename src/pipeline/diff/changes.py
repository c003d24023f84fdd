"""The changes of a data set, as they are passed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pipeline.diff.words import DiffSpan

What = Literal["article", "quote", "speaker"]
Kind = Literal["added", "removed", "changed"]
Cause = Literal[
    "new input",  # the article was not there
    "removed",  # it is not there any more: its raw file was pruned, its address changed, or it is forgotten
    "changed input",  # its record or what lies beside it holds something else, or it is taken from another record
    "new code",  # the same input was curated by another version of onrecord or of its model
    "new settings",  # … with other settings, attributions or another knowledge base
    "correction",  # a person corrected or confirmed it, or took that back
    "other articles",  # only what it is a copy of, or how many contents its records had
]


class Group(NamedTuple):
    """Changes of one sort."""

    what: What
    kind: Kind
    cause: Cause

    @property
    def title(self) -> str:
        """As a heading."""
        heading = f"{self.what.capitalize()}s {self.kind}"
        return heading if self.cause == self.kind else f"{heading}: {self.cause}"


@dataclass(frozen=True, slots=True)
class Value:
    """What a column held before and holds after; long stretches are cut."""

    column: str
    pieces: tuple[DiffSpan, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One article, quote or speaker that is new, gone or otherwise."""

    article_id: str
    quote_id: str | None
    where: str  # publisher, day and headline of the article; the speaker of a quote that one side only has
    words: str | None  # the quote's, where they did not change
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """All that changed, counted, and the first changes of each sort."""

    before: str
    after: str
    counts: Mapping[Group, int]  # in the order of the vocabularies
    examples: Mapping[Group, Sequence[Change]]
