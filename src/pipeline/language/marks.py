"""Pair quotation marks, as far as punctuation decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.contract import Segment

OPENING = "“«„‟「『‹"
# Two single marks are used for a double one: ''boots on the ground''. Between Hebrew letters a mark is part of an
# abbreviation: צה"ל. Title marks (《》) are not quotation marks.
MARK = re.compile(r"[“”«»„‟「」『』‹›]|[\"״](?:(?<![א-ת].)|(?![א-ת]))|''|``")
# A mark only closes a mark of its own family; marks of other families are part of the quotation (»…« in „…“, 『…』 in 「…」).
FAMILIES = ('“”„‟"״', "«»", "‹›", "「」", "『』")
FAMILY = {mark: number for number, marks in enumerate(FAMILIES) for mark in marks} | {"''": 0, "``": 0}
# Marks with the same form for opening and closing.
SHAPELESS = ('"', "״", "''")
# Opening marks that close another one: German „…“, Danish »…«, ”…“ in carelessly set text.
TURNED = (("„", "“"), ("»", "«"), ("”", "“"))
# Marks that may be nested in a pair of the same kind: «…«…»…».
NESTING = "«「『"
# A mark between a word and punctuation or white space does not open a quotation, except behind an elision: l’« urgence ».
PUNCTUATION = ".,;:!?)]。，！？、"
BEFORE_OPENING = "([—–’'"
# Single marks are quotation marks only in a text without double ones. An opening one follows a space, a closing one
# follows a word or punctuation. An apostrophe ("the ministers' plan") closes nothing, because nothing is open.
SINGLE_OPENING = re.compile(r"(?:(?<=[\s(\[—–-])|^)[‘'](?=[\w“\"$£€])(?!\d0s|tis\b|em\b|til\b|cause\b)")
# In other languages a straight mark is too often an apostrophe ('s avonds, 'ndrangheta), and so is a curly one before
# some letters (‘s avonds).
CURLY_OPENING = re.compile(r"(?:(?<=[\s(\[—–-])|^)‘(?=[\w“\"¿¡])(?![stnmkr]\b)")
SINGLE_CLOSING = re.compile(r"(?<=[\w.,!?…;:—–-])[’'](?=$|[\s.,;:!?)\]—–-])")
# A quotation without a closing mark ends before its attribution.
UNCLOSED_END = re.compile(
    r",?\s+(?:(?:he|she|they|it|[A-Z][\w.’'-]+(?:\s[A-Z][\w.’'-]+){0,3}|the\s+[\w ]{3,30}?)\s+(?:said|says|added|told|noted|wrote)\b|"
    r"(?:said|says|added|noted|wrote)\s+(?:[A-Z]|the\b|he\b|she\b))"
)

# "… is complicated, he said." at the end of a paragraph without a closing mark.
TRAILING_ATTRIBUTION = re.compile(rf"{UNCLOSED_END.pattern}[^,\"“”]{{0,60}}$")


@dataclass(frozen=True, slots=True)
class Quotation:
    """The text between two marks in one paragraph; ``start`` and ``end`` exclude the marks."""

    start: int
    end: int
    outer_start: int  # including the marks
    outer_end: int
    is_closed: bool
    segment: int
    runs_on: bool = False  # the closing mark is missing because the next paragraph reopens it


def pair_marks(
    text: str, segments: Sequence[Segment], single_opening: re.Pattern[str] = SINGLE_OPENING
) -> list[Quotation]:
    """Return all quotations, segment by segment; marks inside a quotation are part of it.

    Args:
        text: the article's.
        segments: of the article, in reading order.
        single_opening: finds the single marks that open a quotation in a text without double ones.
    """
    has_double = bool(MARK.search(text))
    found: list[Quotation] = []
    for number, segment in enumerate(segments):
        following = segments[number + 1] if number + 1 < len(segments) else None
        next_mark = text[following.start_char] if following else " "
        pairs = _pair_segment(text, segment, number, next_mark)
        if not pairs and not has_double:
            pairs = list(_pair_singles(text, segment, number, single_opening))
        found += pairs
    return found


def _pair_segment(text: str, segment: Segment, number: int, next_mark: str) -> list[Quotation]:
    """Return the quotations of a segment; ``next_mark`` is the first character of the next segment."""
    found: list[Quotation] = []
    opening: tuple[int, int] | None = None  # where the mark is that opens the current quotation
    depth = 0  # of pairs of the same kind inside it
    style = ""  # its opening mark
    for mark in MARK.finditer(text, segment.start_char, segment.end_char):
        if opening is not None and not _may_close(text[opening[1] : segment.end_char], mark, opening[1], style):
            continue
        direction = _direction(text, mark, segment, style if opening else "")
        if direction == "open":
            if opening is None:
                opening, style = (mark.start(), mark.end()), mark.group()
            elif mark.group() == style and not _nests(text[mark.end() : segment.end_char], style, depth):
                found.append(_unclosed(text, opening, mark.start(), number))  # the quotation before was never closed
                opening, depth = (mark.start(), mark.end()), 0
            else:
                depth += 1
        elif opening is not None and depth:
            depth -= 1
        elif opening is not None:
            found.append(_trimmed(text, opening, mark.start(), mark.end(), number))
            opening = None
        elif direction == "close" and not found and mark.end() - segment.start_char > 20:
            found += _without_opening(text, segment, mark, number)
    if opening is not None:
        found.append(_close_at_segment_end(text, opening, segment, number, next_mark, style))
    return [quotation for quotation in found if quotation.end > quotation.start]


def _close_at_segment_end(
    text: str, opening: tuple[int, int], segment: Segment, number: int, next_mark: str, style: str
) -> Quotation:
    """Return a quotation without closing mark: it runs on if the next segment opens with a mark, else it is unclosed."""
    next_opens = next_mark in OPENING or next_mark in ('"', style)
    if next_opens and not TRAILING_ATTRIBUTION.search(text[opening[1] : segment.end_char]):
        return replace(_trimmed(text, opening, segment.end_char, segment.end_char, number), runs_on=True)
    return _unclosed(text, opening, segment.end_char, number)


def _may_close(rest: str, mark: re.Match[str], offset: int, style: str) -> bool:
    """Return whether a mark inside an open quotation is of its family or replaces its closing mark: “We pay», she said.

    Args:
        rest: the segment behind the opening mark.
        mark: the mark in question.
        offset: where ``rest`` begins in the text.
        style: the opening mark.
    """
    family = FAMILY[mark.group()]
    if family == FAMILY[style]:
        return True
    within, behind = rest[: mark.start() - offset], rest[mark.end() - offset :]
    is_closing = mark.group() in "»”" and (not behind or behind[0].isspace() or behind[0] in PUNCTUATION)
    has_own_opening = any(sign in within for sign in FAMILIES[family])
    return is_closing and not has_own_opening and not any(sign in behind for sign in FAMILIES[FAMILY[style]])


def _nests(rest: str, style: str, depth: int) -> bool:
    """Return whether the text behind an opening mark closes it and those around it."""
    if style not in NESTING:
        return False
    closing = FAMILIES[FAMILY[style]][1]
    return rest.count(closing) - rest.count(style) >= depth + 2


def _direction(text: str, mark: re.Match[str], segment: Segment, style: str) -> Literal["open", "close", "neither"]:
    """Return what a mark does; ``style`` is the opening mark of the current quotation, "" if none is open."""
    sign = mark.group()
    before = text[mark.start() - 1] if mark.start() > segment.start_char else " "
    after = text[mark.end()] if mark.end() < segment.end_char else " "
    before_pause = after.isspace() or after in PUNCTUATION
    if sign in SHAPELESS:  # closes an open quotation; behind a digit it means inches
        opens = before.isspace() or not (after.isspace() or before.isdigit())
        return "open" if opens and not style else "close"
    if sign in "»”":  # Danish »…«, Swedish ”…”
        opens = (before.isspace() or before in ":([") and not before_pause
        return "open" if not style and (opens or (sign == "”" and mark.start() == segment.start_char)) else "close"
    if (style, sign) in TURNED:
        return "close"
    if sign in "“«" and not style and before_pause and not (before.isspace() or before in BEFORE_OPENING):
        return "neither"
    return "open" if sign in OPENING or sign == "``" else "close"


def _trim_end(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())


def _trimmed(text: str, opening: tuple[int, int], closing: int, outer_end: int, number: int) -> Quotation:
    """Return a closed quotation without the white space at its ends."""
    start = opening[1] + len(text[opening[1] : closing]) - len(text[opening[1] : closing].lstrip())
    return Quotation(start, _trim_end(text, start, closing), opening[0], outer_end, True, number)


def _unclosed(text: str, opening: tuple[int, int], limit: int, number: int) -> Quotation:
    """Return a quotation without closing mark: it ends before its attribution, or at the limit."""
    attribution = UNCLOSED_END.search(text, opening[1], limit)
    end = attribution.start() if attribution else limit
    return replace(_trimmed(text, opening, end, end, number), is_closed=False)


def _without_opening(text: str, segment: Segment, mark: re.Match[str], number: int) -> Iterator[Quotation]:
    """Yield the beginning of a paragraph up to a closing mark that nothing opened, if an attribution follows."""
    before = text[mark.start() - 1]
    if before in ",.!?…" and re.match(
        r"\s+(?:[a-z]+\s+)?(?:\w+\s+){0,3}?(?:said|says|added|told|noted)\b", text[mark.end() : mark.end() + 60]
    ):
        start = segment.start_char
        yield Quotation(start, mark.start(), start, mark.end(), False, number)


def _pair_singles(text: str, segment: Segment, number: int, single_opening: re.Pattern[str]) -> Iterator[Quotation]:
    position = segment.start_char
    while opening := single_opening.search(text, position, segment.end_char):
        candidates = SINGLE_CLOSING.finditer(text, opening.end(), segment.end_char)
        closing = next((mark for mark in candidates if not _is_possessive(text, opening, mark)), None)
        if closing is None:
            return
        yield _trimmed(text, (opening.start(), opening.end()), closing.start(), closing.end(), number)
        position = closing.end()


def _is_possessive(text: str, opening: re.Match[str], mark: re.Match[str]) -> bool:
    """Return whether a mark is probably the apostrophe of a plural: "the ministers' plan"."""
    before, after = text[mark.start() - 1], text[mark.end() : mark.end() + 1]
    return before == "s" and after == " " and mark.start() - opening.end() > 25
