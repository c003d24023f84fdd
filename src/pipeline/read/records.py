"""The values of reading: a file is *framed* into records, and a record is *read* as an article.

Framing is cheap, streams, and runs in one process. Reading is expensive and runs in the workers. So a dump of a million
records is read like a million files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Literal

from pipeline.contract import WHOLE, InputFormat, QualityFlag, RawArticle, RawMetadata, RawRef, Reject, Skip

# The longest articles have some 100 kB of text; a larger record is a dump of many. A page also has scripts and styles.
MAX_TEXT_BYTES = 20_000_000
MAX_HTML_BYTES = 8_000_000
CHUNK_BYTES = 1 << 20
INSIDE = "!/"  # separates a path in an archive from the record inside it

NOTHING_GIVEN = RawMetadata()
Kind = Literal["text", "html", "rtf", "json"]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One raw record, framed and not yet read.

    ``kind`` says what ``data`` is: a text, a page, an RTF document, or a JSON object with the fields of an article.
    """

    ref: RawRef  # raw_sha256 is that of data, or empty until ``digested``
    kind: Kind
    data: bytes
    input_format: InputFormat
    given: RawMetadata = NOTHING_GIVEN  # from a sidecar, a WARC header or a feed
    beside: bytes = b""  # the content of the sidecar, if any
    charset: str | None = None  # as the server named it
    notes: tuple[str, ...] = ()
    flags: tuple[QualityFlag, ...] = ()

    def digested(self) -> RawRecord:
        """Return the record with its digest. Framing leaves that to the workers, because it takes as long as framing."""
        return self if self.ref.raw_sha256 else replace(self, ref=replace(self.ref, raw_sha256=digest(self.data)))

    @property
    def content_sha256(self) -> str:
        """The digest of the record and its sidecar; empty without a digest."""
        if not self.beside:
            return self.ref.raw_sha256
        return hashlib.sha256(self.ref.raw_sha256.encode() + self.beside).hexdigest()


@dataclass(frozen=True, slots=True)
class Options:
    """The user's settings for reading."""

    fields: Mapping[str, str] = field(default_factory=dict)  # path in a record, by metadata field, "text" or "html"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a file was read: where to continue when it has grown."""

    end_byte: int = 0  # the first byte that was not read
    end_record: int = 0  # the number of the last record: its line, or its offset in a WARC file


BEGIN = Bookmark()  # also of a file that has to be read from its start again
Framed = RawRecord | Reject | Skip
# Frames a stream into records. The raw_record of the ref is the stream's path inside its file, "" for the file itself.
Framer = Callable[[RawRef, BinaryIO], Iterator[Framed]]
Reader = Callable[[RawRecord, Options], RawArticle | Reject]


class BadStreamError(Exception):
    """A stream cannot be read further. The records before stay, and the rest becomes one reject.

    The message says what was found and what to do.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def record_ref(ref: RawRef, record: int | str, data: bytes | None = None) -> RawRef:
    """Return the ref of a record inside the stream at ``ref``, with the digest of its bytes."""
    inside = f"{ref.raw_record}{INSIDE}{record}" if ref.raw_record else str(record)
    return RawRef(ref.source, ref.raw_path, inside, digest(data))


def whole_ref(ref: RawRef, data: bytes | None) -> RawRef:
    """Return the ref of a record that is the whole stream at ``ref``."""
    return RawRef(ref.source, ref.raw_path, ref.raw_record or WHOLE, digest(data))


def digest(data: bytes | None) -> str:
    """Return the SHA-256 in hexadecimal digits; empty for None."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def reject(ref: RawRef, reason: str, detail: str) -> Reject:
    """Return a reject of the stage "read"."""
    return Reject.of(ref, stage="read", reason=reason, detail=detail)


def describe_excess(limit: int) -> str:
    """Return the words for an article with too many bytes; the caller adds what to do."""
    return f"more than {limit:,} bytes, the most that one article may have"


def read_whole(stream: BinaryIO, limit: int) -> bytes:
    """Return the rest of a stream.

    Raises:
        BadStreamError: if it is longer than ``limit`` bytes; no more than that is read into memory.
    """
    parts, size = [], 0
    while part := stream.read(CHUNK_BYTES):
        size += len(part)
        if size > limit:
            raise BadStreamError("too_large", f"{describe_excess(limit)}: split it, one article each")
        parts.append(part)
    return b"".join(parts)
