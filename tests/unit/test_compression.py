"""Decompression, part by part, and where it stops."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator

import pytest
import zstandard

from pipeline.compression import (
    PART_BYTES,
    Coding,
    DamagedError,
    Decompressor,
    Limit,
    MemoryLimitError,
    TooLargeError,
    TruncatedError,
    decompress,
)

COMPRESS: dict[Coding, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}
CODINGS = pytest.mark.parametrize("coding", COMPRESS)
LIMIT = Limit(10 * PART_BYTES)


@CODINGS
def test_limit_is_on_the_content(coding: Coding) -> None:
    packed = COMPRESS[coding](bytes(PART_BYTES))
    assert sum(map(len, decompress([packed], coding, Limit(PART_BYTES)))) == PART_BYTES
    with pytest.raises(TooLargeError):
        list(decompress([packed], coding, Limit(PART_BYTES - 1)))


@CODINGS
def test_data_behind_the_limit_are_not_read(coding: Coding) -> None:
    block = COMPRESS[coding](bytes(PART_BYTES))
    read: list[int] = []

    def blocks() -> Iterator[bytes]:
        for number in range(100):
            read.append(number)
            yield block

    with pytest.raises(TooLargeError):
        list(decompress(blocks(), coding, Limit(2 * PART_BYTES)))
    assert len(read) == 3


@pytest.mark.parametrize(
    ("packed", "unpacked", "is_exceeded"),
    [
        pytest.param(1, 1_000, False, id="small-at-any-ratio"),
        pytest.param(10, 1_001, True, id="large-at-a-high-ratio"),
        pytest.param(100, 1_001, False, id="large-at-a-low-ratio"),
    ],
)
def test_limit(packed: int, unpacked: int, is_exceeded: bool) -> None:
    assert Limit(1_000, max_ratio=20).is_exceeded(packed, unpacked) == is_exceeded


def test_rest_after_a_member() -> None:
    first, rest = gzip.compress(b"ferry"), gzip.compress(b"bridge")
    decompressor = Decompressor("gzip", LIMIT)
    assert b"".join(decompressor.feed(first + rest)) == b"ferry"
    assert (decompressor.rest, decompressor.packed, decompressor.is_at_end) == (rest, len(first), True)


@CODINGS
def test_members_of_many_parts(coding: Coding) -> None:
    member = COMPRESS[coding](bytes(3 * PART_BYTES))
    assert sum(map(len, decompress([member * 3], coding, LIMIT))) == 9 * PART_BYTES


@pytest.mark.parametrize("wbits", [31, 15])
def test_zlib_takes_both_headers(wbits: int) -> None:
    assert b"".join(decompress([zlib.compress(b"ferry", wbits=wbits)], "zlib", LIMIT)) == b"ferry"


def test_fault() -> None:
    whole = gzip.compress(b"ferry")
    with pytest.raises(TruncatedError):
        list(decompress([whole[:-1]], "gzip", LIMIT))
    with pytest.raises(DamagedError):
        list(decompress([whole + b"junk"], "gzip", LIMIT))
    with pytest.raises(MemoryLimitError):
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 29}]
        list(decompress([lzma.compress(b"ferry", filters=filters)], "xz", LIMIT))


def test_no_data_have_no_content() -> None:
    assert list(decompress([b""], "gzip", LIMIT)) == []
