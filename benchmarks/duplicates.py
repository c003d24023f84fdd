"""Recall, precision, speed and memory of finding copies, on articles with planted ones; and what a run costs.

Usage: python -m benchmarks.duplicates [--articles N] [--signatures N] [--seed N]

The articles are put together from paragraphs of the texts beside the checkout, each a mixture of its own, and printed
again by other outlets on other days: cut, under another title, with paragraphs in another order, another agency line,
words replaced. What is truly a copy, and of which article, is worked out for all pairs from the shingles themselves: by
an inverted index, without hashing or sampling, which takes two minutes for 20,000 articles.

What a run costs is measured on a store of N signatures over ten years, 2,000 to a file: random ones, the originals of
what comes, and a stub that one in twenty articles is.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import tempfile
import time
import tracemalloc
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contract import Signature, arrow_schema, to_table
from pipeline.duplicates import (
    MINHASH_BYTES,
    NEAR_WORDS,
    STUB_WORDS,
    THRESHOLD,
    UNSPACED,
    WINDOW_DAYS,
    Body,
    Duplicate,
    match_changes,
    sign,
)

CORPORA = Path(__file__).resolve().parent.parent.parent / "shared" / "corpora"
TEXTS = ("polnear/train/text", "worldwide-newswire/original")
START = date(2024, 1, 1)
DAYS = 150
OUTLETS = [f"outlet-{number:02}" for number in range(14)]
AGENCIES = ["Reuters", "AP", "AFP", "dpa", "TASS", "ANSA", "EFE"]
STUBS = ["Photo", "Watch the video above.", "This article is for subscribers only. Log in or subscribe to read on."]
Change = Callable[[list[str], random.Random], list[str]]


@dataclass(frozen=True, slots=True)
class Planted:
    """An article, how it was made, and from which base."""

    body: Body
    kind: str
    base: int


def replace_words(paragraphs: list[str], rng: random.Random) -> list[str]:
    """Replace some words with others of the same text."""
    words = "\n".join(paragraphs).split(" ")
    for index in rng.sample(range(len(words)), min(len(words), rng.randint(1, max(1, len(words) // 20)))):
        words[index] = rng.choice(words)
    return " ".join(words).split("\n")


def shuffle(paragraphs: list[str], rng: random.Random) -> list[str]:
    """Return the paragraphs in another order."""
    return rng.sample(paragraphs, len(paragraphs))


def truncate(paragraphs: list[str], rng: random.Random) -> list[str]:
    """Cut the end, up to two fifths."""
    words = "\n".join(paragraphs).split(" ")
    return " ".join(words[: int(len(words) * rng.uniform(0.6, 0.98))]).split("\n")


def retitle(paragraphs: list[str], rng: random.Random) -> list[str]:
    """Add a title made of words of the text."""
    words = " ".join(paragraphs).split()
    return [" ".join(rng.sample(words, min(len(words), rng.randint(5, 14)))), *paragraphs]


def credit(paragraphs: list[str], rng: random.Random) -> list[str]:
    """Take the agency line off, put another one on, and sign at the end."""
    agency = rng.choice(AGENCIES)
    lead = re.sub(
        r"^.*?\(\w+\) - ", f"{rng.choice(OUTLETS).upper()}, May {rng.randint(1, 31)} ({agency}) - ", paragraphs[0]
    )
    return [lead, *paragraphs[1:], f"(Reporting by {agency} staff; editing by the desk)"]


def respace(paragraphs: list[str], rng: random.Random) -> list[str]:
    """Change white space, case and marks only."""
    return [" ".join(paragraphs).upper().replace(" ", "  ", rng.randint(1, 9)).replace(",", ";")]


def twice(paragraphs: list[str], rng: random.Random) -> list[str]:
    """Change it in two ways."""
    for change in rng.sample([replace_words, shuffle, truncate, retitle, credit], 2):
        paragraphs = change(paragraphs, rng)
    return paragraphs


CHANGES: Mapping[str, Change] = {
    "exact": lambda paragraphs, _: paragraphs,
    "respaced": respace,
    "truncated": truncate,
    "retitled": retitle,
    "shuffled": shuffle,
    "agency line": credit,
    "words replaced": replace_words,
    "two changes": twice,
}
KINDS = ("all", "base", *CHANGES, "stub")


def plant(count: int, seed: int) -> list[Planted]:
    """Return ``count`` articles in random order: bases, their copies, and stubs that unrelated articles share."""
    rng = random.Random(seed)
    pool = read_paragraphs()
    leads = iter(rng.sample(pool, len(pool)))  # each base has a first paragraph of its own
    made: list[Planted] = []
    base = 0
    while len(made) < count:
        base += 1
        day = START + timedelta(rng.randrange(DAYS))
        if rng.random() < 0.02:
            made.append(Planted(body_of(len(made), day, [rng.choice(STUBS)], rng), "stub", base))
            continue
        paragraphs = [next(leads), *rng.sample(pool, rng.choice([0, 1, 3, 5, 7, 9, 11, 15]))]
        paragraphs[0] = (
            f"{rng.choice(OUTLETS).upper()}, May {rng.randint(1, 31)} ({rng.choice(AGENCIES)}) - {paragraphs[0]}"
        )
        made.append(Planted(body_of(len(made), day, paragraphs, rng), "base", base))
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3, 8])):
            kind = rng.choice(list(CHANGES))
            later = day + timedelta(rng.choice([0, 0, 1, 1, 2, 3, 7, 20, 45]))
            made.append(Planted(body_of(len(made), later, CHANGES[kind](paragraphs, rng), rng), kind, base))
    made = made[:count]
    rng.shuffle(made)
    return made


def body_of(number: int, day: date, paragraphs: list[str], rng: random.Random) -> Body:
    """Return an article as a run passes it; one in thirty has no date."""
    path = f"{rng.choice(OUTLETS)}/{number}.txt"
    published_on = None if rng.random() < 1 / 30 else day
    return Body(f"{number:016x}", published_on, path, "\n\n".join(paragraphs), f"Headline {number}")


def read_paragraphs() -> list[str]:
    """Return the distinct paragraphs of 30 to 150 words."""
    texts = (path.read_text("utf-8", "replace") for folder in TEXTS for path in sorted((CORPORA / folder).glob("*")))
    paragraphs = dict.fromkeys(part.strip() for text in texts for part in re.split(r"\n+", text))
    return [part for part in paragraphs if 30 <= len(part.split()) <= 150]


def true_copies(planted: list[Planted]) -> dict[str, tuple[str, float]]:
    """Return the original of each copy by the rule of ``match_changes``, with the similarity."""
    ordered = sorted((p.body for p in planted), key=lambda b: (b.published_on or date.max, b.raw_path, b.article_id))
    found: dict[int, tuple[int, float]] = {}
    for at, similar in enumerate(all_similar(ordered)):
        match = next((other for other in sorted(similar) if in_window(ordered[other], ordered[at])), None)
        while match in found and found[match][0] in similar:
            match = found[match][0]
        if match is not None:
            found[at] = match, similar[match]
    return {ordered[at].article_id: (ordered[of].article_id, value) for at, (of, value) in found.items()}


def in_window(earlier: Body, later: Body) -> bool:
    """Return whether the days of two articles allow that one is a copy of the other."""
    if later.published_on is None or earlier.published_on is None:
        return True
    return (later.published_on - earlier.published_on).days <= WINDOW_DAYS


def all_similar(bodies: list[Body]) -> Iterator[dict[int, float]]:
    """Return for each body the earlier ones with a similarity of at least THRESHOLD."""
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes: list[int] = []
    for at, body in enumerate(bodies):
        text = re.sub(f"([{UNSPACED}])", r" \1 ", unicodedata.normalize("NFKC", body.text).casefold())
        words = re.findall(r"\w+", text)
        shingles = set(zip(words, words[1:], words[2:], strict=False))
        if len(words) < NEAR_WORDS:  # a copy only as a whole, and a stub only under one headline
            shingles = {tuple([*words, body.headline] if len(words) < STUB_WORDS else words)}
        common = Counter(chain.from_iterable(holders[shingle] for shingle in shingles))
        jaccard = {other: n / (len(shingles) + sizes[other] - n) for other, n in common.items()}
        yield {other: value for other, value in jaccard.items() if value >= THRESHOLD}
        sizes.append(len(shingles))
        for shingle in shingles:
            holders[shingle].append(at)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--signatures", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    planted = plant(options.articles, options.seed)
    bodies = {p.body.article_id: p.body for p in planted}
    words = sum(len(body.text.split()) for body in bodies.values())
    print(f"{len(planted):,} articles of {words / len(planted):.0f} words, seed {options.seed}")
    for line in speed_and_memory(bodies):
        print(line)
    found = match_all([sign(body) for body in bodies.values()], bodies)
    for line in accuracy(planted, found):
        print(line)
    with tempfile.TemporaryDirectory() as folder:
        for line in cost_of_runs(Path(folder), options.signatures, options.seed):
            print(line)


def match_all(signatures: Sequence[Signature], bodies: Mapping[str, Body]) -> dict[str, Duplicate]:
    """Return the copies among articles of one run."""
    come = to_table(Signature, signatures)
    found = match_changes(come, come.slice(0, 0), lambda *_: (), lambda ids: map(bodies.__getitem__, ids))
    return {article_id: copy for article_id, copy in found.items() if copy}


def speed_and_memory(bodies: Mapping[str, Body]) -> Iterator[str]:
    """Measure the processor time of all threads, and in a second pass the memory."""
    times = [time.process_time()]
    signatures = [sign(body) for body in bodies.values()]
    times.append(time.process_time())
    match_all(signatures, bodies)
    times.append(time.process_time())
    signing, matching = ((end - start) / len(bodies) * 1000 for start, end in pairwise(times))
    yield f"{signing + matching:.3f} ms of CPU an article: signing {signing:.3f}, matching {matching:.3f}"
    tracemalloc.start()
    signatures = [sign(body) for body in bodies.values()]
    kept, _ = tracemalloc.get_traced_memory()
    match_all(signatures, bodies)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield f"{kept / len(bodies):.0f} bytes an article kept in signatures, {peak / len(bodies):.0f} at the peak of matching"


def cost_of_runs(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Measure time and memory of matching the changes of some runs in a store of signatures."""
    rng = random.Random(seed)
    end = date(2033, 12, 28)
    kept = [prose(f"{number:016x}", end - timedelta(rng.randrange(60)), rng) for number in range(300)]
    new = [replace(body, article_id=f"n{body.article_id[1:]}", published_on=end) for body in kept]
    edited = [replace(body, text=body.text[:-40]) for body in new[:100]]
    other = [prose(f"o{number:015x}", end - timedelta(rng.randrange(60)), rng) for number in range(700)]
    stub = Body("s" * 16, end, "z.txt", "Photo", "The picture of the day")
    first = fill_store(folder, count, kept, sign(stub))
    runs: dict[str, tuple[list[Body], pa.Table]] = {
        "1,000 new in two months": ([*edited, *new[100:], *other], first.slice(0, 0)),
        "one new stub": ([stub], first.slice(0, 0)),
        "one new without a date": ([replace(new[0], published_on=None)], first.slice(0, 0)),
        "the first stub taken out": ([], first),
    }
    yield f"{count:,} signatures in {sum(1 for _ in folder.glob('*/*'))} files"
    for name, (come, gone) in runs.items():
        bodies = {body.article_id: body for body in (*kept, *come)}
        reads: list[int] = []
        began = time.perf_counter()

        def read(first: date | None, last: date | None, reads: list[int] = reads) -> Iterator[pa.Table]:
            for month in sorted(folder.iterdir()):
                if (not first or month.name >= f"{first:%Y-%m}") and (not last or month.name <= f"{last:%Y-%m}"):
                    reads.append(1)
                    yield from map(pq.read_table, sorted(month.iterdir()))

        def bodies_of(ids: Set[str], bodies: Mapping[str, Body] = bodies) -> Iterable[Body]:
            return map(bodies.__getitem__, ids)

        found = match_changes(to_table(Signature, [sign(body) for body in come]), gone, read, bodies_of)
        spent, peak = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        copies = sum(copy is not None for copy in found.values())
        yield f"{name:26}{spent:6.1f} s, {len(reads)} months read, {len(found):,} answers, {copies:,} copies, {peak:,} MiB so far"


