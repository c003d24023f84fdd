"""Find quotes in other languages than English: text between quotation marks, with a speaker only if named behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.contract import Mention, Segment, SpeakerMethod
from pipeline.language import ForeignAttribution, Reading, Span, count_words
from pipeline.language.marks import Quotation
from pipeline.quotes.find_spans import FRAGMENT_WORDS, SCARE_WORDS
from pipeline.quotes.quote_spans import Attribution, QuoteSpan
from pipeline.quotes.speakers import UNRESOLVED, Speaker

# What precedes a quotation that begins a sentence or follows a colon.
SENTENCE_START = re.compile(r"(?:^|[.!?…:。！？：؟।»«”“\"」』])\s*$")
SENTENCE_ENDS = ".!?…。！？؟।"


def find_foreign_spans(text: str, segments: Sequence[Segment], reading: Reading) -> list[QuoteSpan]:
    """Return what is between quotation marks, in reading order; all of it is direct.

    Skips a few words that are not a sentence, because they are more often a title or a nickname, and quotations
    without a closing mark.
    """
    found: list[QuoteSpan] = []
    running: Quotation | None = None
    for quotation in reading.quotations:
        segment = segments[quotation.segment]
        if segment.kind in ("dateline", "byline") or not quotation.is_closed:
            continue
        attribution = _find_attribution(text, quotation, reading.foreign_attributions)
        continues = _continues(running, quotation, segment)
        if attribution or continues or _is_speech(text, quotation, segment):
            utterance = found[-1].utterance if continues else len(found)
            span = QuoteSpan("direct", quotation.start, quotation.end, True, quotation.segment, utterance, attribution)
            found.append(span)
            running = quotation if quotation.runs_on else None
    return found


def name_foreign_speakers(spans: Sequence[QuoteSpan], mentions: Sequence[Mention]) -> list[Speaker]:
    """Return the speaker of each span, in the same order: the person named for its utterance, or unresolved."""
    mentions_by_place = {(mention.start_char, mention.end_char): mention for mention in mentions}
    people: dict[int, Mention] = {}  # by utterance
    for span in spans:
        if span.attribution and span.attribution.source in mentions_by_place:
            people[span.utterance] = mentions_by_place[span.attribution.source]
    return [_speaker(span, people.get(span.utterance)) for span in spans]


def _speaker(span: QuoteSpan, person: Mention | None) -> Speaker:
    if person is None:
        return UNRESOLVED
    method: SpeakerMethod = "printed" if span.attribution else "continued"
    return Speaker(person.entity_id, person.entity_name, None, "named", method, None)


def _continues(running: Quotation | None, quotation: Quotation, segment: Segment) -> bool:
    """Return whether a quotation reopens the running one at the beginning of the next paragraph."""
    if running is None or quotation.segment - running.segment != 1:
        return False
    return quotation.outer_start == segment.start_char


def _is_speech(text: str, quotation: Quotation, segment: Segment) -> bool:
    """Return whether a quotation without attribution is long enough to be speech rather than a title or nickname."""
    words = count_words(text[quotation.start : quotation.end])
    if not SENTENCE_START.search(text[segment.start_char : quotation.outer_start]):
        return words >= FRAGMENT_WORDS
    return words > SCARE_WORDS or text[quotation.end - 1] in SENTENCE_ENDS


def _find_attribution(
    text: str, quotation: Quotation, attributions: Sequence[ForeignAttribution]
) -> Attribution | None:
    """Return the attribution right behind a quotation."""
    for found in attributions:
        between = text[quotation.outer_end : found.cue_start]
        if found.cue_start >= quotation.outer_end and between.strip() in ("", ","):
            return Attribution(Span(found.source_start, found.source_end), Span(found.cue_start, found.cue_end))
    return None
