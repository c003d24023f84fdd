"""How names are trimmed, found elsewhere in the article, and given another kind by rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.contract import Article, EntityType
from pipeline.entities.name_spans import find_names
from pipeline.language import Reading
from pipeline.language.tagger import TaggedName, Tags

from .articles import read


def tagged(text: str, *names: tuple[EntityType, str, float]) -> tuple[Article, Reading]:
    """Return a text as if the tagger had found these names, each at its first occurrence."""
    article, reading = read(text)
    found = [
        TaggedName(kind, article.text.index(words), article.text.index(words) + len(words), confidence)
        for kind, words, confidence in names
    ]
    return article, replace(reading, tags=Tags((), (), tuple(sorted(found, key=lambda name: name.start))))


def found(article: Article, reading: Reading) -> list[tuple[str, str]]:
    return [(name.kind, article.text[name.start : name.end]) for name in find_names(article, reading)]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param("Oduya’s", "Oduya", id="possessive"),
        pytest.param("Cousins'", "Cousins", id="possessive-of-s"),
        pytest.param("“Oduya”", "Oduya", id="marks"),
        pytest.param("Oduya,", "Oduya", id="comma"),
        pytest.param("Oduya.", "Oduya", id="end-of-sentence"),
        pytest.param("Mara Oduya Jr.", "Mara Oduya Jr.", id="point-of-the-name"),
        pytest.param("Ms. Mara Oduya", "Mara Oduya", id="honorific"),
        pytest.param("Dr Mara Oduya", "Mara Oduya", id="honorific-without-point"),
        pytest.param("O’Neill", "O’Neill", id="inner-apostrophe"),
        pytest.param("Mara Oduya (", "Mara Oduya", id="open-bracket"),
        pytest.param("Oduya)", "Oduya", id="closing-bracket"),
        pytest.param("Мара Одуя", "Мара Одуя", id="cyrillic"),
        pytest.param("小田マラ", "小田マラ", id="japanese"),
    ],
)
def test_names_are_trimmed(given: str, name: str) -> None:
    text = f"They say that {given} left the quay."
    assert found(*tagged(text, ("PERSON", given, 0.95))) == [("PERSON", name)]


def test_marks_without_letters_are_not_names() -> None:
    assert found(*tagged("They say “…” left, 3 - 1.", ("ORG", "“…”", 0.6), ("EVENT", "3 - 1", 0.6))) == []


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        pytest.param("Norwegian", "NORP", id="nationality"),
        pytest.param("West African", "NORP", id="world-region"),
        pytest.param("Sub-Saharan African", "NORP", id="hyphen"),
        pytest.param("Norway", "GPE", id="country"),
        pytest.param("Western Cape", "GPE", id="direction-in-a-name"),
    ],
)
def test_words_for_people_are_not_places(words: str, kind: EntityType) -> None:
    assert found(*tagged(f"Most {words} boats left.", ("GPE", words, 0.9))) == [(kind, words)]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        pytest.param(
            "They left the Tern Bank - Skarv.", "Tern Bank - Skarv", ["Tern Bank", "Skarv"], id="dash-with-spaces"
        ),
        pytest.param("They left Tern-on-Sea.", "Tern-on-Sea", ["Tern-on-Sea"], id="hyphens"),
        pytest.param("They left Oslo, Norway.", "Oslo, Norway", ["Oslo", "Norway"], id="place-and-country"),
        pytest.param("They left Skarv, Tern.", "Skarv, Tern", ["Skarv, Tern"], id="comma-in-a-name"),
    ],
)
def test_dash_and_comma_separate_names(text: str, name: str, expected: list[str]) -> None:
    assert [words for _, words in found(*tagged(text, ("GPE", name, 0.9)))] == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("They left the Skarv and Tern islands.", "LOC", id="islands-behind"),
        pytest.param("Boats reach the islands of the north - Gull, Skarv and Tern.", "LOC", id="list-of-islands"),
        pytest.param("They left Skarv, an island town.", "GPE", id="town-on-an-island"),
    ],
)
def test_islands_are_not_countries(text: str, kind: EntityType) -> None:
    assert found(*tagged(text, ("GPE", "Skarv", 0.9))) == [(kind, "Skarv")]


@pytest.mark.parametrize(
    ("text", "confidence", "kind"),
    [
        pytest.param("The mayor of Sumaque, Mara Oduya, left.", 0.3, "PERSON", id="role-before"),
        pytest.param("The mayor of Sumaque, Mara Oduya, left.", 0.8, "GPE", id="confident-tagger"),
        pytest.param("The boats reach Mara Oduya at noon.", 0.3, "GPE", id="no-role"),
    ],
)
def test_doubtful_place_after_a_role_is_a_person(text: str, confidence: float, kind: EntityType) -> None:
    assert found(*tagged(text, ("GPE", "Mara Oduya", confidence))) == [(kind, "Mara Oduya")]


class TestRepeated:
    def test_same_words_elsewhere_are_a_name(self) -> None:
        text = "Mara Oduya left. Then Mara Oduya came back."
        assert found(*tagged(text, ("PERSON", "Mara Oduya", 0.97))) == [("PERSON", "Mara Oduya")] * 2

    def test_repeated_name_is_less_certain(self) -> None:
        article, reading = tagged("Mara Oduya left. Then Mara Oduya came back.", ("PERSON", "Mara Oduya", 0.97))
        first, second = find_names(article, reading)
        assert first.confidence
        assert second.confidence
        assert second.confidence < first.confidence

    @pytest.mark.parametrize(
        ("text", "name", "confidence"),
        [
            pytest.param("Oduya left. Then Oduya came back.", "Oduya", 0.6, id="low-confidence"),
            pytest.param("Hope left. They hope and hope.", "Hope", 0.97, id="small-letters"),
            pytest.param("Oduya left. The Oduyas came back.", "Oduya", 0.97, id="part-of-a-word"),
            pytest.param("Oduya left. The Oduya-led board came back.", "Oduya", 0.97, id="part-of-a-compound"),
            pytest.param("IT left. Then IT came back.", "IT", 0.97, id="capitals"),
        ],
    )
    def test_words_that_are_not_repeated(self, text: str, name: str, confidence: float) -> None:
        assert found(*tagged(text, ("PERSON", name, confidence))) == [("PERSON", name)]

    def test_not_within_another_name(self) -> None:
        text = "Oduya left the Oduya Foundation."
        names = ("PERSON", "Oduya", 0.97), ("ORG", "Oduya Foundation", 0.9)
        assert found(*tagged(text, *names)) == [("PERSON", "Oduya"), ("ORG", "Oduya Foundation")]


def test_place_of_a_dateline_needs_no_tag() -> None:
    article, reading = tagged("OSLO, December 3. /TASS/. Boats left the harbour on Monday, and came back.")
    assert ("GPE", "OSLO") in found(article, reading)


def test_common_word_is_a_name_only_where_it_names() -> None:
    article, reading = read(
        "Mayor Will Hope said on May 3 that he will hope for rain.\n\nMr. Hope may go to Hope Street."
    )
    people = [words for kind, words in found(article, reading) if kind == "PERSON"]
    assert people == ["Will Hope", "Hope"]
