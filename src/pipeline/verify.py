"""An independent look at a data set: every slice, every key, every count, and the raw bytes behind the text.

In memory at a time are one month of a table, some texts, and a few narrow columns of the whole data set: ids, and where
articles lie in raw files that hold several. Only of older revisions are all texts in memory at once.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import FATES, TABLES, WHOLE, ReadRaw, Slice, Table, columns

# Gives some columns of a table, of some months or (None) of all.
Read = Callable[[str, Sequence[str], Sequence[str] | None], pa.Table]
# For each row of one table, which row of another it belongs to; -1 where there is none.
Places = npt.NDArray[np.int64]

SHOWN = 20  # differences told one by one
FEW_TEXTS = 2_000  # held as Python's own at a time
TEXT = ("article_id", "revision", "raw_path", "text", "text_sha256", "segments")
TRACE = ("source", "raw_record", "raw_sha256", "encoding", "raw_spans")


@dataclass(slots=True)
class Verification:
    """What was checked, and what differs."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)  # the first of them
    difference_count: int = 0

    def check(self, what: str, count: int, differences: Iterable[str]) -> None:
        """Note how many things were checked, and what differs among them, a line each."""
        self.counts[what] += count
        for difference in differences:
            self.difference_count += 1
            if len(self.differences) < SHOWN:
                self.differences.append(difference)


def verify_version(
    read: Read, months: Mapping[str, Sequence[str]], read_raw: ReadRaw | None, source: str | None, records: pa.Table
) -> Verification:
    """Re-slice, re-count and re-join a whole data set.

    Args:
        read: ``read(table, columns, months)``.
        months: the months of each monthly table.
        read_raw: reads a raw file again; None to leave the raw files out.
        source: the collection that the raw files belong to; articles of others are not held against them.
        records: what became of each raw record: of ``Record`` its key, ``outcome`` and ``article_id``.
    """
    found = Verification()
    all_months = sorted({month for each in months.values() for month in each})
    packed: list[pa.Table] = []  # traces of articles in files that hold several: each file is read once
    for month in all_months:
        articles = read("articles", [*TEXT, *(TRACE if read_raw else ())], [month])
        _verify_texts(found, articles)
        for table in TABLES.values():
            if table.slices:
                rows = read(table.name, _sliced(table.slices, columns(table.row)[0].name), [month])
                at = _places(rows["article_id"], articles["article_id"])
                _verify_slices(found, table.name, table.slices, rows, at, articles["text"])
        if read_raw:
            traces = _trace(found, articles, source)
            is_whole = pc.equal(traces["raw_record"], WHOLE)
            _verify_raw(found, read_raw, traces.filter(is_whole))
            packed.append(traces.filter(pc.invert(is_whole)))
        _verify_article_entities(found, read, month)
    if read_raw and packed:
        _verify_raw(found, read_raw, pa.concat_tables(packed))
    _verify_keys(found, read, all_months)
    _verify_revisions(found, read)
    _verify_entities(found, read, all_months)
    _verify_ledger(found, read, records)
    return found


# ── Texts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _verify_texts(found: Verification, articles: pa.Table) -> None:
    for batch in articles.select(TEXT).to_batches(max_chunksize=FEW_TEXTS):
        for article in batch.to_pylist():
            text, where = article["text"], f"{article['raw_path']}, revision {article['revision']}"
            is_same = hashlib.sha256(text.encode()).hexdigest() == article["text_sha256"]
            found.check("article texts", 1, () if is_same else [f"{where}: text_sha256 is not of this text"])
            edges = [0, *(edge for each in article["segments"] for edge in (each["start_char"], each["end_char"]))]
            for end, first, last in zip(edges[::2], edges[1::2], edges[2::2], strict=False):
                stretch = text[first:last]
                holds = end <= first < last <= len(text) and stretch == stretch.strip()
                found.check("segments", 1, () if holds else [f"{where}: segment [{first}:{last}]"])


def _sliced(slices: Sequence[Slice], key: str) -> list[str]:
    """The columns that tell what stands where in which article."""
    return [key, "article_id", *(name for part in slices for name in (part.text, part.start, part.end))]


