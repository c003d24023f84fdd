"""Group the names of an article by spelling, and decide what kind of thing each spelling names."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from pipeline.contract import EntityType
from pipeline.entities.clusters import Name
from pipeline.lexicon.gazetteer import countries, places_named
from pipeline.lexicon.organisations import KNOWN_ORGANISATIONS
from pipeline.lexicon.speech_verbs import SPEECH_VERB_BEHIND
from pipeline.lexicon.titles import HONORIFIC, HONORIFICS
from pipeline.lexicon.words import read_words

MOST_BEARERS = 8  # candidates for one key; with more, nothing decides between them
MOST_WORDS = 12  # longer names are tagging errors; they get no short forms and no misspellings
HONORIFIC_REACH = 60  # code points before a name in which its title is looked for
MINORITY_WEIGHT = 3  # a rarer kind of a spelling is kept from a third of the major kind's weight on
PLACES: frozenset[EntityType] = frozenset({"GPE", "LOC"})
NOT_BODIES: frozenset[EntityType] = PLACES | {"PERSON", "NORP"}  # kinds that a short name or acronym does not change
HONORIFIC_WORDS = frozenset(word.casefold() for word in HONORIFICS)
SUFFIXES = frozenset("jr sr ii iii iv phd md obe mbe kc qc".split())
SMALL_WORDS = read_words("small_words.txt")
WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)*")
POINTS = re.compile(r"(?<=\b\w)\.(?=\w\b|\W|$)")  # of "U.S." and "J. K."
ACCENTS = re.compile(r"[\u0300-\u036f]")  # of Latin, Greek and Cyrillic; marks of other scripts distinguish words
THE = re.compile(r"^[Tt]he\s+")
HONORIFIC_BEFORE = re.compile(rf"{HONORIFIC}\s+$")


@dataclass(eq=False, slots=True)
class NameForm:
    """Names of one kind whose spelling differs only in case, points and accents.

    Forms of one entity make a tree: ``parent`` is the form that this one was attached to, ``root`` the form that gives
    the cluster its kind and name.
    """

    kind: EntityType
    words: tuple[str, ...]
    names: list[Name]
    spellings: Counter[str] = field(default_factory=Counter)
    parent: NameForm | None = None
    certainty: float = 1.0  # that it belongs to its parent

    @property
    def weight(self) -> float:
        """Sum of the confidence of its names."""
        return sum(1.0 if name.confidence is None else name.confidence for name in self.names)

    @property
    def spelling(self) -> str:
        """The most frequent spelling; one in capitals only if there is no other."""
        return max(self.spellings, key=lambda spelling: (not spelling.isupper(), self.spellings[spelling]))

    @property
    def start(self) -> int:
        """First code point of its first name."""
        return self.names[0].start

    @property
    def root(self) -> NameForm:
        """The form at the top of its tree."""
        form = self
        while form.parent:
            form = form.parent
        return form

    def attach_to(self, other: NameForm, certainty: float) -> None:
        """Put its tree under that of another form, unless both are in one tree already."""
        root = self.root
        if root is not other.root:
            root.parent, root.certainty = other.root, certainty


def collect_forms(text: str, names: Iterable[Name]) -> list[NameForm]:
    """Return the forms of an article's names, one for each spelling, except where a person has a place's name."""
    forms: dict[tuple[EntityType, tuple[str, ...]], NameForm] = {}
    for name in names:
        spelling = printed(text, name)
        words = words_of(spelling, is_person=name.kind == "PERSON")
        form = forms.setdefault((name.kind, words), NameForm(name.kind, words, []))
        form.names.append(name)
        form.spellings[spelling] += 1
    return _settle_kinds(text, list(forms.values()))


def printed(text: str, name: Name) -> str:
    """Return a name as the article prints it, on one line."""
    return " ".join(text[name.start : name.end].split())


@cache
def words_of(spelling: str, is_person: bool) -> tuple[str, ...]:
    """Return the words by which names are compared: "the U.S." and "US" are equal, as are "Zoë Jr." and "ZOE"."""
    plain = ACCENTS.sub("", unicodedata.normalize("NFKD", spelling))
    words = WORD.findall(POINTS.sub("", plain).casefold().replace("’", "'"))
    words = [word.removesuffix("'s") for word in words]
    while len(words) > 1 and (words[0] in HONORIFIC_WORDS if is_person else words[0] == "the"):
        words = words[1:]
    while len(words) > 1 and is_person and words[-1] in SUFFIXES:
        words = words[:-1]
    return tuple(words) or (spelling,)


def known_name(form: NameForm) -> str | None:
    """Return the full name of a well-known organisation or a country: "United Nations" for "UN"; None for others."""
    for spelling in form.spellings:
        bare = THE.sub("", spelling)
        if bare in KNOWN_ORGANISATIONS and form.kind not in NOT_BODIES:
            return KNOWN_ORGANISATIONS[bare]
        if bare in countries() and form.kind != "NORP":
            return countries()[bare].name
    return None


def kinds_agree(form: NameForm, other: NameForm) -> bool:
    """Return whether two forms can be one entity: of the same kind, or both neither a person nor a place."""
    return form.kind == other.kind or not {form.kind, other.kind} & NOT_BODIES


# ── Kinds ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _settle_kinds(text: str, forms: Sequence[NameForm]) -> list[NameForm]:
    """Give each spelling the kind that most of its names have; a person and a place may stay two forms."""
    surnames = {form.words[-1] for form in forms if form.kind == "PERSON" and len(form.words) > 1}
    by_words: dict[tuple[str, ...], list[NameForm]] = defaultdict(list)
    for form in forms:
        if form.kind != "PERSON" and len(form.words) == 1 and form.words[0] in surnames:
            by_words[form.words] += _split_off_people(text, form)
        else:
            by_words[form.words].append(form)
    settled = []
    for words, alike in by_words.items():
        kinds: dict[EntityType, NameForm] = {}
        for form in alike:
            _merge(form, kinds.setdefault(form.kind, form))
        ranked = sorted(kinds.values(), key=lambda form: (-form.weight, form.start))
        settled.append(ranked[0])
        for form in ranked[1:]:
            if _differ(ranked[0], form, is_surname=words[-1] in surnames):
                settled.append(form)
            else:
                _merge(form, ranked[0])
    return settled


def _merge(form: NameForm, into: NameForm) -> None:
    if form is not into:
        into.names = sorted([*into.names, *form.names])
        into.spellings += form.spellings


def _split_off_people(text: str, form: NameForm) -> Iterator[NameForm]:
    """Return a form for each name; those with an honorific or a speech verb name people: "Ms Paris", "Paris said"."""
    for name in form.names:
        before = text[max(0, name.start - HONORIFIC_REACH) : name.start]
        is_person = HONORIFIC_BEFORE.search(before) or SPEECH_VERB_BEHIND.match(text, name.end)
        kind: EntityType = "PERSON" if is_person else form.kind
        yield NameForm(kind, form.words, [name], Counter([printed(text, name)]))


def _differ(major: NameForm, minor: NameForm, is_surname: bool) -> bool:
    """Return whether two kinds of one spelling are a person and something else, rather than a tagging error."""
    if "PERSON" not in (major.kind, minor.kind):
        return False
    if is_surname and len(major.words) == 1:
        return minor.kind == "PERSON" or bool(places_named(minor.spelling))
    return len(minor.names) > 1 and minor.weight * MINORITY_WEIGHT >= major.weight
