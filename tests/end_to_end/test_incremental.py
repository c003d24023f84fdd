"""A run curates only what changed; stamps and digests identify everything else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from pipeline import settings
from tests.end_to_end.conftest import state_of
from tests.end_to_end.newsroom import FERRY, ORCHARD, STORIES, Newsroom, address, line
from tests.end_to_end.states import owed_to_input
from tests.end_to_end.test_formats import response, zipped


def set_time(path: Path, at: float) -> None:
    os.utime(path, (at, at))


# ── Files ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_new_and_changed_records_are_curated(newsroom: Newsroom) -> None:
    assert newsroom.made_by() == ["ferry.txt:0", "library.txt:0", "orchard.txt:0"]
    newsroom.write_story("ferry", FERRY.replace("every cable", "almost every cable"))
    newsroom.write_story("tulips", FERRY.replace("Ferry", "Tulip fair").replace("ferry", "tulip fair"))
    made, summary = newsroom.made_and_summary()
    assert made == ["ferry.txt:0", "tulips.txt:0"]
    run = summary.run
    assert (run.record_count, run.new_count, run.changed_count, run.unchanged_count) == (4, 1, 1, 2)
    newsroom.verify()


def test_touched_file_with_equal_content_is_not_curated_again(newsroom: Newsroom) -> None:
    newsroom.curate()
    before = state_of(newsroom.curated)
    newsroom.write_story("ferry")
    made, summary = newsroom.made_and_summary()
    assert made == []
    assert (summary.outcome, summary.run.unchanged_count) == ("nothing to do", 3)
    assert state_of(newsroom.curated) == before


def test_file_changed_behind_its_stamp_is_found_with_rehash(newsroom: Newsroom) -> None:
    newsroom.curate()
    path = newsroom.raw / "ferry.txt"
    before = path.stat()
    path.write_text(path.read_text("utf-8").replace("Mara Oduya", "Ines Falke"), "utf-8")
    set_time(path, before.st_mtime)
    assert (path.stat().st_size, path.stat().st_ino) == (before.st_size, before.st_ino)
    assert "nothing to do" in newsroom.curate().out, "nothing tells that it has changed"
    assert newsroom.made_by(is_rehashing=True) == ["ferry.txt:0"]
    assert newsroom.quote("ferry")["speaker_name"] == "Ines Falke"
    newsroom.verify()


def test_file_changed_behind_its_stamp_is_found_by_verify(newsroom: Newsroom) -> None:
    newsroom.curate()
    path = newsroom.raw / "ferry.txt"
    at = path.stat().st_mtime
    path.write_text(path.read_text("utf-8").replace("Mara Oduya", "Ines Falke"), "utf-8")
    set_time(path, at)
    ran = newsroom.onrecord("verify", newsroom.curated, "--raw", newsroom.raw)
    assert ran.code == 1
    assert "ferry.txt" in ran.out


def test_recently_written_file_is_read_again(newsroom: Newsroom) -> None:
    path = newsroom.write_story("ferry")
    path.write_text(path.read_text("utf-8"), "utf-8")  # now: it may be written again within the same tick of the clock
    newsroom.curate()
    at = path.stat()
    path.write_text(path.read_text("utf-8").replace("Mara Oduya", "Ines Falke"), "utf-8")
    os.utime(path, ns=(at.st_mtime_ns, at.st_mtime_ns))
    assert newsroom.made_by() == ["ferry.txt:0"]


def test_changed_sidecar_changes_its_article(newsroom: Newsroom) -> None:
    newsroom.write("ferry.json", json.dumps({"publisher": "Harbour Post"}))
    newsroom.curate()
    newsroom.write("ferry.json", json.dumps({"publisher": "Harbour Gazette"}))
    assert newsroom.made_by() == ["ferry.txt:0"]
    assert newsroom.article("ferry")["publisher"] == "Harbour Gazette"
    assert newsroom.article("ferry")["revision"] == 2


# ── Records inside of files ────────────────────────────────────────────────────────────────────────────────────


def test_only_lines_appended_are_curated(newsroom: Newsroom) -> None:
    lines = [line(f"line-{name}", text) for name, text in STORIES.items()]
    newsroom.write("wire.jsonl", "".join(lines[:2]))
    newsroom.curate()
    newsroom.write("wire.jsonl", "".join(lines))
    made, summary = newsroom.made_and_summary()
    assert made == ["wire.jsonl:3"]
    assert (summary.run.record_count, summary.run.new_count, summary.run.unchanged_count) == (6, 1, 5)
    newsroom.verify()


def test_lines_appended_to_an_unfinished_line(newsroom: Newsroom) -> None:
    lines = [line(f"line-{name}", text) for name, text in STORIES.items()]
    newsroom.write("wire.jsonl", lines[0] + lines[1][:40])
    newsroom.curate()
    assert newsroom.rows("rejects")["raw_record"].tolist() == ["2"]
    newsroom.write("wire.jsonl", "".join(lines))
    assert newsroom.made_by() == ["wire.jsonl:2", "wire.jsonl:3"]
    assert newsroom.rows("rejects").empty
    newsroom.verify()


def test_only_the_changed_line_is_curated(newsroom: Newsroom) -> None:
    lines = [line(f"line-{name}", text) for name, text in STORIES.items()]
    newsroom.write("wire.jsonl", "".join(lines))
    newsroom.curate()
    newsroom.write("wire.jsonl", lines[0] + lines[1].replace("ten books", "six books") + lines[2])
    assert newsroom.made_by() == ["wire.jsonl:2"]
    assert newsroom.article("line-library")["revision"] == 2
    newsroom.verify()


def test_only_responses_appended_to_a_crawl_are_curated(newsroom: Newsroom) -> None:
    newsroom.write("crawl.warc.gz", response("bridge") + response("gone", "404 Not Found"))
    newsroom.curate()
    size = (newsroom.raw / "crawl.warc.gz").stat().st_size
    newsroom.write("crawl.warc.gz", response("bridge") + response("gone", "404 Not Found") + response("tunnel"))
    made, summary = newsroom.made_and_summary()
    assert made == [f"crawl.warc.gz:{size}"]
    run = summary.run
    assert (run.record_count, run.new_count, run.unchanged_count, run.skip_count) == (6, 1, 4, 1)
    newsroom.verify()


def test_only_the_added_member_of_an_archive_is_curated(newsroom: Newsroom) -> None:
    members = {f"{name}.txt": f"{address('zip-' + name)}\n{text}".encode() for name, text in STORIES.items()}
    newsroom.write("wire.zip", zipped({name: members[name] for name in ("ferry.txt", "library.txt")}))
    newsroom.curate()
    newsroom.write("wire.zip", zipped(members))
    assert newsroom.made_by() == ["wire.zip:orchard.txt"]
    newsroom.verify()


# ── What is gone ───────────────────────────────────────────────────────────────────────────────────────────────


def test_articles_stay_when_their_files_vanish_until_they_are_pruned(newsroom: Newsroom) -> None:
    newsroom.curate()
    (newsroom.raw / "ferry.txt").unlink()
    assert "nothing to do" in newsroom.curate().out
    assert len(newsroom.rows("articles")) == 3
    newsroom.curate("--prune")
    assert address("ferry") not in set(newsroom.rows("articles")["url"])
    assert not newsroom.rows("entities")["name"].eq("Mara Oduya").any()
    newsroom.verify()


def test_articles_stay_when_their_lines_vanish_until_they_are_pruned(newsroom: Newsroom) -> None:
    lines = {name: line(f"line-{name}", text) for name, text in STORIES.items()}
    newsroom.write("wire.jsonl", lines["ferry"] + lines["library"])
    newsroom.curate()
    newsroom.write("wire.jsonl", lines["ferry"])
    newsroom.curate()
    assert len(newsroom.rows("articles")) == 5
    newsroom.curate("--prune")
    assert address("line-library") not in set(newsroom.rows("articles")["url"])
    assert address("line-ferry") in set(newsroom.rows("articles")["url"])
    newsroom.verify()


def test_pruning_affects_only_the_source_of_the_run(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.curate()
    other = tmp_path / "other"
    other.mkdir()
    (other / "pear.txt").write_text(f"{address('pear')}\n{ORCHARD}", "utf-8")
    newsroom.done("curate", other, "--into", newsroom.curated, "--prune", "--workers", 1)
    assert len(newsroom.rows("articles")) == 4


def test_pruned_article_returns_with_its_file(newsroom: Newsroom) -> None:
    newsroom.curate()
    before = owed_to_input(newsroom.curated)
    (newsroom.raw / "ferry.txt").unlink()
    newsroom.curate("--prune")
    newsroom.write_story("ferry")
    newsroom.curate()
    assert owed_to_input(newsroom.curated) == before


# ── What is made again though it has not changed ───────────────────────────────────────────────────────────────


def test_reprocess_older_recomputes_only_records_of_older_code(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    (newsroom.raw / "library.txt").rename(newsroom.raw.parent / "library.txt")
    newsroom.curate()
    monkeypatch.setitem(settings.STAGES, "quotes", 2)
    shutil.move(newsroom.raw.parent / "library.txt", newsroom.raw)
    assert newsroom.made_by() == ["library.txt:0"], "new code alone makes nothing anew"
    assert newsroom.made_by(redo="older") == ["ferry.txt:0", "orchard.txt:0"]
    assert newsroom.made_by(redo="older") == []
    newsroom.verify()


@pytest.mark.parametrize(
    ("changed", "redo", "made"),
    [
        pytest.param("quotes", "quotes", 3, id="that-stage"),
        pytest.param("quotes", "entities", 0, id="another-stage"),
        pytest.param("quotes", "model", 0, id="the-model-is-the-same"),
        pytest.param(None, "older", 0, id="nothing-is-older"),
        pytest.param(None, "all", 3, id="all"),
    ],
)
def test_reprocess_recomputes_records_of_an_older_stage(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, changed: str | None, redo: str, made: int
) -> None:
    newsroom.curate()
    before = owed_to_input(newsroom.curated)
    if changed:
        monkeypatch.setitem(settings.STAGES, changed, 2)
    assert len(newsroom.made_by(redo=redo)) == made
    assert owed_to_input(newsroom.curated) == before
    newsroom.verify()


def test_reprocess_recomputes_records_of_an_older_model(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.curate import start

    newsroom.curate()
    made_by = start.made_by
    monkeypatch.setattr(start, "made_by", lambda _: made_by("newswire-9"))
    assert newsroom.made_by() == []
    assert newsroom.made_by(redo="model") == ["ferry.txt:0", "library.txt:0", "orchard.txt:0"]
    assert newsroom.made_by(redo="model") == []


def test_recomputed_equal_article_is_not_a_revision(newsroom: Newsroom) -> None:
    newsroom.curate()
    newsroom.curate("--reprocess")
    assert newsroom.rows("articles")["revision"].tolist() == [1, 1, 1]
    assert newsroom.rows("article_revisions").empty


# ── What older programs left ───────────────────────────────────────────────────────────────────────────────────


def test_data_set_of_an_older_program_is_refused(newsroom: Newsroom) -> None:
    newsroom.curate()
    version = (newsroom.curated / "current").resolve()
    shutil.rmtree(version / "state")
    (version / "ledger.parquet").touch()  # where it kept what it knew of records
    before = state_of(newsroom.curated)
    for arguments in (
        ("curate", newsroom.raw, "--into", newsroom.curated),
        ("verify", newsroom.curated),
        ("compact", newsroom.curated),
        ("versions", newsroom.curated),
        ("at", newsroom.curated, version.name),
        ("replay", newsroom.curated),
    ):
        ran = newsroom.onrecord(*arguments)
        assert ran.code == 2, arguments
        assert "was written by another version of onrecord" in ran.err
        assert "curate the raw articles into a new folder" in ran.err
    assert state_of(newsroom.curated) == before


def test_data_set_with_other_columns_is_refused(newsroom: Newsroom) -> None:
    import pyarrow.parquet as pq

    newsroom.curate()
    (part,) = (newsroom.curated / "entities").resolve().glob("*.parquet")
    pq.write_table(pq.ParquetFile(part).read().drop_columns(["aliases"]), part)
    ran = newsroom.onrecord("curate", newsroom.raw, "--into", newsroom.curated)
    assert ran.code == 2
    assert "entities has other columns" in ran.err
