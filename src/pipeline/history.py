"""Which versions of a data set are kept, and what a person reads of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from pipeline.errors import UsageError

LONGEST = 100_000  # hours, days or weeks: more than eleven years


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that is there."""

    run_id: str
    published_at: datetime
    article_count: int
    quote_count: int
    own_bytes: int  # of its files that the version before it does not share
    is_current: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """How far back versions are kept, and how densely; the current one always is."""

    newest: int = 10  # so many of the newest, whatever their age
    all: int = 24  # every one of so many hours
    hours: int = 48  # the last of each of so many hours,
    days: int = 30  # of each of so many days,
    weeks: int = 52  # and of each of so many weeks

    def __str__(self) -> str:
        return ",".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))


def parse_policy(text: str) -> Policy:
    """A policy as given: ``hours=48,days=30,weeks=52``; what is left out is as by default.

    Raises:
        UsageError: if it cannot be read as one.
    """
    given: dict[str, int] = {}
    names = [field.name for field in fields(Policy)]
    for item in text.split(","):
        name, _, number = (part.strip() for part in item.partition("="))
        expected = f"in --keep {text!r}: expected NAME=NUMBER, parted by commas, such as {str(Policy())!r}"
        if name not in names:
            raise UsageError(f"{item.strip()!r} is none of {', '.join(names)} {expected}")
        if name in given:
            raise UsageError(f"{name} is given twice {expected}")
        # isdecimal alone would let digits of other scripts and numbers too large for a date pass.
        if not (number.isascii() and number.isdecimal() and len(number) < len(str(LONGEST))):
            raise UsageError(f"{number!r} is no whole number from 0 to {LONGEST - 1:,} for {name} {expected}")
        given[name] = int(number)
    return replace(Policy(), **given)


def versions_to_remove(versions: Sequence[Kept], now: datetime, policy: Policy) -> list[str]:
    """The versions that go, by run_id, oldest first.

    Hours, days and weeks are those of the calendar (UTC; weeks begin on Monday), so that the last of a week is the last
    of its day and its hour too: whatever is kept long is kept before, and thinning often ends in the same set as
    thinning once.
    """
    ordered = sorted(versions, key=lambda version: (version.published_at, version.run_id))
    newest = ordered[max(0, len(ordered) - policy.newest) :]
    kept = {version.run_id for version in (*newest, *(version for version in ordered if version.is_current))}
    kept |= _within(ordered, now - timedelta(hours=policy.all))
    for reach, period in (
        (timedelta(hours=policy.hours), "%Y-%m-%d %H"),
        (timedelta(days=policy.days), "%Y-%m-%d"),
        (timedelta(weeks=policy.weeks), "%G %V"),
    ):
        last = {f"{version.published_at.astimezone(UTC):{period}}": version for version in ordered}
        kept |= _within(last.values(), now - reach)
    return [version.run_id for version in ordered if version.run_id not in kept]


def _within(versions: Iterable[Kept], since: datetime) -> set[str]:
    return {version.run_id for version in versions if version.published_at >= since}


def describe_versions(versions: Sequence[Kept], policy: Policy) -> str:
    """The versions as a table, oldest first, and by which policy they are kept."""
    ordered = sorted(versions, key=lambda version: (version.published_at, version.run_id))
    rows = [("run", "published (UTC)", "articles", "quotes", "its own", "")]
    rows += [
        (
            version.run_id,
            f"{version.published_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            f"{version.article_count:,}",
            f"{version.quote_count:,}",
            _in_words(version.own_bytes),
            "current" if version.is_current else "",
        )
        for version in ordered
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    sides = "<<>>><"  # numbers stand to the right
    lines = [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]
    total = _in_words(sum(version.own_bytes for version in versions))
    return "\n".join([*lines, f"{len(versions):,} kept, {total} in all; --keep {policy}"])


def _in_words(size: float) -> str:
    """A number of bytes as people say it."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
