"""From utterances to what was said: the extent, the type and the attribution of each unbroken stretch.

The tagger tells who says what; what punctuation decides is decided here: where a quotation begins and ends, what stands
wholly within marks, and that a quotation goes on.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pipeline.contract import Article, Attributions, QuoteType
from pipeline.language import Reading, Span
from pipeline.language.marks import Quotation
from pipeline.lexicon.speech_verbs import is_judged, is_said
from pipeline.quotes.quote_spans import Attribution, QuoteSpan
from pipeline.quotes.utterances import complete_sources, gather_utterances

# A quoted stretch of so few words that nobody is said to say is a scare quote, a title or a nickname.
SCARE_WORDS = 3
# Inside a sentence a stretch without an attribution is more often a slogan than somebody's words.
FRAGMENT_WORDS = 6
# "denounced the plan": what is denounced is named, not told.
FEWEST_REPORTED_WORDS = 3
# One label may head a list or a note; a transcript has several turns.
FEWEST_TURNS = 3
# A turn of a transcript: a label in capitals heads a paragraph, behind the mark that opens it where all of it is quoted.
TURN = re.compile(r"^[\"“]?(?P<speaker>[A-ZÀ-Þ][A-ZÀ-Þ.’'\- ]{1,40}|Q|A)(?P<cue>:)\s+(?=[^\s\"“«])")
TURN_END = re.compile(r"[\"”]?\s*$")
# Right before the marks within a reported clause: "the governor often said", "as Oduya put it:".
SAYS_WITHIN = re.compile(
    r"\b(?P<speaker>(?:he|she|they)|(?:the|his|her|their|its)(?:\s[\w’'-]+){1,3}?|[A-Z][\w.’'-]+(?:\s[A-Z][\w.’'-]+){0,4})"
    r"(?:\s(?:once|often|also|then|had|has|have|always|(?:many|several|three|two)\stimes|\w+ly)){0,2}"
    r"\s(?P<cue>said|says|say|told\s\w+|wrote|writes|put\sit|asked|replied|answered|called\sit)(?:\sthat)?[,:]?\s*$"
)
SILENT_KINDS = ("dateline", "byline")
LOOSE_END = re.compile(r"[\s.,;:!?—–-]+$")
LOOSE_START = re.compile(r"^[\s,;:.—–-]+")
WORDS = re.compile(r"\w+")


def find_quote_spans(article: Article, reading: Reading, attributions: Attributions) -> list[QuoteSpan]:
    """Find what is quoted or reported in an English article, in reading order.

    Args:
        article: its text and segments.
        reading: its sentences, quotations and tags.
        attributions: whether what is only believed, meant or found counts.
    """
    page = _Page.of(article, reading)
    turns = _find_turns(article)
    silent = {number for number, one in enumerate(article.segments) if one.kind in SILENT_KINDS}
    closed = silent | {turn.segment for turn in turns}
    parts = [part for part in _tagged_parts(page) if part.segment not in closed]
    found = _in_order(one for part in parts for one in _stretches(page, part, attributions))
    found = _in_order([*found, *_untagged(page, found, closed)])
    found = _understood(page, _going_on(page, found))
    inner = [one for outer in found for one in _quoted_within(page, outer)]
    return sorted([*found, *inner, *turns], key=lambda one: (one.start, -one.end))


@dataclass(frozen=True, slots=True)
class _Page:
    """An article, and where its parts begin."""

    article: Article
    reading: Reading
    segment_starts: Sequence[int]
    sentence_starts: Sequence[int]
    quotation_starts: Sequence[int]

    @classmethod
    def of(cls, article: Article, reading: Reading) -> _Page:
        return cls(
            article,
            reading,
            [one.start_char for one in article.segments],
            [one.start for one in reading.sentences],
            [one.outer_start for one in reading.quotations],
        )

    def quotations_in(self, start: int, end: int) -> list[Quotation]:
        """The quotations that a stretch touches."""
        first = max(bisect_right(self.quotation_starts, start) - 1, 0)
        near = self.reading.quotations[first : bisect_left(self.quotation_starts, end)]
        return [one for one in near if start < one.outer_end]

    def sentence_at(self, char: int) -> int:
        """The number of the sentence in which a code point stands."""
        return bisect_right(self.sentence_starts, char) - 1

    def count(self, start: int, end: int) -> int:
        """The words of a stretch."""
        return len(WORDS.findall(self.article.text[start:end])) if start < end else 0

    def stands_alone(self, quotation: Quotation) -> bool:
        """Whether a quotation is all there is of its sentences."""
        first, last = self.sentence_at(quotation.start), self.sentence_at(quotation.end - 1)
        if first < 0:
            return False
        before = self.count(self.reading.sentences[first].start, quotation.outer_start)
        return not before and not self.count(quotation.outer_end, self.reading.sentences[last].end)


class _Part(NamedTuple):
    """A piece of a content within one segment, before its type is known."""

    start: int
    end: int
    segment: int
    utterance: int
    attribution: Attribution | None


def _in_order(found: Iterator[QuoteSpan] | Sequence[QuoteSpan]) -> list[QuoteSpan]:
    """By place, without those that reach into the one before."""
    kept: list[QuoteSpan] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _tagged_parts(page: _Page) -> Iterator[_Part]:
    segments, reading = page.article.segments, page.reading
    tags = complete_sources(page.article.text, reading.tags)
    for number, utterance in enumerate(gather_utterances(tags, segments, reading.sentences)):
        for content in utterance.contents:
            start, end = _snap(page, content.start, content.end)
            first, last = (bisect_right(page.segment_starts, char) - 1 for char in (start, end - 1))
            for at in range(first, last + 1):
                inside = max(start, segments[at].start_char), min(end, segments[at].end_char)
                yield _Part(*inside, at, number, utterance.attribution)


def _snap(page: _Page, start: int, end: int) -> tuple[int, int]:
    """A content that holds most of a quotation holds it whole; of one that it only touches it holds nothing."""
    for one in page.quotations_in(start, end):
        inside = page.count(max(start, one.start), min(end, one.end))
        if 2 * inside >= page.count(one.start, one.end):
            start, end = min(start, one.outer_start), max(end, one.outer_end)
        elif 4 * inside < page.count(start, end) and start >= one.start:
            start = one.outer_end
        elif 4 * inside < page.count(start, end) and end <= one.end:
            end = one.outer_start
    return start, end


def _stretches(page: _Page, part: _Part, attributions: Attributions) -> Iterator[QuoteSpan]:
    """The stretches of a part: each quotation where it holds nothing else, else the part as a whole."""
    own = page.quotations_in(part.start, part.end)
    quoted = sum(page.count(max(part.start, one.start), min(part.end, one.end)) for one in own)
    outside = page.count(part.start, part.end) - quoted
    if own and not outside:
        for one in own:
            yield QuoteSpan("direct", one.start, one.end, one.is_closed, part.segment, part.utterance, part.attribution)
        return
    if not own and not _is_reported(page, part, outside, attributions):
        return
    if attributions == "said" and own and quoted <= SCARE_WORDS and not _is_said(page, part.attribution):
        return  # "known to drivers as “Chip Alley”"
    start, end = _strip(page.article.text, part.start, part.end)
    if start < end:
        is_within = any(one.start <= start and end <= one.end for one in own)
        kind: QuoteType = "direct" if is_within else "mixed" if own else "indirect"
        is_closed = all(one.is_closed for one in own)
        yield QuoteSpan(kind, start, end, is_closed, part.segment, part.utterance, part.attribution)


def _is_reported(page: _Page, part: _Part, words: int, attributions: Attributions) -> bool:
    """Whether words without marks are reported: by a cue or source of their own paragraph, and as the setting asks."""
    said = part.attribution
    if said is None or bisect_right(page.segment_starts, said.place.start) - 1 != part.segment:
        return False
    if attributions == "all":
        return True
    is_object = said.cue is not None and is_judged(page.article.text[said.cue.start : said.cue.end])
    return words >= FEWEST_REPORTED_WORDS and not is_object and _is_said(page, said)


def _is_said(page: _Page, said: Attribution | None) -> bool:
    return said is not None and said.cue is not None and is_said(page.article.text[said.cue.start : said.cue.end])


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    end = start + len(LOOSE_END.sub("", text[start:end]))
    return end - len(LOOSE_START.sub("", text[start:end])), end


def _untagged(page: _Page, found: Sequence[QuoteSpan], closed: set[int]) -> Iterator[QuoteSpan]:
    """Quotations that the tagger passed over, if they are more than a few words: nobody is said to say them."""
    ends = [one.end for one in found]
    for one in page.reading.quotations:
        following = bisect_right(ends, one.outer_start)
        is_taken = following < len(found) and found[following].start < one.outer_end
        if is_taken or one.segment in closed:
            continue
        words = page.count(one.start, one.end)
        if words > SCARE_WORDS and (words >= FRAGMENT_WORDS or page.stands_alone(one)):
            yield QuoteSpan("direct", one.start, one.end, one.is_closed, one.segment, -1 - one.start, None)


def _going_on(page: _Page, found: Sequence[QuoteSpan]) -> list[QuoteSpan]:
    """Give quotations that nobody is said to say to who spoke right before, where they plainly go on."""
    kept: list[QuoteSpan] = []
    for one in found:
        goes_on = kept and one.attribution is None and one.quote_type == "direct"
        kept.append(_go_on(page, kept[-1], one) if goes_on else one)
    return kept


def _go_on(page: _Page, before: QuoteSpan, one: QuoteSpan) -> QuoteSpan:
    if before.attribution is None and not before.is_continued:
        return one
    quotation = next(iter(page.quotations_in(one.start, one.end)), None)
    if quotation is None or not page.stands_alone(quotation):
        return one
    segments = page.article.segments
    is_next = one.segment == before.segment + 1 and quotation.outer_start == segments[one.segment].start_char
    runs_on = any(marked.runs_on for marked in page.quotations_in(before.start, before.end))
    if before.segment == one.segment or (runs_on and is_next):
        return replace(one, utterance=before.utterance, attribution=before.attribution, is_continued=True)
    # The paragraph before ended with the speaker's words, and this one begins with more of them.
    has_ended = not page.count(before.end, segments[before.segment].end_char)
    if is_next and (has_ended or before.quote_type == "direct"):
        return replace(one, attribution=before.attribution, is_continued=True)
    return one


def _understood(page: _Page, found: Sequence[QuoteSpan]) -> list[QuoteSpan]:
    """Mark what follows an utterance's attribution in other sentences: its speaker is not printed there again."""
    begun: set[int] = set()
    kept: list[QuoteSpan] = []
    for one in found:
        said = one.attribution
        is_later = said is not None and page.sentence_at(said.place.start) < page.sentence_at(one.start)
        kept.append(replace(one, is_continued=True) if is_later and one.utterance in begun else one)
        begun.add(one.utterance)
    return kept


