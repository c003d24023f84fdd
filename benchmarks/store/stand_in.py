"""What takes the place of annotation: rows of all tables that workers make, valid and cheap, and of the usual number.

The rows say nothing: a quote is a stretch of the text, a mention a word of it, and the names are drawn. They have the
sizes that rows have: four quotes and twelve mentions of six entities an article, whose names are drawn from a million by
Zipf's law, so that each day brings new ones.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import orjson
import pyarrow as pa

from pipeline.batches import Batch, CurateBatch, MapBatches, Task, in_processes
from pipeline.contract import Article, ArticleEntity, Mention, Quote, Signature, arrow_schema, stable_id, to_table
from pipeline.duplicates import Body, sign
from pipeline.normalise.identity import canonicalise_url, identify
from pipeline.read import RawRecord
from pipeline.staging import STAGED_AT

QUOTES, MENTIONS, ENTITIES = 4, 12, 6
QUOTE_CHARS, CONTEXT_CHARS = 100, 120
NAMES = 1_000_000
SYLLABLES = (
    "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bran cher dun fal gor hol kem lin mar nor".split()
)
KINDS = ("PERSON", "PERSON", "ORG", "GPE", "PERSON", "ORG", "LOC", "FAC", "NORP")
Row = dict[str, Any]


def with_stand_in(workers: int) -> MapBatches:
    """Run batches through the stand-in, whatever work they were meant for."""
    run = in_processes(workers)

    def run_stand_in(work: CurateBatch, tasks: Iterable[Task]) -> Iterable[Batch]:  # noqa: ARG001
        return run(annotate, tasks)

    return run_stand_in


@dataclass(frozen=True, slots=True)
class Named:
    """An entity as articles name it."""

    entity_id: str
    name: str
    kind: str


@cache
def entity(rank: int) -> Named:
    """Return the entity with ``rank`` more frequent ones."""
    digits: list[str] = []
    rest = rank
    while rest or not digits:
        rest, digit = divmod(rest, len(SYLLABLES))
        digits.append(SYLLABLES[digit])
    name, kind = f"{SYLLABLES[rank * 7 % len(SYLLABLES)]}a {''.join(digits)}".title(), KINDS[rank % len(KINDS)]
    return Named(stable_id(kind, name), name, kind)


def annotate(task: Task) -> Batch:
    """Return the rows of some raw records."""
    made: dict[str, list[Row]] = {"articles": [], "quotes": [], "mentions": [], "article_entities": []}
    signatures = []
    for record in map(RawRecord.digested, task.records):
        article = make_article(record)
        made["articles"].append(article)
        quotes, mentions, entities = make_rows(article)
        made["quotes"] += quotes
        made["mentions"] += mentions
        made["article_entities"] += entities
        body = article["text"][article["body_start_char"] :]
        signatures.append(
            sign(
                Body(
                    article["article_id"],
                    article["published_on"],
                    article["raw_path"],
                    body,
                    article["headline"],
                    article["published_at"],
                )
            )
        )
    at = {row["article_id"]: number for number, row in enumerate(made["articles"])}
    kinds = {"articles": Article, "quotes": Quote, "mentions": Mention, "article_entities": ArticleEntity}
    tables = {name: as_table(kinds[name], rows) for name, rows in made.items()}
    tables["signatures"] = to_table(Signature, signatures)
    return Batch({name: staged(table, at) for name, table in tables.items()}, ())


def staged(rows: pa.Table, at: Mapping[str, int]) -> pa.Table:
    """Return rows with STAGED_AT."""
    return rows.append_column(
        STAGED_AT, pa.array([at[article_id] for article_id in rows["article_id"].to_pylist()], pa.int64())
    )


def as_table(row: type, rows: Sequence[Row]) -> pa.Table:
    """Return an Arrow table of rows; missing columns get their default, an empty list, or null."""
    defaults = {field.name: field.default for field in fields(row) if field.default is not MISSING}
    arrays = []
    for field in arrow_schema(row):
        if rows and field.name in rows[0]:
            arrays.append(pa.array([row[field.name] for row in rows], field.type))
        elif pa.types.is_list(field.type):
            arrays.append(pa.array([[]] * len(rows), field.type))
        else:
            arrays.append(pa.repeat(pa.scalar(defaults.get(field.name), field.type), len(rows)))
    return pa.Table.from_arrays(arrays, schema=arrow_schema(row))


def make_article(record: RawRecord) -> Row:
    """Return the article of a JSON record, or of a text with its day in the folder's name."""
    if record.kind == "json":
        given = orjson.loads(record.data)
    else:
        title, _, text = record.data.decode().partition("\n\n")
        given = {"title": title, "text": text.rstrip(), "published_at": record.ref.raw_path[:10].replace("/", "-")}
    at = datetime.fromisoformat(given["published_at"])
    url = canonicalise_url(given["url"]) if "url" in given else None
    text = f"{given['title']}\n\n{given['text']}"
    return {
        "article_id": identify(record.ref, url),
        "source": record.ref.source,
        "raw_path": record.ref.raw_path,
        "raw_record": record.ref.raw_record,
        "raw_sha256": record.ref.raw_sha256,
        "input_format": record.input_format,
        "encoding": "utf-8",
        "publisher": given.get("publisher", "Outlet"),
        "publisher_source": "record" if url else "source",
        "url": given.get("url"),
        "url_source": "record" if url else None,
        "canonical_url": url,
        "headline": given["title"],
        "headline_source": "record",
        "published_on": at.date(),
        "published_at": at.astimezone(UTC) if url else None,
        "published_precision": "minute" if url else "day",
        "published_source": "record" if url else "url",
        "published_evidence": given["published_at"],
        "fetched_at": datetime.fromisoformat(given["fetched_at"]) if url else None,
        "language": "en",
        "language_source": "record",
        "text": text,
        "body_start_char": len(given["title"]) + 2,
        "segments": list(segments(text)),
        "word_count": given["text"].count(" ") + 1,
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def segments(text: str) -> Iterator[Row]:
    """Return the segments: headline and paragraphs."""
    parts = text.split("\n\n")
    starts = accumulate((len(part) + 2 for part in parts), initial=0)
    for number, (start, end) in enumerate(pairwise(starts)):
        yield {"kind": "paragraph" if number else "headline", "start_char": start, "end_char": end - 2}


def make_rows(article: Row) -> tuple[list[Row], list[Row], list[Row]]:
    """Return quotes, mentions and article_entities of an article; every third mention begins a quote."""
    text, day, article_id = article["text"], article["published_on"], article["article_id"]
    rng = random.Random(article_id)
    named = [entity(int(NAMES ** rng.random())) for _ in range(ENTITIES)]
    named = list({mention.entity_id: mention for mention in named}.values())
    places = [word_at(text, len(text) * number // MENTIONS) for number in range(MENTIONS)]
    quotes: list[Row] = []
    mentions: list[Row] = []
    for number, (start, end) in enumerate(places):
        mention = named[number % len(named)]
        if number % (MENTIONS // QUOTES) == 0:
            quotes.append(make_quote(text, start, quotes, article_id, day, mention))
        mentions.append(
            {
                "mention_id": stable_id(article_id, start, end),
                "article_id": article_id,
                "published_on": day,
                "entity_id": mention.entity_id,
                "entity_name": mention.name,
                "entity_type": mention.kind,
                "text": text[start:end],
                "start_char": start,
                "end_char": end,
                "form": "name",
                "quote_id": quotes[-1]["quote_id"] if start < quotes[-1]["end_char"] else None,
                "confidence": 0.9,
            }
        )
    spoken = [quote["speaker_entity_id"] for quote in quotes]
    entities = [
        summarise(
            mention, [row for row in mentions if row["entity_id"] == mention.entity_id], spoken.count(mention.entity_id)
        )
        for mention in sorted(named, key=lambda mention: mention.entity_id)
    ]
    return quotes, mentions, entities


def word_at(text: str, near: int) -> tuple[int, int]:
    """Return the span of the word after the first space from an offset on."""
    start = text.find(" ", near) + 1
    end = text.find(" ", start)
    return start, end if end > 0 else len(text)


def make_quote(text: str, start: int, before: Sequence[Row], article_id: str, day: date, speaker: Named) -> Row:
    """Return a quote of some hundred characters, with the two words after it as cue and speaker; every fourth has none."""
    position = len(before)
    end = text.find(" ", start + QUOTE_CHARS)
    end = end if end > 0 else len(text)
    earlier = sum(quote["text"] == text[start:end] for quote in before)  # a sentence may come twice
    is_attributed = position < QUOTES - 1 and text.count(" ", end) > 3
    cue, said_by = (word_at(text, end), word_at(text, word_at(text, end)[1])) if is_attributed else (None, None)
    return {
        "quote_id": stable_id(article_id, text[start:end], earlier),
        "article_id": article_id,
        "published_on": day,
        "utterance_id": stable_id(article_id, position),
        "position": position,
        "quote_type": "direct",
        "text": text[start:end],
        "start_char": start,
        "end_char": end,
        "is_closed": True,
        "segment_kind": "paragraph",
        "cue": text[slice(*cue)] if cue else None,
        "cue_start_char": cue[0] if cue else None,
        "cue_end_char": cue[1] if cue else None,
        "speaker": text[slice(*said_by)] if said_by else None,
        "speaker_start_char": said_by[0] if said_by else None,
        "speaker_end_char": said_by[1] if said_by else None,
        "speaker_form": "name" if said_by else "none",
        "speaker_entity_id": speaker.entity_id if said_by else None,
        "speaker_name": speaker.name if said_by else None,
        "speaker_status": "named" if said_by else "unattributed",
        "speaker_method": "surname" if said_by else "none",
        "speaker_confidence": 0.8 if said_by else None,
        "context_before": text[max(0, start - CONTEXT_CHARS) : start],
        "context_after": text[end : end + CONTEXT_CHARS],
    }


def summarise(each: Named, mentions: Sequence[Row], quote_count: int) -> Row:
    """Return the row of article_entities for an entity."""
    first = mentions[0]
    return {
        **{name: first[name] for name in ("article_id", "published_on", "entity_id", "entity_name", "entity_type")},
        "aliases": [each.name.split()[-1]],
        "mention_count": len(mentions),
        "name_count": len(mentions),
        "quote_count": quote_count,
        "first_char": first["start_char"],
        "is_in_headline": first["start_char"] < 40,
        "salience": round(500 / (500 + first["start_char"]), 4),
    }
