"""The composition: plan → batches → settle → validate → build → publish → report. Start reading here.

``curate`` is the whole of a run. It takes the way to run batches as an argument (``map_batches``), so that the command
runs them in this process or in a pool, and a flow as tasks of its orchestrator, all over the same code.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import report, store
from pipeline.contract import (
    TABLES,
    Entity,
    Finding,
    RawRef,
    Reject,
    Run,
    Skip,
    arrow_schema,
    columns,
    expectations,
    to_table,
)
from pipeline.duplicates import Body, find_duplicates
from pipeline.entities import build_entities, extract_mentions, mark_quoted
from pipeline.errors import LedgerError, StorageError, UsageError, ValidationFailedError
from pipeline.language import read_language
from pipeline.ledger import Key, Ledger
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes
from pipeline.read import RawFile, find_files, fingerprint, read_file
from pipeline.settings import ACCURACY, MODEL_VERSION, VERSION, Settings

MONTHLY = tuple(name for name, table in TABLES.items() if table.is_monthly)
# A column of staged rows only: which record of the run a row comes from. Two records may hold one article.
STAGED_AT = "staged_at"


# ── One batch: what a worker does ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Task:
    """Some raw files for one worker."""

    files: tuple[RawFile, ...]
    publisher: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of a task: rows as Arrow tables, which travel between processes cheaply."""

    rows: Mapping[str, pa.Table]  # with STAGED_AT, counted from 0 within the batch
    rejects: tuple[Reject, ...]
    file_count: int


def curate_batch(task: Task) -> Batch:
    """Turn raw files into rows: the path of every article through the stages."""
    parts: dict[str, list[pa.Table]] = {name: [_empty(name)] for name in MONTHLY}
    rejects: list[Reject] = []
    staged_at = 0
    for file in task.files:
        for raw in read_file(file):
            article = raw if isinstance(raw, Reject) else normalise(raw, task.publisher)
            if isinstance(article, Reject):
                rejects.append(article)
                continue
            reading = read_language(article)
            mentions = extract_mentions(article, reading)
            quotes = extract_quotes(article, reading, mentions)
            for name, rows in (
                ("articles", [article]),
                ("quotes", quotes),
                ("mentions", mark_quoted(mentions, quotes)),
            ):
                parts[name].append(_stage(to_table(TABLES[name].row, rows), staged_at))
            staged_at += 1
    return Batch({name: pa.concat_tables(tables) for name, tables in parts.items()}, tuple(rejects), len(task.files))


def _stage(rows: pa.Table, staged_at: int) -> pa.Table:
    return rows.append_column(STAGED_AT, pa.array([staged_at] * rows.num_rows, pa.int64()))


def _empty(name: str) -> pa.Table:
    return _stage(arrow_schema(TABLES[name].row).empty_table(), 0)


MapBatches = Callable[[Callable[[Task], Batch], Sequence[Task]], Iterable[Batch]]


def in_processes(workers: int) -> MapBatches:
    """Run batches in a pool of processes; a single batch, or a single worker, is not worth one."""

    def run(work: Callable[[Task], Batch], tasks: Sequence[Task]) -> Iterator[Batch]:
        if workers == 1 or len(tasks) < 2:
            yield from map(work, tasks)
            return
        # Not forked: another thread of this process may be importing just now.
        with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=get_context("spawn")) as pool:
            for done in as_completed([pool.submit(work, task) for task in tasks]):
                yield done.result()

    return run


# ── A run ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person wants to know when a run is over."""

    outcome: report.Outcome
    run: Run
    report: Path | None
    sample: pa.Table | None = None  # of a dry run: some quotes


Progress = Callable[[str, int, int], None]  # what is counted, done, of how many


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