def _verify_slices(
    found: Verification, table: str, slices: Sequence[Slice], rows: pa.Table, at: Places, texts: pa.ChunkedArray
) -> None:
    """Hold rows against the texts that they stand in.

    Args:
        found: takes the differences.
        table: the table's name.
        slices: what stands where.
        rows: the table, its key first.
        at: for each row, which of the texts is its article's; rows without one are told of as keys.
        texts: the texts.
    """
    for part in slices:
        names = (part.text, part.start, part.end)
        is_given = np.logical_or.reduce([pc.is_valid(rows[name]) for name in names]) & (at >= 0)
        order = np.flatnonzero(is_given)[np.argsort(at[is_given], kind="stable")]
        found.check(table if part.text == "text" else f"{table}: {part.text}", len(order), ())
        edges = np.searchsorted(at[order], range(0, len(texts) + FEW_TEXTS, FEW_TEXTS))
        for first, (start, end) in zip(range(0, len(texts), FEW_TEXTS), pairwise(edges), strict=True):
            some = texts.slice(first, FEW_TEXTS).to_pylist()
            told = rows.select([rows.column_names[0], *names]).take(order[start:end])
            own = (some[place] for place in (at[order[start:end]] - first).tolist())
            for whole, key, *where in zip(own, *(column.to_pylist() for column in told.columns), strict=True):
                if not _stands_at(whole, *where):
                    line = f"{table} {key}: {part.text} {where[0]!r} is not at [{where[1]}:{where[2]}]"
                    found.check(table, 0, [line])


def _stands_at(whole: str, text: str | None, start: int | None, end: int | None) -> bool:
    if text is None or start is None or end is None:
        return False
    return start >= 0 and end - start == len(text) and whole[start:end] == text


# ── Raw files ──────────────────────────────────────────────────────────────────────────────────────────────────


def _trace(found: Verification, articles: pa.Table, source: str | None) -> pa.Table:
    """What leads from articles of a collection to their raw bytes, and instead of their text digests of its parts."""
    mine = articles.filter(pc.equal(articles["source"], source))
    found.check("articles of other sources, not held against RAW", articles.num_rows - mine.num_rows, ())
    digests: list[list[int]] = []
    for batch in mine.select(["text", "raw_spans"]).to_batches(max_chunksize=FEW_TEXTS):
        for text, spans in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digests.append([_digest(text[span["start_char"] : span["end_char"]]) for span in spans])
    traces = mine.select(["raw_path", "raw_record", "raw_sha256", "encoding", "raw_spans"])
    return traces.append_column("digests", pa.array(digests, pa.list_(pa.uint64())))


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _verify_raw(found: Verification, read_raw: ReadRaw, traces: pa.Table) -> None:
    """Hold articles against the raw files that they were read from, each read once."""
    traces = traces.sort_by("raw_path").combine_chunks()
    start = 0
    for file in pc.value_counts(traces["raw_path"]):
        raw_path, count = file["values"].as_py(), file["counts"].as_py()
        _verify_file(found, read_raw, raw_path, traces.slice(start, count))
        start += count


def _verify_file(found: Verification, read_raw: ReadRaw, raw_path: str, traces: pa.Table) -> None:
    waiting = {raw_record: at for at, raw_record in enumerate(traces["raw_record"].to_pylist())}
    try:
        for raw_record, data in read_raw(raw_path):
            at = waiting.pop(raw_record, None)
            if at is not None:
                _verify_bytes(found, traces.slice(at, 1), data)
    except OSError as error:
        found.check("raw records", 1, [f"{raw_path}: the raw file cannot be read: {error.strerror or error}"])
        return
    gone = (f"{raw_path}: record {each} is not there, or cannot be read any more" for each in waiting)
    found.check("raw records", len(waiting), gone)


def _verify_bytes(found: Verification, trace: pa.Table, raw: bytes) -> None:
    (article,) = trace.to_pylist()
    where = f"{article['raw_path']}, record {article['raw_record']}"
    is_same = hashlib.sha256(raw).hexdigest() == article["raw_sha256"]
    found.check("raw records", 1, () if is_same else [f"{where}: it has changed since it was curated"])
    if not is_same:
        return
    for span, digest in zip(article["raw_spans"], article["digests"], strict=True):
        stretch = raw[span["start_byte"] : span["end_byte"]].decode(article["encoding"], "replace")
        found.check("raw spans", 1, () if _digest(stretch) == digest else [f"{where}: raw span {span}"])


# ── Keys ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _keys(rows: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Several columns as one."""
    return pc.binary_join_element_wise(*(rows[name].cast(pa.string()) for name in names), "\0")


def _places(values: pa.Array | pa.ChunkedArray, among: pa.ChunkedArray) -> Places:
    """Where each value stands among others; -1 where it does not."""
    places: Places = pc.fill_null(pc.index_in(values, among.combine_chunks()), -1).to_numpy().astype(np.int64)
    return places


