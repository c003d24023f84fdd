"""Whom "he" or "she" means at a place: the one person that the article has spoken of last and most, or nobody."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple, Protocol, TypeVar

from pipeline.contract import Mention
from pipeline.language.phrases import GENDERS, TITLE_BEFORE
from pipeline.language.reading import Span
from pipeline.lexicon.titles import BODY_BEFORE_NAME, FEMALE_SIGNS, MALE_SIGNS, PERSON_NOUNS, given_names

# What stands before a given name: "Ohio Gov. Mara Oduya", "A. Mara Oduya".
UNTITLED = re.compile(r"^(?:.*\b\w{2,}\.\s|(?:\w\.\s?)+)(?=\w)")
# Whom these parts name, no pronoun of the text means.
SIDELINES = frozenset({"byline", "dateline", "caption", "note"})
REACH = 2500  # code points back from a pronoun
# How much a place speaks for the person named there, and how much of it is left a sentence further.
SPEAKER_WEIGHT, SUBJECT_WEIGHT, NAME_WEIGHT, REPORTED_WEIGHT, PRONOUN_WEIGHT = 3.0, 2.6, 1.2, 0.5, 1.8
DECAY = 0.75
NAMELESS_WEIGHT = 1.8
SECOND = 0.7
UNKNOWN_GENDER = 0.95
FAINTEST = 0.2
LEAST_MARGIN = 0.1
# What may stand in a sentence before the person who is its subject: nothing but what describes or titles the name.
SUBJECT_LEAD = re.compile(
    rf"(?:[\w\s’']{{1,40}},\s+)?(?:(?:But|And|Yet|So)\s+)?(?:"
    rf"(?:(?:[Tt]he|[A-Z]\w+[’']s)\s+)?{TITLE_BEFORE}|"  # "Captain", "The Norwegian"
    rf"(?:[Tt]he|[Aa]n?|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir|[Oo]ne|[A-Z]\w+[’']s)\s[^,;:]{{2,80}},\s+{TITLE_BEFORE}|"  # "The mayor of Sumaque, "
    rf"(?:The|A|One|Its|His|Her|Their|Among\s\w+)\s+[^,;:]{{2,80}}\s(?:is|was)\s+{TITLE_BEFORE}"  # "The passenger was "
    r")"
)
# "The warden has left.": somebody, whom a pronoun may mean, without a name
NAMELESS_SUBJECT = re.compile(
    rf"(?:(?:But|And|Yet|So)\s)?(?:[Tt]he|[Aa]n?|[Oo]ne|[Aa]nother|[Hh]is|[Hh]er)\s(?:[a-z][\w’'-]*\s){{0,3}}(?:{'|'.join(sorted(PERSON_NOUNS))})\b(?!,?\s[A-Z]|[’'-]|\swho\b)"
)
HE_OR_SHE = re.compile(r"\b(?:[Hh]e|[Ss]he)\b")
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

    sentences: Sequence[Span]
    genders: dict[str, str]  # "male", "female", or "none" for what is no person, by entity_id
    evidence: list[Evidence] = field(default_factory=list)  # in order
    full_names: Mapping[str, str] = field(
        default_factory=dict
    )  # entity_id of a lone surname → of the one full name it ends
    last_speaker: int = -1  # where
    pronouns: deque[tuple[int, str]] = field(
        default_factory=deque
    )  # he and she in the article's own sentences, to come
    _plain: Sequence[int] = ()  # for each sentence how many before it are not spoken

    def add_evidence(self, at: int, weight: float, mention: Mention | None) -> None:
        """Remember that a place speaks for somebody; what comes later may stand before it."""
        self.evidence.insert(bisect_right(self.evidence, at, key=lambda one: one.at), Evidence(at, weight, mention))

    def add_speaker(self, at: int, mention: Mention | None) -> None:
        """Remember who spoke; less so where another spoke in the same sentence before."""
        sentence = self.sentences[self.sentence_number(at)]
        is_second = self.last_speaker >= sentence.start
        self.add_evidence(at, SPEAKER_WEIGHT * (SECOND if is_second else 1.0), mention)
        self.last_speaker = at

    def resolve_pronouns_until(self, at: int) -> None:
        """Follow the pronouns of the article's own sentences up to a place: "Perez does not smoke. He runs."."""
        while self.pronouns and self.pronouns[0][0] < at:
            place, word = self.pronouns.popleft()
            choice = self.find_antecedent(place, GENDERS[word], ())
            if choice:
                self.add_evidence(place, PRONOUN_WEIGHT, choice.mention)

    def find_antecedent(
        self, at: int, gender: str, own: Sequence[Span], barred: frozenset[str] = frozenset()
    ) -> Choice | None:
        """Whom a pronoun means.

        Args:
            at: where it stands.
            gender: "male" or "female".
            own: what it says; nobody is meant who is named in it.
            barred: the entities that it does not mean.
        """
        scores: dict[str | None, float] = {}
        mentions: dict[str | None, Mention | None] = {}
        first = bisect_left(self.evidence, at - REACH, key=lambda one: one.at)
        here = self._plain[self.sentence_number(at)]
        for one in self.evidence[first : bisect_left(self.evidence, at, key=lambda one: one.at)]:
            who = self.full_names.get(one.mention.entity_id, one.mention.entity_id) if one.mention else None
            fit = self._fit(one.mention, gender)
            if not fit or who in barred or any(span.start <= one.at < span.end for span in own):
                continue
            sentences = max(0, here - self._plain[self.sentence_number(one.at)])
            score = one.weight * fit * DECAY**sentences
            scores[who] = max(scores.get(who, 0), score)
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

    def sentence_number(self, at: int) -> int:
        """The number of the sentence that holds a place."""
        return max(0, bisect_right(self.sentences, at, key=lambda one: one.start) - 1)


