"""Raw news articles in, tables that people can trust out."""

from pipeline.store import Version, open_version

__all__ = ["Version", "open_version"]
