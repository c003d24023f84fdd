"""Speakers named behind a closing mark in other languages, and what only looks like a name there."""

from __future__ import annotations

import pytest

from pipeline.language import count_words
from pipeline.language.foreign_attribution import find_foreign_attributions


def named(text: str, language: str) -> list[tuple[str, str]]:
    return [
        (text[found.cue_start : found.cue_end], text[found.source_start : found.source_end])
        for found in find_foreign_attributions(text, language)
    ]


@pytest.mark.parametrize(
    ("text", "language", "cue", "name"),
    [
        pytest.param("« Oui », a dit Solange Mercadier.", "fr", "a dit", "Solange Mercadier", id="french"),
        pytest.param("« Oui », explique Jean-Luc de Kersaint, 41 ans", "fr", "explique", "Jean-Luc de Kersaint", id="particle"),
        pytest.param("„Ja“, sagte Hinnerk Oltmanns vom Verband.", "de", "sagte", "Hinnerk Oltmanns", id="german"),
        pytest.param("»Ja«, sagt Ursula von der Heide.", "de", "sagt", "Ursula von der Heide", id="german-particles"),
        pytest.param("«Sí», dijo José Luis Aguilar.", "es", "dijo", "José Luis Aguilar", id="spanish"),
        pytest.param("“¿Y?” afirmó Remedios Aguilar", "es", "afirmó", "Remedios Aguilar", id="no-comma"),
    ],
)  # fmt: skip
def test_speaker_is_found(text: str, language: str, cue: str, name: str) -> None:
    assert named(text, language) == [(cue, name)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("„Ja“, sagte Bürgermeisterin Wiebke Tannemann.", "de", id="german-title-and-name"),
        pytest.param("„Ja“, sagte Deichgraf Oltmanns.", "de", id="german-title-and-surname"),
        pytest.param("„Ja“, sagte Bayern München.", "de", id="german-club"),
        pytest.param("„Ja“, sagte Hinnerk.", "de", id="given-name-alone"),
        pytest.param("„Ja“, sagte er, Hinnerk Oltmanns.", "de", id="pronoun"),
        pytest.param("Das sagte Hinnerk Oltmanns.", "de", id="no-quotation"),
        pytest.param("„Ja“, sagte Hinnerk\n\nOltmanns kam.", "de", id="over-a-paragraph's-end"),
        pytest.param("« Oui », a dit Air France.", "fr", id="french-company"),
        pytest.param("« Oui », a dit Mgr Delahousse.", "fr", id="french-title"),
        pytest.param("« Oui », a-t-il dit.", "fr", id="french-inversion"),
        pytest.param("« Oui », a dit Charlotte Bank Group.", "fr", id="body-that-begins-like-a-person"),
        pytest.param("«Sí», dijo Guardia Civil.", "es", id="spanish-body"),
        pytest.param("«Sì», ha detto Maria Rossi.", "it", id="language-without-verbs"),
        pytest.param("„Ja“, sagte Hinnerk Oltmanns.", "fr", id="verb-of-another-language"),
    ],
)
def test_no_speaker_is_found(text: str, language: str) -> None:
    assert named(text, language) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("The ferry stays.", 3, id="english"),
        pytest.param("船は港にとどまる。", 4, id="japanese"),
        pytest.param("我们付钱 OK", 3, id="chinese-and-latin"),
        pytest.param("เรือไม่ออก", 3, id="thai"),
        pytest.param("…", 0, id="none"),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    assert count_words(text) == words
