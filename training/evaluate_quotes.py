"""Measure a model on annotated attributions: quotes found and speakers right, with confidence intervals.

This counts as ``score_quotes.py``, the measure that the project agreed on: the parts of one utterance count together,
spans are sets of letters and digits, and found and annotated utterances are matched one to one by the Jaccard index of
their contents. ``tests/corpus`` compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.accuracy import Figure, Measure, Measured, What
from pipeline.contract import Attributions, Quote
from pipeline.entities import extract_mentions
from pipeline.language.reading import read_with
from pipeline.language.tagger import Tagger
from pipeline.language.wordpieces import Ints
from pipeline.lexicon.speech_verbs import is_judged, is_said
from pipeline.quotes import extract_quotes
from training.attribution_corpora import AnnotatedArticle, Attribution, align, digest_of

OVERLAPS = (0.8, 0.3)
SAMPLES = 2_000  # of the bootstrap
COUNTS = ("found", "correct", "marked", "recalled", "sourced", "speaker")
LEAST_DIRECT = 0.9  # share of the letters between marks from which a quote is direct
OPENING, CLOSING, STRAIGHT = "“„«", "”»", '"'

Letters = frozenset[int]
Counts = dict[tuple[What, float, str], int]


class Utterance(NamedTuple):
    """An utterance, found or annotated, as sets of letters."""

    content: Letters
    source: Letters
    what: What
    is_said: bool = True


def measure_quotes(
    corpus: Path,
    articles: Iterable[AnnotatedArticle],
    tagger: Tagger,
    attributions: Attributions,
    conditions: Sequence[str] = (),
) -> Measured:
    """Measure a model on annotated articles.

    With ``attributions="said"``, annotated beliefs, intentions, findings and judgements are left out on both sides.

    Args:
        corpus: the folder of the articles, for its name and digest.
        articles: the articles in it.
        tagger: the model.
        attributions: which of them count.
        conditions: what a reader of the figures must know about the articles, one sentence each.
    """
    counts = [_count(article, tagger, attributions) for article in articles]
    left_out = (
        "Annotated beliefs, intentions, findings and judgements without quotation marks are left out: the cue decides "
        "which these are."
    )
    return Measured(
        corpus=f"{corpus.parent.name}/{corpus.name}, {len(counts)} articles",
        corpus_sha256=digest_of(corpus),
        figures=tuple(_figures(counts)),
        conditions=(*conditions, *([left_out] if attributions == "said" else [])),
    )


def _count(annotated: AnnotatedArticle, tagger: Tagger, attributions: Attributions) -> Counts:
    article = annotated.article
    reading = read_with(tagger, article)
    quotes = extract_quotes(article, reading, extract_mentions(article, reading), attributions)
    gold = [
        utterance
        for utterance in annotated_utterances(annotated)
        if utterance.content and (attributions == "all" or utterance.is_said)
    ]
    found = [found_utterance(article.text, parts) for parts in group_utterances(quotes)]
    return _compare([utterance for utterance in found if utterance.content], gold)


# ── Utterances ─────────────────────────────────────────────────────────────────────────────────────────────────


def annotated_utterances(annotated: AnnotatedArticle) -> list[Utterance]:
    """Return the annotated attributions of an article, in letters of its text."""
    place, inside = align(annotated.given, annotated.article.text), _inside_marks(annotated.given)
    return [_annotated_utterance(annotated.given, place, inside, attribution) for attribution in annotated.attributions]


def _annotated_utterance(given: str, place: Ints, inside: Set[int], attribution: Attribution) -> Utterance:
    """Return an annotated attribution.

    Args:
        given: the text as annotated.
        place: the offset in the article of each code point of ``given``.
        inside: the code points of ``given`` between quotation marks.
        attribution: in offsets of ``given``.
    """

    def letters(spans: Sequence[tuple[int, int]]) -> Letters:
        # Letters that the article lacks cannot be found; each gets a negative number of its own.
        places = (i for start, end in spans for i in range(start, end) if given[i].isalnum())
        return frozenset(int(place[i]) if place[i] >= 0 else -1 - i for i in places)

    within = [i in inside for start, end in attribution.content for i in range(start, end) if given[i].isalnum()]
    share = sum(within) / max(len(within), 1)
    what: What = "direct" if share >= LEAST_DIRECT else "mixed" if share > 0 else "indirect"
    cue = " ".join(given[start:end] for start, end in attribution.cue)
    said = share > 0 or (is_said(cue) and not is_judged(cue))
    return Utterance(letters(attribution.content), letters(attribution.source), what, said)


def _inside_marks(text: str) -> set[int]:
    """Return the code points between double quotation marks; each paragraph starts outside of them."""
    inside: set[int] = set()
    is_open = False
    for i, character in enumerate(text):
        if character == "\n" or character in CLOSING:
            is_open = False
        elif character in OPENING:
            is_open = True
        elif character == STRAIGHT:
            is_open = not is_open
        elif is_open:
            inside.add(i)
    return inside


def group_utterances(quotes: Iterable[Quote]) -> list[list[Quote]]:
    """Return the quotes of each utterance."""
    utterances: dict[str, list[Quote]] = defaultdict(list)
    for quote in quotes:
        utterances[quote.utterance_id].append(quote)
    return list(utterances.values())


def found_utterance(text: str, quotes: Sequence[Quote]) -> Utterance:
    """Return the utterance that these quotes of a text make up."""

    def letters(spans: Iterable[tuple[int | None, int | None]]) -> Letters:
        whole = ((start, end) for start, end in spans if start is not None and end is not None)
        return frozenset(i for start, end in whole for i in range(start, end) if text[i].isalnum())

    kinds = {quote.quote_type for quote in quotes}
    what: What = kinds.pop() if len(kinds) == 1 else "mixed"
    content = letters((quote.start_char, quote.end_char) for quote in quotes)
    return Utterance(content, letters((quote.speaker_start_char, quote.speaker_end_char) for quote in quotes), what)


# ── Figures ────────────────────────────────────────────────────────────────────────────────────────────────────


def _jaccard(letters: Letters, other: Letters) -> float:
    return len(letters & other) / len(letters | other)


def match(found: Sequence[Utterance], gold: Sequence[Utterance], overlap: float) -> dict[int, int]:
    """Match annotated to found utterances one to one, the most similar first; return numbers by number."""
    pairs = [
        (_jaccard(annotated.content, utterance.content), -i, -j)
        for i, annotated in enumerate(gold)
        for j, utterance in enumerate(found)
        if annotated.content & utterance.content
    ]
    matched: dict[int, int] = {}
    for similarity, i, j in sorted(pairs, reverse=True):
        if similarity >= overlap and -i not in matched and -j not in matched.values():
            matched[-i] = -j
    return matched


def is_source(found: Letters, gold: Letters) -> bool:
    """Return whether a printed speaker is the annotated source: they share half of the shorter one's letters."""
    return len(gold & found) / max(min(len(gold), len(found)), 1) >= 0.5


