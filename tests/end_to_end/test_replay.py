"""Rejects are tried again after a fix and become articles, and the ledger shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.contract import Article, RawArticle, Reject
from pipeline.normalise import normalise
from tests.end_to_end.newsroom import FERRY, Newsroom, address


@pytest.fixture
def refused(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """A data set of a program that could not read one of three articles, with an empty file beside them.

    The program is mended now.
    """

    def fail(raw: RawArticle, publisher: str | None) -> Article | Reject:
        if "library" in raw.ref.raw_path:
            return Reject.of(raw.ref, stage="normalise", reason="no_text", detail="a fault of this version")
        return normalise(raw, publisher)

    newsroom.write("empty.txt", "")
    with monkeypatch.context() as broken:
        broken.setattr("pipeline.curate.normalise", fail)
        newsroom.curate()
    assert sorted(newsroom.rows("rejects")["reason"]) == ["empty", "no_text"]
    return newsroom


def test_reject_that_passes_now_becomes_an_article(refused: Newsroom) -> None:
    assert "nothing to do" in refused.curate().out, "a file that has not changed is not read again by itself"
    told = refused.done("replay", refused.curated).out
    assert "1 new" in told
    assert refused.rows("rejects")["reason"].tolist() == ["empty"]
    assert refused.quote("library")["speaker_name"] == "Tomas Brandt"
    runs = refused.rows("runs").sort_values("run_id")
    assert runs["new_count"].tolist() == [2, 1]
    assert runs["reject_count"].tolist() == [2, 1]
    refused.verify()


def test_only_rejects_with_the_reason_are_tried(refused: Newsroom) -> None:
    assert "nothing to do" in refused.done("replay", refused.curated, "--reason", "empty").out
    assert len(refused.rows("rejects")) == 2
    assert "1 new" in refused.done("replay", refused.curated, "--reason", "no_text").out
    assert len(refused.rows("rejects")) == 1
    refused.verify()


def test_no_reject_with_the_reason(refused: Newsroom) -> None:
    assert "no rejects for too_slow" in refused.done("replay", refused.curated, "--reason", "too_slow").out


def test_unknown_reason_is_refused(refused: Newsroom) -> None:
    ran = refused.onrecord("replay", refused.curated, "--reason", "boring")
    assert ran.code == 2
    assert "invalid choice: 'boring'" in ran.err


def test_other_changes_wait_for_the_next_run(refused: Newsroom) -> None:
    refused.write_story("tulips", FERRY.replace("ferry", "tulip fair"))
    refused.done("replay", refused.curated)
    assert address("tulips") not in set(refused.rows("articles")["url"])
    assert "1 new" in refused.curate().out
    refused.verify()


def test_moved_raw_files_are_found_with_raw(refused: Newsroom, tmp_path: Path) -> None:
    moved = tmp_path / "archive" / "2024"
    moved.parent.mkdir()
    refused.raw.rename(moved)
    ran = refused.onrecord("replay", refused.curated)
    assert ran.code == 2
    assert f"{refused.raw} does not exist" in ran.err
    assert len(refused.rows("runs")) == 1
    assert "1 new" in refused.done("replay", refused.curated, "--raw", moved).out


def test_source_without_rejects(refused: Newsroom) -> None:
    assert "no rejects" in refused.done("replay", refused.curated, "--source", "elsewhere").out


def test_replay_uses_the_settings_of_the_sources_last_run(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(raw: RawArticle, publisher: str | None) -> Article | Reject:
        return Reject.of(raw.ref, stage="normalise", reason="no_text", detail=f"a fault of this version, {publisher}")

    with monkeypatch.context() as broken:
        broken.setattr("pipeline.curate.normalise", fail)
        newsroom.curate("--publisher", "Harbour Post")
    newsroom.done("replay", newsroom.curated)
    assert set(newsroom.rows("articles")["publisher"]) == {"Harbour Post"}
    newsroom.verify()
