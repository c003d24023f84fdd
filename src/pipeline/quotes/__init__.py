"""Quotes with their cues and speakers, resolved to the article's mentions."""

from pipeline.quotes.extract import extract_quotes

__all__ = ["extract_quotes"]
