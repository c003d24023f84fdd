"""Articles that share their body: reprints and syndicated copy.

``sign`` keeps of a body what finds its copies, some 650 bytes; ``match_signatures`` finds pairs that may be copies by
MinHash, asks for the texts of those alone, and decides by their exact Jaccard index. ``find_duplicates`` does both for
bodies that are at hand.

A text is taken as its words, whatever their case, punctuation and white space. Nothing here depends on the order in
which articles come, on Python's ``hash`` or on the machine, so splitting the input into runs changes nothing.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from heapq import merge
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from pipeline.contract import DuplicateKind

# Two bodies that share this much of their three-word shingles are one text. In 500 words it leaves room for some 18
# single words edited, or for a fifth of the text cut; two reports of one event share .1 and less.
THRESHOLD = 0.8
SHINGLE_WORDS = 3
# Copies appear within days, in weeklies and monthlies within a month. What comes back later (the same advice each
# winter) is published anew. Each reprint opens the window again, so a text in circulation stays one group.
WINDOW_DAYS = 30
# One word replaced in the midst of n words changes 3 of n - 2 shingles and leaves (n - 5) / (n + 1): below 30 words
# that is under .8, so what is near there is a form filled in anew (a score, a rate), not an edited copy.
NEAR_WORDS = 30
# A body of one sentence at most may be a stub that unrelated articles share ("Photo", "Log in to read on"): it is a
# copy only where the headline is the same too.
STUB_WORDS = 20
# MinHash in B bands of R rows finds a pair of similarity s with probability 1 - (1 - s^R)^B: for 20 bands of 6 rows
# .9977 at s = .8, .9999 at .85; and it asks in vain for .27 of the pairs at .5, .001 at .2. With 16 bands of 4 rows
# .9998 at .8, but .64 at .5 and .025 at .2: that many more texts to read.
BANDS = 20
ROWS = 6
SEED = 42
DIGEST_BYTES = 16
# Scripts written without spaces have no words to split at: each of their characters counts as one.
UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
ASCII_WORD = re.compile(r"\w+", re.ASCII)
# Odd constants of random bits (those of xxHash and SplitMix64), for multiplicative hashing.
PRIMES = np.array([0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
MULTIPLIER = np.uint64(0xBF58476D1CE4E5B9)

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Body:
    """What is needed of an article to find its copies."""

    article_id: str
    published_on: date | None  # None too where only the month or the year is known: it does not tell what came first
    raw_path: str
    text: str  # the body alone: copies often differ in headline and byline
    headline: str | None = None  # tells stubs apart
    published_at: datetime | None = None  # tells which came first within a day


@dataclass(frozen=True, slots=True)
class Signature:
    """What is kept of a body: the same for the same words, and of one size for any number of them."""

    article_id: str
    published_on: date | None
    published_at: datetime | None
    raw_path: str
    words: bytes  # digest of the words in order
    minhash: bytes  # BANDS * ROWS little-endian uint32; empty where the body has fewer than NEAR_WORDS


@dataclass(frozen=True, slots=True)
class Duplicate:
    """That an article's body stands in an earlier article."""

    duplicate_of: str
    kind: DuplicateKind
    similarity: float  # with the body of ``duplicate_of``: exact Jaccard index, rounded to four digits


ReadBodies = Callable[[Set[str]], Iterable[Body]]


def find_duplicates(bodies: Iterable[Body]) -> dict[str, Duplicate]:
    """``match_signatures`` for bodies that may all be held in memory."""
    held = {body.article_id: body for body in bodies}
    return match_signatures(map(sign, held.values()), lambda ids: (held[article_id] for article_id in sorted(ids)))


def sign(body: Body) -> Signature:
    """Keep of a body what finds its copies."""
    words = _split(body.text)
    whole = "\x1f".join(words)
    if len(words) < STUB_WORDS:
        whole += "\x1e" + "\x1f".join(_split(body.headline or ""))
    digest = hashlib.blake2b(whole.encode(), digest_size=DIGEST_BYTES).digest()
    minhash = _minhash(_shingle(words)) if len(words) >= NEAR_WORDS else b""
    return Signature(body.article_id, body.published_on, body.published_at, body.raw_path, digest, minhash)


def match_signatures(signatures: Iterable[Signature], read_bodies: ReadBodies) -> dict[str, Duplicate]:
    """For each article that repeats an earlier one, that earlier one, by article_id.

    An article is a copy if an earlier one, published no more than WINDOW_DAYS before, has the same words ("exact") or
    at least THRESHOLD of its shingles ("near"). Earlier is by day of publication, then by instant, then by path and
    id; an article without a date comes after all that have one, and is held against all of them.

    ``duplicate_of`` is the earliest such article, or what that is itself a copy of, and so on, as long as this one is
    at least THRESHOLD similar to it. So copies in many outlets all name the first, however long they go on, and each
    row is true by itself: what it names is earlier and that similar. Only where a text drifts from copy to copy does
    ``duplicate_of`` name an article that is itself a copy: the one before the drift.

    Args:
        signatures: of all articles of the data set, in any order.
        read_bodies: gives the bodies of some articles, by article_id, in any order; called once at most.
    """
    ordered = sorted(signatures, key=_order)
    shared = _find_shared_bands(ordered)
    shingles = _read_shingles(ordered, shared, read_bodies)

    def similarity(one: int, other: int) -> float:
        a, b = ordered[one], ordered[other]
        if a.words == b.words:
            return 1.0
        return _jaccard(shingles[a.words], shingles[b.words]) if a.minhash and b.minhash else 0.0

    duplicates = {}
    for at, of in _match(ordered, shared, similarity).items():
        kind: DuplicateKind = "exact" if ordered[of].words == ordered[at].words else "near"
        duplicates[ordered[at].article_id] = Duplicate(ordered[of].article_id, kind, round(similarity(of, at), 4))
    return duplicates


