"""Articles that share their body: reprints and syndicated copy.

``sign`` keeps of a body what finds its copies, some 650 bytes. ``match_changes`` finds among these, by MinHash, what may
be a copy of which, asks for the texts of those alone, and decides by their exact Jaccard index; it looks only around
the articles that a run adds, changes or removes. ``find_duplicates`` does it for bodies that are at hand.

A text is taken as its words, whatever their case, punctuation and white space. Nothing here depends on the order in
which articles come, on Python's ``hash`` or on the machine, so splitting the input into runs changes nothing.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect_left
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from heapq import merge
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rensa import RMinHash

from pipeline.contract import DuplicateKind, Signature, arrow_schema, to_table

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
MINHASH_BYTES = BANDS * ROWS * 4
# Scripts written without spaces have no words to split at: each of their characters counts as one.
UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
ASCII_WORD = re.compile(r"\w+", re.ASCII)
# Odd constants of random bits (those of xxHash and SplitMix64), for multiplicative hashing.
PRIMES = np.array([0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
MULTIPLIER = np.uint64(0xBF58476D1CE4E5B9)

# What this module works on: of each signature its bands, as numbers, instead of its MinHash.
ROW = pa.schema(
    [
        *(arrow_schema(Signature).field(name) for name in ("article_id", "published_on", "published_at", "raw_path")),
        pa.field("words", pa.binary(DIGEST_BYTES)),
        pa.field("bands", pa.binary(BANDS * 8)),
    ]
)
BATCH_ROWS = 1 << 16
# Earlier is by day of publication, then by instant, then by path and id; what has no date comes last.
ORDER = [(name, "ascending") for name in ("published_on", "published_at", "raw_path", "article_id")]
UNDATED = 1 << 40  # as a day: far behind all others
MONTHS_HELD = 4  # of what was read: enough for a window and the next one back
EPOCH = date(1970, 1, 1).toordinal()
# Rows are sifted by the first bits of their bands: so many more of these than it takes to number the bands looked for
# that one in a thousand bands is mistaken for one of them, as long as the sieve takes no more than 80 MiB.
SIEVE_BITS = 10
SIEVE_BITS_MAX = 22

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
class Duplicate:
    """That an article's body stands in an earlier article."""

    duplicate_of: str
    kind: DuplicateKind
    similarity: float  # with the body of ``duplicate_of``: exact Jaccard index, rounded to four digits


ReadBodies = Callable[[Set[str]], Iterable[Body]]
ReadSignatures = Callable[[date | None, date | None], Iterable[pa.Table]]


def find_duplicates(bodies: Iterable[Body]) -> dict[str, Duplicate]:
    """``match_changes`` for bodies that are all there are and may be held in memory."""
    held = {body.article_id: body for body in bodies}
    come = to_table(Signature, [sign(body) for body in held.values()])
    found = match_changes(come, come.slice(0, 0), lambda *_: (), lambda ids: (held[each] for each in ids))
    return {article_id: copy for article_id, copy in found.items() if copy}


def sign(body: Body) -> Signature:
    """Keep of a body what finds its copies."""
    words = _split(body.text)
    whole = "\x1f".join(words)
    if len(words) < STUB_WORDS:
        whole += "\x1e" + "\x1f".join(_split(body.headline or ""))
    digest = hashlib.blake2b(whole.encode(), digest_size=DIGEST_BYTES).digest()
    minhash = _minhash(_shingle(words)) if len(words) >= NEAR_WORDS else b""
    return Signature(body.article_id, body.published_on, body.published_at, body.raw_path, digest, minhash)


