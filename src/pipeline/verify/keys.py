"""Checks of ids and of keys between tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import TABLES, Table, columns
from pipeline.store import Version
from pipeline.verify.verification import Verification

# For each row of one table, the position of the row of another table that it belongs to; -1 if there is none.
Positions = npt.NDArray[np.int64]


def join_keys(rows: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Return several columns joined into one; ``show_key`` makes a value readable."""
    return pc.binary_join_element_wise(*(rows[name].cast(pa.string()) for name in names), "\0")


def show_key(key: str) -> str:
    """Return a joined key as a person reads it."""
    return key.replace("\0", " ")


def locate(values: pa.Array | pa.ChunkedArray, among: pa.ChunkedArray) -> Positions:
    """Return the position of each value among others; -1 if it is not among them."""
    positions: Positions = pc.fill_null(pc.index_in(values, among.combine_chunks()), -1).to_numpy().astype(np.int64)
    return positions


def verify_keys(found: Verification, version: Version, months: Sequence[str]) -> None:
    """Check that ids are unique and that every foreign key resolves."""
    for table in TABLES.values():
        _verify_unique(found, version, table, months)
        for column in columns(table.row):
            if column.column and column.column.references:
                _verify_reference(found, version, table, column.name, column.column.references, months)


def _verify_unique(found: Verification, version: Version, table: Table, months: Sequence[str]) -> None:
    unique = {(column.name,) for column in columns(table.row) if column.column and column.column.unique}
    for key in sorted({table.sort, *unique}):
        for span in _month_spans(table, months):
            rows = version.read(table.name, key, span)
            counted = rows.group_by(list(key)).aggregate([([], "count_all")])
            repeated = counted.filter(pc.greater(counted["count_all"], 1)).to_pylist()
            lines = (f"{table.name}: {row.pop('count_all')} rows have {row}" for row in repeated)
            found.check("unique ids", counted.num_rows, lines)


def _month_spans(table: Table, months: Sequence[str]) -> list[list[str] | None]:
    """Return the groups of months in each of which a table's keys can be checked; None for the whole table.

    All rows about an article are in its month, and an article is in one month only. So only the keys of ``articles``
    must be checked over all months.
    """
    return [[month] for month in months] if table.is_monthly and table.name != "articles" else [None]


def _verify_reference(
    found: Verification, version: Version, table: Table, column: str, references: str, months: Sequence[str]
) -> None:
    other, other_column = references.split(".")
    spans = _month_spans(table, months)
    values = [pc.unique(version.read(table.name, [column], span)[column]).drop_null() for span in spans]
    if None in spans or not TABLES[other].is_monthly:  # read the other table once: it may be large
        spans, values = [None], [pa.chunked_array(values, pa.string())]
    for span, used in zip(spans, values, strict=True):
        is_known = pc.is_in(used, version.read(other, [other_column], span)[other_column].combine_chunks())
        unknown = used.filter(pc.invert(is_known)).to_pylist()
        where = f"{references} of {span[0]}" if span else references
        lines = (f"{table.name}.{column} {value}: not in {where}" for value in unknown)
        found.check("keys between tables", len(used), lines)
