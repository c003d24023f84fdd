"""List and open the files of RAW, on this machine or in a store that fsspec can read."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.contract import WHOLE, RawRef, Reject, Skip
from pipeline.read import remote
from pipeline.read.records import CHUNK_BYTES, reject
from pipeline.read.sidecar import has_sidecar, pair_sidecars, sidecar_names

MAX_FOLDERS = 100  # nested in each other
# A file that is written twice within one tick of its file system's clock has one time for both contents, and perhaps one
# size. Its stamp can tell them apart only if it was taken after the tick (git calls such a file racily clean). FAT has
# the longest tick.
TICK_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file under RAW, with the sidecar beside it if there is one."""

    source: str
    raw_path: str
    location: str  # a path of this machine, or a URL
    sidecar: str | None = None  # the same of the sidecar
    # Changes when the file or its sidecar does, and is known without reading them: size, time and inode, or the validator
    # of a store (an ETag, or size and time). Empty if it would not be reliable.
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A digest that changes when the content of a file or its sidecar does."""

    whole: str  # empty if they cannot be read
    begin: str = ""  # ``whole`` as if the file ended at an earlier byte; empty if the file is shorter


def find_files(raw: str, source: str) -> Iterator[RawFile | Reject | Skip]:
    """Yield the files of RAW in the order of their paths, except hidden files and folders.

    A folder that cannot be opened is a reject, and so is a link back into its own folder. A sidecar is skipped, because
    it is read with its article.

    Args:
        raw: a file or folder on this machine, or a URL that fsspec understands (``s3://…``, ``https://…``).
        source: the collection's name.

    Raises:
        OSError: if a store cannot be listed.
    """
    if remote.is_remote(raw):
        for folder, names in remote.walk(raw):
            yield from _pair(source, folder, names)
    elif Path(raw).is_file():
        yield locate(raw, source, Path(raw).name)
    else:
        yield from _walk(Path(raw), "", source, (os.path.realpath(raw),))


def locate(raw: str, source: str, raw_path: str) -> RawFile:
    """Return a file of RAW by its path, with its sidecar, without listing RAW; ``raw`` may be that file itself.

    A file in a store gets no stamp, because the store is not asked.
    """
    if remote.is_remote(raw):
        return RawFile(source, raw_path, remote.join(raw, raw_path))
    path = Path(raw) / raw_path if Path(raw).is_dir() else Path(raw)
    names = sidecar_names(path.name) if has_sidecar(path.name) else []
    sidecar = next((path.with_name(name) for name in names if path.with_name(name).is_file()), None)
    stamp = _stamp(time.time_ns(), path, sidecar)
    return RawFile(source, raw_path, str(path), str(sidecar) if sidecar else None, stamp)


def _pair(source: str, folder: remote.Folder, names: dict[str, str]) -> Iterator[RawFile | Skip]:
    sidecars = pair_sidecars(names)
    articles = {article: name for name, article in sidecars.items()}
    for name in sorted(names):
        raw_path = folder.prefix + name
        if name in sidecars:
            yield Skip(RawRef(source, raw_path, WHOLE, ""), "sidecar")
        elif not name.startswith("."):
            beside = articles.get(name)
            stamps = [names[known] for known in (name, beside) if known]
            sidecar = folder.url + beside if beside else None
            yield RawFile(source, raw_path, folder.url + name, sidecar, "".join(stamps) if all(stamps) else "")


def _walk(folder: Path, prefix: str, source: str, above: tuple[str, ...]) -> Iterator[RawFile | Reject | Skip]:
    listed_at = time.time_ns()
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        detail = f"the folder cannot be opened: {error.strerror}; allow reading it and run again"
        yield _reject(source, prefix.rstrip("/") or ".", "unreadable", detail)
        return
    if len(above) > MAX_FOLDERS:
        detail = f"folders nest more than {MAX_FOLDERS} deep; move the articles up"
        yield _reject(source, prefix.rstrip("/"), "nested_too_deep", detail)
        return
    sidecars = pair_sidecars(entry.name for entry in entries)
    articles = {sidecars[entry.name]: entry for entry in entries if entry.name in sidecars}
    for entry in entries:
        raw_path = prefix + entry.name
        if entry.name.startswith("."):
            continue
        if not is_unicode(entry.name):
            yield _reject(source, raw_path, "unreadable", "its name is not UTF-8; rename it")
        elif entry.name in sidecars:
            yield Skip(RawRef(source, raw_path, WHOLE, ""), "sidecar")
        elif entry.is_dir():
            yield from _walk_below(entry, raw_path, source, above)
        elif entry.is_file():
            beside = articles.get(entry.name)
            stamp = _stamp(listed_at, entry, beside)
            yield RawFile(source, raw_path, entry.path, beside.path if beside else None, stamp)
        else:
            kind = (
                "the target of the link does not exist"
                if entry.is_symlink()
                else "it is not a regular file (a device, socket or pipe)"
            )
            yield _reject(source, raw_path, "unreadable", f"{kind}; remove it or put the article in its place")


def _walk_below(
    entry: os.DirEntry[str], raw_path: str, source: str, above: tuple[str, ...]
) -> Iterator[RawFile | Reject | Skip]:
    real = os.path.realpath(entry.path)
    if real in above:
        detail = f"the link points to a folder that contains it ({Path(entry.path).readlink()}); remove the link"
        yield _reject(source, raw_path, "symlink_loop", detail)
    else:
        yield from _walk(Path(entry.path), raw_path + "/", source, (*above, real))


def _stamp(listed_at: int, *entries: os.DirEntry[str] | Path | None) -> str:
    """Return the stamp of a file and its sidecar, given when their listing began, in ns."""
    try:
        found = [entry.stat() for entry in entries if entry]
    except OSError:
        return ""
    if any(listed_at - about.st_mtime_ns < TICK_NS for about in found):
        return ""
    return " ".join(f"{about.st_size}:{about.st_mtime_ns}:{about.st_ino}" for about in found)


def is_unicode(name: str) -> bool:
    """Return whether a file name on this machine is UTF-8."""
    return name.isascii() or name == _escape(name)


def _escape(name: str) -> str:
    """Return a file name that a table can store: bytes that are not UTF-8 become hex digits."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _reject(source: str, raw_path: str, reason: str, detail: str) -> Reject:
    return reject(RawRef(source, _escape(raw_path), WHOLE, ""), reason, detail)


def open_file(location: str) -> io.BufferedReader:
    """Open a file on this machine or in a store for reading.

    Raises:
        OSError: if it cannot be opened; later reads raise it too.
    """
    return remote.open_file(location) if remote.is_remote(location) else Path(location).open("rb")


def fingerprint(file: RawFile, end_byte: int = 0) -> Fingerprint:
    """Return the SHA-256 of a file and its sidecar, or of its stamp in a store that has one.

    Args:
        file: the file.
        end_byte: where a file on this machine ended when it was last read. If it only grew, ``begin`` equals the earlier
            ``whole``. Ignored for a store, since not every store can continue reading from there.
    """
    is_remote = remote.is_remote(file.location)
    if file.stamp and is_remote:
        return Fingerprint(hashlib.sha256(f"{file.location}\x00{file.stamp}".encode()).hexdigest())
    try:
        with open_file(file.location) as stream:
            content, begun = _digest(stream, 0 if is_remote else end_byte)
        beside = b""
        if file.sidecar:
            with open_file(file.sidecar) as stream:
                beside, _ = _digest(stream)
    except OSError:
        return Fingerprint("")
    return Fingerprint(_join(content, beside), _join(begun, beside) if begun else "")


def _digest(stream: BinaryIO, end_byte: int = 0) -> tuple[bytes, bytes]:
    """Return the SHA-256 of a stream, and of its first ``end_byte`` bytes if it has so many."""
    content, begun, size = hashlib.sha256(), b"", 0
    while chunk := stream.read(CHUNK_BYTES):
        if size < end_byte <= size + len(chunk):
            content.update(chunk[: end_byte - size])
            begun, chunk, size = content.digest(), chunk[end_byte - size :], end_byte
        content.update(chunk)
        size += len(chunk)
    return content.digest(), begun


def _join(content: bytes, beside: bytes) -> str:
    return hashlib.sha256(b"\x00" + content + b"\x00" + beside).hexdigest()
