"""Parse a page into a tree, and prepare the tree for extractors."""

from __future__ import annotations

import re
from collections.abc import Iterable

import lxml.html
from lxml import etree

MAX_DEPTH = 2_000
# libxml2 stops at 256 levels, and at 2,048 with huge_tree.
PARSER = etree.HTMLParser(huge_tree=True, encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
# trafilatura needs elements of lxml.html. lxml.html's own parser calls Python for each element; this look-up does not.
PARSER.set_element_class_lookup(etree.ElementDefaultClassLookup(element=lxml.html.HtmlElement))
# Characters that lxml returns but does not accept: control characters, also as references, and U+FFFE and U+FFFF.
CONTROLS = bytes({*range(32)} - set(b"\t\n\f\r"))
FORM_FEED_TO_SPACE = bytes.maketrans(b"\f", b" ")
CONTROL_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[fF]{3}[eEfF]));"
)
LEVELS_PER_STEP = 100
DESCENDANTS_BELOW = etree.XPath("/".join("*" * LEVELS_PER_STEP))
# Elements without text of an article, which slow down extractors.
IGNORED = ("script", "style", "meta", "link", "img", "svg", "template", "nav", "aside", "footer")
# Noncharacters, which no text contains. They mark elements in the text, as trafilatura drops the elements.
CAPTION_MARK = "\ufdd0"
SUBHEAD_MARK = "\ufdd1"
MAX_BOLD_SUBHEAD_WORDS = 12
WORD = re.compile(r"\w")


def parse_page(html: str) -> lxml.html.HtmlElement | None:
    """Return the tree of a page; None if it has no element."""
    data = html.encode("utf-8", "replace").translate(FORM_FEED_TO_SPACE, CONTROLS)
    for noncharacter in ("\ufffe", "\uffff"):
        data = data.replace(noncharacter.encode(), b"")
    try:
        return lxml.html.document_fromstring(CONTROL_REFERENCE.sub(b"", data), parser=PARSER)
    except etree.ParserError:
        return None


def is_too_deep(root: lxml.html.HtmlElement) -> bool:
    """Return whether elements are nested deeper than later readers of the tree can process; takes linear time."""
    level: Iterable[lxml.html.HtmlElement] = [root]
    for _ in range(MAX_DEPTH // LEVELS_PER_STEP):
        level = [below for element in level for below in DESCENDANTS_BELOW(element)]
        if not level:
            return False
    return True


def prepare(root: lxml.html.HtmlElement) -> None:
    """Write what a browser shows and an extractor drops into the text: quotation marks, times, captions, subheads.

    It also removes scripts, menus and <meta> tags, so read the metadata first.
    """
    for source in root.xpath("//blockquote//footer"):
        source.tag = "p"  # it names the source of the quotation
    etree.strip_elements(root, *IGNORED, with_tail=False)
    write_quotation_marks(root)
    _write_times(root)
    for figure in root.xpath("//figure[.//figcaption]"):
        _keep_caption(figure)
    for bold in root.xpath("//p[count(*)=1]/*[self::strong or self::b]"):
        _mark_subhead(bold)


def write_quotation_marks(root: lxml.html.HtmlElement) -> None:
    """Write the marks that a browser shows around <q> into the text, single marks inside double ones."""
    depth = 0
    for event, quotation in etree.iterwalk(root, events=("start", "end"), tag="q"):
        if event == "start":
            depth += 1
            quotation.text = "“‘"[1 - depth % 2] + (quotation.text or "")
            continue
        closing = "”’"[1 - depth % 2]
        depth -= 1
        if len(quotation):
            quotation[-1].tail = (quotation[-1].tail or "") + closing
        else:
            quotation.text += closing
    _unwrap(root.iter("q"))


def _write_times(root: lxml.html.HtmlElement) -> None:
    """Keep the words of <time> in a sentence: "The vote, at <time>9 p.m.</time>, was close".

    A paragraph with nothing but times is the page's date, and is emptied.
    """
    parents = {time: next(time.iterancestors("p", "li", "blockquote"), None) for time in root.iter("time")}
    date_lines = {
        parent for parent in dict.fromkeys(parents.values()) if parent is not None and _has_only_times(parent)
    }
    _unwrap(time for time, parent in parents.items() if parent is not None and parent not in date_lines)
    for date_line in date_lines:
        date_line.clear(keep_tail=True)


def _has_only_times(parent: lxml.html.HtmlElement) -> bool:
    depth = 0
    for event, element in etree.iterwalk(parent, events=("start", "end")):
        if event == "start":
            depth += element.tag == "time"
            text = element.text
        else:
            depth -= element.tag == "time"
            text = element.tail if element is not parent else None
        if not depth and text and WORD.search(text):
            return False
    return True


def _unwrap(elements: Iterable[lxml.html.HtmlElement]) -> None:
    """Replace elements, given in document order, with their content.

    lxml's own functions take quadratic time if many are in one paragraph: ``drop_tag`` searches for each from the
    start, and the many adjacent text nodes that ``strip_tags`` leaves are slow to read.
    """
    unwrapped = dict.fromkeys(elements)
    for parent in reversed(dict.fromkeys(element.getparent() for element in unwrapped)):  # the inner ones first
        children: list[lxml.html.HtmlElement] = []
        texts = [[parent.text]]  # before the first child, and after each
        for child in parent:
            if child in unwrapped:
                texts[-1].append(child.text)
                children += child
                texts += ([grandchild.tail] for grandchild in child)
            else:
                children.append(child)
                texts.append([])
            texts[-1].append(child.tail)
        parent[:] = children
        parent.text, *tails = ("".join(filter(None, parts)) for parts in texts)
        for child, tail in zip(children, tails, strict=True):
            child.tail = tail


def _keep_caption(figure: lxml.html.HtmlElement) -> None:
    """Replace a figure with a paragraph of its caption: extractors drop figures."""
    caption = " ".join(figure.find(".//figcaption").text_content().split())
    tail = figure.tail
    figure.clear()
    figure.tail = tail
    figure.tag = "p"
    figure.text = CAPTION_MARK + caption if caption else None


def _mark_subhead(bold: lxml.html.HtmlElement) -> None:
    """Mark a short bold line that does not end a sentence as a subhead: ``<p><strong>What is next</strong></p>``."""
    paragraph = bold.getparent()
    around = (paragraph.text or "") + (bold.tail or "")
    words = bold.text_content().split()
    if not around.strip() and 0 < len(words) <= MAX_BOLD_SUBHEAD_WORDS and words[-1][-1] not in '.,:;”"’':
        bold.text = SUBHEAD_MARK + (bold.text or "")
