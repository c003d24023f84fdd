"""The settings file: whose pages to collect, where they are announced, and how gently to ask.

``flows/sources.example.toml`` shows one, with the meaning of each key.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.settings import VERSION

PRODUCT = re.compile(r"[A-Za-z][A-Za-z_-]*(?:/[\w.-]+)?")  # as in RFC 9309: robots.txt names the part before the slash
MAX_PAGES = 200
DELAY_SECONDS = 2.0
MAX_DELAY = 600  # seconds; a host that wants longer pauses is left alone
MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Source:
    """One publisher, and where its pages are announced."""

    publisher: str
    folder: str
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_pages: int = MAX_PAGES
    delay_seconds: float = DELAY_SECONDS

    def wants(self, url: str) -> bool:
        """Whether the patterns let a page in."""
        if any(re.search(pattern, url) for pattern in self.exclude):
            return False
        return not self.include or any(re.search(pattern, url) for pattern in self.include)


@dataclass(frozen=True, slots=True)
class Sources:
    """A settings file."""

    contact: str
    user_agent: str
    sources: tuple[Source, ...]

    @property
    def signature(self) -> str:
        """The User-Agent header: who asks, with what, and whom to write to."""
        return f"{self.user_agent} ({self.contact})"

    @property
    def products(self) -> tuple[str, ...]:
        """The names that a robots.txt may address."""
        return tuple(part.partition("/")[0] for part in self.user_agent.split())


def read_sources(path: Path) -> Sources:
    """Read a settings file.

    Raises:
        UsageError: if it is not there, is no TOML, or holds what is not known; the message names file, key and what
            was expected.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a TOML file of sources") from error
    except ValueError as error:
        raise UsageError(f"{path} is no TOML file in UTF-8: {error}") from error
    table = _Table(content, str(path), {"contact", "user_agent", "source"})
    listed = content.get("source")
    if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
        raise UsageError(f"{path}: no sources; expected a table [[source]] for each publisher")
    sources = tuple(_read_source(each, f"{path}: source {number}") for number, each in enumerate(listed, 1))
    _check_owners(path, sources)
    return Sources(_read_contact(table), _read_user_agent(table), sources)


def _read_contact(table: _Table) -> str:
    contact = table.text("contact")
    if not re.fullmatch(r"[!-'*-~]+(?:@|://)[!-'*-~]+", contact):  # what a comment in a header may hold
        raise table.wrong("contact", "a mail address or a web address, so that a newsroom can reach you")
    return contact


def _read_user_agent(table: _Table) -> str:
    ours = f"onrecord/{VERSION}"
    if "user_agent" not in table.content:
        return ours
    name = table.text("user_agent")
    if not PRODUCT.fullmatch(name):
        raise table.wrong("user_agent", 'a product name such as "press-archive/1.0"; onrecord and contact are added')
    return f"{name} {ours}"


def _read_source(content: Mapping[str, object], where: str) -> Source:
    known = {"publisher", "feeds", "sitemaps", "include", "exclude", "max_pages", "delay_seconds"}
    table = _Table(content, where, known)
    publisher = table.text("publisher")
    folder = name_folder(publisher)
    if not folder or len(folder.encode()) > MAX_NAME:
        raise table.wrong("publisher", f"a name with letters or digits, of at most {MAX_NAME} bytes")
    source = Source(
        publisher,
        folder,
        feeds=table.addresses("feeds"),
        sitemaps=table.addresses("sitemaps"),
        include=table.patterns("include"),
        exclude=table.patterns("exclude"),
        max_pages=table.count("max_pages", MAX_PAGES),
        delay_seconds=table.seconds("delay_seconds", DELAY_SECONDS),
    )
    if not source.feeds and not source.sitemaps:
        raise UsageError(f"{where} ({publisher}): nothing to poll; expected feeds or sitemaps")
    return source


def name_folder(publisher: str) -> str:
    """A publisher's folder: its name in lower case, words joined by hyphens; letters of any script stay.

    "Harbour Post & Co." → "harbour-post-co"
    """
    name = unicodedata.normalize("NFC", publisher.casefold())
    kept = (c if c.isalnum() or unicodedata.category(c).startswith("M") else "-" for c in name)
    return re.sub("-+", "-", "".join(kept)).strip("-")


def _check_owners(path: Path, sources: tuple[Source, ...]) -> None:
    """Each folder, feed and sitemap belongs to one source: else it would be chance which publisher a page gets."""
    owners: dict[str, str] = {}
    for source in sources:
        for what, name in [("folder", source.folder), *(("address", url) for url in source.feeds + source.sitemaps)]:
            if name in owners:
                raise UsageError(
                    f"{path}: {source.publisher!r} has the {what} {name}, and so has {owners[name]!r}; "
                    "expected one [[source]] a publisher, and each address once"
                )
            owners[name] = source.publisher


@dataclass(frozen=True, slots=True)
class _Table:
    """A TOML table whose values are read by what is expected of them."""

    content: Mapping[str, object]
    where: str
    known: set[str]

    def __post_init__(self) -> None:
        unknown = sorted(set(self.content) - self.known)
        if unknown:
            raise UsageError(f"{self.where}: key {unknown[0]!r} is not known; expected {', '.join(sorted(self.known))}")

    def wrong(self, key: str, expected: str) -> UsageError:
        found = repr(self.content[key]) if key in self.content else "missing"
        return UsageError(f"{self.where}: {key} is {found}; expected {expected}")

    def text(self, key: str) -> str:
        value = self.content.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text")
        return value.strip()

    def count(self, key: str, default: int) -> int:
        value = self.content.get(key, default)
        if type(value) is not int or value < 1:  # True is an int, too
            raise self.wrong(key, "a whole number from 1")
        return value

    def seconds(self, key: str, default: float) -> float:
        value = self.content.get(key, default)
        if type(value) not in (int, float) or not 0 <= value <= MAX_DELAY:  # type: ignore[operator]
            raise self.wrong(key, f"seconds from 0 to {MAX_DELAY}")
        return float(value)  # type: ignore[arg-type]

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def addresses(self, key: str) -> tuple[str, ...]:
        found = self.texts(key)
        if not all(re.match(r"https?://[^/\s]+", url) for url in found):
            raise self.wrong(key, "a list of addresses that start with http:// or https://")
        return found

    def patterns(self, key: str) -> tuple[str, ...]:
        found = self.texts(key)
        try:
            for pattern in found:
                re.compile(pattern)
        except re.error as error:
            raise self.wrong(key, f"a list of regular expressions ({error} in {error.pattern!r})") from error
        return found
