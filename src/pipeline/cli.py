"""The command ``onrecord``: the same composition as the flows, without any server."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, get_args

from tqdm import tqdm

from pipeline import store
from pipeline.contract import TABLES, Attributions
from pipeline.curate import Progress, Summary, curate, full_path, read_records, silent
from pipeline.errors import ModelError, OnrecordError, UsageError
from pipeline.read import FIELDS, parse_path
from pipeline.settings import VERSION, Settings
from pipeline.show import describe_run, show_quote
from pipeline.verify import verify_version

EXAMPLES = {
    "curate": "example: onrecord curate raw --into curated --publisher 'Harbour Post'",
    "verify": "example: onrecord verify curated --raw raw",
    "show": "example: onrecord show curated 0123456789abcdef",
    "report": "example: onrecord report curated",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that knows ASCII only
    try:
        return int(options.run(options))
    except BrokenPipeError:  # who reads what is printed has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (UsageError, ModelError) as error:
        print(f"onrecord: {error}", file=sys.stderr)
        return 2
    except OnrecordError as error:
        print(f"onrecord: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("onrecord: stopped; nothing was published", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="onrecord",
        description="Raw news articles in, tables that people can trust out: articles, quotes and entities.",
        epilog="example: onrecord curate raw --into curated",
    )
    parser.add_argument("--version", action="version", version=f"onrecord {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = _command(commands, "curate", "curate what is new in RAW into the data set CURATED", _curate)
    command.add_argument(
        "raw", metavar="RAW", help="a file, or a folder that is read recursively; a path or a URL (s3://…)"
    )
    command.add_argument("--into", metavar="CURATED", type=Path, required=True, help="the data set; may not exist yet")
    command.add_argument(
        "--source", metavar="NAME", type=_name, help="the collection's name (default: the RAW folder's)"
    )
    command.add_argument(
        "--fields",
        metavar="NAME=PATH",
        type=_field,
        action="append",
        default=[],
        help="what a record's field is called, such as text=body.main; may be given several times",
    )
    command.add_argument(
        "--attributions",
        choices=get_args(Attributions),
        help="which attributions become quotes: what is said or written; or all, also what is believed, intended or found (default: the data set's; said for a new one)",
    )
    command.add_argument(
        "--reprocess",
        action="store_true",
        help="curate again what is known and has not changed; must be given to change --attributions",
    )
    knowledge = command.add_mutually_exclusive_group()
    knowledge.add_argument(
        "--knowledge-base",
        metavar="FILE",
        type=_name,
        help="entities of your own to link names to: Parquet or JSONL with id, name, aliases, type, description, popularity (default: the data set's)",
    )
    knowledge.add_argument(
        "--no-knowledge-base", dest="knowledge_base", action="store_const", const="", help="go on without one"
    )
    command.add_argument("--publisher", metavar="NAME", type=_name, help="for articles that do not name their own")
    command.add_argument(
        "--workers", metavar="N", type=_positive, default=0, help="processes (default: one a processor)"
    )
    command.add_argument(
        "--threads", metavar="N", type=_positive, default=1, help="threads of the tagger in each process (default: 1)"
    )
    command.add_argument("--limit", metavar="N", type=_positive, help="take at most N new or changed files")
    command.add_argument("--dry-run", action="store_true", help="show what would come out, and publish nothing")
    command.add_argument("--quiet", action="store_true", help="print nothing but errors")

    command = _command(commands, "verify", "check every offset, key and count of a data set", _verify)
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("--raw", metavar="RAW", help="also compare with the raw files there")
    command.add_argument("--source", metavar="NAME", help="which of the data set's collections RAW is")

    command = _command(commands, "show", "show a quote where it stands, its speaker and why, and its raw bytes", _show)
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("quote_id", metavar="QUOTE_ID")
    command.add_argument("--raw", metavar="RAW", help="where the raw files lie now (default: where they lay)")

    command = _command(commands, "report", "print the last run's summary and where its report lies", _report)
    command.add_argument("curated", metavar="CURATED", type=Path)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, meaning: str, run: object
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=meaning, description=f"{meaning[0].upper()}{meaning[1:]}.", epilog=EXAMPLES[name]
    )
    command.set_defaults(run=run)
    return command


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return number


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a name is blank")
    return text.strip()


def _field(text: str) -> tuple[str, str]:
    name, found, path = text.partition("=")
    if not found or name not in FIELDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH; NAME is one of: {', '.join(sorted(FIELDS))}")
    try:
        parse_path(path)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name, path


def _curate(options: argparse.Namespace) -> int:
    settings = Settings(
        source=options.source,
        publisher=options.publisher,
        fields=dict(options.fields),
        attributions=options.attributions,
        knowledge_base=options.knowledge_base,
        redo="all" if options.reprocess else None,
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


def describe(summary: Summary) -> str:
    """What a person reads when a run is over."""
    lines = [describe_run(summary.run, summary.outcome)]
    if summary.sample is not None:
        for quote in summary.sample.to_pylist():
            speaker = quote["speaker_name"] or quote["speaker"] or "nobody named"
            lines.append(f"  {speaker} ({quote['quote_type']}): {quote['text'][:100]}")
    if summary.report:
        lines.append(f"report     {summary.report}")
    return "\n".join(lines)


def _bar() -> Progress:
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
        if share >= last + 10 or done == total:  # a line each tenth: enough for a log
            last = share
            print(f"{done} of {total} {what}", file=sys.stderr)

    return show


def _verify(options: argparse.Namespace) -> int:
    version = store.open_version(options.curated)
    raw = read_records(options.raw, store.last_run(version)) if options.raw else None
    months = {name: version.months(name) for name, table in TABLES.items() if table.is_monthly}
    source = options.source or (store.source_at(version, full_path(options.raw)) if options.raw else None)
    found = verify_version(version.read, months, raw, source, version.read("records"))
    for name, count in found.counts.items():
        print(f"{count:>10,}  {name}")
    for difference in found.differences:
        print(f"differs: {difference}")
    print("all as it should be" if not found.differences else f"{found.difference_count} differences")
    return 1 if found.differences else 0


def _show(options: argparse.Namespace) -> int:
    version = store.open_version(options.curated)
    found = store.find_quote(version, options.quote_id)
    if found is None:
        raise UsageError(
            f"{options.curated} holds no quote {options.quote_id}; its ids are in the column quote_id of quotes"
        )
    article, quote, run = found
    print(show_quote(article, quote, read_records(options.raw or run.raw, run)))
    return 0


def _report(options: argparse.Namespace) -> int:
    version = store.open_version(options.curated)
    run = store.last_run(version)
    print(describe_run(run, "published"))
    page = store.report_path(options.curated, run.run_id)
    print(f"report     {page}")
    latest = store.latest_report(options.curated)
    if latest and latest.name > page.name:
        print(f"a later run published nothing: {latest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
