"""Link place names to countries (ISO 3166-1), and to regions and cities (GeoNames)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.contract import Article
from pipeline.entities.clusters import HIGHEST_CONFIDENCE, LEAST_SHARE, Cluster, Link
from pipeline.lexicon.gazetteer import AMBIGUOUS_CITIES, Place, nationalities, places_named

# The name of a larger place behind that of a smaller one: "Paris, Texas", "London (Ontario)", "Valencia in Spain".
BEHIND = re.compile(r"(?:,|\s\(|\s+in)?\s*(?<=[\s(])([A-Z][\w.’'-]*(?:\s[A-Z][\w.’'-]*){0,3})")
# Names a region, not the city of that name: "Oaxaca State", "Washington state", "Kent county".
KIND_WORD = re.compile(r"\s(?:[Ss]tate|[Pp]rovince|[Rr]egion|[Oo]blast|[Pp]refecture|[Cc]ounty|[Gg]overnorate)$")
KIND_BEHIND = re.compile(r"\s(?:state|province|region|oblast|prefecture|county|governorate)\b")
STATES_BESIDE = frozenset(("US", "CA", "AU"))  # countries whose news prints the state behind a town
# A candidate's weight is its population times these factors. All figures here are tuned on half of GeoWebNews.
CAPITAL = 30.0
COUNTRY = 3.0
IS_BESIDE = 10_000.0
SAME_REGION = 100.0
SAME_COUNTRY = 30.0
COUNTY = 10_000  # population of a county, which no list gives
LEAST_COUNTRY = 500_000  # small countries count as having this many people: the name still means the country
# Population of all unlisted places of a name. It is higher for common words, which may mean no place at all, and lower
# for names with "county" or "state", of which the lists miss few.
UNLISTED = 20_000.0
UNLISTED_COMMON = 400_000.0
UNLISTED_REGION = 1_000.0
NATIONALITY_CONFIDENCE = 0.97


class _Choice(NamedTuple):
    """The likeliest place for a name, and its share of the weight of all that the name may mean."""

    place: Place
    share: float


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """How many entities of an article surely lie in each country and region."""

    counts: Counter[str]

    def others_in(self, code: str, own: _Choice | None) -> int:
        """Return how many entities lie there, without the one whose choice is ``own``."""
        is_there = own is not None and own.share >= LEAST_SHARE and code in (own.place.country, own.place.region)
        return self.counts[code] - is_there


def link_places(article: Article, clusters: Sequence[Cluster]) -> list[Link | None]:
    """Link countries, regions, cities and nationalities; other clusters get None."""
    candidates = [_candidates(article.text, cluster) for cluster in clusters]
    larger = [
        larger_places(article.text, cluster) if places else ()
        for cluster, places in zip(clusters, candidates, strict=True)
    ]
    choices: list[_Choice | None] = [None] * len(clusters)
    for _ in range(2):  # places that are sure after the first round help to decide the others in the second
        around = _count_surroundings(choices)
        choices = [
            _choose(cluster, places, beside, around, before)
            for cluster, places, beside, before in zip(clusters, candidates, larger, choices, strict=True)
        ]
    return [_as_link(choice) for choice in choices]


# ── Candidates ─────────────────────────────────────────────────────────────────────────────────────────────────


def _candidates(text: str, cluster: Cluster) -> tuple[Place, ...]:
    """Return the places that a cluster may name; an organisation with a place's name is a team or a government."""
    if cluster.kind == "NORP":
        place = nationalities().get(cluster.name)
        return (place,) if place else ()
    if cluster.kind not in ("GPE", "LOC"):
        return ()
    name, _, _ = cluster.name.partition(", ")  # "Washington, D.C."
    bare = KIND_WORD.sub("", name)
    if bare != name or any(KIND_BEHIND.match(text, printed.end) for printed in cluster.names):
        regions = tuple(place for place in places_named(bare) if place.kind in ("region", "county"))
        if regions:
            return regions
    return _outermost(places_named(name))


