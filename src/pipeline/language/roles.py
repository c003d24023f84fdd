"""Find who in an article holds a role: "the senator" is the one person whom the article calls a senator, or nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from pipeline.contract import Mention
from pipeline.language.phrases import NOUN_END, PARTISANS, core_of
from pipeline.lexicon.gazetteer import countries, nationalities
from pipeline.lexicon.titles import ROLE_BEFORE_NAME, ROLE_NOUNS
from pipeline.lexicon.words import any_of, read_lines, read_words

DESCRIPTION_REACH = 110  # code points around a name that may describe the person
# The form in which a word is compared, by its synonyms: "senator" for "sen".
CANONICAL = {word: group.split()[0] for group in read_lines("role_synonyms.txt") for word in group.split()}
OFFICES = frozenset(CANONICAL.get(noun, noun) for noun in ROLE_NOUNS | PARTISANS) - {"state"}
VICE = re.compile(r"(?i)\bvice[\s-]president\b")
ROLE_WORD = re.compile(r"[A-Za-zÀ-ž][\w-]*(?:\.[A-Z])*")
_TITLE_END = rf"(?:{any_of('function_words.txt', 'title ends')})"
# The words right before a name that may describe the person: "longtime Democratic pollster ".
DESCRIPTION_BEFORE = re.compile(
    rf"(?:(?:(?!{_TITLE_END}\s)[\w’'./-]+\s)|(?<=[Ss]ecretary\s)of\s|(?<=[Ss]peaker\s)of\sthe\s){{1,8}}$"
)
# "The mayor of Upper Sallow, Yanna Correll", "Kazakhstan's deputy minister, Serik Zhanat"
APPOSITION_BEFORE = re.compile(
    r"(?:^|[\s“\"])(?P<role>(?:[Tt]he|[Aa]n?|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir|[A-Z]\w+[’']s?)\s(?:(?!said|says|told)[^,.;:“”\"()\n])"
    r"{2,80}),\s(?:[A-Z][\w.]*\s){0,2}$"
)
# "Yanna Correll, the mayor of Upper Sallow", "Oduya (D-Ohio), a leader of the board", "Oduya is the mayor"
DESCRIPTION_BEHIND = re.compile(
    r"(?:[’']s?)?(?:\s\([^)]{1,20}\))?(?:,\s(?:\d+,\s)?(?:who\s(?:is|was|has\sbeen|served\sas)\s)?|\s(?:is|was|became)\s)"
    r"(?P<role>(?:the|an?|its|his|her|their|[a-z]+|[A-Z]\w+[’']s?)\s[^,.;:“”\"()\n]{2,90}|[a-z][\w-]+(?=[,.]))"
)
PARTY = re.compile(r"(?:,\s|\s\()(?P<party>[RDI])-(?P<state>[A-Z][\w.]*)")
PARTIES = {"R": "republican", "D": "democrat", "I": "independent"}
POSSESSOR = re.compile(r"[’']s?\s")  # "the mayor's daughter" is a daughter, not a mayor
PAST = re.compile(r"\s(?:was|has\sbeen|served\sas)\s")
IGNORED_WORDS = read_words("function_words.txt", "ignored in roles")
POSSESSED = re.compile(r"(?i)(?:his|her|their|its|my|our|your)\s")


class RoleDescription(NamedTuple):
    """One description of a person in an article: the nouns that may be used instead of the name, and all its words."""

    mention: Mention
    nouns: frozenset[str]
    words: frozenset[str]


def find_role_descriptions(text: str, people: Sequence[Mention]) -> list[RoleDescription]:
    """Return how an article describes people right before and right behind their names, in reading order."""
    found = []
    previous_end = 0
    for person in people:
        found += _describe(text, person, previous_end)
        previous_end = person.end_char
    return found


def _describe(text: str, person: Mention, previous_end: int) -> list[RoleDescription]:
    """Return the descriptions of a person; ``previous_end`` is where the mention of the person before ends."""
    start = max(text.rfind("\n", 0, person.start_char) + 1, person.start_char - DESCRIPTION_REACH)
    before, behind = text[start : person.start_char], text[person.end_char : person.end_char + DESCRIPTION_REACH]
    title, apposed, after = (
        DESCRIPTION_BEFORE.search(before),
        APPOSITION_BEFORE.search(before),
        DESCRIPTION_BEHIND.match(behind),
    )
    office = ROLE_BEFORE_NAME.search(before.rstrip(" ,"))  # "visited the site with its director, Timur Beisek"
    party = PARTY.match(behind)
    extra = role_words(before[: title.start()][-40:]) & {"former"} if title else frozenset()
    extra |= {"former"} if after and PAST.search(behind[: after.start("role")]) else frozenset()
    extra |= {PARTIES[party["party"]], party["state"].casefold().strip(".")} if party else frozenset()
    spans = [match.span() for match in (title, office) if match] + ([apposed.span("role")] if apposed else [])
    found = []
    for begin, end in spans:
        # In "Foreign Minister Mara Oduya met Ivan Bexley" and "Mr Oduya's campaign manager, Ivan Bexley" the office
        # before Oduya's name is not Bexley's.
        own = before[max(begin, previous_end - start) : end]
        found.append(RoleDescription(person, _role_nouns(own), role_words(before[begin:end]) | extra))
    if after:
        found.append(RoleDescription(person, _role_nouns(after["role"]), role_words(after["role"]) | extra))
    return found


def _role_nouns(role: str) -> frozenset[str]:
    """Return the words that may be used alone for the holder of a role: "manager" of "campaign manager"."""
    own = POSSESSOR.split(NOUN_END.split(role, maxsplit=1)[0])[-1]
    words = ROLE_WORD.findall(_join_vice(own))
    last_word = role_words(" ".join(words[-1:]))
    return last_word | (role_words(" ".join(words)) & OFFICES)


def _join_vice(phrase: str) -> str:
    return VICE.sub("vice-president", phrase)


def role_words(phrase: str) -> frozenset[str]:
    """Return the words that distinguish a role, each in the form in which roles are compared."""
    words = (word.casefold() for word in ROLE_WORD.findall(_join_vice(phrase)))
    return frozenset(_canonical(word) for word in words if word not in IGNORED_WORDS)


def _canonical(word: str) -> str:
    return CANONICAL.get(word) or _country_codes().get(word.replace(".", ""), word)


@cache
def _country_codes() -> Mapping[str, str]:
    """Return ISO 3166-1 codes by one-word names of countries and their people, in lower case: "russian", "russia"."""
    places = {**countries(), **nationalities()}
    return {name.casefold().replace(".", ""): place.link_id for name, place in places.items() if " " not in name}


def names_country_or_party(words: Iterable[str]) -> bool:
    """Return whether any of the words of a role, as ``role_words`` returns them, is a country's code or a party's name."""
    return any(word.isupper() or word in PARTISANS or word == "democratic" for word in words)


def find_holders(phrase: str, descriptions: Sequence[RoleDescription]) -> tuple[list[Mention], list[Mention]]:
    """Return whom an article describes by all words of a phrase, and whom by its noun; one mention per person.

    Journalists leave out the country of their own minister. So if a phrase without country or party fits several people
    and only one is described without either, that person is returned alone.

    >>> find_holders("the mayor", [])
    ([], [])
    """
    wanted, noun = role_words(core_of(phrase)), head_noun(phrase)
    by_all_words: dict[str, Mention] = {}
    by_noun: dict[str, Mention] = {}
    foreign: set[str] = set()
    for description in descriptions if not POSSESSED.match(phrase) else ():
        person = description.mention
        if noun in description.nouns and ("former" in wanted) == ("former" in description.words):
            by_noun.setdefault(person.entity_id, person)
            if all(_contains(description.words, word) for word in wanted):
                by_all_words.setdefault(person.entity_id, person)
                if names_country_or_party(description.words):
                    foreign.add(person.entity_id)
    domestic = [mention for entity_id, mention in by_all_words.items() if entity_id not in foreign]
    is_domestic = len(domestic) == 1 and not names_country_or_party(wanted)
    return domestic if is_domestic else list(by_all_words.values()), list(by_noun.values())


def may_hold_still(phrase: str, entity_id: str, descriptions: Sequence[RoleDescription]) -> bool:
    """Return whether a person may hold a role now: "former mayor Mara Oduya" is not "the mayor"."""
    noun = head_noun(phrase)
    theirs = [
        description.words
        for description in descriptions
        if description.mention.entity_id == entity_id and noun in description.nouns
    ]
    return not theirs or any(("former" in words) == ("former" in role_words(phrase)) for words in theirs)


def head_noun(phrase: str) -> str:
    """Return the noun of a description in the form in which roles are compared: "senator" of "the Sen."."""
    nouns: list[str] = ROLE_WORD.findall(_join_vice(NOUN_END.split(core_of(phrase), maxsplit=1)[0])) or [""]
    return CANONICAL.get(nouns[-1].casefold(), nouns[-1].casefold())


def _contains(words: frozenset[str], word: str) -> bool:
    """Return whether a word is among others, possibly shortened: "Tex." for Texas."""
    return word in words or any(len(short) > 2 and word.startswith(short) for short in words)
