"""Who in an article bears a role: "the senator" is the one person whom it calls a senator, or nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from pipeline.contract import Mention
from pipeline.language.phrases import NOUN_END, PARTISANS, core_of
from pipeline.lexicon.gazetteer import countries, nationalities
from pipeline.lexicon.titles import ROLE_NOUNS, ROLE_WORDS

REACH = 110  # code points around a name in which it is described
# What the same office is called otherwise, and who may be called so.
SAME = {
    word: group.split()[0]
    for group in (
        "senator sen",
        "governor gov",
        "representative rep congressman congresswoman",
        "president pres",
        "professor prof",
        "doctor dr",
        "general gen",
        "colonel col",
        "captain capt",
        "sergeant sgt",
        "nominee candidate contender hopeful",
        "republican gop",
        "spokesman spokeswoman spokesperson",
        "chair chairman chairwoman chairperson",
        "presidential president's",
        "director head",
        "adviser advisor",
        "police-officer officer",
    )
    for word in group.split()
}
OFFICES = frozenset(SAME.get(noun, noun) for noun in ROLE_NOUNS | PARTISANS) - {"state"}
VICE = re.compile(r"(?i)\bvice[\s-]president\b")
WORD = re.compile(r"[A-Za-zÀ-ž][\w-]*(?:\.[A-Z])*")
_STOP = r"(?:the|an?|its|his|her|their|our|one|said|says|told|of|for|to|with|from|by|and|but|when|that|as|in|on|at|is|was|than)"
# The words right before a name that may describe it: "longtime Democratic pollster ".
TITLE = re.compile(rf"(?:(?:(?!{_STOP}\s)[\w’'./-]+\s)|(?<=[Ss]ecretary\s)of\s|(?<=[Ss]peaker\s)of\sthe\s){{1,8}}$")
# "The mayor of Upper Sallow, Yanna Correll", "Kazakhstan's deputy minister, Serik Zhanat"
BEFORE = re.compile(
    r"(?:^|[\s“\"])(?P<role>(?:[Tt]he|[Aa]n?|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir|[A-Z]\w+[’']s?)\s(?:(?!said|says|told)[^,.;:“”\"()\n])"
    r"{2,80}),\s(?:[A-Z][\w.]*\s){0,2}$"
)
# "Yanna Correll, the mayor of Upper Sallow", "Oduya (D-Ohio), a leader of the board", "Oduya is the mayor"
BEHIND = re.compile(
    r"(?:[’']s?)?(?:\s\([^)]{1,20}\))?(?:,\s(?:\d+,\s)?(?:who\s(?:is|was|has\sbeen|served\sas)\s)?|\s(?:is|was|became)\s)"
    r"(?P<role>(?:the|an?|its|his|her|their|[a-z]+|[A-Z]\w+[’']s?)\s[^,.;:“”\"()\n]{2,90}|[a-z][\w-]+(?=[,.]))"
)
PARTY = re.compile(r"(?:,\s|\s\()(?P<party>[RDI])-(?P<state>[A-Z][\w.]*)")
PARTIES = {"R": "republican", "D": "democrat", "I": "independent"}
POSSESSOR = re.compile(r"[’']s?\s")  # of "the mayor's daughter" only the daughter is meant
PAST = re.compile(r"\s(?:was|has\sbeen|served\sas)\s")
SMALL = frozenset(
    """the a an its his her their our of for to with from by and at in on as who is was whose this that one s longtime top
    senior self-described new own""".split()
)
POSSESSED = re.compile(r"(?i)(?:his|her|their|its|my|our|your)\s")


class RoleDescription(NamedTuple):
    """One description of a person: its nouns, which may stand for the person, and all its words."""

    mention: Mention
    nouns: frozenset[str]
    words: frozenset[str]


def find_role_descriptions(text: str, people: Sequence[Mention]) -> list[RoleDescription]:
    """How the article describes those whom it names, in order, right before and right behind their names."""
    found = []
    last_end = 0
    for person in people:
        start = max(text.rfind("\n", 0, person.start_char) + 1, person.start_char - REACH)
        before, behind = text[start : person.start_char], text[person.end_char : person.end_char + REACH]
        title, apposed, after = TITLE.search(before), BEFORE.search(before), BEHIND.match(behind)
        office = ROLE_WORDS.search(before.rstrip(" ,"))  # "visited the site with its director, Timur Beisek"
        party = PARTY.match(behind)
        extra = role_words(before[: title.start()][-40:]) & {"former"} if title else frozenset()
        extra |= {"former"} if after and PAST.search(behind[: after.start("role")]) else frozenset()
        extra |= {PARTIES[party["party"]], party["state"].casefold().strip(".")} if party else frozenset()
        spans = [match.span() for match in (title, office) if match] + ([apposed.span("role")] if apposed else [])
        for begin, end in spans:
            # Of "Foreign Minister Mara Oduya met Ivan Bexley" and "Mr Oduya's campaign manager, Ivan Bexley" the office
            # before the other's name is not Bexley's.
            own = before[max(begin, last_end - start) : end]
            found.append(RoleDescription(person, _nouns_of(own), role_words(before[begin:end]) | extra))
        if after:
            found.append(RoleDescription(person, _nouns_of(after["role"]), role_words(after["role"]) | extra))
        last_end = person.end_char
    return found


def _nouns_of(role: str) -> frozenset[str]:
    """The words that alone may stand for who bears a role: "manager" of "campaign manager", not "campaign"."""
    own = POSSESSOR.split(NOUN_END.split(role, maxsplit=1)[0])[-1]
    words = WORD.findall(_joined(own))
    last = role_words(" ".join(words[-1:]))
    return last | (role_words(" ".join(words)) & OFFICES)


def _joined(phrase: str) -> str:
    return VICE.sub("vice-president", phrase)


def role_words(phrase: str) -> frozenset[str]:
    """The words that tell one role from another, each in one form."""
    plain = (word.casefold() for word in WORD.findall(_joined(phrase)))
    return frozenset(_one_form(word) for word in plain if word not in SMALL)


def _one_form(word: str) -> str:
    return SAME.get(word) or _country_codes().get(word.replace(".", ""), word)


@cache
def _country_codes() -> Mapping[str, str]:
    """What a country and its people are called, in lower case and one word, with its ISO code: "russian", "russia"."""
    places = {**countries(), **nationalities()}
    return {name.casefold().replace(".", ""): place.link_id for name, place in places.items() if " " not in name}


def names_country_or_party(words: Iterable[str]) -> bool:
    """Whether one of a role's words, each in one form, is a country's code or a party's."""
    return any(word.isupper() or word in PARTISANS or word == "democratic" for word in words)


