"""The trained tagger: one small encoder that finds who says what, and names.

It labels each word piece as part of a source, cue or content, or of none; scores which cue each piece belongs to; and
labels each piece as part of a name of some kind, or of none. ``training/`` trains it; MODEL_CARD.md has its accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.contract import EntityType, Segment
from pipeline.errors import ModelError
from pipeline.language.marks import Quotation
from pipeline.language.wordpieces import Encode, Encoding, Ints, Window, WordPieces, cut_windows, cut_word_pieces

if TYPE_CHECKING:
    import onnxruntime

Role = Literal["source", "cue", "content"]
ROLES: tuple[Role, ...] = get_args(Role)
LABELS = ("O", *(f"{begin}-{role}" for role in ROLES for begin in "BI"))
ENTITY_KINDS: tuple[EntityType, ...] = get_args(EntityType)
NAME_LABELS = ("O", *(f"{begin}-{kind}" for kind in ENTITY_KINDS for begin in "BI"))
OUTSIDE = 0  # in both lists; then for each kind the label of its first word, then that of its other words
IMPOSSIBLE = -1e4  # as a log-probability
UNKNOWN_PIECE, FIRST_PIECE, LAST_PIECE = 100, 101, 102  # [UNK], [CLS], [SEP]
LINK_WIDTH = 64
FOLDER = Path(__file__).parent / "model"
MODEL, TOKENIZER = "tagger.onnx", "tokenizer.json"

Floats = NDArray[np.float32]


class Tag(NamedTuple):
    """A source, cue or content; ``start:end`` are code points."""

    role: Role
    start: int
    end: int


class TaggedName(NamedTuple):
    """A name; ``start:end`` are code points."""

    kind: EntityType
    start: int
    end: int
    confidence: float  # probability of the kind, not calibrated


@dataclass(frozen=True, slots=True)
class Tags:
    """The tagger's findings in a text.

    Attributes:
        spans: sources, cues and contents in reading order; they do not overlap.
        links: for each span, by the number of each span that a window contained together with it, the probability that
            the two are linked. A span is linked to its cue, without a cue to its source, without both to its first content.
        names: in reading order; they do not overlap each other.
    """

    spans: tuple[Tag, ...]
    links: tuple[Mapping[int, float], ...]
    names: tuple[TaggedName, ...] = ()


NO_TAGS = Tags((), ())


class Tagger:
    """The encoder and its tokenizer.

    The same text gets the same tags, whatever the number of threads and the texts before. Therefore windows are run one
    by one: dynamic quantisation takes its scale over everything that is run together.
    """

    def __init__(self, folder: Path = FOLDER, threads: int = 1) -> None:
        """Load the encoder and its tokenizer.

        Raises:
            ModelError: if one of the files is missing or damaged.
        """
        self.encode = load_encoder(folder / TOKENIZER)
        self._session = _load_session(folder / MODEL, threads)

    def tag(
        self,
        text: str,
        sentences: Sequence[tuple[int, int]],
        segments: Sequence[Segment],
        quotations: Sequence[Quotation],
    ) -> Tags:
        """Return the sources, cues, contents and names in an article.

        Args:
            text: the article's.
            sentences: half-open spans in reading order.
            segments: of the article.
            quotations: of the article, in reading order.
        """
        pieces = cut_word_pieces(text, sentences, segments, quotations, self.encode)
        if not len(pieces.ids):
            return NO_TAGS
        windows = list(cut_windows(pieces.sentences))
        outputs = [self._run(pieces, window) for window in windows]
        words = _Words.of(pieces)
        roles = words.label_scores([output.roles for output in outputs], windows)
        names = words.label_scores([output.names for output in outputs], windows)
        role_spans = _find_spans(roles)
        first_pieces = words.bounds[[first for first, _, _ in role_spans]]
        last_pieces = words.bounds[[last for _, last, _ in role_spans]]
        return Tags(
            tuple(Tag(ROLES[role], *words.chars(pieces, first, last)) for first, last, role in role_spans),
            _link(first_pieces, last_pieces, windows, [output.links for output in outputs]),
            tuple(
                TaggedName(ENTITY_KINDS[kind], *words.chars(pieces, first, last), _confidence(names[first:last], kind))
                for first, last, kind in _find_spans(names)
            ),
        )

    def _run(self, pieces: WordPieces, window: Window) -> _Output:
        inside = slice(window.start, window.end)
        ids = np.concatenate([[FIRST_PIECE], pieces.ids[inside], [LAST_PIECE]])
        features = np.pad(pieces.features[:, inside], ((0, 0), (1, 1)))
        roles, links, names = self._session.run(None, {"ids": ids[None], "features": features[None]})
        return _Output(_log_softmax(roles[0, 1:-1]), links[0, 1:-1], _log_softmax(names[0, 1:-1]))


class _Output(NamedTuple):
    """The encoder's output for the pieces of a window, without the special ones."""

    roles: Floats  # [n, labels] log-probabilities
    links: Floats  # [n, 2 * LINK_WIDTH] a query and a key for each piece
    names: Floats  # [n, labels] log-probabilities


class _Words(NamedTuple):
    """The words of a text by their pieces."""

    first_pieces: Ints  # [w] number of the first piece of each word
    bounds: Ints  # the same, and the number of all pieces
    begin_segment: NDArray[np.bool_]  # [w] whether a word begins a segment: no span crosses segments

    @classmethod
    def of(cls, pieces: WordPieces) -> _Words:
        first_pieces = np.flatnonzero(pieces.features[0] % 2 == 0)
        bounds = np.append(first_pieces, len(pieces.ids))
        return cls(first_pieces, bounds, pieces.features[1, first_pieces] % 3 == 2)

    def label_scores(self, outputs: Sequence[Floats], windows: Sequence[Window]) -> Floats:
        """Return [words, labels] log-probabilities, from the window that keeps each word."""
        kept = [_kept(output, window) for output, window in zip(outputs, windows, strict=True)]
        return _by_word(np.concatenate(kept), self.first_pieces, self.begin_segment)

    def chars(self, pieces: WordPieces, first: int, last: int) -> tuple[int, int]:
        """Return the code points of words ``first:last``."""
        return int(pieces.starts[self.bounds[first]]), int(pieces.ends[self.bounds[last] - 1])


