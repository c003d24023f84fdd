"""What checks find: failed expectations, drift, and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.contract.columns import RuleKind

# rows: a failing row refuses its article; tables: a failure blocks the run; drift: it warns.
FindingKind = Literal["rows", "tables", "drift"]
DriftMeasure = Literal[
    "articles_a_day",  # of a publisher, in the last 24 hours
    "undated_share",  # of its articles
    "unnamed_share",  # of its quotes: those whose speaker is not named
    "quotes_an_article",
    "language_shift",  # total variation distance of its articles' languages from the baseline, 0 to 1
    "reject_share",  # of a source's records that became a new article or were newly rejected
]


@dataclass(frozen=True, slots=True)
class Drift:
    """A measure of the last 24 hours of a publisher or a source, and its baseline."""

    subject: str  # the publisher; for reject_share the source
    measure: DriftMeasure
    found: float
    low: float  # the baseline is not below this,
    high: float  # nor above this; infinite without a bound
    basis: str  # what the bounds rest on, in words
    count: int  # articles, quotes or records that were measured

    @property
    def is_unusual(self) -> bool:
        """Whether it warns."""
        return not self.low <= self.found <= self.high

    @property
    def usual(self) -> str:
        """The baseline in words."""
        if self.low <= 0 and self.high == float("inf"):
            return "anything"
        if self.high == float("inf"):
            return f"at least {self.low:.3g}"
        return f"{self.low:.3g} to {self.high:.3g}"

    @property
    def in_words(self) -> str:
        """What was found, and the baseline."""
        return f"{self.subject}: {self.measure} is {self.found:.3g}, usual is {self.usual} ({self.basis})"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something people should know at once."""

    name: Literal["rejects_high", "nothing_arrived", "drift"]
    detail: str


@dataclass(frozen=True, slots=True)
class Example:
    """A row that fails an expectation, as a person can look it up."""

    row: str  # its key and values, in a line
    before: str = ""  # some code points before it in its article,
    text: str = ""  # its words as articles.text has them at its offsets,
    after: str = ""  # and some code points after it; all empty for a row without a place in an article
    source: str = ""  # the raw record that the article was read from
    raw_path: str = ""
    raw_record: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one expectation."""

    kind: FindingKind
    table: str  # "drift" for drift
    column: str  # empty for a rule on a whole table; for drift the measure
    rule: RuleKind
    expectation: str  # its type, in Great Expectations' terms
    expected: str  # the same in words
    success: bool
    element_count: int
    unexpected_count: int
    examples: tuple[Example, ...] = ()
    failing_keys: tuple[str, ...] = ()  # article_ids of the failing rows; only for kind "rows"

    @property
    def blocks(self) -> bool:
        """Whether the run must not be published."""
        return self.kind == "tables" and not self.success
