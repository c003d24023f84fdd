"""Whom "he" or "she" means at a place: the one person that the article has spoken of last and most, or nobody."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.contract import Mention
from pipeline.language import Span
from pipeline.language.names import PERSON_NOUNS

REACH = 2500  # code points back from a pronoun
# How much a place speaks for the person named there, and how much of it is left a sentence further.
SPEAKER, SUBJECT, NAMED, REPORTED = 3.0, 2.6, 1.2, 0.5
DECAY = 0.75
NAMELESS = 1.4
SEEN_AGAIN = 0.15  # of what another place that names the same person adds
UNKNOWN_GENDER = 0.8
FAINTEST = 0.2
LEAST_MARGIN = 0.2
_TITLE_BEFORE = r"(?:[A-Z][\w.]*\s+){0,2}"  # "Captain", "Dr"
# What may stand in a sentence before the person who is its subject: nothing but what describes or titles the name.
SUBJECT_LEAD = re.compile(
    rf"(?:[\w\s’']{{1,40}},\s+)?(?:(?:But|And|Yet|So)\s+)?(?:"
    rf"(?:(?:[Tt]he|[A-Z]\w+[’']s)\s+)?{_TITLE_BEFORE}|"  # "Captain", "The Norwegian"
    rf"(?:[Tt]he|[Aa]n?|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir|[Oo]ne|[A-Z]\w+[’']s)\s[^,;:]{{2,80}},\s+{_TITLE_BEFORE}|"  # "The mayor of Sumaque, "
    rf"(?:The|A|Its|His|Her|Their|Among\s\w+)\s+[^,;:]{{2,80}}\s(?:is|was)\s+{_TITLE_BEFORE}"  # "The passenger was "
    r")"
)
# "The warden has left.": somebody, whom a pronoun may mean, without a name
NAMELESS_SUBJECT = re.compile(
    rf"(?:(?:But|And|Yet|So)\s)?(?:[Tt]he|[Aa]n?|[Oo]ne|[Aa]nother|[Hh]is|[Hh]er)\s(?:[a-z][\w’'-]*\s){{0,3}}(?:{'|'.join(sorted(PERSON_NOUNS))})\b(?!,?\s[A-Z]|[’'-])"
)
JOINED_BEFORE = re.compile(r"\b(?:and|or|&)\s(?:[A-Z][\w.]*\s)?$")


class Evidence(NamedTuple):
    """A place that speaks for somebody; for nobody known, if there is no mention."""

    at: int
    weight: float
    mention: Mention | None


class Choice(NamedTuple):
    """Whom a pronoun means, and how far ahead of the next he or she is, from 0 to 1."""

    mention: Mention
    margin: float


@dataclass(slots=True)
class Discourse:
    """Whom an article has spoken of up to a place."""

    text: str
    sentences: Sequence[Span]
    people: Sequence[Mention]  # named outside of what is quoted directly, in their order
    genders: dict[str, str]  # "male", "female", or "none" for what is no person, by entity_id
    evidence: list[Evidence] = field(default_factory=list)  # in order
    _plain: Sequence[int] = ()  # for each sentence how many before it are not spoken

    def note(self, at: int, weight: float, mention: Mention | None) -> None:
        """Remember that a place speaks for somebody; what comes later may stand before it."""
        self.evidence.insert(bisect_right(self.evidence, at, key=lambda one: one.at), Evidence(at, weight, mention))

    def find_antecedent(self, at: int, gender: str, own: Sequence[Span], barred: str | None = None) -> Choice | None:
        """Whom a pronoun means.

        Args:
            at: where it stands.
            gender: "male" or "female".
            own: what it says; nobody is meant who is named in it.
            barred: the entity that it does not mean.
        """
        scores: dict[str | None, float] = {}
        mentions: dict[str | None, Mention | None] = {}
        first = bisect_left(self.evidence, at - REACH, key=lambda one: one.at)
        for one in self.evidence[first : bisect_left(self.evidence, at, key=lambda one: one.at)]:
            who = one.mention.entity_id if one.mention else None
            fit = self._fit(one.mention, gender)
            if not fit or (who and who == barred) or any(span.start <= one.at < span.end for span in own):
                continue
            score = one.weight * fit * DECAY ** self._sentences_between(one.at, at)
            scores[who] = max(scores.get(who, 0), score) + SEEN_AGAIN * min(scores.get(who, 0), score)
            mentions[who] = one.mention
        ranked = sorted(scores, key=lambda who: scores[who], reverse=True)
        if not ranked or scores[ranked[0]] < FAINTEST:
            return None
        best, next_best = scores[ranked[0]], scores[ranked[1]] if len(ranked) > 1 else 0.0
        chosen, margin = mentions[ranked[0]], (best - next_best) / best
        return Choice(chosen, margin) if chosen and margin >= LEAST_MARGIN else None

    def _fit(self, mention: Mention | None, gender: str) -> float:
        known = self.genders.get(mention.entity_id) if mention else None
        if known is None:
            return 1.0 if mention is None else UNKNOWN_GENDER
        return float(known == gender)

    def _sentences_between(self, start: int, end: int) -> int:
        return max(0, self._plain[self._number(end)] - self._plain[self._number(start)])

    def _number(self, at: int) -> int:
        return max(0, bisect_right(self.sentences, at, key=lambda one: one.start) - 1)


def read_discourse(
    text: str,
    sentences: Sequence[Span],
    people: Sequence[Mention],
    direct: Sequence[Span],
    reported: Sequence[Span],
    genders: dict[str, str],
) -> Discourse:
    """Whom the sentences of an article name, and how prominently."""
    plain, count = [], 0
    for one in sentences:
        plain.append(count)
        count += not any(span.start <= one.start + 1 and one.end <= span.end + 2 for span in direct)
    found = Discourse(text, sentences, people, genders, [], plain)
    for mention in people:
        sentence = sentences[found._number(mention.start_char)]
        if any(span.start <= mention.start_char < span.end for span in reported):
            weight = REPORTED
        elif _is_subject(text, sentence, mention, people):
            weight = SUBJECT
        else:
            weight = NAMED
        found.evidence.append(Evidence(mention.start_char, weight, mention))
    for sentence in sentences:
        if NAMELESS_SUBJECT.match(text, sentence.start, sentence.end):
            found.note(sentence.start, NAMELESS, None)
    return found


def _is_subject(text: str, sentence: Span, one: Mention, people: Sequence[Mention]) -> bool:
    """Whether a person is the subject of a sentence, as far as its beginning tells."""
    # "Oduya’s lawyer", "Oduya and Hazebroek", "Oduya, Hazebroek and": none of them alone
    if re.match(r"[’']|\s+(?:and|or|&)\s", text[one.end_char :][:12]):
        return False
    if JOINED_BEFORE.search(text[sentence.start : one.start_char]):
        return False
    number = bisect_left(people, one.start_char, key=lambda other: other.start_char) + 1
    for other in people[number : number + 1]:
        if other.entity_id != one.entity_id and re.fullmatch(
            rf",\s+(?:and\s+)?{_TITLE_BEFORE}", text[one.end_char : other.start_char]
        ):
            return False
    return SUBJECT_LEAD.fullmatch(text[sentence.start : one.start_char]) is not None
