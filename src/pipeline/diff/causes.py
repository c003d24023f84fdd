"""Why an article was curated again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.diff.changes import Cause

Row = Mapping[str, Any]

RECORD = ("source", "raw_path", "raw_record", "raw_sha256")
CODE = ("version", "model_version")
SETTINGS = ("settings", "attributions", "knowledge_base_sha256")
CAUSE_COLUMNS = ("run_id", *CODE, *SETTINGS)  # of runs


def find_cause(old: Row, new: Row, runs: Mapping[str, Row]) -> Cause | None:
    """Return why an article that both versions have was curated again; None if it was not.

    A sidecar's content is not in ``raw_sha256``, but any new content of a record raises ``revision``.

    Args:
        old: its row before.
        new: its row after.
        runs: the rows of ``runs``, with CAUSE_COLUMNS, by run_id.
    """
    if any(old[name] != new[name] for name in RECORD):
        return "changed input"
    if old["run_id"] == new["run_id"]:
        return None
    if old["revision"] != new["revision"]:
        return "changed input"
    old_run, new_run = runs[old["run_id"]], runs[new["run_id"]]
    is_same_code = all(old_run[name] == new_run[name] for name in CODE)
    if is_same_code and any(old_run[name] != new_run[name] for name in SETTINGS):
        return "new settings"
    # Also if the code's version is the same: nothing else makes other rows from the same input and settings.
    return "new code"
