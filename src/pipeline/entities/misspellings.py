"""Attach rare misspellings to the name that they misspell: "Hamobai" to "Habomai"."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence

from pipeline.entities.name_forms import MOST_BEARERS, MOST_WORDS, NameForm
from pipeline.lexicon.gazetteer import is_place
from pipeline.lexicon.titles import given_names

MISSPELLING = 0.7  # certainty that a name belongs to the one that it seems to misspell
SHORTEST_WORD, LONGEST_WORD = 6, 24  # letters; in a shorter word another letter makes another word
OFTEN = 3  # a spelling printed this often is no misspelling


def attach_misspellings(forms: Sequence[NameForm]) -> None:
    """Attach each rare spelling to the more frequent one that it misspells, if only one is possible."""
    count: Counter[int] = Counter()
    for form in forms:
        count[id(form.root)] += len(form.names)
    order = sorted(forms, key=lambda form: (-count[id(form.root)], form.start))
    rank = {id(form): number for number, form in enumerate(order)}
    keys = {id(form): set(_keys(form)) for form in order}
    index: dict[Hashable, list[NameForm]] = defaultdict(list)
    for form in order:
        for key in keys[id(form)]:
            if len(index[key]) <= MOST_BEARERS:
                index[key].append(form)
    for form in order:
        if len(form.names) < OFTEN and form.parent is None:
            similar = {id(other): other for key in keys[id(form)] for other in index[key] if _misspells(form, other)}
            if len(similar) == 1:
                (other,) = similar.values()
                if rank[id(other)] < rank[id(form)]:
                    form.attach_to(other, MISSPELLING)


def _keys(form: NameForm) -> Iterator[Hashable]:
    """Return what a name shares with its misspellings: one word without a letter, or its letters in another order."""
    for i, word in enumerate(form.words[:MOST_WORDS]):
        if SHORTEST_WORD - 1 <= len(word) <= LONGEST_WORD and word.isalpha():
            rest = (form.kind, *form.words[:i], None, *form.words[i + 1 :])
            yield rest, "".join(sorted(word))
            yield rest, word
            for letter in range(1, len(word)):
                yield rest, word[:letter] + word[letter + 1 :]


def _misspells(form: NameForm, other: NameForm) -> bool:
    """Return whether two forms differ in one word, and there as misspellings do, not as two names do."""
    if form.kind != other.kind or form.root is other.root or len(form.words) != len(other.words):
        return False
    differing = [pair for pair in zip(form.words, other.words, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1:
        return False
    wrong, right = differing[0]
    if wrong[0] != right[0] or max(len(wrong), len(right)) < SHORTEST_WORD or wrong.rstrip("s") == right.rstrip("s"):
        return False
    if form.kind != "PERSON" and is_place(form.spelling) and is_place(other.spelling):
        return False
    genders = given_names().get(wrong), given_names().get(right)
    return None in genders or (genders[0] == genders[1] and len(form.words) > 1)
