"""Explain failed rules: what was found, where, and what to do. Bounded by the room on a page."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from pipeline.contract import Example, Finding, FindingKind, RuleKind, Run
from pipeline.rendering import shorten

T = TypeVar("T")
MARGIN = 160  # code points shown on either side of an example
ROOM = 150_000  # bytes of a page for the examples of one kind of finding
MARKUP = 400  # bytes that the tags around an example take

MEANINGS: Mapping[FindingKind, tuple[str, str]] = {
    "tables": (
        "Rules on whole tables",
        "A failure blocks the run: nothing is published, and the data set stays as it was.",
    ),
    "rows": (
        "Rules on rows",
        "An article with a failing row is rejected as a whole; everything else is published.",
    ),
    "drift": (
        "Drift",
        "The last 24 hours compared with the days before. Drift produces a warning and never blocks a run.",
    ),
}
NEXT_STEP_ROWS = (
    "Open the raw record. If it is sound, the fault is in onrecord: report it with this page. "
    "After a fix, onrecord replay tries the rejects again."
)
NEXT_STEP_TABLES = (
    "Run onrecord verify on the data set. If it finds a fault, files were changed or lost: onrecord rollback returns to "
    "an intact version. If it finds none, the fault is in onrecord: report it with this page."
)
NEXT_STEP_DRIFT = (
    "If this is the new normal, set the bounds in settings.toml beside the tables; onrecord drift prints the baseline."
)
# What is wrong with a failing row or table, by kind of rule.
FAULTS: Mapping[RuleKind, str] = {
    "not_null": "A required value is missing.",
    "pattern": "A value does not have the form that the column promises.",
    "range": "A number is outside its range.",
    "vocabulary": "A value is not in the column's vocabulary.",
    "order": "A stretch of text ends before it begins.",
    "verbatim": "The words of a row differ from the text at its offsets.",
    "unique": "Two rows have the same id, so a join would count one of them twice.",
    "foreign_key": "A key matches no row, so a join would lose this row.",
    "columns": "A table on disk has other columns than this version of onrecord writes.",
    "ledger": "The counts of records do not add up: a record was lost or counted twice.",
}
DRIFT_ADVICE: Mapping[tuple[str, RuleKind], str] = {  # by measure (DriftMeasure) and the rule that failed
    ("articles_a_day", "not_low"): "Fewer articles than usual came in. Check that this publisher's feed or folder still fills, and what the last collecting run reported about its addresses.",
    ("articles_a_day", "not_high"): "More articles than usual came in. Check whether an archive was loaded at once, or one address is collected under several names.",
    ("undated_share", "not_high"): "More articles than usual have no date. Open one: the pages may print the date elsewhere now, or the records have lost their date field.",
    ("undated_share", "not_low"): "More articles than usual have a date. That is no fault unless the dates are wrong: look at published_source of a few.",
    ("unnamed_share", "not_high"): "Fewer quotes than usual have a named speaker. Read one article: names may be cut off by a new layout, or it is of another kind or language.",
    ("unnamed_share", "not_low"): "More quotes than usual have a named speaker. That is no fault by itself: read a few and check the names.",
    ("quotes_an_article", "not_low"): "Articles have fewer quotes than usual. Check that the texts are complete: teasers, paywalls and consent pages have few quotes.",
    ("quotes_an_article", "not_high"): "Articles have more quotes than usual. Check whether site furniture, such as readers' comments, became text.",
    ("language_shift", "not_high"): "Articles are in other languages than usual. Check whether another edition is collected; outside English, quotes are found by their marks only.",
    ("reject_share", "not_high"): "More records than usual are rejected. The table of rejects gives the reasons; one frequent reason is one fault.",
    ("reject_share", "not_low"): "Fewer records than usual are rejected: no fault.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownExample:
    """A failing row, shortened for the page, with a link to its raw record."""

    row: str
    before: str
    text: str
    after: str
    raw_path: str
    raw_record: str
    link: str | None


@dataclass(frozen=True, slots=True)
class FailedRule:
    """A rule that failed, what to do about it, and some of the failing rows."""

    finding: Finding
    advice: str
    examples: Sequence[ShownExample]

    @property
    def unshown_count(self) -> int:
        """Failing rows that are not shown."""
        return max(self.finding.unexpected_count - len(self.examples), 0)


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one kind."""

    kind: FindingKind
    title: str
    meaning: str
    failed: Sequence[FailedRule]
    passed: Sequence[Finding]
    unshown_count: int  # failed rules that the page has no room for


