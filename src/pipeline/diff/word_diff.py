"""How one value became another, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["before", "after", "both"]

LONGEST_CHANGE = 400  # code points shown of added or removed words
CONTEXT = 60  # code points shown of unchanged words beside them
LONGEST_VALUE = 2_000  # code points shown of one value
MOST_COMPARED = 250_000  # pairs of words; larger stretches count as replaced as a whole
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class DiffSpan:
    """Words of a value that are only in the old one, only in the new one, or in both."""

    is_in: Side
    text: str


def mark_words(before: str | None, after: str | None) -> tuple[DiffSpan, ...]:
    """Return a value's removed, added and unchanged words; long spans are cut."""
    old, new = (_WORD.findall(text or "") for text in (before, after))
    keys = [[word.strip() for word in words] for words in (old, new)]
    if keys[0] == keys[1]:
        keys = [old, new]  # only white space differs
    spans: list[DiffSpan] = []

    def add(is_in: Side, words: Sequence[str]) -> None:
        if words:
            spans.append(DiffSpan(is_in, "".join(words)))

    for tag, i, k, j, m in _align(*keys):
        if tag == "equal":
            # The last word of a value has no white space after it, so take the longer of the two words.
            add("both", [max(pair, key=len) for pair in zip(old[i:k], new[j:m], strict=True)])
        else:
            add("before", old[i:k])
            add("after", new[j:m])
    return tuple(_shorten(spans))


def _align(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """Return how one list of words becomes the other, as operations of difflib."""
    shortest = min(len(old), len(new))
    head = next((index for index in range(shortest) if old[index] != new[index]), shortest)
    tail = next((index for index in range(shortest - head) if old[-1 - index] != new[-1 - index]), shortest - head)
    ours, theirs = old[head : len(old) - tail], new[head : len(new) - tail]
    steps: list[tuple[str, int, int, int, int]] = [("replace", 0, len(ours), 0, len(theirs))]
    if len(ours) * len(theirs) <= MOST_COMPARED:  # difflib's time grows with the square of the number of words
        steps = list(difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes())
    return [
        ("equal", 0, head, 0, head),
        *((tag, i + head, k + head, j + head, m + head) for tag, i, k, j, m in steps),
        ("equal", len(old) - tail, len(old), len(new) - tail, len(new)),
    ]


def _shorten(spans: Sequence[DiffSpan]) -> Iterator[DiffSpan]:
    """Leave out unchanged words far from a change, and cut very long spans and values."""
    shown = 0
    for number, span in enumerate(spans):
        text = span.text
        if shown > LONGEST_VALUE:
            yield DiffSpan("both", "…")
            return
        if span.is_in != "both":
            text = cut_long(text)
        elif len(text) > 2 * CONTEXT:
            before = text[:CONTEXT] if number else ""
            after = text[-CONTEXT:] if number < len(spans) - 1 else ""
            text = f"{before}…{after}"
        shown += len(text)
        yield DiffSpan(span.is_in, text)


def cut_long(text: str) -> str:
    """Return a text, or its beginning if it is very long."""
    return text if len(text) <= LONGEST_CHANGE else text[: LONGEST_CHANGE - 1] + "…"
