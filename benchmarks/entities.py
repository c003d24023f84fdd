"""Time and memory of counting entities part by part, and of adding up the counts, for a data set as large as wanted.

Usage: python -m benchmarks.entities [--parts N] [--changed N] [--seed N]

The rows of article_entities are drawn: names of a long-tailed distribution, as names in the news are, 20 an article, a
tenth of the articles copies, 2,000 articles a part. The counts of each part are written and read as in a data
set. Then all entities are added up, and those that some changed articles name, as a run does. Memory is the peak of the
whole process, after each step.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import ArticleEntity, arrow_schema
from pipeline.entities import count_entities, sum_entities

PER_ARTICLE = 20
PER_PART = 2_000
START = date(2020, 1, 1)
COPIES = 0.1
LONG_TAIL = 1 << 22  # entities there are
KINDS = np.array(["PERSON", "ORG", "GPE", "LOC"])


def digits(numbers: np.ndarray) -> pa.Array:
    """Return sixteen hex digits for each number, spread like a hash."""
    scattered = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) % np.uint64(10**16)
    return pc.utf8_lpad(pa.array(scattered).cast(pa.string()), 16, "0")


def draw_part(part: int, rng: np.random.Generator) -> pa.Table:
    """Return random rows for some articles."""
    rows = PER_PART * PER_ARTICLE
    articles = np.arange(rows) // PER_ARTICLE + part * PER_PART
    entities = rng.zipf(1.15, rows) % LONG_TAIL
    surnames = pc.binary_join_element_wise("Surname", pa.array(entities).cast(pa.string()), "")
    has_alias = rng.random(rows) < 0.5
    none = pa.array([None] * rows, pa.string())
    columns: dict[str, pa.Array] = {
        "article_id": digits(articles),
        "published_on": pa.array([START + timedelta(part)] * rows, pa.date32()),
        "entity_id": digits(entities),
        "entity_name": pc.binary_join_element_wise("Name", surnames, " "),
        "entity_type": pa.array(KINDS[entities % 4]),
        "link_source": none,
        "link_id": none,
        "link_confidence": none.cast(pa.float64()),
        "aliases": pa.ListArray.from_arrays(
            pa.array(np.concatenate([[0], np.cumsum(has_alias)]).astype(np.int32)), surnames.filter(pa.array(has_alias))
        ),
        "mention_count": pa.array(rng.integers(1, 9, rows)),
        "name_count": pa.array(rng.integers(1, 3, rows)),
        "quote_count": pa.array(rng.integers(0, 2, rows)),
        "first_char": pa.array(rng.integers(0, 5000, rows)),
        "is_in_headline": pa.array(rng.random(rows) < COPIES),
        "salience": pa.array(rng.random(rows)),
    }
    return pa.table(columns).cast(arrow_schema(ArticleEntity))


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Print how long something took, and the most memory that this process has had."""
    start, processor = time.perf_counter(), time.process_time()
    yield
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {seconds:.2f} s ({processor:.2f} s of processor time); {peak:.0f} MB at the peak")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=500)
    parser.add_argument("--changed", type=int, default=1_100, help="articles whose entities are added up again")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    rows = pa.table({})
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{part}.parquet" for part in range(options.parts)]
        with measured(f"{options.parts} parts of {PER_PART:,} articles drawn, counted and written"):
            for part, path in enumerate(paths):
                rows = draw_part(part, rng)
                articles = pc.unique(rows["article_id"])
                counts = count_entities(rows, articles.filter(pa.array(rng.random(len(articles)) < COPIES)))
                pq.write_table(counts, path, compression="zstd")
        with measured(f"one part of {rows.num_rows:,} rows counted"):
            counts = count_entities(rows, pa.array([], pa.string()))
        touched = pc.unique(rows["entity_id"].slice(0, options.changed * PER_ARTICLE))
        with measured(f"{len(touched):,} entities added up over parts of some {counts.num_rows:,} rows"):
            waiting = (pq.read_table(path) for path in paths)
            entities = sum_entities(part.filter(pc.is_in(part["entity_id"], touched)) for part in waiting)
        with measured("of this, reading alone"):
            for path in paths:
                pq.read_table(path)
        assert entities.num_rows == len(touched)
        with measured("all entities added up"):
            entities = sum_entities(pq.read_table(path) for path in paths)
        print(f"{entities.num_rows:,} entities, named by {options.parts * PER_PART:,} articles")


if __name__ == "__main__":
    main()
