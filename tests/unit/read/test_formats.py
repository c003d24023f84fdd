"""The format of a file, by its name and its first bytes, which override the name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipeline.contract import RawArticle, Reject, Skip
from pipeline.read import Options, RawFile, RawRecord, frame_file, read_record
from pipeline.read.records import Framed

PAGE = (
    b"<!doctype html><html lang='en'><head><title>Ferry</title></head><body><article><h1>Ferry sails again</h1>"
    + b"<p>The ferry to Port Ellery will sail again on Wednesday, the harbour board said.</p>" * 3
    + b"</article></body></html>"
)
TEXT = b"The ferry to Port Ellery will sail again on Wednesday."
RSS = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>Post</title><item><title>Ferry</title>'
    b"<link>https://post.example/ferry</link><description>The ferry sails.</description></item></channel></rss>"
)
LINE = b'{"text": "The ferry sails again.", "title": "Ferry"}\n'
WARC = (
    b"WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Date: 2024-05-07T08:00:00Z\r\n"
    b"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\nContent-Length: 2\r\n\r\nab\r\n\r\n"
)


def frame(folder: Path, name: str, content: bytes) -> list[Framed]:
    path = folder / name
    path.write_bytes(content)
    return list(frame_file(RawFile("wire", name, str(path)), Options()))


@pytest.mark.parametrize(
    ("name", "content", "kind", "input_format"),
    [
        pytest.param("a.txt", TEXT, "text", "text", id="text"),
        pytest.param("A.TXT", TEXT, "text", "text", id="capitals"),
        pytest.param("a.html", PAGE, "html", "html", id="page"),
        pytest.param("a.txt", PAGE, "html", "html", id="page-named-txt"),
        pytest.param("index", PAGE, "html", "html", id="page-without-ending"),
        pytest.param("a.php", PAGE, "html", "html", id="page-with-an-ending-of-its-server"),
        pytest.param("a.html", b"The ferry <b>sails</b>.", "html", "html", id="page-that-does-not-look-like-one"),
        pytest.param("a.rtf", rb"{\rtf1 The ferry sails.}", "rtf", "rtf", id="rtf"),
        pytest.param("a.txt", rb"{\rtf1 The ferry sails.}", "rtf", "rtf", id="rtf-named-txt"),
        pytest.param("a.jsonl", LINE, "json", "jsonl", id="json-lines"),
        pytest.param("a.txt", LINE * 2, "json", "jsonl", id="json-lines-named-txt"),
        pytest.param("a.json", LINE, "json", "json", id="json"),
        pytest.param("a.csv", b"title,text\nFerry,<p>The ferry sails.\n", "json", "csv", id="table"),
        pytest.param("a.csv", b"text,title\n<p>The ferry sails.,Ferry\n", "json", "csv", id="table-of-markup"),
        pytest.param("a.xml", RSS, "json", "feed", id="feed"),
        pytest.param("a.txt", RSS, "json", "feed", id="feed-named-txt"),
        pytest.param("a.txt.gz", gzip.compress(TEXT), "text", "text", id="compressed-text"),
        pytest.param("a.txt", gzip.compress(TEXT), "text", "text", id="compressed-text-named-txt"),
        pytest.param("a.html.gz", gzip.compress(PAGE), "html", "html", id="compressed-page"),
    ],
)
def test_format_is_found(tmp_path: Path, name: str, content: bytes, kind: str, input_format: str) -> None:
    records = frame(tmp_path, name, content)
    assert records
    for record in records:
        assert isinstance(record, RawRecord), record
        assert (record.kind, record.input_format) == (kind, input_format)


@pytest.mark.parametrize(
    ("name", "content", "reason", "said"),
    [
        pytest.param("a.txt", b"%PDF-1.7\n", "disguised_format", "a PDF document", id="pdf-named-txt"),
        pytest.param("a.html", b"%PDF-1.7\n", "disguised_format", "a PDF document", id="pdf-named-html"),
        pytest.param("a.pdf", b"%PDF-1.7\n", "disguised_format", "a PDF document", id="pdf"),
        pytest.param("a.html", b"\x89PNG\r\n\x1a\n", "disguised_format", "an image", id="image-named-html"),
        pytest.param("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "disguised_format", "a Word document", id="word"),
        pytest.param("a.xml", b"<?xml version='1.0'?><urlset></urlset>", "disguised_format", "a sitemap", id="sitemap"),
        pytest.param("a.css", b"body { color: red }", "unknown_format", "'.css'", id="ending-that-is-not-known"),
        pytest.param("notes", TEXT, "unknown_format", "(none)", id="no-ending"),
    ],
)
def test_reject_names_the_kind_of_file(tmp_path: Path, name: str, content: bytes, reason: str, said: str) -> None:
    (reject,) = frame(tmp_path, name, content)
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.raw_record) == (reason, "0")
    assert said in reject.detail


@pytest.mark.parametrize(("name", "content"), [("a.warc", WARC), ("a.warc.gz", gzip.compress(WARC)), ("dump", WARC)])
def test_warc_is_framed_by_name_and_by_content(tmp_path: Path, name: str, content: bytes) -> None:
    (skip,) = frame(tmp_path, name, content)
    assert isinstance(skip, Skip)
    assert (skip.reason, skip.ref.raw_record) == ("no_response", "0")


def test_broken_sidecar_refuses_its_article(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    (tmp_path / "a.json").write_bytes(b"{")
    (reject,) = frame_file(RawFile("wire", "a.txt", str(tmp_path / "a.txt"), str(tmp_path / "a.json")), Options())
    assert isinstance(reject, Reject)
    assert reject.reason == "broken_sidecar"


def test_sidecar_is_part_of_a_records_digest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    found = []
    for content in (b'{"section": "City"}', b'{"section": "Harbour"}'):
        (tmp_path / "a.json").write_bytes(content)
        (record,) = frame_file(RawFile("wire", "a.txt", str(tmp_path / "a.txt"), str(tmp_path / "a.json")), Options())
        assert isinstance(record, RawRecord)
        found.append(record)
    assert found[0].ref == found[1].ref
    assert found[0].content_sha256 != found[1].content_sha256
    assert [record.given.section for record in found] == ["City", "Harbour"]


def test_sidecar_overrides_the_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(PAGE)
    (tmp_path / "a.json").write_bytes(b'{"headline": "Ferry is back"}')
    (record,) = frame_file(RawFile("wire", "a.html", str(tmp_path / "a.html"), str(tmp_path / "a.json")), Options())
    assert isinstance(record, RawRecord)
    article = read_record(record, Options())
    assert isinstance(article, RawArticle)
    assert (article.metadata.headline, article.metadata.source_of("headline")) == ("Ferry is back", "sidecar")
