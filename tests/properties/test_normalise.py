"""What holds for any text."""

from __future__ import annotations

from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contract import Article, RawArticle, RawBlock, RawMetadata, RawRef, Reject, SegmentKind
from pipeline.normalise import normalise, read_dateline

REF = RawRef("wire", "a.txt", "0", "f" * 64)
STEADY = settings(
    derandomize=True, max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# What articles are made of, so that few examples reach many rules; and any text at all.
PIECES = st.sampled_from(
    [
        "LONDON, May 7 (PA) – ", "By Mara Oduya", "The ferry sails again", "said", "“the Anchor”", "cafÃ©", "\u200b",
        "\u00ad", "\ufeff", "\x02", "\n", "\n\n", "\r\n", "\r", "\u2028", "\x0c", " ", "\t", "\u3000", "Share this", "Home",
        "https://post.example/2024/05/07/a", "Photo: a quay", "Editing by the desk", "Q: Why?", ".", "’", "é", "字", "🚢",
        "Some 40 guests had waited since noon for a table by the window", "60 years ago", "1964", "Tuesday",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40).map("".join))
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
    at = 0
    for segment in found.segments:
        piece = found.text[segment.start_char : segment.end_char]
        assert piece
        assert piece == piece.strip()
        assert segment.start_char >= at
        assert not found.text[at : segment.start_char].strip()
        at = segment.end_char
    assert at == len(found.text)


@STEADY
@given(parts=MARKED, metadata=METADATA)
def test_marked_blocks_keep_their_order_and_claim_no_bytes(
    parts: list[tuple[SegmentKind, str]], metadata: RawMetadata
) -> None:
    text, blocks = "", []
    for kind, part in parts:
        blocks.append(RawBlock(kind, len(text), len(text) + len(clean(part))))
        text += clean(part) + "\n\n"
    found = normalise(RawArticle(REF, "html", "utf-8", text, metadata=metadata, blocks=tuple(blocks)))
    if isinstance(found, Article):
        assert found.raw_spans == []
        assert [one.start_char for one in found.segments] == sorted(one.start_char for one in found.segments)
        assert all(found.text[one.start_char : one.end_char].strip() for one in found.segments)


@STEADY
@given(text=TEXTS)
def test_raw_spans_decode_exactly_in_utf_8(text: str) -> None:
    spans_decode(clean(text), "utf-8")


@STEADY
@given(text=TEXTS)
def test_raw_spans_decode_exactly_in_utf_16(text: str) -> None:
    spans_decode(clean(text), "utf-16-le")


@STEADY
@given(text=TEXTS)
def test_raw_spans_decode_exactly_in_cp1252(text: str) -> None:
    spans_decode(text.encode("cp1252", "ignore").decode("cp1252"), "cp1252")


@STEADY
@given(text=TEXTS)
def test_dateline_ends_inside_its_paragraph(text: str) -> None:
    found = read_dateline(text)
    assert found is None or (text.startswith(found.printed) and len(found.printed) <= found.end_char < len(text))


def clean(text: str) -> str:
    """What a decoder can yield: no lone surrogates."""
    return text.encode("utf-8", "ignore").decode()


def spans_decode(text: str, encoding: str) -> None:
    raw = b"\xff\xfe" + text.encode(encoding)
    found = normalise(RawArticle(REF, "text", encoding, text, start_byte=2))
    if isinstance(found, Reject):
        return
    at = 0
    for span in found.raw_spans:
        assert at <= span.start_char < span.end_char <= len(found.text)
        assert raw[span.start_byte : span.end_byte].decode(encoding) == found.text[span.start_char : span.end_char]
        at = span.end_char
