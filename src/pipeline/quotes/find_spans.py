"""Find the extent, type and attribution of each unbroken span of quoted or reported words in an English article.

The tagger finds who says what. Punctuation decides the rest: where a quotation begins and ends, what is entirely inside
its marks, and whether a quotation continues the one before.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pipeline.contract import Article, Attributions, QuoteType
from pipeline.language import Reading, Span
from pipeline.language.marks import Quotation
from pipeline.lexicon.speech_verbs import is_judged, is_said
from pipeline.quotes.quote_spans import Attribution, QuoteSpan
from pipeline.quotes.utterances import complete_sources, gather_utterances

# A quotation of at most so many words without attribution is a scare quote, a title or a nickname.
SCARE_WORDS = 3
# Inside a sentence, a shorter quotation without attribution is more often a slogan than speech.
FRAGMENT_WORDS = 6
# In "denounced the plan" the words behind the cue are its object, not reported speech.
FEWEST_REPORTED_WORDS = 3
# A single label may head a list or a note; a transcript has several turns.
FEWEST_TURNS = 3
# A turn of a transcript: a paragraph that starts with a label in capitals, perhaps behind an opening quotation mark.
TURN = re.compile(r"^[\"“]?(?P<source>[A-ZÀ-Þ][A-ZÀ-Þ.’'\- ]{1,40}|Q|A)(?P<cue>:)\s+(?=[^\s\"“«])")
TURN_END = re.compile(r"[\"”]?\s*$")
# Right before quotation marks inside a reported clause: "the governor often said", "as Oduya put it:".
SAYS_WITHIN = re.compile(
    r"\b(?P<source>(?:he|she|they)|(?:the|his|her|their|its)(?:\s[\w’'-]+){1,3}?|[A-Z][\w.’'-]+(?:\s[A-Z][\w.’'-]+){0,4})"
    r"(?:\s(?:once|often|also|then|had|has|have|always|(?:many|several|three|two)\stimes|\w+ly)){0,2}"
    r"\s(?P<cue>said|says|say|told\s\w+|wrote|writes|put\sit|asked|replied|answered|called\sit)(?:\sthat)?[,:]?\s*$"
)
SILENT_KINDS = ("dateline", "byline")
LOOSE_END = re.compile(r"[\s.,;:!?—–-]+$")
LOOSE_START = re.compile(r"^[\s,;:.—–-]+")
WORDS = re.compile(r"\w+")


def find_quote_spans(article: Article, reading: Reading, attributions: Attributions) -> list[QuoteSpan]:
    """Return what is quoted or reported in an English article, in reading order.

    Spans do not overlap, except that one may quote another speaker inside its own words.

    Args:
        article: its text and segments.
        reading: its sentences, quotations and tags.
        attributions: "all" also returns what is only believed, meant or found.
    """
    layout = _Layout.of(article, reading)
    turns = _find_turns(article)
    silent = {number for number, segment in enumerate(article.segments) if segment.kind in SILENT_KINDS}
    closed = silent | {turn.segment for turn in turns}
    parts = [part for part in _tagged_parts(layout) if part.segment not in closed]
    spans = _drop_overlaps(span for part in parts for span in _spans_of_part(layout, part, attributions))
    spans = _drop_overlaps([*spans, *_untagged_spans(layout, spans, closed)])
    spans = _mark_later_sentences(layout, _continue_spans(layout, spans))
    inner = [span for outer in spans for span in _spans_within(layout, outer)]
    return sorted([*spans, *inner, *turns], key=_reading_order)


@dataclass(frozen=True, slots=True)
class _Layout:
    """An article with the starts of its segments, sentences and quotations, to look up what is at a position."""

    article: Article
    reading: Reading
    segment_starts: Sequence[int]
    sentence_starts: Sequence[int]
    quotation_starts: Sequence[int]

    @classmethod
    def of(cls, article: Article, reading: Reading) -> _Layout:
        return cls(
            article,
            reading,
            [segment.start_char for segment in article.segments],
            [sentence.start for sentence in reading.sentences],
            [quotation.outer_start for quotation in reading.quotations],
        )

    def quotations_in(self, start: int, end: int) -> list[Quotation]:
        """Return the quotations that overlap a span, their marks included."""
        first = max(bisect_right(self.quotation_starts, start) - 1, 0)
        near = self.reading.quotations[first : bisect_left(self.quotation_starts, end)]
        return [quotation for quotation in near if start < quotation.outer_end]

    def segment_number(self, position: int) -> int:
        """Return the number of the segment around a position."""
        return bisect_right(self.segment_starts, position) - 1

    def sentence_number(self, position: int) -> int:
        """Return the number of the sentence around a position."""
        return bisect_right(self.sentence_starts, position) - 1

    def word_count(self, start: int, end: int) -> int:
        """Return the number of words in a span, 0 for an empty one."""
        return len(WORDS.findall(self.article.text[start:end])) if start < end else 0

    def stands_alone(self, quotation: Quotation) -> bool:
        """Return whether the sentences around a quotation contain nothing else."""
        first, last = self.sentence_number(quotation.start), self.sentence_number(quotation.end - 1)
        if first < 0:
            return False
        before = self.word_count(self.reading.sentences[first].start, quotation.outer_start)
        return not before and not self.word_count(quotation.outer_end, self.reading.sentences[last].end)


class _Part(NamedTuple):
    """The part of a content inside one segment, before its type is known."""

    start: int
    end: int
    segment: int
    utterance: int
    attribution: Attribution | None


def _reading_order(span: QuoteSpan) -> tuple[int, int]:
    return span.start, -span.end


def _drop_overlaps(spans: Iterable[QuoteSpan]) -> list[QuoteSpan]:
    """Return spans in reading order, without those that begin inside the one before."""
    kept: list[QuoteSpan] = []
    for span in sorted(spans, key=_reading_order):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


# ── Tagged contents ────────────────────────────────────────────────────────────────────────────────────────────


def _tagged_parts(layout: _Layout) -> Iterator[_Part]:
    segments, reading = layout.article.segments, layout.reading
    tags = complete_sources(layout.article.text, reading.tags)
    for number, utterance in enumerate(gather_utterances(tags, segments, reading.sentences)):
        for content in utterance.contents:
            start, end = _snap_to_quotations(layout, content.start, content.end)
            for segment_number in range(layout.segment_number(start), layout.segment_number(end - 1) + 1):
                segment = segments[segment_number]
                inside = max(start, segment.start_char), min(end, segment.end_char)
                yield _Part(*inside, segment_number, number, utterance.attribution)


def _snap_to_quotations(layout: _Layout, start: int, end: int) -> tuple[int, int]:
    """Return a content extended to each quotation it mostly contains, and cut before or behind one it only touches."""
    for quotation in layout.quotations_in(start, end):
        inside = layout.word_count(max(start, quotation.start), min(end, quotation.end))
        if 2 * inside >= layout.word_count(quotation.start, quotation.end):
            start, end = min(start, quotation.outer_start), max(end, quotation.outer_end)
        elif 4 * inside < layout.word_count(start, end) and start >= quotation.start:
            start = quotation.outer_end
        elif 4 * inside < layout.word_count(start, end) and end <= quotation.end:
            end = quotation.outer_start
    return start, end


def _spans_of_part(layout: _Layout, part: _Part, attributions: Attributions) -> Iterator[QuoteSpan]:
    """Yield the quotations of a part if it contains nothing else, or else the part as one span."""
    quotations = layout.quotations_in(part.start, part.end)
    quoted_words = sum(
        layout.word_count(max(part.start, quotation.start), min(part.end, quotation.end)) for quotation in quotations
    )
    other_words = layout.word_count(part.start, part.end) - quoted_words
    if quotations and not other_words:
        for quotation in quotations:
            yield _quoted_span(quotation, part.segment, part.utterance, part.attribution)
    elif quotations:
        is_nickname = quoted_words <= SCARE_WORDS and not _is_said(layout, part.attribution)
        if attributions == "all" or not is_nickname:  # "known to drivers as “Chip Alley”"
            yield from _whole_span(layout, part, quotations)
    elif _is_reported(layout, part, other_words, attributions):
        yield from _whole_span(layout, part, quotations)


def _quoted_span(quotation: Quotation, segment: int, utterance: int, attribution: Attribution | None) -> QuoteSpan:
    return QuoteSpan("direct", quotation.start, quotation.end, quotation.is_closed, segment, utterance, attribution)


def _whole_span(layout: _Layout, part: _Part, quotations: Sequence[Quotation]) -> Iterator[QuoteSpan]:
    """Yield a part as one span, unless it is only punctuation."""
    start, end = _strip_punctuation(layout.article.text, part.start, part.end)
    if start < end:
        is_within = any(quotation.start <= start and end <= quotation.end for quotation in quotations)
        quote_type: QuoteType = "direct" if is_within else "mixed" if quotations else "indirect"
        is_closed = all(quotation.is_closed for quotation in quotations)
        yield QuoteSpan(quote_type, start, end, is_closed, part.segment, part.utterance, part.attribution)


def _is_reported(layout: _Layout, part: _Part, words: int, attributions: Attributions) -> bool:
    """Return whether words without marks are reported by a cue or source in their own paragraph."""
    attribution = part.attribution
    if attribution is None or layout.segment_number(attribution.anchor.start) != part.segment:
        return False
    if attributions == "all":
        return True
    cue = attribution.cue
    is_object = cue is not None and is_judged(layout.article.text[cue.start : cue.end])
    return words >= FEWEST_REPORTED_WORDS and not is_object and _is_said(layout, attribution)


def _is_said(layout: _Layout, attribution: Attribution | None) -> bool:
    cue = attribution.cue if attribution else None
    return cue is not None and is_said(layout.article.text[cue.start : cue.end])


def _strip_punctuation(text: str, start: int, end: int) -> tuple[int, int]:
    end = start + len(LOOSE_END.sub("", text[start:end]))
    return end - len(LOOSE_START.sub("", text[start:end])), end


# ── Quotations without an attribution of their own ─────────────────────────────────────────────────────────────


def _untagged_spans(layout: _Layout, spans: Sequence[QuoteSpan], closed: set[int]) -> Iterator[QuoteSpan]:
    """Yield quotations that the tagger missed, if they are longer than a scare quote; they have no attribution."""
    ends = [span.end for span in spans]
    for quotation in layout.reading.quotations:
        following = bisect_right(ends, quotation.outer_start)
        is_taken = following < len(spans) and spans[following].start < quotation.outer_end
        if is_taken or quotation.segment in closed:
            continue
        words = layout.word_count(quotation.start, quotation.end)
        if words > SCARE_WORDS and (words >= FRAGMENT_WORDS or layout.stands_alone(quotation)):
            yield _quoted_span(quotation, quotation.segment, -1 - quotation.start, None)


def _continue_spans(layout: _Layout, spans: Sequence[QuoteSpan]) -> list[QuoteSpan]:
    """Return the spans; a quotation without attribution that clearly continues the span before gets its attribution."""
    kept: list[QuoteSpan] = []
    for span in spans:
        may_continue = kept and span.attribution is None and span.quote_type == "direct"
        kept.append(_continue_span(layout, kept[-1], span) if may_continue else span)
    return kept


def _continue_span(layout: _Layout, before: QuoteSpan, span: QuoteSpan) -> QuoteSpan:
    if before.attribution is None and not before.is_continued:
        return span
    quotation = next(iter(layout.quotations_in(span.start, span.end)), None)
    if quotation is None or not layout.stands_alone(quotation):
        return span
    segments = layout.article.segments
    opens_next_segment = (
        span.segment == before.segment + 1 and quotation.outer_start == segments[span.segment].start_char
    )
    runs_on = any(running.runs_on for running in layout.quotations_in(before.start, before.end))
    if before.segment == span.segment or (runs_on and opens_next_segment):
        return replace(span, utterance=before.utterance, attribution=before.attribution, is_continued=True)
    # The paragraph before ended with the speaker's words, and this one begins with more of them.
    ends_segment = not layout.word_count(before.end, segments[before.segment].end_char)
    if opens_next_segment and (ends_segment or before.quote_type == "direct"):
        return replace(span, attribution=before.attribution, is_continued=True)
    return span


def _mark_later_sentences(layout: _Layout, spans: Sequence[QuoteSpan]) -> list[QuoteSpan]:
    """Return the spans; those in sentences after their utterance's attribution are marked as continued."""
    begun: set[int] = set()
    kept: list[QuoteSpan] = []
    for span in spans:
        attribution = span.attribution
        is_later = attribution is not None and (
            layout.sentence_number(attribution.anchor.start) < layout.sentence_number(span.start)
        )
        kept.append(replace(span, is_continued=True) if is_later and span.utterance in begun else span)
        begun.add(span.utterance)
    return kept


