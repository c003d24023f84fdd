"""Keep the rows of a run on disk until they are published, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import ALL_TABLES, STAGED, arrow_schema
from pipeline.errors import StorageError

# A column of staged rows only: the number of the row's record in its batch. Two records may have one article_id.
STAGED_AT = "staged_at"
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of one article are staged."""

    batch: int
    at: int  # the number of its record in the batch (STAGED_AT)


class Staging:
    """Batches of rows as files in a folder, from which the rows of single articles are read."""

    def __init__(self, folder: Path) -> None:
        """Start with no rows.

        Args:
            folder: an empty folder that the caller removes.
        """
        self._folder = folder
        self._count = 0

    def add(self, rows: Mapping[str, pa.Table]) -> int:
        """Write a batch of rows by table, each with STAGED_AT, and return its number.

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
        """Yield the rows of some articles, batch by batch, without STAGED_AT."""
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


def stage(rows: pa.Table, number: int) -> pa.Table:
    """Return the rows of one article with STAGED_AT."""
    return rows.append_column(STAGED_AT, pa.array([number] * rows.num_rows, pa.int64()))


def no_rows(table: str) -> pa.Table:
    """Return a staged table without rows."""
    return stage(arrow_schema(ALL_TABLES[table].row).empty_table(), 0)
