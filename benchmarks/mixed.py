"""A folder of records in all formats, curated as a whole process: memory, time, the ledger, and a second run.

Usage: python -m benchmarks.mixed [--records N] [--seed N] [--keep FOLDER]

The articles are those of ``duplicates.py``: paragraphs of the texts beside the checkout, put together in new ways. One in a
hundred records is bad in some way. Memory is the largest sum, over the processes of the run, of the memory that each
has to itself plus its share of what is shared (PSS), sampled five times a second, and the largest of any one process.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import html
import io
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.duplicates import plant
from pipeline.duplicates import Body

START = date(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Story:
    """An article of a newsroom."""

    number: int
    title: str
    text: str
    day: date

    @property
    def url(self) -> str:
        """Its address: every article has one of its own."""
        return f"https://outlet-{self.number % 14:02}.example/{self.day:%Y/%m/%d}/story-{self.number}"

    def as_record(self) -> dict[str, str]:
        """Return the story as a crawler writes it."""
        return {"url": self.url, "title": self.title, "text": self.text, "date_publish": f"{self.day}T08:00:00Z"}

    def as_page(self) -> bytes:
        """Return the story as a page with a menu and a footer."""
        paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in self.text.split("\n\n"))
        return (
            f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{html.escape(self.title)} | Post</title>"
            f"<link rel='canonical' href='{self.url}'><meta property='article:published_time' content='{self.day}T08:00:00Z'>"
            "</head><body><nav><ul><li><a href='/'>Home</a></li><li><a href='/city'>City</a></li></ul></nav>"
            f"<main><article><h1>{html.escape(self.title)}</h1>{paragraphs}</article></main>"
            "<footer><p>© The Post. All rights reserved.</p></footer></body></html>"
        ).encode()


def write_texts(folder: Path, stories: Sequence[Story], _: random.Random) -> None:
    """Write each article as a text file."""
    for story in stories:
        path = folder / f"{story.day:%Y-%m}" / f"{story.number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{story.url}\n{story.title}\n\n{story.text}\n", "utf-8")


def write_pages(folder: Path, stories: Sequence[Story], _: random.Random) -> None:
    """Write each article as a page."""
    for story in stories:
        (folder / f"{story.number}.html").write_bytes(story.as_page())


def write_json_lines(folder: Path, stories: Sequence[Story], rng: random.Random) -> None:
    """Write two large files, one of them compressed, with some broken lines."""
    half = len(stories) // 2
    for name, part in (("crawl.jsonl", stories[:half]), ("crawl-2.jsonl.gz", stories[half:])):
        with gzip.open(folder / name, "wb") if name.endswith(".gz") else (folder / name).open("wb") as file:
            for story in part:
                line = json.dumps(story.as_record()).encode()
                file.write((line[: len(line) // 2] if rng.random() < 0.01 else line) + b"\n")


def write_json(folder: Path, stories: Sequence[Story], _: random.Random) -> None:
    """Write one array of articles."""
    (folder / "export.json").write_text(json.dumps([story.as_record() for story in stories]), "utf-8")


def write_tables(folder: Path, stories: Sequence[Story], _: random.Random) -> None:
    """Write a CSV and a Parquet table."""
    half = len(stories) // 2
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(stories[0].as_record()))
        writer.writeheader()
        writer.writerows(story.as_record() for story in stories[:half])
    rows = [story.as_record() for story in stories[half:]]
    pq.write_table(pa.Table.from_pylist(rows), folder / "table.parquet", row_group_size=200)


def write_warc(folder: Path, stories: Sequence[Story], rng: random.Random) -> None:
    """Write a crawl with one gzip member per record, with redirects and errors in between."""
    with (folder / "crawl.warc.gz").open("wb") as file:
        for story in stories:
            status = rng.choice(["200 OK"] * 97 + ["301 Moved", "404 Not Found", "500 Broken"])
            answer = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n".encode() + story.as_page()
            head = (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{story.number:032x}>\r\n"
                f"WARC-Date: {story.day}T09:00:00Z\r\nWARC-Target-URI: {story.url}\r\n"
                f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
            )
            file.write(gzip.compress(head.encode() + answer + b"\r\n\r\n", 6))


def write_feeds(folder: Path, stories: Sequence[Story], _: random.Random) -> None:
    """Write feeds of fifty entries with full content."""
    for start in range(0, len(stories), 50):
        items = "".join(
            f"<item><title>{html.escape(story.title)}</title><link>{story.url}</link><guid>{story.url}</guid>"
            f"<pubDate>{story.day:%a, %d %b %Y} 08:00:00 GMT</pubDate><content:encoded>"
            + html.escape("".join(f"<p>{html.escape(part)}</p>" for part in story.text.split("\n\n")))
            + "</content:encoded></item>"
            for story in stories[start : start + 50]
        )
        (folder / f"feed-{start}.xml").write_text(
            '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
            f"<channel><title>Post</title>{items}</channel></rss>",
            "utf-8",
        )


def write_archives(folder: Path, stories: Sequence[Story], _: random.Random) -> None:
    """Write a ZIP of pages and a compressed tar of texts."""
    half = len(stories) // 2
    with zipfile.ZipFile(folder / "pages.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for story in stories[:half]:
            archive.writestr(f"pages/{story.number}.html", story.as_page())
    with tarfile.open(folder / "texts.tar.gz", "w:gz") as tar:
        for story in stories[half:]:
            content = f"{story.url}\n{story.title}\n\n{story.text}\n".encode()
            entry = tarfile.TarInfo(f"texts/{story.number}.txt")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def write_bad(folder: Path, stories: Sequence[Story], _: random.Random) -> None:
    """Write records that end as rejects."""
    for story in stories:
        bad = [b"", b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", bytes(range(256)), story.text.encode() + b"\xff\xfe"]
        (folder / f"{story.number}.txt").write_bytes(bad[story.number % len(bad)])


# Each way to write articles, and its share of them in hundredths.
WRITERS: dict[str, tuple[Callable[[Path, Sequence[Story], random.Random], None], int]] = {
    "texts": (write_texts, 14),
    "pages": (write_pages, 15),
    "lines": (write_json_lines, 25),
    "json": (write_json, 5),
    "tables": (write_tables, 10),
    "warc": (write_warc, 20),
    "feeds": (write_feeds, 5),
    "archives": (write_archives, 5),
    "bad": (write_bad, 1),
}


def build(folder: Path, count: int, seed: int) -> None:
    """Write ``count`` articles in all formats."""
    rng = random.Random(seed)
    stories = iter([_tell(number, planted.body) for number, planted in enumerate(plant(count, seed))])
    for name, (write, share) in WRITERS.items():
        (folder / name).mkdir(parents=True)
        write(folder / name, list(islice(stories, count * share // 100)), rng)


def _tell(number: int, body: Body) -> Story:
    words = body.text.split()
    return Story(number, f"{' '.join(words[4:12]).strip('.,;')} {number}", body.text, body.published_on or START)


def run(command: list[str]) -> tuple[float, float, float]:
    """Run a command and return its seconds, and the peak memory in MiB of all processes together and of the largest."""
    start = time.perf_counter()
    process = subprocess.Popen(command)
    peaks = [0.0, 0.0]
    sampling = threading.Thread(target=_sample, args=(process, peaks))
    sampling.start()
    code = process.wait()
    sampling.join()
    if code:
        raise SystemExit(f"the run failed with exit code {code}")
    return time.perf_counter() - start, peaks[0], peaks[1]


def _sample(process: subprocess.Popen[Any], peaks: list[float]) -> None:
    while process.poll() is None:
        sizes = [_pss(pid) for pid in (process.pid, *_children(process.pid))]
        peaks[:] = [max(peaks[0], sum(sizes)), max(peaks[1], *sizes)]
        time.sleep(0.2)


def _children(pid: int) -> Iterator[int]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = [int(child) for child in path.read_text().split()]
        except OSError:
            continue
        for child in found:
            yield from (child, *_children(child))


def _pss(pid: int) -> float:
    """Return the proportional set size of a process in MiB."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0.0)


def main() -> None:
    """Build, curate twice, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep RAW and the data set in this new folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        build(folder / "raw", options.records, options.seed)
        command = [
            sys.executable,
            "-m",
            "onrecord",
            "curate",
            str(folder / "raw"),
            "--into",
            str(folder / "curated"),
        ]
        for name in ("first run", "second run"):
            seconds, together, largest = run(command)
            print(f"{name}: {seconds:.1f} s; peak MiB: {together:.0f} in all processes, {largest:.0f} in the largest")


if __name__ == "__main__":
    main()
