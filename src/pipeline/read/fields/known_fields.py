"""The table of names: which key of a record stands for what. ``known_fields.tsv`` says where each name is from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

CONTENT = ("text", "fragment", "html")  # where the article itself is looked for, in this order
TEASER = "teaser"
SHOWN_NAMES, SHOWN_CHARACTERS = 30, 40


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: ``inside`` leads from the value of the key on to the value meant."""

    field: str
    rank: int
    inside: tuple[str, ...]


def fold(name: str) -> str:
    """A name as it is compared: whatever its case, and however its words are parted."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _read_table() -> dict[str, list[Row]]:
    """The table by folded key; a dotted name also by the whole of it, as the header of a flat table spells it."""
    table: dict[str, list[Row]] = {}
    lines = Path(__file__).with_name("known_fields.tsv").read_text("utf-8").splitlines()
    for rank, line in enumerate(line for line in lines if not line.startswith("#")):
        field, name, _dialect = line.split("\t")
        key, *inside = name.split(".")
        table.setdefault(fold(key), []).append(Row(field, rank, tuple(inside)))
        if inside:
            table.setdefault(fold(name), []).append(Row(field, rank, ()))
    return table


TABLE = _read_table()
FIELDS = frozenset(row.field for rows in TABLE.values() for row in rows)  # what ``--fields`` may name


def names_content(key: str) -> bool:
    """Whether the article itself may stand under a key."""
    return any(row.field in CONTENT for row in TABLE.get(fold(key), ()))


def list_names(names: Collection[str]) -> str:
    """The names that a record or table has, for a person: the first of them, none at any length."""
    shown = ", ".join(name[:SHOWN_CHARACTERS] for name in islice(names, SHOWN_NAMES))
    return shown + (" …" if len(names) > SHOWN_NAMES else "")
