"""RAW → staged rows: what is new or changed is framed, curated in batches, and taken in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline import store
from pipeline.batches import Batch, Task
from pipeline.contract import RawRef, Record, Reject, Skip
from pipeline.curate.work import KEY, Staged, Work, key_of_ref, key_of_row, note_refused, read_holders, refuse_mixture
from pipeline.errors import LedgerError, UnreachableError, UsageError
from pipeline.ledger import Key, key_of
from pipeline.read import Options, RawFile, RawRecord, find_files, fingerprint, frame_file, is_remote
from pipeline.staging import STAGED_AT, Place

# Records that workers have: the digest of each record's content, if framing took it, and the fingerprint of its file.
Waiting = dict[Key, tuple[str, str]]


def plan(work: Work) -> list[RawFile]:
    """List RAW, and part what is new or changed from what is not."""
    with work.timed("plan"):
        known = work.ledger.known(work.source)
        todo: list[RawFile] = []
        unlistable: list[str] = []
        item_count = 0
        for item in _list_raw(work):
            item_count += 1
            if isinstance(item, Reject):
                work.came_in += 1
                unlistable.append(item.raw_path)
                note_refused(work, item, "", "")
            elif isinstance(item, Skip):
                work.came_in += 1
                work.ledger.note_skip(item.reason)
            else:
                sha256 = fingerprint(item)
                work.files[item.raw_path] = item, sha256
                if work.ledger.is_read(work.source, item.raw_path, sha256):
                    work.came_in += work.ledger.note_unread(work.source, item.raw_path, known.get(item.raw_path, []))
                elif work.settings.limit is None or len(todo) < work.settings.limit:
                    todo.append(item)
        if not item_count:
            raise UsageError(f"{work.raw} holds no files; put raw articles there, or name another folder")
        if is_remote(work.raw) or Path(work.raw).is_dir():
            _forget_what_is_gone(work, known, unlistable)
        refuse_mixture(work, _left_as_they_are(work, todo))
    return todo


def _list_raw(work: Work) -> Iterator[RawFile | Reject | Skip]:
    try:
        yield from find_files(work.raw, work.source)
    except OSError as error:
        raise UnreachableError(
            f"{work.raw} cannot be listed: {error}; nothing was published: look whether it is there, and run again"
        ) from error


def _forget_what_is_gone(work: Work, known: Mapping[str, Sequence[Record]], unlistable: Sequence[str]) -> None:
    """Refused files that are not there any more, and folders that can be opened now, are refused no longer.

    Articles whose files are gone stay. What lies below a folder that cannot be opened is not known to be gone.
    """
    if "." in unlistable:  # RAW itself
        return
    below = tuple(f"{raw_path}/" for raw_path in unlistable)
    for raw_path, records in known.items():
        if raw_path in work.files or raw_path.startswith(below):
            continue
        for record in records:
            if record.outcome == "reject" and record.article_id is None and not work.ledger.has_seen(key_of(record)):
                work.ledger.forget(key_of(record))


def _left_as_they_are(work: Work, todo: Sequence[RawFile]) -> Iterator[Key]:
    """The records of published articles that do not lie in the files to be read."""
    reread = {file.raw_path for file in todo}
    for source, raw_path, raw_record in read_holders(work.previous).values():
        if source != work.source or raw_path not in reread:
            yield source, raw_path, raw_record


def read_files(work: Work, todo: Sequence[RawFile]) -> None:
    """Curate what is new or changed in some files."""
    skips: dict[str, Counter[str]] = {file.raw_path: Counter() for file in todo}
    waiting: Waiting = {}
    _run_batches(work, _frame_files(work, todo, skips, waiting), waiting)
    known = work.ledger.known(work.source)
    for file in todo:  # now that all their records are noted
        path = file.raw_path
        work.ledger.note_read(work.source, path, work.files[path][1], skips[path], known.get(path, []))


def _frame_files(
    work: Work, todo: Sequence[RawFile], skips: Mapping[str, Counter[str]], waiting: Waiting
) -> Iterator[RawRecord]:
    """Part files into records, note what needs no work, and hand on the rest."""
    for done, file in enumerate(todo, 1):
        sha256 = work.files[file.raw_path][1]
        for item in frame_file(file, Options(work.settings.fields)):
            work.came_in += 1
            if isinstance(item, Skip):
                skips[file.raw_path][item.reason] += 1
                work.ledger.note_skip(item.reason)
                continue
            ref = (item.source, item.raw_path, item.raw_record) if isinstance(item, Reject) else key_of_ref(item.ref)
            if ref in waiting or work.ledger.has_seen(ref):
                raise LedgerError(f"{file.raw_path} gives two records that are called {ref[2]!r}, which is a bug")
            if isinstance(item, Reject):
                note_refused(work, item, item.raw_sha256 or "", sha256)
            elif work.ledger.is_known(ref) and work.ledger.is_unchanged(ref, item.digested().content_sha256):
                work.ledger.note_unchanged(ref, sha256)
            else:
                waiting[ref] = item.content_sha256, sha256
                yield item
        work.progress("files", done, len(todo))


def read_again(work: Work, keys: set[Key]) -> None:
    """Curate single records of files that were read before."""
    waiting: Waiting = {}

    def records() -> Iterator[RawRecord]:
        for raw_path in sorted({key[1] for key in keys}):
            file, sha256 = work.files[raw_path]
            for item in frame_file(file, Options(work.settings.fields)):
                if isinstance(item, RawRecord) and key_of_ref(item.ref) in keys:
                    waiting[key_of_ref(item.ref)] = item.content_sha256, sha256
                    yield item

    _run_batches(work, records(), waiting)
    for key in keys - {key for _, key in work.staged} - set(work.rejects):
        detail = "the file changed while it was being read; run again"
        note_refused(work, Reject.of(RawRef(*key, ""), stage="read", reason="unreadable", detail=detail), "", "")


def _run_batches(work: Work, records: Iterator[RawRecord], waiting: Waiting) -> None:
    """Run batches over records and take in what they made, whichever is done first.

    Raises:
        LedgerError: if a record comes back as nothing, or as two things.
    """
    with work.timed("read, normalise, language, entities, quotes"):
        for batch in work.run_batches(_cut_tasks(work, records)):
            _take_in(work, batch, waiting)
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


def _take_in(work: Work, batch: Batch, waiting: Waiting) -> None:
    rows = batch.rows["articles"]
    if rows.num_rows:
        number = work.staging.add(batch.rows)
        for row in rows.select([*KEY, "raw_sha256", "article_id", "fetched_at", "published_on", STAGED_AT]).to_pylist():
            key = key_of_row(row)
            content_sha256, file_sha256 = _back(waiting, key)
            content_sha256 = content_sha256 or row["raw_sha256"]
            work.ledger.note_article(key, content_sha256, file_sha256, row["article_id"], row["fetched_at"])
            place = Place(number, row[STAGED_AT])
            work.staged[row["article_id"], key] = Staged(place, store.month_of(row["published_on"]))
    for reject in batch.rejects:
        content_sha256, file_sha256 = _back(waiting, (reject.source, reject.raw_path, reject.raw_record))
        note_refused(work, reject, content_sha256 or reject.raw_sha256 or "", file_sha256)


def _back(waiting: Waiting, key: Key) -> tuple[str, str]:
    if key not in waiting:
        raise LedgerError(f"raw record {key} came back from its worker and had not been sent, or came back twice")
    return waiting.pop(key)
