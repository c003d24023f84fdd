"""Find articles with the same body: reprints and syndicated copy.

``sign`` reduces a body to a signature of some 650 bytes. ``match_changes`` finds candidates by MinHash among the
signatures, reads the texts of the candidates alone, and decides by their exact Jaccard index. It compares only the
articles that a run adds, changes or removes with those near them in time. ``find_duplicates`` does the same for bodies
in memory.

Case, punctuation and white space of a text do not count. Nothing here depends on the order of the articles, on Python's
``hash`` or on the machine, so splitting the input into runs changes nothing.
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

# Two bodies with this Jaccard index of their three-word shingles are one text. In 500 words it allows some 18 edited
# words, or a fifth of the text cut. Two reports of one event reach .1 at most.
THRESHOLD = 0.8
SHINGLE_WORDS = 3
# Copies appear within days, and in weeklies and monthlies within a month. A text that returns later (the same advice
# each winter) counts as new. Each reprint starts a new window, so a text in circulation stays one group.
WINDOW_DAYS = 30
# One word replaced inside n words changes 3 of n - 2 shingles and leaves a Jaccard index of (n - 5) / (n + 1). Below 30
# words that is less than .8, so a similar text there is a filled-in form (a score, a rate), not an edited copy.
NEAR_WORDS = 30
# A shorter body may be a stub that unrelated articles share ("Photo", "Log in to read on"). It is a copy only if the
# headline is the same too.
STUB_WORDS = 20
# MinHash in B bands of R rows finds a pair of similarity s with probability 1 - (1 - s^R)^B. For 20 bands of 6 rows
# that is .9977 at s = .8 and .9999 at .85; of false candidates, .27 at .5 and .001 at .2. For 16 bands of 4 rows it is
# .9998 at .8, but .64 at .5 and .025 at .2, which means many more texts to read.
BANDS = 20
ROWS = 6
SEED = 42
DIGEST_BYTES = 16
MINHASH_BYTES = BANDS * ROWS * 4
# In scripts without spaces each character counts as a word.
UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
ASCII_WORD = re.compile(r"\w+", re.ASCII)
# Odd constants of random bits (those of xxHash and SplitMix64), for multiplicative hashing.
PRIMES = np.array([0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
MULTIPLIER = np.uint64(0xBF58476D1CE4E5B9)

# A signature with its bands, as numbers, instead of its MinHash.
DIGESTED = pa.schema(
    [
        *(arrow_schema(Signature).field(name) for name in ("article_id", "published_on", "published_at", "raw_path")),
        pa.field("words", pa.binary(DIGEST_BYTES)),
        pa.field("bands", pa.binary(BANDS * 8)),
    ]
)
BATCH_ROWS = 1 << 16
# Earlier means by day of publication, then by instant, then by path and id; an article without a date is last.
ORDER = [(name, "ascending") for name in ("published_on", "published_at", "raw_path", "article_id")]
UNDATED = 1 << 40  # as a day, later than all others
CACHED_MONTHS = 4  # of signatures: enough for a window and the one before it
EPOCH = date(1970, 1, 1).toordinal()
# Rows are filtered by the first bits of their bands. With this many bits more than it takes to number the wanted bands,
# one in a thousand other bands passes, as long as the filter takes no more than 80 MiB.
FILTER_BITS = 10
FILTER_BITS_MAX = 22

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Body:
    """The part of an article that finds its copies."""

    article_id: str
    published_on: date | None  # also None if only the month or year is known, which does not order articles
    raw_path: str
    text: str  # without headline and byline, which often differ between copies
    headline: str | None = None  # distinguishes stubs
    published_at: datetime | None = None  # orders articles within a day


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The earlier article that an article repeats."""

    duplicate_of: str
    kind: DuplicateKind
    similarity: float  # with the body of ``duplicate_of``: exact Jaccard index, rounded to four digits


ReadBodies = Callable[[Set[str]], Iterable[Body]]
ReadSignatures = Callable[[date | None, date | None], Iterable[pa.Table]]


