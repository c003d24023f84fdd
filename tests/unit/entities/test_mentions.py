"""Rows of mentions: offsets, names, titles, ids and confidence."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.contract import Article, RawArticle, RawRef
from pipeline.entities import complete_mentions, entity_id_of, extract_mentions
from pipeline.entities.clusters import Link
from pipeline.language import Reading
from pipeline.language.reading import find_sentences
from pipeline.language.tagger import TaggedName, Tags
from pipeline.normalise import normalise
from tests.bounds import processor_seconds_below

from .articles import read


def test_names_of_one_cluster_are_one_entity() -> None:
    article, reading = read("Mayor Mara Oduya left. Ms Oduya was late.\n\nPolice said that Oduya ran.")
    people = [mention for mention in extract_mentions(article, reading) if mention.entity_type == "PERSON"]
    assert [mention.text for mention in people] == ["Mara Oduya", "Oduya", "Oduya"]
    assert {mention.entity_id for mention in people} == {entity_id_of("PERSON", "Mara Oduya")}
    assert {mention.entity_name for mention in people} == {"Mara Oduya"}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        pytest.param("Then Foreign Minister Mara Oduya left.", "Foreign Minister", id="role-before"),
        pytest.param("Mr. Mara Oduya left.", "Mr.", id="honorific"),
        pytest.param("Mayor Mara Oduya left.", "Mayor", id="at-the-start"),
        pytest.param("They met Mr Mara Oduya, the board’s chairman, there.", "Mr", id="nearer-of-two"),
        pytest.param("“No,” said Mara Oduya, the board’s chairman.", "the board’s chairman", id="role-behind"),
        pytest.param("There was Mr Paul Bexley’s wife; Mara Oduya said nothing.", None, id="none"),
    ],
)
def test_titles(text: str, title: str | None) -> None:
    found = [mention for mention in extract_mentions(*read(text)) if mention.text == "Mara Oduya"]
    assert [mention.title for mention in found] == [title]


def test_linked_spellings_are_one_entity() -> None:
    link = Link("iso3166-1", "US", "United States", 1.0)
    assert entity_id_of("GPE", "U.S.", link) == entity_id_of("GPE", "United States", link)
    assert entity_id_of("GPE", "U.S.") != entity_id_of("GPE", "United States")
    assert entity_id_of("GPE", "United States", link) != entity_id_of("NORP", "United States", link)


def test_mentions_do_not_overlap_and_match_the_text() -> None:
    article, reading = read(
        "Norway’s Foreign Minister Mary Oduya met Mayor John Bexley in Oslo. The Norwegian minister gave him her hat.\n\n"
        "“I thank the minister,” the mayor said."
    )
    mentions = complete_mentions(article, reading, extract_mentions(article, reading), [])
    assert {mention.form for mention in mentions} == {"name", "nominal", "pronoun"}
    assert all(article.text[mention.start_char : mention.end_char] == mention.text for mention in mentions)
    assert all(mention.end_char <= following.start_char for mention, following in pairwise(mentions))
    assert len({mention.mention_id for mention in mentions}) == len(mentions)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The fisherman Иван Петров met 王小明 and प्रिया शर्मा. Петров said no.", id="other-scripts"),
        pytest.param("Hope met Will in May. “I hope,” said Will Brown. Brown bread was sold.", id="common-words"),
        pytest.param("(APEC) APEC ((APEC)) 's ’s Mr. Mrs. Dr", id="only-titles-and-brackets"),
    ],
)
def test_mentions_begin_and_end_with_words(text: str) -> None:
    article, reading = read(text)
    for mention in complete_mentions(article, reading, extract_mentions(article, reading), []):
        before = article.text[mention.start_char - 1 : mention.start_char]
        behind = article.text[mention.end_char : mention.end_char + 1]
        assert not (before.isalpha() and mention.text[0].isalpha())
        assert not (behind.isalpha() and mention.text[-1].isalpha())


def test_confidence_rises_with_that_of_the_tagger() -> None:
    text = "Mara Oduya met Jon Bexley and Ines Tern on the quay."
    article, reading = read(text)
    confidence = {"Mara Oduya": 0.3, "Jon Bexley": 0.9, "Ines Tern": 1.0}
    names = (
        TaggedName("PERSON", article.text.index(name), article.text.index(name) + len(name), confidence[name])
        for name in confidence
    )
    tagged = replace(reading, tags=Tags((), (), tuple(names)))
    calibrated = [mention.confidence or 0.0 for mention in extract_mentions(article, tagged)]
    assert 0 < calibrated[0] < calibrated[1] < calibrated[2] < 1


@pytest.mark.slow
def test_article_with_five_thousand_people() -> None:
    letters = ["".join(chr(97 + int(digit)) for digit in f"{n:04}") for n in range(2500)]
    lines = (
        f"Minister Mary Odu{word} met Mr Bex{word}. She said that the minister left; he stayed." for word in letters
    )
    text = "\n\n".join(lines)
    article = normalise(RawArticle(RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", text))
    assert isinstance(article, Article)
    people = re.finditer(r"Mary Odu\w+|Bex\w+", article.text)  # without the tagger, which benchmarks measure
    names = tuple(TaggedName("PERSON", *found.span(), 0.95) for found in people)
    reading = Reading(find_sentences(article), True, (), Tags((), (), names))
    with processor_seconds_below(60):
        mentions = complete_mentions(article, reading, extract_mentions(article, reading), [])
    assert len({mention.entity_id for mention in mentions}) == 5_000
