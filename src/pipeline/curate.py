"""The composition: plan → batches → settle → validate → build → publish → report. Start reading here.

``curate`` is the whole of a run. It takes the way to run batches as an argument (``map_batches``), so that the command
runs them in this process or in a pool, and a flow as tasks of its orchestrator, all over the same code.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import report, store
from pipeline.batches import Batch, MapBatches, Task, in_processes
from pipeline.contract import (
    TABLES,
    Entity,
    Finding,
    RawRef,
    ReadRaw,
    Record,
    Reject,
    Run,
    Skip,
    columns,
    expectations,
    to_table,
)
from pipeline.duplicates import Body, Duplicate, match_signatures, sign
from pipeline.entities import build_entities, extract_mentions, mark_quoted
from pipeline.errors import LedgerError, StorageError, UnreachableError, UsageError, ValidationFailedError
from pipeline.language import read_language
from pipeline.ledger import Key, Ledger, key_of
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes
from pipeline.read import Options, RawFile, RawRecord, find_files, fingerprint, frame_file, locate, read_record
from pipeline.settings import ACCURACY, MODEL_VERSION, VERSION, Settings
from pipeline.staging import MONTHLY, STAGED_AT, Place, Staging, no_rows, stage

VALIDATED_ARTICLES = 2_000  # at a time: what bounds the memory of validation
SAMPLE_ARTICLES = 20

# ── One batch: what a worker does ──────────────────────────────────────────────────────────────────────────────


def curate_batch(task: Task) -> Batch:
    """Turn raw records into rows: the path of every article through the stages."""
    parts: dict[str, list[pa.Table]] = {name: [no_rows(name)] for name in MONTHLY}
    rejects: list[Reject] = []
    for at, record in enumerate(task.records):
        raw = read_record(record, task.options)
        article = raw if isinstance(raw, Reject) else normalise(raw, task.publisher)
        if isinstance(article, Reject):
            rejects.append(article)
            continue
        reading = read_language(article)
        mentions = extract_mentions(article, reading)
        quotes = extract_quotes(article, reading, mentions)
        mentions = mark_quoted(mentions, quotes)
        for name, rows in (("articles", [article]), ("quotes", quotes), ("mentions", mentions)):
            parts[name].append(stage(to_table(TABLES[name].row, rows), at))
    return Batch({name: pa.concat_tables(tables) for name, tables in parts.items()}, tuple(rejects))


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


@dataclass(frozen=True, slots=True)
class _Staged:
    """Where an article's rows stand, and the month they belong to."""

    place: Place
    month: str


