"""What earlier runs saw, in one SQLite file beside the pages; it is also the ledger of the run.

Each address of a run is a row with that run's number and ends with one outcome, so the counts add up. A row is
committed before the next page is fetched, so a killed run loses only the page it was at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.collect.discover import Link, Listing
from pipeline.collect.keep import remove_unfinished, undo_page
from pipeline.collect.outcomes import FINAL, OUTCOMES, UNTRIED, Outcome
from pipeline.errors import LedgerError, LockedError, UsageError

NAME = ".collect.sqlite"  # hidden, so the reader skips it
SCHEMA_VERSION = 1
# pages.state: open (to be fetched), writing, final, given_up, or excluded; pages.outcome: in the run of pages.run.
SCHEMA = """
create table runs (run integer primary key, started_at text not null);
create table listings (
    url text primary key, publisher text not null, kind text not null, parent text, changed_at text not null,
    etag text, last_modified text, rules text, run integer not null, outcome text, detail text
);
create table pages (
    url text primary key, publisher text not null, published_at text, state text not null, attempts integer not null,
    place text, found_run integer not null, run integer not null, outcome text, detail text
);
create index pages_by_state on pages (state, publisher);
"""
Kind = Literal["feed", "sitemap"]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many addresses of a publisher had one outcome."""

    publisher: str
    kind: str
    outcome: Outcome
    count: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """An address that a person should look at."""

    publisher: str
    url: str
    outcome: Outcome
    detail: str


class Memory:
    """The memory of one run, locked for as long as it is open."""

    def __init__(self, db: sqlite3.Connection, run: int, max_runs: int) -> None:
        self._db = db
        self._run = run
        self._max_runs = max_runs

    def start_listing(self, url: str, publisher: str, kind: Kind) -> bool:
        """Start polling a feed or sitemap; return False if this run has polled it already."""
        with self._db:
            changed = self._db.execute(
                "insert into listings (url, publisher, kind, changed_at, run) values (?, ?, ?, '', ?) on conflict (url)"
                " do update set publisher = excluded.publisher, kind = excluded.kind, run = excluded.run,"
                " outcome = null, detail = null where run != excluded.run",
                (url, publisher, kind, self._run),
            )
        return changed.rowcount == 1

    def conditions(self, url: str, rules: str) -> Mapping[str, str]:
        """Return the headers of a conditional request; none if the source's rules changed since it was read."""
        query = "select etag, last_modified from listings where url = ? and rules = ?"
        etag, last_modified = self._db.execute(query, (url, rules)).fetchone() or (None, None)
        given = {"if-none-match": etag, "if-modified-since": last_modified}
        return {name: value for name, value in given.items() if value}

    def children(self, url: str) -> list[Link]:
        """Return the sitemaps that an index listed when it was last read."""
        query = "select url from listings where parent = ? order by changed_at desc, rowid"
        return [Link(child) for (child,) in self._db.execute(query, (url,))]

    def settle_listing(self, url: str, outcome: Outcome, detail: str = "") -> None:
        """Record the outcome of a feed or sitemap."""
        with self._db:
            self._db.execute("update listings set outcome = ?, detail = ? where url = ?", (outcome, detail, url))

    def note_listing(
        self, url: str, publisher: str, listing: Listing, headers: Mapping[str, str], rules: str, wants: Wants
    ) -> None:
        """Record the content of a feed or sitemap, together with what makes the next request conditional."""
        etag, last_modified = (headers.get(name) if listing.is_whole else None for name in ("etag", "last-modified"))
        with self._db:
            self._db.execute("update listings set parent = null where parent = ?", (url,))
            self._db.executemany(
                "insert into listings (url, publisher, kind, parent, changed_at, run) values (?, ?, 'sitemap', ?, ?, 0)"
                " on conflict (url) do update set parent = excluded.parent, changed_at = excluded.changed_at",
                [(child.url, publisher, url, child.changed_at) for child in listing.sitemaps],
            )
            for link in listing.pages:
                self._note_page(publisher, link, wants(link.url))
            self._db.execute(
                "update listings set etag = ?, last_modified = ?, rules = ?, outcome = 'read', detail = ? where url = ?",
                (etag, last_modified, rules, listing.problem, url),
            )

    def _note_page(self, publisher: str, link: Link, is_wanted: bool) -> None:
        found = self._db.execute("select state, run from pages where url = ?", (link.url,)).fetchone()
        state, run = found or ("open", 0)
        if run == self._run and not (state == "excluded" and is_wanted):
            return  # counted already
        if state in ("open", "excluded"):
            state = "open" if is_wanted else "excluded"
        outcome = {"final": "seen", "given_up": "given_up", "excluded": "excluded"}.get(state)
        self._db.execute(
            "insert into pages (url, publisher, published_at, state, attempts, found_run, run, outcome)"
            " values (:url, :publisher, :published_at, :state, 0, :run, :run, :outcome) on conflict (url)"
            " do update set publisher = :publisher, state = :state, run = :run, outcome = :outcome, detail = null,"
            " published_at = coalesce(:published_at, published_at)",
            {
                "url": link.url,
                "publisher": publisher,
                "published_at": link.published_at,
                "state": state,
                "run": self._run,
                "outcome": outcome,
            },
        )

    def take_open(self, publisher: str) -> list[Link]:
        """Return the publisher's pages that are still to be fetched, the most recently found first."""
        with self._db:
            self._db.execute(
                "update pages set run = ?, outcome = null, detail = null where state = 'open' and publisher = ?",
                (self._run, publisher),
            )
        query = (
            "select url, published_at from pages where state = 'open' and publisher = ? order by found_run desc, rowid"
        )
        return [Link(url, published_at) for url, published_at in self._db.execute(query, (publisher,))]

    def is_final(self, url: str) -> bool:
        """Return whether a page is finished, in this run or before."""
        return bool(self._db.execute("select 1 from pages where url = ? and state = 'final'", (url,)).fetchone())

    def start_writing(self, url: str, place: str) -> None:
        """Record that a page is about to be written, so that the next run can clean up after a crash."""
        with self._db:
            self._db.execute("update pages set state = 'writing', place = ? where url = ?", (place, url))

    def settle_pages(self, urls: Iterable[str], outcome: Outcome, detail: str = "", place: str | None = None) -> None:
        """Record the outcome of pages, and whether later runs try them again."""
        state = "final" if outcome in FINAL else "excluded" if outcome == "excluded" else "open"
        tried = int(outcome not in UNTRIED)
        with self._db:
            self._db.executemany(
                "update pages set outcome = ?, detail = ?, place = ?, attempts = attempts + ?,"
                " state = case when ? = 'open' and attempts + ? >= ? then 'given_up' else ? end where url = ?",
                [(outcome, detail, place, tried, state, tried, self._max_runs, state, url) for url in urls],
            )

    def note_destination(self, url: str, publisher: str) -> None:
        """Record where redirects led, so that the page is not fetched under that address as well."""
        with self._db:
            self._db.execute(
                "insert into pages (url, publisher, state, attempts, found_run, run) values (?, ?, 'final', 0, 0, 0)"
                " on conflict (url) do update set state = 'final' where state = 'open'",
                (url, publisher),
            )

    def tallies(self) -> list[Tally]:
        """Return the outcomes of this run's addresses.

        Raises:
            LedgerError: if one has no outcome, which is a bug.
        """
        query = (
            "select publisher, kind, outcome, count(*) from ("
            " select publisher, kind, outcome from listings where run = :run"
            " union all select publisher, 'page', outcome from pages where run = :run)"
            " group by publisher, kind, outcome order by publisher, kind, outcome"
        )
        rows = self._db.execute(query, {"run": self._run}).fetchall()
        lost = [row for row in rows if row[2] not in OUTCOMES]
        if lost:
            raise LedgerError(f"addresses without an outcome, which is a bug: {lost}")
        return [Tally(*row) for row in rows]

    def troubles(self, outcomes: Sequence[Outcome], limit: int) -> list[Trouble]:
        """Return addresses of this run with one of ``outcomes`` or damaged, feeds and sitemaps first."""
        marks = ", ".join("?" * len(outcomes))
        query = (
            f"select publisher, url, outcome, detail from listings where run = ? and (outcome in ({marks}) or detail != '')"  # noqa: S608 - marks only
            f" union all select publisher, url, outcome, detail from pages where run = ? and outcome in ({marks}) limit ?"
        )
        given = (self._run, *outcomes, self._run, *outcomes, limit)
        return [Trouble(*row) for row in self._db.execute(query, given)]


