"""The composition: plan → batches → settle → validate → build → publish → report. Start reading here.

``curate`` is the whole of a run. It takes the way to run batches as an argument (``map_batches``), so that the command
runs them in this process or in a pool, and a flow as tasks of its orchestrator, all over the same code.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pyarrow as pa

from pipeline import store
from pipeline.batches import Batch, MapBatches, Task, in_processes
from pipeline.contract import ALL_TABLES, STAGED, ReadRaw, Reject, Run, to_table
from pipeline.curate.build import describe_run
from pipeline.curate.copies import sign_article
from pipeline.curate.correct import correct_articles
from pipeline.curate.intake import plan, read_files
from pipeline.curate.maintain import compact, finish_forgetting, forget, roll_back
from pipeline.curate.publish import build_and_publish
from pipeline.curate.start import check_raw, open_work, source_name
from pipeline.curate.winners import sample_quotes, settle_and_validate
from pipeline.curate.work import Progress, Summary, full_path, silent
from pipeline.drift import find_alerts_after_run
from pipeline.entities import build_knowledge, complete_mentions, extract_mentions, summarise_entities
from pipeline.history import thin
from pipeline.language import read_language
from pipeline.limits import TooSlowError, time_limit
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes
from pipeline.read import Options, RawRecord, frame_file, locate, read_record
from pipeline.settings import Settings
from pipeline.staging import no_rows, stage

# Seconds that one record may take: hundreds of times what a usual article does. 200,000 words took 144 on a busy machine.
RECORD_SECONDS = 300
VALIDATION = "pipeline.validate"  # which takes seconds to import

__all__ = [
    "Progress",
    "Summary",
    "compact",
    "curate",
    "curate_batch",
    "forget",
    "full_path",
    "read_records",
    "roll_back",
    "silent",
    "source_name",
]


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
    check_raw(raw)
    with ExitStack() as stack:
        run = map_batches or in_processes(settings.workers or os.cpu_count() or 1, is_free=VALIDATION in sys.modules)
        if not settings.is_dry_run:
            finish_forgetting(into)
        work = open_work(stack, raw, into, settings, partial(run, curate_batch), progress)
        todo = plan(work)
        if todo:
            _import_validation_early()
        if todo and work.knowledge_base:
            with work.timed("knowledge base"):
                work.knowledge = build_knowledge(work.knowledge_base.path, work.scratch)
        read_files(work, todo)
        if settings.is_pruning:
            work.ledger.prune(work.source)
        winners, reviewed = correct_articles(work, into, settle_and_validate(work))
        if not work.ledger.has_changed():
            told = describe_run(work, work.previous)
            alerts = find_alerts_after_run(work.previous, told, (), work.started_at, work.watching)
            return Summary("nothing to do", told, store.latest_report(into), alerts=alerts)
        if settings.is_dry_run:
            return Summary("dry run", describe_run(work, None), None, sample_quotes(work, winners))
        summary = build_and_publish(work, into, winners, reviewed)
        if settings.replay is None:
            thin(into, settings.keep)
        return summary


def read_records(raw: str, run: Run) -> ReadRaw:
    """How to read the raw files at RAW again, as a run read them."""
    options = Options(json.loads(run.settings)["fields"])

    def read(raw_path: str) -> Iterator[tuple[str, bytes]]:
        for item in frame_file(locate(raw, source_name(raw), raw_path), options):
            if isinstance(item, RawRecord):
                yield item.ref.raw_record, item.data

    return read


def _import_validation_early() -> None:
    """Great Expectations takes seconds to import: do it beside the batches."""
    threading.Thread(target=__import__, args=(VALIDATION,), daemon=True).start()
