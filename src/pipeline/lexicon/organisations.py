"""Words and names of organisations, events, facilities and parts of the world."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.lexicon.words import read_lines, read_table, read_words

ORG_WORDS = read_words("organisation_words.txt", "organisations")
EVENT_WORDS = read_words("organisation_words.txt", "events")
FACILITY_WORDS = read_words("organisation_words.txt", "facilities")
KNOWN_ORGANISATIONS: Mapping[str, str] = read_table("known_organisations.tsv")  # entity name by printed name
REGIONS = frozenset(read_lines("world_regions.txt"))
