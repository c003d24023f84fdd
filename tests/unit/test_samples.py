"""The sample articles in raw/: enough of them, and every quirk that they are there to show."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path

import pytest

RAW = Path(__file__).parents[2] / "raw"
FILES = {path.relative_to(RAW).as_posix(): path.read_bytes() for path in sorted(RAW.glob("*/*.txt"))}
BAD = {"meridian-dispatch/press-release.txt", "northern-wire/photo-4471.txt", "river-city-herald/pending.txt"}
SIDECARS = {path.relative_to(RAW).as_posix(): json.loads(path.read_text("utf-8")) for path in RAW.glob("*/*.json")}


def words(name: str) -> list[str]:
    raw = FILES[name]
    encoding = "utf-16" if raw.startswith(codecs.BOM_UTF16_LE) else "utf-8"
    return raw.decode(encoding, "replace").split()


def test_samples_are_enough() -> None:
    assert set(FILES) >= BAD
    assert len(FILES) - len(BAD) >= 24
    assert len({name.split("/")[0] for name in FILES}) >= 4


@pytest.mark.parametrize("name", sorted(set(FILES) - BAD))
def test_sample_is_short(name: str) -> None:
    assert 80 <= len(words(name)) <= 250


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        pytest.param("northern-wire/glacier-hut.txt", rb"^\xff\xfe", id="utf-16"),
        pytest.param("river-city-herald/bridge-vote.txt", rb"^\xef\xbb\xbf", id="utf-8-with-mark"),
        pytest.param("river-city-herald/cafe-licence.txt", rb"\x93The noise.*caf\xe9\x92s.*\x94", id="cp1252"),
        pytest.param("river-city-herald/singing-stone.txt", "â€œIt hums".encode(), id="mojibake"),
        pytest.param("river-city-herald/harvest-fair.txt", rb"people\r\nwaded", id="crlf-hard-wrapped"),
        pytest.param("harbour-post/lobster-quota.txt", rb"^https://", id="address-on-the-first-line"),
        pytest.param("harbour-post/harbour-tolls.txt", rb"^Home\nWorld\n", id="furniture-on-top"),
        pytest.param("harbour-post/harbour-tolls.txt", rb"Share this article\n", id="furniture-at-the-end"),
        pytest.param("harbour-post/harbour-tolls-corrected.txt", rb"\nCorrection: ", id="correction-note"),
        pytest.param("harbour-post/lighthouse-keeper.txt", rb"\nPhoto: ", id="caption"),
        pytest.param("northern-wire/lake-treaty.txt", rb"ALMATY, May 12\. /TASS/\.", id="dateline-without-year"),
        pytest.param("northern-wire/lake-treaty.txt", rb'"It is not easy[^"]*, he said\.\n', id="missing-closing-mark"),
        pytest.param("northern-wire/observatory-dome.txt", rb'\nWe had[^"]*,"', id="missing-opening-mark"),
        pytest.param("northern-wire/lake-treaty.txt", rb"(?s)(It is about knee deep).*\1", id="printed-twice"),
        pytest.param("northern-wire/lake-treaty.txt", rb"(?s)Kumsay.*Kumsai", id="name-spelt-two-ways"),
        pytest.param("northern-wire/lake-treaty.txt", rb"\nOld maps\n", id="subhead"),
        pytest.param(
            "meridian-dispatch/tunnel-inquiry.txt", rb'\n"The ceiling spoke[^\n]*panel\n', id="quoted-standfirst"
        ),
        pytest.param("harbour-post/lighthouse-keeper.txt", "ships.\n\n“There was".encode(), id="running-quotation"),
        pytest.param("meridian-dispatch/vaccine-cold-chain.txt", "‘Come back".encode(), id="nested-marks"),
        pytest.param("meridian-dispatch/village-shop.txt", "‘We own a shop,’".encode(), id="single-marks"),
        pytest.param("weser-tagblatt/deichschafe.txt", "„Ein Schaf".encode(), id="low-high-marks"),
        pytest.param("weser-tagblatt/deichschafe.txt", "»Die Wiese ist nass«".encode(), id="guillemets-pointing-in"),
        pytest.param("courrier-des-docks/horloge.txt", "« Tout".encode(), id="guillemets"),
        pytest.param("river-city-herald/water-hearing.txt", rb"\nPARDOE: ", id="transcript"),
        pytest.param("river-city-herald/street-voices.txt", rb'Achterberg, baker: "', id="name-colon"),
        pytest.param("harbour-post/gull-proof-bins.txt", "“gull-proof”".encode(), id="scare-quotes"),
        pytest.param("river-city-herald/bridge-vote.txt", rb"said that the repair", id="indirect-speech"),
        pytest.param("harbour-post/beet-train.txt", rb", according to Monteverde\.", id="according-to"),
        pytest.param("meridian-dispatch/vaccine-cold-chain.txt", rb"Alliance \(EACCA\)", id="acronym-definition"),
        pytest.param("meridian-dispatch/press-release.txt", rb"^{\\rtf1", id="rtf-in-disguise"),
        pytest.param("northern-wire/photo-4471.txt", rb"\x00", id="nul-bytes"),
        pytest.param("river-city-herald/pending.txt", rb"^$", id="empty-file"),
    ],
)
def test_quirk_is_shown(name: str, sign: bytes) -> None:
    assert re.search(sign, FILES[name])


def test_correction_has_the_address_of_the_first_version_and_came_later() -> None:
    first, second = (SIDECARS[f"harbour-post/harbour-tolls{part}.json"] for part in ("", "-corrected"))
    assert second["url"].split("?")[0] == first["url"]
    assert second["fetched_at"] > first["fetched_at"]


def test_syndicated_copies_are_nearly_the_same() -> None:
    first, second = words("harbour-post/beet-train.txt"), words("river-city-herald/sugar-beets-in-the-creek.txt")
    assert first != second
    assert len(set(first) & set(second)) / len(set(first) | set(second)) > 0.9


def test_about_half_have_a_sidecar() -> None:
    assert 0.4 <= len(SIDECARS) / len(FILES) <= 0.8
