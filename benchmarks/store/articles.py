"""Raw articles by number, put together from sentences of real texts: as many as wanted, no two of them copies."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import orjson

START = datetime(2021, 1, 1, tzinfo=UTC)
DAYS = 1826  # sixty months; articles are spread over them evenly
WORDS = (200, 600)
SHORT_WORDS = (60, 120)  # of single files
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])")
OUTLETS = 40
PER_DAY = 1_000  # new articles of a day that is published on top of the base
CHANGED = 100  # articles that change on such a day,
RECENT = 90  # of which so many are of the last week; the others are of any day


@dataclass(frozen=True)
class Newsroom:
    """Makes article ``number`` of ``total``, always the same; numbers from ``total`` on are of days after the base."""

    texts: Path
    total: int
    seed: int
    share: float = 1.0  # of the base that is there when those days begin

    @cached_property
    def sentences(self) -> Sequence[str]:
        """Sentences of 8 to 45 words, each once."""
        files = sorted(path for path in self.texts.rglob("*") if path.suffix in ("", ".txt") and path.is_file())
        lines = (line for path in files for line in path.read_text("utf-8", "replace").splitlines())
        parts = dict.fromkeys(" ".join(part.split()) for line in lines for part in SENTENCE_END.split(line))
        return [part for part in parts if 8 <= len(part.split()) <= 45]

    @property
    def count(self) -> int:
        """Articles of the base that are there."""
        return round(self.total * self.share)

    def published_at(self, number: int) -> datetime:
        """Return when an article was published."""
        if number < self.total:
            return START + timedelta(DAYS) * (number / self.total)
        return self.published_at(self.count - 1) + timedelta(1) * ((number - self.total + 1) / PER_DAY)

    def record(self, number: int, words: tuple[int, int] = WORDS, day: int = 0) -> dict[str, str]:
        """Return an article as a collector writes it, or as changed on a later day."""
        rng = random.Random(self.seed * 10**9 + number)
        body = self._write(rng, rng.randint(*words))
        headline = " ".join(rng.choice(self.sentences).split()[:8]).rstrip(",;:")
        if day:
            body = body.rpartition("\n\n")[0] + "\n\n" + self._write(random.Random(f"{number} on day {day}"), 60)
        at = self.published_at(number)
        outlet = f"outlet-{number % OUTLETS:02}"
        return {
            "url": f"https://{outlet}.example/{at:%Y/%m/%d}/{number}",
            "publisher": outlet.title(),
            "title": headline,
            "published_at": at.isoformat(timespec="seconds"),
            "fetched_at": (at + timedelta(hours=1) if not day else self.fetched_on(day)).isoformat(timespec="seconds"),
            "language": "en",
            "text": body,
        }

    def _write(self, rng: random.Random, words: int) -> str:
        """Return paragraphs of two to four sentences."""
        paragraphs: list[str] = []
        while words > 0:
            paragraphs.append(" ".join(rng.choices(self.sentences, k=rng.randint(2, 4))))
            words -= paragraphs[-1].count(" ") + 1
        return "\n\n".join(paragraphs)

    def fetched_on(self, day: int) -> datetime:
        """Return when the records of a day after the base were collected."""
        return self.published_at(self.total + day * PER_DAY) + timedelta(hours=2)

    def news_of(self, day: int, recent: int = RECENT) -> Iterator[dict[str, str]]:
        """Return the records of a day after the base, from 1: PER_DAY new articles, and CHANGED published ones.

        Args:
            day: which.
            recent: how many of those that change are of the last week; the others are of any day.
        """
        first = self.total + (day - 1) * PER_DAY
        rng = random.Random(f"{self.seed} changed on day {day}")
        week = [*range(self.count - round(7 * self.total / DAYS), self.count), *range(self.total, first)][
            -7 * PER_DAY :
        ]
        changed = {*rng.sample(week, min(recent, len(week)))}
        while len(changed) < CHANGED:
            changed.add(rng.randrange(self.count))
        yield from map(self.record, range(first, first + PER_DAY))
        yield from (self.record(number, day=day) for number in sorted(changed))


def write_jsonl(path: Path, records: Iterable[dict[str, str]]) -> None:
    """Write a JSON Lines file."""
    with path.open("wb") as file:
        file.writelines(orjson.dumps(record) + b"\n" for record in records)


def write_base(folder: Path, newsroom: Newsroom, files: int) -> None:
    """Write the base as JSON Lines, in the order of publication."""
    folder.mkdir()
    each = newsroom.total // files
    for number in range(files):
        write_jsonl(
            folder / f"articles-{number:04}.jsonl", map(newsroom.record, range(number * each, (number + 1) * each))
        )


def write_singles(folder: Path, newsroom: Newsroom, count: int) -> None:
    """Write short articles as files of their own, by turns text and JSON, in a folder for each day."""
    for number in range(count):
        record = newsroom.record(number, SHORT_WORDS)
        place = folder / record["published_at"][:10].replace("-", "/")
        if not place.is_dir():
            place.mkdir(parents=True)
        if number % 2:
            (place / f"{number:07}.json").write_bytes(orjson.dumps(record))
        else:
            (place / f"{number:07}.txt").write_text(f"{record['title']}\n\n{record['text']}\n", "utf-8")


def link_tree(source: Path, target: Path) -> Path:
    """Copy a folder by hard links; its files must not be changed."""
    for folder, _, names in os.walk(source):
        place = target / Path(folder).relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            os.link(Path(folder, name), place / name, follow_symlinks=False)
        for link in Path(folder).iterdir():
            if link.is_symlink() and link.is_dir():
                (place / link.name).symlink_to(link.readlink())
    return target
