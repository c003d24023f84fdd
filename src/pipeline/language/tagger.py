"""The trained tagger: who says what, and who is named, as one small encoder sees it.

It labels each word piece as part of a source, a cue or a content, or of none, tells for each which cue it belongs to, and
labels it as part of a name of some kind, or of none.
How it was trained is told in ``training/``; what it reaches, in MODEL_CARD.md.
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
KINDS: tuple[EntityType, ...] = get_args(EntityType)
NAME_LABELS = ("O", *(f"{begin}-{kind}" for kind in KINDS for begin in "BI"))
OUTSIDE = 0  # then for each kind the label of what begins it and of what goes on, in both lists
NEVER = -1e4
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


class TaggedName(NamedTuple):
    """A name; half-open code points."""

    kind: EntityType
    start: int
    end: int
    confidence: float  # that it names something of that kind; not calibrated


@dataclass(frozen=True, slots=True)
class Tags:
    """What the tagger found in a text.

    Attributes:
        spans: who says what, in the order of the text; they do not overlap.
        links: for each span the numbers of those that one window showed beside it, and how likely its attribution hangs
            on each: on its cue; where it has none, on its source, else on its first content.
        names: in the order of the text; they do not overlap each other.
    """

    spans: tuple[Tag, ...]
    links: tuple[Mapping[int, float], ...]
    names: tuple[TaggedName, ...] = ()


NO_TAGS = Tags((), ())


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
        """Find sources, cues and contents, and names, in an article.

        Args:
            text: the article's.
            sentences: half-open stretches of it, in order.
            segments: its parts.
            quotations: what stands between its marks.
        """
        pieces = cut_word_pieces(text, sentences, segments, quotations, self.encode)
        if not len(pieces.ids):
            return NO_TAGS
        windows = list(cut_windows(pieces.sentences))
        seen = [self._run(pieces, window) for window in windows]
        words = np.flatnonzero(pieces.features[0] % 2 == 0)  # the first piece of each
        bounds = np.append(words, len(pieces.ids))
        opens = pieces.features[1, words] % 3 == 2  # nothing reaches over a segment's end
        said, named = (
            _by_word(
                np.concatenate([_kept(found[head], window) for found, window in zip(seen, windows, strict=True)]),
                words,
                opens,
            )
            for head in (0, 2)
        )
        spans = _spans(said)
        firsts, lasts = bounds[[first for first, _, _ in spans]], bounds[[last for _, last, _ in spans]]
        links = _link(firsts, lasts, windows, [asked for _, asked, _ in seen])
        tags = (
            Tag(ROLES[role], int(pieces.starts[first]), int(pieces.ends[last - 1]))
            for first, last, (_, _, role) in zip(firsts, lasts, spans, strict=True)
        )
        names = (
            TaggedName(
                KINDS[kind],
                int(pieces.starts[bounds[first]]),
                int(pieces.ends[bounds[last] - 1]),
                _confidence(named[first:last], kind),
            )
            for first, last, kind in _spans(named)
        )
        return Tags(tuple(tags), links, tuple(names))

    def _run(self, pieces: WordPieces, window: Window) -> tuple[Floats, Floats, Floats]:
        """Of a window's pieces [n, labels] log-probabilities, [n, 128] links, and [n, labels] log-probabilities of names."""
        inside = slice(window.start, window.end)
        ids = np.concatenate([[FIRST_PIECE], pieces.ids[inside], [LAST_PIECE]])
        features = np.pad(pieces.features[:, inside], ((0, 0), (1, 1)))
        said, links, named = self._session.run(None, {"ids": ids[None], "features": features[None]})
        return _log_softmax(said[0, 1:-1]), links[0, 1:-1], _log_softmax(named[0, 1:-1])


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
    import tokenizers  # late: where no text is read, as beside workers that do, nobody need wait for it

    try:
        tokenizer = tokenizers.Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as error:
        raise ModelError(path, str(error)) from error

    def encode(texts: list[str], /) -> list[Encoding]:
        found = tokenizer.encode_batch(texts, add_special_tokens=False)
        return [Encoding(one.ids, one.offsets, one.word_ids) for one in found]

    return encode


def _load_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime  # late, likewise

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


def _by_word(chances: Floats, words: Ints, opens: NDArray[np.bool_]) -> Floats:
    """[words, labels] over the pieces of each word: no label begins or ends within one, and what begins goes on.

    Args:
        chances: [pieces, labels].
        words: the first piece of each word.
        opens: [words] whether a segment begins with it.
    """
    within = chances.copy()
    is_first = np.zeros(len(chances), bool)
    is_first[words] = True
    within[:, 1::2] = np.where(is_first[:, None], chances[:, 1::2], chances[:, 2::2])
    by_word = _log_softmax(np.add.reduceat(within, words, axis=0))
    by_word[opens, 2::2] = NEVER
    return by_word


def _spans(chances: Floats) -> list[tuple[int, int, int]]:
    """The likeliest spans of words, half-open, and the number of the kind of each: nothing goes on that did not begin."""
    labels = _best_path(chances)
    spans: list[tuple[int, int, int]] = []
    at = 0
    while at < len(labels):
        if labels[at] == OUTSIDE:
            at += 1
            continue
        last = at + 1
        while last < len(labels) and labels[last] == labels[at] + 1:  # what goes on stands behind what begins
            last += 1
        spans.append((at, last, int(labels[at] - 1) // 2))
        at = last
    return spans


def _confidence(chances: Floats, kind: int) -> float:
    """How likely the least likely word of a span is of its kind."""
    return float(np.exp(chances[:, 2 * kind + 1 : 2 * kind + 3]).sum(axis=1).min())


def _best_path(chances: Floats) -> Ints:
    """Viterbi's algorithm over labels where one that goes on follows only itself or its own beginning."""
    count, goes_on = chances.shape[1], np.arange(2, chances.shape[1], 2)
    came_from = np.zeros(chances.shape, np.int64)
    best = chances[0].copy()
    best[goes_on] = NEVER
    for at in range(1, len(chances)):
        came_from[at] = best.argmax()
        scores = np.full(count, best.max())
        # its beginning, or itself
        is_itself = best[goes_on] > best[goes_on - 1]
        came_from[at, goes_on] = goes_on - 1 + is_itself
        scores[goes_on] = np.maximum(best[goes_on], best[goes_on - 1])
        best = scores + chances[at]
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
