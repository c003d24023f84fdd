"""Compressed files: gzip, bzip2, xz and zstd, each with one or more members."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, Literal

from pipeline.compression import (
    BLOCK_BYTES,
    DamagedError,
    MemoryLimitError,
    TooLargeError,
    TruncatedError,
    decompress,
)
from pipeline.read.containers.framing import BOMB_ADVICE, BOMB_LIMIT
from pipeline.read.records import BadStreamError

FileCoding = Literal["gzip", "bzip2", "xz", "zstd"]


def decompress_file(source: BinaryIO, coding: FileCoding) -> Iterator[bytes]:
    """Yield the content of a compressed file in parts.

    Raises:
        BadStreamError: if the file is empty, damaged, cut short or a decompression bomb.
    """
    first = source.read(BLOCK_BYTES)
    if not first:
        raise BadStreamError("empty", "the file has no bytes; fetch it again")
    try:
        yield from decompress(chain([first], iter(lambda: source.read(BLOCK_BYTES), b"")), coding, BOMB_LIMIT)
    except TruncatedError as error:
        raise BadStreamError("truncated", f"the {coding} data are cut short ({error}); fetch the file again") from error
    except DamagedError as error:
        raise BadStreamError("truncated", f"the {coding} data are damaged ({error}); fetch the file again") from error
    except MemoryLimitError as error:
        detail = f"decompressing needs too much memory ({error}); compress the file again with a smaller window"
        raise BadStreamError("unreadable", detail) from error
    except TooLargeError as error:
        detail = f"{error}, over {BOMB_LIMIT.max_ratio} times as many: {BOMB_ADVICE}"
        raise BadStreamError("decompression_bomb", detail) from error
