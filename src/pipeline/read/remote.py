"""Raw files in a store that fsspec can read: S3, Google Cloud Storage, a web server.

All errors of a store's client are raised as OSError, the only error that reading expects.
"""

from __future__ import annotations

import asyncio
import importlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.errors import UsageError

BLOCK = 4 << 20  # bytes of one request
# The errors of clients other than OSError; a client need not be installed.
CLIENT_ERRORS = (
    ("aiohttp", "ClientError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("gcsfs.retry", "HttpError"),
)
# The names of validators of a file's content in different stores, the most reliable first.
VALIDATORS = ("ETag", "etag", "Content-MD5", "md5Hash", "Last-Modified", "LastModified", "mtime", "updated")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a store."""

    prefix: str  # its path in RAW, with a slash at the end; empty for RAW itself
    url: str  # the same as a URL


def is_remote(location: str) -> bool:
    """Return whether a location is a URL and not a path on this machine."""
    return "://" in location


def join(raw: str, raw_path: str) -> str:
    """Return the URL of a file in RAW, which may be that file itself."""
    return raw if raw.rstrip("/").endswith("/" + raw_path) else f"{raw.rstrip('/')}/{raw_path}"


def walk(raw: str) -> Iterator[tuple[Folder, dict[str, str]]]:
    """Yield the folders under a URL, except hidden ones, in order, each with the stamps of its files by name.

    Raises:
        UsageError: if the URL does not exist, or the client for this kind of store is not installed.
        OSError: if the store does not answer.
    """
    store = _store(raw)
    store.invalidate_cache()  # for a process that runs for weeks
    with _translated(raw):
        root = store._strip_protocol(raw).rstrip("/")
        if store.isfile(root):
            name = root.rsplit("/", 1)[-1]
            yield Folder("", raw[: -len(name)]), {name: _stamp(store.info(root))}
            return
        if not store.exists(root):
            raise UsageError(f"{raw} does not exist; name a file or folder of raw articles")
        for path, folders, files in store.walk(root, detail=True):
            for name in [name for name in folders if name.startswith(".")]:
                del folders[name]
            prefix = path[len(root) :].strip("/")
            below = f"{prefix}/" if prefix else ""
            yield (
                Folder(below, f"{raw.rstrip('/')}/{below}"),
                {name: _stamp(about) for name, about in files.items() if name},
            )


def _stamp(about: dict[str, Any]) -> str:
    found = [f"{key}={about[key]}" for key in VALIDATORS if about.get(key)]
    return f"{about.get('size')} {found[0]}" if found else ""


def open_file(url: str) -> io.BufferedReader:
    """Open a file of a store; errors of the client while reading are raised as OSError.

    Raises:
        OSError: if it cannot be opened.
    """
    store = _store(url)
    with _translated(url):
        stream = store.open(url, "rb", block_size=BLOCK)
    return io.BufferedReader(_Translated(stream, url), BLOCK)


class _Translated(io.RawIOBase):
    """A store's stream whose errors are OSError."""

    def __init__(self, stream: Any, url: str) -> None:
        self._stream, self._url = stream, url

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._stream.seekable())

    def readinto(self, buffer: Any) -> int:
        with _translated(self._url):
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        with _translated(self._url):
            return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _store(url: str) -> Any:
    import fsspec  # late, because runs over files of this machine do not need it

    protocol = url.partition("://")[0]
    try:
        return fsspec.filesystem(protocol)  # fsspec keeps one client for each protocol
    except ValueError as error:
        raise UsageError(f"{url}: {protocol!r} is not a known kind of store; use s3://, gs:// or https://") from error
    except ImportError as error:
        raise UsageError(f"{url}: {error}; for s3:// and gs:// it comes with onrecord[s3] and onrecord[gs]") from error


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except _client_errors() as error:
        raise OSError(f"{url}: {type(error).__name__}: {error}") from error


@cache
def _client_errors() -> tuple[type[BaseException], ...]:
    found: list[type[BaseException]] = [asyncio.TimeoutError]
    for module, name in CLIENT_ERRORS:
        try:
            found.append(getattr(importlib.import_module(module), name))
        except ImportError:
            continue
    return tuple(found)
