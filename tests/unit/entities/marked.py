"""Small articles whose names are marked in their text."""

from __future__ import annotations

import re

from pipeline.contract import Article, EntityType, RawArticle, RawRef
from pipeline.entities.clusters import Cluster, Name
from pipeline.normalise import normalise

NAME = re.compile(r"\[([^\]|]+)\|(\w+)\]")


def read_marked(marked: str) -> tuple[Article, list[Cluster]]:
    """Return an article and its clusters, one for each name; names are marked as [name|type]."""
    raw = RawArticle(RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", "News\n\n" + NAME.sub(r"\1", marked))
    article = normalise(raw)
    assert isinstance(article, Article)
    names: dict[tuple[str, EntityType], list[Name]] = {}
    start = 0
    for text, kind in NAME.findall(marked):
        start = article.text.index(text, start)
        names.setdefault((text, kind), []).append(Name(start, start + len(text), kind))
        start += len(text)
    return article, [Cluster(kind, name, tuple(printed)) for (name, kind), printed in names.items()]