def match_changes(
    come: pa.Table, gone: pa.Table, read_signatures: ReadSignatures, read_bodies: ReadBodies
) -> dict[str, Duplicate | None]:
    """For each article whose answer a run may have changed, the earlier one that it repeats, or None, by article_id.

    An article is a copy if an earlier one, published no more than WINDOW_DAYS before, has the same words ("exact") or
    at least THRESHOLD of its shingles ("near"). Earlier is by day of publication, then by instant, then by path and
    id; an article without a date comes after all that have one, and is held against all of them.

    ``duplicate_of`` is the earliest such article, or what that is itself a copy of, and so on, as long as this one is
    at least THRESHOLD similar to it. So copies in many outlets all name the first, however long they go on, and each
    row is true by itself: what it names is earlier and that similar. Only where a text drifts from copy to copy does
    ``duplicate_of`` name an article that is itself a copy: the one before the drift.

    An article that is not in the answer keeps the one it had. All answers together are those that matching all
    articles at once gives.

    Args:
        come: signatures of new and changed articles.
        gone: signatures, as they were, of articles that were changed or removed.
        read_signatures: gives the signatures that were there before of articles dated from a first to a last day;
            None is no bound, and what has no date is later than any. It may give others too. Called once a month.
        read_bodies: gives the bodies of some articles that come or stay, by article_id, in any order. Called often.
    """
    texts = _Texts(read_bodies)
    fresh, past = _sort(_digest(come)), _digest(gone)
    touched = pa.concat_tables([fresh, past])["article_id"].combine_chunks()

    def read(first: date | None, last: date | None) -> Iterator[pa.Table]:
        for table in read_signatures(first, last):
            yield _digest(table.filter(pc.invert(pc.is_in(table["article_id"], touched))))

    @lru_cache(MONTHS_HELD)
    def read_month(first: date, last: date) -> list[pa.Table]:
        return list(read(first, last))

    def read_staying(first: date | None, last: date | None) -> Iterable[pa.Table]:
        return read_month(first, last) if first and last else read(first, last)

    def read_present(first: date | None, last: date | None) -> Iterator[pa.Table]:
        yield _between(fresh, first, last)
        yield from read_staying(first, last)

    affected = _spread(fresh, past, read_staying, texts)
    before, words = _trace(affected, read_present, texts)
    return _name_first(affected["article_id"].to_pylist(), before, words, texts)


def _trace(needed: pa.Table, read: ReadSignatures, texts: _Texts) -> tuple[dict[str, str | None], dict[str, bytes]]:
    """The earliest that each article repeats, what that repeats, and so on, by article_id; and their words."""
    words: dict[str, bytes] = {}
    before: dict[str, str | None] = dict.fromkeys(needed["article_id"].to_pylist())
    while needed.num_rows:
        kin = _Kin(_share_bands(needed, read, WINDOW_DAYS, 0), needed)
        texts.read(kin.differing())
        matches = {at: of for at in kin.wanted if (of := kin.find_earliest(at, texts)) is not None}
        words |= {kin.ids[at]: kin.words[at] for pair in matches.items() for at in pair}
        before |= {kin.ids[at]: kin.ids[of] for at, of in matches.items()}
        further = {kin.ids[of]: of for of in matches.values() if kin.ids[of] not in before}
        before |= dict.fromkeys(further)
        needed = kin.rows.take(pa.array(further.values(), pa.int64()))
    return before, words


def _name_first(
    article_ids: Sequence[str], before: Mapping[str, str | None], words: Mapping[str, bytes], texts: _Texts
) -> dict[str, Duplicate | None]:
    """From the earliest that each article repeats back to the first of them that it is similar to."""
    first: dict[str, str] = {}
    answers: dict[str, Duplicate | None] = {}
    for article_id in article_ids:
        chain = [article_id]
        while chain[-1] not in first and (match := before[chain[-1]]) is not None:
            chain.append(match)
        for at, match in zip(chain[-2::-1], chain[:0:-1], strict=True):
            while match in first and texts.similarity(words[first[match]], words[at]) >= THRESHOLD:
                match = first[match]
            first[at] = match
        answers[article_id] = None
        if of := first.get(article_id):
            kind: DuplicateKind = "exact" if words[of] == words[article_id] else "near"
            similarity = texts.similarity(words[of], words[article_id])
            answers[article_id] = Duplicate(of, kind, round(similarity, 4))
    return answers


def _spread(fresh: pa.Table, gone: pa.Table, read: ReadSignatures, texts: _Texts) -> pa.Table:
    """The articles that come, and those that stay whose answer may be another now.

    An answer follows from what is earlier within the window and similar, and from the answers of that: so changes
    spread forward only, from article to similar article. What a text that is gone was similar to cannot be told any
    more: it is taken to be all that share a band with it.
    """
    affected = fresh
    while True:
        later = _share_bands(pa.concat_tables([fresh, gone]), read, 0, WINDOW_DAYS)
        later = later.filter(pc.invert(pc.is_in(later["article_id"], affected["article_id"].combine_chunks())))
        if not later.num_rows:
            return affected
        after_gone = _Kin(pa.concat_tables([gone, later]), later)
        after_fresh = _Kin(pa.concat_tables([fresh, later]), later)
        texts.read(after_fresh.differing())
        reached = after_gone.find_later(lambda *_: True)
        reached |= after_fresh.find_later(lambda one, other: texts.similarity(one, other) >= THRESHOLD)
        fresh = after_fresh.rows.filter(pc.is_in(after_fresh.rows["article_id"], pa.array(reached, pa.string())))
        gone = gone.slice(0, 0)
        affected = pa.concat_tables([affected, fresh])


