"""Words and sentences of an article, found once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import nupunkt

from pipeline.contract import Article
from pipeline.language.foreign_attribution import ForeignAttribution, find_foreign_attributions
from pipeline.language.marks import CURLY_OPENING, Quotation, pair_marks
from pipeline.language.tagger import NO_TAGS, Tagger, Tags, load_tagger
from pipeline.lexicon.titles import ABBREVIATED_TITLE_END

# A word may hold inner apostrophes, hyphens, points between letters and commas between digits: O'Neill, U.S., 4,000.
WORD = re.compile(r"\w+(?:[’'\-–.&]\w+|,(?=\d{3}\b)\d+)*(?:(?<=\b[A-Z])\.)?")
# Scripts that write words without spaces, and about how many letters make a word in them.
UNSPACED = (
    (re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"), 2),  # Japanese, Chinese
    (re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"), 4),  # Thai, Lao, Burmese, Khmer
)


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
    is_english: bool  # or not known to be anything else: the tagger and the rules for names and speakers are English
    quotations: tuple[Quotation, ...] = ()
    tags: Tags = NO_TAGS
    foreign_attributions: tuple[ForeignAttribution, ...] = ()  # in other languages


def read_language(article: Article, threads: int = 1) -> Reading:
    """Look at an article once, for all that follows.

    Args:
        article: as normalised.
        threads: processors that the tagger may use; what it finds does not depend on it.

    Raises:
        ModelError: if a file of the tagger is missing or damaged.
    """
    return read_with(load_tagger(threads), article) if _is_english(article) else _read_foreign(article)


def read_with(tagger: Tagger, article: Article) -> Reading:
    """Look at an English article with a tagger."""
    text, segments, sentences = article.text, article.segments, find_sentences(article)
    quotations = tuple(pair_marks(text, segments))
    return Reading(_words(text), sentences, True, quotations, tagger.tag(text, sentences, segments, quotations))


def _read_foreign(article: Article) -> Reading:
    text = article.text
    quotations = tuple(pair_marks(text, article.segments, CURLY_OPENING))
    language = (article.language or "").partition("-")[0]
    return Reading(
        _words(text),
        find_sentences(article),
        False,
        quotations,
        foreign_attributions=find_foreign_attributions(text, language),
    )


def _is_english(article: Article) -> bool:
    return (article.language or "en").partition("-")[0] == "en"


def _words(text: str) -> tuple[Word, ...]:
    return tuple(Word(found.group(), found.start(), found.end()) for found in WORD.finditer(text))


def count_words(text: str) -> int:
    """About how many words a text has, in whatever script."""
    count = 0
    for letters, per_word in UNSPACED:
        count += -(-len(letters.findall(text)) // per_word)
        text = letters.sub(" ", text)
    return count + len(re.findall(r"\w+", text))


def find_sentences(article: Article) -> tuple[Span, ...]:
    """The sentences of an article, segment by segment."""
    found: list[Span] = []
    for segment in article.segments:
        # A paragraph at a time: nupunkt would carry a sentence over an empty line.
        stretch = article.text[segment.start_char : segment.end_char]
        goes_on = False
        for start, end in nupunkt.sent_spans(stretch):
            text = stretch[start:end]
            first = segment.start_char + start + len(text) - len(text.lstrip())
            last = segment.start_char + start + len(text.rstrip())
            if last > first:
                found.append(Span(found.pop().start if goes_on else first, last))
                goes_on = ABBREVIATED_TITLE_END.search(text.rstrip()) is not None
    return tuple(found)
