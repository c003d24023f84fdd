"""Properties of word pieces and windows: pieces are in order, and every piece is kept from exactly one window."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contract import Segment
from pipeline.language.marks import pair_marks
from pipeline.language.tagger import load_tagger
from pipeline.language.wordpieces import FEATURES, Ints, Window, WordPieces, cut_windows, cut_word_pieces

SIZE, SHARED = 20, 6
LENGTHS = st.lists(st.integers(0, 30), max_size=40)
# Letters of several scripts, marks, combining characters, joined and coloured emoji, invisible characters.
SIGNS = st.sampled_from(
    [
        *"abcABC éΩЖя中あقא019.,;:!?-'\"“”‘’«»…\n",
        "e\u0301",
        "👩‍👩‍👧",
        "👍🏽",
        "🇫🇷",
        "\u200b",
        "\u00ad",
        "\ufeff",
        "\x00",
    ]
)
TEXTS = st.lists(SIGNS | st.characters(exclude_categories=["Cs"]), max_size=80).map("".join)


def firsts(lengths: list[int]) -> Ints:
    return np.array([0, *accumulate(lengths)], np.int64)


def windows(lengths: list[int]) -> list[Window]:
    return list(cut_windows(firsts(lengths), SIZE, SHARED))


def pieces(text: str) -> WordPieces:
    """Return the pieces of a text in which every line is a paragraph and a sentence."""
    lines = [found.span() for found in re.finditer(r"\S.*", text)]
    segments = [Segment("paragraph", start, end) for start, end in lines]
    return cut_word_pieces(text, lines, segments, pair_marks(text, segments), load_tagger(1).encode)


@given(LENGTHS)
def test_every_piece_is_kept_once(lengths: list[int]) -> None:
    kept = [number for window in windows(lengths) for number in range(window.keep_start, window.keep_end)]
    assert kept == list(range(sum(lengths)))


@given(LENGTHS)
def test_window_fits_its_size_and_contains_the_pieces_kept_from_it(lengths: list[int]) -> None:
    for window in windows(lengths):
        assert window.end - window.start <= SIZE
        assert window.start <= window.keep_start < window.keep_end <= window.end <= sum(lengths)


@given(LENGTHS)
def test_windows_advance_and_share_few_pieces(lengths: list[int]) -> None:
    for before, after in pairwise(windows(lengths)):
        assert before.start < after.start
        assert before.end - SHARED <= after.start <= before.end < after.end


@given(st.lists(st.integers(0, SIZE), max_size=40))
def test_window_begins_and_ends_with_sentences(lengths: list[int]) -> None:
    bounds = set(firsts(lengths).tolist())
    assert all({window.start, window.end, window.keep_start, window.keep_end} <= bounds for window in windows(lengths))


@given(LENGTHS)
def test_only_a_sentence_longer_than_a_window_is_cut(lengths: list[int]) -> None:
    bounds = firsts(lengths).tolist()
    long = [(start, end) for start, end in pairwise(bounds) if end - start > SIZE]
    for window in windows(lengths):
        for edge in (window.start, window.end, window.keep_start, window.keep_end):
            assert edge in bounds or any(start < edge < end for start, end in long)


@settings(deadline=None)
@given(TEXTS)
def test_pieces_are_in_the_text_and_in_order(text: str) -> None:
    found = pieces(text)
    spans = list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
    assert all(text[start:end].strip() for start, end in spans)
    # The pieces of a decomposed character, such as a Hangul syllable, share its span.
    assert all(before == after or before[1] <= after[0] for before, after in pairwise(spans))


def test_pieces_of_a_hangul_syllable_share_its_span() -> None:
    found = pieces("a딍b")
    assert found.starts.tolist() == [0, 1, 1, 1, 2]
    assert found.ends.tolist() == [1, 2, 2, 2, 3]


@settings(deadline=None)
@given(TEXTS)
def test_every_feature_is_in_its_range(text: str) -> None:
    found = pieces(text)
    assert found.features.shape == (4, len(found.ids))
    for values, count in zip(found.features, FEATURES, strict=True):
        assert ((values >= 0) & (values < count)).all()


@settings(deadline=None)
@given(TEXTS)
def test_sentences_cover_all_pieces(text: str) -> None:
    found = pieces(text)
    assert found.sentences[0] == 0
    assert found.sentences[-1] == len(found.ids)
    assert (np.diff(found.sentences) >= 0).all()
    assert (found.features[0, found.sentences[:-1][np.diff(found.sentences) > 0]] % 2 == 0).all()  # begins a word


def test_text_without_words_has_no_pieces_and_no_windows() -> None:
    found = pieces(" \n\n ")
    assert len(found.ids) == 0
    assert list(cut_windows(found.sentences)) == []
