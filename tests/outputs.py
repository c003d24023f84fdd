"""Compare printed output with what a document says, where decimals may differ between processors."""

from __future__ import annotations

import re

DECIMAL = re.compile(r"\d*\.\d+")
# Probabilities of the model differ a little between processors (DECISIONS.md, "Seven-bit weights").
TOLERANCE = 0.02


def are_alike(expected: str, actual: str) -> bool:
    """Return whether two texts are equal, except that decimals may differ by TOLERANCE."""
    if DECIMAL.split(expected) != DECIMAL.split(actual):
        return False
    pairs = zip(DECIMAL.findall(expected), DECIMAL.findall(actual), strict=True)
    return all(abs(float(first) - float(second)) <= TOLERANCE for first, second in pairs)
