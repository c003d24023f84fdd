"""A small collection of raw articles and its data set, for tests of the commands."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import store
from pipeline.batches import Batch, Task
from pipeline.curate import Summary, curate
from pipeline.settings import Settings

# Three articles, none a copy of another, each with one quote by a different speaker.
FERRY = """Ferry to Port Ellery sails again

PORT ELLERY, May 7 2024 - The ferry to Port Ellery will sail again on Wednesday.

"We checked every cable," said Mara Oduya, who leads the harbour board.
"""
LIBRARY = """Library of Quillhaven opens a reading room

QUILLHAVEN, May 9 2024 - The town library has opened a reading room for children.

"Every child may borrow ten books," said Tomas Brandt, the librarian.
"""
ORCHARD = """Pear of Saltmarsh wins the orchard prize

SALTMARSH, June 2 2024 - A pear from Saltmarsh won the orchard prize on Sunday.

"It is a very sweet pear," said Ilse Marwick, who grew it.
"""
STORIES = {"ferry": FERRY, "library": LIBRARY, "orchard": ORCHARD}


def address(name: str) -> str:
    """Return the address of an article."""
    return f"https://wire.example/{name}"


def line(name: str, text: str, day: int = 8) -> str:
    """Return an article as a JSON line."""
    title, _, body = text.partition("\n\n")
    told = {"url": address(name), "headline": title, "text": body, "fetched_at": f"2024-07-{day:02}T08:00:00Z"}
    return json.dumps(told) + "\n"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Onrecord = Callable[..., Ran]


@dataclass(slots=True)
class Newsroom:
    """A collection, its data set, and the command."""

    raw: Path
    curated: Path
    onrecord: Onrecord
    _writes: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a raw file with an old modification time, so that its stamp is reliable; each file is newer than the last."""
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        at = time.time() - 100_000 + next(self._writes)
        os.utime(path, (at, at))
        return path

    def write_story(self, name: str, text: str | None = None) -> Path:
        """Write an article with an address as a file of its own."""
        return self.write(f"{name}.txt", f"{address(name)}\n{text or STORIES[name]}")

    def curate(self, *arguments: object) -> Ran:
        """Curate what is new, in one process."""
        return self.done("curate", self.raw, "--into", self.curated, "--workers", 1, *arguments)

    def done(self, *arguments: object) -> Ran:
        """Run a command that must succeed."""
        ran = self.onrecord(*arguments)
        assert ran.code == 0, f"{arguments}: {ran.err}{ran.out}"
        return ran

    def verify(self) -> None:
        """Check every offset, key and count of the data set."""
        self.done("verify", self.curated)

    def made_by(self, **settings: Any) -> list[str]:
        """Curate what is new, and return which records go to workers: only those cost much."""
        return self.made_and_summary(**settings)[0]

    def made_and_summary(self, **settings: Any) -> tuple[list[str], Summary]:
        """Do the same, and also return the summary."""
        handed: list[str] = []

        def run(work: Callable[[Task], Batch], tasks: Iterable[Task]) -> Iterator[Batch]:
            for task in tasks:
                handed.extend(f"{record.ref.raw_path}:{record.ref.raw_record}" for record in task.records)
                yield work(task)

        summary = curate(str(self.raw), self.curated, Settings(**settings), map_batches=run)
        return handed, summary

    def rows(self, table: str) -> pd.DataFrame:
        """Return a table as a user reads it."""
        return pd.read_parquet(self.curated / table)

    def article(self, name: str) -> pd.Series[Any]:
        """Return an article by its name."""
        (row,) = (row for _, row in self.rows("articles").iterrows() if row["url"] == address(name))
        return row

    def quote(self, name: str) -> pd.Series[Any]:
        """Return the only quote of an article."""
        quotes = self.rows("quotes")
        (row,) = (row for _, row in quotes[quotes["article_id"] == self.article(name)["article_id"]].iterrows())
        return row

    def run_id(self) -> str:
        """Return the run that made the current version."""
        return store.open_version(self.curated).run_id
