"""Quotes and speakers on PolNeAR's dev articles; floors are a little under the figures when they were set.

``quotes_found.tsv`` records which annotated attributions are found. After a change that gains some and loses others,
rewrite it with ``UPDATE=1 make corpus`` and commit it with the change.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import pytest
from training.attribution_corpora import AnnotatedArticle, read_corpus
from training.evaluate_quotes import (
    annotated_utterances,
    found_utterance,
    group_utterances,
    is_source,
    match,
    measure_quotes,
)

from pipeline.accuracy import Measured, read_accuracy
from pipeline.contract import Attributions, Quote
from pipeline.language.tagger import Tagger
from pipeline.store import open_version

from .conftest import Curate, digest_of, require, score
from .test_speakers import GOLD as SPEAKERS
from .test_speakers import are_same

DIGEST = "1bb0082cc587b31e58049fa186ba11df51a11ae0c3fb1fbf8872bf8bda378229"
# How far a figure may lie from the one in accuracy.json: processors sum in another order, and a few spans come out
# differently (by up to .005 on a processor with VNNI and on one without).
BETWEEN_PROCESSORS = 0.01
Floors = Mapping[tuple[str, ...], float]
FLOORS: Mapping[Attributions, Floors] = {
    "all": {
        ("exact", "source"): 0.805,
        ("exact", "cue"): 0.733,
        ("exact", "content"): 0.630,
        ("overlap>=0.8", "quoted", "f1"): 0.842,
        ("overlap>=0.3", "quoted", "f1"): 0.944,
        ("overlap>=0.8", "direct", "recall"): 0.885,
        ("overlap>=0.8", "quoted", "speaker_accuracy"): 0.965,
        ("overlap>=0.3", "quoted", "speaker_accuracy"): 0.946,
        ("overlap>=0.8", "all", "f1"): 0.690,
        ("overlap>=0.3", "all", "f1"): 0.838,
    },
    "said": {
        ("overlap>=0.8", "quoted", "f1"): 0.842,
        ("overlap>=0.3", "quoted", "f1"): 0.94,
        ("overlap>=0.8", "direct", "f1"): 0.904,
        ("overlap>=0.8", "quoted", "speaker_accuracy"): 0.966,
        ("overlap>=0.8", "indirect", "precision"): 0.742,
        ("overlap>=0.3", "indirect", "precision"): 0.893,
        ("overlap>=0.3", "speech-indirect", "recall"): 0.816,
    },
}
FOUND = Path(__file__).with_name("quotes_found.tsv")
COLUMNS = ("article", "content_start", "content_end", "found")
OVERLAP = 0.8  # at which an attribution counts as found in that file
MOST_LOST = 5  # net loss that passes without an update
SHOWN = 20
MOST_MISCALIBRATED = 0.05
BINS = 10

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


class Row(NamedTuple):
    """An annotated attribution: its article, its content's start and end in the corpus text, and whether it is found."""

    article: str
    start: int
    end: int
    found: bool


class Matched(NamedTuple):
    """A quote with a name, matched with an annotated attribution."""

    confidence: float
    name: str
    has_right_source: bool | None  # None where no source is annotated
    gold_name: str | None  # whom the source means according to the gold set
    is_in_gold: bool


@pytest.fixture(scope="module")
def gold() -> Path:
    shared = require("corpora/polnear/dev/text", "corpora/polnear/dev/attributions", "measure/score_quotes.py")
    corpus = shared / "corpora/polnear/dev"
    digest = digest_of(corpus / "text", corpus / "attributions")
    print(f"\nPolNeAR dev: {digest}")
    assert digest == DIGEST, "this is another corpus: its figures cannot be compared with these floors"
    return corpus


@pytest.fixture(scope="module")
def annotated(gold: Path) -> list[AnnotatedArticle]:
    return list(read_corpus(gold))


