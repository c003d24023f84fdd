"""Read feeds and sitemaps: the addresses of pages, and of further sitemaps."""

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
from pipeline.compression import GZIP_MAGIC

NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"
MAX_LINKS = 50_000  # sitemaps.org: the limit of one sitemap
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MAX_DEPTH = 5_000
TAG = re.compile(rb"<(/?)[^!?<>/][^<>]*?(/?)>")
CDATA = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """An address that a feed or sitemap announces."""

    url: str  # absolute, without fragment
    published_at: str | None = None  # from a news sitemap; a feed's dates are often those of the feed
    changed_at: str = ""  # only for sorting


@dataclass(frozen=True, slots=True)
class Listing:
    """The content of a feed or sitemap."""

    pages: tuple[Link, ...] = ()
    sitemaps: tuple[Link, ...] = ()
    problem: str = ""  # what a person should know about it
    is_whole: bool = True  # False if it is damaged; what could be read is kept


def read_feed(body: bytes, url: str, headers: Mapping[str, str]) -> Listing:
    """Read RSS or Atom; of a damaged feed, the entries before the damage.

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
        raise FetchError("unreadable", f"the feed parser failed: {error!r}") from error
    if not feed.get("version"):
        raise FetchError("unreadable", f"not a feed: {feed.get('bozo_exception', 'neither RSS nor Atom')}")
    links = [entry.get("feedburner_origlink") or entry.get("link") for entry in feed.entries]
    pages = _absolute((Link(link) for link in links if link), url)
    # A wrong charset or content type in a header loses nothing; anything else may.
    is_whole = not feed.bozo or isinstance(feed.bozo_exception, feedparser.exceptions.ThingsNobodyCaresAboutButMe)
    problems = [] if is_whole else [f"damaged: {feed.bozo_exception}"]
    if not all(links):
        problems.append(f"{sum(not link for link in links)} of {len(links)} entries have no usable link")
    return Listing(pages, problem="; ".join(problems), is_whole=is_whole)


def _check_depth(body: bytes) -> None:
    """Refuse deep nesting: the parser's time grows with the square of the depth (100,000 levels: 15 s)."""
    depth = 0
    for closing, empty in TAG.findall(CDATA.sub(b"", body.replace(b"\x00", b""))):  # NULs: UTF-16
        depth = max(0, depth - 1) if closing else depth if empty else depth + 1
        if depth > MAX_DEPTH:
            raise FetchError("unreadable", f"a feed nested more than {MAX_DEPTH:,} levels deep")


def read_sitemap(body: bytes, url: str, max_bytes: int) -> Listing:
    """Read a sitemap or an index of sitemaps, newest first; of a damaged one, the entries before the damage.

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
                problem = f"only its first {MAX_LINKS:,} addresses are read"
                break
    except etree.XMLSyntaxError as error:
        if not pages and not sitemaps:
            raise FetchError("unreadable", f"not a sitemap: {error}") from error
        problem, is_whole = f"damaged: {error}", False
    newest = [sorted(links, key=lambda link: link.changed_at, reverse=True) for links in (pages, sitemaps)]
    return Listing(_absolute(newest[0], url), _absolute(newest[1], url), problem, is_whole)


def _read_entries(body: bytes) -> Iterator[tuple[str, Link]]:
    # Entities are not expanded and nothing is loaded: the XML is not trusted.
    events = etree.iterparse(io.BytesIO(body), events=("start", "end"), resolve_entities=False, no_network=True)
    root: etree._Element | None = None
    for event, element in events:
        if root is None:
            root = element
            if _local_name(root) not in ("urlset", "sitemapindex"):
                raise FetchError("unreadable", f"not a sitemap: it starts with <{_local_name(root)}>")
        tag = _local_name(element)
        if event == "end" and element.getparent() is root and tag in ("url", "sitemap"):
            printed = (element.findtext(f"{NEWS}news/{NEWS}publication_date") or "").strip()
            published_at = printed if DAY.match(printed) else None
            changed_at = published_at or (element.findtext("{*}lastmod") or "").strip()
            address = (element.findtext("{*}loc") or "").strip()
            if address:
                yield tag, Link(address, published_at, changed_at)
            element.clear()
            while element.getprevious() is not None:  # keeps 50,000 entries out of memory
                del root[0]


def _local_name(element: etree._Element) -> str:
    """Return a tag without its namespace; ``etree.QName`` refuses an undeclared prefix."""
    return str(element.tag).rpartition("}")[2]


def _absolute(links: Iterable[Link], base: str) -> tuple[Link, ...]:
    found: dict[str, Link] = {}
    for link in links:
        try:
            url = urldefrag(urljoin(base, link.url.strip())).url
        except ValueError:  # a bracket that is not an IPv6 host; the address is kept, and ends as bad_address
            url = link.url.strip()
        found.setdefault(url, replace(link, url=url))
    return tuple(found.values())