def _verify_keys(found: Verification, read: Read, months: Sequence[str]) -> None:
    for table in TABLES.values():
        unique = {(column.name,) for column in columns(table.row) if column.column and column.column.unique}
        for key in sorted({table.sort, *unique}):
            for span in _spans(table, months):
                rows = read(table.name, key, span)
                counted = rows.group_by(list(key)).aggregate([([], "count_all")])
                again = counted.filter(pc.greater(counted["count_all"], 1)).to_pylist()
                lines = (f"{table.name}: {row.pop('count_all')} rows have {row}" for row in again)
                found.check("unique ids", counted.num_rows, lines)
        for column in columns(table.row):
            if column.column and column.column.references:
                _verify_reference(found, read, table, column.name, column.column.references, months)


def _spans(table: Table, months: Sequence[str]) -> list[list[str] | None]:
    """The stretches of a table in each of which its keys can be checked.

    All that is told of an article lies in its month, and an article in one month only.
    """
    return [[month] for month in months] if table.is_monthly and table.name != "articles" else [None]


def _verify_reference(
    found: Verification, read: Read, table: Table, name: str, refers: str, months: Sequence[str]
) -> None:
    other, other_name = refers.split(".")
    spans = _spans(table, months)
    values = [pc.unique(read(table.name, [name], span)[name]).drop_null() for span in spans]
    if None in spans or not TABLES[other].is_monthly:  # one look at all: what is referred to may be much
        spans, values = [None], [pa.chunked_array(values, pa.string())]
    for span, some in zip(spans, values, strict=True):
        is_known = pc.is_in(some, read(other, [other_name], span)[other_name].combine_chunks())
        unknown = some.filter(pc.invert(is_known)).to_pylist()
        where = f"{refers} of {span[0]}" if span else refers
        found.check(
            "keys between tables", len(some), (f"{table.name}.{name} {each}: not in {where}" for each in unknown)
        )


def _verify_revisions(found: Verification, read: Read) -> None:
    """Older revisions hold what is told of them, and are older than the current ones."""
    slices = TABLES["quotes"].slices
    articles = read("article_revisions", TEXT, None)
    quotes = read("quote_revisions", [*_sliced(slices, "quote_id"), "revision"], None)
    _verify_texts(found, articles)
    key = ("article_id", "revision")
    at = _places(_keys(quotes, key), _keys(articles, key))
    lost = quotes.filter(pa.array(at < 0)).select(["quote_id", *key]).to_pylist()
    lines = (f"quote_revisions {row}: its article's revision is not in article_revisions" for row in lost)
    found.check("keys between tables", quotes.num_rows, lines)
    _verify_slices(found, "quote_revisions", slices, quotes, at, articles["text"])
    current = read("articles", key, None)
    now = _places(articles["article_id"], current["article_id"])
    is_current = now >= 0  # of an article that was pruned, older revisions may stay
    is_older = articles["revision"].to_numpy()[is_current] < current["revision"].to_numpy()[now[is_current]]
    late = articles.select(key).filter(pa.array(is_current)).filter(pa.array(~is_older)).to_pylist()
    lines = (f"article_revisions {row}: the article's current revision is no newer" for row in late)
    found.check("older revisions", articles.num_rows, lines)


# ── Entities ───────────────────────────────────────────────────────────────────────────────────────────────────

# How numbers come together, and what they are where there are none.
Fold = tuple[np.ufunc, int]
SUM: Fold = (np.add, 0)
LEAST: Fold = (np.minimum, np.iinfo(np.int64).max)
MOST: Fold = (np.maximum, np.iinfo(np.int64).min)


