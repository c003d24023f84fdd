"""The article in a page: its paragraphs, subheads and captions, in the order in which they are read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

import lxml.html
from lxml import etree
from resiliparse.extract.html2text import extract_plain_text

from pipeline.contract import RawBlock, SegmentKind
from pipeline.read.html.tree import CAPTION_MARK, SUBHEAD_MARK, write_quotation_marks

# It warns of each page in which it finds nothing; what came of the page is told by its flags or its reject.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

# Elements that part paragraphs, of HTML and of trafilatura's own vocabulary.
PARTING = frozenset(
    "body p div li ul ol dl dt dd table tr caption blockquote pre h1 h2 h3 h4 h5 h6 section article aside main header"
    " footer nav figure figcaption address details summary form fieldset hr center"
    " head list item quote row code".split()
)
SUBHEADS = frozenset("h1 h2 h3 h4 h5 h6 head".split())
CELLS = frozenset("td th cell".split())
UNSEEN = ("script", "style", "noscript", "template", "iframe", "object", "svg", "select", "textarea", "button", "title")
CELL_BREAK = " | "
LONGEST_ENDING = 20  # characters: a full stop and the marks behind it
ENDS_SENTENCE = re.compile(r"[.!?…:;。！？][\"”’»)\]」』）]*$")
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph of the article, or what stands in the place of one."""

    kind: SegmentKind
    text: str


def extract_article(root: lxml.html.HtmlElement, url: str | None) -> list[Piece]:
    """The article in a prepared page, without what the site puts around it; empty where none is found."""
    from trafilatura import bare_extraction  # late: a run without pages need not wait for it
    from trafilatura.settings import Document

    found = bare_extraction(root, url=url, fast=True, include_comments=False, output_format="xml")
    return read_pieces(found.body) if isinstance(found, Document) else []


def extract_main_text(html: str) -> list[Piece]:
    """All main text of a page in which no article was recognised."""
    return read_lines(extract_plain_text(html, main_content=True, list_bullets=False, alt_texts=False))


def read_lines(text: str) -> list[Piece]:
    """The paragraphs of a text without markup, one a line."""
    return [Piece("paragraph", line) for line in map(squeeze, text.splitlines()) if line]


def read_fragment_pieces(root: lxml.html.HtmlElement) -> list[Piece]:
    """Every visible paragraph of a fragment that is the article and nothing else."""
    etree.strip_elements(root, *UNSEEN, with_tail=False)
    write_quotation_marks(root)
    body = root.find("body")
    return read_pieces(root if body is None else body)


def read_pieces(body: lxml.html.HtmlElement) -> list[Piece]:
    """The paragraphs of a tree, whether HTML or trafilatura's."""
    pieces: list[Piece] = []
    kinds: list[SegmentKind] = ["paragraph"]
    line: list[str] = []  # parts of one: to add to a text that grows would take time quadratic in it
    ending = ""  # its last characters

    def add(text: str | None) -> None:
        nonlocal ending
        if text:
            line.append(text)
            ending = (ending + text.rstrip())[-LONGEST_ENDING:] if not text.isspace() else ending

    def close() -> None:
        nonlocal ending
        if ending:  # else there is but white space
            pieces.extend(_as_piece("".join(line), kinds[-1]))
        line.clear()
        ending = ""

    for event, element in etree.iterwalk(body, events=("start", "end")):
        is_parting = element.tag in PARTING
        if event == "start":
            if is_parting:
                close()
            if kind := _kind(element.tag):
                kinds.append(kind)
            if element.tag in CELLS and ending:
                add(CELL_BREAK)
            add(element.text)
            continue
        is_break = element.tag in ("br", "lb")
        if is_parting or (is_break and _ends_paragraph(ending, element)):
            close()
        if _kind(element.tag):
            kinds.pop()
        if is_break:
            add(" ")
        add(element.tail)
    close()
    return pieces


def _kind(tag: str) -> SegmentKind | None:
    if tag in SUBHEADS:
        return "subhead"
    return "caption" if tag in ("figcaption", "caption") else None


def _as_piece(line: str, kind: SegmentKind) -> Iterable[Piece]:
    if CAPTION_MARK in line:
        kind = "caption"
    elif SUBHEAD_MARK in line:
        kind = "subhead"
    text = squeeze(line.replace(CAPTION_MARK, "").replace(SUBHEAD_MARK, ""))
    if text.strip(CELL_BREAK):
        yield Piece(kind, text)


def _ends_paragraph(ending: str, br: etree._Element) -> bool:
    """Two line breaks in a row end a paragraph, and so does one behind a sentence; within one it is a space."""
    following = br.getnext()
    is_double = following is not None and following.tag == br.tag and not (br.tail or "").strip()
    return is_double or bool(ENDS_SENTENCE.search(ending))


def squeeze(text: str) -> str:
    """A text as a browser shows it, with one space where there is any white space."""
    return " ".join(text.split())


def words_of(text: str) -> list[str]:
    """A text's words, for comparing: without case and punctuation."""
    return WORD.findall(text.casefold())


def join_pieces(pieces: Iterable[Piece]) -> tuple[str, tuple[RawBlock, ...]]:
    """The text of pieces, parted by empty lines, and where each lies in it."""
    parts: list[str] = []
    blocks: list[RawBlock] = []
    at = 0
    for piece in pieces:
        blocks.append(RawBlock(piece.kind, at, at + len(piece.text)))
        parts.append(piece.text)
        at += len(piece.text) + 2
    return "\n\n".join(parts), tuple(blocks)
