"""Records with named fields: which key is which field, and bad records."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contract import RawArticle, RawMetadata, RawRef, Reject
from pipeline.read.fields import FIELDS, parse_path, read_fields
from pipeline.read.fields.known_fields import KNOWN_FIELDS
from pipeline.read.records import Options, RawRecord, digest

TEXT = "The ferry sails at noon, the harbour master said.\nNobody was on the quay."
URL = "https://harbourpost.example/2024/05/07/ferry"
PAGE = (
    "<!DOCTYPE html><html lang='en'><head><title>The ferry sails</title></head><body><article><h1>The ferry sails</h1>"
    + "".join(
        f"<p>The harbour master counted {n} ferries on the quay that day, and wrote it down.</p>" for n in range(9)
    )
    + "</article></body></html>"
)


def record(data: bytes) -> RawRecord:
    return RawRecord(RawRef("wire", "dump.jsonl", "7", digest(data)), "json", data, "jsonl")


def read(values: Any, **fields: str) -> RawArticle | Reject:
    return read_fields(record(orjson.dumps(values)), Options(fields))


def article(values: Any, **fields: str) -> RawArticle:
    found = read(values, **fields)
    assert isinstance(found, RawArticle), found
    return found


def reject(values: Any, **fields: str) -> Reject:
    found = read(values, **fields)
    assert isinstance(found, Reject)
    return found


def of(**values: Any) -> RawMetadata:
    return RawMetadata.of("record", **values)


@pytest.mark.parametrize(
    ("values", "metadata"),
    [
        pytest.param(
            {
                "authors": ["Mara Oduya"],
                "date_download": "2024-05-07 09:00:00+00:00",
                "date_modify": "None",
                "date_publish": "2024-05-07 08:30:00+00:00",
                "description": "The harbour is open again.",
                "language": "en",
                "maintext": TEXT,
                "source_domain": "harbourpost.example",
                "text": None,
                "title": "The ferry sails",
                "url": URL,
            },
            of(
                url=URL,
                publisher="harbourpost.example",
                headline="The ferry sails",
                standfirst="The harbour is open again.",
                authors=("Mara Oduya",),
                published_at="2024-05-07 08:30:00+00:00",
                fetched_at="2024-05-07 09:00:00+00:00",
                language="en",
            ),
            id="news-please",
        ),
        pytest.param(
            {
                "url": URL,
                "title": "The ferry sails",
                "text": TEXT,
                "authors": ["Mara Oduya", "Staff Writer"],
                "publish_date": "2024-05-07T08:30:00",
                "source_url": "https://harbourpost.example",
                "meta_lang": "en",
                "summary": "A machine wrote this.",
                "keywords": ["ferry"],
            },
            of(
                url=URL,
                publisher="harbourpost.example",
                headline="The ferry sails",
                authors=("Mara Oduya",),
                published_at="2024-05-07T08:30:00",
                language="en",
            ),
            id="newspaper",
        ),
        pytest.param(
            {
                "title": "The ferry sails",
                "plaintext": TEXT,
                "authors": ["Mara Oduya"],
                "publishing_date": "2024-05-07 08:30:00+02:00",
                "topics": ["Ferries"],
                "publisher": "Harbour Post",
                "html": {"requested_url": URL, "crawl_date": "2024-05-08 10:00:00", "content": PAGE},
                "lang": "en",
            },
            of(
                url=URL,
                publisher="Harbour Post",
                headline="The ferry sails",
                authors=("Mara Oduya",),
                published_at="2024-05-07 08:30:00+02:00",
                fetched_at="2024-05-08 10:00:00",
                language="en",
            ),
            id="fundus",
        ),
        pytest.param(
            {"title": "The ferry sails", "text": TEXT, "domain": "harbourpost.example", "date": "2024-05-07", "url": URL},
            of(url=URL, publisher="harbourpost.example", headline="The ferry sails", published_at="2024-05-07"),
            id="cc_news",
        ),
        pytest.param(
            {
                "url": URL,
                "title": "The ferry sails",
                "publish_date": "2024-05-07",
                "indexed_date": "2024-05-09 00:00:00",
                "media_name": "Harbour Post",
                "media_url": "https://harbourpost.example/",
                "language": "en",
                "story_text": TEXT,
            },
            of(url=URL, publisher="Harbour Post", headline="The ferry sails", published_at="2024-05-07", language="en"),
            id="media-cloud-indexed-is-not-collected",
        ),
        pytest.param(
            {
                "url": URL,
                "title": "The ferry sails",
                "seendate": "20240507T083000Z",
                "domain": "harbourpost.example",
                "language": "English",
                "text": TEXT,
            },
            of(
                url=URL,
                publisher="harbourpost.example",
                headline="The ferry sails",
                fetched_at="20240507T083000Z",
                language="English",
            ),
            id="gdelt-seen-is-not-published",
        ),
        pytest.param(
            {"source_domain": "www.harbourpost.example", "text": TEXT}, of(publisher="harbourpost.example"), id="www"
        ),
        pytest.param(
            {"DocumentIdentifier": URL, "SourceCommonName": "harbourpost.example", "text": TEXT},
            of(url=URL, publisher="harbourpost.example"),
            id="gdelt-gkg",
        ),
        pytest.param({"article": TEXT, "highlights": "By others.", "id": "ab12"}, of(), id="cnn_dailymail"),
        pytest.param({"document": TEXT, "summary": "By others.", "id": "1"}, of(), id="xsum"),
        pytest.param(
            {
                "date": "2024-05-07 08:30:00",
                "year": 2024,
                "author": "Mara Oduya and Tom Reyes",
                "title": "The ferry sails",
                "article": TEXT,
                "url": URL,
                "section": "Harbour",
                "publication": "Harbour Post",
            },
            of(
                url=URL,
                publisher="Harbour Post",
                headline="The ferry sails",
                authors=("Mara Oduya", "Tom Reyes"),
                published_at="2024-05-07 08:30:00",
                section="Harbour",
            ),
            id="all-the-news",
        ),
        pytest.param(
            {
                "@type": "NewsArticle",
                "headline": "The ferry sails",
                "articleBody": TEXT,
                "datePublished": "2024-05-07T08:30:00Z",
                "author": [{"@type": "Person", "name": "Mara Oduya"}],
                "publisher": {"@type": "Organization", "name": "Harbour Post"},
                "mainEntityOfPage": {"@id": URL},
            },
            of(
                url=URL,
                publisher="Harbour Post",
                headline="The ferry sails",
                authors=("Mara Oduya",),
                published_at="2024-05-07T08:30:00Z",
            ),
            id="schema-org",
        ),
        pytest.param(
            {
                "source": {"id": None, "name": "Harbour Post"},
                "author": "Mara Oduya",
                "title": "The ferry sails",
                "url": URL,
                "publishedAt": "2024-05-07T08:30:00Z",
                "content": TEXT,
            },
            of(
                url=URL,
                publisher="Harbour Post",
                headline="The ferry sails",
                authors=("Mara Oduya",),
                published_at="2024-05-07T08:30:00Z",
            ),
            id="newsapi",
        ),
        pytest.param(
            {"title": "The ferry sails", "text": TEXT, "source": URL, "hostname": "harbourpost.example"},
            of(url=URL, publisher="harbourpost.example", headline="The ferry sails"),
            id="trafilatura-source-is-an-address",
        ),
        pytest.param(
            {"text": TEXT, "title": "The ferry sails", "url": URL, "date": "2024-05-07", "source": "Harbour Post"},
            of(url=URL, publisher="Harbour Post", headline="The ferry sails", published_at="2024-05-07"),
            id="plain",
        ),
        pytest.param(
            {"Title": "The ferry sails", "TEXT": TEXT, "Publish Date": "2024-05-07"},
            of(headline="The ferry sails", published_at="2024-05-07"),
            id="header-of-a-spreadsheet",
        ),
        pytest.param({"page_content": TEXT, "metadata": {"source": URL}}, of(url=URL), id="langchain-metadata"),
        pytest.param({"text": TEXT, "meta": {"url": URL, "title": "In it"}, "title": "Own"}, of(url=URL, headline="Own"), id="own-field-before-nested-one"),
        pytest.param({"_source": {"maintext": TEXT, "url": URL}}, of(url=URL), id="elasticsearch-dump"),
        pytest.param({"text": TEXT, "source.name": "Harbour Post"}, of(publisher="Harbour Post"), id="flattened-name"),
    ],
)  # fmt: skip
def test_dialect(values: dict[str, Any], metadata: RawMetadata) -> None:
    found = article(values)
    assert (found.text, found.metadata) == (TEXT, metadata)
    assert (found.start_byte, found.blocks, found.encoding, found.input_format) == (None, (), "utf-8", "jsonl")


def test_every_row_of_the_table_names_a_known_field() -> None:
    known = {*RawMetadata.__dataclass_fields__} - {"sources"}
    assert known | {"text", "fragment", "html", "teaser"} == FIELDS
    assert all(rows for rows in KNOWN_FIELDS.values())


# ── The text ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_paragraphs_as_a_list() -> None:
    assert article({"text": ["One.", "Two."]}).text == "One.\n\nTwo."


def test_sections_as_fundus_writes_them() -> None:
    body = {"summary": ["In short."], "sections": [{"headline": [], "paragraphs": ["One."]}, {"headline": ["Then"], "paragraphs": ["Two.", "Three."]}]}  # fmt: skip
    found = article({"body": body, "plaintext": "all of it"})
    parts = [(block.kind, found.text[block.start_char : block.end_char]) for block in found.blocks]
    assert parts == [
        ("standfirst", "In short."),
        ("paragraph", "One."),
        ("subhead", "Then"),
        ("paragraph", "Two."),
        ("paragraph", "Three."),
    ]
    assert found.text == "\n\n".join(text for _, text in parts)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param("Tom &amp; Mara said &quot;yes&quot;.", 'Tom & Mara said "yes".', id="references"),
        pytest.param("at harbour.example/?a=1&copy=2", "at harbour.example/?a=1&copy=2", id="address-kept"),
        pytest.param("3 < 4 and 5 > 4", "3 < 4 and 5 > 4", id="less-than-is-not-a-tag"),
        pytest.param("a\x00b c", "a\x00b c", id="nul-is-left-for-normalise"),
    ],
)
def test_plain_text(given: str, text: str) -> None:
    assert article({"text": given}).text == text


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"html": PAGE}, id="page"),
        pytest.param({"text": PAGE}, id="page-named-text"),
        pytest.param({"maintext": None, "raw_html": PAGE}, id="page-beside-a-null-text"),
        pytest.param({"html": {"content": PAGE}}, id="page-in-an-object"),
    ],
)
def test_page_is_read_as_a_page(values: dict[str, Any]) -> None:
    found = article({**values, "title": "Title of the record", "url": URL})
    assert "counted 3 ferries" in found.text
    assert "<p>" not in found.text
    assert (found.metadata.headline, found.metadata.source_of("headline")) == ("Title of the record", "record")
    assert found.metadata.source_of("language") == "html"
    assert found.input_format == "jsonl"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"content_html": "<p>One &amp; all.</p><p>Two.</p>"}, id="named-html"),
        pytest.param({"text": "<p>One &amp; all.</p><p>Two.</p>"}, id="named-text"),
        pytest.param({"content": {"rendered": "<p>One &amp; all.</p><p>Two.</p>"}}, id="wordpress"),
        pytest.param({"text": "One <b>&amp;</b> all.\n\nTwo."}, id="inline-tags-between-lines"),
    ],
)
def test_markup_in_a_field(values: dict[str, Any]) -> None:
    assert article(values).text == "One & all.\n\nTwo."


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        pytest.param({"title": "Ferry", "description": "The ferry sails."}, ("feed_teaser",), id="no-field-for-a-text"),
        pytest.param({"text": "The ferry sails.", "description": "It does."}, (), id="text"),
        pytest.param({"content": "The ferry sails.… [+1234 chars]"}, ("feed_teaser",), id="cut-short-by-newsapi"),
    ],
)
def test_teaser(values: dict[str, Any], flags: tuple[str, ...]) -> None:
    found = article(values)
    assert (found.text, found.flags) == ("The ferry sails.", flags)


def test_description_is_not_the_text_if_extraction_failed() -> None:
    found = reject({"maintext": None, "description": "The ferry sails."})
    assert found.reason == "no_text"
    assert "no text under maintext" in found.detail


@pytest.mark.parametrize(
    ("description", "standfirst"),
    [
        pytest.param("The harbour is open again.", "The harbour is open again.", id="adds-to-the-text"),
        pytest.param("The ferry sails at noon, the harbour master said.", None, id="repeats-the-beginning"),
        pytest.param("The harbour is open again and …", None, id="cut-short"),
    ],
)
def test_description(description: str, standfirst: str | None) -> None:
    assert article({"text": TEXT, "description": description}).metadata.standfirst == standfirst


# ── Metadata ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("date", "published_at"),
    [
        pytest.param(1715070600, "2024-05-07T08:30:00+00:00", id="seconds"),
        pytest.param(1715070600.5, "2024-05-07T08:30:00+00:00", id="seconds-with-a-fraction"),
        pytest.param(1715070600000, "2024-05-07T08:30:00+00:00", id="milliseconds"),
        pytest.param("1715070600", "2024-05-07T08:30:00+00:00", id="seconds-as-text"),
        pytest.param(20240507, "2024-05-07", id="day-as-number"),
        pytest.param("20240507083000", "2024-05-07T08:30:00", id="timestamp-without-zone"),
        pytest.param("20240507T083000Z", "20240507T083000Z", id="iso-basic"),
        pytest.param(2016, "2016", id="year"),
        pytest.param("May 7, 2024", "May 7, 2024", id="as-printed"),
        *[pytest.param(nothing, None, id=f"nothing-{nothing}") for nothing in ("None", "null", "NaT", "", " ", None)],
        pytest.param(0, None, id="zero"),
        pytest.param(-1, None, id="negative"),
        pytest.param(True, None, id="boolean"),
        pytest.param({"year": 2024}, None, id="object"),
    ],
)
def test_date(date: Any, published_at: str | None) -> None:
    assert article({"text": TEXT, "published": date}).metadata.published_at == published_at


@pytest.mark.parametrize(
    ("author", "authors"),
    [
        pytest.param("Mara Oduya, Tom Reyes", ("Mara Oduya", "Tom Reyes"), id="commas"),
        pytest.param("By Mara Oduya and Tom Reyes", ("Mara Oduya", "Tom Reyes"), id="byline"),
        pytest.param("['Mara Oduya', 'Tom Reyes']", ("Mara Oduya", "Tom Reyes"), id="list-as-python-prints-it"),
        pytest.param({"name": "Mara Oduya"}, ("Mara Oduya",), id="object"),
        pytest.param([{"name": "Mara Oduya"}, {"name": None}, 3], ("Mara Oduya",), id="objects"),
        pytest.param("https://harbourpost.example/people/7", (), id="address"),
        pytest.param("admin", (), id="admin"),
        pytest.param("Harbour Post", (), id="publisher"),
        pytest.param("[", (), id="bracket"),
        pytest.param("nan", (), id="missing"),
        pytest.param(7, (), id="number"),
    ],
)
def test_authors(author: Any, authors: tuple[str, ...]) -> None:
    assert article({"text": TEXT, "author": author, "publisher": "Harbour Post"}).metadata.authors == authors


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(URL, URL, id="article"),
        pytest.param("https://harbourpost.example/?p=7", "https://harbourpost.example/?p=7", id="query"),
        pytest.param("https://harbourpost.example/", None, id="home-page-is-not-an-article"),
        pytest.param("harbour", None, id="word"),
    ],
)
def test_address(url: str, expected: str | None) -> None:
    assert article({"text": TEXT, "url": url}).metadata.url == expected


def test_value_of_a_wrong_type_is_noted() -> None:
    found = article({"text": TEXT, "title": ["a", "b"], "date": {"year": 2024}})
    assert found.metadata == of()
    assert found.notes == (
        "'title' is a list, which is not a headline, and was ignored",
        "'date' is an object, which is not a published_at, and was ignored",
    )


def test_sidecar_takes_precedence_over_the_record() -> None:
    sidecar = RawMetadata.of("sidecar", publisher="Harbour Post")
    data = orjson.dumps({"text": TEXT, "publisher": "Post, Harbour", "title": "The ferry sails"})
    ref = RawRef("wire", "a.json", "0", digest(data))
    found = read_fields(RawRecord(ref, "json", data, "json", given=sidecar), Options())
    assert isinstance(found, RawArticle)
    assert (found.metadata.publisher, found.metadata.source_of("publisher")) == ("Harbour Post", "sidecar")
    assert (found.metadata.headline, found.metadata.source_of("headline")) == ("The ferry sails", "record")


# ── --fields ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_chosen_fields_replace_known_ones() -> None:
    values = {"text": "not this", "pages": [{"body.x": 1, "body": TEXT}], "kop": "The ferry sails", "title": "No"}
    found = article(values, text="pages[0].body", headline="kop")
    assert (found.text, found.metadata.headline) == (TEXT, "The ferry sails")


def test_chosen_name_with_a_dot() -> None:
    assert article({"a.b": TEXT, "a": {"b": "no"}}, text="a.b").text == TEXT


def test_chosen_page_takes_precedence_over_a_known_text() -> None:
    assert "counted 3 ferries" in article({"text": "not this", "bron": PAGE}, html="bron").text


def test_chosen_text_that_the_record_lacks() -> None:
    found = reject({"text": TEXT, "kop": "x"}, text="tekst")
    assert found.reason == "no_text"
    assert "no text under tekst; the record's fields are: text, kop" in found.detail


@pytest.mark.parametrize("path", ["", ".", "a..b", "a[", "a[x]", "[0]", "a.b."])
def test_invalid_path(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        parse_path(path)


# ── Bad records ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        pytest.param(b'{"title": "The ferry"}', "no_text", "fields are: title; name the field with the text", id="no-text"),
        pytest.param(b'{"text": "  "}', "no_text", "no text under text", id="blank-text"),
        pytest.param(b'{"text": "nan"}', "no_text", "no text under text", id="text-is-nan"),
        pytest.param(b"{}", "no_text", "fields are: none", id="no-fields"),
        pytest.param(b'{"text": 7}', "broken_record", "'text' is a number, but text", id="text-is-a-number"),
        pytest.param(b'{"content": {"x": 1}}', "broken_record", "'content' is an object, but", id="text-is-an-object"),
        pytest.param(b'{"text": "a', "broken_record", "invalid JSON", id="truncated"),
        pytest.param(b"not json", "broken_record", "invalid JSON", id="not-json"),
        pytest.param(b"[1, 2]", "broken_record", "found a list", id="list"),
        pytest.param(b'{"text": "a"},', "broken_record", "name it .json", id="line-of-an-array"),
        pytest.param(b'{"text": "a", "n": NaN}', "broken_record", "write null", id="nan"),
        pytest.param(b'{"text": "a", "n": 1e999}', "broken_record", "infinity", id="number-too-large"),
        pytest.param(b'{"text": "\\ud800"}', "broken_record", "surrogate", id="lone-surrogate"),
        pytest.param(b'{"text": "caf\xe9 noir"}', "undecodable", "byte 0xe9 at 13", id="cp1252"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested_too_deep", "a thousand levels deep", id="deep-objects"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, "nested_too_deep", "a thousand levels deep", id="deep-lists"),
        pytest.param(
            b'{"document": "One. ||||| Two."}', "broken_record", "several articles", id="several-articles-in-one"
        ),
    ],
)  # fmt: skip
def test_bad_record(data: bytes, reason: str, detail: str) -> None:
    found = read_fields(record(data), Options())
    assert isinstance(found, Reject)
    assert (found.reason, found.raw_record, found.raw_sha256) == (reason, "7", digest(data))
    assert detail in found.detail


def test_list_nested_as_deep_as_the_parser_allows() -> None:
    deep = b"[" * 1_000 + b"]" * 1_000
    found = read_fields(record(b'{"text":"The ferry.","title":' + deep + b',"author":' + deep + b"}"), Options())
    assert isinstance(found, RawArticle)
    assert found.metadata == of()


def test_message_for_100_000_fields_is_short() -> None:
    found = reject({f"field{n}": n for n in range(100_000)})
    assert found.reason == "no_text"
    assert len(found.detail) < 1_000


KEYS = st.sampled_from([*KNOWN_FIELDS, "metadata", "html", "body", "sections", "other"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON | st.dictionaries(KEYS, JSON, max_size=6))
def test_every_record_becomes_an_article_or_a_reject(values: Any) -> None:
    found = read(values)
    if isinstance(found, RawArticle):
        assert found.text.strip()
        assert set(found.metadata.sources) == {
            name for name in RawMetadata.__dataclass_fields__ if name != "sources" and getattr(found.metadata, name)
        }
        ends = [0, *(block.end_char for block in found.blocks)]
        assert all(end <= block.start_char for end, block in zip(ends, found.blocks, strict=False))
    else:
        assert found.detail
