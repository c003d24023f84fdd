"""Quotes in languages whose attributions are not read: what stands between marks, and nobody invented to say it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.contract import Mention, Segment
from pipeline.language import Reading, SaidBy, count_words
from pipeline.quotes.attribution import Attribution
from pipeline.quotes.marks import CURLY_OPENING, Quotation, pair_marks
from pipeline.quotes.spans import FRAGMENT_WORDS, SCARE_WORDS, Span
from pipeline.quotes.speakers import UNKNOWN, Speaker

# What ends right before a quotation that begins a sentence or is announced by a colon.
SENTENCE_END = re.compile(r"(?:^|[.!?…:。！？：؟।»«”“\"」』])\s*$")


def find_marked(text: str, segments: Sequence[Segment], reading: Reading) -> list[Span]:
    """Find what stands between quotation marks, in reading order; all of it is direct.

    A few words inside a sentence are more often a title or a nickname than somebody's words and are left out, as is
    what a mark opens and none closes.
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
            is_continued = goes_on and said is None
            bounds = (quotation.start, quotation.end, True, quotation.segment)
            spans.append(Span("direct", *bounds, utterance, said, is_continued))
            running = quotation if quotation.runs_on else None
    return spans


def name_speakers(spans: Sequence[Span], mentions: Sequence[Mention]) -> list[Speaker]:
    """The speaker of each span, in the same order: the person whom its attribution names, else somebody."""
    persons = {(mention.start_char, mention.end_char): mention for mention in mentions}
    found: list[Speaker] = []
    for span in spans:
        said = span.attribution
        person = persons.get((said.speaker_start, said.speaker_end)) if said else None
        if person:
            found.append(Speaker(person.entity_id, person.entity_name, None, "named", "printed"))
        elif span.is_continued and found[-1].status == "named":
            found.append(Speaker(found[-1].entity_id, found[-1].name, None, "named", "continued"))
        else:
            found.append(UNKNOWN)
    return found


def _goes_on(running: Quotation | None, quotation: Quotation, segment: Segment) -> bool:
    """Whether a quotation reopens the one that ran on at the end of the paragraph before."""
    if running is None or quotation.segment - running.segment != 1:
        return False
    return quotation.outer_start == segment.start_char


def _is_speech(text: str, quotation: Quotation, segment: Segment) -> bool:
    words = count_words(text[quotation.start : quotation.end])
    begins = SENTENCE_END.search(text[segment.start_char : quotation.outer_start])
    return words > SCARE_WORDS if begins else words >= FRAGMENT_WORDS


def _said(text: str, quotation: Quotation, said_by: Sequence[SaidBy]) -> Attribution | None:
    """The attribution right behind a quotation."""
    for said in said_by:
        between = text[quotation.outer_end : said.cue_start]
        if said.cue_start >= quotation.outer_end and between.strip() in ("", ","):
            return Attribution(said.start, said.end, said.cue_start, said.cue_end, "name", "inverted")
    return None