def _kinds(what: What) -> tuple[What, ...]:
    return (what, "all") if what == "indirect" else (what, "quoted", "all")


def _compare(found: Sequence[Utterance], gold: Sequence[Utterance]) -> Counts:
    counts: Counts = defaultdict(int)
    for overlap in OVERLAPS:
        matched = match(found, gold, overlap)
        for i, annotated in enumerate(gold):
            for kind in _kinds(annotated.what):
                counts[kind, overlap, "marked"] += 1
                counts[kind, overlap, "recalled"] += i in matched
        for j, utterance in enumerate(found):
            for kind in _kinds(utterance.what):
                counts[kind, overlap, "found"] += 1
                counts[kind, overlap, "correct"] += j in matched.values()
        for i, j in matched.items():
            if gold[i].source:
                is_right = is_source(found[j].source, gold[i].source)
                for kind in _kinds(gold[i].what):
                    counts[kind, overlap, "sourced"] += 1
                    counts[kind, overlap, "speaker"] += is_right
    return counts


def _figures(counts: Sequence[Counts]) -> Iterable[Figure]:
    for overlap in OVERLAPS:
        for what in ("quoted", "direct", "mixed", "indirect", "all"):
            by_article = np.array([[article.get((what, overlap, name), 0) for name in COUNTS] for article in counts])
            yield from figures_of(what, overlap, by_article)


def figures_of(what: What, overlap: float, counts: Ints) -> Iterable[Figure]:
    """Return shares with 95 % intervals, by bootstrap over articles.

    Args:
        what: the kind of quotes or names that was counted.
        overlap: from which a found and an annotated one are the same.
        counts: [articles, 6] as ``COUNTS``.
    """
    samples = np.random.default_rng(0).integers(0, len(counts), (SAMPLES, len(counts)))
    whole = counts.sum(axis=0)
    resampled = counts[samples].sum(axis=1)
    for measure, (share, base) in _MEASURES.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            value, spread = share(whole[None])[0], share(resampled)
        if not np.isfinite(value):
            continue  # the corpus has none of this kind
        low, high = np.nanpercentile(spread, (2.5, 97.5))
        value, low, high = (round(float(figure), 4) for figure in (value, low, high))
        yield Figure(what, measure, overlap, value, low, high, int(whole[COUNTS.index(base)]))


def _f1(counts: np.ndarray) -> np.ndarray:
    found, correct, marked, recalled = (counts[:, number] for number in range(4))
    precision, recall = correct / found, recalled / marked
    f1: np.ndarray = 2 * precision * recall / (precision + recall)
    return f1


_MEASURES: dict[Measure, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "precision": (lambda counts: counts[:, 1] / counts[:, 0], "found"),
    "recall": (lambda counts: counts[:, 3] / counts[:, 2], "marked"),
    "f1": (_f1, "marked"),
    "speaker_accuracy": (lambda counts: counts[:, 5] / counts[:, 4], "sourced"),
}
