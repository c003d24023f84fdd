"""Properties of normalised articles for any text."""

from __future__ import annotations

from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contract import Article, RawArticle, RawBlock, RawMetadata, RawRef, Reject, SegmentKind
from pipeline.normalise import normalise
from pipeline.normalise.dateline import read_dateline

REF = RawRef("wire", "a.txt", "0", "f" * 64)
STEADY = settings(
    derandomize=True, max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# Typical parts of articles, so that few examples reach many rules; combined with arbitrary text.
PARTS = st.sampled_from(
    [
        "LONDON, May 7 (PA) – ", "By Mara Oduya", "The ferry sails again", "said", "“the Anchor”", "cafÃ©", "\u200b",
        "\u00ad", "\ufeff", "\x02", "\n", "\n\n", "\r\n", "\r", "\u2028", "\x0c", " ", "\t", "\u3000", "Share this", "Home",
        "https://post.example/2024/05/07/a", "Photo: a quay", "Editing by the desk", "Q: Why?", ".", "’", "é", "字", "🚢",
        "Some 40 guests had waited since noon for a table by the window", "60 years ago", "1964", "Tuesday",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.one_of(PARTS, st.text(max_size=5)), max_size=40).map("".join))
MAYBE = st.none() | st.text(max_size=40)
METADATA = st.fixed_dictionaries(
    {
        "url": MAYBE | st.just("https://post.example/2024/05/07/a"),
        "headline": MAYBE | st.just("The ferry sails again"),
        "standfirst": MAYBE,
        "published_at": MAYBE | st.just("2024-05-07"),
        "modified_at": MAYBE,
        "fetched_at": MAYBE,
        "language": MAYBE,
    }
).map(lambda values: RawMetadata.of("sidecar", **values))
MARKED = st.lists(st.tuples(st.sampled_from(get_args(SegmentKind)), TEXTS), max_size=8)


@STEADY
@given(text=TEXTS, metadata=METADATA)
def test_normalise_returns_an_article_or_a_reject(text: str, metadata: RawMetadata) -> None:
    assert isinstance(normalise(RawArticle(REF, "text", "utf-8", clean(text), metadata=metadata)), Article | Reject)


@STEADY
@given(text=TEXTS, metadata=METADATA)
def test_segments_are_trimmed_ordered_and_leave_only_white_space_between(text: str, metadata: RawMetadata) -> None:
    found = normalise(RawArticle(REF, "text", "utf-8", clean(text), metadata=metadata))
    if isinstance(found, Reject):
        return
    end = 0
    for segment in found.segments:
        text = found.text[segment.start_char : segment.end_char]
        assert text
        assert text == text.strip()
        assert segment.start_char >= end
        assert not found.text[end : segment.start_char].strip()
        end = segment.end_char
    assert end == len(found.text)


@STEADY
@given(parts=MARKED, metadata=METADATA)
def test_marked_blocks_are_in_order_and_have_no_raw_spans(
    parts: list[tuple[SegmentKind, str]], metadata: RawMetadata
) -> None:
    text, blocks = "", []
    for kind, part in parts:
        blocks.append(RawBlock(kind, len(text), len(text) + len(clean(part))))
        text += clean(part) + "\n\n"
    found = normalise(RawArticle(REF, "html", "utf-8", text, metadata=metadata, blocks=tuple(blocks)))
    if isinstance(found, Article):
        assert found.raw_spans == []
        assert (starts := [segment.start_char for segment in found.segments]) == sorted(starts)
        assert all(found.text[segment.start_char : segment.end_char].strip() for segment in found.segments)


@STEADY
@given(text=TEXTS)
def test_raw_spans_decode_exactly_in_utf_8(text: str) -> None:
    assert_spans_decode(clean(text), "utf-8")


@STEADY
@given(text=TEXTS)
def test_raw_spans_decode_exactly_in_utf_16(text: str) -> None:
    assert_spans_decode(clean(text), "utf-16-le")


@STEADY
@given(text=TEXTS)
def test_raw_spans_decode_exactly_in_cp1252(text: str) -> None:
    assert_spans_decode(text.encode("cp1252", "ignore").decode("cp1252"), "cp1252")


@STEADY
@given(text=TEXTS)
def test_dateline_ends_inside_its_paragraph(text: str) -> None:
    found = read_dateline(text)
    assert found is None or (text.startswith(found.printed) and len(found.printed) <= found.end_char < len(text))


def clean(text: str) -> str:
    """Return a text without lone surrogates, as decoders never return them."""
    return text.encode("utf-8", "ignore").decode()


def assert_spans_decode(text: str, encoding: str) -> None:
    raw = b"\xff\xfe" + text.encode(encoding)
    found = normalise(RawArticle(REF, "text", encoding, text, start_byte=2))
    if isinstance(found, Reject):
        return
    end = 0
    for span in found.raw_spans:
        assert end <= span.start_char < span.end_char <= len(found.text)
        assert raw[span.start_byte : span.end_byte].decode(encoding) == found.text[span.start_char : span.end_char]
        end = span.end_char
