"""Read annotated attributions, and lay them over word pieces as the encoder sees them.

A corpus is a folder in PolNeAR's layout: ``text/NAME.txt``, and ``attributions/NAME_<annotator>.ann`` in brat's stand-off
format with offsets in code points. Only the first annotator of a text is read. An event ``E… Attribution:T… Source:T…
Cue:T… Content:T…`` is one attribution; a span may have several fragments.
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
UNANNOTATED = -100


class Attribution(NamedTuple):
    """An annotated attribution: the fragments of each part, half-open code points into the text as given."""

    source: list[tuple[int, int]]
    cue: list[tuple[int, int]]
    content: list[tuple[int, int]]


class Example(NamedTuple):
    """An annotated article as the encoder sees it.

    Attributes:
        name: of its file.
        pieces: the word pieces of its text.
        labels: [n] the label of each piece, an index into ``LABELS``.
        anchors: [n] the first piece of the cue (else of the source, else of the content) of the attribution that each
            piece is part of; ``NO_LINK`` for the rest.
        names: [n] the name labels that each piece may have, as bits over ``NAME_LABELS``.

    An array is ``UNANNOTATED`` throughout if the article has no annotation of that kind.
    """

    name: str
    pieces: WordPieces
    labels: Ints
    anchors: Ints
    names: Ints


class AnnotatedArticle(NamedTuple):
    """A text as given, the article made of it, and its annotated attributions."""

    name: str
    given: str
    article: Article
    attributions: list[Attribution]


def read_corpus(folder: Path) -> Iterator[AnnotatedArticle]:
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
            yield AnnotatedArticle(name, given, article, read_annotation(annotations[name].read_text("utf-8")))


def digest_of(folder: Path, parts: Sequence[str] = ("text", "attributions")) -> str:
    """Return the SHA-256 over the names and bytes of a corpus's files: measured figures are valid for these only."""
    digest = hashlib.sha256()
    for part in parts:
        for path in sorted((folder / part).iterdir(), key=lambda path: path.name):
            content = path.read_bytes()
            digest.update(f"{part}/{path.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def read_annotation(text: str) -> list[Attribution]:
    """Return the attributions in brat's stand-off format; those without content are left out."""
    spans: dict[str, list[tuple[int, int]]] = {}
    events = []
    for line in text.split("\n"):
        fields = line.split("\t")
        if fields[0][:1] == "T" and len(fields) > 2:
            _, _, offsets = fields[1].partition(" ")
            fragments = (fragment.split() for fragment in offsets.split(";"))
            spans[fields[0]] = [(int(start), int(end)) for start, end in fragments]
        elif fields[0][:1] == "E" and len(fields) > 1:
            events.append(fields[1])
    attributions = []
    for event in events:
        roles: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for part in event.split():
            role, _, span = part.partition(":")
            roles[role.rstrip("0123456789").casefold()] += spans.get(span, [])
        if roles["content"]:
            attributions.append(Attribution(sorted(roles["source"]), sorted(roles["cue"]), sorted(roles["content"])))
    return attributions


# ── Word pieces ────────────────────────────────────────────────────────────────────────────────────────────────


def as_example(annotated: AnnotatedArticle, encode: Encode) -> Example:
    """Cut an article into word pieces as a run does, and label them by its annotation."""
    article = annotated.article
    quotations = pair_marks(article.text, article.segments)
    pieces = cut_word_pieces(article.text, find_sentences(article), article.segments, quotations, encode)
    blank = blank_example(annotated.name, pieces)
    place = align(annotated.given, article.text)
    labels = np.zeros(len(pieces.ids), np.int64)
    anchors = np.full(len(pieces.ids), NO_LINK, np.int64)
    for attribution in annotated.attributions:
        inside: dict[str, Ints] = {}
        for role in ("source", "cue", "content"):
            fragments = getattr(attribution, role)
            labelled = [_label(pieces, labels, place[start:end], role) for start, end in fragments]
            inside[role] = np.concatenate([np.zeros(0, np.int64), *labelled])
        anchor = next((inside[role][0] for role in ("cue", "source", "content") if len(inside[role])), NO_LINK)
        for numbers in inside.values():
            anchors[numbers] = anchor
    return blank._replace(labels=labels, anchors=anchors)


def blank_example(name: str, pieces: WordPieces) -> Example:
    """Return an article without any annotation."""
    unannotated = np.full(len(pieces.ids), UNANNOTATED, np.int64)
    return Example(name, pieces, unannotated, unannotated, unannotated)


def pieces_of(pieces: WordPieces, chars: Ints) -> slice:
    """Return the word pieces that these code points of the text lie in; there is at least one code point."""
    first = np.searchsorted(pieces.ends, chars.min(), side="right")
    last = np.searchsorted(pieces.starts, chars.max(), side="right")
    return slice(int(first), int(last))


def _label(pieces: WordPieces, labels: Ints, chars: Ints, role: str) -> Ints:
    """Label the pieces of a fragment that have no label yet, and return their numbers."""
    chars = chars[chars >= 0]
    if not len(chars):
        return np.zeros(0, np.int64)
    numbers: Ints = np.arange(len(labels))[pieces_of(pieces, chars)]
    numbers = numbers[labels[numbers] == OUTSIDE]
    labels[numbers] = LABELS.index(f"I-{role}")
    labels[numbers[:1]] = LABELS.index(f"B-{role}")
    return numbers


def align(given: str, text: str) -> Ints:
    """Return the offset in ``text``, which is repaired and rearranged, of each code point of ``given``.

    Code points outside words, and words that ``text`` lacks, get -1. So does the end of ``given``, which comes last.
    """
    place = np.full(len(given) + 1, -1, np.int64)
    ours = [(found.group(), found.start()) for found in WORD.finditer(text)]
    theirs = [(found.group(), found.start()) for found in WORD.finditer(given)]
    matcher = difflib.SequenceMatcher(None, [word for word, _ in theirs], [word for word, _ in ours], autojunk=False)
    for i, j, size in matcher.get_matching_blocks():
        for (word, start), (_, offset) in zip(theirs[i : i + size], ours[j : j + size], strict=True):
            place[start : start + len(word)] = np.arange(offset, offset + len(word))
    return place
