"""What a model reaches on annotated names: those of the mentions table, with confidence intervals.

As ``score_entities.py``, the measure that the project agreed on, does it: a name is right where its first word, its last
word and its kind are; kinds are folded to people, organisations, places and others. Both ways are held against each other in
``tests/corpus``.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.accuracy import Measured, What
from pipeline.contract import EntityType
from pipeline.entities import extract_mentions
from pipeline.language.reading import read_with
from pipeline.language.tagger import Tagger
from training.data import align, digest_of
from training.entity_corpora import ALL, NamedText, as_article
from training.evaluate import COUNTS, figures_of

FOLDED: Mapping[EntityType, What] = {
    "PERSON": "people", "ORG": "organisations", "GPE": "places", "LOC": "places", "FAC": "places", "NORP": "other names",
    "EVENT": "other names", "PRODUCT": "other names", "WORK_OF_ART": "other names",
}  # fmt: skip
THREE: tuple[What, ...] = ("people", "organisations", "places")
WORD = re.compile(r"\w+")

Found = tuple[int, int, What]  # its first and last word


def measure_names(corpus: Path, texts: Iterable[NamedText], tagger: Tagger, conditions: Sequence[str] = ()) -> Measured:
    """Measure a model on articles with annotated names.

    Args:
        corpus: the folder they are of, for its name and digest.
        texts: its articles that are for measuring.
        tagger: the model.
        conditions: what a reader of the figures must know of the articles, a sentence each.
    """
    counts = [_count(one, tagger) for one in texts]
    kinds: list[tuple[What, tuple[What, ...]]] = [(kind, (kind,)) for kind in (*THREE, "other names")]
    kinds += [("people, organisations and places", THREE), ("all names", (*THREE, "other names"))]
    figures = []
    for name, parts in kinds:
        by_article = np.array([sum(one.get(part, np.zeros(len(COUNTS), int)) for part in parts) for one in counts])
        figures += figures_of(name, 1.0, by_article)
    return Measured(
        f"{corpus.name}, {len(counts)} articles",
        digest_of(corpus, ("original", "annotated")),
        tuple(figures),
        tuple(conditions),
    )


def _count(one: NamedText, tagger: Tagger) -> dict[What, np.ndarray]:
    """For each kind found, correct, marked and recalled names."""
    article = as_article(one)
    assert article, one.name
    words = [(word.start(), word.end()) for word in WORD.finditer(article.text)]
    mentions = [row for row in extract_mentions(article, read_with(tagger, article)) if row.form == "name"]
    found = {_in_words(words, row.start_char, row.end_char, FOLDED[row.entity_type]) for row in mentions}
    place = align(one.given, article.text)
    marked: set[Found] = set()
    for number, span in enumerate(one.spans):
        chars = place[span.start : span.end]
        kinds = {FOLDED[kind] for kind in span.types}
        if span.types != ALL and len(kinds) == 1:
            is_there = all(place[at] >= 0 for at in range(span.start, span.end) if one.given[at].isalnum())
            chars = chars[chars >= 0]
            marked.add(
                _in_words(words, int(chars.min()), int(chars.max()) + 1, *kinds)
                if is_there and len(chars)
                else (-1, -1 - number, *kinds)  # what the article does not hold cannot be found
            )
    counts: dict[What, np.ndarray] = {}
    for kind in set(FOLDED.values()):
        ours, theirs = ({each for each in names if each[2] == kind} for names in (found, marked))
        both = len(ours & theirs)
        counts[kind] = np.array([len(ours), both, len(theirs), both, 0, 0])
    return counts


def _in_words(words: Sequence[tuple[int, int]], start: int, end: int, kind: What) -> Found:
    first = bisect_right(words, start, key=lambda word: word[1])
    return first, bisect_left(words, end, key=lambda word: word[0]) - 1, kind