@dataclass(slots=True)
class _Work:
    """A run under way: what it was told, what it knows, and what it has made so far."""

    raw: str
    source: str
    settings: Settings
    map_batches: MapBatches
    progress: Progress
    previous: store.Version | None
    ledger: Ledger
    staging: Staging
    run_id: str
    started_at: datetime
    came_in: int = 0  # raw records, counted where they are read: the ledger must account for as many
    files: dict[str, tuple[RawFile, str]] = field(default_factory=dict)  # by raw_path, with the fingerprint
    staged: dict[tuple[str, Key], _Staged] = field(default_factory=dict)  # by article_id and record
    rejects: dict[Key, Reject] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    first_seen: dict[str, datetime] | None = None  # of the articles published before; read when first needed
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add to the time that a stage took."""
        start = time.perf_counter()
        yield
        self.timings[stage] = self.timings.get(stage, 0.0) + time.perf_counter() - start


def curate(
    raw: str,
    into: Path,
    settings: Settings,
    *,
    map_batches: MapBatches | None = None,
    progress: Progress = silent,
) -> Summary:
    """Curate what is new in RAW into the data set at ``into``.

    Args:
        raw: a file, or a folder that is read recursively, on this machine or as a URL that fsspec understands; nothing
            in it is changed.
        into: the data set; it may not exist yet.
        settings: what the run was told.
        map_batches: how to run batches; default: in this process or a pool of them.
        progress: is told how far the run is.

    Raises:
        UsageError: if ``raw`` or ``into`` cannot be what they should be.
        UnreachableError: if the store that holds ``raw`` does not answer; nothing was published.
        LockedError: if another run is writing ``into``.
        ValidationFailedError: if a rule on whole tables failed; nothing was published.
        StorageError: if the disk refused; nothing was published.
    """
    source = settings.source or source_name(raw)
    store.check_destination(into)
    with ExitStack() as stack:
        if not settings.is_dry_run:
            stack.enter_context(store.writing(into))
        previous = store.current_version(into)
        run_id, started_at = _new_run()
        work = _Work(
            raw=raw,
            source=source,
            settings=settings,
            map_batches=map_batches or in_processes(settings.workers or os.cpu_count() or 1),
            progress=progress,
            previous=previous,
            ledger=_open_ledger(previous, settings),
            staging=Staging(stack.enter_context(store.scratch(None if settings.is_dry_run else into))),
            run_id=run_id,
            started_at=started_at,
        )
        todo = _plan(work)
        if todo:
            _import_validation_early()
        _read_files(work, todo)
        winners = _settle_and_validate(work)
        if not work.ledger.has_changed():
            return Summary("nothing to do", _run_row(work, previous), store.latest_report(into))
        if settings.is_dry_run:
            return Summary("dry run", _run_row(work, None), None, _sample(work, winners))
        return _build_and_publish(work, into, winners)


def source_name(raw: str) -> str:
    """The name of the collection that RAW is, or lies in.

    Raises:
        UsageError: if there is no such file or folder on this machine.
    """
    if "://" in raw:
        return raw.rstrip("/").rsplit("/", 1)[-1]
    path = Path(raw)
    if not path.exists():
        raise UsageError(f"{raw} does not exist; name a file or folder of raw articles")
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    return folder.name or "raw"


def read_records(raw: str, run: Run) -> ReadRaw:
    """How to read the raw files at RAW again, as a run read them."""
    options = Options(json.loads(run.settings)["fields"])

    def read(raw_path: str) -> Iterator[tuple[str, bytes]]:
        for item in frame_file(locate(raw, source_name(raw), raw_path), options):
            if isinstance(item, RawRecord):
                yield item.ref.raw_record, item.data

    return read


def _new_run() -> tuple[str, datetime]:
    started_at = datetime.now(UTC)
    return f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}", started_at


def _open_ledger(previous: store.Version | None, settings: Settings) -> Ledger:
    if previous is None:
        return Ledger([], {}, settings.recipe)
    return Ledger(previous.records(), _holders(previous), settings.recipe, previous.files())


def _holders(previous: store.Version | None) -> dict[str, Key]:
    if previous is None:
        return {}
    rows = previous.read("articles", ["article_id", *_KEY]).to_pylist()
    return {row["article_id"]: _key(row) for row in rows}


_KEY = ("source", "raw_path", "raw_record")


def _key(row: Mapping[str, Any]) -> Key:
    return row["source"], row["raw_path"], row["raw_record"]


def _import_validation_early() -> None:
    """Great Expectations takes seconds to import: do it beside the batches."""
    threading.Thread(target=__import__, args=("pipeline.validate",), daemon=True).start()


# ── Plan and read ──────────────────────────────────────────────────────────────────────────────────────────────


def _plan(work: _Work) -> list[RawFile]:
    """List RAW, and part what is new or changed from what is not."""
    with work.timed("plan"):
        known = work.ledger.known(work.source)
        todo: list[RawFile] = []
        item_count = 0
        for item in _list_raw(work):
            item_count += 1
            if isinstance(item, Reject):
                work.came_in += 1
                _refuse(work, item, "", "")
            elif isinstance(item, Skip):
                work.came_in += 1
                work.ledger.note_skip(item.reason)
            elif work.settings.limit is None or len(todo) < work.settings.limit:
                sha256 = fingerprint(item)
                work.files[item.raw_path] = item, sha256
                if work.ledger.is_read(work.source, item.raw_path, sha256):
                    work.came_in += work.ledger.note_unread(work.source, item.raw_path, known.get(item.raw_path, []))
                else:
                    todo.append(item)
        if not item_count:
            raise UsageError(f"{work.raw} holds no files; put raw articles there, or name another folder")
        _forget_what_was_mended(work, known)
    return todo


def _list_raw(work: _Work) -> Iterator[RawFile | Reject | Skip]:
    try:
        yield from find_files(work.raw, work.source)
    except OSError as error:
        raise UnreachableError(
            f"{work.raw} cannot be listed: {error}; nothing was published: look whether it is there, and run again"
        ) from error


def _forget_what_was_mended(work: _Work, known: Mapping[str, Sequence[Record]]) -> None:
    """A folder that could not be opened before and can be now is refused no longer."""
    for raw_path, records in known.items():
        for record in records:
            was_unlistable = record.outcome == "reject" and not record.file_sha256
            if was_unlistable and not work.ledger.has_seen(key_of(record)) and Path(work.raw, raw_path).is_dir():
                work.ledger.forget(key_of(record))


def _read_files(work: _Work, todo: Sequence[RawFile]) -> None:
    """Curate what is new or changed in some files."""
    skips: dict[str, Counter[str]] = {file.raw_path: Counter() for file in todo}
    waiting: _Waiting = {}
    _run_batches(work, _frame_files(work, todo, skips, waiting), waiting)
    known = work.ledger.known(work.source)
    for file in todo:  # now that all their records are noted
        path = file.raw_path
        work.ledger.note_read(work.source, path, work.files[path][1], skips[path], known.get(path, []))


# Records that workers have: the digest of each record's content, and the fingerprint of its file.
_Waiting = dict[Key, tuple[str, str]]


def _frame_files(
    work: _Work, todo: Sequence[RawFile], skips: Mapping[str, Counter[str]], waiting: _Waiting
) -> Iterator[RawRecord]:
    """Part files into records, note what needs no work, and hand on the rest."""
    for done, file in enumerate(todo, 1):
        sha256 = work.files[file.raw_path][1]
        for item in frame_file(file, Options(work.settings.fields)):
            work.came_in += 1
            if isinstance(item, Skip):
                skips[file.raw_path][item.reason] += 1
                work.ledger.note_skip(item.reason)
                continue
            ref = (item.source, item.raw_path, item.raw_record) if isinstance(item, Reject) else _ref_key(item.ref)
            if ref in waiting or work.ledger.has_seen(ref):
                raise LedgerError(f"{file.raw_path} gives two records that are called {ref[2]!r}")
            if isinstance(item, Reject):
                _refuse(work, item, item.raw_sha256 or "", sha256)
            elif work.ledger.is_unchanged(ref, item.content_sha256):
                work.ledger.note_unchanged(ref, sha256)
            else:
                waiting[ref] = item.content_sha256, sha256
                yield item
        work.progress("files", done, len(todo))


def _read_again(work: _Work, keys: set[Key]) -> None:
    """Curate single records of files that were read before."""
    waiting: _Waiting = {}

    def records() -> Iterator[RawRecord]:
        for raw_path in sorted({key[1] for key in keys}):
            file, sha256 = work.files[raw_path]
            for item in frame_file(file, Options(work.settings.fields)):
                if isinstance(item, RawRecord) and _ref_key(item.ref) in keys:
                    waiting[_ref_key(item.ref)] = item.content_sha256, sha256
                    yield item

    _run_batches(work, records(), waiting)
    for key in keys - {key for _, key in work.staged} - set(work.rejects):
        detail = "the file changed while it was being read; run again"
        _refuse(work, Reject.of(RawRef(*key, ""), stage="read", reason="unreadable", detail=detail), "", "")


def _ref_key(ref: RawRef) -> Key:
    return ref.source, ref.raw_path, ref.raw_record


def _run_batches(work: _Work, records: Iterator[RawRecord], waiting: _Waiting) -> None:
    """Run batches over records and take in what they made, whichever is done first.

    Raises:
        LedgerError: if a record comes back as nothing, or as two things.
    """
    with work.timed("read, normalise, language, entities, quotes"):
        for batch in work.map_batches(curate_batch, _cut_tasks(records, work.settings)):
            _take_in(work, batch, waiting)
    if waiting:
        some = sorted(waiting)[:3]
        raise LedgerError(f"{len(waiting)} raw records were read and gave neither article nor reject: {some}")


def _cut_tasks(records: Iterator[RawRecord], settings: Settings) -> Iterator[Task]:
    """Part the records into tasks of about equal work."""
    options = Options(settings.fields)
    batch: list[RawRecord] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.data)
        if len(batch) >= settings.batch_records or size >= settings.batch_bytes:
            yield Task(tuple(batch), settings.publisher, options)
            batch, size = [], 0
    if batch:
        yield Task(tuple(batch), settings.publisher, options)


def _take_in(work: _Work, batch: Batch, waiting: _Waiting) -> None:
    rows = batch.rows["articles"]
    if rows.num_rows:
        number = work.staging.add(batch.rows)
        for row in rows.select([*_KEY, "article_id", "fetched_at", "published_on", STAGED_AT]).to_pylist():
            key = _key(row)
            work.ledger.note_article(key, *_back(waiting, key), row["article_id"], row["fetched_at"])
            place = Place(number, row[STAGED_AT])
            work.staged[row["article_id"], key] = _Staged(place, store.month_of(row["published_on"]))
    for reject in batch.rejects:
        _refuse(work, reject, *_back(waiting, (reject.source, reject.raw_path, reject.raw_record)))


def _back(waiting: _Waiting, key: Key) -> tuple[str, str]:
    if key not in waiting:
        raise LedgerError(f"raw record {key} came back from its worker and had not been sent, or came back twice")
    return waiting.pop(key)


def _refuse(work: _Work, reject: Reject, content_sha256: str, file_sha256: str) -> None:
    noted = work.ledger.note_reject(reject, content_sha256, file_sha256)
    work.rejects[reject.source, reject.raw_path, reject.raw_record] = replace(noted, run_id=work.run_id)


# ── Settle and validate ────────────────────────────────────────────────────────────────────────────────────────


def _settle_and_validate(work: _Work) -> dict[str, Key]:
    """Find the record that each article is taken from, refusing articles of which a row fails a rule.

    A refused article leaves its place to the next best record, which may have to be read again: so until nothing moves.
    """
    checked: set[tuple[str, Key]] = set()
    fingerprints = {raw_path: sha256 for raw_path, (_, sha256) in work.files.items()}
    while True:
        winners, unread = work.ledger.settle(work.source, fingerprints)
        if unread:
            _read_again(work, unread)
            continue
        fresh = {article_id: key for article_id, key in winners.items() if (article_id, key) not in checked}
        staged = _winning(work, fresh)
        if not staged:
            return winners
        checked |= set(fresh.items())
        with work.timed("validate"):
            _validate_rows(work, staged, winners)


def _winning(work: _Work, winners: Mapping[str, Key]) -> dict[str, _Staged]:
    """Where the rows of articles stand that this run has made, by article_id."""
    return {
        article_id: work.staged[article_id, key]
        for article_id, key in winners.items()
        if work.ledger.is_staged(article_id, key)
    }


def _sample(work: _Work, winners: Mapping[str, Key]) -> pa.Table:
    """Some quotes."""
    places = [staged.place for staged in _winning(work, winners).values()][:SAMPLE_ARTICLES]
    return pa.concat_tables([no_rows("quotes").drop_columns([STAGED_AT]), *work.staging.read("quotes", places)])[:10]


def _validate_rows(work: _Work, staged: Mapping[str, _Staged], winners: Mapping[str, Key]) -> None:
    from pipeline.validate import check_rows  # late: it takes seconds to import

    ids = sorted(staged, key=lambda article_id: staged[article_id].place.batch)
    chunks = (
        {
            name: _rows(work, name, [staged[article_id].place for article_id in ids[at : at + VALIDATED_ARTICLES]])
            for name in MONTHLY
        }
        for at in range(0, len(ids), VALIDATED_ARTICLES)
    )
    findings = check_rows(chunks)
    work.findings += findings
    refused: set[str] = set()
    for finding in findings:
        for article_id in finding.failing_keys:
            if article_id not in refused:  # several rules may refuse one article
                refused.add(article_id)
                detail = f"{finding.table}.{finding.column}: {'; '.join(finding.examples[:2])}"
                (row,) = work.staging.read("articles", [staged[article_id].place], ["raw_sha256"])
                ref = RawRef(*winners[article_id], row["raw_sha256"][0].as_py())
                reject = Reject.of(ref, stage="validate", reason=finding.expectation, detail=detail)
                noted = work.ledger.refuse(article_id, reject)
                work.rejects[winners[article_id]] = replace(noted, run_id=work.run_id)


def _rows(work: _Work, table: str, places: Iterable[Place]) -> pa.Table:
    """The rows of some staged articles, with what only the run knows."""
    rows = pa.concat_tables([no_rows(table).drop_columns([STAGED_AT]), *work.staging.read(table, places)])
    return _stamp(work, rows) if table == "articles" else rows


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
    store.write_memory(version, work.ledger.records(), work.ledger.files())
    return run


def _changes(work: _Work, winners: Mapping[str, Key]) -> store.Changes:
    """Hold this run's rows against the version before: which come, which go, what else changes on articles."""
    holders = _holders(work.previous)
    fresh = _winning(work, winners)
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
        lambda table, month: _rows(work, table, by_month.get(month, [])),
        updates,
    )


