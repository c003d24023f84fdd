"""Valid rows → a whole new version, checked, published and reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import report, store
from pipeline.contract import TABLES, Finding, Reject, Run, columns, expectations, to_table
from pipeline.curate.work import Summary, Work, find_winning, full_path, read_holders, read_rows
from pipeline.duplicates import Body, Duplicate, match_signatures, sign
from pipeline.entities import build_entities
from pipeline.errors import StorageError, ValidationFailedError
from pipeline.ledger import Key
from pipeline.settings import VERSION
from pipeline.staging import Place


def build_and_publish(work: Work, into: Path, winners: Mapping[str, Key]) -> Summary:
    """Build a version, check it as a whole, publish it and write its report.

    Raises:
        ValidationFailedError: if a rule on whole tables failed; nothing was published.
        StorageError: if the disk refused.
    """
    with store.building(into, work.run_id) as version:
        with work.timed("build"):
            run = _build(work, version, winners)
        with work.timed("validate"):
            failed = _check_version(work, version, run)
        page = store.report_path(into, work.run_id)
        if failed:
            report.write_report(page, _report_data(work, version, run, "blocked"))
            raise ValidationFailedError(
                f"{len(failed)} rules on whole tables failed ({failed[0].table}: {failed[0].expectation} on "
                f"{failed[0].column}: {'; '.join(failed[0].examples[:1])}); nothing was published and {into} is as it was; see {page}"
            )
        with work.timed("publish"):
            store.publish(into, version)
    try:
        report.write_report(page, _report_data(work, version, run, "published"))
    except OSError as error:
        raise StorageError(
            f"the run was published, but its report {page} could not be written: {error.strerror}"
        ) from error
    return Summary("published", run, page)


def _build(work: Work, version: store.Version, winners: Mapping[str, Key]) -> Run:
    """Write all tables of the new version and its ledger row."""
    metadata = store.schema_metadata(VERSION, work.accuracy, work.attributions)
    changes = _changes(work, winners)
    store.write_monthly(version, work.previous, changes, metadata)
    store.write_whole(version, "entities", _count_entities(version), metadata)
    store.write_whole(version, "rejects", to_table(Reject, _all_rejects(work)), metadata)
    run = describe_run(work, version)
    runs = to_table(Run, [run])
    if work.previous:
        runs = pa.concat_tables([work.previous.read("runs"), runs])
    store.write_whole(version, "runs", runs, metadata)
    store.write_memory(version, work.ledger.records(), work.ledger.files())
    return run


def _count_entities(version: store.Version) -> pa.Table:
    """The entities of a version whose articles are written, month by month."""
    articles = version.read("articles", ["article_id", "duplicate_of"])
    copies = articles.filter(pc.is_valid(articles["duplicate_of"]))["article_id"].combine_chunks()

    def read(names: Sequence[str]) -> Iterator[pa.Table]:
        return (version.read("article_entities", names, [month]) for month in version.months("article_entities"))

    return build_entities(read, copies)


def _changes(work: Work, winners: Mapping[str, Key]) -> store.Changes:
    """Hold this run's rows against the version before: which come, which go, what else changes on articles."""
    holders = read_holders(work.previous)
    fresh = find_winning(work, winners)
    replaced = {article_id for article_id in holders if article_id in fresh or article_id not in winners}
    by_month: dict[str, list[Place]] = {}
    for staged in fresh.values():
        by_month.setdefault(staged.month, []).append(staged.place)
    with work.timed("duplicates"):
        duplicates = _find_duplicates(work, [staged.place for staged in fresh.values()], replaced)
    revisions = work.ledger.revisions()
    updates: dict[str, tuple[object, ...]] = {}
    for article_id in winners:
        copy = duplicates.get(article_id)
        of = (copy.duplicate_of, copy.kind, copy.similarity) if copy else (None, None, None)
        updates[article_id] = (revisions[article_id], *of)
    return store.Changes(
        frozenset(replaced),
        frozenset(by_month),
        lambda table, month: read_rows(work, table, by_month.get(month, [])),
        updates,
    )


