"""What people have looked at → files to train and measure with."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.contract import Mention, Quote, from_table
from pipeline.errors import StorageError, UsageError

CORRECTABLE = ("quote_type", "speaker_entity_id", "speaker_name", "speaker_role", "speaker_status")
TOLD = (
    *("article_id", "quote_id", "review_status", "text", "start_char", "end_char", "cue_start_char", "cue_end_char"),
    *("speaker_start_char", "speaker_end_char", *CORRECTABLE),
)
README = """# Quotes that people have looked at

`text/ARTICLE_ID.txt` are the articles. `quotes.jsonl` has a line for each quote that people confirmed, corrected or took
away (`is_quote` false), with what the machine had made of it under `machine`; offsets are half-open code points into the text.
`attributions/` has the annotation, in brat's stand-off format, of the articles of which every quote was looked at: what
`python -m training --train FOLDER` reads. What the machine had not found at all is in none of them.
"""


@dataclass(frozen=True, slots=True)
class GoldCount:
    """What was written."""

    quotes: int  # looked at
    articles: int  # that hold them
    annotated: int  # of these, articles of which every quote was looked at, and whose printed speakers are right


def write_gold(
    articles: pa.Table, quotes: pa.Table, mentions: pa.Table, machine_quotes: pa.Table, target: Path
) -> GoldCount:
    """Write the quotes that people have looked at, with their articles' texts.

    Args:
        articles: ``article_id`` and ``text`` of the articles that hold them.
        quotes: all quotes of these articles, as published.
        mentions: all mentions of these articles.
        machine_quotes: all quotes of these articles as the machine made them.
        target: a new or empty folder.

    Raises:
        UsageError: if ``target`` holds something already.
        StorageError: if the disk refuses.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not empty; name a new folder")
    try:
        return _write(articles, quotes, mentions, machine_quotes, target)
    except OSError as error:
        raise StorageError(
            f"{target} cannot be written: {error.strerror}; make room, or name another folder"
        ) from error


def _write(
    articles: pa.Table, quotes: pa.Table, mentions: pa.Table, machine_quotes: pa.Table, target: Path
) -> GoldCount:
    for part in ("text", "attributions"):
        (target / part).mkdir(parents=True, exist_ok=True)
    now = {quote.quote_id: quote for quote in from_table(quotes, Quote)}
    of_article: dict[str, list[Quote]] = defaultdict(list)
    for quote in from_table(machine_quotes, Quote):
        of_article[quote.article_id].append(quote)
    seen: dict[str, list[Mention]] = defaultdict(list)
    for mention in from_table(mentions, Mention):
        seen[mention.article_id].append(mention)
    lines: list[str] = []
    article_count = annotated_count = 0
    for row in articles.select(["article_id", "text"]).sort_by("article_id").to_pylist():
        article_id, text = str(row["article_id"]), str(row["text"])
        machine = of_article[article_id]
        told = [_as_line(one, now) for one in machine if one.quote_id not in now or _is_reviewed(now[one.quote_id])]
        if not told:
            continue
        lines += told
        article_count += 1
        (target / "text" / f"{article_id}.txt").write_bytes(text.encode())
        left = [now[one.quote_id] for one in machine if one.quote_id in now]
        if len(told) == len(machine) and all(_is_printed_right(one, seen[article_id]) for one in left):
            annotated_count += 1
            annotation = annotate(text, left)
            (target / "attributions" / f"{article_id}_reviewed.ann").write_bytes(annotation.encode())
    (target / "quotes.jsonl").write_bytes("".join(lines).encode())
    (target / "README.md").write_text(README, "utf-8")
    return GoldCount(len(lines), article_count, annotated_count)


def _is_reviewed(quote: Quote) -> bool:
    return quote.review_status != "machine"


def _as_line(machine: Quote, now: Mapping[str, Quote]) -> str:
    quote = asdict(now.get(machine.quote_id, machine))
    told = {name: quote[name] for name in TOLD} | {"is_quote": machine.quote_id in now}
    if machine.quote_id not in now:
        told["review_status"] = "corrected"
    told["machine"] = {name: getattr(machine, name) for name in CORRECTABLE}
    return json.dumps(told, ensure_ascii=False) + "\n"


def _is_printed_right(quote: Quote, mentions: Sequence[Mention]) -> bool:
    """Whether the printed speaker is the one that people say: a printed name must be of the speaker's."""
    start, end = quote.speaker_start_char, quote.speaker_end_char
    if quote.review_status == "confirmed" or start is None or end is None or quote.speaker_form != "name":
        return True
    return any(
        one.entity_id == quote.speaker_entity_id and start < one.end_char and one.start_char < end for one in mentions
    )


def annotate(text: str, quotes: Sequence[Quote]) -> str:
    """Quotes in brat's stand-off format: one event for what is said by one cue and printed speaker."""
    events: dict[tuple[object, ...], list[Quote]] = defaultdict(list)
    opened: dict[str, tuple[object, ...]] = {}
    for quote in quotes:
        said: tuple[object, ...] = (quote.utterance_id, quote.cue_start_char, quote.speaker_start_char)
        if quote.cue is None and quote.speaker is None:  # the utterance goes on
            said = opened.get(quote.utterance_id, said)
        opened[quote.utterance_id] = said
        events[said].append(quote)
    lines: list[str] = []
    span_count = 0
    for number, each in enumerate(events.values(), 1):
        first = each[0]
        spans = [("Source", first.speaker_start_char, first.speaker_end_char)]
        spans += [("Cue", first.cue_start_char, first.cue_end_char)]
        spans += [(f"Content{at if at > 1 else ''}", one.start_char, one.end_char) for at, one in enumerate(each, 1)]
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
