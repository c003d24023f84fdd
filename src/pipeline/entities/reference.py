"""Descriptions and pronouns that mean somebody whom the article names: "the Russian minister", "she".

One that may mean two, or somebody without a name, means nobody here.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.contract import Article, Mention, Quote
from pipeline.language import Reading, Span
from pipeline.language.discourse import (
    PRONOUN_WEIGHT,
    SIDELINES,
    Discourse,
    find_genders,
    innermost_of,
    inside_of,
    read_discourse,
)
from pipeline.language.phrases import GENDERS
from pipeline.language.roles import (
    RoleDescription,
    find_holders,
    find_role_descriptions,
    head_noun,
    names_country_or_party,
    role_words,
)
from pipeline.lexicon.speech_verbs import SPEECH_VERB_BEHIND
from pipeline.lexicon.titles import ROLE_NOUNS

_ROLE = "|".join(sorted((re.escape(noun) for noun in ROLE_NOUNS), key=len, reverse=True))
_MODIFIER = (
    r"(?i:former|prime|foreign|vice|deputy|interior|defen[cs]e|finance|health|education|justice|trade|energy|chief|acting|"
    r"harbou?r|police|party|opposition|campaign)"
)
# "the foreign minister", "Russia's Foreign Minister", "the Russian minister"; a bare title only where it speaks.
NOMINAL = re.compile(
    rf"(?P<lead>\b(?:[Tt]he|[A-Z]\w+[’']s?)\s+)?(?P<country>[A-Z]\w+\s+)?(?P<title>\b(?:{_MODIFIER}\s+)*(?i:{_ROLE}))\b"
    r"(?!\s+[A-Z]|-\w|\s+of\s|\s+for\s)"
)
OPENS = re.compile(
    r"(?:^|[\n“\"‘;:,.!?—–]\s?)$"
)  # before a word that nothing describes: of "former mayor" not the "mayor"
POSSESSIVE_END = re.compile(r"^(?:[’']s?)?\s+")
PRONOUN = re.compile(
    r"\b(?:[Hh]e|[Hh]im|[Hh]is|[Hh]imself|[Ss]he|[Hh]ers?|[Hh]erself|I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself)\b"
    r"(?!\s(?:Excellency|Majesty|Highness|Holiness|Honou?r|Eminence|Grace)\b)"
)
LEAST_MARGIN = 0.3  # by which who is meant stands out, where nobody is near
# "Oduya had not met | him", with nothing between that begins a clause of its own
ACTS_ON = re.compile(r"(?:\s(?!(?:and|or|but|that|who|when|while|as|if|because|after|before|said)\b)[\w’'-]+){1,5}\s")
HER_OWN = re.compile(
    r"[Hh]er\s(?!(?:and|or|but|to|in|on|at|by|for|from|with|about|that|as|when|if|the|an?|not|after|before|into|out|up)\b)\w"
)


class Reference(NamedTuple):
    """A stretch that means somebody, and a mention of whom."""

    start: int
    end: int
    meant: Mention


# ── Descriptions ───────────────────────────────────────────────────────────────────────────────────────────────


def find_descriptions(text: str, named: Sequence[Mention]) -> list[Reference]:
    """Descriptions that fit exactly one person whom the article so describes.

    Args:
        text: the article's.
        named: who and what is named in it, in order; no description reaches over a name.
    """
    by_noun: dict[str, list[RoleDescription]] = defaultdict(list)
    for bearer in find_role_descriptions(text, [one for one in named if one.entity_type == "PERSON"]):
        for noun in bearer.nouns:
            by_noun[noun].append(bearer)
    fitting: dict[str, list[Mention]] = {}
    ends = [one.end_char for one in named]
    found = []
    for match in NOMINAL.finditer(text) if by_noun else ():
        if not match["lead"] and not _speaks_alone(text, match):
            continue
        phrase = " ".join(match.group().split())
        if phrase not in fitting:
            fitting[phrase] = _fitting(phrase, match["title"], by_noun.get(head_noun(phrase), ()))
        meant = _only_one(fitting[phrase], match.start())
        start = match.start() if match["lead"] or match["country"] else match.start("title")
        # Of "Norway's minister" and "the Norwegian minister" the last word: the first is a mention of its own.
        last = bisect_right(ends, match.end()) - 1
        if last >= 0 and ends[last] > start:
            start = match.end() - len(POSSESSIVE_END.sub("", text[ends[last] : match.end()]))
        is_free = last + 1 >= len(named) or named[last + 1].start_char >= match.end()
        if meant and start < match.end() and is_free:
            found.append(Reference(start, match.end(), meant))
    return found


def _speaks_alone(text: str, match: re.Match[str]) -> bool:
    start = match.start("country") if match["country"] else match.start("title")
    return bool(SPEECH_VERB_BEHIND.match(text, match.end()) and OPENS.search(text[max(0, start - 2) : start]))


def _fitting(phrase: str, title: str, bearers: Sequence[RoleDescription]) -> list[Mention]:
    """Those whom a description fits, in the order in which they are so called first."""
    wholly, _ = find_holders(phrase, bearers)
    if not wholly and names_country_or_party(role_words(phrase)):  # of one's own country's minister no country is told
        wholly, _ = find_holders(f"the {title}", [one for one in bearers if not names_country_or_party(one.words)])
    return sorted(wholly, key=lambda one: one.start_char)


def _only_one(fitting: Sequence[Mention], at: int) -> Mention | None:
    """The only one, or the only one so far."""
    if len(fitting) == 1 or (len(fitting) > 1 and fitting[0].start_char < at <= fitting[1].start_char):
        return fitting[0]
    return None


# ── Pronouns ───────────────────────────────────────────────────────────────────────────────────────────────────


class _Seen(NamedTuple):
    """A place that means a person, and the direct quote it stands in."""

    at: int
    person: Mention
    quote: Quote | None


@dataclass(slots=True)
class _Follower:
    """Follows whom an article speaks of, from its beginning."""

    text: str
    discourse: Discourse
    find_quote: Callable[[int, int], Quote | None]
    seen: list[_Seen] = field(default_factory=list)  # in order

    def see(self, at: int, person: Mention) -> None:
        """Remember that a place means a person."""
        quote = self.find_quote(at, at + 1)
        self.seen.append(_Seen(at, person, quote if quote and quote.quote_type == "direct" else None))

    def find_meant(self, at: int, word: str) -> Mention | None:
        """Whom he or she means: the only one who is near and fits, else who stands out in the discourse before."""
        gender, quote = GENDERS[word], self.find_quote(at, at + 1)
        is_direct = quote is not None and quote.quote_type == "direct"
        barred = {quote.speaker_entity_id} if quote and is_direct and quote.speaker_entity_id else set[str]()
        last = self.seen[-1].person if self.seen else None
        if last and _is_object(self.text, at, word) and ACTS_ON.fullmatch(self.text, last.end_char, at):
            barred.add(last.entity_id)  # "Oduya met him"
        for start in self._scopes(at, quote):
            fitting = self._near(start, quote, gender)
            fitting = {who: person for who, person in fitting.items() if who not in barred}
            if fitting:
                break
        if len(fitting) == 1:
            return next(iter(fitting.values()))
        choice = self.discourse.find_antecedent(at, gender, (), frozenset(barred))
        return choice.mention if choice and choice.margin >= LEAST_MARGIN else None

    def _scopes(self, at: int, quote: Quote | None) -> list[int]:
        """Where that begins in which a pronoun's neighbours stand: the quote, or what is reported, then the sentence."""
        if quote and quote.quote_type == "direct":
            return [quote.start_char]
        sentence = self.discourse.sentences[self.discourse.sentence_number(at)].start
        return [max(quote.start_char, sentence), sentence] if quote else [sentence]

    def _near(self, start: int, quote: Quote | None, gender: str) -> dict[str, Mention]:
        """Who may be he or she of those meant since a place; names in others' quoted words are left out."""
        genders, full_names = self.discourse.genders, self.discourse.full_names
        first = bisect_left(self.seen, start, key=lambda one: one.at)
        around = quote if quote and quote.quote_type == "direct" else None
        near = [one.person for one in self.seen[first:] if one.quote is around]
        near = [one for one in near if genders.get(one.entity_id, gender) == gender]
        return {full_names.get(one.entity_id, one.entity_id): one for one in near}


