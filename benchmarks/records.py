"""Speed of reading records that are not pages, on one core, beside the library that parses them.

Usage: python -m benchmarks.records [jsonl] [--records N] [--runs N]

The records are made of the PolNeAR texts where they lie beside the checkout, else of the samples in ``raw/``. Each
figure is the median of N runs, in seconds of processor time, which others on the machine disturb least.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson

from pipeline.contract import RawArticle, RawMetadata, RawRef
from pipeline.read.fields import read_fields
from pipeline.read.jsonl import frame_jsonl
from pipeline.read.records import Options, RawRecord, record_ref

HERE = Path(__file__).resolve().parent.parent
POLNEAR = HERE.parent / "shared" / "corpora" / "polnear" / "train" / "text"
REF, OPTIONS = RawRef("benchmark", "articles.jsonl", "", ""), Options()


def write_records(path: Path, count: int) -> None:
    """Write a dump as news-please writes one."""
    folder = POLNEAR if POLNEAR.is_dir() else HERE / "raw"
    texts = [file.read_text("utf-8") for file in sorted(folder.rglob("*.txt" if folder != POLNEAR else "*"))]
    with path.open("wb") as file:
        for number, text in enumerate(itertools.islice(itertools.cycle(texts), count)):
            record = {
                "authors": ["Mara Oduya", "Tom Reyes"],
                "date_download": "2024-05-07 09:00:00",
                "date_modify": None,
                "date_publish": "2024-05-07 08:30:00",
                "description": "What the harbour said of the ferry.",
                "image_url": "https://harbourpost.example/ferry.jpg",
                "language": "en",
                "maintext": text,
                "source_domain": "harbourpost.example",
                "title": f"The ferry sails again, day {number}",
                "url": f"https://harbourpost.example/2024/05/07/ferry-{number}",
            }
            file.write(orjson.dumps(record) + b"\n")


def load_only(path: Path) -> None:
    """Parse each line with orjson alone, for comparison."""
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def frame_only(path: Path) -> None:
    """Frame the file into records with digests."""
    with path.open("rb") as file:
        for _ in frame_jsonl(REF, file):
            pass


def read_all(path: Path) -> None:
    """Frame the file and read each record as an article."""
    with path.open("rb") as file:
        for record in frame_jsonl(REF, file):
            assert isinstance(record, RawRecord)
            assert isinstance(read_fields(record, OPTIONS), RawArticle)


def over_lines(work: Callable[[bytes], object]) -> Callable[[Path], None]:
    """Do a part of the work alone, on each line."""

    def run(path: Path) -> None:
        with path.open("rb") as file:
            for line in file:
                work(line)

    return run


PARTS: dict[str, Callable[[Path], None]] = {
    "orjson.loads alone": load_only,
    "framing": frame_only,
    "framing and reading": read_all,
    "  of which lines": over_lines(lambda line: None),  # noqa: ARG005
    "  of which digests": over_lines(lambda line: hashlib.sha256(line).hexdigest()),
    "  of which refs and records": over_lines(lambda line: RawRecord(record_ref(REF, 1), "json", line, "jsonl")),
    "  of which metadata objects": over_lines(
        lambda _line: RawMetadata.of("record", url="u", publisher="p", headline="h", published_at="d", language="en")
    ),
    "  of which article objects": over_lines(
        lambda _line: RawArticle(ref=REF, input_format="jsonl", encoding="utf-8", text="text")
    ),
}


def measure(parts: Iterable[Callable[[Path], None]], path: Path, runs: int) -> list[float]:
    """Return the median seconds of each part."""
    rounds = []
    for _ in range(runs):
        seconds = []
        for part in parts:
            start = time.process_time()
            part(path)
            seconds.append(time.process_time() - start)
        rounds.append(seconds)
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def main() -> None:
    """Measure and print a line for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=["jsonl"], default="jsonl")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "articles.jsonl"
        write_records(path, options.records)
        size = path.stat().st_size
        print(f"{options.records:,} records of {size / options.records:,.0f} bytes; median of {options.runs} runs")
        print(f"{'part':30}{'µs/record':>12}{'records/s':>12}{'of orjson':>12}")
        medians = measure(PARTS.values(), path, options.runs)
        for name, seconds in zip(PARTS, medians, strict=True):
            each = seconds / options.records
            print(f"{name:30}{each * 1e6:>12.2f}{1 / each:>12,.0f}{medians[0] / seconds:>12.0%}")


if __name__ == "__main__":
    main()
