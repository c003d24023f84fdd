"""Turn a RawArticle into an Article or a Reject: repaired text, segments, dates, language and identity.

``articles.text`` is written here, once; no later stage changes it.
"""

from pipeline.normalise.article import normalise
from pipeline.normalise.identity import article_id_of

__all__ = ["article_id_of", "normalise"]
