"""Golden cases: small raw files, each with one phenomenon and the rows that a careful reader would write.

``expected.json`` is sparse: only the columns in it are compared. Its keys:

- ``article``: columns of the article; ``quality_flags_include`` is one flag that must be among the article's.
- ``segments``: [kind, text] of some segments, in order.
- ``quotes``: all quotes in order, each with some columns; ``repeats`` is the position of the first printing.
- ``utterances``: positions of quotes that share an utterance.
- ``mentions_include`` [text, type, entity name] and ``mentions_exclude`` (texts).
- ``text_excludes``: words that the article's text must not contain.
- ``known_gap``: why the rules fail on the case so far.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.contract import Article, Mention, Quote, RawArticle
from pipeline.entities import extract_mentions
from pipeline.language import read_language
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes
from pipeline.read import Options, RawFile, RawRecord, find_files, frame_file, read_record

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Rows:
    """The rows made from one raw file."""

    article: Article
    mentions: Sequence[Mention]
    quotes: Sequence[Quote]


def curate_case(folder: Path) -> Rows:
    (file,) = find_files(str(folder / "input.txt"), folder.name)
    assert isinstance(file, RawFile), file
    (record,) = frame_file(file, Options())
    assert isinstance(record, RawRecord), record
    raw = read_record(record, Options())
    assert isinstance(raw, RawArticle), raw
    article = normalise(raw, None)
    assert isinstance(article, Article), article
    reading = read_language(article)
    mentions = extract_mentions(article, reading)
    return Rows(article, mentions, extract_quotes(article, reading, mentions))


def plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value


def differences(rows: Rows, expected: Mapping[str, Any]) -> list[str]:
    """Return a sentence for every expectation that the rows do not meet."""
    return [
        *article_differences(rows.article, expected),
        *quote_differences(rows.quotes, expected),
        *mention_differences(rows.mentions, expected),
    ]


def article_differences(article: Article, expected: Mapping[str, Any]) -> list[str]:
    found = []
    for column, value in expected.get("article", {}).items():
        if column == "quality_flags_include":
            if value not in article.quality_flags:
                found.append(f"no flag {value} in {article.quality_flags}")
        elif plain(getattr(article, column)) != value:
            found.append(f"article.{column} is {plain(getattr(article, column))!r}, not {value!r}")
    segments = [[part.kind, article.text[part.start_char : part.end_char]] for part in article.segments]
    if [part for part in segments if part in expected.get("segments", [])] != expected.get("segments", []):
        found.append(f"segments are {segments}, without {expected['segments']} in this order")
    found += [f"the text contains {words!r}" for words in expected.get("text_excludes", []) if words in article.text]
    return found


def quote_differences(quotes: Sequence[Quote], expected: Mapping[str, Any]) -> list[str]:
    if "quotes" not in expected:
        return []
    wanted = expected["quotes"]
    if [quote.text for quote in quotes] != [quote["text"] for quote in wanted]:
        texts = [(quote.quote_type, quote.text) for quote in quotes]
        return [f"quotes are {texts}, not {[(quote['quote_type'], quote['text']) for quote in wanted]}"]
    found = []
    for position, (quote, columns) in enumerate(zip(quotes, wanted, strict=True)):
        for column, value in columns.items():
            if column == "repeats":
                column, value = "repeat_of", None if value is None else quotes[value].quote_id
            if getattr(quote, column) != value:
                found.append(f"quotes[{position}].{column} is {getattr(quote, column)!r}, not {value!r}")
    torn = (group for group in expected.get("utterances", []) if len({quotes[i].utterance_id for i in group}) > 1)
    return found + [f"quotes {group} are not one utterance" for group in torn]


def mention_differences(mentions: Sequence[Mention], expected: Mapping[str, Any]) -> list[str]:
    found = [[mention.text, mention.entity_type, mention.entity_name] for mention in mentions]
    missing = [row for row in expected.get("mentions_include", []) if row not in found]
    wrong = [row for row in found if row[0] in expected.get("mentions_exclude", [])]
    return [f"mentions {found} are without {missing}"] * bool(missing) + [f"{row} is no mention" for row in wrong]


def cases() -> list[Any]:
    found = []
    for folder in sorted(path for path in CASES.iterdir() if path.is_dir()):
        gap = json.loads((folder / "expected.json").read_text("utf-8")).get("known_gap")
        marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
        found.append(pytest.param(folder, id=folder.name, marks=marks))
    return found


@pytest.mark.parametrize("folder", cases())
def test_case_reads_as_a_careful_reader_would(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    assert differences(curate_case(folder), expected) == []


@pytest.mark.parametrize(
    "folder", sorted(path for path in CASES.iterdir() if path.is_dir()), ids=lambda folder: folder.name
)
def test_offsets_are_verbatim(folder: Path) -> None:
    rows = curate_case(folder)
    text = rows.article.text
    assert all(text[quote.start_char : quote.end_char] == quote.text for quote in rows.quotes)
    assert all(text[mention.start_char : mention.end_char] == mention.text for mention in rows.mentions)