def _quoted_within(page: _Page, outer: QuoteSpan) -> Iterator[QuoteSpan]:
    """`Oduya said the governor often said "we wait".` The words in marks are the governor's, within Oduya's."""
    if outer.quote_type != "mixed":
        return
    for one in page.quotations_in(outer.start, outer.end):
        found = SAYS_WITHIN.search(page.article.text[outer.start : one.outer_start])
        if found:
            names = ("speaker", "cue")
            speaker, cue = (Span(outer.start + found.start(name), outer.start + found.end(name)) for name in names)
            said = Attribution(speaker, cue)
            yield QuoteSpan("direct", one.start, one.end, one.is_closed, outer.segment, -1 - one.start, said)


def _find_turns(article: Article) -> list[QuoteSpan]:
    """The turns of a transcript."""
    found = []
    for number, segment in enumerate(article.segments):
        at, stretch = segment.start_char, article.text[segment.start_char : segment.end_char]
        turn = TURN.match(stretch)
        if turn:
            speaker, cue = (Span(at + turn.start(name), at + turn.end(name)) for name in ("speaker", "cue"))
            label = Attribution(speaker, cue, is_label=True)
            is_marked = turn.start("speaker") > 0
            end = at + len(TURN_END.sub("", stretch) if is_marked else stretch)
            found.append(QuoteSpan("direct", at + turn.end(), end, True, number, -1 - at, label))
    return found if len(found) >= FEWEST_TURNS else []
