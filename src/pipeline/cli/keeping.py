"""Commands that keep a data set: go back, tidy up, take out, hand on."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.cli.arguments import Commands, add_command, name
from pipeline.errors import UsageError


def add_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare them."""
    meaning = "make an older version the current one again; the next run goes on from there"
    command = add_command(commands, _rollback, "rollback", meaning, "curated 20260101T060000Z-1a2b")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("run_id", metavar="RUN_ID")

    meaning = "bring a data set's small files together; its rows stay as they are"
    command = add_command(commands, _compact, "compact", meaning, "curated")
    command.add_argument("curated", metavar="CURATED", type=Path)

    meaning = "take articles out of all tables and kept versions, and keep them out of later runs"
    command = add_command(
        commands, _forget, "forget", meaning, "curated --url https://example.com/story --reason takedown"
    )
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("--url", metavar="URL", action="append", default=[], help="an article's address")
    command.add_argument("--article-id", metavar="ID", action="append", default=[], help="an article's id")
    command.add_argument("--reason", metavar="WORDS", type=name, required=True, help="why; kept with the id")

    meaning = "write a data set without the articles' words, and what joins them back from the raw files"
    command = add_command(commands, _export, "export", meaning, "curated --without-text shared")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("--without-text", metavar="TARGET", type=Path, required=True, help="a new folder")

    meaning = "write what people have confirmed and corrected, to train and to measure on"
    command = add_command(commands, _gold, "gold", meaning, "curated gold")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("target", metavar="TARGET", type=Path, help="a new folder")


def _rollback(options: argparse.Namespace) -> int:
    from pipeline.curate import roll_back

    roll_back(options.curated, options.run_id)
    print(f"{options.curated} is as run {options.run_id} left it; what later runs read, the next one reads again")
    return 0


def _compact(options: argparse.Namespace) -> int:
    from pipeline.curate import compact

    fewer = compact(options.curated)
    print(f"{fewer:,} files fewer" if fewer else "nothing to do")
    return 0


def _forget(options: argparse.Namespace) -> int:
    from pipeline.curate import forget

    if not options.url and not options.article_id:
        raise UsageError("name what is to be forgotten, with --url or --article-id")
    forgotten = forget(options.curated, options.url, options.article_id, options.reason)
    for article_id in forgotten.article_ids:
        was_there = article_id in forgotten.taken_out
        print(f"{article_id}  {'taken out, and ' if was_there else 'was not there; '}kept out from now on")
    if forgotten.reports:
        print(f"reports    {len(forgotten.reports):,} that told of it are removed")
    print("raw files  are left alone: remove them where they lie")
    return 0


def _export(options: argparse.Namespace) -> int:
    from pipeline.curate import export

    export(options.curated, options.without_text)
    print(f"written    {options.without_text}, with README.md and join_text.py")
    return 0


def _gold(options: argparse.Namespace) -> int:
    from pipeline.curate import write_gold

    count = write_gold(options.curated, options.target)
    print(f"{count.quotes:,} quotes of {count.articles:,} articles, {count.annotated:,} of them annotated whole")
    return 0
