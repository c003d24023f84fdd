"""Which bytes are text, and in which encoding."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from pipeline.contract import RawArticle, RawRef, Reject
from pipeline.read import text as text_module
from pipeline.read.text import decode, read_text

REF = RawRef("wire", "story.txt", "0", "")
STORY = "The café on Quay Street – “the Anchor” – reopens on Friday, its owner said."


def read(tmp_path: Path, raw: bytes, sidecar: str | None = None) -> RawArticle | Reject:
    path = tmp_path / "story.txt"
    path.write_bytes(raw)
    about = tmp_path / "story.json"
    if sidecar is not None:
        about.write_text(sidecar, "utf-8")
    (found,) = read_text(REF, path, about if sidecar is not None else None)
    return found


@pytest.mark.parametrize(
    ("raw", "encoding", "start_byte"),
    [
        pytest.param(STORY.encode(), "utf-8", 0, id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + STORY.encode(), "utf-8", 3, id="utf-8-with-bom"),
        pytest.param(codecs.BOM_UTF16_LE + STORY.encode("utf-16-le"), "utf-16-le", 2, id="utf-16-le-with-bom"),
        pytest.param(codecs.BOM_UTF16_BE + STORY.encode("utf-16-be"), "utf-16-be", 2, id="utf-16-be-with-bom"),
        pytest.param(STORY.encode("utf-16-le"), "utf-16-le", 0, id="utf-16-le-without-bom"),
        pytest.param(STORY.encode("utf-16-be"), "utf-16-be", 0, id="utf-16-be-without-bom"),
        pytest.param(STORY.encode("cp1252"), "cp1252", 0, id="cp1252"),
    ],
)
def test_encoding_is_found_and_the_text_is_unchanged(raw: bytes, encoding: str, start_byte: int) -> None:
    assert decode(raw) == (encoding, start_byte, STORY)
    assert raw[start_byte:].decode(encoding) == STORY


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        pytest.param(STORY.encode() + b" \xe9t\xe9", "byte 0xe9 at", id="mostly-utf-8-with-a-broken-byte"),
        pytest.param("naïve café".encode() + b"\xff", "byte 0xff at 12 is not utf-8", id="byte-that-utf-8-never-has"),
        pytest.param(b"A caf\xe9 and a hole \x81 here", "is not utf-8", id="byte-that-cp1252-does-not-define"),
        pytest.param(codecs.BOM_UTF8 + b"caf\xe9 there", "byte 0xe9 at 6 is not utf-8", id="bom-that-lies"),
        pytest.param(codecs.BOM_UTF16_LE + b"a\x00b", "is not utf-16-le", id="utf-16-cut-short"),
        pytest.param(bytes(range(0xC0, 0x100)) * 2, "is not utf-8", id="mostly-high-bytes-are-no-western-text"),
    ],
)
def test_undecodable_bytes_are_told_with_their_place(raw: bytes, said: str) -> None:
    found = decode(raw)
    assert isinstance(found, str)
    assert said in found


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"", "empty", id="no-bytes"),
        pytest.param(b" \r\n\t\n", "empty", id="only-white-space"),
        pytest.param("\u2003\u00a0\n".encode(), "empty", id="only-wide-white-space"),
        pytest.param(codecs.BOM_UTF16_LE + "  \n".encode("utf-16-le"), "empty", id="only-white-space-in-utf-16"),
        pytest.param(b"{\\rtf1\\ansi The ferry}", "disguised_format", id="rtf-called-txt"),
        pytest.param(b"%PDF-1.7\n", "disguised_format", id="pdf-called-txt"),
        pytest.param(b"PK\x03\x04rest", "disguised_format", id="zip-called-txt"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "disguised_format", id="image-called-txt"),
        pytest.param(b"\x1f\x8b\x08rest", "disguised_format", id="gzip-called-txt"),
        pytest.param(b"\n <!DOCTYPE html><html>", "disguised_format", id="page-called-txt"),
        pytest.param(b"The ferry\x00sails at noon", "binary", id="nul-byte"),
        pytest.param(b"\x01\x02\x03\x04 ferry", "binary", id="control-characters"),
        pytest.param(STORY.encode() + b"\xff", "undecodable", id="broken-byte"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, raw: bytes, reason: str) -> None:
    found = read(tmp_path, raw)
    assert isinstance(found, Reject)
    assert (found.stage, found.reason) == ("read", reason)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"Zip codes begin with PK in this town.", id="pk-in-the-text"),
        pytest.param(b"The <html> tag is thirty years old.", id="html-named-in-the-text"),
        pytest.param(b"Page one\x0cPage two, with a form feed", id="form-feed"),
        pytest.param(b"A stray \x02 in a long text. " + b"The ferry sails. " * 20, id="one-control-character"),
    ],
)
def test_text_that_only_looks_odd_is_read(tmp_path: Path, raw: bytes) -> None:
    found = read(tmp_path, raw)
    assert isinstance(found, RawArticle)
    assert found.text == raw.decode()


def test_dump_of_many_articles_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "MAX_BYTES", 10)
    found = read(tmp_path, STORY.encode())
    assert isinstance(found, Reject)
    assert found.reason == "too_large"


def test_sidecar_comes_along(tmp_path: Path) -> None:
    found = read(tmp_path, STORY.encode(), '{"publisher": "Harbour Post"}')
    assert isinstance(found, RawArticle)
    assert found.metadata.publisher == "Harbour Post"


def test_broken_sidecar_refuses_its_article(tmp_path: Path) -> None:
    found = read(tmp_path, STORY.encode(), "{")
    assert isinstance(found, Reject)
    assert found.reason == "broken_sidecar"
