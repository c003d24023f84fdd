"""From marks and attributions to what was said: the extent, the type and the attribution of each quote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.contract import QuoteType, Segment
from pipeline.language import Reading
from pipeline.language.speech import REPORTING_VERBS
from pipeline.quotes.attribution import (
    ADDRESSING,
    CLAUSE_BEHIND,
    MASK,
    Attribution,
    find_attributions,
    mask_quotations,
    read_turn,
    units_of,
)
from pipeline.quotes.marks import Quotation, pair_marks

# A quoted stretch of so few words without an attribution is a scare quote, a title or a nickname.
SCARE_WORDS = 3
# Without an attribution a stretch inside a sentence is more often a slogan than somebody's words.
FRAGMENT_WORDS = 6
FEWEST_REPORTED_WORDS = 3
# One label may head a list or a note; a transcript has several turns.
FEWEST_TURNS = 3
THAT = re.compile(r"\s*(?:,\s*)?that\s+")
# Between a verb of saying and its that-clause: "said in a statement on Monday that"; "said the anchor was lost and that"
# has begun with a clause without "that".
LATE_THAT = re.compile(rf"^(?:\s+(?!that\b)[\w’'.$%-]+|,){{0,14}}?,?(?<!\sand)\s+that\s+(?=[^{MASK}]|{MASK})")
# "told reporters the company had …", "told him “we …”": who is spoken to is no part of what is said.
ADDRESSEE = re.compile(
    r"\s+(?:him|her|them|us|me|you|(?:(?:the|an?|his|her|their|its)\s+)?[a-z][\w’'-]*(?:s|men|people|police)|"
    r"(?:the|an?|his|her|their|its)\s+(?:[A-Za-z][\w’'-]*\s+)?[\w’'-]+|[A-Z][\w’'.-]*(?:\s+[A-Z][\w’'.-]*){0,2})"
    rf"(?=,?\s+{MASK}|\s+(?:he|she|it|they|we|I|you|there|the|an?|his|her|their|its|this|these|no)\s)"
)
BARE = frozenset("said says say adds added told tells wrote writes".split())
# What follows "said" where no clause does.
NO_CLAUSE = re.compile(
    r"^\s*(?:$|[.,;:!?)]|(?:in|on|at|of|to|about|during|after|before|when|as|by|for|from|with|so|this|later|earlier|last|"
    r"yes|no|nothing|anything|it\s*[.,]|again|afterward|through|via|\w+day|today|yesterday)\b)"
)
CONTENT_END = re.compile(r"[\s.,;:!?—–-]+$")


@dataclass(frozen=True, slots=True)
class Span:
    """A quote before its speaker is resolved."""

    quote_type: QuoteType
    start: int
    end: int
    is_closed: bool
    segment: int
    utterance: int  # spans with the same number are one utterance
    attribution: Attribution | None
    is_continued: bool = False  # goes on with the speaker of the span before


@dataclass(slots=True)
class _Finder:
    text: str
    segments: Sequence[Segment]
    quotations: list[Quotation]
    spans: list[Span]
    utterance: int = 0
    last: Span | None = None  # the last span of the paragraph at hand

    def add(
        self,
        kind: QuoteType,
        start: int,
        end: int,
        segment: int,
        attribution: Attribution | None,
        *,
        is_closed: bool = True,
        joins: bool = False,
        is_continued: bool = False,
    ) -> None:
        """Add a span; one that joins belongs to the utterance of the one before."""
        if not joins:
            self.utterance += 1
        span = Span(kind, start, end, is_closed, segment, self.utterance, attribution, is_continued)
        self.spans.append(span)
        self.last = span


def find_spans(text: str, segments: Sequence[Segment], reading: Reading) -> list[Span]:
    """Find what is quoted or reported in a text, in reading order."""
    finder = _Finder(text, segments, pair_marks(text, segments), [])
    sentences = list(reading.sentences)
    running: Quotation | None = None
    is_transcript = sum(read_turn(text, one.start_char, one.end_char) is not None for one in segments) >= FEWEST_TURNS
    for number, segment in enumerate(segments):
        quotations = [quotation for quotation in finder.quotations if quotation.segment == number]
        inside = [span for span in sentences if segment.start_char <= span[0] < segment.end_char]
        if segment.kind in ("dateline", "byline"):
            continue
        turn = read_turn(text, segment.start_char, segment.end_char) if is_transcript else None
        if turn:
            finder.add("direct", turn[1], segment.end_char, number, turn[0])
            running = None
            continue
        goes_on = running is not None and bool(quotations) and quotations[0].outer_start == segment.start_char
        before = finder.last
        finder.last = before if _begins_quoted(segment, quotations) else None
        for start, end in units_of(inside, quotations):
            own = [quotation for quotation in quotations if start <= quotation.outer_start < end]
            _read_unit(finder, start, end, number, own, goes_on=goes_on, before=before)
            goes_on = False
        running = quotations[-1] if quotations and quotations[-1].runs_on else None
    return _without_overlaps(finder.spans)


def _begins_quoted(segment: Segment, quotations: Sequence[Quotation]) -> bool:
    """A paragraph that begins with a quotation may go on with the paragraph before."""
    return bool(quotations) and quotations[0].outer_start == segment.start_char


def _read_unit(
    finder: _Finder,
    start: int,
    end: int,
    number: int,
    quotations: Sequence[Quotation],
    *,
    goes_on: bool,
    before: Span | None,
) -> None:
    masked = mask_quotations(finder.text, start, end, quotations)
    attributions = find_attributions(masked, start)
    if goes_on and before is not None:
        attribution = _nearest(attributions, quotations[0], masked, start)
        finder.add(
            "direct",
            quotations[0].start,
            quotations[0].end,
            number,
            attribution,
            is_closed=quotations[0].is_closed,
            joins=True,
            is_continued=attribution is None,
        )
        quotations = quotations[1:]
        if not quotations:
            return
    reported = _reported_content(finder.text, masked, start, end, attributions, quotations)
    if reported is not None:
        first, last, attribution, fragments = reported
        is_mixed = bool(fragments)
        is_closed = all(quotation.is_closed for quotation in fragments)
        finder.add("mixed" if is_mixed else "indirect", first, last, number, attribution, is_closed=is_closed)
        _add_quoted_within(finder, masked, start, number, attribution, attributions, fragments)
        quotations = [quotation for quotation in quotations if quotation not in fragments]
    used: list[Attribution] = [] if reported is None else [reported[2]]
    for quotation in quotations:
        attribution = _nearest(attributions, quotation, masked, start)
        words = len(re.findall(r"\w+", finder.text[quotation.start : quotation.end]))
        if attribution is not None:
            joins = attribution in used
            finder.add(
                "direct",
                quotation.start,
                quotation.end,
                number,
                attribution,
                is_closed=quotation.is_closed,
                joins=joins,
            )
            used.append(attribution)
        elif _stands_alone(masked, quotation, start) and words > SCARE_WORDS:
            _continue(finder, quotation, number, before)
        elif words >= FRAGMENT_WORDS:
            finder.add("direct", quotation.start, quotation.end, number, None, is_closed=quotation.is_closed)


def _add_quoted_within(
    finder: _Finder,
    masked: str,
    start: int,
    number: int,
    reporter: Attribution,
    attributions: Sequence[Attribution],
    fragments: Sequence[Quotation],
) -> None:
    """`Oduya said the governor often said "we wait".` The words in marks are the governor's, within Oduya's."""
    for fragment in fragments:
        own = [
            one
            for one in attributions
            if one != reporter
            and one.end <= fragment.outer_start
            and re.fullmatch(r"[\s,:]*", masked[one.end - start : fragment.outer_start - start])
        ]
        if own:
            finder.add("direct", fragment.start, fragment.end, number, own[-1], is_closed=fragment.is_closed)


def _continue(finder: _Finder, quotation: Quotation, number: int, before: Span | None) -> None:
    """A quotation that is a sentence of its own goes on with the utterance before it in the paragraph."""
    last = finder.last
    if last is not None and last.segment == number:
        finder.add(
            "direct",
            quotation.start,
            quotation.end,
            number,
            last.attribution,
            is_closed=quotation.is_closed,
            joins=last.quote_type == "direct",
            is_continued=True,
        )
    elif last is not None and before is not None and last is before and number - before.segment == 1:
        finder.add(
            "direct", quotation.start, quotation.end, number, None, is_closed=quotation.is_closed, is_continued=True
        )
    else:
        finder.add("direct", quotation.start, quotation.end, number, None, is_closed=quotation.is_closed)


def _stands_alone(masked: str, quotation: Quotation, start: int) -> bool:
    """Whether the sentence is nothing but the quotation, or begins with it as a sentence."""
    rest = masked[: quotation.outer_start - start] + masked[quotation.outer_end - start :]
    return not re.search(r"\w", rest.replace(MASK, ""))


def _nearest(attributions: Sequence[Attribution], quotation: Quotation, masked: str, offset: int) -> Attribution | None:
    """The attribution that governs a quotation: touching it, else the nearest in the sentence."""
    best: tuple[int, Attribution] | None = None
    for attribution in attributions:
        if attribution.start >= quotation.outer_end:
            gap = masked[quotation.outer_end - offset : attribution.start - offset]
        elif attribution.end <= quotation.outer_start:
            gap = masked[attribution.end - offset : quotation.outer_start - offset]
            if attribution.kind == "inverted" and MASK not in masked[attribution.end - offset :][:2]:
                gap += "       "
        else:
            continue
        distance = len(gap.replace(MASK, "")) + (0 if attribution.start >= quotation.outer_end else 1)
        if best is None or distance < best[0]:
            best = (distance, attribution)
    return best[1] if best else None


def _reported_content(
    text: str, masked: str, start: int, end: int, attributions: Sequence[Attribution], quotations: Sequence[Quotation]
) -> tuple[int, int, Attribution, list[Quotation]] | None:
    """The clause that an attribution reports, if it is more than quotations: its extent and the quotations in it."""
    for attribution in reversed(attributions):
        content = _content_before(masked, start, attribution) or _content_behind(
            masked, start, end, attribution, attributions
        )
        if content is None:
            continue
        first, last = _strip(text, *content)
        stretch = masked[first - start : last - start]
        outside = re.findall(r"\w+", stretch.replace(MASK, " "))
        fragments = [
            quotation for quotation in quotations if first <= quotation.outer_start and quotation.outer_end <= last
        ]
        if not outside or (fragments and not _is_mixed(fragments, first, last)):
            continue
        if len(outside) + 3 * len(fragments) < FEWEST_REPORTED_WORDS:
            continue
        return first, last, attribution, fragments
    return None


def _is_mixed(fragments: Sequence[Quotation], first: int, last: int) -> bool:
    """Marks inside a reported clause, not a whole sentence in marks with something beside it."""
    quoted = sum(quotation.outer_end - quotation.outer_start for quotation in fragments)
    begins = fragments[0].outer_start == first
    return not (begins and quoted > 0.8 * (last - first))


def _strip(text: str, first: int, last: int) -> tuple[int, int]:
    last = first + len(CONTENT_END.sub("", text[first:last]))
    stretch = text[first:last]
    return first + len(stretch) - len(stretch.lstrip(" ,;:")), last


def _content_before(masked: str, start: int, attribution: Attribution) -> tuple[int, int] | None:
    """`Talks begin in May, the minister said.` The clause reaches from the sentence's start to the comma."""
    before = masked[: attribution.start - start]
    if not before.rstrip().endswith(",") or len(before.split()) < 4:
        return None
    if (
        attribution.kind == "subject"
        and masked[attribution.cue_start - start : attribution.cue_end - start] not in REPORTING_VERBS
    ):
        return None
    behind = masked[attribution.end - start :]
    if THAT.match(behind) or (re.match(rf"^\s*,?\s*{MASK}", behind) and MASK not in before):
        return None
    if (
        re.match(
            r"(?i)(?:in|on|at|during|after|before|when|while|as|if|for|with|despite|since|speaking|asked|later|earlier|but|and|still|however|meanwhile)\b",
            before,
        )
        and before.count(",") == 1
        and len(before.split()) < 14
    ):
        return None  # "In a statement, the minister said …"
    return start, start + len(before.rstrip(" ,"))


