"""The sidecar: a JSON object beside a text or a page that says what it does not."""

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
# Files that are one article each, and so may have one.
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
# What `pipeline.collect` keeps of how it fetched a page.
FETCH_KEYS = ("status", "headers", "requested_url")


class Sidecar(NamedTuple):
    """A sidecar as it lies beside its article."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class About:
    """What a sidecar says, and what a person should know of how it was read."""

    metadata: RawMetadata = field(default_factory=RawMetadata)
    charset: str | None = None
    notes: tuple[str, ...] = ()
    flags: tuple[QualityFlag, ...] = ()


def has_sidecar(path: str) -> bool:
    """Whether a file may have one, by its name."""
    return posixpath.splitext(path)[1].lower() in ARTICLE_ENDINGS


def sidecar_names(path: str) -> list[str]:
    """What a file's sidecar may be called: NAME.json, NAME.meta.json, or the ending behind the full name."""
    stem, _ = posixpath.splitext(path)
    return [f"{base}{ending}" for base in (stem, path) for ending in SIDECAR_ENDINGS]


def load_sidecar(path: str, stream: BinaryIO) -> Sidecar:
    """The bytes of a sidecar.

    Raises:
        BadStreamError: if it is damaged or far too long.
    """
    name = posixpath.basename(path)
    try:
        return Sidecar(name, read_whole(stream, MAX_SIDECAR_BYTES))
    except BadStreamError as error:
        raise BadStreamError("broken_sidecar", f"{name}: it cannot be read: {error.detail}") from error


def pair_sidecars(paths: Iterable[str]) -> dict[str, str]:
    """The sidecars among files of one folder or archive, and the article that each belongs to."""
    there = set(paths)
    found: dict[str, str] = {}
    if not any(path.endswith(SIDECAR_ENDINGS) for path in there):  # the rule in large folders, and soon told
        return found
    for path in sorted(there):
        if has_sidecar(path):
            sidecar = next((name for name in sidecar_names(path) if name in there), None)
            if sidecar:
                found.setdefault(sidecar, path)
    return found


def read_sidecar(content: bytes) -> About | str:
    """Read a sidecar; what is wrong with a broken one.

    A broken one refuses its article, since the article's address and so its id may stand in it.
    """
    try:
        about = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # the last where brackets nest thousands deep
        return str(error)
    if not isinstance(about, dict):
        return f"it holds a {type(about).__name__} where an object was expected"
    for key in TEXT_KEYS:
        if not isinstance(about.get(key), str | None):
            return f"{key!r} is {about[key]!r} where text was expected"
    authors: list[str] = []
    for key in AUTHOR_KEYS:
        value = about.get(key)
        names = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return f"{key!r} is {value!r} where a name or a list of names was expected"
        authors += [name.strip() for name in names if name.strip()]
    known = {key: (about.get(key) or "").strip() for key in TEXT_KEYS}
    unknown = sorted(set(about) - {*TEXT_KEYS, *AUTHOR_KEYS, *FETCH_KEYS})
    notes = tuple(f"sidecar key {key!r} is not known and was left out" for key in unknown)
    metadata = RawMetadata.of("sidecar", **known, authors=tuple(authors))
    return About(metadata, _charset(about.get("headers")), notes, ("sidecar_unknown_keys",) if unknown else ())


def _charset(headers: object) -> str | None:
    """The charset that the server named, of a page that `pipeline.collect` fetched."""
    content_type = headers.get("content-type") if isinstance(headers, dict) else None
    _, found, charset = str(content_type or "").lower().partition("charset=")
    return charset.split(";")[0].strip(" \"'") if found else None
