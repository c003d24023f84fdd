"""Writing a page once, with its sidecar, so that no crash leaves the one without the other."""

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

UNFINISHED = ".collect.unfinished"  # hidden, so the reader leaves it alone
# What a reader of the page may need later; cookies and caches' headers are left out.
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
    """A page as it came, and what is known of it."""

    body: bytes
    url: str  # where it was found in the end
    requested_url: str
    publisher: str
    fetched_at: datetime
    status: int
    headers: Mapping[str, str]
    published_at: str | None = None  # as its publisher's news sitemap says

    @property
    def sha256(self) -> str:
        """Digest of the body, and so the file's name."""
        return hashlib.sha256(self.body).hexdigest()

    def sidecar(self) -> bytes:
        """What stands beside the page, as JSON."""
        known = {
            "url": self.url,
            "requested_url": self.requested_url if self.requested_url != self.url else None,
            "publisher": self.publisher,
            "published_at": self.published_at,
            "fetched_at": self.fetched_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "status": self.status,
            "headers": {name: self.headers[name] for name in HEADERS if name in self.headers},
        }
        told = {key: value for key, value in known.items() if value is not None}
        return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def name_place(folder: str, page: Page) -> str:
    """Where a page belongs, relative to INTO: folder/date of fetching/digest.html."""
    return f"{folder}/{page.fetched_at.astimezone(UTC):%Y-%m-%d}/{page.sha256}.html"


def find_same(into: Path, folder: str, page: Page) -> str | None:
    """Where the publisher's folder holds the page's very bytes already, relative to INTO."""
    found = next((into / folder).glob(f"*/{page.sha256}.html"), None)
    return found.relative_to(into).as_posix() if found else None


def write_page(into: Path, place: str, page: Page) -> None:
    """Write a page and its sidecar, on disk when this returns; a file that is there is never written over.

    The sidecar comes first; ``undo_page`` takes away what a crash between the two leaves.
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
    """Take away the sidecar of a page whose writing was broken off; whether the page is there all the same."""
    path = into / place
    if not path.exists():
        path.with_suffix(".json").unlink(missing_ok=True)
    return path.exists()


def remove_unfinished(into: Path) -> None:
    """Remove what a run that died was writing."""
    shutil.rmtree(into / UNFINISHED, ignore_errors=True)


def _write_new(into: Path, path: Path, content: bytes) -> None:
    unfinished = into / UNFINISHED / path.name
    unfinished.parent.mkdir(exist_ok=True)
    with unfinished.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(FileExistsError):  # of this name, and so of these bytes
        os.link(unfinished, path)  # unlike a rename, it never writes over
    unfinished.unlink()
