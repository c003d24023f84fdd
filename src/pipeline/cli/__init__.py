"""The command ``onrecord``: the same composition as the flows, without any server."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from pipeline.cli import curating, keeping, looking
from pipeline.cli.curating import describe
from pipeline.errors import ModelError, OnrecordError, UsageError
from pipeline.settings import VERSION

__all__ = ["describe", "main"]

# Python collects garbage every 700 objects by default. A run imports half a million objects that stay, and collecting
# that often takes a sixth of its time.
GARBAGE = (50_000, 5, 5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    gc.set_threshold(*GARBAGE)
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for a terminal that only knows ASCII
    try:
        return int(options.run(options))
    except BrokenPipeError:  # the reader of a pipe has closed it
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
    for part in (curating, looking, keeping):
        part.add_commands(commands)
    return parser
