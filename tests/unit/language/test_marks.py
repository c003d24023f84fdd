"""Pairs of quotation marks in many languages, and signs that are not quotation marks."""

from __future__ import annotations

import re

import pytest

from pipeline.contract import Segment
from pipeline.language.marks import CURLY_OPENING, SINGLE_OPENING, Quotation, pair_marks


def pairs(text: str, single_opening: re.Pattern[str] = CURLY_OPENING) -> list[Quotation]:
    """Return the quotations of a text in which every line is a paragraph."""
    segments = [Segment("paragraph", part.start(), part.end()) for part in re.finditer(r"\S.*", text)]
    return pair_marks(text, segments, single_opening)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        pytest.param("« Le bac reste à quai », a-t-elle dit.", ["Le bac reste à quai"], id="french"),
        pytest.param("«\u00a0Le bac reste\u00a0» dit-elle.", ["Le bac reste"], id="french-no-break-spaces"),
        pytest.param("«\u202fLe bac reste\u202f» dit-elle.", ["Le bac reste"], id="french-narrow-no-break-spaces"),
        pytest.param("Elle parle d’«\u00a0urgence\u00a0» au port.", ["urgence"], id="french-behind-an-elision"),
        pytest.param("«Die Fähre bleibt», sagte sie.", ["Die Fähre bleibt"], id="swiss"),
        pytest.param("«Er sagte ‹nie› zu mir», sagte sie.", ["Er sagte ‹nie› zu mir"], id="swiss-nested"),
        pytest.param("Sie sagte: ‹Nie wieder.› Dann ging sie.", ["Nie wieder."], id="single-guillemets"),
        pytest.param(
            "»Die Fähre bleibt«, sagte sie. »Punkt.«", ["Die Fähre bleibt", "Punkt."], id="german-pointing-in"
        ),
        pytest.param("»Færgen bliver«, sagde hun.", ["Færgen bliver"], id="danish"),
        pytest.param("»Er sagte ›nie‹ zu mir«, sagte sie.", ["Er sagte ›nie‹ zu mir"], id="german-pointing-in-nested"),
        pytest.param("»Lautta jää», hän sanoi. »Niin.»", ["Lautta jää", "Niin."], id="finnish-guillemets-one-way"),
        pytest.param("„Die Fähre bleibt“, sagte sie.", ["Die Fähre bleibt"], id="german"),
        pytest.param("„Er sagte ‚nie‘ zu mir“, sagte sie.", ["Er sagte ‚nie‘ zu mir"], id="german-nested"),
        pytest.param("„Prom zostaje” – powiedziała.", ["Prom zostaje"], id="polish"),
        pytest.param("„Powiedział »nigdy« i wyszedł” – mówi.", ["Powiedział »nigdy« i wyszedł"], id="polish-nested"),
        pytest.param(
            "„A spus «niciodată» și a ieșit”, zice ea.", ["A spus «niciodată» și a ieșit"], id="romanian-nested"
        ),
        pytest.param("„Trajekt zůstane,“ řekla.", ["Trajekt zůstane,"], id="czech"),
        pytest.param("«Паром останется», — сказала она.", ["Паром останется"], id="russian"),
        pytest.param(
            "«Он сказал „никогда“ и ушёл», — говорит.", ["Он сказал „никогда“ и ушёл"], id="russian-nested-low"
        ),
        pytest.param(
            "«Мы читали «Чайку» дома», — говорит.", ["Мы читали «Чайку» дома"], id="russian-nested-same-marks"
        ),
        pytest.param("“El barco se queda”, dijo.", ["El barco se queda"], id="spanish-curly"),
        pytest.param("«El barco “Aurora” se queda», dijo.", ["El barco “Aurora” se queda"], id="spanish-nested"),
        pytest.param("”Färjan stannar”, sade hon. ”Punkt.”", ["Färjan stannar", "Punkt."], id="swedish"),
        pytest.param("Hon sade: ”Färjan stannar.”", ["Färjan stannar."], id="swedish-behind-a-colon"),
        pytest.param("她说：“渡轮不会启航。”", ["渡轮不会启航。"], id="chinese"),
        pytest.param("她说：“他喊‘停船’就走了。”", ["他喊‘停船’就走了。"], id="chinese-nested"),
        pytest.param("知事は「船は出ない」と述べた。", ["船は出ない"], id="japanese"),
        pytest.param("「『出ない』と聞いた」と話す。", ["『出ない』と聞いた"], id="japanese-nested"),
        pytest.param("「「出ない」と聞いた」と話す。", ["「出ない」と聞いた"], id="japanese-nested-same-marks"),
        pytest.param("قالت: «العبارة باقية».", ["العبارة باقية"], id="arabic-guillemets"),
        pytest.param('היא אמרה: "המעבורת נשארת".', ["המעבורת נשארת"], id="hebrew-straight"),
        pytest.param("היא אמרה: ״דובר צה״ל כאן״.", ["דובר צה״ל כאן"], id="hebrew-gershayim-within"),
        pytest.param("‘De pont blijft’, zei ze.", ["De pont blijft"], id="dutch-single"),
        pytest.param('"Il traghetto resta", ha detto.', ["Il traghetto resta"], id="straight"),
        pytest.param('他说"船不开了"。', ["船不开了"], id="straight-between-letters"),
    ],
)
def test_marks_pair(text: str, quoted: list[str]) -> None:
    found = pairs(text)
    assert [text[quotation.start : quotation.end] for quotation in found] == quoted
    assert all(quotation.is_closed for quotation in found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("L'été, l'horloge n'a pas d'heure.", id="french-apostrophes"),
        pytest.param("La ’ndrangheta non c’è, dice un po’ di gente.", id="italian-apostrophes"),
        pytest.param("‘s Avonds gaat Kees’ boot uit en ‘t is dan koud, aan boord’.", id="dutch-apostrophes"),
        pytest.param("'s Avonds is Kees' boot weg.", id="dutch-straight-apostrophes"),
        pytest.param('Ein 24"-Monitor und ein 5" breites Brett.', id="inches"),
        pytest.param('דובר צה"ל ומנכ"ל הנמל הגיעו.', id="hebrew-abbreviations"),
        pytest.param("《渡轮之歌》今天上映。", id="chinese-titles"),
        pytest.param("— Le bac reste, dit-elle.\n\n— Bien.", id="dialogue-dashes"),
        pytest.param("Home › Nachrichten › Hafen", id="breadcrumbs"),
        pytest.param("Le bac reste à quai », a-t-elle dit hier soir.", id="closing-guillemet-alone"),
    ],
)
def test_no_marks(text: str) -> None:
    assert pairs(text) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("« Le bac reste à quai.\n\n« Il partira lundi », dit-elle.", id="french"),
        pytest.param("»Færgen bliver.\n\n»Den sejler mandag«, siger hun.", id="danish"),
        pytest.param("”Färjan stannar.\n\n”Den går på måndag”, säger hon.", id="swedish"),
        pytest.param("„Die Fähre bleibt.\n\n„Sie fährt am Montag“, sagte sie.", id="german"),
    ],
)
def test_running_quotation_reopens(text: str) -> None:
    first, second = pairs(text)
    assert (first.runs_on, second.runs_on) == (True, False)
    assert text[first.start : first.end] == text.split("\n\n")[0][1:].strip()


def test_mark_without_a_closing_one() -> None:
    (found,) = pairs("« Le bac reste à quai, a-t-elle dit.")
    assert not found.is_closed


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        pytest.param("“We pay», she said.", ["We pay"], id="guillemet-for-a-curly-mark"),
        pytest.param("He wrote that ”we pay“ and left. ”Now,“ he said.", ["we pay", "Now,"], id="turned-round"),
        pytest.param("قال ”باقية“ ثم قال ”راحلة“ أمس.", ["باقية", "راحلة"], id="turned-round-in-arabic"),
        pytest.param("“We pay,“ she said, and left.", [], id="nothing-but-opening-ones"),
    ],
)
def test_carelessly_set_marks(text: str, quoted: list[str]) -> None:
    assert [text[quotation.start : quotation.end] for quotation in pairs(text) if quotation.is_closed] == quoted


def test_straight_single_marks_count_only_in_english() -> None:
    text = "'We own a shop,' said the ministers' friend."
    assert [text[quotation.start : quotation.end] for quotation in pairs(text, SINGLE_OPENING)] == ["We own a shop,"]
    assert pairs(text) == []
