"""Each run measures drift from the tables and the settings file of the data set."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pandas as pd
import pytest

from pipeline.curate import start
from tests.end_to_end.conftest import Onrecord

FIRST_DAY = datetime(2024, 5, 6, 5, 0, tzinfo=UTC)


def send(raw: Path, publisher: str, day: int, count: int) -> None:
    """Write a day's articles of a publisher."""
    lines = [
        {
            "url": f"https://{publisher.lower().replace(' ', '')}.example/{day}/{number}",
            "publisher": publisher,
            "headline": f"Ferry {number} of day {day} sails",
            "text": f"The harbour board of Port Ellery said ferry {number} would sail on day {day} at noon as usual.",
            "published_at": f"2024-05-{6 + day:02}",
        }
        for number in range(count)
    ]
    (raw / f"{publisher}-{day}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def set_clock(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return now.astimezone(tz)

    monkeypatch.setattr(start, "datetime", Clock)


@pytest.mark.slow
def test_silent_publisher_warns_and_does_not_block(
    onrecord: Onrecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline import validate  # late: it takes seconds to import

    for name in ("check_rows", "check_version"):  # they take most of so small a run; `verify` checks the same below
        monkeypatch.setattr(validate, name, lambda *_: [])
    raw, curated = tmp_path / "wire", tmp_path / "curated"
    raw.mkdir()
    for day in range(10):
        set_clock(monkeypatch, FIRST_DAY + timedelta(days=day))
        send(raw, "Moor Echo", day, 4)
        if day < 9:
            send(raw, "Harbour Post", day, 20)
        ran = onrecord("curate", raw, "--into", curated, "--workers", 1)
        assert ran.code == 0, ran.err
        assert ("warning" in ran.out) == (day == 9), ran.out
    assert "warning    Harbour Post: articles_a_day is 0, usual is " in ran.out
    page = max((curated / "reports").glob("2*.html")).read_text("utf-8")
    assert "Harbour Post: articles_a_day is 0" in page
    drift = onrecord("drift", curated, "--strict")
    assert drift.code == 1
    assert next(line for line in drift.out.splitlines() if line.startswith("WARN")).split()[1:3] == ["Harbour", "Post"]
    assert onrecord("verify", curated, "--raw", raw).code == 0


def test_run_with_only_rejects_publishes_no_article(onrecord: Onrecord, tmp_path: Path) -> None:
    raw, curated = tmp_path / "wire", tmp_path / "curated"
    raw.mkdir()
    for number in range(3):
        (raw / f"{number}.txt").write_bytes(b"")
    ran = onrecord("curate", raw, "--into", curated, "--workers", 1)
    assert ran.code == 0, ran.err
    assert "warning    3 of 3 new records of wire were rejected (100%)" in ran.out
    assert "warning    no article has ever arrived" in ran.out
    assert len(pd.read_parquet(curated / "rejects")) == 3
    assert pd.read_parquet(curated / "arrivals").empty
    assert pd.read_parquet(curated / "runs")["newly_refused_count"].tolist() == [3]
    (raw / "3.txt").write_bytes(b"")
    again = onrecord("curate", raw, "--into", curated, "--workers", 1)
    assert "warning    1 of 1 new records" in again.out, "records that were refused before are not counted again"


def test_drift_of_a_data_set(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    assert onrecord("curate", raw, "--into", curated, "--workers", 1).code == 0
    (publisher,) = pd.read_parquet(curated / "arrivals")["publisher"]
    first = onrecord("drift", curated, "--strict")
    assert first.code == 0
    assert "7 days of history are needed, there are 0" in first.out

    settings = curated / "settings.toml"
    settings.write_text(f'[drift.publishers."{publisher}"]\narticles_a_day = {{ low = 1000 }}\n')
    (warning,) = [line for line in onrecord("drift", curated).out.splitlines() if line.startswith("WARN")]
    assert publisher in warning
    assert "low by settings.toml" in warning
    assert onrecord("drift", curated, "--strict").code == 1


@pytest.mark.parametrize("command", ["drift", "curate"])
def test_settings_file_that_cannot_be_used(onrecord: Onrecord, raw: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "curated").mkdir()
    (tmp_path / "curated" / "settings.toml").write_text("[drift]\nundated = 0.5\n")
    arguments = [raw, "--into", tmp_path / "curated"] if command == "curate" else [tmp_path / "curated"]
    ran = onrecord(command, *arguments)
    assert ran.code == 2
    assert "settings.toml: drift: key undated is " in ran.err
