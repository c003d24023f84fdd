"""A page as a tree, and what must be known of the tree before others read it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import lxml.html
from lxml import etree

MAX_DEPTH = 2_000
# libxml2 itself stops at 256 levels unless told that the page may be huge, and at 2,048 then.
PARSER = etree.HTMLParser(huge_tree=True, encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
# trafilatura wants elements of lxml.html; this gives them without a call into Python for each, as lxml.html makes.
PARSER.set_element_class_lookup(etree.ElementDefaultClassLookup(element=lxml.html.HtmlElement))
# What lxml gives out and does not take back: control characters, also as references, and U+FFFE and U+FFFF.
CONTROLS = bytes({*range(32)} - set(b"\t\n\f\r"))
FORM_FEED_TO_SPACE = bytes.maketrans(b"\f", b" ")
CONTROL_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[fF]{3}[eEfF]));"
)
STRIDE = 100
FURTHER_DOWN = etree.XPath("/".join("*" * STRIDE))
# What holds no text of an article, and slows down those that look for it.
UNREAD = ("script", "style", "meta", "link", "img", "svg", "template", "nav", "aside", "footer")
# Noncharacters, which no text holds: what trafilatura would lose of an element is written into its text.
CAPTION_MARK = "\ufdd0"
SUBHEAD_MARK = "\ufdd1"
MAX_SUBHEAD_WORDS = 12
WORD = re.compile(r"\w")
BLOCKS = "p div li ul ol dl table blockquote h1 h2 h3 h4 h5 h6 section article figure".split()


def parse_page(html: str) -> lxml.html.HtmlElement | None:
    """The tree of a page; None where there is no element in it."""
    data = html.encode("utf-8", "replace").translate(FORM_FEED_TO_SPACE, CONTROLS)
    for noncharacter in ("\ufffe", "\uffff"):
        data = data.replace(noncharacter.encode(), b"")
    try:
        return lxml.html.document_fromstring(CONTROL_REFERENCE.sub(b"", data), parser=PARSER)
    except etree.ParserError:
        return None


def is_too_deep(root: lxml.html.HtmlElement) -> bool:
    """Whether tags nest deeper than those can bear that read the tree after us; takes time linear in the page."""
    level: Iterable[lxml.html.HtmlElement] = [root]
    for _ in range(MAX_DEPTH // STRIDE):
        level = [below for element in level for below in FURTHER_DOWN(element)]
        if not level:
            return False
    return True


def prepare(root: lxml.html.HtmlElement) -> None:
    """Write into the tree what a browser shows and an extractor drops: quotation marks, times, captions.

    Scripts, menus and the like go; metadata must have been read before.
    """
    for source in root.xpath("//blockquote//footer"):
        source.tag = "p"  # who said it
    etree.strip_elements(root, *UNREAD, with_tail=False)
    write_quotation_marks(root)
    _write_times(root)
    for figure in root.xpath("//figure[.//figcaption]"):
        _keep_caption(figure)
    for bold in root.xpath("//p[count(*)=1]/*[self::strong or self::b]"):
        _mark_subhead(bold)


def write_quotation_marks(root: lxml.html.HtmlElement) -> None:
    """Put in words the marks that a browser shows around <q>, single ones within double ones."""
    depth = 0
    for event, quote in etree.iterwalk(root, events=("start", "end"), tag="q"):
        if event == "start":
            depth += 1
            quote.text = "“‘"[1 - depth % 2] + (quote.text or "")
            continue
        closing = "”’"[1 - depth % 2]
        depth -= 1
        if len(quote):
            quote[-1].tail = (quote[-1].tail or "") + closing
        else:
            quote.text += closing
    _unwrap(root.iter("q"))


def _write_times(root: lxml.html.HtmlElement) -> None:
    """Make words of times within a text: "The vote, at <time>9 p.m.</time>, was close"; a time alone is the page's."""
    holders = {time: next(time.iterancestors("p", "li", "blockquote"), None) for time in root.iter("time")}
    alone = {holder for holder in dict.fromkeys(holders.values()) if holder is not None and _holds_only_times(holder)}
    _unwrap(time for time, holder in holders.items() if holder is not None and holder not in alone)
    for holder in alone:
        holder.clear(keep_tail=True)


def _holds_only_times(holder: lxml.html.HtmlElement) -> bool:
    depth = 0
    for event, element in etree.iterwalk(holder, events=("start", "end")):
        if event == "start":
            depth += element.tag == "time"
            text = element.text
        else:
            depth -= element.tag == "time"
            text = element.tail if element is not holder else None
        if not depth and text and WORD.search(text):
            return False
    return True


def _unwrap(elements: Iterable[lxml.html.HtmlElement]) -> None:
    """Put what stands in elements, given in their order, in their place.

    lxml's own ways take time quadratic in how many stand in one paragraph: ``drop_tag`` looks for each from the start,
    and the many pieces of text that ``strip_tags`` leaves side by side are slow to read.
    """
    unwrapped = dict.fromkeys(elements)
    for holder in reversed(dict.fromkeys(element.getparent() for element in unwrapped)):  # the inner ones first
        children: list[lxml.html.HtmlElement] = []
        texts = [[holder.text]]  # before the first child, and behind each
        for child in holder:
            if child in unwrapped:
                texts[-1].append(child.text)
                children += child
                texts += ([within.tail] for within in child)
            else:
                children.append(child)
                texts.append([])
            texts[-1].append(child.tail)
        holder[:] = children
        holder.text, *tails = ("".join(filter(None, parts)) for parts in texts)
        for child, tail in zip(children, tails, strict=True):
            child.tail = tail


def _keep_caption(figure: lxml.html.HtmlElement) -> None:
    """Turn a figure into a paragraph of its caption: extractors drop figures whole."""
    caption = " ".join(figure.find(".//figcaption").text_content().split())
    tail = figure.tail
    figure.clear()
    figure.tail = tail
    figure.tag = "p"
    figure.text = CAPTION_MARK + caption if caption else None


def _mark_subhead(bold: lxml.html.HtmlElement) -> None:
    """A short line all in bold, which ends no sentence, is a subhead: ``<p><strong>What is next</strong></p>``."""
    paragraph = bold.getparent()
    around = (paragraph.text or "") + (bold.tail or "")
    words = bold.text_content().split()
    if not around.strip() and 0 < len(words) <= MAX_SUBHEAD_WORDS and words[-1][-1] not in '.,:;”"’':
        bold.text = SUBHEAD_MARK + (bold.text or "")