def _outermost(places: Sequence[Place]) -> tuple[Place, ...]:
    """Return one place for each country or region, of places with one name that lie within each other."""
    countries = {place.country for place in places if place.kind == "country"}
    outside = [place for place in places if place.kind == "country" or place.country not in countries]
    largest: dict[str, Place] = {}
    for place in sorted(outside, key=_rank):
        largest.setdefault(place.region or place.country, place)
    return tuple(largest.values())


def _rank(place: Place) -> tuple[bool, float, str]:
    """Return a sort key that puts a city before its region if a tenth of the region's city dwellers live in it."""
    people = place.population * (10 if place.kind == "city" else 1)
    return place.kind == "county", -people, place.link_id


def larger_places(text: str, cluster: Cluster) -> tuple[Place, ...]:
    """Return the countries and regions right behind a cluster's names, or after the comma in its name."""
    found: list[Place] = []
    _, _, end = cluster.name.partition(", ")
    behind = [BEHIND.match(text, name.end) for name in cluster.names]
    for words in (end.split(), *(match[1].split() for match in behind if match)):
        for count in range(len(words), 0, -1):
            named = places_named(" ".join(words[:count]))
            larger = [place for place in named if place.kind in ("country", "region")]
            found += larger
            if larger:
                break
    return tuple(found)


# ── Choice ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _choose(
    cluster: Cluster,
    places: Sequence[Place],
    larger: Sequence[Place],
    around: _Surroundings,
    before: _Choice | None,
) -> _Choice | None:
    """Return the candidate of highest weight.

    Args:
        cluster: what is to be linked.
        places: its candidates.
        larger: the larger places that the text prints beside it.
        around: where the article's other entities lie.
        before: its choice in the round before.
    """
    if not places:
        return None
    if cluster.kind == "NORP":
        return _Choice(places[0], NATIONALITY_CONFIDENCE)
    weights = [_weight(place, larger, around, before) for place in places]
    best = weights.index(max(weights))
    share = weights[best] / (sum(weights) + _unlisted_weight(cluster.name))
    return _Choice(places[best], min(share, HIGHEST_CONFIDENCE))


def _unlisted_weight(name: str) -> float:
    """Return the weight of all places of a name that no list has."""
    if KIND_WORD.search(name):
        return UNLISTED_REGION
    return UNLISTED_COMMON if name in AMBIGUOUS_CITIES else UNLISTED


def _weight(place: Place, larger: Sequence[Place], around: _Surroundings, before: _Choice | None) -> float:
    """Return a place's weight: its population, multiplied by what speaks for it in the article."""
    if place.kind == "country":
        weight = COUNTRY * max(place.population, LEAST_COUNTRY)
    else:
        weight = (CAPITAL if place.is_capital else 1.0) * (place.population or COUNTY)
    if any(_lies_in(place, outer) for outer in larger):
        return weight * IS_BESIDE
    if any(outer.kind == "region" and outer.country in STATES_BESIDE for outer in larger):
        return 0.0  # "Springfield, Vt." is none of the listed Springfields
    if place.region and around.others_in(place.region, before):
        return weight * SAME_REGION
    return weight * (SAME_COUNTRY if around.others_in(place.country, before) else 1.0)


def _lies_in(place: Place, larger: Place) -> bool:
    if larger.kind == "country":
        return place.kind != "country" and place.country == larger.country
    return place.kind in ("city", "county") and place.region == larger.region


def _count_surroundings(choices: Sequence[_Choice | None]) -> _Surroundings:
    counts: Counter[str] = Counter()
    for choice in choices:
        if choice and choice.share >= LEAST_SHARE:
            counts.update({choice.place.country, choice.place.region} - {""})
    return _Surroundings(counts)


def _as_link(choice: _Choice | None) -> Link | None:
    if choice is None or choice.share < LEAST_SHARE:
        return None
    place, share = choice
    return Link("iso3166-1" if place.kind == "country" else "geonames", place.link_id, place.name, round(share, 2))
