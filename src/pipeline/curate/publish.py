"""Check a new version as a whole, publish it, and write its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import report, store
from pipeline.contract import Arrival, Drift, Finding, Run, arrow_schema
from pipeline.curate.build import BuiltVersion, build_version
from pipeline.curate.context import RunContext, Summary
from pipeline.curate.correct import CorrectedArticles
from pipeline.diff import changes_as_html, compare
from pipeline.drift import find_alerts_after_run, measure_version
from pipeline.errors import StorageError, ValidationFailedError

CHANGES_BYTES = 200_000  # of a report's list of changes


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the checks of a whole version found."""

    findings: Sequence[Finding]
    drift: Sequence[Drift]

    @property
    def blocking(self) -> list[Finding]:
        """The findings that keep the version from being published."""
        return [finding for finding in self.findings if finding.blocks]


def build_and_publish(run: RunContext, corrected: CorrectedArticles) -> Summary:
    """Build a version, check it as a whole, publish it and write its report.

    Raises:
        ValidationFailedError: if a rule on whole tables failed; nothing was published.
        StorageError: if the disk refuses; the message says whether the version was published.
    """
    with store.building(run.into, run.run_id) as version:
        with run.timed("build"):
            built = build_version(run, corrected, version)
        with run.timed("validate"):
            checked = _check_version(run, corrected, built)
        page = store.report_path(run.into, run.run_id)
        if checked.blocking:
            report.write_report(page, _report_data(run, built, checked, "blocked"))
            write_index(run.into)
            raise ValidationFailedError(_describe_blocked(run.into, checked.blocking, page))
        prepared = store.prepared_report(run.into, run.run_id)
        report.write_report(prepared, _report_data(run, built, checked, "published"))
        store.publish(run.into, version)
    try:
        prepared.replace(page)
        write_index(run.into)
    except OSError as error:
        raise StorageError(
            f"the run was published, but {page.parent} could not be written: {error.strerror}; make room: the next run "
            "brings it up to date"
        ) from error
    alerts = find_alerts_after_run(version, built.run, checked.drift, run.started_at, run.drift_settings)
    waiting = len(corrected.waiting)
    return Summary("published", built.run, page, waiting=waiting, drift=checked.drift, alerts=alerts)


def _check_version(run: RunContext, corrected: CorrectedArticles, built: BuiltVersion) -> _Checked:
    """Check the rules on whole tables and measure drift, which warns and never blocks.

    Rows that did not change were checked by an earlier run; only the uniqueness of ids is checked over all rows.
    """
    from pipeline.validate import check_drift, check_ledger, check_version  # late: it takes seconds to import

    findings = [
        *corrected.winners.findings,
        *check_version(built.version, built.parts, built.touched, built.added),
        check_ledger(built.run),
    ]
    drift = measure_version(built.version, run.drift_settings)
    return _Checked([*findings, *check_drift(drift)], drift)


def _describe_blocked(into: Path, findings: Sequence[Finding], page: Path) -> str:
    first = findings[0]
    example = "; ".join(example.row for example in first.examples[:1])
    return (
        f"{len(findings)} rules on whole tables failed ({first.table}: {first.expectation} on {first.column}: "
        f"{example}); nothing was published and {into} is unchanged; see {page}"
    )


def _report_data(
    run: RunContext, built: BuiltVersion, checked: _Checked, outcome: report.RunOutcome
) -> report.ReportData:
    version = built.version
    return report.ReportData(
        run=built.run,
        outcome=outcome,
        accuracy=run.accuracy,
        findings=checked.findings,
        drift=checked.drift,
        rejects=version.read("rejects"),
        totals=summarise(version),
        runs=version.read("runs"),
        arrivals=version.read("arrivals"),
        timings=list(run.timings.items()),
        changes=changes_as_html(compare(run.previous, version), CHANGES_BYTES),
    )


def summarise(version: store.Version) -> report.Totals:
    """Return the totals of a version."""
    entities = version.read("entities", ["name", "original_article_count", "original_quote_count"])
    return report.summarise(version.parts, entities)


def write_index(into: Path) -> None:
    """Write the page that lists all runs of a data set."""
    version = store.current_version(into)
    if version is None:
        runs, arrivals = (arrow_schema(row).empty_table() for row in (Run, Arrival))
        report.write_index(store.index_path(into), runs, arrivals, report.NOTHING)
    else:
        report.write_index(store.index_path(into), version.read("runs"), version.read("arrivals"), summarise(version))
