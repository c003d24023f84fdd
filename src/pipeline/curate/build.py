"""Valid rows → the tables of a new version."""

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
from pipeline.curate.copies import find_copies
from pipeline.curate.work import Work, find_winning, full_path, read_rows
from pipeline.entities import count_entities, sum_entities
from pipeline.ledger import Key, as_counts
from pipeline.settings import VERSION
from pipeline.store import Changes, PublishedArticle, Rows, WrittenPart

REVISION = TABLES["article_revisions"].sort
KEPT_OF_REVIEWS = ("reviewed", "machine_quotes", "machine_mentions")


@dataclass(frozen=True, slots=True)
class Built:
    """What a run has written, as far as it has to be checked."""

    run: Run
    whole: Mapping[str, pa.Table]  # rows that come to the tables without months
    touched: pa.Array  # ids of the articles whose rows came or changed
    parts: Sequence[tuple[str, str]]  # the parts they lie in


@dataclass(slots=True)
class _Written:
    """What the parts that a run has written come to."""

    parts: list[Part] = field(default_factory=list)
    counted: set[str] = field(default_factory=set)  # entities whose counts changed
    arrivals: list[Arrival] = field(default_factory=list)  # what is new in them
    articles: list[pa.Table] = field(default_factory=list)  # older revisions,
    quotes: list[pa.Table] = field(default_factory=list)  # and what was said in them


def build_version(
    work: Work, version: store.Version, winners: Mapping[str, Key], reviewed: Mapping[str, Rows]
) -> Built:
    """Write all tables of a new version.

    Args:
        work: the run.
        version: takes them.
        winners: the record that each article is taken from whose claims the run changes.
        reviewed: what the version keeps of corrections, by table.
    """
    metadata = store.schema_metadata(VERSION, work.accuracy, work.attributions)
    changes, superseded = _find_changes(work, winners)
    made = {each for month in changes.come.values() for each in month}
    new = pa.array(made - work.holdings.look_up(made).keys(), pa.string())
    written = _Written()
    for part in store.write_parts(version, work.previous, changes, count_part, metadata):
        _note_part(work, written, part, superseded, new)
    rows = {
        "parts": (to_table(Part, written.parts), ()),
        "records": _as_rows(Record, *work.ledger.changed_records()),
        "files": _as_rows(ReadFile, *work.ledger.changed_files()),
        "rejects": _find_rejects(work),
        "article_revisions": _find_revisions(work, "article_revisions", written.articles),
        "quote_revisions": _find_revisions(work, "quote_revisions", written.quotes),
        "entities": sum_counted(version, written.counted),
        "arrivals": _as_rows(Arrival, drift.merge_arrivals(written.arrivals), ()),
        **{name: (arrow_schema(STATE[name].row).empty_table(), ()) for name in KEPT_OF_REVIEWS},
        **reviewed,
    }
    for name, (come, gone) in rows.items():
        store.write_keyed(version, work.previous, name, come, gone, {} if name in STATE else metadata)
    run = describe_run(work, version)
    runs = to_table(Run, [run])
    store.write_keyed(version, work.previous, "runs", runs, (), metadata)
    whole = {name: fresh for name, (fresh, _) in rows.items() if name in TABLES} | {"runs": runs}
    touched = pa.array(made | changes.updates.keys(), pa.string())
    return Built(run, whole, touched, [(part.month, part.name) for part in written.parts])


def _as_rows(row: type, come: Sequence[object], gone: Sequence[Sequence[object]]) -> Rows:
    return to_table(row, come), gone


# ── What changes ───────────────────────────────────────────────────────────────────────────────────────────────


def _find_changes(work: Work, winners: Mapping[str, Key]) -> tuple[Changes, Mapping[str, PublishedArticle]]:
    """Hold this run's rows against the version before.

    Returns:
        What comes, goes and is updated, and the articles of which an older revision goes.
    """
    fresh = find_winning(work, winners)
    held = work.holdings.look_up(work.ledger.claimed())
    gone = {each: one for each, one in held.items() if each in fresh or each not in winners}
    come: dict[str, list[str]] = defaultdict(list)
    for article_id, staged in sorted(fresh.items(), key=lambda item: (item[1].place.batch, item[1].place.at)):
        come[staged.month].append(article_id)
    with work.timed("duplicates"):
        updates = find_copies(work, fresh, gone)
    revisions = _number_revisions(work, winners, held)
    for article_id in winners:
        updates[article_id] = updates.get(article_id, {}) | {"revision": revisions[article_id]}
    staying = work.holdings.look_up(updates.keys() - fresh.keys())
    homes = {
        each: one.home
        for each, one in staying.items()
        if any(one.updates[name] != value for name, value in updates[each].items())
    }

    def read(table: str, article_ids: Sequence[str]) -> pa.Table:
        return read_rows(work, table, [fresh[article_id].place for article_id in article_ids])

    updates = {each: values for each, values in updates.items() if each in fresh or each in homes}
    superseded = {each: one for each, one in gone.items() if each in fresh and one.revision != revisions[each]}
    return Changes({each: one.home for each, one in gone.items()}, come, read, updates, homes), superseded


