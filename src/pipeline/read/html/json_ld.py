"""What a page says of its article in JSON-LD: schema.org objects in scripts, often broken."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import orjson

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
Node: TypeAlias = Mapping[str, Json]

ARTICLES = frozenset(
    "NewsArticle Article ReportageNewsArticle AnalysisNewsArticle BackgroundNewsArticle OpinionNewsArticle"
    " ReviewNewsArticle AskPublicNewsArticle AdvertiserContentArticle SatiricalArticle BlogPosting LiveBlogPosting"
    " SocialMediaPosting DiscussionForumPosting TechArticle ScholarlyArticle MedicalScholarlyArticle Report Review"
    " CriticReview PressRelease".split()
)
PAGES = frozenset("WebPage ItemPage VideoObject Recipe CreativeWork Product".split())
# <![CDATA[ … ]]> and <!-- … --> around the object, with or without a script's comment marks.
WRAPPED = re.compile(r"\A[\s/*]*<!(?:\[CDATA\[|--)[\s/*]*|[\s/*]*(?:\]\]|--)>[\s/*]*\Z")
TAG = re.compile(r"<[^<>]{1,200}>")
MAX_NODES = 5_000


class Graph:
    """The objects of a page's JSON-LD."""

    def __init__(self, scripts: Iterable[str]) -> None:
        self._nodes = [node for script in scripts for node in _objects(_parse(script))][:MAX_NODES]
        self._by_id: dict[str, Node] = {}
        for node in self._nodes:
            if isinstance(key := node.get("@id"), str) and len(node) > 1:
                self._by_id.setdefault(key, node)

    def article(self) -> Node:
        """The object of the page's article; of several, the first that gives a headline. Empty where there is none."""
        found = [node for node in self._nodes if _types(node) & ARTICLES]
        return next(
            (node for node in found if text_of(node.get("headline") or node.get("name"))), next(iter(found), {})
        )

    def page(self) -> Node:
        """The object of the page itself, where no article is described."""
        return next((node for node in self._nodes if _types(node) & PAGES), {})

    def follow(self, value: Json) -> list[Json]:
        """A value or values, each reference replaced by what it refers to."""
        values = value if isinstance(value, list) else [value]
        return [self._resolve(item) for item in values if item]

    def _resolve(self, value: Json) -> Json:
        if isinstance(value, dict) and "name" not in value and isinstance(key := value.get("@id"), str):
            return dict(self._by_id.get(key, value))
        return value


def _parse(script: str) -> Json:
    """A script's value; None where it is broken beyond the usual line breaks within strings."""
    content = WRAPPED.sub("", script).strip().rstrip(";")
    try:
        value: Json = orjson.loads(content)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(content, strict=False)
        except (ValueError, RecursionError):
            return None
    return value


def _objects(value: Json) -> Iterator[Node]:
    """The objects that describe the page: at the top, in arrays and graphs; not those of other pages that it lists."""
    waiting = [value]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            yield item
            waiting += [item.get("@graph"), item.get("mainEntity")]


def _types(node: Node) -> set[str]:
    kinds = node.get("@type")
    return {
        kind.rsplit("/", 1)[-1] for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)
    }


def is_of_type(value: Json, name: str) -> bool:
    """Whether a value is an object of a type."""
    return isinstance(value, dict) and name in _types(value)


def text_of(value: Json) -> str | None:
    """A value as text: of an object its name, of an array its first; entities unescaped, tags dropped."""
    if isinstance(value, list):
        return next((text for item in value if (text := text_of(item))), None)
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value")
    if not isinstance(value, str):
        return None
    # twice: "&amp;#8217;" is common
    plain = TAG.sub("", html.unescape(html.unescape(value)))
    return " ".join(plain.split()) or None
