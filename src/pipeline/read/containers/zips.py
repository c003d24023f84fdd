"""Read ZIP archives."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from pipeline.read.containers.archives import Member
from pipeline.read.containers.framing import BOMB_ADVICE, BOMB_LIMIT
from pipeline.read.containers.streams import read_parts
from pipeline.read.records import CHUNK_BYTES, BadStreamError
from pipeline.read.sidecar import pair_sidecars

MAX_SPOOL_BYTES = 8_000_000_000  # a ZIP in a stream is first copied to disk, because its directory is at its end
SPOOL_IN_MEMORY_BYTES = 4_000_000
# The errors of zipfile for damaged bytes, and NotImplementedError and RuntimeError for what it cannot unpack.
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    struct.error,
    NotImplementedError,
    RuntimeError,
)
ENCRYPTED = 0x1  # in a member's flag_bits
# The record at the end of a ZIP archive: its signature, four numbers of two bytes, the last of which counts the entries,
# and a comment of at most 64 kB.
END_SIGNATURE, END_NUMBERS = b"PK\x05\x06", struct.Struct("<4x4H")
END_BYTES = 22 + (1 << 16)
UNKNOWN_COUNT = 0xFFFF  # of an archive with as many entries or more


def zip_members(stream: io.BufferedReader) -> Iterator[Member]:
    """Yield the entries of a ZIP archive, each with its sidecar.

    Raises:
        BadStreamError: if the archive's directory is missing or damaged.
    """
    with _seekable(stream) as file:
        size, count = _find_end(file)
        try:
            archive = zipfile.ZipFile(file)
        except ZIP_ERRORS as error:
            detail = f"the ZIP archive's directory, at its end, is missing or damaged ({error}); fetch the file again"
            raise BadStreamError("truncated", detail) from error
        with archive:
            entries = archive.infolist()
            sidecars = pair_sidecars(entry.filename for entry in entries)
            beside = {article: sidecar for sidecar, article in sidecars.items()}
            given = 0
            for entry in entries:
                problem = _find_problem(entry, given, size)
                given += 0 if problem else entry.file_size
                sidecar = beside.get(entry.filename)
                yield Member(
                    path=entry.filename,
                    is_file=not entry.filename.endswith("/") and not stat.S_ISLNK(entry.external_attr >> 16),
                    pieces=_zip_pieces(archive, entry),
                    problem=problem,
                    sidecar=(sidecar, _zip_pieces(archive, archive.getinfo(sidecar))) if sidecar else None,
                    is_sidecar=entry.filename in sidecars,
                )
        if count not in (len(entries), UNKNOWN_COUNT):
            detail = (
                f"the ZIP archive's directory has {len(entries):,} entries, but should have {count:,}; fetch it again"
            )
            raise BadStreamError("truncated", detail)


def _find_end(file: IO[bytes]) -> tuple[int, int]:
    """Return the size of an archive, and the number of entries that its end states, which zipfile ignores."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - END_BYTES, 0))
    tail = file.read(END_BYTES)
    offset = tail.rfind(END_SIGNATURE, 0, len(tail) - END_NUMBERS.size)
    return size, END_NUMBERS.unpack_from(tail, offset)[-1] if offset >= 0 else UNKNOWN_COUNT


@contextmanager
def _seekable(stream: io.BufferedReader) -> Iterator[IO[bytes]]:
    """Yield the stream itself if it is seekable, or a copy on disk; a ZIP's directory is at its end."""
    if stream.seekable():
        yield stream
        return
    with tempfile.SpooledTemporaryFile(SPOOL_IN_MEMORY_BYTES) as copy:
        while part := stream.read(CHUNK_BYTES):
            if copy.tell() + len(part) > MAX_SPOOL_BYTES:
                detail = f"a ZIP archive of more than {MAX_SPOOL_BYTES:,} bytes inside another; unpack the outer one"
                raise BadStreamError("too_large", detail)
            copy.write(part)
        yield copy


def _find_problem(entry: zipfile.ZipInfo, given: int, size: int) -> BadStreamError | None:
    """Return why a member must not be read, or None. Its stated sizes are reliable, because zipfile checks them.

    Args:
        entry: the member.
        given: bytes that the members before it unpack to; in a bomb all members may share the same packed bytes.
        size: bytes of the archive.
    """
    if entry.flag_bits & ENCRYPTED:
        return BadStreamError("broken_record", "it is encrypted; decrypt it and pack it again without a password")
    is_bomb = BOMB_LIMIT.is_exceeded(entry.compress_size, entry.file_size)
    if is_bomb or BOMB_LIMIT.is_exceeded(size, given + entry.file_size):
        detail = f"{entry.compress_size:,} bytes unpack to {entry.file_size:,}: {BOMB_ADVICE}"
        return BadStreamError("decompression_bomb", detail)
    return None


def _zip_pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        stream = archive.open(entry)
    except ZIP_ERRORS as error:
        raise BadStreamError("broken_record", f"it cannot be unpacked ({error}); pack it again") from error
    with stream:
        yield from read_parts(stream, ZIP_ERRORS)
