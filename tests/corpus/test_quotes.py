"""Quotes and speakers on PolNeAR's dev articles; floors stand a little under the figures of the day."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Curate, digest_of, require, score

DIGEST = "1bb0082cc587b31e58049fa186ba11df51a11ae0c3fb1fbf8872bf8bda378229"

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


def test_quotes_on_polnear_dev(curate_once: Curate, tmp_path: Path) -> None:
    shared = require("corpora/polnear/dev/text", "corpora/polnear/dev/attributions", "measure/score_quotes.py")
    gold = shared / "corpora/polnear/dev"
    digest = digest_of(gold / "text", gold / "attributions")
    print(f"\nPolNeAR dev: {digest}")
    assert digest == DIGEST, "the corpus is another one: its figures cannot be held against these floors"
    figures = score("score_quotes.py", gold, curate_once(gold / "text"), tmp_path / "quotes.json")
    assert figures["found"] == figures["articles"]
    loose, strict = figures["overlap>=0.3"], figures["overlap>=0.8"]
    assert loose["quoted"]["f1"] >= 0.85
    assert strict["direct"]["recall"] >= 0.85
    assert loose["quoted"]["speaker_accuracy"] >= 0.79
