"""The page of one run."""

from __future__ import annotations

import html
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
from pipeline.rendering import fill, shorten, write_page
from pipeline.report.advice import MARKUP, first_fitting, group_findings, link_to_raw
from pipeline.report.counts import Publisher, Share, Totals, ranked
from pipeline.report.trends import find_trends

Outcome = Literal["published", "blocked", "dry run", "nothing to do"]
MOST_REJECTS = 200  # shown,
REJECT_ROOM = 200_000  # and in no more bytes
MOST_MONTHS = 24
MOST_PUBLISHERS = 50  # shown one by one, and those of which something is not as usual

# What becomes of a record, as a person says it.
MEANING_OF_FATES = {
    "new": "became a new article",
    "changed": "became a new revision of an article",
    "unchanged": "the article is there already, as it is",
    "superseded": "a newer record of the same article is there",
    "refused": "could not be read as an article; the reasons are below",
    "skipped": "no article, and never meant to be one",
}


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that the page tells."""

    run: Run
    outcome: Outcome
    accuracy: Accuracy
    findings: Sequence[Finding]
    drift: Sequence[Drift]
    rejects: pa.Table  # all that is refused now
    totals: Totals
    runs: pa.Table  # the tables of the version, this run among them
    arrivals: pa.Table
    timings: Sequence[tuple[str, float]]
    changes: str  # what is not as in the version before, as HTML


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a line: what its page says of it to whoever lists the pages."""

    run_id: str
    outcome: Outcome
    started_at: str  # ISO 8601
    source: str
    seconds: float
    new_count: int
    changed_count: int
    newly_refused_count: int
    warning_count: int | None  # figures that are not as usual; None where only the page knew, and it is gone


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should look at, and where on the page it is."""

    level: Literal["bad", "warn", "good"]
    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class PublisherLine:
    """A publisher in the table of them."""

    publisher: Publisher
    new_count: int
    warning_count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused record on the page."""

    reject: Reject
    link: str | None
    is_new: bool


def write_report(page: Path, data: ReportData) -> None:
    """Write the page: no script, no remote file, at most a megabyte."""
    run = data.run
    fates = [Share(label, getattr(run, name), run.record_count) for label, name in FATES.items()]
    new = arrivals_of(data.arrivals.filter(pc.equal(data.arrivals["run_id"], run.run_id)))
    lines, other_lines = choose_publishers(data.totals, new, _count_warnings(data.drift))
    refused = list(_find_refused(data))
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
        refused=refused,
        refused_reasons=_count_reasons(data.rejects),
        trends=find_trends(data.runs, data.arrivals),
        publishers=lines,
        others=other_lines,
        uncounted=data.totals.article_count - sum(each.article_count for each in data.totals.publishers),
        months=data.totals.by_month[-MOST_MONTHS:],
        stages=_share_stages(data.timings),
        measures=list(MEASURES.values()),
        meanings=(MEANING_OF_QUOTES, MEANING_OF_NAMES),
    )
    write_page(page, content)


def _seconds(run: Run) -> float:
    return (run.finished_at - run.started_at).total_seconds()


def _share_stages(timings: Sequence[tuple[str, float]]) -> list[tuple[str, Share]]:
    """Each stage with its milliseconds, of those of the longest."""
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
    """What needs a look, the most pressing first."""
    run, failed = data.run, [finding for finding in data.findings if not finding.success]
    if blocking := [finding for finding in failed if finding.blocks]:
        words = f"{len(blocking):,} {_plural('rule', blocking)} on whole tables failed: nothing was published, the data set is as it was."
        yield Notice("bad", words, "tables")
    if on_rows := [finding for finding in failed if finding.kind == "rows"]:
        kept_out = {key for finding in on_rows for key in finding.failing_keys}
        words = f"{len(kept_out):,} {_plural('article', kept_out)} kept out, since a row broke a rule."
        yield Notice("bad", words, "rows")
    if count := sum(finding.unexpected_count for finding in failed if finding.kind == "drift"):
        yield Notice("warn", f"{count:,} {'figures are' if count > 1 else 'figure is'} not as usual.", "drift")
    if count := run.newly_refused_count:
        yield Notice(
            "warn", f"{count:,} {'records were' if count > 1 else 'record was'} refused that had not been.", "refused"
        )
    if run.older_count:
        words = (
            f"{run.older_count:,} articles were made by older code; onrecord curate --reprocess older makes them anew."
        )
        yield Notice("warn", words, "data-set")


def _plural(word: str, items: Sequence[object] | set[str]) -> str:
    return word if len(items) == 1 else f"{word}s"


def _count_warnings(drift: Sequence[Drift]) -> Counter[str]:
    """Figures that are not as usual, by publisher."""
    of_publishers = (each for each in drift if each.measure != "reject_share")  # which is of a source
    return Counter(each.subject for each in of_publishers if each.is_unusual)


def arrivals_of(arrivals: pa.Table) -> dict[str, int]:
    """Articles that some runs took in first, by publisher."""
    counted = arrivals.group_by("publisher").aggregate([("article_count", "sum")])
    return {row["publisher"]: row["article_count_sum"] for row in counted.to_pylist()}


def choose_publishers(
    totals: Totals, new: Mapping[str, int], warnings: Mapping[str, int]
) -> tuple[list[PublisherLine], list[PublisherLine]]:
    """The publishers that a page shows: the largest, and those of which something is not as usual; and all others."""
    lines = [PublisherLine(each, new.get(each.name, 0), warnings.get(each.name, 0)) for each in totals.publishers]
    shown = [line for at, line in enumerate(lines) if at < MOST_PUBLISHERS or line.warning_count][: 2 * MOST_PUBLISHERS]
    names = {line.publisher.name for line in shown}
    return shown, [line for line in lines if line.publisher.name not in names]


def _find_refused(data: ReportData) -> Iterator[Refused]:
    """The refused records that the page shows: those of this run first."""
    is_new = pc.equal(data.rejects["run_id"], data.run.run_id)
    rows = data.rejects.append_column("is_old", pc.invert(is_new)).sort_by(
        [("is_old", "ascending"), ("source", "ascending"), ("raw_path", "ascending"), ("raw_record", "ascending")]
    )
    for reject in first_fitting(from_table(rows.slice(0, MOST_REJECTS), Reject), _cost, REJECT_ROOM):
        is_here = reject.source == data.run.source
        link = link_to_raw(data.run.raw, reject.raw_path) if is_here else None
        yield Refused(reject, link, reject.run_id == data.run.run_id)


def _cost(reject: Reject) -> int:
    words = (*[reject.raw_path] * 3, reject.raw_record, shorten(reject.detail))  # the path is in the link, escaped
    return MARKUP + sum(len(html.escape(each).encode("utf-8", "replace")) for each in words)


def _count_reasons(rejects: pa.Table) -> list[tuple[str, int]]:
    counted = pc.value_counts(rejects["reason"]).to_pylist()
    return ranked((each["values"], each["counts"]) for each in counted)
