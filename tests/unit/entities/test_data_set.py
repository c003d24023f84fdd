"""Counts of an entity: in an article, and in the data set with and without copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from pipeline.contract import Article, ArticleEntity, Entity, Mention, MentionForm, Quote, RawArticle, RawRef, to_table
from pipeline.entities import count_entities, entity_id_of, sum_entities, summarise_entities
from pipeline.normalise import normalise

STORY = """Oduya reopens the ferry

By Lena Varga

PORT ELLERY, May 7 2024 - The ferry sails again.

Mara Oduya, who leads the harbour board, thanked the crews. She spoke on the quay, beside Tomas Brandt.

"The boats are safe," Oduya said.
"""


def article_of(text: str) -> Article:
    article = normalise(RawArticle(RawRef("wire", "story.txt", "0", "0" * 64), "text", "utf-8", text))
    assert isinstance(article, Article)
    return article


def mention_of(article: Article, words: str, name: str, *, form: MentionForm = "name", at: int = 0) -> Mention:
    """Return the mention of a person by ``words``, at their first occurrence from ``at`` on."""
    start = article.text.index(words, at)
    return Mention(
        mention_id=f"{start:016x}",
        article_id=article.article_id,
        published_on=article.published_on,
        entity_id=entity_id_of("PERSON", name),
        entity_name=name,
        entity_type="PERSON",
        link_source=None,
        link_id=None,
        link_confidence=None,
        text=words,
        start_char=start,
        end_char=start + len(words),
        title=None,
        form=form,
        quote_id=None,
        confidence=None,
    )


def quote_of(article: Article, name: str | None) -> Quote:
    start = article.text.index("The boats")
    return Quote(
        quote_id="0" * 16,
        article_id=article.article_id,
        published_on=article.published_on,
        utterance_id="0" * 16,
        position=0,
        quote_type="direct",
        text="The boats are safe,",
        start_char=start,
        end_char=start + 19,
        is_closed=True,
        segment_kind="paragraph",
        cue=None,
        cue_start_char=None,
        cue_end_char=None,
        speaker=None,
        speaker_start_char=None,
        speaker_end_char=None,
        speaker_form="none",
        speaker_entity_id=name and entity_id_of("PERSON", name),
        speaker_name=name,
        speaker_role=None,
        speaker_status="named" if name else "unattributed",
        speaker_method="printed" if name else "none",
        speaker_confidence=None,
        context_before="",
        context_after="",
        repeat_of=None,
    )


def mentions_of_oduya(article: Article) -> list[Mention]:
    body = article.body_start_char
    return [
        mention_of(article, "Oduya", "Mara Oduya"),
        mention_of(article, "Mara Oduya", "Mara Oduya", at=body),
        mention_of(article, "She", "Mara Oduya", form="pronoun", at=body),
        mention_of(article, "Oduya", "Mara Oduya", at=article.text.index("safe")),
    ]


def test_counts_of_an_article() -> None:
    article = article_of(STORY)
    mentions = [*mentions_of_oduya(article), mention_of(article, "Tomas Brandt", "Tomas Brandt")]
    rows = summarise_entities(article, mentions, [quote_of(article, "Mara Oduya"), quote_of(article, None)])
    assert [row.entity_id for row in rows] == sorted(row.entity_id for row in rows)
    assert {
        row.entity_name: (row.mention_count, row.name_count, row.quote_count, row.is_in_headline, row.aliases)
        for row in rows
    } == {"Mara Oduya": (4, 3, 1, True, ["Oduya"]), "Tomas Brandt": (1, 1, 0, False, [])}
    assert {row.first_char for row in rows} == {0, article.text.index("Tomas Brandt")}


def test_repeated_quote_is_counted_again() -> None:
    article = article_of(STORY)
    quote = quote_of(article, "Mara Oduya")
    again = replace(quote, quote_id="1" * 16, position=1, repeat_of=quote.quote_id)
    (row,) = summarise_entities(article, mentions_of_oduya(article), [quote, again])
    assert row.quote_count == 2


def test_article_without_mentions_has_no_entities() -> None:
    article = article_of(STORY)
    assert summarise_entities(article, [], [quote_of(article, None)]) == []


def test_speaker_without_a_mention_is_an_error() -> None:
    article = article_of(STORY)
    with pytest.raises(ValueError, match="these speakers have no mention"):
        summarise_entities(article, [], [quote_of(article, "Mara Oduya")])


@pytest.mark.parametrize(
    ("words", "name", "aliases"),
    [
        pytest.param("Mara\u00a0Oduya", "Mara Oduya", [], id="no-break-space"),
        pytest.param("Mara Odyua", "Mara Oduya", ["Mara Odyua"], id="misspelling"),
        pytest.param("Mara Oduya", "Mara K. Oduya", ["Mara Oduya"], id="name-of-an-outside-list"),
    ],
)
def test_aliases_are_names_as_printed(words: str, name: str, aliases: list[str]) -> None:
    article = article_of(f"Ferry sails\n\nThe harbour board's {words} was there, and the storm was over.\n")
    (row,) = summarise_entities(article, [mention_of(article, words, name)], [])
    assert row.aliases == aliases


def test_description_is_not_an_alias() -> None:
    article = article_of(STORY)
    mention = mention_of(article, "the harbour board", "Mara Oduya", form="nominal")
    (row,) = summarise_entities(article, [mention], [])
    assert (row.aliases, row.name_count, row.mention_count) == ([], 0, 1)


def test_link_confidence_is_the_highest_of_the_article() -> None:
    article = article_of(STORY)
    mentions = [
        replace(mention, link_source="knowledge_base", link_id="Q1", link_confidence=confidence)
        for mention, confidence in zip(mentions_of_oduya(article), (0.6, 0.9, 0.6, 0.7), strict=True)
    ]
    (row,) = summarise_entities(article, mentions, [])
    assert (row.link_source, row.link_id, row.link_confidence) == ("knowledge_base", "Q1", 0.9)


@pytest.mark.parametrize(
    ("words", "salience"),
    [
        pytest.param(["Oduya"], 0.7, id="once-in-the-headline"),  # .2 + .4 + .4 · 1/4
        pytest.param(["The ferry"], 0.4817, id="once-early-in-the-body"),  # .4 · 500/524 + .4 · 1/4
        pytest.param(["Tomas Brandt"], 0.4135, id="once-later"),  # .4 · 500/638 + .4 · 1/4
        pytest.param(["The ferry", "The boats"], 0.5417, id="twice"),  # .4 · 500/524 + .4 · 2/5
        pytest.param(["PORT ELLERY"], 0.0, id="only-in-the-dateline"),
        pytest.param(["Lena Varga"], 0.0, id="only-in-the-byline"),
        pytest.param(["Lena Varga", "Tomas Brandt"], 0.4135, id="in-the-byline-and-the-body"),
    ],
)
def test_salience(words: Sequence[str], salience: float) -> None:
    article = article_of(STORY)
    (row,) = summarise_entities(article, [mention_of(article, printed, "X") for printed in words], [])
    assert row.salience == pytest.approx(salience, abs=1e-4)


# ── The data set ───────────────────────────────────────────────────────────────────────────────────────────────

ROW = ArticleEntity(
    article_id="a" * 16,
    published_on=date(2024, 5, 7),
    entity_id="e" * 16,
    entity_name="Mara Oduya",
    entity_type="PERSON",
    link_source=None,
    link_id=None,
    link_confidence=None,
    aliases=["Oduya"],
    mention_count=3,
    name_count=2,
    quote_count=1,
    first_char=0,
    is_in_headline=True,
    salience=0.5,
)


def count(*months: Sequence[ArticleEntity], copies: Sequence[str] = ()) -> list[Entity]:
    tables = [to_table(ArticleEntity, month) for month in months]
    entities = sum_entities(count_entities(table, pa.array(copies, pa.string())) for table in tables)
    entities.validate(full=True)
    return [Entity(**row) for row in entities.to_pylist()]


def test_copies_are_counted_separately() -> None:
    (entity,) = count([ROW], [replace(ROW, article_id="b" * 16), replace(ROW, article_id="c" * 16)], copies=["b" * 16])
    assert (entity.article_count, entity.original_article_count) == (3, 2)
    assert (entity.mention_count, entity.original_mention_count, entity.name_count) == (9, 6, 6)
    assert (entity.quote_count, entity.original_quote_count) == (3, 2)


def test_entity_named_only_by_a_copy_has_no_original_article() -> None:
    (entity,) = count([ROW], copies=[ROW.article_id])
    assert (entity.article_count, entity.original_article_count, entity.original_mention_count) == (1, 0, 0)


@pytest.mark.parametrize(
    ("days", "first", "last"),
    [
        pytest.param([date(2024, 5, 7), date(2023, 1, 2)], date(2023, 1, 2), date(2024, 5, 7), id="any-order"),
        pytest.param([None, date(2024, 5, 7)], date(2024, 5, 7), date(2024, 5, 7), id="one-without-a-date"),
        pytest.param([None, None], None, None, id="none-with-a-date"),
    ],
)
def test_first_and_last_day(days: list[date | None], first: date | None, last: date | None) -> None:
    rows = [replace(ROW, article_id=f"{number:016x}", published_on=day) for number, day in enumerate(days)]
    (entity,) = count(*([row] for row in rows))
    assert (entity.first_seen_on, entity.last_seen_on) == (first, last)


@pytest.mark.parametrize(
    ("row", "is_full"),
    [
        pytest.param(ROW, True, id="first-name-and-surname"),
        pytest.param(replace(ROW, entity_name="Oduya"), False, id="surname"),
        pytest.param(replace(ROW, entity_name="NATO", entity_type="ORG"), True, id="one-word-not-a-person"),
        pytest.param(
            replace(ROW, entity_name="Oduya", link_source="knowledge_base", link_id="Q1", link_confidence=0.9),
            True,
            id="one-word-linked",
        ),
    ],
)
def test_person_named_by_one_word_has_no_full_name(row: ArticleEntity, is_full: bool) -> None:
    (entity,) = count([row])
    assert entity.is_full_name is is_full


def test_aliases_of_all_articles_are_merged_without_the_name() -> None:
    rows = [replace(ROW, article_id="b" * 16, aliases=["Mara", "Oduya"]), replace(ROW, entity_id="f" * 16, aliases=[])]
    assert [entity.aliases for entity in count([ROW], rows)] == [["Mara", "Oduya"], []]


LINKED = replace(ROW, link_source="knowledge_base", link_id="Q1", link_confidence=0.9, aliases=[])


@pytest.mark.parametrize(
    ("names", "name", "aliases"),
    [
        pytest.param(["Port Ellery", "Ellery", "Ellery"], "Ellery", ["Port Ellery"], id="most-articles"),
        pytest.param(["Port Ellery", "Ellery"], "Ellery", ["Port Ellery"], id="tie-alphabetical"),
        pytest.param(["Ellery", "Ellery"], "Ellery", [], id="one-name"),
    ],
)
def test_name_of_an_entity_renamed_in_an_outside_list(names: list[str], name: str, aliases: list[str]) -> None:
    rows = [replace(LINKED, article_id=f"{number:016x}", entity_name=printed) for number, printed in enumerate(names)]
    (entity,) = count(*([row] for row in rows))
    assert (entity.name, entity.aliases, entity.article_count) == (name, aliases, len(names))


def test_link_confidence_is_the_mean_of_the_articles() -> None:
    rows = [replace(LINKED, article_id="b" * 16, link_confidence=0.6), replace(ROW, entity_id="f" * 16)]
    assert [entity.link_confidence for entity in count([LINKED], rows)] == [0.75, None]


def test_data_set_without_entities() -> None:
    assert count([]) == []