def curated_quotes(curated: Path) -> Mapping[str, list[Quote]]:
    """Return the quotes of each article by the name of its file."""
    version = open_version(curated)
    articles = version.read("articles", ["article_id", "raw_path"]).to_pylist()
    names = {row["article_id"]: Path(row["raw_path"]).stem for row in articles}
    quotes: dict[str, list[Quote]] = defaultdict(list)
    for row in version.read("quotes").to_pylist():
        quotes[names[row["article_id"]]].append(Quote(**row))
    return quotes


def figure_at(figures: Mapping[str, Any], path: Sequence[str]) -> float:
    found: Any = figures
    for part in path:
        found = found[part]
    return float(found)


def below_floor(figures: Mapping[str, Any], floors: Floors) -> list[str]:
    """Return a sentence for each figure below its floor."""
    values = {path: figure_at(figures, path) for path in floors}
    return [
        f"{' '.join(path)} is {values[path]:.4f}, {floor - values[path]:.4f} below its floor of {floor}"
        for path, floor in floors.items()
        if values[path] < floor
    ]


@pytest.mark.parametrize("attributions", get_args(Attributions))
def test_quotes_on_polnear_dev(attributions: Attributions, gold: Path, curate_once: Curate, tmp_path: Path) -> None:
    curated = curate_once(gold / "text", "--attributions", attributions)
    figures = score("score_quotes.py", gold, curated, tmp_path / "quotes.json")
    assert figures["found"] == figures["articles"]
    under = below_floor(figures, FLOORS[attributions])
    assert not under, "\n".join(
        [*under, "Fix it. If it is the price of an improvement, lower the floor and say why in CHANGELOG.md."]
    )


def rows_of(annotated: Sequence[AnnotatedArticle], quotes: Mapping[str, list[Quote]]) -> Iterator[Row]:
    for article in annotated:
        found = [found_utterance(article.article.text, parts) for parts in group_utterances(quotes[article.name])]
        matched = match(found, annotated_utterances(article), OVERLAP)
        for number, attribution in enumerate(article.attributions):
            yield Row(article.name, attribution.content[0][0], attribution.content[-1][1], number in matched)


def read_rows() -> list[Row]:
    with FOUND.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return [
            Row(row["article"], int(row["content_start"]), int(row["content_end"]), row["found"] == "1") for row in rows
        ]


def write_rows(rows: Sequence[Row]) -> None:
    with FOUND.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines, delimiter="\t", lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows((row.article, row.start, row.end, int(row.found)) for row in rows)


def test_attributions_gained_and_lost(gold: Path, annotated: Sequence[AnnotatedArticle], curate_once: Curate) -> None:
    rows = list(rows_of(annotated, curated_quotes(curate_once(gold / "text", "--attributions", "all"))))
    before = read_rows()
    assert [row[:3] for row in before] == [row[:3] for row in rows], f"{FOUND} is from another corpus"
    pairs = list(zip(before, rows, strict=True))
    gained = [row for old, row in pairs if row.found and not old.found]
    lost = [row for old, row in pairs if old.found and not row.found]
    texts = {article.name: article.given for article in annotated}
    for title, changed in (("gained", gained), ("lost", lost)):
        print(f"\n{title}: {len(changed)} of {len(rows)}")
        for row in changed[:SHOWN]:
            print(f"  {row.article}: {' '.join(texts[row.article][row.start : row.end].split())[:160]}")
    if "UPDATE" in os.environ:
        write_rows(rows)
        return
    assert len(lost) - len(gained) <= MOST_LOST, (
        f"{len(lost)} attributions are lost and {len(gained)} gained (make corpus prints them). If that is intended, "
        f"rewrite {FOUND.name} with UPDATE=1 make corpus, commit it, and say why in CHANGELOG.md"
    )


def measure(gold: Path, annotated: Sequence[AnnotatedArticle], attributions: Attributions) -> Measured:
    return measure_quotes(gold, annotated, Tagger(), attributions)


