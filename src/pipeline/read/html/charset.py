"""The bytes of a page as text: what decodes cleanly is believed before what is declared."""

from __future__ import annotations

import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

from pipeline.read.encodings import BOMS, HEAD_BYTES, count_high_bytes, utf16_without_mark

# <meta charset="…">, <meta http-equiv="Content-Type" content="text/html; charset=…">, <?xml encoding="…"?>
DECLARED = re.compile(rb"(?i)<(?:meta|\?xml)\b[^>]{0,200}?\b(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})")
# Codecs of seven-bit bytes, whose text looks like UTF-8: Japanese mail and old Japanese pages.
SHIFTS = b"\x1b$"
# What servers say of every page when nobody told them better.
DEFAULTS = frozenset({"windows-1252", "utf-8"})


def decode(data: bytes, charset: str | None) -> tuple[str, str]:
    """The name of the codec and the text; bytes that the codec does not know become U+FFFD.

    Args:
        data: the page.
        charset: as the server named it.
    """
    for bom, name in BOMS:
        if data.startswith(bom):
            return name, data[len(bom) :].decode(name, "replace")
    if wide := utf16_without_mark(data):
        return wide, data.decode(wide, "replace")
    if SHIFTS not in data:
        try:
            return "utf-8", data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    name = _choose(data, charset)
    return name, data.decode(name, "replace")


def _choose(data: bytes, charset: str | None) -> str:
    """The codec of bytes that are no clean UTF-8.

    A page of mostly sound UTF-8 is UTF-8 with some broken bytes. Otherwise the page's own declaration goes before a
    server's default, and what neither names is guessed from the bytes.
    """
    high, sound = count_high_bytes(data)
    if sound > high / 2:
        return "utf-8"
    served = _known(charset)
    declared = DECLARED.search(data[:HEAD_BYTES])
    own = _known(declared[1].decode("ascii")) if declared else None
    candidates = [name for name in (served, own) if name and name != "utf-8"]
    if served in DEFAULTS:
        candidates.reverse()
    for name in candidates:
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return str(detect_encoding(data) or "windows-1252")


def _known(label: str | None) -> str | None:
    """The codec that browsers use for a label: windows-1252 for "latin1"."""
    return map_encoding_to_html5(label.strip().strip("\"'"), fallback_utf8=False) if label else None
