"""Entities, bookkeeping and metadata on a world-wide newswire collection."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipeline.store import open_version

from .conftest import Curate, digest_of, require, run_onrecord, score

DIGEST = "9ade14c967dd4d627a37d861a1fd6f46f44b82083c32f417abc79bea12c6934d"
FILES = 890
FLOORS = {"PER": 0.725, "ORG": 0.575, "LOC": 0.775, "MISC": 0.525}  # F1 by type

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


@pytest.fixture
def newswire() -> Path:
    names = ("corpora/worldwide-newswire/original", "corpora/worldwide-newswire/annotated", "measure/score_entities.py")
    corpus = require(*names) / "corpora/worldwide-newswire"
    digest = digest_of(corpus / "original", corpus / "annotated")
    print(f"\nworld-wide newswire: {digest}")
    assert digest == DIGEST, "the corpus is another one: its figures cannot be held against these floors"
    return corpus


def test_entities_on_worldwide_newswire(newswire: Path, curate_once: Curate, tmp_path: Path) -> None:
    curated = curate_once(newswire / "original")
    figures = score("score_entities.py", newswire / "annotated", curated, tmp_path / "entities.json")
    measured = {kind: figures[kind]["f1"] for kind in FLOORS}
    print(measured)
    assert all(measured[kind] >= floor for kind, floor in FLOORS.items()), measured


def test_every_raw_file_is_accounted_for(newswire: Path, curate_once: Curate) -> None:
    raw = newswire / "original"
    version = open_version(curate_once(raw))
    (run,) = version.read("runs").to_pylist()
    parts = ("new_count", "changed_count", "unchanged_count", "superseded_count", "reject_count", "skip_count")
    assert run["record_count"] == sum(run[part] for part in parts) == FILES == len(list(raw.iterdir()))
    assert len(version.records()) == FILES
    assert version.read("rejects").num_rows == run["reject_count"]
    assert version.read("articles").num_rows == run["new_count"]
    print({part: run[part] for part in parts}, run["reject_reasons"])


def test_newswire_verifies_and_a_second_run_does_nothing(newswire: Path, curate_once: Curate) -> None:
    raw = newswire / "original"
    curated = curate_once(raw)
    code, printed = run_onrecord("verify", curated, "--raw", raw)
    assert code == 0, printed
    code, printed = run_onrecord("curate", raw, "--into", curated)
    assert code == 0
    assert "nothing to do" in printed


def test_metadata_of_newswire(newswire: Path, curate_once: Curate) -> None:
    articles = open_version(curate_once(newswire / "original")).read(
        "articles", ["published_on", "published_source", "published_precision", "publisher", "publisher_source"]
    )
    rows = articles.to_pylist()
    for column in ("published_on", "publisher"):
        share = sum(row[column] is not None for row in rows) / len(rows)
        print(f"\nshare with {column}: {share:.4f} of {len(rows)}")
    print(Counter((row["published_source"], row["published_precision"]) for row in rows))
    print(Counter(row["publisher_source"] for row in rows))
    for row in rows:
        assert (row["published_on"] is None) == (row["published_precision"] == "unknown")
