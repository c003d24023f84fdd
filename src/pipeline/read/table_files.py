"""Frame tables of articles (CSV, TSV and Parquet): one record per row, which is then read like a line of JSON.

Delimited text is read by the standard library. pyarrow's reader (measured: version 26) silently drops a stray quotation
mark in a cell, takes everything after an unclosed one as one cell, makes a whole column bytes for one wrong byte, and
ends at a row that is larger than its block.
"""

from __future__ import annotations

import codecs
import csv
import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Literal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contract import RawRef, Reject
from pipeline.read.fields import has_content, list_names, names_content
from pipeline.read.jsonl import TOO_LARGE, gather, reject_empty
from pipeline.read.plain_text import decode
from pipeline.read.records import (
    CHUNK_BYTES,
    MAX_TEXT_BYTES,
    BadStreamError,
    Framed,
    Options,
    RawRecord,
    record_ref,
    reject,
    whole_ref,
)

if TYPE_CHECKING:
    from _csv import Reader

TableFormat = Literal["csv", "tsv", "parquet"]
BATCH_ROWS = 64  # articles may be long
DEFAULTS = Options()
# The library rejects cells above 128 kB unless this is set, once for the process; rows are measured here.
csv.field_size_limit(MAX_TEXT_BYTES)


def frame_csv(ref: RawRef, stream: BinaryIO, options: Options = DEFAULTS) -> Iterator[Framed]:
    """Frame a table of delimited text: one record per row, numbered from 1 after the header."""
    return _frame_delimited(ref, stream, "csv", options)


def frame_tsv(ref: RawRef, stream: BinaryIO, options: Options = DEFAULTS) -> Iterator[Framed]:
    """Frame a table with tabs, like ``frame_csv``."""
    return _frame_delimited(ref, stream, "tsv", options)


def frame_parquet(ref: RawRef, stream: BinaryIO, options: Options = DEFAULTS) -> Iterator[Framed]:
    """Frame a Parquet file: one record per row, numbered from 1."""
    with tempfile.TemporaryFile() as spooled:  # the end of a Parquet file is read first, and a stream only goes forward
        shutil.copyfileobj(stream, spooled, CHUNK_BYTES)
        try:
            with pq.ParquetFile(spooled, buffer_size=CHUNK_BYTES, pre_buffer=False) as table:
                yield from _frame_batches(ref, table, options)
        except (pa.ArrowException, OSError) as error:
            detail = f"it cannot be read as Parquet: {_first_line(error)}; fetch or write it again"
            raise BadStreamError("broken_record", detail) from error


def _check_columns(ref: RawRef, columns: Sequence[str], options: Options) -> Reject | None:
    """Return one reject for a table without a column of texts, instead of one for each row."""
    named = [column for column in columns if column]
    if twice := sorted({column for column in named if named.count(column) > 1}):
        detail = f"two columns have one name: {', '.join(twice)}; give each its own"
        return reject(whole_ref(ref, None), "broken_record", detail)
    if has_content(named, options):
        return None
    found = f"no column is known to have the text; the columns are: {list_names(columns)}"
    detail = f"{found}; name the one that has it: --fields text=NAME"
    return reject(whole_ref(ref, None), "no_text", detail)


def _frame_row(ref: RawRef, number: int, row: Mapping[str, object], input_format: TableFormat) -> RawRecord | Reject:
    """Frame a row as a JSON object without nulls, except in a column of texts, where null means a missing text."""
    row = {name: cell for name, cell in row.items() if cell is not None or names_content(name)}
    try:
        data = orjson.dumps(row, default=_as_json)
    except orjson.JSONEncodeError as error:
        wrong = next((name for name, cell in row.items() if isinstance(cell, str) and not _is_unicode(cell)), None)
        if wrong is None:
            return reject(
                record_ref(ref, number), "broken_record", f"a cell cannot be written as JSON: {error}; fix the row"
            )
        detail = f"column {wrong!r} has bytes that are not of the file's encoding; save the table as UTF-8"
        return reject(record_ref(ref, number), "undecodable", detail)
    if len(data) > MAX_TEXT_BYTES:
        return reject(record_ref(ref, number), "too_large", TOO_LARGE)
    return RawRecord(record_ref(ref, number, data), "json", data, input_format)


def _is_unicode(text: str) -> bool:
    """Return whether a text has no surrogates, which stand for undecodable bytes."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


# ── Delimited text ─────────────────────────────────────────────────────────────────────────────────────────────


class _Bytes(io.RawIOBase):
    """Make a raw stream from an object that may only have ``read``."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data, self._head = self._head[: len(buffer)] or self._stream.read(len(buffer)), self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


