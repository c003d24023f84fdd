"""A value read as what its field is: an address, a name, a date."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pipeline.read.fields.values import Json, decode_references, is_nothing

# Gives what a value says; empty where it says nothing, None where it is of another kind.
ValueReader = Callable[[Json], str | None]

# Digits of a time since 1970, from 1973 on, and how many of its units are a second.
SINCE_1970 = {9: 1, 10: 1, 12: 1e3, 13: 1e3, 15: 1e6, 16: 1e6, 18: 1e9, 19: 1e9}
ADDRESS_WITH_PATH = re.compile(r"(?i)https?://[^/\s]+/[^\s]+")
SITE = re.compile(r"(?i)(?:https?:)?//([^/\s:?#@]+)(?::\d+)?/?")
HOST_WITH_WWW = re.compile(r"(?i)\Awww\.([^\s/]+)\Z")


def _read_text(value: Json) -> str | None:
    """A short text; empty where it says nothing, None where it is none."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return "" if is_nothing(value) else decode_references(value.strip())
    return None


def _read_address(value: Json) -> str | None:
    """An article's address. One without a path is a site's: by it, a whole dump would be one article."""
    if isinstance(value, str):
        address = value.strip()
        return address if ADDRESS_WITH_PATH.fullmatch(address) else ""
    return "" if isinstance(value, dict) else None  # an object is a source or a page that has a name


def _read_publisher(value: Json) -> str | None:
    """A publisher's name, or its host where a site's address stands for it; an article's address names none."""
    name = _read_text(value.get("name", "") if isinstance(value, dict) else value)
    if not name or "//" not in name:
        return HOST_WITH_WWW.sub(r"\1", name) if name else name
    host = SITE.fullmatch(name)
    return host[1].lower().removeprefix("www.") if host else ""


def _read_date(value: Json) -> str | None:
    """A date as given; a number or a compact stamp in ISO 8601."""
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else _read_digits(str(int(value)))
    text = _read_text(value)
    return _read_digits(text) if text and text.isascii() and text.isdigit() else text


def _read_digits(digits: str) -> str | None:
    """A year, a day, a stamp such as 20240507083000, or the time since 1970 in seconds or parts of them.

    A stamp tells no zone, and none is added.
    """
    if len(digits) in (4, 8, 14) and digits[:2] in ("16", "17", "18", "19", "20"):
        day = "-".join(filter(None, (digits[:4], digits[4:6], digits[6:8])))
        return f"{day}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}" if len(digits) == 14 else day
    if len(digits) in SINCE_1970 and digits.isdigit():
        return datetime.fromtimestamp(int(digits) / SINCE_1970[len(digits)], UTC).isoformat()
    return None


READERS: Mapping[str, ValueReader] = {
    "url": _read_address,
    "publisher": _read_publisher,
    "headline": _read_text,
    "standfirst": _read_text,
    "published_at": _read_date,
    "modified_at": _read_date,
    "fetched_at": _read_date,
    "language": _read_text,
    "section": _read_text,
}