class _Recount:
    """The rows of a table of entities, held against what is counted again."""

    def __init__(self, found: Verification, table: str, key: Sequence[str], stored: pa.Table) -> None:
        self._found, self._table, self._stored = found, table, stored
        self._keys = _keys(stored, key)
        self._names = pa.chunked_array([_all_names(np.arange(stored.num_rows), stored)])
        self._is_seen = np.zeros(len(self._names), bool)
        self._waiting: list[pa.Array] = []
        self._counted: dict[str, tuple[Fold, npt.NDArray[np.int64]]] = {}
        found.check(table, stored.num_rows, ())

    def find(self, rows: pa.Table, key: Sequence[str]) -> tuple[pa.Table, Places]:
        """The rows whose entity is there, and where it is; of the others it is told that it is missing."""
        keys = _keys(rows, key)
        at = _places(keys, self._keys)
        missing = pc.unique(keys.filter(pa.array(at < 0))).to_pylist()
        self._found.check(self._table, 0, (f"{self._table} {_shown(each)}: it is missing" for each in missing))
        return rows.filter(pa.array(at >= 0)), at[at >= 0]

    def count(self, column: str, fold: Fold, at: Places, values: pa.ChunkedArray | None = None) -> None:
        """Count something in; without values, how many there are."""
        how, start = fold
        _, counted = self._counted.setdefault(column, (fold, np.full(self._stored.num_rows, start)))
        if values is None:
            how.at(counted, at, 1)
        else:
            is_given = pc.is_valid(values).to_numpy()
            how.at(counted, at[is_given], _as_numbers(values.drop_null()))

    def match(self, column: str, at: Places, values: pa.ChunkedArray) -> None:
        """Values that are the same in all rows of an entity."""
        stored = self._stored[column].take(pa.array(at))
        wrong = np.flatnonzero(_differ(stored, values))
        for row, first in zip(*np.unique(at[wrong], return_index=True), strict=True):
            difference = f"{column} is {stored[wrong[first]]}, but {values[wrong[first]]} where it is mentioned"
            self._found.check(self._table, 0, [f"{self._shown(row)}: {difference}"])

    def see(self, names: pa.Array) -> None:
        """Names that entities were seen by."""
        self._waiting.append(pc.unique(names))
        if sum(map(len, self._waiting)) > len(self._names):  # to look names up, all that are there are read again
            self._look_up()

    def _look_up(self) -> None:
        names = pa.chunked_array(self._waiting, pa.string())
        places = _places(names, self._names)
        self._is_seen[places[places >= 0]] = True
        for each in pc.unique(names.filter(pa.array(places < 0))).to_pylist():
            row, _, name = each.partition("\0")
            self._found.check(self._table, 0, [f"{self._shown(int(row))}: {name!r} is not among its names"])
        self._waiting.clear()

    def finish(self) -> None:
        """Tell which rows are not what was counted."""
        for column, ((how, start), counted) in self._counted.items():
            stored = self._stored[column]
            is_none = (counted == start) & (how is not np.add)
            again = pa.chunked_array([pa.array(counted, mask=is_none)])
            again = again.cast(pa.int32()).cast(stored.type) if pa.types.is_date(stored.type) else again
            lines = (
                f"{self._shown(row)}: {column} is {stored[row]}, counted again {again[row]}"
                for row in np.flatnonzero(_differ(stored, again))
            )
            self._found.check(self._table, 0, lines)
        self._look_up()
        for each in self._names.filter(pa.array(~self._is_seen)).to_pylist():
            row, _, name = each.partition("\0")
            self._found.check(self._table, 0, [f"{self._shown(int(row))}: no mention calls it {name!r}"])

    def _shown(self, row: int | np.signedinteger) -> str:
        return f"{self._table} {_shown(self._keys[row].as_py())}"


def _shown(key: str) -> str:
    return key.replace("\0", " ")


def _named(at: Places, names: pa.Array) -> pa.Array:
    """Names, each behind the number of the entity that it is of."""
    return pc.binary_join_element_wise(pa.array(at).cast(pa.string()), names, "\0")


def _all_names(at: Places, rows: pa.Table) -> pa.Array:
    """The name and the other names of entities, as ``_named`` gives them."""
    aliases = rows["aliases"].combine_chunks()
    holders = at[pc.list_parent_indices(aliases).to_numpy()]
    named = [_named(at, rows["entity_name"].combine_chunks()), _named(holders, pc.list_flatten(aliases))]
    return pc.unique(pa.concat_arrays(named))


