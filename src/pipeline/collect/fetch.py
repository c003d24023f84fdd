"""Fetch politely: robots.txt first, one request at a time to a host with a pause between, all within limits."""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urldefrag

import httpx
from protego import Protego

from pipeline.collect.outcomes import FetchError
from pipeline.collect.sources import MAX_DELAY, Sources
from pipeline.compression import CompressionError, Limit, TooLargeError, decompress

REDIRECTS = {301, 302, 303, 307, 308}
ROBOTS_BYTES = 1_000_000  # RFC 9309: at least 500 KiB must be read


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of time, size and number."""

    connect_seconds: float = 10
    read_seconds: float = 20  # between two parts of an answer
    total_seconds: float = 60  # for a whole answer, however slowly it arrives
    page_bytes: int = 8_000_000  # after decoding; as much as the reader accepts
    feed_bytes: int = 10_000_000
    sitemap_bytes: int = 52_428_800  # sitemaps.org: 50 MB before compression
    redirects: int = 5
    retries: int = 3
    backoff_seconds: float = 2  # doubled after each retry
    wait_seconds: float = 120  # the longest Retry-After to wait for; a host that asks for more is left alone
    host_failures: int = 3  # in a row, after which the host is left alone
    runs: int = 5  # that try a failing page
    sitemaps: int = 50  # of one source in one run


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, and which answers to accept."""

    url: str
    max_bytes: int
    delay_seconds: float
    accept: str = "*/*"
    types: frozenset[str] = frozenset()  # accepted media types; empty: any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer: content (200), not modified (304), or a redirect."""

    url: str
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


def parse_address(text: str) -> httpx.URL:
    """Return an address that can be fetched, without its fragment.

    Raises:
        FetchError: ``bad_address``.
    """
    try:
        url = httpx.URL(urldefrag(text.strip()).url)
        host = url.host and url.raw_host.decode().encode("idna")  # both refuse names that the resolver would fail on
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError("bad_address", f"{text[:200]}: {error}") from error
    if url.scheme not in ("http", "https") or not host or not 0 < (url.port or 80) < 65536:
        raise FetchError("bad_address", f"{text[:200]}: not an http or https address")
    return url


class Host:
    """A server: takes requests one at a time, and remembers its robots.txt and failures."""

    def __init__(self) -> None:
        self.rules: dict[str, Protego | str] = {}  # by scheme; a text gives the reason why there are none
        self.reading_rules = asyncio.Lock()
        self.failures = 0
        self.left_alone: str | None = None  # the reason
        self._delay = 0.0
        self._lock = asyncio.Lock()
        self._free_at = 0.0

    @asynccontextmanager
    async def turn(self, delay: float) -> AsyncIterator[None]:
        """Take the turn for one request; the next waits until it ends, and then for the longest delay asked for.

        Raises:
            FetchError: ``host_left_alone``.
        """
        self._delay = max(self._delay, delay)
        async with self._lock:
            if self.left_alone:
                raise FetchError("host_left_alone", self.left_alone)
            await asyncio.sleep(self._free_at - _now())
            try:
                yield
            finally:
                self.rest(self._delay)

    def rest(self, seconds: float) -> None:
        """Send no request for so many seconds."""
        self._free_at = max(self._free_at, _now() + seconds)

    def slow_down(self, delay: float) -> None:
        """Wait at least so many seconds between two requests from now on."""
        self._delay = max(self._delay, delay)
        self.rest(delay)


