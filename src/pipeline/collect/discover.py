"""What feeds and sitemaps announce: the addresses of pages, and of further sitemaps."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urldefrag, urljoin

import feedparser
from lxml import etree

from pipeline.collect.fetch import gunzip
from pipeline.collect.outcomes import FetchError

NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"
MAX_LINKS = 50_000  # sitemaps.org: the most that one sitemap may hold
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MAX_DEPTH = 5_000
TAG = re.compile(rb"<(/?)[^!?<>/][^<>]*?(/?)>")
CDATA = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Link:
    """An address that a feed or sitemap announces."""

    url: str  # as given, made absolute, without fragment
    published_at: str | None = None  # as a news sitemap says; not a feed's date, which is often that of the feed
    changed_at: str = ""  # only to order by


@dataclass(frozen=True, slots=True)
class Listing:
    """What a feed or sitemap holds."""

    pages: tuple[Link, ...] = ()
    sitemaps: tuple[Link, ...] = ()
    problem: str = ""  # what a person should know of it
    is_whole: bool = True  # False where it is damaged: what could be read of it stands


def read_feed(body: bytes, url: str, headers: Mapping[str, str]) -> Listing:
    """Read RSS or Atom; what stands before a break is taken.

    Raises:
        FetchError: ``unreadable``.
    """
    _check_depth(body)
    about = {"content-location": url, "content-type": headers.get("content-type", "")}
    try:
        feed = feedparser.parse(
            io.BytesIO(body), response_headers=about, sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, LookupError, OverflowError, AssertionError, RecursionError) as error:  # test_mangled_feeds
        raise FetchError("unreadable", f"a feed that the parser gives up on: {error!r}") from error
    if not feed.get("version"):
        raise FetchError("unreadable", f"no feed: {feed.get('bozo_exception', 'neither RSS nor Atom')}")
    links = [entry.get("feedburner_origlink") or entry.get("link") for entry in feed.entries]
    pages = _absolute((Link(link) for link in links if link), url)
    # A wrong charset or content type in a header is no loss; anything else may be.
    is_whole = not feed.bozo or isinstance(feed.bozo_exception, feedparser.exceptions.ThingsNobodyCaresAboutButMe)
    problems = [] if is_whole else [f"damaged: {feed.bozo_exception}"]
    if not all(links):
        problems.append(f"{sum(not link for link in links)} of {len(links)} entries have no link that can be followed")
    return Listing(pages, problem="; ".join(problems), is_whole=is_whole)


def _check_depth(body: bytes) -> None:
    """Refuse what would hold the parser up for hours: its time grows with the square of the depth (100,000: 15 s)."""
    depth = 0
    for closing, empty in TAG.findall(CDATA.sub(b"", body.replace(b"\x00", b""))):  # NULs: UTF-16
        depth = max(0, depth - 1) if closing else depth if empty else depth + 1
        if depth > MAX_DEPTH:
            raise FetchError("unreadable", f"a feed nested more than {MAX_DEPTH:,} deep")


def read_sitemap(body: bytes, url: str, max_bytes: int) -> Listing:
    """Read a sitemap or an index of sitemaps, newest first; what stands before a break is taken.

    Raises:
        FetchError: ``unreadable``, or ``too_large`` or ``broken_answer`` where it is gzip.
    """
    if body.startswith(GZIP_MAGIC):
        body = gunzip(body, max_bytes)
    pages: list[Link] = []
    sitemaps: list[Link] = []
    problem, is_whole = "", True
    try:
        for tag, link in _read_entries(body):
            (pages if tag == "url" else sitemaps).append(link)
            if len(pages) + len(sitemaps) == MAX_LINKS:
                problem = f"only its first {MAX_LINKS:,} addresses are taken"
                break
    except etree.XMLSyntaxError as error:
        if not pages and not sitemaps:
            raise FetchError("unreadable", f"no sitemap: {error}") from error
        problem, is_whole = f"damaged: {error}", False
    newest = [sorted(links, key=lambda link: link.changed_at, reverse=True) for links in (pages, sitemaps)]
    return Listing(_absolute(newest[0], url), _absolute(newest[1], url), problem, is_whole)


def _read_entries(body: bytes) -> Iterator[tuple[str, Link]]:
    # Entities stay as they are and nothing is loaded: a sitemap is a stranger's XML.
    events = etree.iterparse(io.BytesIO(body), events=("start", "end"), resolve_entities=False, no_network=True)
    root: etree._Element | None = None
    for event, element in events:
        if root is None:
            root = element
            if _local_name(root) not in ("urlset", "sitemapindex"):
                raise FetchError("unreadable", f"no sitemap: it starts with <{_local_name(root)}>")
        tag = _local_name(element)
        if event == "end" and element.getparent() is root and tag in ("url", "sitemap"):
            printed = (element.findtext(f"{NEWS}news/{NEWS}publication_date") or "").strip()
            published_at = printed if DAY.match(printed) else None
            changed_at = published_at or (element.findtext("{*}lastmod") or "").strip()
            address = (element.findtext("{*}loc") or "").strip()
            if address:
                yield tag, Link(address, published_at, changed_at)
            element.clear()
            while element.getprevious() is not None:  # so that 50,000 entries are not held
                del root[0]


def _local_name(element: etree._Element) -> str:
    """A tag without its namespace; ``etree.QName`` refuses a prefix that nothing declares."""
    return str(element.tag).rpartition("}")[2]


def _absolute(links: Iterable[Link], base: str) -> tuple[Link, ...]:
    found: dict[str, Link] = {}
    for link in links:
        try:
            url = urldefrag(urljoin(base, link.url.strip())).url
        except ValueError:  # a bracket that is no IPv6 host: kept, so that it ends as a bad address
            url = link.url.strip()
        found.setdefault(url, replace(link, url=url))
    return tuple(found.values())
