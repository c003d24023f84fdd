"""Plain text: one article a file, with an optional sidecar of metadata."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipeline.contract import RawArticle, RawRef, Reject
from pipeline.read.sidecar import read_sidecar

MAX_BYTES = 20_000_000  # the longest articles have some 100 kB; what is larger is a dump of many

# How files of other formats begin, whatever they are called.
DISGUISES = (
    (rb"{\\rtf", "an RTF document"),
    (rb"%PDF-", "a PDF document"),
    (rb"PK\x03\x04", "a ZIP archive or an Office document"),
    (rb"\xd0\xcf\x11\xe0", "an old Office document"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", "an image"),
    (rb"\x1f\x8b|BZh[1-9]|\xfd7zXZ|\x28\xb5\x2f\xfd", "a compressed file"),
    (rb"(?i)\s*<!doctype html|\s*<html[\s>]", "an HTML page"),
)
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Control characters that no text holds; tab, line ends, form feed, and escape apart.
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
# A character of two to four bytes in UTF-8.
MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
HIGH = re.compile(rb"[\x80-\xff]")
UNDEFINED_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def read_text(ref: RawRef, path: Path, sidecar: Path | None) -> Iterator[RawArticle | Reject]:
    """Read a text file: decoded, otherwise unchanged."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        detail = f"{size:,} bytes; an article has at most {MAX_BYTES:,}: split the file, one article each"
        yield _reject(ref, "too_large", detail)
        return
    raw = path.read_bytes()
    ref = replace(ref, raw_sha256=hashlib.sha256(raw).hexdigest())
    problem = _find_problem(ref, raw)
    if problem:
        yield problem
        return
    decoded = decode(raw)
    if isinstance(decoded, str):
        yield _reject(ref, "undecodable", decoded)
        return
    encoding, start_byte, text = decoded
    about = read_sidecar(ref, sidecar)
    if isinstance(about, Reject):
        yield about
    elif not text.strip():
        yield _reject(ref, "empty", "the file holds only white space; put the article in it or remove it")
    else:
        yield RawArticle(ref, "text", encoding, text, start_byte, about.metadata, about.notes, about.flags)


def _reject(ref: RawRef, reason: str, detail: str) -> Reject:
    return Reject.of(ref, stage="read", reason=reason, detail=detail)


def _find_problem(ref: RawRef, raw: bytes) -> Reject | None:
    if not raw.strip():
        what = "only white space" if raw else "no bytes"
        return _reject(ref, "empty", f"the file holds {what}; put the article in it or remove it")
    for start, what in DISGUISES:
        if re.match(start, raw, re.DOTALL):
            return _reject(
                ref, "disguised_format", f"the file is called {Path(ref.raw_path).name} and is {what}; save it as text"
            )
    if not _is_utf16(raw):
        controls = len(CONTROL.findall(raw[:1_000_000]))
        if b"\x00" in raw or controls > len(raw[:1_000_000]) / 100:
            at = CONTROL.search(raw)
            where = f", the first at byte {at.start():,}" if at else ""
            return _reject(ref, "binary", f"the file holds NUL bytes or control characters{where}: it is no text")
    return None


def _is_utf16(raw: bytes) -> bool:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return _utf16_without_bom(raw) is not None


def _utf16_without_bom(raw: bytes) -> str | None:
    """Text in mostly Latin letters has a NUL in every other byte."""
    head = raw[:4000]
    if len(head) < 20 or len(raw) % 2:
        return None
    for at, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[at::2].count(0) > len(head) * 0.4 and head[1 - at :: 2].count(0) == 0:
            return encoding
    return None


def decode(raw: bytes) -> tuple[str, int, str] | str:
    """Encoding, where the text begins, and the text; or what is wrong with it.

    Bytes that are no UTF-8 are read as cp1252 only where nothing speaks for UTF-8: one broken byte in a UTF-8 file must
    not turn all its other characters into mojibake.
    """
    for bom, encoding in BOMS:
        if raw.startswith(bom):
            return _strictly(raw, encoding, len(bom))
    encoding_without_bom = _utf16_without_bom(raw)
    if encoding_without_bom:
        return _strictly(raw, encoding_without_bom, 0)
    as_utf8 = _strictly(raw, "utf-8", 0)
    if not isinstance(as_utf8, str):
        return as_utf8
    high = len(HIGH.findall(raw))
    in_utf8 = sum(len(found) for found in MULTIBYTE.findall(raw))
    if in_utf8 <= high / 4 and high <= len(raw) / 4 and not UNDEFINED_IN_CP1252.search(raw):
        return _strictly(raw, "cp1252", 0)
    return as_utf8


def _strictly(raw: bytes, encoding: str, start: int) -> tuple[str, int, str] | str:
    try:
        return encoding, start, raw[start:].decode(encoding)
    except UnicodeDecodeError as error:
        at = start + error.start
        return f"byte 0x{raw[at]:02x} at {at:,} is not {encoding}; save the file as UTF-8"