# ── Words of another speaker, and transcripts ──────────────────────────────────────────────────────────────────


def _spans_within(layout: _Layout, outer: QuoteSpan) -> Iterator[QuoteSpan]:
    """Yield what a speaker quotes: in `Oduya said the governor often said "we wait"` the governor's words."""
    if outer.quote_type != "mixed":
        return
    for quotation in layout.quotations_in(outer.start, outer.end):
        match = SAYS_WITHIN.search(layout.article.text[outer.start : quotation.outer_start])
        if match:
            source, cue = _group_spans(match, outer.start)
            yield _quoted_span(quotation, outer.segment, -1 - quotation.start, Attribution(source, cue))


def _group_spans(match: re.Match[str], offset: int) -> tuple[Span, Span]:
    """Return where the groups "source" and "cue" are in a text in which the searched words start at ``offset``."""
    source, cue = (Span(offset + match.start(name), offset + match.end(name)) for name in ("source", "cue"))
    return source, cue


def _find_turns(article: Article) -> list[QuoteSpan]:
    """Return the turns of a transcript, or nothing if there are too few."""
    turns = []
    for number, segment in enumerate(article.segments):
        start, text = segment.start_char, article.text[segment.start_char : segment.end_char]
        match = TURN.match(text)
        if match:
            label = Attribution(*_group_spans(match, start), is_label=True)
            is_in_marks = match.start("source") > 0
            end = start + len(TURN_END.sub("", text) if is_in_marks else text)
            turns.append(QuoteSpan("direct", start + match.end(), end, True, number, -1 - start, label))
    return turns if len(turns) >= FEWEST_TURNS else []
