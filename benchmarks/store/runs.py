"""Runs of the real program with the stand-in, and the folders that they work on."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.store.articles import Newsroom, link_tree, write_jsonl
from benchmarks.store.measure import Measured, alone, disk
from benchmarks.store.stand_in import with_stand_in
from pipeline.contract import FATES
from pipeline.curate import curate
from pipeline.settings import Settings

SOURCE = "bench"
TIMING = re.compile(r'<tr><td>([^<]+)</td><td class="n">([\d.]+) s</td></tr>')
LARGE_BATCH = 1_000  # records; of a base


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run says of itself."""

    outcome: str
    counts: dict[str, int]
    timings: list[tuple[str, float]]  # from its report

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count)
        timings = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.timings)
        return f"{self.outcome}: {counts}" + (f"\n{'':14}seconds: {timings}" if timings else "")


def run_once(raw: Path, into: Path, workers: int = 1) -> Outcome:
    """Curate RAW by the real program, annotation apart."""
    records = Settings().batch_records if workers == 1 else LARGE_BATCH
    settings = Settings(source=SOURCE, batch_records=records, workers=workers)
    summary = curate(str(raw), into, settings, map_batches=with_stand_in(workers))
    counts = {name: getattr(summary.run, column) for name, column in FATES.items()}
    has_report = summary.outcome == "published" and summary.report is not None
    timings = TIMING.findall(summary.report.read_text("utf-8")) if has_report else []  # type: ignore[union-attr]
    return Outcome(summary.outcome, counts, [(name, float(seconds)) for name, seconds in timings])


@dataclass(frozen=True, slots=True)
class Place:
    """A RAW and the data set that was made of it."""

    folder: Path

    @property
    def raw(self) -> Path:
        """The raw files."""
        return self.folder / "raw"

    @property
    def curated(self) -> Path:
        """The data set."""
        return self.folder / "curated"

    @property
    def version(self) -> Path:
        """The current version."""
        return (self.curated / "current").resolve()

    def linked(self, name: str) -> Place:
        """Return a fresh copy by hard links, beside the original."""
        target = self.folder.with_name(name)
        shutil.rmtree(target, ignore_errors=True)
        return Place(link_tree(self.folder, target))

    def run(self, workers: int = 1) -> Measured[Outcome]:
        """Curate, in a fresh process."""
        return alone(run_once, self.raw, self.curated, workers)

    def add_day(self, newsroom: Newsroom, day: int, recent: int) -> None:
        """Add the file of a day after the base."""
        write_jsonl(self.raw / f"day-{day:02}.jsonl", newsroom.news_of(day, recent))


def build_base(everything: Path, keep: Path, shares: Sequence[float], kept: Sequence[float]) -> Iterator[str]:
    """Curate files into a data set, one share per run, and keep some of the data sets in between.

    What was broken off goes on behind its last run.

    Args:
        everything: the raw files.
        keep: where the data sets lie, called ``at-<percent>``.
        shares: of all files; the last is 1.
        kept: those that remain.
    """
    files = sorted(everything.iterdir())
    base = Place(keep / "base")
    base.raw.mkdir(parents=True, exist_ok=True)
    reached = base.folder / "reached"  # how many files were brought in
    done = int(reached.read_text()) if reached.exists() else 0
    for share in shares:
        upto = round(len(files) * share)
        if upto <= done:
            continue
        for file in files[done:upto]:
            if not (base.raw / file.name).exists():
                os.link(file, base.raw / file.name)
        measured = base.run(workers=2)
        size = disk([base.version])
        yield f"  to {share:4.0%}     {measured} {size / 1e9:6.2f} GB  {measured.result}"
        if share in kept:
            base.linked(f"at-{share:.0%}".rstrip("%"))
        done = upto
        reached.write_text(str(done))
    shutil.rmtree(base.folder)


def place_at(keep: Path, share: float) -> Place:
    """Return the data set as it was at a share of the base."""
    return Place(keep / f"at-{share:.0%}".rstrip("%"))
