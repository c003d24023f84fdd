"""How tables of articles are parted into rows."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contract import InputFormat, RawRef, Reject
from pipeline.read.records import BadStreamError, Framer, Options, RawRecord, digest
from pipeline.read.table_files import frame_csv, frame_parquet, frame_tsv
from tests.bounds import processor_seconds_below

FILE = RawRef("wire", "table.csv", "", "")
FORMATS: dict[Framer, InputFormat] = {frame_csv: "csv", frame_tsv: "tsv", frame_parquet: "parquet"}


class Forward(io.RawIOBase):
    """A stream that can do nothing but be read on, as a decompressor."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        self._rest = self._rest or next(self._parts, b"")
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def frame(framer: Framer, data: bytes, ref: RawRef = FILE) -> list[tuple[str, Any]]:
    """Return each row's number with its cells or reject reason, the same for any kind of stream."""
    found: list[tuple[str, Any]] = []
    try:
        for item in framer(ref, cast(BinaryIO, Forward(iter([data])))):
            if isinstance(item, RawRecord):
                assert (item.kind, item.input_format, item.ref.raw_sha256) == (
                    "json",
                    FORMATS[framer],
                    digest(item.data),
                )
                found.append((item.ref.raw_record, orjson.loads(item.data)))
            else:
                assert isinstance(item, Reject)
                found.append((item.raw_record, item.reason))
    except BadStreamError as error:
        found.append(("", error.reason))
    return found


def details(framer: Framer, data: bytes) -> list[str]:
    return [item.detail for item in framer(FILE, io.BytesIO(data)) if isinstance(item, Reject)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param("title,text\nA,b c\nD,e f\n", [("1", ("A", "b c")), ("2", ("D", "e f"))], id="comma"),
        pytest.param("title;text\nA;b, c\n", [("1", ("A", "b, c"))], id="semicolon"),
        pytest.param("title|text\nA|b, c\n", [("1", ("A", "b, c"))], id="bar"),
        pytest.param("title\ttext\nA\tb, c\n", [("1", ("A", "b, c"))], id="tab"),
        pytest.param('title,text\nA,"b\nc\r\n\nd"\nE,f\n', [("1", ("A", "b\nc\r\n\nd")), ("2", ("E", "f"))], id="line-ends-in-a-cell"),
        pytest.param('title,text\nA,"He said ""no"", twice."\n', [("1", ("A", 'He said "no", twice.'))], id="doubled-marks"),
        pytest.param('title,text\nA,He said "no" twice.\n', [("1", ("A", 'He said "no" twice.'))], id="marks-within-a-bare-cell"),
        pytest.param("title,text\r\nA,b\r\n\r\n\r\nC,d\r\n", [("1", ("A", "b")), ("2", ("C", "d"))], id="blank-lines-are-no-rows"),
        pytest.param("title,text\nA,b", [("1", ("A", "b"))], id="no-end-of-the-last-line"),
        pytest.param('\ufefftitle,text\n"A",b\n', [("1", ("A", "b"))], id="byte-order-mark"),
        pytest.param(' title , text \nA,b\n', [("1", ("A", "b"))], id="spaces-in-the-header"),
        pytest.param("title,text\n007,1e5\n", [("1", ("007", "1e5"))], id="nothing-is-a-number"),
    ],
)  # fmt: skip
def test_delimited(data: str, expected: list[tuple[str, tuple[str, str]]]) -> None:
    rows = [(number, {"title": title, "text": text}) for number, (title, text) in expected]
    assert frame(frame_csv, data.encode()) == rows
    assert frame(frame_tsv, data.encode()) == rows


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_codec(codec: str) -> None:
    data = "title,text\nCafé,“The ferry sails”, she said – twice.\n".replace("sails”,", "sails”").encode(codec)
    assert frame(frame_csv, data) == [("1", {"title": "Café", "text": "“The ferry sails” she said – twice."})]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param('title\ttext\nA\t"We sail," she said.\n', '"We sail," she said.', id="text-begins-with-a-mark"),
        pytest.param('title\ttext\nA\t"We sail."\n', '"We sail."', id="text-is-a-quotation"),
        pytest.param(
            'title\ttext\nA\t"""We sail,"" she said."\n', '"We sail," she said.', id="doubled-marks-hold-cells"
        ),
        pytest.param('title\ttext\nA\t"We\nsail."\n', "We\nsail.", id="a-line-end-in-a-cell"),
        pytest.param('"title"\t"text"\n"A"\t"We sail."\n', "We sail.", id="all-cells-quoted"),
    ],
)
def test_marks_in_a_table_with_tabs(data: str, text: str) -> None:
    assert frame(frame_tsv, data.encode()) == [("1", {"title": "A", "text": text})]


