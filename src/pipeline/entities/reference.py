"""Find descriptions and pronouns that mean somebody whom the article names: "the Russian minister", "she".

One that may mean two people, or somebody without a name, is left out.
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
from pipeline.lexicon.words import any_of

_ROLE = "|".join(sorted(map(re.escape, ROLE_NOUNS), key=len, reverse=True))
# "the foreign minister", "Russia's Foreign Minister", "the Russian minister"; a bare title only where it speaks.
DESCRIPTION = re.compile(
    r"(?P<lead>\b(?:[Tt]he|[A-Z]\w+[’']s?)\s+)?(?P<country>[A-Z]\w+\s+)?"
    rf"(?P<title>\b(?:(?i:{any_of('role_modifiers.txt')})\s+)*(?i:{_ROLE}))\b"
    r"(?!\s+[A-Z]|-\w|\s+of\s|\s+for\s)"
)
# Stands before a word that nothing describes: the "mayor" of "former mayor" does not match.
OPENS = re.compile(r"(?:^|[\n“\"‘;:,.!?—–]\s?)$")
POSSESSIVE_END = re.compile(r"^(?:[’']s?)?\s+")
PRONOUN = re.compile(
    r"\b(?:[Hh]e|[Hh]im|[Hh]is|[Hh]imself|[Ss]he|[Hh]ers?|[Hh]erself|I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself)\b"
    r"(?!\s(?:Excellency|Majesty|Highness|Holiness|Honou?r|Eminence|Grace)\b)"
)
LEAST_MARGIN = 0.3  # by which the discourse's choice must lead if nobody near fits
# "Oduya had not met | him", with nothing between that begins a clause of its own
ACTS_ON = re.compile(rf"(?:\s(?!(?:{any_of('clause_words.txt')})\b)[\w’'-]+){{1,5}}\s")
HER_OWN = re.compile(rf"[Hh]er\s(?!(?:{any_of('not_nouns.txt')})\b)\w")


class Reference(NamedTuple):
    """A description or pronoun, and a mention of the person it refers to."""

    start: int
    end: int
    antecedent: Mention


# ── Descriptions ───────────────────────────────────────────────────────────────────────────────────────────────


def find_descriptions(text: str, named: Sequence[Mention]) -> list[Reference]:
    """Return the descriptions that fit exactly one person to whom the article gives that role.

    Args:
        text: the article's.
        named: its mentions by name, in reading order; no description overlaps one.
    """
    by_noun: dict[str, list[RoleDescription]] = defaultdict(list)
    for description in find_role_descriptions(text, [mention for mention in named if mention.entity_type == "PERSON"]):
        for noun in description.nouns:
            by_noun[noun].append(description)
    fitting: dict[str, list[Mention]] = {}
    ends = [mention.end_char for mention in named]
    found = []
    for match in DESCRIPTION.finditer(text) if by_noun else ():
        if not match["lead"] and not _speaks_alone(text, match):
            continue
        phrase = " ".join(match.group().split())
        if phrase not in fitting:
            fitting[phrase] = _fitting(phrase, match["title"], by_noun.get(head_noun(phrase), ()))
        antecedent = _only_one(fitting[phrase], match.start())
        start = match.start() if match["lead"] or match["country"] else match.start("title")
        # Of "Norway's minister" and "the Norwegian minister" only the last word: the country is a mention of its own.
        last = bisect_right(ends, match.end()) - 1
        if last >= 0 and ends[last] > start:
            start = match.end() - len(POSSESSIVE_END.sub("", text[ends[last] : match.end()]))
        is_free = last + 1 >= len(named) or named[last + 1].start_char >= match.end()
        if antecedent and start < match.end() and is_free:
            found.append(Reference(start, match.end(), antecedent))
    return found


def _speaks_alone(text: str, match: re.Match[str]) -> bool:
    start = match.start("country") if match["country"] else match.start("title")
    return bool(SPEECH_VERB_BEHIND.match(text, match.end()) and OPENS.search(text[max(0, start - 2) : start]))


def _fitting(phrase: str, title: str, described: Sequence[RoleDescription]) -> list[Mention]:
    """Return the people whom a description fits, in the order in which the article gives them that role."""
    wholly, _ = find_holders(phrase, described)
    if not wholly and names_country_or_party(
        role_words(phrase)
    ):  # an article may leave out the country of its own minister
        wholly, _ = find_holders(f"the {title}", [role for role in described if not names_country_or_party(role.words)])
    return sorted(wholly, key=lambda mention: mention.start_char)


def _only_one(fitting: Sequence[Mention], start: int) -> Mention | None:
    """Return the only person, or the only one introduced before the description."""
    if len(fitting) == 1 or (len(fitting) > 1 and fitting[0].start_char < start <= fitting[1].start_char):
        return fitting[0]
    return None


# ── Pronouns ───────────────────────────────────────────────────────────────────────────────────────────────────


class _Occurrence(NamedTuple):
    """A mention or pronoun of a person, and the direct quote around it."""

    start: int
    person: Mention
    quote: Quote | None


@dataclass(slots=True)
class _Follower:
    """Follows whom an article speaks of, from its beginning."""

    text: str
    discourse: Discourse
    find_quote: Callable[[int, int], Quote | None]
    seen: list[_Occurrence] = field(default_factory=list)  # in reading order

    def see(self, start: int, person: Mention) -> None:
        """Remember that the words at ``start`` mean a person."""
        quote = self.find_quote(start, start + 1)
        self.seen.append(_Occurrence(start, person, quote if quote and quote.quote_type == "direct" else None))

    def find_antecedent(self, start: int, word: str) -> Mention | None:
        """Return whom "he" or "she" means: the only person near who fits, else the most prominent one before."""
        gender, quote = GENDERS[word], self.find_quote(start, start + 1)
        barred = self._barred(start, word, quote)
        for scope in self._scopes(start, quote):
            near = self._near(scope, quote, gender)
            fitting = [person for entity_id, person in near.items() if entity_id not in barred]
            if fitting:
                break
        if len(fitting) == 1:
            return fitting[0]
        choice = self.discourse.find_antecedent(start, gender, (), frozenset(barred))
        return choice.mention if choice and choice.margin >= LEAST_MARGIN else None

    def _barred(self, start: int, word: str, quote: Quote | None) -> set[str]:
        """Return the entities that a pronoun cannot mean: who speaks the quote, and who acts on "him"."""
        barred = set[str]()
        if quote and quote.quote_type == "direct" and quote.speaker_entity_id:
            barred.add(quote.speaker_entity_id)
        last = self.seen[-1].person if self.seen else None
        if last and _is_object(self.text, start, word) and ACTS_ON.fullmatch(self.text, last.end_char, start):
            barred.add(last.entity_id)  # "Oduya met him"
        return barred

    def _scopes(self, start: int, quote: Quote | None) -> list[int]:
        """Return where to look for a pronoun's antecedent from: its direct quote; or reported content, then sentence."""
        if quote and quote.quote_type == "direct":
            return [quote.start_char]
        sentence = self.discourse.sentences[self.discourse.sentence_number(start)].start
        return [max(quote.start_char, sentence), sentence] if quote else [sentence]

    def _near(self, start: int, quote: Quote | None, gender: str) -> dict[str, Mention]:
        """Return the people of a gender meant since ``start``, by entity; those in other direct quotes are left out."""
        genders, full_names = self.discourse.genders, self.discourse.full_names
        first = bisect_left(self.seen, start, key=lambda occurrence: occurrence.start)
        around = quote if quote and quote.quote_type == "direct" else None
        people = [occurrence.person for occurrence in self.seen[first:] if occurrence.quote is around]
        people = [person for person in people if genders.get(person.entity_id, gender) == gender]
        return {full_names.get(person.entity_id, person.entity_id): person for person in people}


