"""Find copies of articles, as far as a run can have changed them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import store
from pipeline.contract import STATE, Article, Signature, arrow_schema
from pipeline.curate.context import RunContext
from pipeline.curate.intake import StagedArticle
from pipeline.duplicates import Body, match_changes, sign
from pipeline.store import PublishedArticle

PRECISIONS_OF_A_DAY = frozenset(("minute", "day", "inferred"))
BODY_COLUMNS = (
    "article_id",
    "published_on",
    "published_at",
    "published_precision",
    "raw_path",
    "headline",
    "text",
    "body_start_char",
)
NO_COPY: Mapping[str, object] = {"duplicate_of": None, "duplicate_kind": None, "duplicate_similarity": None}


def sign_article(article: Article) -> list[Signature]:
    """Return the signature that finds an article's copies; none for a consent page, since all of them read alike."""
    if "consent_page" in article.quality_flags:
        return []
    return [sign(_as_body({name: getattr(article, name) for name in BODY_COLUMNS}))]


def _as_body(row: Mapping[str, Any]) -> Body:
    # An article known by its month alone has the first of the month, and would pass for the earliest.
    published_on = row["published_on"] if row["published_precision"] in PRECISIONS_OF_A_DAY else None
    text = row["text"][row["body_start_char"] :]
    return Body(row["article_id"], published_on, row["raw_path"], text, row["headline"], row["published_at"])


def find_copies(
    run: RunContext, added: Mapping[str, StagedArticle], removed: Mapping[str, PublishedArticle]
) -> dict[str, dict[str, object]]:
    """Return the duplicate columns of ``articles`` that a run changes, by article_id.

    Args:
        run: the run.
        added: the articles whose rows are added.
        removed: the articles whose rows are removed.
    """
    previous, schema = run.previous, arrow_schema(STATE["signatures"].row)
    places = {article_id: staged.place for article_id, staged in added.items()}
    new_signatures = pa.concat_tables([schema.empty_table(), *run.staging.read("signatures", places.values())])
    old_signatures = pa.concat_tables(
        [schema.empty_table(), *(_read_signatures_of(previous, removed) if previous else ())]
    )

    def read_signatures(first: date | None, last: date | None) -> Iterable[pa.Table]:
        return previous.read_signatures(first, last) if previous else ()

    def read_bodies(article_ids: Set[str]) -> Iterator[Body]:
        staged = [place for article_id, place in places.items() if article_id in article_ids]
        parts = list(run.staging.read("articles", staged, BODY_COLUMNS))
        if previous:
            published = previous.find("articles", "article_id", article_ids - added.keys(), BODY_COLUMNS)
            parts += [rows for _, rows in published]
        return (_as_body(row) for part in parts for row in part.to_pylist())

    found = {article_id: dict(NO_COPY) for article_id in added}
    changes = match_changes(new_signatures, old_signatures, read_signatures, read_bodies)
    for article_id, copy in changes.items():
        values = (copy.duplicate_of, copy.kind, copy.similarity) if copy else (None, None, None)
        found[article_id] = dict(zip(NO_COPY, values, strict=True))
    return found


def _read_signatures_of(version: store.Version, articles: Mapping[str, PublishedArticle]) -> Iterator[pa.Table]:
    """Yield the signatures of some articles of a version."""
    for month, name in sorted({article.home for article in articles.values()}):
        rows = version.read_file("signatures", version.folder("signatures", month) / name)
        yield rows.filter(pc.is_in(rows["article_id"], pa.array(articles, pa.string())))
