"""Which place of its name an article means: countries (ISO 3166-1), regions and cities (GeoNames)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.contract import Article
from pipeline.entities.clusters import Group, Link
from pipeline.lexicon.gazetteer import AMBIGUOUS_CITIES, Place, nationalities, places_named

# The name of a larger place behind a smaller one's: "Paris, Texas", "London (Ontario)", "Valencia in Spain".
BEHIND = re.compile(r"(?:,|\s\(|\s+in)?\s*(?<=[\s(])([A-Z][\w.’'-]*(?:\s[A-Z][\w.’'-]*){0,3})")
# "Oaxaca State", "Washington state", "Kent county": what is named is a region, not a city of its name.
KIND_WORD = re.compile(r"\s(?:[Ss]tate|[Pp]rovince|[Rr]egion|[Oo]blast|[Pp]refecture|[Cc]ounty|[Gg]overnorate)$")
KIND_BEHIND = re.compile(r"\s(?:state|province|region|oblast|prefecture|county|governorate)\b")
# Countries whose news prints the state behind a town.
STATES_BESIDE = frozenset(("US", "CA", "AU"))
# By how much a place is likelier than its people alone tell. These, and what follows, are tuned on half of GeoWebNews.
CAPITAL = 30.0
COUNTRY = 3.0
IS_BESIDE = 10_000.0
SAME_REGION = 100.0
SAME_COUNTRY = 30.0
# No list tells how many people live in a county; of a small country's name the country is meant all the same.
COUNTY = 10_000
LEAST_COUNTRY = 500_000
# As many people are taken to live in all places of a name that no list holds; in those of an ordinary word more would,
# for the word is likelier meant; in those that are called a county or a state, fewer.
UNLISTED = 20_000.0
UNLISTED_COMMON = 400_000.0
UNLISTED_REGION = 1_000.0
# A place is linked where it has such a share of what its name may mean; the share is the link's confidence.
SURE = 0.75
SUREST = 0.99
NATIONALITY_CONFIDENCE = 0.97


class _Meant(NamedTuple):
    """The likeliest place of a name, and its share of all that the name may mean."""

    place: Place
    share: float


@dataclass(frozen=True, slots=True)
class _Around:
    """Where an article plays: how many of its entities surely lie in each country and region."""

    places: Counter[str]

    def others(self, where: str, own: _Meant | None) -> int:
        """How many besides one entity itself."""
        mine = own is not None and own.share >= SURE and where in (own.place.country, own.place.region)
        return self.places[where] - mine


def link_places(article: Article, groups: Sequence[Group]) -> list[Link | None]:
    """Link countries, regions, cities and nationalities."""
    candidates = [_candidates(article.text, group) for group in groups]
    beside = [
        named_behind(article.text, group) if places else () for group, places in zip(groups, candidates, strict=True)
    ]
    found: list[_Meant | None] = [None] * len(groups)
    for _ in range(2):  # what is sure in the first round tells of the rest in the second
        around = _look_around(found)
        found = [
            _choose(group, places, larger, around, before)
            for group, places, larger, before in zip(groups, candidates, beside, found, strict=True)
        ]
    return [_as_link(one) for one in found]


def _candidates(text: str, group: Group) -> tuple[Place, ...]:
    """The places that a group may name; an organisation called like a place is its team or its government."""
    if group.kind == "NORP":
        place = nationalities().get(group.name)
        return (place,) if place else ()
    if group.kind not in ("GPE", "LOC"):
        return ()
    name, _, _ = group.name.partition(", ")  # "Washington, D.C."
    bare = KIND_WORD.sub("", name)
    if bare != name or any(KIND_BEHIND.match(text, one.end) for one in group.names):
        regions = tuple(place for place in places_named(bare) if place.kind in ("region", "county"))
        if regions:
            return regions
    return _outermost(places_named(name))


def _outermost(places: Sequence[Place]) -> tuple[Place, ...]:
    """Of places of one name that lie within each other the one that is meant by it."""
    countries = {place.country for place in places if place.kind == "country"}
    apart = [place for place in places if place.kind == "country" or place.country not in countries]
    largest: dict[str, Place] = {}
    for place in sorted(apart, key=_rank):
        largest.setdefault(place.region or place.country, place)
    return tuple(largest.values())


def _rank(place: Place) -> tuple[bool, float, str]:
    """A region's name means its city of that name where a tenth of the people of its cities live there."""
    people = place.population * (10 if place.kind == "city" else 1)
    return place.kind == "county", -people, place.link_id


def named_behind(text: str, group: Group) -> tuple[Place, ...]:
    """The countries and regions that stand right behind a name of a group, or at its end."""
    found: list[Place] = []
    _, _, end = group.name.partition(", ")
    behind = [BEHIND.match(text, name.end) for name in group.names]
    for words in (end.split(), *(match[1].split() for match in behind if match)):
        for count in range(len(words), 0, -1):
            named = places_named(" ".join(words[:count]))
            larger = [place for place in named if place.kind in ("country", "region")]
            found += larger
            if larger:
                break
    return tuple(found)


def _choose(
    group: Group, places: Sequence[Place], larger: Sequence[Place], around: _Around, before: _Meant | None
) -> _Meant | None:
    if not places:
        return None
    if group.kind == "NORP":
        return _Meant(places[0], NATIONALITY_CONFIDENCE)
    weights = [_weight(place, larger, around, before) for place in places]
    best = weights.index(max(weights))
    share = weights[best] / (sum(weights) + _unlisted(group.name))
    return _Meant(places[best], min(share, SUREST))


def _unlisted(name: str) -> float:
    """As many people as are taken to live in all places of a name that no list holds."""
    if KIND_WORD.search(name):
        return UNLISTED_REGION
    return UNLISTED_COMMON if name in AMBIGUOUS_CITIES else UNLISTED


def _weight(place: Place, larger: Sequence[Place], around: _Around, before: _Meant | None) -> float:
    """How many people would have to live there for it to be as likely by its people alone."""
    if place.kind == "country":
        weight = COUNTRY * max(place.population, LEAST_COUNTRY)
    else:
        weight = (CAPITAL if place.is_capital else 1.0) * (place.population or COUNTY)
    if any(_lies_in(place, one) for one in larger):
        return weight * IS_BESIDE
    if any(one.kind == "region" and one.country in STATES_BESIDE for one in larger):
        return 0.0  # "Springfield, Vt." is none of those that the list holds
    if place.region and around.others(place.region, before):
        return weight * SAME_REGION
    return weight * (SAME_COUNTRY if around.others(place.country, before) else 1.0)


def _lies_in(place: Place, larger: Place) -> bool:
    if larger.kind == "country":
        return place.kind != "country" and place.country == larger.country
    return place.kind in ("city", "county") and place.region == larger.region


def _look_around(found: Sequence[_Meant | None]) -> _Around:
    places: Counter[str] = Counter()
    for one in found:
        if one and one.share >= SURE:
            places.update({one.place.country, one.place.region} - {""})
    return _Around(places)


def _as_link(one: _Meant | None) -> Link | None:
    if one is None or one.share < SURE:
        return None
    place, share = one
    return Link("iso3166-1" if place.kind == "country" else "geonames", place.link_id, place.name, round(share, 2))
