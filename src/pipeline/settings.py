"""What a run may be told. Read once, at the command or the flow, and passed on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from pipeline.contract import stable_id

VERSION = version("onrecord")
MODEL_VERSION = "rules-2"
# Measured for MODEL_VERSION by `make corpus`; it travels with the tables.
ACCURACY: Mapping[str, object] = {
    "corpus": "PolNeAR dev, 84 articles",
    "quoted_f1_at_.3": 0.859,
    "direct_recall_at_.8": 0.866,
    "quoted_speaker_accuracy_at_.3": 0.813,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run."""

    source: str | None = None  # the collection's name; default: the RAW folder's
    publisher: str | None = None  # for records that do not name their own
    workers: int = 0  # processes; 0: one a processor
    limit: int | None = None  # at most so many files
    is_dry_run: bool = False  # show what would come out and publish nothing
    fields: Mapping[str, str] = field(default_factory=dict)  # what a record's fields are called: name → path
    batch_records: int = 50  # raw records, and
    batch_bytes: int = 2_000_000  # raw bytes, that one worker takes at a time

    @property
    def shaping(self) -> str:
        """The settings that shape rows, as JSON."""
        return json.dumps({"publisher": self.publisher, "fields": dict(self.fields)}, sort_keys=True)

    @property
    def recipe(self) -> str:
        """Fingerprint of all that decides, beside the raw bytes, what a record becomes."""
        return stable_id(VERSION, MODEL_VERSION, self.shaping)
