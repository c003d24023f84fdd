"""Find what people should know at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.contract import Alert, Drift, Run
from pipeline.drift.drift_settings import AlertSettings

MOST_WARNINGS = 5  # drifting figures listed in an alert


def find_alerts(
    run: Run, drift: Sequence[Drift], last_arrival: datetime | None, now: datetime, settings: AlertSettings
) -> tuple[Alert, ...]:
    """Return the alerts after a run.

    Args:
        run: the last run.
        drift: measured after it.
        last_arrival: when a run last read a new article; None if no run ever did.
        now: the current time.
        settings: when to alert.
    """
    alerts = []
    new_records = run.new_count + run.newly_refused_count
    if new_records and run.newly_refused_count / new_records > settings.reject_share:
        share = run.newly_refused_count / new_records
        detail = (
            f"{run.newly_refused_count:,} of {new_records:,} new records of {run.source} were rejected ({share:.0%})"
        )
        alerts.append(Alert("rejects_high", f"{detail}; the limit is {settings.reject_share:.0%}"))
    if last_arrival is None:
        alerts.append(Alert("nothing_arrived", "no article has ever arrived"))
    elif now - last_arrival > timedelta(hours=settings.silent_hours):
        hours = (now - last_arrival) / timedelta(hours=1)
        alerts.append(
            Alert("nothing_arrived", f"no new article for {hours:.0f} hours, since {last_arrival:%Y-%m-%d %H:%M} UTC")
        )
    if warnings := [measured for measured in drift if measured.is_unusual]:
        listed = "; ".join(warning.in_words for warning in warnings[:MOST_WARNINGS])
        more = f"; and {len(warnings) - MOST_WARNINGS} more" if len(warnings) > MOST_WARNINGS else ""
        alerts.append(Alert("drift", listed + more))
    return tuple(alerts)
