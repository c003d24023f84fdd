"""What lies under RAW, and which format reads it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.contract import RawArticle, RawRef, Reject, Skip
from pipeline.read.text import read_text

SIDECAR_ENDINGS = (".json", ".meta.json")
Reader = Callable[[RawRef, Path, Path | None], Iterator[RawArticle | Reject]]
# Where a format plugs in: the file name's last ending, in lower case, and the function that reads such a file.
FORMATS: Mapping[str, Reader] = {".txt": read_text}


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file that a format may read, with the sidecar beside it if there is one."""

    source: str
    raw_path: str
    path: Path
    sidecar: Path | None = None


def find_files(raw: Path, source: str) -> Iterator[RawFile | Reject | Skip]:
    """List RAW in the order of its paths; hidden files and folders are left alone.

    A folder that cannot be opened, and a link that leads back into its own folder, are rejects. A sidecar is skipped:
    it is read together with its article.
    """
    if raw.is_file():
        sidecar = next((raw.with_name(name) for name in sidecar_names(raw.name) if raw.with_name(name).is_file()), None)
        yield RawFile(source, raw.name, raw, sidecar)
    else:
        yield from _walk(raw, "", source, (os.path.realpath(raw),))


def sidecar_names(name: str) -> list[str]:
    """The names that a file's sidecar may have: NAME.json, NAME.meta.json, or the ending behind the full name."""
    stem = Path(name).stem
    return [f"{base}{ending}" for base in (stem, name) for ending in SIDECAR_ENDINGS]


def _walk(folder: Path, prefix: str, source: str, above: tuple[str, ...]) -> Iterator[RawFile | Reject | Skip]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        detail = f"the folder cannot be opened: {error.strerror}; allow reading it and run again"
        yield _reject(source, prefix.rstrip("/") or ".", "unreadable", detail)
        return
    names = {entry.name for entry in entries}
    texts = (name for name in names if Path(name).suffix.lower() in FORMATS)
    sidecars = {sidecar: name for name in texts for sidecar in sidecar_names(name) if sidecar in names}
    for entry in entries:
        raw_path = prefix + entry.name
        if entry.name.startswith("."):
            continue
        if entry.name in sidecars:
            yield Skip(RawRef(source, raw_path, "0", ""), "sidecar")
        elif entry.is_dir():
            real = os.path.realpath(entry.path)
            if real in above:
                detail = (
                    f"the link leads back to a folder that holds it ({Path(entry.path).readlink()}); remove the link"
                )
                yield _reject(source, raw_path, "symlink_loop", detail)
            else:
                yield from _walk(Path(entry.path), raw_path + "/", source, (*above, real))
        elif entry.is_file():
            found = [name for name in sidecar_names(entry.name) if sidecars.get(name) == entry.name]
            yield RawFile(source, raw_path, Path(entry.path), folder / found[0] if found else None)
        else:
            kind = (
                "the link leads nowhere" if entry.is_symlink() else "it is no regular file (a device, socket or pipe)"
            )
            yield _reject(source, raw_path, "unreadable", f"{kind}; remove it or put the article in its place")


def _reject(source: str, raw_path: str, reason: str, detail: str) -> Reject:
    return Reject.of(RawRef(source, raw_path, "0", ""), stage="read", reason=reason, detail=detail)


def fingerprint(file: RawFile) -> str:
    """SHA-256 of a file and its sidecar together; empty where they cannot be read."""
    digest = hashlib.sha256()
    try:
        for path in (file.path, file.sidecar):
            digest.update(b"\x00")
            if path:
                with path.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError:
        return ""
    return digest.hexdigest()


def read_file(file: RawFile) -> Iterator[RawArticle | Reject]:
    """Read a file's records; one that cannot be read as an article is a reject."""
    ref = RawRef(file.source, file.raw_path, "0", "")
    reader = FORMATS.get(file.path.suffix.lower())
    if reader is None:
        known = ", ".join(FORMATS)
        detail = f"no format is known for the ending {file.path.suffix or '(none)'!r}; known: {known}"
        yield Reject.of(ref, stage="read", reason="unknown_format", detail=detail)
        return
    try:
        yield from reader(ref, file.path, file.sidecar)
    except OSError as error:
        detail = f"the file cannot be read: {error.strerror}; allow reading it and run again"
        yield Reject.of(ref, stage="read", reason="unreadable", detail=detail)
