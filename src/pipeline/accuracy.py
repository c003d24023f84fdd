"""How far quotes and names can be trusted: what was measured of the model that comes with the package, and how it reads.

The figures lie beside the model, written there by what measures it (``training/``). They travel with the tables, in the
metadata of each Parquet file and in every report.
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
    "Precision is the share of the quotes found that people have marked as quotes too; recall, the share of the quotes "
    "marked by people that are found; F1, the harmonic mean of the two; speaker right, the share of the quotes found "
    "whose printed speaker is the one that people have marked. A quote found and one marked are the same if they share "
    "at least the part of their letters that 'overlap' tells (of all letters of either). In brackets, where measured: 95 % intervals, "
    "by bootstrap over articles. Expect other figures, as a rule lower ones, of news unlike that corpus."
)
MEANING_OF_NAMES = (
    "Of mentions by name. One found and one that people have marked are the same if their first and last word are, and their "
    "kind: people (PERSON), organisations (ORG), places (GPE, LOC, FAC), other names (NORP, EVENT, PRODUCT, WORK_OF_ART)."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured share."""

    what: What
    measure: Measure
    overlap: Share
    value: Share
    low: Share | None  # of the 95 % interval; None where none was measured
    high: Share | None
    count: NonNegativeInt  # what it is a share of: found ones for precision, matched ones for the speaker, else marked

    def __str__(self) -> str:
        """In percent, with the interval."""
        interval = "" if self.low is None or self.high is None else f" ({100 * self.low:.1f}–{100 * self.high:.1f})"
        return f"{100 * self.value:.1f} %{interval}"


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one type of quote or name."""

    what: What
    overlap: float
    cells: tuple[str, ...]  # as MEASURES; empty where it was not measured
    count: int | None  # those that people have marked in the corpus; None where it is not told


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured on one corpus."""

    corpus: str
    corpus_sha256: str
    figures: tuple[Figure, ...]
    conditions: tuple[str, ...]  # what a reader of the figures must know, one sentence each

    def rows(self) -> Iterator[Row]:
        """The figures as the lines of a table, the strictest overlap first."""
        for overlap in sorted({figure.overlap for figure in self.figures}, reverse=True):
            for what in get_args(What):
                found = {
                    figure.measure: figure
                    for figure in self.figures
                    if (figure.what, figure.overlap) == (what, overlap)
                }
                if found:
                    cells = tuple(str(found[measure]) if measure in found else "" for measure in MEASURES)
                    marked = found.get("recall") or found.get("f1")
                    yield Row(what, overlap, cells, marked.count if marked else None)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What was measured of a model."""

    model_version: str
    measured_on: date
    attributions: Attributions  # which the quotes are of
    quotes: Measured
    names: Measured


_CARD = TypeAdapter(Accuracy)


@cache
def read_accuracy(card: Path = CARD) -> Accuracy:
    """What was measured of the model that comes with the package.

    Raises:
        ModelError: if the file that tells it is missing or damaged.
    """
    try:
        return _CARD.validate_json(card.read_bytes())
    except OSError as error:
        raise ModelError(card, error.strerror or str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(card, f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")) from error


def as_json(accuracy: Accuracy, indent: int | None = None) -> str:
    """As ``read_accuracy`` reads it."""
    return _CARD.dump_json(accuracy, indent=indent).decode()


def render_markdown(accuracy: Accuracy) -> str:
    """The figures for MODEL_CARD.md: tables, what they mean, and under which conditions they hold."""
    told = f"on {accuracy.measured_on}, model version {accuracy.model_version}"
    quotes, names = accuracy.quotes, accuracy.names
    return "\n".join(
        [
            f"Quotes, measured {told}, with `--attributions {accuracy.attributions}`, {_source(quotes)}",
            "",
            *_table(quotes, "quotes", "overlap", tuple(MEASURES.values())),
            "",
            MEANING_OF_QUOTES,
            "",
            *(f"- {condition}" for condition in quotes.conditions),
            "",
            f"Names, measured {told}, {_source(names)}",
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
    heads = [what, *([overlap] if overlap else []), *measures, "marked by people"]
    yield f"| {' | '.join(heads)} |"
    yield "|---" + "|--:" * (len(heads) - 1) + "|"
    for row in measured.rows():
        count = "" if row.count is None else f"{row.count:,}"
        cells = [row.what, *([f"{row.overlap:.1f}"] if overlap else []), *row.cells[: len(measures)], count]
        yield f"| {' | '.join(cells)} |"
