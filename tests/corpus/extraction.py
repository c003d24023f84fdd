"""Score extraction from pages: runs of four words of the text, dates, headlines, authors."""

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
NAME_SEPARATOR = re.compile(r"\s*(?:[;,&]|\band\b)\s*")


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its gold values; None if the corpus does not give them."""

    name: str
    html: bytes
    url: str | None
    text: str | None = None
    headline: str | None = None
    published_on: date | None = None
    authors: frozenset[str] | None = None  # folded; empty if the page names nobody


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
    """Compare the runs of four words, with repetitions, of (gold, extracted) texts.

    Returns:
        The score over all runs, and the score in which every page has the same weight.
    """
    by_run, by_page = Counter[str](), Counter[str]()
    for gold, extracted in pairs:
        wanted, found = _runs(gold), _runs(extracted)
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
    return (
        Counter(tuple(words[start : start + length]) for start in range(len(words) - length + 1))
        if words
        else Counter()
    )


def fold(text: str | None) -> str:
    """Return the words of a text without case, for comparing."""
    return " ".join(WORD.findall((text or "").casefold()))


def fold_names(printed: str | Sequence[str]) -> frozenset[str]:
    """Return the names in "A, B and C", for comparing."""
    names = NAME_SEPARATOR.split(printed) if isinstance(printed, str) else printed
    return frozenset(filter(None, map(fold, names)))


def pages_with_text(folder: Path) -> Iterator[Page]:
    """Yield the pages of article-extraction-benchmark, with the text of the article."""
    for name, gold in sorted(json.loads((folder / "ground-truth.json").read_bytes()).items()):
        html = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        yield Page(name, html, gold["url"], text=gold["articleBody"])


def pages_of_postlight(folder: Path) -> Iterator[Page]:
    """Yield the fixtures of Postlight's parser, with the results of its extractors, hand-written for each site."""
    files = _unpack(folder / "html.tar.xz")
    for name, gold in sorted(json.loads((folder / "expected.json").read_bytes()).items()):
        authors = None if "author" not in gold else fold_names(gold["author"] or "")
        published = _as_day(gold.get("date_published"))
        yield Page(name, files[name], gold.get("url"), None, gold.get("title"), published, authors)


def pages_of_trafilatura(folder: Path) -> Iterator[Page]:
    """Yield the pages of trafilatura's evaluation that have metadata."""
    files = _unpack(folder / "html.tar.xz")
    for url, gold in sorted(json.loads((folder / "evaldata.en.json").read_bytes()).items()):
        if "author" in gold:
            authors = gold["author"] if isinstance(gold["author"], str) else "; ".join(gold["author"])
            published = _as_day(gold["date"])
            name = gold["file"]
            yield Page(name, files[name], url, None, gold["title"] or None, published, fold_names(authors))


def _as_day(text: str | None) -> date | None:
    return datetime.fromisoformat(text).date() if text else None


def _unpack(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as members:
        return {
            Path(member.name).name: content.read() for member in members if (content := members.extractfile(member))
        }
