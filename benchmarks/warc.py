"""Speed of reading WARC files, beside a bare loop of fastwarc over the same file, on one core.

Usage: python -m benchmarks.warc [--records N] [--runs N]

The pages are those of the article-extraction-benchmark, beside the checkout, over and over until N; each
is a response in a gzip member of its own, as crawlers write them. The bare loop parses the HTTP header and reads the
payload; ``frame_warc`` also proves that each record is whole. It leaves the SHA-256 of a page to the workers, as they are
needed only where the crawl was read before; what the digest costs is measured as well.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from fastwarc.warc import ArchiveIterator

from pipeline.contract import RawRef
from pipeline.read.records import RawRecord, digest
from pipeline.read.warc import frame_warc

PAGES = Path(__file__).resolve().parent.parent.parent / "shared/corpora/article-extraction-benchmark/html"


def pack(page: bytes, number: int) -> bytes:
    """Return a response with a page as a gzip member."""
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(page)}\r\n\r\n".encode()
    header = (
        "WARC/1.0\r\nWARC-Type: response\r\n"
        f"WARC-Record-ID: <urn:uuid:{number:032x}>\r\nWARC-Target-URI: https://post.example/{number}\r\n"
        "WARC-Date: 2024-05-06T07:08:09Z\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http) + len(page)}\r\n\r\n"
    )
    return zlib.compress(header.encode() + http + page + b"\r\n\r\n", wbits=31)


def loop_bare(path: Path) -> int:
    """Read every payload with fastwarc alone."""
    with path.open("rb") as stream:
        return sum(bool(record.reader.read()) for record in ArchiveIterator(stream))


def loop_framed(path: Path) -> int:
    """Read every page as the pipeline does."""
    with path.open("rb") as stream:
        records = frame_warc(RawRef("benchmark", path.name, "", ""), stream)
        return sum(isinstance(record, RawRecord) for record in records)


def seconds_of(work: Callable[[], object]) -> float:
    """Return the seconds of processor time of one run, which other programs do not change."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    files = sorted(PAGES.glob("*.gz"))
    if not files:
        sys.exit(f"no pages in {PAGES}")
    pages = [gzip.decompress(file.read_bytes()) for file in files]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages.warc.gz"
        with path.open("wb") as stream:
            stream.writelines(pack(pages[number % len(pages)], number) for number in range(options.records))
        digests = [pages[number % len(pages)] for number in range(options.records)]
        works: dict[str, Callable[[], object]] = {
            "fastwarc alone": lambda: loop_bare(path),
            "frame_warc": lambda: loop_framed(path),
            "SHA-256 alone": lambda: [digest(page) for page in digests],
        }
        if loop_bare(path) != loop_framed(path):
            sys.exit("the two loops do not read the same number of pages")
        runs = [{name: seconds_of(work) for name, work in works.items()} for _ in range(options.runs)]
    median = {name: statistics.median(run[name] for run in runs) for name in works}
    for name, seconds in median.items():
        print(f"{name:20}{seconds:8.3f} s{options.records / seconds:10,.0f} records/s")
    bare, framed, sha = median.values()
    print(f"frame_warc reaches {bare / framed:.0%} of fastwarc's rate; {bare / (framed + sha):.0%} with the digest")


if __name__ == "__main__":
    main()
