"""An open file for framing, and how its errors become rejects."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from pipeline.compression import Limit
from pipeline.contract import RawRef, Reject
from pipeline.read.records import BadStreamError, Framed, reject, whole_ref
from pipeline.read.sidecar import Sidecar

# Text compresses to a twentieth, copies of one page to a hundredth; deflate reaches a thousandth, on zeros. Up to
# max_bytes, any ratio is accepted.
BOMB_LIMIT = Limit(max_bytes=100_000_000, max_ratio=200)
BOMB_ADVICE = "this looks like a decompression bomb; if it is not, unpack it yourself"


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file, or a file inside one, opened for framing."""

    ref: RawRef  # raw_record is "" for a file of RAW itself
    name: str  # without folders; of a compressed file, the name of the file inside
    stream: io.BufferedReader
    sidecar: Sidecar | None = None
    depth: int = 0  # containers around it


Frame = Callable[[OpenFile], Iterator[Framed]]


def reject_stream_errors(ref: RawRef, framed: Iterable[Framed], last: str | None = None) -> Iterator[Framed]:
    """Yield the records of a stream; if the stream fails, the rest is one reject.

    Args:
        ref: of the stream.
        framed: its records.
        last: the raw_record before them, if any.
    """
    try:
        for record in framed:
            last = record.raw_record if isinstance(record, Reject) else record.ref.raw_record
            yield record
    except BadStreamError as error:
        yield reject(ref_after(ref, last), error.reason, error.detail)
    except OSError as error:
        detail = f"it cannot be read further: {error.strerror or error}; check the disk or network and run again"
        yield reject(ref_after(ref, last), "unreadable", detail)


def ref_after(ref: RawRef, last: str | None = None) -> RawRef:
    """Return the ref of the rest after a record in the stream at ``ref``; of the whole stream if there is no record."""
    return replace(ref, raw_record=f"{last}+", raw_sha256="") if last else whole_ref(ref, None)
