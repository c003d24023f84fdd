from __future__ import annotations

import gzip
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipeline.collect.fetch import Limits, decode_body, parse_address, read_retry_after
from pipeline.collect.outcomes import FetchError
from pipeline.read.records import MAX_HTML_BYTES


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("https://post.example/a?b=1#c", "https://post.example/a?b=1", id="without-fragment"),
        pytest.param(" http://post.example ", "http://post.example", id="without-spaces"),
        pytest.param("https://zeitung.example/fähre", "https://zeitung.example/f%C3%A4hre", id="path-not-ascii"),
        pytest.param("http://[::1]:8000/a", "http://[::1]:8000/a", id="ipv6"),
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert str(parse_address(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("mailto:desk@post.example", id="mail"),
        pytest.param("javascript:void(0)", id="script"),
        pytest.param("ftp://post.example/a", id="ftp"),
        pytest.param("/a", id="relative"),
        pytest.param("https:///a", id="no-host"),
        pytest.param("http://[::1", id="half-ipv6"),
        pytest.param("http://post.example:99999/", id="port-out-of-range"),
        pytest.param("http://xn--a/", id="host-with-bad-punycode"),
        pytest.param(f"http://{'a' * 64}.example/", id="label-too-long"),
        pytest.param("http://post..example/", id="empty-label"),
        pytest.param("http://post.example/" + "a" * 70_000, id="endless"),
        pytest.param("http://post.example/\x00", id="nul"),
        pytest.param("", id="empty"),
    ],
)
def test_not_a_web_address(text: str) -> None:
    with pytest.raises(FetchError) as error:
        parse_address(text)
    assert error.value.outcome == "bad_address"
    assert len(error.value.detail) < 400


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("120", 120, id="seconds"),
        pytest.param("Mon, 06 May 2024 10:00:00 GMT", 0, id="date-that-is-past"),
        pytest.param("soon", None, id="no-time"),
        pytest.param("-5", None, id="negative"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    found = read_retry_after(value)
    assert found is None if seconds is None else found == pytest.approx(seconds, abs=600)


def test_retry_after_a_future_date() -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert read_retry_after(in_an_hour) == pytest.approx(3600, abs=60)


def test_a_body_is_decoded() -> None:
    assert decode_body(gzip.compress(b"a") + gzip.compress(b"b"), "GZIP", 2) == b"ab"
    assert decode_body(b"ab", "", 2) == b"ab"


@pytest.mark.parametrize(
    ("body", "encoding", "outcome"),
    [
        pytest.param(gzip.compress(b"abc"), "gzip", "too_large", id="one-byte-too-many"),
        pytest.param(gzip.compress(b"ab")[:-1], "gzip", "broken_answer", id="cut-short"),
        pytest.param(b"ab", "gzip", "broken_answer", id="no-gzip"),
        pytest.param(zlib.compress(b"ab"), "deflate", "broken_answer", id="not-asked-for"),
        pytest.param(gzip.compress(gzip.compress(b"ab")), "gzip, gzip", "broken_answer", id="twice"),
    ],
)
def test_a_body_that_cannot_be_decoded(body: bytes, encoding: str, outcome: str) -> None:
    with pytest.raises(FetchError) as error:
        decode_body(body, encoding, 2)
    assert error.value.outcome == outcome


def test_gzip_bomb_is_not_read_into_memory() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(FetchError, match="more than 1,000,000 bytes"):
        decode_body(bomb, "gzip", 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_no_page_is_fetched_that_the_reader_would_refuse_for_its_size() -> None:
    assert Limits().page_bytes == MAX_HTML_BYTES
