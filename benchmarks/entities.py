"""Time and memory of counting a data set's entities, on rows of article_entities as many as wanted.

Usage: python benchmarks/entities.py [--rows N] [--months N] [--seed N]

The rows are drawn: names of a long-tailed distribution, as names in the news are, 20 an article, a tenth of the articles
copies. They are written month by month as a data set holds them, and counted as publishing does; memory is the peak of
the whole process, of which the part before counting is told apart.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.contract import ArticleEntity, arrow_schema
from pipeline.entities import build_entities

PER_ARTICLE = 20
START = date(2020, 1, 1)
COPIES = 0.1
LONG_TAIL = 1 << 22  # entities there are
KINDS = np.array(["PERSON", "ORG", "GPE", "LOC"])


def ids(numbers: np.ndarray, prefix: str) -> pa.Array:
    """Sixteen digits for each number."""
    return pa.array([f"{prefix}{number:015x}" for number in numbers], pa.string())


def draw_month(month: int, rows: int, rng: np.random.Generator) -> pa.Table:
    """Rows of a month."""
    articles = np.arange(rows) // PER_ARTICLE + month * rows
    entities = rng.zipf(1.3, rows) % LONG_TAIL
    names = pa.array([f"Name{number % 977} Surname{number}" for number in entities])
    columns: dict[str, pa.Array] = {
        "article_id": ids(articles, "a"),
        "published_on": pa.array([START + timedelta(30 * month)] * rows, pa.date32()),
        "entity_id": ids(entities, "e"),
        "entity_name": names,
        "entity_type": pa.array(KINDS[entities % 4]),
        "link_source": pa.array([None] * rows, pa.string()),
        "link_id": pa.array([None] * rows, pa.string()),
        "link_confidence": pa.array([None] * rows, pa.float64()),
        "aliases": pa.array([[f"Surname{number}"] if at % 2 else [] for at, number in enumerate(entities)]),
        "mention_count": pa.array(rng.integers(1, 9, rows)),
        "name_count": pa.array(rng.integers(1, 3, rows)),
        "quote_count": pa.array(rng.integers(0, 2, rows)),
        "first_char": pa.array(rng.integers(0, 5000, rows)),
        "is_in_headline": pa.array(rng.random(rows) < COPIES),
        "salience": pa.array(rng.random(rows)),
    }
    return pa.table(columns).cast(arrow_schema(ArticleEntity))


def peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        parts = [Path(folder) / f"{month}.parquet" for month in range(options.months)]
        for month, part in enumerate(parts):
            pq.write_table(draw_month(month, options.rows // options.months, rng), part, compression="zstd")
        articles = pc.unique(
            pa.concat_tables([pq.read_table(part, columns=["article_id"]) for part in parts])["article_id"]
        )
        copies = articles.filter(pa.array(rng.random(len(articles)) < COPIES))

        def read(names: Sequence[str]) -> Iterator[pa.Table]:
            return (pq.ParquetFile(part).read(columns=list(names)) for part in parts)

        before, start, processor = peak(), time.perf_counter(), time.process_time()
        entities = build_entities(read, copies)
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
    print(
        f"{options.rows:,} rows of {len(articles):,} articles in {options.months} months: {entities.num_rows:,} entities"
    )
    print(f"{seconds:.2f} s ({processor:.2f} s of processor time); {peak():.0f} MB at the peak, {before:.0f} MB before")


if __name__ == "__main__":
    main()
