"""Quotes in languages whose attributions are not read: what stands between marks, and nobody invented to say it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.contract import Mention, Segment, SpeakerMethod
from pipeline.language import ForeignAttribution, Reading, Span, count_words
from pipeline.language.marks import Quotation
from pipeline.quotes.find_spans import FRAGMENT_WORDS, SCARE_WORDS
from pipeline.quotes.quote_spans import Attribution, QuoteSpan
from pipeline.quotes.speakers import UNKNOWN, Speaker

# What stands before a quotation that begins a sentence or is announced by a colon.
SENTENCE_START = re.compile(r"(?:^|[.!?…:。！？：؟।»«”“\"」』])\s*$")
SENTENCE_ENDS = ".!?…。！？؟।"


def find_foreign_spans(text: str, segments: Sequence[Segment], reading: Reading) -> list[QuoteSpan]:
    """Find what stands between quotation marks, in reading order; all of it is direct.

    A few words are more often a title or a nickname than what somebody said, unless they are a sentence, and are left
    out, as is what a mark opens and none closes.
    """
    found: list[QuoteSpan] = []
    running: Quotation | None = None
    for quotation in reading.quotations:
        segment = segments[quotation.segment]
        if segment.kind in ("dateline", "byline") or not quotation.is_closed:
            continue
        said = _said(text, quotation, reading.foreign_attributions)
        goes_on = _goes_on(running, quotation, segment)
        if said or goes_on or _is_speech(text, quotation, segment):
            utterance = found[-1].utterance if goes_on else len(found)
            found.append(QuoteSpan("direct", quotation.start, quotation.end, True, quotation.segment, utterance, said))
            running = quotation if quotation.runs_on else None
    return found


def name_foreign_speakers(stretches: Sequence[QuoteSpan], mentions: Sequence[Mention]) -> list[Speaker]:
    """The speaker of each stretch, in the same order: whom an attribution of its utterance names, else somebody."""
    persons = {(mention.start_char, mention.end_char): mention for mention in mentions}
    printed: dict[int, Mention] = {}  # by utterance
    for one in stretches:
        if one.attribution and one.attribution.source in persons:
            printed[one.utterance] = persons[one.attribution.source]
    return [_speaker(one, printed.get(one.utterance)) for one in stretches]


def _speaker(one: QuoteSpan, person: Mention | None) -> Speaker:
    if person is None:
        return UNKNOWN
    method: SpeakerMethod = "printed" if one.attribution else "continued"
    return Speaker(person.entity_id, person.entity_name, None, "named", method, None)


def _goes_on(running: Quotation | None, quotation: Quotation, segment: Segment) -> bool:
    """Whether a quotation reopens the one that ran on at the end of the paragraph before."""
    if running is None or quotation.segment - running.segment != 1:
        return False
    return quotation.outer_start == segment.start_char


def _is_speech(text: str, quotation: Quotation, segment: Segment) -> bool:
    words = count_words(text[quotation.start : quotation.end])
    if not SENTENCE_START.search(text[segment.start_char : quotation.outer_start]):
        return words >= FRAGMENT_WORDS
    return words > SCARE_WORDS or text[quotation.end - 1] in SENTENCE_ENDS


def _said(text: str, quotation: Quotation, said_by: Sequence[ForeignAttribution]) -> Attribution | None:
    """The attribution right behind a quotation."""
    for said in said_by:
        between = text[quotation.outer_end : said.cue_start]
        if said.cue_start >= quotation.outer_end and between.strip() in ("", ","):
            return Attribution(Span(said.source_start, said.source_end), Span(said.cue_start, said.cue_end))
    return None
