"""What changed from one version to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pipeline.diff.word_diff import DiffSpan

What = Literal["article", "quote", "speaker"]
Kind = Literal["added", "removed", "changed"]
Cause = Literal[
    "new input",  # the article is new
    "removed",  # the article is gone: its raw file was pruned, its address changed, or it was forgotten
    "changed input",  # its record or sidecar has new content, or it is taken from another record
    "new code",  # another version of onrecord or its model curated the same input
    "new settings",  # the same input was curated with other settings, attributions or another knowledge base
    "correction",  # a person corrected or confirmed it, or withdrew that
    "other articles",  # only what it is a copy of changed, or the number of its revisions
]


class Group(NamedTuple):
    """Changes that are counted together."""

    what: What
    kind: Kind
    cause: Cause

    @property
    def title(self) -> str:
        """The group as a heading."""
        heading = f"{self.what.capitalize()}s {self.kind}"
        return heading if self.cause == self.kind else f"{heading}: {self.cause}"


@dataclass(frozen=True, slots=True)
class Value:
    """A column's value before and after, as spans; long spans are cut."""

    column: str
    spans: tuple[DiffSpan, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """An article, quote or speaker that was added, removed or changed."""

    article_id: str
    quote_id: str | None
    where: str  # the article's publisher, day and headline, and the speaker of a quote that only one version has
    words: str | None  # the quote's, if they did not change
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes counted, and the first ones of each group."""

    before: str
    after: str
    counts: Mapping[Group, int]  # in the order of the vocabularies
    examples: Mapping[Group, Sequence[Change]]
