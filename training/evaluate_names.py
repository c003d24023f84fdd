"""Measure a model on annotated names, with confidence intervals.

This counts as ``score_entities.py``, the measure that the project agreed on: a name is right if its first word, its last
word and its kind are. Kinds are folded to people, organisations, places and others. ``tests/corpus`` compares the two.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.accuracy import Figure, Measured, What
from pipeline.contract import Article, EntityType
from pipeline.entities import extract_mentions
from pipeline.language.reading import read_with
from pipeline.language.tagger import Tagger
from training.attribution_corpora import align, digest_of
from training.entity_corpora import ALL, NamedText, as_article
from training.evaluate_quotes import figures_of

FOLDED: Mapping[EntityType, What] = {
    "PERSON": "people", "ORG": "organisations", "GPE": "places", "LOC": "places", "FAC": "places", "NORP": "other names",
    "EVENT": "other names", "PRODUCT": "other names", "WORK_OF_ART": "other names",
}  # fmt: skip
THREE: tuple[What, ...] = ("people", "organisations", "places")
WORD = re.compile(r"\w+")

NameSpan = tuple[int, int, What]  # numbers of the first and last word, and the folded kind


def measure_names(corpus: Path, texts: Iterable[NamedText], tagger: Tagger, conditions: Sequence[str] = ()) -> Measured:
    """Measure a model on articles with annotated names.

    Args:
        corpus: the folder of the articles, for its name and digest.
        texts: its articles to measure on.
        tagger: the model.
        conditions: what a reader of the figures must know about the articles, one sentence each.
    """
    counts = [_count(text, tagger) for text in texts]
    kinds: list[tuple[What, tuple[What, ...]]] = [(kind, (kind,)) for kind in (*THREE, "other names")]
    kinds += [("people, organisations and places", THREE), ("all names", (*THREE, "other names"))]
    figures: list[Figure] = []
    for name, parts in kinds:
        by_article = np.array([sum(article[part] for part in parts) for article in counts])
        figures += figures_of(name, 1.0, by_article)
    return Measured(
        f"{corpus.name}, {len(counts)} articles",
        digest_of(corpus, ("original", "annotated")),
        tuple(figures),
        tuple(conditions),
    )


def _count(text: NamedText, tagger: Tagger) -> dict[What, np.ndarray]:
    """Return for each folded kind the counts of ``COUNTS``."""
    article = as_article(text)
    assert article, text.name
    words = [(word.start(), word.end()) for word in WORD.finditer(article.text)]
    mentions = [row for row in extract_mentions(article, read_with(tagger, article)) if row.form == "name"]
    found = {_in_words(words, row.start_char, row.end_char, FOLDED[row.entity_type]) for row in mentions}
    annotated = _annotated_names(text, article, words)
    counts: dict[What, np.ndarray] = {}
    for kind in set(FOLDED.values()):
        found_of_kind = {name for name in found if name[2] == kind}
        annotated_of_kind = {name for name in annotated if name[2] == kind}
        correct = len(found_of_kind & annotated_of_kind)
        counts[kind] = np.array([len(found_of_kind), correct, len(annotated_of_kind), correct, 0, 0])
    return counts


def _annotated_names(text: NamedText, article: Article, words: Sequence[tuple[int, int]]) -> set[NameSpan]:
    """Return the annotated names of one folded kind; those that the article lacks get negative word numbers."""
    place = align(text.given, article.text)
    annotated: set[NameSpan] = set()
    for number, span in enumerate(text.spans):
        kinds = {FOLDED[kind] for kind in span.types}
        if span.types == ALL or len(kinds) != 1:
            continue
        (kind,) = kinds
        chars = place[span.start : span.end]
        is_complete = all(place[i] >= 0 for i in range(span.start, span.end) if text.given[i].isalnum())
        chars = chars[chars >= 0]
        if is_complete and len(chars):
            annotated.add(_in_words(words, int(chars.min()), int(chars.max()) + 1, kind))
        else:
            annotated.add((-1, -1 - number, kind))
    return annotated


def _in_words(words: Sequence[tuple[int, int]], start: int, end: int, kind: What) -> NameSpan:
    first = bisect_right(words, start, key=lambda word: word[1])
    return first, bisect_left(words, end, key=lambda word: word[0]) - 1, kind
