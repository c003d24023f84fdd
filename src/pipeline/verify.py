"""An independent look at a data set: every slice, every key, every count, and the raw bytes behind the text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline.contract import FATES, TABLES, WHOLE, ReadRaw, Record, Table, columns

SHOWN = 20  # differences told one by one
# How the rows of an entity in several articles come together.
HOW_COUNTED = {
    **dict.fromkeys(("entity_type", "link_source", "link_id"), "first"),
    **dict.fromkeys(("article_count", "original_article_count", "mention_count", "original_mention_count"), "sum"),
    **dict.fromkeys(("name_count", "quote_count", "original_quote_count"), "sum"),
    "first_seen_on": "min",
    "last_seen_on": "max",
}


@dataclass(slots=True)
class Verification:
    """What was checked, and what differs."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)  # the first of them
    difference_count: int = 0

    def check(self, what: str, holds: bool, difference: str) -> None:
        """Count a check, and note the difference where it does not hold."""
        self.counts[what] += 1
        if not holds:
            self.difference_count += 1
            if len(self.differences) < SHOWN:
                self.differences.append(difference)


def verify_version(
    read: Callable[..., pa.Table],
    months: Mapping[str, Sequence[str]],
    read_raw: ReadRaw | None,
    source: str | None,
    records: Iterable[Record],
) -> Verification:
    """Re-slice, re-count and re-join a whole data set.

    Args:
        read: ``read(table, columns, months)``.
        months: the months of each monthly table.
        read_raw: reads a raw file again; None to leave the raw files out.
        source: the collection that the raw files belong to; articles of others are not held against them.
        records: what became of each raw record.
    """
    found = Verification()
    packed: dict[str, list[Mapping[str, Any]]] = {}  # the articles of files that hold several, by raw_path
    for month in sorted({month for each in months.values() for month in each}):
        articles = {row["article_id"]: row for row in read("articles", None, [month]).to_pylist()}
        for article in articles.values():
            _verify_article(found, article)
            if read_raw is None:
                continue
            if article["source"] != source:
                found.counts["articles of other sources, not held against RAW"] += 1
            elif article["raw_record"] == WHOLE:
                _verify_file(found, read_raw, article["raw_path"], [article])
            else:
                packed.setdefault(article["raw_path"], []).append(_what_bytes_tell(article))
        for table in TABLES.values():
            if table.slices:
                _verify_slices(found, table, read(table.name, None, [month]).to_pylist(), articles)
    for raw_path, inside in packed.items():
        assert read_raw is not None
        _verify_file(found, read_raw, raw_path, inside)
    _verify_keys(found, read)
    for month in months["article_entities"]:
        _verify_article_entities(found, read, month)
    _verify_entities(found, read, months["article_entities"])
    _verify_ledger(found, read, list(records))
    return found


