"""The versions of a data set: which are kept, and the list that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import store
from pipeline.errors import StorageError, UsageError
from pipeline.rendering import format_table

LONGEST = 100_000  # hours, days or weeks: more than eleven years


@dataclass(frozen=True, slots=True)
class Policy:
    """How far back versions are kept, and how densely. The current version is always kept."""

    newest: int = 10  # this many of the newest, whatever their age
    all: int = 24  # all of this many hours
    hours: int = 48  # the last of each of this many hours,
    days: int = 30  # of each of this many days,
    weeks: int = 52  # and of each of this many weeks

    def __str__(self) -> str:
        return ",".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))


def parse_policy(text: str) -> Policy:
    """Read a policy such as ``hours=48,days=30,weeks=52``; names left out keep their defaults.

    Raises:
        UsageError: if it cannot be read as a policy.
    """
    given: dict[str, int] = {}
    names = [field.name for field in fields(Policy)]
    for item in text.split(","):
        name, _, number = (part.strip() for part in item.partition("="))
        expected = f"in --keep {text!r}: expected NAME=NUMBER, separated by commas, such as {str(Policy())!r}"
        if name not in names:
            raise UsageError(f"{item.strip()!r} is not one of {', '.join(names)} {expected}")
        if name in given:
            raise UsageError(f"{name} is given twice {expected}")
        # isdecimal alone would let digits of other scripts and numbers too large for a date pass.
        if not (number.isascii() and number.isdecimal() and len(number) < len(str(LONGEST))):
            raise UsageError(f"{number!r} is not a whole number from 0 to {LONGEST - 1:,} for {name} {expected}")
        given[name] = int(number)
    return replace(Policy(), **given)


def versions_to_remove(published: Mapping[str, datetime], current: str, now: datetime, policy: Policy) -> list[str]:
    """Return the run_ids of the versions that the policy does not keep, oldest first.

    Hours, days and weeks are those of the calendar (UTC; weeks begin on Monday). So the last version of a week is also
    the last of its day and hour, and thinning often leaves the same versions as thinning once.

    Args:
        published: when each version was published, by run_id.
        current: the current version's run_id.
        now: the time.
        policy: how far back versions are kept.
    """
    ordered = sorted(published, key=lambda run_id: (published[run_id], run_id))
    oldest_kept = now - timedelta(hours=policy.all)
    kept = {current, *ordered[max(0, len(ordered) - policy.newest) :]}
    kept |= {run_id for run_id in ordered if published[run_id] >= oldest_kept}
    for reach, period in (
        (timedelta(hours=policy.hours), "%Y-%m-%d %H"),
        (timedelta(days=policy.days), "%Y-%m-%d"),
        (timedelta(weeks=policy.weeks), "%G %V"),
    ):
        last = {f"{published[run_id].astimezone(UTC):{period}}": run_id for run_id in ordered}
        kept |= {run_id for run_id in last.values() if published[run_id] >= now - reach}
    return [run_id for run_id in ordered if run_id not in kept]


def thin(curated: Path, keep: str | None) -> None:
    """Remove the versions that the policy no longer keeps. The caller must be the data set's one writer.

    Args:
        curated: the data set.
        keep: the value of ``--keep``; None for the default policy.

    Raises:
        StorageError: if the disk refuses.
    """
    policy = parse_policy(keep) if keep else Policy()
    current = (curated / "current").resolve().name
    published = {version.run_id: version.published_at for version in store.list_versions(curated)}
    try:
        store.remove_versions(curated, versions_to_remove(published, current, datetime.now(UTC), policy))
    except OSError as error:
        raise StorageError(
            f"the run was published, but older versions in {curated} could not be removed: {error}; the next run tries again"
        ) from error


# ── The list ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A kept version, as a line of the list."""

    run_id: str
    published_at: datetime
    article_count: int
    quote_count: int
    own_bytes: int  # of the files that the previous version does not share
    is_current: bool


def describe_versions(curated: Path) -> str:
    """Return the kept versions as a table, with the disk space that each one takes.

    Raises:
        UsageError: if there is no data set.
    """
    current = store.open_version(curated)
    lines = []
    shared: Mapping[int, int] = {}
    for version in store.list_versions(curated):
        sizes = version.file_sizes()
        own_bytes = sum(size for inode, size in sizes.items() if inode not in shared)
        lines.append(_describe(version, own_bytes, version.run_id == current.run_id))
        shared = sizes
    return format_versions(lines, Policy())


def _describe(version: store.Version, own_bytes: int, is_current: bool) -> VersionLine:
    articles = sum(part.article_count for part in version.parts)
    quotes = sum(part.quote_count for part in version.parts)
    return VersionLine(version.run_id, version.published_at, articles, quotes, own_bytes, is_current)


def format_versions(versions: Sequence[VersionLine], policy: Policy) -> str:
    """Return the versions as a table, oldest first, with the policy below."""
    ordered = sorted(versions, key=lambda version: (version.published_at, version.run_id))
    rows = [("run", "published (UTC)", "articles", "quotes", "own size", "")]
    rows += [
        (
            version.run_id,
            f"{version.published_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            f"{version.article_count:,}",
            f"{version.quote_count:,}",
            _as_size(version.own_bytes),
            "current" if version.is_current else "",
        )
        for version in ordered
    ]
    total = _as_size(sum(version.own_bytes for version in versions))
    return f"{format_table(rows, '<<>>><')}\n{len(versions):,} kept, {total} in total; --keep {policy}"


def _as_size(size: float) -> str:
    """Return a number of bytes in a suitable unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
