"""A data set that may be handed on: all that is known of the articles, and none of their words but names.

Whoever has the raw files joins the words back: ``join_text.py``, which goes along, reads and normalises them again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contract import TABLES, Slice, arrow_schema, columns
from pipeline.errors import StorageError, UsageError

# Columns that hold an article's words, or tell of the machine that it was read on.
WITHHELD: Mapping[str, tuple[str, ...]] = {
    "articles": ("headline", "standfirst", "byline", "authors", "published_evidence", "text", "notes"),
    "quotes": ("text", "cue", "speaker", "speaker_role", "context_before", "context_after"),
    "mentions": ("text", "title"),
    "rejects": ("detail",),
    "runs": ("raw", "knowledge_base"),
}
LEFT_OUT = ("article_revisions", "quote_revisions")  # texts that the raw files hold no more
# Words that no column says the place of: some place in the text where they stand goes along instead.
PLACED: Mapping[str, Slice] = {
    "quotes": Slice("speaker_role", "speaker_role_start_char", "speaker_role_end_char"),
    "mentions": Slice("title", "title_start_char", "title_end_char"),
}
SHARED = tuple(name for name in TABLES if name not in LEFT_OUT)
SCRIPT = "join_text.py"
README = """# A data set of `onrecord` without the articles' texts

Load a table with `pd.read_parquet("quotes")`. `articles`, `quotes`, `mentions` and `article_entities` also have a column
`published_month`, from the names of their folders. Each column's meaning is in the metadata of the Parquet files. All
offsets are half-open Unicode code points into the article's text, whose SHA-256 is `articles.text_sha256`.

| table | rows | left out |
|---|--:|---|
{rows}
Names are there as the articles give them: of who speaks, of who and what is mentioned. Earlier revisions of articles are
left out. Whether you may use the texts themselves is between you and their publishers.

## Joining the texts back

Who has the raw files and `onrecord` {version}:

```sh
python join_text.py --raw RAW --into whole{several}
```

It reads the raw files again, without any model, and writes the tables with all their words for each article whose text
still is the same, letter by letter. The others are listed, with what was found, in `whole/not_joined.csv`.
"""


def shared_columns(table: str) -> list[str]:
    """The columns of a table that hold none of an article's words."""
    return [column.name for column in columns(TABLES[table].row) if column.name not in WITHHELD.get(table, ())]


def shared_schema(table: str) -> pa.Schema:
    """What a table looks like without words."""
    schema = arrow_schema(TABLES[table].row)
    fields = [schema.field(name) for name in shared_columns(table)]
    if place := PLACED.get(table):
        meanings = {place.start: f"First code point of a place where {place.text} stands.", place.end: "One past it."}
        fields += [pa.field(name, pa.int64(), metadata={"meaning": told}) for name, told in meanings.items()]
    return pa.schema(fields)


def export_shareable(
    read: Callable[[str, Sequence[str], Sequence[str] | None], pa.Table],
    months: Mapping[str, Sequence[str]],
    script: Path,
    target: Path,
    metadata: Mapping[str, str],
) -> None:
    """Write a data set without the articles' words, month by month, and what joins them back.

    Args:
        read: gives some columns of a table, of some months or all.
        months: the months of each monthly table.
        script: the program that joins the words back.
        target: a new or empty folder; it is there only when all of it is.
        metadata: what each file says of how it came about: the data set's own.

    Raises:
        UsageError: if ``target`` holds something already.
        StorageError: if the disk refuses.
    """
    check_empty(target)
    fresh = target.parent / f".{target.name}.new"  # one that died may have left it
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        counts = {name: _export_table(read, name, months.get(name), fresh, metadata) for name in SHARED}
        shutil.copyfile(script, fresh / SCRIPT)
        sources = sorted(set(read("articles", ["source"], None)["source"].to_pylist()))
        (fresh / "README.md").write_text(_readme(counts, sources, metadata["onrecord.version"]), "utf-8")
        fresh.replace(target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise StorageError(
            f"{target} cannot be written: {error.strerror}; make room, or name another folder"
        ) from error


def check_empty(target: Path) -> None:
    """Refuse to write into a folder in use.

    Raises:
        UsageError: says so.
    """
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there and not empty; name a new folder")


def _export_table(
    read: Callable[[str, Sequence[str], Sequence[str] | None], pa.Table],
    name: str,
    months: Sequence[str] | None,
    folder: Path,
    metadata: Mapping[str, str],
) -> int:
    """Write one table; returns the number of its rows."""
    count = 0
    schema = shared_schema(name)
    for month in [None] if months is None else months:
        within = None if month is None else [month]
        rows = read(name, shared_columns(name), within)
        if place := PLACED.get(name):
            rows = _add_place(rows, place, read(name, ["article_id", place.text], within), read, within)
        count += write_part(rows.cast(schema), folder, name, month, metadata)
    return count


def write_part(rows: pa.Table, folder: Path, table: str, month: str | None, metadata: Mapping[str, str]) -> int:
    """Write a table, or a month of one, where readers expect it; returns the number of its rows."""
    path = folder / table / (f"published_month={month}" if month else "") / "part-0.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.replace_schema_metadata(dict(metadata)), path, compression="zstd")
    return int(rows.num_rows)


def _add_place(
    rows: pa.Table,
    place: Slice,
    words: pa.Table,
    read: Callable[[str, Sequence[str], Sequence[str] | None], pa.Table],
    within: Sequence[str] | None,
) -> pa.Table:
    """Say where in the text the words of a column stand; null where there are none, or they are a person's own."""
    articles = read("articles", ["article_id", "text"], within)
    at = {article_id: number for number, article_id in enumerate(articles["article_id"].to_pylist())}
    texts = articles["text"].combine_chunks()
    starts: list[int | None] = []
    ends: list[int | None] = []
    for article_id, said in zip(words["article_id"].to_pylist(), words[place.text].to_pylist(), strict=True):
        start = texts[at[article_id]].as_py().find(said) if said else -1
        starts.append(start if start >= 0 else None)
        ends.append(start + len(said) if start >= 0 else None)
    rows = rows.append_column(place.start, pa.array(starts, pa.int64()))
    return rows.append_column(place.end, pa.array(ends, pa.int64()))


def _readme(counts: Mapping[str, int], sources: Sequence[str], version: str) -> str:
    lines = [
        f"| `{name}` | {count:,} | {', '.join(f'`{column}`' for column in WITHHELD.get(name, ()))} |\n"
        for name, count in counts.items()
    ]
    several = ""
    if len(sources) > 1:
        several = "\n# of several collections: " + " ".join(f"--raw '{source}=FOLDER'" for source in sources)
    return README.format(rows="".join(lines), version=version, several=several)
