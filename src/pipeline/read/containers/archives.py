"""Frame the files of an archive, ZIP or tar."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.contract import RawRef, Skip
from pipeline.read.containers.framing import Frame, OpenFile, ref_after, reject_stream_errors
from pipeline.read.containers.streams import as_stream
from pipeline.read.records import BadStreamError, Framed, record_ref, reject
from pipeline.read.sidecar import load_sidecar

# Files that operating systems add to archives; they are skipped like hidden files.
SYSTEM_FILES = frozenset(("__MACOSX", "Thumbs.db", "desktop.ini"))
DRIVE = re.compile(r"[A-Za-z]:/")


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of an archive."""

    path: str  # as the archive has it
    is_file: bool
    pieces: Iterator[bytes] = field(default_factory=lambda: iter(()))  # of a file
    problem: BadStreamError | None = None  # why it must not be read
    sidecar: tuple[str, Iterator[bytes]] | None = None  # its path and content
    is_sidecar: bool = False


def frame_members(opened: OpenFile, members: Iterator[Member], frame: Frame) -> Iterator[Framed]:
    """Frame each file of an archive; a damaged one does not affect the others."""
    last: str | None = None
    seen: Counter[str] = Counter()
    try:
        for member in members:
            path = posixpath.normpath(member.path.replace("\\", "/"))
            is_safe = not (path.startswith(("../", "/")) or path == ".." or DRIVE.match(path))
            ref = record_ref(opened.ref, _number(path if is_safe else member.path, seen))
            last = ref.raw_record
            if not is_safe:
                detail = "the archive's entry points outside the archive; it is not read: pack it under a relative path"
                yield reject(ref, "unsafe_path", detail)
            elif member.is_sidecar:
                yield Skip(ref, "sidecar")
            elif not member.is_file or _is_hidden(path):
                yield Skip(ref, "no_article")
            else:
                yield from reject_stream_errors(ref, _frame_member(opened, ref, path, member, frame))
        if last is None:
            yield reject(
                ref_after(opened.ref), "empty", "the archive has no files; put the articles in it or remove it"
            )
    except BadStreamError as error:
        yield reject(ref_after(opened.ref, last), error.reason, error.detail)


def _frame_member(opened: OpenFile, ref: RawRef, path: str, member: Member, frame: Frame) -> Iterator[Framed]:
    if member.problem:
        raise member.problem
    sidecar = load_sidecar(member.sidecar[0], as_stream(member.sidecar[1])) if member.sidecar else None
    stream = as_stream(member.pieces)
    yield from frame(OpenFile(ref, posixpath.basename(path), stream, sidecar, opened.depth + 1))


def _number(path: str, seen: Counter[str]) -> str:
    """Return the path of an entry, with a number if earlier entries have the same path.

    Memory: some 170 bytes per entry.
    """
    # The rest after a record is named by the record and "+", a record inside it by the record and "!/", so an entry's name
    # must not contain these.
    path = re.sub(r"\+$", "%2B", path.replace("!/", "%21/"))
    seen[path] += 1
    numbered = path
    while seen[path] > 1 and seen[numbered := f"{path}#{seen[path]}"]:
        seen[path] += 1
    if numbered != path:
        seen[numbered] += 1
    return numbered


def _is_hidden(path: str) -> bool:
    return any((part.startswith(".") and part != ".") or part in SYSTEM_FILES for part in path.split("/"))
