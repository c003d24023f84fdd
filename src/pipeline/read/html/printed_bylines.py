"""Find the bylines of a page: in its JSON-LD, its <meta> tags, and the lines below its headline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import islice

import lxml.html
from lxml import etree

from pipeline.contract import FieldSource
from pipeline.lexicon.words import read_alternatives, read_lines
from pipeline.read.html.body import collapse_spaces
from pipeline.read.html.json_ld import is_of_type, text_of
from pipeline.read.html.page import Page

AUTHOR_TAGS = [name for line in read_lines("meta_tags.txt", "authors") for name in line.split()]
BYLINE_CLASS = re.compile(r"[Bb]yline|[Aa]uthor")
TEXTS_FROM_BY = etree.XPath(
    "following::text()[starts-with(normalize-space(.), 'By ') or normalize-space(.) = 'By'][position() <= 40]"
)
# Classes and ids of elements with the authors of other articles, or with readers' comments.
ELSEWHERE = re.compile(rf"(?i){read_alternatives('page_phrases.txt', 'other articles')}")
ELSEWHERE_TAGS = frozenset(("footer", "script", "style"))
STARTS_WITH_BY = re.compile(r"By\s")
LONGEST_BYLINE = 150  # characters
MAX_BYLINES = 40  # a page with more is a list of articles


def find_bylines(page: Page) -> Iterator[tuple[FieldSource, list[str]]]:
    """Yield what a page prints as authors, the most trustworthy source first."""
    authors = page.graph.follow(page.article.get("author")) or page.graph.follow(page.article.get("creator"))
    people = (author for author in authors if is_of_type(author, "Person") or not is_of_type(author, "Organization"))
    yield "json_ld", [name for person in people if (name := text_of(person))]
    for name in AUTHOR_TAGS:
        yield "meta", page.tags.get(name, [])
    yield from (("html", [line]) for line in islice(_marked_bylines(page.root), MAX_BYLINES))
    yield from (("html", [line]) for line in islice(_lines_from_by(page.root), MAX_BYLINES))


def _marked_bylines(root: lxml.html.HtmlElement) -> Iterator[str]:
    """Yield the elements below the headline that are marked as bylines, each with one line per nested element."""
    headline = next(root.iter("h1"), None)
    around = set(headline.iterancestors()) if headline is not None else {root}
    is_below = headline is None
    for element in root.iter():
        is_below = is_below or element is headline
        if is_below and _is_marked(element) and element.tag != "h1" and not _is_elsewhere(element, around):
            yield _byline_text(element)


def _is_marked(element: lxml.html.HtmlElement) -> bool:
    return (
        element.get("rel") == "author"
        or "author" in element.get("itemprop", "")
        or bool(BYLINE_CLASS.search(element.get("class", "")))
    )


def _lines_from_by(root: lxml.html.HtmlElement) -> Iterator[str]:
    """Yield short lines below the headline that begin with "By", except links: "By main ingredient" is a menu entry."""
    headline = next(root.iter("h1"), None)
    if headline is None:
        return
    around = set(headline.iterancestors())
    for text in TEXTS_FROM_BY(headline):
        element = text.getparent() if text.is_text else text.getparent().getparent()
        line = _byline_text(element if text.strip() != "By" or len(element) else element.getparent())
        if element.tag != "a" and STARTS_WITH_BY.match(line) and not _is_elsewhere(element, around):
            yield line


def _byline_text(element: lxml.html.HtmlElement) -> str:
    """Return a byline, one line per nested element, with its siblings of the same kind; empty if it is too long."""
    if element.tag == "meta":
        return str(element.get("content") or element.get("value") or "")
    lines, length = [], 0
    for sibling in (element, *islice(element.itersiblings(element.tag), MAX_BYLINES)):
        is_same_kind = (element.get("rel") or element.get("itemprop")) and sibling.get("class") == element.get("class")
        if sibling is not element and not is_same_kind:
            continue
        longest = LONGEST_BYLINE * (1 + MAX_BYLINES) if is_same_kind else LONGEST_BYLINE
        for text in sibling.itertext():
            lines.append(collapse_spaces(text))
            length += len(lines[-1])
            if length > longest:
                return ""
    return "\n".join(filter(None, lines))


def _is_elsewhere(element: lxml.html.HtmlElement, around: AbstractSet[lxml.html.HtmlElement]) -> bool:
    """Return whether an element belongs to other articles or to readers; elements around the headline do not."""
    for outer in (element, *element.iterancestors()):
        if outer in around:
            return False
        if outer.tag in ELSEWHERE_TAGS or ELSEWHERE.search(f"{outer.get('class', '')} {outer.get('id', '')}"):
            return True
    return False
