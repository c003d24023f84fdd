"""What came in is measured by each run, from the tables and the settings file of the data set."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end.conftest import Onrecord


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
    assert "settings.toml: drift.undated is not known; expected one of: articles_a_day" in ran.err
