"""What people are to be told at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.contract import Alert, Drift, Run
from pipeline.drift.settings import AlertSettings

TOLD = 5  # of what drifts, in an alert


def find_alerts(
    run: Run, drift: Sequence[Drift], last_arrival: datetime | None, now: datetime, settings: AlertSettings
) -> tuple[Alert, ...]:
    """Find what people are to be told at once.

    Args:
        run: the last one.
        drift: what was measured after it.
        last_arrival: when a run last took in a new article; None if none ever did.
        now: the time.
        settings: when people want to be told.
    """
    alerts = []
    looked_at = run.new_count + run.newly_refused_count
    if looked_at and run.newly_refused_count / looked_at > settings.reject_share:
        share = run.newly_refused_count / looked_at
        detail = f"{run.newly_refused_count:,} of {looked_at:,} new records of {run.source} were refused ({share:.0%})"
        alerts.append(Alert("rejects_high", f"{detail}; more than {settings.reject_share:.0%} is too many"))
    if last_arrival is None:
        alerts.append(Alert("nothing_arrived", "no article ever arrived"))
    elif now - last_arrival > timedelta(hours=settings.silent_hours):
        hours = (now - last_arrival) / timedelta(hours=1)
        alerts.append(
            Alert("nothing_arrived", f"no new article since {last_arrival:%Y-%m-%d %H:%M} UTC, {hours:.0f} hours")
        )
    if warnings := [each for each in drift if each.is_unusual]:
        some = "; ".join(each.in_words for each in warnings[:TOLD])
        more = f"; and {len(warnings) - TOLD} more" if len(warnings) > TOLD else ""
        alerts.append(Alert("drift", some + more))
    return tuple(alerts)
