"""Names of persons in printed author lines."""

from __future__ import annotations

import pytest

from pipeline.read.html.authors import clean_authors


@pytest.mark.parametrize(
    ("printed", "names"),
    [
        pytest.param("Mara Oduya", ["Mara Oduya"], id="name"),
        pytest.param("By Mara Oduya", ["Mara Oduya"], id="by"),
        pytest.param("Written by: Mara Oduya", ["Mara Oduya"], id="written-by"),
        pytest.param("Von Ivo Brandt und Mara Oduya", ["Ivo Brandt", "Mara Oduya"], id="german"),
        pytest.param("By Mara Oduya and Ivo Brandt", ["Mara Oduya", "Ivo Brandt"], id="two"),
        pytest.param("Mara Oduya, Ivo Brandt and Li Wei", ["Mara Oduya", "Ivo Brandt", "Li Wei"], id="three"),
        pytest.param("Mara Oduya; Ivo Brandt", ["Mara Oduya", "Ivo Brandt"], id="semicolon"),
        pytest.param("MARA ODUYA & IVO BRANDT", ["MARA ODUYA", "IVO BRANDT"], id="capitals-are-kept"),
        pytest.param("Mara Oduya, Staff Writer", ["Mara Oduya"], id="job-after-a-comma"),
        pytest.param("Mara Oduya, PhD", ["Mara Oduya"], id="degree"),
        pytest.param("Dr. Mara Oduya", ["Mara Oduya"], id="title"),
        pytest.param("Mara Oduya | Harbour Post", ["Mara Oduya"], id="publisher-after-a-bar"),
        pytest.param("Mara Oduya - Reuters", ["Mara Oduya"], id="agency-after-a-dash"),
        pytest.param("Mara Oduya/AFP", ["Mara Oduya"], id="agency-after-a-slash"),
        pytest.param("By Mara Oduya in Lisbon", ["Mara Oduya"], id="place"),
        pytest.param("Mara Oduya for the Harbour Post", ["Mara Oduya"], id="employer"),
        pytest.param("Mara Oduya (mara@post.example)", ["Mara Oduya"], id="address-in-brackets"),
        pytest.param("Mara Oduya @maraoduya", ["Mara Oduya"], id="handle"),
        pytest.param("Mara Oduya December 3, 2016", ["Mara Oduya"], id="date"),
        pytest.param("By Mara Oduya\nBBC News, New York", ["Mara Oduya"], id="place-on-the-next-line"),
        pytest.param("Perry B. Oduya Jr.", ["Perry B. Oduya Jr."], id="junior"),
        pytest.param("Seán O’Brien-Lange", ["Seán O’Brien-Lange"], id="apostrophe-and-hyphen"),
        pytest.param("Anna van der Meer", ["Anna van der Meer"], id="particles"),
        pytest.param("April Roach", ["April Roach"], id="first-name-that-is-a-month"),
        pytest.param("Mara Oduya, Mara Oduya", ["Mara Oduya"], id="repeated-name"),
        pytest.param("Staff", [], id="staff"),
        pytest.param("Staff Writer", [], id="staff-writer"),
        pytest.param("Email the author", [], id="email-the-author"),
        pytest.param("Harbour Post News Desk", [], id="desk"),
        pytest.param("Fjellavisa Redaksjon", [], id="newsroom-in-norwegian"),
        pytest.param("Sportredaktion Hafenpost", [], id="newsroom-in-a-compound"),
        pytest.param("Redacción Diario del Puerto", [], id="newsroom-in-spanish"),
        pytest.param("La Rédaction", [], id="newsroom-in-french"),
        pytest.param("Redazione Corriere del Molo", [], id="newsroom-in-italian"),
        pytest.param("Redação Jornal do Cais", [], id="newsroom-in-portuguese"),
        pytest.param("Redakcja Portowa", [], id="newsroom-in-polish"),
        pytest.param("Mara Oduya, Redaktørin", ["Mara Oduya"], id="editor-after-a-comma"),
        pytest.param("Reda Oduya", ["Reda Oduya"], id="first-name-that-begins-like-a-newsroom"),
        pytest.param("Feuerwehr Oldenburg", [], id="fire-brigade"),
        pytest.param("Associated Press", [], id="agency"),
        pytest.param("By Reuters Staff", [], id="agency-staff"),
        pytest.param("AFP", [], id="agency-in-capitals"),
        pytest.param("https://www.facebook.com/mara.oduya", [], id="address"),
        pytest.param("admin", [], id="account"),
        pytest.param("Senior Political Correspondent", [], id="job"),
        pytest.param("New York", [], id="place-alone"),
        pytest.param("the harbour board said so", [], id="sentence"),
        pytest.param("Mara", [], id="first-name-alone"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_names(printed: str, names: list[str]) -> None:
    assert list(clean_authors([printed], [])) == names


@pytest.mark.parametrize(
    ("others", "names"),
    [
        pytest.param(["Island Life"], (), id="the-section"),
        pytest.param(["Copyright © 2021 Island Life"], (), id="the-owner"),
        pytest.param(["Harbour Post"], ("Island Life",), id="something-else"),
    ],
)
def test_names_of_others_are_not_authors(others: list[str], names: tuple[str, ...]) -> None:
    assert clean_authors(["Island Life"], others) == names
