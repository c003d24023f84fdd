"""Growing files: only their new part is read, with the same records as in the whole file."""

from __future__ import annotations

import gzip
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from fastwarc.warc import WarcRecord, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contract import Reject
from pipeline.read import BEGIN, Bookmark, Options, RawFile, RawRecord, fingerprint, frame_file
from pipeline.read.records import MAX_TEXT_BYTES, Framed

LONG = b'{"text": "' + b"The ferry sails at noon. " * 200 + b'"}\n'  # fills what a file is recognised by
LINE = b'{"text": "Nobody was on the quay."}\n'
PIECES = (LINE, LINE.replace(b"\n", b"\r\n"), b"\n", b" \t\r\n", b'{"text": "Half\n', b"\xef\xbb\xbf{}\n", b"ustar\n")


@dataclass(frozen=True)
class Read:
    """What one framing of a file gave."""

    records: list[Framed]
    end: Bookmark


def read(path: Path, after: Bookmark = BEGIN, sidecar: Path | None = None) -> Read:
    framing = frame_file(RawFile("wire", path.name, str(path), str(sidecar) if sidecar else None), Options(), after)
    records = [item.digested() if isinstance(item, RawRecord) else item for item in framing]
    return Read(records, framing.end)


def read_twice(name: str, first: bytes, more: bytes) -> tuple[Read, Read, Read]:
    """Return the records of a file, of the grown file, and of its growth alone if it can be continued."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(first)
        before = read(path)
        path.write_bytes(first + more)
        return before, read(path), read(path, before.end) if before.end != BEGIN else Read([], BEGIN)


def assert_read_on(name: str, first: bytes, more: bytes) -> None:
    before, whole, growth = read_twice(name, first, more)
    assert before.end != BEGIN
    assert before.records + growth.records == whole.records
    assert growth.end == whole.end


# ── JSON Lines ─────────────────────────────────────────────────────────────────────────────────────────────────


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20)), st.lists(st.sampled_from(PIECES) | st.binary()))
def test_lines_are_read_on(first: list[bytes], more: list[bytes]) -> None:
    assert_read_on("log.jsonl", LONG + b"".join(first) + b"\n", b"".join(more))


@pytest.mark.parametrize("name", ["log.jsonl", "log.ndjson", "log.jl", "LOG.JSONL"])
def test_bookmark_is_behind_the_last_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(LONG + b"\n" + LINE)
    assert read(path).end == Bookmark(len(LONG) + 1 + len(LINE), 3)


def test_line_too_large_for_an_article_is_passed() -> None:
    large = b'{"text": "' + b"x" * MAX_TEXT_BYTES + b'"}\n'
    assert_read_on("log.jsonl", LONG + large, LINE + large + LINE)


def test_byte_order_mark_counts_as_bytes() -> None:
    assert_read_on("log.jsonl", b"\xef\xbb\xbf" + LONG + LINE, b"\xef\xbb\xbf" + LINE)


def test_appended_white_space_is_not_a_record(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(LONG)
    end = read(path).end
    path.write_bytes(LONG + b"\n \n")
    assert read(path, end) == Read([], Bookmark(end.end_byte + 3, 3))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("log.jsonl", LONG + LINE[:-1], id="last-line-without-end"),
        pytest.param("log.jsonl", LONG + LINE[:20], id="last-line-half-written"),
        pytest.param("log.jsonl", LONG + b" ", id="last-line-of-white-space"),
        pytest.param("log.jsonl", LINE, id="too-short-to-stay-of-its-format"),
        pytest.param("log.jsonl", b"\n" * 5000, id="blank-lines-only"),
        pytest.param("log.jsonl", b"", id="empty"),
        pytest.param("log.jsonl", LONG.decode().encode("utf-16"), id="utf-16"),
        pytest.param("log.jsonl", gzip.compress(LONG * 300), id="packed-and-misnamed"),
        pytest.param("log.jsonl.gz", gzip.compress(LONG * 300, 0), id="packed"),
        pytest.param("log.json", LONG + LINE, id="json-that-may-be-an-array"),
        pytest.param("log.csv", b"text\n" + b"The ferry sails at noon.\n" * 200, id="table"),
        pytest.param("log.txt", b"The ferry sails at noon.\n" * 200, id="text"),
    ],
)
def test_format_that_cannot_be_continued_has_no_bookmark(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert read(path).end == BEGIN


def test_lines_beside_a_sidecar_have_no_bookmark(tmp_path: Path) -> None:
    path, sidecar = tmp_path / "log.txt", tmp_path / "log.json"
    path.write_bytes(LINE * 200)
    sidecar.write_text("{}")
    assert (read(path).end == BEGIN, read(path, sidecar=sidecar).end == BEGIN) == (False, True)


def test_bookmark_is_known_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(LONG + LINE)
    framing = frame_file(RawFile("wire", path.name, str(path)), Options())
    next(iter(framing))
    assert framing.end == BEGIN


def test_missing_file_is_rejected_and_has_no_bookmark(tmp_path: Path) -> None:
    gone = read(tmp_path / "log.jsonl", Bookmark(5000, 3))
    assert isinstance(gone.records[0], Reject)
    assert (gone.records[0].reason, gone.end) == ("unreadable", BEGIN)


def test_continuing_a_file_of_another_format_is_a_bug(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"The ferry sails at noon.\n" * 200)
    with pytest.raises(ValueError, match="cannot be continued"):
        read(path, Bookmark(100, 4))


# ── WARC ───────────────────────────────────────────────────────────────────────────────────────────────────────


def page(number: int, words: int = 100, kind: WarcRecordType = WarcRecordType.response) -> WarcRecord:
    body = b"<html><body><p>" + b"The ferry sails at noon. " * words + b"%d</p></body></html>" % number
    record = WarcRecord()
    record.init_headers(kind, record_urn=f"urn:uuid:{number:032x}".encode())
    record.headers["WARC-Date"] = "2024-05-06T07:08:09Z"
    record.headers["WARC-Target-URI"] = f"https://post.example/{number}"
    record.headers["Content-Type"] = "application/http; msgtype=response"
    record.set_bytes_content(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body)
    return record


def written(record: WarcRecord, *, packed: bool = False, level: int = 9) -> bytes:
    out = BytesIO()
    record.write(out)
    return gzip.compress(out.getvalue(), level, mtime=0) if packed else out.getvalue()


def records(count: int, *, packed: bool, words: int = 100) -> list[bytes]:
    return [written(page(number, words), packed=packed) for number in range(count)]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("words", [1000, 100_000], ids=["small", "large"])
def test_warc_is_read_on(packed: bool, words: int) -> None:
    parts = records(6, packed=packed, words=words)
    if packed:
        parts[0] = gzip.compress(written(page(0, words), packed=False), 0)  # so large that it fills the head
    for cut in range(1, 7):
        assert_read_on("crawl.warc.gz" if packed else "crawl.warc", b"".join(parts[:cut]), b"".join(parts[cut:]))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_last_record_without_a_page_is_not_skipped_twice(packed: bool) -> None:
    request = written(page(1, 1000, WarcRecordType.request), packed=False)
    first = written(page(0, 1000), packed=False), request
    more = written(page(2), packed=packed)
    assert_read_on("crawl.warc", b"".join(gzip.compress(record, 0) if packed else record for record in first), more)


@st.composite
def damaged_warcs(draw: st.DrawFn, *, packed: bool) -> tuple[bytes, bytes]:
    """Draw a WARC file and bytes appended to it: good and damaged records, junk and white space."""
    sound = records(4, packed=packed, words=20)
    two = written(page(7), packed=False) + written(page(8), packed=False)
    odd = [sound[0][:-1], sound[1][:200], sound[2][50:], b"\r\n", b"junk\r\n\r\n", b"WARC/1.0\r\n\r\n", b"\x1f\x8b\x08"]
    odd += [gzip.compress(b""), gzip.compress(two), two, sound[0].replace(b"\r\n\r\n", b"\r\n", 1)]
    parts = st.lists(st.sampled_from(sound) | st.sampled_from(odd), max_size=6).map(b"".join)
    filler = written(page(9, 1000), packed=False)
    head = gzip.compress(filler, 0) if packed else filler
    return head + draw(parts) + draw(st.sampled_from(sound)), draw(parts)


@settings(deadline=None)
@given(damaged_warcs(packed=False) | damaged_warcs(packed=True), st.integers(0, 600))
def test_damage_is_reported_as_if_read_from_the_start(content: tuple[bytes, bytes], cut: int) -> None:
    raw, size = b"".join(content), len(content[0])
    for end in (size, size - cut):
        before, whole, growth = read_twice("crawl.warc", raw[:end], raw[end:])
        if before.end != BEGIN:
            assert summary(before) + summary(growth) == summary(whole)
            assert growth.end == whole.end


def summary(found: Read) -> list[tuple[str, str]]:
    """Return the names and outcomes of records, without fastwarc's words, which depend on what it has read ahead."""
    return [
        (record.raw_record, record.reason)
        if isinstance(record, Reject)
        else (record.ref.raw_record, record.ref.raw_sha256 or getattr(record, "reason", ""))
        for record in found.records
    ]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([records(1, packed=False)[0][:-4]], id="without-the-blank-lines-at-its-end"),
        pytest.param([records(1, packed=False)[0][:-500]], id="cut"),
        pytest.param([gzip.compress(b"".join(records(2, packed=False)), 0)], id="several-records-in-a-member"),
        pytest.param([gzip.compress(records(1, packed=False)[0], 0)[:-1]], id="member-cut"),
        pytest.param([gzip.compress(records(1, packed=False)[0], 0), b"junk"], id="junk-behind-it"),
    ],
)
def test_incomplete_warc_has_no_bookmark(tmp_path: Path, parts: list[bytes]) -> None:
    path = tmp_path / "crawl.warc"
    filler = written(page(9, 1000), packed=False)
    path.write_bytes((gzip.compress(filler, 0) if parts[0][:1] == b"\x1f" else filler) + b"".join(parts))
    assert read(path).end == BEGIN


