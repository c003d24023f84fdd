"""What a person looks at after a run: one self-contained page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.accuracy import MEANING_OF_NAMES, MEANING_OF_QUOTES, MEASURES, Accuracy
from pipeline.contract import FATES, Finding, Part, QuoteType, Reject, Run
from pipeline.page import fill, write_page

Outcome = Literal["published", "blocked", "dry run", "nothing to do"]
LARGEST = 15  # publishers shown by name
MOST = 10  # entities shown


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
class ReportData:
    """All that the page tells."""

    run: Run
    outcome: Outcome
    accuracy: Accuracy
    findings: Sequence[Finding]
    rejects: Sequence[Reject]
    by_publisher: Sequence[Share]
    by_month: Sequence[Share]
    coverage: Sequence[Share]
    speakers: Sequence[Share]
    most_named: Sequence[Share]
    most_quoted: Sequence[Share]
    timings: Sequence[tuple[str, float]]
    changes: str  # what is not as in the version before, as HTML


PUBLISHER = "publisher "  # begins the names of tallies that count a publisher's articles


def tally(articles: pa.Table, quotes: pa.Table) -> Counter[str]:
    """Count what a report tells of some articles and their quotes: counts that can be added up.

    Args:
        articles: publisher, published_on, headline, duplicate_of.
        quotes: quote_type, speaker_status, is_closed.
    """
    found = Counter({f"{PUBLISHER}{name}": count for name, count in _count(articles["publisher"])})
    for what, column in (("dated", "published_on"), ("headed", "headline"), ("copies", "duplicate_of")):
        found[what] = articles.num_rows - articles[column].null_count
    named = quotes.filter(pc.equal(quotes["speaker_status"], "named"))
    found["closed"] = pc.sum(quotes["is_closed"]).as_py() or 0
    found.update(dict(_count(quotes["quote_type"])))
    found.update({f"named {kind}": count for kind, count in _count(named["quote_type"])})
    return +found


def _count(values: pa.ChunkedArray) -> list[tuple[str, int]]:
    return [(pair["values"], pair["counts"]) for pair in pc.value_counts(values).to_pylist()]


def summarise(parts: Sequence[Part], entities: pa.Table) -> dict[str, list[Share]]:
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
    publishers = Counter({name.removeprefix(PUBLISHER): n for name, n in counts.items() if name.startswith(PUBLISHER)})
    top = sorted(publishers.items(), key=lambda item: (-item[1], item[0]))[:LARGEST]
    rest = publishers.total() - sum(count for _, count in top)
    most = max(publishers.values(), default=0)
    dated = {month: count for month, count in sorted(months.items()) if month[0].isdecimal() and count}
    kinds = {kind: counts[kind] for kind in sorted(get_args(QuoteType)) if counts[kind]}
    named = {kind: counts[f"named {kind}"] for kind in kinds}
    return {
        "by_publisher": [Share(name, count, most) for name, count in top]
        + ([Share("all others", rest, most)] if rest else []),
        "by_month": [Share(month, count, max(dated.values())) for month, count in dated.items()],
        "coverage": [
            Share("articles with a date", counts["dated"], total),
            Share("articles with a headline", counts["headed"], total),
            Share("articles that repeat another", counts["copies"], total),
            Share("quotes with a named speaker", sum(named.values()), said),
            Share("quotes with both marks printed", counts["closed"], said),
        ],
        "speakers": [Share(f"{kind} quotes with a named speaker", named[kind], count) for kind, count in kinds.items()],
        "most_named": _first(entities, "original_article_count"),
        "most_quoted": _first(entities, "original_quote_count"),
    }


def _first(entities: pa.Table, count: str) -> list[Share]:
    """The entities with the highest counts."""
    at = pc.select_k_unstable(entities, MOST, [(count, "descending"), ("name", "ascending")])
    rows = [(row["name"], row[count]) for row in entities.take(at).to_pylist() if row[count]]
    return [Share(name, number, rows[0][1]) for name, number in rows]


def write_report(page: Path, data: ReportData) -> None:
    """Write the page: no script, no remote file."""
    fates = [Share(label, getattr(data.run, name), data.run.record_count) for label, name in FATES.items()]
    by_table: dict[str, list[Finding]] = {}
    for finding in data.findings:
        by_table.setdefault(finding.table, []).append(finding)
    html = fill(
        "report.html",
        data=data,
        run=data.run,
        fates=fates,
        by_table=by_table,
        measures=list(MEASURES.values()),
        meanings=(MEANING_OF_QUOTES, MEANING_OF_NAMES),
    )
    write_page(page, html)
