"""What arrives, held against what is usual: of the current version, and of one that is not yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc

from pipeline import store
from pipeline.contract import Alert, Drift, Run
from pipeline.drift import DriftSettings, find_alerts, measure_drift, read_settings

RUN_COLUMNS = ["run_id", "source", "started_at", "new_count", "newly_refused_count"]


def tell_drift(curated: Path) -> list[Drift]:
    """What was measured of the day before the last run, and what is usual.

    Raises:
        UsageError: if there is no data set, or its settings file cannot be used.
    """
    settings = read_settings(store.settings_file(curated))
    return drift_of(store.open_version(curated), settings)


def drift_of(version: store.Version, settings: DriftSettings) -> list[Drift]:
    """What was measured of the day before a version's last run: the same whenever it is asked."""
    runs = version.read("runs", RUN_COLUMNS)
    last: datetime = pc.max(runs["started_at"]).as_py()
    return measure_drift(version.read("arrivals"), runs, last, settings.drift)


def alerts_of(
    version: store.Version | None, run: Run, drift: Sequence[Drift], now: datetime, settings: DriftSettings
) -> tuple[Alert, ...]:
    """What people are to be told at once after a run that left the data set at ``version``."""
    last = pc.max(version.read("arrivals", ["started_at"])["started_at"]).as_py() if version else None
    return find_alerts(run, drift, last, now, settings.alerts)
