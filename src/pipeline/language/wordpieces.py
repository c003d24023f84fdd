"""Turn an article into the encoder's input: word pieces, their features, and windows of whole sentences."""

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

# The encoder ignores case and does not see line breaks, so each word piece has these features.
LOWER, TITLE, UPPER, MIXED, DIGITS, SIGN, OTHER = range(7)  # how its word is written
CASES = 14  # how its word is written (7), and whether the piece begins the word
PLACES = 12  # the kind of its segment (4), and whether it begins a segment, a sentence or neither
MARKS = 4  # outside quotation marks, in an opening mark, inside, in a closing mark
LISTS = 4  # whether its word, if capitalised, is a given name, a word of a place's name, both or neither
FEATURES = (CASES, PLACES, MARKS, LISTS)

WINDOW = 320  # pieces per window, with the special first and last one
SHARED = 96  # pieces at most that a window repeats of the one before
SEGMENT_KINDS = {"headline": 1, "subhead": 1, "standfirst": 2, "paragraph": 0, "dateline": 0}
OTHER_SEGMENT_KIND = 3

Ints = NDArray[np.int64]


class Encoding(NamedTuple):
    """The word pieces of a sentence, without special pieces."""

    ids: list[int]
    offsets: list[tuple[int, int]]  # of each piece, code points into the sentence
    words: list[int | None]  # the number of each piece's word


class Encode(Protocol):
    """A tokenizer that cuts sentences into word pieces."""

    def __call__(self, texts: list[str], /) -> Iterable[Encoding]:
        """Return the word pieces of each sentence."""
        ...


class WordPieces(NamedTuple):
    """The word pieces of a text, in order. The pieces of a decomposed character, such as a Hangul syllable, share its span.

    Attributes:
        ids: [n] number of each piece in the vocabulary.
        starts: [n] first code point of each piece in the text.
        ends: [n] one past its last code point.
        features: [4, n] case, place, mark and lists of each piece.
        sentences: [s + 1] number of the first piece of each sentence, and n.
    """

    ids: Ints
    starts: Ints
    ends: Ints
    features: Ints
    sentences: Ints


class Window(NamedTuple):
    """Pieces ``start:end`` of a text, encoded together; its results are used for ``keep_start:keep_end``."""

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
    """Return the word pieces of an article with their features.

    Args:
        text: the article's.
        sentences: half-open spans in reading order.
        segments: of the article.
        quotations: of the article, in reading order.
        encode: the tokenizer.
    """
    ids: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    cases: list[int] = []
    places: list[int] = []
    lists: list[int] = []
    first_pieces = [0]
    segment_starts = [segment.start_char for segment in segments]
    previous_segment = -1
    for (start, end), encoding in zip(sentences, encode([text[s:e] for s, e in sentences]), strict=True):
        segment = bisect_right(segment_starts, start) - 1
        ids += encoding.ids
        starts += [start + first for first, _ in encoding.offsets]
        ends += [start + last for _, last in encoding.offsets]
        sentence_cases, sentence_lists = _word_features(text[start:end], encoding)
        cases += sentence_cases
        lists += sentence_lists
        places += _place_features(
            segments[segment] if segments else None, segment != previous_segment, len(encoding.ids)
        )
        previous_segment = segment
        first_pieces.append(len(ids))
    marks = _mark_features(np.array(starts, np.int64), quotations)
    features = np.stack([np.array(cases, np.int64), np.array(places, np.int64), marks, np.array(lists, np.int64)])
    return WordPieces(
        np.array(ids, np.int64),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        features,
        np.array(first_pieces, np.int64),
    )


def _place_features(segment: Segment | None, begins_segment: bool, count: int) -> list[int]:
    """Return the place of each of the ``count`` pieces of a sentence."""
    kind = SEGMENT_KINDS.get(segment.kind, OTHER_SEGMENT_KIND) if segment else 0
    beginning = 2 if begins_segment else 1
    return [kind * 3 + (beginning if number == 0 else 0) for number in range(count)]


def _word_features(sentence: str, encoding: Encoding) -> tuple[list[int], list[int]]:
    """Return the case and the lists of each piece of a sentence."""
    cases: list[int] = []
    lists: list[int] = []
    offsets, words = encoding.offsets, encoding.words
    first = 0
    while first < len(words):
        last = first
        while last + 1 < len(words) and words[last + 1] == words[first]:
            last += 1
        word = sentence[offsets[first][0] : offsets[last][1]]
        case = _case(word)
        cases += [2 * case + (number != first) for number in range(first, last + 1)]
        lists += [_listed(word) if word[:1].isupper() else 0] * (last + 1 - first)
        first = last + 1
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


def _mark_features(starts: Ints, quotations: Sequence[Quotation]) -> Ints:
    marks = np.zeros(len(starts), np.int64)
    for quotation in quotations:
        bounds = (quotation.outer_start, quotation.start, quotation.end, quotation.outer_end)
        outer_start, start, end, outer_end = np.searchsorted(starts, bounds)
        marks[outer_start:start] = 1
        marks[start:end] = 2
        marks[end:outer_end] = 3
    return marks


def cut_windows(first_pieces: Ints, size: int = WINDOW - 2, shared: int = SHARED) -> Iterator[Window]:
    """Yield overlapping windows over a text that begin and end with sentences.

    Only a sentence longer than a window is cut.

    Args:
        first_pieces: [s + 1] number of the first piece of each sentence, and the number of all pieces.
        size: pieces of a window at most.
        shared: pieces at most that a window repeats of the one before.
    """
    total = int(first_pieces[-1])
    start = keep_start = 0
    while keep_start < total:
        end = _end_of_window(first_pieces, start, size)
        next_start = min(int(first_pieces[np.searchsorted(first_pieces, end - shared)]), end)
        keep_end = _middle(first_pieces, next_start, end)
        if keep_end <= keep_start or _end_of_window(first_pieces, next_start, size) <= end:
            # The next sentence does not fit behind the repeated ones, or this is the last window.
            next_start = keep_end = end
        yield Window(start, end, keep_start, keep_end)
        start, keep_start = next_start, keep_end


def _end_of_window(first_pieces: Ints, start: int, size: int) -> int:
    """Return the last end of a sentence inside a window, or the window's end if there is none."""
    end = int(first_pieces[np.searchsorted(first_pieces, start + size, side="right") - 1])
    return end if end > start else min(start + size, int(first_pieces[-1]))


def _middle(first_pieces: Ints, start: int, end: int) -> int:
    """Return the beginning of a sentence nearest the middle of the pieces that two windows share."""
    inside = first_pieces[np.searchsorted(first_pieces, start) : np.searchsorted(first_pieces, end, side="right")]
    return int(inside[np.argmin(np.abs(inside - (start + end) / 2))]) if len(inside) else end
