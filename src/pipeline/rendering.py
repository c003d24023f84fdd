"""What people read: pages (self-contained HTML without scripts or remote files), and tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
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


def format_table(rows: Sequence[Sequence[str]], alignment: str) -> str:
    """Return rows, the header among them, as lines with columns of equal width.

    Args:
        rows: cells, as many in each row as ``alignment`` has characters.
        alignment: ``<`` or ``>`` for each column; numbers are aligned right.
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, alignment, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
