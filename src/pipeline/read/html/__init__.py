"""Read HTML: extract the article from a page, and its metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from html import unescape

from lxml.html import HtmlElement

from pipeline.contract import QualityFlag, RawArticle, RawMetadata, Reject
from pipeline.read.html.body import (
    Paragraph,
    extract_article,
    extract_main_text,
    join_paragraphs,
    read_fragment_paragraphs,
    split_lines,
)
from pipeline.read.html.boilerplate import label_front, remove_headline
from pipeline.read.html.charset import decode
from pipeline.read.html.correction_notes import add_corrections
from pipeline.read.html.json_ld import Json
from pipeline.read.html.metadata import read_metadata
from pipeline.read.html.page import Page
from pipeline.read.html.quality import find_problem, flag_quality
from pipeline.read.html.tree import MAX_DEPTH, is_too_deep, parse_page, prepare
from pipeline.read.records import MAX_HTML_BYTES, Options, RawRecord, reject

__all__ = ["read_fragment", "read_html"]

TAG = re.compile(r"<(?:!doctype|[a-z][a-z0-9]*[\s/>])", re.IGNORECASE)


def read_html(record: RawRecord, _options: Options) -> RawArticle | Reject:
    """Return the article in a page; metadata of the record takes precedence over the page's."""
    parsed = _parse(record)
    if isinstance(parsed, Reject):
        return parsed
    encoding, html, root = parsed
    if not TAG.search(html):
        return reject(record.ref, "no_article", "no HTML element was found; rename the file after its real format")
    page = Page.of(root)
    metadata = read_metadata(page, record.given)
    prepare(root)
    paragraphs = extract_article(root, metadata.url) or _read_json_ld_body(page.article.get("articleBody"))
    is_fallback = not paragraphs
    if is_fallback:
        paragraphs = extract_main_text(html)
    if problem := find_problem(page, paragraphs):
        return reject(record.ref, "no_article", f"{problem}; remove it, or fetch the article itself")
    visible = page.visible_text()
    flags = flag_quality(page, paragraphs, visible)
    if is_fallback:
        flags.add("body_by_fallback")
    paragraphs, metadata = label_front(paragraphs, metadata, visible)
    paragraphs = add_corrections(paragraphs, root, visible)
    return _as_article(record, encoding, metadata, paragraphs, flags)


def read_fragment(record: RawRecord, _options: Options) -> RawArticle | Reject:
    """Return the article in a piece of HTML without a page around it, as in feeds and JSON fields."""
    parsed = _parse(record)
    if isinstance(parsed, Reject):
        return parsed
    encoding, html, root = parsed
    paragraphs = read_fragment_paragraphs(root) if TAG.search(html) else split_lines(unescape(html))
    paragraphs = remove_headline(paragraphs, record.given.headline)
    return _as_article(record, encoding, record.given, paragraphs, set())


def _read_json_ld_body(body: Json) -> list[Paragraph]:
    """Return the paragraphs of a JSON-LD ``articleBody``, for pages whose HTML lacks the article."""
    text = body if isinstance(body, str) else ""
    root = parse_page(text) if TAG.search(text) else None
    return split_lines(unescape(text)) if root is None else read_fragment_paragraphs(root)


def _parse(record: RawRecord) -> tuple[str, str, HtmlElement] | Reject:
    """Return the encoding, the text and the tree of a page, or a reject if it is too large or too deep to process."""
    if len(record.data) > MAX_HTML_BYTES:
        return reject(
            record.ref,
            "too_large",
            f"{len(record.data):,} bytes of HTML exceed the limit of {MAX_HTML_BYTES:,} for a page; "
            "split a dump of many pages into one file each",
        )
    if not record.data.strip():
        return reject(record.ref, "empty", "the record is empty or only white space; put the page in it or remove it")
    encoding, html = decode(record.data, record.charset)
    root = parse_page(html)
    if root is None:
        return reject(record.ref, "no_article", "no element or text was found; put the page in it or remove it")
    if is_too_deep(root):
        return reject(
            record.ref,
            "nested_too_deep",
            f"tags are nested more than {MAX_DEPTH:,} levels deep, so the page is broken or hostile; fetch it again",
        )
    return encoding, html, root


def _as_article(
    record: RawRecord,
    encoding: str,
    metadata: RawMetadata,
    paragraphs: Sequence[Paragraph],
    flags: AbstractSet[QualityFlag],
) -> RawArticle | Reject:
    text, blocks = join_paragraphs(paragraphs)
    if not text:
        return reject(record.ref, "no_text", "there is no text except the headline; put the article's text in it")
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
