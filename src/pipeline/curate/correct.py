"""What people have corrected stands over what the machine makes: of this run's articles, and of those already there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

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
from pipeline.curate.work import Staged, Work, find_winning, is_present, read_rows
from pipeline.entities import summarise_entities
from pipeline.errors import ValidationFailedError
from pipeline.ledger import Key
from pipeline.staging import STAGED_AT, Place
from pipeline.store import PublishedArticle, Rows

MADE = ("articles", "quotes", "mentions")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What corrections come to in a run."""

    waiting: tuple[Correction, ...]  # those whose quotes are not there now
    rows: Mapping[str, Rows]  # what the version is to keep of them, by table


def correct_articles(work: Work, into: Path, winners: Mapping[str, Key]) -> tuple[dict[str, Key], Reviewed]:
    """Apply all corrections to the articles that this run makes, and to those of which something new is said.

    Returns:
        The winners, with the articles that come anew for their corrections alone.

    Raises:
        UsageError: if a correction cannot be applied; none was.
    """
    fresh = find_winning(work, winners)
    before = from_table(work.previous.read("reviewed"), ReviewedQuote) if work.previous else []
    corrections = read_corrections(store.corrections_folder(into))
    if not corrections and not before:
        return dict(winners), Reviewed((), {})

    places = [staged.place for staged in fresh.values()]
    plan = plan_corrections(corrections, before, work.previous, work.staging.read("quotes", places, QUOTE_SPAN))
    affected = plan.touched | (plan.articles & fresh.keys())
    held = work.holdings.look_up(affected - fresh.keys())
    was_corrected = {one.article_id for one in before}
    made = _read_made(work, {each: fresh[each] for each in affected if each in fresh}, held, was_corrected)
    gone = work.ledger.claimed() - winners.keys()
    corrected = apply_corrections(plan, affected | gone, {name: made[name] for name in MADE}, summarise_entities)
    _check(made, corrected)
    for article_id, one in held.items():
        work.ledger.restage(article_id, one.key)
    now, _ = work.ledger.settle(lambda key: is_present(work, key))
    _stage_corrected(work, made, corrected, now)
    return now, Reviewed(tuple(corrected.waiting), _keep(work, corrected.plan, affected | gone, made))


def _read_made(
    work: Work, fresh: Mapping[str, Staged], held: Mapping[str, PublishedArticle], was_corrected: Collection[str]
) -> dict[str, pa.Table]:
    """The rows of some articles as the machine made them, by monthly table."""
    places = [staged.place for staged in fresh.values()]
    kept = {each for each in held if each in was_corrected}
    made = {}
    for name in STAGED:
        schema = arrow_schema(ALL_TABLES[name].row)
        parts = [schema.empty_table(), read_rows(work, name, places)]
        if work.previous:
            is_kept = name in ("quotes", "mentions")
            sources = [(name, held.keys() - kept), (f"machine_{name}", kept)] if is_kept else [(name, held.keys())]
            for table, ids in sources:
                parts += [rows.cast(schema) for _, rows in work.previous.find(table, "article_id", ids)]
        made[name] = pa.concat_tables(parts)
    return made


def _check(made: Mapping[str, pa.Table], corrected: Corrected) -> None:
    """What people say passes the rules that what the machine makes has to pass.

    Raises:
        ValidationFailedError: if it does not, which is a bug.
    """
    if not made["articles"].num_rows:
        return
    from pipeline.validate import check_rows  # late: it takes seconds to import

    chunk = {
        "articles": made["articles"],
        "quotes": corrected.quotes,
        "mentions": corrected.mentions,
        "article_entities": corrected.article_entities,
    }
    if failed := [finding for finding in check_rows([chunk]) if not finding.success]:
        raise ValidationFailedError(
            f"corrected rows fail {failed[0].expectation} on {failed[0].table}.{failed[0].column}: "
            f"{'; '.join(each.row for each in failed[0].examples[:1])}; nothing was published"
        )


def _stage_corrected(
    work: Work, made: Mapping[str, pa.Table], corrected: Corrected, winners: Mapping[str, Key]
) -> None:
    """Stage corrected articles in place of what was made of them."""
    ids = made["articles"]["article_id"].to_pylist()
    if not ids:
        return
    at = {article_id: number for number, article_id in enumerate(ids)}
    rows = {**made, "quotes": corrected.quotes, "mentions": corrected.mentions}
    rows["article_entities"] = corrected.article_entities
    batch = work.staging.add(
        {
            name: table.append_column(
                STAGED_AT, pa.array([at[each] for each in table["article_id"].to_pylist()], pa.int64())
            )
            for name, table in rows.items()
        }
    )
    days = made["articles"]["published_on"].to_pylist()
    for article_id, day in zip(ids, days, strict=True):
        work.staged[article_id, winners[article_id]] = Staged(Place(batch, at[article_id]), store.month_of(day))


def _keep(work: Work, plan: Plan, affected: Iterable[str], made: Mapping[str, pa.Table]) -> dict[str, Rows]:
    """What the next version keeps of corrections: what they are of, and the machine's rows of those articles."""
    keys = {name: ALL_TABLES[name].sort for name in ("reviewed", "machine_quotes", "machine_mentions")}
    old = {name: _old_keys(work, name, list(keys[name]), affected) for name in keys}
    mine = pa.array(plan.articles, pa.string())
    come = {
        "reviewed": to_table(ReviewedQuote, plan.reviewed),
        "machine_quotes": made["quotes"].filter(pc.is_in(made["quotes"]["article_id"], mine)),
        "machine_mentions": made["mentions"].filter(pc.is_in(made["mentions"]["article_id"], mine)),
    }
    return {name: (come[name], old[name]) for name in keys}


def _old_keys(work: Work, table: str, names: list[str], affected: Iterable[str]) -> list[tuple[object, ...]]:
    if work.previous is None:
        return []
    if table == "reviewed":
        return [tuple(row.values()) for row in work.previous.read(table, names).to_pylist()]
    found = work.previous.find(table, "article_id", affected, names)
    return [tuple(row[name] for name in names) for _, rows in found for row in rows.to_pylist()]
