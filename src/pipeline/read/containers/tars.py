"""Read tar archives as a stream."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import IO, Self, cast

from pipeline.compression import BLOCK_BYTES
from pipeline.read.containers.archives import Member
from pipeline.read.containers.streams import read_parts
from pipeline.read.records import CHUNK_BYTES, BadStreamError

MAX_TAR_HEADER_BYTES = 1_000_000  # of a long name or a set of attributes, which tarfile reads whole
# Entries with a long name or attributes of the entry after them.
LONG_HEADERS = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE)
SPARSE = BadStreamError(
    "broken_record", "it is packed as a sparse file, whose gaps may be endless; pack it as a plain file"
)


class _Entry(tarfile.TarInfo):
    """An entry of a tar that raises an error if its header is damaged.

    tarfile itself takes a damaged header, or a missing end mark, as the end of the archive.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise  # two blocks of zeros: the end mark
        except tarfile.HeaderError as error:
            found = f"at byte {archive.offset:,}: {error}" if archive.offset else str(error)
            raise BadStreamError(
                "truncated", f"the tar archive is damaged or cut short ({found}); fetch it again"
            ) from error

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in LONG_HEADERS and entry.size > MAX_TAR_HEADER_BYTES:
            raise BadStreamError(
                "too_large", f"a name or header of {entry.size:,} bytes in the tar archive; pack it again"
            )
        return entry


def tar_members(stream: io.BufferedReader) -> Iterator[Member]:
    """Yield the entries of a tar archive; read each before asking for the next.

    Raises:
        BadStreamError: if the archive is damaged or cut short.
    """
    try:
        with tarfile.open(
            fileobj=stream, mode="r|", bufsize=BLOCK_BYTES, tarinfo=_Entry, encoding="utf-8", errors="replace"
        ) as archive:
            while entry := archive.next():
                archive.members.clear()  # type: ignore[attr-defined]  # tarfile would keep all of them, even of a stream
                file = archive.extractfile(entry) if entry.isreg() else None
                pieces = read_parts(file, (tarfile.TarError,)) if file else iter(())
                yield Member(entry.name, file is not None, pieces, SPARSE if entry.issparse() else None)
            while rest := cast("IO[bytes]", archive.fileobj).read(CHUNK_BYTES):
                if rest.strip(b"\x00"):
                    detail = "other bytes follow the tar archive's end mark (two archives in one file?); split them"
                    raise BadStreamError("truncated", detail)
    except tarfile.TarError as error:
        raise BadStreamError(
            "truncated", f"the tar archive is cut short or damaged ({error}); fetch it again"
        ) from error
