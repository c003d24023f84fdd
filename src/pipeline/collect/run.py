"""A collecting run: poll feeds and sitemaps, fetch new pages, save them, and report each address's outcome."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx

from pipeline.collect.discover import Link, Listing, read_feed, read_sitemap
from pipeline.collect.fetch import Answer, Ask, Limits, Web
from pipeline.collect.keep import Page, find_same, name_place, write_page
from pipeline.collect.memory import Kind, Memory, Tally, Trouble, open_memory
from pipeline.collect.outcomes import OUTCOMES, FetchError, Outcome
from pipeline.collect.sources import Source, Sources
from pipeline.errors import StorageError, UsageError

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
ACCEPT_PAGE = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
ACCEPT_LISTING = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
QUIET: frozenset[Outcome] = frozenset(
    {"read", "unchanged", "new", "same_content", "seen", "excluded", "led_out", "left_for_later"}
)
SHOWN_TROUBLES = 20

Report = Callable[[str, Outcome, str], None]  # an address, its outcome, and details


def silent(_url: str, _outcome: Outcome, _detail: str) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcomes of a run."""

    into: Path
    tallies: tuple[Tally, ...]
    troubles: tuple[Trouble, ...]  # the first few

    def count(self, *outcomes: Outcome, kinds: tuple[str, ...] = ("page",)) -> int:
        """Return how many addresses had one of these outcomes."""
        return sum(tally.count for tally in self.tallies if tally.outcome in outcomes and tally.kind in kinds)

    @property
    def is_answered(self) -> bool:
        """Whether any feed, sitemap or page was fetched successfully."""
        return any(tally.outcome in ("read", "unchanged", "new", "same_content") for tally in self.tallies)


def collect(sources: Sources, into: Path, limits: Limits = Limits(), report: Report = silent) -> Summary:  # noqa: B008 - frozen
    """Collect new pages of all sources into a folder of raw articles.

    Raises:
        UsageError: if ``into`` cannot be a folder of pages.
        LockedError: if another run collects into it.
        StorageError: if the disk refuses; pages saved before stay.
    """
    if re.match(r"\w+:/", str(into)):
        raise UsageError(f"{into} is a URL; name a folder on this machine to collect into")
    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{into} is not a folder and cannot be created: {error.strerror}") from error
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    with open_memory(into, started_at, limits.runs) as memory:
        try:
            asyncio.run(_collect_all(sources, into, memory, limits, report))
        except (OSError, sqlite3.OperationalError) as error:
            raise StorageError(f"{into} cannot be written: {error}; pages saved before stay") from error
        troubles = memory.troubles([name for name in OUTCOMES if name not in QUIET], SHOWN_TROUBLES)
        return Summary(into, tuple(memory.tallies()), tuple(troubles))


async def _collect_all(sources: Sources, into: Path, memory: Memory, limits: Limits, report: Report) -> None:
    timeout = httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds, pool=None)
    # No cookies: a page's content must not depend on the pages fetched before it.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    pool = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=timeout, limits=pool, cookies=cookies) as client:
        web = Web(client, sources, limits)
        # Each source at its own pace, so that a slow host does not delay the others.
        runs = [_Collector(source, into, web, memory, limits, report).collect() for source in sources.sources]
        await asyncio.gather(*runs)


@dataclass(frozen=True, slots=True)
class _End:
    """The outcome of a page, the path of its bytes, and the address that redirects led to."""

    outcome: Outcome
    detail: str = ""
    place: str | None = None
    led_to: str | None = None


