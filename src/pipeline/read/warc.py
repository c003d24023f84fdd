"""WARC files: the pages that a crawler was answered with.

A page's ``data``, and so its ``raw_sha256``, is the payload of the response with its transfer and content encodings
undone: what a browser parses. ``raw_record`` is the record's offset in the file as it lies, compressed or not: fastwarc
opened there reads that record first (for files not compressed record by record see ``_Tape.name``).

fastwarc 2.0.1 reads plain, gzip and zstd files, these with or without a dictionary. Measured, it ends *without an
error* where a file is cut, at an empty gzip member, and at a header whose Content-Length is spelt in small letters; and
a record whose Content-Length is too large takes bytes of the next one. So a record stands here only when its block is
as long as its header says and what follows it is a record or the end of the file; and behind the last byte of a
compressed file fastwarc gets one more record of our own making: where that does not arrive, the file was cut. After
damage, reading goes on where the next record may begin, and each damaged stretch is one reject with its range of bytes.
"""

from __future__ import annotations

import re
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO, cast

import zstandard
from fastwarc.stream_io import BrotliReader, ChunkedReader, GzipReader, ZstdReader
from fastwarc.warc import ArchiveIterator, WarcHeader, WarcRecord

from pipeline.contract import RawMetadata, RawRef, Reject, Skip
from pipeline.read.records import (
    CHUNK,
    MAX_HTML_BYTES,
    MAX_TEXT_BYTES,
    BadStreamError,
    Framed,
    Kind,
    RawRecord,
    digest,
    place,
    refuse,
)

MAX_HEADER_BYTES = 1 << 18  # cookies and security policies go beyond fastwarc's 32 KiB
# How far back reading can begin again after damage: a page of the largest size, and what fastwarc read ahead.
WINDOW = 2 * MAX_HTML_BYTES
MAX_ATTEMPTS = 100  # places in a row that look like a record's beginning and are none, before the rest is given up
PIECE = 1024  # what is unpacked at a time to look into a file: a bomb cannot grow far between two looks
BLANK = b"\r\n\r\n"  # ends a header, and a record
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
END_ID = "<urn:onrecord:end>"
END = f"WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Record-ID: {END_ID}\r\nContent-Length: 0\r\n\r\n\r\n\r\n".encode()

HTML_TYPES = ("text/html", "application/xhtml+xml")
HTML_START = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype html|<html)", re.IGNORECASE)
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]+)", re.IGNORECASE)
HTML_END = re.compile(rb"</(?:body|html)\s*>", re.IGNORECASE)
# The last chunk of a chunked body, with its trailers: fastwarc takes a body that ends before it for whole.
LAST_CHUNK = re.compile(rb"(?:\A|\r\n)0+[ \t]*(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*(?:\r\n)?\Z")


@dataclass(frozen=True, slots=True)
class _Gap:
    """A stretch of a file that could not be read."""

    ref: RawRef
    offset: int
    problem: str

    def closed_at(self, end: int | None) -> Iterator[Reject]:
        """The reject that tells of it, up to where reading went on: nothing where that is at once."""
        if end is None:
            detail = f"from byte {self.offset:,} to the end no record could be read"
            yield refuse(self.ref, "truncated", f"{detail} ({self.problem}); fetch the file again")
        elif end > self.offset:
            detail = f"from byte {self.offset:,} to {end:,} no record could be read"
            yield refuse(self.ref, "broken_record", f"{detail} ({self.problem}); fetch the file again")


@dataclass(frozen=True, slots=True)
class _Last:
    """The last record read: it stands when it is known to end where it should."""

    ref: RawRef
    offset: int
    framed: Framed
    length: int | None  # of its block, as its header says
    is_whole: bool  # as much of it was there


@dataclass(slots=True)
class _State:
    """Where reading stands."""

    offset: int = 0  # where the record at hand begins
    last: _Last | None = None
    gap: _Gap | None = None  # not yet told, as its end is not known
    attempts: int = 0  # in a row, to go on after damage


