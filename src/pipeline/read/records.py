"""What passes inside reading: a file is *framed* into records, and a record is *read* into an article.

Framing is cheap, streams, and runs in one process; reading costs, and runs in the workers. So a dump of a million
records is read like a million files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Literal

from pipeline.contract import WHOLE, InputFormat, QualityFlag, RawArticle, RawMetadata, RawRef, Reject, Skip

# The longest articles have some 100 kB of text; what is larger is a dump of many. A page carries scripts and styles.
MAX_TEXT_BYTES = 20_000_000
MAX_HTML_BYTES = 8_000_000
CHUNK_BYTES = 1 << 20
INSIDE = "!/"  # parts a path in an archive from what is inside it

NOTHING_GIVEN = RawMetadata()
Kind = Literal["text", "html", "rtf", "json"]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One raw record, framed and not yet read.

    ``data`` are its bytes, and ``kind`` what they are: a text, a page, an RTF document, or a JSON object whose fields
    hold an article.
    """

    ref: RawRef  # raw_sha256 is that of data, or empty where the digest is left to whoever needs it
    kind: Kind
    data: bytes
    input_format: InputFormat
    given: RawMetadata = NOTHING_GIVEN  # what stands beside the bytes: a sidecar, a WARC header, a feed
    beside: bytes = b""  # the bytes that ``given`` was read from, where they are a file of their own
    charset: str | None = None  # as the server named it
    notes: tuple[str, ...] = ()
    flags: tuple[QualityFlag, ...] = ()

    def digested(self) -> RawRecord:
        """The record with its digest: framing a crawl leaves it to the workers, since it takes as long as the framing."""
        return self if self.ref.raw_sha256 else replace(self, ref=replace(self.ref, raw_sha256=digest(self.data)))

    @property
    def content_sha256(self) -> str:
        """Digest of all that is known of the record: it changes when its sidecar does; empty without a digest."""
        if not self.beside:
            return self.ref.raw_sha256
        return hashlib.sha256(self.ref.raw_sha256.encode() + self.beside).hexdigest()


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said of how to read."""

    fields: Mapping[str, str] = field(default_factory=dict)  # metadata field or "text" or "html" → path in a record


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a file was read: where to go on when it has grown."""

    end_byte: int = 0  # behind what was read
    end_record: int = 0  # the number of its last record: that of its line, or in a WARC file its offset


BEGIN = Bookmark()  # and where going on is not possible
Framed = RawRecord | Reject | Skip
# Parts a stream into records. The ref's raw_record is where the stream stands in its file: "" for the file itself.
Framer = Callable[[RawRef, BinaryIO], Iterator[Framed]]
Reader = Callable[[RawRecord, Options], RawArticle | Reject]


class BadStreamError(Exception):
    """A stream that cannot be read on: what was framed before it stands, and what follows is one reject.

    The message says what was found and what to do.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def record_ref(ref: RawRef, record: int | str, data: bytes | None = None) -> RawRef:
    """The ref of a record inside the stream at ``ref``, with the digest of its bytes."""
    inside = f"{ref.raw_record}{INSIDE}{record}" if ref.raw_record else str(record)
    return RawRef(ref.source, ref.raw_path, inside, digest(data))


def whole_ref(ref: RawRef, data: bytes | None) -> RawRef:
    """The ref of a record that is all of the stream at ``ref``."""
    return RawRef(ref.source, ref.raw_path, ref.raw_record or WHOLE, digest(data))


def digest(data: bytes | None) -> str:
    """SHA-256 in hexadecimal digits; empty for no data."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def reject(ref: RawRef, reason: str, detail: str) -> Reject:
    """Refuse a record while reading."""
    return Reject.of(ref, stage="read", reason=reason, detail=detail)


def describe_excess(limit: int) -> str:
    """What is wrong with an article that has more bytes than it may have; what to do is for the caller to add."""
    return f"more than {limit:,} bytes, the most that one article may have"


def read_whole(stream: BinaryIO, limit: int) -> bytes:
    """The rest of a stream.

    Raises:
        BadStreamError: if it is longer than ``limit`` bytes; no more than that is held.
    """
    parts, size = [], 0
    while part := stream.read(CHUNK_BYTES):
        size += len(part)
        if size > limit:
            raise BadStreamError("too_large", f"{describe_excess(limit)}: split it, one article each")
        parts.append(part)
    return b"".join(parts)
