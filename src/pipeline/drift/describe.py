"""What was measured, as a person reads it in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.contract import Drift


def describe_drift(drift: Sequence[Drift]) -> str:
    """What was measured as a table, and how much of it is unusual."""
    if not drift:
        return "nothing came in, so there is nothing to measure"
    rows = [("", "publisher or source", "measure", "found", "of", "usual", "basis")]
    rows += [
        (
            "WARN" if each.is_unusual else "",
            each.subject,
            each.measure,
            f"{each.found:.3g}",
            f"{each.count:,}",
            each.usual,
            each.basis,
        )
        for each in drift
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    sides = "<<<>><<"  # numbers stand to the right
    lines = [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]
    unusual = sum(each.is_unusual for each in drift)
    return "\n".join(
        [*lines, f"{unusual:,} of {len(drift):,} unusual; settings.toml beside the tables sets other bounds"]
    )