@cache
def load_tagger(threads: int) -> Tagger:
    """Return the package's tagger, loaded once per process.

    Raises:
        ModelError: if one of its files is missing or damaged.
    """
    return Tagger(threads=threads)


def load_encoder(path: Path) -> Encode:
    """Return a tokenizer that cuts sentences into word pieces.

    Args:
        path: the tokenizer's file.

    Raises:
        ModelError: if the file is missing or damaged.
    """
    import tokenizers  # late: a process that reads no text, such as the parent of workers, does not need it

    try:
        tokenizer = tokenizers.Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as error:
        raise ModelError(path, str(error)) from error

    def encode(texts: list[str], /) -> list[Encoding]:
        encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
        return [Encoding(encoding.ids, encoding.offsets, encoding.word_ids) for encoding in encodings]

    return encode


def _load_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime  # late, as above

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave the processor to other processes
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(path, str(error)) from error


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    normalised: Floats = (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))).astype(np.float32)
    return normalised


def _kept(output: Floats, window: Window) -> Floats:
    return output[window.keep_start - window.start : window.keep_end - window.start]


def _by_word(scores: Floats, first_pieces: Ints, begin_segment: NDArray[np.bool_]) -> Floats:
    """Return [words, labels] log-probabilities; all pieces of a word have one label, whose span goes on inside it.

    Args:
        scores: [pieces, labels] log-probabilities.
        first_pieces: [words] number of the first piece of each word.
        begin_segment: [words] whether a word begins a segment, and so cannot continue a span.
    """
    within = scores.copy()
    is_first = np.zeros(len(scores), bool)
    is_first[first_pieces] = True
    within[:, 1::2] = np.where(is_first[:, None], scores[:, 1::2], scores[:, 2::2])
    by_word = _log_softmax(np.add.reduceat(within, first_pieces, axis=0))
    by_word[begin_segment, 2::2] = IMPOSSIBLE
    return by_word


def _find_spans(scores: Floats) -> list[tuple[int, int, int]]:
    """Return the likeliest spans as (first word, one past the last, number of the kind)."""
    labels = _best_path(scores)
    spans: list[tuple[int, int, int]] = []
    first = 0
    while first < len(labels):
        if labels[first] == OUTSIDE:
            first += 1
            continue
        last = first + 1
        while last < len(labels) and labels[last] == labels[first] + 1:  # the label of a span's other words
            last += 1
        spans.append((first, last, int(labels[first] - 1) // 2))
        first = last
    return spans


def _confidence(scores: Floats, kind: int) -> float:
    """Return the probability of a kind at the span's least likely word."""
    return float(np.exp(scores[:, 2 * kind + 1 : 2 * kind + 3]).sum(axis=1).min())


def _best_path(scores: Floats) -> Ints:
    """Return the likeliest labels by Viterbi's algorithm; a continuing label follows only itself or its first label."""
    count, continuing = scores.shape[1], np.arange(2, scores.shape[1], 2)
    previous = np.zeros(scores.shape, np.int64)
    best = scores[0].copy()
    best[continuing] = IMPOSSIBLE
    for word in range(1, len(scores)):
        previous[word] = best.argmax()
        totals = np.full(count, best.max())
        follows_itself = best[continuing] > best[continuing - 1]  # otherwise it follows its first label
        previous[word, continuing] = continuing - 1 + follows_itself
        totals[continuing] = np.maximum(best[continuing], best[continuing - 1])
        best = totals + scores[word]
    path = np.zeros(len(scores), np.int64)
    path[-1] = best.argmax()
    for word in range(len(scores) - 1, 0, -1):
        path[word - 1] = previous[word, path[word]]
    return path


def _link(
    firsts: Ints, lasts: Ints, windows: Sequence[Window], links: Sequence[Floats]
) -> tuple[dict[int, float], ...]:
    """Return for each span the probability of each link, from the window that contains most of both spans.

    Args:
        firsts: [spans] first piece of each.
        lasts: [spans] one past its last piece.
        windows: of the text.
        links: the encoder's queries and keys for each window.
    """
    probabilities: tuple[dict[int, float], ...] = tuple({} for _ in firsts)
    seen: tuple[dict[int, int], ...] = tuple({} for _ in firsts)  # pieces of the shorter span that the window contained
    for window, link in zip(windows, links, strict=True):
        numbers = range(*np.searchsorted(firsts, (window.start, window.end)))
        if not numbers:
            continue
        queries, keys = link[:, :LINK_WIDTH], link[:, LINK_WIDTH:]
        lengths = np.minimum(lasts[numbers], window.end) - firsts[numbers]
        head_keys = keys[firsts[numbers] - window.start]
        for i, length in zip(numbers, lengths.tolist(), strict=True):
            start = firsts[i] - window.start
            scores = (queries[start : start + length] @ head_keys.T).mean(axis=0) / LINK_WIDTH**0.5
            row = np.exp(_log_softmax(scores)).tolist()
            for j, other_length, probability in zip(numbers, lengths.tolist(), row, strict=True):
                shared = min(length, other_length)
                if shared > seen[i].get(j, 0):
                    seen[i][j], probabilities[i][j] = shared, probability
    return probabilities
