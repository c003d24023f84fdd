"""Compressed files and archives: what is in them, and what becomes of those that are damaged or mean harm."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import lzma
import random
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv
import pytest
import zstandard
from fastwarc.warc import ArchiveIterator
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.compression import BLOCK_BYTES
from pipeline.contract import WHOLE, RawRef, Reject, Skip
from pipeline.read.containers import (
    ContainerFormat,
    OpenFile,
    frame_container,
    recognise_container,
    reject_stream_errors,
)
from pipeline.read.containers.compressed import FileCoding, decompress_file
from pipeline.read.containers.streams import as_stream
from pipeline.read.records import CHUNK_BYTES, BadStreamError, Framed, RawRecord, digest, read_whole, record_ref
from tests.bounds import processor_seconds_below

STORY = b"ORVILLE (Coast Wire) - The harbour bridge will close on Monday, the port authority said.\n"
LINES = b"".join(b'{"text": "Ferry number %d sails at noon."}\n' % n for n in range(1, 21))
REF = RawRef("wire", "file", "", "")
PACK: dict[FileCoding, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}
CODINGS = list(PACK)


def zipped(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return file.getvalue()


def tarred(members: Iterable[tuple[str, bytes]], mode: str = "w") -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
            for name, content in members:
                archive.addfile(entry(name, len(content)), io.BytesIO(content))
        return file.getvalue()


def entry(name: str, size: int = 0, **more: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    for key, value in more.items():
        setattr(info, key, value)
    return info


def frame(opened: OpenFile) -> Iterator[Framed]:
    """Frame like the dispatcher, for lines and whole files."""
    packing = recognise_container(opened.name, opened.stream.peek(4096)[:4096])
    if packing:
        yield from frame_container(opened, packing, frame)
    elif opened.name.endswith(".jsonl"):
        for number, line in enumerate(opened.stream, 1):
            yield RawRecord(record_ref(opened.ref, number, line), "json", line, "jsonl")
    else:
        data = read_whole(opened.stream, 1_000_000)
        ref = replace(opened.ref, raw_record=opened.ref.raw_record or WHOLE, raw_sha256=digest(data))
        yield RawRecord(ref, "text", data, "text", beside=opened.sidecar.content if opened.sidecar else b"")


def as_file(content: bytes) -> io.BufferedReader:
    return cast("io.BufferedReader", io.BufferedReader(io.BytesIO(content)))


def framed(content: bytes, name: str) -> list[Framed]:
    stream = as_file(content)
    return list(reject_stream_errors(REF, frame(OpenFile(REF, name, stream))))


def fates(content: bytes, name: str) -> list[tuple[str, str]]:
    """Return the text of each record, or the reason why it has none, by its name."""
    return [fate(item) for item in framed(content, name)]


def fate(one: Framed) -> tuple[str, str]:
    match one:
        case Reject():
            return one.raw_record, one.reason
        case Skip():
            return one.ref.raw_record, f"skipped: {one.reason}"
        case RawRecord():
            assert one.ref.raw_sha256 == digest(one.data)
            return one.ref.raw_record, one.data.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("name", "content", "packing"),
    [
        pytest.param("story.txt", gzip.compress(STORY), "gzip", id="gzip-called-txt"),
        pytest.param("story.gz", lzma.compress(STORY), "xz", id="xz-called-gz"),
        pytest.param("story.html.gz", b"<html><p>The bridge", None, id="page-called-gz"),
        pytest.param("story.txt.gz", b"damaged from its first byte", "gzip", id="only-the-name-says-it"),
        pytest.param("story.txt", STORY, None, id="no-container"),
    ],
)
def test_packing_of(name: str, content: bytes, packing: ContainerFormat | None) -> None:
    assert recognise_container(name, content) == packing


# ── What is read ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("coding", CODINGS)
class TestCompressed:
    def test_compressed_file_is_the_file_itself(self, coding: FileCoding) -> None:
        assert fates(PACK[coding](STORY), "story.txt") == [("0", STORY.decode())]

    def test_records_have_the_numbers_they_have_uncompressed(self, coding: FileCoding) -> None:
        packed = [place for place, _ in fates(PACK[coding](LINES), f"dump.jsonl.{ending(coding)}")]
        assert packed == [str(n) for n in range(1, 21)]

    def test_several_members_are_one_file(self, coding: FileCoding) -> None:
        content = b"".join(PACK[coding](line) for line in LINES.splitlines(keepends=True))
        assert len(fates(content, f"dump.jsonl.{ending(coding)}")) == 20

    def test_zeros_that_fill_it_up_are_nothing(self, coding: FileCoding) -> None:
        content = PACK[coding](STORY) + bytes(1024) + PACK[coding](STORY) + bytes(BLOCK_BYTES * 2)
        assert b"".join(decompress_file(io.BytesIO(content), coding)) == STORY * 2

    def test_other_bytes_after_the_end_are_rejected(self, coding: FileCoding) -> None:
        content = PACK[coding](LINES) + b"these bytes are damage"
        assert fates(content, f"dump.jsonl.{ending(coding)}")[19:] == [
            ("20", LINES.decode().splitlines(keepends=True)[-1]),
            ("20+", "truncated"),
        ]

    @pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
    def test_any_length_is_whole(self, coding: FileCoding, size: int) -> None:
        assert sum(map(len, decompress_file(io.BytesIO(PACK[coding](bytes(size))), coding))) == size

    def test_cut_anywhere_is_reported(self, coding: FileCoding) -> None:
        content = PACK[coding](STORY)
        for size in range(1, len(content)):
            with pytest.raises(BadStreamError) as error:
                list(decompress_file(io.BytesIO(content[:size]), coding))
            assert error.value.reason == "truncated"

    def test_records_before_the_cut_are_read(self, coding: FileCoding) -> None:
        noise = random.Random(1)
        lines = [json.dumps({"text": noise.randbytes(100).hex()}).encode() + b"\n" for _ in range(8_000)]
        content = PACK[coding](b"".join(lines))
        *records, last = framed(content[: len(content) * 3 // 4], f"dump.jsonl.{ending(coding)}")
        assert len(records) > 4_000
        assert [record.data for record in records if isinstance(record, RawRecord)] == lines[: len(records)]
        assert fate(last) == (f"{len(records)}+", "truncated")

    def test_one_wrong_bit_is_reported(self, coding: FileCoding) -> None:
        content = bytearray(PACK[coding](random.Random(2).randbytes(5000)))
        content[len(content) // 2] ^= 4
        if coding == "zstd":
            content = bytearray(
                zstandard.ZstdCompressor(write_checksum=True).compress(random.Random(2).randbytes(5000))
            )
            content[len(content) // 2] ^= 4
        assert fates(bytes(content), "story.bin")[0][1] == "truncated"

    def test_no_bytes(self, coding: FileCoding) -> None:
        assert fates(b"", f"story.txt.{ending(coding)}") == [("0", "empty")]


def ending(coding: FileCoding) -> str:
    return {"gzip": "gz", "bzip2": "bz2", "xz": "xz", "zstd": "zst"}[coding]


FILES = [("a.txt", STORY), ("city/b.jsonl", LINES[:84])]
READ = [
    ("a.txt", STORY.decode()),
    ("city/b.jsonl!/1", LINES[:42].decode()),
    ("city/b.jsonl!/2", LINES[42:84].decode()),
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("x.zip", zipped(FILES), id="zip"),
        pytest.param("x.zip", zipped(FILES, zipfile.ZIP_STORED), id="zip-stored"),
        pytest.param("x.zip", zipped(FILES, zipfile.ZIP_BZIP2), id="zip-bzip2"),
        pytest.param("x.zip", zipped(FILES, zipfile.ZIP_LZMA), id="zip-lzma"),
        pytest.param("x.tar", tarred(FILES), id="tar"),
        pytest.param("x.tar.gz", tarred(FILES, "w:gz"), id="tar-gz"),
        pytest.param("x.tgz", tarred(FILES, "w:gz"), id="tgz"),
        pytest.param("x.tar.bz2", tarred(FILES, "w:bz2"), id="tar-bz2"),
        pytest.param("x.tbz2", tarred(FILES, "w:bz2"), id="tbz2"),
        pytest.param("x.tar.xz", tarred(FILES, "w:xz"), id="tar-xz"),
        pytest.param("x.txz", tarred(FILES, "w:xz"), id="txz"),
        pytest.param("x.tar.zst", zstandard.compress(tarred(FILES)), id="tar-zst"),
        pytest.param("x.txt", tarred(FILES, "w:gz"), id="tar-gz-called-txt"),
        pytest.param("x.tar", tarred((f"./{name}", data) for name, data in FILES), id="tar-of-a-folder"),
        pytest.param(
            "x.zip", zipped((name.replace("/", "\\"), data) for name, data in FILES), id="zip-with-backslashes"
        ),
    ],
)
def test_archives(name: str, content: bytes) -> None:
    assert fates(content, name) == READ


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param("x.zip", zipped([("in.tar.gz", tarred(FILES, "w:gz"))]), "in.tar.gz!/a.txt", id="tar-gz-in-zip"),
        pytest.param("x.tgz", tarred([("in.zip", zipped(FILES))], "w:gz"), "in.zip!/a.txt", id="zip-in-tar-gz"),
        pytest.param("x.zip", zipped([("a.txt.gz", gzip.compress(STORY))]), "a.txt.gz", id="gz-in-zip"),
        pytest.param("x.gz.xz", lzma.compress(gzip.compress(STORY)), "0", id="gz-in-xz"),
        pytest.param(
            "x.zip",
            zipped([("in.tgz", tarred([("a.txt.gz", gzip.compress(STORY))], "w:gz"))]),
            "in.tgz!/a.txt.gz",
            id="three-deep",
        ),
    ],
)
def test_containers_in_containers(name: str, content: bytes, expected: str) -> None:
    assert fates(content, name)[0] == (expected, STORY.decode())


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_archive_of_nothing_is_empty(pack: Callable[..., bytes]) -> None:
    assert fates(pack([]), "x.zip" if pack is zipped else "x.tar") == [("0", "empty")]


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.filterwarnings("ignore:Duplicate name")  # of zipfile, which writes it all the same
def test_files_of_one_name_are_numbered(pack: Callable[..., bytes]) -> None:
    content = pack([("a.txt", b"first"), ("a.txt", b"second"), ("a.txt#3", b"called so"), ("./a.txt", b"third")])
    assert fates(content, "x.tar") == [
        ("a.txt", "first"),
        ("a.txt#2", "second"),
        ("a.txt#3", "called so"),
        ("a.txt#4", "third"),
    ]


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "path", ["__MACOSX/._a.txt", ".DS_Store", "city/.hidden.txt", ".git/a.txt", "city/Thumbs.db", "desktop.ini"]
)
def test_hidden_files_are_skipped(pack: Callable[..., bytes], path: str) -> None:
    assert fates(pack([(path, STORY), ("a.txt", STORY)]), "x.tar") == [
        (path, "skipped: no_article"),
        ("a.txt", STORY.decode()),
    ]


def test_entry_that_is_not_a_file_is_skipped() -> None:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.addfile(entry("city", type=tarfile.DIRTYPE))
            archive.addfile(entry("city/link.txt", type=tarfile.SYMTYPE, linkname="/etc/passwd"))
            archive.addfile(entry("city/hard.txt", type=tarfile.LNKTYPE, linkname="a.txt"))
            archive.addfile(entry("city/null", type=tarfile.CHRTYPE))
            archive.addfile(entry("city/pipe", type=tarfile.FIFOTYPE))
            archive.addfile(entry("a.txt", len(STORY)), io.BytesIO(STORY))
        found = fates(file.getvalue(), "x.tar")
    assert {what for _, what in found[:-1]} == {"skipped: no_article"}
    assert [where for where, _ in found] == [
        "city",
        "city/link.txt",
        "city/hard.txt",
        "city/null",
        "city/pipe",
        "a.txt",
    ]


def test_folders_and_links_of_a_zip_are_skipped() -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("city/", b"")
            archive.writestr(link, "/etc/passwd")
        assert fates(file.getvalue(), "x.zip") == [
            ("city", "skipped: no_article"),
            ("link.txt", "skipped: no_article"),
        ]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param(["a.txt", "a.json"], {"a.txt": b"a.json", "a.json": "sidecar"}, id="beside-it"),
        pytest.param(
            ["x/a.html", "x/a.html.json"], {"x/a.html": b"x/a.html.json", "x/a.html.json": "sidecar"}, id="folder"
        ),
        pytest.param(["x/a.html", "y/a.json"], {"x/a.html": b"", "y/a.json": None}, id="in-another-folder"),
        pytest.param(["b.json"], {"b.json": None}, id="json-without-an-article"),
    ],
)
def test_sidecars_in_a_zip(members: list[str], expected: dict[str, bytes | str | None]) -> None:
    found = framed(zipped((name, name.encode()) for name in members), "x.zip")
    for item in found:
        match item:
            case Skip():
                assert expected[item.ref.raw_record] == item.reason
            case RawRecord():
                assert item.beside == (expected[item.ref.raw_record] or b"")
            case Reject():
                pytest.fail(item.detail)
    assert len(found) == len(expected)


def test_article_with_a_huge_sidecar_is_rejected() -> None:
    content = zipped([("a.txt", STORY), ("a.json", bytes(2_000_000)), ("b.txt", STORY)])
    assert fates(content, "x.zip") == [
        ("a.txt", "broken_sidecar"),
        ("a.json", "skipped: sidecar"),
        ("b.txt", STORY.decode()),
    ]


# ── What is refused ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("../a.txt", id="above"),
        pytest.param("city/../../a.txt", id="above-by-a-detour"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("//host/share/a.txt", id="network"),
        pytest.param("..\\a.txt", id="backslash"),
        pytest.param("C:\\a.txt", id="drive"),
        pytest.param("..", id="the-folder-above"),
    ],
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_paths_outside_the_archive_are_rejected(pack: Callable[..., bytes], path: str) -> None:
    assert fates(pack([(path, STORY), ("a.txt", STORY)]), "x.tar") == [
        (path, "unsafe_path"),
        ("a.txt", STORY.decode()),
    ]


@pytest.mark.parametrize("path", ["city/../a.txt", "..a.txt", "a..txt/..b.txt"])
def test_dots_inside_the_archive_are_accepted(path: str) -> None:
    ((_, text),) = fates(zipped([(path, STORY)]), "x.zip")
    assert text in (STORY.decode(), "skipped: no_article")


def test_four_containers_are_too_many() -> None:
    content = zipped([("b.zip", zipped([("c.zip", zipped([("d.zip", zipped(FILES)), ("c.txt", STORY)]))]))])
    assert fates(content, "a.zip") == [
        ("b.zip!/c.zip!/d.zip", "nested_too_deep"),
        ("b.zip!/c.zip!/c.txt", STORY.decode()),
    ]


def test_gzip_of_itself_over_and_over_ends() -> None:
    content = STORY
    for _ in range(20):
        content = gzip.compress(content)
    assert fates(content, "a.tar.gz") == [("0", "nested_too_deep")]


def bomb(size: int, pack: Callable[[], Any]) -> bytes:
    packer, zeros = pack(), bytes(1 << 20)
    return b"".join([*(packer.compress(zeros) for _ in range(size >> 20)), packer.flush()])


def zip_bomb(size: int) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("a.txt", STORY)
            with archive.open("bomb.txt", "w") as member:
                for _ in range(size >> 20):
                    member.write(bytes(1 << 20))
            archive.writestr("z.txt", STORY)
        return file.getvalue()


def within(seconds: float, megabytes: float, content: bytes, name: str) -> list[tuple[str, str]]:
    """Read the content of a container without keeping it, in bounded time and memory."""

    def drain(opened: OpenFile) -> Iterator[Framed]:
        packing = recognise_container(opened.name, opened.stream.peek(4096))
        if packing:
            yield from frame_container(opened, packing, drain)
            return
        size = 0
        while part := opened.stream.read(CHUNK_BYTES):
            size += len(part)
        yield RawRecord(record_ref(opened.ref, "drained", b"%d" % size), "text", b"%d" % size, "text")

    stream = as_file(content)
    tracemalloc.start()
    with processor_seconds_below(seconds):
        found = [fate(error) for error in reject_stream_errors(REF, drain(OpenFile(REF, name, stream)))]
    assert tracemalloc.get_traced_memory()[1] < megabytes * 1e6
    tracemalloc.stop()
    return found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("x.gz", lambda: bomb(1 << 28, lambda: zlib.compressobj(1, wbits=31)), id="gzip"),
        pytest.param("x.bz2", lambda: bomb(1 << 28, lambda: bz2.BZ2Compressor(1)), id="bzip2"),
        pytest.param("x.xz", lambda: bomb(1 << 28, lambda: lzma.LZMACompressor(preset=0)), id="xz"),
        pytest.param("x.zst", lambda: bomb(1 << 28, lambda: zstandard.ZstdCompressor().compressobj()), id="zstd"),
    ],
)
def test_bomb_ends_soon(name: str, content: Callable[[], bytes]) -> None:
    assert within(20, 150, content(), name) == [("0", "decompression_bomb")]


def test_zip_bomb_is_rejected_and_its_neighbours_are_read() -> None:
    assert within(10, 20, zip_bomb(1 << 28), "x.zip") == [
        ("a.txt!/drained", str(len(STORY))),
        ("bomb.txt", "decompression_bomb"),
        ("z.txt!/drained", str(len(STORY))),
    ]


def test_zip_of_members_on_the_same_bytes_is_a_bomb() -> None:
    """Many directory entries point to the same bytes, and each alone is within the limits."""
    one = bytearray(zipped([("a.txt", bytes(60_000_000))]))
    start = one.index(b"PK\x01\x02")
    entry_bytes = one[start : one.index(b"PK\x05\x06")]
    names = [b"%c.txt" % (97 + n) for n in range(20)]
    directory = b"".join(entry_bytes.replace(b"a.txt", name) for name in names)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(names), len(names), len(directory), start, 0)
    found = within(15, 20, bytes(one[:start] + directory + end), "x.zip")
    assert found[0] == ("a.txt!/drained", "60000000")
    assert {reason for _, reason in found[1:]} <= {"decompression_bomb", "broken_record"}


def test_bomb_within_bombs_ends_soon() -> None:
    inner = zip_bomb(1 << 27)
    content = zipped([(f"{n}.zip", zipped([(f"{m}.zip", inner) for m in range(3)])) for n in range(3)])
    found = within(40, 60, content, "42.zip")
    assert [reason for _, reason in found].count("decompression_bomb") == 9


def test_sparse_file_of_a_tar_is_rejected() -> None:
    header = bytearray(entry("a.txt", 512, type=tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\x00%011o\x00" % (0, 512)
    header[483:495] = b"%011o\x00" % (1 << 32)
    header[148:156] = b"        "
    header[148:156] = b"%06o\x00 " % sum(header)
    content = bytes(header) + STORY.ljust(512, b"\x00") + tarred([("b.txt", STORY)])
    assert fates(content, "x.tar") == [("a.txt", "broken_record"), ("b.txt", STORY.decode())]


def test_encrypted_member_is_rejected() -> None:
    content = bytearray(zipped([("a.txt", STORY), ("b.txt", STORY)]))
    content[content.index(b"PK\x03\x04") + 6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    first, second = framed(bytes(content), "x.zip")
    assert isinstance(first, Reject)
    assert (first.raw_record, first.reason) == ("a.txt", "broken_record")
    assert "encrypted" in first.detail
    assert fate(second) == ("b.txt", STORY.decode())


def test_unknown_method_of_a_zip_is_rejected() -> None:
    content = bytearray(zipped([("a.txt", STORY), ("b.txt", STORY)]))
    content[content.index(b"PK\x03\x04") + 8] = 9  # Deflate64
    content[content.index(b"PK\x01\x02") + 10] = 9
    assert fates(bytes(content), "x.zip") == [("a.txt", "broken_record"), ("b.txt", STORY.decode())]


def test_wrong_checksum_refuses_only_that_member() -> None:
    content = bytearray(
        zipped([("a.txt", STORY), ("b.txt", b"The ferry sails."), ("c.txt", STORY)], zipfile.ZIP_STORED)
    )
    content[content.index(b"The ferry") + 4] ^= 1
    assert fates(bytes(content), "x.zip") == [
        ("a.txt", STORY.decode()),
        ("b.txt", "truncated"),
        ("c.txt", STORY.decode()),
    ]


def test_zip_cut_short_is_one_reject() -> None:
    content = zipped([(f"{n}.txt", STORY) for n in range(10)])
    assert fates(content[:-30], "x.zip") == [("0", "truncated")]


def test_tar_cut_inside_a_file_loses_that_and_later_files() -> None:
    content = tarred([("a.txt", STORY), ("b.txt", STORY * 100), ("c.txt", STORY)])
    assert fates(content[:4000], "x.tar") == [
        ("a.txt", STORY.decode()),
        ("b.txt", "truncated"),
        ("b.txt+", "truncated"),
    ]


def test_cut_compressed_tar_keeps_the_files_before_the_cut() -> None:
    noise = random.Random(3)
    content = tarred([(f"{n}.txt", noise.randbytes(2000).hex().encode()) for n in range(100)], "w:gz")
    *read, cut, rest = framed(content[: len(content) // 2], "x.tgz")
    assert [fate(item)[0] for item in read] == [f"{n}.txt" for n in range(len(read))]
    assert 40 < len(read) < 60
    assert fate(cut) == (f"{len(read)}.txt", "truncated")
    assert fate(rest) == (f"{len(read)}.txt+", "truncated")


@pytest.mark.parametrize("coding", CODINGS)
def test_compressed_tar_without_its_end_is_reported(coding: FileCoding) -> None:
    content = PACK[coding](tarred(FILES))
    found = fates(content[:-1], f"x.tar.{ending(coding)}")
    assert found[-1][1] == "truncated"


def test_tar_without_an_end_mark_is_reported() -> None:
    content = tarred([("a.txt", STORY)])[:1024]
    assert fates(content, "x.tar") == [("a.txt", STORY.decode()), ("a.txt+", "truncated")]


def test_damaged_tar_header_does_not_end_the_archive_silently() -> None:
    content = bytearray(tarred([("a.txt", STORY), ("b.txt", STORY), ("c.txt", STORY)]))
    content[1024 + 10] ^= 1
    assert fates(bytes(content), "x.tar") == [("a.txt", STORY.decode()), ("a.txt+", "truncated")]


def test_second_archive_in_one_file_is_reported() -> None:
    content = tarred([("a.txt", STORY)]) + tarred([("b.txt", STORY)])
    assert fates(content, "x.tar") == [("a.txt", STORY.decode()), ("a.txt+", "truncated")]


def test_tar_with_an_endless_name_is_rejected() -> None:
    content = (
        tarred([("a.txt", STORY)])[:1024] + entry("x", 1 << 32, type=tarfile.GNUTYPE_LONGNAME).tobuf() + bytes(5000)
    )
    assert fates(content, "x.tar") == [("a.txt", STORY.decode()), ("a.txt+", "too_large")]


def test_names_in_no_known_encoding_can_be_written_as_utf8() -> None:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
            archive.addfile(entry("caf\xe9.txt", 2), io.BytesIO(b"ok"))
            archive.addfile(entry("caf\xe8.txt", 2), io.BytesIO(b"ok"))
        assert fates(file.getvalue(), "x.tar") == [("caf\ufffd.txt", "ok"), ("caf\ufffd.txt#2", "ok")]


def test_damage_of_a_file_in_an_archive_is_its_own() -> None:
    content = tarred([("a.txt.gz", gzip.compress(STORY)[:-9]), ("b.jsonl.gz", gzip.compress(LINES)), ("c.txt", STORY)])
    found = fates(content, "x.tar")
    assert found[0] == ("a.txt.gz", "truncated")
    assert found[20] == ("b.jsonl.gz!/20", LINES.decode().splitlines(keepends=True)[-1])
    assert found[21] == ("c.txt", STORY.decode())


def test_disk_error_is_reported_as_such() -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, _buffer: object) -> int:
            raise OSError(5, "Input/output error")

    def lines(_: object) -> Iterator[Framed]:
        yield RawRecord(record_ref(REF, 1, b"{}"), "json", b"{}", "jsonl")
        io.BufferedReader(Broken()).read(1)

    first, second = reject_stream_errors(REF, lines(None))
    assert fate(first) == ("1", "{}")
    assert fate(second) == ("1+", "unreadable")


# ── Streams and their readers ──────────────────────────────────────────────────────────────────────────────────


def broken_after(content: bytes, piece: int = 7) -> io.BufferedReader:
    def pieces() -> Iterator[bytes]:
        for index in range(0, len(content), piece):
            yield content[index : index + piece]
        raise BadStreamError("truncated", "it breaks off")

    return as_stream(pieces())


@pytest.mark.parametrize("size", [1, 10, CHUNK_BYTES])
def test_all_bytes_before_the_damage_are_returned(size: int) -> None:
    stream, found = broken_after(LINES), b""
    with pytest.raises(BadStreamError):
        while part := stream.read(size):
            found += part
    assert found == LINES
    with pytest.raises(BadStreamError):
        stream.read(size)


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda stream: stream.read(), id="read"),
        pytest.param(lambda stream: stream.read(CHUNK_BYTES + 1), id="read-a-limit"),
        pytest.param(lambda stream: list(stream), id="lines"),
        pytest.param(lambda stream: stream.readlines(), id="readlines"),
        pytest.param(lambda stream: read_whole(stream, 10_000_000), id="read-whole"),
        pytest.param(lambda stream: io.TextIOWrapper(stream, "utf-8").read(), id="as-text"),
        pytest.param(lambda stream: io.BufferedReader(stream).read(), id="another-buffer"),
    ],
)
def test_damage_is_never_taken_for_the_end(read: Callable[[Any], Any]) -> None:
    with pytest.raises(BadStreamError):
        read(broken_after(b'["a", "b", "c"'))


def test_half_a_line_raises() -> None:
    stream = broken_after(b"first\nsecond\nthi")
    assert [stream.readline(), stream.readline()] == [b"first\n", b"second\n"]
    with pytest.raises(BadStreamError):
        stream.readline()


def test_arrow_gives_no_half_row() -> None:
    with pytest.raises(BadStreamError):
        pa.csv.open_csv(broken_after(b"text,url\nThe ferry sails,a\nThe brid")).read_all()


def test_arrow_reads_compressed_csv() -> None:
    stream = as_stream(
        decompress_file(io.BytesIO(gzip.compress(b"text,url\nThe ferry sails,a\nThe bridge,b\n")), "gzip")
    )
    assert pa.csv.open_csv(stream).read_all().num_rows == 2


def test_fastwarc_reads_a_stream_from_an_archive() -> None:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>The ferry sails."
    record = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n" % (len(body), body)
    stream = as_stream(decompress_file(io.BytesIO(gzip.compress(record * 3)), "gzip"))
    assert len(list(ArchiveIterator(stream))) == 3


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_pieces_and_reads_of_any_size_give_the_same_bytes(pieces: list[bytes], sizes: list[int]) -> None:
    stream = as_stream(iter(pieces))
    turns = itertools.cycle(sizes)
    read = b"".join(iter(lambda: stream.read(next(turns)), b""))
    assert read == b"".join(pieces)


@given(st.integers(0, 10_000), st.integers(0, 255))
@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tgz"])
@settings(max_examples=200, deadline=None)
def test_any_damage_ends_as_rejects(name: str, at: int, byte: int) -> None:
    content = bytearray(zipped(FILES) if name == "x.zip" else tarred(FILES, "w:gz" if name == "x.tgz" else "w"))
    content[at % len(content)] = byte
    found = framed(bytes(content), name)
    assert len({fate(item)[0] for item in found}) == len(found) > 0
    if name != "x.tar":  # which has no checksum of what is in it
        texts = [fate(item)[1] for item in found if isinstance(item, RawRecord)]
        assert texts == [text for _, text in READ] or not all(isinstance(item, RawRecord) for item in found)


# ── Many members ───────────────────────────────────────────────────────────────────────────────────────────────


def test_many_files_of_a_tar_stream_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "many.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for n in range(5_000):
            archive.members.clear()  # type: ignore[attr-defined]
            archive.addfile(entry(f"{n}.txt", len(STORY)), io.BytesIO(STORY))
    tracemalloc.start()
    with path.open("rb") as stream:
        count = sum(isinstance(item, RawRecord) for item in frame(OpenFile(REF, "many.tar", stream)))
    assert count == 5_000
    assert (
        tracemalloc.get_traced_memory()[1] < 8e6
    )  # the names of all members, so that none comes twice; not their contents
    tracemalloc.stop()


def test_zip_in_a_stream_is_copied_to_disk() -> None:
    content = gzip.compress(zipped([("a.txt", STORY), ("b.bin", random.Random(4).randbytes(8_000_000))]))
    found = within(40, 24, content, "x.zip.gz")
    assert found == [("a.txt!/drained", str(len(STORY))), ("b.bin!/drained", "8000000")]


def test_member_named_like_a_record_has_its_own_name() -> None:
    names = ("d.jsonl", "d.jsonl!/1", "b.txt", "b.txt+")
    found = framed(zipped([(name, f"content of {name}".encode()) for name in names]), "a.zip")
    assert [item.ref.raw_record for item in found if isinstance(item, RawRecord)] == [
        "d.jsonl!/1",  # the first line of d.jsonl
        "d.jsonl%21/1",
        "b.txt",
        "b.txt%2B",
    ]
