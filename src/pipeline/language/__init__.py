"""The language pass, which quotes and entities share: sentences, quotation marks and the tagger."""

from pipeline.language.foreign_attribution import ForeignAttribution
from pipeline.language.reading import Reading, Span, count_words, read_language

__all__ = ["ForeignAttribution", "Reading", "Span", "count_words", "read_language"]
