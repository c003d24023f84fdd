"""From annotated articles to labels on word pieces."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from training.attribution_corpora import (
    NO_LINK,
    Attribution,
    Example,
    align,
    as_example,
    digest_of,
    read_annotation,
    read_corpus,
)

from pipeline.language.tagger import LABELS, OUTSIDE, load_tagger

from .harbour import SAID, TEXT, annotation, read_article, write_corpus


def labelled(example: Example, text: str) -> list[tuple[str, str]]:
    """Return the role and the words of each labelled span."""
    begins = [index for index, label in enumerate(example.labels) if LABELS[label].startswith("B-")]
    spans = []
    for first, following in pairwise([*begins, len(example.labels)]):
        role = LABELS[example.labels[first]][2:]
        inside = [
            first,
            *(index for index in range(first + 1, following) if LABELS[example.labels[index]] == f"I-{role}"),
        ]
        assert inside == list(range(first, first + len(inside)))
        spans.append((role, text[example.pieces.starts[first] : example.pieces.ends[inside[-1]]]))
    return spans


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "T1\tSource 0 4\tMara\nT2\tCue 5 9\tsaid\nT3\tContent 10 20\tit is ours\n"
            "E1\tAttribution:T3 Source:T1 Cue:T2 Content:T3\n",
            [Attribution([(0, 4)], [(5, 9)], [(10, 20)])],
            id="source-cue-content",
        ),
        pytest.param(
            "T1\tContent 30 34;0 4\tover it is\nE1\tAttribution:T1 Content:T1\n",
            [Attribution([], [], [(0, 4), (30, 34)])],
            id="fragments-in-the-order-of-the-text",
        ),
        pytest.param(
            "T1\tContent 20 24\tover\nT2\tContent 0 4\tit is\nE1\tAttribution:T1 Content:T1 Content2:T2\n",
            [Attribution([], [], [(0, 4), (20, 24)])],
            id="two-contents",
        ),
        pytest.param(
            "E1\tAttribution:T1 Content:T1\nT1\tContent 0 4\tover\n",
            [Attribution([], [], [(0, 4)])],
            id="event-before-its-spans",
        ),
        pytest.param(
            "T1\tSource 0 4\tMara\nE1\tAttribution:T1 Source:T1\n#1\tAnnotatorNotes T1\tcheck\nA1\tNested E1\n",
            [],
            id="nothing-is-said",
        ),
        pytest.param("E1\tAttribution:T9 Content:T9\n", [], id="span-that-is-not-there"),
        pytest.param("", [], id="empty"),
    ],
)
def test_annotation(text: str, found: list[Attribution]) -> None:
    assert read_annotation(text) == found


@pytest.mark.parametrize(
    ("given", "text", "places"),
    [
        pytest.param("we pay", "we pay", [0, 1, -1, 3, 4, 5, -1], id="as-given"),
        pytest.param("we  \n pay", "we pay", [0, 1, -1, -1, -1, -1, 3, 4, 5, -1], id="white-space-repaired"),
        pytest.param(
            "we do pay", "we pay", [0, 1, -1, -1, -1, -1, 3, 4, 5, -1][:3] + [-1] * 3 + [3, 4, 5, -1], id="word-dropped"
        ),
        pytest.param("pay", "Ferry\n\npay", [7, 8, 9, -1], id="words-put-before"),
        pytest.param("caf\u00e9", "cafe", [-1] * 5, id="word-changed"),
        pytest.param("", "pay", [-1], id="nothing-given"),
    ],
)
def test_align(given: str, text: str, places: list[int]) -> None:
    assert align(given, text).tolist() == places


def test_labels_are_the_annotated_spans(tmp_path: Path) -> None:
    article = read_article(tmp_path)
    assert article.article.text != TEXT  # its white space is repaired: places are not those of the annotation
    found = labelled(as_example(article, load_tagger(1).encode), article.article.text)
    fragments = [
        (role, example)
        for parts in SAID
        for role, ones in zip(("source", "cue", "content"), parts, strict=True)
        for example in ones
    ]
    assert sorted(found) == sorted(fragments)
    assert found[0] == ("content", "The ferry stays")


def test_each_piece_hangs_on_its_cue(tmp_path: Path) -> None:
    article = read_article(tmp_path)
    example, text = as_example(article, load_tagger(1).encode), article.article.text
    words = [text[start:end] for start, end in zip(example.pieces.starts, example.pieces.ends, strict=True)]
    anchors = {words[index] for index in set(example.anchors.tolist()) - {NO_LINK}}
    assert anchors == {"said", "told", "denied", "according"}
    assert {words[example.anchors[words.index(word)]] for word in ("pay", "nobody", "she")} == {"told"}
    assert np.array_equal(example.anchors == NO_LINK, example.labels == OUTSIDE)


def test_without_a_cue_the_source_is_hung_on(tmp_path: Path) -> None:
    article = read_article(tmp_path)
    bare = [attribution._replace(cue=[]) for attribution in article.attributions]
    example = as_example(article._replace(attributions=bare), load_tagger(1).encode)
    anchored = {LABELS[example.labels[index]] for index in set(example.anchors.tolist()) - {NO_LINK}}
    assert anchored == {"B-source"}


def test_of_two_attributions_of_the_same_words_the_first_keeps_them(tmp_path: Path) -> None:
    article = read_article(tmp_path)
    inner = Attribution([], [], article.attributions[0].content)
    once = as_example(article, load_tagger(1).encode)
    twice = as_example(article._replace(attributions=[*article.attributions, inner]), load_tagger(1).encode)
    assert np.array_equal(once.labels, twice.labels)
    assert np.array_equal(once.anchors, twice.anchors)


def test_the_first_annotator_counts(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path)
    (corpus / "attributions" / "ferry_zz.ann").write_text("", "utf-8")
    (one,) = read_corpus(corpus)
    assert one.attributions == read_annotation(annotation())


def test_a_folder_without_articles_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no text/\*\.txt"):
        next(read_corpus(tmp_path))


@pytest.mark.parametrize(
    ("part", "name", "is_same"),
    [
        pytest.param("text", "ferry.txt", False, id="text-changed"),
        pytest.param("attributions", "ferry_mo.ann", False, id="annotation-changed"),
        pytest.param(".", "README", True, id="file-beside-them"),
    ],
)
def test_digest_is_of_texts_and_annotations(part: str, name: str, is_same: bool, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path)
    before = digest_of(corpus)
    with (corpus / part / name).open("ab") as file:
        file.write(b" ")
    assert (digest_of(corpus) == before) is is_same
