"""The text of the report pages for made-up data; tests/end_to_end/test_report_page.py opens them in a browser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pytest

from pipeline import report
from pipeline.accuracy import read_accuracy
from pipeline.contract import (
    Arrival,
    Count,
    Drift,
    Example,
    Finding,
    FindingKind,
    Part,
    Reject,
    RuleKind,
    Run,
    arrow_schema,
    to_table,
)
from pipeline.publisher_counts import PublisherCounts
from pipeline.report.advice import DRIFT_ADVICE, FAULTS, MEANINGS, advise, first_fitting, link_to_raw
from pipeline.report.counts import NOTHING
from pipeline.report.trends import Plot, find_trends

MEGABYTE = 1_000_000
NOON = datetime(2024, 5, 7, 12, tzinfo=UTC)
SHA = "0" * 64
PAPERS = ("Harbour Post", "Quillhaven Mail", "Saltmarsh Gazette")


def run_at(started_at: datetime = NOON, **values: Any) -> Run:
    """Return a run over twelve records with two rejects."""
    usual: dict[str, Any] = {
        "run_id": f"{started_at:%Y%m%dT%H%M%SZ}-0a1b",
        "started_at": started_at,
        "finished_at": started_at + timedelta(seconds=4),
        "version": "0.1.0",
        "model_version": "newswire-2",
        "source": "wire",
        "raw": "/nowhere/wire",
        "settings": "{}",
        "attributions": "said",
        "knowledge_base": None,
        "knowledge_base_sha256": None,
        "record_count": 12,
        "new_count": 10,
        "changed_count": 0,
        "unchanged_count": 0,
        "superseded_count": 0,
        "reject_count": 2,
        "skip_count": 0,
        "newly_refused_count": 2,
        "reject_reasons": [Count("no_text", 2)],
        "skip_reasons": [],
        "older_count": 0,
        "article_total": 10,
        "quote_total": 30,
        "mention_total": 90,
        "expectation_count": 250,
        "failed_expectation_count": 0,
    }
    return Run(**usual | values)


def arrival(run: Run, publisher: str = "Harbour Post", articles: int = 10, **values: Any) -> Arrival:
    usual: dict[str, Any] = {
        "dated_count": articles,
        "copy_count": 0,
        "quote_count": 3 * articles,
        "named_quote_count": 2 * articles,
        "languages": [Count("en", articles)],
    }
    return Arrival(run.run_id, publisher, run.started_at, articles, **usual | values)


def articles(*rows: tuple[str, str, str | None]) -> pa.Table:
    """Return articles by id, publisher and language; those without a language have no date either."""
    ids, publishers, languages = zip(*rows, strict=True)
    days = [language and date(2024, 5, 7) for language in languages]
    return pa.table(
        {
            "article_id": pa.array(ids, pa.string()),
            "publisher": pa.array(publishers, pa.string()),
            "language": pa.array(languages, pa.string()),
            "published_on": pa.array(days, pa.date32()),
            "headline": pa.array(["Ferry sails"] * len(ids), pa.string()),
            "duplicate_of": pa.nulls(len(ids), pa.string()),
        }
    )


def quotes(*rows: tuple[str, str]) -> pa.Table:
    """Return direct quotes by article id and speaker status."""
    ids, statuses = zip(*rows, strict=True) if rows else ((), ())
    return pa.table(
        {
            "article_id": pa.array(ids, pa.string()),
            "speaker_status": pa.array(statuses, pa.string()),
            "quote_type": pa.array(["direct"] * len(ids), pa.string()),
            "is_closed": pa.array([True] * len(ids), pa.bool_()),
        }
    )


def entities(*names: str) -> pa.Table:
    counts = list(range(len(names), 0, -1))
    return pa.table({"name": list(names), "original_article_count": counts, "original_quote_count": counts})


def totals(*rows: tuple[str, str, str | None], names: Sequence[str] = ("Mara Oduya", "Tomas Brandt")) -> report.Totals:
    """Return the totals of a data set of these articles, each with one quote by a named speaker."""
    tallies = report.tally(articles(*rows), quotes(*((article_id, "named") for article_id, _, _ in rows)))
    counts = [Count(name, count) for name, count in tallies.items()]
    return report.summarise([Part("2024-05", "part-0", len(rows), len(rows), 0, 0, counts)], entities(*names))


def finding(kind: FindingKind = "rows", **values: Any) -> Finding:
    usual: dict[str, Any] = {
        "table": "quotes",
        "column": "text",
        "rule": "verbatim",
        "expectation": "expect_column_values_to_be_in_set",
        "expected": "text is exactly articles.text[start_char:end_char]",
        "success": True,
        "element_count": 30,
        "unexpected_count": 0,
    }
    return Finding(kind, **usual | values)


FAILING = finding(
    success=False,
    unexpected_count=7,
    failing_keys=("00000000000000aa",),
    examples=(
        Example(
            "quote_id '00000000000000bb', text 'We checked every rope'",
            before="The boats are safe. “",
            text="We checked every cable",
            after="” said Mara Oduya.",
            source="wire",
            raw_path="2024/ferry.txt",
            raw_record="0",
        ),
    ),
)
DRIFTING = finding(
    "drift",
    table="drift",
    column="articles_a_day",
    rule="not_low",
    expectation="expect_column_pair_values_a_to_be_greater_than_b",
    expected="not lower than usual",
    success=False,
    element_count=3,
    unexpected_count=1,
    examples=(Example("Harbour Post: 0, where 8 to 20 is usual (the last 28 days)"),),
)


def data(*findings: Finding, **values: Any) -> report.ReportData:
    """Return the report data of a published run with a history of a month."""
    runs = [run_at(NOON - timedelta(days=day)) for day in range(30)]
    arrivals = [arrival(run, paper, 3 + i) for run in runs for i, paper in enumerate(PAPERS)]
    rejects = [
        Reject("wire", "nothing.txt", "0", SHA, "read", "no_text", "the file is empty; remove it", runs[0].run_id)
    ]
    usual: dict[str, Any] = {
        "run": runs[0],
        "outcome": "published",
        "accuracy": read_accuracy(),
        "findings": findings or (finding(), finding("tables", expected="occurs once"), finding("drift", table="drift")),
        "drift": (Drift("Harbour Post", "articles_a_day", 0, 8, 20, "the last 28 days", 0),),
        "rejects": to_table(Reject, rejects),
        "totals": totals(*((f"{i:016x}", PAPERS[i % 3], "en") for i in range(30))),
        "runs": to_table(Run, runs),
        "arrivals": to_table(Arrival, arrivals),
        "timings": [("plan", 0.1), ("read, normalise, language, entities, quotes", 3.2), ("build", 0.4)],
        "changes": "",
    }
    return report.ReportData(**usual | values)


def page_of(tmp_path: Path, shown: report.ReportData) -> str:
    """Return the text of the page without tags."""
    report.write_report(tmp_path / "page.html", shown)
    return words_of(tmp_path / "page.html")


def words_of(page: Path) -> str:
    text = re.sub(r"(?s)<style>.*?</style>", "", page.read_text("utf-8"))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def index_of(tmp_path: Path, runs: Sequence[Run], of_data_set: report.Totals = NOTHING) -> Path:
    folder = tmp_path / "curated" / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    arrivals = to_table(Arrival, [arrival(run) for run in runs])
    report.write_index(folder / "index.html", to_table(Run, runs), arrivals, of_data_set)
    return folder / "index.html"


# ── Counts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_counts_of_publishers_add_up_over_parts() -> None:
    tallies = [
        report.tally(articles(("a", "Mail", "en"), ("b", "Mail", None)), quotes(("a", "named"), ("b", "unresolved"))),
        report.tally(articles(("c", "Mail", "de"), ("d", "Board of Trade", "en")), quotes(("d", "named"))),
    ]
    parts = [Part("2024-05", "part-0", 2, 2, 0, 0, [Count(*item) for item in tally.items()]) for tally in tallies]
    assert report.summarise(parts, entities()).publishers == (
        PublisherCounts("Mail", 3, 2, 0, 2, 1, {"en": 1, "de": 1}),
        PublisherCounts("Board of Trade", 1, 1, 0, 1, 1, {"en": 1}),
    )


def test_stored_names_of_counts() -> None:
    assert report.tally(articles(("a", "Mail", "en"), ("b", "Mail", None)), quotes(("a", "named"))) == {
        "dated": 1,
        "headed": 2,
        "closed": 1,
        "direct": 1,
        "named direct": 1,
        "articles of Mail": 2,
        "dated of Mail": 1,
        "quotes of Mail": 1,
        "named of Mail": 1,
        "language en of Mail": 1,
    }


# ── Trends ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_day_without_articles_has_no_shares_and_counts_zero() -> None:
    runs = [run_at(NOON + timedelta(days=day)) for day in (0, 1, 3)]
    arrivals = [
        arrival(runs[0], articles=500),
        arrival(runs[1], articles=4, dated_count=3),
        arrival(runs[2], articles=2),
    ]
    trends = find_trends(to_table(Run, runs), to_table(Arrival, arrivals))
    assert [day.day for day in trends.days] == [7, 8, 9, 10]
    undated, named, quotes_per_article, _ = trends.quality
    assert undated.values == (0.0, 25.0, None, 0.0)
    assert quotes_per_article.values == (3.0, 3.0, None, 3.0)
    assert named.values[2] is None
    (paper,) = trends.publishers
    assert paper.values == (0.0, 4.0, 0.0, 2.0), "the articles of the first run are left out"
    assert trends.first_count == 500


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        pytest.param((50.0, 100.0), "M250.0,50.0h0L750.0,0.0", id="line"),
        pytest.param((50.0, None, 100.0), "M166.7,50.0h0M833.3,0.0h0", id="gap-between-dots"),
        pytest.param((None, None), "", id="no-figures"),
    ],
)
def test_line_breaks_on_days_without_a_figure(values: tuple[float | None, ...], drawn: str) -> None:
    assert Plot("share", " %", values, has_columns=False).path == drawn


@pytest.mark.parametrize(("highest", "top"), [(0.0, 1), (1.5, 2), (2.1, 5), (12.0, 20), (51.0, 100), (2345.0, 5000)])
def test_scale_ends_at_a_round_number(highest: float, top: float) -> None:
    assert Plot("quotes", "", (highest,), has_columns=True).top == top


# ── The page of a run ──────────────────────────────────────────────────────────────────────────────────────────


def test_failed_rule_shows_expected_found_place_and_advice(tmp_path: Path) -> None:
    raw = tmp_path / "wire"
    (raw / "2024").mkdir(parents=True)
    (raw / "2024" / "ferry.txt").write_text("Ferry")
    text = page_of(tmp_path, data(FAILING, run=run_at(raw=str(raw))))
    for words in (
        "text is exactly articles.text[start_char:end_char]",
        "7 of 30 fail",
        "rejected: 1 article",
        "Open the raw record",
        "… and 6 more, not shown",
    ):
        assert words in text
    html = (tmp_path / "page.html").read_text("utf-8")
    assert "“<mark>We checked every cable</mark>” said" in html
    assert f'href="{(raw / "2024" / "ferry.txt").as_uri()}"' in html


def test_drift_warns_and_gives_advice(tmp_path: Path) -> None:
    text = page_of(tmp_path, data(DRIFTING))
    assert "1 figure outside the usual range" in text
    assert "Harbour Post: 0, where 8 to 20 is usual" in text
    assert "Check that this publisher" in text


def test_first_run_without_history_says_so_instead_of_plots(tmp_path: Path) -> None:
    run = run_at()
    only = {"runs": to_table(Run, [run]), "arrivals": to_table(Arrival, [arrival(run)])}
    text = page_of(tmp_path, data(finding(), run=run, drift=(), **only))
    assert "There is no history yet" in text
    assert "There is not enough history yet to measure drift" in text
    assert "<svg" not in (tmp_path / "page.html").read_text("utf-8")


def test_page_of_a_run_with_only_rejects(tmp_path: Path) -> None:
    run = run_at(new_count=0, reject_count=12, newly_refused_count=12, article_total=0, quote_total=0, mention_total=0)
    empty = {"runs": to_table(Run, [run]), "arrivals": arrow_schema(Arrival).empty_table()}
    text = page_of(tmp_path, data(finding(), run=run, totals=NOTHING, drift=(), **empty))
    assert "12 records newly rejected" in text
    assert "The data set has no articles" in text


@pytest.mark.parametrize(
    ("raw", "link"),
    [
        pytest.param("https://wire.example/raw/", "https://wire.example/raw/a%20b.txt", id="folder-on-a-site"),
        pytest.param("https://wire.example/a b.txt", "https://wire.example/a b.txt", id="the-file-itself"),
        pytest.param("s3://bucket/raw", None, id="store-that-browsers-cannot-open"),
        pytest.param("/nowhere", None, id="missing-file"),
    ],
)
def test_link_to_a_raw_record(raw: str, link: str | None) -> None:
    assert link_to_raw(raw, "a b.txt") == link


@pytest.mark.parametrize(("measure", "rule"), DRIFT_ADVICE)
def test_every_warning_has_its_own_advice(measure: str, rule: RuleKind) -> None:
    assert advise(finding("drift", column=measure, rule=rule)).startswith(DRIFT_ADVICE[measure, rule])


@pytest.mark.parametrize("kind", get_args(RuleKind))
def test_every_rule_has_its_own_advice(kind: RuleKind) -> None:
    assert (kind in FAULTS) != (kind in {rule for _, rule in DRIFT_ADVICE})


def test_page_of_the_worst_run_is_at_most_a_megabyte(tmp_path: Path) -> None:
    long, wide = "&" * 5_000, "語" * 5_000
    example = Example(long, wide, long, wide, "wire", f"{wide[:200]}.txt", "1")
    failing = [
        finding(
            kind, success=False, unexpected_count=10_000, examples=(example,) * 50, failing_keys=("0" * 16,) * 10_000
        )
        for kind in MEANINGS
        for _ in range(100)
    ]
    rejects = [
        Reject("wire", wide[:1000], str(i), SHA, "read", "no_text", long, run_at().run_id) for i in range(10_000)
    ]
    worst = data(
        *failing,
        *[finding(expected=wide)] * 300,
        rejects=to_table(Reject, rejects),
        totals=totals(
            *((f"{i:016x}", f"{wide}{i}", "en") for i in range(300)), names=[f"{wide}{i}" for i in range(20)]
        ),
        run=run_at(source=wide, raw=wide),
        changes="x" * 200_000,
    )
    text = page_of(tmp_path, worst)
    assert (tmp_path / "page.html").stat().st_size <= MEGABYTE
    assert "the page has no room for them" in text
    assert "more: see the table rejects" in text


def test_first_items_that_fit_are_shown() -> None:
    assert first_fitting([3, 3, 3], lambda size: size, 7) == [3, 3]


# ── The page over all runs ─────────────────────────────────────────────────────────────────────────────────────


def test_index_lists_published_blocked_and_taken_back_runs_and_runs_without_a_page(tmp_path: Path) -> None:
    runs = [run_at(NOON + timedelta(hours=hour)) for hour in range(4)]
    page = index_of(tmp_path, runs)
    for run, outcome in ((runs[0], "published"), (runs[1], "blocked"), (runs[2], "published")):
        report.write_report(page.parent / f"{run.run_id}.html", data(run=run, outcome=outcome))
    in_tables = [runs[0], runs[3]]
    index_of(tmp_path, in_tables, totals(("0" * 16, "Harbour Post", "en")))
    text, html = words_of(page), page.read_text("utf-8")
    states = re.findall(r"<span class=\"outcome [^\"]*\">([^<]*)<", html)
    assert states == ["published", "taken back", "blocked", "published"]
    assert f"{runs[3].run_id}.html" not in html
    assert f'href="{runs[0].run_id}.html"' in html
    assert "7 May 2024, 15:00:00 (report removed)" in text
    assert "Harbour Post 1 20" in text, "new on the day of the last run"


def test_index_without_any_run_and_after_its_folder_was_deleted(tmp_path: Path) -> None:
    assert "No run yet" in words_of(index_of(tmp_path, []))
    assert "(report removed)" in words_of(index_of(tmp_path, [run_at()]))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<!doctype html><title>older</title>", id="older-page"),
        pytest.param('<meta name="onrecord-run" content="{&#34;run_id&#34;: 3}">', id="damaged"),
    ],
)
def test_run_that_neither_page_nor_table_describes_is_not_known(tmp_path: Path, page: str) -> None:
    index = index_of(tmp_path, [])
    (index.parent / f"{run_at().run_id}.html").write_text(page)
    index_of(tmp_path, [])
    assert "not known" in words_of(index)


def test_index_of_thousands_of_hourly_runs_is_bounded(tmp_path: Path) -> None:
    runs = [run_at(NOON + timedelta(hours=hour)) for hour in range(3_000)]
    page = index_of(tmp_path, runs, totals(*((f"{i:016x}", f"Paper {i}", "en") for i in range(300))))
    assert page.stat().st_size <= MEGABYTE
    text = words_of(page)
    assert "Earlier runs, by day" in text
    assert "7 May 2024 12 120 0 24" in text
