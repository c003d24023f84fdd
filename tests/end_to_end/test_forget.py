"""An article that is forgotten is in no table, kept version or report any more, and stays out; the rest stays whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import store
from pipeline.curate import forgetting
from tests.end_to_end.conftest import state_of
from tests.end_to_end.newsroom import FERRY, Newsroom, address, line
from tests.end_to_end.states import owed_to_input

# Words that identify the ferry story, in any of its revisions.
TELLING = ("Port Ellery", "Mara Oduya", "every cable", address("ferry"), "harbour board")
LONG = FERRY + "\n" + " ".join(f"Boat number {number} carries {number * 7} people." for number in range(30)) + "\n"
EDITED = FERRY.replace("every cable", "almost every cable")


@pytest.fixture
def edited(newsroom: Newsroom) -> Newsroom:
    """A data set with three versions: an article is edited in the second, and another is added in the third."""
    newsroom.curate()
    newsroom.write_story("ferry", EDITED)
    newsroom.curate()
    newsroom.write_story("mill", "Mill grinds again\n\nQUILLHAVEN, May 21 2024 - The old mill grinds flour again.\n")
    newsroom.curate()
    return newsroom


def tells(curated: Path, words: Iterable[str] = TELLING) -> list[str]:
    """Return the files of a data set, tables or pages, that contain some of these words."""
    found = []
    for path in sorted(curated.rglob("*")):
        if path.is_file() and path.name != "forgotten.jsonl":
            is_table = path.suffix == ".parquet"
            text = str(pq.ParquetFile(path).read().to_pylist()) if is_table else path.read_text("utf-8")
            found += [f"{path.relative_to(curated)}: {word}" for word in words if word in text]
    return found


def forget(newsroom: Newsroom, *arguments: object) -> str:
    return newsroom.done("forget", newsroom.curated, *arguments, "--reason", "the person asked for it").out


def verify_all(newsroom: Newsroom) -> None:
    """Verify each version, as the current one."""
    now = newsroom.run_id()
    for version in store.list_versions(newsroom.curated):
        newsroom.done("rollback", newsroom.curated, version.run_id)
        newsroom.verify()
    newsroom.done("rollback", newsroom.curated, now)


def test_article_is_in_no_version_any_more(edited: Newsroom) -> None:
    article_id = edited.article("ferry")["article_id"]
    assert tells(edited.curated)
    told = forget(edited, "--url", address("ferry"))
    assert f"{article_id}  removed; kept out of later runs" in told
    assert "raw files  not changed" in told
    assert tells(edited.curated) == []
    assert len(store.list_versions(edited.curated)) == 4
    verify_all(edited)


def test_article_may_be_named_by_its_id(edited: Newsroom) -> None:
    forget(edited, "--article-id", edited.article("ferry")["article_id"])
    assert tells(edited.curated) == []
    edited.verify()


def test_other_rows_stay(edited: Newsroom, tmp_path: Path) -> None:
    forget(edited, "--url", address("ferry"))
    (edited.raw / "ferry.txt").unlink()
    other = Newsroom(edited.raw, tmp_path / "other", edited.onrecord)
    other.curate()
    assert owed_to_input(edited.curated) == owed_to_input(other.curated)


def test_forgotten_article_is_skipped_in_later_runs(edited: Newsroom) -> None:
    forget(edited, "--url", address("ferry"))
    assert "nothing to do" in edited.curate().out
    edited.write_story("ferry", FERRY.replace("every cable", "every rope"))
    told = edited.curate().out
    assert "1 skipped" in told
    assert tells(edited.curated, ["Mara Oduya", "every cable", "every rope"]) == []
    edited.write("wire.jsonl", line("ferry", FERRY) + line("barn", FERRY.replace("ferry", "barn")))
    edited.curate("--reprocess")
    assert set(edited.rows("articles")["url"]) == {address(name) for name in ("library", "orchard", "mill", "barn")}
    edited.verify()


def test_rollback_does_not_restore_a_forgotten_article(edited: Newsroom) -> None:
    first = min(edited.rows("runs")["run_id"])
    forget(edited, "--url", address("ferry"))
    edited.done("rollback", edited.curated, first)
    assert "Mara Oduya" not in set(edited.rows("entities")["name"])
    edited.curate()
    assert set(edited.rows("articles")["url"]) == {address(name) for name in ("library", "orchard", "mill")}
    assert tells(edited.curated, ["Mara Oduya", "every cable"]) == []
    edited.verify()


def test_pruned_article_is_removed_from_kept_versions(edited: Newsroom) -> None:
    (edited.raw / "ferry.txt").unlink()
    edited.curate("--prune")
    assert tells(edited.curated)
    assert "removed; kept out" in forget(edited, "--url", address("ferry"))
    assert tells(edited.curated) == []
    verify_all(edited)


def test_unknown_article_is_skipped_in_later_runs(newsroom: Newsroom) -> None:
    (newsroom.raw / "ferry.txt").rename(newsroom.raw.parent / "ferry.txt")
    newsroom.curate()
    before = state_of((newsroom.curated / "current").resolve())
    assert "not in the data set; kept out of later runs" in forget(
        newsroom, "--url", f"{address('ferry')}?utm_source=mail"
    )
    assert state_of((newsroom.curated / "current").resolve()) == before
    (newsroom.raw.parent / "ferry.txt").rename(newsroom.raw / "ferry.txt")
    newsroom.curate()
    assert address("ferry") not in set(newsroom.rows("articles")["url"])
    newsroom.verify()


def test_reason_is_kept_with_the_id_and_nothing_else(edited: Newsroom) -> None:
    article_id = edited.article("ferry")["article_id"]
    forget(edited, "--url", address("ferry"))
    (noted,) = map(json.loads, (edited.curated / "forgotten.jsonl").read_text("utf-8").splitlines())
    assert (noted["article_id"], noted["reason"], noted["is_done"]) == (article_id, "the person asked for it", True)
    assert set(noted) == {"article_id", "reason", "forgotten_at", "is_done"}


def test_copy_of_a_forgotten_article_becomes_an_original(newsroom: Newsroom) -> None:
    for name, day in (("copy", "May 8"), ("second-copy", "May 9")):
        newsroom.write_story(name, LONG.replace("May 7", day))
    newsroom.write_story("ferry", LONG)
    newsroom.curate()
    ferry = newsroom.article("ferry")["article_id"]
    assert newsroom.rows("articles")["duplicate_of"].eq(ferry).sum() == 2
    forget(newsroom, "--url", address("ferry"))
    copy, second = newsroom.article("copy"), newsroom.article("second-copy")
    assert copy[["duplicate_of", "duplicate_kind", "duplicate_similarity"]].isna().all()
    assert second["duplicate_of"] == copy["article_id"]
    (speaker,) = newsroom.rows("entities").query("name == 'Mara Oduya'").to_dict("records")
    assert (speaker["article_count"], speaker["original_article_count"]) == (2, 1)
    verify_all(newsroom)


def test_several_articles_are_forgotten_at_once(edited: Newsroom) -> None:
    orchard = edited.article("orchard")["article_id"]
    told = forget(edited, "--url", address("ferry"), "--url", address("library"), "--article-id", orchard)
    assert told.count("removed; kept out") == 3
    assert edited.rows("articles")["url"].tolist() == [address("mill")]
    verify_all(edited)


def test_all_articles_are_forgotten(newsroom: Newsroom) -> None:
    newsroom.curate()
    forget(newsroom, *(part for name in ("ferry", "library", "orchard") for part in ("--url", address(name))))
    for name in ("articles", "quotes", "mentions", "entities"):
        assert newsroom.rows(name).empty
    verify_all(newsroom)


# ── Where it does not go to its end ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", ["build_and_publish", "_scrub", "_remove_reports"])
@pytest.mark.slow
def test_next_run_finishes_an_interrupted_forget(edited: Newsroom, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(forgetting, step, die)
        ran = edited.onrecord("forget", edited.curated, "--url", address("ferry"), "--reason", "asked")
        assert ran.code == 130
    assert tells(edited.curated)
    edited.curate()
    assert tells(edited.curated, ["Mara Oduya", "every cable", "Port Ellery"]) == []
    (noted,) = map(json.loads, (edited.curated / "forgotten.jsonl").read_text("utf-8").splitlines())
    assert (noted["reason"], noted["is_done"]) == ("asked", True)
    verify_all(edited)


@pytest.mark.parametrize("step", range(0, 100, 7))
@pytest.mark.slow
def test_next_run_finishes_an_interrupted_scrub(edited: Newsroom, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    replace, left = Path.replace, iter(range(step))

    def replace_or_die(fresh: Path, target: Path) -> Path:
        if fresh.suffix == ".new" and fresh.is_relative_to(edited.curated / "versions") and next(left, None) is None:
            raise KeyboardInterrupt
        return replace(fresh, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_or_die)
        ran = edited.onrecord("forget", edited.curated, "--url", address("ferry"), "--reason", "asked")
    assert ran.code in (0, 130)
    assert (ran.code == 0) == (next(left, None) is not None), "all steps were taken, or it died at one"
    edited.curate()
    assert tells(edited.curated, ["Mara Oduya", "every cable", "Port Ellery"]) == []
    verify_all(edited)


def test_raw_files_need_not_exist(edited: Newsroom) -> None:
    edited.raw.rename(edited.raw.with_name("archive"))
    forget(edited, "--url", address("ferry"))
    assert tells(edited.curated) == []
    edited.verify()


def test_knowledge_base_need_not_exist(newsroom: Newsroom, tmp_path: Path) -> None:
    base = tmp_path / "people.jsonl"
    base.write_text('{"id": "P1", "name": "Mara Oduya", "type": "PERSON"}\n', "utf-8")
    newsroom.curate("--knowledge-base", base)
    base.unlink()
    forget(newsroom, "--url", address("ferry"))
    assert tells(newsroom.curated, ["Mara Oduya"]) == []
    newsroom.verify()
    ran = newsroom.onrecord("curate", newsroom.raw, "--into", newsroom.curated)
    assert ran.code == 2
    assert f"linked to {base}, which does not exist any more" in ran.err


# ── Orders that cannot be ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("--reason", "x"), "name the articles to forget, with --url or --article-id", id="nothing-named"),
        pytest.param(("--url", address("ferry")), "the following arguments are required: --reason", id="no-reason"),
        pytest.param(("--url", address("ferry"), "--reason", " "), "--reason", id="blank-reason"),
        pytest.param(("--url", "the ferry story", "--reason", "x"), "is not an article's address", id="no-address"),
        pytest.param(("--article-id", "ferry.txt", "--reason", "x"), "'ferry.txt' is not an article_id", id="no-id"),
    ],
)
def test_wrong_arguments_are_refused(newsroom: Newsroom, arguments: tuple[str, ...], told: str) -> None:
    newsroom.curate()
    before = state_of(newsroom.curated)
    ran = newsroom.onrecord("forget", newsroom.curated, *arguments)
    assert ran.code == 2
    assert told in ran.err
    assert state_of(newsroom.curated) == before


def test_missing_data_set_is_reported(newsroom: Newsroom) -> None:
    ran = newsroom.onrecord("forget", newsroom.curated, "--url", address("ferry"), "--reason", "asked")
    assert ran.code == 2
    assert "has no data set" in ran.err
    assert not newsroom.curated.exists()


@pytest.mark.parametrize("line", ["{", '{"article_id": "x"}', "[]"], ids=["broken", "incomplete", "no-object"])
def test_damaged_list_of_forgotten_articles_is_reported(newsroom: Newsroom, line: str) -> None:
    newsroom.curated.mkdir()
    (newsroom.curated / "forgotten.jsonl").write_text(f"{line}\n", "utf-8")
    ran = newsroom.onrecord("curate", newsroom.raw, "--into", newsroom.curated)
    assert ran.code == 2
    assert "forgotten.jsonl is damaged" in ran.err
    assert "fix it" in ran.err
