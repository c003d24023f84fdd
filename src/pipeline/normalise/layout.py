"""Split a raw text into segments: headline, byline, paragraphs, subheads, captions and notes, without furniture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.contract import RawBlock, SegmentKind
from pipeline.lexicon.words import read_alternatives
from pipeline.normalise.dateline import AGENCIES, Dateline, read_dateline
from pipeline.normalise.text import MOJIBAKE, UNSEEN

LINE = re.compile(r"[^\r\n\u2028\u2029\x0b\x0c]+")
URL_LINE = re.compile(r"(?i)^\ufeff?\s*(https?://\S+)\s*$")
# What sites print around an article, as a whole line.
FURNITURE = re.compile(rf"(?ix)^\W*(?:{read_alternatives('page_phrases.txt', 'furniture')})\W*$")
BYLINE = re.compile(
    r"^(?:By|BY)\s+(?P<names>[A-Z][\w.’'\-]+(?:\s+(?:[A-Z][\w.’'\-]*|de|van|von|al|bin|and|&)|,\s+[A-Z][\w.’'\-]+)*)\.?$"
)
CAPTION = re.compile(
    r"(?i)^\W*(?:file\s+)?(?:photo|image|picture|caption|pictured|video)(?:\s+(?:by|credit|courtesy))?\s*[:/].+|.{0,300}[(\[](?:file\s+)?(?:photo|image|picture)\b[^)\]]{0,60}[)\]]\W*$"
)
NOTE = re.compile(rf"(?i)^\W*(?:{read_alternatives('page_phrases.txt', 'trailing notes')})")
ENDS_SENTENCE_OR_CLAUSE = re.compile(r"[.!?…:;,]['\"”’»)\]]*$|['\"”»]$")
# "By Mara Oduya, harbour correspondent", "LEON, GUANAJUATO.- A boy": the start of a text without a headline.
OPENS_BODY = re.compile(r"^(?:By|BY)\s+[A-Z]|^[A-ZÀ-Þ][A-ZÀ-Þ ,]{3,40}\.\s?[-–—]|^[A-Z][a-z]+ /[A-Z]{3,}/")
TITLE_WORD = re.compile(r"[A-Za-z’'\-]{4,}")
# Words of a lead sentence that headlines leave out: articles, auxiliary verbs, days.
SENTENCE_SIGNS = re.compile(
    r"(?i)\b(?:the|an?|yesterday|today|tomorrow|tonight|on\s+\w+day|last\s+\w+|has\s+been|have\s+been|said)\b"
)
# A menu entry consists of one or two words.
MENU_ENTRY = re.compile(r"[A-Z][\w&-]*(?: [\w&-]+)?")
CAPITALS_AND_STOP = re.compile(r"[A-Z][A-Z ]{3,30}\.")  # "ABSTRACT."
WORD = re.compile(r"\w+")
OPENING_MARKS = "\"“‘'«„"
# Longest of each kind, in characters.
MAX_HEADLINE = 170
MAX_STANDFIRST = 260
MAX_SUBHEAD = 70
MAX_CAPTION = 400
MAX_NOTE_INSIDE = 200  # of a note that is not among the last paragraphs
MAX_SUBHEAD_WORDS = 9
LAST_PARAGRAPHS = 4  # where a note of any length may be
WRAPPED_WIDTH = range(40, 111)
Line = tuple[int, int]  # start and end in the raw text


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one segment, as ranges of the raw text."""

    kind: SegmentKind
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The segments of an article in order, and what was found around them."""

    blocks: tuple[Block, ...]
    url: str | None
    furniture: tuple[str, ...]
    dateline: Dateline | None


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    lines: tuple[Line, ...]
    kind: SegmentKind | None = None  # if the record marks it


def read_layout(text: str, headline: str | None) -> Layout:
    """Split a raw text without marked blocks into segments.

    Args:
        text: the raw record, decoded.
        headline: the headline in the metadata; the first line is the headline if it has the same words.
    """
    lines = [_strip_line(text, line.start(), line.end()) for line in LINE.finditer(text)]
    visible = [(start, end) for start, end in lines if start < end]
    url = None
    if visible and (address := URL_LINE.match(text[slice(*visible[0])])):
        url = address[1]
        visible = visible[1:]
    visible = visible[_count_menu_lines([text[slice(*line)] for line in visible]) :]
    furniture = tuple(text[slice(*line)] for line in visible if FURNITURE.match(text[slice(*line)]))
    kept = [line for line in visible if not FURNITURE.match(text[slice(*line)])]
    blocks, dateline = _classify(_join_lines(text, kept), headline, has_url=url is not None)
    return Layout(tuple(blocks), url, furniture, dateline)


def read_marked_layout(text: str, marked: Sequence[RawBlock]) -> Layout:
    """Split a raw text into the segments that the record marks.

    Furniture, datelines and trailing notes are found by their words, as in a text without marks. Headlines, standfirsts
    and bylines are only those that the record marks; they precede the other segments.
    """
    lines = [(block.kind, _strip_line(text, block.start_char, block.end_char)) for block in marked]
    furniture = tuple(text[slice(*line)] for _, line in lines if FURNITURE.match(text[slice(*line)]))
    kept = [
        _Paragraph(text[slice(*line)], (line,), kind)
        for kind, line in lines
        if line[0] < line[1] and not FURNITURE.match(text[slice(*line)])
    ]
    front = [
        Block(paragraph.kind, paragraph.lines)
        for paragraph in kept
        if paragraph.kind in ("headline", "standfirst", "byline")
    ]
    blocks, dateline = _classify_body(
        [paragraph for paragraph in kept if paragraph.kind not in ("headline", "standfirst", "byline")]
    )
    return Layout((*front, *blocks), None, furniture, dateline)


def _count_menu_lines(lines: Sequence[str]) -> int:
    """Return how many lines of a site menu precede the article: two or more short entries in a row."""
    count = next((number for number, line in enumerate(lines) if not MENU_ENTRY.fullmatch(line)), 0)
    return count if count > 1 else 0


def _strip_line(text: str, start: int, end: int) -> Line:
    """Return a line without white space and invisible characters at its ends."""
    is_mojibake = MOJIBAKE.search(text, start, end) is not None
    while start < end and _is_blank(text[start], is_mojibake):
        start += 1
    while end > start and _is_blank(text[end - 1], is_mojibake):
        end -= 1
    return start, end


def _is_blank(character: str, is_mojibake: bool) -> bool:
    if is_mojibake and "\x80" <= character <= "\x9f":  # it becomes part of a character when it is repaired
        return False
    return character.isspace() or UNSEEN.match(character) is not None


def _join_lines(text: str, lines: Sequence[Line]) -> list[_Paragraph]:
    """Return one paragraph for each line or, if the text is wrapped at a fixed width, for each group of lines."""
    groups: list[list[Line]] = []
    for line in lines:
        gap = text[groups[-1][-1][1] : line[0]] if groups else ""
        is_next_line = groups and len(LINE.split(gap)) == 1  # no furniture between the two
        if is_next_line and gap.replace("\r\n", "\n").count("\n") < 2:
            groups[-1].append(line)
        else:
            groups.append([line])
    if not _is_wrapped(text, groups):
        groups = [[line] for group in groups for line in group]
    return [_Paragraph(" ".join(text[slice(*line)] for line in group), tuple(group)) for group in groups]


def _is_wrapped(text: str, groups: Sequence[Sequence[Line]]) -> bool:
    """Return whether most line breaks are within sentences, after lines of similar width."""
    broken = [text[slice(*line)] for group in groups for line, _ in pairwise(group)]
    if len(broken) < 3:
        return False
    within_sentence = sum(len(line) in WRAPPED_WIDTH and not ENDS_SENTENCE_OR_CLAUSE.search(line) for line in broken)
    return within_sentence > len(broken) * 0.6


def _classify(
    paragraphs: Sequence[_Paragraph], headline: str | None, *, has_url: bool
) -> tuple[list[Block], Dateline | None]:
    blocks: list[Block] = []
    rest = list(paragraphs)
    if rest and _is_headline(rest, headline, has_url=has_url):
        blocks.append(Block("headline", rest.pop(0).lines))
        if rest and _is_standfirst(rest):
            blocks.append(Block("standfirst", rest.pop(0).lines))
    while len(rest) > 1 and BYLINE.match(rest[0].text):
        blocks.append(Block("byline", rest.pop(0).lines))
    body, dateline = _classify_body(rest)
    return blocks + body, dateline


def _classify_body(paragraphs: Sequence[_Paragraph]) -> tuple[list[Block], Dateline | None]:
    blocks: list[Block] = []
    dateline = None
    for number, paragraph in enumerate(paragraphs):
        kind = _classify_paragraph(paragraphs, number)
        is_before_lead = not any(block.kind in ("paragraph", "dateline") for block in blocks)
        if is_before_lead and paragraph.text in AGENCIES:
            kind = "byline"
        if dateline is None and kind == "paragraph" and is_before_lead:
            dateline = read_dateline(paragraph.text)
            if dateline:
                blocks += _split_dateline(paragraph, dateline)
                continue
        blocks.append(Block(kind, paragraph.lines))
    return blocks, dateline


def _split_dateline(paragraph: _Paragraph, dateline: Dateline) -> list[Block]:
    start, end = paragraph.lines[0]
    if dateline.end_char >= end - start:  # the dateline is a line of its own, or wrapped
        return [Block("paragraph", paragraph.lines)]
    rest_of_line = (start + dateline.end_char, end)
    return [
        Block("dateline", ((start, start + len(dateline.printed)),)),
        Block("paragraph", (rest_of_line, *paragraph.lines[1:])),
    ]


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _is_headline(paragraphs: Sequence[_Paragraph], given: str | None, *, has_url: bool) -> bool:
    """Return whether the first paragraph is the headline.

    Args:
        paragraphs: of the text, in order.
        given: the headline in the metadata.
        has_url: whether the text begins with its address: then a headline is not a sentence.
    """
    text = paragraphs[0].text
    if given:
        return _words(text) == _words(given)
    if not _may_precede_lead(paragraphs, MAX_HEADLINE, fewest_words=3):
        return False
    if text.endswith((",", ":")) or not (text[0].isalnum() or text[0] in OPENING_MARKS):
        return False
    if not ENDS_SENTENCE_OR_CLAUSE.search(text) or text.endswith(";"):
        return not has_url or len(paragraphs[1].text) > len(text)
    if has_url:
        return False
    capitals = [word[0].isupper() for word in TITLE_WORD.findall(text)]
    is_title = bool(capitals) and sum(capitals) >= 0.7 * len(capitals)
    return is_title or not SENTENCE_SIGNS.search(text)


def _is_standfirst(paragraphs: Sequence[_Paragraph]) -> bool:
    """Return whether the paragraph after the headline is the standfirst."""
    if not _may_precede_lead(paragraphs, MAX_STANDFIRST, fewest_words=4):
        return False
    is_before_dateline = read_dateline(paragraphs[1].text) is not None
    return is_before_dateline or not ENDS_SENTENCE_OR_CLAUSE.search(paragraphs[0].text)


def _may_precede_lead(paragraphs: Sequence[_Paragraph], longest: int, fewest_words: int) -> bool:
    """Return whether the first of several paragraphs has the length of a headline or standfirst, and is not the lead."""
    text = paragraphs[0].text
    return (
        len(paragraphs) > 1
        and len(text) <= longest
        and len(text.split()) >= fewest_words
        and not OPENS_BODY.match(text)
        and not read_dateline(text)
    )


def _classify_paragraph(paragraphs: Sequence[_Paragraph], number: int) -> SegmentKind:
    text = paragraphs[number].text
    if NOTE.match(text) and (number >= len(paragraphs) - LAST_PARAGRAPHS or len(text) < MAX_NOTE_INSIDE):
        return "note"
    if CAPTION.match(text) and len(text) < MAX_CAPTION:
        return "caption"
    marked = paragraphs[number].kind
    if marked:
        return marked
    if (
        0 < number < len(paragraphs) - 1
        and _looks_like_subhead(text)
        and not _looks_like_subhead(paragraphs[number - 1].text)
        and not _looks_like_subhead(paragraphs[number + 1].text)
    ):
        return "subhead"
    return "paragraph"


def _looks_like_subhead(text: str) -> bool:
    is_short = len(text) <= MAX_SUBHEAD and len(text.split()) <= MAX_SUBHEAD_WORDS
    if not is_short or not text[0].isalnum() or text[0].islower():
        return False
    if CAPITALS_AND_STOP.fullmatch(text):
        return True
    return not ENDS_SENTENCE_OR_CLAUSE.search(text) and any(letter.isalpha() for letter in text)
