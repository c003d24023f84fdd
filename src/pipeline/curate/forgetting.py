"""Remove articles from a data set, all its kept versions and its reports, for good."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline import store
from pipeline.contract import HEX16
from pipeline.curate.build import count_part, describe_part, sum_recounted
from pipeline.curate.context import RunContext
from pipeline.curate.correct import correct_articles
from pipeline.curate.intake import Intake, open_ledger
from pipeline.curate.publish import build_and_publish, write_index
from pipeline.curate.start import reopen_run
from pipeline.curate.winners import Winners
from pipeline.errors import UsageError
from pipeline.normalise import article_id_of

# The columns whose values identify an article in a report. Every listed change of an article comes with one of them.
IDENTIFYING = {
    "articles": ("article_id", "headline", "url", "raw_path"),
    "article_revisions": ("article_id", "headline", "url", "raw_path"),
    "quotes": ("quote_id",),
    "quote_revisions": ("quote_id",),
}
SHORTEST = 12  # a headline of a word or two may occur in pages about other articles, and so may a path
CELL = ">{}<"  # how a page names an entity in its list of the most frequent ones


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What ``forget`` removed."""

    article_ids: Sequence[str]  # all that must not return
    removed: Sequence[str]  # of these, those that the data set or a kept version had
    reports: Sequence[Path]  # removed pages that named them


def forget(curated: Path, urls: Collection[str], article_ids: Collection[str], reason: str) -> Forgotten:
    """Remove articles from a data set, all its kept versions and reports, and skip them in later runs.

    An unknown article is skipped in later runs too. Raw files are left alone: their owner has to remove them.

    Args:
        curated: the data set.
        urls: addresses of articles.
        article_ids: ids of articles.
        reason: stored with the ids; nothing else of the articles is.

    Raises:
        UsageError: if an address or id is malformed, or there is no data set.
        LockedError: if a run is writing it.
        StorageError: if the disk refuses.
    """
    ids = {*map(_check_id, article_ids), *map(_identify, urls)}
    with reopen_run(curated) as run:
        identifying = _find_identifying(store.list_versions(curated), ids)
        store.note_forgotten(curated, ids - run.forgotten, reason)
        _publish_without(replace(run, forgotten=run.forgotten | ids), ids)
        pages = _remove_reports(curated, identifying)  # while the old versions still say what to look for
        write_index(curated)
        _scrub(curated, ids)
        store.note_scrubbed(curated, ids)
    return Forgotten(sorted(ids), sorted(identifying), pages)


def finish_forgetting(curated: Path) -> None:
    """Finish what an interrupted ``forget`` began."""
    for article_id, noted in store.read_forgotten(curated).items():
        if not noted.is_done:
            forget(curated, [], [article_id], noted.reason)


def _publish_without(run: RunContext, ids: Collection[str]) -> None:
    """Publish a version without some articles, if the current one has any of them."""
    assert run.previous is not None
    ledger = open_ledger(run)
    ledger.forget_articles(ids)
    is_published = run.published.look_up(ids) or any(
        run.previous.find("article_revisions", "article_id", ids, ["article_id"])
    )
    if is_published:
        build_and_publish(run, correct_articles(run, Winners(Intake(ledger), {})))


def _check_id(article_id: str) -> str:
    if not re.match(HEX16, article_id):
        raise UsageError(
            f"{article_id!r} is not an article_id, which has sixteen digits from 0 to f; copy one from the table articles"
        )
    return article_id


def _identify(url: str) -> str:
    found = article_id_of(url)
    if found is None:
        raise UsageError(
            f"{url!r} is not an article's address; give one such as https://example.com/story, or use --article-id"
        )
    return found


def _find_identifying(versions: Sequence[store.Version], ids: Collection[str]) -> dict[str, set[str]]:
    """Return the texts that identify each article in a page, by article_id; only of articles that a version has."""
    found: dict[str, set[str]] = {}
    for version in versions:
        for table, names in IDENTIFYING.items():
            for _, rows in version.find(table, "article_id", ids, [*{"article_id", *names}]):
                for row in rows.to_pylist():
                    texts = {row[name] for name in names if len(row[name] or "") >= SHORTEST}
                    found.setdefault(row["article_id"], set()).update(texts)
        for _, rows in version.find("article_entities", "article_id", ids, ["article_id", "entity_name"]):
            for row in rows.to_pylist():
                found.setdefault(row["article_id"], set()).add(CELL.format(row["entity_name"]))
    return found


def _remove_reports(curated: Path, identifying: Mapping[str, set[str]]) -> list[Path]:
    """Remove and return the pages that identify an article, or name an entity that no other article names."""
    named = {CELL.format(name) for name in store.open_version(curated).read("entities", ["name"])["name"].to_pylist()}
    sought = {text for texts in identifying.values() for text in texts} - named
    removed = []
    for page in store.list_reports(curated):
        content = html.unescape(page.read_text("utf-8"))
        if any(text in content for text in sought):
            page.unlink()
            removed.append(page)
    return removed


def _scrub(curated: Path, ids: Collection[str]) -> None:
    """Remove articles from all versions but the current one, which was built without them."""
    current = store.open_version(curated)
    scrubber = store.Scrubber(ids, count_part)
    for version in store.list_versions(curated):
        if version.run_id != current.run_id:
            scrubber.scrub(version, describe_part, sum_recounted)
