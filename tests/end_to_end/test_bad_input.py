"""Bad input becomes a reject with a reason and harms nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end.conftest import Onrecord, state_of

GOOD = b"The harbour board met on Tuesday and agreed on a date. "


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("empty.txt", b"", "empty", id="empty-file"),
        pytest.param("blank.txt", b" \n\t \r\n ", "empty", id="only-white-space"),
        pytest.param("long.txt", b"word " * 10_000_000, "too_large", id="fifty-megabytes-of-one-line"),
        pytest.param("junk.txt", bytes(range(256)) * 40, "binary", id="binary-junk-named-txt"),
        pytest.param("nul.txt", GOOD * 5 + b"\x00\x00\x00" + GOOD * 5, "binary", id="nul-bytes"),
        pytest.param(
            "broken.txt",
            ("Müller sagte „ja“ – " * 30).encode() + b"\xff\xfe\xff" + GOOD,
            "undecodable",
            id="invalid-utf-8",
        ),
        pytest.param("page.html", b"%PDF-1.7\n", "disguised_format", id="pdf-named-html"),
        pytest.param("letter.txt", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "disguised_format", id="word-named-txt"),
        pytest.param("photo.html", b"\x89PNG\r\n\x1a\n", "disguised_format", id="image-named-html"),
        pytest.param("style.css", b"body { color: red }", "unknown_format", id="format-not-known"),
        pytest.param("all.txt", b"All news\nUpdated at: \n", "no_text", id="nothing-but-furniture"),
    ],
)
@pytest.mark.slow
def test_bad_file_is_a_reject(
    onrecord: Onrecord, raw: Path, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (raw / name).write_bytes(content)
    ran = onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1)
    assert ran.code == 0, ran.err
    rejects = pd.read_parquet(tmp_path / "curated" / "rejects")
    assert list(zip(rejects["raw_path"], rejects["reason"], strict=True)) == [(name, reason)]
    assert len(rejects["detail"][0]) > 20
    assert len(pd.read_parquet(tmp_path / "curated" / "articles")) == 3
    assert onrecord("verify", tmp_path / "curated", "--raw", raw).code == 0


@pytest.mark.parametrize(
    "sidecar",
    [
        pytest.param(b'{"headline": "Half', id="cut-off"),
        pytest.param(b"[1, 2]", id="not-an-object"),
        pytest.param(b'{"headline": 7}', id="wrong-type"),
        pytest.param(b"\xff\xfe\x00", id="undecodable"),
    ],
)
def test_broken_sidecar_rejects_only_its_article(onrecord: Onrecord, raw: Path, tmp_path: Path, sidecar: bytes) -> None:
    (raw / "story-1.json").write_bytes(sidecar)
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    rejects = pd.read_parquet(tmp_path / "curated" / "rejects")
    assert list(zip(rejects["raw_path"], rejects["reason"], strict=True)) == [("story-1.txt", "broken_sidecar")]
    assert "story-1.json" in rejects["detail"][0]
    run = pd.read_parquet(tmp_path / "curated" / "runs").iloc[0]
    assert (run["record_count"], run["new_count"], run["reject_count"], run["skip_count"]) == (4, 2, 1, 1)


def test_hidden_files_are_ignored(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    (raw / ".DS_Store").write_bytes(b"\x00")
    (raw / ".git").mkdir()
    (raw / ".git" / "a.txt").write_text("hidden")
    onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1)
    assert pd.read_parquet(tmp_path / "curated" / "runs")["record_count"].tolist() == [3]


def test_symlink_loop_is_a_reject(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    (raw / "again").symlink_to(raw, target_is_directory=True)
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    rejects = pd.read_parquet(tmp_path / "curated" / "rejects")
    assert list(zip(rejects["raw_path"], rejects["reason"], strict=True)) == [("again", "symlink_loop")]


@pytest.mark.slow
def test_unreadable_folder_is_a_reject_until_it_becomes_readable(raw: Path, tmp_path: Path) -> None:
    locked = raw / "locked"
    locked.mkdir()
    (locked / "story.txt").write_bytes(GOOD * 5)
    locked.chmod(0)
    curated = tmp_path / "curated"
    command = [sys.executable, "-m", "onrecord", "curate", str(raw), "--into", str(curated), "--workers", "1"]
    if os.geteuid() == 0:  # root may read everything, but for the two capabilities that let it
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", *command]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    locked.chmod(0o755)
    assert ran.returncode == 0, ran.stderr
    rejects = pd.read_parquet(curated / "rejects")
    assert rejects[["raw_path", "reason"]].to_numpy().tolist() == [["locked", "unreadable"]]
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert pd.read_parquet(curated / "rejects").empty
    assert len(pd.read_parquet(curated / "articles")) == 4


@pytest.mark.parametrize("case", ["absent", "empty"])
def test_raw_without_articles_is_one_clear_line(onrecord: Onrecord, tmp_path: Path, case: str) -> None:
    raw = tmp_path / "wire"
    if case == "empty":
        raw.mkdir()
    ran = onrecord("curate", raw, "--into", tmp_path / "curated")
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert str(raw) in ran.err
    assert not (tmp_path / "curated" / "current").exists()


def test_into_a_file_or_a_foreign_folder_writes_nothing(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    before = state_of(tmp_path)
    for place in ("file", "folder"):
        ran = onrecord("curate", raw, "--into", tmp_path / place)
        assert ran.code == 2
        assert ran.err.count("\n") == 1
    assert state_of(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("curate",), id="no-raw"),
        pytest.param(("curate", "raw", "--into", "x", "--workers", "none"), id="workers-no-number"),
        pytest.param(("curate", "raw", "--into", "x", "--limit", "0"), id="limit-nought"),
        pytest.param(("show", "nowhere", "0123456789abcdef"), id="show-without-data-set"),
        pytest.param(("verify", "nowhere"), id="verify-without-data-set"),
    ],
)
def test_bad_arguments_exit_2(onrecord: Onrecord, arguments: tuple[str, ...]) -> None:
    ran = onrecord(*arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_name_that_is_not_utf_8_is_a_reject(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(raw) + b"/caf\xe9.txt")).write_bytes(GOOD)
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    rejects = pd.read_parquet(tmp_path / "curated" / "rejects")
    assert rejects[["raw_path", "reason"]].to_numpy().tolist() == [["caf\\xe9.txt", "unreadable"]]
    ran = onrecord("curate", raw, "--into", tmp_path / "curated", "--publisher", os.fsdecode(b"Caf\xe9"))
    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_endlessly_nested_folders_are_a_reject(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    folder = raw
    for _ in range(300):
        folder = folder / "a"
    folder.mkdir(parents=True)
    (folder / "story.txt").write_bytes(GOOD)
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    assert pd.read_parquet(tmp_path / "curated" / "rejects")["reason"].tolist() == ["nested_too_deep"]


def test_data_set_within_raw_is_refused(onrecord: Onrecord, raw: Path) -> None:
    ran = onrecord("curate", raw, "--into", raw / "curated")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert not (raw / "curated").exists()


def test_reject_of_a_removed_file_is_removed(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    (raw / "paper.html").write_bytes(b"%PDF-1.7\n")
    (raw / "gone.txt").symlink_to(raw / "nothing")
    onrecord("curate", raw, "--into", curated, "--workers", 1)
    assert len(pd.read_parquet(curated / "rejects")) == 2
    (raw / "paper.html").unlink()
    (raw / "gone.txt").unlink()
    assert onrecord("curate", raw, "--into", curated, "--workers", 1).code == 0
    assert pd.read_parquet(curated / "rejects").empty
    assert len(pd.read_parquet(curated / "articles")) == 3
    assert "nothing to do" in onrecord("curate", raw, "--into", curated, "--workers", 1).out


@pytest.mark.slow
def test_records_of_a_locked_raw_are_kept(raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    (raw / "paper.html").write_bytes(b"%PDF-1.7\n")
    command = [sys.executable, "-m", "onrecord", "curate", str(raw), "--into", str(curated), "--workers", "1"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    if os.geteuid() == 0:  # root may read everything, but for the two capabilities that let it
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", *command]
    raw.chmod(0)
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    raw.chmod(0o755)
    assert ran.returncode == 0, ran.stderr
    rejects = pd.read_parquet(curated / "rejects")
    assert sorted(zip(rejects["raw_path"], rejects["reason"], strict=True)) == [
        (".", "unreadable"),
        ("paper.html", "disguised_format"),
    ]
    assert len(pd.read_parquet(curated / "articles")) == 3