def prose(article_id: str, day: date, rng: random.Random) -> Body:
    """Return an article of random words."""
    return Body(article_id, day, "a.txt", " ".join(f"word{rng.randrange(20_000)}" for _ in range(400)), "Headline")


def fill_store(folder: Path, count: int, kept: Sequence[Body], stub: Signature) -> pa.Table:
    """Write signatures as a store has them, month by month; give that of the first stub."""
    generator = np.random.default_rng(1)
    months, first = 120, arrow_schema(Signature).empty_table()
    for month in range(months):
        rows = [sign(body) for body in kept if body.published_on and f"{body.published_on:%Y-%m}" == month_of(month)]
        for number in range(count // months):
            article_id, day = f"{month:04x}{number:012x}", date.fromisoformat(f"{month_of(month)}-{1 + number % 28:02}")
            words, minhash = (
                (stub.words, b"") if number % 20 == 0 else (generator.bytes(16), generator.bytes(MINHASH_BYTES))
            )
            rows.append(Signature(article_id, day, None, f"{month_of(month)}/{number}.txt", words, minhash))
        table = to_table(Signature, rows).sort_by("article_id")
        (folder / month_of(month)).mkdir()
        for start in range(0, len(table), 2_000):
            pq.write_table(
                table.slice(start, 2_000), folder / month_of(month) / f"part-{start}.parquet", compression="zstd"
            )
        if not month:
            is_first = [row == f"{0:016x}" for row in table["article_id"].to_pylist()]
            first = table.filter(pa.array(is_first))
    return first


def month_of(number: int) -> str:
    """Return the name of the month that follows January 2024 by ``number``."""
    return f"{2024 + number // 12}-{number % 12 + 1:02}"


def accuracy(planted: list[Planted], found: Mapping[str, Duplicate]) -> Iterator[str]:
    """Return recall and precision of "is a copy" and of "is a copy of this original", in all and by kind."""
    true = true_copies(planted)
    base_of = {p.body.article_id: p.base for p in planted}
    strange = sum(base_of[copy] != base_of[of] for copy, (of, _) in true.items())
    below = sum(1 for copy in found.values() if copy.similarity < THRESHOLD)
    wrong = sum(
        copy.similarity != round(true[article_id][1], 4)
        for article_id, copy in found.items()
        if article_id in true and true[article_id][0] == copy.duplicate_of
    )
    chained = sum(copy.duplicate_of in found for copy in found.values())
    yield f"{strange} true copies of another base; {below} found below {THRESHOLD}; {wrong} similarities wrong"
    yield f"{chained} of {len(found):,} copies name an article that is a copy itself"
    yield f"{'kind':16}{'articles':>9}{'copies':>8}{'found':>8}{'recall':>8}{'precision':>11}{'of which: recall':>18}{'precision':>11}"
    groups = {kind: {p.body.article_id for p in planted if kind in ("all", p.kind)} for kind in KINDS}
    groups["up to .85"] = {article_id for article_id, (_, similarity) in true.items() if similarity < 0.85}
    for kind, ids in groups.items():
        copies, hits = ids & true.keys(), ids & found.keys()
        both = copies & hits
        right = {article_id for article_id in both if true[article_id][0] == found[article_id].duplicate_of}
        shares = [share(both, copies), share(both, hits), share(right, copies), share(right, hits)]
        yield f"{kind:16}{len(ids):>9}{len(copies):>8}{len(hits):>8}{shares[0]:>8}{shares[1]:>11}{shares[2]:>18}{shares[3]:>11}"


def share(part: set[str], whole: set[str]) -> str:
    """Return the share of one set in another, rounded to four digits."""
    return f"{len(part) / len(whole):.4f}" if whole else "-"


if __name__ == "__main__":
    main()
