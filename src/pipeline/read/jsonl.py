"""Frame JSON Lines and JSON files into records, without parsing them.

The array of a JSON file is split at its commas, so a record is exactly the bytes in the file, and a broken record does
not affect the others. A streaming parser cannot do that: ijson ends at the first NaN or integer of 20 digits and loses
the rest, writes "?" for half a surrogate pair, and needs memory that grows with the square of the depth.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from pipeline.contract import InputFormat, RawRef, Reject
from pipeline.lexicon.words import read_words
from pipeline.read.fields import names_content
from pipeline.read.records import (
    BEGIN,
    CHUNK_BYTES,
    MAX_TEXT_BYTES,
    BadStreamError,
    Bookmark,
    Framed,
    RawRecord,
    describe_excess,
    record_ref,
    reject,
    whole_ref,
)

WRAPPERS = read_words("article_array_keys.txt")
MAX_DEPTH = (
    100_000  # a record that nests deeper than a thousand is rejected later; beyond this, so is the rest of the file
)
WRAPPER_DEPTH = 2  # {"response": {"docs": […]}}
SPACE = b" \t\r\n"
TOO_LARGE = f"{describe_excess(MAX_TEXT_BYTES)}; split it into one article per record"

# Possessive repeats (``*+``) read an unclosed string once, not once for each way to split it.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
NEXT_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+([\[\]{}])", re.DOTALL)
NEXT_COMMA_OR_BRACKET = re.compile(rb'(?:[^"\[\]{},]++|' + _STRING + rb")*+([\[\]{},])", re.DOTALL)
# A string, with its colon and the bracket of an array of objects if it is a key; a bracket; or an unclosed string.
KEY_OR_BRACKET = re.compile(
    rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*+:(?:\s*+(\[)\s*+(?=\{))?)?|([\[{])|[\]}]|".*+', re.DOTALL
)


def frame_jsonl(ref: RawRef, stream: BinaryIO, after: Bookmark = BEGIN) -> Generator[Framed, None, int | None]:
    """Frame JSON Lines: one record per line, numbered from 1; blank lines are no records.

    Args:
        ref: of the stream.
        stream: at its beginning.
        after: continue after this bookmark.

    Returns:
        The number of the last line; None if appended bytes could change it (it has no line end), or if there is no
        record.
    """
    if after == BEGIN:
        return (yield from _frame_lines(ref, _chunks(stream)))
    stream.seek(after.end_byte)
    return (yield from _frame_lines(ref, iter(lambda: stream.read(CHUNK_BYTES), b""), after.end_record))


def frame_json(ref: RawRef, stream: BinaryIO) -> Iterator[Framed]:
    """Frame a JSON file: one article, an array of them, an object that wraps such an array, or JSON Lines."""
    chunks = _chunks(stream)
    head = gather(chunks, CHUNK_BYTES)
    if head.lstrip(SPACE).startswith(b"["):
        rest = yield from _frame_elements(ref, chain([head.lstrip(SPACE)[1:]], chunks))
        for chunk in chain([rest], chunks):
            if found := chunk.strip(SPACE)[:20]:
                detail = (
                    f"the array has ended, but {found!r} follows; split the file there, or write one record per line"
                )
                raise BadStreamError("broken_record", detail)
        return
    shape = _survey(head)
    if shape.is_lines:
        yield from _frame_lines(ref, chain([head], chunks))
    elif shape.array_at is not None:
        yield from _frame_elements(ref, chain([head[shape.array_at :]], chunks))
        for _ in chunks:  # to the end, where a cut compressed file raises
            pass
    else:
        yield _frame_whole(ref, head + gather(chunks, MAX_TEXT_BYTES + 1 - len(head)))


def reject_empty(ref: RawRef) -> Reject:
    """Return the reject of a file without records."""
    return reject(whole_ref(ref, None), "empty", "it has no records; put articles in it or remove it")


def gather(chunks: Iterator[bytes], size: int) -> bytes:
    """Return chunks joined to at least ``size`` bytes, or to the end."""
    parts = []
    while size > 0 and (part := next(chunks, b"")):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the stream without a byte order mark."""
    first = stream.read(CHUNK_BYTES)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadStreamError("undecodable", "it is UTF-16, but JSON is UTF-8; save it as UTF-8")
    if first:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from iter(lambda: stream.read(CHUNK_BYTES), b"")


