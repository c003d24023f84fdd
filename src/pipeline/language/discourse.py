"""Follow whom an article speaks of, and find whom "he" or "she" means: one person who stands out, or nobody."""

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

# Abbreviated titles and initials before a given name: "Ohio Gov. Mara Oduya", "A. Mara Oduya".
BEFORE_GIVEN_NAME = re.compile(r"^(?:.*\b\w{2,}\.\s|(?:\w\.\s?)+)(?=\w)")
# Segments whose people no pronoun of the text means.
SIDELINES = frozenset({"byline", "dateline", "caption", "note"})
ANTECEDENT_REACH = 2500  # code points before a pronoun that are searched
# How strongly a position suggests the person named there, by what it is; DECAY is the share left one sentence later.
SPEAKER_WEIGHT, SUBJECT_WEIGHT, NAME_WEIGHT, REPORTED_WEIGHT, PRONOUN_WEIGHT = 3.0, 2.6, 1.2, 0.5, 1.8
NAMELESS_WEIGHT = 1.8
DECAY = 0.75
SECOND_SPEAKER_FACTOR = 0.7  # for a person who speaks in a sentence in which another spoke before
UNKNOWN_GENDER_FACTOR = 0.95
LEAST_SCORE = 0.2
LEAST_MARGIN = 0.1
# What may precede the subject in a sentence: nothing but words that describe or title the person.
SUBJECT_LEAD = re.compile(
    rf"(?:[\w\s’']{{1,40}},\s+)?(?:(?:But|And|Yet|So)\s+)?(?:"
    rf"(?:(?:[Tt]he|[A-Z]\w+[’']s)\s+)?{TITLE_BEFORE}|"  # "Captain", "The Norwegian"
    rf"(?:[Tt]he|[Aa]n?|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir|[Oo]ne|[A-Z]\w+[’']s)\s[^,;:]{{2,80}},\s+{TITLE_BEFORE}|"  # "The mayor of Sumaque, "
    rf"(?:The|A|One|Its|His|Her|Their|Among\s\w+)\s+[^,;:]{{2,80}}\s(?:is|was)\s+{TITLE_BEFORE}"  # "The passenger was "
    r")"
)
# "The warden has left.": a person without a name, whom a pronoun may mean.
NAMELESS_SUBJECT = re.compile(
    rf"(?:(?:But|And|Yet|So)\s)?(?:[Tt]he|[Aa]n?|[Oo]ne|[Aa]nother|[Hh]is|[Hh]er)\s(?:[a-z][\w’'-]*\s){{0,3}}(?:{'|'.join(sorted(PERSON_NOUNS))})\b(?!,?\s[A-Z]|[’'-]|\swho\b)"
)
HE_OR_SHE = re.compile(r"\b(?:[Hh]e|[Ss]he)\b")
JOINED_BEFORE = re.compile(r"\b(?:and|or|&)\s(?:[A-Z][\w.]*\s)?$")


class Evidence(NamedTuple):
    """A position that suggests a person as antecedent; without a mention, somebody without a name."""

    position: int
    weight: float
    mention: Mention | None


class Choice(NamedTuple):
    """Whom a pronoun means, and the lead over the next candidate as a share of the score, from 0 to 1."""

    mention: Mention
    margin: float


