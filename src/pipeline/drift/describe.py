"""Drift as lines on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.contract import Drift
from pipeline.rendering import format_table


def describe_drift(drift: Sequence[Drift]) -> str:
    """Return the measures as a table, and how many are unusual."""
    if not drift:
        return "no articles came in, so there is nothing to measure"
    rows = [("", "publisher or source", "measure", "found", "of", "usual", "basis")]
    rows += [
        (
            "WARN" if measure.is_unusual else "",
            measure.subject,
            measure.measure,
            f"{measure.found:.3g}",
            f"{measure.count:,}",
            measure.usual,
            measure.basis,
        )
        for measure in drift
    ]
    unusual = sum(measure.is_unusual for measure in drift)
    last = f"{unusual:,} of {len(drift):,} unusual; set other bounds in settings.toml beside the tables"
    return f"{format_table(rows, '<<<>><<')}\n{last}"
