"""Whole runs: what a second run does, what a changed file does, and what readers see of them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

from onrecord import open_version
from pipeline.contract import TABLES
from tests.end_to_end.conftest import STORY, Onrecord, state_of
from tests.end_to_end.states import owed_to_input, tables


def test_second_run_on_unchanged_input_changes_no_file(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    assert onrecord("curate", raw, "--into", curated).code == 0
    before = state_of(curated)
    ran = onrecord("curate", raw, "--into", curated)
    assert ran.code == 0
    assert "nothing to do" in ran.out
    assert state_of(curated) == before


def test_raw_is_never_written(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    before = state_of(raw)
    onrecord("curate", raw, "--into", tmp_path / "curated")
    assert state_of(raw) == before


@pytest.mark.slow
def test_changed_file_replaces_its_rows_in_all_tables(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    onrecord("curate", raw, "--into", curated)
    before = tables(curated)
    (raw / "story-1.txt").write_text(STORY.format(detail="nine hundred").replace("Mara Oduya", "Tomas Brandt"), "utf-8")
    assert onrecord("curate", raw, "--into", curated).code == 0
    after = tables(curated)
    changed = after["articles"].set_index("raw_path").loc["story-1.txt"]
    assert changed["revision"] == 2
    assert set(after["articles"]["article_id"]) == set(before["articles"]["article_id"])
    mine = after["mentions"]["article_id"] == changed["article_id"]
    assert "Tomas Brandt" in set(after["mentions"][mine]["entity_name"])
    assert "Mara Oduya" not in set(after["mentions"][mine]["entity_name"])
    assert after["runs"]["changed_count"].tolist() == [0, 1]
    assert onrecord("verify", curated, "--raw", raw).code == 0


@pytest.mark.slow
def test_end_state_does_not_depend_on_runs_or_workers(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    for number in range(3, 8):
        (raw / f"story-{number}.txt").write_text(STORY.format(detail=f"{number} thousand"), "utf-8")
    (raw / "story-7.txt").write_bytes(b"")
    assert onrecord("curate", raw, "--into", tmp_path / "at-once", "--workers", 2).code == 0
    for _ in range(3):
        assert onrecord("curate", raw, "--into", tmp_path / "in-parts", "--workers", 1, "--limit", 3).code == 0
    assert owed_to_input(tmp_path / "at-once") == owed_to_input(tmp_path / "in-parts")


def test_file_that_turns_unreadable_keeps_its_last_good_revision(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    onrecord("curate", raw, "--into", curated)
    before = tables(curated)["quotes"]
    (raw / "story-0.txt").write_bytes(b"")
    assert onrecord("curate", raw, "--into", curated).code == 0
    after = tables(curated)
    assert after["quotes"].equals(before)
    assert "last good revision" in after["rejects"]["detail"][0]


def test_correction_supersedes_the_earlier_record_of_the_same_address(
    onrecord: Onrecord, raw: Path, tmp_path: Path
) -> None:
    curated = tmp_path / "curated"
    for name, day in (("story-0", 8), ("story-1", 9)):
        (raw / f"{name}.json").write_text(
            f'{{"url": "https://wire.example/ferry", "fetched_at": "2024-05-0{day}T08:00:00Z"}}'
        )
    onrecord("curate", raw, "--into", curated)
    articles = tables(curated)["articles"].set_index("raw_path")
    assert set(articles.index) == {"story-1.txt", "story-2.txt"}
    assert articles.loc["story-1.txt", "revision"] == 2
    run = tables(curated)["runs"].iloc[0]
    assert (run["record_count"], run["new_count"], run["superseded_count"], run["skip_count"]) == (5, 2, 1, 2)


def test_dry_run_with_limit_publishes_nothing(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    ran = onrecord("curate", raw, "--into", tmp_path / "curated", "--limit", 2, "--dry-run")
    assert ran.code == 0
    assert "2 new" in ran.out
    assert "We checked every cable and every ramp" in ran.out
    assert not (tmp_path / "curated").exists()


def test_every_reader_reads_every_table_the_same(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    onrecord("curate", raw, "--into", curated)
    for name in TABLES:
        rows = len(pd.read_parquet(curated / name))
        assert pl.read_parquet(curated / name).height == rows
        ((counted,),) = duckdb.sql(f"select count(*) from read_parquet('{curated}/{name}/**/*.parquet')").fetchall()
        assert counted == rows
    assert open_version(curated).read("articles").num_rows == 3


def test_show_and_report(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    onrecord("curate", raw, "--into", curated)
    quotes = pd.read_parquet(curated / "quotes")
    quote_id = quotes[quotes["text"] == "The boats are safe."]["quote_id"].iloc[0]
    shown = onrecord("show", curated, quote_id)
    assert shown.code == 0
    assert "⟦The boats are safe.⟧" in shown.out
    assert "Mara Oduya" in shown.out
    assert 'raw line   5: "We checked every cable' in shown.out
    unknown = onrecord("show", curated, "0" * 16)
    assert unknown.code == 2
    told = onrecord("report", curated)
    assert "3 new" in told.out
    assert Path(told.out.split("report     ")[1].splitlines()[0]).exists()


def test_verify_finds_a_wrong_offset(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    onrecord("curate", raw, "--into", curated)
    (part,) = (curated / "quotes").resolve().rglob("*.parquet")
    rows = pd.read_parquet(part)
    rows["start_char"] = rows["start_char"] + 1
    rows.to_parquet(part)
    ran = onrecord("verify", curated)
    assert ran.code == 1
    assert "differs" in ran.out


def test_verify_finds_a_raw_file_that_has_changed(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    onrecord("curate", raw, "--into", curated)
    (raw / "story-2.txt").write_text("Something else altogether stands here now.")
    ran = onrecord("verify", curated, "--raw", raw)
    assert ran.code == 1
    assert "story-2.txt" in ran.out


def test_two_collections_in_one_data_set(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated, other = tmp_path / "curated", tmp_path / "elsewhere" / raw.name
    other.mkdir(parents=True)
    (other / "story-0.txt").write_text(STORY.format(detail="seven million"), "utf-8")
    onrecord("curate", raw, "--into", curated)
    ran = onrecord("curate", other, "--into", curated)
    assert ran.code == 2, "another folder of the same name would replace the first one's articles"
    assert "--source" in ran.err
    assert onrecord("curate", other, "--into", curated, "--source", "other").code == 0
    assert len(tables(curated)["articles"]) == 4
    for place in (raw, other):
        verified = onrecord("verify", curated, "--raw", place)
        assert verified.code == 0, verified.out
        assert "articles of other sources" in verified.out


@pytest.mark.slow
def test_limit_leaves_known_articles_unchanged(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    for name, day in (("story-0", 9), ("story-1", 8)):
        (raw / f"{name}.json").write_text(
            f'{{"url": "https://wire.example/ferry", "fetched_at": "2024-05-0{day}T08:00:00Z"}}'
        )
    onrecord("curate", raw, "--into", curated)
    (raw / "story-0.json").write_text('{"url": "https://wire.example/other"}')
    assert onrecord("curate", raw, "--into", curated, "--limit", 1).code == 0
    assert set(tables(curated)["articles"]["url"].dropna()) == {
        "https://wire.example/ferry",
        "https://wire.example/other",
    }
