"""How JSON Lines and JSON files are parted into records."""

from __future__ import annotations

import io
import resource
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contract import RawArticle, RawRef, Reject
from pipeline.read.fields import read_fields
from pipeline.read.jsonl import frame_json, frame_jsonl
from pipeline.read.records import MAX_TEXT_BYTES, BadStreamError, Framer, Options, RawRecord, digest
from tests.bounds import processor_seconds_below

FILE = RawRef("wire", "dump.json", "", "")
ONE, TWO = b'{"text": "The ferry sails, [at noon}."}', b'{"text": "Nobody was \\"on\\" the quay."}'


class Parts(io.RawIOBase):
    """A stream that gives what an iterator makes and can do nothing but be read on, as a decompressor."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, _size: int = -1) -> bytes:
        return next(self._parts, b"")


def frame(framer: Framer, data: bytes, ref: RawRef = FILE) -> list[tuple[str, str | bytes]]:
    """Return each record's number with its bytes or reject reason."""
    found: list[tuple[str, str | bytes]] = []
    try:
        for item in framer(ref, io.BytesIO(data)):
            if isinstance(item, RawRecord):
                assert (item.kind, item.ref.raw_sha256) == ("json", digest(item.data))
                found.append((item.ref.raw_record, item.data))
            else:
                assert isinstance(item, Reject)
                found.append((item.raw_record, item.reason))
    except BadStreamError as error:
        found.append(("", error.reason))
    return found


def outcomes(framer: Framer, stream: BinaryIO) -> list[tuple[str, str]]:
    """Return the text or reject reason of each record."""
    found = []
    for item in framer(FILE, stream):
        read = read_fields(item, Options()) if isinstance(item, RawRecord) else item
        assert isinstance(read, RawArticle | Reject)
        found.append(
            (read.ref.raw_record, read.text) if isinstance(read, RawArticle) else (read.raw_record, read.reason)
        )
    return found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(ONE + b"\n" + TWO + b"\n", [("1", ONE), ("2", TWO)], id="lines"),
        pytest.param(ONE + b"\n" + TWO, [("1", ONE), ("2", TWO)], id="no-end-of-the-last-line"),
        pytest.param(ONE + b"\r\n" + TWO + b"\r\n", [("1", ONE), ("2", TWO)], id="windows-line-ends"),
        pytest.param(b"\n" + ONE + b"\n \t\r\n\n" + TWO, [("2", ONE), ("5", TWO)], id="blank-lines-are-counted-only"),
        pytest.param(b"\xef\xbb\xbf" + ONE, [("1", ONE)], id="byte-order-mark"),
        pytest.param(ONE + b"\nno json\n" + TWO, [("1", ONE), ("2", b"no json"), ("3", TWO)], id="nothing-is-parsed"),
        pytest.param(ONE.decode().encode("utf-16"), [("", "undecodable")], id="utf-16"),
        pytest.param(b"", [("0", "empty")], id="empty"),
        pytest.param(b"\n \n", [("0", "empty")], id="blank"),
    ],
)
def test_lines(data: bytes, expected: list[tuple[str, str | bytes]]) -> None:
    assert frame(frame_jsonl, data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(ONE, [("0", ONE)], id="one-article"),
        pytest.param(b'{\n "text": "a\\n",\n "tags": [{"a": 1}]\n}\n', [("0", b'{\n "text": "a\\n",\n "tags": [{"a": 1}]\n}\n')], id="one-article-over-lines"),
        pytest.param(b"[" + ONE + b",\n " + TWO + b"]\n", [("1", ONE), ("2", TWO)], id="array"),
        pytest.param(b"\xef\xbb\xbf [" + ONE + b"]", [("1", ONE)], id="byte-order-mark"),
        pytest.param(b'{"n": 2, "articles": [' + ONE + b"," + TWO + b'], "next": "x"}', [("1", ONE), ("2", TWO)], id="wrapped"),
        pytest.param(b'{"response": {"docs": [' + ONE + b"]}}", [("1", ONE)], id="wrapped-twice"),
        pytest.param(b'{"text": "a", "items": [{"b": 1}]}', [("0", b'{"text": "a", "items": [{"b": 1}]}')], id="an-article-that-has-items"),
        pytest.param(b'{"items": [{"b": 1}], "text": "a"}', [("0", b'{"items": [{"b": 1}], "text": "a"}')], id="an-article-that-has-items-first"),
        pytest.param(b'{"items": [{"b": 1}], "news": [{"c": 1}]}', [("0", b'{"items": [{"b": 1}], "news": [{"c": 1}]}')], id="two-arrays-are-no-wrapper"),
        pytest.param(ONE + b"\n" + TWO + b"\n", [("1", ONE), ("2", TWO)], id="lines-named-json"),
        pytest.param(b'[1, null, "a, ]", [2, 3], ' + ONE + b"]", [("1", b"1"), ("2", b"null"), ("3", b'"a, ]"'), ("4", b"[2, 3]"), ("5", ONE)], id="elements-of-any-kind"),
        pytest.param(b"[" + ONE + b', {"text": NaN}, ' + TWO + b"]", [("1", ONE), ("2", b'{"text": NaN}'), ("3", TWO)], id="nan-costs-no-other"),
        pytest.param(b"[" + ONE + b",," + TWO + b",]", [("1", ONE), ("2", b""), ("3", TWO)], id="commas-too-many"),
        pytest.param(b"[" + ONE + b', {"text": "The fer', [("1", ONE), ("", "truncated")], id="ends-within-a-string"),
        pytest.param(b"[" + ONE + b",", [("1", ONE), ("", "truncated")], id="ends-behind-a-comma"),
        pytest.param(b'{"articles": [' + ONE + b',{"te', [("1", ONE), ("", "truncated")], id="wrapped-and-cut"),
        pytest.param(b"[" + ONE + b"}, " + TWO + b"]", [("", "broken_record")], id="a-brace-too-many"),
        pytest.param(b"[" + ONE + b"] [" + TWO + b"]", [("1", ONE), ("", "broken_record")], id="two-arrays"),
        pytest.param(b"[]", [("0", "empty")], id="empty-array"),
        pytest.param(b" \n", [("0", "empty")], id="blank"),
        pytest.param(b'"text"', [("0", b'"text"')], id="no-object"),
        pytest.param(b'{"text": "The fer', [("0", b'{"text": "The fer')], id="cut-object"),
    ],
)  # fmt: skip
def test_json(data: bytes, expected: list[tuple[str, str | bytes]]) -> None:
    assert frame(frame_json, data) == expected