def _content_behind(
    masked: str, start: int, end: int, attribution: Attribution, attributions: Sequence[Attribution]
) -> tuple[int, int] | None:
    """`The minister said (that) talks begin in May.` The clause reaches to the sentence's end."""
    cue = masked[attribution.cue_start - start : attribution.cue_end - start]
    if attribution.kind == "according":
        behind = masked[attribution.end - start :]
        comma = re.match(r"[^,]{0,60},\s+", behind)
        is_first = attribution.start == start and comma
        return (attribution.end + comma.end(), end) if is_first and comma else None
    if attribution.kind != "subject":
        return None
    behind = masked[attribution.cue_end - start :]
    that = LATE_THAT.match(behind)
    addressed = ADDRESSEE.match(behind) if cue in ADDRESSING and not that else None
    spoken = addressed.end() if addressed else 0
    behind = behind[spoken:]
    has_marks = MASK in behind
    if that and (cue in REPORTING_VERBS or has_marks):
        first = attribution.cue_end + that.end()
    elif (
        cue in BARE
        and (cue not in ADDRESSING or (addressed and CLAUSE_BEHIND.match(behind)))
        and not NO_CLAUSE.match(behind)
        and not re.match(rf"^\s*,?\s*{MASK}", behind)
    ) or (
        has_marks
        and not NO_CLAUSE.match(behind)
        and not re.match(rf"^[^{MASK}]{{0,3}}{MASK}", behind)
        and cue in REPORTING_VERBS
    ):
        first = attribution.cue_end + spoken
    else:
        return None
    later = [other.start for other in attributions if other.start > first]
    limit = min(later, default=end)
    if limit < end and masked[limit - start - 2 : limit - start].strip() == ",":
        return None
    return first, end


def _quotes_another(outer: Span, inner: Span) -> bool:
    return outer.start < inner.start and inner.end <= outer.end and inner.attribution not in (None, outer.attribution)


def _without_overlaps(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if kept and span.start < kept[-1].end and not _quotes_another(kept[-1], span):
            continue
        kept.append(span)
    return kept
