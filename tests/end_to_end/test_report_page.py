"""The report in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.accuracy import read_accuracy
from tests.end_to_end.conftest import Onrecord

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def page(onrecord: Onrecord, raw: Path, tmp_path: Path) -> Path:
    (raw / "nothing.txt").write_bytes(b"")
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    (found,) = (tmp_path / "curated" / "reports").glob("*.html")
    return found


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium")
def test_ledger_shows_in_a_browser(page: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(CHROMIUM),
            *("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'browser'}"),
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", done.stdout))
    for told in (
        "3 articles",
        "1 refused in this run",
        "4 raw records",
        "3 new",
        "0 changed",
        "1 refused",
        "nothing.txt",
        "How far these tables can be trusted",
        read_accuracy().quotes.corpus,
        *next(read_accuracy().quotes.rows()).cells,
        read_accuracy().names.conditions[0],
    ):
        assert told in shown


def test_page_needs_nothing_from_elsewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r"(?i)(?:src|href)\s*=|url\(|@import|<script", text)
    assert 'text-anchor="start"' in text, "an attribute was escaped"


def test_page_shows_what_stands_in_a_headline_and_runs_none_of_it(
    onrecord: Onrecord, raw: Path, tmp_path: Path
) -> None:
    story = (raw / "story-0.txt").read_text("utf-8")
    (raw / "story-0.txt").write_text(story.replace("Ferry service", "<script>alert(1)</script> Ferry service"), "utf-8")
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    (found,) = (tmp_path / "curated" / "reports").glob("*.html")
    text = found.read_text("utf-8")
    assert "<script" not in text
