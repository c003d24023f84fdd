"""Speed of reading HTML, beside trafilatura with its metadata, on one core in the same run.

Usage: python -m benchmarks.pages [FOLDER] [--runs N]

FOLDER has pages as .html or .html.gz; by default those of the article-extraction-benchmark beside the checkout. In
full means: decoded, metadata, body, and the language of the body. The two take turns, page by page, so that what else
the machine does hits both; times are of the processor, and each page counts with its fastest run.
"""

from __future__ import annotations

import argparse
import gzip
import time
from collections.abc import Callable
from pathlib import Path

import trafilatura

from pipeline.contract import RawArticle, RawRef
from pipeline.normalise.language_tag import identify_language
from pipeline.read.html import read_html
from pipeline.read.records import Options, RawRecord

HERE = Path(__file__).resolve().parent.parent
PAGES = HERE.parent / "shared" / "corpora" / "article-extraction-benchmark" / "html"


def read_in_full(page: bytes) -> None:
    """Read a page as a run does."""
    article = read_html(RawRecord(RawRef("benchmark", "", "0", ""), "html", page, "html"), Options())
    if isinstance(article, RawArticle):
        identify_language(None, None, article.text)


def extract(page: bytes) -> None:
    """Read a page with trafilatura alone, with metadata, without language."""
    trafilatura.bare_extraction(page, fast=True, with_metadata=True)


def clock(read: Callable[[bytes], None], page: bytes) -> float:
    """Return the processor seconds for a page."""
    start = time.process_time()
    read(page)
    return time.process_time() - start


def main() -> None:
    """Measure and print pages a second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=PAGES)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    paths = sorted(options.folder.glob("*.html*"))
    pages = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in paths]
    if not pages:
        raise SystemExit(f"{options.folder} has no pages")
    read_in_full(pages[0])  # loads what is loaded once
    extract(pages[0])
    seconds = {"onrecord in full": 0.0, "trafilatura with metadata": 0.0}
    for page in pages:
        turns = [(clock(read_in_full, page), clock(extract, page)) for _ in range(options.runs)]
        for name, times in zip(seconds, zip(*turns, strict=True), strict=True):
            seconds[name] += min(times)
    for name, total in seconds.items():
        print(f"{name:28}{len(pages) / total:8.1f} pages/s{total / len(pages) * 1000:8.2f} ms a page")
    ours, theirs = seconds.values()
    print(f"{'ratio':28}{theirs / ours:8.2f}")


if __name__ == "__main__":
    main()
