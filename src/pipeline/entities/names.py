"""What an article names, and what kind of thing each name names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pipeline.contract import Article
from pipeline.entities.named import Name
from pipeline.entities.runs import Candidate, find_candidates, judge_by_context, place_of_dateline
from pipeline.language import Reading

LOWER_WORD = re.compile(r"(?<![\w.’'-])[a-z]{3,}(?![\w’'-])")


def find_names(article: Article, reading: Reading) -> list[Name]:
    """Find the names of an article, in reading order; they do not overlap, and hold no titles and possessives."""
    if not reading.is_english:
        return _certain_ones(article, reading)
    candidates = find_candidates(article, reading)
    _decide_open_ones(article, candidates)
    found = [Name(one.start, one.end, one.kind) for one in candidates if one.kind]
    kept: list[Name] = []
    for name in sorted(found, key=lambda name: (name.start, -name.end)):
        if not kept or name.start >= kept[-1].end:
            kept.append(name)
    return kept


def _certain_ones(article: Article, reading: Reading) -> list[Name]:
    """Whom and what the layout or an attribution names: all that is sure in another language.

    German writes every noun with a capital, Spanish countries are called otherwise, Nice and Essen are words.
    """
    datelines = [segment.start_char for segment in article.segments if segment.kind == "dateline"]
    found = [Name(place.start, place.end, "GPE") for start in datelines for place in place_of_dateline(article, start)]
    return sorted([*found, *(Name(said.start, said.end, "PERSON") for said in reading.said_by)])


def _decide_open_ones(article: Article, candidates: Sequence[Candidate]) -> None:
    lower = frozenset(LOWER_WORD.findall(article.text))
    for _ in range(2):  # a person found in the first round may tell another in the second
        persons = frozenset(c.text.split()[-1] for c in candidates if c.kind == "PERSON")
        for candidate in candidates:
            if candidate.kind is None:
                candidate.kind = judge_by_context(candidate, article.text, persons, lower)
    known = Counter((c.text, c.kind) for c in candidates if c.kind)
    by_text = {text: kind for (text, kind), _ in sorted(known.items(), key=lambda item: (item[1], str(item[0])))}
    surnames = {c.text.split()[-1] for c in candidates if c.kind == "PERSON" and " " in c.text}
    for candidate in candidates:
        if candidate.kind is None and candidate.text in surnames:
            candidate.kind = "PERSON"
        elif candidate.kind is None and candidate.text in by_text:
            candidate.kind = by_text[candidate.text]
