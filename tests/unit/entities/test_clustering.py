"""Which names of an article name the same; names are marked in the text: ``[PERSON Mara Oduya]``."""

from __future__ import annotations

import re

import pytest

from pipeline.contract import EntityType
from pipeline.entities.clustering import cluster_names
from pipeline.entities.clusters import Cluster, Name
from tests.bounds import processor_seconds_below

MARKED = re.compile(r"\[(?P<kind>[A-Z_]+) (?P<name>[^\]]+)\]")


def groups_of(marked: str) -> list[Cluster]:
    text, names = "", []
    at = 0
    for found in MARKED.finditer(marked):
        text += marked[at : found.start()]
        kind: EntityType = found["kind"]  # type: ignore[assignment]
        names.append(Name(len(text), len(text) + len(found["name"]), kind))
        text += found["name"]
        at = found.end()
    return cluster_names(text + marked[at:], names)


def named(marked: str) -> list[tuple[str, int]]:
    """Each group's name and how many names are in it."""
    return [(group.name, len(group.names)) for group in groups_of(marked)]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        pytest.param("[PERSON Mara Oduya] went. Ms [PERSON Oduya] came.", [("Mara Oduya", 2)], id="surname"),
        pytest.param("[PERSON Oduya] went. [PERSON Mara Oduya] came.", [("Mara Oduya", 2)], id="surname-before"),
        pytest.param("[PERSON Mara Oduya] went. [PERSON Mara] came.", [("Mara Oduya", 2)], id="first-name-alone"),
        pytest.param(
            "[PERSON Mara Oduya] and [PERSON Mara Bexley] went. [PERSON Mara] came.",
            [("Mara Oduya", 1), ("Mara Bexley", 1), ("Mara", 1)],
            id="first-name-of-two",
        ),
        pytest.param("[PERSON Lin Yaoting] went. [PERSON Lin] came.", [("Lin Yaoting", 2)], id="surname-first"),
        pytest.param(
            "[PERSON Mara J. Oduya] went. [PERSON Mara Oduya] and [PERSON M. Oduya] came.",
            [("Mara J. Oduya", 3)],
            id="middle-name-and-initial",
        ),
        pytest.param(
            "[PERSON Mara Oduya] went. [PERSON Moses Oduya] came.",
            [("Mara Oduya", 1), ("Moses Oduya", 1)],
            id="two-of-one-surname",
        ),
        pytest.param(
            "[PERSON Mara Oduya] and [PERSON Moses Oduya] went. [PERSON Oduya] came.",
            [("Mara Oduya", 1), ("Moses Oduya", 1), ("Oduya", 1)],
            id="surname-of-two",
        ),
        pytest.param(
            "[PERSON Mary Oduya] and [PERSON John Oduya] went. Mrs. [PERSON Oduya] came, Mr [PERSON Oduya] stayed.",
            [("Mary Oduya", 2), ("John Oduya", 2)],
            id="surname-of-two-told-by-title",
        ),
        pytest.param(
            "[PERSON John Oduya] went. Mrs [PERSON Oduya] came.",
            [("John Oduya", 1), ("Oduya", 1)],
            id="his-wife-is-not-he",
        ),
        pytest.param(
            "[PERSON Mary Oduya] spoke. [PERSON Oduya] left. [PERSON John Oduya] came.",
            [("Mary Oduya", 2), ("John Oduya", 1)],
            id="named-before-the-other-of-the-surname",
        ),
        pytest.param(
            "[PERSON Ruy de la Vega], Mr [PERSON de la Vega], [PERSON Vega]", [("Ruy de la Vega", 3)], id="particles"
        ),
        pytest.param("[PERSON Omar bin Nadir] and [PERSON bin Nadir]", [("Omar bin Nadir", 2)], id="bin"),
        pytest.param("[PERSON Cor Bexley Jr.] and [PERSON Bexley]", [("Cor Bexley Jr.", 2)], id="suffix"),
        pytest.param(
            "[PERSON ODUYA] WINS\n\n[PERSON Mara Oduya] won.", [("Mara Oduya", 2)], id="capitals-in-a-headline"
        ),
        pytest.param("[PERSON MARA ODUYA] won.", [("Mara Oduya", 1)], id="only-in-capitals"),
        pytest.param("[PERSON Zoë Hálasz] and [PERSON Zoe Halasz]", [("Zoë Hálasz", 2)], id="accents"),
        pytest.param(
            "[PERSON Brown], a miller, met [PERSON Will Hope]. [PERSON Hope] left [PERSON Brown].",
            [("Brown", 2), ("Will Hope", 2)],
            id="names-that-are-words",
        ),
        pytest.param(
            "[PERSON Иван Петров] met [PERSON 王小明] and [PERSON प्रिया शर्मा]. [PERSON Петров] left [PERSON 王小明].",
            [("Иван Петров", 2), ("王小明", 2), ("प्रिया शर्मा", 1)],
            id="other-scripts",
        ),
    ],
)
def test_people(marked: str, expected: list[tuple[str, int]]) -> None:
    assert named(marked) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        pytest.param(
            "[ORG North Sea Harbour Union] (NSHU) met. The [ORG NSHU] left.",
            [("North Sea Harbour Union", 2)],
            id="acronym-defined-where-no-name-was-found",
        ),
        pytest.param(
            "[ORG NSHU] ([ORG North Sea Harbour Union]) met.", [("North Sea Harbour Union", 2)], id="acronym-before"
        ),
        pytest.param(
            "The [EVENT Asia-Pacific Harbour Forum] ([ORG APHF]) met.",
            [("Asia-Pacific Harbour Forum", 2)],
            id="acronym-of-another-kind",
        ),
        pytest.param(
            "[ORG Harbour Workers’ Front] ([ORG TKP]) met. [ORG TKP] left.",
            [("Harbour Workers’ Front", 3)],
            id="acronym-in-another-language",
        ),
        pytest.param(
            "[ORG Sumaque Harbour Board] ([GPE UK])",
            [("Sumaque Harbour Board", 1), ("UK", 1)],
            id="country-in-brackets",
        ),
        pytest.param(
            "[ORG Sumaque Pilots Guild] met. The [ORG SPG] left.", [("Sumaque Pilots Guild", 2)], id="only-acronym"
        ),
        pytest.param(
            "[ORG Sumaque Pilots Guild] and [ORG Sallow Ponds Group] met. The [ORG SPG] left.",
            [("Sumaque Pilots Guild", 1), ("Sallow Ponds Group", 1), ("SPG", 1)],
            id="acronym-of-two",
        ),
        pytest.param(
            "[ORG Sumaque Harbour Board] met. The [ORG Harbour Board] left; the [ORG Board] stayed.",
            [("Sumaque Harbour Board", 3)],
            id="short-form",
        ),
        pytest.param(
            "[ORG Sumaque Harbour Board] and [ORG Bexley Harbour Board] met. The [ORG Harbour Board] left.",
            [("Sumaque Harbour Board", 1), ("Bexley Harbour Board", 1), ("Harbour Board", 1)],
            id="short-form-of-two",
        ),
        pytest.param("[ORG Larkspur Holdings Ltd], [ORG Larkspur]", [("Larkspur Holdings Ltd", 2)], id="legal-form"),
        pytest.param(
            "[ORG Larkspur Pictures] and [ORG Larkspur]", [("Larkspur Pictures", 1), ("Larkspur", 1)], id="daughter"
        ),
        pytest.param("The [GPE U.S.] and the [GPE United States] and [GPE US]", [("United States", 3)], id="country"),
        pytest.param(
            "[GPE North Korea] and [GPE Korea]", [("North Korea", 1), ("Korea", 1)], id="no-short-form-of-a-country"
        ),
        pytest.param("[GPE New York City], [GPE New York]", [("New York City", 2)], id="city"),
        pytest.param(
            "[GPE Sumaque], [ORG Sumaque Harbour Board]", [("Sumaque", 1), ("Sumaque Harbour Board", 1)], id="seat"
        ),
        pytest.param("The [ORG UN] and the [ORG United Nations]", [("United Nations", 2)], id="known-body"),
        pytest.param("[GPE MOSCOW] and [GPE Moscow]", [("Moscow", 2)], id="capitals-in-a-dateline"),
        pytest.param("[GPE USSR]", [("USSR", 1)], id="capitals-that-are-a-name"),
    ],
)
def test_bodies_and_places(marked: str, expected: list[tuple[str, int]]) -> None:
    assert named(marked) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        pytest.param(
            "[LOC Habomai], [LOC Habomai] and [LOC Hamobai]", [("Habomai", 3)], id="two-letters-changed-places"
        ),
        pytest.param("[PERSON Sergei Lavronov], [PERSON Sergey Lavronov]", [("Sergei Lavronov", 2)], id="one-letter"),
        pytest.param("[LOC Ferro], [LOC Ferra]", [("Ferro", 1), ("Ferra", 1)], id="short-word"),
        pytest.param(
            "[PERSON Mario Bexley], [PERSON Maria Bexley]", [("Mario Bexley", 1), ("Maria Bexley", 1)], id="he-and-she"
        ),
        pytest.param(
            "[LOC Habomai] " * 3 + "[LOC Hamobai] " * 3, [("Habomai", 3), ("Hamobai", 3)], id="both-printed-often"
        ),
        pytest.param("[GPE Gambia], [GPE Zambia]", [("Gambia", 1), ("Zambia", 1)], id="two-countries"),
    ],
)
def test_slips(marked: str, expected: list[tuple[str, int]]) -> None:
    assert named(marked) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        pytest.param(
            "[PERSON Ann Washington] met [PERSON Washington] in [GPE Washington] at dawn.",
            [("PERSON", "Ann Washington", 2), ("GPE", "Washington", 1)],
            id="person-and-place",
        ),
        pytest.param(
            "[PERSON Valeska Paris] went. Ms [GPE Paris] came.", [("PERSON", "Valeska Paris", 2)], id="titled-place"
        ),
        pytest.param(
            "[ORG Chelsea] won. [GPE Chelsea] lost. [ORG Chelsea] drew.", [("ORG", "Chelsea", 3)], id="majority"
        ),
        pytest.param(
            "[PERSON Oduya], [PERSON Mara Oduya] and [GPE Oduya]", [("PERSON", "Mara Oduya", 3)], id="slip-of-kind"
        ),
    ],
)
def test_kinds(marked: str, expected: list[tuple[str, str, int]]) -> None:
    assert [(group.kind, group.name, len(group.names)) for group in groups_of(marked)] == expected


