"""What a report counts of a data set: kept with each of its parts, and added up over them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contract import Part, QuoteType

MOST = 10  # entities shown
OF = " of "  # parts what is counted from the publisher it is counted of
LANGUAGE = "language "  # begins the names of tallies that count a publisher's articles in one


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    label: str
    part: int
    whole: int

    @property
    def percent(self) -> float:
        """In percent; nothing of nothing is nothing."""
        return 100 * self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Publisher:
    """What a data set holds of one publisher."""

    name: str
    article_count: int
    dated: Share
    copies: Share
    quote_count: int
    named: Share  # of its quotes
    languages: tuple[Share, ...]  # the most frequent first


@dataclass(frozen=True, slots=True)
class Totals:
    """What a data set holds."""

    article_count: int
    publishers: tuple[Publisher, ...]  # the largest first
    by_month: tuple[Share, ...]  # articles, of those of the fullest month
    coverage: tuple[Share, ...]
    most_named: tuple[Share, ...]
    most_quoted: tuple[Share, ...]


NOTHING = Totals(0, (), (), (), (), ())  # of a data set that no run has published yet


def tally(articles: pa.Table, quotes: pa.Table) -> Counter[str]:
    """Count what a report tells of some articles and their quotes: counts that can be added up.

    Args:
        articles: article_id, publisher, published_on, headline, duplicate_of, language.
        quotes: article_id, quote_type, speaker_status, is_closed.
    """
    is_named = pc.equal(quotes["speaker_status"], "named")
    found: Counter[str] = Counter()
    for what, column in (("dated", "published_on"), ("headed", "headline"), ("copies", "duplicate_of")):
        found[what] = articles.num_rows - articles[column].null_count
    found["closed"] = pc.sum(quotes["is_closed"]).as_py() or 0
    found.update(dict(_count(quotes["quote_type"])))
    found.update({f"named {kind}": count for kind, count in _count(quotes["quote_type"].filter(is_named))})

    publishers = articles["publisher"]
    said_by = publishers.take(pc.index_in(quotes["article_id"], articles["article_id"].combine_chunks()))
    by_publisher = {
        "articles": publishers,
        "dated": publishers.filter(articles["published_on"].is_valid()),
        "copies": publishers.filter(articles["duplicate_of"].is_valid()),
        "quotes": said_by,
        "named": said_by.filter(is_named),
    }
    for what, names in by_publisher.items():
        found.update({f"{what}{OF}{name}": count for name, count in _count(names)})
    spoken = (
        articles.select(["publisher", "language"]).group_by(["publisher", "language"]).aggregate([([], "count_all")])
    )
    for row in spoken.to_pylist():
        if row["language"]:
            found[f"{LANGUAGE}{row['language']}{OF}{row['publisher']}"] = row["count_all"]
    return +found


def _count(values: pa.ChunkedArray) -> list[tuple[str, int]]:
    return [(pair["values"], pair["counts"]) for pair in pc.value_counts(values).to_pylist()]


def summarise(parts: Sequence[Part], entities: pa.Table) -> Totals:
    """Counts and coverage of a data set.

    Args:
        parts: of its articles.
        entities: name, original_article_count, original_quote_count.
    """
    counts: Counter[str] = Counter()
    months: Counter[str] = Counter()
    for part in parts:
        counts.update({each.name: each.count for each in part.tallies})
        months[part.month] += part.article_count
    total, said = sum(part.article_count for part in parts), sum(part.quote_count for part in parts)
    dated = {month: count for month, count in sorted(months.items()) if month[0].isdecimal() and count}
    kinds = {kind: counts[kind] for kind in sorted(get_args(QuoteType)) if counts[kind]}
    named = {kind: counts[f"named {kind}"] for kind in kinds}
    return Totals(
        article_count=total,
        publishers=_count_publishers(counts),
        by_month=tuple(Share(month, count, max(dated.values())) for month, count in dated.items()),
        coverage=(
            Share("articles with a date", counts["dated"], total),
            Share("articles with a headline", counts["headed"], total),
            Share("articles that repeat another", counts["copies"], total),
            Share("quotes with both marks printed", counts["closed"], said),
            Share("quotes with a named speaker", sum(named.values()), said),
            *(Share(f"{kind} quotes with a named speaker", named[kind], count) for kind, count in kinds.items()),
        ),
        most_named=_first(entities, "original_article_count"),
        most_quoted=_first(entities, "original_quote_count"),
    )


def _count_publishers(counts: Counter[str]) -> tuple[Publisher, ...]:
    by_name: dict[str, Counter[str]] = defaultdict(Counter)
    for key, count in counts.items():
        what, of, name = key.partition(OF)
        if of:
            by_name[name][what] += count
    found = [_as_publisher(name, each) for name, each in by_name.items()]
    return tuple(sorted(found, key=lambda each: (-each.article_count, each.name)))


def _as_publisher(name: str, counts: Counter[str]) -> Publisher:
    articles, quotes = counts["articles"], counts["quotes"]
    languages = Counter({what.removeprefix(LANGUAGE): n for what, n in counts.items() if what.startswith(LANGUAGE)})
    return Publisher(
        name=name,
        article_count=articles,
        dated=Share("dated", counts["dated"], articles),
        copies=Share("copies", counts["copies"], articles),
        quote_count=quotes,
        named=Share("named", counts["named"], quotes),
        languages=tuple(Share(tag, count, articles) for tag, count in ranked(languages.items())),
    )


def ranked(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The largest first; the same counts by name."""
    return sorted(counts, key=lambda item: (-item[1], item[0]))


def _first(entities: pa.Table, count: str) -> tuple[Share, ...]:
    """The entities with the highest counts."""
    at = pc.select_k_unstable(entities, MOST, [(count, "descending"), ("name", "ascending")])
    rows = [(row["name"], row[count]) for row in entities.take(at).to_pylist() if row[count]]
    return tuple(Share(name, number, rows[0][1]) for name, number in rows)
