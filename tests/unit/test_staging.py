"""Staged rows are read back by article, in few chunks."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from pipeline.contract import STAGED, Mention, to_table
from pipeline.staging import Place, Staging, no_rows, stage


def mention_of(article_id: str) -> Mention:
    return Mention(
        mention_id=article_id,
        article_id=article_id,
        published_on=None,
        entity_id=article_id,
        entity_name="Mara Oduya",
        entity_type="PERSON",
        link_source=None,
        link_id=None,
        link_confidence=None,
        text="Oduya",
        start_char=0,
        end_char=5,
        title=None,
        form="name",
        quote_id=None,
        confidence=None,
    )


def batch_of(*articles: str) -> dict[str, pa.Table]:
    """Return the rows of a batch as workers make them, one chunk per article."""
    pieces = [stage(to_table(Mention, [mention_of(article)] * 2), number) for number, article in enumerate(articles)]
    return {name: no_rows(name) for name in STAGED} | {"mentions": pa.concat_tables(pieces)}


def test_rows_are_read_back_by_article(tmp_path: Path) -> None:
    staging = Staging(tmp_path)
    assert [staging.add(batch_of("a", "b", "c")), staging.add(batch_of("d", "e"))] == [0, 1]
    found = list(staging.read("mentions", [Place(1, 1), Place(0, 0), Place(0, 2)], ["article_id"]))
    assert [part["article_id"].to_pylist() for part in found] == [["a", "a", "c", "c"], ["e", "e"]]
    assert not sum(part.num_rows for part in staging.read("articles", [Place(0, 0)]))
