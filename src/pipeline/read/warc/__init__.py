"""Frame WARC files: the pages that a crawler received.

A page's ``data``, and so its ``raw_sha256``, is the payload of the response with its transfer and content encodings
undone, as a browser parses it. ``raw_record`` is the record's offset in the file on disk, compressed or not: fastwarc
opened there reads that record first (for files not compressed record by record see ``WarcStream.name_record``).

fastwarc 2.0.1 reads plain, gzip and zstd files, the last with or without a dictionary. Measured: it ends *without an
error* where a file is cut, at an empty gzip member, and at a header that spells Content-Length in lower case; and a
record whose Content-Length is too large takes bytes of the next one. So a record counts only if its block is as long as
its header says, and a record or the end of the file follows it. After the last byte of a compressed file fastwarc gets
one more record of our own; if that does not arrive, the file was cut. After damage, reading continues where the next
record may begin, and each damaged range of bytes is one reject.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from fastwarc.warc import ArchiveIterator

from pipeline.contract import RawRef, Reject
from pipeline.read.records import BEGIN, BadStreamError, Bookmark, Framed, record_ref, reject
from pipeline.read.warc.record import MAX_HEADER_BYTES, LastRecord, read_record
from pipeline.read.warc.stream import END_ID, WarcStream, open_warc

__all__ = ["frame_warc"]

MAX_ATTEMPTS = 100  # places in a row that only look like a record, before the rest is given up


@dataclass(frozen=True, slots=True)
class _Gap:
    """A range of a file that could not be read."""

    ref: RawRef
    offset: int
    problem: str

    def closed_at(self, end: int | None) -> Iterator[Reject]:
        """Yield the reject of the range, up to where reading continued; nothing if the range is empty."""
        if end is None or end > self.offset:
            reason, where = ("truncated", "the end") if end is None else ("broken_record", f"{end:,}")
            detail = f"from byte {self.offset:,} to {where} no record could be read ({self.problem})"
            yield reject(self.ref, reason, f"{detail}; fetch the file again")


@dataclass(slots=True)
class _State:
    """How far reading has come."""

    offset: int = 0  # of the present record
    last: LastRecord | None = None
    final: LastRecord | None = None  # the last record of a file that ends right after it
    gap: _Gap | None = None  # not reported yet, because its end is unknown
    attempts: int = 0  # in a row to continue after damage


def frame_warc(ref: RawRef, stream: BinaryIO, after: Bookmark = BEGIN) -> Generator[Framed, None, int | None]:
    """Frame a WARC file into its pages or, of WET files, its texts; other records are skipped with a reason.

    ``given`` has the address and date of the record's header, and ``charset`` is that of the HTTP header. A damaged range
    is a reject ``broken_record``, or ``truncated`` if nothing could be read after it.

    Args:
        ref: of the stream.
        stream: at its beginning.
        after: continue after this bookmark.

    Returns:
        The offset of the last record; None if the file does not end right after it, or reading cannot start there.

    Raises:
        BadStreamError: if the file does not begin like a WARC file, or the stream below raises it.
    """
    if after == BEGIN:
        return (yield from _frame_stream(ref, open_warc(stream)))
    # The last record is read again, so that what follows it, damage included, is framed as in the whole file.
    stream.seek(after.end_record)
    framed = _frame_stream(ref, open_warc(stream, after.end_record))
    next(framed, None)
    return (yield from framed)


def _frame_stream(ref: RawRef, stream: WarcStream) -> Generator[Framed, None, int | None]:
    state, resume = _State(), 0
    while state.attempts < MAX_ATTEMPTS:
        state.attempts += 1
        fatal: Exception | None = None
        try:
            if not stream.skip_to_record(resume):
                break
            if (yield from _frame_stretch(ref, stream, state)):
                return _find_last(stream, state.final)
            problem = "it ends too early"
        except BadStreamError as error:
            problem, fatal = str(error), error
        except OSError as error:  # errors of fastwarc have no number; those of the disk or network have
            problem, fatal = str(error), error if error.errno is not None else None
        resume = yield from _settle(ref, stream, state, problem)
        if fatal:
            raise fatal
    if state.gap:
        yield from state.gap.closed_at(None)
    return None


def _find_last(stream: WarcStream, final: LastRecord | None) -> int | None:
    """Return the offset of the last record if reading can start there and finds the same record."""
    if final is None or final.ref.raw_record != str(final.offset) or (stream.is_marked and not stream.packing):
        return None
    return final.offset if stream.end_of(final.offset, final.length) is not None else None


def _frame_stretch(ref: RawRef, stream: WarcStream, state: _State) -> Generator[Framed, None, bool]:
    """Frame records up to the end of the file or some damage; return whether it is the end."""
    state.offset = stream.tell()
    for record in ArchiveIterator(cast("BinaryIO", stream), parse_http=False, max_header_len=MAX_HEADER_BYTES):
        last, state.last = state.last, None
        if last:
            yield last.framed
        is_end = record.record_id == END_ID
        if state.gap:
            yield from state.gap.closed_at(None if is_end else record.stream_pos)
            state.gap = None
        if is_end:
            state.final = last
            return True
        state.offset, state.attempts = record.stream_pos, 0
        state.last = read_record(record_ref(ref, stream.name_record(record)), record)
        if not state.last.is_whole:
            return False
    if state.last and not stream.is_marked:
        state.final = state.last
        yield state.last.framed
        return True
    return False


def _settle(ref: RawRef, stream: WarcStream, state: _State, problem: str) -> Generator[Framed, None, int]:
    """After damage, decide whether the last record counts; return the offset from where to look for the next."""
    last, state.last = state.last, None
    end = stream.end_of(state.offset, last.length if last else None)
    if last and end is not None:
        yield last.framed
        state.gap = _Gap(record_ref(ref, end), end, problem)
    elif last:
        why = last.framed.detail if isinstance(last.framed, Reject) else problem
        state.gap = _Gap(last.ref, last.offset, why)
    elif end is None or (state.gap and state.gap.offset < state.offset):
        state.gap = state.gap or _Gap(record_ref(ref, state.offset), state.offset, problem)
    else:
        state.gap = None  # only an empty gzip member
    return state.offset + 1 if end is None else end
