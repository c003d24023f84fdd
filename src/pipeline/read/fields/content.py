"""The article itself in a record: a text, or markup that is yet to be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.contract import QualityFlag, RawBlock, Reject, SegmentKind
from pipeline.read.fields.field_paths import Plan
from pipeline.read.fields.known_fields import TEASER, list_names
from pipeline.read.fields.values import Json, Steps, decode_references, find, is_nothing, kind_of, write_path
from pipeline.read.records import RawRecord, reject

# The documents of multi_news are several articles each, parted so.
BETWEEN_ARTICLES = "|||||"
# NewsAPI cuts an article's content after 200 characters and says by how many.
CUT_SHORT = re.compile(r"(?:…|\.\.\.)?\s*\[\+\d+ chars\]\s*$")
BLOCKS = re.compile(r"(?i)</(?:p|div|li|ul|ol|h[1-6]|blockquote|article|section|body)>|<br\s*/?>")
INLINE = re.compile(r"(?i)</(?:a|span|em|strong|b|i)>")
PAGE = re.compile(r"(?i)\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html)\b", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Content:
    """What holds an article."""

    text: str
    markup: Literal["html", "fragment"] | None = None  # a page, or a piece of one; None for a plain text
    blocks: tuple[RawBlock, ...] = ()
    flags: tuple[QualityFlag, ...] = ()


def find_content(record: RawRecord, plan: Plan, values: Mapping[str, Json]) -> Content | Reject:
    """The article in a record, under the first of its fields that holds anything."""
    unfit = None
    for field, path in plan.content:
        value = find(values, path)
        if value is None:
            continue
        text, blocks = _as_text(value)
        if text is None:
            if path != ("article",) or not isinstance(value, dict):  # which may be an object that holds all
                unfit = unfit or _describe_unfit(path, value)
        elif path[-1] == "document" and BETWEEN_ARTICLES in text:
            detail = f"'document' holds several articles, parted by {BETWEEN_ARTICLES!r}; split the record"
            return reject(record.ref, "broken_record", detail)
        elif not is_nothing(text):
            return _as_content(field, text, blocks)
    if unfit:
        return reject(record.ref, "broken_record", unfit)
    return _find_teaser(plan, values) or reject(record.ref, "no_text", _describe_textless(plan, values))


def _as_text(value: Json) -> tuple[str | None, tuple[RawBlock, ...]]:
    """The text that a value holds, with its parts where it marks any; None where it is of another kind."""
    if isinstance(value, str):
        return value, ()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n\n".join(value), ()
    if isinstance(value, dict) and isinstance(value.get("sections"), list):
        return _join_sections(value)
    return None, ()


def _join_sections(body: Mapping[str, Json]) -> tuple[str, tuple[RawBlock, ...]]:
    """The text of a body as Fundus writes it: a summary, and sections of headline and paragraphs."""
    kinds: list[tuple[SegmentKind, Json]] = [("standfirst", body.get("summary"))]
    for section in body["sections"]:
        if isinstance(section, dict):
            kinds += [("subhead", section.get("headline")), ("paragraph", section.get("paragraphs"))]
    text, blocks = "", []
    for kind, parts in kinds:
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, str) and part.strip():
                text += "\n\n" if text else ""
                blocks.append(RawBlock(kind, len(text), len(text) + len(part)))
                text += part
    return text, tuple(blocks)


def _as_content(field: str, text: str, blocks: tuple[RawBlock, ...]) -> Content:
    if field == "html" or ("<" in text and PAGE.match(text)):
        return Content(text, "html")
    if field == "fragment" or ("<" in text and BLOCKS.search(text)):
        return Content(text, "fragment")
    if "<" in text and INLINE.search(text):  # only lines part its paragraphs
        return Content("".join(f"<p>{line}</p>" for line in text.splitlines()), "fragment")
    if blocks:
        return Content(text, blocks=blocks)
    cut = CUT_SHORT.search(text, max(0, len(text) - 30)) if text.endswith("chars]") else None
    if cut:
        return Content(decode_references(text[: cut.start()]), flags=("feed_teaser",))
    return Content(decode_references(text))


def _find_teaser(plan: Plan, values: Mapping[str, Json]) -> Content | None:
    """What stands for the text in a record that has no place for one.

    Where there is such a place and it is empty, extraction failed, and a description is not the article.
    """
    if plan.content:
        return None
    for path in plan.teaser:
        value = find(values, path)
        if isinstance(value, str) and not is_nothing(value):
            return replace(_as_content(TEASER, value, ()), flags=("feed_teaser",))
    return None


def _describe_unfit(path: Steps, value: Json) -> str:
    found = f"{write_path(path)!r} is {kind_of(value)} where text was expected"
    return f"{found}; name the field that holds it: --fields text=NAME"


def _describe_textless(plan: Plan, values: Mapping[str, Json]) -> str:
    tried = ", ".join(write_path(path) for _, path in plan.content)
    found = f"nothing stands under {tried}" if tried else "no field is known to hold a text"
    seen = list_names(values) or "none"
    return f"{found}; the record's fields are: {seen}; name the one that holds it: --fields text=NAME (or html=)"
