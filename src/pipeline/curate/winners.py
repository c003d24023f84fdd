"""Staged rows → the rows of each article's winning record, valid row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pyarrow as pa

from pipeline.contract import STAGED, TABLES, RawRef, Reject
from pipeline.curate.intake import read_again
from pipeline.curate.work import Staged, Work, find_winning, is_present, read_rows, refuse_mixture
from pipeline.ledger import Key

VALIDATED_ARTICLES = 2_000  # at a time: what bounds the memory of validation
SAMPLE_ARTICLES = 20


def settle_and_validate(work: Work) -> dict[str, Key]:
    """Find the record that each article is taken from, refusing articles of which a row fails a rule.

    A refused article leaves its place to the next best record, which may have to be read again: so until nothing moves.

    Raises:
        UsageError: if the run changes what the quotes are of, and some articles keep theirs after all.
    """
    checked: set[tuple[str, Key]] = set()
    while True:
        winners, unread = work.ledger.settle(lambda key: is_present(work, key))
        if unread:
            read_again(work, unread)
            continue
        fresh = {article_id: key for article_id, key in winners.items() if (article_id, key) not in checked}
        staged = find_winning(work, fresh)
        if not staged:
            refuse_mixture(work, partial(_is_made_anew, work, winners))
            return winners
        checked |= set(fresh.items())
        with work.timed("validate"):
            _validate_rows(work, staged, winners)


def _is_made_anew(work: Work, winners: Mapping[str, Key], article_id: str, _held: Key) -> bool:
    """Whether this run has made a published article again, or taken it away."""
    if article_id in winners:
        return work.ledger.is_staged(article_id, winners[article_id])
    return article_id in work.ledger.claimed()


def _validate_rows(work: Work, staged: Mapping[str, Staged], winners: Mapping[str, Key]) -> None:
    from pipeline.validate import check_rows  # late: it takes seconds to import

    ids = sorted(staged, key=lambda article_id: staged[article_id].place.batch)
    chunks = (
        {
            name: read_rows(work, name, [staged[article_id].place for article_id in ids[at : at + VALIDATED_ARTICLES]])
            for name in STAGED
            if name in TABLES
        }
        for at in range(0, len(ids), VALIDATED_ARTICLES)
    )
    findings = check_rows(chunks)
    work.findings += findings
    refused: set[str] = set()
    for finding in findings:
        for article_id in finding.failing_keys:
            if article_id not in refused:  # several rules may refuse one article
                refused.add(article_id)
                detail = f"{finding.table}.{finding.column}: {'; '.join(each.row for each in finding.examples[:2])}"
                (row,) = work.staging.read("articles", [staged[article_id].place], ["raw_sha256"])
                ref = RawRef(*winners[article_id], row["raw_sha256"][0].as_py())
                reject = Reject.of(ref, stage="validate", reason=finding.expectation, detail=detail)
                noted = work.ledger.refuse(article_id, reject)
                work.rejects[winners[article_id]] = replace(noted, run_id=work.run_id)


def sample_quotes(work: Work, winners: Mapping[str, Key]) -> pa.Table:
    """Some quotes of a run."""
    places = [staged.place for staged in find_winning(work, winners).values()][:SAMPLE_ARTICLES]
    return read_rows(work, "quotes", places)[:10]
