"""Count what a report shows of a data set. The counts are stored with each part and summed over parts.

A part stores them as pairs of a name and a count (``parts.tallies``): ``dated``, ``headed``, ``copies``, ``closed``,
``direct``, ``named direct`` and so on, and per publisher ``articles of NAME``, ``language en of NAME`` and so on.
``tally`` writes these names and ``summarise`` reads them; nothing else does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import Part, QuoteType
from pipeline.publisher_counts import PublisherCounts, count_publishers

MOST = 10  # entities shown
OF = " of "  # separates the name of a count from its publisher
LANGUAGE = "language "  # prefix of a publisher's counts by language
NAMED = "named "  # prefix of the counts of quotes with a named speaker, by quote type


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    label: str
    part: int
    whole: int

    @property
    def percent(self) -> float:
        """The share in percent; 0 of an empty whole."""
        return 100 * self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Totals:
    """The counts of a data set."""

    article_count: int
    publishers: tuple[PublisherCounts, ...]  # the largest first
    by_month: tuple[Share, ...]  # articles per month, as shares of the month with most articles
    dated: Share
    named: Share
    completeness: tuple[Share, ...]  # every share of articles or quotes that a report lists, those two among them
    most_named: tuple[Share, ...]
    most_quoted: tuple[Share, ...]


NO_DATES, NO_NAMES = Share("articles with a date", 0, 0), Share("quotes with a named speaker", 0, 0)
NOTHING = Totals(0, (), (), NO_DATES, NO_NAMES, (), (), ())  # of a data set without a published run


def tally(articles: pa.Table, quotes: pa.Table) -> Counter[str]:
    """Count some articles and their quotes, in counts that can be summed.

    Args:
        articles: article_id, publisher, published_on, headline, duplicate_of, language.
        quotes: article_id, quote_type, speaker_status, is_closed.
    """
    is_named = pc.equal(quotes["speaker_status"], "named")
    tallies: Counter[str] = Counter()
    for name, column in (("dated", "published_on"), ("headed", "headline"), ("copies", "duplicate_of")):
        tallies[name] = articles.num_rows - articles[column].null_count
    tallies["closed"] = pc.sum(quotes["is_closed"]).as_py() or 0
    tallies.update(_count_values(quotes["quote_type"]))
    named_types = _count_values(quotes["quote_type"].filter(is_named))
    tallies.update({f"{NAMED}{quote_type}": count for quote_type, count in named_types.items()})
    for counts in count_publishers(articles, quotes):
        tallies.update(_name_counts(counts))
    return +tallies


def _count_values(values: pa.ChunkedArray) -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(values).to_pylist()}


def _name_counts(counts: PublisherCounts) -> dict[str, int]:
    """Return the counts of a publisher under their stored names."""
    named = {
        "articles": counts.article_count,
        "dated": counts.dated_count,
        "copies": counts.copy_count,
        "quotes": counts.quote_count,
        "named": counts.named_quote_count,
        **{f"{LANGUAGE}{language}": count for language, count in counts.languages.items()},
    }
    return {f"{name}{OF}{counts.publisher}": count for name, count in named.items()}


def _read_publishers(tallies: Mapping[str, int]) -> tuple[PublisherCounts, ...]:
    """Return the counts by publisher that stored names and counts say, the largest publisher first."""
    by_publisher: dict[str, Counter[str]] = defaultdict(Counter)
    for key, count in tallies.items():
        name, separator, publisher = key.partition(OF)
        if separator:
            by_publisher[publisher][name] = count
    counts = [
        PublisherCounts(
            publisher=publisher,
            article_count=named["articles"],
            dated_count=named["dated"],
            copy_count=named["copies"],
            quote_count=named["quotes"],
            named_quote_count=named["named"],
            languages={name.removeprefix(LANGUAGE): n for name, n in named.items() if name.startswith(LANGUAGE)},
        )
        for publisher, named in by_publisher.items()
    ]
    return tuple(sorted(counts, key=lambda counts: (-counts.article_count, counts.publisher)))


def summarise(parts: Sequence[Part], entities: pa.Table) -> Totals:
    """Return the counts of a data set.

    Args:
        parts: all of its parts.
        entities: name, original_article_count, original_quote_count.
    """
    tallies: Counter[str] = Counter()
    months: Counter[str] = Counter()
    for part in parts:
        tallies.update({tally.name: tally.count for tally in part.tallies})
        months[part.month] += part.article_count
    article_count, quote_count = sum(part.article_count for part in parts), sum(part.quote_count for part in parts)
    dated_months = {month: count for month, count in sorted(months.items()) if month[0].isdecimal() and count}
    by_type = {quote_type: tallies[quote_type] for quote_type in sorted(get_args(QuoteType)) if tallies[quote_type]}
    named_by_type = {quote_type: tallies[f"{NAMED}{quote_type}"] for quote_type in by_type}
    dated = Share(NO_DATES.label, tallies["dated"], article_count)
    named = Share(NO_NAMES.label, sum(named_by_type.values()), quote_count)
    return Totals(
        article_count=article_count,
        publishers=_read_publishers(tallies),
        by_month=tuple(Share(month, count, max(dated_months.values())) for month, count in dated_months.items()),
        dated=dated,
        named=named,
        completeness=(
            dated,
            Share("articles with a headline", tallies["headed"], article_count),
            Share("articles that are copies", tallies["copies"], article_count),
            Share("quotes with both marks printed", tallies["closed"], quote_count),
            named,
            *(
                Share(f"{quote_type} quotes with a named speaker", named_by_type[quote_type], count)
                for quote_type, count in by_type.items()
            ),
        ),
        most_named=_rank_entities(entities, "original_article_count"),
        most_quoted=_rank_entities(entities, "original_quote_count"),
    )


def ranked(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the largest counts first; equal counts by name."""
    return sorted(counts, key=lambda item: (-item[1], item[0]))


def _rank_entities(entities: pa.Table, column: str) -> tuple[Share, ...]:
    """Return the entities with the highest counts in a column, as shares of the highest."""
    indices = pc.select_k_unstable(entities, MOST, [(column, "descending"), ("name", "ascending")])
    counts = [(row["name"], row[column]) for row in entities.take(indices).to_pylist() if row[column]]
    return tuple(Share(name, count, counts[0][1]) for name, count in counts)
