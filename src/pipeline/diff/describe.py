"""Changes as a person reads them: in the terminal, on a page, and in a run's report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from pipeline.diff.changes import Difference
from pipeline.diff.word_diff import DiffSpan
from pipeline.rendering import fill, write_page

PAGE_BYTES = 900_000  # for the changes on a page


def summarise_changes(difference: Difference) -> list[str]:
    """Return a line for each kind of change: how many, and why."""
    lines = []
    for (what, kind), groups in groupby(difference.counts, key=lambda group: group[:2]):
        counts = [(group.cause, difference.counts[group]) for group in groups]
        causes = ", ".join(f"{count:,} {cause}" for cause, count in counts if cause != kind)
        total = sum(count for _, count in counts)
        lines.append(f"{total:>10,}  {what}s {kind}" + (f": {causes}" if causes else ""))
    return lines or ["nothing changed"]


def describe_difference(difference: Difference, limit: int = 20) -> str:
    """Return the text for a terminal: how much changed and why, then up to ``limit`` changes of each group."""
    lines = [f"from {difference.before} to {difference.after}", *summarise_changes(difference)]
    for group, changes in difference.examples.items():
        lines += ["", group.title]
        for change in changes[:limit]:
            lines.append(f"  {change.quote_id or change.article_id}  {_on_one_line(change.where)}")
            if change.words:
                lines.append(f"    “{_on_one_line(change.words)}”")
            lines += [f"    {value.column}: {_with_marks(value.spans)}" for value in change.values]
        left = difference.counts[group] - min(limit, len(changes))
        if left:
            lines.append(f"  … and {left:,} more; --html shows up to {len(changes):,}")
    return "\n".join(lines)


def _with_marks(spans: Sequence[DiffSpan]) -> str:
    marks = {"before": "[-{}-]", "after": "{{+{}+}}", "both": "{}"}
    return " ".join(marks[span.is_in].format(_on_one_line(span.text)) for span in spans)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def changes_as_html(difference: Difference, limit: int = PAGE_BYTES) -> str:
    """Return the changes as part of a page, in at most ``limit`` bytes: the first of each group, and how many are left."""
    groups = []
    for group, changes in difference.examples.items():
        rows: list[str] = []
        room = limit // len(difference.examples)
        for change in changes:
            row = fill("diff/change.html", change=change)
            room -= len(row.encode())
            if room < 0:
                break
            rows.append(row)
        groups.append((group, difference.counts[group], rows))
    return fill("diff/changes.html", groups=groups)


def write_diff_html(page: Path, difference: Difference) -> None:
    """Write the changes as a page of at most a megabyte."""
    totals: Counter[str] = Counter()
    for group, count in difference.counts.items():
        totals[f"{group.what}s {group.kind}"] += count
    html = fill("diff/page.html", difference=difference, totals=totals, changes=changes_as_html(difference))
    write_page(page, html)
