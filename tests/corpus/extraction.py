"""How well an article is got out of a page: words in runs of four, dates, headlines, authors."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

WORD = re.compile(r"\w+")
RUN = 4  # words
BETWEEN_NAMES = re.compile(r"\s*(?:[;,&]|\band\b)\s*")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and what is right to read in it; None where the corpus does not say."""

    name: str
    html: bytes
    url: str | None
    text: str | None = None
    headline: str | None = None
    published_on: date | None = None
    authors: frozenset[str] | None = None  # folded; empty where the page names none


@dataclass(frozen=True, slots=True)
class Score:
    """Shares between 0 and 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def score_texts(pairs: Sequence[tuple[str, str]]) -> tuple[Score, Score]:
    """Runs of four words in (right, read) texts, each as often as it occurs.

    Returns:
        Over all runs of all pages; and with each page counting the same, whatever its length.
    """
    by_run, by_page = Counter[str](), Counter[str]()
    for right, read in pairs:
        wanted, found = _runs(right), _runs(read)
        hits = (wanted & found).total()
        counts = {"hit": hits, "extra": found.total() - hits, "missed": wanted.total() - hits}
        by_run.update(counts)
        by_page.update({name: count / max(1, sum(counts.values())) for name, count in counts.items()})  # type: ignore[arg-type]
    return _as_score(by_run), _as_score(by_page)


def _as_score(counts: Counter[str]) -> Score:
    hits = counts["hit"]
    return Score(hits / ((hits + counts["extra"]) or 1), hits / ((hits + counts["missed"]) or 1))


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = WORD.findall(text)
    length = min(RUN, len(words))
    return Counter(tuple(words[at : at + length]) for at in range(len(words) - length + 1)) if words else Counter()


def fold(text: str | None) -> str:
    """A text for comparing: its words, without case."""
    return " ".join(WORD.findall((text or "").casefold()))


def fold_names(printed: str | Sequence[str]) -> frozenset[str]:
    """The names in "A, B and C", for comparing."""
    names = BETWEEN_NAMES.split(printed) if isinstance(printed, str) else printed
    return frozenset(filter(None, map(fold, names)))


def pages_with_text(folder: Path) -> Iterator[Page]:
    """The article-extraction-benchmark: pages with the text of the article."""
    for name, right in sorted(json.loads((folder / "ground-truth.json").read_bytes()).items()):
        html = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        yield Page(name, html, right["url"], text=right["articleBody"])


def pages_of_postlight(folder: Path) -> Iterator[Page]:
    """Fixtures of Postlight's parser: what extractors written by hand for each site found."""
    files = _unpack(folder / "html.tar.xz")
    for name, right in sorted(json.loads((folder / "expected.json").read_bytes()).items()):
        known = None if "author" not in right else fold_names(right["author"] or "")
        published = _as_day(right.get("date_published"))
        yield Page(name, files[name], right.get("url"), None, right.get("title"), published, known)


def pages_of_trafilatura(folder: Path) -> Iterator[Page]:
    """Pages in trafilatura's evaluation that have metadata."""
    files = _unpack(folder / "html.tar.xz")
    for url, right in sorted(json.loads((folder / "evaldata.en.json").read_bytes()).items()):
        if "author" in right:
            authors = right["author"] if isinstance(right["author"], str) else "; ".join(right["author"])
            published = _as_day(right["date"])
            name = right["file"]
            yield Page(name, files[name], url, None, right["title"] or None, published, fold_names(authors))


def _as_day(text: str | None) -> date | None:
    return datetime.fromisoformat(text).date() if text else None


def _unpack(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as members:
        return {
            Path(member.name).name: content.read() for member in members if (content := members.extractfile(member))
        }
