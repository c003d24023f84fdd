"""Mentions as rows: where they stand, what they are called, and what quote holds them."""

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


def test_names_that_belong_together_are_one_entity() -> None:
    article, reading = read("Mayor Mara Oduya left. Ms Oduya was late.\n\nPolice said that Oduya ran.")
    people = [one for one in extract_mentions(article, reading) if one.entity_type == "PERSON"]
    assert [one.text for one in people] == ["Mara Oduya", "Oduya", "Oduya"]
    assert {one.entity_id for one in people} == {entity_id_of("PERSON", "Mara Oduya")}
    assert {one.entity_name for one in people} == {"Mara Oduya"}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        pytest.param("Then Foreign Minister Mara Oduya left.", "Foreign Minister", id="role-before"),
        pytest.param("Mr. Mara Oduya left.", "Mr.", id="honorific"),
        pytest.param("Mayor Mara Oduya left.", "Mayor", id="at-the-beginning"),
        pytest.param("They met Mr Mara Oduya, the board’s chairman, there.", "Mr", id="the-nearer-of-two"),
        pytest.param("“No,” said Mara Oduya, the board’s chairman.", "the board’s chairman", id="role-behind"),
        pytest.param("There was Mr Paul Bexley’s wife; Mara Oduya said nothing.", None, id="none"),
    ],
)
def test_titles(text: str, title: str | None) -> None:
    found = [one for one in extract_mentions(*read(text)) if one.text == "Mara Oduya"]
    assert [one.title for one in found] == [title]


def test_a_link_makes_spellings_one_entity() -> None:
    link = Link("iso3166-1", "US", "United States", 1.0)
    assert entity_id_of("GPE", "U.S.", link) == entity_id_of("GPE", "United States", link)
    assert entity_id_of("GPE", "U.S.") != entity_id_of("GPE", "United States")
    assert entity_id_of("GPE", "United States", link) != entity_id_of("NORP", "United States", link)


def test_mentions_do_not_overlap_and_are_what_stands_there() -> None:
    article, reading = read(
        "Norway’s Foreign Minister Mary Oduya met Mayor John Bexley in Oslo. The Norwegian minister gave him her hat.\n\n"
        "“I thank the minister,” the mayor said."
    )
    mentions = complete_mentions(article, reading, extract_mentions(article, reading), [])
    assert {one.form for one in mentions} == {"name", "nominal", "pronoun"}
    assert all(article.text[one.start_char : one.end_char] == one.text for one in mentions)
    assert all(one.end_char <= other.start_char for one, other in pairwise(mentions))
    assert len({one.mention_id for one in mentions}) == len(mentions)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The fisherman Иван Петров met 王小明 and प्रिया शर्मा. Петров said no.", id="other-scripts"),
        pytest.param("Hope met Will in May. “I hope,” said Will Brown. Brown bread was sold.", id="common-words"),
        pytest.param("(APEC) APEC ((APEC)) 's ’s Mr. Mrs. Dr", id="nothing-but-titles"),
    ],
)
def test_odd_names_are_read_whole(text: str) -> None:
    article, reading = read(text)
    for one in complete_mentions(article, reading, extract_mentions(article, reading), []):
        before, behind = (
            article.text[one.start_char - 1 : one.start_char],
            article.text[one.end_char : one.end_char + 1],
        )
        assert not (before.isalpha() and one.text[0].isalpha())
        assert not (behind.isalpha() and one.text[-1].isalpha())


def test_the_surer_the_tagger_the_likelier_the_mention() -> None:
    text = "Mara Oduya met Jon Bexley and Ines Tern on the quay."
    article, reading = read(text)
    sureness = {"Mara Oduya": 0.3, "Jon Bexley": 0.9, "Ines Tern": 1.0}
    names = (
        TaggedName("PERSON", article.text.index(one), article.text.index(one) + len(one), sureness[one])
        for one in sureness
    )
    tagged = replace(reading, tags=Tags((), (), tuple(names)))
    chances = [one.confidence or 0.0 for one in extract_mentions(article, tagged)]
    assert 0 < chances[0] < chances[1] < chances[2] < 1


@pytest.mark.slow
def test_an_article_that_names_five_thousand_people_takes_seconds() -> None:
    letters = ["".join(chr(97 + int(digit)) for digit in f"{n:04}") for n in range(2500)]
    lines = (
        f"Minister Mary Odu{word} met Mr Bex{word}. She said that the minister left; he stayed." for word in letters
    )
    text = "\n\n".join(lines)
    article = normalise(RawArticle(RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", text))
    assert isinstance(article, Article)
    people = re.finditer(r"Mary Odu\w+|Bex\w+", article.text)  # the tagger's own time is measured elsewhere
    names = tuple(TaggedName("PERSON", *found.span(), 0.95) for found in people)
    reading = Reading(find_sentences(article), True, (), Tags((), (), names))
    with processor_seconds_below(60):
        mentions = complete_mentions(article, reading, extract_mentions(article, reading), [])
    assert len({one.entity_id for one in mentions}) == 5_000
