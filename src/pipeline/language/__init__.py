"""The one look at a text that quotes and entities share: its words and sentences.

A trained tagger will find its place here; what it finds becomes further fields of ``Reading``.
"""

from pipeline.language.reading import Reading, Span, Word, count_words, read_language
from pipeline.language.said_by import SaidBy

__all__ = ["Reading", "SaidBy", "Span", "Word", "count_words", "read_language"]
