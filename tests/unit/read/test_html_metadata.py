"""Metadata of pages: each field from its most trustworthy source."""

from __future__ import annotations

import json

import pytest

from pipeline.contract import RawArticle, RawMetadata, RawRef
from pipeline.read.html import read_html
from pipeline.read.records import Options, RawRecord

TEXT = "The ferry will call at the northern quay again from Monday, the harbour office said after the repairs ended. "


def about(head: str, front: str = "", given: RawMetadata | None = None, lang: str = "") -> RawMetadata:
    page = f"<html{lang}><head>{head}</head><body><article>{front}<p>{TEXT * 3}</p><p>{TEXT * 2}</p></article></body></html>"
    ref = RawRef("harbour-post", "ferry.html", "0", "")
    article = read_html(RawRecord(ref, "html", page.encode(), "html", given=given or RawMetadata()), Options())
    assert isinstance(article, RawArticle), article
    return article.metadata


def json_ld(value: object) -> str:
    return f'<script type="application/ld+json">{value if isinstance(value, str) else json.dumps(value)}</script>'


def meta(**tags: str) -> str:
    return "".join(f'<meta property="{name.replace("__", ":")}" content="{text}">' for name, text in tags.items())


NEWS = {
    "@type": "NewsArticle",
    "headline": "Ferry calls &amp; waits",
    "datePublished": "2021-03-02T06:30:00+01:00",
    "dateModified": "2021-03-02T08:00:00+01:00",
    "author": [{"@type": "Person", "name": "Mara Oduya"}, {"@type": "Person", "name": "Ivo Brandt"}],
    "articleSection": "Harbour",
    "publisher": {"@type": "Organization", "name": "Harbour Post"},
}


def test_json_ld_gives_all_fields() -> None:
    found = about(json_ld(NEWS))
    assert found == RawMetadata.of(
        "json_ld",
        publisher="Harbour Post",
        headline="Ferry calls & waits",
        authors=("Mara Oduya", "Ivo Brandt"),
        published_at="2021-03-02T06:30:00+01:00",
        modified_at="2021-03-02T08:00:00+01:00",
        section="Harbour",
    )


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(json_ld([{"@type": "WebSite", "name": "Harbour Post"}, NEWS]), id="in-an-array"),
        pytest.param(
            json_ld({"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, NEWS]}), id="in-a-graph"
        ),
        pytest.param(json_ld({"@type": "WebPage", "mainEntity": NEWS}), id="as-main-entity"),
        pytest.param(json_ld("{broken") + json_ld(NEWS), id="after-a-broken-block"),
        pytest.param(json_ld("[" * 10_000) + json_ld(NEWS), id="after-10,000-nested-brackets"),
        pytest.param(json_ld('{"a":' * 10_000) + json_ld(NEWS), id="after-10,000-nested-objects"),
        pytest.param(json_ld("/*<![CDATA[*/" + json.dumps(NEWS) + "/*]]>*/"), id="in-cdata"),
        pytest.param(
            json_ld(json.dumps(NEWS).replace("Ferry calls", "Ferry\ncalls")), id="with-a-line-break-in-a-string"
        ),
        pytest.param(json_ld(json.dumps(NEWS | {"@type": ["Article", "NewsArticle"]})), id="of-two-types"),
        pytest.param(
            json_ld(
                {"@graph": [NEWS | {"author": {"@id": "#m"}}, {"@id": "#m", "@type": "Person", "name": "Mara Oduya"}]}
            ),
            id="with-an-author-by-reference",
        ),
    ],
)
def test_json_ld_is_found(script: str) -> None:
    found = about(script)
    assert (found.headline, found.published_at, found.authors[0]) == (
        "Ferry calls & waits",
        "2021-03-02T06:30:00+01:00",
        "Mara Oduya",
    )


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(json_ld({"@type": "ItemList", "itemListElement": [NEWS]}), id="of-other-articles-in-a-list"),
        pytest.param(json_ld({"@type": "Organization", "name": "Harbour Post"}), id="of-a-publisher"),
        pytest.param(json_ld("42") + json_ld("null") + json_ld('"NewsArticle"'), id="without-objects"),
    ],
)
def test_json_ld_of_something_else_is_ignored(script: str) -> None:
    assert about(script) == RawMetadata()


