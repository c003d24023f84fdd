"""Compacting merges small files and changes nothing else."""

from __future__ import annotations

import pandas as pd
import pytest

from pipeline.store import maintenance, parts
from tests.end_to_end.newsroom import Newsroom
from tests.end_to_end.states import owed_to_input

ONE = """{title} opens in Quillhaven

QUILLHAVEN, May {day} 2024 - The {title} of Quillhaven has opened its doors after {day} years.

"{saying}," said {who}, who had the key.
"""
OPENED = (
    ("Museum", "Nobody had seen the whale for years", "Jon Hazebroek"),
    ("Bakery", "Our oven was built by my father", "Ilse Marwick"),
    ("Theatre", "Tonight the curtain goes up again", "Tomas Brandt"),
    ("Observatory", "On clear nights one sees the rings of Saturn", "Ines Falke"),
    ("Market", "Fish is sold from six in the morning", "Mara Oduya"),
)


@pytest.fixture
def scattered(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """A data set written with tiny part limits, so that its parts are nearly empty by the usual limits."""
    with monkeypatch.context() as small:
        small.setattr(parts, "ARTICLES_A_PART", 1)
        small.setattr(parts, "ROWS_A_PART", 4)
        for day, (title, saying, who) in enumerate(OPENED, 10):
            newsroom.write_story(title.lower(), ONE.format(title=title, day=day, saying=saying, who=who))
        newsroom.curate()
    return newsroom


def file_count(newsroom: Newsroom) -> int:
    return len(list((newsroom.curated / "current").resolve().rglob("*.parquet")))


def test_rows_are_the_same_in_fewer_files(scattered: Newsroom) -> None:
    before, files, first = owed_to_input(scattered.curated), file_count(scattered), scattered.run_id()
    told = scattered.done("compact", scattered.curated).out
    assert told == f"{files - file_count(scattered):,} files fewer\n"
    assert file_count(scattered) < files
    assert len(list((scattered.curated / "articles").resolve().rglob("*.parquet"))) == 2, "one a month"
    assert owed_to_input(scattered.curated) == before
    scattered.verify()
    assert "nothing changed" in scattered.done("diff", scattered.curated, first).out
    assert len(scattered.rows("runs")) == 1, "it is no run"


def test_second_compaction_does_nothing(scattered: Newsroom) -> None:
    scattered.done("compact", scattered.curated)
    version = scattered.run_id()
    assert scattered.done("compact", scattered.curated).out == "nothing to do\n"
    assert scattered.run_id() == version
    assert len(list((scattered.curated / "versions").iterdir())) == 2


def test_next_run_continues_from_merged_files(scattered: Newsroom) -> None:
    scattered.done("compact", scattered.curated)
    assert "nothing to do" in scattered.curate().out
    scattered.write_story("museum", ONE.format(title="Museum", day=10, saying="The whale is back", who="Jon Hazebroek"))
    scattered.write_story("mill", ONE.format(title="Mill", day=28, saying="It grinds slowly", who="Ilse Marwick"))
    assert scattered.made_by() == ["mill.txt:0", "museum.txt:0"]
    assert len(scattered.rows("articles")) == 9
    scattered.verify()


def test_full_parts_are_not_merged(scattered: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "ARTICLES_A_PART", 1)
    monkeypatch.setattr(maintenance, "ROWS_A_PART", 4)
    inodes = {path.stat().st_ino for path in (scattered.curated / "articles").resolve().rglob("*.parquet")}
    scattered.onrecord("compact", scattered.curated)
    assert {path.stat().st_ino for path in (scattered.curated / "articles").resolve().rglob("*.parquet")} == inodes


def test_rollback_to_before_works(scattered: Newsroom) -> None:
    first, before = scattered.run_id(), owed_to_input(scattered.curated)
    scattered.done("compact", scattered.curated)
    scattered.done("rollback", scattered.curated, first)
    assert owed_to_input(scattered.curated) == before
    assert len(pd.read_parquet(scattered.curated / "articles")) == 8
    scattered.verify()
