"""Read an article once: its sentences, quotations, and in English the tagger's findings."""

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

# Scripts without spaces between words, and the approximate number of letters per word.
UNSPACED = (
    (re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"), 2),  # Japanese, Chinese
    (re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"), 4),  # Thai, Lao, Burmese, Khmer
)


class Span(NamedTuple):
    """Code points ``start:end`` of a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in ``article.text``; all offsets refer to it.

    ``sentences`` are in reading order and do not cross segments; together they cover each segment except white space.
    """

    sentences: tuple[Span, ...]
    is_english: bool  # also if the language is unknown; the tagger and the rules for names and speakers are for English
    quotations: tuple[Quotation, ...] = ()
    tags: Tags = NO_TAGS
    foreign_attributions: tuple[ForeignAttribution, ...] = ()  # in other languages only


def read_language(article: Article, threads: int = 1) -> Reading:
    """Read an article for the stages that follow.

    Args:
        article: a normalised article.
        threads: threads for the tagger; its findings do not depend on them.

    Raises:
        ModelError: if a file of the tagger is missing or damaged.
    """
    return read_with(load_tagger(threads), article) if _is_english(article) else _read_foreign(article)


def read_with(tagger: Tagger, article: Article) -> Reading:
    """Read an English article with a given tagger."""
    text, segments, sentences = article.text, article.segments, find_sentences(article)
    quotations = tuple(pair_marks(text, segments))
    return Reading(sentences, True, quotations, tagger.tag(text, sentences, segments, quotations))


def _read_foreign(article: Article) -> Reading:
    text = article.text
    quotations = tuple(pair_marks(text, article.segments, CURLY_OPENING))
    language = (article.language or "").partition("-")[0]
    return Reading(
        find_sentences(article),
        False,
        quotations,
        foreign_attributions=find_foreign_attributions(text, language),
    )


def _is_english(article: Article) -> bool:
    return (article.language or "en").partition("-")[0] == "en"


def count_words(text: str) -> int:
    """Return the approximate number of words in a text of any script."""
    count = 0
    for letters, per_word in UNSPACED:
        count += -(-len(letters.findall(text)) // per_word)
        text = letters.sub(" ", text)
    return count + len(re.findall(r"\w+", text))


def find_sentences(article: Article) -> tuple[Span, ...]:
    """Return the sentences of an article, segment by segment."""
    sentences: list[Span] = []
    for segment in article.segments:
        # One segment at a time, because nupunkt would continue a sentence across an empty line.
        segment_text = article.text[segment.start_char : segment.end_char]
        ends_in_title = False
        for start, end in nupunkt.sent_spans(segment_text):
            text = segment_text[start:end]
            first = segment.start_char + start + len(text) - len(text.lstrip())
            last = segment.start_char + start + len(text.rstrip())
            if last > first:
                sentences.append(Span(sentences.pop().start if ends_in_title else first, last))
                ends_in_title = ABBREVIATED_TITLE_END.search(text.rstrip()) is not None
    return tuple(sentences)
