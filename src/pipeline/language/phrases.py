"""What a printed speaker is: a name, a description or a pronoun; one or several."""

from __future__ import annotations

import re

from pipeline.contract import SpeakerForm
from pipeline.lexicon.gazetteer import adjectives
from pipeline.lexicon.titles import HONORIFICS, PERSON_NOUNS, ROLE_NOUNS, given_names

SUBJECTS = frozenset("he she they i we you it".split())
PRONOUNS = SUBJECTS | frozenset("who whom which that his her their its him them".split())
GENDERS = dict.fromkeys(("he", "his", "him", "himself"), "male") | dict.fromkeys(
    ("she", "her", "hers", "herself"), "female"
)
# Where what is said of somebody begins: "Mara Oduya | , who leads the board", "Oduya | (R)", "Oduya | — the mayor —".
CORE_END = re.compile(
    r"\s*(?:,(?!\d)|[(\[;:])|\s[-–—]+\s|\s*—|\s(?:who|whose|whom|which|where|when|while|after|before|during|that)\b"
)
_PREPOSITION = (
    r"(?:of|for|to|with|from|at|in|on|by|near|behind|among|about|against|under|across|inside|outside|like|including|"
    r"familiar|aligned|around|than|close|opposed|loyal)"
)
NOUN_END = re.compile(rf"\s{_PREPOSITION}\b")
POSSESSIVE = re.compile(r"[’']s?$")
_NUMBER = r"(?:two|three|four|five|six|seven|eight|nine|ten|\d[\d,.]*)"
# "both candidates", "a majority of voters", "one in five", "nearly eight of 10": several, whatever their noun.
SEVERAL = re.compile(
    rf"(?i)(?:(?:some|several|many|most|few|fewer|both|all|these|those|others?|various|numerous|dozens|hundreds|thousands|"
    rf"millions|everyone|everybody|nobody|countless|you|we|they|them)\b|{_NUMBER}(?:%|\b(?!-))|"
    rf"(?:the\s)?(?:{_NUMBER}|other|others|rest)\b(?!-)|an?\s(?:[\w-]+\s)?(?:number|group|majority|minority|handful|couple|few|"
    rf"crowd|third|quarter|half|lot|pair|team)\b|one\s(?:in|out\sof)\s|(?:more|fewer|less)\sthan\s|(?:nearly|about|almost|only|"
    rf"just|roughly|around|at\sleast)\s(?:{_NUMBER}|half|all|every|everyone|a\s(?:third|quarter))\b)"
)
PLURAL = re.compile(
    r"(?i)(?:\w+(?<![sui’'])s|\w+[eo]us|people|police|staff|crew|men|women|children|media|public|youth|couple)"
)
# "Oduya and Hazebroek", "the mayor and her aides", not "pollster and strategist Mara Oduya".
JOINED = re.compile(
    r"\s(?:and|or|&|as\swell\sas)\s(?:(?:the|an?|his|her|its|their|other|others|several|many|some)\b|[A-ZÀ-Þ])"
)
PARTISANS = frozenset("democrat republican liberal conservative tory socialist independent labourite centrist".split())
# Common nouns that stand first in a sentence, or in a headline, and are no names there.
COMMON = (
    PERSON_NOUNS
    | PARTISANS
    | frozenset(
        """somebody someone anybody anyone everybody everyone nobody many most others few people police authorities
        media poll survey study report letter statement editorial article ruling survivor advocate backer ally""".split()
    )
)
TITLE_BEFORE = r"(?:[A-Z][\w.]*\s+){0,2}"  # "Captain", "Dr"
_NAME = r"[A-ZÀ-ÞĀ-Ž][\w.’'-]*(?:\s(?:(?:de|del|la|van|von|der|bin|al|el)\s)?[A-ZÀ-ÞĀ-Ž][\w.’'-]*)*"
# "the board's chairwoman, Mara Oduya", "the chair, retired judge Mara Oduya"
APPOSED_NAME = re.compile(rf",\s(?:[a-z][\w’'-]*\s){{0,3}}{_NAME}(?=$|[,.;)])")
# "the mayor of Sumaque", "a spokesman for Oduya", "Senator from Texas" end in a name and are none; "the Ministry of Ponds"
# is one.
_NOUN = rf"(?:[a-z][\w’'-]*|(?:{'|'.join(noun.title() for noun in sorted(ROLE_NOUNS))})(?!\sof\s))"
DESCRIPTION_OF = re.compile(rf"(?:^|\s){_NOUN}\s{_PREPOSITION}\s(?:(?:the|an?)\s)?{_NAME}$")


def core_of(phrase: str) -> str:
    """The phrase without what is said of the speaker behind it.

    >>> core_of("Mara Oduya, who leads the board,")
    'Mara Oduya'
    """
    cut = CORE_END.search(phrase, 1)
    return (phrase[: cut.start()] if cut else phrase).rstrip(" .,;:")


def form_of(phrase: str) -> SpeakerForm:
    """Whether a printed speaker is a name, a description or a pronoun.

    >>> [form_of(phrase) for phrase in ("spokesman Cor Bexley", "a spokesman for Bexley", "she")]
    ['name', 'nominal', 'pronoun']
    """
    core = core_of(phrase)
    words = core.split()
    first = re.split(r"[’'\s]", core.casefold())[0]
    if (first in SUBJECTS and len(words) < 3) or core.casefold() in PRONOUNS:  # "she", "she’s actually"
        return "pronoun"
    if _ends_in_name(core) or APPOSED_NAME.match(phrase, len(core)):
        return "name"
    return "nominal"


def _ends_in_name(core: str) -> bool:
    bare = POSSESSIVE.sub("", core)
    last = bare.split()[-1] if bare.split() else ""
    return last[:1].isupper() and not is_kind(bare) and not DESCRIPTION_OF.search(bare)


def is_kind(words: str) -> bool:
    """Whether the last of words with capitals tells what somebody is: "Republicans", "the Norwegian", "Minister"."""
    first, *_, last = (words.split() or [""]) * 2
    if first != last and first.casefold() in given_names() and last.casefold() not in PARTISANS:  # "Tim Cook"
        return False
    singular = last.casefold().removesuffix("s")
    is_people = last in adjectives() or last.removesuffix("s") in adjectives()
    return is_people or bool({singular, last.casefold()} & COMMON)


def is_several(phrase: str) -> bool:
    """Whether a phrase that is no name means several people, whom no one name names.

    >>> [is_several(phrase) for phrase in ("officials", "both candidates", "the boss", "one of the skippers")]
    [True, True, False, False]
    """
    core = core_of(phrase)
    noun = NOUN_END.split(core, maxsplit=1)[0]
    if re.match(r"(?i)(?:(?:an?other|any)\s)?one\s(?:of|with|from)\s", core):
        return False
    words = noun.split() or [""]
    is_plural = any(word.endswith("s") and word[:-1].casefold() in PERSON_NOUNS for word in words)
    return bool(is_plural or SEVERAL.match(core) or PLURAL.fullmatch(words[-1]) or JOINED.search(core))


def is_title(words: str) -> bool:
    """Whether nothing but an article, honorifics and offices stand between a preposition and a name: "for President "."""
    known = HONORIFICS | {"the", "a", "an", "former", "then"}
    return all(word.rstrip(".") in known or word.casefold() in ROLE_NOUNS for word in words.split())