def frame_warc(ref: RawRef, stream: BinaryIO) -> Iterator[Framed]:
    """Part a WARC file into its pages (and, of WET files, its texts); what else is in it is skipped with a reason.

    ``given`` are the address and date in the record's header, ``charset`` is that of the HTTP header. A damaged stretch
    is a reject ``broken_record``, or ``truncated`` where nothing could be read behind it.

    Raises:
        BadStreamError: if the file does not begin as a WARC file does, or the stream under it raises it.
    """
    tape, state, resume = _open(stream), _State(), 0
    while state.attempts < MAX_ATTEMPTS:
        state.attempts += 1
        fatal: Exception | None = None
        try:
            if not tape.skip_to_record(resume):
                break
            if (yield from _frame_stretch(ref, tape, state)):
                return
            problem = "it ends too early"
        except BadStreamError as error:
            problem, fatal = str(error), error
        except OSError as error:  # fastwarc's own have no number; one that has is of the disk or the network
            problem, fatal = str(error), error if error.errno is not None else None
        resume = yield from _settle(ref, tape, state, problem)
        if fatal:
            raise fatal
    if state.gap:
        yield from state.gap.closed_at(None)


def _frame_stretch(ref: RawRef, tape: _Tape, state: _State) -> Generator[Framed, None, bool]:
    """Frame records up to the end of the file or some damage; True at the end."""
    state.offset = tape.tell()
    for record in ArchiveIterator(cast("BinaryIO", tape), parse_http=False, max_header_len=MAX_HEADER_BYTES):
        if state.last:
            yield state.last.framed
            state.last = None
        is_end = record.record_id == END_ID
        if state.gap:
            yield from state.gap.closed_at(None if is_end else record.stream_pos)
            state.gap = None
        if is_end:
            return True
        state.offset, state.attempts = record.stream_pos, 0
        state.last = _read_record(place(ref, tape.name(record)), record)
        if not state.last.is_whole:
            return False
    if state.last and not tape.is_marked:
        yield state.last.framed
        return True
    return False


def _settle(ref: RawRef, tape: _Tape, state: _State, problem: str) -> Generator[Framed, None, int]:
    """After damage: whether the last record stands, and from where on to look for the next."""
    last, state.last = state.last, None
    end = tape.end_of(state.offset, last.length if last else None)
    if last and end is not None:
        yield last.framed
        state.gap = _Gap(place(ref, end), end, problem)
    elif last:
        why = last.framed.detail if isinstance(last.framed, Reject) else problem
        state.gap = _Gap(last.ref, last.offset, why)
    elif end is None or (state.gap and state.gap.offset < state.offset):
        state.gap = state.gap or _Gap(place(ref, state.offset), state.offset, problem)
    else:
        state.gap = None  # an empty gzip member, and no more
    return state.offset + 1 if end is None else end


# ── The file ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Packing:
    """How the records of a file are packed: each in a gzip member or a zstd frame, or not at all."""

    magic: bytes  # what a packed record begins with
    end: bytes  # our own last record, packed
    unpacker: Callable[[], Any]  # makes a zlib or zstandard decompressobj
    reader: Callable[[Any], Any]  # of fastwarc

    def unpack(self, packed: bytes, limit: int) -> tuple[bytes, int | None]:
        """The first member, and how many bytes it takes: None where it is damaged, cut, or larger than the limit."""
        unpacker, parts, size = self.unpacker(), [], 0
        for at in range(0, len(packed), PIECE):
            try:
                parts.append(unpacker.decompress(packed[at : at + PIECE]))
            except (zlib.error, zstandard.ZstdError):
                break
            size += len(parts[-1])
            if unpacker.eof:
                return b"".join(parts), min(at + PIECE, len(packed)) - len(unpacker.unused_data)
            if size > limit:
                break
        return b"".join(parts), None


GZIP = _Packing(b"\x1f\x8b\x08", zlib.compress(END, wbits=31), lambda: zlib.decompressobj(wbits=31), GzipReader)
ZSTD = _Packing(
    b"\x28\xb5\x2f\xfd", zstandard.compress(END), lambda: zstandard.ZstdDecompressor().decompressobj(), ZstdReader
)
ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"  # a frame with a dictionary, in front of the records
PLAIN = b"WARC/1."


