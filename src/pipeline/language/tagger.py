"""The trained tagger: who says what, as one small encoder sees it.

It labels each word piece as part of a source, a cue or a content, or of none, and tells for each which cue it belongs to.
How it was trained is told in ``training/``; what it reaches, in MODEL_CARD.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import onnxruntime
import tokenizers
from numpy.typing import NDArray

from pipeline.contract import Segment
from pipeline.errors import ModelError
from pipeline.language.marks import Quotation
from pipeline.language.pieces import Encode, Encoding, Ints, Pieces, Window, cut_pieces, cut_windows

Role = Literal["source", "cue", "content"]
ROLES: tuple[Role, ...] = get_args(Role)
LABELS = ("O", *(f"{begin}-{role}" for role in ROLES for begin in "BI"))
OUTSIDE = 0
NEVER = -1e4
BEGINS, GOES_ON = (np.array([at for at, label in enumerate(LABELS) if label[0] == begin]) for begin in "BI")
UNKNOWN_PIECE, FIRST_PIECE, LAST_PIECE = 100, 101, 102  # [UNK], [CLS], [SEP]
LINK_WIDTH = 64
FOLDER = Path(__file__).parent / "model"
MODEL, TOKENIZER = "tagger.onnx", "tokenizer.json"

Floats = NDArray[np.float32]


class Tag(NamedTuple):
    """A source, cue or content; half-open code points."""

    role: Role
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tags:
    """What the tagger found in a text.

    Attributes:
        spans: in the order of the text; they do not overlap.
        links: for each span the numbers of those that one window showed beside it, and how likely its attribution hangs
            on each: on its cue; where it has none, on its source, else on its first content.
    """

    spans: tuple[Tag, ...]
    links: tuple[Mapping[int, float], ...]


NOTHING = Tags((), ())


class Tagger:
    """The encoder and its tokenizer, loaded.

    The same text gives the same tags, however many threads there are and whatever was tagged before: windows are run
    one by one, for the scale of the quantised numbers is taken over all that is run at once.
    """

    def __init__(self, folder: Path = FOLDER, threads: int = 1) -> None:
        """Load both.

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
        """Find sources, cues and contents in an article.

        Args:
            text: the article's.
            sentences: half-open stretches of it, in order.
            segments: its parts.
            quotations: what stands between its marks.
        """
        pieces = cut_pieces(text, sentences, segments, quotations, self.encode)
        if not len(pieces.ids):
            return NOTHING
        windows = list(cut_windows(pieces.sentences))
        seen = [self._run(pieces, window) for window in windows]
        chances = np.concatenate([_kept(logits, window) for (logits, _), window in zip(seen, windows, strict=True)])
        words = np.flatnonzero(pieces.features[0] % 2 == 0)  # the first piece of each
        by_word = _by_word(chances, words)
        by_word[np.ix_(pieces.features[1, words] % 3 == 2, GOES_ON)] = NEVER  # nothing reaches over a segment's end
        spans = _spans(by_word)
        bounds = np.append(words, len(pieces.ids))
        firsts, lasts = bounds[[first for first, _, _ in spans]], bounds[[last for _, last, _ in spans]]
        links = _link(firsts, lasts, windows, [asked for _, asked in seen])
        tags = (
            Tag(role, int(pieces.starts[first]), int(pieces.ends[last - 1]))
            for first, last, (_, _, role) in zip(firsts, lasts, spans, strict=True)
        )
        return Tags(tuple(tags), links)

    def _run(self, pieces: Pieces, window: Window) -> tuple[Floats, Floats]:
        """[n, labels] log-probabilities and [n, 128] links of a window's pieces."""
        inside = slice(window.start, window.end)
        ids = np.concatenate([[FIRST_PIECE], pieces.ids[inside], [LAST_PIECE]])
        features = np.pad(pieces.features[:, inside], ((0, 0), (1, 1)))
        logits, links = self._session.run(None, {"ids": ids[None], "features": features[None]})
        return _log_softmax(logits[0, 1:-1]), links[0, 1:-1]


@cache
def load_tagger(threads: int) -> Tagger:
    """The tagger that comes with the package, loaded once.

    Raises:
        ModelError: if one of its files is missing or damaged.
    """
    return Tagger(threads=threads)


