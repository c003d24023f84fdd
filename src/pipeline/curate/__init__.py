"""The composition: plan → batches → settle → validate → build → publish → report. Start reading here.

``curate`` is the whole of a run. It takes the way to run batches as an argument (``map_batches``), so that the command
runs them in this process or in a pool, and a flow as tasks of its orchestrator, all over the same code.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa

from pipeline import store
from pipeline.accuracy import read_accuracy
from pipeline.batches import Batch, MapBatches, Task, in_processes
from pipeline.contract import ALL_TABLES, STAGED, Attributions, ReadRaw, Reject, Run, to_table
from pipeline.curate.build import describe_run
from pipeline.curate.copies import sign_article
from pipeline.curate.intake import plan, read_files
from pipeline.curate.publish import build_and_publish
from pipeline.curate.settle import sample_quotes, settle_and_validate
from pipeline.curate.work import Holdings, KnowledgeBase, Progress, Summary, Work, full_path, memory_of, silent
from pipeline.entities import (
    build_knowledge,
    complete_mentions,
    digest_knowledge,
    extract_mentions,
    summarise_entities,
)
from pipeline.errors import UsageError
from pipeline.language import read_language
from pipeline.ledger import Ledger
from pipeline.limits import TooSlowError, time_limit
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes
from pipeline.read import Options, RawRecord, frame_file, is_remote, is_unicode, locate, read_record
from pipeline.settings import Settings, made_by
from pipeline.staging import Staging, no_rows, stage

# Seconds that one record may take: hundreds of times what a usual article does. 200,000 words took 144 on a busy machine.
RECORD_SECONDS = 300

__all__ = ["Progress", "Summary", "curate", "curate_batch", "full_path", "read_records", "silent", "source_name"]


def curate_batch(task: Task) -> Batch:
    """Turn raw records into rows; one that cannot be, or not in bounded time, is a reject."""
    parts: dict[str, list[pa.Table]] = {name: [no_rows(name)] for name in STAGED}
    rejects: list[Reject] = []
    for at, framed in enumerate(task.records):
        record = framed.digested()
        try:
            with time_limit(RECORD_SECONDS):
                made = _curate_record(record, task)
        except TooSlowError:
            detail = f"it took more than {RECORD_SECONDS} s, where half of one is usual; look at it, or split it"
            made = Reject.of(record.ref, stage="read", reason="too_slow", detail=detail)
        if isinstance(made, Reject):
            rejects.append(made)
        else:
            for name, rows in made.items():
                parts[name].append(stage(rows, at))
    # In one piece: a piece an article costs some 20 kB each, and far more time to take rows from.
    return Batch({name: pa.concat_tables(tables).combine_chunks() for name, tables in parts.items()}, tuple(rejects))


def _curate_record(record: RawRecord, task: Task) -> dict[str, pa.Table] | Reject:
    """The path of an article through the stages."""
    raw = read_record(record, task.options)
    article = raw if isinstance(raw, Reject) else normalise(raw, task.publisher)
    if isinstance(article, Reject):
        return article
    reading = read_language(article, task.threads)
    mentions = extract_mentions(article, reading, task.knowledge)
    quotes = extract_quotes(article, reading, mentions, task.attributions)
    mentions = complete_mentions(article, reading, mentions, quotes)
    made: dict[str, Sequence[object]] = {
        "articles": [article],
        "quotes": quotes,
        "mentions": mentions,
        "article_entities": summarise_entities(article, mentions, quotes),
        "signatures": sign_article(article),
    }
    return {name: to_table(ALL_TABLES[name].row, rows) for name, rows in made.items()}


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
        UsageError: if ``raw`` or ``into`` cannot be what they should be, or the settings do not go with the data set's.
        ModelError: if a file of the language model is missing or damaged; nothing was published.
        UnreachableError: if the store that holds ``raw`` does not answer; nothing was published.
        LockedError: if another run is writing ``into``.
        ValidationFailedError: if a rule on whole tables failed; nothing was published.
        StorageError: if the disk refused; nothing was published.
    """
    source = settings.source or source_name(raw)
    _check_places(raw, into, source, settings.publisher)
    store.check_destination(into)
    accuracy = read_accuracy()
    with ExitStack() as stack:
        if not settings.is_dry_run:
            stack.enter_context(store.writing(into))
        previous = store.current_version(into)
        _check_source(raw, source, settings, previous)
        attributions = _choose_attributions(into, settings, previous)
        knowledge_base = _choose_knowledge_base(into, settings, previous)
        run_id, started_at = _new_run()
        scratch = stack.enter_context(store.scratch(None if settings.is_dry_run else into))
        recipe = settings.recipe(attributions, knowledge_base.sha256 if knowledge_base else None)
        code = made_by(accuracy.model_version)
        is_redone = partial(_is_redone, settings, code)
        holdings = Holdings(previous)
        work = Work(
            raw=raw,
            source=source,
            settings=settings,
            run_batches=partial(map_batches or in_processes(settings.workers or os.cpu_count() or 1), curate_batch),
            progress=progress,
            previous=previous,
            attributions=attributions,
            knowledge_base=knowledge_base,
            accuracy=accuracy,
            recipe=recipe,
            is_redone=is_redone,
            holdings=holdings,
            ledger=Ledger(memory_of(previous, holdings), recipe, _as_text(code), is_redone),
            staging=Staging(scratch),
            forgotten=store.read_forgotten(into),
            run_id=run_id,
            started_at=started_at,
        )
        todo = plan(work)
        if todo:
            _import_validation_early()
        if todo and knowledge_base:
            with work.timed("knowledge base"):
                work.knowledge = build_knowledge(knowledge_base.path, scratch)
        read_files(work, todo)
        if settings.is_pruning:
            work.ledger.prune(source)
        winners = settle_and_validate(work)
        if not work.ledger.has_changed():
            return Summary("nothing to do", describe_run(work, previous), store.latest_report(into))
        if settings.is_dry_run:
            return Summary("dry run", describe_run(work, None), None, sample_quotes(work, winners))
        return build_and_publish(work, into, winners)


