"""Detect an encoding from bytes of any format."""

from __future__ import annotations

import codecs
import re

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
HEAD_BYTES = 4_096
# A character of two to four bytes in UTF-8.
MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
HIGH = re.compile(rb"[\x80-\xff]")


def count_high_bytes(data: bytes) -> tuple[int, int]:
    """Return the number of bytes outside ASCII, and how many of these are valid UTF-8."""
    return len(HIGH.findall(data)), sum(len(found) for found in MULTIBYTE.findall(data))


def utf16_without_mark(data: bytes) -> str | None:
    """Return the codec of UTF-16 without a byte order mark: Latin letters have a NUL in every other byte."""
    head = data[:HEAD_BYTES]
    if len(head) < 20:
        return None
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[offset::2].count(0) > len(head) * 0.4 and head[1 - offset :: 2].count(0) == 0:
            return encoding
    return None
