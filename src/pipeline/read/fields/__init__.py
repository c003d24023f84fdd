"""A record with named fields, such as a JSON line or a table's row, read by an explicit table of names."""

from __future__ import annotations

from dataclasses import replace

import orjson

from pipeline.contract import RawArticle, RawMetadata, Reject
from pipeline.read.fields.content import Content, find_content
from pipeline.read.fields.field_paths import has_content, plan_for
from pipeline.read.fields.known_fields import FIELDS, list_names, names_content
from pipeline.read.fields.metadata import read_metadata
from pipeline.read.fields.values import Json, kind_of, parse_path
from pipeline.read.html import read_fragment, read_html
from pipeline.read.records import Options, RawRecord, reject

__all__ = ["FIELDS", "has_content", "list_names", "names_content", "parse_path", "read_fields"]


def read_fields(record: RawRecord, options: Options) -> RawArticle | Reject:
    """Read a record whose fields hold an article."""
    values = _parse(record)
    if isinstance(values, Reject):
        return values
    plan = plan_for(record, values, options)
    content = find_content(record, plan, values)
    if isinstance(content, Reject):
        return content
    given, notes = read_metadata(plan, values, content.text)
    if record.given.sources:
        given = record.given.over(given)
    if content.markup:
        return _read_markup(record, content, given, notes, options)
    return RawArticle(
        record.ref,
        record.input_format,
        "utf-8",
        content.text,
        None,
        given,
        content.blocks,
        record.notes + notes,
        record.flags + content.flags,
    )


def _read_markup(
    record: RawRecord, content: Content, given: RawMetadata, notes: tuple[str, ...], options: Options
) -> RawArticle | Reject:
    """Read the page in a field; what the record says goes before what the page says."""
    page = replace(
        record,
        kind="html",
        data=content.text.encode(),
        charset="utf-8",
        given=given,
        notes=record.notes + notes,
        flags=record.flags + content.flags,
    )
    return read_html(page, options) if content.markup == "html" else read_fragment(page, options)


def _parse(record: RawRecord) -> dict[str, Json] | Reject:
    try:
        values = orjson.loads(record.data)
    except orjson.JSONDecodeError as error:
        if "depth limit" in error.msg:
            detail = "brackets within brackets, a thousand deep or more, which no article has; remove the record"
            return reject(record.ref, "nested_too_deep", detail)
        return _refuse_broken(record, error)
    if not isinstance(values, dict):
        hint = "write one object a record; if the file is one array, name it .json"
        detail = f"it is {kind_of(values)} where an object with an article's fields was expected; {hint}"
        return reject(record.ref, "broken_record", detail)
    return values


def _refuse_broken(record: RawRecord, error: orjson.JSONDecodeError) -> Reject:
    try:
        text = record.data.decode()
    except UnicodeDecodeError as wrong:
        detail = f"byte 0x{record.data[wrong.start]:02x} at {wrong.start:,} is not UTF-8, as JSON is; save it as UTF-8"
        return reject(record.ref, "undecodable", detail)
    hint = "mend it"
    if text.rstrip().endswith(",") or text.strip() in ("[", "]"):
        hint = "if the file is one array, name it .json"
    elif text.startswith(("NaN", "Infinity", "-Infinity"), error.pos):
        hint = "write null for a missing value"
    near = text[max(0, error.pos - 10) : error.pos + 20]
    detail = f"it is no JSON: {error.msg} at character {error.pos + 1:,}, near {near!r}; {hint}"
    return reject(record.ref, "broken_record", detail)
