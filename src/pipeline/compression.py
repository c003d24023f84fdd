"""Decompress gzip, deflate, bzip2, xz and zstd in small parts, and stop at a limit.

The limit is checked part by part, so a decompression bomb never fills the memory.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import zstandard

Coding = Literal["gzip", "zlib", "deflate", "bzip2", "xz", "zstd"]  # zlib: gzip is accepted too; deflate: no header

GZIP_MAGIC = b"\x1f\x8b\x08"  # RFC 1952; 8 is deflate, the only method defined
PART_BYTES = 1 << 20  # the most that a decoder returns at a time (zstd: see CODECS)
BLOCK_BYTES = 1 << 16  # the most that a decoder is given at a time
MAX_MEMORY_BYTES = 256_000_000  # the largest dictionary that xz may ask for; `xz -9` needs 65 MB


class CompressionError(Exception):
    """The data cannot be decompressed; the message says why."""


class DamagedError(CompressionError):
    """The data are not of this coding, or some bytes are wrong."""


class TruncatedError(CompressionError):
    """The data end in the middle of a member."""


class MemoryLimitError(CompressionError):
    """The data ask for a larger dictionary or window than is allowed."""


class TooLargeError(CompressionError):
    """The content exceeds the limit; ``part`` is the part that went over it and was not returned."""

    def __init__(self, packed: int, unpacked: int, part: bytes) -> None:
        super().__init__(f"{packed:,} bytes decompress to more than {unpacked:,}")
        self.part = part


@dataclass(frozen=True, slots=True)
class Limit:
    """How much data may decompress to: ``max_bytes``, or ``max_ratio`` times the compressed size if that is more."""

    max_bytes: int
    max_ratio: int = 0

    def is_exceeded(self, packed: int, unpacked: int) -> bool:
        """Check whether so many compressed bytes decompress to too many."""
        return unpacked > self.max_bytes and unpacked > self.max_ratio * packed


@dataclass(frozen=True, slots=True)
class _Codec:
    """How to decompress a coding."""

    new_decoder: Callable[[], Any]  # the libraries' decoders have no type in common
    decode: Callable[[Any, bytes], Iterator[bytes]]
    block_bytes: int = BLOCK_BYTES


def _decode_zlib(decoder: Any, block: bytes) -> Iterator[bytes]:
    while not decoder.eof:  # once it is at its end, its unconsumed_tail repeats its unused_data
        part = decoder.decompress(block, PART_BYTES)
        yield part
        block = decoder.unconsumed_tail
        if not block and len(part) < PART_BYTES:  # after a full part, the decoder may still have output
            return


def _decode_on_demand(decoder: Any, block: bytes) -> Iterator[bytes]:
    yield decoder.decompress(block, PART_BYTES)
    while not (decoder.eof or decoder.needs_input):
        yield decoder.decompress(b"", PART_BYTES)


def _decode_at_once(decoder: Any, block: bytes) -> Iterator[bytes]:
    yield decoder.decompress(block)


CODECS: Mapping[Coding, _Codec] = {
    "gzip": _Codec(lambda: zlib.decompressobj(wbits=31), _decode_zlib),
    "zlib": _Codec(lambda: zlib.decompressobj(wbits=47), _decode_zlib),
    "deflate": _Codec(lambda: zlib.decompressobj(wbits=-15), _decode_zlib),
    "bzip2": _Codec(bz2.BZ2Decompressor, _decode_on_demand),
    "xz": _Codec(lambda: lzma.LZMADecompressor(memlimit=MAX_MEMORY_BYTES), _decode_on_demand),
    # zstandard's stream_reader takes a truncated file for a complete one. This object does not, but it cannot limit
    # what it returns, and four bytes may decompress to 128 kB: blocks of 4 kB return at most 134 MB.
    "zstd": _Codec(lambda: zstandard.ZstdDecompressor().decompressobj(), _decode_at_once, 1 << 12),
}
LIBRARY_ERRORS = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError)


class Decompressor:
    """Decompresses members (gzip's word; zstd calls them frames, xz streams), one after another.

    Attributes:
        packed: compressed bytes read so far.
        unpacked: bytes that they decompressed to.
        is_at_end: whether the last byte read was the last byte of a member.
        rest: the bytes given to ``feed`` that follow the end of the member.
    """

    def __init__(self, coding: Coding, limit: Limit) -> None:
        self.packed = self.unpacked = 0
        self.is_at_end = False
        self.rest = b""
        self._codec = CODECS[coding]
        self._limit = limit
        self._decoder: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` decompress to, up to the end of the member; after that end, start the next member.

        Raises:
            DamagedError, MemoryLimitError, TooLargeError
        """
        self.is_at_end, self.rest = False, b""
        decoder = self._decoder = self._decoder or self._codec.new_decoder()
        for start in range(0, len(data), self._codec.block_bytes):
            end = start + self._codec.block_bytes
            block = data[start:end]
            self.packed += len(block)
            for part in self._decode(decoder, block):
                self.unpacked += len(part)
                if self._limit.is_exceeded(self.packed, self.unpacked):
                    raise TooLargeError(self.packed, self.unpacked, part)
                yield part
            if decoder.eof:
                self.packed -= len(decoder.unused_data)
                self.rest = decoder.unused_data + data[end:]
                self.is_at_end, self._decoder = True, None
                return

    def _decode(self, decoder: Any, block: bytes) -> Iterator[bytes]:
        try:
            yield from filter(None, self._codec.decode(decoder, block))
        except LIBRARY_ERRORS as error:
            kind = MemoryLimitError if "memory" in str(error).lower() else DamagedError
            raise kind(str(error)) from error


def decompress(blocks: Iterable[bytes], coding: Coding, limit: Limit) -> Iterator[bytes]:
    """Yield the content of all members, one after another; zero bytes between and after members are padding.

    Raises:
        DamagedError, MemoryLimitError, TooLargeError, TruncatedError
    """
    decompressor = Decompressor(coding, limit)
    for block in blocks:
        rest = block
        while rest := rest.lstrip(b"\x00") if decompressor.is_at_end else rest:
            yield from decompressor.feed(rest)
            rest = decompressor.rest
    if decompressor.packed and not decompressor.is_at_end:
        raise TruncatedError(f"they end in the middle, after {decompressor.packed:,} bytes")
