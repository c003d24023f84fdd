"""Commands that read a data set and change nothing.

Each command imports what it runs, here and in the modules beside this one, so that ``--help`` and a mistyped argument
load nothing heavy.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.cli.arguments import Commands, add_command
from pipeline.errors import StorageError, UsageError

SHOWN = 20  # changes of each kind on the terminal
SHOWN_ON_PAGE = 1_000


def add_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the commands."""
    command = add_command(
        commands, _verify, "verify", "check every offset, key and count of a data set", "curated --raw raw"
    )
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("--raw", metavar="RAW", help="also compare with these raw files, byte for byte")
    command.add_argument("--source", metavar="NAME", help="which of the data set's collections RAW is")

    meaning = "show a quote in its context, why it has its speaker, and its raw bytes"
    command = add_command(commands, _show, "show", meaning, "curated 0123456789abcdef")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("quote_id", metavar="QUOTE_ID")
    command.add_argument("--raw", metavar="RAW", help="where the raw files are now (default: where they were)")

    meaning = "print the last run's summary and where its report is"
    command = add_command(commands, _report, "report", meaning, "curated")
    command.add_argument("curated", metavar="CURATED", type=Path)

    meaning = "list the kept versions and the disk space of each"
    command = add_command(commands, _versions, "versions", meaning, "curated")
    command.add_argument("curated", metavar="CURATED", type=Path)

    meaning = "print the path of a version, for pandas, DuckDB and polars to read"
    command = add_command(commands, _at, "at", meaning, "curated 20260101T060000Z-1a2b")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("run_id", metavar="RUN_ID")

    meaning = "show what changed from one version to another, and why"
    command = add_command(commands, _diff, "diff", meaning, "curated 20260101T060000Z-1a2b --html changes.html")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("run_a", metavar="RUN_A")
    command.add_argument("run_b", metavar="RUN_B", nargs="?", help="default: the current version")
    command.add_argument(
        "--html", metavar="FILE", type=Path, help="also write a page, with more changes than fit a terminal"
    )

    meaning = "compare the 24 hours before the last run with each publisher's baseline"
    command = add_command(commands, _drift, "drift", meaning, "curated --strict")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("--strict", action="store_true", help="exit with 1 if a measure is unusual")


def _verify(options: argparse.Namespace) -> int:
    from pipeline import store
    from pipeline.curate import full_path, read_records
    from pipeline.verify import verify_version

    version = store.open_version(options.curated)
    raw = read_records(options.raw, version.last_run()) if options.raw else None
    source = options.source or (version.source_of(full_path(options.raw)) if options.raw else None)
    found = verify_version(version, raw, source)
    for name, count in found.counts.items():
        print(f"{count:>10,}  {name}")
    for difference in found.differences:
        print(f"differs: {difference}")
    print("no differences" if not found.differences else f"{found.difference_count} differences")
    return 1 if found.differences else 0


def _show(options: argparse.Namespace) -> int:
    from pipeline import store
    from pipeline.curate import read_records
    from pipeline.show import show_quote

    version = store.open_version(options.curated)
    found = version.find_quote(options.quote_id)
    if found is None:
        raise UsageError(
            f"{options.curated} has no quote {options.quote_id}; the column quote_id of the table quotes lists the ids"
        )
    article, quote, run = found
    print(show_quote(article, quote, read_records(options.raw or run.raw, run)))
    return 0


def _report(options: argparse.Namespace) -> int:
    from pipeline import store
    from pipeline.show import describe_run

    version = store.open_version(options.curated)
    run = version.last_run()
    print(describe_run(run, "published"))
    page = store.report_path(options.curated, run.run_id)
    print(f"report     {page}")
    latest = store.latest_report(options.curated)
    if latest and latest.name > page.name:
        print(f"a later run, which is not in this version, has the report {latest}")
    return 0


def _versions(options: argparse.Namespace) -> int:
    from pipeline.history import describe_versions

    print(describe_versions(options.curated))
    return 0


def _at(options: argparse.Namespace) -> int:
    from pipeline import store

    print(store.find_version(options.curated, options.run_id).path.resolve())
    return 0


def _diff(options: argparse.Namespace) -> int:
    from pipeline import store
    from pipeline.diff import compare, describe_difference, write_diff_html

    if options.html:
        store.check_outside(options.curated, options.html)
        if options.html.is_dir():
            raise UsageError(f"--html {options.html} is a folder; name a file in it")
    before = store.find_version(options.curated, options.run_a)
    after = store.find_version(options.curated, options.run_b) if options.run_b else store.open_version(options.curated)
    difference = compare(before, after, SHOWN_ON_PAGE if options.html else SHOWN)
    print(describe_difference(difference, SHOWN))
    if options.html:
        try:
            write_diff_html(options.html, difference)
        except OSError as error:
            raise StorageError(f"{options.html} cannot be written: {error.strerror}; name another file") from error
        print(f"page       {options.html}")
    return 0


def _drift(options: argparse.Namespace) -> int:
    from pipeline.drift import describe_drift, measure_data_set

    drift = measure_data_set(options.curated)
    print(describe_drift(drift))
    return 1 if options.strict and any(measure.is_unusual for measure in drift) else 0
