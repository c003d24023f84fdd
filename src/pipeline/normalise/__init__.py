"""RawArticle → Article | Reject: text repair, furniture, segments, dates, language and identity.

``articles.text`` is written here, once; no later stage changes it.
"""

from pipeline.normalise.article import normalise
from pipeline.normalise.dateline import Dateline, read_dateline
from pipeline.normalise.dates import DateClues, Published, date_article
from pipeline.normalise.identity import article_id_of

__all__ = ["DateClues", "Dateline", "Published", "article_id_of", "date_article", "normalise", "read_dateline"]