def _match(
    ordered: Sequence[Signature], shared: Iterable[Sequence[int]], similarity: Callable[[int, int], float]
) -> dict[int, int]:
    """The place of each copy, and of what it is a copy of."""
    peers: dict[int, list[Sequence[int]]] = defaultdict(list)
    for places in shared:
        for at in places:
            peers[at].append(places)
    # Days are in order as the articles are, so the window begins at a place among them.
    days = [(signature.published_on or date.max).toordinal() for signature in ordered]
    found: dict[int, int] = {}
    for at in sorted(peers):
        start = bisect_left(days, days[at] - WINDOW_DAYS) if ordered[at].published_on else 0
        earlier = _in_order(peers[at], start, at)
        match = next((other for other in earlier if similarity(other, at) >= THRESHOLD), None)
        while match in found and similarity(found[match], at) >= THRESHOLD:
            match = found[match]
        if match is not None:
            found[at] = match
    return found


def _order(signature: Signature) -> tuple[date, datetime, str, str]:
    instant = signature.published_at or datetime.max.replace(tzinfo=UTC)
    return signature.published_on or date.max, instant, signature.raw_path, signature.article_id


def _split(text: str) -> list[str]:
    if text.isascii():
        return ASCII_WORD.findall(text.lower())
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _shingle(words: Sequence[str]) -> Hashes:
    """A number for each run of SHINGLE_WORDS words, as they come."""
    (hashes,) = RMinHash.hash_token_sets([words])
    return _scramble(np.convolve(np.array(hashes, np.uint64), PRIMES[:SHINGLE_WORDS], "valid"))


def _scramble(numbers: Hashes) -> Hashes:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * MULTIPLIER
    return numbers ^ (numbers >> np.uint64(27))


def _minhash(shingles: Hashes) -> bytes:
    ends = np.array([0, len(shingles)], np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(shingles, ends, BANDS * ROWS, SEED)
    return np.array(matrix.to_rows()[0], "<u4").tobytes()


def _find_shared_bands(ordered: Sequence[Signature]) -> list[list[int]]:
    """The places, in order, of the signatures that have a band in common; for each such band."""
    shared: list[list[int]] = []
    for band in _bands(ordered).T:
        by_value = np.argsort(band, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(band[by_value])) + 1, len(ordered))
        starts = np.append(0, ends[:-1])
        several = ends - starts > 1
        shared += [by_value[start:end].tolist() for start, end in zip(starts[several], ends[several], strict=True)]
    return shared


def _bands(ordered: Sequence[Signature]) -> Hashes:
    """A number for each band of each signature; a body too short to be near another shares them with its like only."""
    size = BANDS * ROWS * 4
    rows = b"".join(signature.minhash or signature.words * (size // DIGEST_BYTES) for signature in ordered)
    pairs = np.frombuffer(rows, "<u8").reshape(len(ordered), BANDS, ROWS // 2)
    return _scramble(pairs @ PRIMES[: ROWS // 2])


def _read_shingles(
    ordered: Sequence[Signature], shared: Iterable[Sequence[int]], read_bodies: ReadBodies
) -> dict[bytes, Hashes]:
    """The set of shingles of each wording that may be near another one; a text of each is read, whoever printed it."""
    wanted: dict[bytes, str] = {}
    for places in shared:
        wordings = {ordered[at].words: ordered[at].article_id for at in places if ordered[at].minhash}
        if len(wordings) > 1:
            wanted |= wordings
    if not wanted:
        return {}
    words_of = {article_id: words for words, article_id in wanted.items()}
    return {words_of[body.article_id]: np.unique(_shingle(_split(body.text))) for body in read_bodies(words_of.keys())}


def _in_order(bands: Iterable[Sequence[int]], start: int, end: int) -> Iterator[int]:
    """The places from ``start`` to before ``end`` that stand in some of the bands, each once."""
    parts = (map(band.__getitem__, range(bisect_left(band, start), bisect_left(band, end))) for band in bands)
    return (place for place, _ in groupby(merge(*parts)))


def _jaccard(one: Hashes, other: Hashes) -> float:
    """The Jaccard index of two sets, each sorted and without repeats."""
    at = np.searchsorted(one, other)
    common = np.count_nonzero(one[np.minimum(at, len(one) - 1)] == other)
    return int(common) / (len(one) + len(other) - int(common))
