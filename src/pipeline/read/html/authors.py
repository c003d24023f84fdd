"""Who wrote an article, from what a page says in many ways. Where it names no person, nobody is named."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from pipeline.lexicon.gazetteer import is_place

# What stands before a name: "By Mara Oduya", "Words by …", "Von …".
OPENING = re.compile(
    r"(?i)^\W*(?:(?:written|words|story|posted|published|reported|review|text|report)?\s*by\b|by:|von\b|por\b|par\b|"
    r"(?:authors?|autore?s?)\s*:)[:\s]*"
)
# Where the name ends: what follows is a place, an employer, a job, a date, an address.
ENDING = re.compile(
    r"""(?x)
    \s+[|·•–—-]\s*.*$ | \s*[|·•]\s*.*$ | \s*[(\[<].*$
    | \s+(?i:for|in|at|of|is|from|via|on)\s.*$
    | \s*@\S.*$ | \s*\S+@\S+.*$ | \s*https?:.*$
    | \s+(?:View|View\ ORCID|Follow|Email|Updated|Published|Posted|Shares?|More|Bio|BIO|BY|By)\b.*$
    | \s+(?:Jan|Feb|March|Sept?|Oct|Nov|Dec|January|February|September|October|November|December|Mon|Tues?|Wed|Thurs?|Fri|Sat|Sun)\b.*$
    | \s+(?:Mar|Apr|April|May|June?|July?|Aug|August)\.?\s+\d.*$
    | \s+\d.*$ | \s*\.{2,}.*$ | \s*/.*$
    """
)
BETWEEN = re.compile(r"\s*(?:;|,|\n|\s(?:and|&|und|et|y|e|with|mit|AND|And)\s|\s\+\s|\s·\s)\s*")
# Titles of learning and honours behind a name.
LETTERS = re.compile(r"(?i)^(?:ph\.?\s?d|m\.?d|jd|esq|mba|rn|mph|msc|m\.?a|b\.?a|rd|rdn|ms|dds|do|jr|sr|ii|iii)\.?$")
HONORIFIC = re.compile(r"^(?:Dr|Prof|Mr|Mrs|Ms|Sir)\.?\s+(?=\S+\s)")
NAME_WORD = re.compile(r"^(?:[^\W\d_]['’.\-]?)+\.?$")
PARTICLES = frozenset(
    "de da di do dos das del della der den van von vom zu zur la le el al bin ibn ben y e af av ter ten".split()
)
# Words of which none stands in a person's name, but in what sites print where one belongs.
NO_NAMES = frozenset(
    """
    about abteilung admin administrator advertorial agence agencies agency ago all analysis and anonymous api app
    article articles associate associated associates association author authors award based biography blog board
    brand brandweer breaking bureau business by chief click columnist com company contact content contributed
    contributing contributor contributors copied copy correspondent correspondents council culture daily department
    desk digital director edited editor editorial editors email engine exclusive executive express facebook features
    fellow feuerwehr follow foundation freelance friday from gazette global group guest guide health herald home
    hour house images inc info institute international internet join journal journalist latest lead learn library
    lifestyle limited link live ltd magazine mail manager managing media member ministry moderator monday money more
    national network news newspaper newspapers newsroom newswire official online opinion our partner photo
    photographer photography photos podcast police policia policy policía politics politie polizei polizia polícia
    post posted pr press presse producer producers product profile published publisher radio read related release
    releases report reporter reporters reporting research reuters review reviews saturday school science section
    senior service services share shared site sites size special specialist sponsor sponsored sports staff star
    stories story studio studios subscribe sunday super support syndicated team tech technology text the their this
    thursday times tribune tuesday tv twitter university unknown update updated user video view views web webmaster
    website wednesday weekly wire wires with world writer writers www your
    """.split()
)
# Newsrooms and editors, in whatever compound: Redaktion, Sportredaktion, redaksjonen, redakcja, rédaction, redazione,
# redacción, redactie, redação; the Finnish, Hungarian and Croatian words have other roots.
NEWSROOM = re.compile(r"r[eé]da(?:[ck][cst]|zion|ção|cao)|newsdesk|toimitus|szerkeszt|uredni[sš]tv")
AGENCY_NAMES = frozenset(
    "ap afp dpa upi reuters bloomberg ansa efe pti ani ians tass xinhua jiji kyodo sda apa epa pa cnn bbc npr".split()
)
MAX_NAMES = 40


def clean_authors(printed: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The persons' names in what a page prints for authors, each once, as printed.

    Args:
        printed: "By A and B", "Jane Doe, Staff Writer", "https://…", "Email the author".
        others: what is no author: the publisher, the section.
    """
    taken = [_key(other) for other in others]
    names: dict[str, str] = {}
    for text in printed:
        for name in _split(text):
            key = _key(name)
            if _is_person(name) and not any(key in other for other in taken):
                names.setdefault(key, name)
    return tuple(names.values())[:MAX_NAMES]


def _split(text: str) -> Iterator[str]:
    """The names in a line, without what goes before and behind them."""
    line = html.unescape(text).strip()
    if line.startswith(("http:", "https:", "www.", "//")):
        return
    for part in BETWEEN.split(OPENING.sub("", line)):
        yield HONORIFIC.sub("", ENDING.sub("", OPENING.sub("", part)).strip(' ,:;-–—|"“”'))


def _is_person(name: str) -> bool:
    """Whether a name is built as a person's: two words or more, with capitals, none of them of a trade."""
    words = name.split()
    if not 2 <= len(words) <= 5 or any(LETTERS.match(word) for word in words[:1]):
        return False
    plain = [word.casefold().strip(".") for word in words]
    if any(
        word in AGENCY_NAMES or word.removesuffix("'s").removesuffix("’s") in NO_NAMES or NEWSROOM.search(word)
        for word in plain
    ):
        return False
    if is_place(name) or not all(NAME_WORD.match(word) for word in words):
        return False
    return all(word[0].isupper() or not word[0].islower() or word in PARTICLES for word in words)


def _key(name: str) -> str:
    return re.sub(r"\W+", "", name.casefold())
