"""Find who and what articles name: mentions, clusters, links to outside lists, and entities of the data set."""

from pipeline.entities.data_set import count_entities, sum_entities, summarise_entities
from pipeline.entities.knowledge import Knowledge, build_knowledge, digest_knowledge
from pipeline.entities.mentions import complete_mentions, entity_id_of, extract_mentions

__all__ = [
    "Knowledge",
    "build_knowledge",
    "complete_mentions",
    "count_entities",
    "digest_knowledge",
    "entity_id_of",
    "extract_mentions",
    "sum_entities",
    "summarise_entities",
]