@dataclass(slots=True)
class _Work:
    """A run under way: what it was told, what it knows, and what it has made so far."""

    raw: Path
    source: str
    settings: Settings
    map_batches: MapBatches
    progress: Progress
    previous: store.Version | None
    ledger: Ledger
    run_id: str
    started_at: datetime
    came_in: int = 0  # raw records, counted where they are read: the ledger must account for as many
    files: dict[str, tuple[RawFile, str]] = field(default_factory=dict)  # by raw_path, with the fingerprint
    rows: dict[str, pa.Table] = field(default_factory=lambda: {name: _empty(name) for name in MONTHLY})
    rejects: dict[Key, Reject] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add to the time that a stage took."""
        start = time.perf_counter()
        yield
        self.timings[stage] = self.timings.get(stage, 0.0) + time.perf_counter() - start


def curate(
    raw: Path,
    into: Path,
    settings: Settings,
    *,
    map_batches: MapBatches | None = None,
    progress: Progress = silent,
) -> Summary:
    """Curate what is new in RAW into the data set at ``into``.

    Args:
        raw: a file, or a folder that is read recursively; nothing in it is changed.
        into: the data set; it may not exist yet.
        settings: what the run was told.
        map_batches: how to run batches; default: in this process or a pool of them.
        progress: is told how far the run is.

    Raises:
        UsageError: if ``raw`` or ``into`` cannot be what they should be.
        LockedError: if another run is writing ``into``.
        ValidationFailedError: if a rule on whole tables failed; nothing was published.
        StorageError: if the disk refused; nothing was published.
    """
    source = settings.source or source_name(raw)
    store.check_destination(into)
    with nullcontext() if settings.is_dry_run else store.writing(into):
        previous = store.current_version(into)
        run_id, started_at = _new_run()
        work = _Work(
            raw=raw,
            source=source,
            settings=settings,
            map_batches=map_batches or in_processes(settings.workers or os.cpu_count() or 1),
            progress=progress,
            previous=previous,
            ledger=Ledger(previous.records() if previous else [], _holders(previous), settings.recipe),
            run_id=run_id,
            started_at=started_at,
        )
        todo = _plan(work)
        if todo:
            _import_validation_early()
        work.came_in += _process(work, todo)
        winners = _settle_and_validate(work)
        if not work.ledger.has_changed():
            return Summary("nothing to do", _run_row(work, previous), store.latest_report(into))
        if settings.is_dry_run:
            return Summary("dry run", _run_row(work, None), None, _winning(work, winners)["quotes"].slice(0, 10))
        return _build_and_publish(work, into, winners)


def source_name(raw: Path) -> str:
    """The name of the collection that RAW is, or lies in.

    Raises:
        UsageError: if there is no such file or folder.
    """
    if not raw.exists():
        raise UsageError(f"{raw} does not exist; name a file or folder of raw articles")
    folder = raw.resolve() if raw.is_dir() else raw.resolve().parent
    return folder.name or "raw"


def _new_run() -> tuple[str, datetime]:
    started_at = datetime.now(UTC)
    return f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}", started_at


def _holders(previous: store.Version | None) -> dict[str, Key]:
    if previous is None:
        return {}
    rows = previous.read("articles", ["article_id", "source", "raw_path", "raw_record"]).to_pylist()
    return {row["article_id"]: (row["source"], row["raw_path"], row["raw_record"]) for row in rows}


def _import_validation_early() -> None:
    """Great Expectations takes seconds to import: do it beside the batches."""
    threading.Thread(target=__import__, args=("pipeline.validate",), daemon=True).start()


# ── Plan and process ───────────────────────────────────────────────────────────────────────────────────────────


def _plan(work: _Work) -> list[RawFile]:
    """List RAW, and part what is new or changed from what is not."""
    with work.timed("plan"):
        known = work.ledger.known(work.source)
        todo: list[RawFile] = []
        item_count = 0
        for item in find_files(work.raw, work.source):
            item_count += 1
            if isinstance(item, Reject):
                work.came_in += 1
                _refuse(work, item, "")
            elif isinstance(item, Skip):
                work.came_in += 1
                work.ledger.note_skip(item.reason)
            elif work.settings.limit is None or len(todo) < work.settings.limit:
                sha256 = fingerprint(item)
                work.files[item.raw_path] = item, sha256
                records = known.get(item.raw_path, [])
                if records and all((r.file_sha256, r.recipe) == (sha256, work.settings.recipe) for r in records):
                    work.came_in += len(records)
                    for record in records:
                        work.ledger.note_unchanged(record)
                else:
                    todo.append(item)
        if not item_count:
            raise UsageError(f"{work.raw} holds no files; put raw articles there, or name another folder")
        _forget_what_was_mended(work)
    return todo


def _forget_what_was_mended(work: _Work) -> None:
    """A folder that could not be opened before and can be now is refused no longer."""
    for raw_path, records in work.ledger.known(work.source).items():
        for record in records:
            key = (work.source, raw_path, record.raw_record)
            was_unlistable = record.outcome == "reject" and not record.file_sha256
            if was_unlistable and not work.ledger.has_seen(key) and (work.raw / raw_path).is_dir():
                work.ledger.forget(key)


def _process(work: _Work, todo: Sequence[RawFile]) -> int:
    """Run batches over files and take in what they made, in an order that does not depend on who was first.

    Returns:
        How many records were read.
    """
    with work.timed("read, normalise, language, entities, quotes"):
        tasks = _cut_tasks(todo, work.settings)
        batches, done = [], 0
        for batch in work.map_batches(curate_batch, tasks):
            batches.append(batch)
            done += batch.file_count
            work.progress("files", done, len(todo))
        offset = work.rows["articles"].num_rows
        for batch in sorted(batches, key=_first_article):
            for name in MONTHLY:
                rows = batch.rows[name]
                moved = pc.add(rows[STAGED_AT], offset)
                rows = rows.set_column(rows.num_columns - 1, STAGED_AT, moved)
                work.rows[name] = pa.concat_tables([work.rows[name], rows])
            offset += batch.rows["articles"].num_rows
            _note_batch(work, batch)
        seen = work.ledger.seen_paths()
        missing = [file.raw_path for file in todo if file.raw_path not in seen]
        if missing:
            raise LedgerError(f"{len(missing)} raw files were read and gave neither article nor reject: {missing[:3]}")
    return sum(batch.rows["articles"].num_rows + len(batch.rejects) for batch in batches)


def _first_article(batch: Batch) -> str:
    ids = batch.rows["articles"]["article_id"]
    return str(ids[0]) if len(ids) else ""


def _cut_tasks(files: Sequence[RawFile], settings: Settings) -> list[Task]:
    """Part the files into tasks of about equal work."""
    tasks: list[Task] = []
    batch: list[RawFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += file.path.stat().st_size if file.path.exists() else 0
        if len(batch) >= settings.batch_files or size >= settings.batch_bytes:
            tasks.append(Task(tuple(batch), settings.publisher))
            batch, size = [], 0
    return [*tasks, Task(tuple(batch), settings.publisher)] if batch else tasks


def _note_batch(work: _Work, batch: Batch) -> None:
    for row in batch.rows["articles"].select([*_KEY, "article_id", "fetched_at"]).to_pylist():
        sha256 = work.files[row["raw_path"]][1]
        work.ledger.note_article(_key(row), sha256, row["article_id"], row["fetched_at"])
    for reject in batch.rejects:
        _refuse(work, reject, work.files[reject.raw_path][1])


def _refuse(work: _Work, reject: Reject, sha256: str) -> None:
    noted = work.ledger.note_reject(reject, sha256)
    work.rejects[reject.source, reject.raw_path, reject.raw_record] = replace(noted, run_id=work.run_id)


_KEY = ("source", "raw_path", "raw_record")


def _key(row: Mapping[str, Any]) -> Key:
    return row["source"], row["raw_path"], row["raw_record"]


# ── Settle and validate ────────────────────────────────────────────────────────────────────────────────────────


def _settle_and_validate(work: _Work) -> dict[str, Key]:
    """Find the record that each article is taken from, refusing articles of which a row fails a rule.

    A refused article leaves its place to the next best record, which may have to be read again: so until nothing moves.
    """
    checked: set[tuple[str, Key]] = set()
    while True:
        winners, unread = work.ledger.settle(work.source, set(work.files))
        if unread:
            _process(work, [work.files[path][0] for _, path, _ in sorted(unread)])
            continue
        fresh = {article_id: key for article_id, key in winners.items() if (article_id, key) not in checked}
        staged = _winning(work, fresh)
        if not staged["articles"].num_rows:
            return winners
        checked |= set(fresh.items())
        with work.timed("validate"):
            _validate_rows(work, staged)


def _winning(work: _Work, winners: Mapping[str, Key]) -> dict[str, pa.Table]:
    """The staged rows of the winning records, without STAGED_AT."""
    articles = work.rows["articles"].select([*_KEY, "article_id", STAGED_AT]).to_pylist()
    # A record that was read twice in a run stands twice: its last rows count.
    chosen = {
        row["article_id"]: row[STAGED_AT]
        for row in articles
        if winners.get(row["article_id"]) == _key(row) and work.ledger.is_staged(row["article_id"], _key(row))
    }
    at = pa.array(sorted(chosen.values()), pa.int64())
    chosen_rows = {
        name: rows.filter(pc.is_in(rows[STAGED_AT], at)).drop_columns([STAGED_AT]) for name, rows in work.rows.items()
    }
    return chosen_rows | {"articles": _stamp(work, chosen_rows["articles"])}


def _validate_rows(work: _Work, staged: Mapping[str, pa.Table]) -> None:
    from pipeline.validate import check_rows  # late: it takes seconds to import

    origin = {
        row["article_id"]: row for row in staged["articles"].select(["article_id", *_KEY, "raw_sha256"]).to_pylist()
    }
    findings = check_rows(staged)
    work.findings += findings
    for finding in findings:
        for article_id in finding.failing_keys:
            row = origin.pop(article_id, None)  # several rules may refuse one article
            if row is None:
                continue
            detail = f"{finding.table}.{finding.column}: {'; '.join(finding.examples[:2])}"
            ref = RawRef(*_key(row), row["raw_sha256"])
            reject = Reject.of(ref, stage="validate", reason=finding.expectation, detail=detail)
            noted = work.ledger.refuse(article_id, reject)
            work.rejects[_key(row)] = replace(noted, run_id=work.run_id)


# ── Build, check, publish, report ──────────────────────────────────────────────────────────────────────────────


def _build_and_publish(work: _Work, into: Path, winners: Mapping[str, Key]) -> Summary:
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


def _build(work: _Work, version: store.Version, winners: Mapping[str, Key]) -> Run:
    """Write all tables of the new version and its ledger row."""
    metadata = store.schema_metadata(VERSION, MODEL_VERSION, ACCURACY)
    changes = _changes(work, winners)
    store.write_monthly(version, work.previous, changes, metadata)
    mentions = version.read(
        "mentions", ["entity_id", "entity_name", "entity_type", "text", "form", "article_id", "published_on"]
    )
    entities = build_entities(mentions, version.read("quotes", ["speaker_entity_id"]))
    store.write_whole(version, "entities", to_table(Entity, entities), metadata)
    store.write_whole(version, "rejects", to_table(Reject, _all_rejects(work)), metadata)
    run = _run_row(work, version)
    runs = to_table(Run, [run])
    if work.previous:
        runs = pa.concat_tables([work.previous.read("runs"), runs])
    store.write_whole(version, "runs", runs, metadata)
    store.write_records(version, work.ledger.records())
    return run


def _changes(work: _Work, winners: Mapping[str, Key]) -> store.Changes:
    """Hold this run's rows against the version before: which come, which go, what else changes on articles."""
    holders = _holders(work.previous)
    rows = _winning(work, winners)
    fresh = set(rows["articles"]["article_id"].to_pylist())
    replaced = {article_id for article_id in holders if article_id in fresh or article_id not in winners}
    duplicates = find_duplicates(_bodies(work, rows["articles"], replaced))
    revisions = work.ledger.revisions()
    updates: dict[str, tuple[object, ...]] = {}
    for article_id in winners:
        copy = duplicates.get(article_id)
        of = (copy.duplicate_of, copy.kind, copy.similarity) if copy else (None, None, None)
        updates[article_id] = (revisions[article_id], *of)
    return store.Changes(frozenset(replaced), rows, updates)