@dataclass(frozen=True, slots=True)
class _Collector:
    """Collects the pages of one source."""

    source: Source
    into: Path
    web: Web
    memory: Memory
    limits: Limits
    report: Report

    async def collect(self) -> None:
        """Poll the source, then fetch its pages one after the other."""
        await self._poll()
        pages = self.memory.take_open(self.source.publisher)
        wanted = [page for page in pages if self.source.wants(page.url)]
        unwanted = {page.url for page in pages} - {page.url for page in wanted}
        self.memory.settle_pages(unwanted, "excluded")  # found when the patterns were different
        self.memory.settle_pages([page.url for page in wanted[self.source.max_pages :]], "left_for_later")
        for page in wanted[: self.source.max_pages]:
            end = await self._take_page(page)
            self.memory.settle_pages([page.url], end.outcome, end.detail, end.place)
            if end.led_to:  # only now, so that a run killed before does not count the page as seen
                self.memory.note_destination(end.led_to, self.source.publisher)
            self.report(page.url, end.outcome, end.detail)

    async def _poll(self) -> None:
        waiting: deque[tuple[str, Kind]] = deque((url, "feed") for url in self.source.feeds)
        waiting.extend((url, "sitemap") for url in self.source.sitemaps)
        polled: Counter[Kind] = Counter()
        while waiting:
            url, kind = waiting.popleft()
            if not self.memory.start_listing(url, self.source.publisher, kind):
                continue
            polled[kind] += 1
            if kind == "sitemap" and polled[kind] > self.limits.sitemaps:
                self.memory.settle_listing(url, "left_for_later", f"more than {self.limits.sitemaps} sitemaps")
                continue
            try:
                outcome, detail, children = await self._poll_listing(url, kind)
            except FetchError as failure:
                outcome, detail, children = failure.outcome, failure.detail, []
                self.memory.settle_listing(url, outcome, detail)
            self.report(url, outcome, detail)
            waiting.extend((child.url, "sitemap") for child in children)

    async def _poll_listing(self, url: str, kind: Kind) -> tuple[Outcome, str, list[Link]]:
        rules = json.dumps([self.source.publisher, self.source.include, self.source.exclude])
        max_bytes = self.limits.feed_bytes if kind == "feed" else self.limits.sitemap_bytes
        ask = Ask(
            url,
            max_bytes,
            self.source.delay_seconds,
            accept=ACCEPT_LISTING,
            headers=self.memory.conditions(url, rules),
        )
        answer = await self.web.get(ask)
        if answer.status == 304:
            self.memory.settle_listing(url, "unchanged")
            return "unchanged", "", self.memory.children(url)  # an index may be unchanged and its sitemaps not
        # In a thread: a large file takes seconds, and other hosts' deadlines go on.
        listing = await asyncio.to_thread(_read_listing, answer, kind, max_bytes)
        self.memory.note_listing(url, self.source.publisher, listing, answer.headers, rules, self.source.wants)
        return "read", listing.problem, list(listing.sitemaps)

    async def _take_page(self, page: Link) -> _End:
        if self.memory.is_final(page.url):
            return _End("seen", "already fetched under another address")
        ask = Ask(page.url, self.limits.page_bytes, self.source.delay_seconds, accept=ACCEPT_PAGE, types=HTML_TYPES)
        try:
            answer = await self.web.get(ask, self._check_redirect)
        except FetchError as failure:
            return _End(failure.outcome, failure.detail)
        if not answer.body.strip():
            return _End("broken_answer", "the page is empty")
        return self._keep(page, answer)

    def _check_redirect(self, url: str) -> None:
        if not self.source.wants(url):
            raise FetchError("led_out", f"it redirects to {url}")
        if self.memory.is_final(url):
            raise FetchError("seen", f"it redirects to {url}")

    def _keep(self, link: Link, answer: Answer) -> _End:
        page = Page(
            body=answer.body,
            url=answer.url,
            requested_url=link.url,
            publisher=self.source.publisher,
            fetched_at=datetime.now(UTC),
            status=answer.status,
            headers=answer.headers,
            published_at=link.published_at,
        )
        led_to = answer.url if answer.url != link.url else None
        same = find_same(self.into, self.source.folder, page)
        if same:
            return _End("same_content", same, same, led_to)
        place = name_place(self.source.folder, page)
        self.memory.start_writing(link.url, place)
        write_page(self.into, place, page)
        return _End("new", place, place, led_to)


def _read_listing(answer: Answer, kind: Kind, max_bytes: int) -> Listing:
    if kind == "feed":
        return read_feed(answer.body, answer.url, answer.headers)
    return read_sitemap(answer.body, answer.url, max_bytes)


def describe(summary: Summary) -> str:
    """Return the lines that a person reads when the run is over."""
    listings = [tally for tally in summary.tallies if tally.kind != "page"]
    pages = [tally for tally in summary.tallies if tally.kind == "page"]
    polled = summary.count(*OUTCOMES, kinds=("feed", "sitemap"))
    found = summary.count(*OUTCOMES)
    lines = [
        f"collected  {summary.count('new'):,} new pages into {summary.into}",
        f"polled     {polled:,} feeds and sitemaps: {_list_counts(listings)}",
        f"found      {found:,} pages: {_list_counts(pages)}",
    ]
    lines += [f"  {trouble.outcome}: {trouble.url}: {trouble.detail}" for trouble in summary.troubles]
    return "\n".join(lines)


def _list_counts(tallies: list[Tally]) -> str:
    counts: Counter[Outcome] = Counter()
    for tally in tallies:
        counts[tally.outcome] += tally.count
    return ", ".join(f"{counts[name]:,} {name}" for name in OUTCOMES if counts[name]) or "none"
