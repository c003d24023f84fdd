"""Corrections → the quotes that they are of, and the articles that have to be made again for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.contract import ReviewedQuote, stable_id
from pipeline.corrections.files import Correction, contradictions, refuse_if, told

# Finds quotes by their ids, and all quotes of some articles: gives quote_id, article_id, start_char and end_char. It looks
# at what is published, also at what corrections take away there, and then at what the run has made.
FindQuotes = Callable[[Collection[str], Collection[str]], pa.Table]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which corrections are of which quote."""

    reviewed: tuple[ReviewedQuote, ...]  # what the new version is to keep, but for is_waiting
    by_quote: Mapping[str, tuple[Correction, ...]]
    touched: frozenset[str]  # the articles of which other things are said than before, or nothing any more
    settled: frozenset[str]  # the targets of which the same is said as before: it could be applied once

    @property
    def articles(self) -> frozenset[str]:
        """The articles of which something is said: what the machine made of them has to be kept."""
        return frozenset(one.article_id for one in self.reviewed)


def plan_corrections(corrections: Sequence[Correction], before: Sequence[ReviewedQuote], find: FindQuotes) -> Plan:
    """Find the quotes that corrections are of.

    A quote named by its span is found once: from then on its words count, wherever they stand.

    Args:
        corrections: all of them.
        before: what the version before keeps of them.
        find: finds quotes; asked only for those that were not named before.

    Raises:
        UsageError: if there never was such a quote, or corrections contradict each other.
    """
    by_target: dict[str, list[Correction]] = defaultdict(list)
    for one in corrections:
        by_target[one.target].append(one)
    ids = {one.target: (one.quote_id, one.article_id) for one in before if one.target in by_target}
    ids |= _find_ids([each[0] for target, each in by_target.items() if target not in ids], find)
    faults = [f"{one.where}: {_unknown(one)}" for one in corrections if one.target not in ids]
    by_quote: dict[str, list[Correction]] = defaultdict(list)
    for target, (quote_id, _) in ids.items():
        by_quote[quote_id] += by_target[target]
    faults += [fault for each in by_quote.values() for fault in contradictions(each)]
    refuse_if(faults)
    was_waiting = {one.target for one in before if one.is_waiting}
    reviewed = tuple(
        ReviewedQuote(target, *ids[target], stable_id(told(each)), target in was_waiting)
        for target, each in sorted(by_target.items())
    )
    said, said_before = {_said(one) for one in reviewed}, {_said(one) for one in before}
    return Plan(
        reviewed,
        {quote_id: tuple(each) for quote_id, each in by_quote.items()},
        touched=frozenset(article_id for article_id, *_ in said ^ said_before),
        settled=frozenset(target for _, target, _ in said & said_before),
    )


def _said(one: ReviewedQuote) -> tuple[str, str, str]:
    return one.article_id, one.target, one.digest


def _find_ids(corrections: Sequence[Correction], find: FindQuotes) -> dict[str, tuple[str, str]]:
    """The quote and the article that each correction is of, by its target."""
    if not corrections:
        return {}
    ids = {one.quote_id for one in corrections if one.quote_id}
    rows = find(ids, {one.article_id for one in corrections if one.article_id})
    wanted = {one.target for one in corrections}
    found: dict[str, tuple[str, str]] = {}
    for target, quote_id, article_id in _name(rows):
        if target in wanted:
            found.setdefault(target, (quote_id, article_id))
    return found


def _name(quotes: pa.Table) -> Iterator[tuple[str, str, str]]:
    """The two ways in which a file may name a quote, each with the quote's id and its article's."""
    for row in quotes.select(["quote_id", "article_id", "start_char", "end_char"]).to_pylist():
        quote_id, article_id = row["quote_id"], row["article_id"]
        yield quote_id, quote_id, article_id
        yield f"{article_id}[{row['start_char']}:{row['end_char']}]", quote_id, article_id


def _unknown(one: Correction) -> str:
    if one.quote_id:
        return f"quote_id {one.quote_id} is unknown; copy it from the table quotes"
    return f"no quote is known at [{one.start_char}:{one.end_char}] of article {one.article_id}; copy them from the table quotes"