def _stamp(work: _Work, articles: pa.Table) -> pa.Table:
    """Fill what only the run knows: its id, and when the article was first seen."""
    if work.first_seen is None:
        work.first_seen = work.previous.first_seen() if work.previous else {}
    ids = articles["article_id"].to_pylist()
    values = {
        "first_seen_at": [work.first_seen.get(article_id, work.started_at) for article_id in ids],
        "run_id": [work.run_id] * articles.num_rows,
    }
    for name, column in values.items():
        at = articles.schema.get_field_index(name)
        arrow = articles.schema.field(name)
        articles = articles.set_column(at, arrow, pa.array(column, arrow.type))
    return articles


def _find_duplicates(work: _Work, fresh: Sequence[Place], replaced: Set[str]) -> dict[str, Duplicate]:
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


def _bodies(work: _Work, fresh: Sequence[Place], replaced: Set[str]) -> Iterator[Body]:
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
        return int(version.read(table, [TABLES[table].sort[0]]).num_rows) if version else 0

    return Run(
        run_id=work.run_id,
        started_at=work.started_at,
        finished_at=datetime.now(UTC),
        version=VERSION,
        model_version=MODEL_VERSION,
        source=work.source,
        settings=work.settings.shaping,
        raw=work.raw if "://" in work.raw else str(Path(work.raw).resolve()),
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
