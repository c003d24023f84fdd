"""The sidecar: a JSON object beside a text file that says what the text does not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.contract import QualityFlag, RawMetadata, RawRef, Reject

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


@dataclass(frozen=True, slots=True)
class About:
    """What a sidecar says, and what a person should know of how it was read."""

    metadata: RawMetadata = field(default_factory=RawMetadata)
    notes: tuple[str, ...] = ()
    flags: tuple[QualityFlag, ...] = ()


def read_sidecar(ref: RawRef, path: Path | None) -> About | Reject:
    """Read a sidecar; a broken one refuses its article, since the article's address and so its id may stand in it."""
    if path is None:
        return About()
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:  # the last where brackets nest thousands deep
        return _reject(ref, path, str(error))
    if not isinstance(content, dict):
        return _reject(ref, path, f"it holds a {type(content).__name__} where an object was expected")
    for key in TEXT_KEYS:
        if not isinstance(content.get(key), str | None):
            return _reject(ref, path, f"{key!r} is {content[key]!r} where text was expected")
    authors: list[str] = []
    for key in AUTHOR_KEYS:
        value = content.get(key)
        names = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return _reject(ref, path, f"{key!r} is {value!r} where a name or a list of names was expected")
        authors += [name.strip() for name in names if name.strip()]
    known = {key: _clean(content.get(key)) for key in TEXT_KEYS}
    unknown = sorted(set(content) - {*TEXT_KEYS, *AUTHOR_KEYS})
    notes = tuple(f"sidecar key {key!r} is not known and was left out" for key in unknown)
    return About(RawMetadata(**known, authors=tuple(authors)), notes, ("sidecar_unknown_keys",) if unknown else ())


def _clean(value: str | None) -> str | None:
    return (value or "").strip() or None


def _reject(ref: RawRef, path: Path, problem: str) -> Reject:
    detail = f"{path.name}: {problem}; mend it or remove it, then run again"
    return Reject.of(ref, stage="read", reason="broken_sidecar", detail=detail)
