"""Corrections → the quotes they refer to, and the articles that have to be made again for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.contract import ReviewedQuote, stable_id
from pipeline.corrections.correction_files import Correction, check_faults, find_contradictions, values_of
from pipeline.store import Version

QUOTE_SPAN = ("quote_id", "article_id", "start_char", "end_char")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which quote each correction refers to."""

    reviewed: tuple[ReviewedQuote, ...]  # the rows of the new version, except for is_waiting
    by_quote: Mapping[str, tuple[Correction, ...]]
    touched: frozenset[str]  # the articles whose corrections are other than before, or were withdrawn
    settled: frozenset[str]  # the targets with the same corrections as before: they could be applied once

    @property
    def articles(self) -> frozenset[str]:
        """The articles with corrections: the version must keep what the machine made of them."""
        return frozenset(quote.article_id for quote in self.reviewed)


def plan_corrections(
    corrections: Sequence[Correction],
    before: Sequence[ReviewedQuote],
    previous: Version | None,
    fresh_quotes: Iterable[pa.Table],
) -> Plan:
    """Find the quotes that corrections refer to.

    A quote named by its span is looked up once. From then on its words identify it, wherever they are in the text.

    Args:
        corrections: all of them.
        before: the reviewed quotes of the previous version.
        previous: the previous version.
        fresh_quotes: quotes made in this run, with at least the columns QUOTE_SPAN. Read only if some quote was not
            reviewed before.

    Raises:
        UsageError: if there never was such a quote, or corrections contradict each other.
    """
    by_target: dict[str, list[Correction]] = defaultdict(list)
    for correction in corrections:
        by_target[correction.target].append(correction)
    ids = {quote.target: (quote.quote_id, quote.article_id) for quote in before if quote.target in by_target}
    unknown = [found[0] for target, found in by_target.items() if target not in ids]
    if unknown:
        ids |= _find_ids(unknown, previous, fresh_quotes)
    faults = [
        f"{correction.where}: {_not_found(correction)}" for correction in corrections if correction.target not in ids
    ]
    by_quote: dict[str, list[Correction]] = defaultdict(list)
    for target, (quote_id, _) in ids.items():
        by_quote[quote_id] += by_target[target]
    faults += [fault for found in by_quote.values() for fault in find_contradictions(found)]
    check_faults(faults)
    was_waiting = {quote.target for quote in before if quote.is_waiting}
    reviewed = tuple(
        ReviewedQuote(target, *ids[target], stable_id(values_of(found)), target in was_waiting)
        for target, found in sorted(by_target.items())
    )
    said, said_before = (
        {(quote.article_id, quote.target, quote.digest) for quote in quotes} for quotes in (reviewed, before)
    )
    return Plan(
        reviewed,
        {quote_id: tuple(found) for quote_id, found in by_quote.items()},
        touched=frozenset(article_id for article_id, *_ in said ^ said_before),
        settled=frozenset(target for _, target, _ in said & said_before),
    )


def _find_ids(
    corrections: Sequence[Correction], previous: Version | None, fresh_quotes: Iterable[pa.Table]
) -> dict[str, tuple[str, str]]:
    """Return the quote_id and article_id that each correction refers to, by its target."""
    wanted = {correction.target for correction in corrections}
    found: dict[str, tuple[str, str]] = {}
    published = _published_quotes(previous, corrections) if previous else ()
    for quotes in (*published, *fresh_quotes):
        for target, quote_id, article_id in _name_targets(quotes):
            if target in wanted:
                found.setdefault(target, (quote_id, article_id))
    return found


def _published_quotes(previous: Version, corrections: Sequence[Correction]) -> Iterator[pa.Table]:
    """Yield published quotes and, with those that corrections took away, quotes as the machine made them."""
    quote_ids = {correction.quote_id for correction in corrections if correction.quote_id}
    article_ids = {correction.article_id for correction in corrections if correction.article_id}
    for table in ("quotes", "machine_quotes"):
        yield previous.find_all(table, "quote_id", quote_ids, QUOTE_SPAN)
        yield previous.find_all(table, "article_id", article_ids, QUOTE_SPAN)


def _name_targets(quotes: pa.Table) -> Iterator[tuple[str, str, str]]:
    """Yield both targets by which a file may name each quote, with its quote_id and article_id."""
    for row in quotes.select(QUOTE_SPAN).to_pylist():
        quote_id, article_id = row["quote_id"], row["article_id"]
        yield quote_id, quote_id, article_id
        yield f"{article_id}[{row['start_char']}:{row['end_char']}]", quote_id, article_id


def _not_found(correction: Correction) -> str:
    if correction.quote_id:
        return f"there is no quote {correction.quote_id}; copy its quote_id from the table quotes"
    span = f"[{correction.start_char}:{correction.end_char}]"
    return f"there is no quote at {span} of article {correction.article_id}; copy the offsets from the table quotes"
