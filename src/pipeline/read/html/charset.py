"""Decode the bytes of a page; a clean decoding takes precedence over a declared encoding."""

from __future__ import annotations

import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from pipeline.read.encodings import BOMS, HEAD_BYTES, count_high_bytes, utf16_without_mark

# <meta charset="…">, <meta http-equiv="Content-Type" content="text/html; charset=…">, <?xml encoding="…"?>
DECLARED = re.compile(rb"(?i)<(?:meta|\?xml)\b[^>]{0,200}?\b(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})")
# Escape sequence of ISO-2022 encodings, whose seven-bit bytes look like UTF-8: Japanese mail and old Japanese pages.
ISO_2022_ESCAPE = b"\x1b$"
# What servers declare for every page if nobody configured them.
DEFAULTS = frozenset({"windows-1252", "utf-8"})


def decode(data: bytes, charset: str | None) -> tuple[str, str]:
    """Return the encoding's name and the text; undecodable bytes become U+FFFD.

    Args:
        data: the page.
        charset: the encoding that the server declares.
    """
    for bom, name in BOMS:
        if data.startswith(bom):
            return name, data[len(bom) :].decode(name, "replace")
    if wide := utf16_without_mark(data):
        return wide, data.decode(wide, "replace")
    if ISO_2022_ESCAPE not in data:
        try:
            return "utf-8", data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    name = _choose_encoding(data, charset)
    return name, data.decode(name, "replace")


def _choose_encoding(data: bytes, charset: str | None) -> str:
    """Return the encoding of bytes that are not valid UTF-8.

    If most non-ASCII bytes are valid UTF-8, the page is UTF-8 with some broken bytes. Otherwise the page's own
    declaration takes precedence over a server's default. Without a usable declaration, the encoding is detected.
    """
    high, valid = count_high_bytes(data)
    if valid > high / 2:
        return "utf-8"
    served = _as_codec(charset)
    declaration = DECLARED.search(data[:HEAD_BYTES])
    declared = _as_codec(declaration[1].decode("ascii")) if declaration else None
    candidates = [name for name in (served, declared) if name and name != "utf-8"]
    if served in DEFAULTS:
        candidates.reverse()
    for name in candidates:
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return str(detect_encoding(data) or "windows-1252")


def _as_codec(label: str | None) -> str | None:
    """Return the codec that browsers use for a label: windows-1252 for "latin1"."""
    return map_encoding_to_html5(label.strip().strip("\"'"), fallback_utf8=False) if label else None
