"""What the store costs at a million articles: publishing a day, nothing to do, disk, and filters.

Usage: python -m benchmarks.store [base publish growth delta noop disk queries …] [--keep FOLDER] [--articles N] [--files N]

Everything is the program's own but annotation, which ``stand_in`` takes the place of (four quotes, twelve mentions of
six entities an article), in the same process where figures are taken. The articles are put together at random from
sentences of real texts, 200 to 600 words each, spread evenly over sixty months and brought in as JSON Lines in the order
of publication: a base of N articles in ten runs. A day on top of it is a file more, of 1,000 new articles and 100 records
of published articles, collected again with changes: 90 of the last week's and 10 of any day; ``spread`` are the same
100 of any day. Each figure is of a process of its own, with its start and imports, and the peak of its memory.

``base`` must come first, and its folder is used again where ``--keep`` names one: it takes hours at a million articles,
and some 15 GB. ``delta`` needs ``pip install deltalake`` and is no dependency of the project.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.store.articles import CHANGED, PER_DAY, RECENT, Newsroom, write_base, write_singles
from benchmarks.store.measure import alone, disk
from benchmarks.store.queries import SPEAKER_RANK, measure_queries, write_sorted
from benchmarks.store.runs import Place, build_base, place_at
from benchmarks.store.stand_in import entity
from pipeline.curate import compact

HERE = Path(__file__).resolve().parent.parent.parent
NEWSWIRE = HERE.parent / "shared" / "corpora" / "worldwide-newswire" / "original"
GROWTH = (0.1, 0.3, 1.0)
VERSIONS = 30


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the benchmark works, and on how much."""

    keep: Path
    texts: Path
    articles: int
    files: int
    singles: int
    runs: int
    seed: int

    def newsroom(self, share: float = 1.0) -> Newsroom:
        """Return a newsroom for a share of the base."""
        return Newsroom(self.texts, self.articles, self.seed, share)


def base(bench: Bench) -> Iterator[str]:
    """Measure building the base in some runs."""
    everything = bench.keep / "all"
    if not everything.exists():
        write_base(everything, bench.newsroom(), bench.files)
    size = disk([everything])
    yield f"{bench.articles:,} articles in {bench.files:,} JSON Lines files, {size / 1e9:.2f} GB; seed {bench.seed}"
    yield f"  {'run':12}{'time':>9} {'processor':>9} {'memory':>11} {'version':>9}"
    shares = sorted({number / bench.runs for number in range(1, bench.runs + 1)} | set(GROWTH))
    yield from build_base(everything, bench.keep, shares, GROWTH)


def publish(bench: Bench) -> Iterator[str]:
    """Measure publishing a day on top of the base."""
    yield f"{PER_DAY:,} new and {CHANGED} changed articles on top of {bench.articles:,}"
    for name, recent in ((f"{RECENT} recent", RECENT), ("spread", 0)):
        yield _publish_day(bench, 1.0, name, recent)


def growth(bench: Bench) -> Iterator[str]:
    """Measure the same day on bases of several sizes."""
    yield "the same day on a part of the base"
    for share in GROWTH:
        yield _publish_day(bench, share, f"{share:.0%}", RECENT)


def _publish_day(bench: Bench, share: float, name: str, recent: int) -> str:
    trial = place_at(bench.keep, share).linked("trial")
    before = disk([trial.curated])
    trial.add_day(bench.newsroom(share), 1, recent)
    measured = trial.run()
    written = disk([trial.curated]) - before
    shutil.rmtree(trial.folder)
    return f"  {name:12}{measured} {written / 1e6:9.1f} MB written  {measured.result}"


