"""Drift: what arrives each day, held against what is usual of each publisher and source."""

from pipeline.drift.alerts import find_alerts
from pipeline.drift.arrivals import count_arrivals, merge_arrivals
from pipeline.drift.describe import describe_drift
from pipeline.drift.measure import measure_drift
from pipeline.drift.settings import DriftSettings, read_settings

__all__ = [
    "DriftSettings",
    "count_arrivals",
    "describe_drift",
    "find_alerts",
    "measure_drift",
    "merge_arrivals",
    "read_settings",
]
