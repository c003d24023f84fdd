"""Quotations, their cues and their speakers, resolved against the article's mentions."""

from pipeline.quotes.extract import extract_quotes

__all__ = ["extract_quotes"]
