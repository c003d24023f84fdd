"""Find who is named behind a closing quotation mark in French, German and Spanish.

Only what punctuation and verb decide together is read: `« … », a dit Solange Mercadier`. Inverted forms ("a-t-il dit"),
names before the verb and descriptions are not.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from pipeline.lexicon.gazetteer import countries
from pipeline.lexicon.organisations import ORG_WORDS
from pipeline.lexicon.words import any_of, read_alternatives, read_words

LANGUAGES = ("fr", "de", "es")
GIVEN_NAMES = read_words("foreign_given_names.txt")
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'-]*[a-zß-öø-ÿ]"
_SPACE = r"[ \u00a0\u202f]"
_PARTICLE = rf"(?:{any_of('name_particles.txt')})"


class ForeignAttribution(NamedTuple):
    """The verb right behind a closing mark and the person it names as speaker; offsets are into the text."""

    cue_start: int
    cue_end: int
    source_start: int
    source_end: int


def find_foreign_attributions(text: str, language: str) -> tuple[ForeignAttribution, ...]:
    """Return every closing mark, verb and name in this order, as in `« … », a dit Solange Mercadier`.

    Skips a name that may be an organisation's or a title.
    """
    if language not in LANGUAGES:
        return ()
    return tuple(
        ForeignAttribution(*match.span("cue"), *match.span("name"))
        for match in _pattern(language).finditer(text)
        if _is_person(match["name"].split())
    )


@cache
def _pattern(language: str) -> re.Pattern[str]:
    verbs = read_alternatives("foreign_speech_verbs.txt", language)
    return re.compile(
        rf"[»«“”\"‹›],?\s+(?P<cue>{verbs})\s+"
        rf"(?P<name>{_CAPITAL}(?:{_SPACE}(?:{_PARTICLE}{_SPACE}){{0,2}}{_CAPITAL}){{1,2}})(?=[,.;:!?]|\s+[a-zà-öø-ÿ(„“«»\"]|\s*$|\n)"
    )


def _is_person(words: list[str]) -> bool:
    """Return whether a run of capitalised words starts with a given name and contains no organisation or country."""
    given_name = re.split("[-’']", words[0])[0]
    return given_name in GIVEN_NAMES and not any(word in ORG_WORDS or word in countries() for word in words[1:])
