"""Add the articles' words again to a data set that was exported without them, from the raw files.

A copy of this file is part of each export. It needs onrecord and pyarrow: ``python join_text.py --raw RAW --into whole``.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import TABLES, Article, RawArticle, arrow_schema, to_table, withheld_columns
from pipeline.errors import OnrecordError, UsageError
from pipeline.normalise import normalise
from pipeline.quotes.extract import CONTEXT
from pipeline.read import Options, RawRecord, frame_file, is_remote, locate, read_record
from pipeline.share.export import FIRST_OCCURRENCE, SHARED, check_empty, shared_columns, write_part

WORDS = withheld_columns(Article)
NEEDED = ("article_id", "source", "raw_path", "raw_record", "text_sha256", "run_id", "url")
MONTH = "published_month"
NOT_JOINED = "not_joined.csv"
ROWS_WAITING = 1_000  # articles whose words are in memory, about
MISSING = "its raw record is missing, or cannot be read any more"
CHANGED = "its text differs: the raw record has changed, or another version of onrecord reads it"


@dataclass(slots=True)
class Spool:
    """The words of articles on their way from the raw files to the tables, on disk by month."""

    folder: Path
    waiting: dict[str, list[Article]] = field(default_factory=dict)
    count: int = 0

    def add(self, month: str, article: Article) -> None:
        """Keep the words of an article."""
        self.waiting.setdefault(month, []).append(article)
        self.count += 1
        if self.count % ROWS_WAITING == 0:
            self.flush()

    def flush(self) -> None:
        """Write to disk what is in memory."""
        for month, articles in self.waiting.items():
            (self.folder / month).mkdir(exist_ok=True)
            rows = to_table(Article, articles).select(["article_id", *WORDS])
            pq.write_table(rows, self.folder / month / f"{self.count}.parquet")
        self.waiting.clear()

    def read(self, month: str) -> pa.Table:
        """Return the words of a month's articles."""
        schema = arrow_schema(Article)
        empty = pa.schema([schema.field(name) for name in ("article_id", *WORDS)]).empty_table()
        found = [pq.ParquetFile(path).read() for path in sorted((self.folder / month).glob("*.parquet"))]
        return pa.concat_tables([empty, *(part.cast(empty.schema) for part in found)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 1 if some articles could not be joined."""
    parser = argparse.ArgumentParser(description="Add the articles' words again, from the raw files.")
    parser.add_argument(
        "--raw", action="append", required=True, metavar="[SOURCE=]RAW", help="the folder with a source's raw files"
    )
    parser.add_argument("--into", type=Path, required=True, metavar="FOLDER", help="a new folder for the full tables")
    parser.add_argument(
        "--shared", type=Path, default=Path(__file__).parent, metavar="FOLDER", help="the export (default: this folder)"
    )
    options = parser.parse_args(arguments)
    try:
        joined, not_joined = join_text(options.shared, options.raw, options.into)
    except (OnrecordError, OSError) as error:
        print(f"join_text: {error}", file=sys.stderr)
        return 2
    print(f"{joined:,} articles joined into {options.into}")
    if not_joined:
        print(f"{not_joined:,} articles not joined: {options.into / NOT_JOINED} says which and why", file=sys.stderr)
    return 1 if not_joined else 0


def join_text(shared: Path, raw: Sequence[str], into: Path) -> tuple[int, int]:
    """Write the tables of an export with their words.

    Args:
        shared: the export.
        raw: the folders with the raw files: ``SOURCE=FOLDER`` each, or just ``FOLDER`` if there is only one source.
        into: a new or empty folder.

    Returns:
        The number of articles that were joined, and of those that could not be. The latter are left out of the tables
        and listed in a file.

    Raises:
        UsageError: if ``raw`` does not name the folder of each source, or ``into`` is in use.
    """
    check_empty(into)
    articles = _read_index(shared)
    folders = _folders_by_source(raw, sorted(set(articles["source"].to_pylist())))
    runs = pq.read_table(shared / "runs" / "part-0.parquet", columns=["run_id", "settings"]).to_pylist()
    fields = {row["run_id"]: json.dumps(json.loads(row["settings"])["fields"]) for row in runs}
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into) as folder:
        spool = Spool(Path(folder))
        files = _group_by_file(articles, fields)
        failed = [failure for file in files for failure in _read_words(file, folders[file.source], spool)]
        spool.flush()
        for month in sorted({path.name.partition("=")[2] for path in shared.glob(f"*/{MONTH}=*")}):
            _write_month(shared, into, month, spool.read(month))
    for name in (name for name in SHARED if not TABLES[name].is_monthly):
        shutil.copytree(shared / name, into / name)
    if failed:
        with (into / NOT_JOINED).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([("article_id", "url", "source", "raw_path", "raw_record", "why"), *failed])
    return spool.count, len(failed)


def _read_index(shared: Path) -> pa.Table:
    """Return each article's raw record and the month it belongs to."""
    parts = []
    for path in sorted((shared / "articles").glob(f"{MONTH}=*/*.parquet")):
        rows = pq.ParquetFile(path).read(columns=list(NEEDED)).select(list(NEEDED)).replace_schema_metadata(None)
        month = path.parent.name.partition("=")[2]
        parts.append(rows.append_column(MONTH, pa.array([month] * rows.num_rows, pa.string())))
    if not parts:
        raise UsageError(f"{shared} has no table articles; name the folder of the export with --shared")
    return pa.concat_tables(parts)


def _folders_by_source(raw: Sequence[str], sources: Sequence[str]) -> dict[str, str]:
    """Return the folder with the raw files of each source."""
    if len(sources) == 1 and len(raw) == 1:
        folders = {sources[0]: raw[0].removeprefix(f"{sources[0]}=")}
    else:
        folders = dict(option.rpartition("=")[::2] for option in raw)
    if set(folders) != set(sources):
        wanted = " ".join(f"--raw '{source}=FOLDER'" for source in sources)
        raise UsageError(f"name the folder with the raw files of each source: {wanted}")
    for source, folder in folders.items():
        if not is_remote(folder) and not Path(folder).exists():
            raise UsageError(f"{folder} does not exist; name the folder with the raw files of {source}")
    return folders


@dataclass(frozen=True, slots=True)
class FileOfArticles:
    """The articles of one raw file that were read with the same field names."""

    source: str
    raw_path: str
    fields: Mapping[str, str]  # the names of its records' fields
    rows: Mapping[str, Mapping[str, Any]]  # by raw_record


def _group_by_file(articles: pa.Table, fields: Mapping[str, str]) -> Iterator[FileOfArticles]:
    """Yield the articles of each raw file together."""
    how = [fields[run_id] for run_id in articles["run_id"].to_pylist()]
    keys = ["source", "raw_path", "how"]
    ordered = articles.append_column("how", pa.array(how, pa.string())).sort_by([(key, "ascending") for key in keys])
    rows = (row for batch in ordered.to_batches(max_chunksize=ROWS_WAITING) for row in batch.to_pylist())
    for (source, raw_path, names), group in groupby(rows, itemgetter(*keys)):
        yield FileOfArticles(source, raw_path, json.loads(names), {row["raw_record"]: row for row in group})


def _read_words(file: FileOfArticles, folder: str, spool: Spool) -> Iterator[tuple[str, ...]]:
    """Read the articles of a file again and spool their words; yield the articles that cannot be joined, with why."""
    waiting = dict(file.rows)
    options = Options(file.fields)
    for item in frame_file(locate(folder, file.source, file.raw_path), options):
        row = waiting.get(item.ref.raw_record) if isinstance(item, RawRecord) else None
        if isinstance(item, RawRecord) and row is not None:
            raw = read_record(item.digested(), options)
            article = normalise(raw) if isinstance(raw, RawArticle) else None
            del waiting[item.ref.raw_record]
            if isinstance(article, Article) and _is_same(article, row):
                spool.add(row[MONTH], article)
            else:
                yield _failure(row, CHANGED)
    for row in waiting.values():
        yield _failure(row, MISSING)


def _is_same(article: Article, row: Mapping[str, Any]) -> bool:
    return (article.article_id, article.text_sha256) == (row["article_id"], row["text_sha256"])


def _failure(row: Mapping[str, Any], why: str) -> tuple[str, ...]:
    return row["article_id"], row["url"] or "", row["source"], row["raw_path"], row["raw_record"], why


# ── A month ────────────────────────────────────────────────────────────────────────────────────────────────────


def _write_month(shared: Path, into: Path, month: str, words: pa.Table) -> None:
    """Write the rows of those articles of a month whose words were read."""
    ids = words["article_id"].combine_chunks()
    texts = dict(zip(ids.to_pylist(), words["text"].to_pylist(), strict=True))
    for table in (name for name in SHARED if TABLES[name].is_monthly):
        for path in sorted((shared / table / f"{MONTH}={month}").glob("*.parquet")):
            with pq.ParquetFile(path) as file:
                rows, metadata = file.read(), file.schema_arrow.metadata or {}
            rows = rows.filter(pc.is_in(rows["article_id"], ids))
            found = _article_columns(rows, words) if table == "articles" else _sliced_columns(table, rows, texts)
            schema = arrow_schema(TABLES[table].row)
            whole = pa.table([found[column] for column in schema.names], names=schema.names).cast(schema)
            write_part(whole, into, table, month, {key.decode(): value.decode() for key, value in metadata.items()})


def _article_columns(rows: pa.Table, words: pa.Table) -> dict[str, pa.ChunkedArray]:
    ordered = words.take(pc.index_in(rows["article_id"], words["article_id"].combine_chunks()))
    return {name: rows[name] for name in shared_columns("articles")} | {name: ordered[name] for name in WORDS}


def _sliced_columns(table: str, rows: pa.Table, texts: Mapping[str, str]) -> dict[str, pa.ChunkedArray | pa.Array]:
    """Return the columns of a table; those with words are slices of the articles' texts."""
    found: dict[str, Any] = {name: rows[name] for name in shared_columns(table)}
    articles = [texts[article_id] for article_id in rows["article_id"].to_pylist()]
    slices = [*TABLES[table].slices, *([FIRST_OCCURRENCE[table]] if table in FIRST_OCCURRENCE else [])]
    for words in slices:
        spans = zip(articles, rows[words.start].to_pylist(), rows[words.end].to_pylist(), strict=True)
        found[words.text] = pa.array(
            [None if start is None else text[start:end] for text, start, end in spans], pa.string()
        )
    if table == "quotes":
        starts, ends = rows["start_char"].to_pylist(), rows["end_char"].to_pylist()
        before = [text[max(0, start - CONTEXT) : start] for text, start in zip(articles, starts, strict=True)]
        after = [text[end : end + CONTEXT] for text, end in zip(articles, ends, strict=True)]
        found |= {"context_before": pa.array(before, pa.string()), "context_after": pa.array(after, pa.string())}
    return found


if __name__ == "__main__":
    sys.exit(main())
