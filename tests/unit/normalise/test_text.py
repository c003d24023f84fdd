"""Raw spans of the text, and repairs of the text."""

from __future__ import annotations

import pytest

from pipeline.contract import Article, RawArticle, RawRef
from pipeline.normalise import normalise

REF = RawRef("wire", "a.txt", "0", "f" * 64)
STORY = (
    "Café on the quay reopens after the flood\n\n"
    "LONDON, May 7 2024 – The café on the quay – “the Anchor” – reopened on Tuesday, its owner said.\n\n"
    "Some 40 guests had waited since noon for a table by the window and for soup.\n"
)


def article(text: str, encoding: str = "utf-8", start_byte: int = 0) -> Article:
    found = normalise(RawArticle(REF, "text", encoding, text, start_byte))
    assert isinstance(found, Article)
    return found


def text_with_spans(found: Article) -> str:
    return "".join(found.text[span.start_char : span.end_char] for span in found.raw_spans)


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        pytest.param("utf-8", b"", id="utf-8"),
        pytest.param("utf-8", b"\xef\xbb\xbf", id="utf-8-with-bom"),
        pytest.param("utf-16-le", b"\xff\xfe", id="utf-16"),
        pytest.param("cp1252", b"", id="cp1252"),
    ],
)
def test_raw_spans_decode_to_the_text(encoding: str, bom: bytes) -> None:
    raw = bom + STORY.encode(encoding)
    found = article(STORY, encoding, len(bom))
    for span in found.raw_spans:
        assert raw[span.start_byte : span.end_byte].decode(encoding) == found.text[span.start_char : span.end_char]
    assert "".join(text_with_spans(found).split()) == "".join(found.text.split())


def test_repaired_mojibake_has_no_raw_span() -> None:
    broken = STORY.replace("Some 40 guests", "Some 40 guests at the cafÃ© â€œAnchorâ€\x9d")
    found = article(broken)
    assert "the café" in found.text
    assert "Ã" not in found.text
    assert "mojibake_repaired" in found.quality_flags
    assert "Some 40" not in text_with_spans(found)
    assert "“the Anchor”" in text_with_spans(found)


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("São", id="tilde"),
        pytest.param("Âme", id="circumflex"),
        pytest.param("Škoda", id="caron"),
        pytest.param("Ångström", id="ring"),
    ],
)
def test_foreign_letters_are_not_mojibake(word: str) -> None:
    found = article(STORY.replace("Some 40", f"{word} 40"))
    assert f"{word} 40" in text_with_spans(found)
    assert "mojibake_repaired" not in found.quality_flags


@pytest.mark.parametrize(
    "unseen",
    [
        pytest.param("\u00ad", id="soft-hyphen"),
        pytest.param("\u200b", id="zero-width-space"),
        pytest.param("\ufeff", id="byte-order-mark-inside"),
        pytest.param("\x02", id="control"),
    ],
)
def test_invisible_characters_are_dropped_and_flagged(unseen: str) -> None:
    broken = STORY.replace("win" + "dow", f"win{unseen}dow")
    found = article(broken)
    assert "window" in found.text
    assert "characters_dropped" in found.quality_flags
    raw = broken.encode()
    for span in found.raw_spans:
        assert raw[span.start_byte : span.end_byte].decode() == found.text[span.start_char : span.end_char]


def test_clean_text_has_no_flags() -> None:
    assert article(STORY).quality_flags == []
