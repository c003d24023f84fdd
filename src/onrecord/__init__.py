"""The public face of onrecord: raw news articles in, tables of articles, quotes and entities out.

::

    import onrecord

    summary = onrecord.curate("raw", Path("curated"), onrecord.Settings())
    version = onrecord.open_version("curated")
    quotes = version.read("quotes").to_pandas()

Everything here is defined in the package ``pipeline`` and imported on first use, so that ``import onrecord`` is cheap.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.curate import Summary, curate
    from pipeline.errors import OnrecordError
    from pipeline.settings import Settings
    from pipeline.store import Version, open_version

    __version__: str

__all__ = ["OnrecordError", "Settings", "Summary", "Version", "__version__", "curate", "open_version"]

# Where each public name is defined, as module and name.
_DEFINED_IN = {
    "OnrecordError": ("pipeline.errors", "OnrecordError"),
    "Settings": ("pipeline.settings", "Settings"),
    "Summary": ("pipeline.curate", "Summary"),
    "Version": ("pipeline.store", "Version"),
    "__version__": ("pipeline.settings", "VERSION"),
    "curate": ("pipeline.curate", "curate"),
    "open_version": ("pipeline.store", "open_version"),
}


def _check_pipeline() -> None:
    """Check that ``pipeline`` is the package installed with this one: its name is a common one.

    Raises:
        ImportError: another module of that name comes first; says which file, and what to do.
    """
    ours = Path(__file__).resolve().parent.parent / "pipeline" / "__init__.py"
    loaded = sys.modules.get("pipeline")
    spec = getattr(loaded, "__spec__", None) if loaded else find_spec("pipeline")
    found = getattr(spec, "origin", None) or getattr(loaded, "__file__", None)
    if found is None or Path(found).resolve() != ours:
        raise ImportError(
            f"onrecord needs its own package 'pipeline' ({ours}), but Python finds {found or 'none'} first; "
            "rename that file, or start Python in a folder without it"
        )


_check_pipeline()


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _DEFINED_IN:
        raise AttributeError(f"module 'onrecord' has no attribute {name!r}")
    module, defined_as = _DEFINED_IN[name]
    return getattr(import_module(module), defined_as)