def test_meta_tags_complete_json_ld() -> None:
    tags = meta(
        og__site_name="Harbour Post", article__published_time="2021-03-02T06:30:00Z", article__section="Harbour"
    )
    found = about(json_ld({"@type": "NewsArticle", "headline": "Ferry calls again"}) + tags)
    assert found.headline == "Ferry calls again"
    assert found.published_at == "2021-03-02T06:30:00Z"
    assert found.sources == {"headline": "json_ld", "publisher": "meta", "published_at": "meta", "section": "meta"}


def test_sidecar_takes_precedence_over_the_page() -> None:
    found = about(json_ld(NEWS), given=RawMetadata.of("sidecar", headline="Ferry back", published_at="2021-03-01"))
    assert (found.headline, found.source_of("headline")) == ("Ferry back", "sidecar")
    assert (found.published_at, found.source_of("published_at")) == ("2021-03-01", "sidecar")
    assert (found.section, found.source_of("section")) == ("Harbour", "json_ld")


# ── Headlines ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("head", "front", "headline", "source"),
    [
        pytest.param(
            "<title>Ferry is back | Harbour Post</title>", "<h1>Ferry is back</h1>", "Ferry is back", "html", id="h1"
        ),
        pytest.param(
            meta(og__site_name="Harbour Post", og__title="Ferry is back - Harbour Post"),
            "",
            "Ferry is back",
            "meta",
            id="site-name-at-the-end",
        ),
        pytest.param(
            meta(og__site_name="Harbour Post", og__title="Harbour Post: Ferry is back"),
            "",
            "Ferry is back",
            "meta",
            id="site-name-at-the-start",
        ),
        pytest.param(
            meta(og__site_name="Harbour Post", og__title="Ferry - a love story"),
            "",
            "Ferry - a love story",
            "meta",
            id="dash-in-the-headline",
        ),
        pytest.param(
            meta(og__title="Ferry is back, harbour office says"),
            "<h1>Harbour Post</h1>",
            "Ferry is back, harbour office says",
            "meta",
            id="h1-with-the-site-name",
        ),
        pytest.param("", "", None, None, id="none"),
    ],
)
def test_headline(head: str, front: str, headline: str | None, source: str | None) -> None:
    found = about(head, front)
    assert (found.headline, found.source_of("headline")) == (headline, source)


# ── Dates ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("head", "front", "published", "source"),
    [
        pytest.param(
            json_ld({"@type": "NewsArticle", "datePublished": "{{date}}"}) + meta(article__published_time="2021-03-02"),
            "",
            "2021-03-02",
            "meta",
            id="template-left-in-json-ld",
        ),
        pytest.param(meta(article__published_time="0000-00-00"), "", None, None, id="not-a-date"),
        pytest.param(
            "",
            '<time itemprop="datePublished" datetime="2021-03-02T06:30Z">today</time>',
            "2021-03-02T06:30Z",
            "time",
            id="microdata",
        ),
        pytest.param(
            "", '<time datetime="2021-03-02">2 March</time>', "2021-03-02", "time", id="the-only-time-element"
        ),
        pytest.param(
            "", "<div class='entry-date'>March 2, 2021</div>", "2021-03-02", "htmldate", id="found-by-htmldate"
        ),
        pytest.param(
            "",
            "<h1>Ferry is back</h1><p>By Mara Oduya</p><span>3rd Mar 2021, Harbour</span>",
            "2021-03-03",
            "html",
            id="printed-below-the-headline",
        ),
        pytest.param("", "<h1>Ferry is back</h1>", None, None, id="none"),
    ],
)
def test_published(head: str, front: str, published: str | None, source: str | None) -> None:
    found = about(head, front)
    assert (found.published_at, found.source_of("published_at")) == (published, source)


