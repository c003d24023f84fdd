"""What a file is by its first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.read.sniff import SIGNATURES, FileKind, describe_kind, recognise
from tests.bounds import processor_seconds_below

STORY = b"ORVILLE (Coast Wire) - The harbour bridge will close on Monday, the port authority said.\n"


def zipped(*names: str, content: bytes = STORY) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(name, content)
        return file.getvalue()


def tarred() -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            entry = tarfile.TarInfo("story.txt")
            entry.size = len(STORY)
            archive.addfile(entry, io.BytesIO(STORY))
        return file.getvalue()


def parquet() -> bytes:
    with io.BytesIO() as file:
        pq.write_table(pa.table({"text": ["The bridge will close."]}), file)
        return file.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(gzip.compress(STORY), "gzip", id="gzip"),
        pytest.param(bz2.compress(STORY), "bzip2", id="bzip2"),
        pytest.param(bz2.compress(b""), "bzip2", id="bzip2-of-nothing"),
        pytest.param(lzma.compress(STORY), "xz", id="xz"),
        pytest.param(zstandard.compress(STORY), "zstd", id="zstd"),
        pytest.param(b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstandard.compress(STORY), "zstd", id="zstd-skippable"),
        pytest.param(zipped("story.txt"), "zip", id="zip"),
        pytest.param(zipped(), "zip", id="empty-zip"),
        pytest.param(zipped("word/of/mouth.txt"), "zip", id="zip-with-a-folder-called-word"),
        pytest.param(zipped("[Content_Types].xml", "word/document.xml"), "word", id="docx"),
        pytest.param(zipped("[Content_Types].xml", "xl/workbook.xml"), "office", id="xlsx"),
        pytest.param(
            zipped("mimetype", content=b"application/vnd.oasis.opendocument.text"), "word", id="opendocument-text"
        ),
        pytest.param(zipped("mimetype", content=b"application/epub+zip"), "epub", id="epub"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "word", id="old-word"),
        pytest.param(tarred(), "tar", id="tar"),
        pytest.param(b"Rar!\x1a\x07\x01\x00", "archive", id="rar"),
        pytest.param(b"WARC/1.0\r\nWARC-Type: warcinfo\r\n", "warc", id="warc"),
        pytest.param(b"{\\rtf1\\ansi The bridge}", "rtf", id="rtf"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3", "pdf", id="pdf"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00", "image", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0\x00\x10JFIF", "image", id="jpeg"),
        pytest.param(b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36", "image", id="bmp"),
        pytest.param(b"\x00\x00\x00\x18ftypheic", "image", id="heic"),
        pytest.param(b"\x00\x00\x00\x18ftypmp42", "media", id="mp4"),
        pytest.param(b"ID3\x04\x00\x00", "media", id="mp3"),
        pytest.param(parquet(), "parquet", id="parquet"),
        pytest.param(b"SQLite format 3\x00", "table", id="sqlite"),
        pytest.param(b"MZ\x90\x00\x03\x00", "executable", id="windows-program"),
        pytest.param(b"\x7fELF\x02\x01", "executable", id="linux-program"),
        pytest.param(
            b'From: <Saved by Browser>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\tboundary="x"\r\n',
            "mhtml",
            id="mhtml",
        ),
        pytest.param(b'{"text": "The bridge"}\n{"text": "The ferry"}\n', "jsonl", id="jsonl"),
        pytest.param(b'{\n  "text": "The bridge"\n}', "json", id="json-object"),
        pytest.param(b'[\n  {"text": "The bridge"}]', "json", id="json-array"),
        pytest.param(b"[]", "json", id="empty-json-array"),
    ],
)
def test_recognise_formats(content: bytes, kind: FileKind) -> None:
    assert recognise(content[:4096]) == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param("<!DOCTYPE html><title>Bridge</title>", "html", id="doctype"),
        pytest.param("\n  <HTML lang=en>", "html", id="capitals-after-white-space"),
        pytest.param("\ufeff<html>", "html", id="byte-order-mark"),
        pytest.param("<!-- saved from url=(0028)https://coast.example/ -->\n<html>", "html", id="comment-first"),
        pytest.param('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">', "html", id="xhtml"),
        pytest.param("<article><p>The bridge will close.</p></article>", "html", id="piece-of-a-page"),
        pytest.param('<?xml version="1.0"?><rss version="2.0">', "feed", id="rss"),
        pytest.param('<?xml version="1.0"?><?xml-stylesheet href="a.css"?>\n<feed xmlns="x">', "feed", id="atom"),
        pytest.param('<rdf:RDF xmlns:rdf="r" xmlns="http://purl.org/rss/1.0/">', "feed", id="rss-1"),
        pytest.param('<?xml version="1.0"?><rdf:RDF xmlns:rdf="r">', "xml", id="rdf-without-a-feed"),
        pytest.param('<?xml version="1.0"?><urlset xmlns="s">', "sitemap", id="sitemap"),
        pytest.param('<?xml version="1.0"?><!DOCTYPE nitf SYSTEM "nitf.dtd"><nitf>', "newsml", id="nitf"),
        pytest.param('<?xml version="1.0"?><newsItem xmlns="n">', "newsml", id="newsml-g2"),
        pytest.param('<?xml version="1.0"?><library>', "xml", id="other-xml"),
        pytest.param('<svg xmlns="s">', "image", id="svg"),
    ],
)
def test_recognise_markup(content: str, kind: FileKind) -> None:
    assert recognise(content.encode()) == kind
    assert recognise(content.removeprefix("\ufeff").encode("utf-16")) == kind


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(STORY, id="a-story"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"BMW will close its plant.", id="text-that-begins-like-a-bitmap"),
        pytest.param(b"MZ Holdings said on Monday", id="text-that-begins-like-a-program"),
        pytest.param(b"PK won the final.", id="text-that-begins-like-a-zip"),
        pytest.param(b"BZh9 is how the file began", id="text-that-begins-like-bzip2"),
        pytest.param(b"<Ms Orr> said", id="words-in-angle-brackets"),
        pytest.param(b"[Photo: the bridge]", id="text-in-brackets"),
        pytest.param(b"{Correction} The bridge", id="text-in-braces"),
        pytest.param(b"From: the harbour\nTo: the bridge\n", id="text-like-headers"),
        pytest.param("\u201cThe bridge will close,\u201d she said.".encode("utf-16"), id="utf-16"),
    ],
)
def test_plain_text_is_not_recognised(content: bytes) -> None:
    assert recognise(content) is None


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b" " * 4096, id="white-space"),
        pytest.param(b"<!---->" * 585, id="comments"),
        pytest.param(b"<?a?>" * 819, id="instructions"),
        pytest.param(b"<!doctype [" * 372, id="unclosed-doctypes"),
        pytest.param(b"a:\n" * 1365, id="headers"),
        pytest.param(b'{"' * 2048, id="braces"),
        pytest.param(b'{"' + b"}" * 4094, id="closing-braces"),
    ],
)
def test_no_head_is_slow(head: bytes) -> None:
    with processor_seconds_below(1):
        recognise(head)


@given(st.binary(max_size=600))
def test_any_bytes_have_an_answer(head: bytes) -> None:
    assert recognise(head) in {None, *get_args(FileKind)}


@given(st.text(max_size=200))
def test_any_markup_has_an_answer(text: str) -> None:
    assert recognise(f"<?xml {text}".encode()) in {None, *get_args(FileKind)}


def test_each_kind_has_words() -> None:
    assert all(describe_kind(kind) for kind in get_args(FileKind))
    assert {kind for kind, _ in SIGNATURES} <= set(get_args(FileKind))
