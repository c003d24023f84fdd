"""Find the mention that a printed source names: "Mara Oduya" in "the board's secretary, Mara Oduya"."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from pipeline.contract import Mention
from pipeline.language import Span
from pipeline.language.phrases import JOINED, NOUN_END, POSSESSIVE, TITLE_BEFORE, core_of, is_kind, is_several, is_title
from pipeline.lexicon.titles import BODY_END, find_role
from pipeline.lexicon.words import any_of

SPEAKING_TYPES = ("PERSON", "ORG", "GPE", "FAC")
# In "a spokesman for Oduya" and "the mayor of Sumaque" the name is not who speaks.
BELONGS_TO = re.compile(
    rf"(?P<noun>[\w’'-]+)\s(?P<of>{any_of('function_words.txt', 'before an owner')})\s(?P<title>(?:[\w.’'-]+\s){{0,4}})$"
)


def is_named_person(mention: Mention) -> bool:
    """Return whether a mention names a person, rather than describing one."""
    return mention.entity_type == "PERSON" and mention.form == "name"


def speaking_mentions_in(mentions: Sequence[Mention], start: int, end: int) -> list[Mention]:
    """Return the mentions that begin in a span and may be of a speaker."""
    first = bisect_left(mentions, start, key=lambda mention: mention.start_char)
    last = bisect_left(mentions, end, key=lambda mention: mention.start_char)
    near = [mention for mention in mentions[first:last] if mention.entity_type in SPEAKING_TYPES]
    return [mention for mention in near if not (is_named_person(mention) and is_kind(mention.text))]


def find_named_source(text: str, mentions: Sequence[Mention], source: Span) -> Mention | None:
    """Return the mention that names who speaks: the head of a source, or one in apposition inside or right behind."""
    core = core_of(text[source.start : source.end])
    core_end = source.start + len(core)
    near = speaking_mentions_in(mentions, source.start - 4, source.end + 60)
    inside = [mention for mention in near if mention.start_char < core_end]
    joined = JOINED.search(core)
    if joined and not any(mention.start_char < source.start + joined.start() < mention.end_char for mention in inside):
        return None
    possessive = POSSESSIVE.search(core)
    last_letter = core_end - 1 - (len(possessive.group()) if possessive else 0)
    # "Mara Oduya of the Larkspur line": a person with a prepositional phrase behind the name
    heads = [
        mention
        for mention in inside
        if mention.entity_type == "PERSON" and NOUN_END.match(text, mention.end_char, core_end)
    ][:1]
    heads += [mention for mention in inside if mention.end_char >= last_letter][-1:]
    for head in heads:
        if not _belongs(text[source.start : head.start_char]):
            in_source = [mention for mention in near if mention.start_char < source.end]
            return None if _is_first_of_list(text, head, in_source) else head
    return None if is_several(core) else _apposed_mention(text, core, core_end, near)


def _apposed_mention(text: str, core: str, core_end: int, near: Sequence[Mention]) -> Mention | None:
    """Return a name in apposition behind a description: "the board's secretary, Mara Oduya".

    An organisation's name is only in apposition to a noun for organisations.
    """
    for mention in near:
        fits = mention.entity_type == "PERSON" or (mention.entity_type == "ORG" and BODY_END.search(core))
        is_closed = re.match(r"[,.;()]|$", text[mention.end_char :][:1])
        is_behind = mention.start_char > core_end and _is_title_between(text[core_end : mention.start_char])
        if is_behind and mention.form == "name" and fits and is_closed:
            return mention
    return None


def _belongs(before: str) -> bool:
    """Return whether the words of a phrase before its last name make the name a mere part: "a spokesman for "."""
    match = BELONGS_TO.search(before)
    if not match:
        return False
    if is_title(match["title"]):
        return True
    return match["of"] != "of" and match["noun"][0].islower()


def _is_first_of_list(text: str, head: Mention, near: Sequence[Mention]) -> bool:
    """Return whether a name is the first of several: "Oduya, Hazebroek and Bexley", "Oduya, a diver, and Bexley"."""
    behind = [mention for mention in near if mention.start_char >= head.end_char]
    if not behind:
        return False
    between = text[head.end_char : behind[0].start_char]
    is_next = re.fullmatch(rf",\s{TITLE_BEFORE}", between)
    if is_next and re.match(r"(?:,\s[A-Z]\w+|,?\s+and\s)", text[behind[0].end_char :][:20]):
        return True
    return re.fullmatch(rf"(?:\s\([^)]*\))?(?:,\s[^,;]{{1,40}}){{0,2}},?\sand\s{TITLE_BEFORE}", between) is not None


def _is_title_between(between: str) -> bool:
    """Return whether words are a comma and at most a title: ", Captain ", ", retired judge "; not ", a friend of "."""
    words = re.fullmatch(r",\s(?:(?!(?:an?|the|of|for|to|with|by|from|and)\b)[\w.’-]+\s+){0,4}", between)
    return re.fullmatch(rf",\s{TITLE_BEFORE}", between) is not None or (
        words is not None and find_role(between[1:], "") is not None
    )
