"""Who and what is named: mentions, names that belong together inside an article, entities of the data set."""

from pipeline.entities.data_set import build_entities, summarise_entities
from pipeline.entities.mentions import entity_id_of, extract_mentions, mark_quoted

__all__ = ["build_entities", "entity_id_of", "extract_mentions", "mark_quoted", "summarise_entities"]
