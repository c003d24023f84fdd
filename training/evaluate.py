"""What a model reaches on annotated articles: quotes found and speakers right, with confidence intervals.

As ``score_quotes.py``, the measure that the project agreed on, does it: the parts of one utterance count together, spans
are sets of letters and digits, and found and annotated utterances are matched one to one by the Jaccard index of their
contents. Both ways are held against each other in ``tests/corpus``.
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
from pipeline.lexicon.speech_verbs import is_judged, is_said
from pipeline.quotes import extract_quotes
from training.data import Annotated, Attribution, align, digest_of

OVERLAPS = (0.8, 0.3)
SAMPLES = 2_000  # of the bootstrap
COUNTS = ("found", "correct", "marked", "recalled", "sourced", "speaker")
OPENING, CLOSING, STRAIGHT = "“„«", "”»", '"'

Letters = frozenset[int]
Counts = dict[tuple[What, float, str], int]


class Said(NamedTuple):
    """An utterance, found or annotated, as sets of letters."""

    content: Letters
    source: Letters
    what: What
    is_said: bool = True


def measure_quotes(
    corpus: Path,
    articles: Iterable[Annotated],
    tagger: Tagger,
    attributions: Attributions,
    conditions: Sequence[str] = (),
) -> Measured:
    """Measure a model on annotated articles.

    With ``attributions`` "said", what is annotated but only believed, meant, found or judged is left out on both sides.

    Args:
        corpus: the folder of the articles, for its name and digest.
        articles: in it.
        tagger: the model.
        attributions: which of them count.
        conditions: what a reader of the figures must know of the articles, a sentence each.
    """
    counts = [_count(one, tagger, attributions) for one in articles]
    left_out = "Annotated beliefs, intentions, findings and judgements without quotation marks are left out: the cue decides which these are."
    return Measured(
        corpus=f"{corpus.parent.name}/{corpus.name}, {len(counts)} articles",
        corpus_sha256=digest_of(corpus),
        figures=tuple(_figures(counts)),
        conditions=(*conditions, *([left_out] if attributions == "said" else [])),
    )


def _count(annotated: Annotated, tagger: Tagger, attributions: Attributions) -> Counts:
    article = annotated.article
    reading = read_with(tagger, article)
    quotes = extract_quotes(article, reading, extract_mentions(article, reading), attributions)
    marked = [one for one in as_marked(annotated) if one.content and (attributions == "all" or one.is_said)]
    found = [as_found(article.text, parts) for parts in group_utterances(quotes)]
    return _compare([one for one in found if one.content], marked)


def as_marked(annotated: Annotated) -> list[Said]:
    """The attributions of an article, as annotated, in letters of its text."""
    place, inside = align(annotated.given, annotated.article.text), _inside_marks(annotated.given)
    return [_as_marked(annotated.given, place, inside, one) for one in annotated.attributions]


def _as_marked(given: str, place: np.ndarray, inside: Set[int], one: Attribution) -> Said:

    def letters(spans: Sequence[tuple[int, int]]) -> Letters:
        # What the article does not hold cannot be found: it stays apart from all that can.
        places = (i for start, end in spans for i in range(start, end) if given[i].isalnum())
        return frozenset(int(place[i]) if place[i] >= 0 else -1 - i for i in places)

    within = [i in inside for start, end in one.content for i in range(start, end) if given[i].isalnum()]
    share = sum(within) / max(len(within), 1)
    what: What = "direct" if share >= 0.9 else "mixed" if share > 0 else "indirect"
    cue = " ".join(given[start:end] for start, end in one.cue)
    return Said(letters(one.content), letters(one.source), what, share > 0 or (is_said(cue) and not is_judged(cue)))


def _inside_marks(text: str) -> set[int]:
    """What stands between double quotation marks, paragraph by paragraph."""
    inside: set[int] = set()
    is_open = False
    for at, sign in enumerate(text):
        if sign == "\n" or sign in CLOSING:
            is_open = False
        elif sign in OPENING:
            is_open = True
        elif sign == STRAIGHT:
            is_open = not is_open
        elif is_open:
            inside.add(at)
    return inside


def group_utterances(quotes: Iterable[Quote]) -> list[list[Quote]]:
    """The parts of each utterance."""
    utterances: dict[str, list[Quote]] = defaultdict(list)
    for quote in quotes:
        utterances[quote.utterance_id].append(quote)
    return list(utterances.values())


def as_found(text: str, parts: Sequence[Quote]) -> Said:
    """An utterance found in a text."""

    def letters(spans: Iterable[tuple[int | None, int | None]]) -> Letters:
        whole = ((start, end) for start, end in spans if start is not None and end is not None)
        return frozenset(i for start, end in whole for i in range(start, end) if text[i].isalnum())

    kinds = {part.quote_type for part in parts}
    what: What = kinds.pop() if len(kinds) == 1 else "mixed"
    content = letters((part.start_char, part.end_char) for part in parts)
    return Said(content, letters((part.speaker_start_char, part.speaker_end_char) for part in parts), what)


def _jaccard(one: Letters, other: Letters) -> float:
    return len(one & other) / len(one | other)


def match(found: Sequence[Said], marked: Sequence[Said], overlap: float) -> dict[int, int]:
    """For the number of each annotated utterance that was found that of the one that is likest, each taken once."""
    pairs = [
        (_jaccard(gold.content, one.content), -i, -j)
        for i, gold in enumerate(marked)
        for j, one in enumerate(found)
        if gold.content & one.content
    ]
    matched: dict[int, int] = {}
    for likeness, i, j in sorted(pairs, reverse=True):
        if likeness >= overlap and -i not in matched and -j not in matched.values():
            matched[-i] = -j
    return matched


def is_source(found: Letters, marked: Letters) -> bool:
    """Whether a printed speaker is the annotated source: half of the shorter of the two lies in the other."""
    return len(marked & found) / max(min(len(marked), len(found)), 1) >= 0.5


def _kinds(what: What) -> tuple[What, ...]:
    return (what, "all") if what == "indirect" else (what, "quoted", "all")


def _compare(found: Sequence[Said], marked: Sequence[Said]) -> Counts:
    counts: Counts = defaultdict(int)
    for overlap in OVERLAPS:
        matched = match(found, marked, overlap)
        for i, gold in enumerate(marked):
            for kind in _kinds(gold.what):
                counts[kind, overlap, "marked"] += 1
                counts[kind, overlap, "recalled"] += i in matched
        for j, one in enumerate(found):
            for kind in _kinds(one.what):
                counts[kind, overlap, "found"] += 1
                counts[kind, overlap, "correct"] += j in matched.values()
        for i, j in matched.items():
            gold, one = marked[i], found[j]
            if gold.source:
                is_right = is_source(one.source, gold.source)
                for kind in _kinds(gold.what):
                    counts[kind, overlap, "sourced"] += 1
                    counts[kind, overlap, "speaker"] += is_right
    return counts


def _figures(counts: Sequence[Counts]) -> Iterable[Figure]:
    for overlap in OVERLAPS:
        for what in ("quoted", "direct", "mixed", "indirect", "all"):
            by_article = np.array([[one.get((what, overlap, name), 0) for name in COUNTS] for one in counts])
            yield from figures_of(what, overlap, by_article)


def figures_of(what: What, overlap: float, counts: np.ndarray) -> Iterable[Figure]:
    """Shares with 95 % intervals, by bootstrap over articles.

    Args:
        what: was counted.
        overlap: by which one found and one annotated are the same.
        counts: [articles, 6] as ``COUNTS``.
    """
    samples = np.random.default_rng(0).integers(0, len(counts), (SAMPLES, len(counts)))
    whole = counts.sum(axis=0)
    resampled = counts[samples].sum(axis=1)
    for measure, (share, base) in _MEASURES.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            value, spread = share(whole[None])[0], share(resampled)
        if not np.isfinite(value):
            continue  # a type of which there is none
        low, high = np.nanpercentile(spread, (2.5, 97.5))
        value, low, high = (round(float(one), 4) for one in (value, low, high))
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
