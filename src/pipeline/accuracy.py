"""The measured accuracy of the package's model: read from its file, and rendered as text.

``training/`` measures it and writes ``accuracy.json`` beside the model. The figures are copied to the metadata of each
Parquet file and to every report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, NonNegativeInt, TypeAdapter, ValidationError

from pipeline.contract import Attributions
from pipeline.errors import ModelError

CARD = Path(__file__).parent / "language" / "model" / "accuracy.json"

What = Literal[
    "quoted", "direct", "mixed", "indirect", "all",  # quotes; quoted: direct and mixed
    "people", "organisations", "places", "other names", "people, organisations and places", "all names",
]  # fmt: skip
Measure = Literal["precision", "recall", "f1", "speaker_accuracy"]
Share = Annotated[float, Field(ge=0, le=1)]

MEASURES: dict[Measure, str] = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "speaker_accuracy": "speaker right",
}
MEANING_OF_QUOTES = (
    "Precision is the share of the quotes found that people also marked. Recall is the share of the quotes marked by "
    "people that were found. F1 is their harmonic mean. Speaker right is the share of the quotes found whose printed "
    "speaker is the one that people marked. A found and a marked quote match if the characters they share are at least "
    "the share in the column 'overlap' of all characters in either. Brackets contain 95 % intervals, by bootstrap over "
    "articles. News unlike that corpus will usually score lower."
)
MEANING_OF_NAMES = (
    "Counts mentions by name. A found and a marked mention match if their first and last words and their kinds are the "
    "same. Kinds: people (PERSON), organisations (ORG), places (GPE, LOC, FAC), other names (NORP, EVENT, PRODUCT, "
    "WORK_OF_ART)."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured share."""

    what: What
    measure: Measure
    overlap: Share
    value: Share
    low: Share | None  # end of the 95 % interval; None if it was not measured
    high: Share | None
    count: NonNegativeInt  # the whole: found quotes for precision, matched ones for the speaker, else marked ones

    def __str__(self) -> str:
        """Return the value in percent, with its interval."""
        interval = "" if self.low is None or self.high is None else f" ({100 * self.low:.1f}–{100 * self.high:.1f})"
        return f"{100 * self.value:.1f} %{interval}"


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one type of quote or name."""

    what: What
    overlap: float
    cells: tuple[str, ...]  # in the order of MEASURES; "" if not measured
    count: int | None  # quotes or names that people marked in the corpus; None if unknown


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures measured on one corpus."""

    corpus: str
    corpus_sha256: str
    figures: tuple[Figure, ...]
    conditions: tuple[str, ...]  # what a reader of the figures has to know, one sentence each

    def rows(self) -> Iterator[Row]:
        """Yield the figures as rows of a table, the strictest overlap first."""
        for overlap in sorted({figure.overlap for figure in self.figures}, reverse=True):
            for what in get_args(What):
                figures = {
                    figure.measure: figure
                    for figure in self.figures
                    if (figure.what, figure.overlap) == (what, overlap)
                }
                if figures:
                    cells = tuple(str(figures[measure]) if measure in figures else "" for measure in MEASURES)
                    marked = figures.get("recall") or figures.get("f1")
                    yield Row(what, overlap, cells, marked.count if marked else None)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The figures of a model."""

    model_version: str
    measured_on: date
    attributions: Attributions  # the setting with which quotes were found
    quotes: Measured
    names: Measured


_CARD = TypeAdapter(Accuracy)


@cache
def read_accuracy(card: Path = CARD) -> Accuracy:
    """Return the figures of the package's model.

    Raises:
        ModelError: if their file is missing or damaged.
    """
    try:
        return _CARD.validate_json(card.read_bytes())
    except OSError as error:
        raise ModelError(card, error.strerror or str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(card, f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")) from error


def as_json(accuracy: Accuracy, indent: int | None = None) -> str:
    """Return the figures in the format that ``read_accuracy`` reads."""
    return _CARD.dump_json(accuracy, indent=indent).decode()


def render_markdown(accuracy: Accuracy) -> str:
    """Return the figures for MODEL_CARD.md: tables, what the figures mean, and the conditions of measurement."""
    when = f"on {accuracy.measured_on}, model version {accuracy.model_version}"
    quotes, names = accuracy.quotes, accuracy.names
    return "\n".join(
        [
            f"Quotes, measured {when}, with `--attributions {accuracy.attributions}`, {_source(quotes)}",
            "",
            *_table(quotes, "quotes", "overlap", tuple(MEASURES.values())),
            "",
            MEANING_OF_QUOTES,
            "",
            *(f"- {condition}" for condition in quotes.conditions),
            "",
            f"Names, measured {when}, {_source(names)}",
            "",
            *_table(names, "names", "", tuple(MEASURES.values())[:3]),
            "",
            MEANING_OF_NAMES,
            "",
            *(f"- {condition}" for condition in names.conditions),
            "",
        ]
    )


def _source(measured: Measured) -> str:
    return f"on {measured.corpus} (SHA-256 `{measured.corpus_sha256}`)."


def _table(measured: Measured, what: str, overlap: str, measures: tuple[str, ...]) -> Iterator[str]:
    headings = [what, *([overlap] if overlap else []), *measures, "marked by people"]
    yield f"| {' | '.join(headings)} |"
    yield "|---" + "|--:" * (len(headings) - 1) + "|"
    for row in measured.rows():
        count = "" if row.count is None else f"{row.count:,}"
        cells = [row.what, *([f"{row.overlap:.1f}"] if overlap else []), *row.cells[: len(measures)], count]
        yield f"| {' | '.join(cells)} |"
