"""The entities of the whole data set, counted from its mentions and quotes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline.contract import Entity, EntityType, LinkSource
from pipeline.language.places import cities, countries

CITY_CONFIDENCE = 0.8  # the largest city of a name is meant far more often than not


def build_entities(mentions: pa.Table, quotes: pa.Table) -> list[Entity]:
    """Count the data set's entities.

    Args:
        mentions: entity_id, entity_name, entity_type, text, form, article_id, published_on.
        quotes: speaker_entity_id.
    """
    rows = mentions.to_pandas()
    if rows.empty:
        return []
    spoken = quotes.to_pandas()["speaker_entity_id"].value_counts()
    names = rows[(rows["form"] == "name") & (rows["text"] != rows["entity_name"])]
    aliases = names.groupby("entity_id")["text"].agg(lambda texts: sorted({" ".join(text.split()) for text in texts}))
    grouped = rows.groupby("entity_id", sort=True)
    counted = pd.DataFrame(
        {
            "name": grouped["entity_name"].first(),
            "kind": grouped["entity_type"].first(),
            "articles": grouped["article_id"].nunique(),
            "mentions": grouped.size(),
            "first": grouped["published_on"].min(),
            "last": grouped["published_on"].max(),
        }
    )
    return [
        _entity(str(entity_id), row, aliases.get(entity_id, []), int(spoken.get(entity_id, 0)))
        for entity_id, row in counted.iterrows()
    ]


def _entity(entity_id: str, row: pd.Series[Any], aliases: list[str], quote_count: int) -> Entity:
    name, kind = row["name"], row["kind"]
    source, link_id, confidence = _link(kind, name)
    return Entity(
        entity_id=entity_id,
        name=name,
        is_full_name=kind != "PERSON" or " " in name,
        entity_type=kind,
        aliases=[alias for alias in aliases if alias != name],
        link_source=source,
        link_id=link_id,
        link_confidence=confidence,
        article_count=int(row["articles"]),
        mention_count=int(row["mentions"]),
        quote_count=quote_count,
        first_seen_on=_day(row["first"]),
        last_seen_on=_day(row["last"]),
    )


def _day(value: object) -> date | None:
    return value if isinstance(value, date) and not pd.isna(value) else None


def _link(kind: EntityType, name: str) -> tuple[LinkSource | None, str | None, float | None]:
    if kind != "GPE":
        return None, None, None
    country = countries().get(name)
    if country and country.link_id:
        return "iso3166-1", country.link_id, 1.0
    city = cities().get(name)
    return ("geonames", city.link_id, CITY_CONFIDENCE) if city else (None, None, None)
