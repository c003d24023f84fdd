"""Read an article's metadata from the fields of a record."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pipeline.contract import RawMetadata
from pipeline.read.fields.field_paths import FieldPaths
from pipeline.read.fields.value_readers import ValueReader
from pipeline.read.fields.values import FieldPath, Json, find, kind_of, write_path
from pipeline.read.html.authors import clean_authors

MAX_AUTHORS, MAX_AUTHORS_CHARACTERS = 40, 1_000  # no byline is longer


def read_metadata(paths: FieldPaths, values: Mapping[str, Json], text: str) -> tuple[RawMetadata, tuple[str, ...]]:
    """Return the metadata of the article with this text, and a note for each field that was ignored."""
    given: dict[str, Any] = {}
    notes: list[str] = []
    for field, read, field_paths in paths.metadata:
        value, note = _read_first(field, read, field_paths, values)
        if value:
            given[field] = value
        elif note:
            notes.append(note)
    if "standfirst" in given and _is_repeated(given["standfirst"], text):
        del given["standfirst"]
    others = (given.get("publisher", ""), given.get("section", ""))
    for path in paths.authors:
        if names := _read_names(_printed_names(find(values, path)), others):
            given["authors"] = names
            break
    return RawMetadata(**given, sources=dict.fromkeys(given, "record")), tuple(notes)


def _read_first(
    field: str, read: ValueReader, field_paths: tuple[FieldPath, ...], values: Mapping[str, Json]
) -> tuple[str | None, str | None]:
    """Return the first value of a field that is not empty; if there is none, a note on the first of a wrong type."""
    note = None
    for path in field_paths:
        value = find(values, path)
        if value is None:
            continue
        text = read(value)
        if text:
            return text, None
        if text is None:
            note = note or f"{write_path(path)!r} is {kind_of(value)}, which is not a {field}, and was ignored"
    return None, note


def _is_repeated(standfirst: str, text: str) -> bool:
    """Return whether a description is cut short or repeats the beginning of the text; then it is not a standfirst."""
    return standfirst.endswith(("…", "...")) or text.find(standfirst[:40], 0, 1_000) >= 0


def _printed_names(value: Json) -> tuple[str, ...]:
    """Return the author names in a value: a text, an object with a name, or a list of these."""
    items = value[:MAX_AUTHORS] if isinstance(value, list) else [value]
    names = [item.get("name") if isinstance(item, dict) else item for item in items]
    return tuple([name for name in names if isinstance(name, str)])


@lru_cache(maxsize=4096)
def _read_names(printed: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return the persons among printed authors, which may be a list as Python prints it: ``['Mara Oduya']``."""
    names: list[str] = []
    for text in printed:
        if len(text) > MAX_AUTHORS_CHARACTERS:
            continue
        try:
            listed = literal_eval(text) if text.startswith("[") else text
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        names += _printed_names(listed)
    return clean_authors(names, others)