class Web:
    """Fetches addresses for one run, and remembers what hosts answered."""

    def __init__(self, client: httpx.AsyncClient, sources: Sources, limits: Limits) -> None:
        self._client = client
        self._signature = sources.signature
        self._products = sources.products
        self._limits = limits
        self._hosts: dict[bytes, Host] = {}

    async def get(self, ask: Ask, on_redirect: Callable[[str], None] = lambda _: None) -> Answer:
        """Fetch an address and follow redirects; ``on_redirect`` may refuse one by raising a ``FetchError``.

        Returns:
            An answer with status 200, or 304 if ``ask.headers`` make the request conditional.

        Raises:
            FetchError: if there is no such answer.
        """

        async def allow(url: httpx.URL) -> None:
            if str(url) != str(first):
                on_redirect(str(url))
            await self._check_robots(url, ask.delay_seconds)

        first = parse_address(ask.url)
        return await self._follow(ask, first, allow)

    async def _follow(self, ask: Ask, url: httpx.URL, allow: Callable[[httpx.URL], Awaitable[None]]) -> Answer:
        for _ in range(self._limits.redirects + 1):
            await allow(url)
            answer = await self._ask(ask, url)
            if answer.status not in REDIRECTS:
                return answer
            try:
                url = parse_address(str(url.join(answer.headers["location"])))
            except (httpx.InvalidURL, ValueError) as error:
                raise FetchError("bad_address", f"redirected to {answer.headers['location'][:200]}: {error}") from error
        raise FetchError("redirect_loop", f"more than {self._limits.redirects} redirects, the last to {url}")

    async def _check_robots(self, url: httpx.URL, delay: float) -> None:
        host = self._host(url)
        async with host.reading_rules:  # once for each host and run
            if url.scheme not in host.rules:
                host.rules[url.scheme] = await self._read_robots(url, delay)
        rules = host.rules[url.scheme]
        if isinstance(rules, str):
            raise FetchError("host_left_alone", rules)
        if not all(rules.can_fetch(str(url), product) for product in self._products):
            raise FetchError("forbidden", f"{url.join('/robots.txt')} forbids it")

    async def _read_robots(self, url: httpx.URL, delay: float) -> Protego | str:
        ask = Ask(str(url.join("/robots.txt")), ROBOTS_BYTES, delay, accept="text/plain, */*;q=0.5")
        try:
            answer = await self._follow(ask, parse_address(ask.url), _allow)
        except FetchError as failure:
            # RFC 9309, 2.3.1: a missing robots.txt forbids nothing; one that cannot be fetched forbids everything.
            is_absent = failure.status is not None and 400 <= failure.status < 500 and failure.status != 429
            if is_absent or failure.outcome == "redirect_loop":
                return Protego.parse("")
            return f"{ask.url}: {failure.detail}"
        rules = Protego.parse(answer.body.decode("utf-8-sig", "replace"))
        wished = max(_wished_delay(rules, product) for product in self._products)
        if not wished <= MAX_DELAY:
            return f"{ask.url} asks for {wished:g} seconds between two requests"
        self._host(url).slow_down(wished)
        return rules

    async def _ask(self, ask: Ask, url: httpx.URL) -> Answer:
        """Fetch one address; failures that may pass are retried after growing waits."""
        host = self._host(url)
        for attempt in range(self._limits.retries + 1):
            async with host.turn(ask.delay_seconds):
                try:
                    answer = await self._ask_once(ask, url)
                except FetchError as failure:
                    problem = failure
                else:
                    host.failures = 0
                    return answer
            if not problem.is_passing or attempt == self._limits.retries:
                break
            wait = self._limits.backoff_seconds * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - not a secret
            wait = wait if problem.retry_after is None else problem.retry_after
            if wait > self._limits.wait_seconds:
                host.left_alone = f"{url}: {problem.detail}, and asks for {wait:,.0f} seconds without requests"
                break
            host.rest(wait)
        self._count_failure(host, url, problem)
        raise problem

    def _count_failure(self, host: Host, url: httpx.URL, problem: FetchError) -> None:
        is_ill = problem.is_passing or problem.outcome == "timed_out"
        host.failures = host.failures + 1 if is_ill else 0
        if host.failures >= self._limits.host_failures:
            host.left_alone = f"{host.failures} addresses in a row failed, the last: {url}: {problem.detail}"

    async def _ask_once(self, ask: Ask, url: httpx.URL) -> Answer:
        headers = {"user-agent": self._signature, "accept": ask.accept, "accept-encoding": "gzip", **ask.headers}
        limits = self._limits
        try:
            async with (
                asyncio.timeout(limits.total_seconds),
                self._client.stream("GET", url, headers=headers) as response,
            ):
                return await _receive(response, ask)
        except (httpx.ConnectTimeout, httpx.ConnectError, httpx.ProxyError) as error:
            raise FetchError("unreachable", f"no connection: {error or type(error).__name__}") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise FetchError(
                "timed_out",
                f"no complete answer in {limits.total_seconds:g} seconds, or no data for {limits.read_seconds:g}",
            ) from error
        except httpx.HTTPError as error:
            raise FetchError("broken_answer", f"the answer broke off: {error or type(error).__name__}") from error
        except (httpx.InvalidURL, UnicodeError) as error:  # httpx parses a redirect before returning it
            raise FetchError("bad_address", f"redirected to an invalid address: {error}") from error

    def _host(self, url: httpx.URL) -> Host:
        return self._hosts.setdefault(url.netloc, Host())


async def _allow(_: httpx.URL) -> None:
    """Allow any address: robots.txt itself may be fetched wherever it is."""


async def _receive(response: httpx.Response, ask: Ask) -> Answer:
    """Receive an answer; stop early at a body that is too large or of another type."""
    headers = dict(response.headers)
    status = response.status_code
    address = ask.url if response.url == parse_address(ask.url) else str(response.url)
    if (status == 304 and ask.headers) or (status in REDIRECTS and "location" in headers):
        return Answer(address, status, headers, b"")
    if status != 200:
        retry_after = read_retry_after(headers.get("retry-after"))
        raise FetchError("failed_status", f"HTTP {status}", status=status, retry_after=retry_after)
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if ask.types and media_type not in ask.types:
        raise FetchError("other_type", f"content type {media_type or 'missing'!r}")
    declared = headers.get("content-length", "")
    _check_size(int(declared) if declared.isdecimal() else 0, ask.max_bytes)
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        _check_size(len(body), ask.max_bytes)
    decoded = decode_body(bytes(body), headers.get("content-encoding", ""), ask.max_bytes)
    return Answer(address, status, headers, decoded)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise FetchError("too_large", f"more than {max_bytes:,} bytes")


def decode_body(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Undo a content encoding within ``max_bytes``; httpx would unpack a decompression bomb completely.

    Raises:
        FetchError: ``too_large``, or ``broken_answer`` if it is damaged or in an encoding that was not accepted.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return gunzip(body, max_bytes)
        case _:
            raise FetchError("broken_answer", f"content encoding {encoding!r}; only gzip was accepted")


def gunzip(data: bytes, max_bytes: int) -> bytes:
    """Decompress gzip of at most ``max_bytes``.

    Raises:
        FetchError: ``too_large`` or ``broken_answer``.
    """
    try:
        return b"".join(decompress([data], "gzip", Limit(max_bytes)))
    except TooLargeError as error:
        raise FetchError("too_large", f"more than {max_bytes:,} bytes") from error
    except CompressionError as error:
        raise FetchError("broken_answer", f"damaged gzip: {error}") from error


def read_retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, given as a number or as a date."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]+", value):
        return float(value)
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max(0.0, (instant - datetime.now(UTC)).total_seconds())


def _wished_delay(rules: Protego, product: str) -> float:
    rate = rules.request_rate(product)
    by_rate = rate.seconds / rate.requests if rate and rate.requests else 0.0
    delay = max(float(rules.crawl_delay(product) or 0), by_rate)
    return math.inf if math.isnan(delay) else delay


def _now() -> float:
    return asyncio.get_running_loop().time()
