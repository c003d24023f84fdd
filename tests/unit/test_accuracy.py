"""The model's measured accuracy: damaged files are refused, and the figures are rendered as measured."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from pipeline.accuracy import as_json, read_accuracy, render_markdown
from pipeline.errors import ModelError


def figure(**changes: Any) -> dict[str, Any]:
    given = {
        "what": "direct", "measure": "recall", "overlap": 0.8, "value": 0.9, "low": 0.881, "high": 0.92, "count": 1234,
    }  # fmt: skip
    return given | changes


FIGURES = [
    figure(what="mixed", measure="f1", value=0.5, count=20),
    figure(overlap=0.3, measure="precision", low=None, high=None),
    figure(),
]
QUOTES = {
    "corpus": "eighty articles of the Harbour Post",
    "corpus_sha256": "0" * 64,
    "figures": FIGURES,
    "conditions": ["The corpus is harbour news."],
}
NAMES = {
    "corpus": "nine articles of the Quay Wire",
    "corpus_sha256": "1" * 64,
    "figures": [figure(what="people", overlap=1.0, count=77)],
    "conditions": ["The corpus is quay news."],
}
CARD = {
    "model_version": "harbour-1",
    "measured_on": "2026-11-24",
    "attributions": "said",
    "quotes": QUOTES,
    "names": NAMES,
}


def written(folder: Path, text: str) -> Path:
    card = folder / "accuracy.json"
    card.write_text(text, "utf-8")
    return card


def test_figures_are_a_table_the_strictest_overlap_first(tmp_path: Path) -> None:
    rows = list(read_accuracy(written(tmp_path, json.dumps(CARD))).quotes.rows())
    assert [(row.overlap, row.what, row.cells, row.count) for row in rows] == [
        (0.8, "direct", ("", "90.0 % (88.1–92.0)", "", ""), 1234),
        (0.8, "mixed", ("", "", "50.0 % (88.1–92.0)", ""), 20),
        (0.3, "direct", ("90.0 %", "", "", ""), None),
    ]


def test_markdown_contains_figures_corpus_day_version_and_conditions(tmp_path: Path) -> None:
    markdown = render_markdown(read_accuracy(written(tmp_path, json.dumps(CARD))))
    assert "| direct | 0.8 |  | 90.0 % (88.1–92.0) |  |  | 1,234 |" in markdown
    assert "| people |  | 90.0 % (88.1–92.0) |  | 77 |" in markdown
    for part in ("2026-11-24", "eighty articles of the Harbour Post", "harbour-1", "`--attributions said`"):
        assert part in markdown
    assert "- The corpus is harbour news.\n" in markdown
    assert markdown.endswith("- The corpus is quay news.\n")


def test_written_then_read_is_the_same(tmp_path: Path) -> None:
    accuracy = read_accuracy(written(tmp_path, json.dumps(CARD)))
    (tmp_path / "again").mkdir()
    assert read_accuracy(written(tmp_path / "again", as_json(accuracy, indent=1))) == accuracy


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", "JSON", id="empty"),
        pytest.param(json.dumps(CARD)[:100], "JSON", id="cut-off"),
        pytest.param("[]", "", id="not-an-object"),
        pytest.param(json.dumps({**CARD, "measured_on": "lately"}), "measured_on", id="no-date"),
        pytest.param(json.dumps({**CARD, "attributions": "some"}), "attributions", id="unknown-setting"),
        pytest.param(
            json.dumps({**CARD, "quotes": {**QUOTES, "figures": [figure(value=90.0)]}}),
            "quotes.figures.0.value",
            id="percent-for-share",
        ),
        pytest.param(
            json.dumps({**CARD, "names": {**NAMES, "figures": [figure(measure="recal")]}}),
            "names.figures.0.measure",
            id="misspelt",
        ),
        pytest.param(json.dumps({"model_version": "harbour-1"}), "measured_on", id="without-figures"),
    ],
)
def test_damaged_card_is_named(tmp_path: Path, text: str, found: str) -> None:
    card = written(tmp_path, text)
    with pytest.raises(ModelError) as raised:
        read_accuracy(card)
    assert str(card) in str(raised.value)
    assert found in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        read_accuracy(tmp_path / "accuracy.json")


def test_error_survives_pickling() -> None:
    error = ModelError(Path("tagger.onnx"), "cut off")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_package_has_figures_of_every_type_of_quote_and_name() -> None:
    accuracy = read_accuracy()
    assert {"quoted", "direct", "mixed", "indirect", "all"} <= {row.what for row in accuracy.quotes.rows()}
    assert {"people", "organisations", "places", "other names"} <= {row.what for row in accuracy.names.rows()}
    assert any("American political news" in condition for condition in accuracy.quotes.conditions)
    assert any("outside Western countries" in condition for condition in accuracy.names.conditions)
