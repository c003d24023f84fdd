"""Choose the functions that frame and read a file, by its name and its first bytes.

The first bytes override the name's ending: a PDF named .html is rejected as a PDF, a page named .txt is read as a page,
and an archive is opened whatever its name is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from pipeline.contract import InputFormat, RawArticle, RawRef, Reject
from pipeline.read.containers import OpenFile, frame_container, recognise_container, reject_stream_errors
from pipeline.read.feed import frame_feed, frame_json_feed
from pipeline.read.fields import read_fields
from pipeline.read.files import RawFile, open_file
from pipeline.read.html import read_html
from pipeline.read.jsonl import frame_json, frame_jsonl
from pipeline.read.plain_text import read_text
from pipeline.read.records import (
    BEGIN,
    MAX_HTML_BYTES,
    MAX_TEXT_BYTES,
    BadStreamError,
    Bookmark,
    Framed,
    Framer,
    Kind,
    Options,
    RawRecord,
    Reader,
    read_whole,
    reject,
    whole_ref,
)
from pipeline.read.rtf import read_rtf
from pipeline.read.sidecar import Sidecar, load_sidecar, read_sidecar
from pipeline.read.sniff import FileKind, describe_kind, recognise
from pipeline.read.table_files import frame_csv, frame_parquet, frame_tsv
from pipeline.read.warc import frame_warc

HEAD_BYTES = 4096  # enough to recognise a file


def _frame_one(kind: Kind, input_format: InputFormat, limit: int) -> Framer:
    """Return a framer for streams that are one article."""

    def frame(ref: RawRef, stream: BinaryIO) -> Iterator[Framed]:
        data = read_whole(stream, limit)
        yield RawRecord(whole_ref(ref, data), kind, data, input_format)

    return frame


_frame_text = _frame_one("text", "text", MAX_TEXT_BYTES)
_frame_html = _frame_one("html", "html", MAX_HTML_BYTES)
_frame_rtf = _frame_one("rtf", "rtf", MAX_TEXT_BYTES)

# The framer for each ending of a file name.
BY_ENDING: Mapping[str, Framer] = {
    **dict.fromkeys((".txt", ".text"), _frame_text),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".shtml"), _frame_html),
    ".rtf": _frame_rtf,
    **dict.fromkeys((".jsonl", ".ndjson", ".jl"), frame_jsonl),
    ".json": frame_json,
    ".csv": frame_csv,
    **dict.fromkeys((".tsv", ".tab"), frame_tsv),
    **dict.fromkeys((".parquet", ".pq"), frame_parquet),
    ".warc": frame_warc,
    ".wet": frame_warc,
    **dict.fromkeys((".xml", ".rss", ".atom", ".rdf", ".feed"), frame_feed),
}
TABLES = (frame_csv, frame_tsv, frame_parquet)  # the user may name their columns
# The formats to which records are appended. Their framers continue after a bookmark and return the last record's number.
GrowingFramer = Callable[[RawRef, BinaryIO, Bookmark], Generator[Framed, None, int | None]]
GROWING: Mapping[object, GrowingFramer] = {frame_jsonl: frame_jsonl, frame_warc: frame_warc}
# The framer for each kind that a file's first bytes show, whatever its name is.
BY_CONTENT: Mapping[FileKind, Framer] = {
    "warc": frame_warc,
    "parquet": frame_parquet,
    "rtf": _frame_rtf,
    "html": _frame_html,
    "feed": frame_feed,
}
# The same, if the name's ending is unknown or that of a text.
BY_CONTENT_ONLY: Mapping[FileKind, Framer] = {"json": frame_json, "jsonl": frame_jsonl}
# Kinds that a file of records may seem to be, because its first cell begins with a tag or a bracket.
MARKUP: frozenset[FileKind] = frozenset(("html", "feed", "sitemap", "newsml", "xml", "json", "jsonl"))
RECORD_ENDINGS = frozenset((".jsonl", ".ndjson", ".jl", ".json", ".csv", ".tsv", ".tab"))
JSON_FEED = re.compile(rb'"version"\s*:\s*"https?://(?:www\.)?jsonfeed\.org/version/')
# A WARC file is compressed record by record, so it is not decompressed as a whole; its offsets are of compressed bytes.
WARC_NAME = re.compile(r"\.(?:warc|wet)(?:\.gz|\.zst)?$", re.IGNORECASE)
READERS: Mapping[Kind, Reader] = {"text": read_text, "html": read_html, "rtf": read_rtf, "json": read_fields}


class Framing:
    """The records of a file; iterate once."""

    def __init__(self, framed: Generator[Framed, None, Bookmark]) -> None:
        self._framed = framed
        self.end = BEGIN  # where to continue when the file has grown; known after the iteration

    def __iter__(self) -> Iterator[Framed]:
        self.end = yield from self._framed


def frame_file(file: RawFile, options: Options, after: Bookmark = BEGIN) -> Framing:
    """Frame a raw file into its records; a part that cannot be read is a reject.

    JSON Lines and WARC files can be continued if they are neither compressed nor damaged at their end: the records up to
    ``framing.end`` and those after it are together, names included, those of the whole file. Otherwise ``framing.end``
    is BEGIN.

    Args:
        file: a file from ``find_files``.
        options: how to read.
        after: the ``end`` of an earlier framing, if the file still begins as it was then (``fingerprint``).
    """
    return Framing(_frame_file(file, options, after))


def _frame_file(file: RawFile, options: Options, after: Bookmark) -> Generator[Framed, None, Bookmark]:
    ref = RawRef(file.source, file.raw_path, "", "")
    try:
        sidecar = _read_beside(file.sidecar)
        stream = open_file(file.location)
    except BadStreamError as error:
        yield reject(whole_ref(ref, None), "broken_sidecar", error.detail)
        return BEGIN
    except OSError as error:
        detail = f"the file cannot be read: {error.strerror or error}; allow reading it and run again"
        yield reject(whole_ref(ref, None), "unreadable", detail)
        return BEGIN
    name = PurePosixPath(file.raw_path).name
    with stream:
        framing = Framing(_frame(OpenFile(ref, name, stream, sidecar), options, after))
        yield from reject_stream_errors(ref, framing, None if after == BEGIN else str(after.end_record))
        return framing.end


def _read_beside(location: str | None) -> Sidecar | None:
    if location is None:
        return None
    with open_file(location) as stream:
        return load_sidecar(location, stream)


def _frame(opened: OpenFile, options: Options, after: Bookmark = BEGIN) -> Generator[Framed, None, Bookmark]:
    """Frame a stream of any format into records."""
    head = opened.stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    packing = None if WARC_NAME.search(opened.name) else recognise_container(opened.name, head)
    found = packing or _find_framer(opened.name, head)
    if found in GROWING and not opened.depth and not opened.sidecar:
        return (yield from _frame_growing(opened, GROWING[found], after))
    if after != BEGIN:
        raise ValueError(f"{opened.name} cannot be continued from byte {after.end_byte:,} as {found}")
    stream = cast(BinaryIO, opened.stream)
    if isinstance(found, str):
        yield from frame_container(opened, found, lambda inner: _frame(inner, options))
    elif isinstance(found, tuple):
        yield reject(whole_ref(opened.ref, None), *found)
    else:
        framed = found(opened.ref, stream, options) if found in TABLES else found(opened.ref, stream)
        yield from framed if opened.sidecar is None else _with_sidecar(framed, opened.sidecar)
    return BEGIN


def _frame_growing(opened: OpenFile, framer: GrowingFramer, after: Bookmark) -> Generator[Framed, None, Bookmark]:
    last = yield from framer(opened.ref, cast(BinaryIO, opened.stream), after)
    end_byte = opened.stream.tell()
    # Only a file longer than its head is sure to keep its format as it grows.
    return BEGIN if last is None or end_byte < HEAD_BYTES else Bookmark(end_byte, last)


def _find_framer(name: str, head: bytes) -> Framer | tuple[str, str]:
    """Return the function that frames a file, or the reason and detail of a reject."""
    ending = PurePosixPath(name).suffix.lower()
    seen = None if WARC_NAME.search(name) else recognise(head)
    by_name = frame_warc if WARC_NAME.search(name) else BY_ENDING.get(ending)
    if ending == ".json" and JSON_FEED.search(head):
        return frame_json_feed
    if seen is None or (ending in RECORD_ENDINGS and seen in MARKUP):
        known = ", ".join(sorted(BY_ENDING))
        return by_name or (
            "unknown_format",
            f"the ending {ending or '(none)'!r} is unknown; the known ones are {known}",
        )
    if seen in BY_CONTENT:
        return BY_CONTENT[seen]
    if seen in BY_CONTENT_ONLY:
        return by_name if by_name and by_name is not _frame_text else BY_CONTENT_ONLY[seen]
    detail = f"the file {name} is {describe_kind(seen)}; save the article as text or HTML, or remove the file"
    return "disguised_format", detail


def _with_sidecar(framed: Iterator[Framed], sidecar: Sidecar) -> Iterator[Framed]:
    """Yield the records of a file with one article, with its sidecar added."""
    about = read_sidecar(sidecar.content)
    for record in framed:
        if not isinstance(record, RawRecord):
            yield record
        elif isinstance(about, str):
            yield reject(record.ref, "broken_sidecar", f"{sidecar.name}: {about}; fix or remove it, then run again")
        else:
            yield replace(
                record.digested(),
                given=about.metadata.over(record.given),
                beside=sidecar.content,
                charset=about.charset or record.charset,
                notes=(*record.notes, *about.notes),
                flags=(*record.flags, *about.flags),
            )


def read_record(record: RawRecord, options: Options) -> RawArticle | Reject:
    """Read a record as an article."""
    return READERS[record.kind](record, options)
