"""The result of a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

SHOWN = 20  # differences listed


@dataclass(slots=True)
class Verification:
    """How much was checked, and what differs."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)  # the first of them
    difference_count: int = 0

    def check(self, what: str, count: int, differences: Iterable[str]) -> None:
        """Add to the number of things checked, and note the differences among them, a line each."""
        self.counts[what] += count
        for difference in differences:
            self.difference_count += 1
            if len(self.differences) < SHOWN:
                self.differences.append(difference)