def test_a_slip_is_less_sure_than_a_surname() -> None:
    (islands,) = groups_of("[LOC Habomai], [LOC Habomai], [LOC Hamobai]")
    (person,) = groups_of("[PERSON Mara Oduya], [PERSON Oduya]")
    assert [name.confidence for name in islands.names] == [None, None, 0.7]
    assert [name.confidence for name in person.names] == [None, 0.95]


def test_every_name_stays() -> None:
    marked = "[PERSON A], [ORG .], [GPE …], [PERSON the], [NORP Norwegian], [PRODUCT 7], [PERSON Jr.]"
    groups = groups_of(marked)
    assert sorted(name for group in groups for name in group.names)[0].start == 0
    assert sum(len(group.names) for group in groups) == 7


@pytest.mark.parametrize("pattern", ["Mara{n} Oduya", "Mara Oduya{n}", "M{n} O{n} Oduya"])
def test_five_thousand_people_take_seconds(pattern: str) -> None:
    number = ["".join(chr(97 + int(digit)) for digit in str(n)) for n in range(5000)]
    marked = " met ".join(f"[PERSON {pattern.format(n=n)}] and [PERSON Oduya]" for n in number)
    with processor_seconds_below(40):
        groups = groups_of(marked)
    assert len(groups) > 3000
