"""The settings of a run: read once, by the command or the flow, and passed on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Literal

from pipeline.contract import Attributions, stable_id

VERSION = version("onrecord")
# The stages that shape rows. Raise a stage's number when its results may change.
STAGES: Mapping[str, int] = {"read": 1, "normalise": 1, "language": 1, "entities": 1, "quotes": 1, "copies": 1}
# Which unchanged records to curate again: all, those of older code, or those of an older model or stage.
Redo = Literal["all", "older", "model", "read", "normalise", "language", "entities", "quotes", "copies"]


def made_by(model_version: str) -> Mapping[str, str]:
    """Return the code that curates: the model's version and the number of each stage."""
    return {"model": model_version, **{stage: str(number) for stage, number in STAGES.items()}}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run."""

    source: str | None = None  # the collection's name; default: the RAW folder's
    publisher: str | None = None  # for records that do not name their own
    attributions: Attributions | None = None  # default: the data set's, or "said" for a new one
    knowledge_base: str | None = None  # a file; "" for none; default: the data set's
    redo: Redo | None = None  # which unchanged records to curate again
    replay: frozenset[str] | None = None  # curate only rejects with these reasons again; empty: with any
    is_rehashing: bool = False  # compare files by content, not by time and size
    is_pruning: bool = False  # remove articles whose raw files or records do not exist any more
    revision_days: int = 90  # how long older revisions are kept
    keep: str | None = None  # the versions to keep (history.parse_policy)
    workers: int = 0  # processes; 0 for one per processor
    threads: int = 1  # of the tagger, in each process
    limit: int | None = None  # the most files to read
    is_dry_run: bool = False  # return a sample and publish nothing
    fields: Mapping[str, str] = field(default_factory=dict)  # path of each field in a record, by the field's name
    batch_records: int = 50  # the most raw records of one task
    batch_bytes: int = 2_000_000  # a task ends with the record that reaches this size

    @property
    def shaping(self) -> str:
        """The settings that shape only the rows of this source, as JSON."""
        return json.dumps({"publisher": self.publisher, "fields": dict(self.fields)}, sort_keys=True)

    def recipe(self, attributions: Attributions, knowledge_sha256: str | None) -> str:
        """Return a fingerprint of the settings that shape rows. The code has its own (``made_by``)."""
        return stable_id(attributions, knowledge_sha256, self.shaping)
