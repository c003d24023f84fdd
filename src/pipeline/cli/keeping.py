"""Commands that maintain a data set: roll back, compact, forget, export."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipeline.cli.arguments import Commands, add_command, name
from pipeline.errors import UsageError


def add_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the commands."""
    meaning = "make an older version the current one; the next run continues from it"
    command = add_command(commands, _rollback, "rollback", meaning, "curated 20260101T060000Z-1a2b")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("run_id", metavar="RUN_ID")

    meaning = "merge a data set's small files; the rows stay the same"
    command = add_command(commands, _compact, "compact", meaning, "curated")
    command.add_argument("curated", metavar="CURATED", type=Path)

    meaning = "remove articles from all tables and kept versions, and keep them out of later runs"
    command = add_command(
        commands, _forget, "forget", meaning, "curated --url https://example.com/story --reason takedown"
    )
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("--url", metavar="URL", action="append", default=[], help="an article's address")
    command.add_argument("--article-id", metavar="ID", action="append", default=[], help="an article's id")
    command.add_argument("--reason", metavar="WORDS", type=name, required=True, help="why; stored with the id")

    meaning = "write tables without the articles' words, and a program that adds the words again from the raw files"
    command = add_command(commands, _export, "export", meaning, "curated --without-text shared")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("--without-text", metavar="TARGET", type=Path, required=True, help="a new folder")

    meaning = "write the quotes that people confirmed or corrected, to train and measure on"
    command = add_command(commands, _gold, "gold", meaning, "curated gold")
    command.add_argument("curated", metavar="CURATED", type=Path)
    command.add_argument("target", metavar="TARGET", type=Path, help="a new folder")


def _rollback(options: argparse.Namespace) -> int:
    from pipeline.curate import roll_back

    roll_back(options.curated, options.run_id)
    print(f"{options.curated} is as run {options.run_id} left it; the next run reads again what later runs had read")
    return 0


def _compact(options: argparse.Namespace) -> int:
    from pipeline.curate import compact

    fewer = compact(options.curated)
    print(f"{fewer:,} files fewer" if fewer else "nothing to do")
    return 0


def _forget(options: argparse.Namespace) -> int:
    from pipeline.curate import forget

    if not options.url and not options.article_id:
        raise UsageError("name the articles to forget, with --url or --article-id")
    forgotten = forget(options.curated, options.url, options.article_id, options.reason)
    for article_id in forgotten.article_ids:
        removed = "removed" if article_id in forgotten.removed else "not in the data set"
        print(f"{article_id}  {removed}; kept out of later runs")
    if forgotten.reports:
        print(f"reports    {len(forgotten.reports):,} removed, because they named an article")
    print("raw files  not changed: remove them yourself")
    return 0


def _export(options: argparse.Namespace) -> int:
    from pipeline import store
    from pipeline.share import export_without_text

    version = store.open_version(options.curated)
    store.check_outside(options.curated, options.without_text)
    export_without_text(version, options.without_text)
    print(f"written    {options.without_text}, with README.md and join_text.py")
    return 0


def _gold(options: argparse.Namespace) -> int:
    from pipeline import store
    from pipeline.share import write_gold

    version = store.open_version(options.curated)
    store.check_outside(options.curated, options.target)
    count = write_gold(version, options.target)
    print(f"{count.quotes:,} quotes of {count.articles:,} articles, {count.annotated:,} of them annotated whole")
    return 0
