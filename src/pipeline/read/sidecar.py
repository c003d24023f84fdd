"""Read sidecars: JSON files with the metadata of a text or page beside them."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from pipeline.contract import QualityFlag, RawMetadata
from pipeline.read.records import BadStreamError, read_whole

MAX_SIDECAR_BYTES = 1_000_000
SIDECAR_ENDINGS = (".json", ".meta.json")
# The endings of files with one article each, which may have a sidecar.
ARTICLE_ENDINGS = frozenset((".txt", ".text", ".htm", ".html", ".xhtml", ".shtml", ".rtf"))
TEXT_KEYS = (
    "url",
    "publisher",
    "headline",
    "standfirst",
    "published_at",
    "modified_at",
    "fetched_at",
    "language",
    "section",
)
AUTHOR_KEYS = ("author", "authors")
# The keys under which `pipeline.collect` stores how it fetched a page.
FETCH_KEYS = ("status", "headers", "requested_url")


class Sidecar(NamedTuple):
    """The file name and content of a sidecar."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class About:
    """The content of a sidecar, with notes and flags for its article."""

    metadata: RawMetadata = field(default_factory=RawMetadata)
    charset: str | None = None
    notes: tuple[str, ...] = ()
    flags: tuple[QualityFlag, ...] = ()


def has_sidecar(path: str) -> bool:
    """Return whether a file may have a sidecar, by its name."""
    return posixpath.splitext(path)[1].lower() in ARTICLE_ENDINGS


def sidecar_names(path: str) -> list[str]:
    """Return the possible names of a file's sidecar: .json or .meta.json instead of the file's ending, or after it."""
    stem, _ = posixpath.splitext(path)
    return [f"{base}{ending}" for base in (stem, path) for ending in SIDECAR_ENDINGS]


def load_sidecar(path: str, stream: BinaryIO) -> Sidecar:
    """Return a sidecar.

    Raises:
        BadStreamError: if it is damaged or longer than MAX_SIDECAR_BYTES.
    """
    name = posixpath.basename(path)
    try:
        return Sidecar(name, read_whole(stream, MAX_SIDECAR_BYTES))
    except BadStreamError as error:
        raise BadStreamError("broken_sidecar", f"{name}: it cannot be read: {error.detail}") from error


def pair_sidecars(paths: Iterable[str]) -> dict[str, str]:
    """Return the article of each sidecar among the files of one folder or archive."""
    existing = set(paths)
    found: dict[str, str] = {}
    if not any(path.endswith(SIDECAR_ENDINGS) for path in existing):  # a fast answer for most large folders
        return found
    for path in sorted(existing):
        if has_sidecar(path):
            sidecar = next((name for name in sidecar_names(path) if name in existing), None)
            if sidecar:
                found.setdefault(sidecar, path)
    return found


def read_sidecar(content: bytes) -> About | str:
    """Read a sidecar, or return what is wrong with it.

    A broken sidecar rejects its article, whose address, and so its id, may be in it.
    """
    try:
        about = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # RecursionError if brackets nest thousands deep
        return str(error)
    if not isinstance(about, dict):
        return f"it has a {type(about).__name__}, but should have an object"
    for key in TEXT_KEYS:
        if not isinstance(about.get(key), str | None):
            return f"{key!r} is {about[key]!r}, but should be text"
    authors: list[str] = []
    for key in AUTHOR_KEYS:
        value = about.get(key)
        names = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return f"{key!r} is {value!r}, but should be a name or a list of names"
        authors += [name.strip() for name in names if name.strip()]
    known = {key: (about.get(key) or "").strip() for key in TEXT_KEYS}
    unknown = sorted(set(about) - {*TEXT_KEYS, *AUTHOR_KEYS, *FETCH_KEYS})
    notes = tuple(f"sidecar key {key!r} is unknown and was ignored" for key in unknown)
    metadata = RawMetadata.of("sidecar", **known, authors=tuple(authors))
    return About(metadata, _charset(about.get("headers")), notes, ("sidecar_unknown_keys",) if unknown else ())


def _charset(headers: object) -> str | None:
    """Return the charset in the HTTP headers that `pipeline.collect` stored."""
    content_type = headers.get("content-type") if isinstance(headers, dict) else None
    _, found, charset = str(content_type or "").lower().partition("charset=")
    return charset.split(";")[0].strip(" \"'") if found else None
