"""From utterances to what was said: the extent, the type and the attribution of each unbroken stretch.

The tagger tells who says what; what punctuation decides is decided here: where a quotation begins and ends, what stands
wholly within marks, and that a quotation goes on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipeline.contract import Article, Attributions, QuoteType
from pipeline.language import Reading, Span
from pipeline.language.marks import Quotation
from pipeline.language.speech import is_said
from pipeline.quotes.said import Attribution, Stretch
from pipeline.quotes.utterances import gather_utterances

# A quoted stretch of so few words that nobody is said to say is a scare quote, a title or a nickname.
SCARE_WORDS = 3
# Inside a sentence a stretch without an attribution is more often a slogan than somebody's words.
FRAGMENT_WORDS = 6
# One label may head a list or a note; a transcript has several turns.
FEWEST_TURNS = 3
# A turn of a transcript: a label in capitals heads a paragraph without marks.
TURN = re.compile(r"^(?P<speaker>[A-ZÀ-Þ][A-ZÀ-Þ.’'\- ]{1,40}|Q|A)(?P<cue>:)\s+(?=[^\s\"“«])")
SILENT_KINDS = ("dateline", "byline")
LOOSE_END = re.compile(r"[\s.,;:!?—–-]+$")
LOOSE_START = re.compile(r"^[\s,;:.—–-]+")
WORDS = re.compile(r"\w+")
# Right before the marks within a reported clause: "the governor often said", "as Oduya put it:".
SAYS_WITHIN = re.compile(
    r"\b(?P<speaker>(?:he|she|they)|(?:the|his|her|their|its)(?:\s[\w’'-]+){1,3}?|[A-Z][\w.’'-]+(?:\s[A-Z][\w.’'-]+){0,4})"
    r"(?:\s(?:once|often|also|then|had|has|have|always|\w+ly)){0,2}\s(?P<cue>said|says|say|told\s\w+|wrote|writes|put\sit|asked|replied|answered|called\sit)"
    r"(?:\sthat)?[,:]?\s*$"
)


class _Part(NamedTuple):
    """A piece of a content within one segment, before its type is known."""

    start: int
    end: int
    segment: int
    utterance: int
    attribution: Attribution | None


def find_stretches(article: Article, reading: Reading, attributions: Attributions) -> list[Stretch]:
    """Find what is quoted or reported in an English article, in reading order.

    Args:
        article: its text and segments.
        reading: its sentences, quotations and tags.
        attributions: whether what is only believed, meant or found counts.
    """
    turns = _find_turns(article)
    silent = {number for number, one in enumerate(article.segments) if one.kind in SILENT_KINDS}
    closed = silent | {turn.segment for turn in turns}
    parts = [part for part in _tagged_parts(article, reading) if part.segment not in closed]
    found = [one for part in parts for one in _stretches(article.text, reading.quotations, part, attributions)]
    found += _untagged(article, reading, found, closed)
    found.sort(key=lambda one: (one.start, -one.end))
    found = _going_on(article, reading, _without_overlaps(found))
    found += [inner for one in found for inner in _quoted_within(article.text, reading.quotations, one)]
    return sorted([*found, *turns], key=lambda one: (one.start, -one.end))


def _tagged_parts(article: Article, reading: Reading) -> Iterator[_Part]:
    starts = [segment.start_char for segment in article.segments]
    for number, utterance in enumerate(gather_utterances(reading.tags)):
        for content in utterance.contents:
            start, end = _snap(article.text, reading.quotations, content.start, content.end)
            first, last = bisect_right(starts, start) - 1, bisect_right(starts, end - 1) - 1
            for segment in range(first, last + 1):
                one = article.segments[segment]
                yield _Part(max(start, one.start_char), min(end, one.end_char), segment, number, utterance.attribution)


def _snap(text: str, quotations: Sequence[Quotation], start: int, end: int) -> tuple[int, int]:
    """A content that holds most of a quotation holds it whole; of one that it only touches it holds nothing."""
    for one in quotations:
        inside = _count(text, max(start, one.start), min(end, one.end))
        if end <= one.outer_start or start >= one.outer_end:
            continue
        if 2 * inside >= _count(text, one.start, one.end):
            start, end = min(start, one.outer_start), max(end, one.outer_end)
        elif 4 * inside < _count(text, start, end):
            if start >= one.start:
                start = one.outer_end
            elif end <= one.end:
                end = one.outer_start
    return start, end


def _count(text: str, start: int, end: int) -> int:
    return len(WORDS.findall(text[start:end])) if start < end else 0


def _stretches(text: str, quotations: Sequence[Quotation], part: _Part, attributions: Attributions) -> Iterator[Stretch]:
    """The stretches of a part: each quotation where it holds nothing else, else the part as a whole."""
    own = [one for one in quotations if part.start < one.outer_end and one.outer_start < part.end]
    outside = _count(text, part.start, part.end) - sum(
        _count(text, max(part.start, one.start), min(part.end, one.end)) for one in own
    )
    if own and not outside:
        for one in own:
            yield Stretch("direct", one.start, one.end, one.is_closed, part.segment, part.utterance, part.attribution)
        return
    if not own and attributions == "said" and not _is_said(text, part.attribution):
        return
    start, end = _strip(text, part.start, part.end)
    holding = next((one for one in own if one.start <= start and end <= one.end), None)
    if start < end:
        kind: QuoteType = "direct" if holding else "mixed" if own else "indirect"
        is_closed = all(one.is_closed for one in own)
        yield Stretch(kind, start, end, is_closed, part.segment, part.utterance, part.attribution)


def _is_said(text: str, attribution: Attribution | None) -> bool:
    return attribution is not None and attribution.cue is not None and is_said(text[slice(*attribution.cue)])


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    end = start + len(LOOSE_END.sub("", text[start:end]))
    return end - len(LOOSE_START.sub("", text[start:end])), end


def _untagged(article: Article, reading: Reading, found: Sequence[Stretch], closed: set[int]) -> Iterator[Stretch]:
    """Quotations that the tagger passed over, if they are more than a few words: nobody is said to say them."""
    for one in reading.quotations:
        is_taken = any(part.start < one.outer_end and one.outer_start < part.end for part in found)
        if is_taken or one.segment in closed:
            continue
        words = _count(article.text, one.start, one.end)
        if words > SCARE_WORDS and (words >= FRAGMENT_WORDS or _stands_alone(article.text, reading, one)):
            yield Stretch("direct", one.start, one.end, one.is_closed, one.segment, -1 - one.start, None)


def _stands_alone(text: str, reading: Reading, quotation: Quotation) -> bool:
    """Whether a quotation is all there is of its sentences."""
    inside = [one for one in reading.sentences if one.start < quotation.outer_end and quotation.outer_start < one.end]
    return bool(inside) and not _count(text, inside[0].start, quotation.outer_start) + _count(text, quotation.outer_end, inside[-1].end)


def _find_turns(article: Article) -> list[Stretch]:
    """The turns of a transcript."""
    found = []
    for number, segment in enumerate(article.segments):
        turn = TURN.match(article.text[segment.start_char : segment.end_char])
        if turn:
            at = segment.start_char
            speaker, cue = (Span(at + turn.start(name), at + turn.end(name)) for name in ("speaker", "cue"))
            label = Attribution(speaker, cue, is_label=True)
            found.append(Stretch("direct", at + turn.end(), segment.end_char, True, number, -1 - at, label))
    return found if len(found) >= FEWEST_TURNS else []


def _without_overlaps(found: Sequence[Stretch]) -> list[Stretch]:
    kept: list[Stretch] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _going_on(article: Article, reading: Reading, found: Sequence[Stretch]) -> list[Stretch]:
    """Give quotations that nobody is said to say to who spoke right before, where they plainly go on."""
    kept: list[Stretch] = []
    for one in found:
        if kept and one.attribution is None and one.quote_type == "direct":
            kept.append(_go_on(article, reading, kept[-1], one))
        else:
            kept.append(one)
    return kept


def _go_on(article: Article, reading: Reading, before: Stretch, one: Stretch) -> Stretch:
    if before.attribution is None and not before.is_continued:
        return one
    quotation = next((q for q in reading.quotations if q.start <= one.start < q.outer_end), None)
    if quotation is None or not _stands_alone(article.text, reading, quotation):
        return one
    begins = quotation.outer_start == article.segments[one.segment].start_char
    runs_on = any(q.runs_on and q.start <= before.start < q.outer_end for q in reading.quotations)
    if before.segment == one.segment or (runs_on and begins and one.segment == before.segment + 1):
        return replace(one, utterance=before.utterance, attribution=before.attribution, is_continued=True)
    # The paragraph before ended with the speaker's words, and this one begins with more of them.
    ended = not _count(article.text, before.end, article.segments[before.segment].end_char)
    if begins and one.segment == before.segment + 1 and (ended or before.quote_type == "direct"):
        return replace(one, attribution=before.attribution, is_continued=True)
    return one


def _quoted_within(text: str, quotations: Sequence[Quotation], outer: Stretch) -> Iterator[Stretch]:
    """`Oduya said the governor often said "we wait".` The words in marks are the governor's, within Oduya's."""
    if outer.quote_type != "mixed":
        return
    for one in quotations:
        if outer.start < one.start and one.end <= outer.end:
            found = SAYS_WITHIN.search(text[outer.start : one.outer_start])
            if found:
                speaker, cue = (Span(outer.start + found.start(name), outer.start + found.end(name)) for name in ("speaker", "cue"))
                said = Attribution(speaker, cue)
                yield Stretch("direct", one.start, one.end, one.is_closed, outer.segment, -1 - one.start, said)
