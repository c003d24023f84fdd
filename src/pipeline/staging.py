"""Rows that a run has made and not yet published, on disk: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import ALL_TABLES, STAGED, arrow_schema
from pipeline.errors import StorageError

# A column of staged rows only: which article of its batch a row belongs to. Two records may hold one article.
STAGED_AT = "staged_at"
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of one staged article stand."""

    batch: int
    at: int


class Staging:
    """Batches of rows as files in a folder; what is read back is chosen article by article."""

    def __init__(self, folder: Path) -> None:
        """Start with no rows.

        Args:
            folder: an empty folder that the caller removes.
        """
        self._folder = folder
        self._count = 0

    def add(self, rows: Mapping[str, pa.Table]) -> int:
        """Keep a batch of rows, each with STAGED_AT.

        Returns:
            The number of the batch.

        Raises:
            StorageError: if the disk refuses.
        """
        try:
            for name in STAGED:
                with (
                    pa.OSFile(str(self._part(name, self._count)), "wb") as file,
                    pa.ipc.new_file(file, rows[name].schema, options=OPTIONS) as writer,
                ):
                    writer.write_table(rows[name])
        except OSError as error:
            raise StorageError(
                f"{self._folder} could not be written: {error}; nothing was published: make room and run again"
            ) from error
        self._count += 1
        return self._count - 1

    def read(self, table: str, places: Iterable[Place], columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows of some articles, batch by batch, without STAGED_AT."""
        chosen: dict[int, list[int]] = {}
        for place in places:
            chosen.setdefault(place.batch, []).append(place.at)
        for batch in sorted(chosen):
            with pa.memory_map(str(self._part(table, batch))) as file:
                rows = pa.ipc.open_file(file).read_all()
            rows = rows.filter(pc.is_in(rows[STAGED_AT], pa.array(chosen[batch], pa.int64())))
            yield rows.select(columns or arrow_schema(ALL_TABLES[table].row).names)

    def _part(self, table: str, batch: int) -> Path:
        return self._folder / f"{batch:06}-{table}.arrow"


def stage(rows: pa.Table, at: int) -> pa.Table:
    """Rows of one article, marked as such."""
    return rows.append_column(STAGED_AT, pa.array([at] * rows.num_rows, pa.int64()))


def no_rows(table: str) -> pa.Table:
    """A staged table without rows."""
    return stage(arrow_schema(ALL_TABLES[table].row).empty_table(), 0)
