"""Make a stream that any library can read from pieces of bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from pipeline.compression import BLOCK_BYTES
from pipeline.read.records import CHUNK_BYTES, BadStreamError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def as_stream(pieces: Iterator[bytes]) -> io.BufferedReader:
    """Return pieces of bytes as one stream.

    The stream returns every byte before an error of the pieces, and then raises it on each call. So, as with a socket, a
    short result of ``read(n)`` does not mean the end, but an empty one does. A read of more than CHUNK_BYTES returns
    everything or raises, and ``readline`` returns a whole line or raises.
    """
    return _Forward(pieces)


class _Pieces(io.RawIOBase):
    """The bytes of an iterator, up to its error, which is stored in ``problem``."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self._given = 0
        self.problem: Exception | None = None

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._given

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader passes nothing else
        filled = 0
        while filled < len(buffer) and (self._rest or self._more()):
            part = self._rest[: len(buffer) - filled]
            buffer[filled : filled + len(part)] = part
            self._rest = self._rest[len(part) :]
            filled += len(part)
        self._given += filled
        return filled

    def _more(self) -> bool:
        if self.problem is None:
            try:
                self._rest = memoryview(next(self._pieces, b""))
            except (BadStreamError, OSError) as problem:
                self.problem = problem
        return bool(self._rest)


class _Forward(io.BufferedReader):
    """A reader that raises the problem of its pieces after returning all bytes before it."""

    raw: _Pieces

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__(_Pieces(pieces), BLOCK_BYTES)

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data or size is None or not 0 <= size <= CHUNK_BYTES:
            self._raise_problem()
        return data

    def read1(self, size: int = -1, /) -> bytes:
        data = super().read1(size)
        if not data:
            self._raise_problem()
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if not line.endswith(b"\n") and len(line) != size:
            self._raise_problem()
        return line

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        count = super().readinto(buffer)
        if not count:
            self._raise_problem()
        return count

    def peek(self, size: int = 0, /) -> bytes:
        data = super().peek(size)
        if not data:
            self._raise_problem()
        return data

    def _raise_problem(self) -> None:
        if self.raw.problem:
            raise self.raw.problem


def read_parts(stream: IO[bytes], errors: tuple[type[Exception], ...]) -> Iterator[bytes]:
    """Yield the bytes of a file in an archive."""
    try:
        while piece := stream.read(BLOCK_BYTES):
            yield piece
    except errors as error:
        if isinstance(error, OSError) and error.errno:
            raise  # an error of the disk or network, not of the archive
        raise BadStreamError("truncated", f"the file in the archive is damaged ({error}); pack it again") from error
