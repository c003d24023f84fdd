"""Clusters of an article's names; names are marked in the text: ``[PERSON Mara Oduya]``."""

from __future__ import annotations

import re
from collections import Counter
from types import ModuleType

import pytest

from pipeline.contract import EntityType
from pipeline.entities import misspellings, person_names
from pipeline.entities.clustering import cluster_names
from pipeline.entities.clusters import Cluster, Name

MARKED = re.compile(r"\[(?P<kind>[A-Z_]+) (?P<name>[^\]]+)\]")


def clusters_of(marked: str) -> list[Cluster]:
    text, names = "", []
    end = 0
    for found in MARKED.finditer(marked):
        text += marked[end : found.start()]
        kind: EntityType = found["kind"]  # type: ignore[assignment]
        names.append(Name(len(text), len(text) + len(found["name"]), kind))
        text += found["name"]
        end = found.end()
    return cluster_names(text + marked[end:], names)


def sizes_of(marked: str) -> list[tuple[str, int]]:
    """Return the name of each cluster and how many names are in it."""
    return [(cluster.name, len(cluster.names)) for cluster in clusters_of(marked)]


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
            id="surname-of-two-with-titles",
        ),
        pytest.param(
            "[PERSON John Oduya] went. Mrs [PERSON Oduya] came.",
            [("John Oduya", 1), ("Oduya", 1)],
            id="mrs-excludes-a-man",
        ),
        pytest.param(
            "[PERSON Mary Oduya] spoke. [PERSON Oduya] left. [PERSON John Oduya] came.",
            [("Mary Oduya", 2), ("John Oduya", 1)],
            id="only-bearer-so-far",
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
            id="names-that-are-also-words",
        ),
        pytest.param(
            "[PERSON Иван Петров] met [PERSON 王小明] and [PERSON प्रिया शर्मा]. [PERSON Петров] left [PERSON 王小明].",
            [("Иван Петров", 2), ("王小明", 2), ("प्रिया शर्मा", 1)],
            id="other-scripts",
        ),
    ],
)
def test_people(marked: str, expected: list[tuple[str, int]]) -> None:
    assert sizes_of(marked) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        pytest.param(
            "[ORG North Sea Harbour Union] (NSHU) met. The [ORG NSHU] left.",
            [("North Sea Harbour Union", 2)],
            id="acronym-defined-in-plain-text",
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
            "[ORG Sumaque Pilots Guild] met. The [ORG SPG] left.",
            [("Sumaque Pilots Guild", 2)],
            id="only-name-with-these-initials",
        ),
        pytest.param(
            "[ORG Sumaque Pilots Guild] and [ORG Sallow Ponds Group] met. The [ORG SPG] left.",
            [("Sumaque Pilots Guild", 1), ("Sallow Ponds Group", 1), ("SPG", 1)],
            id="initials-of-two-names",
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
            "[ORG Larkspur Pictures] and [ORG Larkspur]", [("Larkspur Pictures", 1), ("Larkspur", 1)], id="subsidiary"
        ),
        pytest.param("The [GPE U.S.] and the [GPE United States] and [GPE US]", [("United States", 3)], id="country"),
        pytest.param(
            "[GPE North Korea] and [GPE Korea]", [("North Korea", 1), ("Korea", 1)], id="country-has-no-short-form"
        ),
        pytest.param("[GPE New York City], [GPE New York]", [("New York City", 2)], id="city"),
        pytest.param(
            "[GPE Sumaque], [ORG Sumaque Harbour Board]",
            [("Sumaque", 1), ("Sumaque Harbour Board", 1)],
            id="place-in-an-organisation",
        ),
        pytest.param(
            "The [ORG UN] and the [ORG United Nations]", [("United Nations", 2)], id="well-known-organisation"
        ),
        pytest.param("[GPE MOSCOW] and [GPE Moscow]", [("Moscow", 2)], id="capitals-in-a-dateline"),
        pytest.param("[GPE USSR]", [("USSR", 1)], id="acronym-stays-in-capitals"),
    ],
)
def test_organisations_and_places(marked: str, expected: list[tuple[str, int]]) -> None:
    assert sizes_of(marked) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        pytest.param("[LOC Habomai], [LOC Habomai] and [LOC Hamobai]", [("Habomai", 3)], id="two-letters-swapped"),
        pytest.param("[PERSON Sergei Lavronov], [PERSON Sergey Lavronov]", [("Sergei Lavronov", 2)], id="one-letter"),
        pytest.param("[LOC Ferro], [LOC Ferra]", [("Ferro", 1), ("Ferra", 1)], id="short-word"),
        pytest.param(
            "[PERSON Mario Bexley], [PERSON Maria Bexley]",
            [("Mario Bexley", 1), ("Maria Bexley", 1)],
            id="given-names-of-two-genders",
        ),
        pytest.param(
            "[LOC Habomai] " * 3 + "[LOC Hamobai] " * 3, [("Habomai", 3), ("Hamobai", 3)], id="two-frequent-spellings"
        ),
        pytest.param("[GPE Gambia], [GPE Zambia]", [("Gambia", 1), ("Zambia", 1)], id="two-countries"),
    ],
)
def test_misspellings(marked: str, expected: list[tuple[str, int]]) -> None:
    assert sizes_of(marked) == expected


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
            "[ORG Chelsea] won. [GPE Chelsea] lost. [ORG Chelsea] drew.",
            [("ORG", "Chelsea", 3)],
            id="most-frequent-kind",
        ),
        pytest.param(
            "[PERSON Oduya], [PERSON Mara Oduya] and [GPE Oduya]", [("PERSON", "Mara Oduya", 3)], id="wrong-kind"
        ),
    ],
)
def test_kinds(marked: str, expected: list[tuple[str, str, int]]) -> None:
    assert [(cluster.kind, cluster.name, len(cluster.names)) for cluster in clusters_of(marked)] == expected


