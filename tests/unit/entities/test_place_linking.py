"""Links of place names, chosen by the words beside them and by the other places of the article."""

from __future__ import annotations

import pytest

from pipeline.entities.clusters import Link
from pipeline.entities.linking import link_clusters
from tests.unit.entities.marked import read_marked


def links_of(marked: str) -> dict[str, Link | None]:
    article, clusters = read_marked(marked)
    return {cluster.name: link for cluster, link in zip(clusters, link_clusters(article, clusters, None), strict=True)}


@pytest.mark.parametrize(
    ("marked", "link"),
    [
        pytest.param("[U.S.|GPE] farmers met.", ("iso3166-1", "US", "United States"), id="country-written-short"),
        pytest.param("[the Netherlands|GPE] won.", ("iso3166-1", "NL", "Netherlands"), id="country-with-article"),
        pytest.param("[Republic of Armenia|GPE] voted.", ("iso3166-1", "AM", "Armenia"), id="country-in-full"),
        pytest.param("[Holy See|GPE] wrote.", ("iso3166-1", "VA", "Vatican"), id="holy-see"),
        pytest.param("[Côte d’Ivoire|GPE] voted.", ("iso3166-1", "CI", "Ivory Coast"), id="country-with-accents"),
        pytest.param("[Singapore|GPE] voted.", ("iso3166-1", "SG", "Singapore"), id="country-and-city-of-one-name"),
        pytest.param("[Russia|LOC] is large.", ("iso3166-1", "RU", "Russia"), id="country-tagged-as-landscape"),
        pytest.param("[Russians|NORP] voted.", ("iso3166-1", "RU", "Russian"), id="nationality"),
        pytest.param("[South African|NORP] wine.", ("iso3166-1", "ZA", "South African"), id="nationality-of-two-words"),
        pytest.param("[South Koreans|NORP] voted.", ("iso3166-1", "KR", "South Korean"), id="one-of-two-koreas"),
        pytest.param("[Koreans|NORP] voted.", None, id="nationality-of-two-countries"),
        pytest.param("[Kurds|NORP] voted.", None, id="people-of-several-countries"),
        pytest.param("[Germany|ORG] scored twice.", None, id="team-with-its-countrys-name"),
        pytest.param("[Jordan|PERSON] spoke.", None, id="person-with-a-countrys-name"),
        pytest.param("[Soviet Union|GPE] fell.", None, id="former-country"),
        pytest.param("[Tamil Nadu|GPE] voted.", ("geonames", "1255053", "Tamil Nādu"), id="region"),
        pytest.param("[Bavaria|GPE] voted.", ("geonames", "2951839", "Bavaria"), id="region-by-its-english-name"),
        pytest.param("[Calif.|GPE] voted.", ("geonames", "5332921", "California"), id="state-written-short"),
        pytest.param(
            "[St. Petersburg|GPE] froze.", ("geonames", "498817", "Saint Petersburg"), id="saint-written-short"
        ),
        pytest.param("[Kiev|GPE] froze.", ("geonames", "703448", "Kyiv"), id="city-by-another-name"),
        pytest.param("[Sao Paulo|GPE] voted.", ("geonames", "3448439", "São Paulo"), id="city-without-accents"),
        pytest.param("[NAIROBI|GPE] voted.", ("geonames", "184745", "Nairobi"), id="city-in-capitals"),
        pytest.param("[Port Ellery|GPE] voted.", None, id="unlisted-town"),
        pytest.param("[東京|GPE] voted.", None, id="name-in-another-script"),
    ],
)
def test_unambiguous_name(marked: str, link: tuple[str, str, str] | None) -> None:
    (found,) = links_of(marked).values()
    assert (found and found[:3]) == link


@pytest.mark.parametrize(
    ("marked", "name", "link_id"),
    [
        pytest.param("[Paris|GPE] woke up.", "Paris", "2988507", id="capital-by-default"),
        pytest.param("[Paris|GPE], [Texas|GPE], woke up.", "Paris", "4717560", id="state-behind-a-comma"),
        pytest.param("[London|GPE] ([Ontario|GPE]) woke up.", "London", "6058560", id="province-in-brackets"),
        pytest.param("[Valencia, Venezuela|GPE] woke up.", "Valencia, Venezuela", "3625549", id="country-in-the-name"),
        pytest.param("[Washington|GPE] woke up.", "Washington", "4140963", id="washington-is-the-capital"),
        pytest.param("[Washington|GPE] state woke up.", "Washington", "5815135", id="state-named-behind"),
        pytest.param("[Oaxaca State|GPE] woke up.", "Oaxaca State", "3522509", id="state-in-the-name"),
        pytest.param("[New York|GPE] woke up.", "New York", "5128581", id="city-before-its-own-state"),
        pytest.param("[New York|GPE] state woke up.", "New York", "5128638", id="state-with-its-citys-name"),
        pytest.param("[Springfield|GPE], [Vt.|GPE], woke up.", "Springfield", None, id="town-of-an-unlisted-state"),
        pytest.param("[Springfield|GPE] woke up.", "Springfield", None, id="many-places-of-this-name"),
        pytest.param("[Georgia|GPE] and [Atlanta|GPE] voted.", "Georgia", "4197000", id="state-whose-city-is-named"),
        pytest.param("[Georgia|GPE] and [Tbilisi|GPE] voted.", "Georgia", "GE", id="country-whose-capital-is-named"),
        pytest.param("[Birmingham|GPE] and [Alabama|GPE] voted.", "Birmingham", "4049979", id="state-named-elsewhere"),
        pytest.param(
            "[Birmingham|GPE] and [Leeds|GPE] voted.", "Birmingham", "2655603", id="other-city-of-the-country"
        ),
        pytest.param("[Quebec|GPE] woke up.", "Quebec", "6115047", id="region-before-its-small-city"),
        pytest.param("[Quebec City|GPE] woke up.", "Quebec City", "6325494", id="city-in-the-name"),
        pytest.param("[Nice|GPE] woke up.", "Nice", None, id="common-word-alone"),
        pytest.param(
            "[Nice|GPE] and [Lyon|GPE] woke up.", "Nice", "2990440", id="common-word-beside-a-city-of-its-country"
        ),
        pytest.param("[Congo|GPE] and [Kinshasa|GPE] voted.", "Congo", "CD", id="name-of-two-countries"),
        pytest.param(
            "[Congo|GPE] and [Brazzaville|GPE] voted.", "Congo", None, id="smaller-of-two-countries-is-not-sure"
        ),
    ],
)
def test_ambiguous_name(marked: str, name: str, link_id: str | None) -> None:
    found = links_of(marked)[name]
    assert (found and found.link_id) == link_id


def test_confidence_is_lower_for_an_ambiguous_name() -> None:
    sure, less = links_of("[France|GPE] woke up.")["France"], links_of("[Birmingham|GPE] woke up.")["Birmingham"]
    assert sure is not None
    assert less is not None
    assert 0.75 <= less.confidence < sure.confidence <= 0.99


def test_links_do_not_depend_on_the_order_of_clusters() -> None:
    article, clusters = read_marked(
        "[Georgia|GPE], [Atlanta|GPE], [Paris|GPE], [Springfield|GPE] and [Illinois|GPE] voted."
    )
    backwards = link_clusters(article, clusters[::-1], None)
    assert link_clusters(article, clusters, None) == backwards[::-1]