def find_duplicates(bodies: Iterable[Body]) -> dict[str, Duplicate]:
    """Return the duplicates among some bodies in memory, by article_id."""
    by_id = {body.article_id: body for body in bodies}
    added = to_table(Signature, [sign(body) for body in by_id.values()])
    found = match_changes(
        added, added.slice(0, 0), lambda *_: (), lambda article_ids: (by_id[article_id] for article_id in article_ids)
    )
    return {article_id: copy for article_id, copy in found.items() if copy}


def sign(body: Body) -> Signature:
    """Return the signature of a body."""
    words = _split(body.text)
    whole = "\x1f".join(words)
    if len(words) < STUB_WORDS:
        whole += "\x1e" + "\x1f".join(_split(body.headline or ""))
    digest = hashlib.blake2b(whole.encode(), digest_size=DIGEST_BYTES).digest()
    minhash = _minhash(_shingle(words)) if len(words) >= NEAR_WORDS else b""
    return Signature(body.article_id, body.published_on, body.published_at, body.raw_path, digest, minhash)


def match_changes(
    added: pa.Table, removed: pa.Table, read_signatures: ReadSignatures, read_bodies: ReadBodies
) -> dict[str, Duplicate | None]:
    """Return the earlier article that each article repeats, or None, by article_id, wherever a run may have changed it.

    An article is a copy if an earlier one, published at most WINDOW_DAYS before, has the same words ("exact") or a
    Jaccard index of at least THRESHOLD ("near"). Earlier means by day of publication, then by instant, then by path and
    id. An article without a date is later than all others and compared with all of them.

    ``duplicate_of`` is the earliest such article, or the article that this repeats, and so on, as long as the similarity
    is at least THRESHOLD. So copies in many outlets all name the first, however long they continue, and each row is true
    by itself: it names an earlier and similar article. Only if a text drifts from copy to copy does ``duplicate_of``
    name an article that is itself a copy, the last one before the drift.

    An article that is not in the result keeps its row. All rows together equal those of matching all articles at once.

    Args:
        added: signatures of new and changed articles.
        removed: the earlier signatures of changed or removed articles.
        read_signatures: returns the earlier signatures of articles from a first to a last day; None means no bound, and
            an article without a date is later than any. It may return others too. Called once for each month.
        read_bodies: returns the bodies of some added or unchanged articles, in any order. Called often.
    """
    texts = _Texts(read_bodies)
    new, old = _sort(_digest(added)), _digest(removed)
    touched = pa.concat_tables([new, old])["article_id"].combine_chunks()

    def read(first: date | None, last: date | None) -> Iterator[pa.Table]:
        for table in read_signatures(first, last):
            yield _digest(table.filter(pc.invert(pc.is_in(table["article_id"], touched))))

    @lru_cache(CACHED_MONTHS)
    def read_month(first: date, last: date) -> list[pa.Table]:
        return list(read(first, last))

    def read_unchanged(first: date | None, last: date | None) -> Iterable[pa.Table]:
        return read_month(first, last) if first and last else read(first, last)

    def read_all(first: date | None, last: date | None) -> Iterator[pa.Table]:
        yield _select_days(new, first, last)
        yield from read_unchanged(first, last)

    affected = _find_affected(new, old, read_unchanged, texts)
    earliest, words = _find_earliest(affected, read_all, texts)
    return _choose_originals(affected["article_id"].to_pylist(), earliest, words, texts)


def _find_earliest(
    needed: pa.Table, read: ReadSignatures, texts: _Texts
) -> tuple[dict[str, str | None], dict[str, bytes]]:
    """Return the earliest article that each article repeats, the earliest that this repeats, and so on.

    Returns:
        By article_id: the earliest article, or None; and the digests of the words of all of these.
    """
    words: dict[str, bytes] = {}
    earliest: dict[str, str | None] = dict.fromkeys(needed["article_id"].to_pylist())
    while needed.num_rows:
        candidates = _Candidates(_share_bands(needed, read, WINDOW_DAYS, 0), needed)
        texts.read(candidates.differing())
        ids = candidates.ids
        matches = {
            row: match for row in candidates.wanted if (match := candidates.find_earliest(row, texts)) is not None
        }
        words |= {ids[row]: candidates.words[row] for pair in matches.items() for row in pair}
        earliest |= {ids[row]: ids[match] for row, match in matches.items()}
        further = {ids[match]: match for match in matches.values() if ids[match] not in earliest}
        earliest |= dict.fromkeys(further)
        needed = candidates.rows.take(pa.array(further.values(), pa.int64()))
    return earliest, words


