"""WARC files, complete and damaged."""

from __future__ import annotations

import gzip
import io
import itertools
import random
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, cast

import brotli
import pytest
import zstandard
from fastwarc.warc import ArchiveIterator

from pipeline.contract import RawRef, Reject, Skip
from pipeline.read.records import MAX_HTML_BYTES, BadStreamError, Framed, RawRecord, digest
from pipeline.read.warc import frame_warc

REF = RawRef("wire", "crawl.warc.gz", "", "")
RESPONSE = "application/http; msgtype=response"


def page(number: int, size: int = 60) -> bytes:
    story = "".join(f"<p>Lobster boat {boat} landed {boat * number} crates.</p>" for boat in range(size))
    return f"<html><body><h1>Quota {number}</h1>{story}</body></html>".encode()


def http(body: bytes, *headers: str, status: str = "200 OK", content_type: str = "text/html; charset=utf-8") -> bytes:
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {content_type}"] if content_type else []), *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(
    block: bytes,
    number: int = 0,
    *headers: str,
    kind: str = "response",
    content_type: str = RESPONSE,
    length: int | None = None,
) -> bytes:
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{number:032x}>",
        f"WARC-Target-URI: https://post.example/{number}",
        "WARC-Date: 2024-05-06T07:08:09Z",
        f"Content-Type: {content_type}",
        *headers,
        f"Content-Length: {len(block) if length is None else length}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def pages(count: int, size: int = 60) -> list[bytes]:
    return [record(http(page(number, size)), number) for number in range(count)]


def packed(records: Iterable[bytes]) -> list[bytes]:
    return [gzip.compress(record) for record in records]


def frame(*parts: bytes) -> list[Framed]:
    return list(frame_warc(REF, io.BytesIO(b"".join(parts))))


def one(block: bytes, *headers: str, **options: Any) -> Framed:
    [framed] = frame(record(block, 0, *headers, **options))
    return framed


def summary(framed: Iterable[Framed]) -> list[str]:
    """Return the numbers of the unchanged pages, and the reasons of the others."""
    found = []
    for item in framed:
        if isinstance(item, RawRecord):
            number = (item.given.url or "").rpartition("/")[2]
            assert item.data in (page(int(number)), page(int(number), 4000))
            found.append(number)
        else:
            found.append(item.reason)
    return found


def offsets(framed: Iterable[Framed]) -> list[str]:
    return [item.raw_record if isinstance(item, Reject) else item.ref.raw_record for item in framed]


# ── Whole files ────────────────────────────────────────────────────────────────────────────────────────────────


def test_page_with_the_metadata_of_its_record() -> None:
    [framed] = frame(record(http(page(7), content_type='text/html; charset="ISO-8859-1"'), 7))
    assert isinstance(framed, RawRecord)
    assert (framed.kind, framed.input_format, framed.data) == ("html", "warc", page(7))
    assert framed.digested().ref == RawRef("wire", "crawl.warc.gz", "0", digest(page(7)))
    assert (framed.given.url, framed.given.fetched_at) == ("https://post.example/7", "2024-05-06T07:08:09Z")
    assert {framed.given.source_of("url"), framed.given.source_of("fetched_at")} == {"record"}
    assert (framed.charset, framed.notes, framed.flags) == ("ISO-8859-1", (), ())


@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(lambda records: b"".join(records), id="plain"),
        pytest.param(lambda records: b"".join(packed(records)), id="gzip"),
        pytest.param(lambda records: b"".join(map(zstandard.compress, records)), id="zstd"),
    ],
)
@pytest.mark.parametrize("size", [60, 4000], ids=["small", "large"])
def test_an_offset_leads_back_to_its_record(pack: Callable[[Any], bytes], size: int) -> None:
    raw = pack(pages(4, size))
    framed = frame(raw)
    assert summary(framed) == ["0", "1", "2", "3"]
    for item in framed:
        assert isinstance(item, RawRecord)
        again = next(iter(ArchiveIterator(io.BytesIO(raw[int(item.ref.raw_record) :]))))
        assert again.reader.read() == item.data


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_file_compressed_as_a_whole_has_decompressed_offsets(pack: Callable[[Any], bytes]) -> None:
    records = pages(4, 4000)
    framed = frame(pack(b"".join(records)))
    assert summary(framed) == ["0", "1", "2", "3"]
    assert offsets(framed) == [str(offset) for offset in itertools.accumulate(map(len, records[:-1]), initial=0)]


