"""What each line of a scraped page is: furniture, headline, byline, paragraph, subhead, caption, note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.contract import RawBlock, SegmentKind
from pipeline.normalise.dateline import AGENCIES, Dateline, read_dateline
from pipeline.normalise.text import MOJIBAKE, UNSEEN

LINE = re.compile(r"[^\r\n\u2028\u2029\x0b\x0c]+")
URL_LINE = re.compile(r"(?i)^\ufeff?\s*(https?://\S+)\s*$")
# What sites print around an article; each alternative is a whole line.
FURNITURE = re.compile(
    r"""(?ix)^\W*(?:
    all\s+news | home | menu | search | news | print | e-?mail | tweet | share | comments? | loading\W* | advertisements?
    | share\s+(?:this|on|via|the)\b.{0,40} | share:?\s.{0,30}
    | (?:last\s+)?(?:updated|published|posted|modified)(?:\s+(?:at|on))?\s*:.{0,60}
    | (?:also\s+read|read\s+also|read\s+more|see\s+also|related(?:\s+(?:stor(?:y|ies)|articles?|news|content))?|more\s+from|watch(?:\s+now)?)\s*(?::.{0,200})?
    | read\s+the\s+(?:rest|full\s+(?:story|article))\b.{0,60} | continue\s+reading\b.{0,60} | read\s+more\s+(?:here|at)\b.{0,60}
    | (?:follow|like|find|join)\s+(?:us|the\s+page)(?:\s+on\b.{0,60})? :?
    | do\s+you\s+.{3,60}\?\s+like\s+the\s+page:?
    | (?:subscribe|sign\s+up)\s+(?:to|for|now|here|today)\b.{0,120} | click\s+here\b.{0,100}
    | (?:©|\(c\)|copyright)\s.{0,150} | all\s+rights\s+reserved\W*
    | (?:story|article)\s+continues\s+(?:below|after).{0,60} | scroll\s+(?:down\s+)?(?:to|for)\b.{0,60} | skip\s+to\s+.{0,40}
    | \d+\s+(?:comments?|shares?|views?|min(?:ute)?s?\s+read)
    | back\s+to\s+top | photo\s+gallery | trending(?:\s+now)? | most\s+read | tags?\s*:.{0,200} | topics?\s*:.{0,200}
    )\W*$"""
)
BYLINE = re.compile(
    r"^(?:By|BY)\s+(?P<names>[A-Z][\w.’'\-]+(?:\s+(?:[A-Z][\w.’'\-]*|de|van|von|al|bin|and|&)|,\s+[A-Z][\w.’'\-]+)*)\.?$"
)
CAPTION = re.compile(
    r"(?i)^\W*(?:file\s+)?(?:photo|image|picture|caption|pictured|video)(?:\s+(?:by|credit|courtesy))?\s*[:/].+|.{0,300}[(\[](?:file\s+)?(?:photo|image|picture)\b[^)\]]{0,60}[)\]]\W*$"
)
NOTE = re.compile(
    r"(?i)^\W*(?:reporting\s+by\b|editing\s+by\b|additional\s+reporting|with\s+inputs?\s+from|edited\s+by|writing\s+by"
    r"|this\s+(?:story|article|report)\s+(?:has\s+been|was|is|originally)\b|correction\b\W|corrects?\b\W|clarification\b\W"
    r"|editor[’']?s?[’']?\s+note\b|an?\s+earlier\s+version\b|note\s+to\s+readers)"
)
ENDS_SENTENCE = re.compile(r"[.!?…:;,]['\"”’»)\]]*$|['\"”»]$")
# "By Mara Oduya, harbour correspondent", "LEON, GUANAJUATO.- A boy": what follows a headline that is not there.
OPENS_BODY = re.compile(r"^(?:By|BY)\s+[A-Z]|^[A-ZÀ-Þ][A-ZÀ-Þ ,]{3,40}\.\s?[-–—]|^[A-Z][a-z]+ /[A-Z]{3,}/")
TITLE_WORD = re.compile(r"[A-Za-z’'\-]{4,}")
# What a lead sentence has and a headline does not: articles, and when it was.
SENTENCE_SIGNS = re.compile(
    r"(?i)\b(?:the|an?|yesterday|today|tomorrow|tonight|on\s+\w+day|last\s+\w+|has\s+been|have\s+been|said)\b"
)
MAX_HEADLINE = 170
MAX_STANDFIRST = 260
MAX_SUBHEAD = 70


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of lines that make one segment, as ranges of the raw text."""

    kind: SegmentKind
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The article's segments in order, and what was found around them."""

    blocks: tuple[Block, ...]
    url: str | None
    furniture: tuple[str, ...]
    dateline: Dateline | None


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    lines: tuple[tuple[int, int], ...]
    kind: SegmentKind | None = None  # where the record marks it


