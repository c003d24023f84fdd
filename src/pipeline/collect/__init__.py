"""Collect pages: the web → raw/. Feeds and sitemaps announce new pages; each is saved once, with a sidecar."""

from pipeline.collect.fetch import Limits
from pipeline.collect.outcomes import OUTCOMES
from pipeline.collect.run import Summary, collect, describe
from pipeline.collect.sources import Sources, read_sources

__all__ = ["OUTCOMES", "Limits", "Sources", "Summary", "collect", "describe", "read_sources"]
