"""Checks of articles against the raw files they were read from."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import ReadRaw
from pipeline.verify.texts import FEW_TEXTS
from pipeline.verify.verification import Verification

TRACE = ("source", "raw_record", "raw_sha256", "encoding", "raw_spans")


def trace_articles(found: Verification, articles: pa.Table, source: str | None) -> pa.Table:
    """Return what leads from a source's articles to their raw bytes, with digests of the text of each raw span."""
    own = articles.filter(pc.equal(articles["source"], source))
    found.check("articles of other sources, not compared with RAW", articles.num_rows - own.num_rows, ())
    digests: list[list[int]] = []
    for batch in own.select(["text", "raw_spans"]).to_batches(max_chunksize=FEW_TEXTS):
        for text, spans in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digests.append([_digest(text[span["start_char"] : span["end_char"]]) for span in spans])
    traces = own.select(["raw_path", "raw_record", "raw_sha256", "encoding", "raw_spans"])
    return traces.append_column("digests", pa.array(digests, pa.list_(pa.uint64())))


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def verify_raw_files(found: Verification, read_raw: ReadRaw, traces: pa.Table) -> None:
    """Compare articles with the raw files they were read from, reading each file once."""
    traces = traces.sort_by("raw_path").combine_chunks()
    start = 0
    for file in pc.value_counts(traces["raw_path"]):
        raw_path, count = file["values"].as_py(), file["counts"].as_py()
        _verify_raw_file(found, read_raw, raw_path, traces.slice(start, count))
        start += count


def _verify_raw_file(found: Verification, read_raw: ReadRaw, raw_path: str, traces: pa.Table) -> None:
    waiting = {raw_record: row for row, raw_record in enumerate(traces["raw_record"].to_pylist())}
    try:
        for raw_record, data in read_raw(raw_path):
            row = waiting.pop(raw_record, None)
            if row is not None:
                _verify_bytes(found, traces.slice(row, 1), data)
    except OSError as error:
        found.check("raw records", 1, [f"{raw_path}: the raw file cannot be read: {error.strerror or error}"])
        return
    missing = (f"{raw_path}: record {record} is missing, or cannot be read any more" for record in waiting)
    found.check("raw records", len(waiting), missing)


def _verify_bytes(found: Verification, trace: pa.Table, raw: bytes) -> None:
    (article,) = trace.to_pylist()
    where = f"{article['raw_path']}, record {article['raw_record']}"
    is_same = hashlib.sha256(raw).hexdigest() == article["raw_sha256"]
    found.check("raw records", 1, () if is_same else [f"{where}: it has changed since it was curated"])
    if not is_same:
        return
    for span, digest in zip(article["raw_spans"], article["digests"], strict=True):
        text = raw[span["start_byte"] : span["end_byte"]].decode(article["encoding"], "replace")
        found.check("raw spans", 1, () if _digest(text) == digest else [f"{where}: raw span {span}"])
