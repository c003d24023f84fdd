"""Words around people's names: honorifics, titles and roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from pipeline.lexicon.words import any_of, read_words

ROLE_NOUNS = read_words("roles.txt", "offices")
PERSON_NOUNS = ROLE_NOUNS | read_words("roles.txt", "people")
_ABBREVIATED = any_of("honorifics.txt", "abbreviated")
HONORIFICS = read_words("honorifics.txt", "abbreviated") | read_words("honorifics.txt", "other")
HONORIFIC = rf"\b(?:{'|'.join(sorted(HONORIFICS))})\b\.?"  # to be built into other expressions
# The full stop of an abbreviated title does not end the sentence, because a name follows: "Lt. Col. Mara Oduya".
ABBREVIATED_TITLE_END = re.compile(rf"\b(?:{_ABBREVIATED})\.$")
_BEFORE_SURNAME = r"\.?\s+(?:[A-Z][\w.]*\s+)?$"  # perhaps with a given name between
FEMALE_SIGNS = re.compile(rf"\b(?:{any_of('gender_signs.txt', 'female')}|\w+woman){_BEFORE_SURNAME}")
MALE_SIGNS = re.compile(rf"\b(?:{any_of('gender_signs.txt', 'male')}|\w+sman){_BEFORE_SURNAME}")
# In "The company, Larkspur Ferries, said" the name is an organisation's, even if it looks like a person's.
_BODY = rf"(?i:\b(?:{any_of('body_nouns.txt')}))"
BODY_BEFORE_NAME = re.compile(rf"{_BODY},\s+$")
BODY_END = re.compile(rf"{_BODY}$")

_ROLE = "|".join(sorted((re.escape(noun) for noun in ROLE_NOUNS), key=len, reverse=True))
ROLE_BEFORE_NAME = re.compile(
    rf"(?i)(?:(?:{any_of('roles.txt', 'modifiers')})\s+)*(?:{_ROLE})"
    rf"(?:\s+(?:of|for)\s+(?:the\s+)?[A-Z][\w’'-]+(?:\s+[A-Z][\w’'-]+){{0,3}})?$"
)
# ", the harbour board's chairwoman," behind a name
ROLE_BEHIND_NAME = re.compile(
    rf"^,\s+(?!(?:said|says|told|added)\b)(?P<role>(?:an?|the|its|their|his|her|who\s+is)?\s*[^,.;:\"“”]{{0,60}}?(?i:\b(?:{_ROLE}))\b[^,.;:\"“”]{{0,50}})(?=[,.;])"
)


def find_role(before: str, behind: str) -> str | None:
    """Return a person's role as printed right before or right behind the name, if any.

    >>> find_role("said Foreign Minister ", "")
    'Foreign Minister'
    """
    without_space = before.rstrip(" ,")
    match = ROLE_BEFORE_NAME.search(without_space)
    if match and before != before.rstrip():
        return match.group()
    match = ROLE_BEHIND_NAME.match(behind)
    return match["role"].strip() if match else None


@cache
def given_names() -> Mapping[str, str]:
    """Return "female" or "male" by given name, in lower case."""
    genders = ("female", "male")
    return {name: gender for gender in genders for name in read_words("given_names.txt", gender)}
