"""Read one record of a WARC file: its page or text, or why it has none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fastwarc.warc import WarcHeader, WarcRecord

from pipeline.contract import RawMetadata, RawRef, Reject, Skip
from pipeline.read.records import (
    MAX_HTML_BYTES,
    MAX_TEXT_BYTES,
    Framed,
    Kind,
    RawRecord,
    describe_excess,
    reject,
)
from pipeline.read.warc.codings import decode_body

MAX_HEADER_BYTES = 1 << 18  # cookies and security policies exceed fastwarc's 32 KiB
PAYLOAD_TYPES = ("response", "resource", "conversion")  # the types of records with articles
HTML_TYPES = ("text/html", "application/xhtml+xml")
HTML_START = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype html|<html)", re.IGNORECASE)
HTML_END = re.compile(rb"</(?:body|html)\s*>", re.IGNORECASE)
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LastRecord:
    """The last record read; it counts only once its end is known to be right."""

    ref: RawRef
    offset: int
    framed: Framed
    length: int | None  # of its block, according to its header
    is_whole: bool  # whether the file has all of it


@dataclass(frozen=True, slots=True)
class _Payload:
    """The payload of a record, according to its headers."""

    kind: Kind
    content_type: str
    http: Mapping[str, str]  # the header of the response, with names in lower case

    @property
    def limit(self) -> int:
        """The most bytes that it may have."""
        return MAX_TEXT_BYTES if self.kind == "text" else MAX_HTML_BYTES


def read_record(ref: RawRef, record: WarcRecord) -> LastRecord:
    """Read the record at hand to its end."""
    declared = record.headers.get_multiple(WarcHeader.CONTENT_LENGTH)
    kinds = record.headers.get_multiple(WarcHeader.WARC_TYPE)
    if declared != (str(record.content_length),) or len(kinds) != 1:
        # A header that is cut runs into that of the next record; and fastwarc knows only one spelling of names.
        headers = f"Content-Length {', '.join(declared) or 'missing'}, WARC-Type {', '.join(kinds) or 'missing'}"
        detail = f"its header is damaged: {headers}; expected each once"
        return LastRecord(ref, record.stream_pos, reject(ref, "broken_record", detail), None, is_whole=False)
    length = record.content_length
    found = _read_headers(ref, record, kinds[0].lower())
    left = record.content_length  # less by the HTTP header, where one was read
    if isinstance(found, _Payload):
        block = record.reader.read(left) if left else b""
        left -= len(block)
        framed = _cut_short(ref, block, left) if left else _frame_payload(ref, record, found, block)
    else:
        framed = found
    return LastRecord(ref, record.stream_pos, framed, length, is_whole=record.consume() == left)


def _read_headers(ref: RawRef, record: WarcRecord, record_type: str) -> _Payload | Reject | Skip:
    """Return the payload of a record, or its reject or skip, after reading its headers."""
    if record_type not in PAYLOAD_TYPES:
        return Skip(ref, "no_response")
    content_type = record.headers.get(WarcHeader.CONTENT_TYPE) or ""
    http: dict[str, str] = {}
    if content_type.lower().startswith("application/http"):
        if not record.is_http:  # fastwarc recognises it only with one spelling of the header
            record.is_http = True
        record.parse_http(max_header_len=MAX_HEADER_BYTES)
        http = {name.lower(): value for name, value in record.http_headers.items()}
        content_type = http.get("content-type") or record.headers.get(WarcHeader.WARC_IDENTIFIED_PAYLOAD_TYPE) or ""
        status = record.http_headers.status_code
        if status is None:
            detail = f"the response begins with {record.http_headers.status_line!r}; expected an HTTP status"
            return reject(ref, "broken_record", f"{detail}: fetch it again")
        if not 200 <= status < 300:
            return Skip(ref, "http_error" if status >= 400 else "http_redirect")
    kind = _kind_of(content_type, record_type)
    if kind is None:
        return Skip(ref, "not_html")
    payload = _Payload(kind, content_type, http)
    return _too_large(ref, payload) if record.content_length > payload.limit else payload


def _kind_of(content_type: str, record_type: str) -> Kind | None:
    """Return the kind of a payload; without a type it may be a page, as in a browser."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in (*HTML_TYPES, ""):
        return "html"
    return "text" if media_type == "text/plain" and record_type == "conversion" else None


def _frame_payload(ref: RawRef, record: WarcRecord, payload: _Payload, block: bytes) -> Framed:
    body = decode_body(block, payload.http, payload.limit)
    if not payload.content_type and not HTML_START.match(body.data):
        return Skip(ref, "not_html")
    if body.problem:
        return reject(ref, "broken_record", f"{body.problem}: fetch it again")
    if len(body.data) > payload.limit:
        return _too_large(ref, payload)
    if not body.data or body.data.isspace():
        return reject(ref, "empty", "the response has no content: fetch it again")
    cut = _why_cut(record) or body.cut
    if cut and not (payload.kind == "html" and HTML_END.search(body.data)):
        return reject(ref, "broken_record", f"the page is cut ({cut}) before its end: fetch it again")
    url = (record.headers.get(WarcHeader.WARC_TARGET_URI) or "").strip("<> ")
    charset = CHARSET.search(payload.content_type)
    return RawRecord(
        ref=ref,
        kind=payload.kind,
        data=body.data,
        input_format="warc",
        given=RawMetadata.of("record", url=url, fetched_at=record.headers.get(WarcHeader.WARC_DATE)),
        charset=charset[1] if charset else None,
        notes=(f"the page is cut after its end ({cut})",) if cut else (),
    )


def _cut_short(ref: RawRef, block: bytes, left: int) -> Reject:
    detail = f"only {len(block):,} of its {len(block) + left:,} bytes exist: fetch it again"
    return reject(ref, "broken_record", detail)


def _too_large(ref: RawRef, payload: _Payload) -> Reject:
    return reject(ref, "too_large", f"{describe_excess(payload.limit)}: leave it out")


def _why_cut(record: WarcRecord) -> str:
    """Return why a record is only a part of the page, according to its headers, or an empty text."""
    if why := record.headers.get(WarcHeader.WARC_TRUNCATED):
        return f"WARC-Truncated: {why}"
    if number := record.headers.get(WarcHeader.WARC_SEGMENT_NUMBER):
        return f"WARC-Segment-Number: {number}"
    return "status 206, a part of the page" if record.http_headers and record.http_headers.status_code == 206 else ""
