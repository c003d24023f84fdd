"""The seed article, read from the Parquet files: exactly what a careful reader finds.

The article is not ours to reprint, so it is beside the checkout; without it these tests are skipped.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from pipeline.cli import main

SHARED = Path(os.environ.get("SHARED", Path(__file__).parents[3] / "shared"))
Row = dict[str, Any]

# The first and last words of each direct quote, in reading order, with its speaker: just enough to identify it.
MINISTER, PRESIDENT = "Sergei Lavrov", "Putin"
DIRECT = [
    ("President Putin has", "this document,", MINISTER),
    ("President Putin has", "this document,", MINISTER),
    ("Clearly, the", "international system.", MINISTER),
    ("If it comes", "be implemented,", MINISTER),
    ("But the first", "peace treaty.", MINISTER),
    ("It is not easy", "is complicated", MINISTER),
    ("As for the", "- yes,", MINISTER),
    ("This common", "both countries.", MINISTER),
    ("But, despite", "two countries,", MINISTER),
    ("The work", "the summit,", MINISTER),
    ("Results of", "the leaders.", MINISTER),
    ("As for the", "- yes,", MINISTER),
    ("This common", "both countries.", MINISTER),
    ("we are not", "this problem.", PRESIDENT),
    ("But this is", "continuous work,", MINISTER),
    ("This is not", "immediate progress.", MINISTER),
]
# "Lavrov said President Putin many times said "…".": the words in marks are the president's, within Lavrov's.
MIXED = [("President Putin many times said", 'settle this problem."', MINISTER)]
INDIRECT = [
    ("Implementation of", "changed conditions"),
    ("It is not easy", "bordering regions"),
    ("Russia and Japan", "peace treaty"),
]
NAMED = {
    ("PERSON", "Sergei Lavrov"), ("PERSON", "Fumio Kishida"), ("PERSON", "Putin"), ("PERSON", "Abe"),
    ("GPE", "Russia"), ("GPE", "Japan"), ("GPE", "Soviet Union"), ("GPE", "Moscow"), ("GPE", "Tokyo"), ("GPE", "Peru"),
    ("GPE", "Vladivostok"), ("LOC", "Kuril Islands"), ("LOC", "Southern Kurils"), ("LOC", "Shikotan"),
    ("LOC", "Habomai"), ("LOC", "Iturup"), ("LOC", "Kunashir"),
    ("ORG", "Asia-Pacific Economic Cooperation"), ("EVENT", "Eastern Economic Forum"),
}  # fmt: skip
# A reader may list these or leave them out.
MAY_BE_NAMED = {("EVENT", "World War II"), ("EVENT", "Cold War"), ("NORP", "Russian"), ("ORG", "TASS")}


@dataclass(frozen=True)
class Tables:
    article: Row
    quotes: list[Row]
    mentions: list[Row]
    entities: list[Row]


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    files = sorted((SHARED / "seed").glob("*.txt"))
    if not files:
        pytest.skip(f"no seed article under {SHARED}")
    curated = tmp_path_factory.mktemp("seed") / "curated"
    assert main(["curate", str(files[0]), "--into", str(curated), "--quiet"]) == 0
    tables = {
        name: ds.dataset(curated / name, format="parquet", partitioning="hive").to_table().to_pylist()
        for name in ("articles", "quotes", "mentions", "entities")
    }
    (article,) = tables["articles"]
    return Tables(article, tables["quotes"], tables["mentions"], tables["entities"])


def of_type(tables: Tables, *types: str) -> list[Row]:
    return sorted(
        (quote for quote in tables.quotes if quote["quote_type"] in types), key=lambda quote: quote["start_char"]
    )


def test_article(seed: Tables) -> None:
    article = seed.article
    assert article["agency"] == "TASS"
    assert article["dateline_place"] == "MOSCOW"
    assert article["language"] == "en"
    assert (article["published_on"], article["published_precision"]) == (dt.date(2016, 12, 3), "inferred")
    assert article["headline"].startswith("Lavrov: first step")
    assert article["headline"].endswith("signing of it")
    assert article["standfirst"].startswith('"President Putin')
    assert article["standfirst"].endswith("Minister said")


def test_no_furniture_and_no_subhead_is_quoted(seed: Tables) -> None:
    text = seed.article["text"]
    assert not any(words in text for words in ("All news", "Updated at"))
    subheads = [part for part in seed.article["segments"] if part["kind"] == "subhead"]
    assert [text[subhead["start_char"] : subhead["end_char"]] for subhead in subheads] == [
        "Case history",
        "It is complicated",
        "Russia, Japan have common positions",
    ]
    for quote in seed.quotes:
        assert all(
            quote["end_char"] <= subhead["start_char"] or subhead["end_char"] <= quote["start_char"]
            for subhead in subheads
        )


def test_each_directly_quoted_passage_and_none_besides(seed: Tables) -> None:
    quotes = of_type(seed, "direct")
    assert len(quotes) == len(DIRECT)
    for quote, (begins, ends, speaker) in zip(quotes, DIRECT, strict=True):
        assert quote["text"].startswith(begins)
        assert quote["text"].endswith(ends)
        assert (quote["text"], quote["speaker_name"]) == (quote["text"], speaker)
        assert '"' not in quote["text"]
        assert quote["text"] == seed.article["text"][quote["start_char"] : quote["end_char"]]


def test_words_quoted_within_reported_ones(seed: Tables) -> None:
    quotes = of_type(seed, "mixed")
    assert len(quotes) == len(MIXED)
    for quote, (begins, ends, speaker) in zip(quotes, MIXED, strict=True):
        assert quote["text"].startswith(begins)
        assert quote["text"].endswith(ends)
        assert quote["speaker_name"] == speaker


def test_speakers_as_printed(seed: Tables) -> None:
    printed = [quote["speaker"] for quote in of_type(seed, "direct") if quote["speaker"]]
    assert printed == [
        "Foreign Minister", "he", "he", "he", "the minister", "the Russian minister", "he", "the minister",
        "President Putin", "the foreign minister",
    ]  # fmt: skip


def test_the_standfirst_is_quoted(seed: Tables) -> None:
    assert [quote["segment_kind"] for quote in of_type(seed, "direct")].count("standfirst") == 1


def test_only_the_quotation_without_its_closing_mark_is_unclosed(seed: Tables) -> None:
    assert [quote["text"][-11:] for quote in seed.quotes if not quote["is_closed"]] == ["complicated"]


def test_second_printings(seed: Tables) -> None:
    by_id = {quote["quote_id"]: quote for quote in seed.quotes}
    repeats = [quote for quote in seed.quotes if quote["repeat_of"]]
    assert len(repeats) == 3
    for quote in repeats:
        first = by_id[quote["repeat_of"]]
        assert first["text"] == quote["text"]
        assert first["start_char"] < quote["start_char"]


def test_indirect_statements(seed: Tables) -> None:
    found = [(quote["text"], quote["speaker_name"]) for quote in of_type(seed, "indirect")]
    for begins, ends in INDIRECT:
        assert [name for text, name in found if text.startswith(begins) and text.endswith(ends)] == [MINISTER]


def test_a_claim_to_islands_is_no_statement(seed: Tables) -> None:
    assert not [quote for quote in seed.quotes if quote["cue"] == "claimed"]


def test_entities(seed: Tables) -> None:
    found = {(entity["entity_type"], entity["name"]) for entity in seed.entities}
    assert found - MAY_BE_NAMED == NAMED


def test_other_names_of_entities(seed: Tables) -> None:
    aliases = {entity["name"]: set(entity["aliases"]) for entity in seed.entities}
    assert "Hamobai" in aliases["Habomai"]
    assert "APEC" in aliases["Asia-Pacific Economic Cooperation"]
    assert "EEF" in aliases["Eastern Economic Forum"]
    assert "USSR" in aliases["Soviet Union"]


def test_mentions_are_verbatim(seed: Tables) -> None:
    text = seed.article["text"]
    assert all(text[mention["start_char"] : mention["end_char"]] == mention["text"] for mention in seed.mentions)