class _Texts:
    """The sets of shingles of some wordings, whoever printed them."""

    def __init__(self, read_bodies: ReadBodies) -> None:
        self._read_bodies = read_bodies
        self._shingles: dict[bytes, Hashes] = {}

    def read(self, wordings: Mapping[bytes, str]) -> None:
        """Read what is not held yet of some wordings, each with an article that has it."""
        words_of = {article_id: words for words, article_id in wordings.items() if words not in self._shingles}
        if words_of:
            for body in self._read_bodies(words_of.keys()):
                self._shingles[words_of[body.article_id]] = np.unique(_shingle(_split(body.text)))

    def similarity(self, one: bytes, other: bytes) -> float:
        """The Jaccard index of two wordings, by their digests."""
        return 1.0 if one == other else _jaccard(self._shingles[one], self._shingles[other])


class _Kin:
    """Articles in order, by their places in it, and which of them share bands with those that are asked for.

    Attributes:
        rows: all the articles.
        wanted: the places of those that are asked for and share a band with another one.
        ids: article_id, and
        words: digest of the words, of these and of those others.
    """

    def __init__(self, rows: pa.Table, wanted: pa.Table) -> None:
        rows = _sort(rows)
        is_first = np.ones(rows.num_rows, bool)
        is_first[1:] = pc.not_equal(rows["article_id"][1:], rows["article_id"][:-1]).to_numpy()
        self.rows = rows.filter(pa.array(is_first))
        is_wanted = pc.is_in(self.rows["article_id"], wanted["article_id"].combine_chunks()).to_numpy()
        self._days: list[int] = _days(self.rows).tolist()
        self._shared = _find_shared_bands(_bands(self.rows), is_wanted)
        self._groups_of: dict[int, list[int]] = defaultdict(list)
        for group, places in enumerate(self._shared):
            for at in places:
                self._groups_of[at].append(group)
        held = self.rows.take(pa.array(self._groups_of, pa.int64()))
        self.ids: dict[int, str] = dict(zip(self._groups_of, held["article_id"].to_pylist(), strict=True))
        self.words: dict[int, bytes] = dict(zip(self._groups_of, held["words"].to_pylist(), strict=True))
        self.wanted = {at for at in self._groups_of if is_wanted[at]}

    def differing(self) -> dict[bytes, str]:
        """The wordings that share a band with another one, each with an article that has it."""
        found: dict[bytes, str] = {}
        for places in self._shared:
            wordings = {self.words[at]: self.ids[at] for at in places}
            if len(wordings) > 1:
                found |= wordings
        return found

    def find_earliest(self, at: int, texts: _Texts) -> int | None:
        """The first that this one is similar to."""
        words, earlier = self.words, self._before(at, self._shared)
        return next((of for of in earlier if texts.similarity(words[of], words[at]) >= THRESHOLD), None)

    def find_later(self, is_similar: Callable[[bytes, bytes], bool]) -> set[str]:
        """The ids of those asked for that come after one not asked for, and are similar to it."""
        words = self.words
        others = [[of for of in places if of not in self.wanted] for places in self._shared]

        def is_reached(at: int) -> bool:
            return any(is_similar(words[of], words[at]) for of in self._before(at, others))

        return {self.ids[at] for at in self.wanted if is_reached(at)}

    def _before(self, at: int, groups: Sequence[Sequence[int]]) -> Iterator[int]:
        """Those that share a band with this one and are published before it, in its window; each once, in order."""
        # Days are in order as the articles are, so the window begins at a place among them.
        start = bisect_left(self._days, self._days[at] - WINDOW_DAYS) if self._days[at] < UNDATED else 0
        own = (groups[group] for group in self._groups_of[at])
        parts = (map(group.__getitem__, range(bisect_left(group, start), bisect_left(group, at))) for group in own)
        return (place for place, _ in groupby(merge(*parts)))


