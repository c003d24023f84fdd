"""RAW → staged rows: what is new or changed is framed, curated in batches, and taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline import store
from pipeline.batches import Batch, Task
from pipeline.contract import RawRef, ReadFile, Reject, Skip
from pipeline.curate.work import Source, Staged, Work, key_of_ref, key_of_row, note_refused, refuse_mixture
from pipeline.errors import LedgerError, UnreachableError, UsageError
from pipeline.ledger import Key
from pipeline.read import BEGIN, Bookmark, Options, RawFile, RawRecord, find_files, fingerprint, frame_file, is_remote
from pipeline.staging import STAGED_AT, Place
from pipeline.store import RECORD_KEY

# Records that workers have, each with the digest of its content, if framing took it.
Waiting = dict[Key, str]


def plan(work: Work) -> list[Source]:
    """List RAW, and part what is new or changed from what is not."""
    with work.timed("plan"):
        forced = _choose_forced(work)
        todo: list[Source] = []
        unlistable: list[Reject] = []
        item_count = 0
        for item in _list_raw(work):
            item_count += 1
            if isinstance(item, Reject):
                work.came_in += 1
                unlistable.append(item)
            elif isinstance(item, Skip):
                work.came_in += 1
                work.ledger.note_skip(item.reason)
            else:
                work.files[item.raw_path] = item
                source = _hold_against_known(work, item, forced)
                is_wanted = work.settings.replay is None or item.raw_path in forced
                if source and is_wanted and (work.settings.limit is None or len(todo) < work.settings.limit):
                    todo.append(source)
        if not item_count:
            raise UsageError(f"{work.raw} holds no files; put raw articles there, or name another folder")
        gone = _find_gone(work, [reject.raw_path for reject in unlistable])
        work.ledger.load(work.source, {source.raw_path for source in todo if source.after == BEGIN})
        work.ledger.load(work.source, {*gone, *(reject.raw_path for reject in unlistable)})
        work.ledger.note_gone(work.source, gone, with_articles=work.settings.is_pruning)
        for reject in unlistable:
            note_refused(work, reject, "")
        reread = {source.raw_path for source in todo}
        refuse_mixture(work, lambda _, key: key[0] == work.source and key[1] in reread)
    return todo


def _choose_forced(work: Work) -> set[str]:
    """The files that are to be read though they have not changed, by raw_path."""
    settings = work.settings
    if work.previous is None or (settings.redo is None and settings.replay is None):
        return set()
    return work.previous.paths_of_records(work.source, work.is_redone)


def _hold_against_known(work: Work, file: RawFile, forced: set[str]) -> Source | None:
    """What is to be read of a file: nothing where it has not changed, and then its records are noted unread."""
    known = work.ledger.file(work.source, file.raw_path)
    if known is not None and file.raw_path not in forced:
        if file.stamp and file.stamp == known.stamp and not work.settings.is_rehashing:
            work.came_in += work.ledger.note_unread(known, file.stamp)
            return None
        found = fingerprint(file, known.end_byte)
        if found.whole == known.file_sha256:
            work.came_in += work.ledger.note_unread(known, file.stamp)
            return None
        if known.end_byte and found.begin == known.file_sha256:
            return Source(file, found.whole, Bookmark(known.end_byte, known.end_record))
        return Source(file, found.whole, BEGIN)
    return Source(file, fingerprint(file).whole, BEGIN)


def _list_raw(work: Work) -> Iterator[RawFile | Reject | Skip]:
    try:
        yield from find_files(work.raw, work.source)
    except OSError as error:
        raise UnreachableError(
            f"{work.raw} cannot be listed: {error}; nothing was published: look whether it is there, and run again"
        ) from error


def _find_gone(work: Work, unlistable: Sequence[str]) -> list[str]:
    """The files of which something is known and that are not there any more.

    What lies below a folder that cannot be opened is not known to be gone; nor is anything where RAW is one file.
    """
    if work.previous is None or "." in unlistable or not (is_remote(work.raw) or Path(work.raw).is_dir()):
        return []
    known = work.previous.paths_of_rejects(work.source)
    if work.settings.is_pruning:
        known |= work.previous.paths_of_files(work.source)
    below = tuple(f"{raw_path}/" for raw_path in unlistable)
    return [
        raw_path
        for raw_path in sorted(known - work.files.keys() - set(unlistable))
        if not below or not raw_path.startswith(below)
    ]


def read_files(work: Work, todo: Sequence[Source]) -> None:
    """Curate what is new or changed in some files."""
    skips: dict[str, Counter[str]] = {source.raw_path: Counter() for source in todo}
    ends: dict[str, Bookmark] = {}
    waiting: Waiting = {}
    _run_batches(work, _frame_files(work, todo, skips, ends, waiting), waiting, skips)
    for source in todo:  # now that all their records are noted
        file, end = source.file, ends[source.raw_path]
        known = ReadFile(
            *(work.source, file.raw_path, file.stamp, source.sha256, work.recipe, 0, 0, [], []),
            *(end.end_byte, end.end_record),
        )
        work.ledger.note_read(known, skips[file.raw_path])


def _frame_files(
    work: Work,
    todo: Sequence[Source],
    skips: Mapping[str, Counter[str]],
    ends: dict[str, Bookmark],
    waiting: Waiting,
) -> Iterator[RawRecord]:
    """Part files into records, note what needs no work, and hand on the rest."""
    for done, source in enumerate(todo, 1):
        raw_path = source.raw_path
        if source.after != BEGIN:
            known = work.ledger.file(work.source, raw_path)
            assert known is not None
            work.came_in += work.ledger.note_grown(known)
        framing = frame_file(source.file, Options(work.settings.fields), source.after)
        for item in framing:
            work.came_in += 1
            if isinstance(item, Skip):
                skips[raw_path][item.reason] += 1
                work.ledger.note_skip(item.reason)
                continue
            ref = (item.source, item.raw_path, item.raw_record) if isinstance(item, Reject) else key_of_ref(item.ref)
            if ref in waiting or work.ledger.has_seen(ref):
                raise LedgerError(f"{raw_path} gives two records that are called {ref[2]!r}, which is a bug")
            if isinstance(item, Reject):
                note_refused(work, item, item.raw_sha256 or "")
            elif work.ledger.is_known(ref) and work.ledger.is_unchanged(ref, item.digested().content_sha256):
                work.ledger.note_unchanged(ref)
            else:
                waiting[ref] = item.content_sha256
                yield item
        ends[raw_path] = framing.end
        work.progress("files", done, len(todo))


def read_again(work: Work, keys: set[Key]) -> None:
    """Curate single records of files that were read before."""
    waiting: Waiting = {}

    def records() -> Iterator[RawRecord]:
        for raw_path in sorted({key[1] for key in keys}):
            for item in frame_file(work.files[raw_path], Options(work.settings.fields)):
                if isinstance(item, RawRecord) and key_of_ref(item.ref) in keys:
                    waiting[key_of_ref(item.ref)] = item.content_sha256
                    yield item

    _run_batches(work, records(), waiting, {})
    for key in keys - {key for _, key in work.staged} - set(work.rejects):
        detail = "the file changed while it was being read; run again"
        note_refused(work, Reject.of(RawRef(*key, ""), stage="read", reason="unreadable", detail=detail), "")


def _run_batches(work: Work, records: Iterator[RawRecord], waiting: Waiting, skips: Mapping[str, Counter[str]]) -> None:
    """Run batches over records and take in what they made, whichever is done first.

    Raises:
        LedgerError: if a record comes back as nothing, or as two things.
    """
    with work.timed("read, normalise, language, entities, quotes"):
        for batch in work.run_batches(_cut_tasks(work, records)):
            _take_in(work, batch, waiting, skips)
    if waiting:
        some = sorted(waiting)[:3]
        raise LedgerError(f"{len(waiting)} raw records were read and gave neither article nor reject: {some}")


def _cut_tasks(work: Work, records: Iterator[RawRecord]) -> Iterator[Task]:
    """Part the records into tasks of about equal work."""
    settings = work.settings
    batch: list[RawRecord] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.data)
        if len(batch) >= settings.batch_records or size >= settings.batch_bytes:
            yield _task(work, batch)
            batch, size = [], 0
    if batch:
        yield _task(work, batch)


def _task(work: Work, records: Sequence[RawRecord]) -> Task:
    settings, options = work.settings, Options(work.settings.fields)
    return Task(tuple(records), settings.publisher, options, work.attributions, settings.threads, work.knowledge)


def _take_in(work: Work, batch: Batch, waiting: Waiting, skips: Mapping[str, Counter[str]]) -> None:
    rows = batch.rows["articles"]
    if rows.num_rows:
        number = work.staging.add(batch.rows)
        for row in rows.select(
            [*RECORD_KEY, "raw_sha256", "article_id", "fetched_at", "published_on", STAGED_AT]
        ).to_pylist():
            key = key_of_row(row)
            content_sha256 = _back(waiting, key) or row["raw_sha256"]
            if row["article_id"] in work.forgotten:
                if key[1] in skips:  # else it is read again, and its file has changed
                    work.ledger.note_skip("forgotten")
                    skips[key[1]]["forgotten"] += 1
                continue
            work.ledger.note_article(key, content_sha256, row["article_id"], row["fetched_at"])
            place = Place(number, row[STAGED_AT])
            work.staged[row["article_id"], key] = Staged(place, store.month_of(row["published_on"]))
    for reject in batch.rejects:
        content_sha256 = _back(waiting, (reject.source, reject.raw_path, reject.raw_record))
        note_refused(work, reject, content_sha256 or reject.raw_sha256 or "")


def _back(waiting: Waiting, key: Key) -> str:
    if key not in waiting:
        raise LedgerError(f"raw record {key} came back from its worker and had not been sent, or came back twice")
    return waiting.pop(key)
