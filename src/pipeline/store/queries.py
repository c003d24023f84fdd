"""What a run, and a person, asks of a version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, cast

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import Attributions, Record, Run, from_table
from pipeline.errors import UsageError
from pipeline.store.version import UNKNOWN_MONTH, Version, month_at, month_of


def find_quote(version: Version, quote_id: str) -> tuple[dict[str, Any], dict[str, Any], Run] | None:
    """A quote and its article as rows, and the run that wrote it; None where there is no such quote."""
    for path, quotes in version.find("quotes", "quote_id", [quote_id]):
        articles = version.read_beside(path, "articles")
        (quote,) = quotes.to_pylist()
        (article,) = _where(articles, "article_id", quote["article_id"])
        return article, quote, find_run(version, article["run_id"])
    return None


def _where(rows: pa.Table, column: str, value: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.filter(pc.field(column) == value).to_pylist()
    return found


def raw_of(version: Version, source: str) -> str | None:
    """Where a collection lay when it was read last; None where it never was."""
    rows = version.read("runs", ["run_id", "source", "raw"]).to_pylist()
    return max(((row["run_id"], row["raw"]) for row in rows if row["source"] == source), default=(None, None))[1]


def attributions_of(version: Version) -> Attributions:
    """Which attributions the quotes of a data set are of."""
    return last_run(version).attributions


def source_at(version: Version, raw: str) -> str:
    """The collection that was read from RAW, or, where RAW has moved, the only one that the data set has.

    Raises:
        UsageError: if it may be one of several.
    """
    rows = version.read("runs", ["source", "raw"]).to_pylist()
    sources = {row["source"] for row in rows if row["raw"] == raw} or {row["source"] for row in rows}
    if len(sources) > 1:
        raise UsageError(f"{raw} may hold one of {', '.join(sorted(sources))}; say which with --source")
    return str(sources.pop())


def last_run(version: Version) -> Run:
    """The ledger row of the last run that a version holds."""
    return find_run(version, pc.max(version.read("runs", ["run_id"])["run_id"]).as_py())


def last_run_of(version: Version, source: str) -> Run:
    """The ledger row of the last run over a collection."""
    rows = version.read("runs", ["run_id", "source"])
    return find_run(version, pc.max(rows.filter(pc.equal(rows["source"], source))["run_id"]).as_py())


def refused_sources(version: Version, reasons: Collection[str]) -> list[str]:
    """The collections of which something is refused, for some reasons or for any."""
    rows = version.read("rejects", ["source", "reason"])
    if reasons:
        rows = rows.filter(pc.is_in(rows["reason"], pa.array(reasons, pa.string())))
    return sorted(set(rows["source"].to_pylist()))


def find_run(version: Version, run_id: str) -> Run:
    """The ledger row of a run that published."""
    rows = version.read("runs")
    (run,) = from_table(rows.filter(pc.equal(rows["run_id"], run_id)), Run)
    return run


# ── What a run needs to know of what is there ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Held:
    """An article as a version holds it: where its rows lie, and what later articles and records may change."""

    key: tuple[str, str, str]  # the record it was made from: source, raw_path, raw_record
    home: tuple[str, str]  # its month, and the name of its part
    first_seen_at: datetime
    updates: Mapping[str, object]  # by column of ARTICLE_UPDATES

    @property
    def revision(self) -> int:
        """Which of the article's versions it is."""
        return cast(int, self.updates["revision"])


RecordColumn = Literal["raw_path", "article_id", "is_there"]
KEY = ("source", "raw_path", "raw_record")
# The columns of an article that later articles and records can change.
ARTICLE_UPDATES = ("revision", "duplicate_of", "duplicate_kind", "duplicate_similarity")


def find_held(version: Version, article_ids: Iterable[str]) -> dict[str, Held]:
    """Those of some articles that a version holds, by article_id."""
    found = {}
    columns = ("article_id", *KEY, "first_seen_at", *ARTICLE_UPDATES)
    for path, rows in version.find("articles", "article_id", article_ids, columns):
        home = month_at(path), path.name
        for row in rows.to_pylist():
            key = row["source"], row["raw_path"], row["raw_record"]
            updates = {name: row[name] for name in ARTICLE_UPDATES}
            found[row["article_id"]] = Held(key, home, row["first_seen_at"], updates)
    return found


def find_records(version: Version, column: RecordColumn, values: Iterable[object]) -> list[Record]:
    """What became of some raw records, by file, by the article that they claim, or by whether they are there."""
    return [record for _, rows in version.find("records", column, values) for record in from_table(rows, Record)]


def count_older(version: Version, made_by: str) -> int:
    """How many articles other code made than that of a run."""
    rows = version.read("records", ["made_by", "outcome"])
    is_older = pc.and_(pc.equal(rows["outcome"], "article"), pc.not_equal(rows["made_by"], made_by))
    return int(pc.sum(is_older).as_py() or 0)


def find_paths(version: Version, source: str, is_chosen: Callable[[str, str, str | None], bool]) -> set[str]:
    """The files of a source that hold records of some kinds, by raw_path.

    Args:
        version: what is there.
        source: the collection.
        is_chosen: tells of the code that made a record, its outcome and the reason whether it is of such a kind.
    """
    kinds = ["made_by", "outcome", "reason"]
    rows = version.read("records", ["source", "raw_path", *kinds])
    rows = rows.filter(pc.equal(rows["source"], source)).group_by(["raw_path", *kinds]).aggregate([])
    return {row["raw_path"] for row in rows.to_pylist() if is_chosen(*(row[name] for name in kinds))}


def refused_paths(version: Version, source: str) -> set[str]:
    """The files and folders of a source of which something is refused, by raw_path."""
    return _paths(version.read("rejects", ["source", "raw_path"]), source)


def read_paths(version: Version, source: str) -> set[str]:
    """The files of a source that were read to their end, by raw_path."""
    return _paths(version.read("files", ["source", "raw_path"]), source)


def _paths(rows: pa.Table, source: str) -> set[str]:
    return set(rows.filter(pc.equal(rows["source"], source))["raw_path"].to_pylist())


def read_signatures(version: Version, first: date | None, last: date | None) -> Iterator[pa.Table]:
    """The signatures of articles dated from ``first`` to ``last``, and others that lie in the same parts.

    Args:
        version: what they are read from.
        first: None for no bound.
        last: None for no bound: then those come too that have no date, which is later than any.
    """
    for part in version.parts:
        if _reaches(part.month, first, last) or (last is None and part.undated_count):
            yield version.read_file("signatures", version.folder("signatures", part.month) / part.name)


def _reaches(month: str, first: date | None, last: date | None) -> bool:
    """Whether a month has days from ``first`` to ``last``."""
    if month == UNKNOWN_MONTH:
        return last is None
    return (first is None or month >= month_of(first)) and (last is None or month <= month_of(last))
