"""What a worker makes of records."""

from __future__ import annotations

import time

import pytest

from pipeline import curate
from pipeline.batches import Task
from pipeline.contract import RawArticle, RawRef, Reject
from pipeline.curate import curate_batch
from pipeline.read import Options, RawRecord, read_record
from pipeline.read.records import record_ref


def record(number: int) -> RawRecord:
    text = f"The ferry sails again, harbour master number {number} said on Wednesday.".encode()
    return RawRecord(record_ref(RawRef("wire", "dump.jsonl", "", ""), number, text), "text", text, "text")


def test_rows_say_which_record_of_the_batch_they_are_of() -> None:
    batch = curate_batch(Task((record(1), record(2)), None, Options(), "said"))
    assert batch.rows["articles"]["raw_record"].to_pylist() == ["1", "2"]
    assert batch.rows["articles"]["staged_at"].to_pylist() == [0, 1]


def test_slow_record_is_rejected_and_its_neighbours_are_curated(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_slowly(one: RawRecord, options: Options) -> RawArticle | Reject:
        while one.ref.raw_record == "2":
            time.sleep(0.01)
        return read_record(one, options)

    monkeypatch.setattr(curate, "read_record", read_slowly)
    monkeypatch.setattr(curate, "RECORD_SECONDS", 2)
    batch = curate_batch(Task((record(1), record(2), record(3)), None, Options(), "said"))
    assert batch.rows["articles"]["raw_record"].to_pylist() == ["1", "3"]
    assert [(reject.raw_record, reject.reason) for reject in batch.rejects] == [("2", "too_slow")]
