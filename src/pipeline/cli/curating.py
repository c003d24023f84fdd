"""Commands that curate."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pipeline.cli.arguments import Commands, add_command, field, name, positive
from pipeline.contract import READ_REASONS, ROW_EXPECTATIONS, Attributions
from pipeline.errors import UsageError
from pipeline.settings import Redo, Settings

if TYPE_CHECKING:
    from tqdm import tqdm

    from pipeline.curate import Progress, Summary


def add_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the commands."""
    _add_curate(commands)
    _add_replay(commands)


def _add_curate(commands: Commands[argparse.ArgumentParser]) -> None:
    command = add_command(
        commands,
        _curate,
        "curate",
        "curate the new and changed records of RAW into the data set CURATED",
        "raw --into curated --publisher 'Harbour Post'",
    )
    command.add_argument("raw", metavar="RAW", help="a file, a folder (read recursively) or a URL (s3://…)")
    _add_options_for_rows(command)
    _add_options_for_the_run(command)


def _add_options_for_rows(command: argparse.ArgumentParser) -> None:
    """Add the options that decide what is read and what it becomes."""
    command.add_argument(
        "--into", metavar="CURATED", type=Path, required=True, help="the data set; created if it does not exist"
    )
    command.add_argument(
        "--source", metavar="NAME", type=name, help="name of the collection (default: the RAW folder's name)"
    )
    command.add_argument(
        "--fields",
        metavar="NAME=PATH",
        type=field,
        action="append",
        default=[],
        help="where records have a field, such as text=body.main; may be given several times",
    )
    command.add_argument(
        "--attributions",
        choices=get_args(Attributions),
        help="which attributions become quotes. said: what is said or written; all: also what is believed, intended or found (default: as in the data set; said for a new one)",
    )
    command.add_argument(
        "--reprocess",
        nargs="?",
        const="all",
        choices=get_args(Redo),
        metavar="WHAT",
        help="recompute unchanged records: all (the default; needed to change --attributions), older (made by older code), model, or a stage: read, normalise, language, entities, quotes, copies (made by an older model or stage)",
    )
    command.add_argument("--rehash", action="store_true", help="open every file to see whether it has changed")
    command.add_argument("--prune", action="store_true", help="remove articles whose raw files or records are gone")
    knowledge = command.add_mutually_exclusive_group()
    knowledge.add_argument(
        "--knowledge-base",
        metavar="FILE",
        type=name,
        help="entities of your own to link names to: Parquet or JSON Lines with id, name, aliases, type, description, popularity (default: as in the data set)",
    )
    knowledge.add_argument(
        "--no-knowledge-base",
        dest="knowledge_base",
        action="store_const",
        const="",
        help="stop using the data set's knowledge base",
    )
    command.add_argument("--publisher", metavar="NAME", type=name, help="publisher of articles that do not name theirs")


def _add_options_for_the_run(command: argparse.ArgumentParser) -> None:
    """Add the options that decide how the run works and what it keeps."""
    command.add_argument(
        "--workers", metavar="N", type=positive, default=0, help="processes (default: one for each processor)"
    )
    command.add_argument(
        "--threads", metavar="N", type=positive, default=1, help="threads of the tagger in each process (default: 1)"
    )
    command.add_argument("--limit", metavar="N", type=positive, help="read at most N new or changed files")
    command.add_argument("--dry-run", action="store_true", help="show what would come out, and publish nothing")
    command.add_argument(
        "--keep-revisions",
        metavar="DAYS",
        type=positive,
        default=90,
        help="days to keep replaced revisions in article_revisions and quote_revisions (default: 90)",
    )
    command.add_argument(
        "--keep",
        metavar="POLICY",
        help="which versions to keep: the last of each hour, day and week for as long as named, and all of 24 hours (default: hours=48,days=30,weeks=52)",
    )
    command.add_argument("--quiet", action="store_true", help="print only errors")


def _add_replay(commands: Commands[argparse.ArgumentParser]) -> None:
    command = add_command(
        commands, _replay, "replay", "try rejected records again, after a fix", "curated --reason broken_record"
    )
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument(
        "--reason",
        metavar="REASON",
        choices=(*READ_REASONS, *ROW_EXPECTATIONS),
        action="append",
        default=[],
        help="only records rejected for this reason; may be given several times (default: all)",
    )
    command.add_argument("--raw", metavar="RAW", help="where the raw files are now (default: where they were)")
    command.add_argument("--source", metavar="NAME", help="only this collection (default: all with rejects)")
    command.add_argument("--quiet", action="store_true", help="print only errors")


def _curate(options: argparse.Namespace) -> int:
    from pipeline.curate import curate, silent

    settings = Settings(
        source=options.source,
        publisher=options.publisher,
        fields=dict(options.fields),
        attributions=options.attributions,
        knowledge_base=options.knowledge_base,
        redo=options.reprocess,
        is_rehashing=options.rehash,
        is_pruning=options.prune,
        revision_days=options.keep_revisions,
        keep=options.keep,
        workers=options.workers,
        threads=options.threads,
        limit=options.limit,
        is_dry_run=options.dry_run,
    )
    progress = silent if options.quiet else _bar() if sys.stderr.isatty() else _lines()
    summary = curate(options.raw, options.into, settings, progress=progress)
    if not options.quiet:
        print(describe(summary))
    return 0


def _replay(options: argparse.Namespace) -> int:
    from pipeline import store
    from pipeline.curate import curate

    version = store.open_version(options.curated)
    sources = version.rejected_sources(options.reason)
    chosen = [source for source in sources if options.source in (None, source)]
    if options.raw and len(chosen) > 1:
        raise UsageError(f"{options.raw} may be any of {', '.join(chosen)}; say which with --source")
    if not chosen:
        print("no rejects" + (f" for {', '.join(options.reason)}" if options.reason else ""))
    for source in chosen:
        run = version.last_run(source)
        settings = Settings(source=source, replay=frozenset(options.reason), **json.loads(run.settings))
        summary = curate(options.raw or run.raw, options.curated, settings)
        if not options.quiet:
            print(describe(summary))
    return 0


def describe(summary: Summary) -> str:
    """Return the lines that a person reads when a run is over."""
    from pipeline.show import describe_run

    lines = [describe_run(summary.run, summary.outcome)]
    if summary.sample is not None:
        for quote in summary.sample.to_pylist():
            speaker = quote["speaker_name"] or quote["speaker"] or "nobody named"
            lines.append(f"  {speaker} ({quote['quote_type']}): {quote['text'][:100]}")
    if summary.waiting:
        lines.append(f"corrections {summary.waiting:,} wait: their quotes are missing now")
    lines += [f"warning    {alert.detail}" for alert in summary.alerts]
    if summary.report:
        lines.append(f"report     {summary.report}")
    return "\n".join(lines)


def _bar() -> Progress:
    from tqdm import tqdm

    bar: tqdm[Any] | None = None

    def show(what: str, done: int, total: int) -> None:
        nonlocal bar
        bar = bar or tqdm(total=total, unit=f" {what}")
        bar.update(done - bar.n)
        if done == total:
            bar.close()
            bar = None

    return show


def _lines() -> Progress:
    last = -10

    def show(what: str, done: int, total: int) -> None:
        nonlocal last
        share = 100 * done // total
        if share >= last + 10 or done == total:  # one line for each tenth: enough for a log
            last = share
            print(f"{done} of {total} {what}", file=sys.stderr)

    return show
