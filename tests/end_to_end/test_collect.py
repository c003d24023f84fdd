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
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from pipeline.collect import Limits, Summary, collect, describe, read_sources
from pipeline.errors import LockedError, StorageError, UsageError
from tests.end_to_end.conftest import Onrecord
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
STORY = """PORT ELLERY, May 7 2024 - The ferry to Port Ellery will sail again on Wednesday, the harbour board said after
a long night of work on the quay. "We checked every cable and every ramp," said Mara Oduya, who leads the board. "The
boats are safe." Oduya said that three hundred passengers had been waiting since the storm."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach loopback without a proxy."""
    monkeypatch.setenv("NO_PROXY", "*")


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
    """Return the outcome of each page of the last run, by its path."""
    with sqlite3.connect(raw / ".collect.sqlite") as db:
        rows = db.execute("select url, outcome from pages where run = (select max(run) from runs)").fetchall()
    db.close()
    return {re.sub("^https?://[^/]+", "", url): outcome for url, outcome in rows}


def kept(raw: Path) -> dict[str, dict[str, object]]:
    """Return the sidecar of each saved page, by the path of its address."""
    found = {}
    for path in raw.glob("*/*/*.html"):
        about = json.loads(path.with_suffix(".json").read_text("utf-8"))
        assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
        found[re.sub("^https?://[^/]+", "", about["url"])] = about
    assert len(list(raw.glob("*/*/*.json"))) == len(found)
    return found


def visible(raw: Path) -> dict[str, bytes]:
    """Return every file that is not hidden."""
    files = (path for path in raw.rglob("*") if path.is_file())
    names = {path.relative_to(raw).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if not any(p[0] == "." for p in name.split("/"))}


