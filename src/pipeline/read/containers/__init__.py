"""Frame compressed files and archives as streams: a file inside them is framed like any other.

Nothing is extracted to disk, and no member is read into memory as a whole. A compressed file counts as the file inside
(``story.html.gz`` as ``story.html``); a file in an archive has its path there as ``raw_record``. A member that is
damaged, forbidden or a decompression bomb is a reject, and the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Literal

from pipeline.read.containers.archives import frame_members
from pipeline.read.containers.compressed import FileCoding, decompress_file
from pipeline.read.containers.framing import Frame, OpenFile, ref_after, reject_stream_errors
from pipeline.read.containers.streams import as_stream
from pipeline.read.containers.tars import tar_members
from pipeline.read.containers.zips import zip_members
from pipeline.read.records import Framed, reject
from pipeline.read.sniff import recognise

__all__ = [
    "ContainerFormat",
    "OpenFile",
    "frame_container",
    "recognise_container",
    "reject_stream_errors",
]

MAX_DEPTH = 3  # containers around a file; a compressed tar is one
ContainerFormat = Literal[FileCoding, "zip", "tar"]
# The format of a container, and the ending of the file inside, by the ending of its name.
ENDINGS: Mapping[str, tuple[ContainerFormat, str]] = {
    ".gz": ("gzip", ""),
    ".bz2": ("bzip2", ""),
    ".xz": ("xz", ""),
    ".zst": ("zstd", ""),
    ".tgz": ("gzip", ".tar"),
    ".tbz": ("bzip2", ".tar"),
    ".tbz2": ("bzip2", ".tar"),
    ".txz": ("xz", ".tar"),
    ".tzst": ("zstd", ".tar"),
    ".tar": ("tar", ""),
    ".zip": ("zip", ""),
}


def recognise_container(name: str, head: bytes) -> ContainerFormat | None:
    """Return the format of a container, by its first bytes or, if these are unknown, by its name."""
    kind = recognise(head)
    if kind is None:
        packing, _ = ENDINGS.get(PurePosixPath(name).suffix.lower(), (None, ""))
        return packing
    return kind if kind in ("gzip", "bzip2", "xz", "zstd", "zip", "tar") else None


def frame_container(opened: OpenFile, packing: ContainerFormat, frame: Frame) -> Iterator[Framed]:
    """Frame the content of a container.

    Args:
        opened: the container, its stream at its beginning.
        packing: its format, from ``recognise_container``.
        frame: frames any file; it may call this function again.

    Raises:
        BadStreamError: if a compressed file is damaged, while ``frame`` reads it. A damaged archive is a reject.
    """
    if opened.depth >= MAX_DEPTH:
        detail = f"it is a container inside {MAX_DEPTH} others; unpack the outer ones"
        yield reject(ref_after(opened.ref), "nested_too_deep", detail)
    elif packing == "zip":
        yield from frame_members(opened, zip_members(opened.stream), frame)
    elif packing == "tar":
        yield from frame_members(opened, tar_members(opened.stream), frame)
    else:
        yield from frame(_decompressed(opened, packing))


def _decompressed(opened: OpenFile, coding: FileCoding) -> OpenFile:
    """Return the file inside a compressed file."""
    path = PurePosixPath(opened.name)
    named, inside = ENDINGS.get(path.suffix.lower(), (None, ""))
    name = path.stem + inside if named == coding else opened.name
    is_tar = named == coding and name.lower().endswith(".tar")  # counted once, when the tar is opened
    stream = as_stream(decompress_file(opened.stream, coding))
    return replace(opened, name=name, stream=stream, depth=opened.depth if is_tar else opened.depth + 1)