def read_layout(text: str, headline: str | None) -> Layout:
    """Part a raw text into segments.

    Args:
        text: the raw record, decoded.
        headline: as given beside the text, where it is; a printed line with the same words is then the headline.
    """
    lines = [_strip(text, found.start(), found.end()) for found in LINE.finditer(text)]
    shown = [line for line in lines if line[0] < line[1]]
    url = None
    if shown and (found := URL_LINE.match(text[slice(*shown[0])])):
        url = found[1]
        shown = shown[1:]
    shown = shown[_menu_length([text[slice(*line)] for line in shown]) :]
    furniture = [text[slice(*line)] for line in shown if FURNITURE.match(text[slice(*line)])]
    kept = [line for line in shown if not FURNITURE.match(text[slice(*line)])]
    paragraphs = _join_lines(text, kept)
    blocks, dateline = _classify(paragraphs, headline, has_url=url is not None)
    return Layout(tuple(blocks), url, tuple(furniture), dateline)


# An entry of a menu: a word or two, and no more.
MENU_ENTRY = re.compile(r"[A-Z][\w&-]*(?: [\w&-]+)?")


def lay_out(text: str, marked: Sequence[RawBlock]) -> Layout:
    """Part a raw text into segments as the record marks them.

    What the marks do not tell is read off the words, as in a text without marks: site furniture, datelines, trailing
    notes, and a headline or byline within the first paragraphs only where marked.
    """
    shown = [(block.kind, _strip(text, block.start_char, block.end_char)) for block in marked]
    furniture = [text[slice(*line)] for _, line in shown if FURNITURE.match(text[slice(*line)])]
    kept = [
        _Paragraph(text[slice(*line)], (line,), kind)
        for kind, line in shown
        if line[0] < line[1] and not FURNITURE.match(text[slice(*line)])
    ]
    front = [Block(one.kind, one.lines) for one in kept if one.kind in ("headline", "standfirst", "byline")]
    blocks, dateline = _classify_body([one for one in kept if one.kind not in ("headline", "standfirst", "byline")])
    return Layout((*front, *blocks), None, tuple(furniture), dateline)


def _menu_length(lines: Sequence[str]) -> int:
    """How many lines of site menu stand before the article: two or more short entries in a row."""
    length = next((at for at, line in enumerate(lines) if not MENU_ENTRY.fullmatch(line)), 0)
    return length if length > 1 else 0


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    """A line without what a reader does not see at its ends: white space, and marks that will be dropped."""
    is_mojibake = MOJIBAKE.search(text, start, end) is not None
    while start < end and _is_blank(text[start], is_mojibake):
        start += 1
    while end > start and _is_blank(text[end - 1], is_mojibake):
        end -= 1
    return start, end


def _is_blank(character: str, is_mojibake: bool) -> bool:
    if is_mojibake and "\x80" <= character <= "\x9f":  # the end of a character, once it is repaired
        return False
    return character.isspace() or UNSEEN.match(character) is not None


def _join_lines(text: str, lines: Sequence[tuple[int, int]]) -> list[_Paragraph]:
    """One paragraph a line, but for texts that were wrapped at a fixed width."""
    groups: list[list[tuple[int, int]]] = []
    for line in lines:
        is_next = groups and len(LINE.split(text[groups[-1][-1][1] : line[0]])) == 1
        gap = text[groups[-1][-1][1] : line[0]] if groups else ""
        if is_next and gap.replace("\r\n", "\n").count("\n") < 2:
            groups[-1].append(line)
        else:
            groups.append([line])
    if not _is_wrapped(text, groups):
        groups = [[line] for group in groups for line in group]
    return [_Paragraph(" ".join(text[slice(*line)] for line in group), tuple(group)) for group in groups]