def test_places_inside_an_archive() -> None:
    member = RawRef("wire", "dump.zip", "day.json", "")
    assert frame(frame_jsonl, ONE, member) == [("day.json!/1", ONE)]
    assert frame(frame_json, ONE, member) == [("day.json", ONE)]
    assert frame(frame_json, b"[" + ONE + b"]", member) == [("day.json!/1", ONE)]


VALUES = st.text() | st.lists(st.text() | st.none(), max_size=3)
RECORDS = st.lists(st.dictionaries(st.text(), VALUES, max_size=3), min_size=1, max_size=4)


@given(RECORDS, st.integers(1, 20))
def test_an_array_gives_the_records_written_whatever_the_chunks(records: list[dict[str, object]], size: int) -> None:
    data = orjson.dumps(records)
    chunks = iter([data[index : index + size] for index in range(0, len(data), size)])
    framed = list(frame_json(FILE, cast(BinaryIO, Parts(chunks))))
    assert [orjson.loads(item.data) for item in framed if isinstance(item, RawRecord)] == records
    assert len(framed) == len(records)


@given(RECORDS, st.integers(1, 20))
def test_lines_give_the_records_written_whatever_the_chunks(records: list[dict[str, object]], size: int) -> None:
    data = b"".join(orjson.dumps(record) + b"\n" for record in records)
    chunks = iter([data[index : index + size] for index in range(0, len(data), size)])
    framed = list(frame_jsonl(FILE, cast(BinaryIO, Parts(chunks))))
    assert [orjson.loads(item.data) for item in framed if isinstance(item, RawRecord)] == records


# ── Bad input ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_bad_line_is_one_reject_with_its_number() -> None:
    data = b"\n".join([ONE, b'{"text": "cut', b'{"title": "no text"}', b"[" * 10_000 + b"]" * 10_000, TWO])
    assert outcomes(frame_jsonl, io.BytesIO(data)) == [
        ("1", "The ferry sails, [at noon}."),
        ("2", "broken_record"),
        ("3", "no_text"),
        ("4", "nested_too_deep"),
        ("5", 'Nobody was "on" the quay.'),
    ]


def test_an_element_nested_deep_costs_no_other() -> None:
    data = b"[" + ONE + b"," + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"," + TWO + b"]"
    assert [outcome for _, outcome in outcomes(frame_json, io.BytesIO(data))] == [
        "The ferry sails, [at noon}.",
        "nested_too_deep",
        'Nobody was "on" the quay.',
    ]


def long_line() -> Iterator[bytes]:
    yield ONE + b'\n{"text": "'
    for _ in range(200):
        yield b"a" * 1_000_000
    yield b'"}\n' + TWO + b"\n"


def long_element() -> Iterator[bytes]:
    yield b"[" + ONE + b', {"text": "'
    for _ in range(200):
        yield b"a" * 1_000_000
    yield b'"}, ' + TWO + b"]"


def endless_brackets() -> Iterator[bytes]:
    yield b"[" + ONE + b","
    while True:
        yield b"[" * 1_000_000


@pytest.mark.parametrize(
    ("framer", "parts", "expected"),
    [
        pytest.param(frame_jsonl, long_line, [("1", ONE), ("2", "too_large"), ("3", TWO)], id="line-of-200-mb"),
        pytest.param(frame_json, long_line, [("1", ONE), ("2", "too_large"), ("3", TWO)], id="line-of-200-mb-named-json"),
        pytest.param(frame_json, long_element, [("1", ONE), ("", "too_large")], id="element-of-200-mb"),
        pytest.param(frame_json, endless_brackets, [("1", ONE), ("", "nested_too_deep")], id="brackets-without-end"),
        pytest.param(frame_json, lambda: (b"a" * 1_000_000 for _ in range(200)), [("0", "too_large")], id="one-value-of-200-mb"),
    ],
)  # fmt: skip
def test_oversized_record_takes_little_time_and_memory(
    framer: Framer, parts: Callable[[], Iterator[bytes]], expected: list[tuple[str, str | bytes]]
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: list[tuple[str, str | bytes]] = []
    with processor_seconds_below(20):
        try:
            for item in framer(FILE, cast(BinaryIO, Parts(parts()))):
                found.append((item.ref.raw_record, item.data) if isinstance(item, RawRecord) else ("", ""))
                if isinstance(item, Reject):
                    found[-1] = (item.raw_record, item.reason)
        except BadStreamError as error:
            found.append(("", error.reason))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert found == expected
    assert grown < 5 * MAX_TEXT_BYTES


def test_many_unclosed_strings_are_read_once() -> None:
    with processor_seconds_below(20):
        assert frame(frame_json, b"[" + b'"\\' * 2_000_000) == [("", "truncated")]
        assert frame(frame_json, b'{"a' + b"\\" * 2_000_001) == [("0", b'{"a' + b"\\" * 2_000_001)]
