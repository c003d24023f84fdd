"""A small newsroom on loopback: a real HTTP server whose paths answer as the test says, and which logs who asked."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast

Handler = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Asked:
    path: str
    began: float
    ended: float
    headers: Mapping[str, str]
    status: int


@dataclass
class Newsroom:
    """A server; ``pages`` says how each path answers, all others are not found."""

    server: ThreadingHTTPServer
    pages: dict[str, Handler] = field(default_factory=dict)
    log: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def asked(self, path: str) -> list[Asked]:
        return [request for request in self.log if request.path == path]

    def paths(self) -> list[str]:
        return [request.path for request in self.log]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two packets: with it, each answer waits 40 ms
    status = 0

    def do_GET(self) -> None:
        newsroom = cast("NewsroomServer", self.server).newsroom
        began = time.monotonic()
        with suppress(ConnectionError):
            newsroom.pages.get(self.path, answer(b"", status=404))(self)
        newsroom.log.append(Asked(self.path, began, time.monotonic(), dict(self.headers.items()), self.status))

    def send_response(self, code: int, message: str | None = None) -> None:
        self.status = code
        super().send_response(code, message)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class NewsroomServer(ThreadingHTTPServer):
    daemon_threads = True
    newsroom: Newsroom


def open_newsroom() -> Newsroom:
    server = NewsroomServer(("127.0.0.1", 0), _Handler)
    server.newsroom = Newsroom(server)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server.newsroom


def close_newsroom(newsroom: Newsroom) -> None:
    newsroom.server.shutdown()
    newsroom.server.server_close()


def answer(body: bytes, content_type: str = "text/html; charset=utf-8", status: int = 200, **headers: str) -> Handler:
    """Return a plain answer; ``etag="x"`` and ``last_modified`` make it conditional."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def handle(request: BaseHTTPRequestHandler) -> None:
        etag, modified = named.get("etag"), named.get("last-modified")
        is_known = etag and request.headers.get("if-none-match") == etag
        if is_known or (modified and request.headers.get("if-modified-since") == modified):
            request.send_response(304)
            request.end_headers()
            return
        request.send_response(status)
        for name, value in {"content-type": content_type, "content-length": str(len(body)), **named}.items():
            if value:
                request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return handle


def redirect(location: str, status: int = 301) -> Handler:
    return answer(b"", status=status, location=location)


def in_turn(*handlers: Handler) -> Handler:
    """Return the next answer for each request, and the last one from then on."""
    waiting = list(handlers)
    return lambda request: (waiting.pop(0) if len(waiting) > 1 else waiting[0])(request)


def drip(seconds: float) -> Handler:
    """Send a byte now and then, never the whole page."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-type", "text/html")
        request.send_header("content-length", "100000")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"<")
            request.wfile.flush()
            time.sleep(seconds)

    return handle


def drip_headers(seconds: float) -> Handler:
    """Send headers without an end."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100):
            request.wfile.write(f"x-{number}: 1\r\n".encode())
            request.wfile.flush()
            time.sleep(seconds)

    return handle


def half(body: bytes) -> Handler:
    """Close the connection in the middle of the body."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-type", "text/html")
        request.send_header("content-length", str(2 * len(body)))
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = True

    return handle


def half_chunk(body: bytes) -> Handler:
    """Close the connection before the last chunk."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-type", "text/html")
        request.send_header("transfer-encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
        request.close_connection = True

    return handle


def endless(size: int) -> Handler:
    """Send a body without its length."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-type", "text/html")
        request.end_headers()
        for _ in range(size // 10_000):
            request.wfile.write(b"<p>" + b"a" * 9_997)
        request.close_connection = True

    return handle


def bomb(size: int) -> Handler:
    """Return a short answer that unpacks to ``size`` bytes."""
    return answer(gzip.compress(bytes(size)), content_encoding="gzip")


def page(headline: str, body: str = "The harbour board met on Tuesday and agreed on a date.") -> bytes:
    return (
        f"<!doctype html><html lang=en><head><title>{headline}</title></head><body><article><h1>{headline}</h1>"
        f"<p>{body}</p><p>“We checked every cable,” said Mara Oduya, who leads the board.</p></article></body></html>"
    ).encode()


def rss(*links: str) -> bytes:
    items = "".join(f"<item><title>A</title><link>{link}</link></item>" for link in links)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'.encode()


def atom(*links: str) -> bytes:
    entries = "".join(f'<entry><id>{link}</id><link rel="alternate" href="{link}"/></entry>' for link in links)
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode()


def sitemap(*entries: str, root: str = "urlset") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{"".join(entries)}</{root}>'
    ).encode()


def entry(url: str, lastmod: str = "", published: str = "", tag: str = "url") -> str:
    inside = f"<loc>{url}</loc>" + (f"<lastmod>{lastmod}</lastmod>" if lastmod else "")
    if published:
        inside += f"<news:news><news:publication_date>{published}</news:publication_date></news:news>"
    return f"<{tag}>{inside}</{tag}>"


def settings(newsroom: Newsroom, feeds: Sequence[str] = (), sitemaps: Sequence[str] = (), more: str = "") -> str:
    """Return a settings file for one newsroom; ``more`` is added to its source."""

    def listed(paths: Sequence[str]) -> str:
        return "[" + ", ".join(f'"{newsroom.url}{path}"' for path in paths) + "]"

    return (
        'contact = "desk@archive.example"\n[[source]]\npublisher = "Harbour Post"\n'
        f"feeds = {listed(feeds)}\nsitemaps = {listed(sitemaps)}\n{more or 'delay_seconds = 0'}\n"
    )
