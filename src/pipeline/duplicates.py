"""Articles that share their body: syndicated copies and reprints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rensa import RMinHash, RMinHashLSH

from pipeline.contract import DuplicateKind, stable_id

# Two bodies that share this much of their five-word shingles are one text: a wire story with another lead paragraph
# or a few edits stays above it, two reports of one event stay far below (.1 and less).
THRESHOLD = 0.7
SHINGLE_WORDS = 5
PERMUTATIONS = 128
BANDS = 32
SEED = 42
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Body:
    """What is needed of an article to find its copies."""

    article_id: str
    published_on: date | None
    raw_path: str
    text: str  # the body alone: copies often differ in headline and byline


@dataclass(frozen=True, slots=True)
class Duplicate:
    """That an article's body stands in an earlier article."""

    duplicate_of: str
    kind: DuplicateKind
    similarity: float


@dataclass(frozen=True, slots=True)
class _Signature:
    order: tuple[date, str, str]
    article_id: str
    words: str  # digest of the words in order
    shingles: RMinHash


def find_duplicates(bodies: Iterable[Body]) -> dict[str, Duplicate]:
    """For each article that repeats an earlier one, that earlier one, by article_id.

    Earlier is by day of publication (unknown last), then by path: the same for whatever order they come in.
    """
    signatures = sorted((_sign(body) for body in bodies), key=lambda signature: signature.order)
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    found: dict[str, Duplicate] = {}
    for key, signature in enumerate(signatures):
        earlier = sorted(index.query(signature.shingles))
        match = _best([signatures[at] for at in earlier], signature)
        if match is None:
            index.insert(key, signature.shingles)  # only originals: a chain of copies points at its first
        else:
            found[signature.article_id] = match
    return found


def _sign(body: Body) -> _Signature:
    words = [word.casefold() for word in WORD.findall(body.text)]
    shingles = [" ".join(words[at : at + SHINGLE_WORDS]) for at in range(max(1, len(words) - SHINGLE_WORDS + 1))]
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    minhash.update(shingles)
    order = (body.published_on or date.max, body.raw_path, body.article_id)
    return _Signature(order, body.article_id, stable_id(*words), minhash)


def _best(originals: list[_Signature], signature: _Signature) -> Duplicate | None:
    best = None
    for original in originals:
        if original.words == signature.words:
            return Duplicate(original.article_id, "exact", 1.0)
        similarity = round(original.shingles.jaccard(signature.shingles), 4)
        if similarity >= THRESHOLD and (best is None or similarity > best.similarity):
            best = Duplicate(original.article_id, "near", similarity)
    return best
