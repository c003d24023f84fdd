"""The pairing of quotation marks: what punctuation decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.contract import Segment

OPENING = "“«„‟"
# Doubled single marks stand for a double one: ''boots on the ground''.
MARK = re.compile(r"''|``|[\"“”«»„‟]")
# Single marks count where a text has no double ones: an opening one behind a space, a closing one behind a word or
# punctuation, and no apostrophe ("the ministers' plan" closes nothing that was not opened).
SINGLE_OPENING = re.compile(r"(?:(?<=[\s(\[—–-])|^)[‘'](?=[\w“\"$£€])(?!\d0s|tis\b|em\b|til\b|cause\b)")
SINGLE_CLOSING = re.compile(r"(?<=[\w.,!?…;:—–-])[’'](?=$|[\s.,;:!?)\]—–-])")
# Where a quotation without its closing mark ends: before its attribution.
UNCLOSED_END = re.compile(
    r",?\s+(?:(?:he|she|they|it|[A-Z][\w.’'-]+(?:\s[A-Z][\w.’'-]+){0,3}|the\s+[\w ]{3,30}?)\s+(?:said|says|added|told|noted|wrote)\b|"
    r"(?:said|says|added|noted|wrote)\s+(?:[A-Z]|the\b|he\b|she\b))"
)

# "… is complicated, he said." at the end of a paragraph whose closing mark is missing.
TRAILING_ATTRIBUTION = re.compile(rf"{UNCLOSED_END.pattern}[^,\"“”]{{0,60}}$")


@dataclass(frozen=True, slots=True)
class Quotation:
    """What stands between two marks of one paragraph; offsets leave the marks out."""

    start: int
    end: int
    outer_start: int  # with the marks
    outer_end: int
    is_closed: bool
    segment: int
    runs_on: bool = False  # the closing mark is missing because the next paragraph reopens it


def pair_marks(text: str, segments: Sequence[Segment]) -> list[Quotation]:
    """Find all quotations, segment by segment; marks within a quotation are part of it."""
    has_double = bool(MARK.search(text))
    found: list[Quotation] = []
    for number, segment in enumerate(segments):
        following = segments[number + 1] if number + 1 < len(segments) else None
        next_opens = following is not None and text[following.start_char] in OPENING + '"'
        pairs = _pair_segment(text, segment, number, next_opens)
        if not pairs and not has_double:
            pairs = list(_pair_singles(text, segment, number))
        found += pairs
    return found


def _pair_segment(text: str, segment: Segment, number: int, next_opens: bool) -> list[Quotation]:
    found: list[Quotation] = []
    open_at: tuple[int, int] | None = None
    depth = 0  # of low-high or guillemets within
    style = ""
    for mark in MARK.finditer(text, segment.start_char, segment.end_char):
        kind = _direction(text, mark, segment, open_at is not None, style)
        if kind == "open":
            if open_at is None:
                open_at, style = (mark.start(), mark.end()), mark.group()
            elif mark.group() == style and mark.group() in OPENING:
                found.append(_unclosed(text, open_at, mark.start(), number))  # the one before was never closed
                open_at = (mark.start(), mark.end())
            else:
                depth += 1
        elif open_at is not None and depth:
            depth -= 1
        elif open_at is not None:
            found.append(_trimmed(text, open_at, mark.start(), mark.end(), number))
            open_at = None
        elif not found and mark.end() - segment.start_char > 20:
            found += _without_opening(text, segment, mark, number)
    if open_at is not None:
        if next_opens and not TRAILING_ATTRIBUTION.search(text[open_at[1] : segment.end_char]):
            end = _trim_end(text, open_at[1], segment.end_char)
            found.append(Quotation(open_at[1], end, open_at[0], segment.end_char, True, number, runs_on=True))
        else:
            found.append(_unclosed(text, open_at, segment.end_char, number))
    return [quotation for quotation in found if quotation.end > quotation.start]


def _direction(text: str, mark: re.Match[str], segment: Segment, is_open: bool, style: str) -> str:
    sign = mark.group()
    if sign == "``" or sign in "“„‟«":
        # German „…“ closes with the sign that opens in English; Danish »…« turns guillemets round.
        return "close" if is_open and ((style == "„" and sign == "“") or style == "»") else "open"
    if sign == "”":
        return "close" if is_open or mark.start() > segment.start_char else "open"
    if sign == "»":
        before = text[mark.start() - 1 : mark.start()] if mark.start() > segment.start_char else ""
        return "open" if not is_open and (not before or before.isspace()) else "close"
    before = text[mark.start() - 1] if mark.start() > segment.start_char else " "
    after = text[mark.end()] if mark.end() < segment.end_char else " "
    if is_open:  # a straight mark tells nothing by its shape
        return "close"
    return "open" if not after.isspace() or before.isspace() else "close"


def _trim_end(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())


def _trimmed(text: str, opened: tuple[int, int], closing: int, outer_end: int, number: int) -> Quotation:
    start = opened[1] + len(text[opened[1] : closing]) - len(text[opened[1] : closing].lstrip())
    return Quotation(start, _trim_end(text, start, closing), opened[0], outer_end, True, number)


def _unclosed(text: str, opened: tuple[int, int], limit: int, number: int) -> Quotation:
    found = UNCLOSED_END.search(text, opened[1], limit)
    end = found.start() if found else limit
    return Quotation(opened[1], _trim_end(text, opened[1], end), opened[0], end, False, number)


def _without_opening(text: str, segment: Segment, mark: re.Match[str], number: int) -> Iterator[Quotation]:
    """A closing mark that nothing opened: the paragraph's beginning was quoted, if an attribution follows."""
    before = text[mark.start() - 1]
    if before in ",.!?…" and re.match(
        r"\s+(?:[a-z]+\s+)?(?:\w+\s+){0,3}?(?:said|says|added|told|noted)\b", text[mark.end() : mark.end() + 60]
    ):
        start = segment.start_char
        yield Quotation(start, mark.start(), start, mark.end(), False, number)


def _pair_singles(text: str, segment: Segment, number: int) -> Iterator[Quotation]:
    at = segment.start_char
    while opening := SINGLE_OPENING.search(text, at, segment.end_char):
        closing = next(
            (c for c in SINGLE_CLOSING.finditer(text, opening.end(), segment.end_char) if _closes(text, opening, c)),
            None,
        )
        if closing is None:
            return
        yield _trimmed(text, (opening.start(), opening.end()), closing.start(), closing.end(), number)
        at = closing.end()


def _closes(text: str, opening: re.Match[str], closing: re.Match[str]) -> bool:
    """A possessive plural (the ministers' plan) is no closing mark if punctuation does not stand by it."""
    before = text[closing.start() - 1]
    after = text[closing.end() : closing.end() + 1]
    is_possessive = before == "s" and after == " " and closing.start() - opening.end() > 25
    return not is_possessive