class _Lines:
    """The lines of a table, with a limit on the size of a row."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.row_size = 0  # characters since the last row; ``_read_rows`` resets it

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_TEXT_BYTES + 1)
        self.row_size += len(line)
        if self.row_size > MAX_TEXT_BYTES:
            raise BadStreamError("too_large", f"a row has {TOO_LARGE}; is a quotation mark left open?")
        if not line:
            raise StopIteration
        return line


def _frame_delimited(
    ref: RawRef, stream: BinaryIO, input_format: Literal["csv", "tsv"], options: Options
) -> Iterator[Framed]:
    head = gather(iter(lambda: stream.read(CHUNK_BYTES), b""), CHUNK_BYTES)
    if not head.strip():
        yield reject_empty(ref)
        return
    encoding, start, sample = _decode_head(head)
    delimiter = _sniff_delimiter(sample, "\t,;|" if input_format == "tsv" else ",;\t|", options)
    quoting = _sniff_quoting(sample, delimiter)
    text = io.TextIOWrapper(
        io.BufferedReader(_Bytes(head[start:], stream), CHUNK_BYTES), encoding, errors="surrogateescape", newline=""
    )
    lines = _Lines(text)
    try:
        rows = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
        yield from _frame_rows(ref, lines, rows, input_format, options)
    except UnicodeDecodeError as error:
        raise BadStreamError(
            "undecodable", f"it has bytes that are not {encoding} ({error.reason}); save it as UTF-8"
        ) from error


def _frame_rows(
    ref: RawRef, lines: _Lines, rows: Reader, input_format: TableFormat, options: Options
) -> Iterator[Framed]:
    header, number = None, 0
    for first, last, row in _read_rows(lines, rows):
        where = f"line {first}" if first == last else f"lines {first} to {last}"
        if header is None:
            if isinstance(row, csv.Error):
                raise BadStreamError("broken_record", f"the header ({where}) cannot be split: {row}; fix it")
            header = [name.strip() for name in row]
            if problem := _check_columns(ref, header, options):
                yield problem
                return
            continue
        number += 1
        if isinstance(row, csv.Error):
            reason = "truncated" if "end of data" in str(row) else "broken_record"
            detail = f"{where} cannot be split: {row}; double each quotation mark in a cell, and close the cell"
            yield reject(record_ref(ref, number), reason, detail)
        elif len(row) != len(header):
            detail = f"{where}: {len(row)} cells, but the header has {len(header)}; quote cells with the delimiter"
            yield reject(record_ref(ref, number), "broken_record", detail)
        else:
            cells = {name: cell or None for name, cell in zip(header, row, strict=True) if name}
            yield _frame_row(ref, number, cells, input_format)
    if not number:
        yield reject_empty(ref)


def _read_rows(lines: _Lines, rows: Reader) -> Iterator[tuple[int, int, list[str] | csv.Error]]:
    """Yield the rows except blank lines: first line, last line, and the cells or the error."""
    while True:
        first, lines.row_size = rows.line_num + 1, 0
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield first, rows.line_num, error
        else:
            if row:
                yield first, rows.line_num, row


def _decode_head(head: bytes) -> tuple[str, int, str]:
    """Return the codec, the byte where the text begins, and its beginning up to a line end.

    If no codec fits, the table is UTF-8 with some wrong bytes, and the rows with these are rejected.
    """
    if b"\x00" in head[:100]:  # UTF-16, whose high byte is zero in a header
        start = 2 if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else 0
        codec = "utf-16-be" if head[start] == 0 else "utf-16-le"
        return codec, start, head[start:].decode(codec, errors="replace")
    sample = head if len(head) < CHUNK_BYTES else head[: head.rfind(b"\n") + 1] or head
    decoded = decode(sample)
    return ("utf-8", 0, sample.decode(errors="surrogateescape")) if isinstance(decoded, str) else decoded


def _sniff_delimiter(sample: str, delimiters: str, options: Options) -> str:
    """Return the delimiter that gives a column of texts and the most columns; of equals, the first."""

    def rank(delimiter: str) -> tuple[bool, int]:
        try:
            header = next(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True), [])
        except csv.Error:
            return False, 0
        return has_content([name.strip() for name in header], options), len(header)

    return max(delimiters, key=rank)


def _sniff_quoting(sample: str, delimiter: str) -> Literal[0, 3]:
    """Return whether quotation marks enclose cells (QUOTE_MINIMAL) or are text (QUOTE_NONE).

    In a table with tabs they are text, so that a cell may begin with one ("We won," she said). They enclose cells if the
    table has a quoted header, doubled marks in a quoted cell, or a line that is not a whole row.
    """
    if delimiter != "\t":
        return csv.QUOTE_MINIMAL
    lines = [line.rstrip("\r").split("\t") for line in sample.split("\n") if line]
    quoted = [cell[1:-1] for line in lines for cell in line if len(cell) > 1 and cell[0] == cell[-1] == '"']
    is_whole = all(len(line) == len(lines[0]) for line in lines)
    if not is_whole or any('""' in cell for cell in quoted) or (lines and lines[0][0].startswith('"')):
        return csv.QUOTE_MINIMAL
    return csv.QUOTE_NONE


# ── Parquet ────────────────────────────────────────────────────────────────────────────────────────────────────


def _frame_batches(ref: RawRef, table: pq.ParquetFile, options: Options) -> Iterator[Framed]:
    if problem := _check_columns(ref, table.schema_arrow.names, options):
        yield problem
        return
    number = 0
    for batch in table.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
        for row in _rows_of(batch):
            number += 1
            if isinstance(row, dict):
                yield _frame_row(ref, number, row, "parquet")
            else:
                yield reject(record_ref(ref, number), "broken_record", f"a cell cannot be read: {row}; fix the row")
    if not number:
        yield reject_empty(ref)


def _rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, object] | Exception]:
    """Yield the rows of a batch, or the error of a row with a value that Python lacks, such as the year 30000."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError) as error:
        if batch.num_rows == 1:
            yield error
            return
        for index in range(batch.num_rows):
            yield from _rows_of(batch.slice(index, 1))


def _as_json(value: object) -> object:
    """Return a value of a type that JSON lacks as text; None for bytes that are not text."""
    if isinstance(value, datetime):  # a pandas timestamp, with nanoseconds
        return value.isoformat()
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return value.decode()
        return None
    return str(value)
