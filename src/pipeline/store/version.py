"""One version of a data set: what runs, commands and services look up in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import ALL_TABLES, Attributions, Record, Run, Table, arrow_schema, from_table
from pipeline.errors import UsageError
from pipeline.store.part_files import UNKNOWN_MONTH, TableFiles, month_in, month_of

PUBLISHED = "published"  # an empty file in each version that was the current one at some time
ADVICE = "curate the raw articles into a new folder"
RECORD_KEY = ("source", "raw_path", "raw_record")
# The columns of an article that later articles and records can change.
ARTICLE_UPDATES = ("revision", "duplicate_of", "duplicate_kind", "duplicate_similarity")
RecordColumn = Literal["raw_path", "article_id", "is_there"]


class FoundQuote(NamedTuple):
    """A quote with its article, both as rows, and the run that wrote them."""

    article: Mapping[str, Any]
    quote: Mapping[str, Any]
    run: Run


@dataclass(frozen=True, slots=True)
class PublishedArticle:
    """An article of a version: where its rows are, and what later articles and records may change."""

    key: tuple[str, str, str]  # the raw record it was made from, by RECORD_KEY
    home: tuple[str, str]  # its month, and the name of its part
    first_seen_at: datetime
    updates: Mapping[str, object]  # by column of ARTICLE_UPDATES

    @property
    def revision(self) -> int:
        """The number of the article's content."""
        return cast(int, self.updates["revision"])


@dataclass(frozen=True)
class Version(TableFiles):
    """One immutable, complete data set."""

    @property
    def run_id(self) -> str:
        """The run, or the compaction, that built it."""
        return self.path.name

    @property
    def published_at(self) -> datetime:
        """When it first became the current version."""
        return datetime.fromtimestamp((self.path / PUBLISHED).stat().st_mtime, UTC)

    def file_sizes(self) -> dict[int, int]:
        """Return the size of each file by inode: versions share files by hard links."""
        found = [path.stat() for path in self.path.rglob("*") if path.is_file()]
        return {file.st_ino: file.st_size for file in found}

    # ── Runs and sources ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def attributions(self) -> Attributions:
        """Which attributions became quotes."""
        return self.last_run().attributions

    def find_run(self, run_id: str) -> Run:
        """Return the ledger row of a run that published."""
        rows = self.read("runs")
        (run,) = from_table(rows.filter(pc.equal(rows["run_id"], run_id)), Run)
        return run

    def last_run(self, source: str | None = None) -> Run:
        """Return the ledger row of the last run, or of the last run over a source."""
        rows = self.read("runs", ["run_id", "source"])
        if source is not None:
            rows = rows.filter(pc.equal(rows["source"], source))
        return self.find_run(pc.max(rows["run_id"]).as_py())

    def last_raw(self, source: str) -> str | None:
        """Return the RAW that the last run over a source read; None if there was no such run."""
        rows = self.read("runs", ["run_id", "source", "raw"]).to_pylist()
        return max(((row["run_id"], row["raw"]) for row in rows if row["source"] == source), default=(None, None))[1]

    def source_of(self, raw: str) -> str:
        """Return the source that was read from RAW. If RAW has moved, return the data set's only source.

        Raises:
            UsageError: if it could be one of several.
        """
        rows = self.read("runs", ["source", "raw"]).to_pylist()
        sources = {row["source"] for row in rows if row["raw"] == raw} or {row["source"] for row in rows}
        if len(sources) > 1:
            raise UsageError(f"{raw} could be any of {', '.join(sorted(sources))}; choose one with --source")
        return str(sources.pop())

    def rejected_sources(self, reasons: Collection[str]) -> list[str]:
        """Return the sources with rejects, for some reasons or, if none are given, for any."""
        rows = self.read("rejects", ["source", "reason"])
        if reasons:
            rows = rows.filter(pc.is_in(rows["reason"], pa.array(reasons, pa.string())))
        return sorted(set(rows["source"].to_pylist()))

    # ── Articles and quotes ────────────────────────────────────────────────────────────────────────────────────

    def find_quote(self, quote_id: str) -> FoundQuote | None:
        """Return a quote, its article and the run that wrote it; None if there is no such quote."""
        for path, quotes in self.find("quotes", "quote_id", [quote_id]):
            (quote,) = quotes.to_pylist()
            articles = self.read_beside(path, "articles")
            (article,) = articles.filter(pc.field("article_id") == quote["article_id"]).to_pylist()
            return FoundQuote(article, quote, self.find_run(article["run_id"]))
        return None

    def find_articles(self, article_ids: Iterable[str]) -> dict[str, PublishedArticle]:
        """Return those of some articles that are published, by article_id."""
        found = {}
        columns = ("article_id", *RECORD_KEY, "first_seen_at", *ARTICLE_UPDATES)
        for path, rows in self.find("articles", "article_id", article_ids, columns):
            home = month_in(path), path.name
            for row in rows.to_pylist():
                key = row["source"], row["raw_path"], row["raw_record"]
                updates = {name: row[name] for name in ARTICLE_UPDATES}
                found[row["article_id"]] = PublishedArticle(key, home, row["first_seen_at"], updates)
        return found

    def read_signatures(self, first: date | None, last: date | None) -> Iterator[pa.Table]:
        """Yield the signatures of articles dated from ``first`` to ``last``, and of others in the same parts.

        Args:
            first: None for no lower bound.
            last: None for no upper bound. Undated articles are then included: they count as later than any day.
        """
        for part in self.parts:
            if _overlaps(part.month, first, last) or (last is None and part.undated_count):
                yield self.read_file("signatures", self.folder("signatures", part.month) / part.name)

    # ── Raw records and files ──────────────────────────────────────────────────────────────────────────────────

    def find_records(self, column: RecordColumn, values: Iterable[object]) -> list[Record]:
        """Return what became of some raw records: by file, by the article they claim, or by whether they are there."""
        return from_table(self.find_all("records", column, values), Record)

    def count_older_articles(self, made_by: str) -> int:
        """Return the number of articles that other code than ``made_by`` made."""
        rows = self.read("records", ["made_by", "outcome"])
        is_older = pc.and_(pc.equal(rows["outcome"], "article"), pc.not_equal(rows["made_by"], made_by))
        return int(pc.sum(is_older).as_py() or 0)

    def paths_of_records(self, source: str, is_chosen: Callable[[str, str, str | None], bool]) -> set[str]:
        """Return the raw_path of each file of a source with at least one chosen record.

        Args:
            source: the collection.
            is_chosen: decides by a record's made_by, outcome and reason.
        """
        kinds = ["made_by", "outcome", "reason"]
        rows = self.read("records", ["source", "raw_path", *kinds])
        rows = rows.filter(pc.equal(rows["source"], source)).group_by(["raw_path", *kinds]).aggregate([])
        return {row["raw_path"] for row in rows.to_pylist() if is_chosen(*(row[name] for name in kinds))}

    def paths_of_rejects(self, source: str) -> set[str]:
        """Return the raw_path of each file or folder of a source with rejects."""
        return self._paths("rejects", source)

    def paths_of_files(self, source: str) -> set[str]:
        """Return the raw_path of each file of a source that was read to its end."""
        return self._paths("files", source)

    def _paths(self, table: str, source: str) -> set[str]:
        rows = self.read(table, ["source", "raw_path"])
        return set(rows.filter(pc.equal(rows["source"], source))["raw_path"].to_pylist())


