from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest

from pipeline.collect.discover import MAX_LINKS, Listing, read_feed, read_sitemap
from pipeline.collect.outcomes import FetchError
from tests.unit.collect.newsroom import atom, entry, page, rss, sitemap

HERE = "https://post.example/feeds/rss.xml"
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
<!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">
<!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;"><!ENTITY i "&h;&h;&h;&h;&h;&h;&h;&h;&h;&h;">
<!ENTITY file SYSTEM "file:///etc/passwd">]>"""


def urls(listing: Listing) -> list[str]:
    return [link.url for link in listing.pages]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(rss("https://post.example/a"), ["https://post.example/a"], id="rss"),
        pytest.param(atom("https://post.example/a"), ["https://post.example/a"], id="atom"),
        pytest.param(
            rss("/a?x=1&amp;y=2", "b"),
            ["https://post.example/a?x=1&y=2", "https://post.example/feeds/b"],
            id="relative",
        ),
        pytest.param(rss("/a#top", "/a", " /a "), ["https://post.example/a"], id="one-page-three-ways"),
        pytest.param(
            b'<rss version="2.0"><channel><item><guid>https://post.example/g</guid></item></channel></rss>',
            ["https://post.example/g"],
            id="guid-that-is-the-link",
        ),
        pytest.param(
            b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><link rel="self" href="/s"/><link href="/b"/>'
            b'<link rel="enclosure" href="/c.mp3"/></entry></feed>',
            ["https://post.example/b"],
            id="self-and-enclosure-are-no-page",
        ),
        pytest.param(rss(), [], id="nothing-new"),
    ],
)
def test_links_of_a_feed(body: bytes, found: list[str]) -> None:
    listing = read_feed(body, HERE, {})
    assert (urls(listing), listing.problem) == (found, "")


@pytest.mark.parametrize(
    "content_type", ["text/html", "application/xml; charset=us-ascii", "text/plain; charset=utf-8"]
)
def test_wrong_content_type_is_accepted(content_type: str) -> None:
    body = rss("https://post.example/fähre").decode().replace('"1.0"', '"1.0" encoding="windows-1252"').encode("cp1252")
    listing = read_feed(body, HERE, {"content-type": content_type})
    assert len(listing.pages) == 1
    assert listing.problem == ""


def test_links_before_damage_are_used_and_the_damage_is_reported() -> None:
    whole = rss("https://post.example/a", "https://post.example/b")
    listing = read_feed(whole[: whole.index(b"/b</link>")], HERE, {})
    assert urls(listing) == ["https://post.example/a"]
    assert listing.problem.startswith("damaged: ")
    assert not listing.is_whole


def test_an_entry_without_a_link_is_said() -> None:
    body = b'<rss version="2.0"><channel><item><title>A</title></item><item><link>/b</link></item></channel></rss>'
    listing = read_feed(body, HERE, {})
    assert urls(listing) == ["https://post.example/b"]
    assert listing.problem == "1 of 2 entries have no usable link"
    assert listing.is_whole


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(page("No feed"), id="page"),
        pytest.param(b"", id="empty"),
        pytest.param(bytes(range(256)) * 20, id="junk"),
        pytest.param(sitemap(entry("https://post.example/a")), id="sitemap"),
    ],
)
def test_no_feed_is_unreadable(body: bytes) -> None:
    with pytest.raises(FetchError) as error:
        read_feed(body, HERE, {})
    assert error.value.outcome == "unreadable"


def test_news_sitemap_has_dates_and_the_newest_page_is_first() -> None:
    body = sitemap(
        entry("https://post.example/old", lastmod="2023-01-01"),
        entry("https://post.example/undated"),
        entry(" https://post.example/new ", lastmod="2024-05-08", published="2024-05-07T09:30:00+02:00"),
        entry("https://post.example/garbled", published="yesterday"),
    )
    listing = read_sitemap(body, HERE, 1_000_000)
    assert [(link.url.rpartition("/")[2], link.published_at) for link in listing.pages] == [
        ("new", "2024-05-07T09:30:00+02:00"),
        ("old", None),
        ("undated", None),
        ("garbled", None),
    ]


def test_an_index_names_sitemaps_and_no_pages() -> None:
    body = sitemap(
        entry("https://post.example/1.xml", tag="sitemap"), entry("2.xml", tag="sitemap"), root="sitemapindex"
    )
    listing = read_sitemap(gzip.compress(body), HERE, 1_000_000)
    assert [link.url for link in listing.sitemaps] == ["https://post.example/1.xml", "https://post.example/feeds/2.xml"]
    assert listing.pages == ()


def test_addresses_of_images_are_not_pages() -> None:
    image = '<image:image xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><image:loc>/i.jpg</image:loc></image:image>'
    body = sitemap(f"<url>{image}<loc>https://post.example/a</loc></url>", "<url></url>")
    assert urls(read_sitemap(body, HERE, 1_000_000)) == ["https://post.example/a"]


def test_undeclared_prefix_is_accepted() -> None:
    news = "<news:news><news:publication_date>2024-05-07</news:publication_date></news:news>"
    body = f"<urlset><url><loc>https://post.example/a</loc>{news}</url></urlset>".encode()
    assert urls(read_sitemap(body, HERE, 1_000)) == ["https://post.example/a"]


def test_a_sitemap_without_its_namespace_is_read() -> None:
    assert urls(read_sitemap(b"<urlset><url><loc>https://post.example/a</loc></url></urlset>", HERE, 1_000)) == [
        "https://post.example/a"
    ]


def test_cut_sitemap_gives_the_links_before_the_cut() -> None:
    whole = sitemap(entry("https://post.example/a"), entry("https://post.example/b"))
    listing = read_sitemap(whole[: whole.index(b"/b</loc>")], HERE, 1_000_000)
    assert urls(listing) == ["https://post.example/a"]
    assert listing.problem.startswith("damaged: ")
    assert not listing.is_whole


def test_too_many_addresses_in_a_sitemap_are_reported() -> None:
    listing = read_sitemap(sitemap(*(entry(f"/{number}") for number in range(MAX_LINKS + 5))), HERE, 50_000_000)
    assert len(listing.pages) == MAX_LINKS
    assert "only its first 50,000" in listing.problem


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param(page("No sitemap"), "unreadable", id="page"),
        pytest.param(rss("/a"), "unreadable", id="feed"),
        pytest.param(b"", "unreadable", id="empty"),
        pytest.param(gzip.compress(b"<urlset>" + b" " * 2_000_000), "too_large", id="gzip-bomb"),
        pytest.param(gzip.compress(sitemap())[:-9], "broken_answer", id="gzip-cut-short"),
    ],
)
def test_no_sitemap_is_said(body: bytes, outcome: str) -> None:
    with pytest.raises(FetchError) as error:
        read_sitemap(body, HERE, 1_000_000)
    assert error.value.outcome == outcome


@pytest.mark.parametrize("entity", ["&e;", "&file;"])
def test_entities_of_a_strangers_sitemap_are_not_followed(entity: str) -> None:
    body = sitemap(entry(f"https://post.example/{entity}"), entry("https://post.example/b"))
    found = urls(read_sitemap(LAUGHS + body.partition(b"?>")[2], HERE, 1_000_000))
    assert "https://post.example/b" in found
    assert all(len(url) < 100 and "root" not in url for url in found)


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(
            lambda links: read_sitemap(LAUGHS + sitemap(*map(entry, links)).partition(b"?>")[2], HERE, 10**6),
            id="sitemap",
        ),
        pytest.param(lambda links: read_feed(LAUGHS + rss(*links).partition(b"?>")[2], HERE, {}), id="feed"),
    ],
)
def test_a_billion_laughs_ends_soon(read: Callable[[list[str]], Listing]) -> None:
    tracemalloc.start()
    with suppress(FetchError):
        assert all(len(url) < 100 for url in urls(read(["https://post.example/&i;"])))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


MANGLED = [
    b"&#xFFFFFFFF;",
    b"&#0;",
    b"<cloud port='x'/>",
    b"<?xml version='1.0' encoding='utf-16'?>",
    b"<pubDate>Mon, 99 Foo 99999 99:99:99 +9999</pubDate>",
    b"xml:base='http://['",
    b"</item>",
    b"<link>",
    b"<![CDATA[",
    b"]]>",
    b"\x00",
    b"\xff",
]


@pytest.mark.parametrize("charset", ["", "utf-16", "punycode", "undefined", "\x00", "no-such-charset"])
def test_mangled_feeds_and_sitemaps_are_read_or_rejected(charset: str) -> None:
    chance = random.Random(7)
    kinds = (rss("https://post.example/a", "/b"), atom("/a", "b"), sitemap(entry("/a", published="2024-05-07")))
    for _ in range(200):
        body = bytearray(chance.choice(kinds))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(body) + 1)
            if chance.random() < 0.3:
                del body[at : at + chance.randint(1, 40)]
            else:
                body[at:at] = chance.choice(MANGLED)
        with suppress(FetchError):
            assert read_feed(bytes(body), HERE, {"content-type": f"text/xml; charset={charset}"})
        with suppress(FetchError):
            assert read_sitemap(bytes(body), HERE, 1_000_000)


@pytest.mark.parametrize("closing", [b"", b"</b>"], ids=["never-closed", "well-formed"])
def test_deeply_nested_feed_is_rejected_before_parsing(closing: bytes) -> None:
    deep = b"<title>" + b"<b>" * 1_000_000 + closing * 1_000_000
    with pytest.raises(FetchError, match="nested more than 5,000 levels deep"):
        read_feed(rss("https://post.example/a").replace(b"<title>A", deep), HERE, {})


def test_sections_that_never_close_are_passed_over_once() -> None:
    with suppress(FetchError):
        assert read_feed(rss("/a").replace(b"<title>A", b"<title>" + b"<![CDATA[" * 300_000), HERE, {})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_many_entries_with_loose_markup_are_not_taken_for_depth(encoding: str) -> None:
    text = "<![CDATA[" + "<p>The ferry<br>sails<img src=a>" * 10 + "]]>"
    body = rss(*(f"https://post.example/{number}" for number in range(500))).decode()
    body = body.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').replace("<title>A", f"<title>{text}")
    assert len(read_feed(body.encode(encoding), HERE, {}).pages) == 500
