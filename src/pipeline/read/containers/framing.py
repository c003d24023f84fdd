"""A file opened for framing, and what holds wherever it lies."""

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
    name: str  # its own name without folders; of a compressed file, that of what is inside
    stream: io.BufferedReader
    sidecar: Sidecar | None = None
    depth: int = 0  # containers around it


Frame = Callable[[OpenFile], Iterator[Framed]]


def reject_stream_errors(ref: RawRef, framed: Iterable[Framed], last: str | None = None) -> Iterator[Framed]:
    """Pass on what is framed of the stream at ``ref``; where the stream breaks off, what follows is one reject.

    Args:
        ref: where the stream stands.
        framed: its records.
        last: the record behind which they begin.
    """
    try:
        for record in framed:
            last = record.raw_record if isinstance(record, Reject) else record.ref.raw_record
            yield record
    except BadStreamError as error:
        yield reject(ref_after(ref, last), error.reason, error.detail)
    except OSError as error:
        detail = f"it cannot be read on: {error.strerror or error}; see to where it lies and run again"
        yield reject(ref_after(ref, last), "unreadable", detail)


def ref_after(ref: RawRef, last: str | None = None) -> RawRef:
    """The ref of all that follows a record in the stream at ``ref``; of the stream itself where nothing was framed."""
    return replace(ref, raw_record=f"{last}+", raw_sha256="") if last else whole_ref(ref, None)