# ── Lines ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _frame_lines(ref: RawRef, chunks: Iterator[bytes], before: int = 0) -> Generator[Framed, None, int | None]:
    """Frame lines that follow ``before`` others, and return the number of the last one if it has a line end."""
    is_empty, number, line = not before, before, b""
    for number, line in enumerate(_lines(chunks), before + 1):
        if not line or line.isspace():
            continue
        is_empty = False
        yield _frame(ref, number, line.removesuffix(b"\r"), "jsonl")
    if is_empty:
        yield reject_empty(ref)
    return None if is_empty or line else number - 1


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines without their ends, then the rest; a line over MAX_TEXT_BYTES is cut somewhere beyond that."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            if parts:
                parts.append(line)
                yield b"".join(parts)
                parts, size = [], 0
            else:
                yield line
        if rest and size <= MAX_TEXT_BYTES:
            parts.append(rest)
            size += len(rest)
    yield b"".join(parts)


def _frame(ref: RawRef, number: int, data: bytes, input_format: InputFormat) -> RawRecord | Reject:
    if len(data) > MAX_TEXT_BYTES:
        return reject(record_ref(ref, number), "too_large", TOO_LARGE)
    return RawRecord(record_ref(ref, number, data), "json", data, input_format)


# ── A file that is one value ───────────────────────────────────────────────────────────────────────────────────


def _frame_whole(ref: RawRef, data: bytes) -> RawRecord | Reject:
    if not data.strip():
        return reject_empty(ref)
    if len(data) > MAX_TEXT_BYTES:
        return reject(whole_ref(ref, None), "too_large", TOO_LARGE)
    return RawRecord(whole_ref(ref, data), "json", data, "json")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file that begins with an object goes on."""

    array_at: int | None = None  # the byte after the bracket that opens the array of articles
    is_lines: bool = False  # the object fills a line, and another follows


def _survey(head: bytes) -> Shape:
    """Return the shape of a file. An object with its own text, or with two such arrays, does not wrap articles."""
    depth, end, is_article = 0, len(head), False
    arrays: list[int] = []
    for token in KEY_OR_BRACKET.finditer(head):
        key, colon, array, opening = token.groups()
        if colon:
            if array and depth <= WRAPPER_DEPTH and key.decode(errors="replace") in WRAPPERS:
                arrays.append(token.end())
            is_article |= depth == 1 and names_content(key.decode(errors="replace"))
            depth += bool(array)
        elif opening:
            depth += 1
        elif key is None and token[0] in b"]}":
            depth -= 1
            if not depth:
                end = token.end()
                break
    is_lines = head[end:].lstrip(SPACE).startswith(b"{") and b"\n" not in head[:end].strip()
    return Shape(arrays[0] if len(arrays) == 1 and not is_article else None, is_lines)


def _frame_elements(ref: RawRef, chunks: Iterator[bytes]) -> Generator[Framed, None, bytes]:
    """Frame an array after its opening bracket, and return the rest of the last chunk after its closing one."""
    number, buffer, scanned, depth = 0, b"", 0, 0
    for chunk in chunks:
        buffer, begin = buffer + chunk, 0
        while token := (NEXT_BRACKET if depth else NEXT_COMMA_OR_BRACKET).match(buffer, scanned):
            sign, scanned = token[1], token.end()
            if sign in b"[{":
                depth += 1
                if depth > MAX_DEPTH:
                    detail = f"record {number + 1} nests more than {MAX_DEPTH:,} brackets; remove it"
                    raise BadStreamError("nested_too_deep", detail)
            elif depth:
                depth -= 1
            elif sign == b"}":
                raise BadStreamError("broken_record", f"a brace after record {number} closes nothing; fix the file")
            else:
                element, begin = buffer[begin : token.start(1)].strip(SPACE), scanned
                if element or sign == b",":
                    number += 1
                    yield _frame(ref, number, element, "json")
                if sign == b"]":
                    if not number:
                        yield reject_empty(ref)
                    return buffer[begin:]
        buffer, scanned = buffer[begin:], scanned - begin
        if len(buffer) > MAX_TEXT_BYTES:
            raise BadStreamError("too_large", f"record {number + 1} has {TOO_LARGE}")
    raise BadStreamError("truncated", f"the file ends inside its array, after record {number}; fetch it again")
