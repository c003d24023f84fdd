"""Write the report page of a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.accuracy import MEANING_OF_NAMES, MEANING_OF_QUOTES, MEASURES, Accuracy
from pipeline.contract import FATES, Drift, Finding, Reject, Run, from_table
from pipeline.publisher_counts import PublisherCounts
from pipeline.rendering import fill, shorten, write_page
from pipeline.report.advice import MARKUP, escaped_bytes, first_fitting, group_findings, link_to_raw
from pipeline.report.counts import Share, Totals, ranked
from pipeline.report.trends import find_trends

RunOutcome = Literal["published", "blocked", "dry run", "nothing to do"]
MOST_REJECTS = 200  # rejects shown,
REJECT_ROOM = 200_000  # in at most so many bytes
MOST_MONTHS = 24
MOST_PUBLISHERS = 50  # with a row of their own, besides those with warnings

MEANING_OF_FATES = {
    "new": "became a new article",
    "changed": "became a new revision of an article",
    "unchanged": "the article is in the data set already, unchanged",
    "superseded": "a newer record of the same article replaces it",
    "rejected": "rejected, for a reason that is listed below",
    "skipped": "left out on purpose",
}


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything the page shows."""

    run: Run
    outcome: RunOutcome
    accuracy: Accuracy
    findings: Sequence[Finding]
    drift: Sequence[Drift]
    rejects: pa.Table  # every record that is rejected now, of any run
    totals: Totals
    runs: pa.Table  # of the version, including this run
    arrivals: pa.Table  # likewise
    timings: Sequence[tuple[str, float]]
    changes: str  # the difference from the previous version, as HTML


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in one line: its page carries it for the page over all runs."""

    run_id: str
    outcome: RunOutcome
    started_at: str  # ISO 8601
    source: str
    seconds: float
    new_count: int
    changed_count: int
    newly_refused_count: int
    warning_count: int | None  # drifting figures; None if the page is gone, which alone knew


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to look at, and where on the page it is."""

    level: Literal["bad", "warn", "good"]
    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class PublisherLine:
    """A row of the table of publishers."""

    counts: PublisherCounts
    new_count: int
    warning_count: int

    @property
    def dated(self) -> Share:
        """Articles with a date."""
        return Share("dated", self.counts.dated_count, self.counts.article_count)

    @property
    def copies(self) -> Share:
        """Articles that are copies."""
        return Share("copies", self.counts.copy_count, self.counts.article_count)

    @property
    def named(self) -> Share:
        """Quotes with a named speaker."""
        return Share("named", self.counts.named_quote_count, self.counts.quote_count)

    @property
    def languages(self) -> list[Share]:
        """Articles by language, the most frequent first."""
        return [Share(language, n, self.counts.article_count) for language, n in ranked(self.counts.languages.items())]


@dataclass(frozen=True, slots=True)
class ShownReject:
    """A row of the table of rejects."""

    reject: Reject
    link: str | None
    is_new: bool


def write_report(page: Path, data: ReportData) -> None:
    """Write the page: no scripts, no remote files, at most a megabyte."""
    run = data.run
    fates = [Share(label, getattr(run, name), run.record_count) for label, name in FATES.items()]
    new = arrivals_of(data.arrivals.filter(pc.equal(data.arrivals["run_id"], run.run_id)))
    publishers, other_publishers = choose_publishers(data.totals, new, _count_warnings(data.drift))
    content = fill(
        "report/run.html",
        data=data,
        run=run,
        meta=json.dumps(asdict(_as_line(data))),
        seconds=_seconds(run),
        notices=list(_find_notices(data)),
        fates=fates,
        meanings_of_fates=MEANING_OF_FATES,
        groups=group_findings(data.findings, run),
        rejected=list(_show_rejects(data)),
        rejected_reasons=_count_reasons(data.rejects),
        trends=find_trends(data.runs, data.arrivals),
        publishers=publishers,
        others=other_publishers,
        uncounted=uncounted_articles(data.totals),
        months=data.totals.by_month[-MOST_MONTHS:],
        stages=_share_stages(data.timings),
        measures=list(MEASURES.values()),
        meanings=(MEANING_OF_QUOTES, MEANING_OF_NAMES),
    )
    write_page(page, content)


def _seconds(run: Run) -> float:
    return (run.finished_at - run.started_at).total_seconds()


