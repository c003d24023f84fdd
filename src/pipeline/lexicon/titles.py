"""Words around people's names: honorifics, titles and roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

# Nouns that name a person's office or occupation; they may stand before a name or for it.
ROLE_NOUNS: frozenset[str] = frozenset(
    """president vice-president premier chancellor minister secretary ambassador envoy senator congressman congresswoman
    congressman representative governor mayor councillor councilman councilwoman commissioner chairman chairwoman chair
    chairperson chief director manager coordinator leader spokesman spokeswoman spokesperson king queen prince princess
    emperor sultan emir sheikh pope bishop archbishop cardinal imam rabbi pastor reverend general colonel major captain
    lieutenant sergeant admiral commander officer inspector superintendent sheriff judge justice attorney prosecutor lawyer
    counsel professor dean principal teacher doctor surgeon nurse scientist researcher analyst economist expert historian
    author writer poet novelist journalist reporter editor columnist correspondent actor actress singer director producer
    coach striker goalkeeper player manager businessman businesswoman entrepreneur founder co-founder owner ceo farmer
    fisherman activist campaigner strategist adviser advisor aide candidate nominee lawmaker deputy speaker delegate
    ombudsman registrar curator engineer architect pilot diver harbourmaster trustee treasurer""".split()
)
# Who may be spoken of as one person, in office or not.
PERSON_NOUNS: frozenset[str] = ROLE_NOUNS | frozenset(
    """man woman boy girl mother father son daughter wife husband brother sister widow widower neighbour neighbor resident
    voter student pupil driver passenger warden guard cook baker builder worker witness victim patient tourist visitor
    customer shopper skipper sailor soldier veteran pensioner friend colleague supporter opponent critic rival protester
    organiser organizer host moderator pollster staffer assistant employee official source spokesperson tenant landlord
    survivor relative parent teenager caller reader user stranger carpenter plumber electrician mechanic surveyor
    keeper clerk waiter waitress shopkeeper butcher grocer fisher hunter ranger climber guide critic analyst lawmaker advocate prosecutor
    investigator observer insider donor volunteer member rower ferryman""".split()
)
HONORIFICS: frozenset[str] = frozenset(
    """Mr Mrs Ms Miss Dr Sir Dame Lord Lady Madam Prof Rev Hon Sen Rep Gov Gen Col Lt Capt Sgt Maj Pres Fr Sr Sheikh Sheikha Shri Smt Datuk Tan Father Canon
    Monsignor Archdeacon Abbot Abbess""".split()
)
HONORIFIC = rf"\b(?:{'|'.join(sorted(HONORIFICS))})\b\.?"  # as printed, in an expression
# Titles that are written short: the point behind them ends no sentence, for a name follows ("Lt. Col. Mara Oduya").
SHORT_TITLE_END = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|Rev|Hon|Sen|Rep|Gov|Gen|Col|Lt|Capt|Sgt|Maj|Pres|Fr)\.$")
FEMALE_SIGNS = re.compile(
    r"\b(?:Mrs|Ms|Miss|Madam|Madame|Dame|Lady|[Qq]ueen|[Pp]rincess|[Ss]poke?swoman|\w+woman|[Aa]ctress|Sheikha|[Ss]ister|[Mm]other|[Ww]ife|[Dd]aughter)\.?\s+(?:[A-Z][\w.]*\s+)?$"
)
MALE_SIGNS = re.compile(
    r"\b(?:Mr|Sir|Lord|[Kk]ing|[Pp]rince|[Ss]pokesman|\w+sman|[Cc]hairman|[Ff]ather|[Bb]rother|[Hh]usband|[Ss]on|Fr|Pope|Imam)\.?\s+(?:[A-Z][\w.]*\s+)?$"
)
# "The company, Larkspur Ferries, said": whatever its name looks like, what bears it is neither he nor she.
_BODY = (
    r"(?i:\b(?:company|firm|operator|maker|manufacturer|bank|airline|agency|party|ministry|council|board|authority|office|"
    r"cooperative|team|club|band|union|group|charity|chain|shipyard|railway|line|newspaper|school|university|paper|court|"
    r"government|department|commission|committee|campaign|state|city|county|country|report|statement|letter|survey|study))"
)
BODY_SIGNS = re.compile(rf"{_BODY},\s+$")
BODY_END = re.compile(rf"{_BODY}$")

_ROLE = "|".join(sorted((re.escape(noun) for noun in ROLE_NOUNS), key=len, reverse=True))
# The words that belong to a title right before its noun: "foreign minister", not "met foreign minister".
ROLE_WORDS = re.compile(
    rf"(?i)(?:(?:former|acting|deputy|vice|prime|foreign|interior|defen[cs]e|finance|health|education|justice|trade|transport|energy|environment|agriculture|labou?r|"
    rf"press|campaign|communications?|executive|managing|general|assistant|associate|senior|chief|state|party|opposition|house|senate|majority|minority|"
    rf"regional|national|presidential|vice-presidential|crown|attorney|police|army|harbou?r|city|district|political|security|research|university|head|"
    rf"first|under|co|club|team|company|bank|board|union|council|school|hospital|court|supreme|financial|technical|creative)\s+)*(?:{_ROLE})"
    rf"(?:\s+(?:of|for)\s+(?:the\s+)?[A-Z][\w’'-]+(?:\s+[A-Z][\w’'-]+){{0,3}})?$"
)
# What stands behind a name between commas: ", the harbour board's chairwoman,"
ROLE_BEHIND = re.compile(
    rf"^,\s+(?!(?:said|says|told|added)\b)(?P<role>(?:an?|the|its|their|his|her|who\s+is)?\s*[^,.;:\"“”]{{0,60}}?(?i:\b(?:{_ROLE}))\b[^,.;:\"“”]{{0,50}})(?=[,.;])"
)


def find_role(before: str, behind: str) -> str | None:
    """A person's role as worded right before or right behind the name; None where there is none.

    >>> find_role("said Foreign Minister ", "")
    'Foreign Minister'
    """
    stripped = before.rstrip(" ,")
    found = ROLE_WORDS.search(stripped)
    if found and len(before) - len(before.rstrip()) > 0:
        return found.group()
    found = ROLE_BEHIND.match(behind)
    return found["role"].strip() if found else None


@cache
def given_names() -> Mapping[str, str]:
    """Given names, in lower case, that tell a woman ("female") from a man ("male"); ``given_names.txt`` says whence."""
    found, gender = {}, ""
    for line in Path(__file__).with_name("given_names.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            gender = line.removeprefix("#").strip()
        else:
            found.update(dict.fromkeys(line.split(), gender))
    return found
