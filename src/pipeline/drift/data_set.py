"""Measure drift and find alerts in a version of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc

from pipeline import store
from pipeline.contract import Alert, Drift, Run
from pipeline.drift.alerts import find_alerts
from pipeline.drift.drift_settings import DriftSettings, read_settings
from pipeline.drift.measure import measure_drift

MEASURED_OF_RUNS = ["run_id", "source", "started_at", "new_count", "newly_refused_count"]


def measure_data_set(curated: Path) -> list[Drift]:
    """Return the drift of the current version, measured by the data set's own settings.

    Raises:
        UsageError: if there is no data set, or its settings file is invalid.
    """
    settings = read_settings(store.settings_file(curated))
    return measure_version(store.open_version(curated), settings)


def measure_version(version: store.Version, settings: DriftSettings) -> list[Drift]:
    """Return the drift of the 24 hours before a version's last run; the result does not depend on the current time."""
    runs = version.read("runs", MEASURED_OF_RUNS)
    last_start: datetime = pc.max(runs["started_at"]).as_py()
    return measure_drift(version.read("arrivals"), runs, last_start, settings.drift)


def find_alerts_after_run(
    version: store.Version | None, run: Run, drift: Sequence[Drift], now: datetime, settings: DriftSettings
) -> tuple[Alert, ...]:
    """Return the alerts of a run.

    Args:
        version: the current version after the run; None if nothing was ever published.
        run: its ledger row.
        drift: the drift measured after it.
        now: the current time.
        settings: the data set's settings.
    """
    last_arrival = pc.max(version.read("arrivals", ["started_at"])["started_at"]).as_py() if version else None
    return find_alerts(run, drift, last_arrival, now, settings.alerts)