class _Tape:
    """The stream that fastwarc reads: it counts, and keeps what it gave since the record at hand began."""

    def __init__(self, head: bytes, stream: BinaryIO, packing: _Packing | None, *, is_marked: bool) -> None:
        self.packing = packing
        self.is_marked = is_marked  # the record of our own making stands at the end
        self._again = BytesIO(head)  # what is read before the stream
        self._stream = stream
        self._mark = packing.end if packing else b""
        self._kept: deque[bytes] = deque()
        self._start = 0  # offset of the first byte kept
        self._position = 0
        self._name = (-1, 0)  # where the last record begins, and how many came before it from there

    def read(self, size: int = CHUNK) -> bytes:
        part = self._again.read(size) or self._stream.read(size)
        if not part:
            part, self._mark = self._mark, b""
        if part:
            self._kept.append(part)
            self._position += len(part)
            self._forget(self._position - WINDOW)
        return part

    def tell(self) -> int:
        return self._position

    def kept(self) -> bytes:
        """All that was read and not forgotten."""
        return b"".join(self._kept)

    def back_to(self, offset: int) -> None:
        """Read again from an offset that is kept."""
        self._again = BytesIO(self.kept()[offset - self._start :] + self._again.read())
        self._kept.clear()
        self._start = self._position = offset

    def skip_to_record(self, offset: int) -> bool:
        """Go on where a record may begin, at an offset or after it; False where there is none."""
        magic = self.packing.magic if self.packing else PLAIN
        self.back_to(max(offset, self._start))
        while self.read():
            at = self.kept().find(magic)
            if at >= 0:
                self.back_to(self._start + at)
                return True
            self._forget(self._position - CHUNK)
        return False

    def end_of(self, offset: int, length: int | None) -> int | None:
        """Where the record at an offset ends, told the length of its block; None where it does not end as it should.

        Without a length: where a gzip member ends that holds nothing.
        """
        if offset < self._start:
            return None
        content = packed = self.kept()[offset - self._start :]
        used: int | None = None
        if self.packing:
            content, used = self.packing.unpack(packed, WINDOW)
            if used is None:
                return None
        if length is None:
            return offset + used if used and not content.strip() else None
        end = content.find(BLANK) + len(BLANK) + length
        if content[end : end + len(BLANK)] != BLANK or (used and content[end:].strip()):
            return None
        return offset + (used or end + len(BLANK))

    def name(self, record: WarcRecord) -> int | str:
        """What a record is called: its offset in the file.

        Where several records are in one gzip member, fastwarc tells no offset of those behind the first: they are
        counted from it (``1234+1``). A file that begins so is unpacked before fastwarc sees it, and its offsets are
        those in what is unpacked.
        """
        offset, (first, count) = record.stream_pos, self._name
        self._forget(offset)
        begins = offset > first and (not self.packing or self._is_at_magic(offset, self.packing))
        self._name = (offset, 0) if begins else (first, count + 1)
        return offset if begins else f"{first}+{count + 1}"

    def _is_at_magic(self, offset: int, packing: _Packing) -> bool:
        head = b"".join(list(islice(self._kept, 2)))[offset - self._start :][:4]
        return head.startswith((packing.magic, ZSTD_DICTIONARY))

    def _forget(self, before: int) -> None:
        while self._kept and self._start + len(self._kept[0]) <= before:
            self._start += len(self._kept.popleft())


def _open(stream: BinaryIO) -> _Tape:
    head = stream.read(CHUNK)
    packing = next((packing for packing in (GZIP, ZSTD) if head.startswith(packing.magic)), None)
    packing = ZSTD if head.startswith(ZSTD_DICTIONARY) else packing
    if packing:
        tape, (member, used) = _Tape(head, stream, packing, is_marked=True), packing.unpack(head, WINDOW)
        if _holds_several(member):
            return _Tape(b"", packing.reader(tape), None, is_marked=True)
        if member.strip() or used != len(head):
            return tape
        head = b""
    if not head:
        raise BadStreamError("empty", "the file holds nothing: fetch it again, or remove it")
    if not head.lstrip().startswith(PLAIN):
        expected = "expected WARC/1.x, plain or packed by gzip or zstd: name it for what it is"
        raise BadStreamError("unknown_format", f"the file begins with {head[:12]!r}; {expected}")
    return _Tape(head, stream, None, is_marked=False)