def test_pages_of_feeds_and_sitemaps_are_saved_with_their_metadata(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    here = newsroom.url
    cp1252 = page("Fähre").decode().encode("cp1252")
    newsroom.pages |= {
        "/rss": answer(rss(f"{here}/ferry#top", "/relative"), "application/rss+xml"),
        "/atom": answer(atom(f"{here}/atom-entry", f"{here}/ferry"), "application/atom+xml"),
        "/index.xml": answer(
            sitemap(
                entry(f"{here}/news.xml", tag="sitemap"),
                entry(f"{here}/old.xml.gz", tag="sitemap"),
                root="sitemapindex",
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
    assert not any("cookie" in {name.lower() for name in request.headers} for request in newsroom.log)
    archive = found["/archive"]["headers"]
    assert isinstance(archive, dict)
    assert archive["content-type"] == "text/html; charset=windows-1252"
    assert found["/tolls"]["published_at"] == "2024-05-07T09:30:00+02:00"
    assert summary.count("new") == 5
    assert "found      5 pages: 5 new" in describe(summary)
    assert summary.count("read", kinds=("feed", "sitemap")) == 5
    (day,) = (raw / "harbour-post").iterdir()
    assert day.name == str(ferry["fetched_at"])[:10]
    assert cp1252 in visible(raw).values()
    assert page("Tolls") in visible(raw).values()


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        pytest.param(drip(0.05), "timed_out", id="dripping-page"),
        pytest.param(drip_headers(0.05), "timed_out", id="dripping-headers"),
        pytest.param(drip(30), "timed_out", id="silent-page"),
        pytest.param(answer(b"x" * 200_001), "too_large", id="too-large"),
        pytest.param(endless(50_000_000), "too_large", id="endless"),
        pytest.param(bomb(100_000_000), "too_large", id="gzip-bomb"),
        pytest.param(answer(page("A")[:-9], content_encoding="br"), "broken_answer", id="encoding-not-asked-for"),
        pytest.param(answer(page("A"), content_encoding="gzip"), "broken_answer", id="not-gzip-though-it-says-so"),
        pytest.param(
            answer(gzip.compress(page("A"))[:-12], content_encoding="gzip"), "broken_answer", id="gzip-cut-short"
        ),
        pytest.param(half(page("A")), "broken_answer", id="closes-mid-body"),
        pytest.param(half_chunk(page("A")), "broken_answer", id="closes-before-the-last-chunk"),
        pytest.param(answer(page("A"), content_length="many"), "broken_answer", id="content-length-no-number"),
        pytest.param(answer(b" \n"), "broken_answer", id="empty"),
        pytest.param(answer(b"", status=403), "failed_status", id="forbidden-403"),
        pytest.param(answer(b"", status=404), "failed_status", id="not-found"),
        pytest.param(answer(page("Sorry"), status=500), "failed_status", id="server-error"),
        pytest.param(answer(b"", status=304), "failed_status", id="not-modified-though-not-asked"),
        pytest.param(redirect("/page"), "redirect_loop", id="redirect-loop"),
        pytest.param(redirect("ftp://127.0.0.1/a"), "bad_address", id="redirect-to-ftp"),
        pytest.param(redirect("http://[::1/"), "broken_answer", id="redirect-to-nonsense"),
        pytest.param(redirect("http://xn--a/"), "bad_address", id="redirect-to-a-malformed-host"),
        pytest.param(redirect("http://127.0.0.1:99999/"), "bad_address", id="redirect-to-a-malformed-port"),
        pytest.param(answer(b"", status=302), "failed_status", id="redirect-to-nowhere"),
        pytest.param(answer(b"%PDF-1.7", "application/pdf"), "other_type", id="pdf"),
        pytest.param(answer(page("A"), ""), "other_type", id="unknown-type"),
    ],
)
def test_bad_page_has_one_outcome_and_its_neighbours_are_saved(
    newsroom: Newsroom, run: Collect, raw: Path, handler: object, outcome: str
) -> None:
    feed = rss(f"{newsroom.url}/before", f"{newsroom.url}/page", f"{newsroom.url}/after")
    newsroom.pages |= {
        "/rss": answer(feed),
        "/before": answer(page("Before")),
        "/page": handler,
        "/after": answer(page("After")),
    }
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/before": "new", "/page": outcome, "/after": "new"}
    assert sorted(kept(raw)) == ["/after", "/before"]
    assert len(visible(raw)) == 4


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        pytest.param(answer(page("No feed")), "unreadable", id="page-where-a-feed-was-named"),
        pytest.param(answer(b"", status=410), "failed_status", id="gone"),
        pytest.param(answer(rss() + b" " * 10_000_001), "too_large", id="too-large"),
        pytest.param(half(rss()), "broken_answer", id="closes-mid-body"),
    ],
)
def test_bad_feed_is_reported_and_the_others_are_read(
    newsroom: Newsroom, run: Collect, handler: object, outcome: str
) -> None:
    newsroom.pages |= {
        "/bad": handler,
        "/rss": answer(rss(f"{newsroom.url}/ferry")),
        "/ferry": answer(page("Ferry")),
    }
    summary = run(settings(newsroom, ["/bad", "/rss"]))
    assert {(tally.kind, tally.outcome): tally.count for tally in summary.tallies} == {
        ("feed", outcome): 1,
        ("feed", "read"): 1,
        ("page", "new"): 1,
    }
    assert f"{outcome}: {newsroom.url}/bad: " in describe(summary)


