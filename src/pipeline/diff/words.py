"""How one value became another, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

LONGEST_STRETCH = 400  # code points shown of what came or went
CONTEXT = 60  # code points shown of what stayed beside it
LONGEST_VALUE = 2_000  # code points shown of one value
MOST_COMPARED = 250_000  # pairs of words, beyond which a stretch counts as replaced whole
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class DiffSpan:
    """A stretch of a value: as it was before, as it is after, or the same in both."""

    is_in: Literal["before", "after", "both"]
    text: str


def mark_words(before: str | None, after: str | None) -> tuple[DiffSpan, ...]:
    """A value's words, those that came and went apart from those that stayed; long stretches are cut."""
    old, new = (_WORD.findall(text or "") for text in (before, after))
    keys = [[word.strip() for word in words] for words in (old, new)]
    if keys[0] == keys[1]:
        keys = [old, new]  # white space is all that differs
    pieces: list[DiffSpan] = []

    def add(is_in: Literal["before", "after", "both"], words: Sequence[str]) -> None:
        if words:
            pieces.append(DiffSpan(is_in, "".join(words)))

    for tag, i, k, j, m in _align(*keys):
        if tag == "equal":
            # The end of a value has no white space behind it: the other's parts it from what follows.
            add("both", [max(pair, key=len) for pair in zip(old[i:k], new[j:m], strict=True)])
        else:
            add("before", old[i:k])
            add("after", new[j:m])
    return tuple(_shorten(pieces))


def _align(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """How one row of words becomes the other, as difflib tells it."""
    shortest = min(len(old), len(new))
    head = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    tail = next((at for at in range(shortest - head) if old[-1 - at] != new[-1 - at]), shortest - head)
    ours, theirs = old[head : len(old) - tail], new[head : len(new) - tail]
    steps: list[tuple[str, int, int, int, int]] = [("replace", 0, len(ours), 0, len(theirs))]
    if len(ours) * len(theirs) <= MOST_COMPARED:  # difflib takes the square of their number
        steps = list(difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes())
    return [
        ("equal", 0, head, 0, head),
        *((tag, i + head, k + head, j + head, m + head) for tag, i, k, j, m in steps),
        ("equal", len(old) - tail, len(old), len(new) - tail, len(new)),
    ]


def _shorten(pieces: Sequence[DiffSpan]) -> Iterator[DiffSpan]:
    """Leave out what stayed, but for some words beside what came or went, and the rest of what is very long."""
    told = 0
    for at, piece in enumerate(pieces):
        text = piece.text
        if told > LONGEST_VALUE:
            yield DiffSpan("both", "…")
            return
        if piece.is_in != "both":
            text = cut_long(text)
        elif len(text) > 2 * CONTEXT:
            before = text[:CONTEXT] if at else ""
            after = text[-CONTEXT:] if at < len(pieces) - 1 else ""
            text = f"{before}…{after}"
        told += len(text)
        yield DiffSpan(piece.is_in, text)


def cut_long(text: str) -> str:
    """The beginning of a text, where it is very long."""
    return text if len(text) <= LONGEST_STRETCH else text[: LONGEST_STRETCH - 1] + "…"