def _share_stages(timings: Sequence[tuple[str, float]]) -> list[tuple[str, Share]]:
    """Return the stages and their milliseconds, as shares of the longest stage's."""
    longest = max((seconds for _, seconds in timings), default=0.0)
    return [(stage, Share(stage, round(1000 * seconds), round(1000 * longest))) for stage, seconds in timings]


def _as_line(data: ReportData) -> RunLine:
    run = data.run
    return RunLine(
        run_id=run.run_id,
        outcome=data.outcome,
        started_at=run.started_at.isoformat(),
        source=shorten(run.source),
        seconds=_seconds(run),
        new_count=run.new_count,
        changed_count=run.changed_count,
        newly_refused_count=run.newly_refused_count,
        warning_count=sum(finding.unexpected_count for finding in data.findings if finding.kind == "drift"),
    )


def _find_notices(data: ReportData) -> Iterator[Notice]:
    """Yield what needs a look, the most pressing first."""
    run, failed = data.run, [finding for finding in data.findings if not finding.success]
    if count := sum(finding.blocks for finding in failed):
        failure = f"{_number(count, 'rule')} on whole tables failed"
        yield Notice("bad", f"Nothing was published: {failure}. The data set is as it was before the run.", "tables")
    if rejected := {key for finding in failed if finding.kind == "rows" for key in finding.failing_keys}:
        yield Notice("bad", f"{_number(len(rejected), 'article')} rejected because a row failed a rule.", "rows")
    if count := sum(finding.unexpected_count for finding in failed if finding.kind == "drift"):
        yield Notice("warn", f"{_number(count, 'figure')} outside the usual range.", "drift")
    if count := run.newly_refused_count:
        yield Notice("warn", f"{_number(count, 'record')} newly rejected.", "rejected")
    if count := run.older_count:
        made = f"{_number(count, 'article')} made by older code."
        yield Notice("warn", f"{made} Run onrecord curate --reprocess older to recompute.", "data-set")


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _count_warnings(drift: Sequence[Drift]) -> Counter[str]:
    """Return the number of drifting figures by publisher."""
    of_publishers = (measured for measured in drift if measured.measure != "reject_share")  # which is of a source
    return Counter(measured.subject for measured in of_publishers if measured.is_unusual)


def arrivals_of(arrivals: pa.Table) -> dict[str, int]:
    """Return the number of new articles by publisher."""
    counted = arrivals.group_by("publisher").aggregate([("article_count", "sum")])
    return {row["publisher"]: row["article_count_sum"] for row in counted.to_pylist()}


def uncounted_articles(totals: Totals) -> int:
    """Return the number of articles in parts that older code wrote, without counts by publisher."""
    return totals.article_count - sum(counts.article_count for counts in totals.publishers)


def choose_publishers(
    totals: Totals, new: Mapping[str, int], warnings: Mapping[str, int]
) -> tuple[list[PublisherLine], list[PublisherLine]]:
    """Return the publishers that get a row of their own, the largest and those with warnings, and all others."""
    lines = [
        PublisherLine(counts, new.get(counts.publisher, 0), warnings.get(counts.publisher, 0))
        for counts in totals.publishers
    ]
    shown = [line for i, line in enumerate(lines) if i < MOST_PUBLISHERS or line.warning_count][: 2 * MOST_PUBLISHERS]
    names = {line.counts.publisher for line in shown}
    return shown, [line for line in lines if line.counts.publisher not in names]


def _show_rejects(data: ReportData) -> Iterator[ShownReject]:
    """Yield the rejects that the page has room for, those of this run first."""
    is_new = pc.equal(data.rejects["run_id"], data.run.run_id)
    rows = data.rejects.append_column("is_old", pc.invert(is_new)).sort_by(
        [("is_old", "ascending"), ("source", "ascending"), ("raw_path", "ascending"), ("raw_record", "ascending")]
    )
    for reject in first_fitting(from_table(rows.slice(0, MOST_REJECTS), Reject), _bytes_of, REJECT_ROOM):
        link = link_to_raw(data.run.raw, reject.raw_path) if reject.source == data.run.source else None
        yield ShownReject(reject, link, reject.run_id == data.run.run_id)


def _bytes_of(reject: Reject) -> int:
    # The path appears up to three times: a link spells each of its bytes as %XX.
    return MARKUP + escaped_bytes(*[reject.raw_path] * 3, reject.raw_record, shorten(reject.detail))


def _count_reasons(rejects: pa.Table) -> list[tuple[str, int]]:
    counted = pc.value_counts(rejects["reason"]).to_pylist()
    return ranked((pair["values"], pair["counts"]) for pair in counted)