def find_pronouns(
    article: Article, reading: Reading, mentions: Sequence[Mention], quotes: Sequence[Quote]
) -> list[Reference]:
    """He and she, and "I" in somebody's quoted words, where they mean a person whom the article names.

    Args:
        article: its text and segments.
        reading: its sentences.
        mentions: names and descriptions, in order.
        quotes: with their speakers: a pronoun that speaks means the speaker.
    """
    people = [one for one in mentions if one.entity_type == "PERSON"]
    by_id = {one.entity_id: one for one in reversed(people)}
    find_quote = innermost_of(quotes)
    follower = _Follower(article.text, _read(article, reading, people, quotes), find_quote)
    speaking = {one.speaker_start_char: one for one in quotes if one.speaker_start_char is not None}
    find_name = innermost_of(mentions)
    found: list[Reference] = []
    told: list[Mention | Quote] = sorted([*people, *speaking.values()], key=_place)
    told.reverse()
    for match in PRONOUN.finditer(article.text):
        at, word = match.start(), match.group().casefold()
        while told and _place(told[-1]) < at:
            one = told.pop()
            if isinstance(one, Mention):
                follower.see(one.start_char, one)
            else:
                follower.discourse.add_speaker(_place(one), by_id.get(one.speaker_entity_id or ""))
        if find_name(at, match.end()):
            continue
        meant = _speaking(speaking.get(at), by_id) or _follow(follower, at, word, by_id)
        if meant:
            found.append(Reference(at, match.end(), meant))
            follower.see(at, meant)
    return found