def _is_wrapped(text: str, groups: Sequence[Sequence[tuple[int, int]]]) -> bool:
    """Lines of even width that break within sentences."""
    joints = [(text[slice(*one)], text[slice(*other)]) for group in groups for one, other in pairwise(group)]
    if len(joints) < 3:
        return False
    within = sum(40 <= len(one) <= 110 and not ENDS_SENTENCE.search(one) for one, _ in joints)
    return within > len(joints) * 0.6


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


def _classify_body(rest: Sequence[_Paragraph]) -> tuple[list[Block], Dateline | None]:
    blocks: list[Block] = []
    dateline = None
    for at, paragraph in enumerate(rest):
        kind = _kind(rest, at)
        is_front = not any(b.kind in ("paragraph", "dateline") for b in blocks)
        if is_front and paragraph.text in AGENCIES:  # a line that credits an agency, before the lead
            kind = "byline"
        if dateline is None and kind == "paragraph" and is_front:
            dateline = read_dateline(paragraph.text)
            if dateline:
                blocks += _split_dateline(paragraph, dateline)
                continue
        blocks.append(Block(kind, paragraph.lines))
    return blocks, dateline


def _split_dateline(paragraph: _Paragraph, dateline: Dateline) -> list[Block]:
    start, end = paragraph.lines[0]
    length = len(dateline.printed)
    if dateline.end_char >= end - start:  # a dateline on a line of its own, or wrapped: keep it whole
        return [Block("paragraph", paragraph.lines)]
    first = (start + dateline.end_char, end)
    return [Block("dateline", ((start, start + length),)), Block("paragraph", (first, *paragraph.lines[1:]))]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _is_headline(rest: Sequence[_Paragraph], given: str | None, *, has_url: bool) -> bool:
    text = rest[0].text
    if given:
        return _words(text) == _words(given)
    if (
        len(rest) < 2
        or len(text) > MAX_HEADLINE
        or len(text.split()) < 3
        or OPENS_BODY.match(text)
        or read_dateline(text)
    ):
        return False
    if (re.search(r"[,;:]$", text) and not text.endswith(";")) or (not text[0].isalnum() and text[0] not in "\"“‘'«„"):
        return False
    if not ENDS_SENTENCE.search(text) or text.endswith(";"):
        return not has_url or len(rest[1].text) > len(text)
    if has_url:  # a page's text without its headline begins with a sentence
        return False
    capitals = [word[0].isupper() for word in TITLE_WORD.findall(text)]
    is_title = bool(capitals) and sum(capitals) >= 0.7 * len(capitals)
    return is_title or not SENTENCE_SIGNS.search(text)


def _is_standfirst(rest: Sequence[_Paragraph]) -> bool:
    text = rest[0].text
    if (
        len(rest) < 2
        or len(text) > MAX_STANDFIRST
        or len(text.split()) < 4
        or OPENS_BODY.match(text)
        or read_dateline(text)
    ):
        return False
    before_dateline = read_dateline(rest[1].text) is not None
    return before_dateline or not ENDS_SENTENCE.search(text)


def _kind(rest: Sequence[_Paragraph], at: int) -> SegmentKind:
    text = rest[at].text
    is_late = at >= len(rest) - 4
    if NOTE.match(text) and (is_late or len(text) < 200):
        return "note"
    if CAPTION.match(text) and len(text) < 400:
        return "caption"
    marked = rest[at].kind
    if marked:
        return marked
    if (
        0 < at < len(rest) - 1
        and _is_subhead(text)
        and not _is_subhead(rest[at - 1].text)
        and not _is_subhead(rest[at + 1].text)
    ):
        return "subhead"
    return "paragraph"


def _is_subhead(text: str) -> bool:
    if len(text) > MAX_SUBHEAD or len(text.split()) > 9 or not text[0].isalnum() or text[0].islower():
        return False
    if re.fullmatch(r"[A-Z][A-Z ]{3,30}\.", text):  # "ABSTRACT."
        return True
    return not ENDS_SENTENCE.search(text) and any(letter.isalpha() for letter in text)
