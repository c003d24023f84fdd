"""Read a value as the kind that its field requires: an address, a name, a date."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from pipeline.read.fields.values import Json, decode_references, is_missing

# Returns a value as text; empty if the value is missing or useless, None if it has another type.
ValueReader = Callable[[Json], str | None]

# Units per second of a Unix time, from 1973 on, by its number of digits.
UNITS_PER_SECOND = {9: 1, 10: 1, 12: 1e3, 13: 1e3, 15: 1e6, 16: 1e6, 18: 1e9, 19: 1e9}
ADDRESS_WITH_PATH = re.compile(r"(?i)https?://[^/\s]+/[^\s]+")
SITE = re.compile(r"(?i)(?:https?:)?//([^/\s:?#@]+)(?::\d+)?/?")
HOST_WITH_WWW = re.compile(r"(?i)\Awww\.([^\s/]+)\Z")


def _read_text(value: Json) -> str | None:
    """Return a short text, also if it is the only item of a list."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return "" if is_missing(value) else decode_references(value.strip())
    return None


def _read_address(value: Json) -> str | None:
    """Return an article's address. A site's address has no path: with it, a whole dump would become one article."""
    if isinstance(value, str):
        address = value.strip()
        return address if ADDRESS_WITH_PATH.fullmatch(address) else ""
    return "" if isinstance(value, dict) else None  # an object is a source or a page with a name


def _read_publisher(value: Json) -> str | None:
    """Return a publisher's name, or the host if it is a site's address; empty if it is an article's address."""
    name = _read_text(value.get("name", "") if isinstance(value, dict) else value)
    if not name or "//" not in name:
        return HOST_WITH_WWW.sub(r"\1", name) if name else name
    host = SITE.fullmatch(name)
    return host[1].lower().removeprefix("www.") if host else ""


def _read_date(value: Json) -> str | None:
    """Return a date as given, but a number or a compact timestamp in ISO 8601."""
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else _read_digits(str(int(value)))
    text = _read_text(value)
    return _read_digits(text) if text and text.isascii() and text.isdigit() else text


def _read_digits(digits: str) -> str | None:
    """Return a year, a day, a timestamp such as 20240507083000, or a Unix time in ISO 8601.

    A timestamp has no time zone, and none is added.
    """
    if len(digits) in (4, 8, 14) and digits[:2] in ("16", "17", "18", "19", "20"):
        day = "-".join(filter(None, (digits[:4], digits[4:6], digits[6:8])))
        return f"{day}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}" if len(digits) == 14 else day
    if len(digits) in UNITS_PER_SECOND and digits.isdigit():
        return datetime.fromtimestamp(int(digits) / UNITS_PER_SECOND[len(digits)], UTC).isoformat()
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
