"""A data set that may be passed on: everything known about the articles, but none of their words except names.

Anyone with the raw files adds the words again with ``join_text.py``, which is part of the export: it reads and
normalises the raw files once more.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.accuracy import read_accuracy
from pipeline.contract import TABLES, Slice, arrow_schema, columns, withheld_columns
from pipeline.errors import StorageError, UsageError
from pipeline.settings import VERSION
from pipeline.store import Version, schema_metadata

# Left out: the raw files no longer have the words of earlier revisions.
SHARED = tuple(name for name in TABLES if name not in ("article_revisions", "quote_revisions"))
# No columns say where these words are in the text. The export says where they occur first.
FIRST_OCCURRENCE: Mapping[str, Slice] = {
    "quotes": Slice("speaker_role", "speaker_role_start_char", "speaker_role_end_char"),
    "mentions": Slice("title", "title_start_char", "title_end_char"),
}
SCRIPT = "join_text.py"
README = """# A data set of `onrecord` without the articles' texts

Load a table with `pd.read_parquet("quotes")`. `articles`, `quotes`, `mentions` and `article_entities` also have a column
`published_month`, from the names of their folders. Each column's meaning is in the metadata of the Parquet files. All
offsets are half-open Unicode code points into the article's text, whose SHA-256 is `articles.text_sha256`.

| table | rows | left out |
|---|--:|---|
{rows}
Names are included: of speakers, and of everyone and everything mentioned. Earlier revisions of articles are left out.
Whether you may use the texts themselves is between you and their publishers.

## Adding the texts again

With the raw files and `onrecord` {version}:

```sh
python join_text.py --raw RAW --into whole{several}
```

This reads the raw files again, without a model, and writes the tables with all their words for each article whose text
is unchanged, letter by letter. `whole/not_joined.csv` lists the other articles with the reason.
"""


def shared_columns(table: str) -> list[str]:
    """Return the columns of a table that an export contains."""
    row = TABLES[table].row
    withheld = withheld_columns(row)
    return [column.name for column in columns(row) if column.name not in withheld]


def shared_schema(table: str) -> pa.Schema:
    """Return the schema of an exported table."""
    schema = arrow_schema(TABLES[table].row)
    fields = [schema.field(name) for name in shared_columns(table)]
    if words := FIRST_OCCURRENCE.get(table):
        meanings = {
            words.start: f"First code point of the first occurrence of {words.text} in the text.",
            words.end: "One past its last code point.",
        }
        fields += [pa.field(name, pa.int64(), metadata={"meaning": meaning}) for name, meaning in meanings.items()]
    return pa.schema(fields)


def export_without_text(version: Version, target: Path) -> None:
    """Write a version without the articles' words, month by month, and the program that adds them again.

    Args:
        version: the version to export.
        target: a new or empty folder. It appears only once the export is complete.

    Raises:
        UsageError: if ``target`` is not empty.
        StorageError: if the disk refuses.
    """
    check_empty(target)
    metadata = schema_metadata(VERSION, read_accuracy(), version.attributions)
    fresh = target.parent / f".{target.name}.new"
    try:
        shutil.rmtree(fresh, ignore_errors=True)  # an earlier export that died may have left it
        counts = {name: _export_table(version, name, fresh, metadata) for name in SHARED}
        shutil.copyfile(Path(__file__).with_name(SCRIPT), fresh / SCRIPT)
        sources = sorted(set(version.read("articles", ["source"])["source"].to_pylist()))
        (fresh / "README.md").write_text(_readme(counts, sources), "utf-8")
        fresh.replace(target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise StorageError(
            f"{target} cannot be written: {error.strerror}; make room, or name another folder"
        ) from error


def check_empty(target: Path) -> None:
    """Refuse to write into a folder in use.

    Raises:
        UsageError: if ``target`` exists and is not an empty folder.
    """
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} exists and is not empty; name a new folder")


def _export_table(version: Version, table: str, folder: Path, metadata: Mapping[str, str]) -> int:
    """Write one table, a month at a time; return its number of rows."""
    count = 0
    schema = shared_schema(table)
    months: list[str] | list[None] = version.months(table) if TABLES[table].is_monthly else [None]
    for month in months:
        chosen = None if month is None else [month]
        rows = version.read(table, shared_columns(table), chosen)
        if words := FIRST_OCCURRENCE.get(table):
            texts = version.read(table, ["article_id", words.text], chosen)
            rows = _add_first_occurrence(rows, words, texts, version.read("articles", ["article_id", "text"], chosen))
        count += write_part(rows.cast(schema), folder, table, month, metadata)
    return count


def write_part(rows: pa.Table, folder: Path, table: str, month: str | None, metadata: Mapping[str, str]) -> int:
    """Write a table, or one month of it, where readers expect it; return the number of rows."""
    path = folder / table / (f"published_month={month}" if month else "") / "part-0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.replace_schema_metadata(dict(metadata)), path, compression="zstd")
    return int(rows.num_rows)


def _add_first_occurrence(rows: pa.Table, words: Slice, texts: pa.Table, articles: pa.Table) -> pa.Table:
    """Add the offsets of a column's words in the text; null if there are none, or a reviewer wrote other words."""
    article_at = {article_id: number for number, article_id in enumerate(articles["article_id"].to_pylist())}
    article_texts = articles["text"].combine_chunks()
    starts: list[int | None] = []
    ends: list[int | None] = []
    for article_id, text in zip(texts["article_id"].to_pylist(), texts[words.text].to_pylist(), strict=True):
        start = article_texts[article_at[article_id]].as_py().find(text) if text else -1
        starts.append(start if start >= 0 else None)
        ends.append(start + len(text) if start >= 0 else None)
    rows = rows.append_column(words.start, pa.array(starts, pa.int64()))
    return rows.append_column(words.end, pa.array(ends, pa.int64()))


def _readme(counts: Mapping[str, int], sources: Sequence[str]) -> str:
    lines = []
    for table, count in counts.items():
        withheld = ", ".join(f"`{column}`" for column in withheld_columns(TABLES[table].row))
        lines.append(f"| `{table}` | {count:,} | {withheld} |\n")
    several = ""
    if len(sources) > 1:
        several = "\n# of several sources: " + " ".join(f"--raw '{source}=FOLDER'" for source in sources)
    return README.format(rows="".join(lines), version=VERSION, several=several)
