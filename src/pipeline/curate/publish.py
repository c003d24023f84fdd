"""A new version: built, checked as a whole, published and reported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pipeline import report, store
from pipeline.contract import Arrival, Finding, Run, arrow_schema
from pipeline.curate.build import Built, build_version
from pipeline.curate.correct import Reviewed
from pipeline.curate.work import Summary, Work
from pipeline.diff import changes_as_html, compare
from pipeline.drift import find_alerts_after_run, measure_version
from pipeline.errors import StorageError, ValidationFailedError
from pipeline.ledger import Key

CHANGES_BYTES = 200_000  # of a report that tell what changed


def build_and_publish(work: Work, into: Path, winners: Mapping[str, Key], reviewed: Reviewed) -> Summary:
    """Build a version, check it as a whole, publish it and write its report.

    Raises:
        ValidationFailedError: if a rule on whole tables failed; nothing was published.
        StorageError: if the disk refused.
    """
    with store.building(into, work.run_id) as version:
        with work.timed("build"):
            built = build_version(work, version, winners, reviewed.rows)
        with work.timed("validate"):
            failed = _check_version(work, version, built)
            _measure_drift(work, version)
        page = store.report_path(into, work.run_id)
        if failed:
            report.write_report(page, _report_data(work, version, built.run, "blocked"))
            write_index(into)
            raise ValidationFailedError(
                f"{len(failed)} rules on whole tables failed ({failed[0].table}: {failed[0].expectation} on "
                f"{failed[0].column}: {'; '.join(each.row for each in failed[0].examples[:1])}); nothing was published and {into} is as it was; see {page}"
            )
        prepared = store.prepared_report(into, work.run_id)
        report.write_report(prepared, _report_data(work, version, built.run, "published"))
        store.publish(into, version)
    try:
        prepared.replace(page)
        write_index(into)
    except OSError as error:
        raise StorageError(
            f"the run was published, but {page.parent} could not be written: {error.strerror}; make room: the next run "
            "brings it up to date"
        ) from error
    alerts = find_alerts_after_run(version, built.run, work.drift, work.started_at, work.watching)
    return Summary("published", built.run, page, waiting=len(reviewed.waiting), drift=work.drift, alerts=alerts)


def _check_version(work: Work, version: store.Version, built: Built) -> list[Finding]:
    """Check the rules on whole tables; the failures among them block the run.

    Of rows that did not change the version before was checked: only whether ids stay unique is asked over all.
    """
    from pipeline.validate import check_ledger, check_version  # late: it takes seconds to import

    work.findings += [*check_version(version, built.parts, built.touched, built.whole), check_ledger(built.run)]
    return [finding for finding in work.findings if finding.blocks]


def _measure_drift(work: Work, version: store.Version) -> None:
    """Hold what came in within a day against what is usual: what is not warns, and blocks nothing."""
    from pipeline.validate import check_drift  # late: it takes seconds to import

    work.drift = measure_version(version, work.watching)
    work.findings += check_drift(work.drift)


def _report_data(work: Work, version: store.Version, run: Run, outcome: report.RunOutcome) -> report.ReportData:
    return report.ReportData(
        run=run,
        outcome=outcome,
        accuracy=work.accuracy,
        findings=work.findings,
        drift=work.drift,
        rejects=version.read("rejects"),
        totals=summarise(version),
        runs=version.read("runs"),
        arrivals=version.read("arrivals"),
        timings=list(work.timings.items()),
        changes=changes_as_html(compare(work.previous, version), CHANGES_BYTES),
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