def _holds_several(member: bytes) -> bool:
    """Whether a member holds more than one record, so that only what is unpacked has offsets of records."""
    header = member.find(BLANK)
    length = CONTENT_LENGTH.search(member, 0, header + 2)
    return length is not None and member[header + len(BLANK) + int(length[1]) :].lstrip().startswith(PLAIN)


# ── The record ─────────────────────────────────────────────────────────────────────────────────────────────────


def _read_record(ref: RawRef, record: WarcRecord) -> _Last:
    declared = record.headers.get_multiple(WarcHeader.CONTENT_LENGTH)
    kinds = record.headers.get_multiple(WarcHeader.WARC_TYPE)
    if declared != (str(record.content_length),) or len(kinds) != 1:
        # A header cut short runs into that of the next record; and fastwarc reads names spelt just so only.
        found = f"Content-Length {', '.join(declared) or 'missing'}, WARC-Type {', '.join(kinds) or 'missing'}"
        detail = f"its header is damaged: {found}; expected each once"
        return _Last(ref, record.stream_pos, refuse(ref, "broken_record", detail), None, is_whole=False)
    length = left = record.content_length
    framed: Framed = Skip(ref, "no_response")
    if kinds[0].lower() in ("response", "resource", "conversion"):
        framed, left = _frame_payload(ref, record, kinds[0].lower())
    return _Last(ref, record.stream_pos, framed, length, is_whole=record.consume() == left)


def _frame_payload(ref: RawRef, record: WarcRecord, record_type: str) -> tuple[Framed, int]:
    """The page or text in a record, and how many bytes of its block are to be left then."""
    content_type = record.headers.get(WarcHeader.CONTENT_TYPE) or ""
    http: dict[str, str] = {}
    if content_type.lower().startswith("application/http"):
        if not record.is_http:  # fastwarc sees it only under a header spelt just so
            record.is_http = True
        record.parse_http(max_header_len=MAX_HEADER_BYTES)
        http = {name.lower(): value for name, value in record.http_headers.items()}
        content_type = http.get("content-type") or record.headers.get(WarcHeader.WARC_IDENTIFIED_PAYLOAD_TYPE) or ""
        status = record.http_headers.status_code
        if status is None:
            detail = f"the response begins with {record.http_headers.status_line!r}; expected an HTTP status"
            return refuse(ref, "broken_record", f"{detail}: fetch it again"), record.content_length
        if not 200 <= status < 300:
            return Skip(ref, "http_error" if status >= 400 else "http_redirect"), record.content_length
    left, kind = record.content_length, _kind_of(content_type, record_type)
    if kind is None:
        return Skip(ref, "not_html"), left
    limit = MAX_TEXT_BYTES if kind == "text" else MAX_HTML_BYTES
    if left > limit:
        return _too_large(ref, limit), left
    block = record.reader.read(left) if left else b""
    if len(block) < left:
        return refuse(ref, "broken_record", f"{len(block):,} of its {left:,} bytes are there: fetch it again"), left
    body = _decode(block, http, limit)
    if not content_type and not HTML_START.match(body.data):
        return Skip(ref, "not_html"), 0
    return _frame_body(ref, record, kind, body, CHARSET.search(content_type)), 0