def _what_bytes_tell(article: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is needed of an article to hold it against its raw record; its text only where bytes stand for it."""
    needed = {name: article[name] for name in ("raw_path", "raw_record", "raw_sha256", "raw_spans", "encoding")}
    return needed | {"text": article["text"] if article["raw_spans"] else ""}


def _verify_article(found: Verification, article: Mapping[str, Any]) -> None:
    text, where = article["text"], article["raw_path"]
    digest = hashlib.sha256(text.encode()).hexdigest()
    found.check("article texts", digest == article["text_sha256"], f"{where}: text_sha256 is not of this text")
    end = 0
    for segment in article["segments"]:
        first, last = segment["start_char"], segment["end_char"]
        stretch = text[first:last]
        holds = end <= first < last <= len(text) and stretch == stretch.strip()
        found.check("segments", holds, f"{where}: segment [{first}:{last}]")
        end = last


def _verify_file(found: Verification, read_raw: ReadRaw, raw_path: str, articles: Sequence[Mapping[str, Any]]) -> None:
    """Hold articles against the raw file that they were read from, in one pass over it."""
    waiting = {article["raw_record"]: article for article in articles}
    try:
        for raw_record, data in read_raw(raw_path):
            article = waiting.pop(raw_record, None)
            if article is not None:
                _verify_bytes(found, article, data)
    except OSError as error:
        found.check("raw records", False, f"{raw_path}: the raw file cannot be read: {error.strerror or error}")
        return
    for raw_record in waiting:
        found.check("raw records", False, f"{raw_path}: record {raw_record} is not there, or cannot be read any more")


def _verify_bytes(found: Verification, article: Mapping[str, Any], raw: bytes) -> None:
    where = f"{article['raw_path']}, record {article['raw_record']}"
    is_same = hashlib.sha256(raw).hexdigest() == article["raw_sha256"]
    found.check("raw records", is_same, f"{where}: it has changed since it was curated")
    if not is_same:
        return
    for span in article["raw_spans"]:
        stretch = raw[span["start_byte"] : span["end_byte"]].decode(article["encoding"], "replace")
        holds = stretch == article["text"][span["start_char"] : span["end_char"]]
        found.check("raw spans", holds, f"{where}: raw span {span}")


def _verify_slices(
    found: Verification, table: Table, rows: Sequence[Mapping[str, Any]], articles: Mapping[str, Mapping[str, Any]]
) -> None:
    key = columns(table.row)[0].name
    for row in rows:
        article = articles.get(row["article_id"])
        for part in table.slices:
            text, start, end = row[part.text], row[part.start], row[part.end]
            if text is None and start is None and end is None:
                continue
            holds = article is not None and start is not None and article["text"][start:end] == text
            what = table.name if part.text == "text" else f"{table.name}: {part.text}"
            found.check(what, holds, f"{table.name} {row[key]}: {part.text} {row[part.text]!r}")


def _verify_keys(found: Verification, read: Callable[..., pa.Table]) -> None:
    for table in TABLES.values():
        for column in columns(table.row):
            if column.column and column.column.unique:
                values = read(table.name, [column.name])[column.name].to_pylist()
                found.check(
                    "unique ids",
                    len(set(values)) == len(values),
                    f"{table.name}.{column.name} is not unique",
                )
            if column.column and column.column.references:
                _verify_reference(found, read, table, column.name, column.column.references)


def _verify_reference(found: Verification, read: Callable[..., pa.Table], table: Table, name: str, refers: str) -> None:
    other, other_column = refers.split(".")
    known = set(read(other, [other_column])[other_column].to_pylist())
    values = {value for value in read(table.name, [name])[name].to_pylist() if value is not None}
    for value in values - known:
        found.check("keys between tables", False, f"{table.name}.{name} {value}: not in {refers}")
    found.counts["keys between tables"] += len(values & known)


def _verify_article_entities(found: Verification, read: Callable[..., pa.Table], month: str) -> None:
    """Hold article_entities against a month's mentions and quotes, counted again."""
    stored = _keyed(read("article_entities", None, [month]).to_pandas(), "entity_id")
    mentions = _keyed(read("mentions", None, [month]).to_pandas(), "entity_id")
    quotes = read("quotes", ["article_id", "speaker_entity_id"], [month]).to_pandas().dropna()
    named = mentions[mentions["form"] == "name"]
    grouped = mentions.groupby("key")
    counted = grouped[["entity_name", "entity_type", "link_source", "link_id"]].first()
    counted["mention_count"] = grouped.size()
    counted["name_count"] = named.groupby("key").size()
    counted["first_char"] = grouped["start_char"].min()
    spoken = _keyed(quotes, "speaker_entity_id").groupby("key").size().rename("quote_count")
    counted = counted.join(spoken, how="outer").fillna({"name_count": 0, "quote_count": 0})
    seen = named.assign(name=named["text"].str.split().str.join(" "))[["key", "name"]]
    names = _names([seen, mentions[["key", "entity_name"]]])
    _compare(found, "article_entities", stored, counted, names)


def _verify_entities(found: Verification, read: Callable[..., pa.Table], months: Sequence[str]) -> None:
    """Hold entities against article_entities, counted again."""
    articles = read("articles", ["article_id", "duplicate_of"]).to_pandas()
    copies = articles["article_id"][articles["duplicate_of"].notna()]
    parts, names = [], []
    for month in months:
        rows = read("article_entities", None, [month]).to_pandas().assign(article_count=1)
        rows["key"] = rows["entity_id"]
        is_copy = rows["article_id"].isin(copies)
        for name in ("article_count", "mention_count", "quote_count"):
            rows[f"original_{name}"] = rows[name].mask(is_copy, 0)
        rows["first_seen_on"] = rows["last_seen_on"] = pd.to_datetime(rows["published_on"])
        parts.append(rows.groupby("key").agg(HOW_COUNTED))
        names.append(_names([rows[["key", "entity_name"]], rows[["key", "aliases"]].explode("aliases")]))
    counted = pd.concat(parts).groupby(level=0).agg(HOW_COUNTED)
    stored = read("entities").to_pandas().rename(columns={"name": "entity_name"})
    stored["key"] = stored["entity_id"]
    for name in ("first_seen_on", "last_seen_on"):
        stored[name] = pd.to_datetime(stored[name])
    _compare(found, "entities", stored, counted, _names(names))


def _names(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All names that rows of two columns, key and a name, give each key."""
    rows = pd.concat([part.set_axis(["key", "name"], axis=1) for part in parts])
    return rows.dropna().drop_duplicates()


def _keyed(rows: pd.DataFrame, entity: str) -> pd.DataFrame:
    return rows.assign(key=rows["article_id"] + " " + rows[entity])


def _compare(found: Verification, table: str, stored: pd.DataFrame, counted: pd.DataFrame, names: pd.DataFrame) -> None:
    """Hold rows against the same ones counted again.

    Args:
        found: takes the differences.
        table: the table they are of.
        stored: its rows, each with a key.
        counted: the columns that were counted again, by key.
        names: all names of each key: what ``entity_name`` and ``aliases`` are together.
    """
    wrong = dict.fromkeys(stored["key"][stored["key"].duplicated()], "it stands there twice")
    own = _names([stored[["key", "entity_name"]], stored[["key", "aliases"]].explode("aliases")])
    for key, name in pd.concat([own, names]).drop_duplicates(keep=False).itertuples(index=False):
        wrong[key] = f"{name!r} is not both among its names and seen"
    stored = stored.drop_duplicates("key").set_index("key")
    for key in stored.index.symmetric_difference(counted.index):
        wrong[key] = "nothing counted is of it" if key in stored.index else "it is missing"
    for column in counted.columns:
        one, other = stored[column].align(counted[column], join="inner")
        for key in one.index[one.ne(other) & ~(one.isna() & other.isna())]:
            wrong[key] = f"{column} is {one[key]}, counted again {other[key]}"
    for key, difference in wrong.items():
        found.check(table, False, f"{table} {key}: {difference}")
    found.counts[table] += len(stored.index.union(counted.index)) - len(wrong)


def _verify_ledger(found: Verification, read: Callable[..., pa.Table], records: list[Record]) -> None:
    for run in read("runs").to_pylist():
        adds_up = run["record_count"] == sum(run[part] for part in FATES.values())
        found.check("run ledgers", adds_up, f"run {run['run_id']}: its ledger does not add up")
    held = {record.article_id for record in records if record.article_id}
    articles = set(read("articles", ["article_id"])["article_id"].to_pylist())
    for article_id in articles | {r.article_id for r in records if r.outcome == "article"}:
        holds = article_id in articles and article_id in held
        found.check("records", holds, f"article {article_id}: not in both articles and records")
    refused = {(r.source, r.raw_path, r.raw_record) for r in records if r.outcome == "reject"}
    rejects = {tuple(row.values()) for row in read("rejects", ["source", "raw_path", "raw_record"]).to_pylist()}
    for key in refused ^ rejects:
        found.check("rejects", False, f"record {key}: not in both rejects and records")
    found.counts["rejects"] += len(refused & rejects)
