"""Undo the content and transfer encodings of a server's answer, up to one byte over a limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

from fastwarc.stream_io import BrotliReader, ChunkedReader, ZstdReader

from pipeline.compression import GZIP_MAGIC, CompressionError, Decompressor, Limit, TooLargeError

NO_TRAILERS = b"\r\n\r\n"
# The last chunk of a chunked body, with its trailers. fastwarc accepts a body that ends before it.
LAST_CHUNK = re.compile(rb"(?:\A|\r\n)0+[ \t]*(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*(?:\r\n)?\Z")


@dataclass(frozen=True, slots=True)
class DecodedBody:
    """The decoded content of an answer."""

    data: bytes
    cut: str = ""  # why it is incomplete
    problem: str = ""  # why it cannot be decoded


def decode_body(block: bytes, http: Mapping[str, str], limit: int) -> DecodedBody:
    """Undo the encodings that a response's header names, the last first.

    Args:
        block: the bytes after the header.
        http: the header, with names in lower case.
        limit: bytes; of a larger body one byte more is decoded.
    """
    codings = [http[name].lower() for name in ("content-encoding", "transfer-encoding") if name in http]
    length = http.get("content-length", "")
    data, cut = block, ""
    if not codings and length.isdecimal() and int(length) > len(block):
        cut = f"{len(block):,} of the {int(length):,} bytes that the server announced"
    for coding in reversed([name.strip() for names in codings for name in names.split(",")]):
        if coding in ("", "identity"):
            continue
        if coding not in DECODERS:
            return DecodedBody(b"", problem=f"its encoding {coding!r} is unknown")
        try:
            data, is_whole = DECODERS[coding](data, limit)
        except (OSError, CompressionError) as error:
            if data.lstrip().startswith(b"<"):
                break  # some crawlers undo an encoding and keep the header
            return DecodedBody(b"", problem=f"it is not {coding} ({error})")
        if not is_whole and len(data) <= limit:
            cut = f"its {coding} encoding ends too early"
    return DecodedBody(data, cut)


def _inflate(block: bytes, limit: int) -> tuple[bytes, bool]:
    """Undo gzip, with one or more members, or deflate, with or without zlib's header; servers send both."""
    has_header = block[:1] == b"\x1f" or (len(block) > 1 and int.from_bytes(block[:2], "big") % 31 == 0)
    decompressor = Decompressor("zlib" if has_header else "deflate", Limit(limit))
    data = bytearray()
    try:
        for part in decompressor.feed(block):
            data += part
        while decompressor.rest.startswith(GZIP_MAGIC):  # other bytes after a member are ignored, as browsers do
            for part in decompressor.feed(decompressor.rest):
                data += part
    except TooLargeError as error:
        data += error.part
    return bytes(data[: limit + 1]), decompressor.is_at_end


def _join_chunks(block: bytes, limit: int) -> tuple[bytes, bool]:
    return ChunkedReader(BytesIO(block + NO_TRAILERS)).read(limit + 1), LAST_CHUNK.search(block[-1000:]) is not None


# Each returns at most one byte more than the limit, and whether the encoded data were complete.
DECODERS: Mapping[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _inflate,
    "x-gzip": _inflate,
    "deflate": _inflate,
    "br": lambda block, limit: (BrotliReader(BytesIO(block)).read(limit + 1), True),  # it raises if the data are cut
    "zstd": lambda block, limit: (ZstdReader(BytesIO(block)).read(limit + 1), True),
    "chunked": _join_chunks,
}
