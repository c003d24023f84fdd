"""Versions are kept, read and compared; a rollback returns to any of them, and old ones are thinned out."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from pipeline import settings
from tests.end_to_end.newsroom import FERRY, Newsroom
from tests.end_to_end.states import content, owed_to_input

TULIPS = FERRY.replace("Ferry", "Tulip fair").replace("ferry", "tulip fair").replace("cable", "bulb")


def test_every_version_stays_readable_at_its_path(newsroom: Newsroom) -> None:
    newsroom.curate()
    first = newsroom.run_id()
    newsroom.write_story("ferry", FERRY.replace("every cable", "almost every cable"))
    newsroom.curate()
    path = Path(newsroom.done("at", newsroom.curated, first).out.strip())
    assert "We checked every cable," in set(pd.read_parquet(path / "quotes")["text"])
    assert "We checked every cable," not in set(newsroom.rows("quotes")["text"])
    newsroom.verify()


def test_versions_are_listed_with_what_each_costs(newsroom: Newsroom) -> None:
    newsroom.curate()
    first = newsroom.run_id()
    newsroom.write_story("tulips", TULIPS)
    newsroom.curate()
    lines = newsroom.done("versions", newsroom.curated).out.splitlines()
    assert re.match(rf"{first}  [-0-9]+ [:0-9]+ +3 +3 +[.0-9]+ kB$", lines[1])
    assert re.match(rf"{newsroom.run_id()}  [-0-9]+ [:0-9]+ +4 +4 +[.0-9]+ kB  current$", lines[2])
    assert lines[3].startswith("2 kept, ")


def test_next_run_continues_from_the_version_of_a_rollback(newsroom: Newsroom) -> None:
    newsroom.curate()
    first, old = newsroom.run_id(), content(newsroom.curated)
    newsroom.write_story("ferry", FERRY.replace("every cable", "almost every cable"))
    newsroom.write_story("tulips", TULIPS)
    newsroom.curate()
    second, new = newsroom.run_id(), content(newsroom.curated)

    newsroom.done("rollback", newsroom.curated, first)
    assert newsroom.run_id() == first
    assert content(newsroom.curated) == old
    assert (
        f"a later run, which is not in this version, has the report {newsroom.curated / 'reports' / second}.html"
        in (newsroom.done("report", newsroom.curated).out)
    )
    newsroom.verify()
    assert newsroom.made_by() == ["ferry.txt:0", "tulips.txt:0"]
    assert content(newsroom.curated) == new
    newsroom.verify()
    listed = newsroom.done("versions", newsroom.curated).out
    assert first in listed
    assert second in listed


def test_rollback_can_be_undone(newsroom: Newsroom) -> None:
    newsroom.curate()
    first = newsroom.run_id()
    newsroom.write_story("tulips", TULIPS)
    newsroom.curate()
    second = newsroom.run_id()
    newsroom.done("rollback", newsroom.curated, first)
    newsroom.done("rollback", newsroom.curated, second)
    assert len(newsroom.rows("articles")) == 4
    assert "nothing to do" in newsroom.curate().out


def test_diff_shows_changes_with_their_causes(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.curate()
    first = newsroom.run_id()
    newsroom.write_story("ferry", FERRY.replace("every cable", "almost every cable"))
    newsroom.write_story("tulips", TULIPS)
    newsroom.curate()
    second = newsroom.run_id()
    page = tmp_path / "changes.html"
    told = newsroom.done("diff", newsroom.curated, first, "--html", page).out
    assert f"from {first} to {second}" in told
    assert "1  articles added: 1 new input" in told
    assert "1  articles changed: 1 changed input" in told
    assert "text: We checked {+almost+} every cable," in told
    assert "almost" in page.read_text("utf-8")
    back = newsroom.done("diff", newsroom.curated, second, first).out
    assert "1  articles removed" in back
    assert "text: We checked [-almost-] every cable," in back
    report = Path(newsroom.curated / "reports" / f"{second}.html").read_text("utf-8")
    assert "Articles changed: changed input" in report, "the last run's changes are in its report"


def test_version_does_not_differ_from_itself(newsroom: Newsroom) -> None:
    newsroom.curate()
    assert "nothing changed" in newsroom.done("diff", newsroom.curated, newsroom.run_id()).out


def test_diff_distinguishes_new_code_from_new_input(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom.curate()
    first = newsroom.run_id()
    monkeypatch.setattr("pipeline.curate.extract_quotes", lambda *_: [])
    monkeypatch.setitem(settings.STAGES, "quotes", 2)
    newsroom.curate("--reprocess", "older")
    told = newsroom.done("diff", newsroom.curated, first).out
    assert "3  quotes removed: 3 new code" in told
    assert "articles changed" not in told, "the texts are as they were"


def test_versions_thin_out(newsroom: Newsroom) -> None:
    newsroom.curate()
    first = newsroom.run_id()
    for number in range(3):
        newsroom.write_story("ferry", FERRY.replace("every cable", f"{number} cables"))
        newsroom.curate("--keep", "newest=2,all=0,hours=0,days=0,weeks=0")
    listed = newsroom.done("versions", newsroom.curated).out
    assert listed.splitlines()[-1].startswith("2 kept")
    assert len(list((newsroom.curated / "versions").iterdir())) == 2
    newsroom.verify()
    gone = newsroom.onrecord("at", newsroom.curated, first)
    assert gone.code == 2
    assert f"has no version '{first}'" in gone.err


@pytest.mark.parametrize("policy", ["months=3", ""])
def test_malformed_policy_is_refused_before_the_run(newsroom: Newsroom, policy: str) -> None:
    ran = newsroom.onrecord("curate", newsroom.raw, "--into", newsroom.curated, "--keep", policy)
    assert ran.code == 2
    assert f"{policy!r} is not one of newest, all, hours, days, weeks" in ran.err
    assert not newsroom.curated.exists()


def test_missing_version_is_reported(newsroom: Newsroom) -> None:
    newsroom.curate()
    now = newsroom.run_id()
    for arguments in (
        ("at", newsroom.curated, "yesterday"),
        ("rollback", newsroom.curated, "yesterday"),
        ("diff", newsroom.curated, "yesterday"),
        ("diff", newsroom.curated, now, "yesterday"),
    ):
        ran = newsroom.onrecord(*arguments)
        assert ran.code == 2, arguments
        assert "has no version 'yesterday'" in ran.err
        assert now in ran.err, "the versions that there are are named"
    assert newsroom.run_id() == now


@pytest.mark.parametrize("command", [("versions",), ("at", "x"), ("rollback", "x"), ("diff", "x"), ("compact",)])
def test_command_without_a_data_set_is_refused(newsroom: Newsroom, command: tuple[str, ...]) -> None:
    name, *rest = command
    ran = newsroom.onrecord(name, newsroom.curated, *rest)
    assert ran.code == 2
    assert str(newsroom.curated) in ran.err
    assert not newsroom.curated.exists(), "nothing is made where nothing was"


def test_unwritable_page_is_reported(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.curate()
    ran = newsroom.onrecord("diff", newsroom.curated, newsroom.run_id(), "--html", tmp_path / "no" / "page.html")
    assert ran.code == 1
    assert "cannot be written: No such file or directory; name another file" in ran.err
    ran = newsroom.onrecord("diff", newsroom.curated, newsroom.run_id(), "--html", tmp_path)
    assert ran.code == 2
    assert "is a folder; name a file in it" in ran.err


def test_rows_depend_on_input_alone_after_a_rollback(newsroom: Newsroom) -> None:
    newsroom.curate()
    first, old = newsroom.run_id(), owed_to_input(newsroom.curated)
    newsroom.write_story("ferry", FERRY.replace("Mara Oduya", "Jon Hazebroek"))
    newsroom.curate()
    newsroom.write_story("ferry")
    newsroom.done("rollback", newsroom.curated, first)
    assert "3 unchanged" in newsroom.curate().out
    assert owed_to_input(newsroom.curated) == old