def _number_revisions(work: Work, winners: Mapping[str, Key], held: Mapping[str, PublishedArticle]) -> dict[str, int]:
    """The revision of each article: its contents counted; a record that left it takes none of its numbers along."""
    numbers = {}
    before = _last_kept(work, winners.keys() - held.keys()) | {each: one.revision for each, one in held.items()}
    for article_id, count in work.ledger.revisions().items():
        if article_id in winners:
            then = before.get(article_id, 0)
            is_new = work.ledger.has_new_content(article_id, winners[article_id])
            numbers[article_id] = max(count, then + is_new)
    return numbers


def _last_kept(work: Work, article_ids: Iterable[str]) -> dict[str, int]:
    """The last older revision that is kept of some articles: of one that was let go, and comes back."""
    found = work.previous.find("article_revisions", "article_id", article_ids, REVISION) if work.previous else ()
    rows = [row for _, part in found for row in part.to_pylist()]
    return {row["article_id"]: row["revision"] for row in sorted(rows, key=lambda row: row["revision"])}


def _find_rejects(work: Work) -> Rows:
    """The records that are refused now and were not, or for another reason; and those that are refused no longer."""
    names = [column.name for column in columns(Reject)]
    before: dict[Key, Reject] = {}
    if work.previous:
        paths = {key[1] for key in work.rejects} | {key[1] for key in work.ledger.touched()}
        for _, rows in work.previous.find("rejects", "raw_path", paths):
            for row in rows.to_pylist():
                before[row["source"], row["raw_path"], row["raw_record"]] = Reject(*(row[name] for name in names))
    refused = work.ledger.refused()
    come = [
        work.rejects[key] for key in refused if key in work.rejects and not _is_same(work.rejects[key], before.get(key))
    ]
    return to_table(Reject, come), [key for key in before if key in work.ledger.touched() and key not in refused]


def _is_same(now: Reject, then: Reject | None) -> bool:
    return then is not None and (now.stage, now.reason, now.detail, now.raw_sha256) == (
        then.stage,
        then.reason,
        then.detail,
        then.raw_sha256,
    )


# ── Parts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def count_part(articles: pa.Table, article_entities: pa.Table) -> pa.Table:
    """What the articles of a part say of each entity."""
    copies = articles.filter(pc.is_valid(articles["duplicate_of"]))["article_id"].combine_chunks()
    return count_entities(article_entities, copies)


def _note_part(
    work: Work, written: _Written, part: WrittenPart, superseded: Mapping[str, PublishedArticle], new: pa.Array
) -> None:
    """Take down what a part comes to, what it was, what of it is new, and what is an older revision now."""
    written.parts.append(describe_part(part.month, part.name, part.after))
    articles = part.after["articles"]
    articles = articles.filter(pc.is_in(articles["article_id"], new))
    written.arrivals += drift.count_arrivals(work.run_id, work.started_at, articles, part.after["quotes"])
    written.counted |= _differing(part.before["entity_counts"], part.after["entity_counts"])
    old = part.before["articles"]
    old = old.filter(pc.is_in(old["article_id"], pa.array(superseded, pa.string())))
    if old.num_rows:
        said = part.before["quotes"]
        said = said.filter(pc.is_in(said["article_id"], old["article_id"].combine_chunks()))
        revisions = dict(zip(old["article_id"].to_pylist(), old["revision"].to_pylist(), strict=True))
        of = pa.array([revisions[each] for each in said["article_id"].to_pylist()], pa.int64())
        written.articles.append(_as_superseded(work, "article_revisions", old))
        written.quotes.append(_as_superseded(work, "quote_revisions", said.append_column("revision", of)))