def test_records_that_share_a_member_further_on_are_counted() -> None:
    first, second, third, fourth = pages(4)
    framed = frame(gzip.compress(first), gzip.compress(second + third), gzip.compress(fourth))
    assert summary(framed) == ["0", "1", "2", "3"]
    assert len(set(offsets(framed))) == 4


def test_empty_gzip_members_hide_nothing() -> None:
    empty = gzip.compress(b"")
    assert summary(frame(*(part for member in packed(pages(3)) for part in (member, empty, empty)))) == ["0", "1", "2"]


def test_a_stream_that_only_reads_a_little_at_a_time() -> None:
    class Dripping:
        def __init__(self, raw: bytes) -> None:
            self.stream = io.BytesIO(raw)

        def read(self, size: int = -1) -> bytes:
            return self.stream.read(min(size, 700) if size >= 0 else 700)

    framed = frame_warc(REF, cast("BinaryIO", Dripping(b"".join(packed(pages(3, 4000))))))
    assert summary(framed) == ["0", "1", "2"]


def test_a_file_inside_an_archive() -> None:
    ref = RawRef("wire", "crawls.zip", "may.warc", "")
    [framed] = frame_warc(ref, io.BytesIO(pages(1)[0]))
    assert isinstance(framed, RawRecord)
    assert framed.ref.raw_record == "may.warc!/0"


# ── What is a page ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(record(http(b"", "Location: /b", status="301 Moved")), "http_redirect", id="redirect"),
        pytest.param(record(http(b"", status="304 Not Modified")), "http_redirect", id="not-modified"),
        pytest.param(record(http(page(1), status="404 Not Found")), "http_error", id="not-found"),
        pytest.param(record(http(page(1), status="503 Busy")), "http_error", id="server-error"),
        pytest.param(record(http(b"\xff\xd8", content_type="image/jpeg")), "not_html", id="image"),
        pytest.param(record(http(b"x = 1", content_type="")), "not_html", id="no-type-and-no-page"),
        pytest.param(record(b"1.2.3.4", content_type="text/dns"), "not_html", id="name-look-up"),
        pytest.param(record(b"GET / HTTP/1.1\r\n\r\n", kind="request"), "no_response", id="request"),
        pytest.param(record(http(b""), kind="revisit"), "no_response", id="revisit"),
        pytest.param(
            record(b"software: x", kind="warcinfo", content_type="application/warc-fields"), "no_response", id="info"
        ),
        pytest.param(record(page(1), kind="continuation", content_type=""), "no_response", id="continuation"),
    ],
)
def test_skipped(raw: bytes, reason: str) -> None:
    skip, after = frame(raw, record(http(page(1)), 1))
    assert skip == Skip(RawRef("wire", "crawl.warc.gz", "0", ""), reason)  # type: ignore[arg-type]
    assert summary([after]) == ["1"]


@pytest.mark.parametrize(
    ("block", "options"),
    [
        pytest.param(http(page(0), content_type="application/xhtml+xml"), {}, id="xhtml"),
        pytest.param(http(page(0), content_type="Text/HTML"), {}, id="capitals"),
        pytest.param(http(page(0), content_type=""), {}, id="no-type"),
        pytest.param(page(0), {"kind": "resource", "content_type": "text/html"}, id="resource"),
        pytest.param(http(page(0), status="203 Non-Authoritative"), {}, id="another-good-status"),
    ],
)
def test_pages(block: bytes, options: dict[str, str]) -> None:
    assert summary([one(block, **options)]) == ["0"]


def test_text_of_a_wet_file() -> None:
    framed = one("Ærø\nThe boats are back.".encode(), kind="conversion", content_type="text/plain")
    assert isinstance(framed, RawRecord)
    assert (framed.kind, framed.data.decode()) == ("text", "Ærø\nThe boats are back.")
    assert framed.given.url == "https://post.example/0"


def test_plain_text_without_conversion_is_skipped() -> None:
    assert isinstance(one(http(b"User-agent: *", content_type="text/plain")), Skip)


# ── Encodings ──────────────────────────────────────────────────────────────────────────────────────────────────