Wants = Callable[[str], bool]


@contextmanager
def open_memory(into: Path, started_at: str, max_runs: int) -> Iterator[Memory]:
    """Open the memory of a folder, creating it if needed, and clean up after a run that died.

    Raises:
        LockedError: if another run has it open.
        UsageError: if the file is not what a run wrote.
    """
    path = into / NAME
    with closing(sqlite3.connect(path, timeout=0)) as db:
        try:
            db.execute("pragma locking_mode = exclusive")  # a lock that a dead process does not keep
            db.execute("pragma journal_mode = wal")  # one sync a commit instead of three or four
            (found,) = db.execute("pragma user_version").fetchone()
            if found == 0:
                db.executescript(f"begin exclusive; {SCHEMA} pragma user_version = {SCHEMA_VERSION}; commit;")
            elif found != SCHEMA_VERSION:
                raise UsageError(
                    f"{path} was written by another version of onrecord ({found}, not {SCHEMA_VERSION}); move it away"
                )
            with db:
                run = db.execute("insert into runs (started_at) values (?)", (started_at,)).lastrowid
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise LockedError(f"another run is collecting into {into}; wait for it") from error
            raise UsageError(
                f"{path} cannot be read as the memory of collecting runs: {error}; move it away (existing pages are not written twice)"
            ) from error
        assert run is not None
        _recover(db, into)
        yield Memory(db, run, max_runs)


def _recover(db: sqlite3.Connection, into: Path) -> None:
    remove_unfinished(into)
    for url, place in db.execute("select url, place from pages where state = 'writing'").fetchall():
        state = "final" if undo_page(into, place) else "open"
        with db:
            db.execute("update pages set state = ? where url = ?", (state, url))
