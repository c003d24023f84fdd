"""What a knowledge base of many rows costs: python -m benchmarks.knowledge_base [ROWS]."""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import orjson

from pipeline.entities.knowledge import build_knowledge
from pipeline.lexicon.gazetteer import fold_name

LOOK_UPS = 1_000
SYLLABLES = "ba ced dor el fen gar hol ind jor kel lum mar nes orr pel quin rad sel tor und vel wex yar zin".split()


def write_file(file: Path, count: int) -> None:
    """Write rows of invented people and bodies, each with two other names."""
    draw = random.Random(7)
    with file.open("wb") as out:
        for number in range(count):
            first, last = ("".join(draw.choices(SYLLABLES, k=3)).title() for _ in range(2))
            row = {
                "id": f"E{number}",
                "name": f"{first} {last}",
                "aliases": [f"{first[0]}. {last}", f"{last} {number}"],
                "type": draw.choice(("person", "organisation")),
                "description": f"somebody of {last} who leads the harbour board",
                "popularity": draw.randrange(100_000),
            }
            out.write(orjson.dumps(row) + b"\n")


def main(count: int) -> None:
    """Build the index of a file of so many rows, look names up, and print what that took."""
    fold_name("")  # imported before memory is counted
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "many.jsonl"
        write_file(file, count)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, spent = time.perf_counter(), time.process_time()
        knowledge = build_knowledge(file, Path(folder))
        took, spent = time.perf_counter() - start, time.process_time() - spent
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"{count:,} rows of {file.stat().st_size / 1e6:,.0f} MB: {took:,.0f} s ({spent:,.0f} s of a processor)")
        print(
            f"memory beside what was there: {grown / 1e3:,.0f} MB; index: {knowledge.index.stat().st_size / 1e6:,.0f} MB"
        )
        with file.open("rb") as lines:
            names = [orjson.loads(line)["name"] for line in islice(lines, LOOK_UPS)]
        start = time.perf_counter()
        found = sum(bool(knowledge.candidates(name)) for name in names)
        print(f"a look-up: {(time.perf_counter() - start) / LOOK_UPS * 1000:.3f} ms ({found} of {LOOK_UPS} found)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
