"""Quotes in languages whose attributions are not read: what stands between marks, and nobody invented to say it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.contract import Mention, Segment, SpeakerMethod
from pipeline.language import Reading, SaidBy, count_words
from pipeline.quotes.attribution import Attribution
from pipeline.quotes.marks import CURLY_OPENING, Quotation, pair_marks
from pipeline.quotes.spans import FRAGMENT_WORDS, SCARE_WORDS, Span
from pipeline.quotes.speakers import UNKNOWN, Speaker

# What stands before a quotation that begins a sentence or is announced by a colon.
SENTENCE_START = re.compile(r"(?:^|[.!?…:。！？：؟।»«”“\"」』])\s*$")
SENTENCE_ENDS = ".!?…。！？؟।"


def find_marked(text: str, segments: Sequence[Segment], reading: Reading) -> list[Span]:
    """Find what stands between quotation marks, in reading order; all of it is direct.

    A few words are more often a title or a nickname than what somebody said, unless they are a sentence, and are left
    out, as is what a mark opens and none closes.
    """
    spans: list[Span] = []
    running: Quotation | None = None
    for quotation in pair_marks(text, segments, CURLY_OPENING):
        segment = segments[quotation.segment]
        if segment.kind in ("dateline", "byline") or not quotation.is_closed:
            continue
        said = _said(text, quotation, reading.said_by)
        goes_on = _goes_on(running, quotation, segment)
        if said or goes_on or _is_speech(text, quotation, segment):
            utterance = spans[-1].utterance if goes_on else len(spans)
            spans.append(Span("direct", quotation.start, quotation.end, True, quotation.segment, utterance, said))
            running = quotation if quotation.runs_on else None
    return spans


def name_speakers(spans: Sequence[Span], mentions: Sequence[Mention]) -> list[Speaker]:
    """The speaker of each span, in the same order: whom an attribution of its utterance names, else somebody."""
    persons = {(mention.start_char, mention.end_char): mention for mention in mentions}
    printed: dict[int, Mention] = {}  # by utterance
    for span in spans:
        said = span.attribution
        if said and (said.speaker_start, said.speaker_end) in persons:
            printed[span.utterance] = persons[said.speaker_start, said.speaker_end]
    return [_speaker(span, printed.get(span.utterance)) for span in spans]


def _speaker(span: Span, person: Mention | None) -> Speaker:
    if person is None:
        return UNKNOWN
    method: SpeakerMethod = "printed" if span.attribution else "continued"
    return Speaker(person.entity_id, person.entity_name, None, "named", method)


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


def _said(text: str, quotation: Quotation, said_by: Sequence[SaidBy]) -> Attribution | None:
    """The attribution right behind a quotation."""
    for said in said_by:
        between = text[quotation.outer_end : said.cue_start]
        if said.cue_start >= quotation.outer_end and between.strip() in ("", ","):
            return Attribution(said.start, said.end, said.cue_start, said.cue_end, "name", "inverted")
    return None
