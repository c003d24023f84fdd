"""Apply people's corrections to the articles that this run makes, and to published ones whose corrections changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import store
from pipeline.contract import ALL_TABLES, STAGED, ReviewedQuote, arrow_schema, from_table, to_table
from pipeline.corrections import (
    QUOTE_SPAN,
    Corrected,
    Correction,
    Plan,
    apply_corrections,
    plan_corrections,
    read_corrections,
)
from pipeline.curate.context import RunContext, read_rows
from pipeline.curate.intake import StagedArticle, is_present
from pipeline.curate.winners import Winners
from pipeline.entities import summarise_entities
from pipeline.errors import ValidationFailedError
from pipeline.ledger import Key
from pipeline.staging import STAGED_AT, Place
from pipeline.store import PublishedArticle, Rows

CORRECTED_TABLES = ("articles", "quotes", "mentions")
REVIEW_TABLES = ("reviewed", "machine_quotes", "machine_mentions")


@dataclass(frozen=True, slots=True)
class CorrectedArticles:
    """The winners with corrections applied, among them published articles that only a correction changes."""

    winners: Winners
    waiting: tuple[Correction, ...] = ()  # corrections whose quotes are missing now
    review_rows: Mapping[str, Rows] = field(default_factory=dict)  # the rows to store for the next run, by table


def correct_articles(run: RunContext, winners: Winners) -> CorrectedArticles:
    """Apply all corrections.

    Raises:
        UsageError: if a correction cannot be applied; then none is.
        ValidationFailedError: if a corrected row fails a rule, which is a bug.
    """
    staged, ledger = winners.staged, winners.intake.ledger
    before = from_table(run.previous.read("reviewed"), ReviewedQuote) if run.previous else []
    corrections = read_corrections(store.corrections_folder(run.into))
    if not corrections and not before:
        return CorrectedArticles(winners)

    places = [article.place for article in staged.values()]
    plan = plan_corrections(corrections, before, run.previous, run.staging.read("quotes", places, QUOTE_SPAN))
    affected = plan.touched | (plan.articles & staged.keys())
    published = run.published.look_up(affected - staged.keys())
    were_corrected = {quote.article_id for quote in before}
    fresh = {article_id: staged[article_id] for article_id in affected if article_id in staged}
    made = _read_machine_rows(run, fresh, published, were_corrected)
    changed = affected | (ledger.claimed() - winners.records.keys())
    corrected = apply_corrections(plan, changed, {name: made[name] for name in CORRECTED_TABLES}, summarise_entities)
    _check_corrected(made, corrected)
    for article_id, article in published.items():
        ledger.restage(article_id, article.key)
    records, _ = ledger.choose_winners(partial(is_present, run, winners.intake))
    restaged = _stage_corrected(run, made, corrected, records)
    intake = replace(winners.intake, staged={**winners.intake.staged, **restaged})
    review_rows = _find_review_rows(run, corrected.plan, changed, made)
    return CorrectedArticles(replace(winners, intake=intake, records=records), tuple(corrected.waiting), review_rows)


def _read_machine_rows(
    run: RunContext,
    fresh: Mapping[str, StagedArticle],
    published: Mapping[str, PublishedArticle],
    were_corrected: Collection[str],
) -> dict[str, pa.Table]:
    """Return the rows of some articles as they were before any correction, by table.

    Args:
        run: the run.
        fresh: articles of this run.
        published: articles of the previous version.
        were_corrected: the published articles with corrections, whose uncorrected rows have tables of their own.
    """
    places = [staged.place for staged in fresh.values()]
    kept = {article_id for article_id in published if article_id in were_corrected}
    made = {}
    for name in STAGED:
        schema = arrow_schema(ALL_TABLES[name].row)
        parts = [schema.empty_table(), read_rows(run, name, places)]
        if run.previous:
            sources: list[tuple[str, Collection[str]]] = [(name, published.keys())]
            if name in ("quotes", "mentions"):
                sources = [(name, published.keys() - kept), (f"machine_{name}", kept)]
            for table, ids in sources:
                parts += [rows.cast(schema) for _, rows in run.previous.find(table, "article_id", ids)]
        made[name] = pa.concat_tables(parts)
    return made


def _check_corrected(made: Mapping[str, pa.Table], corrected: Corrected) -> None:
    """Check that corrected rows pass the rules that all rows have to pass.

    Raises:
        ValidationFailedError: if one fails, which is a bug.
    """
    if not made["articles"].num_rows:
        return
    from pipeline.validate import check_rows  # late, because it takes seconds to import

    chunk = {
        "articles": made["articles"],
        "quotes": corrected.quotes,
        "mentions": corrected.mentions,
        "article_entities": corrected.article_entities,
    }
    if failed := [finding for finding in check_rows([chunk]) if not finding.success]:
        first = failed[0]
        raise ValidationFailedError(
            f"corrected rows fail {first.expectation} on {first.table}.{first.column}: "
            f"{'; '.join(example.row for example in first.examples[:1])}; nothing was published"
        )


def _stage_corrected(
    run: RunContext, made: Mapping[str, pa.Table], corrected: Corrected, records: Mapping[str, Key]
) -> dict[tuple[str, Key], StagedArticle]:
    """Stage corrected articles and return where, by article_id and record."""
    ids = made["articles"]["article_id"].to_pylist()
    if not ids:
        return {}
    numbers = {article_id: number for number, article_id in enumerate(ids)}
    rows = {
        **made,
        "quotes": corrected.quotes,
        "mentions": corrected.mentions,
        "article_entities": corrected.article_entities,
    }
    batch = run.staging.add({name: _number_rows(table, numbers) for name, table in rows.items()})
    days = made["articles"]["published_on"].to_pylist()
    return {
        (article_id, records[article_id]): StagedArticle(Place(batch, numbers[article_id]), store.month_of(day))
        for article_id, day in zip(ids, days, strict=True)
    }


def _number_rows(rows: pa.Table, numbers: Mapping[str, int]) -> pa.Table:
    staged_at = [numbers[article_id] for article_id in rows["article_id"].to_pylist()]
    return rows.append_column(STAGED_AT, pa.array(staged_at, pa.int64()))


def _find_review_rows(
    run: RunContext, plan: Plan, changed: Collection[str], made: Mapping[str, pa.Table]
) -> dict[str, Rows]:
    """Return the rows to add and the keys to remove in the tables of reviews."""
    ids = pa.array(plan.articles, pa.string())
    added = {
        "reviewed": to_table(ReviewedQuote, plan.reviewed),
        "machine_quotes": made["quotes"].filter(pc.is_in(made["quotes"]["article_id"], ids)),
        "machine_mentions": made["mentions"].filter(pc.is_in(made["mentions"]["article_id"], ids)),
    }
    return {name: (added[name], _find_review_keys(run, name, changed)) for name in REVIEW_TABLES}


def _find_review_keys(run: RunContext, table: str, changed: Iterable[str]) -> list[tuple[object, ...]]:
    """Return the keys of the previous version's rows that this run replaces."""
    if run.previous is None:
        return []
    names = list(ALL_TABLES[table].sort)
    if table == "reviewed":
        return [tuple(row.values()) for row in run.previous.read(table, names).to_pylist()]
    found = run.previous.find(table, "article_id", changed, names)
    return [tuple(row[name] for name in names) for _, rows in found for row in rows.to_pylist()]
