"""Care for a data set between runs: tidy its files, and take articles out of it for good."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline import store
from pipeline.accuracy import read_accuracy
from pipeline.contract import HEX16
from pipeline.curate.build import count_part, describe_part, sum_counted
from pipeline.curate.correct import correct_articles
from pipeline.curate.publish import build_and_publish, write_index
from pipeline.curate.start import keep_knowledge_base, new_run_id, open_work
from pipeline.curate.work import silent
from pipeline.errors import UsageError
from pipeline.normalise import article_id_of
from pipeline.settings import VERSION, Settings


def compact(curated: Path) -> int:
    """Bring a data set's small files together; its rows stay as they are.

    Returns:
        By how many files its tables are fewer; 0 where nothing was to do.

    Raises:
        UsageError: if there is no data set.
        LockedError: if a run is writing it.
        StorageError: if the disk refused; nothing was published.
    """
    store.open_version(curated)  # or a folder would be made for a data set that is not there
    with store.writing(curated):
        previous = store.open_version(curated)
        metadata = store.schema_metadata(VERSION, read_accuracy(), previous.attributions)
        with store.building(curated, new_run_id(datetime.now(UTC))) as version:
            fewer = store.repack(version, previous, count_part, metadata)
            if fewer:
                store.publish(curated, version)
        if not fewer:
            store.discard(version.path)
    return fewer


def roll_back(curated: Path, run_id: str) -> None:
    """Make an older version the current one. The next run continues from it.

    Raises:
        UsageError: if there is no such version.
        LockedError: if a run is writing the data set.
    """
    store.find_version(curated, run_id)  # first: writing() would create a folder where there is no data set
    with store.writing(curated):
        store.roll_back(curated, store.find_version(curated, run_id))
        write_index(curated)


# What gives an article away in a page: whatever changed of it is told beside its id, or that of a quote.
TELLING = {
    "articles": ("article_id", "headline", "url", "raw_path"),
    "article_revisions": ("article_id", "headline", "url", "raw_path"),
    "quotes": ("quote_id",),
    "quote_revisions": ("quote_id",),
}
SHORTEST_TOLD = 12  # a headline of a word or two may stand in pages about other articles, and so may a path
CELL = ">{}<"  # how a page names an entity among those that are named most


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out."""

    article_ids: Sequence[str]  # all that are kept out now
    taken_out: Sequence[str]  # of these, those that the data set or a kept version held
    reports: Sequence[Path]  # pages that told of them and are gone


def forget(curated: Path, urls: Collection[str], article_ids: Collection[str], reason: str) -> Forgotten:
    """Take articles out of a data set, of all its kept versions and reports, and keep them out of later runs.

    An article that is not there is kept out all the same. Raw files are left alone: they are for their owner to remove.

    Args:
        curated: the data set.
        urls: addresses of articles.
        article_ids: ids of articles.
        reason: why; it is kept with the ids, and nothing else of the articles is.

    Raises:
        UsageError: if an address or an id is none, or there is no data set.
        LockedError: if a run is writing it.
        StorageError: if the disk refused.
    """
    ids = {*map(_check_id, article_ids), *map(_identify, urls)}
    run = store.open_version(curated).last_run()
    settings = Settings(source=run.source, **json.loads(run.settings))
    with ExitStack() as stack:
        work = open_work(stack, run.raw, curated, settings, lambda _tasks: (), silent, keep_knowledge_base)
        assert work.previous is not None
        told = _what_tells(store.list_versions(curated), ids)
        store.note_forgotten(curated, ids - work.forgotten, reason)
        work.forgotten |= ids
        held = work.holdings.look_up(ids)
        work.ledger.erase(ids)
        if held or any(work.previous.find("article_revisions", "article_id", ids, ["article_id"])):
            build_and_publish(work, curated, *correct_articles(work, curated, {}))
        gone = _remove_reports(curated, told)  # before the versions forget what is to be looked for
        write_index(curated)
        _scrub(curated, ids)
        store.note_scrubbed(curated, ids)
    return Forgotten(sorted(ids), sorted(told), gone)


def finish_forgetting(curated: Path) -> None:
    """Take out what was to be taken out when the program died."""
    for article_id, noted in store.read_forgotten(curated).items():
        if not noted.is_done:
            forget(curated, [], [article_id], noted.reason)


def _check_id(article_id: str) -> str:
    if not re.match(HEX16, article_id):
        raise UsageError(
            f"{article_id!r} is no id of an article: those have sixteen digits from 0 to f; copy one from the table articles"
        )
    return article_id


def _identify(url: str) -> str:
    found = article_id_of(url)
    if found is None:
        raise UsageError(
            f"{url!r} is no address of an article; give one such as https://example.com/story, or --article-id"
        )
    return found


def _what_tells(versions: Sequence[store.Version], ids: Collection[str]) -> dict[str, set[str]]:
    """What would give an article away in a page, by article_id."""
    told: dict[str, set[str]] = {}
    for version in versions:
        for table, names in TELLING.items():
            for _, rows in version.find(table, "article_id", ids, [*{"article_id", *names}]):
                for row in rows.to_pylist():
                    words = {row[name] for name in names if len(row[name] or "") >= SHORTEST_TOLD}
                    told.setdefault(row["article_id"], set()).update(words)
        for _, rows in version.find("article_entities", "article_id", ids, ["article_id", "entity_name"]):
            for row in rows.to_pylist():
                told.setdefault(row["article_id"], set()).add(CELL.format(row["entity_name"]))
    return told


def _scrub(curated: Path, ids: Collection[str]) -> None:
    """Take articles out of all versions but the current one, which has been made without them."""
    current = store.open_version(curated)
    scrubber = store.Scrubber(ids, count_part)
    for version in store.list_versions(curated):
        if version.run_id != current.run_id:
            scrubber.scrub(version, describe_part, sum_counted)


def _remove_reports(curated: Path, told: Mapping[str, set[str]]) -> list[Path]:
    """Remove the pages that tell of articles, or name who is named in no others."""
    named = {CELL.format(name) for name in store.open_version(curated).read("entities", ["name"])["name"].to_pylist()}
    sought = {words for each in told.values() for words in each} - named
    gone = []
    for page in store.list_reports(curated):
        text = html.unescape(page.read_text("utf-8"))
        if any(words in text for words in sought):
            page.unlink()
            gone.append(page)
    return gone
