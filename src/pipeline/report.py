"""What a person looks at after a run: one self-contained page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from pipeline.accuracy import MEANING_OF_NAMES, MEANING_OF_QUOTES, MEASURES, Accuracy
from pipeline.contract import FATES, Finding, Reject, Run

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
    news: Sequence[tuple[str, str, str]]  # what happened, publisher, headline or path


def summarise(articles: pa.Table, quotes: pa.Table, entities: pa.Table) -> dict[str, list[Share]]:
    """Counts and coverage of a data set.

    Args:
        articles: publisher, published_on, headline, language, duplicate_of.
        quotes: quote_type, speaker_status, speaker_name, is_closed.
        entities: name, original_article_count, original_quote_count.
    """
    publishers = Counter(articles["publisher"].to_pylist())
    months = Counter(f"{day:%Y-%m}" for day in articles["published_on"].to_pylist() if day)
    total, said = articles.num_rows, quotes.num_rows
    top = publishers.most_common(LARGEST)
    rest = sum(publishers.values()) - sum(count for _, count in top)
    kinds = Counter(quotes["quote_type"].to_pylist())
    named = Counter(
        kind
        for kind, status in zip(quotes["quote_type"].to_pylist(), quotes["speaker_status"].to_pylist(), strict=True)
        if status == "named"
    )
    return {
        "by_publisher": [Share(name, count, max(publishers.values())) for name, count in top]
        + ([Share("all others", rest, max(publishers.values()))] if rest else []),
        "by_month": [Share(name, count, max(months.values())) for name, count in sorted(months.items())],
        "coverage": [
            Share("articles with a date", total - articles["published_on"].null_count, total),
            Share("articles with a headline", total - articles["headline"].null_count, total),
            Share("articles that repeat another", total - articles["duplicate_of"].null_count, total),
            Share("quotes with a named speaker", named.total(), said),
            Share("quotes with both marks printed", sum(quotes["is_closed"].to_pylist()), said),
        ],
        "speakers": [
            Share(f"{kind} quotes with a named speaker", named[kind], count) for kind, count in sorted(kinds.items())
        ],
        "most_named": _first(entities, "original_article_count"),
        "most_quoted": _first(entities, "original_quote_count"),
    }


def _first(entities: pa.Table, count: str) -> list[Share]:
    """The entities with the highest counts."""
    ordered = entities.select(["name", count]).sort_by([(count, "descending"), ("name", "ascending")])
    rows = [(row["name"], row[count]) for row in ordered.slice(0, MOST).to_pylist() if row[count]]
    return [Share(name, number, rows[0][1]) for name, number in rows]


def write_report(page: Path, data: ReportData) -> None:
    """Write the page: no script, no remote file."""
    fates = [Share(label, getattr(data.run, name), data.run.record_count) for label, name in FATES.items()]
    by_table: dict[str, list[Finding]] = {}
    for finding in data.findings:
        by_table.setdefault(finding.table, []).append(finding)
    text = (
        _environment()
        .get_template("report.html")
        .render(
            data=data,
            run=data.run,
            fates=fates,
            by_table=by_table,
            measures=list(MEASURES.values()),
            meanings=(MEANING_OF_QUOTES, MEANING_OF_NAMES),
        )
    )
    fresh = page.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.replace(page)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipeline", ""),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["grouped"] = lambda number: f"{number:,}"
    return environment