def test_evaluation_measures_what_the_scorer_does(
    gold: Path, annotated: Sequence[AnnotatedArticle], curate_once: Curate, tmp_path: Path
) -> None:
    curated = curate_once(gold / "text", "--attributions", "all")
    scored = score("score_quotes.py", gold, curated, tmp_path / "quotes.json")
    for figure in measure(gold, annotated, "all").figures:
        theirs = figure_at(scored, (f"overlap>={figure.overlap}", figure.what, figure.measure))
        assert figure.value == pytest.approx(theirs, abs=0.005), figure


def test_card_has_the_figures_of_the_model(gold: Path, annotated: Sequence[AnnotatedArticle]) -> None:
    card, now = read_accuracy().quotes, measure(gold, annotated, "said")
    assert (card.corpus_sha256, card.corpus, read_accuracy().attributions) == (DIGEST, now.corpus, "said")
    stated = {(figure.what, figure.measure, figure.overlap): figure for figure in card.figures}
    assert set(stated) == {(figure.what, figure.measure, figure.overlap) for figure in now.figures}
    off = [
        f"{figure.what} {figure.measure} at {figure.overlap} is {figure.value:.4f}"
        for figure in now.figures
        if abs(stated[figure.what, figure.measure, figure.overlap].value - figure.value) > BETWEEN_PROCESSORS
    ]
    assert not off, (
        f"accuracy.json has other figures: {'; '.join(off)}. Rewrite it with make train TRAINING=--measure-only"
    )


def gold_speakers(article: AnnotatedArticle) -> dict[tuple[int, int], str | None]:
    """Return whom each source in the gold set of speakers means, by its place in the corpus text."""
    with (SPEAKERS / "dev.tsv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["article"] == article.name]
    names: dict[tuple[int, int], str | None] = {}
    for row in rows:
        source, start, end = (
            (int(row["source_start"]), int(row["source_end"])),
            int(row["name_start"]),
            int(row["name_end"]),
        )
        names[source] = " ".join(article.given[start:end].split()) if start >= 0 else None
    return names


def matched_names(annotated: Sequence[AnnotatedArticle], quotes: Mapping[str, list[Quote]]) -> Iterator[Matched]:
    for article in annotated:
        utterances, marked, names = (
            group_utterances(quotes[article.name]),
            annotated_utterances(article),
            gold_speakers(article),
        )
        found = [found_utterance(article.article.text, parts) for parts in utterances]
        for i, j in match(found, marked, 0.3).items():
            first, sources = utterances[j][0], article.attributions[i].source
            if first.speaker_confidence is not None and first.speaker_name is not None:
                is_right = is_source(found[j].source, marked[i].source) if marked[i].source else None
                place = (sources[0][0], sources[-1][1]) if sources else (-1, -1)
                yield Matched(first.speaker_confidence, first.speaker_name, is_right, names.get(place), place in names)


def miscalibration(confidences: Sequence[float], are_right: Sequence[bool]) -> float:
    """Return the expected calibration error over tenths of confidence."""
    confidence, is_right = np.array(confidences), np.array(are_right, float)
    tenths = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((confidence - is_right)[tenths == tenth].sum()) for tenth in range(BINS)]
    return float(sum(gaps) / len(confidence))


def test_confidence_of_speakers_is_calibrated(
    gold: Path, annotated: Sequence[AnnotatedArticle], curate_once: Curate
) -> None:
    quotes = curated_quotes(curate_once(gold / "text", "--attributions", "all"))
    named = list(matched_names(annotated, quotes))
    judged = {
        "printed speaker right": [
            (quote.confidence, quote.has_right_source) for quote in named if quote.has_right_source is not None
        ],
        "name right": [
            (quote.confidence, are_same(quote.name, quote.gold_name)) for quote in named if quote.is_in_gold
        ],
    }
    errors = {}
    for what, pairs in judged.items():
        confidences, are_right = zip(*pairs, strict=True)
        errors[what] = miscalibration(confidences, are_right)
        print(
            f"\n{what}: {np.mean(are_right):.3f} of {len(pairs)}, mean confidence {np.mean(confidences):.3f}, error {errors[what]:.3f}"
        )
    assert all(error <= MOST_MISCALIBRATED for error in errors.values()), errors
