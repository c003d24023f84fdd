"""Plain text: decoded, otherwise unchanged."""

from __future__ import annotations

import codecs
import re

from pipeline.contract import RawArticle, Reject
from pipeline.read.encodings import BOMS, count_high_bytes, utf16_without_mark
from pipeline.read.records import Options, RawRecord, reject

# Control characters that do not occur in text: all but tab, line ends, form feed and escape.
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
BYTES_A_CONTROL, HEAD_BYTES = 100, 1_000_000  # a text has at most one in so many bytes of its head
UNDEFINED_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def read_text(record: RawRecord, _options: Options) -> RawArticle | Reject:
    """Read a text: decoded, otherwise unchanged."""
    if problem := _find_binary(record.data):
        return reject(record.ref, "binary", problem)
    decoded = decode(record.data)
    if isinstance(decoded, str):
        return reject(record.ref, "undecodable", decoded)
    encoding, start_byte, text = decoded
    if not text.strip():
        what = "only white space" if record.data else "no bytes"
        return reject(record.ref, "empty", f"it has {what}; put the article in it or remove it")
    return RawArticle(
        ref=record.ref,
        input_format=record.input_format,
        encoding=encoding,
        text=text,
        start_byte=start_byte,
        metadata=record.given,
        notes=record.notes,
        flags=record.flags,
    )


def _find_binary(raw: bytes) -> str | None:
    """Return why bytes cannot be text in any encoding, or None."""
    if not raw.strip() or _is_utf16(raw):
        return None
    first, head = CONTROL.search(raw), raw[:HEAD_BYTES]
    if first and (b"\x00" in raw or len(CONTROL.findall(head)) * BYTES_A_CONTROL > len(head)):
        return f"it has NUL bytes or control characters, the first at byte {first.start():,}, so it is not text"
    return None


def _is_utf16(raw: bytes) -> bool:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return utf16_without_mark(raw) is not None


def decode(raw: bytes) -> tuple[str, int, str] | str:
    """Return the encoding, the byte where the text begins, and the text; or what is wrong.

    Invalid UTF-8 is read as cp1252 only if few of its bytes look like UTF-8: one broken byte in a UTF-8 file must not
    turn all its other characters into mojibake.
    """
    for bom, encoding in BOMS:
        if raw.startswith(bom):
            return _strictly(raw, encoding, len(bom))
    encoding_without_bom = utf16_without_mark(raw)
    if encoding_without_bom:
        return _strictly(raw, encoding_without_bom, 0)
    as_utf8 = _strictly(raw, "utf-8", 0)
    if not isinstance(as_utf8, str):
        return as_utf8
    high, in_utf8 = count_high_bytes(raw)
    if in_utf8 <= high / 4 and high <= len(raw) / 4 and not UNDEFINED_IN_CP1252.search(raw):
        return _strictly(raw, "cp1252", 0)
    return as_utf8


def _strictly(raw: bytes, encoding: str, start: int) -> tuple[str, int, str] | str:
    try:
        return encoding, start, raw[start:].decode(encoding)
    except UnicodeDecodeError as error:
        offset = start + error.start
        return f"byte 0x{raw[offset]:02x} at {offset:,} is not {encoding}; save the file as UTF-8"
