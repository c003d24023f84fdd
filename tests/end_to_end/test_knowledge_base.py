"""The user's knowledge base: named once, remembered, and read again when it has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson
import pandas as pd
import pytest

from tests.end_to_end.conftest import Onrecord, state_of
from tests.end_to_end.newsroom import FERRY, Newsroom, line

CHAIRWOMAN = {"id": "HB-7", "name": "Mara Oduya", "type": "person", "description": "chairwoman of the harbour board"}


def write(file: Path, *rows: object) -> Path:
    file.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    return file


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write(tmp_path / "harbour.jsonl", CHAIRWOMAN)


@pytest.fixture
def curated(onrecord: Onrecord, raw: Path, base: Path, tmp_path: Path) -> Path:
    """A data set whose people are linked to a file."""
    into = tmp_path / "curated"
    ran = onrecord("curate", raw, "--into", into, "--knowledge-base", base, "--workers", 1)
    assert ran.code == 0, ran.err
    return into


def links_of(curated: Path) -> set[tuple[str, str]]:
    """Return the ids in the file that entities are linked to, with their names."""
    entities = pd.read_parquet(curated / "entities")
    mine = entities[entities["link_source"] == "knowledge_base"]
    return set(zip(mine["link_id"], mine["name"], strict=True))


def runs_of(curated: Path) -> list[tuple[str | None, str | None]]:
    runs = pd.read_parquet(curated / "runs").sort_values("run_id")
    rows = zip(runs["knowledge_base"], runs["knowledge_base_sha256"], strict=True)
    return [(path if pd.notna(path) else None, digest if pd.notna(digest) else None) for path, digest in rows]


def runs_of_articles(curated: Path) -> set[str]:
    return set(pd.read_parquet(curated / "articles")["run_id"])


def test_people_get_the_ids_of_the_file(onrecord: Onrecord, raw: Path, curated: Path, base: Path) -> None:
    assert links_of(curated) == {("HB-7", "Mara Oduya")}
    assert runs_of(curated) == [(str(base), hashlib.sha256(base.read_bytes()).hexdigest())]
    mentions = pd.read_parquet(curated / "mentions")
    assert set(mentions[mentions["text"].isin(["Mara Oduya", "Oduya"])]["link_id"]) == {"HB-7"}
    assert onrecord("verify", curated, "--raw", raw).code == 0


@pytest.mark.slow
def test_workers_read_the_same_index(onrecord: Onrecord, raw: Path, base: Path, curated: Path, tmp_path: Path) -> None:
    (raw / "list.jsonl").write_bytes(b'{"text": "The pier will close, said Mara Oduya of the harbour board."}\n')
    into = tmp_path / "pool"
    ran = onrecord("curate", raw, "--into", into, "--knowledge-base", base, "--workers", 2)
    assert ran.code == 0, ran.err
    assert links_of(into) == links_of(curated)


@pytest.mark.slow
def test_run_without_the_option_keeps_the_file(onrecord: Onrecord, raw: Path, curated: Path, base: Path) -> None:
    assert "nothing to do" in onrecord("curate", raw, "--into", curated, "--workers", 1).out
    (raw / "more.txt").write_text(
        "Pier to close\n\nThe pier will close, said Mara Oduya of the harbour board.", "utf-8"
    )
    assert onrecord("curate", raw, "--into", curated, "--workers", 1).code == 0
    assert len(runs_of_articles(curated)) == 2
    assert [path for path, _ in runs_of(curated)] == [str(base), str(base)]


@pytest.mark.slow
def test_changed_file_relinks_all_articles(onrecord: Onrecord, raw: Path, curated: Path, base: Path) -> None:
    write(base, CHAIRWOMAN | {"id": "HB-8"})
    assert onrecord("curate", raw, "--into", curated, "--workers", 1).code == 0
    assert links_of(curated) == {("HB-8", "Mara Oduya")}
    assert runs_of_articles(curated) == {max(pd.read_parquet(curated / "runs")["run_id"])}
    assert len(set(runs_of(curated))) == 2


def test_data_set_drops_the_file_only_with_the_option(onrecord: Onrecord, raw: Path, curated: Path, base: Path) -> None:
    base.unlink()
    before = state_of(curated)
    ran = onrecord("curate", raw, "--into", curated)
    assert ran.code == 2
    assert f"linked to {base}, which does not exist any more" in ran.err
    assert "--knowledge-base FILE" in ran.err
    assert "--no-knowledge-base" in ran.err
    assert state_of(curated) == before
    assert onrecord("curate", raw, "--into", curated, "--no-knowledge-base", "--workers", 1).code == 0
    assert links_of(curated) == set()
    assert runs_of(curated)[-1] == (None, None)
    assert "nothing to do" in onrecord("curate", raw, "--into", curated, "--workers", 1).out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b'{"id": 1, "name": "A"}\n{"id": 2,', "line 2: it is not JSON", id="broken-json"),
        pytest.param(b'{"id": 1, "name": "A"}\n{"id": 1, "name": "B"}', "both have the id '1'", id="id-of-two"),
        pytest.param(b"", "it has no rows", id="empty"),
    ],
)
def test_file_with_a_fault_publishes_nothing(
    onrecord: Onrecord, raw: Path, base: Path, tmp_path: Path, content: bytes, told: str
) -> None:
    base.write_bytes(content)
    ran = onrecord("curate", raw, "--into", tmp_path / "new", "--knowledge-base", base, "--workers", 1)
    assert ran.code == 2
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "new" / "current").exists()


def test_fault_in_a_changed_file_leaves_the_data_set_unchanged(
    onrecord: Onrecord, raw: Path, curated: Path, base: Path
) -> None:
    before = state_of(curated)
    write(base, CHAIRWOMAN, {"id": "HB-9"})
    ran = onrecord("curate", raw, "--into", curated, "--workers", 1)
    assert ran.code == 2
    assert "line 2: it has no name" in ran.err
    assert state_of(curated) == before


def test_missing_file_is_named(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    ran = onrecord("curate", raw, "--into", tmp_path / "new", "--knowledge-base", tmp_path / "none.jsonl")
    assert ran.code == 2
    assert "none.jsonl cannot be read" in ran.err


def test_both_options_at_once_are_refused(onrecord: Onrecord, raw: Path, base: Path, tmp_path: Path) -> None:
    given = ("--knowledge-base", base, "--no-knowledge-base")
    assert onrecord("curate", raw, "--into", tmp_path / "new", *given).code == 2


@pytest.mark.slow
def test_record_that_wins_after_pruning_is_linked(newsroom: Newsroom, base: Path) -> None:
    newsroom.write("monday.jsonl", line("quay", FERRY, day=1))
    newsroom.curate("--knowledge-base", base)
    newsroom.write("tuesday.jsonl", line("quay", FERRY.replace("every cable", "almost every cable"), day=2))
    newsroom.curate()
    (newsroom.raw / "tuesday.jsonl").unlink()
    newsroom.curate("--prune")
    mentions = newsroom.rows("mentions").query(
        "article_id == @article_id", local_dict={"article_id": newsroom.article("quay")["article_id"]}
    )
    assert set(mentions[mentions["text"] == "Mara Oduya"]["link_id"]) == {"HB-7"}
