"""RTF documents, read as a reader sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contract import RawArticle, RawMetadata, RawRef, Reject
from pipeline.read.records import Options, RawRecord, digest
from pipeline.read.rtf import MAX_SHOWN_CHARS, read_rtf
from tests.bounds import processor_seconds_below


def read(document: bytes, **more: object) -> RawArticle | Reject:
    ref = RawRef("wire", "story.rtf", "0", digest(document))
    return read_rtf(RawRecord(ref, "rtf", document, "rtf", **more), Options())  # type: ignore[arg-type]


def text(document: bytes) -> str:
    article = read(document)
    assert isinstance(article, RawArticle), article.detail
    return article.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            rb"The bridge will close.\par The ferry sails.", "The bridge will close.\nThe ferry sails.", id="par"
        ),
        pytest.param(
            b"The bridge.\\\nThe ferry.\\\r\nThe pier.", "The bridge.\nThe ferry.\nThe pier.", id="escaped-line"
        ),
        pytest.param(rb"the harbour\'92s bridge", "the harbour\u2019s bridge", id="code-page"),
        pytest.param(b"the harbour\x92s bridge", "the harbour\u2019s bridge", id="unescaped-byte"),
        pytest.param(rb"the harbour\u8217\'92s bridge", "the harbour\u2019s bridge", id="unicode-with-its-stand-in"),
        pytest.param(rb"\uc0\u8220 Go\u8221", "\u201cGo\u201d", id="unicode-without-a-stand-in"),
        pytest.param(rb"so happy \u-10179?\u-8704? today", "so happy \U0001f600 today", id="letter-in-two-halves"),
        pytest.param(rb"\ldblquote Go,\rdblquote  she said", "\u201cGo,\u201d she said", id="named-marks"),
        pytest.param(rb"\{sic\} and \\ as they are", "{sic} and \\ as they are", id="escaped-braces"),
        pytest.param(rb"The {\b bold} and {\i slanted}", "The bold and slanted", id="letters-by-their-looks"),
        pytest.param(rb"The {\v secret }bridge", "The bridge", id="hidden-group"),
        pytest.param(rb"The \v secret \v0 bridge", "The bridge", id="hidden-until-switched-off"),
        pytest.param(rb"The \v secret {\plain shown} secret\v0  bridge", "The shown bridge", id="shown-within-hidden"),
        pytest.param(rb"The \v \'e9\u233?\par \v0 bridge", "The bridge", id="hidden-escapes"),
        pytest.param(rb"The {\deleted old }{\revised new }bridge", "The new bridge", id="revision"),
        pytest.param(rb"The {\pict\pngblip 89504e470d0a}bridge", "The bridge", id="picture"),
        pytest.param(b"The {\\pict{\\*\\x 1}\\bin5 }}{\\\xff}bridge", "The bridge", id="picture-in-binary"),
        pytest.param(rb"The {\*\generator Writer 1;}bridge", "The bridge", id="a-group-one-may-leave-out"),
        pytest.param(rb"The bridge{\footnote Built in 1931.}", "The bridge", id="footnote"),
        pytest.param(rb"{\header Page 1}{\footer Draft}The bridge", "The bridge", id="page-header"),
        pytest.param(rb"{\info{\title Untitled}{\author Owner}}The bridge", "The bridge", id="properties"),
        pytest.param(
            rb'The {\field{\*\fldinst{HYPERLINK "https://coast.example/"}}{\fldrslt{bridge}}} shut',
            "The bridge shut",
            id="link-without-its-address",
        ),
        pytest.param(rb"HYPERLINK is a word", "HYPERLINK is a word", id="word-without-link"),
        pytest.param(rb"\trowd Pier\cell 3\cell\row", "Pier\t3\t\n", id="table"),
        pytest.param(rb"The bridge} and what follows", "The bridge", id="bytes-after-the-end"),
    ],
)
def test_text(body: bytes, expected: str) -> None:
    assert text(rb"{\rtf1\ansi\ansicpg1252\deff0 " + body + b"}") == expected


@pytest.mark.parametrize(
    ("document", "expected", "encoding"),
    [
        pytest.param(rb"{\rtf1\ansi \'e9}", "\xe9", "cp1252", id="ansi"),
        pytest.param(
            rb"{\rtf1\ansi\ansicpg1251 \'cc\'ee\'f1\'f2}", "\u041c\u043e\u0441\u0442", "cp1251", id="cyrillic"
        ),
        pytest.param(rb"{\rtf1\ansi\ansicpg932 \'8b\'b4}", "\u6a4b", "cp932", id="two-bytes-a-letter"),
        pytest.param(rb"{\rtf1\ansi\ansicpg65001 \'c3\'a9}", "\xe9", "utf-8", id="utf-8"),
        pytest.param(rb"{\rtf1\mac \'8e}", "\xe9", "mac_roman", id="mac"),
        pytest.param(rb"{\rtf1\pc \'82}", "\xe9", "cp437", id="pc"),
        pytest.param(
            rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}\f0 \'e9 \f1 \'cc}",
            "\xe9 \u041c",
            "cp1252",
            id="by-font",
        ),
    ],
)
def test_character_sets(document: bytes, expected: str, encoding: str) -> None:
    article = read(document)
    assert isinstance(article, RawArticle)
    assert (article.text, article.encoding) == (expected, encoding)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(b"The bridge will close.", "broken_record", id="no-rtf"),
        pytest.param(rb"{\rtf1\ansi The bridge will", "broken_record", id="cut-short"),
        pytest.param(rb"{\rtf1\ansi The {\b bridge}", "broken_record", id="group-not-closed"),
        pytest.param(rb"{\rtf1{\pict\bin99999 abc}The bridge}", "broken_record", id="binary-beyond-the-end"),
        pytest.param(b"{\\rtf1 The bridge\\", "broken_record", id="lone-backslash"),
        pytest.param(rb"{\rtf1 The bridge\u9999999?}", "broken_record", id="no-such-letter"),
        pytest.param(rb"{\rtf1 The bridge\uc}", "broken_record", id="word-without-its-number"),
        pytest.param(rb"{\rtf1 half \u-10179? a letter}", "undecodable", id="half-a-letter"),
        pytest.param(rb"{\rtf1\ansi\ansicpg932 \'8b}", "undecodable", id="half-a-character"),
        pytest.param(rb"{\rtf1\ansi\ansicpg9999 \'e9}", "undecodable", id="unknown-code-page"),
        pytest.param(rb"{\rtf1\ansi\par\par}", "empty", id="no-text"),
        pytest.param(rb"{\rtf1 " + b"a" * MAX_SHOWN_CHARS + b"}", "too_large", id="too-large"),
    ],
)
def test_rejected(document: bytes, reason: str) -> None:
    reject = read(document)
    assert isinstance(reject, Reject)
    assert reject.reason == reason


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"{\\rtf1 " + b"{" * 500_000 + b"x" + b"}" * 500_001, id="nested-groups"),
        pytest.param(b"{\\rtf1 " + b"{\\field{\\*\\fldinst{ " * 50_000 + b"}" * 150_001, id="nested-fields"),
        pytest.param(b"{\\rtf1 {\\pict " + b"89" * 4_000_000 + b"}x}", id="huge-picture"),
        pytest.param(b"{\\rtf1" + b"\\ansi" * 200_000 + b" x}", id="endless-header"),
    ],
)
def test_bounded_time(document: bytes) -> None:
    with processor_seconds_below(10):
        read(document)


def test_metadata_is_passed_on() -> None:
    beside = RawMetadata.of("sidecar", url="https://coast.example/bridge")
    article = read(rb"{\rtf1 The bridge}", given=beside, notes=("note",), flags=("sidecar_unknown_keys",))
    assert isinstance(article, RawArticle)
    assert (article.metadata, article.notes, article.flags) == (beside, ("note",), ("sidecar_unknown_keys",))
    assert (article.input_format, article.start_byte) == ("rtf", None)


PIECES = st.sampled_from(
    rb"{ } \ \* \v \v0 \u233? \u-10179? \'e9 \uc2 \bin3 \fonttbl \f1 \fcharset128 \ansicpg \pict \cell \binfsxn1 ; 1".split()
)


@given(st.lists(st.one_of(PIECES, st.sampled_from([b" ", b"\n", b"\xe9"])), max_size=30).map(b"".join))
def test_any_document_is_an_article_or_a_reject(body: bytes) -> None:
    article = read(b"{\\rtf1\\ansi " + body + b"}")
    assert isinstance(article, RawArticle | Reject)
    if isinstance(article, RawArticle):
        article.text.encode("utf-8")
