"""The pairing of quotation marks: what punctuation decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.contract import Segment

OPENING = "“«„‟「『‹"
# Doubled single marks stand for a double one: ''boots on the ground''. Between Hebrew letters a mark is the sign of an
# abbreviation: צה"ל. Marks of titles (《》) are no quotation marks.
MARK = re.compile(r"[“”«»„‟「」『』‹›]|[\"״](?:(?<![א-ת].)|(?![א-ת]))|''|``")
# Which marks may close which: those of other families are part of what is quoted (»…« in „…“, 『…』 in 「…」).
FAMILIES = ('“”„‟"״', "«»", "‹›", "「」", "『』")
FAMILY = {mark: number for number, marks in enumerate(FAMILIES) for mark in marks} | {"''": 0, "``": 0}
# Marks that open and close alike.
SHAPELESS = ('"', "״", "''")
# Opening marks that close what another one opens: German „…“, Danish »…«, ”…“ where marks are set at random.
TURNED = (("„", "“"), ("»", "«"), ("”", "“"))
# Marks that may stand in another pair of their own kind: «…«…»…».
NESTING = "«「『"
# Between a word and punctuation or white space no mark opens; but behind an elision one may: l’« urgence ».
PUNCTUATION = ".,;:!?)]。，！？、"
BEFORE_OPENING = "([—–’'"
# Single marks count where a text has no double ones: an opening one behind a space, a closing one behind a word or
# punctuation, and no apostrophe ("the ministers' plan" closes nothing that was not opened).
SINGLE_OPENING = re.compile(r"(?:(?<=[\s(\[—–-])|^)[‘'](?=[\w“\"$£€])(?!\d0s|tis\b|em\b|til\b|cause\b)")
# In other languages a straight one is an apostrophe far too often ('s avonds, 'ndrangheta), as a curly one is before
# some letters (‘s avonds).
CURLY_OPENING = re.compile(r"(?:(?<=[\s(\[—–-])|^)‘(?=[\w“\"¿¡])(?![stnmkr]\b)")
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


def pair_marks(
    text: str, segments: Sequence[Segment], single_opening: re.Pattern[str] = SINGLE_OPENING
) -> list[Quotation]:
    """Find all quotations, segment by segment; marks within a quotation are part of it.

    Args:
        text: the article's.
        segments: its parts.
        single_opening: which single marks open a quotation where a text has no double ones.
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
    found: list[Quotation] = []
    open_at: tuple[int, int] | None = None
    depth = 0  # of pairs of the same family within
    style = ""
    for mark in MARK.finditer(text, segment.start_char, segment.end_char):
        if open_at is not None and not _concerns(text[open_at[1] : segment.end_char], mark, open_at[1], style):
            continue
        kind = _direction(text, mark, segment, style if open_at else "")
        if kind == "open":
            if open_at is None:
                open_at, style = (mark.start(), mark.end()), mark.group()
            elif mark.group() == style and not _nests(text[mark.end() : segment.end_char], style, depth):
                found.append(_unclosed(text, open_at, mark.start(), number))  # the one before was never closed
                open_at, depth = (mark.start(), mark.end()), 0
            else:
                depth += 1
        elif open_at is not None and depth:
            depth -= 1
        elif open_at is not None:
            found.append(_trimmed(text, open_at, mark.start(), mark.end(), number))
            open_at = None
        elif kind == "close" and not found and mark.end() - segment.start_char > 20:
            found += _without_opening(text, segment, mark, number)
    if open_at is not None:
        next_opens = next_mark in OPENING or next_mark in ('"', style)
        if next_opens and not TRAILING_ATTRIBUTION.search(text[open_at[1] : segment.end_char]):
            found.append(replace(_trimmed(text, open_at, segment.end_char, segment.end_char, number), runs_on=True))
        else:
            found.append(_unclosed(text, open_at, segment.end_char, number))
    return [quotation for quotation in found if quotation.end > quotation.start]


def _concerns(rest: str, mark: re.Match[str], offset: int, style: str) -> bool:
    """Whether a mark within an open quotation is one of its family, or stands for the missing one: “We pay», she said.

    ``rest`` is what stands behind the opening mark; it begins at ``offset``.
    """
    family = FAMILY[mark.group()]
    if family == FAMILY[style]:
        return True
    within, behind = rest[: mark.start() - offset], rest[mark.end() - offset :]
    is_closing = mark.group() in "»”" and (not behind or behind[0].isspace() or behind[0] in PUNCTUATION)
    opened = any(sign in within for sign in FAMILIES[family])
    return is_closing and not opened and not any(sign in behind for sign in FAMILIES[FAMILY[style]])


def _nests(rest: str, style: str, depth: int) -> bool:
    """Whether what follows closes this mark and those that are open."""
    if style not in NESTING:
        return False
    closing = FAMILIES[FAMILY[style]][1]
    return rest.count(closing) - rest.count(style) >= depth + 2


def _direction(text: str, mark: re.Match[str], segment: Segment, style: str) -> Literal["open", "close", "neither"]:
    """What a mark does; ``style`` is the mark of the quotation that is open, if one is."""
    sign = mark.group()
    before = text[mark.start() - 1] if mark.start() > segment.start_char else " "
    after = text[mark.end()] if mark.end() < segment.end_char else " "
    before_pause = after.isspace() or after in PUNCTUATION
    if sign in SHAPELESS:  # it closes what is open; behind a digit it means inches
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


def _trimmed(text: str, opened: tuple[int, int], closing: int, outer_end: int, number: int) -> Quotation:
    start = opened[1] + len(text[opened[1] : closing]) - len(text[opened[1] : closing].lstrip())
    return Quotation(start, _trim_end(text, start, closing), opened[0], outer_end, True, number)


def _unclosed(text: str, opened: tuple[int, int], limit: int, number: int) -> Quotation:
    found = UNCLOSED_END.search(text, opened[1], limit)
    end = found.start() if found else limit
    return replace(_trimmed(text, opened, end, end, number), is_closed=False)


def _without_opening(text: str, segment: Segment, mark: re.Match[str], number: int) -> Iterator[Quotation]:
    """A closing mark that nothing opened: the paragraph's beginning was quoted, if an attribution follows."""
    before = text[mark.start() - 1]
    if before in ",.!?…" and re.match(
        r"\s+(?:[a-z]+\s+)?(?:\w+\s+){0,3}?(?:said|says|added|told|noted)\b", text[mark.end() : mark.end() + 60]
    ):
        start = segment.start_char
        yield Quotation(start, mark.start(), start, mark.end(), False, number)


def _pair_singles(text: str, segment: Segment, number: int, opens: re.Pattern[str]) -> Iterator[Quotation]:
    at = segment.start_char
    while opening := opens.search(text, at, segment.end_char):
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