def find_pronouns(
    article: Article, reading: Reading, mentions: Sequence[Mention], quotes: Sequence[Quote]
) -> list[Reference]:
    """Return the pronouns that mean a person whom the article names: "he", "she", and "I" inside quotes.

    Args:
        article: its text and segments.
        reading: its sentences.
        mentions: names and descriptions, in reading order.
        quotes: with their speakers; a pronoun that speaks means the speaker.
    """
    people = [mention for mention in mentions if mention.entity_type == "PERSON"]
    by_id = {mention.entity_id: mention for mention in reversed(people)}
    follower = _Follower(article.text, _read_discourse(article, reading, people, quotes), innermost_of(quotes))
    speaking = {quote.speaker_start_char: quote for quote in quotes if quote.speaker_start_char is not None}
    find_mention = innermost_of(mentions)
    found: list[Reference] = []
    waiting: list[Mention | Quote] = sorted([*people, *speaking.values()], key=_start)
    waiting.reverse()
    for match in PRONOUN.finditer(article.text):
        start, word = match.start(), match.group().casefold()
        while waiting and _start(waiting[-1]) < start:
            passed = waiting.pop()
            if isinstance(passed, Mention):
                follower.see(passed.start_char, passed)
            else:
                follower.discourse.add_speaker(_start(passed), by_id.get(passed.speaker_entity_id or ""))
        if find_mention(start, match.end()):
            continue
        antecedent = _speaker(speaking.get(start), by_id) or _follow(follower, start, word, by_id)
        if antecedent:
            found.append(Reference(start, match.end(), antecedent))
            follower.see(start, antecedent)
    return found


