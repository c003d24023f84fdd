"""Read a record with named fields, such as a JSON line or a row of a table."""

from __future__ import annotations

from dataclasses import replace

import orjson

from pipeline.contract import RawArticle, RawMetadata, Reject
from pipeline.read.fields.content import Content, find_content
from pipeline.read.fields.field_paths import find_field_paths, has_content
from pipeline.read.fields.known_fields import FIELDS, list_names, names_content
from pipeline.read.fields.metadata import read_metadata
from pipeline.read.fields.values import Json, kind_of, parse_path
from pipeline.read.html import read_fragment, read_html
from pipeline.read.records import Options, RawRecord, reject

__all__ = ["FIELDS", "has_content", "list_names", "names_content", "parse_path", "read_fields"]


def read_fields(record: RawRecord, options: Options) -> RawArticle | Reject:
    """Return the article in a record with named fields."""
    values = _parse(record)
    if isinstance(values, Reject):
        return values
    paths = find_field_paths(record, values, options)
    content = find_content(record, paths, values)
    if isinstance(content, Reject):
        return content
    metadata, notes = read_metadata(paths, values, content.text)
    if record.given.sources:
        metadata = record.given.over(metadata)
    if content.markup:
        return _read_markup(record, content, metadata, notes, options)
    return RawArticle(
        record.ref,
        record.input_format,
        "utf-8",
        content.text,
        None,
        metadata,
        content.blocks,
        record.notes + notes,
        record.flags + content.flags,
    )


def _read_markup(
    record: RawRecord, content: Content, metadata: RawMetadata, notes: tuple[str, ...], options: Options
) -> RawArticle | Reject:
    """Return the article in a field with HTML; the record's metadata takes precedence over the page's."""
    page = replace(
        record,
        kind="html",
        data=content.text.encode(),
        charset="utf-8",
        given=metadata,
        notes=record.notes + notes,
        flags=record.flags + content.flags,
    )
    return read_html(page, options) if content.markup == "html" else read_fragment(page, options)


def _parse(record: RawRecord) -> dict[str, Json] | Reject:
    try:
        values = orjson.loads(record.data)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            detail = "brackets are nested a thousand levels deep or more, which no article needs; remove the record"
            return reject(record.ref, "nested_too_deep", detail)
        return _reject_malformed(record, error)
    if not isinstance(values, dict):
        hint = "write one object for each record; if the file is one array, name it .json"
        detail = f"expected an object with an article's fields, found {kind_of(values)}; {hint}"
        return reject(record.ref, "broken_record", detail)
    return values


def _reject_malformed(record: RawRecord, error: orjson.JSONDecodeError) -> Reject:
    try:
        text = record.data.decode()
    except UnicodeDecodeError as wrong:
        byte = record.data[wrong.start]
        detail = f"byte 0x{byte:02x} at {wrong.start:,} is not valid UTF-8, which JSON requires; save it as UTF-8"
        return reject(record.ref, "undecodable", detail)
    hint = "correct it"
    if text.rstrip().endswith(",") or text.strip() in ("[", "]"):
        hint = "if the file is one array, name it .json"
    elif text.startswith(("NaN", "Infinity", "-Infinity"), error.pos):
        hint = "write null for a missing value"
    near = text[max(0, error.pos - 10) : error.pos + 20]
    detail = f"invalid JSON: {error.msg} at character {error.pos + 1:,}, near {near!r}; {hint}"
    return reject(record.ref, "broken_record", detail)
