"""The revision before an edit is kept for a time, so that a silent edit can be shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.curate import start
from tests.end_to_end.newsroom import FERRY, Newsroom, line

EDITED = FERRY.replace("every cable", "almost every cable")


class Later(datetime):
    """A clock that is a hundred days ahead."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.now(tz) + timedelta(days=100)


@pytest.fixture
def edited(newsroom: Newsroom) -> Newsroom:
    """A data set in which one article was edited after it was published."""
    newsroom.curate()
    newsroom.write_story("ferry", EDITED)
    newsroom.curate()
    return newsroom


def test_edited_article_leaves_its_older_revision(edited: Newsroom) -> None:
    now = edited.article("ferry")
    assert now["revision"] == 2
    assert "almost every cable" in now["text"]
    (old,) = edited.rows("article_revisions").to_dict("records")
    assert (old["article_id"], old["revision"]) == (now["article_id"], 1)
    assert "checked every cable" in old["text"]
    (quote,) = edited.rows("quote_revisions").to_dict("records")
    assert (quote["text"], quote["revision"]) == ("We checked every cable,", 1)
    first, second = sorted(edited.rows("runs")["run_id"])
    assert (old["run_id"], old["superseded_by"], quote["superseded_by"]) == (first, second, second)
    assert old["superseded_at"] <= datetime.now(UTC)
    edited.verify()


def test_silent_edit_is_shown_by_its_revisions(edited: Newsroom) -> None:
    first = min(edited.rows("runs")["run_id"])
    edited.write_story("library", "Library closes\n\nQUILLHAVEN, May 9 2024 - The library has closed for good.\n")
    edited.curate()
    told = edited.done("diff", edited.curated, first).out
    assert "text: We checked {+almost+} every cable," in told


def test_every_revision_is_kept(edited: Newsroom) -> None:
    edited.write_story("ferry", FERRY.replace("every cable", "no cable"))
    edited.curate()
    assert edited.article("ferry")["revision"] == 3
    assert edited.rows("article_revisions")["revision"].tolist() == [1, 2]
    assert edited.rows("quote_revisions")["text"].tolist() == [
        "We checked every cable,",
        "We checked almost every cable,",
    ]
    edited.verify()


def test_restored_text_is_a_revision_too(edited: Newsroom) -> None:
    edited.write_story("ferry")
    edited.curate()
    assert edited.article("ferry")["revision"] == 3
    assert "We checked every cable," in edited.rows("quotes")["text"].tolist()
    edited.verify()


def test_newer_record_of_an_article_in_another_file_is_a_revision(newsroom: Newsroom) -> None:
    newsroom.write("monday.jsonl", line("quay", FERRY, day=1))
    newsroom.curate()
    newsroom.write("tuesday.jsonl", line("quay", EDITED, day=2))
    newsroom.curate()
    assert newsroom.article("quay")["revision"] == 2
    assert newsroom.rows("quote_revisions")["text"].tolist() == ["We checked every cable,"]
    newsroom.write("older.jsonl", line("quay", FERRY.replace("every", "no"), day=1))
    newsroom.curate()
    assert "almost every cable" in newsroom.article("quay")["text"], "what was collected last stands"
    newsroom.verify()


def test_revisions_are_kept_for_the_given_days(edited: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    edited.write_story("library", "Library closes\n\nQUILLHAVEN, May 9 2024 - The library has closed for good.\n")
    with monkeypatch.context() as later:
        later.setattr(start, "datetime", Later)
        edited.curate("--keep-revisions", 120)
        assert len(edited.rows("article_revisions")) == 2, "the new one, and that of a hundred days ago"
        edited.write_story("orchard", "Pear prize\n\nSALTMARSH, June 2 2024 - The prize was taken back.\n")
        edited.curate()
    assert sorted(edited.rows("article_revisions")["raw_path"]) == ["library.txt", "orchard.txt"]
    assert "We checked every cable," not in set(edited.rows("quote_revisions")["text"])
    edited.verify()


@pytest.mark.parametrize("days", ["0", "-1", "ninety"])
def test_revisions_cannot_be_kept_for_zero_days(newsroom: Newsroom, days: str) -> None:
    ran = newsroom.onrecord("curate", newsroom.raw, "--into", newsroom.curated, f"--keep-revisions={days}")
    assert ran.code == 2
    assert "is not a whole number from 1" in ran.err


def test_pruned_article_leaves_no_revision(newsroom: Newsroom) -> None:
    """A pruned article is in the earlier versions; a revision is only what a newer one replaces."""
    newsroom.curate()
    (newsroom.raw / "ferry.txt").unlink()
    newsroom.curate("--prune")
    assert newsroom.rows("article_revisions").empty
    newsroom.verify()


def test_returning_article_continues_its_revisions(edited: Newsroom) -> None:
    (edited.raw / "ferry.txt").unlink()
    edited.curate("--prune")
    edited.write_story("ferry", EDITED)
    edited.curate()
    assert edited.article("ferry")["revision"] == 2
    assert edited.rows("article_revisions")["revision"].tolist() == [1]
    edited.verify()


@pytest.mark.parametrize("pruned", ["monday.jsonl", "tuesday.jsonl"])
def test_pruning_one_of_two_records_of_an_article(newsroom: Newsroom, pruned: str) -> None:
    newsroom.write("monday.jsonl", line("quay", FERRY, day=1))
    newsroom.curate()
    newsroom.write("tuesday.jsonl", line("quay", EDITED, day=2))
    newsroom.curate()
    (newsroom.raw / pruned).unlink()
    newsroom.curate("--prune")
    assert ("almost" in newsroom.article("quay")["text"]) == (pruned == "monday.jsonl")
    newsroom.verify()
