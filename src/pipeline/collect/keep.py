"""Write a page once, with its sidecar, so that a crash never leaves a page without one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

UNFINISHED = ".collect.unfinished"  # hidden, so the reader skips it
# Headers that a reader of the page may need later; no cookies or cache headers.
HEADERS = (
    "content-type",
    "content-language",
    "date",
    "etag",
    "last-modified",
    "link",
    "x-robots-tag",
    "tdm-reservation",
    "tdm-policy",
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as received, and its metadata."""

    body: bytes
    url: str  # after redirects
    requested_url: str
    publisher: str
    fetched_at: datetime
    status: int
    headers: Mapping[str, str]
    published_at: str | None = None  # from the publisher's news sitemap

    @property
    def sha256(self) -> str:
        """Digest of the body; it names the file."""
        return hashlib.sha256(self.body).hexdigest()

    def sidecar(self) -> bytes:
        """Return the JSON file beside the page."""
        known = {
            "url": self.url,
            "requested_url": self.requested_url if self.requested_url != self.url else None,
            "publisher": self.publisher,
            "published_at": self.published_at,
            "fetched_at": self.fetched_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "status": self.status,
            "headers": {name: self.headers[name] for name in HEADERS if name in self.headers},
        }
        given = {key: value for key, value in known.items() if value is not None}
        return (json.dumps(given, ensure_ascii=False, indent=2) + "\n").encode()


def name_place(folder: str, page: Page) -> str:
    """Return a page's path relative to INTO: folder/day of fetching/digest.html."""
    return f"{folder}/{page.fetched_at.astimezone(UTC):%Y-%m-%d}/{page.sha256}.html"


def find_same(into: Path, folder: str, page: Page) -> str | None:
    """Return the path, relative to INTO, of a file in the publisher's folder with exactly these bytes."""
    found = next((into / folder).glob(f"*/{page.sha256}.html"), None)
    return found.relative_to(into).as_posix() if found else None


def write_page(into: Path, place: str, page: Page) -> None:
    """Write a page and its sidecar to disk; never overwrite an existing file.

    The sidecar is written first; after a crash between the two, ``undo_page`` removes it.
    """
    path = into / place
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_new(into, path.with_suffix(".json"), page.sidecar())
    _write_new(into, path, page.body)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def undo_page(into: Path, place: str) -> bool:
    """Remove the sidecar of a page whose writing was interrupted; return whether the page exists after all."""
    path = into / place
    if not path.exists():
        path.with_suffix(".json").unlink(missing_ok=True)
    return path.exists()


def remove_unfinished(into: Path) -> None:
    """Remove the unfinished files of a run that died."""
    shutil.rmtree(into / UNFINISHED, ignore_errors=True)


def _write_new(into: Path, path: Path, content: bytes) -> None:
    unfinished = into / UNFINISHED / path.name
    unfinished.parent.mkdir(exist_ok=True)
    with unfinished.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):  # the same name means the same bytes
        os.link(unfinished, path)  # unlike a rename, it never overwrites
    unfinished.unlink()
