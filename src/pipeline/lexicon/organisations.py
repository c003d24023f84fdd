"""Words that tell what kind of thing a run of capitalised words names."""

from __future__ import annotations

ORG_WORDS: frozenset[str] = frozenset(
    """Ministry Agency Party University College School Institute Bank Inc Inc. Ltd Ltd. Corp Corp. Corporation Company Co
    Council Committee Commission Court Parliament Congress Senate Assembly Association Federation Union Organization
    Organisation Authority Department Bureau Office Board Group Holdings Foundation Fund Force Forces Army Navy Police
    Service Services Center Centre Club United Times Post News Television TV Radio Press Journal Tribune Herald Gazette
    Airlines Airways Motors Industries Industrial Technologies Systems Network Media Hospital Church Society Alliance Coalition
    Movement Front League Cabinet Government Administration Secretariat Embassy Consulate Tribunal Team Brotherhood
    Observatory Academy Faculty Studio Studios Partners Capital Bancorp Insurance Energy Petroleum Oil Electric Telecom
    Mission Directorate Chamber Exchange Trust Guard Intelligence Cooperation Initiative Programme Program Caucus Bloc Brigade
    Laboratory Laboratories Library Museum-Trust Chronicle Observer Guardian Daily Weekly Review Magazine Syndicate Consortium
    Taliban Hamas Hezbollah SpA S.p.A. Srl GmbH SARL NV Oy Oyj ASA Plc PLC LLC LLP Pty""".split()
)
EVENT_WORDS: frozenset[str] = frozenset(
    """War Forum Summit Games Cup Olympics Festival Conference Championship Championships Revolution Marathon Tournament
    Open Prix Expo Exhibition Awards Election Elections Crisis Uprising Holocaust Day Week Convention Debate Assembly-Session""".split()
)
FACILITY_WORDS: frozenset[str] = frozenset(
    """Airport Stadium Bridge Palace Hotel Hall Tower Museum Prison Port Harbour Harbor Station Highway Road Street Avenue
    Square Park Mosque Cathedral Temple Dam Plant Mall Arena Building House Lighthouse Pier Terminal Market Auditorium Theatre
    Theater Plaza Expressway Canal""".split()
)
# Bodies that go by their short name, and the long one they are entities under.
KNOWN_ORGANISATIONS: dict[str, str] = {
    "UN": "United Nations", "U.N.": "United Nations", "EU": "European Union", "E.U.": "European Union", "NATO": "NATO",
    "WHO": "World Health Organization", "IMF": "International Monetary Fund", "FBI": "FBI", "CIA": "CIA", "NASA": "NASA",
    "OPEC": "OPEC", "ASEAN": "ASEAN", "UNESCO": "UNESCO", "UNICEF": "UNICEF", "FIFA": "FIFA", "BBC": "BBC", "CNN": "CNN",
    "NBC": "NBC", "CBS": "CBS", "ABC": "ABC", "MSNBC": "MSNBC", "NPR": "NPR", "TASS": "TASS", "AFP": "AFP", "Reuters": "Reuters",
    "Xinhua": "Xinhua", "WTO": "World Trade Organization", "IAEA": "IAEA", "ISIS": "Islamic State", "ISIL": "Islamic State",
    "Islamic State": "Islamic State", "United Nations": "United Nations", "European Union": "European Union",
    "White House": "White House", "Pentagon": "Pentagon", "Kremlin": "Kremlin", "Facebook": "Facebook", "Twitter": "Twitter",
    "Google": "Google", "Hamas": "Hamas", "Hezbollah": "Hezbollah", "Taliban": "Taliban", "Interpol": "Interpol", "PTI": "PTI",
    "GOP": "Republican Party", "DNC": "Democratic National Committee", "RNC": "Republican National Committee", "AP": "AP",
    "State Department": "State Department", "Justice Department": "Justice Department", "Supreme Court": "Supreme Court",
    "Parliament": "Parliament", "Congress": "Congress", "Senate": "Senate", "Knesset": "Knesset", "Bundestag": "Bundestag",
}  # fmt: skip
REGIONS: frozenset[str] = frozenset(
    """Africa Asia Europe America Antarctica Oceania Scandinavia Balkans Caribbean Caucasus Crimea Siberia Kashmir Punjab
    Gaza Sahara Sahel Mediterranean Arctic Atlantic Pacific Himalayas Amazon Kurils Catalonia Scotland Wales England
    Okinawa Hokkaido Tibet Xinjiang Kurdistan Bavaria Quebec Ontario Alberta Yukon Queensland Tasmania""".split()
) | frozenset(
    """Middle East|South Asia|Southeast Asia|East Asia|Central Asia|Latin America|South America|North America|Central America|
    North Africa|West Africa|East Africa|Southern Africa|Eastern Europe|Western Europe|West Bank|Gaza Strip|Persian Gulf|
    Northern Ireland|New South Wales|South China Sea|Black Sea|Red Sea|Far East|New England|British Columbia""".replace(
        "\n", ""
    ).split("|")
)
