"""The one look at a text that quotes and entities share: its words and sentences.

A trained tagger will find its place here; what it finds becomes further fields of ``Reading``.
"""

from pipeline.language.reading import Reading, Span, Word, read_language

__all__ = ["Reading", "Span", "Word", "read_language"]
