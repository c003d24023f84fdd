"""Rows from spans; sources, cues and contents are marked in the texts, and only names are found."""

from __future__ import annotations

import pytest

from pipeline.entities import extract_mentions
from pipeline.quotes import extract_quotes
from tests.unit.quotes.test_find_spans import read

WHO = "The harbour’s pilot, Ines Rebordao, lives on the quay.\n\n"


@pytest.mark.parametrize(
    ("marked", "speaker"),
    [
        pytest.param('[c0:"They knew in autumn,"] [k0:says] Ines Rebordao.', "Ines Rebordao", id="behind-the-cue"),
        pytest.param('Ines Rebordao [k0:says]: [c0:"They knew in autumn."]', "Ines Rebordao", id="before-the-cue"),
        pytest.param("[k0:It was announced] [c0:Ines Rebordao would leave the harbour].", None, id="inside-content"),
        pytest.param('[c0:"They knew in autumn,"] [k0:says] the widow of Ines Rebordao.', None, id="further-off"),
    ],
)
def test_person_beside_a_cue_without_source_is_the_source(marked: str, speaker: str | None) -> None:
    article, reading = read(WHO + marked)
    (quote,) = extract_quotes(article, reading, extract_mentions(article, reading))
    assert (quote.speaker, quote.speaker_name) == (speaker, speaker)
    if quote.speaker_start_char is not None:
        assert article.text[quote.speaker_start_char : quote.speaker_end_char] == speaker
