"""Read the word lists in this folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def read_words(name: str, section: str = "") -> frozenset[str]:
    """Return the words of ``name``, a file in this folder with words separated by white space.

    Lines that start with ``#`` are comments; the first says where the words are from. A line ``[section]`` starts a
    section; without ``section`` the words before the first such line are returned.
    """
    return frozenset(word for line in read_lines(name, section) for word in line.split())


@cache
def read_lines(name: str, section: str = "") -> tuple[str, ...]:
    """Return the lines of ``name``, one entry a line, in the order of the file; comments and sections as above."""
    return tuple(_lines_of(name, section))


def _lines_of(name: str, section: str) -> Iterator[str]:
    current, found = "", section == ""
    for line in Path(__file__).with_name(name).read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("[") and line.endswith("]"):
            current = line[1:-1]
            found = found or current == section
        elif current == section:
            yield line.strip()
    if not found:
        raise KeyError(f"{name} has no section [{section}]")


def read_table(name: str, section: str = "") -> dict[str, str]:
    """Return the second column of ``name`` by the first, in the order of the file; columns are separated by a tab."""
    rows = (line.partition("\t") for line in read_lines(name, section))
    return {key: value for key, _, value in rows}


def any_of(name: str, section: str = "") -> str:
    r"""Return a regular expression that matches any word of ``name``, without a group around it.

    Close it with ``\b`` or white space, so that no word matches only the beginning of a longer one.
    """
    return "|".join(re.escape(word) for line in read_lines(name, section) for word in line.split())


def read_alternatives(name: str, section: str = "") -> str:
    """Return the lines of ``name``, each a regular expression, joined with ``|`` in the order of the file."""
    return "|".join(read_lines(name, section))
