"""What passes from finding quotes to resolving their speakers."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.contract import QuoteType
from pipeline.language import Span


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who is said to say it, and by which words, as printed; one of the two may be missing."""

    source: Span | None
    cue: Span | None
    confidence: float | None = None  # that these are the speaker and cue of what is said; None where a rule decided
    is_label: bool = False  # heads a turn: "ODUYA: …"

    @property
    def place(self) -> Span:
        """Where it is printed: its cue, or else its speaker."""
        place = self.cue or self.source
        assert place is not None, "neither speaker nor cue"
        return place


@dataclass(frozen=True, slots=True)
class QuoteSpan:
    """What is said, quoted or reported, without a break; its speaker is not resolved yet."""

    quote_type: QuoteType
    start: int
    end: int
    is_closed: bool
    segment: int
    utterance: int  # stretches with the same number are one utterance
    attribution: Attribution | None  # of the utterance; of the one before, where it only goes on
    is_continued: bool = False  # nothing is printed for it: it goes on with the speaker of the one before