def _choose_originals(
    article_ids: Sequence[str], earliest: Mapping[str, str | None], words: Mapping[str, bytes], texts: _Texts
) -> dict[str, Duplicate | None]:
    """Return the duplicate of each article: follow the earliest articles back as long as they are similar to it."""
    first: dict[str, str] = {}
    duplicates: dict[str, Duplicate | None] = {}
    for article_id in article_ids:
        chain = [article_id]
        while chain[-1] not in first and (match := earliest[chain[-1]]) is not None:
            chain.append(match)
        for link, match in zip(chain[-2::-1], chain[:0:-1], strict=True):
            while match in first and texts.similarity(words[first[match]], words[link]) >= THRESHOLD:
                match = first[match]
            first[link] = match
        duplicates[article_id] = None
        if original := first.get(article_id):
            kind: DuplicateKind = "exact" if words[original] == words[article_id] else "near"
            similarity = texts.similarity(words[original], words[article_id])
            duplicates[article_id] = Duplicate(original, kind, round(similarity, 4))
    return duplicates


def _find_affected(new: pa.Table, old: pa.Table, read: ReadSignatures, texts: _Texts) -> pa.Table:
    """Return the new articles, and the unchanged ones whose duplicate may have changed.

    The duplicate of an article depends on earlier similar articles within the window, and on their duplicates. So
    changes spread only forward, from article to similar article. The text of a removed article cannot be read any more,
    so it counts as similar to all that share a band with it.
    """
    affected = new
    while True:
        later = _share_bands(pa.concat_tables([new, old]), read, 0, WINDOW_DAYS)
        later = later.filter(pc.invert(pc.is_in(later["article_id"], affected["article_id"].combine_chunks())))
        if not later.num_rows:
            return affected
        after_old = _Candidates(pa.concat_tables([old, later]), later)
        after_new = _Candidates(pa.concat_tables([new, later]), later)
        texts.read(after_new.differing())
        reached = after_old.find_later(lambda *_: True)
        reached |= after_new.find_later(lambda first, second: texts.similarity(first, second) >= THRESHOLD)
        new = after_new.rows.filter(pc.is_in(after_new.rows["article_id"], pa.array(reached, pa.string())))
        old = old.slice(0, 0)
        affected = pa.concat_tables([affected, new])


class _Texts:
    """The shingles of texts, by the digest of their words; equal texts are read once."""

    def __init__(self, read_bodies: ReadBodies) -> None:
        self._read_bodies = read_bodies
        self._shingles: dict[bytes, Hashes] = {}

    def read(self, wanted: Mapping[bytes, str]) -> None:
        """Read the texts that are not known yet, by an article_id for each digest."""
        words_of = {article_id: words for words, article_id in wanted.items() if words not in self._shingles}
        if words_of:
            for body in self._read_bodies(words_of.keys()):
                self._shingles[words_of[body.article_id]] = np.unique(_shingle(_split(body.text)))

    def similarity(self, first: bytes, second: bytes) -> float:
        """Return the Jaccard index of two texts, by their digests."""
        return 1.0 if first == second else _jaccard(self._shingles[first], self._shingles[second])


