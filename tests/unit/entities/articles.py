"""Articles of our own making, read without the tagger: it has no part in what these tests state."""

from __future__ import annotations

from pipeline.contract import Article, RawArticle, RawRef
from pipeline.language.marks import pair_marks
from pipeline.language.reading import Reading, find_sentences
from pipeline.normalise import normalise

HEADLINE = "Harbour talks go on\n\n"


def read(text: str) -> tuple[Article, Reading]:
    """An article under a headline, and its sentences and quotations."""
    article = normalise(RawArticle(RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", HEADLINE + text))
    assert isinstance(article, Article)
    return article, Reading((), find_sentences(article), True, tuple(pair_marks(article.text, article.segments)))
