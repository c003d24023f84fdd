"""Which bytes are text, and in which encoding."""

from __future__ import annotations

import codecs

import pytest

from pipeline.contract import RawArticle, RawRef, Reject
from pipeline.read.plain_text import decode, read_text
from pipeline.read.records import Options, RawRecord, whole_ref

REF = RawRef("wire", "story.txt", "", "")
STORY = "The café on Quay Street – “the Anchor” – reopens on Friday, its owner said."


def read(raw: bytes) -> RawArticle | Reject:
    return read_text(RawRecord(whole_ref(REF, raw), "text", raw, "text"), Options())


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
        pytest.param(codecs.BOM_UTF8 + b"caf\xe9 there", "byte 0xe9 at 6 is not utf-8", id="wrong-bom"),
        pytest.param(codecs.BOM_UTF16_LE + b"a\x00b", "is not utf-16-le", id="utf-16-cut-short"),
        pytest.param(bytes(range(0xC0, 0x100)) * 2, "is not utf-8", id="mostly-high-bytes-are-no-western-text"),
    ],
)
def test_undecodable_bytes_are_reported_with_their_offset(raw: bytes, said: str) -> None:
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
        pytest.param(b"The ferry\x00sails at noon", "binary", id="nul-byte"),
        pytest.param(b"\x01\x02\x03\x04 ferry", "binary", id="control-characters"),
        pytest.param(STORY.encode() + b"\xff", "undecodable", id="broken-byte"),
    ],
)
def test_binary_data_are_rejected(raw: bytes, reason: str) -> None:
    found = read(raw)
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
def test_text_that_only_looks_odd_is_read(raw: bytes) -> None:
    found = read(raw)
    assert isinstance(found, RawArticle)
    assert found.text == raw.decode()
