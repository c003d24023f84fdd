"""Classify printed sources: names, descriptions and pronouns, of one person or several."""

from __future__ import annotations

import re

from pipeline.contract import SpeakerForm
from pipeline.lexicon.gazetteer import adjectives
from pipeline.lexicon.titles import HONORIFICS, PERSON_NOUNS, ROLE_NOUNS, given_names
from pipeline.lexicon.words import any_of, read_words

SUBJECT_PRONOUNS = read_words("pronouns.txt", "subjects")
PRONOUNS = SUBJECT_PRONOUNS | read_words("pronouns.txt", "other")
GENDERS = dict.fromkeys(("he", "his", "him", "himself"), "male") | dict.fromkeys(
    ("she", "her", "hers", "herself"), "female"
)
# Where additions to a name or noun begin: "Mara Oduya | , who leads the board", "Oduya | (R)", "Oduya | — the mayor —".
CORE_END = re.compile(
    r"\s*(?:,(?!\d)|[(\[;:])|\s[-–—]+\s|\s*—|\s(?:who|whose|whom|which|where|when|while|after|before|during|that)\b"
)
_PREPOSITION = rf"(?:{any_of('function_words.txt', 'after a noun')})"
NOUN_END = re.compile(rf"\s{_PREPOSITION}\b")
POSSESSIVE = re.compile(r"[’']s?$")
_NUMBER = r"(?:two|three|four|five|six|seven|eight|nine|ten|\d[\d,.]*)"
# "both candidates", "a majority of voters", "one in five", "nearly eight of 10": several people, whatever the noun.
SEVERAL = re.compile(
    rf"(?i)(?:(?:{any_of('quantifiers.txt', 'determiners')})\b|{_NUMBER}(?:%|\b(?!-))|"
    rf"(?:the\s)?(?:{_NUMBER}|other|others|rest)\b(?!-)|"
    rf"an?\s(?:[\w-]+\s)?(?:{any_of('quantifiers.txt', 'groups')})\b|one\s(?:in|out\sof)\s|(?:more|fewer|less)\sthan\s|"
    rf"(?:nearly|about|almost|only|just|roughly|around|at\sleast)\s(?:{_NUMBER}|half|all|every|everyone|a\s(?:third|quarter))\b)"
)
PLURAL = re.compile(
    r"(?i)(?:\w+(?<![sui’'])s|\w+[eo]us|people|police|staff|crew|men|women|children|media|public|youth|couple)"
)
# "Oduya and Hazebroek", "the mayor and her aides", not "pollster and strategist Mara Oduya".
JOINED = re.compile(
    r"\s(?:and|or|&|as\swell\sas)\s(?:(?:the|an?|his|her|its|their|other|others|several|many|some)\b|[A-ZÀ-Þ])"
)
PARTISANS = read_words("roles.txt", "partisans")
# Common nouns with a capital in a headline or at the beginning of a sentence, where they are not names.
COMMON_NOUNS = PERSON_NOUNS | PARTISANS | read_words("roles.txt", "indefinite")
TITLE_BEFORE = r"(?:[A-Z][\w.]*\s+){0,2}"  # "Captain", "Dr"
_NAME = r"[A-ZÀ-ÞĀ-Ž][\w.’'-]*(?:\s(?:(?:de|del|la|van|von|der|bin|al|el)\s)?[A-ZÀ-ÞĀ-Ž][\w.’'-]*)*"
# "the board's chairwoman, Mara Oduya", "the chair, retired judge Mara Oduya"
APPOSED_NAME = re.compile(rf",\s(?:[a-z][\w’'-]*\s){{0,3}}{_NAME}(?=$|[,.;)])")
# "the mayor of Sumaque", "a spokesman for Oduya" and "Senator from Texas" end in a name but are descriptions; "the Ministry
# of Ponds" is a name.
_NOUN = rf"(?:[a-z][\w’'-]*|(?:{'|'.join(noun.title() for noun in sorted(ROLE_NOUNS))})(?!\sof\s))"
DESCRIPTION_OF = re.compile(rf"(?:^|\s){_NOUN}\s{_PREPOSITION}\s(?:(?:the|an?)\s)?{_NAME}$")


def core_of(phrase: str) -> str:
    """Return a phrase without the additions behind it.

    >>> core_of("Mara Oduya, who leads the board,")
    'Mara Oduya'
    """
    addition = CORE_END.search(phrase, 1)
    return (phrase[: addition.start()] if addition else phrase).rstrip(" .,;:")


def form_of(phrase: str) -> SpeakerForm:
    """Return whether a printed source is a name, a description or a pronoun.

    >>> [form_of(phrase) for phrase in ("spokesman Cor Bexley", "a spokesman for Bexley", "she")]
    ['name', 'nominal', 'pronoun']
    """
    core = core_of(phrase)
    first_word = re.split(r"[’'\s]", core.casefold())[0]
    is_subject = first_word in SUBJECT_PRONOUNS and len(core.split()) < 3  # "she", "she’s actually"
    if is_subject or core.casefold() in PRONOUNS:
        return "pronoun"
    if _ends_in_name(core) or APPOSED_NAME.match(phrase, len(core)):
        return "name"
    return "nominal"


def _ends_in_name(core: str) -> bool:
    bare = POSSESSIVE.sub("", core)
    last_word = bare.split()[-1] if bare.split() else ""
    return last_word[:1].isupper() and not is_kind(bare) and not DESCRIPTION_OF.search(bare)


def is_kind(words: str) -> bool:
    """Return whether capitalised words end in a word for what somebody is: "Republicans", "the Norwegian", "Minister"."""
    first, *_, last = (words.split() or [""]) * 2
    if first != last and first.casefold() in given_names() and last.casefold() not in PARTISANS:  # "Tim Cook"
        return False
    singular = last.casefold().removesuffix("s")
    is_people = last in adjectives() or last.removesuffix("s") in adjectives()
    return is_people or bool({singular, last.casefold()} & COMMON_NOUNS)


def is_several(phrase: str) -> bool:
    """Return whether a phrase that is not a name means several people.

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
    """Return whether words between a preposition and a name are only articles, honorifics and offices: "President "."""
    known = HONORIFICS | {"the", "a", "an", "former", "then"}
    return all(word.rstrip(".") in known or word.casefold() in ROLE_NOUNS for word in words.split())