# ── Addresses, language ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("head", "url", "source"),
    [
        pytest.param(
            "<link rel=canonical href='https://post.example/ferry'>",
            "https://post.example/ferry",
            "link",
            id="canonical",
        ),
        pytest.param(
            "<link rel=canonical href='/ferry'>" + meta(og__url="https://post.example/m/ferry?x=1"),
            "https://post.example/ferry",
            "link",
            id="relative-to-og-url",
        ),
        pytest.param(
            "<base href='https://post.example/news/'><link rel=canonical href='ferry'>",
            "https://post.example/news/ferry",
            "link",
            id="base",
        ),
        pytest.param("<link rel=canonical href='/ferry'>", None, None, id="relative-to-nothing"),
        pytest.param(
            "<link rel=canonical href='https://post.example/'>" + meta(og__url="https://post.example/ferry"),
            "https://post.example/ferry",
            "meta",
            id="home-page-is-not-an-article",
        ),
        pytest.param(
            "<link rel=canonical href='https://post.example/?p=12'>",
            "https://post.example/?p=12",
            "link",
            id="query-alone",
        ),
        pytest.param("<link rel=canonical href='http://[broken'>", None, None, id="broken"),
        pytest.param("<link rel=canonical href='javascript:void(0)'>", None, None, id="not-a-web-address"),
    ],
)
def test_url(head: str, url: str | None, source: str | None) -> None:
    found = about(head)
    assert (found.url, found.source_of("url")) == (url, source)


def test_address_of_the_record_takes_precedence() -> None:
    given = RawMetadata.of("record", url="https://post.example/ferry?utm=1")
    assert about("<link rel=canonical href='https://other.example/ferry'>", given=given).url == given.url


@pytest.mark.parametrize(
    ("lang", "head", "language", "source"),
    [
        pytest.param(" lang=en-GB", "", "en-GB", "html", id="html-lang"),
        pytest.param("", meta(og__locale="fr_FR"), "fr_FR", "meta", id="locale"),
        pytest.param(" lang='{{lang}}'", "", None, None, id="template"),
    ],
)
def test_language(lang: str, head: str, language: str | None, source: str | None) -> None:
    found = about(head, lang=lang)
    assert (found.language, found.source_of("language")) == (language, source)


# ── Authors ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("head", "front", "authors"),
    [
        pytest.param("<meta name=author content='Mara Oduya'>", "", ("Mara Oduya",), id="meta"),
        pytest.param(
            meta(og__site_name="Harbour Post") + "<meta name=author content='Harbour Post'>",
            "",
            (),
            id="publisher-is-not-an-author",
        ),
        pytest.param(
            json_ld({"@type": "NewsArticle", "author": {"@type": "Organization", "name": "Quay Media"}}),
            "",
            (),
            id="organisation",
        ),
        pytest.param(
            meta(article__section="Island Life") + "<meta name=author content='Island Life'>",
            "",
            (),
            id="section-is-not-an-author",
        ),
        pytest.param(
            "<meta name=author content='Nordsee Verlag'><meta name=copyright content='© Nordsee Verlag 2021'>",
            "",
            (),
            id="copyright-owner-is-not-an-author",
        ),
        pytest.param(
            "",
            "<h1>Ferry is back</h1><div class=byline>By <a rel=author>Mara Oduya</a> and <a rel=author>Ivo Brandt</a></div>",
            ("Mara Oduya", "Ivo Brandt"),
            id="byline",
        ),
        pytest.param(
            "",
            "<h1>Ferry is back</h1><div><span>By</span> <a href=/m>Mara Oduya</a></div>",
            ("Mara Oduya",),
            id="unmarked-byline",
        ),
        pytest.param(
            "",
            "<h1>Ferry is back</h1><div class=related><a class=author>Ivo Brandt</a></div>",
            (),
            id="author-of-another-article",
        ),
        pytest.param("", "<h1>Ferry is back</h1><ul><li><a href=/r>By Main Harbour</a></li></ul>", (), id="menu-entry"),
        pytest.param(
            "", "<h1>Ferry is back</h1><p class=author>Email the author</p>", (), id="link-to-email-the-author"
        ),
    ],
)
def test_authors(head: str, front: str, authors: tuple[str, ...]) -> None:
    assert about(head, front).authors == authors
