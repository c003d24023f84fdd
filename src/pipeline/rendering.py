"""Fill page templates and write pages: self-contained HTML without scripts or remote files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def fill(template: str, **values: object) -> str:
    """Return a template of this package filled with values, each escaped unless the template marks it as safe."""
    return _environment().get_template(template).render(values)


def write_page(page: Path, html: str) -> None:
    """Write a page, whole or not at all."""
    fresh = page.with_suffix(".new")
    fresh.write_text(html, "utf-8")
    fresh.replace(page)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipeline", ""),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["grouped"] = lambda number: f"{number:,}"
    environment.filters["short"] = shorten
    return environment


def shorten(text: str, longest: int = 400) -> str:
    """Return a text that a page has room for: the beginning and end of a long one."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]} … {text[-half:]}"
