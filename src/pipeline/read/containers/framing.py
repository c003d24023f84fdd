"""A file opened for framing, and what holds wherever it lies."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from pipeline.contract import RawRef, Reject
from pipeline.read.records import BadStreamError, Framed, refuse, whole
from pipeline.read.sidecar import Sidecar

# Text shrinks to a twentieth, the same page saved over and over to a hundredth; deflate reaches a thousandth, on zeros.
MAX_RATIO = 200
FREE_BYTES = 100_000_000  # what anything may unpack to, whatever the ratio
BOMB_ADVICE = "it looks made to fill a disk; if it is honest, unpack it yourself"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file, or a file inside one, opened for framing."""

    ref: RawRef  # raw_record is "" for a file of RAW itself
    name: str  # its own name without folders; of a compressed file, that of what is inside
    stream: io.BufferedReader
    sidecar: Sidecar | None = None
    depth: int = 0  # containers around it


Frame = Callable[[Opened], Iterator[Framed]]


def frame_guarded(ref: RawRef, framed: Iterable[Framed], last: str | None = None) -> Iterator[Framed]:
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
        yield refuse(after(ref, last), error.reason, error.detail)
    except OSError as error:
        detail = f"it cannot be read on: {error.strerror or error}; see to where it lies and run again"
        yield refuse(after(ref, last), "unreadable", detail)


def after(ref: RawRef, last: str | None = None) -> RawRef:
    """The ref of all that follows a record in the stream at ``ref``; of the stream itself where nothing was framed."""
    return replace(ref, raw_record=f"{last}+", raw_sha256="") if last else whole(ref, None)


def is_bomb(given: int, taken: int) -> bool:
    """Whether ``taken`` bytes unpack to so many that no honest file does."""
    return given > FREE_BYTES and given > MAX_RATIO * taken
