"""Speed of curating whole articles and of the tagger alone, beside a small spaCy pipeline, in one run.

Usage: python -m benchmarks.tagging [TEXTS] [--processes N] [--runs N] [--spacy-python PYTHON]

TEXTS is a folder of English articles, by default PolNeAR's dev part beside the checkout. Each process has
one thread, and has started and passed over articles before the clock runs; then the candidates take turns, and each
figure is the median of N passes over all articles: by the clock, and by the processor time of the processes, which
others on the machine disturb less. PYTHON is an interpreter that has spaCy, which is no dependency of
the project; without it spaCy is left out. What it runs is ``small_spacy.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pipeline.batches import Task
from pipeline.contract import Article, RawArticle
from pipeline.curate import curate_batch
from pipeline.language.marks import pair_marks
from pipeline.language.reading import find_sentences
from pipeline.language.tagger import load_tagger
from pipeline.normalise import normalise
from pipeline.read import Options, RawFile, RawRecord, find_files, frame_file, read_record

HERE = Path(__file__).resolve().parent
POLNEAR = HERE.parent.parent / "shared" / "corpora" / "polnear" / "dev" / "text"
TOGETHER = 6  # articles that a process takes at a time: few, so that none is long idle at the end of a pass
PIPELINE, TAGGER = "whole pipeline", "tagger alone"
T = TypeVar("T")


class Seconds(NamedTuple):
    """What a pass over all articles took."""

    clock: float
    processor: float  # of all its processes


Pass = Callable[[], Seconds]


def read_records(folder: Path) -> list[RawRecord]:
    """Return the raw records of a folder."""
    files = (file for file in find_files(str(folder), "benchmark") if isinstance(file, RawFile))
    framed = (record for file in files for record in frame_file(file, Options()))
    return [record for record in framed if isinstance(record, RawRecord)]


def read_article(record: RawRecord) -> Article:
    """Return the article of a record; a bad record ends the benchmark."""
    raw = read_record(record, Options())
    assert isinstance(raw, RawArticle), raw
    article = normalise(raw)
    assert isinstance(article, Article), article
    return article


def cut(all_of_them: Sequence[T]) -> list[Sequence[T]]:
    """Cut items into batches of TOGETHER."""
    return [all_of_them[start : start + TOGETHER] for start in range(0, len(all_of_them), TOGETHER)]


def curate(records: Sequence[RawRecord]) -> None:
    """Curate a batch like a worker of ``onrecord curate``."""
    curate_batch(Task(tuple(records), None, Options(), "said"))


def tag(articles: Sequence[Article]) -> None:
    """Run the tagger, with the sentences and quotations that it needs."""
    tagger = load_tagger(1)
    for article in articles:
        quotations = list(pair_marks(article.text, article.segments))
        tagger.tag(article.text, find_sentences(article), article.segments, quotations)


def processor_seconds(work: Callable[[Any], None], batch: object) -> float:
    """Return the processor seconds of one batch."""
    start = time.process_time()
    work(batch)
    return time.process_time() - start


@contextmanager
def in_processes(work: Callable[[Any], None], batches: Sequence[object], processes: int) -> Iterator[Pass]:
    """Yield a function that passes over all batches in processes."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:

        def once() -> Seconds:
            start = time.perf_counter()
            used = sum(pool.map(partial(processor_seconds, work), batches))
            return Seconds(time.perf_counter() - start, used)

        yield once


@contextmanager
def in_spacy(python: str, batches: Sequence[Sequence[str]], processes: int) -> Iterator[Pass]:
    """Yield a function that passes over the texts with ``small_spacy.py``, which times itself."""
    command = [python, str(HERE / "small_spacy.py"), str(processes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as spacy:
        assert spacy.stdin is not None
        assert spacy.stdout is not None
        orders, answers = spacy.stdin, spacy.stdout
        orders.write(json.dumps(batches) + "\n")

        def once() -> Seconds:
            orders.write("again\n")
            return Seconds(*map(float, answers.readline().split()))

        yield once


def in_turns(candidates: Mapping[str, Pass], runs: int) -> dict[str, Seconds]:
    """Return the median of the passes of each candidate, without the first one, which loads files."""
    passes = [[once() for once in candidates.values()] for _ in range(runs + 1)][1:]
    medians = (Seconds(*map(statistics.median, zip(*seconds, strict=True))) for seconds in zip(*passes, strict=True))
    return dict(zip(candidates, medians, strict=True))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="?", type=Path, default=POLNEAR)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--spacy-python", metavar="PYTHON")
    options = parser.parse_args()
    load, records = os.getloadavg()[0], read_records(options.texts)
    articles = [read_article(record) for record in records]
    words = sum(len(article.text.split()) for article in articles)
    print(f"{len(articles)} articles of {words / len(articles):.0f} words, {options.processes} processes of one thread")
    with ExitStack() as stack:
        candidates = {
            PIPELINE: stack.enter_context(in_processes(curate, cut(records), options.processes)),
            TAGGER: stack.enter_context(in_processes(tag, cut(articles), options.processes)),
        }
        if options.spacy_python:
            texts = cut([article.text for article in articles])
            candidates["small spaCy"] = stack.enter_context(in_spacy(options.spacy_python, texts, options.processes))
        seconds = in_turns(candidates, options.runs)
    print(f"{'':20}{'articles/s':>12}{'words/s':>12}{'processor ms an article':>28}")
    for name, took in seconds.items():
        per_article = took.processor / len(articles) * 1000
        print(f"{name:20}{len(articles) / took.clock:>12.1f}{words / took.clock:>12,.0f}{per_article:>28.0f}")
    share = seconds[TAGGER].processor / seconds[PIPELINE].processor
    print(f"the tagger takes {share:.0%} of the whole pipeline's processor time; load before the run {load:.1f}")


if __name__ == "__main__":
    main()