def delta(bench: Bench) -> Iterator[str]:
    """Compare merging the rows of a day into Delta tables with the run that curates and publishes them."""
    from benchmarks.store.delta import bring, write_base, write_fresh

    yield "the same rows in Delta tables by month, beside the whole run"
    whole, tables = place_at(bench.keep, 1.0), bench.keep / "delta"
    if not tables.exists():
        alone(write_base, whole.version, tables)
    for name, recent in ((f"{RECENT} recent", RECENT), ("spread", 0)):
        trial, fresh = whole.linked("trial"), bench.keep / "fresh"
        trial.add_day(bench.newsroom(), 1, recent)
        yield f"  {name:12}{trial.run()}"
        shutil.rmtree(fresh, ignore_errors=True)
        alone(write_fresh, whole.version, trial.version, fresh)
        shutil.rmtree(trial.folder)
        for how, merged in (("delete, append", []), ("MERGE articles", ["articles"])):
            copy = bench.keep / "delta-trial"
            shutil.copytree(tables, copy)
            before = disk([copy])
            measured = alone(bring, copy, fresh, merged)
            parts = ", ".join(f"{table} {seconds:.1f}" for table, seconds in measured.result)
            yield f"  {how:14}{measured} {(disk([copy]) - before) / 1e6:9.1f} MB written  seconds: {parts}"
            shutil.rmtree(copy)
        shutil.rmtree(fresh)


def noop(bench: Bench) -> Iterator[str]:
    """Measure runs without new records."""
    yield "nothing to do"
    trial = place_at(bench.keep, 1.0).linked("trial")
    yield f"  {bench.articles:,} records in {bench.files:,} files {trial.run()}  {trial.run().result}"
    shutil.rmtree(trial.folder)
    single = Place(bench.keep / "single")
    if not single.raw.exists():
        write_singles(single.raw, bench.newsroom(), bench.singles)
    if not single.curated.exists():
        yield f"  first run over single files {single.run(workers=2)}"
    yield f"  {bench.singles:,} single files {single.run()}  {single.run().result}"


def disk_of_versions(bench: Bench) -> Iterator[str]:
    """Compare the disk space of daily versions with one copy of the last, and then compact it."""
    trial = place_at(bench.keep, 1.0).linked("trial")
    versions = [trial.version]
    yield f"{VERSIONS} days on top of the base"
    for day in range(1, VERSIONS + 1):
        trial.add_day(bench.newsroom(), day, RECENT)
        measured = trial.run()
        versions.append(trial.version)
        one, together = disk([trial.version]), disk(path for path in versions if path.exists())
        if day in (1, 10, 20, VERSIONS):
            yield f"  day {day:<3}{measured}  one {one / 1e9:.2f} GB, all {together / 1e9:.2f} GB: {together / one:.2f}×"
    by_table = {path.name: path for path in versions[-1].iterdir() if path.is_dir()}
    for name in sorted(by_table):
        one = disk([versions[-1] / name])
        together = disk(path / name for path in versions if (path / name).exists())
        yield f"    {name:20} one {one / 1e6:9.1f} MB, all {together / 1e6:9.1f} MB: {together / one:.2f}×"
    tidied = alone(compact, trial.curated)
    yield f"  compact {tidied} {tidied.result:,} files fewer; {disk([trial.version]) / 1e9:.2f} GB"
    shutil.rmtree(trial.folder)


def queries(bench: Bench) -> Iterator[str]:
    """Measure filters on quotes."""
    whole, file = place_at(bench.keep, 1.0), bench.keep / "quotes.parquet"
    quotes = whole.version / "quotes"
    if not file.exists():
        alone(write_sorted, quotes, file)
    yield f"quotes: the table {disk([quotes]) / 1e6:.0f} MB, one sorted file {file.stat().st_size / 1e6:.0f} MB"
    yield from alone(measure_queries, whole.curated / "quotes", file, entity(SPEAKER_RANK).name).result


PARTS: dict[str, Callable[[Bench], Iterator[str]]] = {
    "base": base,
    "publish": publish,
    "growth": growth,
    "delta": delta,
    "noop": noop,
    "disk": disk_of_versions,
    "queries": queries,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.store", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: all of {', '.join(PARTS)}")
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--singles", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=10, help="that the base is brought in by")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=Path, default=NEWSWIRE if NEWSWIRE.is_dir() else HERE / "raw")
    parser.add_argument("--keep", type=Path, help="folder of bases, used again; default: a temporary one")
    options = vars(parser.parse_args())
    parts = options.pop("parts") or list(PARTS)
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"unknown part {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as folder:
        options["keep"] = Path(options["keep"] or folder).absolute()
        options["keep"].mkdir(parents=True, exist_ok=True)
        bench = Bench(**options)
        for part in parts:
            for line in PARTS[part](bench):
                print(line, flush=True)


if __name__ == "__main__":
    main()
