"""What is handed on from a data set: tables without the articles' words, and what people have looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from pipeline import corrections, join_text, store
from pipeline.accuracy import read_accuracy
from pipeline.contract import ALL_TABLES, TABLES, arrow_schema
from pipeline.corrections import GoldCount
from pipeline.export import export_shareable
from pipeline.settings import VERSION


def export(curated: Path, target: Path) -> None:
    """Write a data set without the articles' words.

    Raises:
        UsageError: if there is no data set, or ``target`` is in use or lies within it.
        StorageError: if the disk refuses.
    """
    version = store.open_version(curated)
    store.check_outside(curated, target)
    metadata = store.schema_metadata(VERSION, read_accuracy(), version.attributions)
    months = {name: version.months(name) for name, table in TABLES.items() if table.is_monthly}
    export_shareable(version.read, months, Path(join_text.__file__), target, metadata)


def write_gold(curated: Path, target: Path) -> GoldCount:
    """Write the quotes that people have confirmed or corrected, with their articles' texts.

    Raises:
        UsageError: if there is no data set, or ``target`` is in use or lies within it.
        StorageError: if the disk refuses.
    """
    version = store.open_version(curated)
    store.check_outside(curated, target)
    ids = set(version.read("reviewed", ["article_id"])["article_id"].to_pylist())

    def find(table: str, names: Sequence[str] | None = None) -> pa.Table:
        schema = arrow_schema(ALL_TABLES[table].row)
        nothing = schema.empty_table().select(names or schema.names)
        return pa.concat_tables(
            [nothing, *(rows.cast(nothing.schema) for _, rows in version.find(table, "article_id", ids, names))]
        )

    return corrections.write_gold(
        find("articles", ["article_id", "text"]), find("quotes"), find("mentions"), find("machine_quotes"), target
    )
