"""Compressed files: gzip, bzip2, xz and zstd, each of one or many members."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import zstandard

from pipeline.read.containers.framing import BOMB_ADVICE, MAX_RATIO, is_bomb
from pipeline.read.containers.streams import PIECE
from pipeline.read.records import CHUNK, BadStreamError

Coding = Literal["gzip", "bzip2", "xz", "zstd"]
MAX_MEMORY_BYTES = 256_000_000  # that xz may ask for: its dictionary; `xz -9` needs 65 MB


@dataclass(frozen=True, slots=True)
class _Method:
    """How a compression is undone: ``expand`` yields what comes of one piece, little at a time."""

    new: Callable[[], Any]  # a decompressor: the libraries' own have no type in common
    expand: Callable[[Any, bytes], Iterator[bytes]]
    piece: int = PIECE  # bytes that go in at a time


def _expand_deflate(decoder: Any, data: bytes) -> Iterator[bytes]:
    while data or not decoder.eof:
        part = decoder.decompress(data, CHUNK)
        yield part
        data = decoder.unconsumed_tail
        if not data and len(part) < CHUNK:  # else there may be more of what went in already
            return


def _expand_by_need(decoder: Any, data: bytes) -> Iterator[bytes]:
    yield decoder.decompress(data, CHUNK)
    while not (decoder.eof or decoder.needs_input):
        yield decoder.decompress(b"", CHUNK)


def _expand_at_once(decoder: Any, data: bytes) -> Iterator[bytes]:
    yield decoder.decompress(data)


METHODS: Mapping[Coding, _Method] = {
    "gzip": _Method(lambda: zlib.decompressobj(wbits=31), _expand_deflate),
    "bzip2": _Method(bz2.BZ2Decompressor, _expand_by_need),
    "xz": _Method(lambda: lzma.LZMADecompressor(memlimit=MAX_MEMORY_BYTES), _expand_by_need),
    # zstandard's stream_reader takes a file cut short for a whole one. This object does not, but knows no limit on what
    # it returns, and four bytes may stand for 128 kB: so it gets 4 kB, which are 134 MB at worst.
    "zstd": _Method(lambda: zstandard.ZstdDecompressor().decompressobj(), _expand_at_once, 1 << 12),
}
CODING_ERRORS = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError)


def decompress(source: BinaryIO, coding: Coding) -> Iterator[bytes]:
    """What a compressed stream holds: all its members, one after another; zeros between and behind them fill it up."""
    decoder, taken, given = None, 0, 0
    while data := source.read(METHODS[coding].piece):
        is_first = not taken
        taken += len(data)
        while data := data if decoder or is_first else data.lstrip(b"\x00"):
            is_first = False
            decoder = decoder or METHODS[coding].new()
            for part in _expand(coding, decoder, data):
                given += len(part)
                _check_ratio(given, taken)
                yield part
            data = decoder.unused_data
            decoder = None if decoder.eof else decoder
    if decoder or not taken:
        found = f"the {coding} data end in the middle, after {taken:,} bytes" if taken else "it holds no bytes"
        raise BadStreamError("truncated" if taken else "empty", f"{found}; fetch the file again")


def _expand(coding: Coding, decoder: Any, data: bytes) -> Iterator[bytes]:
    try:
        yield from filter(None, METHODS[coding].expand(decoder, data))
    except CODING_ERRORS as error:
        if "memory" in str(error).lower():
            detail = f"unpacking needs too much memory ({error}); pack it again with a smaller window"
            raise BadStreamError("unreadable", detail) from error
        raise BadStreamError("truncated", f"the {coding} data are damaged ({error}); fetch the file again") from error


def _check_ratio(given: int, taken: int) -> None:
    if is_bomb(given, taken):
        detail = f"{taken:,} bytes unpack to more than {given:,}, over {MAX_RATIO} times as many: {BOMB_ADVICE}"
        raise BadStreamError("decompression_bomb", detail)
