"""The sources file: whose pages to collect, where they are announced, and how often to ask.

``flows/sources.example.toml`` shows one, with the meaning of each key.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from pipeline.settings import VERSION
from pipeline.toml_files import TomlTable, expected, read_toml, unexpected

PRODUCT = re.compile(r"[A-Za-z][A-Za-z_-]*(?:/[\w.-]+)?")  # as in RFC 9309: robots.txt names the part before the slash
CONTACT = re.compile(r"[!-'*-~]+(?:@|://)[!-'*-~]+")  # what a comment in a header may contain
ADDRESS = re.compile(r"https?://[^/\s]+")
OURS = f"onrecord/{VERSION}"
MAX_DELAY = 600  # seconds; a host that asks for longer pauses is left alone
MAX_NAME = 80  # bytes of a folder's name


def _check_text(text: str) -> str:
    if not text.strip():
        raise ValueError("blank")
    return text.strip()


def _check_addresses(urls: tuple[str, ...]) -> tuple[str, ...]:
    if not all(ADDRESS.match(url) for url in urls):
        raise ValueError("no address")
    return urls


def _check_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    try:
        for pattern in patterns:
            re.compile(pattern)
    except re.error as error:
        raise unexpected(list(patterns), f"a list of regular expressions ({error} in {error.pattern!r})") from error
    return patterns


Text = Annotated[str, AfterValidator(_check_text), expected("a text")]
Texts = Annotated[tuple[str, ...], Field(strict=False)]
Addresses = Annotated[
    Texts, AfterValidator(_check_addresses), expected("a list of addresses that start with http:// or https://")
]
Patterns = Annotated[Annotated[Texts, expected("a list of texts")], AfterValidator(_check_patterns)]


class Source(TomlTable):
    """One publisher, and where its pages are announced."""

    publisher: Text
    feeds: Addresses = ()
    sitemaps: Addresses = ()
    include: Patterns = ()
    exclude: Patterns = ()
    max_pages: Annotated[int, Field(ge=1), expected("a whole number from 1")] = 200
    delay_seconds: Annotated[float, Field(ge=0, le=MAX_DELAY), expected(f"seconds from 0 to {MAX_DELAY}")] = 2.0

    @field_validator("publisher", mode="after")
    @classmethod
    def _check_publisher(cls, publisher: str) -> str:
        if not 0 < len(name_folder(publisher).encode()) <= MAX_NAME:
            raise unexpected(publisher, f"a name with letters or digits, of at most {MAX_NAME} bytes")
        return publisher

    @property
    def folder(self) -> str:
        """The name of the publisher's folder."""
        return name_folder(self.publisher)

    def wants(self, url: str) -> bool:
        """Return whether the patterns admit a page."""
        if any(re.search(pattern, url) for pattern in self.exclude):
            return False
        return not self.include or any(re.search(pattern, url) for pattern in self.include)


class Sources(TomlTable):
    """A sources file."""

    contact: Text
    user_agent: str = OURS
    sources: Annotated[tuple[Source, ...], Field(alias="source", default=(), strict=False)]

    @field_validator("contact", mode="after")
    @classmethod
    def _check_contact(cls, contact: str) -> str:
        if not CONTACT.fullmatch(contact):
            raise unexpected(contact, "a mail address or a web address, so that a newsroom can reach you")
        return contact

    @field_validator("user_agent", mode="after")
    @classmethod
    def _check_user_agent(cls, name: str) -> str:
        if not PRODUCT.fullmatch(name):
            raise unexpected(name, 'a product name such as "press-archive/1.0"; onrecord and contact are added')
        return f"{name} {OURS}"

    @model_validator(mode="after")
    def _check_sources(self) -> Sources:
        if not self.sources:
            raise ValueError("no sources; expected a table [[source]] for each publisher")
        for source in self.sources:
            if not source.feeds and not source.sitemaps:
                raise ValueError(f"{source.publisher}: nothing to poll; expected feeds or sitemaps")
        _check_owners(self.sources)
        return self

    @property
    def signature(self) -> str:
        """The User-Agent header: who asks, with what, and whom to write to."""
        return f"{self.user_agent} ({self.contact})"

    @property
    def products(self) -> tuple[str, ...]:
        """The names that a robots.txt may address."""
        return tuple(part.partition("/")[0] for part in self.user_agent.split())


def read_sources(path: Path) -> Sources:
    """Read a sources file.

    Raises:
        UsageError: if it cannot be used; names the file, the key, what was found and what was expected.
    """
    return read_toml(path, Sources)


def name_folder(publisher: str) -> str:
    """Return a publisher's folder: its name in lower case, words joined by hyphens; letters of any script stay.

    "Harbour Post & Co." → "harbour-post-co"
    """
    name = unicodedata.normalize("NFC", publisher.casefold())
    kept = (c if c.isalnum() or unicodedata.category(c).startswith("M") else "-" for c in name)
    return re.sub("-+", "-", "".join(kept)).strip("-")


def _check_owners(sources: tuple[Source, ...]) -> None:
    """Check that each folder, feed and sitemap belongs to one source: otherwise a page's publisher would be chance."""
    owners: dict[str, str] = {}
    for source in sources:
        for what, name in [("folder", source.folder), *(("address", url) for url in source.feeds + source.sitemaps)]:
            if name in owners:
                raise ValueError(
                    f"{source.publisher!r} has the {what} {name}, and so has {owners[name]!r}; "
                    "expected one [[source]] for each publisher, and each address once"
                )
            owners[name] = source.publisher
