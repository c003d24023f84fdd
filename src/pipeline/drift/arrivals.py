"""What came, counted: one row a publisher and run, which is all that drift is measured on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import Arrival, Count


def count_arrivals(run_id: str, started_at: datetime, articles: pa.Table, quotes: pa.Table) -> list[Arrival]:
    """Count what a run took in first, by publisher.

    Args:
        run_id: the run.
        started_at: when it started.
        articles: new ones: article_id, publisher, published_on, duplicate_of, language.
        quotes: of articles, these or others: article_id, speaker_status; those of others are left out.
    """
    facts = pa.table(
        {
            "publisher": articles["publisher"],
            "dated": pc.is_valid(articles["published_on"]),
            "copy": pc.is_valid(articles["duplicate_of"]),
        }
    )
    sums = facts.group_by("publisher").aggregate([([], "count_all"), ("dated", "sum"), ("copy", "sum")])
    spoken = _count_quotes(articles, quotes)
    languages = _count_languages(articles)
    return [
        Arrival(
            run_id=run_id,
            publisher=row["publisher"],
            started_at=started_at,
            article_count=row["count_all"],
            dated_count=row["dated_sum"],
            copy_count=row["copy_sum"],
            quote_count=spoken.get(row["publisher"], (0, 0))[0],
            named_quote_count=spoken.get(row["publisher"], (0, 0))[1],
            languages=_as_counts(languages[row["publisher"]]),
        )
        for row in sums.sort_by("publisher").to_pylist()
    ]


def _count_quotes(articles: pa.Table, quotes: pa.Table) -> dict[str, tuple[int, int]]:
    """Quotes by publisher, and those whose speaker is named."""
    at = pc.index_in(quotes["article_id"], pa.array(articles["article_id"].to_pylist(), pa.string()))
    facts = pa.table(
        {
            "publisher": pc.take(articles["publisher"], at),  # null for a quote of another article
            "named": pc.equal(quotes["speaker_status"], "named"),
        }
    )
    sums = facts.filter(pc.is_valid(facts["publisher"])).group_by("publisher")
    rows = sums.aggregate([([], "count_all"), ("named", "sum")]).to_pylist()
    return {row["publisher"]: (row["count_all"], row["named_sum"]) for row in rows}


def _count_languages(articles: pa.Table) -> dict[str, Counter[str]]:
    known = articles.select(["publisher", "language"]).filter(pc.is_valid(articles["language"]))
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in known.group_by(["publisher", "language"]).aggregate([([], "count_all")]).to_pylist():
        counts[row["publisher"]][row["language"]] += row["count_all"]
    return counts


def _as_counts(counted: Counter[str]) -> list[Count]:
    return [Count(name, count) for name, count in sorted(counted.items())]


def merge_arrivals(arrivals: Iterable[Arrival]) -> list[Arrival]:
    """Add up what was counted of parts of a run: one row a run and publisher, in their order."""
    parts: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for each in arrivals:
        parts[each.run_id, each.publisher].append(each)
    return [_add(parts[key]) for key in sorted(parts)]


def _add(parts: Sequence[Arrival]) -> Arrival:
    languages: Counter[str] = Counter()
    for part in parts:
        languages.update({each.name: each.count for each in part.languages})
    return Arrival(
        run_id=parts[0].run_id,
        publisher=parts[0].publisher,
        started_at=parts[0].started_at,
        article_count=sum(part.article_count for part in parts),
        dated_count=sum(part.dated_count for part in parts),
        copy_count=sum(part.copy_count for part in parts),
        quote_count=sum(part.quote_count for part in parts),
        named_quote_count=sum(part.named_quote_count for part in parts),
        languages=_as_counts(languages),
    )