def chunked(body: bytes, size: int = 500) -> bytes:
    parts = [body[index : index + size] for index in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


BARE = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(gzip.compress(page(0)), ["Content-Encoding: gzip"], id="gzip"),
        pytest.param(
            gzip.compress(page(0)[:99]) + gzip.compress(page(0)[99:]), ["Content-Encoding: x-gzip"], id="two-members"
        ),
        pytest.param(zlib.compress(page(0)), ["Content-Encoding: deflate"], id="deflate"),
        pytest.param(BARE.compress(page(0)) + BARE.flush(), ["Content-Encoding: deflate"], id="deflate-without-header"),
        pytest.param(brotli.compress(page(0)), ["Content-Encoding: br"], id="brotli"),
        pytest.param(zstandard.compress(page(0)), ["Content-Encoding: zstd"], id="zstd"),
        pytest.param(chunked(page(0)), ["Transfer-Encoding: chunked"], id="chunked"),
        pytest.param(chunked(page(0))[:-2], ["Transfer-Encoding: chunked"], id="chunked-without-last-line"),
        pytest.param(
            chunked(gzip.compress(page(0))),
            ["Transfer-Encoding: chunked", "Content-Encoding: GZIP"],
            id="gzip-in-chunks",
        ),
        pytest.param(gzip.compress(gzip.compress(page(0))), ["Content-Encoding: gzip, gzip"], id="twice"),
        pytest.param(page(0), ["Content-Encoding: identity"], id="identity"),
        pytest.param(page(0), ["Content-Encoding: gzip", "Content-Length: 99"], id="undone-by-the-crawler"),
        pytest.param(page(0), ["Transfer-Encoding: chunked"], id="joined-by-the-crawler"),
    ],
)
def test_encodings_are_undone(body: bytes, headers: list[str]) -> None:
    assert summary([one(http(body, *headers))]) == ["0"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(gzip.compress(page(0))[:-30], ["Content-Encoding: gzip"], id="gzip-cut"),
        pytest.param(b"\x1f\x8b\x08" + b"\x55" * 99, ["Content-Encoding: gzip"], id="gzip-damaged"),
        pytest.param(brotli.compress(page(0))[:-30], ["Content-Encoding: br"], id="brotli-cut"),
        pytest.param(chunked(page(0))[:1010], ["Transfer-Encoding: chunked"], id="cut-between-chunks"),
        pytest.param(chunked(page(0))[:900], ["Transfer-Encoding: chunked"], id="cut-in-a-chunk"),
        pytest.param(b"\x00\x01", ["Content-Encoding: sdch"], id="unknown-encoding"),
        pytest.param(page(0)[:-99], [f"Content-Length: {len(page(0))}"], id="less-than-announced"),
    ],
)
def test_cut_response_is_rejected(body: bytes, headers: list[str]) -> None:
    framed = one(http(body, *headers))
    assert isinstance(framed, Reject)
    assert framed.reason == "broken_record"


@pytest.mark.parametrize(
    "header", ["WARC-Truncated: length", "WARC-Segment-Number: 1"], ids=["truncated-by-the-crawler", "first-segment"]
)
def test_a_record_that_says_it_is_cut(header: str) -> None:
    cut = one(http(page(0)[:-99]), header)
    assert isinstance(cut, Reject)
    assert (cut.reason, header in cut.detail) == ("broken_record", True)
    behind_its_end = one(http(page(0) + b"<script>track("), header)
    assert isinstance(behind_its_end, RawRecord)
    assert header in behind_its_end.notes[0]


def test_part_of_a_page_is_rejected() -> None:
    framed = one(http(page(0)[500:900], status="206 Partial Content"))
    assert isinstance(framed, Reject)
    assert "206" in framed.detail


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        pytest.param(http(b" \n"), "empty", id="blank-page"),
        pytest.param(http(b""), "empty", id="no-payload"),
        pytest.param(b"<html>no header</html>", "broken_record", id="no-http-header"),
        pytest.param(b"", "broken_record", id="nothing"),
    ],
)
def test_empty_response_is_rejected(block: bytes, reason: str) -> None:
    framed = one(block)
    assert isinstance(framed, Reject)
    assert framed.reason == reason


