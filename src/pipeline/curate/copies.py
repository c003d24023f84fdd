"""Which articles are copies of others: looked for around what a run changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import store
from pipeline.contract import STATE, Article, Signature, arrow_schema
from pipeline.curate.work import Staged, Work
from pipeline.duplicates import Body, match_changes, sign
from pipeline.store import PublishedArticle

DAY_KNOWN = frozenset(("minute", "day", "inferred"))
BODY = (
    "article_id",
    "published_on",
    "published_at",
    "published_precision",
    "raw_path",
    "headline",
    "text",
    "body_start_char",
)


def sign_article(article: Article) -> list[Signature]:
    """What finds an article's copies; none of pages that ask for consent: they all say the same, and copy nothing."""
    if "consent_page" in article.quality_flags:
        return []
    return [sign(_as_body({name: getattr(article, name) for name in BODY}))]


def _as_body(row: Mapping[str, Any]) -> Body:
    # The first of a month that only the month is known of would claim to be the earliest.
    published_on = row["published_on"] if row["published_precision"] in DAY_KNOWN else None
    text = row["text"][row["body_start_char"] :]
    return Body(row["article_id"], published_on, row["raw_path"], text, row["headline"], row["published_at"])


def find_copies(
    work: Work, fresh: Mapping[str, Staged], gone: Mapping[str, PublishedArticle]
) -> dict[str, dict[str, object]]:
    """What a run changes of which article is a copy of which: columns of ``articles``, by article_id.

    Args:
        work: the run.
        fresh: the articles whose rows come.
        gone: those whose rows go.
    """
    previous, schema = work.previous, arrow_schema(STATE["signatures"].row)
    places = {each: staged.place for each, staged in fresh.items()}
    come = pa.concat_tables([schema.empty_table(), *work.staging.read("signatures", places.values())])
    left = _signatures_of(previous, gone) if previous else []

    def read_signatures(first: date | None, last: date | None) -> Iterable[pa.Table]:
        return previous.read_signatures(first, last) if previous else ()

    def read_bodies(article_ids: Set[str]) -> Iterator[Body]:
        staged = [place for each, place in places.items() if each in article_ids]
        parts = list(work.staging.read("articles", staged, BODY))
        if previous:
            parts += [rows for _, rows in previous.find("articles", "article_id", article_ids - fresh.keys(), BODY)]
        return (_as_body(row) for part in parts for row in part.to_pylist())

    nothing: dict[str, object] = {"duplicate_of": None, "duplicate_kind": None, "duplicate_similarity": None}
    found = dict.fromkeys(fresh, nothing)
    for article_id, copy in match_changes(
        come, pa.concat_tables([schema.empty_table(), *left]), read_signatures, read_bodies
    ).items():
        of = (copy.duplicate_of, copy.kind, copy.similarity) if copy else (None, None, None)
        found[article_id] = dict(zip(nothing, of, strict=True))
    return found


def _signatures_of(version: store.Version, articles: Mapping[str, PublishedArticle]) -> list[pa.Table]:
    """The signatures of some articles, where they lie."""
    homes = sorted({held.home for held in articles.values()})
    parts = [version.read_file("signatures", version.folder("signatures", month) / name) for month, name in homes]
    return [rows.filter(pc.is_in(rows["article_id"], pa.array(articles, pa.string()))) for rows in parts]