def _digest(signatures: pa.Table) -> pa.Table:
    """Signatures as ROW has them."""
    names = [name for name in ROW.names if name != "bands"]
    parts = []
    for batch in signatures.select([*names, "minhash"]).to_batches(max_chunksize=BATCH_ROWS):
        if not batch.num_rows:  # np.tile gives a read-only array of nothing
            continue
        words = batch["words"].cast(pa.binary(DIGEST_BYTES))
        is_long = pc.greater(pc.binary_length(batch["minhash"]), 0)
        minhash = batch["minhash"].filter(is_long).cast(pa.binary(MINHASH_BYTES))
        # A body too short to be near another shares bands with its like only.
        numbers = np.tile(_fixed(words), MINHASH_BYTES // DIGEST_BYTES)
        numbers[is_long.to_numpy(zero_copy_only=False)] = _fixed(minhash)
        bands = _scramble(numbers.reshape(-1, BANDS, ROWS // 2) @ PRIMES[: ROWS // 2])
        column = pa.FixedSizeBinaryArray.from_buffers(ROW.field("bands").type, len(bands), [None, pa.py_buffer(bands)])
        parts.append(pa.table([*(batch[name] for name in names[:-1]), words, column], ROW))
    return pa.concat_tables(parts) if parts else ROW.empty_table()


def _fixed(column: pa.FixedSizeBinaryArray) -> Hashes:
    """The bytes of a column as numbers, a row each."""
    size = column.type.byte_width // 8
    numbers = np.frombuffer(column.buffers()[1] or b"", "<u8")
    return numbers[column.offset * size : (column.offset + len(column)) * size].reshape(len(column), size)


def _bands(rows: pa.Table) -> Hashes:
    return np.concatenate([np.empty((0, BANDS), np.uint64), *map(_fixed, rows["bands"].chunks)])


def _days(rows: pa.Table) -> NDArray[np.int64]:
    days = rows["published_on"].cast(pa.int32()).cast(pa.int64())
    return np.asarray(pc.fill_null(days, UNDATED))


def _sort(rows: pa.Table) -> pa.Table:
    return rows.take(pc.sort_indices(rows, sort_keys=ORDER)).combine_chunks()


def _between(rows: pa.Table, first: date | None, last: date | None) -> pa.Table:
    """Of rows in order, those of some days."""
    days = _days(rows)
    start = np.searchsorted(days, first.toordinal() - EPOCH, "left") if first else 0
    end = np.searchsorted(days, last.toordinal() - EPOCH, "right") if last else len(days)
    return rows.slice(start, end - start)


def _share_bands(wanted: pa.Table, read: ReadSignatures, before: int, after: int) -> pa.Table:
    """Of the rows within some days of those wanted, all that share a band with one of them, and few others."""
    bits = min(SIEVE_BITS + wanted.num_rows.bit_length(), SIEVE_BITS_MAX)
    shift, columns = np.uint64(64 - bits), np.arange(BANDS)
    sieve = np.zeros((BANDS, 1 << bits), bool)
    sieve[columns, _bands(wanted) >> shift] = True
    kept = [ROW.empty_table()]
    for first, last in _ranges(_days(wanted), before, after):
        tables = read(first, last)
        kept += (table.filter(pa.array(sieve[columns, _bands(table) >> shift].any(axis=1))) for table in tables)
    return pa.concat_tables(kept)


def _ranges(days: NDArray[np.int64], before: int, after: int) -> Iterator[tuple[date | None, date | None]]:
    """The months that reach within some days of those given, and what has no date where it comes after one of them."""
    if before and len(days) and days.max() == UNDATED:
        yield None, None  # all is before what has no date
        return
    # A window of WINDOW_DAYS lies in its first day's month, its last day's and that of a day between.
    reached = np.add.outer(days[days < UNDATED], [-before, (after - before) // 2, after])
    reached = np.clip(reached, date.min.toordinal() - EPOCH, date.max.toordinal() - EPOCH)
    for month in np.unique(reached.astype("datetime64[D]").astype("datetime64[M]")):
        first = month.astype("datetime64[D]").item()
        yield first, first.replace(day=monthrange(first.year, first.month)[1])
    if after and len(days):
        yield date.max, None


def _find_shared_bands(bands: Hashes, is_wanted: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """The places, in order, of the rows that have a band in common with one that is wanted; for each such band."""
    shared: dict[tuple[int, ...], None] = {}  # what has the same words has all bands in common: once will do
    for band in bands.T if len(bands) else ():
        by_value = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.diff(band[by_value], prepend=~band[by_value[:1]]))
        ends = np.append(starts[1:], len(band))
        several = (ends - starts > 1) & np.logical_or.reduceat(is_wanted[by_value], starts)
        for start, end in zip(starts[several], ends[several], strict=True):
            shared[tuple(by_value[start:end].tolist())] = None
    return list(shared)


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


def _jaccard(one: Hashes, other: Hashes) -> float:
    """The Jaccard index of two sets, each sorted and without repeats."""
    at = np.searchsorted(one, other)
    common = np.count_nonzero(one[np.minimum(at, len(one) - 1)] == other)
    return int(common) / (len(one) + len(other) - int(common))