def test_empty_cells_are_left_out_but_for_the_text() -> None:
    assert frame(frame_csv, b"title,text,date\n,,2024\n") == [("1", {"text": None, "date": "2024"})]


def test_places_inside_an_archive() -> None:
    member = RawRef("wire", "dump.zip", "day.csv", "")
    assert frame(frame_csv, b"title,text\nA,b\n", member) == [("day.csv!/1", {"title": "A", "text": "b"})]
    assert frame(frame_csv, b"a,b\n1,2\n", member) == [("day.csv", "no_text")]


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff"), min_size=1)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_written_tables_are_read_back(cells: list[tuple[str, str]]) -> None:
    lines = ["title,text", *(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells)]
    expected = [(str(number), {"title": a, "text": b}) for number, (a, b) in enumerate(cells, 1)]
    assert frame(frame_csv, "\n".join(lines).encode()) == expected


# ── Bad input ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        pytest.param(b"B", "broken_record", "line 4: 1 cells, but the header has 2", id="too-few-cells"),
        pytest.param(b"B,c,d", "broken_record", "line 4: 3 cells, but the header has 2", id="too-many-cells"),
        pytest.param(b'B,"c" d', "broken_record", "line 4 cannot be split", id="text-behind-a-quoted-cell"),
        pytest.param(b'"B\nb",c,d', "broken_record", "lines 4 to 5: 3 cells", id="over-two-lines"),
        pytest.param(b"B,\xff", "undecodable", "column 'text' has bytes", id="a-wrong-byte"),
    ],
)
def test_one_bad_row_is_one_reject_with_its_number(row: bytes, reason: str, detail: str) -> None:
    data = 'title,text\nA,"é\né é é é"\n'.encode() + row + b"\nE,f\n"
    found = frame(frame_csv, data)
    assert found == [("1", {"title": "A", "text": "é\né é é é"}), ("2", reason), ("3", {"title": "E", "text": "f"})]
    (told,) = details(frame_csv, data)
    assert detail in told


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", [("0", "empty")], id="empty"),
        pytest.param(b"title,text\n", [("0", "empty")], id="header-only"),
        pytest.param(b"A,b c\nD,e f\n", [("0", "no_text")], id="no-header"),
        pytest.param(b"url,seendate\nhttps://x.example/a,1\n", [("0", "no_text")], id="no-column-for-a-text"),
        pytest.param(b"text,title,text\na,b,c\n", [("0", "broken_record")], id="two-columns-of-one-name"),
        pytest.param(b'title,text\nA,b\nC,"d\nE,f\n', [("1", {"title": "A", "text": "b"}), ("2", "truncated")], id="a-mark-left-open"),
        pytest.param(b'"ti"x,text\nA,b\n', [("", "broken_record")], id="broken-header"),
        pytest.param("title,text\nA,b\n".encode("utf-16")[:-1], [("", "undecodable")], id="half-a-character-at-the-end"),
    ],
)  # fmt: skip
def test_bad_table(data: bytes, expected: list[tuple[str, Any]]) -> None:
    assert frame(frame_csv, data) == expected