def load_encoder(path: Path) -> Encode:
    """What cuts sentences into word pieces.

    Args:
        path: of a tokenizer's file.

    Raises:
        ModelError: if it is missing or damaged.
    """
    try:
        tokenizer = tokenizers.Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as error:
        raise ModelError(path, str(error)) from error

    def encode(texts: list[str], /) -> list[Encoding]:
        found = tokenizer.encode_batch(texts, add_special_tokens=False)
        return [Encoding(one.ids, one.offsets, one.word_ids) for one in found]

    return encode


def _load_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other processes want the processor
    try:
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(path, str(error)) from error


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    found: Floats = (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))).astype(np.float32)
    return found


def _kept(found: Floats, window: Window) -> Floats:
    return found[window.keep_start - window.start : window.keep_end - window.start]


def _by_word(chances: Floats, words: Ints) -> Floats:
    """[words, labels] over the pieces of each word: no label begins or ends within one, and what begins goes on."""
    within = chances.copy()
    is_first = np.zeros(len(chances), bool)
    is_first[words] = True
    within[:, BEGINS] = np.where(is_first[:, None], chances[:, BEGINS], chances[:, GOES_ON])
    return _log_softmax(np.add.reduceat(within, words, axis=0))


def _spans(chances: Floats) -> list[tuple[int, int, Role]]:
    """The likeliest spans of words, half-open: nothing goes on that did not begin."""
    labels = _best_path(chances)
    spans: list[tuple[int, int, Role]] = []
    at = 0
    while at < len(labels):
        if labels[at] == OUTSIDE:
            at += 1
            continue
        last = at + 1
        while last < len(labels) and labels[last] == labels[at] + 1:  # I-x stands behind B-x in LABELS
            last += 1
        spans.append((at, last, ROLES[(labels[at] - 1) // 2]))
        at = last
    return spans


_IS_INSIDE = np.isin(np.arange(len(LABELS)), GOES_ON)
# What may stand before each label that goes on: itself, or its beginning.
_MAY_FOLLOW = np.where(
    _IS_INSIDE[None] & (np.abs(np.subtract.outer(range(len(LABELS)), np.arange(len(LABELS)) - 0.5)) != 0.5), NEVER, 0.0
)


def _best_path(chances: Floats) -> Ints:
    """Viterbi's algorithm over labels where an I follows only its own B or I."""
    best = chances[0] + np.where(_IS_INSIDE, NEVER, 0.0)
    came_from = np.zeros(chances.shape, np.int64)
    for at in range(1, len(chances)):
        scores = best[:, None] + _MAY_FOLLOW
        came_from[at] = scores.argmax(axis=0)
        best = scores.max(axis=0) + chances[at]
    path = np.zeros(len(chances), np.int64)
    path[-1] = best.argmax()
    for at in range(len(chances) - 1, 0, -1):
        path[at - 1] = came_from[at, path[at]]
    return path


def _link(
    firsts: Ints, lasts: Ints, windows: Sequence[Window], links: Sequence[Floats]
) -> tuple[dict[int, float], ...]:
    """How likely each span hangs on each other, from the window that sees most of the two."""
    chances: tuple[dict[int, float], ...] = tuple({} for _ in firsts)
    seen: tuple[dict[int, int], ...] = tuple({} for _ in firsts)
    for window, found in zip(windows, links, strict=True):
        numbers = range(*np.searchsorted(firsts, (window.start, window.end)))
        if not numbers:
            continue
        asks, answers = found[:, :LINK_WIDTH], found[:, LINK_WIDTH:]
        reach = np.minimum(lasts[numbers], window.end) - firsts[numbers]
        heads = answers[firsts[numbers] - window.start]
        for i, of_i in zip(numbers, reach.tolist(), strict=True):
            start = firsts[i] - window.start
            scores = (asks[start : start + of_i] @ heads.T).mean(axis=0) / LINK_WIDTH**0.5
            for j, of_j, chance in zip(numbers, reach.tolist(), np.exp(_log_softmax(scores)).tolist(), strict=True):
                if min(of_i, of_j) > seen[i].get(j, 0):
                    seen[i][j], chances[i][j] = min(of_i, of_j), chance
    return chances