def _find_duplicates(work: Work, fresh: Sequence[Place], replaced: Set[str]) -> dict[str, Duplicate]:
    """Hold all articles of the new version against each other; their texts are never in memory together."""

    def read_again(article_ids: Set[str]) -> Iterator[Body]:
        return (body for body in _bodies(work, fresh, replaced) if body.article_id in article_ids)

    return match_signatures(map(sign, _bodies(work, fresh, replaced)), read_again)


_BODY = (
    "article_id",
    "published_on",
    "published_at",
    "published_precision",
    "raw_path",
    "headline",
    "text",
    "body_start_char",
    "quality_flags",
)


DAY_KNOWN = frozenset(("minute", "day", "inferred"))


def _bodies(work: Work, fresh: Sequence[Place], replaced: Set[str]) -> Iterator[Body]:
    if work.previous:
        for month in work.previous.months("articles"):
            part = work.previous.read("articles", _BODY, [month])
            yield from (body for body in _as_bodies(part) if body.article_id not in replaced)
    for part in work.staging.read("articles", fresh, _BODY):
        yield from _as_bodies(part)


def _as_bodies(part: pa.Table) -> Iterator[Body]:
    """What tells copies; pages that ask for consent all say the same, and are no copies of each other."""
    for row in part.to_pylist():
        if "consent_page" not in row["quality_flags"]:
            # The first of a month that only the month is known of would claim to be the earliest.
            published_on = row["published_on"] if row["published_precision"] in DAY_KNOWN else None
            body = row["text"][row["body_start_char"] :]
            yield Body(row["article_id"], published_on, row["raw_path"], body, row["headline"], row["published_at"])


def _all_rejects(work: Work) -> list[Reject]:
    """The records now refused: this run's, and those of earlier runs that still are."""
    before: dict[Key, Reject] = {}
    if work.previous:
        names = [column.name for column in columns(Reject)]
        rows = (Reject(*(row[name] for name in names)) for row in work.previous.read("rejects").to_pylist())
        before = {(row.source, row.raw_path, row.raw_record): row for row in rows}
    kept: list[Reject] = []
    for record in work.ledger.records():
        if record.outcome == "reject":
            key = (record.source, record.raw_path, record.raw_record)
            now, then = work.rejects.get(key), before.get(key)
            same = now and then and replace(now, run_id=then.run_id) == then
            kept.append(then if then and (same or not now) else work.rejects[key])
    return kept


def describe_run(work: Work, version: store.Version | None) -> Run:
    """The run's ledger; totals are of ``version``, where there is one."""

    def total(table: str) -> int:
        return int(version.read(table, [TABLES[table].sort[0]]).num_rows) if version else 0

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
        reject_reasons=work.ledger.reject_reasons(),
        skip_reasons=work.ledger.skip_reasons(),
        article_total=total("articles"),
        quote_total=total("quotes"),
        mention_total=total("mentions"),
        expectation_count=1 + sum(len(expectations(table)) for table in TABLES.values()),  # 1: the ledger
        failed_expectation_count=sum(not finding.success for finding in work.findings),
    )


def _check_version(work: Work, version: store.Version, run: Run) -> list[Finding]:
    """Check the rules on whole tables; the failures among them block the run."""
    from pipeline.validate import check_ledger, check_version  # late: it takes seconds to import

    work.findings += [*check_version(version.read, version.column_names), check_ledger(run)]
    return [finding for finding in work.findings if not finding.success and not finding.is_row_level]


def _report_data(work: Work, version: store.Version, run: Run, outcome: report.Outcome) -> report.ReportData:
    articles = version.read(
        "articles", ["article_id", "publisher", "published_on", "headline", "raw_path", "duplicate_of", "run_id"]
    )
    quotes = version.read("quotes", ["quote_type", "speaker_status", "speaker_name", "is_closed"])
    entities = version.read("entities", ["name", "original_article_count", "original_quote_count"])
    holders = read_holders(work.previous)
    news = [
        ("changed" if row["article_id"] in holders else "new", row["publisher"], row["headline"] or row["raw_path"])
        for row in articles.to_pylist()
        if row["run_id"] == run.run_id
    ]
    return report.ReportData(
        run=run,
        outcome=outcome,
        accuracy=work.accuracy,
        findings=work.findings,
        rejects=_all_rejects(work),
        timings=list(work.timings.items()),
        news=sorted(news),
        **report.summarise(articles, quotes, entities),
    )