@dataclass(slots=True)
class Discourse:
    """Whom an article has spoken of up to a position."""

    sentences: Sequence[Span]
    genders: dict[str, str]  # by entity_id: "male", "female", or "none" for what is not a person
    evidence: list[Evidence] = field(default_factory=list)  # in reading order
    full_names: Mapping[str, str] = field(
        default_factory=dict
    )  # entity_id of the only full name, by that of a lone surname
    last_speaker: int = -1  # position
    pronouns: deque[tuple[int, str]] = field(default_factory=deque)  # unresolved "he" and "she" outside of quotes
    _unquoted_before: Sequence[int] = ()  # for each sentence, how many sentences before it are not quoted

    def add_evidence(self, position: int, weight: float, mention: Mention | None) -> None:
        """Record that a position suggests somebody; positions may be added in any order."""
        index = bisect_right(self.evidence, position, key=lambda evidence: evidence.position)
        self.evidence.insert(index, Evidence(position, weight, mention))

    def add_speaker(self, position: int, mention: Mention | None) -> None:
        """Record who speaks at a position; with less weight if another speaker precedes in the same sentence."""
        sentence = self.sentences[self.sentence_number(position)]
        is_second = self.last_speaker >= sentence.start
        self.add_evidence(position, SPEAKER_WEIGHT * (SECOND_SPEAKER_FACTOR if is_second else 1.0), mention)
        self.last_speaker = position

    def resolve_pronouns_until(self, position: int) -> None:
        """Resolve the pronouns of the article's own sentences before a position: "Perez does not smoke. He runs."."""
        while self.pronouns and self.pronouns[0][0] < position:
            start, pronoun = self.pronouns.popleft()
            choice = self.find_antecedent(start, GENDERS[pronoun], ())
            if choice:
                self.add_evidence(start, PRONOUN_WEIGHT, choice.mention)

    def find_antecedent(
        self, position: int, gender: str, own: Sequence[Span], barred: frozenset[str] = frozenset()
    ) -> Choice | None:
        """Return whom a pronoun means, or None if nobody stands out.

        Args:
            position: first code point of the pronoun.
            gender: "male" or "female".
            own: the content that the pronoun is the source of; people named in it are not meant.
            barred: entity ids that the pronoun cannot mean.
        """
        scores, mentions = self._score_candidates(position, gender, own, barred)
        ranked = sorted(scores, key=lambda entity_id: scores[entity_id], reverse=True)
        if not ranked or scores[ranked[0]] < LEAST_SCORE:
            return None
        best, next_best = scores[ranked[0]], scores[ranked[1]] if len(ranked) > 1 else 0.0
        antecedent, margin = mentions[ranked[0]], (best - next_best) / best
        return Choice(antecedent, margin) if antecedent and margin >= LEAST_MARGIN else None

    def _score_candidates(
        self, position: int, gender: str, own: Sequence[Span], barred: frozenset[str]
    ) -> tuple[dict[str | None, float], dict[str | None, Mention | None]]:
        """Return the best score and the last mention of each candidate by entity id; None is somebody without a name."""
        scores: dict[str | None, float] = {}
        mentions: dict[str | None, Mention | None] = {}
        first = bisect_left(self.evidence, position - ANTECEDENT_REACH, key=lambda evidence: evidence.position)
        last = bisect_left(self.evidence, position, key=lambda evidence: evidence.position)
        unquoted_before = self._unquoted_before[self.sentence_number(position)]
        for evidence in self.evidence[first:last]:
            mention = evidence.mention
            entity_id = self.full_names.get(mention.entity_id, mention.entity_id) if mention else None
            fit = self._gender_fit(mention, gender)
            if not fit or entity_id in barred or any(span.start <= evidence.position < span.end for span in own):
                continue
            sentences = max(0, unquoted_before - self._unquoted_before[self.sentence_number(evidence.position)])
            score = evidence.weight * fit * DECAY**sentences
            scores[entity_id] = max(scores.get(entity_id, 0), score)
            mentions[entity_id] = mention
        return scores, mentions

    def _gender_fit(self, mention: Mention | None, gender: str) -> float:
        if mention is None:
            return 1.0
        known = self.genders.get(mention.entity_id)
        return UNKNOWN_GENDER_FACTOR if known is None else float(known == gender)

    def sentence_number(self, position: int) -> int:
        """Return the number of the sentence around a position."""
        return max(0, bisect_right(self.sentences, position, key=lambda sentence: sentence.start) - 1)


def inside_of(spans: Iterable[Span]) -> Callable[[int], bool]:
    """Return a function that checks whether a position is inside one of some spans, which may overlap."""
    ordered = sorted(spans)
    ends = list(accumulate((span.end for span in ordered), max))

    def is_inside(position: int) -> bool:
        number = bisect_right(ordered, position, key=lambda span: span.start)
        return number > 0 and position < ends[number - 1]

    return is_inside


class Located(Protocol):
    """A row with a place in a text."""

    @property
    def start_char(self) -> int:
        """Its first code point."""

    @property
    def end_char(self) -> int:
        """One past its last code point."""


Row = TypeVar("Row", bound=Located)


def innermost_of(rows: Iterable[Row]) -> Callable[[int, int], Row | None]:
    """Return a function that finds the innermost of some rows, which may be nested, around a span."""
    ordered = sorted(rows, key=lambda row: (row.start_char, -row.end_char))
    outer: list[int] = []  # for each row the number of the row around it, or -1
    open_rows: list[int] = []
    for number, row in enumerate(ordered):
        while open_rows and ordered[open_rows[-1]].end_char <= row.start_char:
            open_rows.pop()
        outer.append(open_rows[-1] if open_rows else -1)
        open_rows.append(number)

    def find_around(start: int, end: int) -> Row | None:
        number = bisect_right(ordered, start, key=lambda row: row.start_char) - 1
        while number >= 0 and ordered[number].end_char < end:
            number = outer[number]
        return ordered[number] if number >= 0 else None

    return find_around


