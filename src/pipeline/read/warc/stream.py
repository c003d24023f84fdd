"""The stream that fastwarc reads, which finds where records begin and end even in a damaged file."""

from __future__ import annotations

import re
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO

import zstandard
from fastwarc.stream_io import GzipReader, ZstdReader
from fastwarc.warc import WarcRecord

from pipeline.compression import GZIP_MAGIC, Coding, CompressionError, Decompressor, Limit
from pipeline.read.records import CHUNK_BYTES, MAX_HTML_BYTES, BadStreamError

# How far back reading can restart after damage: a page of the largest size, and what fastwarc has read ahead.
WINDOW = 2 * MAX_HTML_BYTES
BLANK = b"\r\n\r\n"  # ends a header, and a record
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
# Our own record after the last byte of a compressed file; fastwarc reaches it only if no record was cut.
END_ID = "<urn:onrecord:end>"
END = f"WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Record-ID: {END_ID}\r\nContent-Length: 0\r\n\r\n\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class RecordCompression:
    """How the records of a file are compressed: each in a gzip member, or each in a zstd frame."""

    magic: bytes  # the first bytes of a compressed record
    end: bytes  # our own last record, compressed
    coding: Coding
    reader: Callable[[Any], Any]  # the decompressor of fastwarc

    def unpack(self, packed: bytes) -> tuple[bytes, int | None]:
        """Return the first member and its compressed size; None if it is damaged, cut, or larger than WINDOW."""
        decompressor, content = Decompressor(self.coding, Limit(WINDOW)), bytearray()
        with suppress(CompressionError):
            for part in decompressor.feed(packed):
                content += part
        return bytes(content), len(packed) - len(decompressor.rest) if decompressor.is_at_end else None


GZIP = RecordCompression(GZIP_MAGIC, zlib.compress(END, wbits=31), "gzip", GzipReader)
ZSTD = RecordCompression(b"\x28\xb5\x2f\xfd", zstandard.compress(END), "zstd", ZstdReader)
ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"  # a frame with a dictionary, before the records
PLAIN = b"WARC/1."


class WarcStream:
    """The stream that fastwarc reads; it counts bytes and keeps those since the present record began."""

    def __init__(
        self, head: bytes, stream: BinaryIO, packing: RecordCompression | None, start: int = 0, *, is_marked: bool
    ) -> None:
        self.packing = packing
        self.is_marked = is_marked  # whether our own record follows at the end
        self._again = BytesIO(head)  # bytes to read before the stream
        self._stream = stream
        self._mark = packing.end if packing else b""
        self._kept: deque[bytes] = deque()
        self._start = self._position = start  # offsets of the first kept byte, and of the next byte to read
        self._name = (-1, 0)  # the last offset with a record, and how many records followed it there

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """Return the next bytes for fastwarc, and our own record after the last byte of a compressed file."""
        part = self._again.read(size) or self._stream.read(size)
        if not part:
            part, self._mark = self._mark, b""
        if part:
            self._kept.append(part)
            self._position += len(part)
            self._forget(self._position - WINDOW)
        return part

    def tell(self) -> int:
        """Return the offset in the file of the next byte."""
        return self._position

    def skip_to_record(self, offset: int) -> bool:
        """Continue where a record may begin, at or after an offset; return False if there is no such place."""
        magic = self.packing.magic if self.packing else PLAIN
        self._go_back(max(offset, self._start))
        while self.read():
            found = self._kept_from(self._start).find(magic)
            if found >= 0:
                self._go_back(self._start + found)
                return True
            self._forget(self._position - CHUNK_BYTES)
        return False

    def end_of(self, offset: int, length: int | None) -> int | None:
        """Return where the record at an offset ends, by the length of its block; None if it does not end there.

        Without a length, return where an empty gzip member ends.
        """
        if offset < self._start:
            return None
        content = packed = self._kept_from(offset)
        used: int | None = None
        if self.packing:
            content, used = self.packing.unpack(packed)
            if used is None:
                return None
        if length is None:
            return offset + used if used and not content.strip() else None
        end = content.find(BLANK) + len(BLANK) + length
        if content[end : end + len(BLANK)] != BLANK or (used and content[end:].strip()):
            return None
        return offset + (used or end + len(BLANK))

    def name_record(self, record: WarcRecord) -> int | str:
        """Return the name of a record: its offset in the file.

        If one gzip member has several records, fastwarc gives no offset for those after the first, and they are counted
        from it (``1234+1``). A file that begins like that is decompressed before fastwarc reads it, and its offsets are
        of decompressed bytes.
        """
        offset, (first, count) = record.stream_pos, self._name
        self._forget(offset)
        begins = offset > first and (not self.packing or self._is_at_magic(offset, self.packing))
        self._name = (offset, 0) if begins else (first, count + 1)
        return offset if begins else f"{first}+{count + 1}"

    def _kept_from(self, offset: int) -> bytes:
        return b"".join(self._kept)[offset - self._start :]

    def _go_back(self, offset: int) -> None:
        """Read again from an offset whose bytes are kept."""
        self._again = BytesIO(self._kept_from(offset) + self._again.read())
        self._kept.clear()
        self._start = self._position = offset

    def _is_at_magic(self, offset: int, packing: RecordCompression) -> bool:
        head = b"".join(islice(self._kept, 2))[offset - self._start :][:4]
        return head.startswith((packing.magic, ZSTD_DICTIONARY))

    def _forget(self, before: int) -> None:
        while self._kept and self._start + len(self._kept[0]) <= before:
            self._start += len(self._kept.popleft())


def open_warc(stream: BinaryIO, start: int = 0) -> WarcStream:
    """Return the stream of a WARC file, compressed or not.

    Args:
        stream: the file.
        start: its present offset, which is that of a record.

    Raises:
        BadStreamError: if it does not begin like a WARC file.
    """
    head = stream.read(CHUNK_BYTES)
    packing = next((packing for packing in (GZIP, ZSTD) if head.startswith(packing.magic)), None)
    packing = ZSTD if head.startswith(ZSTD_DICTIONARY) else packing
    if packing:
        warc, (member, used) = WarcStream(head, stream, packing, start, is_marked=True), packing.unpack(head)
        if not start and _holds_several(member):
            return WarcStream(b"", packing.reader(warc), None, is_marked=True)
        if member.strip() or used != len(head):
            return warc
        head = b""
    if not head:
        raise BadStreamError("empty", "the file is empty: fetch it again, or remove it")
    if not head.lstrip().startswith(PLAIN):
        expected = "expected WARC/1.x, plain or compressed by gzip or zstd: give the file the ending of its format"
        raise BadStreamError("unknown_format", f"the file begins with {head[:12]!r}; {expected}")
    return WarcStream(head, stream, None, start, is_marked=False)


def _holds_several(member: bytes) -> bool:
    """Return whether a member has more than one record, so that only decompressed bytes have offsets of records."""
    header = member.find(BLANK)
    length = CONTENT_LENGTH.search(member, 0, header + 2)
    return length is not None and member[header + len(BLANK) + int(length[1]) :].lstrip().startswith(PLAIN)