# ── Whether a file has only grown ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "with-sidecar"])
@pytest.mark.parametrize("size", [1, 5000, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_fingerprint_of_the_beginning(tmp_path: Path, size: int, beside: bool) -> None:
    path, sidecar = tmp_path / "log.jsonl", tmp_path / "log.json"
    sidecar.write_text("{}")
    file = RawFile("wire", path.name, str(path), str(sidecar) if beside else None)
    path.write_bytes(b"x" * size)
    before = fingerprint(file)
    assert (before.begin, fingerprint(file, size).begin) == ("", before.whole)
    path.write_bytes(b"x" * size + b"y" * (1 << 20))
    assert fingerprint(file, size).begin == before.whole != fingerprint(file, size).whole
    assert fingerprint(file, size + 1).begin not in ("", before.whole)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"z" + LONG[1:] + LINE, id="edited"),
        pytest.param(LONG[:-1], id="cut"),
        pytest.param(b"", id="emptied"),
        pytest.param(LINE + LONG, id="put-in-front"),
    ],
)
def test_other_content_does_not_begin_as_it_was(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.jsonl"
    file = RawFile("wire", path.name, str(path))
    path.write_bytes(LONG)
    before = fingerprint(file).whole
    path.write_bytes(content)
    assert fingerprint(file, len(LONG)).begin != before
