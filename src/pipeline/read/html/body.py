"""Extract an article's paragraphs, subheads and captions from a page, in reading order."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

import lxml.html
from lxml import etree
from resiliparse.extract.html2text import extract_plain_text

from pipeline.contract import RawBlock, SegmentKind
from pipeline.lexicon.words import read_words
from pipeline.read.html.tree import CAPTION_MARK, SUBHEAD_MARK, write_quotation_marks

# trafilatura warns of each page without an article; our flags and rejects already report that.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

BLOCK_ELEMENTS = read_words("block_elements.txt")
SUBHEADS = frozenset("h1 h2 h3 h4 h5 h6 head".split())
CELLS = frozenset("td th cell".split())
INVISIBLE = (
    "script", "style", "noscript", "template", "iframe", "object", "svg", "select", "textarea", "button", "title",
)  # fmt: skip
CELL_BREAK = " | "
LONGEST_ENDING = 20  # characters: a full stop and the marks after it
ENDS_SENTENCE = re.compile(r"[.!?…:;。！？][\"”’»)\]」』）]*$")
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, subhead, caption or note of an article."""

    kind: SegmentKind
    text: str


def extract_article(root: lxml.html.HtmlElement, url: str | None) -> list[Paragraph]:
    """Return the article in a prepared page without boilerplate; empty if none is found."""
    from trafilatura import bare_extraction  # late: slow to import, and only pages need it
    from trafilatura.settings import Document

    document = bare_extraction(root, url=url, fast=True, include_comments=False, output_format="xml")
    return read_paragraphs(document.body) if isinstance(document, Document) else []


def extract_main_text(html: str) -> list[Paragraph]:
    """Return all main text of a page, for pages in which no article is found."""
    return split_lines(extract_plain_text(html, main_content=True, list_bullets=False, alt_texts=False))


def split_lines(text: str) -> list[Paragraph]:
    """Return the lines of a text without markup as paragraphs."""
    return [Paragraph("paragraph", line) for line in map(collapse_spaces, text.splitlines()) if line]


def read_fragment_paragraphs(root: lxml.html.HtmlElement) -> list[Paragraph]:
    """Return every visible paragraph of a fragment that contains only the article."""
    etree.strip_elements(root, *INVISIBLE, with_tail=False)
    write_quotation_marks(root)
    body = root.find("body")
    return read_paragraphs(root if body is None else body)


def read_paragraphs(body: lxml.html.HtmlElement) -> list[Paragraph]:
    """Return the paragraphs of a tree of HTML or of trafilatura's XML."""
    reader = _ParagraphReader()
    for event, element in etree.iterwalk(body, events=("start", "end")):
        if event == "start":
            reader.open_element(element)
        else:
            reader.close_element(element)
    reader.end_paragraph()
    return reader.paragraphs


class _ParagraphReader:
    """Collects text up to the end of a paragraph."""

    def __init__(self) -> None:
        self.paragraphs: list[Paragraph] = []
        self._kinds: list[SegmentKind] = ["paragraph"]  # of the open elements
        self._parts: list[str] = []  # of the current paragraph; joined once, as repeated joining takes quadratic time
        self._ending = ""  # its last characters; empty if it has only white space

    def open_element(self, element: lxml.html.HtmlElement) -> None:
        if element.tag in BLOCK_ELEMENTS:
            self.end_paragraph()
        if kind := _kind_of(element.tag):
            self._kinds.append(kind)
        if element.tag in CELLS and self._ending:
            self._add(CELL_BREAK)
        self._add(element.text)

    def close_element(self, element: lxml.html.HtmlElement) -> None:
        is_line_break = element.tag in ("br", "lb")
        if element.tag in BLOCK_ELEMENTS or (is_line_break and _ends_paragraph(self._ending, element)):
            self.end_paragraph()
        if _kind_of(element.tag):
            self._kinds.pop()
        if is_line_break:
            self._add(" ")
        self._add(element.tail)

    def end_paragraph(self) -> None:
        if self._ending:
            self.paragraphs.extend(_as_paragraph("".join(self._parts), self._kinds[-1]))
        self._parts.clear()
        self._ending = ""

    def _add(self, text: str | None) -> None:
        if text:
            self._parts.append(text)
            if not text.isspace():
                self._ending = (self._ending + text.rstrip())[-LONGEST_ENDING:]


def _kind_of(tag: str) -> SegmentKind | None:
    if tag in SUBHEADS:
        return "subhead"
    return "caption" if tag in ("figcaption", "caption") else None


def _as_paragraph(line: str, kind: SegmentKind) -> Iterable[Paragraph]:
    if CAPTION_MARK in line:
        kind = "caption"
    elif SUBHEAD_MARK in line:
        kind = "subhead"
    text = collapse_spaces(line.replace(CAPTION_MARK, "").replace(SUBHEAD_MARK, ""))
    if text.strip(CELL_BREAK):
        yield Paragraph(kind, text)


def _ends_paragraph(ending: str, line_break: etree._Element) -> bool:
    """Return whether a line break ends a paragraph: after a sentence, or if another follows; else it is a space."""
    following = line_break.getnext()
    is_double = following is not None and following.tag == line_break.tag and not (line_break.tail or "").strip()
    return is_double or bool(ENDS_SENTENCE.search(ending))


def collapse_spaces(text: str) -> str:
    """Return a text with single spaces for all white space, as a browser shows it."""
    return " ".join(text.split())


def folded_words(text: str) -> list[str]:
    """Return a text's words without case and punctuation, for comparing."""
    return WORD.findall(text.casefold())


def join_paragraphs(paragraphs: Iterable[Paragraph]) -> tuple[str, tuple[RawBlock, ...]]:
    """Return the paragraphs joined by empty lines, and the offsets of each."""
    texts: list[str] = []
    blocks: list[RawBlock] = []
    start = 0
    for paragraph in paragraphs:
        blocks.append(RawBlock(paragraph.kind, start, start + len(paragraph.text)))
        texts.append(paragraph.text)
        start += len(paragraph.text) + len("\n\n")
    return "\n\n".join(texts), tuple(blocks)
