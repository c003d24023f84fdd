"""What a record says of its article."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pipeline.contract import RawMetadata
from pipeline.read.fields.field_paths import Plan
from pipeline.read.fields.values import Json, find, kind_of, write_path
from pipeline.read.html.authors import clean_authors

MAX_AUTHORS, MAX_AUTHORS_CHARACTERS = 40, 1_000  # no byline is longer


def read_metadata(plan: Plan, values: Mapping[str, Json], text: str) -> tuple[RawMetadata, tuple[str, ...]]:
    """What a record says of the article with this text, and notes of what was left out."""
    given: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    for field, read, paths in plan.metadata:
        unfit = None
        for path in paths:
            value = find(values, path)
            if value is None:
                continue
            found = read(value)
            if found:
                given[field] = found
                break
            if found is None:
                unfit = unfit or f"{write_path(path)!r} is {kind_of(value)}, which is no {field}, and was left out"
        else:
            notes += (unfit,) if unfit else ()
    if "standfirst" in given and _is_repeated(given["standfirst"], text):
        del given["standfirst"]
    others = (given.get("publisher", ""), given.get("section", ""))
    for path in plan.authors:
        if names := _read_names(_printed(find(values, path)), others):
            given["authors"] = names
            break
    return RawMetadata(**given, sources=dict.fromkeys(given, "record")), notes


def _is_repeated(standfirst: str, text: str) -> bool:
    """Whether a description says but what the text begins with, or is cut short: it is no line of the page's own."""
    return standfirst.endswith(("…", "...")) or text.find(standfirst[:40], 0, 1_000) >= 0


def _printed(value: Json) -> tuple[str, ...]:
    """What stands for authors: a text, an object with a name, or a list of these."""
    found = value[:MAX_AUTHORS] if isinstance(value, list) else [value]
    names = [one.get("name") if isinstance(one, dict) else one for one in found]
    return tuple([name for name in names if isinstance(name, str)])


@lru_cache(maxsize=4096)
def _read_names(printed: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The persons among what is printed for authors, which may be a list as Python prints it: ``['Mara Oduya']``."""
    names: list[str] = []
    for text in printed:
        if len(text) > MAX_AUTHORS_CHARACTERS:
            continue
        try:
            listed = literal_eval(text) if text.startswith("[") else text
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        names += _printed(listed)
    return clean_authors(names, others)
