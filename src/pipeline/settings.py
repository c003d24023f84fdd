"""What a run may be told. Read once, at the command or the flow, and passed on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Literal

from pipeline.contract import Attributions, stable_id

VERSION = version("onrecord")
# The stages that decide what becomes of a record, each with a number that rises when its results may differ.
STAGES: Mapping[str, int] = {"read": 1, "normalise": 1, "language": 1, "entities": 1, "quotes": 1, "copies": 1}
# What to curate again though it has not changed: all, what older code made, or what an older model or stage made.
Redo = Literal["all", "older", "model", "read", "normalise", "language", "entities", "quotes", "copies"]


def made_by(model_version: str) -> Mapping[str, str]:
    """The code that curates: each stage with its number, and the model."""
    return {"model": model_version, **{stage: str(number) for stage, number in STAGES.items()}}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run."""

    source: str | None = None  # the collection's name; default: the RAW folder's
    publisher: str | None = None  # for records that do not name their own
    attributions: Attributions | None = None  # which the quotes are of; default: the data set's, "said" for a new one
    knowledge_base: str | None = None  # a file of the user's own; "": none; default: the data set's, none for a new one
    redo: Redo | None = None  # what to curate again though it is known and has not changed
    replay: frozenset[str] | None = None  # refuse again or take in what was refused for these reasons; empty: for any
    is_rehashing: bool = False  # read each file to see whether it has changed, whatever its time and size say
    is_pruning: bool = False  # let articles go whose raw files or records are gone
    revision_days: int = 90  # how long what an article was before is kept
    keep: str | None = None  # which versions are kept; default: history.Policy()
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

    def recipe(self, attributions: Attributions, knowledge_sha256: str | None) -> str:
        """Fingerprint of the settings that decide what a record becomes; its code is told apart (``made_by``)."""
        return stable_id(attributions, knowledge_sha256, self.shaping)