def _stamp(work: _Work, articles: pa.Table) -> pa.Table:
    """Fill what only the run knows: its id, and when the article was first seen."""
    seen: dict[str, datetime] = {}
    if work.previous:
        known = work.previous.read("articles", ["article_id", "first_seen_at"]).to_pylist()
        seen = {row["article_id"]: row["first_seen_at"] for row in known}
    first_seen = [seen.get(str(article_id), work.started_at) for article_id in articles["article_id"].to_pylist()]
    values = {"first_seen_at": first_seen, "run_id": [work.run_id] * articles.num_rows}
    for name, column in values.items():
        at = articles.schema.get_field_index(name)
        arrow = articles.schema.field(name)
        articles = articles.set_column(at, arrow, pa.array(column, arrow.type))
    return articles


_BODY = ("article_id", "published_on", "raw_path", "text", "body_start_char")


def _bodies(work: _Work, fresh: pa.Table, replaced: set[str]) -> Iterator[Body]:
    parts = [fresh.select(_BODY)]
    if work.previous:
        # A month at a time: the texts of a large data set need not be in memory together.
        parts_of_before = (work.previous.read("articles", _BODY, [month]) for month in work.previous.months("articles"))
        for part in parts_of_before:
            yield from (body for body in _as_bodies(part) if body.article_id not in replaced)
    for part in parts:
        yield from _as_bodies(part)


