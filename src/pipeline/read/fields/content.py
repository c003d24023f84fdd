"""Find the article in a record: plain text, or markup that is read later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.contract import QualityFlag, RawBlock, Reject, SegmentKind
from pipeline.read.fields.field_paths import FieldPaths
from pipeline.read.fields.known_fields import TEASER, list_names
from pipeline.read.fields.values import FieldPath, Json, decode_references, find, is_missing, kind_of, write_path
from pipeline.read.records import RawRecord, reject

# A document of multi_news consists of several articles with this separator.
ARTICLE_SEPARATOR = "|||||"
# NewsAPI cuts an article's content after 200 characters and appends the number of characters left.
CUT_SHORT = re.compile(r"(?:…|\.\.\.)?\s*\[\+\d+ chars\]\s*$")
LONGEST_CUT_MARK = 30  # characters
BLOCK_END = re.compile(r"(?i)</(?:p|div|li|ul|ol|h[1-6]|blockquote|article|section|body)>|<br\s*/?>")
INLINE_END = re.compile(r"(?i)</(?:a|span|em|strong|b|i)>")
PAGE_START = re.compile(r"(?i)\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html)\b", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Content:
    """The text of an article as found in a record."""

    text: str
    markup: Literal["html", "fragment"] | None = None  # a page, or a piece of one; None for plain text
    blocks: tuple[RawBlock, ...] = ()
    flags: tuple[QualityFlag, ...] = ()


def find_content(record: RawRecord, paths: FieldPaths, values: Mapping[str, Json]) -> Content | Reject:
    """Return the article in a record, from the first of its content fields that is not empty."""
    unfit = None
    for field, path in paths.content:
        value = find(values, path)
        if value is None:
            continue
        text, blocks = _as_text(value)
        if text is None:
            if path != ("article",) or not isinstance(value, dict):  # "article" may be an object with all fields
                unfit = unfit or _describe_unfit(path, value)
        elif path[-1] == "document" and ARTICLE_SEPARATOR in text:
            detail = f"'document' contains several articles, separated by {ARTICLE_SEPARATOR!r}; split the record"
            return reject(record.ref, "broken_record", detail)
        elif not is_missing(text):
            return _as_content(field, text, blocks)
    if unfit:
        return reject(record.ref, "broken_record", unfit)
    return _find_teaser(paths, values) or reject(record.ref, "no_text", _describe_textless(paths, values))


def _as_text(value: Json) -> tuple[str | None, tuple[RawBlock, ...]]:
    """Return the text of a value, and its blocks if the value marks any; None if it is not text."""
    if isinstance(value, str):
        return value, ()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n\n".join(value), ()
    if isinstance(value, dict) and isinstance(value.get("sections"), list):
        return _join_sections(value)
    return None, ()


def _join_sections(body: Mapping[str, Json]) -> tuple[str, tuple[RawBlock, ...]]:
    """Return the text of a body as Fundus writes it: a summary, then sections of a headline and paragraphs."""
    parts_by_kind: list[tuple[SegmentKind, Json]] = [("standfirst", body.get("summary"))]
    for section in body["sections"]:
        if isinstance(section, dict):
            parts_by_kind += [("subhead", section.get("headline")), ("paragraph", section.get("paragraphs"))]
    text, blocks = "", []
    for kind, parts in parts_by_kind:
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, str) and part.strip():
                text += "\n\n" if text else ""
                blocks.append(RawBlock(kind, len(text), len(text) + len(part)))
                text += part
    return text, tuple(blocks)


def _as_content(field: str, text: str, blocks: tuple[RawBlock, ...]) -> Content:
    if field == "html" or ("<" in text and PAGE_START.match(text)):
        return Content(text, "html")
    if field == "fragment" or ("<" in text and BLOCK_END.search(text)):
        return Content(text, "fragment")
    if "<" in text and INLINE_END.search(text):  # its paragraphs are lines
        return Content("".join(f"<p>{line}</p>" for line in text.splitlines()), "fragment")
    if blocks:
        return Content(text, blocks=blocks)
    cut = CUT_SHORT.search(text, max(0, len(text) - LONGEST_CUT_MARK)) if text.endswith("chars]") else None
    if cut:
        return Content(decode_references(text[: cut.start()]), flags=("feed_teaser",))
    return Content(decode_references(text))


def _find_teaser(paths: FieldPaths, values: Mapping[str, Json]) -> Content | None:
    """Return the teaser of a record without a field for the text.

    If there is such a field and it is empty, extraction failed: a description is not the article then.
    """
    if paths.content:
        return None
    for path in paths.teaser:
        value = find(values, path)
        if isinstance(value, str) and not is_missing(value):
            return replace(_as_content(TEASER, value, ()), flags=("feed_teaser",))
    return None


def _describe_unfit(path: FieldPath, value: Json) -> str:
    found = f"{write_path(path)!r} is {kind_of(value)}, but text was expected"
    return f"{found}; name the field with the text: --fields text=NAME"


def _describe_textless(paths: FieldPaths, values: Mapping[str, Json]) -> str:
    tried = ", ".join(write_path(path) for _, path in paths.content)
    found = f"no text under {tried}" if tried else "no field with a known name for text"
    names = list_names(values) or "none"
    return f"{found}; the record's fields are: {names}; name the field with the text: --fields text=NAME (or html=)"