def test_links_of_a_cut_feed_are_used_and_it_is_polled_again(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    whole = rss(f"{newsroom.url}/a", f"{newsroom.url}/b")
    newsroom.pages |= {
        "/rss": in_turn(answer(whole[: whole.index(b"/b</link>")], etag='"1"'), answer(whole, etag='"1"')),
        "/a": answer(page("A")),
        "/b": answer(page("B")),
    }
    assert "damaged" in describe(run(settings(newsroom, ["/rss"])))
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/a": "seen", "/b": "new"}
    assert "if-none-match" not in newsroom.asked("/rss")[1].headers
    assert sorted(kept(raw)) == ["/a", "/b"]


def test_second_run_fetches_nothing_twice(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    here = newsroom.url
    index = sitemap(entry(f"{here}/news.xml", tag="sitemap"), root="sitemapindex")
    yesterday = "Mon, 06 May 2024 10:00:00 GMT"
    newsroom.pages |= {
        "/rss": answer(rss(f"{here}/ferry"), etag='"r1"'),
        "/index.xml": answer(index, last_modified=yesterday),
        "/news.xml": answer(sitemap(entry(f"{here}/tolls")), etag='"n1"'),
        "/ferry": answer(page("Ferry")),
        "/tolls": answer(page("Tolls")),
    }
    by = settings(newsroom, ["/rss"], ["/index.xml"])
    run(by)
    before = visible(raw)
    newsroom.log.clear()
    summary = run(by)
    asked = [(request.path, request.status) for request in newsroom.log]
    assert asked == [("/robots.txt", 404), ("/rss", 304), ("/index.xml", 304), ("/news.xml", 304)]
    assert summary.count("unchanged", kinds=("feed", "sitemap")) == 3
    assert summary.count("new") == 0
    assert visible(raw) == before


def test_only_new_entries_of_a_changed_feed_are_fetched(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    here = newsroom.url
    feeds = answer(rss(f"{here}/a"), etag='"1"'), answer(rss(f"{here}/b", f"{here}/a"), etag='"2"')
    newsroom.pages |= {"/rss": in_turn(*feeds), "/a": answer(page("A")), "/b": answer(page("B"))}
    run(settings(newsroom, ["/rss"]))
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/a": "seen", "/b": "new"}
    assert len(newsroom.asked("/a")) == 1


def test_known_content_is_not_written_twice(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    here = newsroom.url
    newsroom.pages |= {
        "/rss": answer(rss(f"{here}/a", f"{here}/a?from=rss")),
        "/a": answer(page("A")),
        "/a?from=rss": answer(page("A")),
    }
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/a": "new", "/a?from=rss": "same_content"}
    assert list(kept(raw)) == ["/a"]


def test_without_its_memory_a_run_writes_nothing_twice(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    newsroom.pages |= {"/rss": answer(rss(f"{newsroom.url}/a")), "/a": answer(page("A"))}
    run(settings(newsroom, ["/rss"]))
    (day,) = (raw / "harbour-post").iterdir()
    day.rename(day.with_name("2024-05-07"))  # kept on another day
    before = visible(raw)
    (raw / ".collect.sqlite").unlink()
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/a": "same_content"}
    assert visible(raw) == before


def test_robots_txt_is_honoured_and_asked_for_once(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    here = newsroom.url
    newsroom.pages |= {
        "/robots.txt": answer(
            b"User-agent: *\nDisallow: /\n\nUser-agent: onrecord\nDisallow: /members/\n", "text/plain"
        ),
        "/rss": answer(rss(f"{here}/a", f"{here}/members/b", f"{here}/leads-there")),
        "/a": answer(page("A")),
        "/members/b": answer(page("B")),
        "/leads-there": redirect("/members/b"),
    }
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/a": "new", "/members/b": "forbidden", "/leads-there": "forbidden"}
    assert newsroom.paths() == ["/robots.txt", "/rss", "/a", "/leads-there"]


@pytest.mark.parametrize("name", ["onrecord", "press-archive"])
def test_robots_txt_may_use_both_names_of_the_collector(newsroom: Newsroom, run: Collect, name: str) -> None:
    newsroom.pages |= {
        "/robots.txt": answer(f"User-agent: {name}\nDisallow: /\n".encode(), "text/plain"),
        "/rss": answer(rss(f"{newsroom.url}/a")),
    }
    summary = run('user_agent = "press-archive/2.0"\n' + settings(newsroom, ["/rss"]))
    assert summary.count("forbidden", kinds=("feed",)) == 1
    assert newsroom.paths() == ["/robots.txt"]
    signature = newsroom.log[0].headers["user-agent"]
    assert re.fullmatch(r"press-archive/2\.0 onrecord/\S+ \(desk@archive\.example\)", signature)


@pytest.mark.parametrize(
    ("robots", "is_left_alone"),
    [
        pytest.param(answer(b"", status=404), False, id="absent-allows"),
        pytest.param(answer(b"", status=403), False, id="refused-allows"),
        pytest.param(answer(page("Not found")), False, id="a-page-forbids-nothing"),
        pytest.param(redirect("/robots.txt"), False, id="redirect-loop-allows"),
        pytest.param(answer(b"", status=503), True, id="server-error-leaves-alone"),
        pytest.param(answer(b"", status=429), True, id="too-many-requests-leaves-alone"),
        pytest.param(drip(0.05), True, id="dripping-leaves-alone"),
        pytest.param(half(b"User-agent: *"), True, id="half-answer-leaves-alone"),
        pytest.param(answer(b"User-agent: *\nCrawl-delay: 86400"), True, id="a-day-between-requests-leaves-alone"),
    ],
)
def test_odd_robots_txt(newsroom: Newsroom, run: Collect, robots: object, is_left_alone: bool) -> None:
    newsroom.pages |= {"/robots.txt": robots, "/rss": answer(rss(f"{newsroom.url}/a")), "/a": answer(page("A"))}
    summary = run(settings(newsroom, ["/rss"]))
    assert ("/rss" not in newsroom.paths()) == is_left_alone
    assert summary.count("host_left_alone", kinds=("feed",)) == is_left_alone
    assert ("robots.txt" in describe(summary)) == is_left_alone


def test_other_hosts_are_collected_while_one_is_unreachable(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port, and nobody answers
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}"
        newsroom.pages |= {"/rss": answer(rss(f"{dead}/a", f"{newsroom.url}/b")), "/b": answer(page("B"))}
        by = settings(newsroom, ["/rss"])
        by += f'[[source]]\npublisher = "Dead Letter"\nfeeds = ["{dead}/rss"]\ndelay_seconds = 0\n'
        summary = run(by)
    assert outcomes(raw) == {"/a": "host_left_alone", "/b": "new"}
    assert {(tally.publisher, tally.outcome) for tally in summary.tallies if tally.kind == "feed"} == {
        ("Harbour Post", "read"),
        ("Dead Letter", "host_left_alone"),
    }
    assert "no connection" in describe(summary)


def test_run_without_any_answer_says_so(newsroom: Newsroom, run: Collect) -> None:
    assert not run(settings(newsroom, ["/rss"])).is_answered
    newsroom.pages |= {"/rss": answer(rss())}
    assert run(settings(newsroom, ["/rss"])).is_answered


def test_a_redirect_to_another_host_asks_its_robots_txt(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    other = open_newsroom()
    try:
        other.pages |= {
            "/robots.txt": answer(b"User-agent: *\nDisallow: /private", "text/plain"),
            "/open": answer(page("Open")),
            "/private": answer(page("Private")),
        }
        newsroom.pages |= {
            "/rss": answer(rss(f"{newsroom.url}/1", f"{newsroom.url}/2")),
            "/1": redirect(f"{other.url}/open", 302),
            "/2": redirect(f"{other.url}/private", 308),
        }
        run(settings(newsroom, ["/rss"]))
    finally:
        close_newsroom(other)
    assert outcomes(raw) == {"/1": "new", "/2": "forbidden"}
    assert other.paths() == ["/robots.txt", "/open"]
    about = kept(raw)["/open"]
    assert (about["url"], about["requested_url"]) == (f"{other.url}/open", f"{newsroom.url}/1")


def test_page_with_several_addresses_is_fetched_once(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    here = newsroom.url
    newsroom.pages |= {
        "/rss": answer(rss(f"{here}/short/1", f"{here}/short/2", f"{here}/story")),
        "/short/1": redirect("/story"),
        "/short/2": redirect("/story"),
        "/story": answer(page("Story")),
    }
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/short/1": "new", "/short/2": "seen", "/story": "seen"}
    assert len(newsroom.asked("/story")) == 1


def test_429_with_retry_after_is_waited_for(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    busy = answer(b"", status=429, retry_after="1")
    newsroom.pages |= {"/rss": answer(rss(f"{newsroom.url}/a")), "/a": in_turn(busy, answer(page("A")))}
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/a": "new"}
    first, second = newsroom.asked("/a")
    assert second.began - first.ended >= 0.95


def test_host_with_a_long_retry_after_is_skipped_until_the_next_run(
    newsroom: Newsroom, run: Collect, raw: Path
) -> None:
    here = newsroom.url
    busy = answer(b"", status=503, retry_after="3600")
    newsroom.pages |= {
        "/rss": answer(rss(f"{here}/a", f"{here}/b"), etag='"1"'),
        "/a": in_turn(busy, answer(page("A"))),
        "/b": answer(page("B")),
    }
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/a": "failed_status", "/b": "host_left_alone"}
    assert newsroom.paths() == ["/robots.txt", "/rss", "/a"]
    run(settings(newsroom, ["/rss"]))
    assert newsroom.asked("/rss")[1].status == 304
    assert outcomes(raw) == {"/a": "new", "/b": "new"}


def test_only_passing_errors_are_tried_again(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    here = newsroom.url
    newsroom.pages |= {
        "/rss": answer(rss(f"{here}/gone", f"{here}/ill", f"{here}/broken")),
        "/gone": answer(b"", status=410),
        "/ill": in_turn(answer(b"", status=500), answer(b"", status=502), answer(page("Well"))),
        "/broken": in_turn(half(page("A")), answer(page("Whole"))),
    }
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/gone": "failed_status", "/ill": "new", "/broken": "new"}
    assert Counter(newsroom.paths()) >= Counter({"/gone": 1, "/ill": 3, "/broken": 2})
    assert len(newsroom.asked("/gone")) == 1


def test_a_host_whose_pages_keep_failing_is_left_alone(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    links = [f"{newsroom.url}/{number}" for number in range(6)]
    newsroom.pages |= {"/rss": answer(rss(*links))}
    newsroom.pages |= {f"/{number}": answer(b"", status=500) for number in range(6)}
    run(settings(newsroom, ["/rss"]), Limits(retries=0, host_failures=2))
    assert Counter(outcomes(raw).values()) == {"failed_status": 2, "host_left_alone": 4}
    assert newsroom.paths() == ["/robots.txt", "/rss", "/0", "/1"]


def test_a_page_that_fails_is_tried_in_a_bounded_number_of_runs(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    newsroom.pages |= {"/rss": answer(rss(f"{newsroom.url}/gone")), "/gone": answer(b"", status=404)}
    ends = []
    for _ in range(4):
        run(settings(newsroom, ["/rss"]), Limits(runs=2))
        ends.append(outcomes(raw)["/gone"])
    assert ends == ["failed_status", "failed_status", "given_up", "given_up"]
    assert len(newsroom.asked("/gone")) == 2


def test_pages_above_max_pages_wait_for_the_next_run(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    links = [f"{newsroom.url}/{number}" for number in range(5)]
    newsroom.pages |= {"/rss": answer(rss(*links), etag='"1"')}
    newsroom.pages |= {f"/{number}": answer(page(f"Story {number}")) for number in range(5)}
    by = settings(newsroom, ["/rss"], more="delay_seconds = 0\nmax_pages = 2")
    for expected in ({"new": 2, "left_for_later": 3}, {"new": 2, "left_for_later": 1}, {"new": 1}):
        run(by)
        assert Counter(outcomes(raw).values()) == expected
    assert [path for path in newsroom.paths() if path[1:].isdigit()] == ["/0", "/1", "/2", "/3", "/4"]


def test_patterns_choose_pages_and_new_patterns_are_applied_to_an_unchanged_feed(
    newsroom: Newsroom, run: Collect, raw: Path
) -> None:
    here = newsroom.url
    newsroom.pages |= {"/rss": answer(rss(f"{here}/news/a", f"{here}/video/b", f"{here}/news/print/c"), etag='"1"')}
    newsroom.pages |= {path: answer(page(path)) for path in ("/news/a", "/video/b", "/news/print/c")}
    run(settings(newsroom, ["/rss"], more="delay_seconds = 0\ninclude = ['/news/']\nexclude = ['/print/']"))
    assert outcomes(raw) == {"/news/a": "new", "/video/b": "excluded", "/news/print/c": "excluded"}
    run(settings(newsroom, ["/rss"], more="delay_seconds = 0\nexclude = ['/print/']"))
    assert outcomes(raw) == {"/news/a": "seen", "/video/b": "new", "/news/print/c": "excluded"}


def test_redirect_to_an_excluded_address_is_not_followed(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    newsroom.pages |= {
        "/rss": answer(rss(f"{newsroom.url}/members/a")),
        "/members/a": redirect("/login?to=a"),
        "/login?to=a": answer(page("Log in")),
    }
    for expected in ("led_out", "seen"):
        run(settings(newsroom, ["/rss"], more="delay_seconds = 0\nexclude = ['/login']"))
        assert outcomes(raw) == {"/members/a": expected}
    assert Counter(newsroom.paths()) == {"/robots.txt": 2, "/rss": 2, "/members/a": 1}


def test_number_of_polled_sitemaps_is_limited(newsroom: Newsroom, run: Collect) -> None:
    here = newsroom.url
    nested = [entry(f"{here}/{n}.xml", lastmod=f"2024-05-0{n}", tag="sitemap") for n in (1, 3, 2)]
    newsroom.pages |= {"/index.xml": answer(sitemap(*nested, root="sitemapindex"))}
    newsroom.pages |= {f"/{n}.xml": answer(sitemap()) for n in (1, 2, 3)}
    summary = run(settings(newsroom, sitemaps=["/index.xml"]), Limits(sitemaps=3))
    assert newsroom.paths() == ["/robots.txt", "/index.xml", "/3.xml", "/2.xml"]
    assert summary.count("left_for_later", kinds=("sitemap",)) == 1


def test_sitemap_index_that_names_itself_ends(newsroom: Newsroom, run: Collect) -> None:
    index = sitemap(entry(f"{newsroom.url}/index.xml", tag="sitemap"), root="sitemapindex")
    newsroom.pages |= {"/index.xml": answer(index)}
    run(settings(newsroom, sitemaps=["/index.xml"]))
    assert newsroom.paths() == ["/robots.txt", "/index.xml"]


@pytest.mark.parametrize(
    ("delay", "robots"),
    [
        pytest.param("delay_seconds = 0.2", b"", id="as-set"),
        pytest.param("delay_seconds = 0", b"User-agent: *\nCrawl-delay: 0.2", id="as-robots-txt-asks"),
        pytest.param("delay_seconds = 0", b"User-agent: *\nRequest-rate: 5/1s", id="as-robots-txt-rates"),
    ],
)
def test_the_pause_between_two_requests_is_kept_across_sources(
    newsroom: Newsroom, run: Collect, delay: str, robots: bytes
) -> None:
    newsroom.pages |= {"/robots.txt": answer(robots, "text/plain")}
    for name in "ab":
        newsroom.pages |= {f"/{name}": answer(rss(f"{newsroom.url}/{name}1", f"{newsroom.url}/{name}2"))}
        newsroom.pages |= {f"/{name}{number}": answer(page(f"{name}{number}")) for number in (1, 2)}
    by = settings(newsroom, ["/a"], more=delay)
    by += f'[[source]]\npublisher = "Other"\nfeeds = ["{newsroom.url}/b"]\n{delay}\n'
    assert run(by).count("new") == 4
    log = sorted(newsroom.log, key=lambda request: request.began)
    assert len(log) == 7
    assert all(later.began - sooner.began >= 0.18 for sooner, later in pairwise(log))


def test_a_slow_host_does_not_hold_up_the_others(newsroom: Newsroom, run: Collect) -> None:
    other = open_newsroom()
    try:
        newsroom.pages |= {"/rss": answer(rss(*(f"{newsroom.url}/{number}" for number in range(3))))}
        newsroom.pages |= {f"/{number}": drip(0.05) for number in range(3)}
        other.pages |= {"/rss": answer(rss(f"{other.url}/a")), "/a": answer(page("A"))}
        by = settings(newsroom, ["/rss"])
        by += f'[[source]]\npublisher = "Other"\nfeeds = ["{other.url}/rss"]\ndelay_seconds = 0\n'
        run(by)
    finally:
        close_newsroom(other)
    while not newsroom.asked("/2"):  # noted by the server a moment after the client gave up
        time.sleep(0.05)
    assert other.asked("/a")[0].ended < newsroom.asked("/2")[0].began  # the slow host was still at its first pages


STOP = """
import sys
from pathlib import Path
from pipeline.collect import Limits, collect, read_sources
collect(read_sources(Path(sys.argv[1])), Path(sys.argv[2]), Limits(backoff_seconds=0.01))
"""


@pytest.mark.slow
def test_a_run_that_is_killed_and_run_again_ends_in_the_same_files(newsroom: Newsroom, tmp_path: Path) -> None:
    links = [f"{newsroom.url}/{'to/' * (number % 2)}{number}" for number in range(40)]
    newsroom.pages |= {"/rss": answer(rss(*links), etag='"1"')}
    newsroom.pages |= {f"/to/{number}": redirect(f"/{number}") for number in range(40)}
    newsroom.pages |= {f"/{number}": answer(page(f"Story {number}")) for number in range(40)}
    path = tmp_path / "sources.toml"
    path.write_text(settings(newsroom, ["/rss"], more="delay_seconds = 0.01"), "utf-8")
    command = [sys.executable, "-c", STOP, str(path)]
    subprocess.run([*command, str(tmp_path / "whole")], check=True)
    parts = tmp_path / "parts"
    whole = set(visible(tmp_path / "whole"))
    for killed_at in (3, 11, 25):
        with subprocess.Popen([*command, str(parts)]) as running:
            while running.poll() is None and len(list(parts.glob("harbour-post/*/*.html"))) < killed_at:
                time.sleep(0.001)
            running.send_signal(signal.SIGKILL)
        assert running.returncode == -signal.SIGKILL
        there = set(visible(parts))
        assert there <= whole
        assert all(name.replace(".html", ".json") in there for name in there)  # no page without its sidecar
    subprocess.run([*command, str(parts)], check=True)
    assert set(visible(parts)) == whole
    assert len(kept(parts)) == 40
    assert not list(parts.glob(".collect.unfinished/*"))
    asked = Counter(newsroom.paths())
    assert all(2 <= asked[f"/{number}"] <= 6 for number in range(40))


def test_two_runs_into_one_folder_are_refused(newsroom: Newsroom, run: Collect, raw: Path, tmp_path: Path) -> None:
    refused = []

    def collect_meanwhile(request: object) -> None:
        with pytest.raises(LockedError) as error:
            collect(read_sources(tmp_path / "sources.toml"), raw)
        refused.append(str(error.value))
        answer(rss())(request)  # type: ignore[arg-type]

    newsroom.pages |= {"/rss": collect_meanwhile}
    run(settings(newsroom, ["/rss"]))
    assert refused == [f"another run is collecting into {raw}; wait for it"]


@pytest.mark.parametrize("place", ["file", "broken-memory", "newer-memory"])
def test_unusable_target_folder_is_one_clear_error(newsroom: Newsroom, run: Collect, raw: Path, place: str) -> None:
    if place == "file":
        raw.write_text("mine")
    elif place == "newer-memory":
        raw.mkdir()
        with sqlite3.connect(raw / ".collect.sqlite") as db:
            db.execute("pragma user_version = 99")
        db.close()
    else:
        raw.mkdir()
        (raw / ".collect.sqlite").write_text("no database, and long enough to look like one " * 50)
    with pytest.raises(UsageError, match=str(raw)):
        run(settings(newsroom, ["/rss"]))
    assert not newsroom.log


def test_url_is_not_a_target_folder(newsroom: Newsroom, tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(settings(newsroom, ["/rss"]), "utf-8")
    with pytest.raises(UsageError, match="name a folder"):
        collect(read_sources(path), Path("s3://bucket/raw"))
    assert not Path("s3:").exists()


def test_full_disk_stops_the_run_and_the_next_one_continues(newsroom: Newsroom, run: Collect, raw: Path) -> None:
    newsroom.pages |= {"/rss": answer(rss(f"{newsroom.url}/a"), etag='"1"'), "/a": answer(page("A"))}
    raw.mkdir()
    (raw / "harbour-post").write_text("a file where the folder belongs")
    with pytest.raises(StorageError, match=str(raw)):
        run(settings(newsroom, ["/rss"]))
    (raw / "harbour-post").unlink()
    run(settings(newsroom, ["/rss"]))
    assert outcomes(raw) == {"/a": "new"}
    assert list(kept(raw)) == ["/a"]


def test_collected_pages_are_read(
    newsroom: Newsroom, run: Collect, raw: Path, tmp_path: Path, onrecord: Onrecord
) -> None:
    here = newsroom.url
    newsroom.pages |= {
        "/news.xml": answer(
            sitemap(entry(f"{here}/ferry", published="2024-05-07T09:30:00+02:00"), entry(f"{here}/to"))
        ),
        "/ferry": answer(page("The ferry of Port Ellery sails again on Wednesday", STORY)),
        "/to": redirect("/fähre"),
        "/f%C3%A4hre": answer(
            page("The Fähre of Port Ellery is late again", STORY.replace("Port", "“Süd”")).decode().encode("cp1252"),
            "text/html; charset=windows-1252",
        ),
    }
    assert run(settings(newsroom, sitemaps=["/news.xml"])).count("new") == 2
    ran = onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1)
    assert ran.code == 0, ran.err
    articles = pd.read_parquet(tmp_path / "curated" / "articles").set_index("url").sort_index()
    assert list(articles.index) == [f"{here}/f%C3%A4hre", f"{here}/ferry"]
    assert set(articles["publisher"]) == {"Harbour Post"}
    assert list(articles["encoding"]) == ["cp1252", "utf-8"]
    assert "“Süd” Ellery" in articles["text"].iloc[0]
    assert str(articles["published_at"].iloc[1]).startswith("2024-05-07 07:30")
    assert pd.read_parquet(tmp_path / "curated" / "rejects").empty
    assert pd.read_parquet(tmp_path / "curated" / "runs")["record_count"].tolist() == [4]  # each with its sidecar


@pytest.mark.slow
def test_flow_collects_and_reports(newsroom: Newsroom, raw: Path, tmp_path: Path) -> None:
    newsroom.pages |= {"/rss": answer(rss(f"{newsroom.url}/a")), "/a": answer(page("A"))}
    path = tmp_path / "sources.toml"
    path.write_text(settings(newsroom, ["/rss"]), "utf-8")
    flow = Path(__file__).parents[2] / "flows" / "collect.py"
    environment = {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # on a busy machine its 20 are too few
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
    }
    ran = subprocess.run(
        [sys.executable, str(flow), str(path), "--into", str(raw)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stderr
    assert "collected  1 new pages into" in ran.stdout
    assert list(kept(raw)) == ["/a"]
    with sqlite3.connect(tmp_path / "prefect" / "prefect.db") as db:
        artifacts = db.execute("select key, data from artifact where type = 'table'").fetchall()
    db.close()
    assert [key for key, _ in artifacts] == ["collected"]
    assert "a page was saved with its sidecar" in artifacts[0][1]


def test_the_flow_refuses_bad_settings_in_one_line(tmp_path: Path) -> None:
    flow = Path(__file__).parents[2] / "flows" / "collect.py"
    ran = subprocess.run(
        [sys.executable, str(flow), str(tmp_path / "none.toml")],
        capture_output=True,
        text=True,
        check=False,
        env={"PREFECT_HOME": str(tmp_path / "prefect"), "HOME": str(tmp_path)},
    )
    assert ran.returncode == 2
    assert ran.stderr == (
        f"collect: {tmp_path}/none.toml cannot be read: No such file or directory; expected a TOML file\n"
    )
