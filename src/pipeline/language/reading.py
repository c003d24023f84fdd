"""Words and sentences of an article, found once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import nupunkt

from pipeline.contract import Article

# A word may hold inner apostrophes, hyphens, points between letters and commas between digits: O'Neill, U.S., 4,000.
WORD = re.compile(r"\w+(?:[’'\-–.&]\w+|,(?=\d{3}\b)\d+)*(?:(?<=\b[A-Z])\.)?")


class Span(NamedTuple):
    """A half-open stretch of code points."""

    start: int
    end: int


class Word(NamedTuple):
    """One word and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What the language pass found in ``article.text``; all offsets are into it.

    ``sentences`` cover every segment, in order; none reaches over a segment's end. White space at their ends is left
    out.
    """

    words: tuple[Word, ...]
    sentences: tuple[Span, ...]


def read_language(article: Article) -> Reading:
    """Find the words and sentences of an article."""
    words = tuple(Word(found.group(), found.start(), found.end()) for found in WORD.finditer(article.text))
    return Reading(words, tuple(_sentences(article)))


def _sentences(article: Article) -> list[Span]:
    found = []
    for segment in article.segments:
        # A paragraph at a time: nupunkt would carry a sentence over an empty line.
        stretch = article.text[segment.start_char : segment.end_char]
        for start, end in nupunkt.sent_spans(stretch):
            text = stretch[start:end]
            first = start + len(text) - len(text.lstrip())
            last = start + len(text.rstrip())
            if last > first:
                found.append(Span(segment.start_char + first, segment.start_char + last))
    return found
