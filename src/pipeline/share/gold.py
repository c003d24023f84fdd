"""Reviewed quotes → files to train and measure with."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.contract import Mention, Quote, from_table
from pipeline.errors import StorageError
from pipeline.share.export import check_empty
from pipeline.store import Version

# The columns whose machine-made values are written beside the reviewed ones.
REVIEWABLE = ("quote_type", "speaker_entity_id", "speaker_name", "speaker_role", "speaker_status")
COLUMNS = (
    *("article_id", "quote_id", "review_status", "text", "start_char", "end_char", "cue_start_char", "cue_end_char"),
    *("speaker_start_char", "speaker_end_char", *REVIEWABLE),
)
README = """# Reviewed quotes

`text/ARTICLE_ID.txt` are the articles. `quotes.jsonl` has a line for each quote that people confirmed, corrected or
removed (`is_quote` false), with the machine's values under `machine`; offsets are half-open code points into the text.
`attributions/` has annotations in brat's stand-off format, which `python -m training --train FOLDER` reads, for the
articles of which every quote was reviewed. Quotes that the machine did not find at all are in none of these files.
"""


@dataclass(frozen=True, slots=True)
class GoldCount:
    """What was written."""

    quotes: int  # reviewed quotes
    articles: int  # the articles they are from
    annotated: int  # those of the articles with all quotes reviewed and all printed speakers right


class _Article(NamedTuple):
    """An article with reviewed quotes."""

    article_id: str
    text: str
    machine: Sequence[Quote]  # as the machine made them
    published: Mapping[str, Quote]  # by quote_id, without those that a reviewer removed
    mentions: Sequence[Mention]

    @property
    def kept(self) -> list[Quote]:
        return [self.published[quote.quote_id] for quote in self.machine if quote.quote_id in self.published]


def write_gold(version: Version, target: Path) -> GoldCount:
    """Write the quotes that people have reviewed, with their articles' texts.

    Args:
        version: the version they are in.
        target: a new or empty folder.

    Raises:
        UsageError: if ``target`` is not empty.
        StorageError: if the disk refuses.
    """
    check_empty(target)
    try:
        return _write(_read_articles(version), target)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be written: {error.strerror}; make room, or name another folder"
        ) from error


def _read_articles(version: Version) -> list[_Article]:
    ids = sorted(set(version.read("reviewed", ["article_id"])["article_id"].to_pylist()))
    machine: dict[str, list[Quote]] = defaultdict(list)
    for quote in from_table(version.find_all("machine_quotes", "article_id", ids), Quote):
        machine[quote.article_id].append(quote)
    published: dict[str, dict[str, Quote]] = defaultdict(dict)
    for quote in from_table(version.find_all("quotes", "article_id", ids), Quote):
        published[quote.article_id][quote.quote_id] = quote
    mentions: dict[str, list[Mention]] = defaultdict(list)
    for mention in from_table(version.find_all("mentions", "article_id", ids), Mention):
        mentions[mention.article_id].append(mention)
    rows = version.find_all("articles", "article_id", ids, ["article_id", "text"]).sort_by("article_id").to_pylist()
    return [
        _Article(
            row["article_id"],
            row["text"],
            machine[row["article_id"]],
            published[row["article_id"]],
            mentions[row["article_id"]],
        )
        for row in rows
    ]


def _write(articles: Sequence[_Article], target: Path) -> GoldCount:
    for part in ("text", "attributions"):
        (target / part).mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    article_count = annotated_count = 0
    for article in articles:
        reviewed = [quote for quote in article.machine if _is_reviewed(article.published.get(quote.quote_id))]
        if not reviewed:
            continue
        lines += [_as_line(quote, article.published.get(quote.quote_id)) for quote in reviewed]
        article_count += 1
        (target / "text" / f"{article.article_id}.txt").write_bytes(article.text.encode())
        is_complete = len(reviewed) == len(article.machine)
        if is_complete and all(_is_printed_speaker_right(quote, article.mentions) for quote in article.kept):
            annotated_count += 1
            annotation = annotate(article.text, article.kept)
            (target / "attributions" / f"{article.article_id}_reviewed.ann").write_bytes(annotation.encode())
    (target / "quotes.jsonl").write_bytes("".join(lines).encode())
    (target / "README.md").write_text(README, "utf-8")
    return GoldCount(len(lines), article_count, annotated_count)


def _is_reviewed(published: Quote | None) -> bool:
    """Return whether people confirmed or corrected a quote; None if they removed it."""
    return published is None or published.review_status != "machine"


def _as_line(machine: Quote, published: Quote | None) -> str:
    quote = asdict(published or machine)
    line = {name: quote[name] for name in COLUMNS} | {"is_quote": published is not None}
    if published is None:
        line["review_status"] = "corrected"
    line["machine"] = {name: getattr(machine, name) for name in REVIEWABLE}
    return json.dumps(line, ensure_ascii=False) + "\n"


def _is_printed_speaker_right(quote: Quote, mentions: Sequence[Mention]) -> bool:
    """Return whether the printed name is one of the reviewed speaker's; printed roles and pronouns always are."""
    start, end = quote.speaker_start_char, quote.speaker_end_char
    if quote.review_status == "confirmed" or start is None or end is None or quote.speaker_form != "name":
        return True
    return any(
        mention.entity_id == quote.speaker_entity_id and start < mention.end_char and mention.start_char < end
        for mention in mentions
    )


def annotate(text: str, quotes: Sequence[Quote]) -> str:
    """Return quotes in brat's stand-off format: one event for the quotes that share a cue and a printed speaker."""
    events: dict[tuple[object, ...], list[Quote]] = defaultdict(list)
    started: dict[str, tuple[object, ...]] = {}
    for quote in quotes:
        event: tuple[object, ...] = (quote.utterance_id, quote.cue_start_char, quote.speaker_start_char)
        if quote.cue is None and quote.speaker is None:  # the utterance continues
            event = started.get(quote.utterance_id, event)
        started[quote.utterance_id] = event
        events[event].append(quote)
    lines: list[str] = []
    span_count = 0
    for number, parts in enumerate(events.values(), 1):
        first = parts[0]
        spans = [("Source", first.speaker_start_char, first.speaker_end_char)]
        spans += [("Cue", first.cue_start_char, first.cue_end_char)]
        spans += [
            (f"Content{part_number if part_number > 1 else ''}", part.start_char, part.end_char)
            for part_number, part in enumerate(parts, 1)
        ]
        names: dict[str, str] = {}
        for role, start, end in spans:
            if start is not None:
                span_count += 1
                names[role] = f"T{span_count}"
                kind = role.rstrip("0123456789")
                lines.append(f"{names[role]}\t{kind} {start} {end}\t{' '.join(text[start:end].split())}")
        roles = " ".join(f"{role}:{name}" for role, name in names.items())
        lines.append(f"E{number}\tAttribution:{names['Content']} {roles}")
    return "".join(f"{line}\n" for line in lines)
