"""The composition of a run: intake → winners → corrections → new version → published. Start reading here.

``curate`` is a whole run. It takes the way to run batches as an argument (``map_batches``), so that the command line
runs them in this process or a pool of processes, and a flow runs them as Prefect tasks, all over the same code.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from pipeline import store
from pipeline.batches import Batch, MapBatches, Task, in_processes
from pipeline.contract import ALL_TABLES, STAGED, ReadRaw, Reject, Run, to_table
from pipeline.curate.build import describe_run
from pipeline.curate.context import Progress, RunContext, Summary, full_path, silent
from pipeline.curate.copies import sign_article
from pipeline.curate.correct import correct_articles
from pipeline.curate.forgetting import finish_forgetting, forget
from pipeline.curate.intake import read_new_records
from pipeline.curate.maintain import compact, roll_back
from pipeline.curate.publish import build_and_publish
from pipeline.curate.start import check_raw, open_run, source_name
from pipeline.curate.winners import Winners, choose_winners, sample_quotes
from pipeline.drift import find_alerts_after_run
from pipeline.entities import complete_mentions, extract_mentions, summarise_entities
from pipeline.history import thin
from pipeline.language import read_language
from pipeline.limits import TooSlowError, time_limit
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes
from pipeline.read import Options, RawRecord, frame_file, locate, read_record
from pipeline.settings import Settings
from pipeline.staging import no_rows, stage

# For one record: hundreds of times what an article takes. 200,000 words took 144 s on a busy machine.
RECORD_SECONDS = 300

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
]


def curate(
    raw: str,
    into: Path,
    settings: Settings,
    *,
    map_batches: MapBatches | None = None,
    progress: Progress = silent,
) -> Summary:
    """Curate the raw records in RAW that are new or changed into a data set.

    Args:
        raw: a file, or a folder that is read recursively, on this machine or as a URL that fsspec understands. Nothing
            in it is changed.
        into: the data set; it need not exist.
        settings: what the run is asked to do.
        map_batches: runs the batches; by default in this process or a pool of processes.
        progress: called with the number of files read.

    Raises:
        UsageError: if ``raw`` or ``into`` cannot be used, or the settings contradict the data set's.
        ModelError: if a file of the language model is missing or damaged; nothing was published.
        UnreachableError: if the store with the raw files does not answer; nothing was published.
        LockedError: if another run is writing the data set.
        ValidationFailedError: if a rule on whole tables failed; nothing was published.
        StorageError: if the disk refuses; nothing was published.
    """
    check_raw(raw)
    run_batches = partial(map_batches or in_processes(settings.workers or os.cpu_count() or 1), curate_batch)
    if not settings.is_dry_run:
        finish_forgetting(into)
    with open_run(raw, into, settings) as run:
        intake = read_new_records(run, run_batches, progress)
        winners = choose_winners(run, intake, run_batches)
        corrected = correct_articles(run, winners)
        if not corrected.winners.intake.ledger.has_changed():
            return _report_nothing_to_do(run, corrected.winners)
        if settings.is_dry_run:
            row = describe_run(run, corrected.winners, None)
            return Summary("dry run", row, None, sample_quotes(run, corrected.winners))
        summary = build_and_publish(run, corrected)
        if settings.replay is None:
            thin(into, settings.keep)
        return summary


def _report_nothing_to_do(run: RunContext, winners: Winners) -> Summary:
    row = describe_run(run, winners, run.previous)
    alerts = find_alerts_after_run(run.previous, row, (), run.started_at, run.drift_settings)
    return Summary("nothing to do", row, store.latest_report(run.into), alerts=alerts)


def curate_batch(task: Task) -> Batch:
    """Return the rows of a task's records; a record that fails, or takes too long, is a reject."""
    parts: dict[str, list[pa.Table]] = {name: [no_rows(name)] for name in STAGED}
    rejects: list[Reject] = []
    for number, framed in enumerate(task.records):
        record = framed.digested()
        try:
            with time_limit(RECORD_SECONDS):
                result = _curate_record(record, task)
        except TooSlowError:
            detail = f"curating it took more than {RECORD_SECONDS} s, but an article usually takes less than 1 s; look at it, or split it"
            result = Reject.of(record.ref, stage="read", reason="too_slow", detail=detail)
        if isinstance(result, Reject):
            rejects.append(result)
        else:
            for name, rows in result.items():
                parts[name].append(stage(rows, number))
    # Combined, because each chunk costs some 20 kB and makes reading single articles slow.
    return Batch({name: pa.concat_tables(tables).combine_chunks() for name, tables in parts.items()}, tuple(rejects))


def _curate_record(record: RawRecord, task: Task) -> dict[str, pa.Table] | Reject:
    """Return the rows of one raw record by table: the path of an article through the stages."""
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


def read_records(raw: str, run: Run) -> ReadRaw:
    """Return a function that reads the raw records of a file in RAW, by raw_path, as a run read them."""
    options = Options(json.loads(run.settings)["fields"])

    def read(raw_path: str) -> Iterator[tuple[str, bytes]]:
        for item in frame_file(locate(raw, source_name(raw), raw_path), options):
            if isinstance(item, RawRecord):
                yield item.ref.raw_record, item.data

    return read
