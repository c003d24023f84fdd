"""Choose the raw record that each article is taken from, and validate its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa

from pipeline.contract import STAGED, TABLES, Finding, RawRef, Reject
from pipeline.curate.context import RunContext, read_rows
from pipeline.curate.intake import Intake, RunBatches, StagedArticle, check_attributions, is_present, read_again
from pipeline.ledger import Key

VALIDATED_ARTICLES = 2_000  # in one chunk, which bounds the memory of validation
SAMPLE_ARTICLES = 20
SAMPLE_QUOTES = 10


@dataclass(frozen=True, slots=True)
class Winners:
    """The raw record that each article is taken from, of the articles whose records this run changes."""

    intake: Intake
    records: Mapping[str, Key]  # by article_id
    findings: tuple[Finding, ...] = ()  # of the rules on single rows

    @property
    def staged(self) -> dict[str, StagedArticle]:
        """Where the rows that this run made are staged, by article_id."""
        return _find_staged(self.intake, self.records)


def choose_winners(run: RunContext, intake: Intake, run_batches: RunBatches) -> Winners:
    """Choose the record of each article, and reject articles with a row that fails a rule.

    A rejected article is taken from its next best record, which may have to be read again. So this repeats until
    nothing changes.

    Raises:
        UsageError: if the run changes the attributions of the data set, and some articles would keep theirs.
    """
    checked: set[tuple[str, Key]] = set()
    findings: list[Finding] = []
    while True:
        records, unread = intake.ledger.choose_winners(partial(is_present, run, intake))
        if unread:
            intake = read_again(run, intake, unread, run_batches)
            continue
        fresh = {article_id: key for article_id, key in records.items() if (article_id, key) not in checked}
        if not _find_staged(intake, fresh):
            check_attributions(run, partial(_is_remade, intake, records))
            return Winners(intake, records, tuple(findings))
        checked |= set(fresh.items())
        with run.timed("validate"):
            found = _validate_rows(run, Winners(intake, fresh))
        findings += found
        intake = _reject_articles(run, intake, records, found)


def _find_staged(intake: Intake, records: Mapping[str, Key]) -> dict[str, StagedArticle]:
    return {
        article_id: intake.staged[article_id, key]
        for article_id, key in records.items()
        if intake.ledger.is_staged(article_id, key)
    }


def _is_remade(intake: Intake, records: Mapping[str, Key], article_id: str, _published: Key) -> bool:
    """Return whether this run has made a published article again, or removed it."""
    if article_id in records:
        return intake.ledger.is_staged(article_id, records[article_id])
    return article_id in intake.ledger.claimed()


def _validate_rows(run: RunContext, winners: Winners) -> list[Finding]:
    from pipeline.validate import check_rows  # late, because it takes seconds to import

    staged = winners.staged
    ids = sorted(staged, key=lambda article_id: staged[article_id].place.batch)
    chunks = (
        {
            name: read_rows(
                run, name, [staged[article_id].place for article_id in ids[start : start + VALIDATED_ARTICLES]]
            )
            for name in STAGED
            if name in TABLES
        }
        for start in range(0, len(ids), VALIDATED_ARTICLES)
    )
    return check_rows(chunks)


def _reject_articles(run: RunContext, intake: Intake, records: Mapping[str, Key], findings: list[Finding]) -> Intake:
    """Reject the articles with a row that fails a rule; the first such rule is the reason."""
    reasons: dict[str, Finding] = {}
    for finding in findings:
        for article_id in finding.failing_keys:
            reasons.setdefault(article_id, finding)
    rejects: dict[Key, Reject] = {}
    for article_id, finding in reasons.items():
        key = records[article_id]
        (row,) = run.staging.read("articles", [intake.staged[article_id, key].place], ["raw_sha256"])
        ref = RawRef(*key, row["raw_sha256"][0].as_py())
        detail = f"{finding.table}.{finding.column}: {'; '.join(example.row for example in finding.examples[:2])}"
        reject = Reject.of(ref, stage="validate", reason=finding.expectation, detail=detail)
        rejects[key] = replace(intake.ledger.reject_article(article_id, reject), run_id=run.run_id)
    return replace(intake, rejects={**intake.rejects, **rejects})


def sample_quotes(run: RunContext, winners: Winners) -> pa.Table:
    """Return the first quotes of the first articles of a run."""
    places = [staged.place for staged in winners.staged.values()][:SAMPLE_ARTICLES]
    return read_rows(run, "quotes", places)[:SAMPLE_QUOTES]
