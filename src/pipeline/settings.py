"""What a run may be told. Read once, at the command or the flow, and passed on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from pipeline.contract import Attributions, stable_id

VERSION = version("onrecord")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run."""

    source: str | None = None  # the collection's name; default: the RAW folder's
    publisher: str | None = None  # for records that do not name their own
    attributions: Attributions | None = None  # which the quotes are of; default: the data set's, "said" for a new one
    knowledge_base: str | None = None  # a file of the user's own; "": none; default: the data set's, none for a new one
    is_reprocessing: bool = False  # curate again what is known and has not changed
    workers: int = 0  # processes; 0: one a processor
    threads: int = 1  # that the tagger may use in each of them
    limit: int | None = None  # at most so many files
    is_dry_run: bool = False  # show what would come out and publish nothing
    fields: Mapping[str, str] = field(default_factory=dict)  # what a record's fields are called: name → path
    batch_records: int = 50  # raw records, and
    batch_bytes: int = 2_000_000  # raw bytes, that one worker takes at a time

    @property
    def shaping(self) -> str:
        """The settings that shape rows of this source alone, as JSON."""
        return json.dumps({"publisher": self.publisher, "fields": dict(self.fields)}, sort_keys=True)

    def recipe(self, model_version: str, attributions: Attributions, knowledge_sha256: str | None) -> str:
        """Fingerprint of all that decides, beside the raw bytes, what a record becomes."""
        return stable_id(VERSION, model_version, attributions, knowledge_sha256, self.shaping)
