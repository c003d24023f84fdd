"""Which attributions become quotes is one setting for the whole data set."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import onrecord as onrecord_package
import pipeline
from pipeline.accuracy import read_accuracy
from pipeline.contract import TABLES
from tests.end_to_end.conftest import STORY, Onrecord, state_of


@pytest.fixture
def curated(onrecord: Onrecord, raw: Path, tmp_path: Path) -> Path:
    """A data set with ``--attributions said``."""
    into = tmp_path / "curated"
    assert onrecord("curate", raw, "--into", into, "--workers", 1).code == 0
    return into


def settings_of(curated: Path) -> list[str]:
    return pd.read_parquet(curated / "runs")["attributions"].tolist()


def runs_of_articles(curated: Path) -> set[str]:
    return set(pd.read_parquet(curated / "articles")["run_id"])


def metadata_of(curated: Path) -> list[dict[bytes, bytes]]:
    version = (curated / "current").resolve()
    return [pq.read_schema(part).metadata for name in TABLES for part in (version / name).rglob("*.parquet")]


@pytest.mark.slow
def test_data_set_has_only_speech_by_default(curated: Path) -> None:
    assert settings_of(curated) == ["said"]
    for metadata in metadata_of(curated):
        assert metadata[b"onrecord.attributions"] == b"said"
        assert metadata[b"onrecord.model_version"].decode() == read_accuracy().model_version
        assert json.loads(metadata[b"onrecord.accuracy"])["quotes"]["corpus"] == read_accuracy().quotes.corpus


def test_run_without_the_option_keeps_the_data_sets_setting(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    assert onrecord("curate", raw, "--into", curated, "--attributions", "all", "--workers", 1).code == 0
    assert "nothing to do" in onrecord("curate", raw, "--into", curated, "--workers", 1).out
    (raw / "story-9.txt").write_text(STORY.format(detail="nine thousand"), "utf-8")
    ran = onrecord("curate", raw, "--into", curated, "--workers", 1)
    assert ran.code == 0
    assert "--attributions all" in ran.out
    assert settings_of(curated) == ["all", "all"]


def test_other_setting_is_refused_and_nothing_changes(onrecord: Onrecord, raw: Path, curated: Path) -> None:
    before = state_of(curated)
    ran = onrecord("curate", raw, "--into", curated, "--attributions", "all")
    assert ran.code == 2
    assert "was built with --attributions said, but this run asks for all" in ran.err
    assert "--reprocess" in ran.err
    assert state_of(curated) == before


@pytest.mark.slow
def test_other_setting_with_reprocess_recomputes_all(onrecord: Onrecord, raw: Path, curated: Path) -> None:
    ran = onrecord("curate", raw, "--into", curated, "--attributions", "all", "--reprocess", "--workers", 1)
    assert ran.code == 0, ran.err
    assert settings_of(curated) == ["said", "all"]
    assert runs_of_articles(curated) == {max(pd.read_parquet(curated / "runs")["run_id"])}
    quotes = (curated / "quotes").resolve().rglob("*.parquet")
    assert {pq.read_schema(part).metadata[b"onrecord.attributions"] for part in quotes} == {b"all"}
    assert pd.read_parquet(curated / "articles")["revision"].tolist() == [1, 1, 1]
    assert onrecord("verify", curated, "--raw", raw).code == 0


@pytest.mark.slow
def test_reprocess_alone_recomputes_this_raw_with_the_same_setting(
    onrecord: Onrecord, raw: Path, tmp_path: Path, curated: Path
) -> None:
    other = tmp_path / "tide-letter"
    other.mkdir()
    (other / "story-0.txt").write_text(STORY.format(detail="seven million"), "utf-8")
    assert onrecord("curate", other, "--into", curated, "--workers", 1).code == 0
    ran = onrecord("curate", raw, "--into", curated, "--reprocess", "--workers", 1)
    assert ran.code == 0
    assert "3 unchanged" in ran.out
    assert settings_of(curated) == ["said", "said", "said"]
    articles = pd.read_parquet(curated / "articles")
    _, second, third = sorted(pd.read_parquet(curated / "runs")["run_id"])
    assert set(zip(articles["source"], articles["run_id"], strict=True)) == {("tide-letter", second), ("wire", third)}


@pytest.mark.parametrize(
    ("case", "told"),
    [
        pytest.param("other-source", "1 of source 'tide-letter'", id="article-of-another-source"),
        pytest.param("gone", "1 of source 'wire'", id="article-whose-file-is-gone"),
        pytest.param("unreadable", "1 of source 'wire'", id="article-whose-file-turned-unreadable"),
        pytest.param("limit", "2 of source 'wire'", id="fewer-files-than-there-are"),
        pytest.param("file", "2 of source 'wire'", id="one-file-of-the-folder"),
    ],
)
@pytest.mark.slow
def test_setting_changes_for_all_articles_or_for_none(
    onrecord: Onrecord, raw: Path, tmp_path: Path, curated: Path, case: str, told: str
) -> None:
    given: list[object] = [raw, "--into", curated, "--attributions", "all", "--reprocess", "--workers", 1]
    if case == "other-source":
        other = tmp_path / "tide-letter"
        other.mkdir()
        (other / "story-0.txt").write_text(STORY.format(detail="seven million"), "utf-8")
        assert onrecord("curate", other, "--into", curated, "--workers", 1).code == 0
    elif case == "gone":
        (raw / "story-1.txt").unlink()
    elif case == "unreadable":
        (raw / "story-1.txt").write_bytes(b"")
    elif case == "limit":
        given += ["--limit", 1]
    else:
        given[0] = raw / "story-1.txt"
    before = state_of(curated)
    ran = onrecord("curate", *given)
    assert ran.code == 2
    assert told in ran.err
    assert "new folder with --attributions all" in ran.err
    assert state_of(curated) == before


@pytest.mark.slow
@pytest.mark.parametrize("damage", [pytest.param(None, id="missing"), pytest.param(b'{"model_ver', id="cut-off")])
def test_damaged_model_file_is_named_and_exits_2(raw: Path, tmp_path: Path, damage: bytes | None) -> None:
    installed = tmp_path / "installed"
    for package in (onrecord_package, pipeline):
        folder = Path(str(package.__file__)).parent
        shutil.copytree(folder, installed / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    card = installed / "pipeline" / "language" / "model" / "accuracy.json"
    card.unlink()
    if damage is not None:
        card.write_bytes(damage)
    ran = subprocess.run(
        [sys.executable, "-m", "onrecord", "curate", str(raw), "--into", str(tmp_path / "curated")],
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert str(card) in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "curated").exists()


def test_a_hope_is_a_quote_only_with_all_attributions(onrecord: Onrecord, tmp_path: Path) -> None:
    raw = tmp_path / "hopes"
    raw.mkdir()
    (raw / "pier.txt").write_text(
        "Pier to open\n\nThe mayor, Hollis Renfield, said that the pier would open in May. She hopes that the ferries will "
        "come back by the summer.\n\n“We have waited long enough,” Renfield said.\n",
        "utf-8",
    )
    cues = {}
    for setting in ("said", "all"):
        into = tmp_path / setting
        assert onrecord("curate", raw, "--into", into, "--attributions", setting).code == 0
        cues[setting] = sorted(pd.read_parquet(into / "quotes")["cue"].tolist())
    assert cues == {"said": ["said", "said"], "all": ["hopes", "said", "said"]}
