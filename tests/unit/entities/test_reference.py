"""Descriptions and pronouns that refer to a person whom the article names."""

from __future__ import annotations

import pytest

from pipeline.contract import Article, Mention, Quote, stable_id
from pipeline.entities import complete_mentions, extract_mentions
from pipeline.language.phrases import form_of

from .articles import read


def described(text: str) -> list[tuple[str, str]]:
    return [
        (mention.text, mention.entity_name) for mention in extract_mentions(*read(text)) if mention.form == "nominal"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "Foreign Minister Mara Oduya left. The foreign minister was late; the minister ran.",
            [("The foreign minister", "Mara Oduya"), ("the minister", "Mara Oduya")],
            id="office",
        ),
        pytest.param(
            "Norwegian Foreign Minister Mara Oduya met Russian Foreign Minister Ivan Bexley. The Russian minister left.",
            [("minister", "Ivan Bexley")],
            id="office-of-a-country",
        ),
        pytest.param(
            "Norway’s Foreign Minister Mara Oduya met Ivan Bexley. The Norwegian minister left.",
            [("minister", "Mara Oduya")],
            id="country-and-its-adjective",
        ),
        pytest.param(
            "Foreign Minister Mara Oduya met Finance Minister Ivan Bexley. The minister left.", [], id="two-ministers"
        ),
        pytest.param("Former mayor Mara Oduya spoke. The mayor left.", [], id="no-longer-mayor"),
        pytest.param("Mayor Mara Oduya spoke. The former mayor said no.", [], id="still-mayor"),
        pytest.param(
            "Former mayor Mara Oduya spoke. The former mayor left.",
            [("The former mayor", "Mara Oduya")],
            id="former-mayor",
        ),
        pytest.param(
            "Mara Oduya, the mayor of Sumaque, spoke. The mayor left.",
            [("The mayor", "Mara Oduya")],
            id="role-behind-the-name",
        ),
        pytest.param("Mayor Mara Oduya spoke. The mayor of Sallow left.", [], id="mayor-of-elsewhere"),
        pytest.param("Mayor Mara Oduya spoke. The mayor’s wife left.", [("The mayor", "Mara Oduya")], id="possessive"),
        pytest.param("Mayor Mara Oduya spoke. Mayor Cor Bexley left.", [], id="title-before-a-name"),
        pytest.param("Mara Oduya spoke. The mayor left.", [], id="nobody-has-the-role"),
    ],
)
def test_descriptions(text: str, expected: list[tuple[str, str]]) -> None:
    assert described(text) == expected


def quote_of(article: Article, words: str, speaker: str, mentions: list[Mention]) -> Quote:
    """Return a direct quote of ``words``, with ``speaker``, a name or pronoun in the article."""
    start, speaker_start = article.text.index(words), article.text.index(speaker)
    form = form_of(speaker)
    who = next(
        mention
        for mention in mentions
        if mention.start_char == speaker_start or (form == "pronoun" and mention.entity_type == "PERSON")
    )
    return Quote(
        quote_id=stable_id(article.article_id, words),
        article_id=article.article_id,
        published_on=None,
        utterance_id=stable_id(words),
        position=0,
        quote_type="direct",
        text=words,
        start_char=start,
        end_char=start + len(words),
        is_closed=True,
        segment_kind="paragraph",
        cue="said",
        cue_start_char=None,
        cue_end_char=None,
        speaker=speaker,
        speaker_start_char=speaker_start,
        speaker_end_char=speaker_start + len(speaker),
        speaker_form=form,
        speaker_entity_id=who.entity_id,
        speaker_name=who.entity_name,
        speaker_role=None,
        speaker_status="named",
        speaker_method="printed",
        speaker_confidence=None,
        context_before="",
        context_after="",
        repeat_of=None,
    )


def pronouns(text: str, said: str = "", speaker: str = "") -> list[tuple[str, str]]:
    article, reading = read(text)
    mentions = extract_mentions(article, reading)
    quotes = [quote_of(article, said, speaker, mentions)] if said else []
    completed = complete_mentions(article, reading, mentions, quotes)
    assert all(article.text[mention.start_char : mention.end_char] == mention.text for mention in completed)
    return [(mention.text, mention.entity_name) for mention in completed if mention.form == "pronoun"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Mayor Mary Oduya left. She was late.", [("She", "Mary Oduya")], id="sentence-before"),
        pytest.param("Mayor Mary Oduya took her hat.", [("her", "Mary Oduya")], id="possessive"),
        pytest.param("Mayor John Oduya hurt himself.", [("himself", "John Oduya")], id="reflexive"),
        pytest.param("Mayor John Oduya met Mr Paul Bexley. He left.", [("He", "John Oduya")], id="subject-before"),
        pytest.param("Mayor John Oduya met him.", [], id="him-is-not-the-subject"),
        pytest.param("Mayor John Oduya left. She was late.", [], id="she-is-not-a-man"),
        pytest.param(
            "Mayor John Oduya left. Mrs Mary Bexley stayed. He was late, and she was not.",
            [("He", "John Oduya"), ("she", "Mary Bexley")],
            id="he-and-she",
        ),
        pytest.param("The storm came. He was late.", [], id="nobody-named"),
        pytest.param("Mayor John Oduya met His Excellency.", [], id="form-of-address"),
        pytest.param("Mayor John Oduya left. I was late.", [], id="i-outside-quotes"),
        pytest.param("Mayor John Oduya left. They were late, it rained.", [], id="they-and-it"),
    ],
)
def test_pronouns(text: str, expected: list[tuple[str, str]]) -> None:
    assert pronouns(text) == expected


@pytest.mark.parametrize(
    ("text", "said", "speaker", "expected"),
    [
        pytest.param(
            "“I left my hat,” Mayor John Oduya said.",
            "I left my hat,",
            "John Oduya",
            [("I", "John Oduya"), ("my", "John Oduya")],
            id="i",
        ),
        pytest.param(
            "Mayor John Oduya came. “I left,” he said.",
            "I left,",
            "he",
            [("I", "John Oduya"), ("he", "John Oduya")],
            id="pronoun-as-speaker",
        ),
        pytest.param("“He left,” Mayor John Oduya said.", "He left,", "John Oduya", [], id="he-is-not-the-speaker"),
        pytest.param(
            "“Mr Paul Bexley lost his hat,” Mayor John Oduya said.",
            "Mr Paul Bexley lost his hat,",
            "John Oduya",
            [("his", "Paul Bexley")],
            id="named-in-the-quote",
        ),
    ],
)
def test_pronouns_in_quotes(text: str, said: str, speaker: str, expected: list[tuple[str, str]]) -> None:
    assert pronouns(text, said, speaker) == expected