# ── Large ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Long:
    """A stream of a record with a payload of 100 MB, made as it is read."""

    def __init__(self, head: bytes, tail: bytes) -> None:
        self.parts: Iterator[bytes] = itertools.chain([head], itertools.repeat(b" " * 50_000, 2_000), [tail])
        self.rest = b""

    def read(self, size: int = -1) -> bytes:
        self.rest = self.rest or next(self.parts, b"")
        part, self.rest = self.rest[:size], self.rest[size:]
        return part


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Return the peak memory in bytes since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_payload_of_100_mb_is_rejected_without_reading_it_into_memory(peak: Callable[[], int]) -> None:
    head = record(http(b"<html>"), 0, length=len(http(b"<html>")) + 100_000_000).removesuffix(b"\r\n\r\n")
    first, second = frame_warc(REF, cast("BinaryIO", Long(head, b"\r\n\r\n" + pages(2)[1])))
    assert isinstance(first, Reject)
    assert (first.reason, f"{MAX_HTML_BYTES:,}" in first.detail) == ("too_large", True)
    assert summary([second]) == ["1"]
    assert peak() < 3 * MAX_HTML_BYTES


@pytest.mark.parametrize(
    ("encoding", "unpacked"),
    [
        pytest.param("gzip", zlib.compressobj(wbits=31), id="gzip"),
        pytest.param("br", brotli.Compressor(quality=1), id="brotli"),
        pytest.param("zstd", zstandard.ZstdCompressor().compressobj(), id="zstd"),
    ],
)
def test_payload_that_unpacks_to_100_mb_is_rejected_without_reading_it_into_memory(
    encoding: str, unpacked: Any, peak: Callable[[], int]
) -> None:
    compress = unpacked.process if encoding == "br" else unpacked.compress
    end = unpacked.finish if encoding == "br" else unpacked.flush
    bomb = b"".join([compress(b" " * 1_000_000) for _ in range(100)] + [end()])
    framed = one(http(bomb, f"Content-Encoding: {encoding}"))
    assert isinstance(framed, Reject)
    assert framed.reason == "too_large"
    assert peak() < 4 * MAX_HTML_BYTES


# ── Damage ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [60, 4000], ids=["small", "large"])
@pytest.mark.parametrize("is_packed", [True, False], ids=["gzip", "plain"])
def test_a_file_cut_anywhere_is_never_silent(size: int, *, is_packed: bool) -> None:
    records = packed(pages(3, size)) if is_packed else pages(3, size)
    raw, last = b"".join(records), len(records[-1])
    cuts = [5, 9, 12, last - 1, *random.Random(1).sample(range(5, last), 40)]
    for cut in cuts:
        found = summary(frame(raw[:-cut]))
        assert found == ["0", "1", "truncated"], cut
    assert summary(frame(raw)) == ["0", "1", "2"]


@pytest.mark.parametrize("cut", [1, 4])
def test_missing_last_line_end_is_accepted(cut: int) -> None:
    assert summary(frame(b"".join(pages(2))[:-cut])) == ["0", "1"]


