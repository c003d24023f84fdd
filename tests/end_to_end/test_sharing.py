"""A data set is handed on without the articles' words, and who has the raw files joins them back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from pipeline.contract import TABLES
from tests.end_to_end.newsroom import FERRY, Newsroom

LEFT_OUT = {"article_revisions", "quote_revisions"}
OF_THE_MACHINE = {"raw", "knowledge_base"}  # columns that are not handed on and that no raw file gives back


def rows(folder: Path, table: str) -> pd.DataFrame:
    found = pd.read_parquet(folder / table)
    found = found.drop(columns=[column for column in found.columns if column in OF_THE_MACHINE])
    return found.sort_values(list(TABLES[table].sort)).reset_index(drop=True)


@pytest.fixture
def shared(newsroom: Newsroom, tmp_path: Path) -> Path:
    """The shared tables of a data set with a reject, an edited article and a corrected quote."""
    newsroom.write("empty.txt", "")
    newsroom.curate()
    newsroom.write_story("ferry", FERRY.replace("every cable", "almost every cable"))
    quote_id = newsroom.quote("library")["quote_id"]
    (newsroom.curated / "corrections").mkdir()
    (newsroom.curated / "corrections" / "desk.csv").write_text(
        f"quote_id,field,value,reviewer,reason\n{quote_id},speaker_role,the librarian,Vera,as printed\n", "utf-8"
    )
    newsroom.curate()
    target = tmp_path / "shared"
    told = newsroom.done("export", newsroom.curated, "--without-text", target).out
    assert told == f"written    {target}, with README.md and join_text.py\n"
    return target


def test_shared_tables_have_no_word_of_an_article(newsroom: Newsroom, shared: Path) -> None:
    assert {path.name for path in shared.iterdir()} == {"README.md", "join_text.py", *(TABLES.keys() - LEFT_OUT)}
    told = "".join(str(pd.read_parquet(shared / table).to_dict("records")) for table in TABLES.keys() - LEFT_OUT)
    for words in ("cable", "sails again", "ten books", "harbour board", "librarian", str(newsroom.raw)):
        assert words not in told
    assert "Mara Oduya" in told, "who speaks is handed on"


@pytest.mark.slow
def test_words_are_joined_back_from_the_raw_files(newsroom: Newsroom, shared: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    command = [sys.executable, shared / "join_text.py", "--raw", newsroom.raw, "--into", whole]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"3 articles joined into {whole}\n"
    for table in ("articles", "quotes", "mentions", "article_entities", "entities"):
        pd.testing.assert_frame_equal(rows(whole, table), rows(newsroom.curated, table))


def test_forgotten_article_is_not_shared(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.curate()
    article_id = newsroom.article("ferry")["article_id"]
    newsroom.done("forget", newsroom.curated, "--article-id", article_id, "--reason", "asked to")
    newsroom.done("export", newsroom.curated, "--without-text", tmp_path / "shared")
    assert len(pd.read_parquet(tmp_path / "shared" / "articles")) == 2
    assert "Mara Oduya" not in set(pd.read_parquet(tmp_path / "shared" / "entities")["name"])


def test_data_set_is_not_written_into_a_folder_in_use(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.curate()
    for target, told in (
        (newsroom.raw, "exists and is not empty; name a new folder"),
        (newsroom.curated / "shared", "is inside"),
        (newsroom.curated, "is inside"),
        (newsroom.raw / "ferry.txt", "exists and is not empty; name a new folder"),
    ):
        ran = newsroom.onrecord("export", newsroom.curated, "--without-text", target)
        assert ran.code == 2, target
        assert told in ran.err
    ran = newsroom.onrecord("export", newsroom.curated, "--without-text", newsroom.raw / "ferry.txt" / "shared")
    assert ran.code == 1
    assert "cannot be written" in ran.err
    assert newsroom.onrecord("export", newsroom.curated).code == 2, "only without text is there anything to hand on"
    assert newsroom.onrecord("export", tmp_path / "none", "--without-text", tmp_path / "shared").code == 2
    assert not (tmp_path / "shared").exists()


def test_nothing_else_is_written_into_the_data_set(newsroom: Newsroom) -> None:
    newsroom.curate()
    page = newsroom.curated / "changes.html"
    for arguments in (
        ("gold", newsroom.curated, newsroom.curated / "gold"),
        ("diff", newsroom.curated, newsroom.run_id(), "--html", page),
    ):
        ran = newsroom.onrecord(*arguments)
        assert ran.code == 2
        assert "is inside" in ran.err
    assert "nothing to do" in newsroom.curate().out, "which would be refused if something else lay there"