def _overlaps(month: str, first: date | None, last: date | None) -> bool:
    """Return whether a month has days from ``first`` to ``last``."""
    if month == UNKNOWN_MONTH:
        return last is None
    return (first is None or month >= month_of(first)) and (last is None or month <= month_of(last))


# ── Opening a version ──────────────────────────────────────────────────────────────────────────────────────────


def open_version(curated: str | Path) -> Version:
    """Return the current version. Tables read from it belong together even if a run publishes meanwhile.

    Raises:
        UsageError: if there is no data set at ``curated``.
    """
    version = current_version(Path(curated))
    if version is None:
        raise UsageError(f"{curated} has no data set; create one with: onrecord curate RAW --into {curated}")
    return version


def current_version(curated: Path) -> Version | None:
    """Return the current version; None if nothing was published yet.

    Raises:
        UsageError: if it is incomplete, or another version of onrecord wrote it with other columns.
    """
    link = curated / "current"
    if not link.is_symlink():
        return None
    version = Version(link.resolve())
    check_columns(curated, version)
    return version


def list_versions(curated: Path) -> list[Version]:
    """Return the published versions that are still kept, oldest first."""
    found = (path for path in (curated / "versions").iterdir() if (path / PUBLISHED).exists())
    return [Version(path) for path in sorted(found, key=lambda path: path.name)]


def find_version(curated: Path, run_id: str) -> Version:
    """Return a published version that is still kept.

    Raises:
        UsageError: if there is none of this run, or another version of onrecord wrote it.
    """
    versions = list_versions(curated) if (curated / "versions").is_dir() else []
    for version in versions:
        if version.run_id == run_id:
            check_columns(curated, version)
            return version
    last = ", ".join(version.run_id for version in versions[-3:]) or "none"
    raise UsageError(
        f"{curated} has no version {run_id!r}; the last ones are {last}: list them with onrecord versions {curated}"
    )


def check_columns(curated: Path, version: Version) -> None:
    """Refuse a version that this program would misread.

    Raises:
        UsageError: if a table is missing or has other columns than this version of onrecord writes.
    """
    is_foreign = not (version.path / "state").is_dir() and (version.path / "articles").is_dir()
    if is_foreign:
        raise UsageError(f"{curated} was written by another version of onrecord (it has no state/); {ADVICE}")
    for table in ALL_TABLES.values():
        _check_table(curated, version, table)


def _check_table(curated: Path, version: Version, table: Table) -> None:
    part = min(version.folder(table.name).rglob("*.parquet"), default=version.folder(table.name))
    try:
        found = pq.read_schema(part).names
    except (OSError, pa.ArrowInvalid) as error:
        raise UsageError(
            f"{curated} is incomplete: {part} is missing or damaged; restore it, or, if another version of onrecord wrote it, {ADVICE}"
        ) from error
    if found != arrow_schema(table.row).names:
        raise UsageError(
            f"{curated} was written by another version of onrecord ({table.name} has other columns); {ADVICE}"
        )