def inside_of(spans: Iterable[Span]) -> Callable[[int], bool]:
    """Tells whether a place lies in one of some spans, which may overlap."""
    ordered = sorted(spans)
    ends = list(accumulate((span.end for span in ordered), max))

    def is_inside(at: int) -> bool:
        number = bisect_right(ordered, at, key=lambda one: one.start)
        return number > 0 and at < ends[number - 1]

    return is_inside


class Located(Protocol):
    """A row that lies somewhere in a text."""

    @property
    def start_char(self) -> int:
        """Its first code point."""

    @property
    def end_char(self) -> int:
        """One past its last."""


Row = TypeVar("Row", bound=Located)


def innermost_of(rows: Iterable[Row]) -> Callable[[int, int], Row | None]:
    """Tells which of some rows, which may lie in each other, is the innermost around a stretch."""
    ordered = sorted(rows, key=lambda row: (row.start_char, -row.end_char))
    outer: list[int] = []  # for each row the number of the one around it, or -1
    opened: list[int] = []
    for number, row in enumerate(ordered):
        while opened and ordered[opened[-1]].end_char <= row.start_char:
            opened.pop()
        outer.append(opened[-1] if opened else -1)
        opened.append(number)

    def find_around(start: int, end: int) -> Row | None:
        number = bisect_right(ordered, start, key=lambda row: row.start_char) - 1
        while number >= 0 and ordered[number].end_char < end:
            number = outer[number]
        return ordered[number] if number >= 0 else None

    return find_around


def find_genders(text: str, people: Sequence[Mention]) -> dict[str, str]:
    """What tells he from she, by entity: the words right before a name, else the given name; "none" of no person."""
    found: dict[str, str] = {}
    for one in people:
        before = text[max(0, one.start_char - 80) : one.start_char]
        if BODY_BEFORE_NAME.search(before) and text[one.end_char : one.end_char + 1] == ",":
            found[one.entity_id] = "none"
        elif FEMALE_SIGNS.search(before):
            found.setdefault(one.entity_id, "female")
        elif MALE_SIGNS.search(before):
            found.setdefault(one.entity_id, "male")
    for one in people:
        words = UNTITLED.sub("", one.entity_name).split()
        known = given_names().get(words[0].casefold()) if len(words) > 1 else None
        if known:
            found.setdefault(one.entity_id, known)
    return found


def read_discourse(
    text: str,
    sentences: Sequence[Span],
    people: Sequence[Mention],
    direct: Sequence[Span],
    reported: Sequence[Span],
    genders: dict[str, str],
) -> Discourse:
    """Whom the sentences of an article name, and how prominently."""
    is_quoted, is_reported = inside_of(direct), inside_of(reported)
    plain, count = [], 0
    for one in sentences:
        plain.append(count)
        count += not (is_quoted(one.start + 1) and is_quoted(one.end - 3))
    pronouns = deque(
        (one.start(), one.group().casefold())
        for one in HE_OR_SHE.finditer(text)
        if not is_quoted(one.start()) and not is_reported(one.start())
    )
    found = Discourse(sentences, genders, full_names=_find_full_names(people), pronouns=pronouns, _plain=plain)
    for mention in people:
        sentence = sentences[found.sentence_number(mention.start_char)]
        if is_reported(mention.start_char):
            weight = REPORTED_WEIGHT
        elif _is_subject(text, sentence, mention, people):
            weight = SUBJECT_WEIGHT
        else:
            weight = NAME_WEIGHT
        found.evidence.append(Evidence(mention.start_char, weight, mention))
    led = {found.sentence_number(one.at) for one in found.evidence if one.weight == SUBJECT_WEIGHT}
    for number, sentence in enumerate(sentences):
        if number not in led and NAMELESS_SUBJECT.match(text, sentence.start, sentence.end):
            found.add_evidence(sentence.start, NAMELESS_WEIGHT, None)
    return found


def _find_full_names(people: Sequence[Mention]) -> dict[str, str]:
    """Lone names that are part of one fuller name only, as "Ban" of "Ban Ki-moon"."""
    names = {one.entity_id: one.entity_name.split() for one in people}
    fuller: dict[str, set[str]] = {}
    for who, words in names.items():
        for word in {words[0], words[-1]} if len(words) > 1 else ():
            fuller.setdefault(word, set()).add(who)
    for word, others in fuller.items():
        fuller[word] = {who for who in others if names[who][0].casefold() in given_names()} or others
    lone = {who: fuller.get(words[0], set()) for who, words in names.items() if len(words) == 1}
    return {who: next(iter(others)) for who, others in lone.items() if len(others) == 1}


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
            rf",\s+(?:and\s+)?{TITLE_BEFORE}", text[one.end_char : other.start_char]
        ):
            return False
    return SUBJECT_LEAD.fullmatch(text[sentence.start : one.start_char]) is not None
