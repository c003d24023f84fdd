"""Collecting from a real HTTP server on loopback: what is kept, what is not, and how the newsroom is treated."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.collect import Limits, Summary, collect, describe, read_sources
from pipeline.errors import LockedError, UsageError
from tests.unit.collect.newsroom import (
    Newsroom,
    answer,
    atom,
    bomb,
    close_newsroom,
    drip,
    drip_headers,
    endless,
    entry,
    half,
    half_chunk,
    in_turn,
    open_newsroom,
    page,
    redirect,
    rss,
    settings,
    sitemap,
)

QUICK = Limits(
    connect_seconds=1,
    read_seconds=0.5,
    total_seconds=1,
    page_bytes=200_000,
    backoff_seconds=0.01,
    wait_seconds=1,
    retries=2,
    host_failures=100,
)
Collect = Callable[..., Summary]


@pytest.fixture
def newsroom() -> Iterator[Newsroom]:
    opened = open_newsroom()
    yield opened
    close_newsroom(opened)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "raw"


@pytest.fixture
def run(tmp_path: Path, raw: Path) -> Collect:
    """Collect by a settings file with this content."""

    def collect_by(content: str, limits: Limits = QUICK) -> Summary:
        path = tmp_path / "sources.toml"
        path.write_text(content, "utf-8")
        return collect(read_sources(path), raw, limits)

    return collect_by


def outcomes(raw: Path) -> dict[str, str]:
    """How each page of the last run ended, by its path."""
    with sqlite3.connect(raw / ".collect.sqlite") as db:
        rows = db.execute("select url, outcome from pages where run = (select max(run) from runs)").fetchall()
    db.close()
    return {re.sub("^https?://[^/]+", "", url): outcome for url, outcome in rows}


def kept(raw: Path) -> dict[str, dict[str, object]]:
    """The sidecar of each page kept, by the path of its address; every page has one."""
    found = {}
    for path in raw.glob("*/*/*.html"):
        about = json.loads(path.with_suffix(".json").read_text("utf-8"))
        assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
        found[re.sub("^https?://[^/]+", "", about["url"])] = about
    assert len(list(raw.glob("*/*/*.json"))) == len(found)
    return found


def visible(raw: Path) -> dict[str, bytes]:
    """What a reader finds: every file that is not hidden."""
    files = (path for path in raw.rglob("*") if path.is_file())
    names = {path.relative_to(raw).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if not any(p[0] == "." for p in name.split("/"))}


def test_pages_of_feeds_and_sitemaps_are_kept_with_what_is_known_of_them(
    newsroom: Newsroom, run: Collect, raw: Path
) -> None:
    here = newsroom.url
    cp1252 = page("Fähre").decode().encode("cp1252")
    newsroom.pages |= {
        "/rss": answer(rss(f"{here}/ferry#top", "/relative"), "application/rss+xml"),
        "/atom": answer(atom(f"{here}/atom-entry", f"{here}/ferry"), "application/atom+xml"),
        "/index.xml": answer(
            sitemap(
                entry(f"{here}/news.xml", tag="sitemap"), entry(f"{here}/old.xml.gz", tag="sitemap"), root="sitemapindex"
            ),
            "application/xml",
        ),
        "/news.xml": answer(sitemap(entry(f"{here}/tolls", published="2024-05-07T09:30:00+02:00")), "text/xml"),
        "/old.xml.gz": answer(gzip.compress(sitemap(entry(f"{here}/archive"))), "application/gzip"),
        "/ferry": answer(page("Ferry"), etag='"f1"', set_cookie="reader=1"),
        "/relative": answer(page("Relative")),
        "/atom-entry": answer(page("Atom"), "application/xhtml+xml"),
        "/tolls": answer(gzip.compress(page("Tolls")), content_encoding="gzip"),
        "/archive": answer(cp1252, "text/html; charset=windows-1252"),
    }
    summary = run(settings(newsroom, ["/rss", "/atom"], ["/index.xml"]))
    found = kept(raw)
    assert sorted(found) == ["/archive", "/atom-entry", "/ferry", "/relative", "/tolls"]
    ferry = found["/ferry"]
    assert ferry["publisher"] == "Harbour Post"
    assert ferry["status"] == 200
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(ferry["fetched_at"]))
    assert "requested_url" not in ferry
    headers = ferry["headers"]
    assert isinstance(headers, dict)
    assert (headers["content-type"], headers["etag"]) == ("text/html; charset=utf-8", '"f1"')
    assert "set-cookie" not in headers
    archive = found["/archive"]["headers"]
    assert isinstance(archive, dict)
    assert archive["content-type"] == "text/html; charset=windows-1252"
    assert found["/tolls"]["published_at"] == "2024-05-07T09:30:00+02:00"
    assert summary.count("new") == 5
    assert summary.count("read", kinds=("feed", "sitemap")) == 5
    (day,) = (raw / "harbour-post").iterdir()
    assert day.name == str(ferry["fetched_at"])[:10]
    assert cp1252 in visible(raw).values()
    assert page("Tolls") in visible(raw).values()
