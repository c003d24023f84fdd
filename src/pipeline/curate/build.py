"""Write the tables of a new version from the rows of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import drift, report, store
from pipeline.contract import (
    STATE,
    TABLES,
    Arrival,
    Part,
    ReadFile,
    Record,
    Reject,
    Run,
    arrow_schema,
    columns,
    expectations,
    to_table,
)
from pipeline.curate.context import RunContext, full_path, read_rows
from pipeline.curate.copies import find_copies
from pipeline.curate.correct import REVIEW_TABLES, CorrectedArticles
from pipeline.curate.intake import Intake
from pipeline.curate.winners import Winners
from pipeline.entities import count_entities, sum_entities
from pipeline.ledger import Key, as_counts
from pipeline.settings import VERSION
from pipeline.store import Changes, PublishedArticle, Rows, WrittenPart

REVISION_KEY = TABLES["article_revisions"].sort


@dataclass(frozen=True, slots=True)
class BuiltVersion:
    """A complete version that is not published yet, and what of it has to be checked."""

    version: store.Version
    run: Run
    added: Mapping[str, pa.Table]  # rows added to the tables without months
    touched: pa.Array  # ids of the articles whose rows were added or updated
    parts: Sequence[tuple[str, str]]  # month and name of each part with such rows


@dataclass(slots=True)
class _Totals:
    """What the parts that a run writes add up to."""

    parts: list[Part] = field(default_factory=list)
    recounted: set[str] = field(default_factory=set)  # entities whose counts changed
    arrivals: list[Arrival] = field(default_factory=list)  # of new articles
    article_revisions: list[pa.Table] = field(default_factory=list)
    quote_revisions: list[pa.Table] = field(default_factory=list)


def build_version(run: RunContext, corrected: CorrectedArticles, version: store.Version) -> BuiltVersion:
    """Write all tables into a new, empty version."""
    winners = corrected.winners
    ledger = winners.intake.ledger
    metadata = store.schema_metadata(VERSION, run.accuracy, run.attributions)
    changes, superseded = _find_changes(run, winners)
    added_ids = {article_id for month in changes.added.values() for article_id in month}
    new_ids = pa.array(added_ids - run.published.look_up(added_ids).keys(), pa.string())
    totals = _Totals()
    for part in store.write_parts(version, run.previous, changes, count_part, metadata):
        _add_part(run, totals, part, superseded, new_ids)
    tables = {
        "parts": (to_table(Part, totals.parts), ()),
        "records": _as_rows(Record, *ledger.changed_records()),
        "files": _as_rows(ReadFile, *ledger.changed_files()),
        "rejects": _find_rejects(run, winners.intake),
        "article_revisions": _find_revisions(run, "article_revisions", totals.article_revisions),
        "quote_revisions": _find_revisions(run, "quote_revisions", totals.quote_revisions),
        "entities": sum_recounted(version, totals.recounted),
        "arrivals": _as_rows(Arrival, drift.merge_arrivals(totals.arrivals), ()),
        **{name: (arrow_schema(STATE[name].row).empty_table(), ()) for name in REVIEW_TABLES},
        **corrected.review_rows,
    }
    for name, (added, removed) in tables.items():
        store.write_keyed(version, run.previous, name, added, removed, {} if name in STATE else metadata)
    row = describe_run(run, winners, version)
    runs = to_table(Run, [row])
    store.write_keyed(version, run.previous, "runs", runs, (), metadata)
    checked = {name: added for name, (added, _) in tables.items() if name in TABLES} | {"runs": runs}
    touched = pa.array(added_ids | changes.updates.keys(), pa.string())
    return BuiltVersion(version, row, checked, touched, [(part.month, part.name) for part in totals.parts])


def _as_rows(row: type, added: Sequence[object], removed: Sequence[Sequence[object]]) -> Rows:
    return to_table(row, added), removed


# ── What changes ───────────────────────────────────────────────────────────────────────────────────────────────


def _find_changes(run: RunContext, winners: Winners) -> tuple[Changes, Mapping[str, PublishedArticle]]:
    """Compare this run's rows with the previous version.

    Returns:
        The rows to add, remove and update; and the published articles that a new revision replaces.
    """
    staged, ledger = winners.staged, winners.intake.ledger
    published = run.published.look_up(ledger.claimed())
    removed = {
        article_id: article
        for article_id, article in published.items()
        if article_id in staged or article_id not in winners.records
    }
    added: dict[str, list[str]] = defaultdict(list)
    for article_id, place in sorted(staged.items(), key=lambda item: (item[1].place.batch, item[1].place.at)):
        added[place.month].append(article_id)
    with run.timed("duplicates"):
        updates = find_copies(run, staged, removed)
    revisions = _number_revisions(run, winners, published)
    for article_id in winners.records:
        updates[article_id] = updates.get(article_id, {}) | {"revision": revisions[article_id]}
    staying = run.published.look_up(updates.keys() - staged.keys())
    homes = {
        article_id: article.home
        for article_id, article in staying.items()
        if any(article.updates[name] != value for name, value in updates[article_id].items())
    }

    def read(table: str, article_ids: Sequence[str]) -> pa.Table:
        return read_rows(run, table, [staged[article_id].place for article_id in article_ids])

    updates = {
        article_id: values for article_id, values in updates.items() if article_id in staged or article_id in homes
    }
    superseded = {
        article_id: article
        for article_id, article in removed.items()
        if article_id in staged and article.revision != revisions[article_id]
    }
    removed_homes = {article_id: article.home for article_id, article in removed.items()}
    return Changes(removed_homes, added, read, updates, homes), superseded


def _number_revisions(run: RunContext, winners: Winners, published: Mapping[str, PublishedArticle]) -> dict[str, int]:
    """Return the revision of each article: the count of its contents, and never less than before."""
    before = _find_last_revisions(run, winners.records.keys() - published.keys())
    before |= {article_id: article.revision for article_id, article in published.items()}
    ledger = winners.intake.ledger
    return {
        article_id: max(
            count, before.get(article_id, 0) + ledger.has_new_content(article_id, winners.records[article_id])
        )
        for article_id, count in ledger.count_contents().items()
        if article_id in winners.records
    }


def _find_last_revisions(run: RunContext, article_ids: Iterable[str]) -> dict[str, int]:
    """Return the last stored revision of articles that were removed once and come back."""
    found = run.previous.find("article_revisions", "article_id", article_ids, REVISION_KEY) if run.previous else ()
    rows = [row for _, part in found for row in part.to_pylist()]
    return {row["article_id"]: row["revision"] for row in sorted(rows, key=lambda row: row["revision"])}


def _find_rejects(run: RunContext, intake: Intake) -> Rows:
    """Return the rejects to add, which are new or have another reason, and the keys of those to remove."""
    names = [column.name for column in columns(Reject)]
    touched, rejected = intake.ledger.touched(), intake.ledger.rejected()
    before: dict[Key, Reject] = {}
    if run.previous:
        paths = {key[1] for key in intake.rejects} | {key[1] for key in touched}
        for _, rows in run.previous.find("rejects", "raw_path", paths):
            for row in rows.to_pylist():
                before[row["source"], row["raw_path"], row["raw_record"]] = Reject(*(row[name] for name in names))
    added = [
        intake.rejects[key]
        for key in rejected
        if key in intake.rejects and not _is_same(intake.rejects[key], before.get(key))
    ]
    return to_table(Reject, added), [key for key in before if key in touched and key not in rejected]


def _is_same(now: Reject, before: Reject | None) -> bool:
    return before is not None and (now.stage, now.reason, now.detail, now.raw_sha256) == (
        before.stage,
        before.reason,
        before.detail,
        before.raw_sha256,
    )


# ── Parts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def count_part(articles: pa.Table, article_entities: pa.Table) -> pa.Table:
    """Return the counts of each entity in the articles of a part, copies counted apart."""
    copies = articles.filter(pc.is_valid(articles["duplicate_of"]))["article_id"].combine_chunks()
    return count_entities(article_entities, copies)


def _add_part(
    run: RunContext,
    totals: _Totals,
    part: WrittenPart,
    superseded: Mapping[str, PublishedArticle],
    new_ids: pa.Array,
) -> None:
    """Add a written part to the totals."""
    totals.parts.append(describe_part(part.month, part.name, part.after))
    articles = part.after["articles"]
    articles = articles.filter(pc.is_in(articles["article_id"], new_ids))
    totals.arrivals += drift.count_arrivals(run.run_id, run.started_at, articles, part.after["quotes"])
    totals.recounted |= _find_differing(part.before["entity_counts"], part.after["entity_counts"])
    old = part.before["articles"]
    old = old.filter(pc.is_in(old["article_id"], pa.array(superseded, pa.string())))
    if old.num_rows:
        quotes = part.before["quotes"]
        quotes = quotes.filter(pc.is_in(quotes["article_id"], old["article_id"].combine_chunks()))
        revision_of = dict(zip(old["article_id"].to_pylist(), old["revision"].to_pylist(), strict=True))
        revisions = [revision_of[article_id] for article_id in quotes["article_id"].to_pylist()]
        quotes = quotes.append_column("revision", pa.array(revisions, pa.int64()))
        totals.article_revisions.append(_as_superseded(run, "article_revisions", old))
        totals.quote_revisions.append(_as_superseded(run, "quote_revisions", quotes))


def describe_part(month: str, name: str, tables: Mapping[str, pa.Table]) -> Part:
    """Return the row of ``parts`` for a part with these tables."""
    articles, quotes = tables["articles"], tables["quotes"]
    undated = tables["signatures"]["published_on"].null_count
    tallies = as_counts(report.tally(articles, quotes))
    return Part(month, name, articles.num_rows, quotes.num_rows, tables["mentions"].num_rows, undated, tallies)


def _find_differing(before: pa.Table, after: pa.Table) -> set[str]:
    """Return the entities whose counts differ between two tables."""
    if not before.num_rows:
        return set(after["entity_id"].to_pylist())
    lines_before, lines_after = _as_lines(before), _as_lines(after)
    removed = before.filter(pc.invert(pc.is_in(lines_before, lines_after)))["entity_id"].to_pylist()
    added = after.filter(pc.invert(pc.is_in(lines_after, lines_before)))["entity_id"].to_pylist()
    return {*removed, *added}


def _as_lines(rows: pa.Table) -> pa.Array:
    """Return a text for each row; equal rows have equal texts."""
    texts = [
        pc.binary_join(column.cast(pa.list_(pa.string())), "\x1e")
        if pa.types.is_list(column.type)
        else column.cast(pa.string())
        for column in (rows[name].combine_chunks() for name in rows.column_names)
    ]
    return pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x1d")


def _as_superseded(run: RunContext, table: str, rows: pa.Table) -> pa.Table:
    """Return rows of an older revision in the schema of ``table``, marked as superseded by this run."""
    schema = arrow_schema(TABLES[table].row)
    for name, value in (("superseded_at", run.started_at), ("superseded_by", run.run_id)):
        rows = rows.append_column(name, pa.array([value] * rows.num_rows, schema.field(name).type))
    return rows.select(schema.names).cast(schema)


def _find_revisions(run: RunContext, table: str, added: Sequence[pa.Table]) -> Rows:
    """Return the older revisions to add, and the keys of those that expire or belong to forgotten articles."""
    schema = arrow_schema(TABLES[table].row)
    removed: list[tuple[object, ...]] = []
    if run.previous:
        oldest = run.started_at - timedelta(days=run.settings.revision_days)
        rows = run.previous.read(table, [*TABLES[table].sort, "superseded_at"])
        is_expired = pc.less(rows["superseded_at"], pa.scalar(oldest, schema.field("superseded_at").type))
        is_forgotten = pc.is_in(rows["article_id"], pa.array(run.forgotten, pa.string()))
        rows = rows.filter(pc.or_(is_expired, is_forgotten))
        removed = [tuple(row[name] for name in TABLES[table].sort) for row in rows.to_pylist()]
    return pa.concat_tables([schema.empty_table(), *added]), removed


def sum_recounted(version: store.Version, recounted: set[str]) -> Rows:
    """Return the totals of the entities whose counts changed, and the keys of those without mentions now."""
    wanted = pa.array(recounted, pa.string())
    added = sum_entities(rows.filter(pc.is_in(rows["entity_id"], wanted)) for rows in version.scan("entity_counts"))
    return added, [(entity_id,) for entity_id in recounted - set(added["entity_id"].to_pylist())]


# ── The run's row ──────────────────────────────────────────────────────────────────────────────────────────────


def describe_run(run: RunContext, winners: Winners, version: store.Version | None) -> Run:
    """Return the row of ``runs``; its totals are those of ``version``, or 0."""
    parts = version.parts if version else []
    ledger = winners.intake.ledger
    return Run(
        run_id=run.run_id,
        started_at=run.started_at,
        finished_at=datetime.now(UTC),
        version=VERSION,
        model_version=run.accuracy.model_version,
        source=run.source,
        settings=run.settings.shaping,
        attributions=run.attributions,
        knowledge_base=str(run.knowledge_base.path) if run.knowledge_base else None,
        knowledge_base_sha256=run.knowledge_base.sha256 if run.knowledge_base else None,
        raw=full_path(run.raw),
        record_count=winners.intake.record_count,
        **ledger.counts(),
        newly_refused_count=ledger.count_newly_rejected(),
        reject_reasons=ledger.reject_reasons(),
        skip_reasons=ledger.skip_reasons(),
        older_count=version.count_older_articles(run.made_by) if version else 0,
        article_total=sum(part.article_count for part in parts),
        quote_total=sum(part.quote_count for part in parts),
        mention_total=sum(part.mention_count for part in parts),
        expectation_count=1 + sum(len(expectations(table)) for table in TABLES.values()),  # 1: the ledger
        failed_expectation_count=sum(not finding.success for finding in winners.findings),
    )
