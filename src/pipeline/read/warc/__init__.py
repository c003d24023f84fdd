"""WARC files: the pages that a crawler was answered with.

A page's ``data``, and so its ``raw_sha256``, is the payload of the response with its transfer and content encodings
undone: what a browser parses. ``raw_record`` is the record's offset in the file as it lies, compressed or not: fastwarc
opened there reads that record first (for files not compressed record by record see ``Tape.name_record``).

fastwarc 2.0.1 reads plain, gzip and zstd files, these with or without a dictionary. Measured, it ends *without an
error* where a file is cut, at an empty gzip member, and at a header whose Content-Length is spelt in small letters; and
a record whose Content-Length is too large takes bytes of the next one. So a record stands here only when its block is
as long as its header says and what follows it is a record or the end of the file; and behind the last byte of a
compressed file fastwarc gets one more record of our own making: where that does not arrive, the file was cut. After
damage, reading goes on where the next record may begin, and each damaged stretch is one reject with its range of bytes.
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

MAX_ATTEMPTS = 100  # places in a row that look like a record's beginning and are none, before the rest is given up


@dataclass(frozen=True, slots=True)
class _Gap:
    """A stretch of a file that could not be read."""

    ref: RawRef
    offset: int
    problem: str

    def closed_at(self, end: int | None) -> Iterator[Reject]:
        """The reject that tells of it, up to where reading went on: nothing where that is at once."""
        if end is None or end > self.offset:
            reason, where = ("truncated", "the end") if end is None else ("broken_record", f"{end:,}")
            detail = f"from byte {self.offset:,} to {where} no record could be read ({self.problem})"
            yield reject(self.ref, reason, f"{detail}; fetch the file again")


@dataclass(slots=True)
class _State:
    """Where reading stands."""

    offset: int = 0  # where the record at hand begins
    last: LastRecord | None = None
    final: LastRecord | None = None  # the last record of a file that ends behind it
    gap: _Gap | None = None  # not yet told, as its end is not known
    attempts: int = 0  # in a row, to go on after damage


def frame_warc(ref: RawRef, stream: BinaryIO, after: Bookmark = BEGIN) -> Generator[Framed, None, int | None]:
    """Part a WARC file into its pages (and, of WET files, its texts); what else is in it is skipped with a reason.

    ``given`` are the address and date in the record's header, ``charset`` is that of the HTTP header. A damaged stretch
    is a reject ``broken_record``, or ``truncated`` where nothing could be read behind it.

    Args:
        ref: where the stream stands.
        stream: at its beginning.
        after: behind which record to go on.

    Returns:
        The offset of the last record; None where the file does not end behind it, or that offset does not lead there.

    Raises:
        BadStreamError: if the file does not begin as a WARC file does, or the stream under it raises it.
    """
    if after == BEGIN:
        return (yield from _frame_tape(ref, open_warc(stream)))
    # The last record is read again: what follows it, damage too, is then met as if the file was read from its start.
    stream.seek(after.end_record)
    framed = _frame_tape(ref, open_warc(stream, after.end_record))
    next(framed, None)
    return (yield from framed)


def _frame_tape(ref: RawRef, tape: WarcStream) -> Generator[Framed, None, int | None]:
    state, resume = _State(), 0
    while state.attempts < MAX_ATTEMPTS:
        state.attempts += 1
        fatal: Exception | None = None
        try:
            if not tape.skip_to_record(resume):
                break
            if (yield from _frame_stretch(ref, tape, state)):
                return _find_last(tape, state.final)
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
    return None


def _find_last(tape: WarcStream, final: LastRecord | None) -> int | None:
    """The offset of the last record, where reading can begin and finds it as it is."""
    if final is None or final.ref.raw_record != str(final.offset) or (tape.is_marked and not tape.packing):
        return None
    return final.offset if tape.end_of(final.offset, final.length) is not None else None


def _frame_stretch(ref: RawRef, tape: WarcStream, state: _State) -> Generator[Framed, None, bool]:
    """Frame records up to the end of the file or some damage; True at the end."""
    state.offset = tape.tell()
    for record in ArchiveIterator(cast("BinaryIO", tape), parse_http=False, max_header_len=MAX_HEADER_BYTES):
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
        state.last = read_record(record_ref(ref, tape.name_record(record)), record)
        if not state.last.is_whole:
            return False
    if state.last and not tape.is_marked:
        state.final = state.last
        yield state.last.framed
        return True
    return False


def _settle(ref: RawRef, tape: WarcStream, state: _State, problem: str) -> Generator[Framed, None, int]:
    """After damage: whether the last record stands, and from where on to look for the next."""
    last, state.last = state.last, None
    end = tape.end_of(state.offset, last.length if last else None)
    if last and end is not None:
        yield last.framed
        state.gap = _Gap(record_ref(ref, end), end, problem)
    elif last:
        why = last.framed.detail if isinstance(last.framed, Reject) else problem
        state.gap = _Gap(last.ref, last.offset, why)
    elif end is None or (state.gap and state.gap.offset < state.offset):
        state.gap = state.gap or _Gap(record_ref(ref, state.offset), state.offset, problem)
    else:
        state.gap = None  # an empty gzip member, and no more
    return state.offset + 1 if end is None else end