def find_genders(text: str, people: Sequence[Mention]) -> dict[str, str]:
    """Return "male" or "female" by entity id, from the words right before a name, else from the given name.

    "none" is for what the text shows to be an organisation: "The company, Larkspur Ferries, said".
    """
    found: dict[str, str] = {}
    for person in people:
        before = text[max(0, person.start_char - 80) : person.start_char]
        if BODY_BEFORE_NAME.search(before) and text[person.end_char : person.end_char + 1] == ",":
            found[person.entity_id] = "none"
        elif FEMALE_SIGNS.search(before):
            found.setdefault(person.entity_id, "female")
        elif MALE_SIGNS.search(before):
            found.setdefault(person.entity_id, "male")
    for person in people:
        words = BEFORE_GIVEN_NAME.sub("", person.entity_name).split()
        gender = given_names().get(words[0].casefold()) if len(words) > 1 else None
        if gender:
            found.setdefault(person.entity_id, gender)
    return found


def read_discourse(
    text: str,
    sentences: Sequence[Span],
    people: Sequence[Mention],
    direct: Sequence[Span],
    reported: Sequence[Span],
    genders: dict[str, str],
) -> Discourse:
    """Return whom the sentences of an article name, and how prominently.

    Args:
        text: the article's.
        sentences: in reading order.
        people: mentions of people in reading order.
        direct: the contents quoted directly.
        reported: other contents.
        genders: by entity id, as from ``find_genders``.
    """
    is_quoted, is_reported = inside_of(direct), inside_of(reported)
    unquoted_before, count = [], 0
    for sentence in sentences:
        unquoted_before.append(count)
        count += not (is_quoted(sentence.start + 1) and is_quoted(sentence.end - 3))
    pronouns = deque(
        (match.start(), match.group().casefold())
        for match in HE_OR_SHE.finditer(text)
        if not is_quoted(match.start()) and not is_reported(match.start())
    )
    discourse = Discourse(
        sentences, genders, full_names=_find_full_names(people), pronouns=pronouns, _unquoted_before=unquoted_before
    )
    for mention in people:
        sentence = sentences[discourse.sentence_number(mention.start_char)]
        if is_reported(mention.start_char):
            weight = REPORTED_WEIGHT
        elif _is_subject(text, sentence, mention, people):
            weight = SUBJECT_WEIGHT
        else:
            weight = NAME_WEIGHT
        discourse.evidence.append(Evidence(mention.start_char, weight, mention))
    _add_nameless_subjects(text, discourse)
    return discourse


def _add_nameless_subjects(text: str, discourse: Discourse) -> None:
    subjects = [evidence for evidence in discourse.evidence if evidence.weight == SUBJECT_WEIGHT]
    have_subject = {discourse.sentence_number(evidence.position) for evidence in subjects}
    for number, sentence in enumerate(discourse.sentences):
        if number not in have_subject and NAMELESS_SUBJECT.match(text, sentence.start, sentence.end):
            discourse.add_evidence(sentence.start, NAMELESS_WEIGHT, None)


def _find_full_names(people: Sequence[Mention]) -> dict[str, str]:
    """Return the entity id of the full name by that of a lone name, if it fits one only: "Ban" and "Ban Ki-moon"."""
    names = {person.entity_id: person.entity_name.split() for person in people}
    full_names: dict[str, set[str]] = {}
    for entity_id, words in names.items():
        for word in {words[0], words[-1]} if len(words) > 1 else ():
            full_names.setdefault(word, set()).add(entity_id)
    for word, entity_ids in full_names.items():
        with_given_name = {entity_id for entity_id in entity_ids if names[entity_id][0].casefold() in given_names()}
        full_names[word] = with_given_name or entity_ids
    lone = {entity_id: full_names.get(words[0], set()) for entity_id, words in names.items() if len(words) == 1}
    return {entity_id: next(iter(fitting)) for entity_id, fitting in lone.items() if len(fitting) == 1}


def _is_subject(text: str, sentence: Span, person: Mention, people: Sequence[Mention]) -> bool:
    """Return whether a person is the subject of a sentence, judged by the sentence's beginning."""
    # Of "Oduya’s lawyer", "Oduya and Hazebroek" and "Oduya, Hazebroek and" no single person is the subject.
    if re.match(r"[’']|\s+(?:and|or|&)\s", text[person.end_char :][:12]):
        return False
    if JOINED_BEFORE.search(text[sentence.start : person.start_char]):
        return False
    number = bisect_left(people, person.start_char, key=lambda other: other.start_char) + 1
    for other in people[number : number + 1]:
        between = text[person.end_char : other.start_char]
        if other.entity_id != person.entity_id and re.fullmatch(rf",\s+(?:and\s+)?{TITLE_BEFORE}", between):
            return False
    return SUBJECT_LEAD.fullmatch(text[sentence.start : person.start_char]) is not None
