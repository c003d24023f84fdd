"""Made-up articles read for names only; other tests check attributions."""

from __future__ import annotations

from dataclasses import replace

from pipeline.contract import Article, RawArticle, RawRef
from pipeline.language import Reading, read_language
from pipeline.language.tagger import Tags
from pipeline.normalise import normalise

HEADLINE = "Harbour talks go on\n\n"


def read(text: str) -> tuple[Article, Reading]:
    """Return an article under a headline, and its reading without attributions."""
    article = normalise(RawArticle(RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", HEADLINE + text))
    assert isinstance(article, Article)
    reading = read_language(article)
    return article, replace(reading, tags=Tags((), (), reading.tags.names))