def _speaking(quote: Quote | None, people: Mapping[str, Mention]) -> Mention | None:
    """Whom a pronoun means that speaks."""
    return people.get(quote.speaker_entity_id or "") if quote and quote.speaker_form == "pronoun" else None


def _follow(follower: _Follower, at: int, word: str, people: Mapping[str, Mention]) -> Mention | None:
    """Whom any other pronoun means."""
    quote = follower.find_quote(at, at + 1)
    is_direct = quote is not None and quote.quote_type == "direct"
    if word not in GENDERS:
        return people.get(quote.speaker_entity_id or "") if quote and is_direct else None
    meant = follower.find_meant(at, word)
    if meant:
        follower.discourse.genders.setdefault(meant.entity_id, GENDERS[word])
        if not is_direct:
            follower.discourse.add_evidence(at, PRONOUN_WEIGHT, meant)
    return meant


def _place(one: Mention | Quote) -> int:
    return one.start_char if isinstance(one, Mention) else one.speaker_start_char or 0


def _read(article: Article, reading: Reading, people: Sequence[Mention], quotes: Sequence[Quote]) -> Discourse:
    direct = [Span(one.start_char, one.end_char) for one in quotes if one.quote_type == "direct"]
    reported = [Span(one.start_char, one.end_char) for one in quotes]
    is_aside = inside_of(Span(one.start_char, one.end_char) for one in article.segments if one.kind in SIDELINES)
    told = [one for one in people if not is_aside(one.start_char)]
    genders = find_genders(article.text, [one for one in people if one.form == "name"])
    for quote in quotes:  # whom "she said" means is a woman
        if quote.speaker and quote.speaker_form == "pronoun" and quote.speaker_entity_id:
            gender = GENDERS.get(quote.speaker.casefold())
            if gender:
                genders.setdefault(quote.speaker_entity_id, gender)
    return read_discourse(article.text, reading.sentences, told, direct, reported, genders)


def _is_object(text: str, at: int, word: str) -> bool:
    """Whether a pronoun is what is acted on; "her" before a noun is whose it is."""
    return word == "him" or (word == "her" and not HER_OWN.match(text, at))