def test_columns_of_an_unknown_table_are_listed() -> None:
    (told,) = details(frame_csv, b"kop,tekst\nA,b\n")
    assert "the columns are: kop, tekst; name the one that has it: --fields text=NAME" in told


def test_a_column_that_the_user_names() -> None:
    options = Options({"text": "tekst"})
    (row,) = frame_csv(FILE, io.BytesIO(b"kop,tekst\nA,b\n"), options)
    assert isinstance(row, RawRecord)
    assert orjson.loads(row.data) == {"kop": "A", "tekst": "b"}


def open_mark() -> Iterator[bytes]:
    yield b'title,text\nA,b\nC,"'
    for _ in range(100_000):
        yield b"and so on, and so on\n" * 100


def long_line() -> Iterator[bytes]:
    yield b"title,text\nA,b\nC,"
    for _ in range(200):
        yield b"a" * 1_000_000


@pytest.mark.parametrize("parts", [pytest.param(open_mark, id="open-mark"), pytest.param(long_line, id="200-mb-line")])
def test_a_row_without_end_takes_little_time(parts: Callable[[], Iterator[bytes]]) -> None:
    rows: list[object] = []
    with processor_seconds_below(20), pytest.raises(BadStreamError, match="is a quotation mark left open") as error:
        rows.extend(frame_csv(FILE, cast(BinaryIO, Forward(parts()))))
    assert (len(rows), error.value.reason) == (1, "too_large")


# ── Parquet ────────────────────────────────────────────────────────────────────────────────────────────────────


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_parquet() -> None:
    when = datetime.datetime(2024, 5, 7, 8, 30, tzinfo=datetime.UTC)
    data = parquet(
        text=["The ferry sails.", None],
        date=pa.array([when, None], pa.timestamp("ns", "UTC")),
        day=pa.array([when.date(), None]),
        authors=[["Mara Oduya"], []],
        source=[{"name": "Harbour Post"}, None],
        section=pa.array(["Harbour", "Harbour"]).dictionary_encode(),
        blob=[b"caf\xc3\xa9", b"\xff"],
    )
    assert frame(frame_parquet, data) == [
        (
            "1",
            {
                "text": "The ferry sails.",
                "date": "2024-05-07T08:30:00+00:00",
                "day": "2024-05-07",
                "authors": ["Mara Oduya"],
                "source": {"name": "Harbour Post"},
                "section": "Harbour",
                "blob": "café",
            },
        ),
        ("2", {"text": None, "authors": [], "section": "Harbour", "blob": None}),
    ]


def test_a_row_that_python_has_no_value_for_is_one_reject() -> None:
    data = parquet(text=["a", "b", "c"] * 50, date=pa.array([1, 2**60, 3] * 50, pa.timestamp("us")))
    found = frame(frame_parquet, data)
    assert [number for number, _ in found] == [str(number) for number in range(1, 151)]
    assert [number for number, row in found if row == "broken_record"] == [str(n) for n in range(2, 151, 3)]


WHOLE = parquet(title=["A"] * 100, text=["b"] * 100)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", ("", "broken_record"), id="empty"),
        pytest.param(WHOLE[:-10], ("", "broken_record"), id="cut"),
        pytest.param(b"PAR1" + b"x" * 100 + b"PAR1", ("", "broken_record"), id="no-footer"),
        pytest.param(parquet(kop=["A"]), ("0", "no_text"), id="no-column-for-a-text"),
        pytest.param(parquet(text=pa.array([], pa.string())), ("0", "empty"), id="no-rows"),
    ],
)
def test_bad_parquet(data: bytes, expected: tuple[str, str]) -> None:
    assert frame(frame_parquet, data) == [expected]


def test_damaged_pages() -> None:
    texts = [f"The ferry sails on day {n} of the year, said the harbour master." for n in range(5_000)]
    data = bytearray(parquet(text=texts))
    data[1_000:1_200] = bytes(200)
    assert frame(frame_parquet, bytes(data))[-1] == ("", "broken_record")
