"""Spans of quoted or reported words and their attributions, before speakers are resolved."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.contract import QuoteType
from pipeline.language import Span


@dataclass(frozen=True, slots=True)
class Attribution:
    """The printed words that name who says something, and by which cue; one of the two may be missing."""

    source: Span | None
    cue: Span | None
    confidence: float | None = None  # that source and cue belong to the content; None where a rule decided
    is_label: bool = False  # the source heads a turn of a transcript: "ODUYA: …"

    @property
    def anchor(self) -> Span:
        """The cue, or the source where there is no cue."""
        anchor = self.cue or self.source
        assert anchor is not None, "neither source nor cue"
        return anchor


@dataclass(frozen=True, slots=True)
class QuoteSpan:
    """An unbroken span of quoted or reported words; its speaker is not resolved yet."""

    quote_type: QuoteType
    start: int
    end: int
    is_closed: bool  # False if the closing quotation mark is missing
    segment: int  # number of the segment around it
    utterance: int  # spans with the same number are one utterance
    attribution: Attribution | None  # of its utterance; if it continues another span, of that one
    is_continued: bool = False  # without an attribution of its own: it has the speaker of the span before