def corrupt(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1 :]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(corrupt(packed(pages(2))[1], 60), id="corrupt-member"),
        pytest.param(corrupt(packed(pages(2, 4000))[1], 20_000), id="corrupt-large-member"),
        pytest.param(corrupt(packed(pages(2))[1], -6), id="wrong-checksum"),
        pytest.param(packed(pages(2))[1][:-40], id="member-cut"),
        pytest.param(b"\x00" * 700, id="zeros"),
        pytest.param(b"no gzip at all" * 50, id="garbage"),
        pytest.param(gzip.compress(b"no record at all"), id="member-of-something-else"),
        pytest.param(gzip.compress(record(http(page(1)), 1, length=500)), id="length-too-small"),
        pytest.param(gzip.compress(record(http(page(1)), 1, length=9_000)), id="length-too-large"),
        pytest.param(gzip.compress(pages(2)[1].replace(b"Content-Length", b"X-Length")), id="no-length"),
        pytest.param(
            gzip.compress(pages(2)[1].replace(b"Content-Length", b"content-length")), id="length-in-small-letters"
        ),
        pytest.param(gzip.compress(pages(2)[1].replace(b"WARC-Type: response\r\n", b"")), id="no-type"),
        pytest.param(gzip.compress(pages(2)[1].replace(b"\r\n", b"\n")), id="line-feeds-only"),
    ],
)
def test_records_beside_a_broken_one_are_read_in_gzip(broken: bytes) -> None:
    first, _, third = packed(pages(3))
    framed = frame(first, broken, third)
    assert summary(framed) == ["0", "broken_record", "2"]
    assert offsets(framed) == ["0", str(len(first)), str(len(first) + len(broken))]
    reject = framed[1]
    assert isinstance(reject, Reject)
    assert f"from byte {len(first):,} to {len(first) + len(broken):,}" in reject.detail


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"garbage\r\n" * 99, id="garbage"),
        pytest.param(record(http(page(1)), 1, length=500), id="length-too-small"),
        pytest.param(record(http(page(1)), 1, length=9_000), id="length-too-large"),
        pytest.param(record(http(page(1)), 1, length=10**15), id="length-beyond-the-end"),
        pytest.param(pages(2)[1].replace(b"Content-Length", b"X-Length"), id="no-length"),
        pytest.param(pages(2)[1].replace(b"Content-Length: ", b"Content-Length: -"), id="negative-length"),
        pytest.param(pages(2)[1].replace(b"WARC/1.0", b"WARC/9.9"), id="unknown-version"),
        pytest.param(pages(2)[1][:120], id="header-cut-so-that-it-runs-into-the-next"),
        pytest.param(pages(2)[1][:-900], id="block-cut"),
    ],
)
def test_records_beside_a_broken_one_are_read_in_a_plain_file(broken: bytes) -> None:
    first, _, third = pages(3)
    framed = frame(first, broken, third)
    assert summary(framed) == ["0", "broken_record", "2"]
    assert offsets(framed)[2] == str(len(first) + len(broken))


def test_reject_names_the_fault_of_a_header() -> None:
    broken = pages(2)[1].replace(b"Content-Length", b"X-Length")
    reject = frame(broken, pages(3)[2])[0]
    assert isinstance(reject, Reject)
    assert "Content-Length missing" in reject.detail


def test_damage_in_a_file_compressed_as_a_whole_ends_it() -> None:
    rnd = random.Random(2)
    bodies = [b"<html>" + bytes(rnd.choices(b"abcdefgh", k=300_000)) + b"</html>" for _ in range(4)]
    raw = gzip.compress(b"".join(record(http(body), number) for number, body in enumerate(bodies)))
    for damaged in (raw[:-40_000], corrupt(raw, len(raw) - 40_000)):
        *good, last = frame(damaged)
        assert [item.data for item in good if isinstance(item, RawRecord)] == bodies[: len(good)]
        assert len(good) >= 2
        assert isinstance(last, Reject)
        assert last.reason == "truncated"


def test_places_that_look_like_records_are_tried_so_often_only() -> None:
    *_, last = frame(pages(1)[0], b"WARC/1.0 " * 100_000, b"\r\n")
    assert isinstance(last, Reject)
    assert last.reason == "truncated"


def test_disk_error_is_not_reported_as_damage() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 2_000:
                raise OSError(5, "Input/output error")
            return super().read(min(size or 500, 500))

    with pytest.raises(OSError, match="Input/output error"):
        list(frame_warc(REF, Failing(b"".join(pages(9)))))


def test_error_of_the_container_keeps_the_records_before_it() -> None:
    class Bad(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            part = super().read(min(size or 500, 500))
            if not part:
                raise BadStreamError("truncated", "the archive ends here")
            return part

    framed = []
    with pytest.raises(BadStreamError, match="the archive ends here"):
        for item in frame_warc(REF, Bad(b"".join(pages(3))[:-500])):
            framed.append(item)  # noqa: PERF402 - what came before the error counts
    assert summary(framed) == ["0", "1"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(gzip.compress(b""), "empty", id="empty-gzip"),
        pytest.param(b"hello world\n" * 99, "unknown_format", id="text"),
        pytest.param(b"\x04\x22\x4d\x18" + b"\x00" * 99, "unknown_format", id="lz4"),
    ],
)
def test_not_a_warc_file(raw: bytes, reason: str) -> None:
    with pytest.raises(BadStreamError) as caught:
        frame(raw)
    assert caught.value.reason == reason