def describe_part(month: str, name: str, tables: Mapping[str, pa.Table]) -> Part:
    """What a part comes to."""
    articles, quotes = tables["articles"], tables["quotes"]
    undated = tables["signatures"]["published_on"].null_count
    tallies = as_counts(report.tally(articles, quotes))
    return Part(month, name, articles.num_rows, quotes.num_rows, tables["mentions"].num_rows, undated, tallies)


def _differing(before: pa.Table, after: pa.Table) -> set[str]:
    """The entities whose counts are not the same in two tables of them."""
    if not before.num_rows:
        return set(after["entity_id"].to_pylist())
    one, other = (_as_lines(rows) for rows in (before, after))
    found = before.filter(pc.invert(pc.is_in(one, other)))["entity_id"].to_pylist()
    return {*found, *after.filter(pc.invert(pc.is_in(other, one)))["entity_id"].to_pylist()}


def _as_lines(rows: pa.Table) -> pa.Array:
    """A text for each row, the same for the same rows."""
    texts = [
        pc.binary_join(column.cast(pa.list_(pa.string())), "\x1e")
        if pa.types.is_list(column.type)
        else column.cast(pa.string())
        for column in (rows[name].combine_chunks() for name in rows.column_names)
    ]
    return pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x1d")


def _as_superseded(work: Work, table: str, rows: pa.Table) -> pa.Table:
    """Rows of an older revision, with what replaced them."""
    schema = arrow_schema(TABLES[table].row)
    new = {"superseded_at": work.started_at, "superseded_by": work.run_id}
    for name, value in new.items():
        rows = rows.append_column(name, pa.array([value] * rows.num_rows, schema.field(name).type))
    return rows.select(schema.names).cast(schema)


def _find_revisions(work: Work, table: str, come: Sequence[pa.Table]) -> Rows:
    """The older revisions that come, and those that have been kept long enough."""
    schema = arrow_schema(TABLES[table].row)
    gone: list[tuple[object, ...]] = []
    if work.previous:
        until = work.started_at - timedelta(days=work.settings.revision_days)
        rows = work.previous.read(table, [*TABLES[table].sort, "superseded_at"])
        is_old = pc.less(rows["superseded_at"], pa.scalar(until, schema.field("superseded_at").type))
        rows = rows.filter(pc.or_(is_old, pc.is_in(rows["article_id"], pa.array(work.forgotten, pa.string()))))
        gone = [tuple(row[name] for name in TABLES[table].sort) for row in rows.to_pylist()]
    return pa.concat_tables([schema.empty_table(), *come]), gone


def sum_counted(version: store.Version, counted: set[str]) -> Rows:
    """The entities whose counts changed, added up over all parts; and those that nobody names any more."""
    wanted = pa.array(counted, pa.string())
    come = sum_entities(rows.filter(pc.is_in(rows["entity_id"], wanted)) for rows in version.scan("entity_counts"))
    return come, [(each,) for each in counted - set(come["entity_id"].to_pylist())]


# ── The ledger row ─────────────────────────────────────────────────────────────────────────────────────────────


def describe_run(work: Work, version: store.Version | None) -> Run:
    """The run's ledger; totals are of ``version``, where there is one."""
    parts = version.parts if version else []
    return Run(
        run_id=work.run_id,
        started_at=work.started_at,
        finished_at=datetime.now(UTC),
        version=VERSION,
        model_version=work.accuracy.model_version,
        source=work.source,
        settings=work.settings.shaping,
        attributions=work.attributions,
        knowledge_base=str(work.knowledge_base.path) if work.knowledge_base else None,
        knowledge_base_sha256=work.knowledge_base.sha256 if work.knowledge_base else None,
        raw=full_path(work.raw),
        record_count=work.came_in,
        **work.ledger.counts(),
        newly_refused_count=work.ledger.newly_refused(),
        reject_reasons=work.ledger.reject_reasons(),
        skip_reasons=work.ledger.skip_reasons(),
        older_count=version.count_older_articles(work.ledger.made_by) if version else 0,
        article_total=sum(part.article_count for part in parts),
        quote_total=sum(part.quote_count for part in parts),
        mention_total=sum(part.mention_count for part in parts),
        expectation_count=1 + sum(len(expectations(table)) for table in TABLES.values()),  # 1: the ledger
        failed_expectation_count=sum(not finding.success for finding in work.findings),
    )
