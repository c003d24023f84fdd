"""An article as the encoder sees it: word pieces, what they look like, and windows of whole sentences."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.contract import Segment
from pipeline.language.marks import Quotation
from pipeline.lexicon.gazetteer import place_words
from pipeline.lexicon.titles import given_names

# What the encoder, which is uncased and sees no lines, is told beside each word piece.
LOWER, TITLE, UPPER, MIXED, DIGITS, SIGN, OTHER = range(7)  # how a word is written
CASES = 14  # that, and whether the piece begins it
PLACES = 12  # the kind of its segment (4), and whether it begins segment, sentence or neither
MARKS = 4  # outside quotation marks, in an opening mark, inside, in a closing mark
LISTS = 4  # whether its word, capitalised, is a given name, part of a place's name, neither or both
FEATURES = (CASES, PLACES, MARKS, LISTS)

WINDOW = 320  # pieces that the encoder sees at once, its first and last among them
SHARED = 96  # pieces, at most, that a window repeats of the one before
KINDS = {"headline": 1, "subhead": 1, "standfirst": 2, "paragraph": 0, "dateline": 0}
OTHER_KIND = 3

Ints = NDArray[np.int64]


class Encoding(NamedTuple):
    """What a tokenizer finds in a sentence, without special pieces."""

    ids: list[int]
    offsets: list[tuple[int, int]]  # of each piece, in code points of the sentence
    words: list[int | None]  # the number of the word that each piece belongs to


class Encode(Protocol):
    """Cuts sentences into word pieces."""

    def __call__(self, texts: list[str], /) -> Iterable[Encoding]:
        """Cut each of some sentences."""
        ...


class WordPieces(NamedTuple):
    """The word pieces of a text, in order.

    Attributes:
        ids: [n] of each piece in the vocabulary.
        starts: [n] where it begins, code points into the text.
        ends: [n] where it ends.
        features: [4, n] its case, its place, its mark, and the lists that it is in.
        sentences: [s + 1] the number of the first piece of each sentence, and n.
    """

    ids: Ints
    starts: Ints
    ends: Ints
    features: Ints
    sentences: Ints


class Window(NamedTuple):
    """WordPieces ``start:end`` of a text, seen at once; what is found in ``keep_start:keep_end`` is taken from it."""

    start: int
    end: int
    keep_start: int
    keep_end: int


def cut_word_pieces(
    text: str,
    sentences: Sequence[tuple[int, int]],
    segments: Sequence[Segment],
    quotations: Sequence[Quotation],
    encode: Encode,
) -> WordPieces:
    """Cut an article into word pieces.

    Args:
        text: the article's.
        sentences: half-open stretches of it, in order.
        segments: its parts.
        quotations: what stands between its marks.
        encode: the tokenizer.
    """
    ids: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    cases: list[int] = []
    places: list[int] = []
    lists: list[int] = []
    firsts = [0]
    segment_starts = [segment.start_char for segment in segments]
    previous = -1
    for (start, end), encoding in zip(sentences, encode([text[s:e] for s, e in sentences]), strict=True):
        number = bisect_right(segment_starts, start) - 1
        kind = KINDS.get(segments[number].kind, OTHER_KIND) if segments else 0
        ids += encoding.ids
        starts += [start + first for first, _ in encoding.offsets]
        ends += [start + last for _, last in encoding.offsets]
        cased, listed = _looks(text[start:end], encoding)
        cases += cased
        lists += listed
        beginning = 2 if number != previous else 1
        places += [kind * 3 + (beginning if at == 0 else 0) for at in range(len(encoding.ids))]
        previous = number
        firsts.append(len(ids))
    marks = _marks(np.array(starts, np.int64), quotations)
    features = np.stack([np.array(cases, np.int64), np.array(places, np.int64), marks, np.array(lists, np.int64)])
    return WordPieces(
        np.array(ids, np.int64),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        features,
        np.array(firsts, np.int64),
    )


def _looks(sentence: str, encoding: Encoding) -> tuple[list[int], list[int]]:
    """For each piece how its word is written and whether the piece begins it, and the lists that its word is in."""
    cases: list[int] = []
    lists: list[int] = []
    offsets, words = encoding.offsets, encoding.words
    at = 0
    while at < len(words):
        last = at
        while last + 1 < len(words) and words[last + 1] == words[at]:
            last += 1
        word = sentence[offsets[at][0] : offsets[last][1]]
        case = _case(word)
        cases += [2 * case + (number != at) for number in range(at, last + 1)]
        lists += [_listed(word) if word[:1].isupper() else 0] * (last + 1 - at)
        at = last + 1
    return cases, lists


@cache
def _listed(word: str) -> int:
    folded = word.casefold()
    return (folded in given_names()) + 2 * (folded in place_words())


def _case(word: str) -> int:
    if not word[:1].isalnum():
        return SIGN if word else OTHER
    if word.isdigit():
        return DIGITS
    if word.islower():
        return LOWER
    if word[0].isupper() and (len(word) == 1 or word[1:].islower()):
        return TITLE
    if word.isupper():
        return UPPER
    return MIXED if any(letter.isalpha() for letter in word) else OTHER


def _marks(starts: Ints, quotations: Sequence[Quotation]) -> Ints:
    marks = np.zeros(len(starts), np.int64)
    for one in quotations:
        outer, first, last, closing = np.searchsorted(starts, (one.outer_start, one.start, one.end, one.outer_end))
        marks[outer:first] = 1
        marks[first:last] = 2
        marks[last:closing] = 3
    return marks


def cut_windows(firsts: Ints, size: int = WINDOW - 2, shared: int = SHARED) -> Iterator[Window]:
    """Cover a text with overlapping windows that begin and end where sentences do.

    A sentence longer than a window is cut.

    Args:
        firsts: [s + 1] the number of the first piece of each sentence, and of all pieces.
        size: pieces of a window, at most.
        shared: pieces of the window before that a window repeats, at most.
    """
    total = int(firsts[-1])
    start = keep_start = 0
    while keep_start < total:
        end = _end_of_window(firsts, start, size)
        following = min(int(firsts[np.searchsorted(firsts, end - shared)]), end)
        keep_end = _middle(firsts, following, end)
        if keep_end <= keep_start or _end_of_window(firsts, following, size) <= end:
            following = keep_end = end  # the next sentence does not fit behind what would be repeated, or there is none
        yield Window(start, end, keep_start, keep_end)
        start, keep_start = following, keep_end


def _end_of_window(firsts: Ints, start: int, size: int) -> int:
    """The last end of a sentence within a window; where there is none, the window's."""
    found = int(firsts[np.searchsorted(firsts, start + size, side="right") - 1])
    return found if found > start else min(start + size, int(firsts[-1]))


def _middle(firsts: Ints, start: int, end: int) -> int:
    """The beginning of a sentence nearest the middle of what two windows share."""
    inside = firsts[np.searchsorted(firsts, start) : np.searchsorted(firsts, end, side="right")]
    return int(inside[np.argmin(np.abs(inside - (start + end) / 2))]) if len(inside) else end