def _kind_of(content_type: str, record_type: str) -> Kind | None:
    """What a payload is; what names no type may be a page, as to a browser."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in (*HTML_TYPES, ""):
        return "html"
    return "text" if media_type == "text/plain" and record_type == "conversion" else None


def _frame_body(ref: RawRef, record: WarcRecord, kind: Kind, body: _Body, charset: re.Match[str] | None) -> Framed:
    limit = MAX_TEXT_BYTES if kind == "text" else MAX_HTML_BYTES
    if body.problem:
        return refuse(ref, "broken_record", f"{body.problem}: fetch it again")
    if len(body.data) > limit:
        return _too_large(ref, limit)
    if not body.data or body.data.isspace():
        return refuse(ref, "empty", "the response has no content: fetch it again")
    cut = _why_cut(record) or body.cut
    if cut and not (kind == "html" and HTML_END.search(body.data)):
        return refuse(ref, "broken_record", f"the page is cut ({cut}) before its end: fetch it again")
    url = (record.headers.get(WarcHeader.WARC_TARGET_URI) or "").strip("<> ")
    return RawRecord(
        ref=RawRef(ref.source, ref.raw_path, ref.raw_record, digest(body.data)),
        kind=kind,
        data=body.data,
        input_format="warc",
        given=RawMetadata.of("record", url=url, fetched_at=record.headers.get(WarcHeader.WARC_DATE)),
        charset=charset[1] if charset else None,
        notes=(f"the page is cut behind its end ({cut})",) if cut else (),
    )


def _too_large(ref: RawRef, limit: int) -> Reject:
    return refuse(ref, "too_large", f"more than {limit:,} bytes, the most that one article may have: leave it out")


def _why_cut(record: WarcRecord) -> str:
    """Why a record holds no more than a part of what the server has; empty where nothing says so."""
    if why := record.headers.get(WarcHeader.WARC_TRUNCATED):
        return f"WARC-Truncated: {why}"
    if number := record.headers.get(WarcHeader.WARC_SEGMENT_NUMBER):
        return f"WARC-Segment-Number: {number}"
    return "status 206, a part of the page" if record.http_headers and record.http_headers.status_code == 206 else ""


@dataclass(frozen=True, slots=True)
class _Body:
    """What a server sent, its encodings undone."""

    data: bytes
    cut: str = ""  # why there is less of it than the server meant to send
    problem: str = ""  # why nothing can be made of it


def _decode(block: bytes, http: Mapping[str, str], limit: int) -> _Body:
    """Undo content and transfer encodings, the last first; no more than one byte over the limit is made."""
    codings = [http[name].lower() for name in ("content-encoding", "transfer-encoding") if name in http]
    length = http.get("content-length", "")
    data, cut = block, ""
    if not codings and length.isdecimal() and int(length) > len(block):
        cut = f"{len(block):,} of the {int(length):,} bytes that the server announced"
    for coding in reversed([name.strip() for names in codings for name in names.split(",")]):
        if coding in ("", "identity"):
            continue
        if coding not in DECODERS:
            return _Body(b"", problem=f"its encoding {coding!r} is not known")
        try:
            data, is_whole = DECODERS[coding](data, limit + 1)
        except (OSError, zlib.error) as error:
            if data.lstrip().startswith(b"<"):
                break  # crawlers undo an encoding and keep the header that names it
            return _Body(b"", problem=f"it is no {coding} ({error})")
        if not is_whole and len(data) <= limit:
            cut = f"its {coding} encoding ends too early"
    return _Body(data, cut)


def _inflate(block: bytes, limit: int) -> tuple[bytes, bool]:
    """Undo gzip, of one member or more, or deflate, with zlib's header or without: servers send both."""
    is_bare = block[:1] != b"\x1f" and (len(block) < 2 or int.from_bytes(block[:2], "big") % 31 != 0)
    unpacker = zlib.decompressobj(wbits=-15 if is_bare else 47)
    data = unpacker.decompress(block, limit)
    while unpacker.unused_data.startswith(GZIP.magic) and len(data) < limit:
        block, unpacker = unpacker.unused_data, zlib.decompressobj(wbits=31)
        data += unpacker.decompress(block, limit - len(data))
    return data, unpacker.eof


def _join_chunks(block: bytes, limit: int) -> tuple[bytes, bool]:
    return ChunkedReader(BytesIO(block + BLANK)).read(limit), LAST_CHUNK.search(block[-1000:]) is not None


DECODERS: Mapping[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _inflate,
    "x-gzip": _inflate,
    "deflate": _inflate,
    "br": lambda block, limit: (BrotliReader(BytesIO(block)).read(limit), True),  # raises where it is cut
    "zstd": lambda block, limit: (ZstdReader(BytesIO(block)).read(limit), True),
    "chunked": _join_chunks,
}
