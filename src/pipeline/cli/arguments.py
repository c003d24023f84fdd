"""Helpers to declare commands and their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Commands = argparse._SubParsersAction  # argparse has no public name for it


def add_command(
    commands: Commands[argparse.ArgumentParser],
    run: Callable[[argparse.Namespace], int],
    name: str,
    meaning: str,
    example: str,
) -> argparse.ArgumentParser:
    """Add a command with its help; ``run`` returns its exit code."""
    command = commands.add_parser(
        name,
        help=meaning,
        description=f"{meaning[0].upper()}{meaning[1:]}.",
        epilog=f"example: onrecord {name} {example}",
    )
    command.set_defaults(run=run)
    return command


def positive(text: str) -> int:
    """Return a whole number from 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return number


def name(text: str) -> str:
    """Return a name that is not blank."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is blank")
    return text.strip()


def field(text: str) -> tuple[str, str]:
    """Return the name of a field and its path in a record, from NAME=PATH."""
    from pipeline.read import FIELDS, parse_path  # late: few runs name fields

    name, found, path = text.partition("=")
    if not found or name not in FIELDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH; NAME is one of: {', '.join(sorted(FIELDS))}")
    try:
        parse_path(path)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name, path
