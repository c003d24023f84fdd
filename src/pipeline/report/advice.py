"""What expectations found, in words that people can act on; and no more of it than a page has room for."""

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
MARGIN = 160  # on either side of an example
ROOM = 150_000  # bytes of a page for the examples of one kind of finding
MARKUP = 400  # bytes that the tags around an example take

MEANINGS: Mapping[FindingKind, tuple[str, str]] = {
    "tables": (
        "Rules on whole tables",
        "A failure blocks the run: nothing is published, and the data set stays as it was.",
    ),
    "rows": (
        "Rules on rows",
        "An article with a failing row is refused as a whole; everything else is published.",
    ),
    "drift": (
        "Drift",
        "The last 24 hours compared with the days before. Drift produces a warning and never blocks a run.",
    ),
}
NEXT_STEP_ROWS = (
    "Open the raw record. If it is sound, the fault is in onrecord: report it with this page. "
    "After a fix, onrecord replay tries the refused records again."
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
    ("reject_share", "not_high"): "More records than usual are refused. The table of refused records gives the reasons; one frequent reason is one fault.",
    ("reject_share", "not_low"): "Fewer records than usual are refused: no fault.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """An example of a failing row, with a link to the raw record that it is from."""

    row: str
    before: str
    text: str
    after: str
    raw_path: str
    raw_record: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What one expectation found and what to do about it."""

    finding: Finding
    todo: str
    examples: Sequence[Shown]

    @property
    def left_count(self) -> int:
        """Failing rows that are not shown."""
        return max(self.finding.unexpected_count - len(self.examples), 0)


@dataclass(frozen=True, slots=True)
class Group:
    """The expectations of one kind."""

    kind: FindingKind
    title: str
    meaning: str
    failed: Sequence[Told]
    passed: Sequence[Finding]
    unseen_count: int  # failing expectations for which the page has no room


def group_findings(findings: Sequence[Finding], run: Run) -> list[Group]:
    """What was found, by kind, the most pressing first.

    Args:
        findings: of all kinds.
        run: tells where the raw records lay.
    """
    groups = []
    for kind, (title, meaning) in MEANINGS.items():
        some = [finding for finding in findings if finding.kind == kind]
        failed = [_tell(finding, run) for finding in some if not finding.success]
        fitting = first_fitting(failed, _cost, ROOM)
        passed = [finding for finding in some if finding.success]
        groups.append(Group(kind, title, meaning, fitting, passed, len(failed) - len(fitting)))
    return groups


def _tell(finding: Finding, run: Run) -> Told:
    examples = [_show(example, run) for example in finding.examples]
    return Told(finding, advise(finding), first_fitting(examples, lambda each: MARKUP + size(each), ROOM // 4))


def _cost(told: Told) -> int:
    return 2 * MARKUP + sum(MARKUP + size(example) for example in told.examples)


def size(item: Shown) -> int:
    """Bytes that an example takes on a page."""
    words = (item.row, item.before, item.text, item.after, item.raw_path, item.raw_record, item.link or "")
    return sum(len(html.escape(each).encode("utf-8", "replace")) for each in words)


def first_fitting(items: Iterable[T], cost: Callable[[T], int], room: int) -> list[T]:
    """As many of the first as a page has room for.

    Args:
        items: what is to be shown.
        cost: bytes that one takes.
        room: bytes that there are.
    """
    fitting = []
    for item in items:
        room -= cost(item)
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


def _show(example: Example, run: Run) -> Shown:
    is_here = bool(example.raw_path) and example.source == run.source  # else a file of that name is another
    return Shown(
        row=shorten(example.row),
        before=example.before[-MARGIN:],
        text=shorten(example.text),
        after=example.after[:MARGIN],
        raw_path=example.raw_path,
        raw_record=example.raw_record,
        link=link_to_raw(run.raw, example.raw_path) if is_here else None,
    )


def link_to_raw(raw: str, raw_path: str) -> str | None:
    """The address of a raw file, where a browser can open it.

    Args:
        raw: RAW of the run: a folder or a file of this machine, or a URL.
        raw_path: the file within it.
    """
    if "://" in raw:
        is_it = raw.rstrip("/").endswith(f"/{raw_path}")
        address = raw if is_it else f"{raw.rstrip('/')}/{quote(raw_path)}"
        return address if address.startswith(("http://", "https://")) else None
    try:
        path = Path(raw) / raw_path if Path(raw).is_dir() else Path(raw)
        return path.as_uri() if path.is_file() else None
    except (OSError, ValueError):  # no such path can be on this machine
        return None
