"""Raw news articles in, tables that people can trust out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.store import Version, open_version

__all__ = ["Version", "open_version"]


def __getattr__(name: str) -> Any:
    """What users import from here, found when they do: the command's help needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipeline import store

    return getattr(store, name)
