"""What expectations found, in words that people can act on; and no more of it than a page has room for."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from pipeline.contract import Example, Finding, FindingKind, Run
from pipeline.rendering import shorten

T = TypeVar("T")
MARGIN = 160  # on either side of an example
ROOM = 150_000  # bytes of a page for the examples of one kind of finding
MARKUP = 400  # bytes that the tags around an example take

MEANS: Mapping[FindingKind, tuple[str, str]] = {
    "tables": (
        "Rules on whole tables",
        "One that fails blocks the run: nothing is published, and the data set stays as it was.",
    ),
    "rows": (
        "Rules on rows",
        "A row that fails one keeps its article out, whole, with all that stands in it; the rest is published.",
    ),
    "drift": (
        "Against what is usual",
        "What the last 24 hours brought, held against the days before. A figure that is not as usual warns, and blocks nothing.",
    ),
}
SOUND = (
    "Open the raw record: if it is sound, the fault is in onrecord; report it with this page. "
    "Once it is mended, onrecord replay tries again what was refused."
)
VERBATIM, KEY = "letter for letter", "or empty"  # what rules of one type expect that are about different things
# By expectation and kind, what is wrong.
TODO_ROWS: Mapping[str, str] = {
    "expect_column_values_to_not_be_null": "A value that every row must have is missing.",
    "expect_column_values_to_match_regex": "A value is not of the form that the column promises.",
    "expect_column_values_to_be_between": "A number lies outside of its range.",
    "expect_column_values_to_be_in_set": "A value is none of those that the column knows.",
    "expect_column_pair_values_a_to_be_greater_than_b": "A stretch of text ends before it begins.",
    VERBATIM: "The words of a row are not those that its offsets lead to.",
}
TODO_TABLES: Mapping[str, str] = {
    "expect_column_values_to_be_unique": "Two rows have one id, so joins would count one of them twice.",
    "expect_column_values_to_be_in_set": "The counts of records do not add up: one was lost, or counted twice.",
    KEY: "A key leads to no row, so joins would lose what it stands for.",
    "expect_table_columns_to_match_ordered_list": "A table on the disk has other columns than this version of onrecord writes.",
}
BROKEN = (
    "Run onrecord verify on the data set: if it finds a fault, files were changed or lost, and onrecord rollback leads "
    "back to a version that is whole. If it finds none, the fault is in onrecord: report it with this page."
)
TODO_DRIFT: Mapping[tuple[str, bool], str] = {  # by measure (DriftMeasure), and whether it is too low
    ("articles_a_day", True): "Less came in than is usual. See whether the feed or folder of this publisher still fills, and what the collecting run says of its addresses.",
    ("articles_a_day", False): "More came in than is usual. See whether old pieces were loaded at once, or one address is collected under several names.",
    ("undated_share", False): "Fewer articles have a date. Open one without: the pages may print it elsewhere now, or the records have lost their date field.",
    ("undated_share", True): "More articles have a date than is usual: no fault, unless the dates are wrong. Look at published_source of a few.",
    ("unnamed_share", False): "Fewer quotes have a named speaker. Read one article: its layout may have changed so that names are cut off, or it is of another kind or language.",
    ("unnamed_share", True): "More quotes have a named speaker than is usual: no fault by itself. Read a few and see whether the names are right.",
    ("quotes_an_article", True): "Articles hold fewer quotes. See whether the texts are whole: teasers, a paywall and a consent page have few.",
    ("quotes_an_article", False): "Articles hold more quotes. See whether furniture of the site, such as readers' comments, is taken for text.",
    ("language_shift", False): "Articles are in other languages than is usual. See whether another edition is collected; outside of English quotes are found by their marks alone.",
    ("reject_share", False): "More records are refused than is usual. The table of refused records tells why; one reason that stands out is one fault.",
    ("reject_share", True): "Fewer records are refused than is usual: no fault.",
}  # fmt: skip
USUAL = "If this is how it is from now on, set the bounds in settings.toml beside the tables; onrecord drift tells what is usual."


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
    for kind, (title, meaning) in MEANS.items():
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
    """What to do about an expectation that failed."""
    about = next((end for end in (VERBATIM, KEY) if finding.expected.endswith(end)), finding.expectation)
    match finding.kind:
        case "rows":
            return f"{TODO_ROWS.get(about, 'A row breaks a promise of its table.')} {SOUND}"
        case "tables":
            return f"{TODO_TABLES.get(about, 'A table breaks a promise.')} {BROKEN}"
        case "drift":
            is_low = "lower" in finding.expected
            return f"{TODO_DRIFT.get((finding.column, is_low), 'This is not as usual.')} {USUAL}"


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
