"""Look up places by name: countries and their people (ISO 3166-1), regions and cities (GeoNames)."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple, cast

import pycountry

from pipeline.lexicon.words import read_table, read_words

PlaceKind = Literal["country", "region", "county", "city"]


class Place(NamedTuple):
    """A place in an outside list."""

    name: str
    link_id: str  # ISO 3166-1 code of a country, GeoNames id of any other place; empty for a former country
    kind: PlaceKind = "country"
    country: str = ""  # ISO 3166-1 code of the country it belongs to
    region: str = ""  # GeoNames code of the first-order region, its own or the one around it: US.TX
    population: int = 0
    is_capital: bool = False  # of a country


COUNTRY_NAMES: Mapping[str, tuple[str, ...]] = {
    code: tuple(names.split("|")) for code, names in read_table("countries.tsv").items()
}
FORMER_COUNTRIES: Mapping[str, tuple[str, ...]] = {
    name: tuple(spellings.split("|")) for name, spellings in read_table("countries.tsv", "former").items()
}
PEOPLES = read_words("peoples.txt")
AMBIGUOUS_CITIES = read_words("ambiguous_cities.txt")
MINIMUM_POPULATION = 50_000


JOINTS = str.maketrans({".": None, "-": " ", "–": " ", "’": "'", "ʻ": "'"})
SAINT = re.compile(r"\bst(?= )")


def fold_name(name: str) -> str:
    """Return a name in the form used for look-ups: no accents, capitals or full stops, one space between words.

    >>> fold_name("St. John’s"), fold_name("São Paulo"), fold_name("U.S.")
    ("saint john's", 'sao paulo', 'us')
    """
    plain = name.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    plain = " ".join(plain.translate(JOINTS).split())
    return SAINT.sub("saint", plain) if "st " in plain else plain


@cache
def countries() -> Mapping[str, Place]:
    """Return countries by everyday and official name; of two with the same name, the more populous."""
    found: dict[str, Place] = {}
    populations = _country_populations()
    for country in pycountry.countries:
        common_name = getattr(country, "common_name", country.name).split(",")[0]
        names = COUNTRY_NAMES.get(country.alpha_2, (common_name,))
        population = populations.get(country.alpha_2, 0)
        official_name = getattr(country, "official_name", common_name)
        for name in (*names, official_name.removeprefix("the ")):
            if name not in found or found[name].population < population:
                found[name] = Place(names[0], country.alpha_2, "country", country.alpha_2, population=population)
    for name, spellings in FORMER_COUNTRIES.items():
        found |= dict.fromkeys(spellings, Place(name, ""))
    return found


@cache
def adjectives() -> frozenset[str]:
    """Return the words for people and things of a country, a people or a faith."""
    return frozenset(nationalities()) | PEOPLES


@cache
def nationalities() -> Mapping[str, Place]:
    """Return countries by the words for their people and things; a country's ``name`` is the first of its words."""
    found: dict[str, Place] = {}
    for code, words in read_table("nationalities.tsv").items():
        first, *others = words.split("|")
        found |= dict.fromkeys((first, *others), Place(first, code, "country", code))
    return found


@cache
def _country_populations() -> Mapping[str, int]:
    """Return the population of each country by ISO 3166-1 code."""
    return {code: int(population) for code, population in read_table("country_people.tsv").items()}


@cache
def place_words() -> frozenset[str]:
    """Return the words of everyday names of countries, states and cities, in lower case."""
    everyday = (COUNTRY_NAMES.get(place.link_id, (place.name,)) for place in countries().values())
    country_words = long_words([*FORMER_COUNTRIES, *chain.from_iterable(everyday)])
    return country_words.union(read_words("place_words.txt")) - {"people"}


def long_words(names: Iterable[str]) -> frozenset[str]:
    """Return the words of three letters or more in some names, in lower case."""
    return frozenset(word.casefold() for name in names for word in re.findall(r"\w{3,}", name))


def is_place(name: str) -> bool:
    """Return whether a name, also in capitals, is that of a country, a US state or a large city."""
    return is_place_as_spelt(name.title() if name.isupper() else name) or name in countries()


def is_place_as_spelt(name: str) -> bool:
    """Whether a name is that of a country, or the main name of a US state or a large city.

    Names that are more often another word (``ambiguous_cities.txt``) do not count.
    """
    return name in countries() or any(_is_everyday(place) for place in places_named(name) if place.name == name)


def _is_everyday(place: Place) -> bool:
    if place.kind == "city":
        return place.population >= MINIMUM_POPULATION and place.name not in AMBIGUOUS_CITIES
    return place.kind == "region" and place.country == "US" and place.name != "Washington"


# ── All places with a name ─────────────────────────────────────────────────────────────────────────────────────


def places_named(name: str) -> tuple[Place, ...]:
    """Return all countries, regions, counties and cities with a name, in any spelling that ``fold_name`` unites."""
    folded = fold_name(name)
    return _places_folded(folded) or _places_folded(folded.removeprefix("the "))


@lru_cache(50_000)
def _places_folded(folded: str) -> tuple[Place, ...]:
    return tuple(sorted({*_folded_countries().get(folded, ()), *_find_listed(folded)}))


@cache
def _folded_countries() -> Mapping[str, set[Place]]:
    """Return all countries with a name, by folded name."""
    found: dict[str, set[Place]] = defaultdict(set)
    for name, country in countries().items():
        if country.link_id:
            found[fold_name(name)].add(country)
    for code, names in COUNTRY_NAMES.items():
        place = countries()[names[0]]
        for name in names:
            if place.link_id == code:
                found[fold_name(name)].add(place)
    return found


def _find_listed(folded: str) -> list[Place]:
    """Return the regions, counties and cities with a folded name.

    Searches the sorted lines of ``places.tsv`` by bisection, so that no process has to parse all of them.
    """
    data, wanted = _places(), folded.encode("utf-8", "surrogatepass")
    offset = bisect_left(range(len(data)), wanted, key=lambda offset: _name_at(data, offset))
    name, *places = data[offset : data.find(b"\n", offset)].split(b"\t")
    return [_parse_place(place.decode()) for place in places] if name == wanted else []


def _name_at(data: bytes, offset: int) -> bytes:
    """Return the name on the line around a byte."""
    start = data.rfind(b"\n", 0, offset) + 1
    return data[start : data.find(b"\t", start)]


@cache
def _places() -> bytes:
    return Path(__file__).with_name("places.tsv").read_bytes()


def _parse_place(cell: str) -> Place:
    name, link_id, kind, country, region, population, is_capital = cell.split("|")
    return Place(name, link_id, cast(PlaceKind, kind), country, region, int(population), bool(is_capital))


def format_place(place: Place) -> str:
    """Return a place in the notation of ``places.tsv``."""
    return "|".join((*place[:5], str(place.population), "capital" if place.is_capital else ""))