def _check_places(raw: str, into: Path, source: str, publisher: str | None) -> None:
    """Refuse names that no table can hold, and a data set that lies within what it is made of.

    Raises:
        UsageError: says which.
    """
    for what, name in (("RAW", raw), ("--source", source), ("--publisher", publisher or "")):
        if not is_unicode(name):
            raise UsageError(f"{what} {name!r} is not UTF-8; name it otherwise")
    if not is_remote(raw) and Path(raw).is_dir() and into.resolve().is_relative_to(Path(raw).resolve()):
        raise UsageError(f"--into {into} lies within RAW {raw}, which would read its own tables; name another folder")


def _check_source(raw: str, source: str, settings: Settings, previous: store.Version | None) -> None:
    """Refuse to take one collection for another of the same name.

    Raises:
        UsageError: if RAW gives its name only by chance to what was read from elsewhere.
    """
    before = store.raw_of(previous, source) if previous else None
    if settings.source is None and before is not None and _folder_of(before) != _folder_of(full_path(raw)):
        raise UsageError(
            f"the data set's source {source!r} was read from {before}, and RAW is {raw}: "
            f"to go on with that source give --source {source}, for another one another name"
        )


def _choose_attributions(into: Path, settings: Settings, previous: store.Version | None) -> Attributions:
    """Which attributions the quotes of the data set are of from now on.

    Raises:
        UsageError: if that is to change, and nothing was said of making all quotes anew.
    """
    if previous is None:
        return settings.attributions or "said"
    held = store.attributions_of(previous)
    if settings.attributions not in (None, held) and settings.redo != "all":
        raise UsageError(
            f"the quotes in {into} are of --attributions {held}, and this run is told {settings.attributions}: "
            f"leave it out to go on with {held}, or add --reprocess to make all its quotes anew"
        )
    return settings.attributions or held


def _choose_knowledge_base(into: Path, settings: Settings, previous: store.Version | None) -> KnowledgeBase | None:
    """What entities are linked to from now on, beside the lists that come with onrecord.

    Raises:
        UsageError: if its file cannot be read.
    """
    given = settings.knowledge_base
    if given is None and previous is not None:
        given = store.last_run(previous).knowledge_base
    if not given:
        return None
    path = Path(given).resolve()
    if settings.knowledge_base is None and not path.exists():
        raise UsageError(
            f"the entities in {into} are linked to {path}, which is gone: name the file with --knowledge-base FILE, "
            "or go on without one with --no-knowledge-base"
        )
    return KnowledgeBase(path, digest_knowledge(path))


def _folder_of(raw: str) -> str:
    """The folder that RAW is, or lies in."""
    return str(Path(raw).parent) if Path(raw).is_file() else raw


def source_name(raw: str) -> str:
    """The name of the collection that RAW is, or lies in.

    Raises:
        UsageError: if there is no such file or folder on this machine.
    """
    if is_remote(raw):
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


def _as_text(code: Mapping[str, str]) -> str:
    return " ".join(f"{part}={number}" for part, number in code.items())


def _is_redone(settings: Settings, code: Mapping[str, str], made: str, outcome: str, reason: str | None) -> bool:
    """Whether a run makes a record again that has not changed.

    Args:
        settings: the run's.
        code: the parts of the program that make records, each with its number.
        made: those that made this one, as text.
        outcome: what became of it.
        reason: why, where it was refused.
    """
    if settings.replay is not None and outcome == "reject" and (not settings.replay or reason in settings.replay):
        return True
    match settings.redo:
        case None:
            return False
        case "all":
            return True
        case "older":
            return made != _as_text(code)
        case part:
            return f"{part}={code[part]}" not in made.split()


def _import_validation_early() -> None:
    """Great Expectations takes seconds to import: do it beside the batches."""
    threading.Thread(target=__import__, args=("pipeline.validate",), daemon=True).start()
