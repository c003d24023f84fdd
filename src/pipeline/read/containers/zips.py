"""ZIP archives."""

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

MAX_SPOOL_BYTES = 8_000_000_000  # a ZIP that comes as a stream is put on disk first: its directory is at its end
SPOOL_IN_MEMORY_BYTES = 4_000_000
# What zipfile raises for damaged bytes; NotImplementedError and RuntimeError for what it cannot undo.
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
# The record at the end of a ZIP archive: its signature, four numbers of two bytes of which the last counts the
# entries, and at most a comment of 64 kB behind it.
END_SIGNATURE, END_NUMBERS = b"PK\x05\x06", struct.Struct("<4x4H")
END_BYTES = 22 + (1 << 16)
UNTOLD_COUNT = 0xFFFF  # where the archive has as many entries or more


def zip_members(stream: io.BufferedReader) -> Iterator[Member]:
    """The entries of a ZIP archive, each with its sidecar.

    Raises:
        BadStreamError: if the archive's directory is missing or damaged; nothing can then be found in it.
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
        if count not in (len(entries), UNTOLD_COUNT):
            detail = (
                f"the ZIP archive's directory holds {len(entries):,} entries and should hold {count:,}; fetch it again"
            )
            raise BadStreamError("truncated", detail)


def _find_end(file: IO[bytes]) -> tuple[int, int]:
    """An archive's bytes, and the count of its entries as told at its end, which zipfile does not look at."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - END_BYTES, 0))
    tail = file.read(END_BYTES)
    at = tail.rfind(END_SIGNATURE, 0, len(tail) - END_NUMBERS.size)
    return size, END_NUMBERS.unpack_from(tail, at)[-1] if at >= 0 else UNTOLD_COUNT


@contextmanager
def _seekable(stream: io.BufferedReader) -> Iterator[IO[bytes]]:
    """The stream itself, or a copy of it on disk: a ZIP's directory is at its end."""
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
    """Why a member is not to be read. The sizes that it names are true or it fails: zipfile holds it to them.

    Args:
        entry: the member.
        given: bytes that the members before it unpack to: in a bomb they may all lie on the same bytes.
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