def _speaker(quote: Quote | None, people: Mapping[str, Mention]) -> Mention | None:
    """Return whom a pronoun means that is the printed speaker of a quote."""
    return people.get(quote.speaker_entity_id or "") if quote and quote.speaker_form == "pronoun" else None


def _follow(follower: _Follower, start: int, word: str, people: Mapping[str, Mention]) -> Mention | None:
    """Return whom any other pronoun means, and note it in the discourse."""
    quote = follower.find_quote(start, start + 1)
    is_direct = quote is not None and quote.quote_type == "direct"
    if word not in GENDERS:
        return people.get(quote.speaker_entity_id or "") if quote and is_direct else None
    antecedent = follower.find_antecedent(start, word)
    if antecedent:
        follower.discourse.genders.setdefault(antecedent.entity_id, GENDERS[word])
        if not is_direct:
            follower.discourse.add_evidence(start, PRONOUN_WEIGHT, antecedent)
    return antecedent


def _start(passed: Mention | Quote) -> int:
    """Return where a mention, or the printed speaker of a quote, begins."""
    return passed.start_char if isinstance(passed, Mention) else passed.speaker_start_char or 0


def _read_discourse(
    article: Article, reading: Reading, people: Sequence[Mention], quotes: Sequence[Quote]
) -> Discourse:
    direct = [Span(quote.start_char, quote.end_char) for quote in quotes if quote.quote_type == "direct"]
    reported = [Span(quote.start_char, quote.end_char) for quote in quotes]
    sidelines = (segment for segment in article.segments if segment.kind in SIDELINES)
    is_aside = inside_of(Span(segment.start_char, segment.end_char) for segment in sidelines)
    main_people = [person for person in people if not is_aside(person.start_char)]
    genders = find_genders(article.text, [person for person in people if person.form == "name"])
    for quote in quotes:  # "she said" shows that the speaker is a woman
        if quote.speaker and quote.speaker_form == "pronoun" and quote.speaker_entity_id:
            gender = GENDERS.get(quote.speaker.casefold())
            if gender:
                genders.setdefault(quote.speaker_entity_id, gender)
    return read_discourse(article.text, reading.sentences, main_people, direct, reported, genders)


def _is_object(text: str, start: int, word: str) -> bool:
    """Return whether a pronoun is the object of a verb; "her" before a noun is a possessive."""
    return word == "him" or (word == "her" and not HER_OWN.match(text, start))
