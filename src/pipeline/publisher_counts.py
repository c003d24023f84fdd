"""Count articles and quotes by publisher: the figures that reports show and drift is measured on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class PublisherCounts:
    """The articles and quotes of one publisher."""

    publisher: str
    article_count: int
    dated_count: int  # articles whose day of publication is known
    copy_count: int  # articles that are copies of others
    quote_count: int
    named_quote_count: int  # quotes whose speaker is named
    languages: Mapping[str, int]  # articles by language, without those of unknown language


def count_publishers(articles: pa.Table, quotes: pa.Table) -> list[PublisherCounts]:
    """Return the counts of each publisher, by name.

    Args:
        articles: article_id, publisher, published_on, duplicate_of, language.
        quotes: article_id, speaker_status; quotes of other articles are left out.
    """
    facts = pa.table(
        {
            "publisher": articles["publisher"],
            "dated": pc.is_valid(articles["published_on"]),
            "copy": pc.is_valid(articles["duplicate_of"]),
        }
    )
    sums = facts.group_by("publisher").aggregate([([], "count_all"), ("dated", "sum"), ("copy", "sum")])
    quote_counts = _count_quotes(articles, quotes)
    languages = _count_languages(articles)
    return [
        PublisherCounts(
            publisher=row["publisher"],
            article_count=row["count_all"],
            dated_count=row["dated_sum"],
            copy_count=row["copy_sum"],
            quote_count=quote_counts.get(row["publisher"], (0, 0))[0],
            named_quote_count=quote_counts.get(row["publisher"], (0, 0))[1],
            languages=languages.get(row["publisher"], {}),
        )
        for row in sums.sort_by("publisher").to_pylist()
    ]


def _count_quotes(articles: pa.Table, quotes: pa.Table) -> dict[str, tuple[int, int]]:
    """Return the number of quotes of each publisher, and of those with a named speaker."""
    article_ids = pa.array(articles["article_id"].to_pylist(), pa.string())
    facts = pa.table(
        {
            "publisher": pc.take(articles["publisher"], pc.index_in(quotes["article_id"], article_ids)),
            "named": pc.equal(quotes["speaker_status"], "named"),
        }
    )
    of_these = facts.filter(pc.is_valid(facts["publisher"]))  # null for a quote of another article
    rows = of_these.group_by("publisher").aggregate([([], "count_all"), ("named", "sum")]).to_pylist()
    return {row["publisher"]: (row["count_all"], row["named_sum"]) for row in rows}


def _count_languages(articles: pa.Table) -> dict[str, dict[str, int]]:
    known = articles.select(["publisher", "language"]).filter(pc.is_valid(articles["language"]))
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for row in known.group_by(["publisher", "language"]).aggregate([([], "count_all")]).to_pylist():
        counts[row["publisher"]][row["language"]] = row["count_all"]
    return counts