def find_holders(phrase: str, bearers: Sequence[RoleDescription]) -> tuple[list[Mention], list[Mention]]:
    """The people whom the article describes by all words of a phrase, and those by its noun; one mention each.

    Of several whom a phrase without country or party fits wholly, one described without either is meant: of one's own
    country's minister no country is told.

    >>> find_holders("the mayor", [])
    ([], [])
    """
    asked = role_words(core_of(phrase))
    wholly: dict[str, Mention] = {}
    partly: dict[str, Mention] = {}
    abroad: set[str] = set()
    for one in bearers if not POSSESSED.match(phrase) else ():
        if head_noun(phrase) in one.nouns and ("former" in asked) == ("former" in one.words):
            partly.setdefault(one.mention.entity_id, one.mention)
            if all(_has(one.words, word) for word in asked):
                wholly.setdefault(one.mention.entity_id, one.mention)
                if names_country_or_party(one.words):
                    abroad.add(one.mention.entity_id)
    at_home = [mention for who, mention in wholly.items() if who not in abroad]
    is_home = len(at_home) == 1 and not names_country_or_party(asked)
    return at_home if is_home else list(wholly.values()), list(partly.values())


def may_hold_still(phrase: str, entity_id: str, bearers: Sequence[RoleDescription]) -> bool:
    """Whether nothing tells that a role of somebody's is over: "former mayor Mara Oduya" is not "the mayor"."""
    theirs = [one.words for one in bearers if one.mention.entity_id == entity_id and head_noun(phrase) in one.nouns]
    return not theirs or any(("former" in words) == ("former" in role_words(phrase)) for words in theirs)


def head_noun(phrase: str) -> str:
    """The noun of a description, in the form in which roles are compared: "senator" of "the Sen."."""
    nouns: list[str] = WORD.findall(_joined(NOUN_END.split(core_of(phrase), maxsplit=1)[0])) or [""]
    return SAME.get(nouns[-1].casefold(), nouns[-1].casefold())


def _has(words: frozenset[str], word: str) -> bool:
    """Whether a word is among others, perhaps cut short: "Tex." for Texas."""
    return word in words or any(len(short) > 2 and word.startswith(short) for short in words)