def _as_bodies(part: pa.Table) -> Iterator[Body]:
    for row in part.to_pylist():
        yield Body(row["article_id"], row["published_on"], row["raw_path"], row["text"][row["body_start_char"] :])


def _all_rejects(work: _Work) -> list[Reject]:
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


def _run_row(work: _Work, version: store.Version | None) -> Run:
    """The run's ledger; totals are of ``version``, where there is one."""

    def total(table: str) -> int:
        return int((version.read(table, [TABLES[table].sort[0]]) if version else work.rows[table]).num_rows)

    return Run(
        run_id=work.run_id,
        started_at=work.started_at,
        finished_at=datetime.now(UTC),
        version=VERSION,
        model_version=MODEL_VERSION,
        source=work.source,
        raw=str(work.raw.resolve()),
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


def _check_version(work: _Work, version: store.Version, run: Run) -> list[Finding]:
    """Check the rules on whole tables; the failures among them block the run."""
    from pipeline.validate import check_ledger, check_version  # late: it takes seconds to import

    work.findings += [*check_version(version.read, version.column_names), check_ledger(run)]
    return [finding for finding in work.findings if not finding.success and not finding.is_row_level]


def _report_data(work: _Work, version: store.Version, run: Run, outcome: report.Outcome) -> report.ReportData:
    articles = version.read(
        "articles", ["article_id", "publisher", "published_on", "headline", "raw_path", "duplicate_of", "run_id"]
    )
    quotes = version.read("quotes", ["quote_type", "speaker_status", "speaker_name", "is_closed"])
    holders = _holders(work.previous)
    news = [
        ("changed" if row["article_id"] in holders else "new", row["publisher"], row["headline"] or row["raw_path"])
        for row in articles.to_pylist()
        if row["run_id"] == run.run_id
    ]
    return report.ReportData(
        run=run,
        outcome=outcome,
        findings=work.findings,
        rejects=_all_rejects(work),
        timings=list(work.timings.items()),
        news=sorted(news),
        **report.summarise(articles, quotes),
    )