def test_misspelling_is_less_certain_than_a_surname() -> None:
    (islands,) = clusters_of("[LOC Habomai], [LOC Habomai], [LOC Hamobai]")
    (person,) = clusters_of("[PERSON Mara Oduya], [PERSON Oduya]")
    assert [name.confidence for name in islands.names] == [None, None, 0.7]
    assert [name.confidence for name in person.names] == [None, 0.95]


def test_no_name_is_lost() -> None:
    marked = "[PERSON A], [ORG .], [GPE …], [PERSON the], [NORP Norwegian], [PRODUCT 7], [PERSON Jr.]"
    clusters = clusters_of(marked)
    assert sorted(name for cluster in clusters for name in cluster.names)[0].start == 0
    assert sum(len(cluster.names) for cluster in clusters) == 7


def test_lone_initial_of_a_shortened_name() -> None:
    (cluster,) = clusters_of("[PERSON Jon Oduya], [PERSON J. Oduya] and [PERSON J.] came.")
    assert (cluster.name, len(cluster.names)) == ("Jon Oduya", 3)


@pytest.mark.parametrize("pattern", ["Mara{n} Oduya", "Mara Oduya{n}", "M{n} O{n} Oduya"])
def test_comparisons_grow_with_the_number_of_people(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name is compared with a bounded number of others, not with all."""
    compared: Counter[str] = Counter()

    def count(module: ModuleType, function: str) -> None:
        original = getattr(module, function)

        def counting(*arguments: object) -> object:
            compared[function] += 1
            return original(*arguments)

        monkeypatch.setattr(module, function, counting)

    count(person_names, "_shortens")
    count(person_names, "_gender_sign")
    count(misspellings, "_misspells")
    people = 2_000
    letters = ["".join(chr(97 + int(digit)) for digit in str(n)) for n in range(people)]
    marked = " met ".join(f"[PERSON {pattern.format(n=n)}] and [PERSON Oduya]" for n in letters)
    assert len(clusters_of(marked)) > people / 2
    assert max(compared.values()) < 200 * people