class _Candidates:
    """Articles in order, and which of them share bands with the wanted ones.

    Articles are numbered by their row in that order.

    Attributes:
        rows: all articles.
        wanted: the rows of the wanted articles that share a band with another one.
        ids: article_id by row, of the articles that share a band with a wanted one.
        words: the digest of their words, by row.
    """

    def __init__(self, rows: pa.Table, wanted: pa.Table) -> None:
        rows = _sort(rows)
        is_first = np.ones(rows.num_rows, bool)
        is_first[1:] = pc.not_equal(rows["article_id"][1:], rows["article_id"][:-1]).to_numpy()
        self.rows = rows.filter(pa.array(is_first))
        is_wanted = pc.is_in(self.rows["article_id"], wanted["article_id"].combine_chunks()).to_numpy()
        self._days: list[int] = _days(self.rows).tolist()
        self._groups = _group_by_band(_bands(self.rows), is_wanted)
        self._groups_of: dict[int, list[int]] = defaultdict(list)
        for number, group in enumerate(self._groups):
            for row in group:
                self._groups_of[row].append(number)
        sharing = self.rows.take(pa.array(self._groups_of, pa.int64()))
        self.ids: dict[int, str] = dict(zip(self._groups_of, sharing["article_id"].to_pylist(), strict=True))
        self.words: dict[int, bytes] = dict(zip(self._groups_of, sharing["words"].to_pylist(), strict=True))
        self.wanted = {row for row in self._groups_of if is_wanted[row]}

    def differing(self) -> dict[bytes, str]:
        """Return the texts that share a band with another text: an article_id for each digest."""
        found: dict[bytes, str] = {}
        for group in self._groups:
            texts = {self.words[row]: self.ids[row] for row in group}
            if len(texts) > 1:
                found |= texts
        return found

    def find_earliest(self, row: int, texts: _Texts) -> int | None:
        """Return the first article before this one that is similar to it."""
        words, earlier = self.words, self._find_earlier(row, self._groups)
        return next((other for other in earlier if texts.similarity(words[other], words[row]) >= THRESHOLD), None)

    def find_later(self, is_similar: Callable[[bytes, bytes], bool]) -> set[str]:
        """Return the article_id of each wanted article that follows a similar one that is not wanted."""
        words = self.words
        others = [[row for row in group if row not in self.wanted] for group in self._groups]

        def is_reached(row: int) -> bool:
            return any(is_similar(words[other], words[row]) for other in self._find_earlier(row, others))

        return {self.ids[row] for row in self.wanted if is_reached(row)}

    def _find_earlier(self, row: int, groups: Sequence[Sequence[int]]) -> Iterator[int]:
        """Yield the articles of a row's groups that are earlier and within its window, each once, in order."""
        # Days are sorted like the rows, so the window begins at a row.
        start = bisect_left(self._days, self._days[row] - WINDOW_DAYS) if self._days[row] < UNDATED else 0
        own = (groups[number] for number in self._groups_of[row])
        parts = (map(group.__getitem__, range(bisect_left(group, start), bisect_left(group, row))) for group in own)
        return (earlier for earlier, _ in groupby(merge(*parts)))


