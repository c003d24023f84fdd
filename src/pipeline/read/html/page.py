"""A parsed page with the metadata that its head declares."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import lxml.html
from lxml import etree

from pipeline.read.html.body import collapse_spaces
from pipeline.read.html.json_ld import Graph, Node


@dataclass(frozen=True, slots=True)
class Page:
    """A page's tree, <meta> tags and JSON-LD."""

    root: lxml.html.HtmlElement
    tags: Mapping[str, list[str]]  # contents of <meta> tags by name, in lower case
    article: Node  # the JSON-LD object of the article
    about: Node  # the JSON-LD object of the page
    graph: Graph

    @classmethod
    def of(cls, root: lxml.html.HtmlElement) -> Page:
        """Read a page's head, and remove its JSON-LD from the tree: htmldate would take dates of other articles from it."""
        scripts = root.xpath("//script[contains(@type, 'ld+json')]")
        graph = Graph(script.text or "" for script in scripts)
        for script in scripts:
            script.drop_tree()
        return cls(root, _read_meta_tags(root), graph.article(), graph.page(), graph)

    def tag(self, names: Iterable[str]) -> str | None:
        """Return the first non-empty content of the <meta> tags with these names."""
        return next((text for name in names for text in self.tags.get(name, ()) if text), None)

    def visible_text(self) -> str:
        """Return all text of the page; call it after scripts are removed."""
        return str(etree.tostring(self.root, method="text", encoding="unicode"))

    def text_at(self, path: str) -> str | None:
        """Return the text of the first non-empty element at an XPath."""
        return next(
            (text for element in self.root.xpath(path) if (text := collapse_spaces(element.text_content()))), None
        )


def _read_meta_tags(root: lxml.html.HtmlElement) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for tag in root.iter("meta"):
        names = tag.get("property") or tag.get("name") or tag.get("http-equiv") or ""
        # Pages saved by the Mercury parser use "value" instead of "content".
        content = collapse_spaces(html.unescape(tag.get("content") or tag.get("value") or ""))
        for name in names.lower().split():
            tags.setdefault(name, []).append(content)
    return tags
