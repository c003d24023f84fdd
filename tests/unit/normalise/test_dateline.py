"""Datelines as agencies print them, and sentences that resemble datelines."""

from __future__ import annotations

import pytest

from pipeline.normalise.dateline import read_dateline


@pytest.mark.parametrize(
    ("text", "place", "agency", "day"),
    [
        pytest.param("WASHINGTON (AP) — The", "WASHINGTON", "AP", None, id="ap-parenthesis-and-dash"),
        pytest.param("LONDON (Reuters) - The", "LONDON", "Reuters", None, id="reuters-parenthesis"),
        pytest.param("LONDON, Dec 3 (Reuters) - The", "LONDON", "Reuters", (12, 3), id="reuters-with-day"),
        pytest.param("May 7 (Reuters) - The", None, "Reuters", (5, 7), id="reuters-without-place"),
        pytest.param("PARIS (AFP) – The", "PARIS", "AFP", None, id="afp-en-dash"),
        pytest.param("MOSCOW, December 3. /TASS/. The", "MOSCOW", "TASS", (12, 3), id="tass-slashes"),
        pytest.param("MOSCOW. Dec 3 (Interfax) - The", "MOSCOW", "Interfax", (12, 3), id="interfax-stop-after-place"),
        pytest.param("BEIJING, Dec. 3 (Xinhua) -- The", "BEIJING", "Xinhua", (12, 3), id="xinhua-two-hyphens"),
        pytest.param("Berlin (dpa) - The", "Berlin", "dpa", None, id="dpa-lower-case"),
        pytest.param("LONDON, Dec. 3 (PA) - The", "LONDON", "PA", (12, 3), id="pa"),
        pytest.param("OMAHA, Neb., Dec. 3 (UPI) -- The", "OMAHA, Neb.", "UPI", (12, 3), id="upi-with-state"),
        pytest.param("New Delhi [India], May 3 (ANI): The", "New Delhi [India]", "ANI", (5, 3), id="ani-country"),
        pytest.param("Pune, Aug 14 (PTI) Millet prices", "Pune", "PTI", (8, 14), id="pti-without-dash"),
        pytest.param("New Delhi, Dec 3 (IANS) The", "New Delhi", "IANS", (12, 3), id="ians-without-dash"),
        pytest.param("New Delhi, Dec 3 (IANS): The", "New Delhi", "IANS", (12, 3), id="ians-colon"),
        pytest.param("Madrid, Dec 3 (EFE).- The", "Madrid", "EFE", (12, 3), id="efe-stop-and-hyphen"),
        pytest.param("TOKYO, Dec. 3, Kyodo - The", "TOKYO", "Kyodo", (12, 3), id="kyodo-after-comma"),
        pytest.param("SEOUL, Dec. 3 (Yonhap) -- The", "SEOUL", "Yonhap", (12, 3), id="yonhap"),
        pytest.param("OTTAWA — The", "OTTAWA", None, None, id="cp-prints-no-agency"),
        pytest.param("(CP) - The", None, "CP", None, id="agency-alone"),
        pytest.param("ST. JOHN'S, N.L. — The", "ST. JOHN'S, N.L.", None, None, id="place-with-stops"),
    ],
)
def test_dateline(text: str, place: str | None, agency: str | None, day: tuple[int, int] | None) -> None:
    found = read_dateline(text)
    assert found is not None
    assert (found.place, found.agency) == (place, agency)
    assert (found.month, found.day) == (day or (None, None))
    assert text.startswith(found.printed)
    assert text[found.end_char :] in ("The", "Millet prices")


def test_dateline_with_its_year() -> None:
    found = read_dateline("LONDON, May 7 2024 - The")
    assert found is not None
    assert (found.year, found.month, found.day, found.printed) == (2024, 5, 7, "LONDON, May 7 2024")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Paris is where the talks began.", id="place-in-a-sentence"),
        pytest.param("Paris-based airline Aerolune is to merge.", id="place-in-a-compound"),
        pytest.param("London – the city that never was – sleeps.", id="place-before-an-insertion"),
        pytest.param("WALLACE: Well, we tried.", id="turn-of-a-transcript"),
        pytest.param("Note: this is a test.", id="note"),
        pytest.param("THE GUJARAT Special Court met.", id="words-in-capitals"),
        pytest.param("A dpa report said the ferry sank.", id="agency-in-a-sentence"),
        pytest.param("The court (PTI) said nothing.", id="agency-in-brackets-in-a-sentence"),
        pytest.param("The Dinner, Aug 14 (PTI) Millet was served.", id="no-place-before-an-unmarked-agency"),
        pytest.param("In May (AP) The ferry sank.", id="month-is-not-a-place"),
        pytest.param("PARIS. The talks began.", id="one-word-and-a-stop"),
        pytest.param("", id="nothing"),
    ],
)
def test_no_dateline(text: str) -> None:
    assert read_dateline(text) is None