def _digest(signatures: pa.Table) -> pa.Table:
    """Return signatures in the schema DIGESTED."""
    names = [name for name in DIGESTED.names if name != "bands"]
    parts = []
    for batch in signatures.select([*names, "minhash"]).to_batches(max_chunksize=BATCH_ROWS):
        if not batch.num_rows:  # np.tile would return a read-only array
            continue
        words = batch["words"].cast(pa.binary(DIGEST_BYTES))
        is_long = pc.greater(pc.binary_length(batch["minhash"]), 0)
        minhash = batch["minhash"].filter(is_long).cast(pa.binary(MINHASH_BYTES))
        # A body too short for "near" shares bands only with equal ones.
        numbers = np.tile(_fixed(words), MINHASH_BYTES // DIGEST_BYTES)
        numbers[is_long.to_numpy(zero_copy_only=False)] = _fixed(minhash)
        bands = _scramble(numbers.reshape(-1, BANDS, ROWS // 2) @ PRIMES[: ROWS // 2])
        column = pa.FixedSizeBinaryArray.from_buffers(
            DIGESTED.field("bands").type, len(bands), [None, pa.py_buffer(bands)]
        )
        parts.append(pa.table([*(batch[name] for name in names[:-1]), words, column], DIGESTED))
    return pa.concat_tables(parts) if parts else DIGESTED.empty_table()


def _fixed(column: pa.FixedSizeBinaryArray) -> Hashes:
    """Return the bytes of a column as numbers, one row for each value."""
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


def _select_days(rows: pa.Table, first: date | None, last: date | None) -> pa.Table:
    """Return the part of sorted rows from a first to a last day."""
    days = _days(rows)
    start = np.searchsorted(days, first.toordinal() - EPOCH, "left") if first else 0
    end = np.searchsorted(days, last.toordinal() - EPOCH, "right") if last else len(days)
    return rows.slice(start, end - start)


def _share_bands(wanted: pa.Table, read: ReadSignatures, before: int, after: int) -> pa.Table:
    """Return the rows within some days of the wanted ones that share a band with one of them, and a few others."""
    bits = min(FILTER_BITS + wanted.num_rows.bit_length(), FILTER_BITS_MAX)
    shift, columns = np.uint64(64 - bits), np.arange(BANDS)
    passing = np.zeros((BANDS, 1 << bits), bool)
    passing[columns, _bands(wanted) >> shift] = True
    kept = [DIGESTED.empty_table()]
    for first, last in _ranges(_days(wanted), before, after):
        tables = read(first, last)
        kept += (table.filter(pa.array(passing[columns, _bands(table) >> shift].any(axis=1))) for table in tables)
    return pa.concat_tables(kept)


def _ranges(days: NDArray[np.int64], before: int, after: int) -> Iterator[tuple[date | None, date | None]]:
    """Yield the months with days near the given ones, and the range of articles without a date if it may follow."""
    if before and len(days) and days.max() == UNDATED:
        yield None, None  # an article without a date is later than all others
        return
    # A window of WINDOW_DAYS is inside the months of its first, its middle and its last day.
    reached = np.add.outer(days[days < UNDATED], [-before, (after - before) // 2, after])
    reached = np.clip(reached, date.min.toordinal() - EPOCH, date.max.toordinal() - EPOCH)
    for month in np.unique(reached.astype("datetime64[D]").astype("datetime64[M]")):
        first = month.astype("datetime64[D]").item()
        yield first, first.replace(day=monthrange(first.year, first.month)[1])
    if after and len(days):
        yield date.max, None


def _group_by_band(bands: Hashes, is_wanted: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """Return the groups of rows, sorted, that have a band in common with a wanted one; equal groups once."""
    groups: dict[tuple[int, ...], None] = {}
    for band in bands.T if len(bands) else ():
        by_value = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.diff(band[by_value], prepend=~band[by_value[:1]]))
        ends = np.append(starts[1:], len(band))
        several = (ends - starts > 1) & np.logical_or.reduceat(is_wanted[by_value], starts)
        for start, end in zip(starts[several], ends[several], strict=True):
            groups[tuple(by_value[start:end].tolist())] = None
    return list(groups)


def _split(text: str) -> list[str]:
    if text.isascii():
        return ASCII_WORD.findall(text.lower())
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _shingle(words: Sequence[str]) -> Hashes:
    """Return a number for each run of SHINGLE_WORDS words, in their order."""
    (hashes,) = RMinHash.hash_token_sets([words])
    return _scramble(np.convolve(np.array(hashes, np.uint64), PRIMES[:SHINGLE_WORDS], "valid"))


def _scramble(numbers: Hashes) -> Hashes:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * MULTIPLIER
    return numbers ^ (numbers >> np.uint64(27))


def _minhash(shingles: Hashes) -> bytes:
    ends = np.array([0, len(shingles)], np.uint64)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(shingles, ends, BANDS * ROWS, SEED)
    return np.array(matrix.to_rows()[0], "<u4").tobytes()


def _jaccard(first: Hashes, second: Hashes) -> float:
    """Return the Jaccard index of two sorted sets."""
    places = np.searchsorted(first, second)
    common = np.count_nonzero(first[np.minimum(places, len(first) - 1)] == second)
    return int(common) / (len(first) + len(second) - int(common))