def _as_numbers(values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Whole numbers, or days since 1970."""
    numbers = values.cast(pa.int32()) if pa.types.is_date(values.type) else values
    plain: npt.NDArray[np.int64] = numbers.cast(pa.int64()).to_numpy()
    return plain


def _differ(one: pa.ChunkedArray, other: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Where two columns differ; nulls are alike."""
    are_null = pc.and_(pc.is_null(one), pc.is_null(other))
    return np.asarray(pc.if_else(are_null, False, pc.fill_null(pc.not_equal(one, other), True)))


def _verify_article_entities(found: Verification, read: Read, month: str) -> None:
    """Hold article_entities against a month's mentions and quotes, counted again."""
    same = ["entity_name", "entity_type", "link_source", "link_id"]
    key = ["article_id", "entity_id"]
    counts = ["mention_count", "name_count", "quote_count", "first_char"]
    recount = _Recount(
        found, "article_entities", key, read("article_entities", [*key, *same, "aliases", *counts], [month])
    )
    mentions, at = recount.find(read("mentions", [*key, *same, "form", "text", "start_char"], [month]), key)
    for column in same:
        recount.match(column, at, mentions[column])
    is_name = np.asarray(pc.equal(mentions["form"], "name"))
    recount.count("mention_count", SUM, at)
    recount.count("name_count", SUM, at[is_name])
    recount.count("first_char", LEAST, at, mentions["start_char"])
    recount.see(_named(at, mentions["entity_name"].combine_chunks()))
    recount.see(_named(at[is_name], _in_one_line(mentions["text"].filter(pa.array(is_name)))))
    quotes = read("quotes", ["article_id", "speaker_entity_id"], [month]).drop_null()
    _, at = recount.find(quotes, quotes.column_names)
    recount.count("quote_count", SUM, at)
    recount.finish()


def _in_one_line(texts: pa.ChunkedArray) -> pa.Array:
    """Texts with each white space as one blank."""
    coded = texts.combine_chunks().dictionary_encode()
    return pa.array([" ".join(text.split()) for text in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _verify_entities(found: Verification, read: Read, months: Sequence[str]) -> None:
    """Hold entities against article_entities, counted again."""
    same = ["entity_type", "link_source", "link_id"]
    sums = ["mention_count", "name_count", "quote_count"]
    originals = ["original_article_count", "original_mention_count", "original_quote_count"]
    days = ["first_seen_on", "last_seen_on"]
    names = ["entity_id", "name", "aliases", *same, "article_count", *sums, *originals, *days]
    stored = read("entities", names, None).rename_columns({"name": "entity_name"})
    recount = _Recount(found, "entities", ["entity_id"], stored)
    articles = read("articles", ["article_id", "duplicate_of"], None)
    copies = articles.filter(pc.is_valid(articles["duplicate_of"]))["article_id"].combine_chunks()
    for month in months:
        names = ["article_id", "published_on", "entity_id", "entity_name", "aliases", *same, *sums]
        rows, at = recount.find(read("article_entities", names, [month]), ["entity_id"])
        for column in same:
            recount.match(column, at, rows[column])
        recount.count("article_count", SUM, at)
        for column in sums:
            recount.count(column, SUM, at, rows[column])
        is_original = pc.invert(pc.is_in(rows["article_id"], copies))
        own = at[np.asarray(is_original)]
        recount.count("original_article_count", SUM, own)
        for column in ("mention_count", "quote_count"):
            recount.count(f"original_{column}", SUM, own, rows[column].filter(is_original))
        recount.count("first_seen_on", LEAST, at, rows["published_on"])
        recount.count("last_seen_on", MOST, at, rows["published_on"])
        recount.see(_all_names(at, rows))
    recount.finish()


# ── The ledger ─────────────────────────────────────────────────────────────────────────────────────────────────


def _verify_ledger(found: Verification, read: Read, records: pa.Table) -> None:
    runs = read("runs", ["run_id", "record_count", *FATES.values()], None).to_pylist()
    wrong = [run for run in runs if run["record_count"] != sum(run[part] for part in FATES.values())]
    found.check("run ledgers", len(runs), (f"run {run['run_id']}: its ledger does not add up" for run in wrong))
    counted = (
        read("arrivals", ["run_id", "article_count"], None).group_by("run_id").aggregate([("article_count", "sum")])
    )
    arrived = dict(zip(counted["run_id"].to_pylist(), counted["article_count_sum"].to_pylist(), strict=True))
    differing = [run for run in runs if run["new_count"] != arrived.get(run["run_id"], 0)]
    found.check(
        "arrivals",
        len(runs),
        (
            f"run {run['run_id']}: {arrived.get(run['run_id'], 0)} articles in arrivals, and new_count {run['new_count']}"
            for run in differing
        ),
    )
    articles = read("articles", ["article_id"], None)["article_id"]
    held = records["article_id"].drop_null()
    chosen = records.filter(pc.equal(records["outcome"], "article"))["article_id"]
    _verify_same(
        found, "records", "article", (articles, held, "no record is of it"), (chosen, articles, "it is not in articles")
    )
    key = TABLES["rejects"].sort
    refused = _keys(records.filter(pc.equal(records["outcome"], "reject")), key)
    rejects = _keys(read("rejects", key, None), key)
    _verify_same(
        found, "rejects", "record", (refused, rejects, "it is not in rejects"), (rejects, refused, "it is not refused")
    )


def _verify_same(
    found: Verification, what: str, one: str, *sides: tuple[pa.ChunkedArray, pa.ChunkedArray, str]
) -> None:
    """What is on one side is on the other."""
    for values, others, difference in sides:
        missing = values.filter(pa.array(_places(values, others) < 0)).to_pylist()
        found.check(what, len(values), (f"{one} {_shown(each)}: {difference}" for each in missing))
