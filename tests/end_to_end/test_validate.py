"""What validation does to a run: a bad row refuses its article, a bad table blocks the run.

The faults are put into the stages' output, since the stages make none that we know of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline import curate
from pipeline.contract import Article, Attributions, Mention, Quote
from pipeline.language import Reading
from pipeline.quotes import extract_quotes
from tests.end_to_end.conftest import Onrecord, state_of


def with_fault(monkeypatch: pytest.MonkeyPatch, raw_path: str, **changes: object) -> None:
    """Let the quotes of one article come out wrong."""

    def faulty(
        article: Article, reading: Reading, mentions: Sequence[Mention], attributions: Attributions
    ) -> list[Quote]:
        quotes = extract_quotes(article, reading, mentions, attributions)
        if article.raw_path != raw_path:
            return quotes
        return [replace(quote, **changes) for quote in quotes]  # type: ignore[arg-type]

    monkeypatch.setattr(curate, "extract_quotes", faulty)


@pytest.mark.parametrize(
    ("changes", "reason", "column"),
    [
        pytest.param({"text": "words never said"}, "expect_column_values_to_be_in_set", "quotes.text", id="no-slice"),
        pytest.param({"start_char": -4}, "expect_column_values_to_be_between", "start_char", id="negative-offset"),
        pytest.param({"quote_id": "no hex"}, "expect_column_values_to_match_regex", "quote_id", id="malformed-id"),
        pytest.param({"quote_type": "shouted"}, "expect_column_values_to_be_in_set", "quote_type", id="unknown-type"),
    ],
)
@pytest.mark.slow
def test_failing_row_rejects_only_its_article(
    onrecord: Onrecord,
    raw: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    reason: str,
    column: str,
) -> None:
    curated = tmp_path / "curated"
    with_fault(monkeypatch, "story-1.txt", **changes)
    ran = onrecord("curate", raw, "--into", curated, "--workers", 1)
    assert ran.code == 0, ran.err
    rejects = pd.read_parquet(curated / "rejects")
    assert rejects["raw_path"].tolist() == ["story-1.txt"]
    assert rejects["stage"].tolist() == ["validate"]
    assert (rejects["reason"][0], column in rejects["detail"][0]) == (reason, True)
    articles = pd.read_parquet(curated / "articles")
    assert sorted(articles["raw_path"]) == ["story-0.txt", "story-2.txt"]
    for table in ("quotes", "mentions"):
        assert set(pd.read_parquet(curated / table)["article_id"]) <= set(articles["article_id"])
    assert onrecord("verify", curated, "--raw", raw).code == 0


def test_failing_update_leaves_the_last_good_revision(
    onrecord: Onrecord, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curated = tmp_path / "curated"
    onrecord("curate", raw, "--into", curated, "--workers", 1)
    before = pd.read_parquet(curated / "quotes")
    story = raw / "story-1.txt"
    story.write_text(story.read_text("utf-8") + "\nThe ferry is blue.\n", "utf-8")
    with_fault(monkeypatch, "story-1.txt", text="words never said")
    assert onrecord("curate", raw, "--into", curated, "--workers", 1).code == 0
    assert pd.read_parquet(curated / "quotes").equals(before)
    assert "last good revision" in pd.read_parquet(curated / "rejects")["detail"][0]


@pytest.mark.slow
def test_failing_table_blocks_the_run_and_leaves_the_data_set_unchanged(
    onrecord: Onrecord, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curated = tmp_path / "curated"
    onrecord("curate", raw, "--into", curated, "--workers", 1)
    before = {name: state for name, state in state_of(curated).items() if not name.startswith("reports/")}
    (raw / "story-3.txt").write_text((raw / "story-1.txt").read_text("utf-8"), "utf-8")
    taken = pd.read_parquet(curated / "quotes")["quote_id"][0]
    with_fault(monkeypatch, "story-3.txt", quote_id=taken)
    ran = onrecord("curate", raw, "--into", curated, "--workers", 1)
    assert ran.code == 1
    assert "expect_column_values_to_be_unique" in ran.err
    after = {name: state for name, state in state_of(curated).items() if not name.startswith("reports/")}
    assert after == before
    page = max((curated / "reports").glob("2*.html"))
    assert str(page) in ran.err
    assert '<span class="outcome blocked">blocked</span>' in page.read_text("utf-8")
