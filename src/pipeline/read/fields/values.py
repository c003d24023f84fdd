"""The values in a record: the way to one, and what one says at all."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

Json = Any  # what orjson gives: None, a bool, a number, a text, a list or an object of these
Steps = tuple[str | int, ...]

PATH_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
WHOLE_PATH = re.compile(r"[^.\[\]]+(?:\[\d+\])*(?:\.[^.\[\]]+(?:\[\d+\])*)*")
NOTHING = frozenset({"", "none", "null", "nan", "nat", "n/a", "na", "undefined"})  # as programs print a missing value
LONGEST_NOTHING = max(map(len, NOTHING))
CHARACTER_REFERENCE = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,30}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")


def parse_path(path: str) -> Steps:
    """``a.b[0].c`` as steps.

    Raises:
        ValueError: if it is no such path.
    """
    if not WHOLE_PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no path of a field; write it like text, article.body or pages[0].text")
    return tuple(int(step[1]) if step[1] else step[2] for step in PATH_STEP.finditer(path))


def write_path(steps: Steps) -> str:
    """Steps as ``a.b[0].c``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def find(values: Mapping[str, Json], path: Steps) -> Json:
    """The value at the end of a path; None where there is none."""
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
    """What a value is, for a person."""
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


def is_nothing(text: str) -> bool:
    """Whether a text is blank, or a missing value as programs print it."""
    text = text.strip()
    return len(text) <= LONGEST_NOTHING and text.lower() in NOTHING


def decode_references(text: str) -> str:
    """``&quot;`` and the like as characters; only where a semicolon ends them: a URL may hold ``&copy=2``."""
    if "&" not in text:
        return text
    return CHARACTER_REFERENCE.sub(lambda found: html.unescape(found[0]), text)
