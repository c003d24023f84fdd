"""Look up values in a record by path, and decide what a value contains."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

Json = Any  # what orjson returns: None, a bool, a number, a text, a list or an object of these
FieldPath = tuple[str | int, ...]

PATH_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
WHOLE_PATH = re.compile(r"[^.\[\]]+(?:\[\d+\])*(?:\.[^.\[\]]+(?:\[\d+\])*)*")
MISSING = frozenset({"", "none", "null", "nan", "nat", "n/a", "na", "undefined"})  # as programs print a missing value
LONGEST_MISSING = max(map(len, MISSING))
CHARACTER_REFERENCE = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,30}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")


def parse_path(path: str) -> FieldPath:
    """Return the steps of a path such as ``a.b[0].c``.

    Raises:
        ValueError: if it is not such a path.
    """
    if not WHOLE_PATH.fullmatch(path):
        raise ValueError(f"{path!r} is not a path to a field; write it like text, article.body or pages[0].text")
    return tuple(int(step[1]) if step[1] else step[2] for step in PATH_STEP.finditer(path))


def write_path(path: FieldPath) -> str:
    """Return a path as ``a.b[0].c``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def find(values: Mapping[str, Json], path: FieldPath) -> Json:
    """Return the value at a path; None if there is none."""
    value: Json = values
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def kind_of(value: Json) -> str:
    """Return the type of a value in words, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def is_missing(text: str) -> bool:
    """Return whether a text is blank, or a missing value as programs print it."""
    text = text.strip()
    return len(text) <= LONGEST_MISSING and text.lower() in MISSING


def decode_references(text: str) -> str:
    """Return a text with ``&quot;`` and the like decoded, only if a semicolon ends them: URLs contain ``&copy=2``."""
    if "&" not in text:
        return text
    return CHARACTER_REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)
