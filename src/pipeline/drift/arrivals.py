"""The new articles of a run, counted by publisher: what drift is measured on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from pipeline.contract import Arrival, Count
from pipeline.publisher_counts import count_publishers


def count_arrivals(run_id: str, started_at: datetime, articles: pa.Table, quotes: pa.Table) -> list[Arrival]:
    """Return one row per publisher of the new articles of a run.

    Args:
        run_id: the run.
        started_at: when it started.
        articles: the new articles: article_id, publisher, published_on, duplicate_of, language.
        quotes: article_id, speaker_status; quotes of other articles are left out.
    """
    return [
        Arrival(
            run_id=run_id,
            publisher=counts.publisher,
            started_at=started_at,
            article_count=counts.article_count,
            dated_count=counts.dated_count,
            copy_count=counts.copy_count,
            quote_count=counts.quote_count,
            named_quote_count=counts.named_quote_count,
            languages=_as_counts(counts.languages),
        )
        for counts in count_publishers(articles, quotes)
    ]


def merge_arrivals(arrivals: Iterable[Arrival]) -> list[Arrival]:
    """Return one row per run and publisher, in their order: the sum of what was counted part by part."""
    parts: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        parts[arrival.run_id, arrival.publisher].append(arrival)
    return [_add(parts[key]) for key in sorted(parts)]


def _add(parts: Sequence[Arrival]) -> Arrival:
    languages: Counter[str] = Counter()
    for part in parts:
        languages.update({language.name: language.count for language in part.languages})
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


def _as_counts(languages: Mapping[str, int]) -> list[Count]:
    return [Count(language, count) for language, count in sorted(languages.items())]
