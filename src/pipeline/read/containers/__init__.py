"""Compressed files and archives, streamed: what is inside them goes back to the function that frames any file.

Nothing is extracted to disk and no member is held whole. A compressed file is the file itself (``story.html.gz`` is
``story.html``); a file in an archive has its path there as its ``raw_record``. What is damaged, forbidden or a bomb is a
reject, and whatever stands beside it is read.
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
# A name's ending, how the file is packed, and the ending of what is inside.
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
    """How a file is packed: its first bytes say it, or, where they say nothing, its name."""
    kind = recognise(head)
    if kind is None:
        packing, _ = ENDINGS.get(PurePosixPath(name).suffix.lower(), (None, ""))
        return packing
    return kind if kind in ("gzip", "bzip2", "xz", "zstd", "zip", "tar") else None


def frame_container(opened: OpenFile, packing: ContainerFormat, frame: Frame) -> Iterator[Framed]:
    """Frame what a container holds.

    Args:
        opened: the container, its stream at its beginning.
        packing: how it is packed, as ``packing_of`` finds.
        frame: frames any file; it may call this function again.

    Raises:
        BadStreamError: from the stream of a compressed file, in ``frame``, where it is damaged. An archive's damage is
            a reject already.
    """
    if opened.depth >= MAX_DEPTH:
        detail = f"it lies in {MAX_DEPTH} containers and is one itself; unpack the outer ones"
        yield reject(ref_after(opened.ref), "nested_too_deep", detail)
    elif packing == "zip":
        yield from frame_members(opened, zip_members(opened.stream), frame)
    elif packing == "tar":
        yield from frame_members(opened, tar_members(opened.stream), frame)
    else:
        yield from frame(_decompressed(opened, packing))


def _decompressed(opened: OpenFile, coding: FileCoding) -> OpenFile:
    """A compressed file as the file inside it."""
    path = PurePosixPath(opened.name)
    named, inside = ENDINGS.get(path.suffix.lower(), (None, ""))
    name = path.stem + inside if named == coding else opened.name
    is_tar = named == coding and name.lower().endswith(".tar")  # it counts when the tar is opened
    stream = as_stream(decompress_file(opened.stream, coding))
    return replace(opened, name=name, stream=stream, depth=opened.depth if is_tar else opened.depth + 1)
