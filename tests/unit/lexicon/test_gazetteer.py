"""Places by name, and the generated lists behind them."""

from __future__ import annotations

import pytest
from training.gazetteer import FOLDER, make_lists

from pipeline.lexicon.gazetteer import is_place, places_named


@pytest.mark.parametrize(
    ("name", "links"),
    [
        pytest.param("Reykjavík", {"3413829"}, id="accents"),
        pytest.param("REYKJAVIK", {"3413829"}, id="capitals-without-accents"),
        pytest.param("Tex.", {"4736286"}, id="short-name-of-a-state"),
        pytest.param("the Netherlands", {"NL"}, id="article"),
        pytest.param("Congo", {"CD", "CG"}, id="name-of-two-countries"),
        pytest.param("Nowhereby-on-Sea", set(), id="in-no-list"),
        pytest.param("", set(), id="empty"),
        pytest.param("\n", set(), id="white-space"),
        pytest.param("Reykjavik\tCapital", set(), id="tab"),
        pytest.param("Reykjavik\ud800", set(), id="lone-surrogate"),
        pytest.param("\U0010ffff", set(), id="sorts-after-the-last-line"),
    ],
)
def test_places_named(name: str, links: set[str]) -> None:
    found = {place.link_id for place in places_named(name) if place.kind in ("country", "region") or place.is_capital}
    assert found == links


@pytest.mark.parametrize(
    ("name", "is_found"),
    [
        pytest.param("Norway", True, id="country"),
        pytest.param("NORWAY", True, id="country-in-capitals"),
        pytest.param("norway", False, id="country-in-lower-case"),
        pytest.param("USA", True, id="country-named-by-capitals"),
        pytest.param("Vermont", True, id="state"),
        pytest.param("Washington", False, id="state-that-is-a-city-and-a-president"),
        pytest.param("Rotterdam", True, id="large-city"),
        pytest.param("Reading", False, id="city-that-is-a-word"),
        pytest.param("Bavaria", False, id="region-of-another-country"),
    ],
)
def test_is_place(name: str, is_found: bool) -> None:
    assert is_place(name) is is_found


@pytest.mark.slow
def test_lists_equal_the_output_of_their_generator() -> None:
    for name, content in make_lists().items():
        assert (FOLDER / name).read_text("utf-8") == content, (
            f"{name} is not what `python -m training.gazetteer` writes"
        )
