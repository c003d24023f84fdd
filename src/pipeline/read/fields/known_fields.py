"""Known field names: which key of a record means which field. ``known_fields.tsv`` gives the source of each name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

CONTENT = ("text", "fragment", "html")  # fields that may contain the article, in the order of precedence
TEASER = "teaser"
MAX_LISTED_NAMES, MAX_NAME_CHARACTERS = 30, 40


@dataclass(frozen=True, slots=True)
class KnownField:
    """A line of the table."""

    field: str
    rank: int  # its precedence
    inside: tuple[str, ...]  # keys from the value under the first key to the field's value


def fold_name(name: str) -> str:
    """Return a name without case and separators, for comparing."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _read_table() -> dict[str, list[KnownField]]:
    """Return the table by folded key; a dotted name also in full, as in the header of a flat table."""
    table: dict[str, list[KnownField]] = {}
    lines = Path(__file__).with_name("known_fields.tsv").read_text("utf-8").splitlines()
    for rank, line in enumerate(line for line in lines if not line.startswith("#")):
        field, name, _dialect = line.split("\t")
        key, *inside = name.split(".")
        table.setdefault(fold_name(key), []).append(KnownField(field, rank, tuple(inside)))
        if inside:
            table.setdefault(fold_name(name), []).append(KnownField(field, rank, ()))
    return table


KNOWN_FIELDS = _read_table()
FIELDS = frozenset(known.field for rows in KNOWN_FIELDS.values() for known in rows)  # what ``--fields`` accepts


def names_content(key: str) -> bool:
    """Return whether a key may contain the article."""
    return any(known.field in CONTENT for known in KNOWN_FIELDS.get(fold_name(key), ()))


def list_names(names: Collection[str]) -> str:
    """Return the names of a record's or table's fields for a message, cut to a readable length."""
    listed = ", ".join(name[:MAX_NAME_CHARACTERS] for name in islice(names, MAX_LISTED_NAMES))
    return listed + (" …" if len(names) > MAX_LISTED_NAMES else "")
