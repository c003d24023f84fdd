"""Annotated articles, as the encoder sees them: pieces by the pipeline's own reading, labels from the annotation.

A corpus is a folder in PolNeAR's layout: ``text/NAME.txt``, and ``attributions/NAME_<annotator>.ann`` in brat's stand-off
format, offsets in code points. The first annotator of a text counts. An event ``E… Attribution:T… Source:T… Cue:T…
Content:T…`` is one attribution; a span may have several fragments.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.contract import Article, RawArticle, RawRef
from pipeline.language.marks import pair_marks
from pipeline.language.reading import find_sentences
from pipeline.language.tagger import LABELS, OUTSIDE
from pipeline.language.wordpieces import Encode, Ints, WordPieces, cut_word_pieces
from pipeline.normalise import normalise

WORD = re.compile(r"\w+")
NO_LINK = -1
UNTOLD = -100


class Attribution(NamedTuple):
    """Who says what, as annotated: for each part its fragments, half-open code points into the text as given."""

    source: list[tuple[int, int]]
    cue: list[tuple[int, int]]
    content: list[tuple[int, int]]


class Example(NamedTuple):
    """An annotated article.

    Attributes:
        name: of its file.
        pieces: of its text.
        labels: [n] the label of each piece, an index into ``LABELS``.
        anchors: [n] the first piece of the cue (else of the source, else of the content) of the attribution that each
            piece is part of; ``NO_LINK`` for the rest.
        names: [n] the labels of names that each piece may have, a set of bits over ``NAME_LABELS``.

    What is not annotated in an article is ``UNTOLD`` throughout.
    """

    name: str
    pieces: WordPieces
    labels: Ints
    anchors: Ints
    names: Ints


class Annotated(NamedTuple):
    """A text as given, the article that it is, and who says what in it."""

    name: str
    given: str
    article: Article
    attributions: list[Attribution]


def read_corpus(folder: Path) -> Iterator[Annotated]:
    """Read the annotated articles of a folder, in the order of their names.

    Raises:
        FileNotFoundError: if there are none.
    """
    names = sorted(path.stem for path in (folder / "text").glob("*.txt"))
    if not names:
        raise FileNotFoundError(f"{folder} has no text/*.txt; name a corpus in PolNeAR's layout")
    annotations: dict[str, Path] = {}
    for path in sorted((folder / "attributions").glob("*.ann")):
        annotations.setdefault(path.stem.rpartition("_")[0], path)
    for name in names:
        if name in annotations:
            given = (folder / "text" / f"{name}.txt").read_bytes().decode()
            article = normalise(RawArticle(RawRef("training", f"{name}.txt", "0", "0" * 64), "text", "utf-8", given))
            assert isinstance(article, Article), f"{name}: {article}"
            yield Annotated(name, given, article, read_annotation(annotations[name].read_text("utf-8")))


def digest_of(folder: Path, parts: Sequence[str] = ("text", "attributions")) -> str:
    """SHA-256 over the names and bytes of a corpus: figures belong to exactly these."""
    digest = hashlib.sha256()
    for part in parts:
        for path in sorted((folder / part).iterdir(), key=lambda path: path.name):
            content = path.read_bytes()
            digest.update(f"{part}/{path.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def read_annotation(text: str) -> list[Attribution]:
    """Read brat's stand-off format."""
    spans: dict[str, list[tuple[int, int]]] = {}
    events = []
    for line in text.split("\n"):
        fields = line.split("\t")
        if fields[0][:1] == "T" and len(fields) > 2:
            _, _, offsets = fields[1].partition(" ")
            spans[fields[0]] = [(int(a), int(b)) for a, b in (part.split() for part in offsets.split(";"))]
        elif fields[0][:1] == "E" and len(fields) > 1:
            events.append(fields[1])
    found = []
    for event in events:
        roles: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for part in event.split():
            role, _, span = part.partition(":")
            roles[role.rstrip("0123456789").casefold()] += spans.get(span, [])
        if roles["content"]:
            found.append(Attribution(sorted(roles["source"]), sorted(roles["cue"]), sorted(roles["content"])))
    return found


def as_example(annotated: Annotated, encode: Encode) -> Example:
    """Cut an article into pieces as a run does, and lay its annotation over them."""
    article = annotated.article
    quotations = pair_marks(article.text, article.segments)
    pieces = cut_word_pieces(article.text, find_sentences(article), article.segments, quotations, encode)
    blank = blank_example(annotated.name, pieces)
    place = align(annotated.given, article.text)
    labels = np.zeros(len(pieces.ids), np.int64)
    anchors = np.full(len(pieces.ids), NO_LINK, np.int64)
    for one in annotated.attributions:
        inside: dict[str, Ints] = {}
        for role in ("source", "cue", "content"):
            parts = [_label(pieces, labels, place[start:end], role) for start, end in getattr(one, role)]
            inside[role] = np.concatenate([np.zeros(0, np.int64), *parts])
        anchor = next((inside[role][0] for role in ("cue", "source", "content") if len(inside[role])), NO_LINK)
        for numbers in inside.values():
            anchors[numbers] = anchor
    return blank._replace(labels=labels, anchors=anchors)


def blank_example(name: str, pieces: WordPieces) -> Example:
    """An article of which nothing is annotated."""
    untold = np.full(len(pieces.ids), UNTOLD, np.int64)
    return Example(name, pieces, untold, untold, untold)


def _label(pieces: WordPieces, labels: Ints, chars: Ints, role: str) -> Ints:
    """Label the pieces of a fragment that are free; returns their numbers."""
    chars = chars[chars >= 0]
    if not len(chars):
        return np.zeros(0, np.int64)
    first, last = (
        np.searchsorted(pieces.ends, chars.min(), side="right"),
        np.searchsorted(pieces.starts, chars.max(), side="right"),
    )
    numbers = np.arange(first, last)
    numbers = numbers[labels[numbers] == OUTSIDE]
    labels[numbers] = LABELS.index(f"I-{role}")
    labels[numbers[:1]] = LABELS.index(f"B-{role}")
    return numbers


def align(given: str, text: str) -> Ints:
    """For each code point of ``given`` its place in ``text``, which is repaired and rearranged; -1 where it has none."""
    place = np.full(len(given) + 1, -1, np.int64)
    ours = [(found.group(), found.start()) for found in WORD.finditer(text)]
    theirs = [(found.group(), found.start()) for found in WORD.finditer(given)]
    blocks = difflib.SequenceMatcher(
        None, [w for w, _ in theirs], [w for w, _ in ours], autojunk=False
    ).get_matching_blocks()
    for at, other, size in blocks:
        for (word, start), (_, there) in zip(theirs[at : at + size], ours[other : other + size], strict=True):
            place[start : start + len(word)] = np.arange(there, there + len(word))
    return place
