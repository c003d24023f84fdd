"""Compare what arrives each day with the baseline of each publisher and source, and alert people."""

from pipeline.drift.arrivals import count_arrivals, merge_arrivals
from pipeline.drift.data_set import find_alerts_after_run, measure_data_set, measure_version
from pipeline.drift.describe import describe_drift
from pipeline.drift.drift_settings import DriftSettings, read_settings
from pipeline.drift.measure import measure_drift

__all__ = [
    "DriftSettings",
    "count_arrivals",
    "describe_drift",
    "find_alerts_after_run",
    "measure_data_set",
    "measure_drift",
    "measure_version",
    "merge_arrivals",
    "read_settings",
]
