"""The state tables: what a version keeps for the next run. They are not for people, and are stored like tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pipeline.contract.columns import Count, Table
from pipeline.contract.tables import TABLES, Mention, Quote

Outcome = Literal["article", "superseded", "reject"]


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one raw record; lets the next run skip it if it has not changed."""

    source: str
    raw_path: str
    raw_record: str
    content_sha256: str  # of the record and its sidecar together
    is_there: bool  # whether its file contained it when last read
    recipe: str  # fingerprint of the settings it was curated with
    made_by: str  # the code that curated it (settings.made_by)
    outcome: Outcome
    reason: str | None
    article_id: str | None
    fetched_at: datetime | None
    content_count: int  # different contents this record has had as its article


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A raw file that was read to its end; lets the next run leave it closed."""

    source: str
    raw_path: str
    stamp: str  # what the file system says about it without reading it; empty where that is not reliable
    file_sha256: str  # fingerprint of its content and its sidecar's
    recipe: str
    article_count: int  # records that are articles,
    superseded_count: int  # superseded records,
    reject_reasons: list[Count]  # rejects by reason,
    skip_reasons: list[Count]  # and skipped records by reason
    end_byte: int  # where to continue reading if the file has only grown: after its last record; 0 if it cannot be
    end_record: int  # number of records up to there


@dataclass(frozen=True, slots=True)
class Signature:
    """What is kept of an article's body to find its copies, of one size for any number of words."""

    article_id: str
    published_on: date | None  # also None where only month or year is known: that cannot order articles
    published_at: datetime | None  # orders articles within a day
    raw_path: str
    words: bytes  # digest of the words in order
    minhash: bytes  # empty where the body is too short for near copies


@dataclass(frozen=True, slots=True)
class EntityCount:
    """The counts of one entity under one name in the articles of one part."""

    entity_id: str
    entity_name: str
    entity_type: str
    link_source: str | None
    link_id: str | None
    aliases: list[str]  # other names in these articles
    article_count: int
    original_article_count: int
    mention_count: int
    original_mention_count: int
    name_count: int
    quote_count: int
    original_quote_count: int
    confidence_sum: int  # of the links, in millionths: whole numbers have the same sum in any order
    first_seen_on: date | None
    last_seen_on: date | None


@dataclass(frozen=True, slots=True)
class ReviewedQuote:
    """A quote that a corrections file names: distinguishes one that is gone, or withdrawn, from one that never was."""

    target: str  # as the file names it: a quote_id, or "article_id[start:end]"
    quote_id: str
    article_id: str
    digest: str  # of the corrections of it
    is_waiting: bool  # whether the quote is missing now


@dataclass(frozen=True, slots=True)
class Part:
    """Some articles of a month that are stored together, in files of one name, and their counts."""

    month: str
    name: str
    article_count: int
    quote_count: int
    mention_count: int
    undated_count: int  # articles whose day is not known
    tallies: list[Count]  # what a report counts


STATE: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("signatures", Signature, ("article_id",), is_monthly=True),
        Table("entity_counts", EntityCount, ("entity_id", "entity_name"), is_monthly=True),
        Table("parts", Part, ("month", "name")),
        Table("records", Record, ("source", "raw_path", "raw_record")),
        Table("files", ReadFile, ("source", "raw_path")),
        Table("reviewed", ReviewedQuote, ("target",)),
        Table("machine_quotes", Quote, ("article_id", "position")),
        Table("machine_mentions", Mention, ("article_id", "start_char", "end_char")),
    )
}
ALL_TABLES: Mapping[str, Table] = {**TABLES, **STATE}
# Tables whose files of one name contain the rows of the same articles; and those of them that workers make.
MONTHLY = tuple(name for name, table in ALL_TABLES.items() if table.is_monthly)
STAGED = tuple(name for name in MONTHLY if name != "entity_counts")
