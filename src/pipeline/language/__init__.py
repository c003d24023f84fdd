"""The one look at a text that quotes and entities share.

Its words and sentences, what stands between its marks, and in English what the trained tagger finds.
"""

from pipeline.language.foreign_attribution import ForeignAttribution
from pipeline.language.reading import Reading, Span, Word, count_words, read_language

__all__ = ["ForeignAttribution", "Reading", "Span", "Word", "count_words", "read_language"]
