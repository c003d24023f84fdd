"""Maintain a data set between runs: compact its files, roll it back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipeline import store
from pipeline.accuracy import read_accuracy
from pipeline.curate.build import count_part
from pipeline.curate.publish import write_index
from pipeline.curate.start import new_run_id
from pipeline.settings import VERSION


def compact(curated: Path) -> int:
    """Merge a data set's small files; its rows do not change.

    Returns:
        How many files fewer its tables have; 0 if there was nothing to merge.

    Raises:
        UsageError: if there is no data set.
        LockedError: if a run is writing it.
        StorageError: if the disk refuses; nothing was published.
    """
    store.open_version(curated)  # before the lock, which would create a folder
    with store.writing(curated):
        previous = store.open_version(curated)
        metadata = store.schema_metadata(VERSION, read_accuracy(), previous.attributions)
        with store.building(curated, new_run_id(datetime.now(UTC))) as version:
            fewer = store.repack(version, previous, count_part, metadata)
            if fewer:
                store.publish(curated, version)
        if not fewer:
            store.discard(version.path)
    return fewer


def roll_back(curated: Path, run_id: str) -> None:
    """Make an older version the current one. The next run continues from it.

    Raises:
        UsageError: if there is no such version.
        LockedError: if a run is writing the data set.
    """
    store.find_version(curated, run_id)  # before the lock, which would create a folder
    with store.writing(curated):
        store.roll_back(curated, store.find_version(curated, run_id))
        write_index(curated)