def group_findings(findings: Sequence[Finding], run: Run) -> list[FindingGroup]:
    """Return the findings by kind, the most pressing kind first.

    Args:
        findings: of all kinds.
        run: its ``raw`` and ``source`` locate the raw records.
    """
    groups = []
    for kind, (title, meaning) in MEANINGS.items():
        of_kind = [finding for finding in findings if finding.kind == kind]
        failed = [_explain(finding, run) for finding in of_kind if not finding.success]
        shown = first_fitting(failed, _bytes_of_rule, ROOM)
        passed = [finding for finding in of_kind if finding.success]
        groups.append(FindingGroup(kind, title, meaning, shown, passed, len(failed) - len(shown)))
    return groups


def _explain(finding: Finding, run: Run) -> FailedRule:
    examples = first_fitting([_shorten_example(example, run) for example in finding.examples], _bytes_of, ROOM // 4)
    return FailedRule(finding, advise(finding), examples)


def _bytes_of_rule(rule: FailedRule) -> int:
    return 2 * MARKUP + sum(map(_bytes_of, rule.examples))


def _bytes_of(example: ShownExample) -> int:
    texts = (
        example.row,
        example.before,
        example.text,
        example.after,
        example.raw_path,
        example.raw_record,
        example.link or "",
    )
    return MARKUP + escaped_bytes(*texts)


def escaped_bytes(*texts: str) -> int:
    """Return how many bytes some texts take in HTML."""
    return sum(len(html.escape(text).encode("utf-8", "replace")) for text in texts)


def first_fitting(items: Iterable[T], size_of: Callable[[T], int], room: int) -> list[T]:
    """Return the first items, as many as fit.

    Args:
        items: what could be shown.
        size_of: returns the bytes that an item takes.
        room: bytes available.
    """
    fitting = []
    for item in items:
        room -= size_of(item)
        if room < 0:
            break
        fitting.append(item)
    return fitting


def advise(finding: Finding) -> str:
    """Return what is wrong and what to do about a failed expectation."""
    match finding.kind:
        case "rows":
            return f"{FAULTS[finding.rule]} {NEXT_STEP_ROWS}"
        case "tables":
            return f"{FAULTS[finding.rule]} {NEXT_STEP_TABLES}"
        case "drift":
            advice = DRIFT_ADVICE.get((finding.column, finding.rule), "This differs from the baseline.")
            return f"{advice} {NEXT_STEP_DRIFT}"


def _shorten_example(example: Example, run: Run) -> ShownExample:
    is_of_source = bool(example.raw_path) and example.source == run.source  # another source may have the same path
    return ShownExample(
        row=shorten(example.row),
        before=example.before[-MARGIN:],
        text=shorten(example.text),
        after=example.after[:MARGIN],
        raw_path=example.raw_path,
        raw_record=example.raw_record,
        link=link_to_raw(run.raw, example.raw_path) if is_of_source else None,
    )


def link_to_raw(raw: str, raw_path: str) -> str | None:
    """Return the address of a raw file; None if a browser cannot open it.

    Args:
        raw: RAW of the run: a folder or a file on this machine, or a URL.
        raw_path: the file within it.
    """
    if "://" in raw:
        is_file = raw.rstrip("/").endswith(f"/{raw_path}")
        address = raw if is_file else f"{raw.rstrip('/')}/{quote(raw_path)}"
        return address if address.startswith(("http://", "https://")) else None
    try:
        path = Path(raw) / raw_path if Path(raw).is_dir() else Path(raw)
        return path.as_uri() if path.is_file() else None
    except (OSError, ValueError):  # not a valid path on this machine
        return None
