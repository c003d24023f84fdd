"""HTML: the article in a page, and what the page says of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from html import unescape

from lxml.html import HtmlElement

from pipeline.contract import QualityFlag, RawArticle, RawMetadata, Reject
from pipeline.read.html.body import (
    Piece,
    extract_article,
    extract_main_text,
    join_pieces,
    read_fragment_pieces,
    read_lines,
)
from pipeline.read.html.boilerplate import arrange, without_headline
from pipeline.read.html.charset import decode
from pipeline.read.html.json_ld import Json
from pipeline.read.html.metadata import Page, read_metadata
from pipeline.read.html.notes import with_notes
from pipeline.read.html.quality import find_problem, flag_quality
from pipeline.read.html.tree import MAX_DEPTH, is_too_deep, parse_page, prepare
from pipeline.read.records import MAX_HTML_BYTES, Options, RawRecord, refuse

__all__ = ["read_fragment", "read_html"]

TAG = re.compile(r"<(?:!doctype|[a-z][a-z0-9]*[\s/>])", re.IGNORECASE)


def read_html(record: RawRecord, _options: Options) -> RawArticle | Reject:
    """Read the article in a page; what the record gives goes before what the page says."""
    opened = _open(record)
    if isinstance(opened, Reject):
        return opened
    encoding, html, root = opened
    if not TAG.search(html):
        return refuse(record.ref, "no_article", "it holds no HTML element; name it for what it is")
    page = Page.of(root)
    metadata = read_metadata(page, record.given)
    prepare(root)
    pieces = extract_article(root, metadata.url) or _read_declared(page.article.get("articleBody"))
    is_fallback = not pieces
    if is_fallback:
        pieces = extract_main_text(html)
    if problem := find_problem(page, pieces):
        return refuse(record.ref, "no_article", f"{problem}; remove it, or fetch the article itself")
    visible = page.visible_text()
    flags = flag_quality(page, pieces, visible)
    if is_fallback:
        flags.add("body_by_fallback")
    pieces, metadata = arrange(pieces, metadata, visible)
    pieces = with_notes(pieces, root, visible)
    return _as_article(record, encoding, metadata, pieces, flags)


def read_fragment(record: RawRecord, _options: Options) -> RawArticle | Reject:
    """Read a piece of HTML that is the article and nothing else, as feeds and JSON fields carry it."""
    opened = _open(record)
    if isinstance(opened, Reject):
        return opened
    encoding, html, root = opened
    pieces = read_fragment_pieces(root) if TAG.search(html) else read_lines(unescape(html))
    pieces = without_headline(pieces, record.given.headline)
    return _as_article(record, encoding, record.given, pieces, set())


def _read_declared(body: Json) -> list[Piece]:
    """The article as JSON-LD carries it, for pages that show it only to scripts."""
    text = body if isinstance(body, str) else ""
    root = parse_page(text) if TAG.search(text) else None
    return read_lines(unescape(text)) if root is None else read_fragment_pieces(root)


def _open(record: RawRecord) -> tuple[str, str, HtmlElement] | Reject:
    """The codec, the text and the tree of a page that may safely be read on."""
    if len(record.data) > MAX_HTML_BYTES:
        return refuse(
            record.ref,
            "too_large",
            f"{len(record.data):,} bytes of HTML, of which a page may have {MAX_HTML_BYTES:,}: "
            "if it is a dump of many, split it, one page each",
        )
    if not record.data.strip():
        return refuse(record.ref, "empty", "it holds no bytes but white space; put the page in it or remove it")
    encoding, html = decode(record.data, record.charset)
    root = parse_page(html)
    if root is None:
        return refuse(record.ref, "no_article", "it holds neither elements nor text; put the page in it or remove it")
    if is_too_deep(root):
        return refuse(
            record.ref,
            "nested_too_deep",
            f"its tags nest more than {MAX_DEPTH:,} levels deep, which no article needs: the page is broken or hostile",
        )
    return encoding, html, root


def _as_article(
    record: RawRecord, encoding: str, metadata: RawMetadata, pieces: Sequence[Piece], flags: AbstractSet[QualityFlag]
) -> RawArticle | Reject:
    text, blocks = join_pieces(pieces)
    if not text:
        return refuse(record.ref, "no_text", "nothing is left beside the headline; put the article's text in it")
    return RawArticle(
        ref=record.ref,
        input_format=record.input_format,
        encoding=encoding,
        text=text,
        metadata=metadata,
        blocks=blocks,
        notes=record.notes,
        flags=tuple(sorted({*record.flags, *flags})),
    )
