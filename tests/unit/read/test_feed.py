"""Saved feeds: entries, keys, teasers, and damaged feeds."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest

from pipeline.contract import RawArticle, RawRef, Reject
from pipeline.read import feed as module
from pipeline.read.feed import frame_feed, frame_json_feed
from pipeline.read.fields import read_fields
from pipeline.read.records import BadStreamError, Framed, Options, RawRecord
from tests.bounds import processor_seconds_below

REF = RawRef("wire", "post.xml", "", "")
LONG = "<p>" + "</p><p>".join(
    f"The ferry made crossing number {n} and the mayor waved from the quay." for n in range(30)
)
SHORT = "Ferries run again from Friday."


def rss(*items: str, channel: str = "<title>The Harbour Post</title><link>https://post.example/</link>") -> str:
    body = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>{channel}{body}</channel></rss>'
    )


def atom(*entries: str) -> str:
    body = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://post.example/x/">'
        f"<title>Hafenpost</title>{body}</feed>"
    )


def cdata(markup: str) -> str:
    return f"<![CDATA[{markup}]]>"


def frame(feed: str | bytes) -> list[Framed]:
    return list(frame_feed(REF, io.BytesIO(feed.encode() if isinstance(feed, str) else feed)))


def frame_json(feed: object) -> list[Framed]:
    return list(frame_json_feed(REF, io.BytesIO(orjson.dumps(feed))))


def fields(framed: Framed) -> dict[str, object]:
    assert isinstance(framed, RawRecord)
    assert (framed.kind, framed.input_format) == ("json", "feed")
    values: dict[str, object] = orjson.loads(framed.data)
    return values


def read(framed: Framed) -> RawArticle:
    assert isinstance(framed, RawRecord)
    article = read_fields(framed, Options())
    assert isinstance(article, RawArticle)
    return article


def problem_of(feed: str | bytes) -> tuple[str, str]:
    with pytest.raises(BadStreamError) as caught:
        frame(feed)
    return caught.value.reason, caught.value.detail


# ── Entries ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rss_entry_with_full_content() -> None:
    item = (
        "<title>Tagus ferries &amp;amp; trams to run again</title><link>https://post.example/a</link>"
        f"<guid>https://post.example/?p=1</guid><description>{SHORT}</description>"
        f"<content:encoded>{cdata('<p>The mayor said: “We have checked every cable.”</p><p>Nobody was hurt.</p>')}"
        "</content:encoded><dc:creator>Helder Quaresma</dc:creator><category>City</category>"
        "<pubDate>Wed, 28 Feb 2024 00:40:00 +0100</pubDate>"
    )
    [entry] = frame(rss(item, channel="<title>The Harbour Post</title><language>en-GB</language>"))
    assert fields(entry) == {
        "url": "https://post.example/a",
        "title": "Tagus ferries & trams to run again",
        "content_html": "<p>The mayor said: “We have checked every cable.”</p><p>Nobody was hurt.</p>",
        "authors": ["Helder Quaresma"],
        "published": "Wed, 28 Feb 2024 00:40:00 +0100",
        "publisher": "The Harbour Post",
        "language": "en-GB",
        "section": "City",
    }
    article = read(entry)
    assert article.text == "The mayor said: “We have checked every cable.”\n\nNobody was hurt."
    assert (article.metadata.headline, article.metadata.authors) == (
        "Tagus ferries & trams to run again",
        ("Helder Quaresma",),
    )
    assert article.flags == ()


def test_atom_entry_with_xhtml_content() -> None:
    entry = (
        '<id>tag:post.example,2024:1</id><title type="html">Deich &amp;lt;b&amp;gt; &lt;b&gt;fertig&lt;/b&gt;</title>'
        '<link rel="self" href="1.atom"/><link rel="alternate" href="deich.html"/>'
        "<published>2024-02-28T07:00:00Z</published><updated>2024-02-29T00:30:00+01:00</updated>"
        "<author><name>Antje Wilken</name></author><author><name>Jan Harms</name></author>"
        '<summary>Kurz.</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
        "<p>Der <em>neue</em> Deich steht.</p><p>Harms &amp; Wilken freuen sich.</p></div></content>"
    )
    [framed] = frame(atom(entry))
    values = fields(framed)
    assert values["url"] == "https://post.example/x/deich.html"
    assert (values["title"], values["language"]) == ("Deich <b> fertig", "de")
    assert values["authors"] == ["Antje Wilken", "Jan Harms"]
    assert (values["published"], values["updated"]) == ("2024-02-28T07:00:00Z", "2024-02-29T00:30:00+01:00")
    assert read(framed).text == "Der neue Deich steht.\n\nHarms & Wilken freuen sich."


def test_rdf_entry_takes_its_date_from_dublin_core() -> None:
    feed = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>The Post</title></channel>'
        '<item rdf:about="https://post.example/1"><title>Beets</title><link>https://post.example/1</link>'
        f"<description>{SHORT}</description><dc:date>2024-05-06T01:02:03+02:00</dc:date></item></rdf:RDF>"
    )
    [entry] = frame(feed)
    assert fields(entry)["published"] == "2024-05-06T01:02:03+02:00"
    assert "updated" not in fields(entry)
    [in_utf16] = frame(f'<?xml version="1.0" encoding="utf-16"?>{feed}'.encode("utf-16"))
    assert fields(in_utf16) == fields(entry)


def test_date_of_change_in_atom_is_not_a_date_of_publication() -> None:
    [entry] = frame(atom(f"<id>1</id><updated>2024-02-29T00:30:00Z</updated><content>{SHORT}</content>"))
    assert "published" not in fields(entry)


def test_meaningful_elements_are_kept() -> None:
    markup = "<p>It was <mark>marked</mark>, <q>he</q> said &mdash; twice.</p><blockquote>So be it.</blockquote>"
    [entry] = frame(rss(f"<content:encoded>{cdata(markup)}</content:encoded>"))
    assert fields(entry)["content_html"] == markup


@pytest.mark.parametrize(
    ("inner", "name", "value"),
    [
        pytest.param("<author>desk@post.example (Mara Oduya)</author>", "authors", ["Mara Oduya"], id="address-first"),
        pytest.param("<author>desk@post.online</author>", "authors", None, id="address-alone-is-not-a-name"),
        pytest.param(
            "<dc:creator>Mara Oduya</dc:creator><dc:creator>Bo Lund</dc:creator>",
            "authors",
            ["Mara Oduya", "Bo Lund"],
            id="two-authors",
        ),
        pytest.param("<link>/world/a</link>", "url", "https://post.example/world/a", id="relative-link"),
        pytest.param("<guid>https://post.example/g</guid>", "url", "https://post.example/g", id="guid-as-link"),
        pytest.param("<guid>4711</guid>", "url", None, id="guid-that-is-not-an-address"),
        pytest.param("<link>http://[broken/</link>", "url", None, id="link-that-is-not-an-address"),
        pytest.param("<category>A</category><category>B</category>", "section", None, id="keywords-are-not-a-section"),
        pytest.param(
            '<source url="https://wire.example/rss">Northern Wire</source>', "publisher", "Northern Wire", id="source"
        ),
        pytest.param(
            "<pubDate>Mon, 06 May 2024 07:08:09</pubDate>", "published", "Mon, 06 May 2024 07:08:09", id="no-zone"
        ),
    ],
)
def test_field(inner: str, name: str, value: object) -> None:
    [entry] = frame(rss(f"{inner}<description>{SHORT}</description>"))
    assert fields(entry).get(name) == value


# ── Full text or teaser ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("item", "flags"),
    [
        pytest.param(f"<description>{SHORT}</description>", ("feed_teaser",), id="short-description"),
        pytest.param(f"<description>{cdata(LONG)}</description>", (), id="long-description"),
        pytest.param(
            f"<description>{cdata(LONG + ' [&#8230;]</p>')}</description>", ("feed_teaser",), id="long-with-ellipsis"
        ),
        pytest.param(
            f"<description>{cdata(LONG + '</p><a href=x>Read more</a>')}</description>",
            ("feed_teaser",),
            id="read-more",
        ),
        pytest.param(f"<content:encoded>{SHORT}</content:encoded>", (), id="short-content"),
        pytest.param(f"<content:encoded>{SHORT} And then…</content:encoded>", ("feed_teaser",), id="content-cut"),
        pytest.param("<content:encoded>“I know more.”</content:encoded>", (), id="more-as-a-word-of-the-text"),
        pytest.param("<content:encoded>« On verra bien », dit-il. « Voilà »</content:encoded>", (), id="guillemets"),
        pytest.param(
            f"<content:encoded>{cdata('<p>They gave up […]</p><p>The post <a>Ferries</a> appeared first on <a>Post</a>.</p>')}"
            "</content:encoded>",
            ("feed_teaser",),
            id="wordpress-excerpt",
        ),
        pytest.param(
            f"<content:encoded>{cdata('<p>They gave up.</p><p>The post <a>Ferries</a> appeared first on <a>Post</a>.</p>')}"
            "</content:encoded>",
            (),
            id="wordpress-in-full",
        ),
    ],
)
def test_teaser(item: str, flags: tuple[str, ...]) -> None:
    [entry] = frame(rss(item))
    assert isinstance(entry, RawRecord)
    assert entry.flags == flags


POST = "<p>They gave up.</p>"


@pytest.mark.parametrize(
    ("markup", "kept"),
    [
        pytest.param(
            f"{POST}<p>The post <a href=x>Ferries &#038; <i>nets</i></a> appeared first on <a href=y>The Post</a>.</p>",
            POST,
            id="credit-with-links",
        ),
        pytest.param(
            f"{POST}\nThe post Ferries &amp; nets first appeared on The Post.", POST, id="credit-without-links"
        ),
        pytest.param(
            f"{POST}<p>The post office first appeared on maps in 1820.</p>",
            f"{POST}<p>The post office first appeared on maps in 1820.</p>",
            id="sentence-like-a-credit",
        ),
        pytest.param(
            "<p>The post Ferries & nets appeared first on maps.</p><p>It is gone.</p>",
            "<p>The post Ferries & nets appeared first on maps.</p><p>It is gone.</p>",
            id="credit-before-the-end",
        ),
        pytest.param(
            "<p>They gave up &#8230; <a href=x>Continue reading <span>Ferries</span> &rarr;</a></p>",
            "<p>They gave up &#8230;",
            id="continue-reading",
        ),
        pytest.param("<p>They gave up. [<a href=x>Read more</a>]</p>", "<p>They gave up.", id="read-more-in-brackets"),
        pytest.param("<p>Sie gaben auf.</p><a href=x>Weiterlesen</a>", "<p>Sie gaben auf.</p>", id="weiterlesen"),
        pytest.param(
            "<p>They gave up, and <a href=x>read more of Homer</a>.</p>",
            "<p>They gave up, and <a href=x>read more of Homer</a>.</p>",
            id="link-within-a-sentence",
        ),
        pytest.param(
            "<p>They had no time to read more.</p>", "<p>They had no time to read more.</p>", id="words-without-a-link"
        ),
    ],
)
def test_credits_and_links_to_the_rest_are_removed(markup: str, kept: str) -> None:
    [entry] = frame(rss(f"<title>Ferries &amp; nets</title><content:encoded>{cdata(markup)}</content:encoded>"))
    assert fields(entry)["content_html"] == kept
    [item] = frame_json({"items": [{"id": "1", "title": "Ferries & nets", "content_html": markup}]})
    assert fields(item)["content_html"] == kept


def test_end_of_an_entry_is_searched_in_bounded_time() -> None:
    with processor_seconds_below(10):
        for markup in ("The post <p>" * 100_000, "<a b>" * 100_000, "<a>continue reading " * 50_000):
            frame(rss(f"<title>Ferries</title><content:encoded>{cdata(markup)}</content:encoded>"))


def test_only_the_entry_without_text_is_rejected() -> None:
    first, second, third = frame(
        rss(
            "<guid>1</guid><description>One.</description>",
            "<guid>2</guid><title>Two</title>",
            "<guid>3</guid><description>Three.</description>",
        )
    )
    assert isinstance(second, Reject)
    assert (second.reason, "'Two'" in second.detail) == ("no_text", True)
    assert fields(first)["content_html"] == "One."
    assert fields(third)["content_html"] == "Three."


# ── Keys ───────────────────────────────────────────────────────────────────────────────────────────────────────


def keys(feed: str) -> list[str]:
    return [entry.ref.raw_record for entry in frame(feed) if isinstance(entry, RawRecord)]


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("<guid>4711</guid><description>One.</description>", id="by-guid"),
        pytest.param("<link>https://post.example/a</link><description>One.</description>", id="by-link"),
        pytest.param("<title>A</title><description>One.</description>", id="by-content"),
    ],
)
def test_entry_that_moves_down_keeps_its_key_and_digest(item: str) -> None:
    new = "<guid>4712</guid><description>Two.</description>"
    [before] = frame(rss(item))
    _, after = frame(rss(new, item))
    assert before == after


def test_changed_entry_keeps_its_key() -> None:
    assert keys(rss("<guid>1</guid><description>One.</description>")) == keys(
        rss("<guid>1</guid><description>One, corrected.</description>")
    )


def test_entries_with_the_same_guid_are_numbered() -> None:
    first, second = keys(
        rss("<guid>1</guid><description>A.</description>", "<guid>1</guid><description>B.</description>")
    )
    assert second == f"{first}-2"


def test_key_of_an_entry_inside_an_archive() -> None:
    ref = RawRef("wire", "feeds.zip", "post.xml", "")
    [entry] = frame_feed(ref, io.BytesIO(rss("<guid>1</guid><description>One.</description>").encode()))
    assert isinstance(entry, RawRecord)
    assert entry.ref.raw_record.startswith("post.xml!/")


# ── JSON Feed ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_json_feed() -> None:
    items = [
        {
            "id": 1,
            "url": "https://post.example/1",
            "title": "Bins",
            "content_html": "<p>A gull can lift.</p>",
            "content_text": "A gull can lift.",
            "date_published": "2024-05-06T00:00:00Z",
            "date_modified": "2024-05-07T00:00:00Z",
            "tags": ["Life"],
        },
        {"id": "2", "external_url": "https://wire.example/2", "content_text": "Plain.", "author": {"name": "Bo Lund"}},
        {"id": "3", "summary": "A summary."},
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Post", "language": "en", "items": items}
    first, second, third = frame_json(feed | {"authors": [{"name": "Mara Oduya"}, 5]})
    assert fields(first) == {
        "url": "https://post.example/1",
        "title": "Bins",
        "content_html": "<p>A gull can lift.</p>",
        "authors": ["Mara Oduya"],
        "published": "2024-05-06T00:00:00Z",
        "updated": "2024-05-07T00:00:00Z",
        "publisher": "Post",
        "language": "en",
        "section": "Life",
    }
    assert fields(second)["text"] == "Plain."
    assert (fields(second)["url"], fields(second)["authors"]) == ("https://wire.example/2", ["Bo Lund"])
    assert isinstance(third, RawRecord)
    assert (read(third).text, third.flags) == ("A summary.", ("feed_teaser",))


def test_json_feed_with_items_without_text() -> None:
    number, textless, good = frame_json({"items": [5, {"id": "a"}, {"id": "b", "content_text": "Plain."}]})
    assert isinstance(number, Reject)
    assert isinstance(textless, Reject)
    assert {number.reason, textless.reason} == {"no_text"}
    assert fields(good) == {"text": "Plain."}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"[" * 10_000, "nested_too_deep", id="nested-10000-deep"),
        pytest.param(b'{"items": [', "broken_record", id="truncated"),
        pytest.param(b"[1, 2]", "unknown_format", id="a-list"),
        pytest.param(b'{"items": 5}', "unknown_format", id="items-that-are-not-a-list"),
        pytest.param(b'{"items": []}', "no_article", id="no-items"),
    ],
)
def test_json_without_feed_version(raw: bytes, reason: str) -> None:
    with pytest.raises(BadStreamError) as caught:
        list(frame_json_feed(REF, io.BytesIO(raw)))
    assert caught.value.reason == reason


# ── Damaged feeds, and other files ────────────────────────────────────────────────────────────────────────────────


def test_malformed_xml_is_read_with_a_note() -> None:
    [entry] = frame(rss("<description>Tea & cake&nbsp;&copy; 2024</description>"))
    assert isinstance(entry, RawRecord)
    assert "malformed XML" in entry.notes[0]
    assert read(entry).text == "Tea & cake © 2024"


def test_wrong_encoding_is_read_with_a_note() -> None:
    raw = rss("<description>été</description>").replace('"1.0"', '"1.0" encoding="utf-8"').encode("latin-1")
    [entry] = frame(raw)
    assert isinstance(entry, RawRecord)
    assert "utf-8" in entry.notes[0]
    assert read(entry).text == "été"


@pytest.mark.parametrize(
    ("end", "count"),
    [
        pytest.param("two, cut he", 1, id="in-the-text-of-an-entry"),
        pytest.param("<guid>2</gui", 1, id="in-a-tag"),
        pytest.param("</item>", 2, id="between-entries"),
    ],
)
def test_truncated_feed_keeps_its_complete_entries(end: str, count: int) -> None:
    feed = rss(
        "<guid>1</guid><description>One.</description>",
        f"<guid>2</guid><description>{cdata('<p>two, cut here.')}</description>",
    )
    cut = feed[: feed.rindex(end) + len(end)]
    framed = []
    with pytest.raises(BadStreamError) as caught:
        for entry in frame_feed(REF, io.BytesIO(cut.encode())):
            framed.append(entry)  # noqa: PERF402 - entries before the error count
    assert caught.value.reason == "truncated"
    assert len(framed) == count


def test_text_after_the_feed_is_ignored() -> None:
    [entry] = frame(rss("<description>One.</description>") + "<script>track()</script>")
    assert fields(entry)["content_html"] == "One."


@pytest.mark.parametrize(
    ("content", "reason", "detail"),
    [
        pytest.param(
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>', "unknown_format", "sitemap", id="sitemap"
        ),
        pytest.param("<!-- x --><html><p>hi</p></html>", "unknown_format", "<html>", id="page"),
        pytest.param("no markup at all", "unknown_format", "no element", id="text"),
        pytest.param("", "unknown_format", "no element", id="empty"),
        pytest.param(rss(), "no_article", "no entries", id="no-entries"),
    ],
)
def test_not_a_feed(content: str, reason: str, detail: str) -> None:
    found_reason, found_detail = problem_of(content)
    assert found_reason == reason
    assert detail in found_detail


def test_feed_over_the_limit_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FEED_BYTES", 1_000)
    assert problem_of(rss(f"<description>{cdata(LONG)}</description>"))[0] == "too_large"


def test_entities_do_not_multiply() -> None:
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    feed = f'<!DOCTYPE rss [<!ENTITY a0 "ha">{laughs}]>{rss("<title>&a9;</title><description>x</description>")}'
    with processor_seconds_below(5):
        [entry] = frame(feed.replace('<?xml version="1.0"?>', ""))
    assert isinstance(entry, RawRecord)
    assert len(entry.data) < 1_000


def test_external_entities_are_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    feed = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>{rss("<description>a &x; b</description>")}'
    [entry] = frame(feed.replace('<?xml version="1.0"?>', ""))
    assert isinstance(entry, RawRecord)
    assert b"hunter2" not in entry.data


def test_100_000_nested_tags_are_framed_in_bounded_time() -> None:
    with processor_seconds_below(10):
        [entry] = frame(rss(f"<content:encoded>{cdata('<div>' * 100_000)}</content:encoded>"))
    assert isinstance(entry, RawRecord)
