"""Read the JSON-LD of a page: schema.org objects in scripts, which are often malformed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import orjson

from pipeline.lexicon.words import read_words

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
Node: TypeAlias = Mapping[str, Json]

ARTICLES = read_words("schema_org_types.txt", "articles")
PAGES = read_words("schema_org_types.txt", "pages")
# <![CDATA[ … ]]> and <!-- … --> around the object, with or without a script's comment marks.
WRAPPER = re.compile(r"\A[\s/*]*<!(?:\[CDATA\[|--)[\s/*]*|[\s/*]*(?:\]\]|--)>[\s/*]*\Z")
TAG = re.compile(r"<[^<>]{1,200}>")
MAX_NODES = 5_000


class Graph:
    """The objects of a page's JSON-LD."""

    def __init__(self, scripts: Iterable[str]) -> None:
        self._nodes = [node for script in scripts for node in _page_objects(_parse(script))][:MAX_NODES]
        self._by_id: dict[str, Node] = {}
        for node in self._nodes:
            if isinstance(key := node.get("@id"), str) and len(node) > 1:
                self._by_id.setdefault(key, node)

    def article(self) -> Node:
        """Return the article's object: the first with a headline, else the first; empty if there is none."""
        articles = [node for node in self._nodes if _types(node) & ARTICLES]
        titled = (node for node in articles if text_of(node.get("headline") or node.get("name")))
        return next(titled, next(iter(articles), {}))

    def page(self) -> Node:
        """Return the object of the page itself; empty if there is none."""
        return next((node for node in self._nodes if _types(node) & PAGES), {})

    def follow(self, value: Json) -> list[Json]:
        """Return a value or list of values with each reference replaced by the object it refers to."""
        values = value if isinstance(value, list) else [value]
        return [self._resolve(item) for item in values if item]

    def _resolve(self, value: Json) -> Json:
        if isinstance(value, dict) and "name" not in value and isinstance(key := value.get("@id"), str):
            return dict(self._by_id.get(key, value))
        return value


def _parse(script: str) -> Json:
    """Return a script's value; None if it is malformed, except for line breaks in strings, which are common."""
    content = WRAPPER.sub("", script).strip().rstrip(";")
    try:
        value: Json = orjson.loads(content)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(content, strict=False)
        except (ValueError, RecursionError):
            return None
    return value


def _page_objects(value: Json) -> Iterator[Node]:
    """Yield the objects that describe the page: at the top, in arrays and in graphs, but not in lists of other pages."""
    waiting = [value]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            yield item
            waiting += [item.get("@graph"), item.get("mainEntity")]


def _types(node: Node) -> set[str]:
    types = node.get("@type")
    return {
        name.rsplit("/", 1)[-1] for name in (types if isinstance(types, list) else [types]) if isinstance(name, str)
    }


def is_of_type(value: Json, name: str) -> bool:
    """Return whether a value is an object of this type."""
    return isinstance(value, dict) and name in _types(value)


def text_of(value: Json) -> str | None:
    """Return a value's text: the name of an object, the first text of an array; entities decoded, tags removed."""
    if isinstance(value, list):
        return next((text for item in value if (text := text_of(item))), None)
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value")
    if not isinstance(value, str):
        return None
    plain = TAG.sub("", html.unescape(html.unescape(value)))  # twice: "&amp;#8217;" is common
    return " ".join(plain.split()) or None
