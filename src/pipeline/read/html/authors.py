"""Extract the names of authors from bylines and metadata; the result is empty where no person is named."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from pipeline.lexicon.gazetteer import is_place
from pipeline.lexicon.words import read_alternatives, read_lines, read_words

WORD_LIST = "byline_words.txt"
BEFORE_BY = "|".join(word for line in read_lines(WORD_LIST, "before by") for word in line.split())
# What precedes a name: "By Mara Oduya", "Words by …", "Von …".
PREFIX = re.compile(
    rf"(?i)^\W*(?:(?:{BEFORE_BY})?\s*by\b|by:|von\b|por\b|par\b|"
    r"(?:authors?|autore?s?)\s*:)[:\s]*"
)
# What follows a name: a place, an employer, a job, a date, an address.
SUFFIX = re.compile(
    rf"""(?x)
    \s+[|·•–—-]\s*.*$ | \s*[|·•]\s*.*$ | \s*[(\[<].*$
    | \s+(?i:for|in|at|of|is|from|via|on)\s.*$
    | \s*@\S.*$ | \s*\S+@\S+.*$ | \s*https?:.*$
    | \s+(?:{read_alternatives(WORD_LIST, "after a name")})\b.*$
    | \s+(?:{read_alternatives(WORD_LIST, "dates after a name")})\b.*$
    | \s+(?:{read_alternatives(WORD_LIST, "months that are names")})\.?\s+\d.*$
    | \s+\d.*$ | \s*\.{{2,}}.*$ | \s*/.*$
    """
)
SEPARATOR = re.compile(r"\s*(?:;|,|\n|\s(?:and|&|und|et|y|e|with|mit|AND|And)\s|\s\+\s|\s·\s)\s*")
DEGREE = re.compile(rf"(?i)^(?:{read_alternatives(WORD_LIST, 'degrees')})\.?$")
HONORIFIC = re.compile(r"^(?:Dr|Prof|Mr|Mrs|Ms|Sir)\.?\s+(?=\S+\s)")
NAME_WORD = re.compile(r"^(?:[^\W\d_]['’.\-]?)+\.?$")
PARTICLES = read_words(WORD_LIST, "particles")
NOT_IN_NAMES = read_words(WORD_LIST, "not in a name")
# "Newsroom" and "editors", also in compounds: Redaktion, Sportredaktion, redaksjonen, redakcja, rédaction, redazione,
# redacción, redactie, redação; the Finnish, Hungarian and Croatian words have other roots.
NEWSROOM = re.compile(r"r[eé]da(?:[ck][cst]|zion|ção|cao)|newsdesk|toimitus|szerkeszt|uredni[sš]tv")
AGENCY_NAMES = read_words(WORD_LIST, "agencies")
MAX_NAMES = 40


def clean_authors(printed: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Return the names of persons in printed author lines, without repetitions, as printed.

    Args:
        printed: "By A and B", "Jane Doe, Staff Writer", "https://…", "Email the author".
        others: names that are not authors: the publisher, the section.
    """
    other_keys = [_key(other) for other in others]
    names: dict[str, str] = {}
    for line in printed:
        for name in _split_names(line):
            key = _key(name)
            if _is_person(name) and not any(key in other for other in other_keys):
                names.setdefault(key, name)
    return tuple(names.values())[:MAX_NAMES]


def _split_names(printed: str) -> Iterator[str]:
    """Yield the possible names in a line, without what precedes and follows them."""
    line = html.unescape(printed).strip()
    if line.startswith(("http:", "https:", "www.", "//")):
        return
    for part in SEPARATOR.split(PREFIX.sub("", line)):
        yield HONORIFIC.sub("", SUFFIX.sub("", PREFIX.sub("", part)).strip(' ,:;-–—|"“”'))


def _is_person(name: str) -> bool:
    """Return whether a name looks like a person's: two to five capitalised words, none from the trade."""
    words = name.split()
    if not 2 <= len(words) <= 5 or DEGREE.match(words[0]):
        return False
    if any(_is_trade_word(word.casefold().strip(".")) for word in words):
        return False
    if is_place(name) or not all(NAME_WORD.match(word) for word in words):
        return False
    return all(word[0].isupper() or not word[0].islower() or word in PARTICLES for word in words)


def _is_trade_word(word: str) -> bool:
    """Return whether a word names an agency, a newsroom, a job or anything else of which no person is called."""
    singular = word.removesuffix("'s").removesuffix("’s")
    return word in AGENCY_NAMES or singular in NOT_IN_NAMES or NEWSROOM.search(word) is not None


def _key(name: str) -> str:
    return re.sub(r"\W+", "", name.casefold())
