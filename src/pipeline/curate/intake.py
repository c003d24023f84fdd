"""Read RAW: list its files, curate new and changed records in batches, and stage the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from pipeline import store
from pipeline.batches import Batch, Task
from pipeline.contract import RawRef, ReadFile, Reject, Skip, from_table
from pipeline.curate.context import Progress, RunContext, key_of_ref, key_of_row
from pipeline.entities import Knowledge, build_knowledge
from pipeline.errors import LedgerError, UnreachableError, UsageError
from pipeline.ledger import Key, Ledger, Memory
from pipeline.read import BEGIN, Bookmark, Options, RawFile, RawRecord, find_files, fingerprint, frame_file, is_remote
from pipeline.staging import STAGED_AT, Place
from pipeline.store import RECORD_KEY

RunBatches = Callable[[Iterable[Task]], Iterable[Batch]]


@dataclass(frozen=True, slots=True)
class StagedArticle:
    """Where the rows of an article are staged, and the month they belong to."""

    place: Place
    month: str


@dataclass(frozen=True, slots=True)
class Intake:
    """The raw records of a run, and the rows made from those that are new or changed.

    The ledger is the run's only account, so each step continues with the ledger of the step before.
    """

    ledger: Ledger
    files: Mapping[str, RawFile] = field(default_factory=dict)  # the readable files of RAW, by raw_path
    record_count: int = 0  # raw records as they are read; the ledger must account for as many
    staged: Mapping[tuple[str, Key], StagedArticle] = field(default_factory=dict)  # by article_id and record
    rejects: Mapping[Key, Reject] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Source:
    """A raw file to read."""

    file: RawFile
    sha256: str
    start: Bookmark


def open_ledger(run: RunContext) -> Ledger:
    """Return a ledger that knows the raw records of the previous version."""
    memory = Memory()
    if run.previous is not None:
        memory = Memory(
            from_table(run.previous.read("files"), ReadFile),
            run.previous.find_records,
            lambda article_ids: {
                article_id: article.key for article_id, article in run.published.look_up(article_ids).items()
            },
        )
    return Ledger(memory, run.recipe, run.made_by, run.is_redone)


def read_new_records(run: RunContext, run_batches: RunBatches, progress: Progress) -> Intake:
    """Curate the raw records that are new or changed.

    Raises:
        UsageError: if RAW has no files, or the quotes cannot all get the attributions that the run asks for.
        UnreachableError: if RAW cannot be listed.
        StorageError: if the staged rows cannot be written.
    """
    reader = _Reader(run, open_ledger(run), run_batches)
    with run.timed("plan"):
        sources = reader.plan()
    reader.read(sources, progress)
    if run.settings.is_pruning:
        reader.ledger.prune(run.source)
    return reader.intake()


def read_again(run: RunContext, intake: Intake, keys: set[Key], run_batches: RunBatches) -> Intake:
    """Curate single records of files that were read before, and add them to the intake."""
    reader = _Reader(
        run,
        intake.ledger,
        run_batches,
        files=dict(intake.files),
        record_count=intake.record_count,
        staged=dict(intake.staged),
        rejects=dict(intake.rejects),
    )
    reader.read_single_records(keys)
    return reader.intake()


def is_present(run: RunContext, intake: Intake, key: Key) -> bool:
    """Return whether this run can read a record's file again."""
    return key[0] == run.source and key[1] in intake.files


def note_reject(run: RunContext, ledger: Ledger, reject: Reject, content_sha256: str) -> dict[Key, Reject]:
    """Note a reject in the ledger and return it, by its record's key, as the table ``rejects`` shows it."""
    noted = ledger.note_reject(reject, content_sha256)
    return {(reject.source, reject.raw_path, reject.raw_record): replace(noted, run_id=run.run_id)}


def check_attributions(run: RunContext, is_remade: Callable[[str, Key], bool]) -> None:
    """Check that all quotes of the data set get the attributions of this run.

    Args:
        run: the run.
        is_remade: whether this run makes a published article again, by its id and record.

    Raises:
        UsageError: if some articles would keep theirs; nothing was published.
    """
    if run.previous is None or run.previous.attributions == run.attributions:
        return
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for row in run.previous.read("articles", ["article_id", *RECORD_KEY]).to_pylist():
        if not is_remade(row["article_id"], key_of_row(row)):
            counts[row["source"]] += 1
            examples.setdefault(row["source"], row["raw_path"])
    if counts:
        kept = ", ".join(
            f"{count:,} of source {source!r}, read from {run.previous.last_raw(source)} (such as {examples[source]})"
            for source, count in sorted(counts.items())
        )
        raise UsageError(
            f"this run cannot recompute all quotes with --attributions {run.attributions}; some articles would keep "
            f"theirs: {kept}. Nothing was published: name a RAW that has all of them in readable form, without "
            f"--limit; or curate each source into a new folder with --attributions {run.attributions}"
        )


@lru_cache(maxsize=1)
def _index_knowledge(path: Path, scratch: Path) -> Knowledge:
    return build_knowledge(path, scratch)


@dataclass(slots=True)
class _Reader:
    """Reads raw files, has their records curated, and collects the results of one step."""

    run: RunContext
    ledger: Ledger
    run_batches: RunBatches
    files: dict[str, RawFile] = field(default_factory=dict)
    record_count: int = 0
    staged: dict[tuple[str, Key], StagedArticle] = field(default_factory=dict)
    rejects: dict[Key, Reject] = field(default_factory=dict)
    skips: dict[str, Counter[str]] = field(default_factory=dict)  # reasons, by raw_path
    ends: dict[str, Bookmark] = field(default_factory=dict)  # how far each file was read, by raw_path
    waiting: dict[Key, str] = field(default_factory=dict)  # records at workers, with their digest if framing took it

    def intake(self) -> Intake:
        """Return the results."""
        return Intake(self.ledger, self.files, self.record_count, self.staged, self.rejects)

    # ── Choose the files to read ───────────────────────────────────────────────────────────────────────────────

    def plan(self) -> list[_Source]:
        """List RAW and return the files that are new or changed; the others are noted as unchanged."""
        run, settings = self.run, self.run.settings
        forced = self._choose_forced()
        sources: list[_Source] = []
        unlistable: list[Reject] = []
        for item in self._list_raw():
            if isinstance(item, Reject):
                self.record_count += 1
                unlistable.append(item)
            elif isinstance(item, Skip):
                self.record_count += 1
                self.ledger.note_skip(item.reason)
            else:
                self.files[item.raw_path] = item
                source = self._find_change(item, forced)
                is_wanted = settings.replay is None or item.raw_path in forced
                if source and is_wanted and (settings.limit is None or len(sources) < settings.limit):
                    sources.append(source)
        self._note_removed(unlistable)
        self.ledger.load_files(run.source, {source.file.raw_path for source in sources if source.start == BEGIN})
        for reject in unlistable:
            self.rejects |= note_reject(run, self.ledger, reject, "")
        reread = {source.file.raw_path for source in sources}
        check_attributions(run, lambda _, key: key[0] == run.source and key[1] in reread)
        return sources

    def _choose_forced(self) -> set[str]:
        """Return the raw_path of each file to read although it has not changed."""
        run = self.run
        if run.previous is None or (run.settings.redo is None and run.settings.replay is None):
            return set()
        return run.previous.paths_of_records(run.source, run.is_redone)

    def _list_raw(self) -> Iterator[RawFile | Reject | Skip]:
        raw, is_empty = self.run.raw, True
        try:
            for item in find_files(raw, self.run.source):
                is_empty = False
                yield item
        except OSError as error:
            raise UnreachableError(
                f"{raw} cannot be listed: {error}; nothing was published: check that it exists, and run again"
            ) from error
        if is_empty:
            raise UsageError(f"{raw} has no files; put raw articles there, or name another folder")

    def _find_change(self, file: RawFile, forced: set[str]) -> _Source | None:
        """Return what to read of a file; None if it has not changed, and then its records are noted as unchanged."""
        known = self.ledger.known_file(self.run.source, file.raw_path)
        if known is None or file.raw_path in forced:
            return _Source(file, fingerprint(file).whole, BEGIN)
        if file.stamp and file.stamp == known.stamp and not self.run.settings.is_rehashing:
            self.record_count += self.ledger.note_unchanged_file(known, file.stamp)
            return None
        found = fingerprint(file, known.end_byte)
        if found.whole == known.file_sha256:
            self.record_count += self.ledger.note_unchanged_file(known, file.stamp)
            return None
        if known.end_byte and found.begin == known.file_sha256:
            return _Source(file, found.whole, Bookmark(known.end_byte, known.end_record))
        return _Source(file, found.whole, BEGIN)

    def _note_removed(self, unlistable: Sequence[Reject]) -> None:
        paths = [reject.raw_path for reject in unlistable]
        removed = self._find_removed(paths)
        self.ledger.load_files(self.run.source, {*removed, *paths})
        self.ledger.note_removed_files(self.run.source, removed, with_articles=self.run.settings.is_pruning)

    def _find_removed(self, unlistable: Sequence[str]) -> list[str]:
        """Return the known files that RAW does not have any more, by raw_path.

        A file below a folder that cannot be listed may still exist, and so may all others where RAW is one file.
        """
        run = self.run
        if run.previous is None or "." in unlistable or not (is_remote(run.raw) or Path(run.raw).is_dir()):
            return []
        known = run.previous.paths_of_rejects(run.source)
        if run.settings.is_pruning:
            known |= run.previous.paths_of_files(run.source)
        below = tuple(f"{raw_path}/" for raw_path in unlistable)
        missing = sorted(known - self.files.keys() - set(unlistable))
        return [raw_path for raw_path in missing if not below or not raw_path.startswith(below)]

    # ── Read them ──────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, sources: Sequence[_Source], progress: Progress) -> None:
        """Curate the new and changed records of some files."""
        if not sources:
            return
        self._curate(self._frame_files(sources, progress))
        for source in sources:  # after all their records are noted
            raw_path, end = source.file.raw_path, self.ends[source.file.raw_path]
            known = ReadFile(
                *(self.run.source, raw_path, source.file.stamp, source.sha256, self.run.recipe, 0, 0, [], []),
                *(end.end_byte, end.end_record),
            )
            self.ledger.note_read_file(known, self.skips[raw_path])

    def _frame_files(self, sources: Sequence[_Source], progress: Progress) -> Iterator[RawRecord]:
        """Yield the records to curate, and note all others."""
        for done, source in enumerate(sources, 1):
            raw_path = source.file.raw_path
            self.skips[raw_path] = Counter()
            if source.start != BEGIN:
                known = self.ledger.known_file(self.run.source, raw_path)
                assert known is not None
                self.record_count += self.ledger.note_grown_file(known)
            framing = frame_file(source.file, Options(self.run.settings.fields), source.start)
            for item in framing:
                self.record_count += 1
                if isinstance(item, Skip):
                    self.skips[raw_path][item.reason] += 1
                    self.ledger.note_skip(item.reason)
                elif isinstance(item, Reject):
                    self._note_framing_reject(item)
                elif self._is_new_or_changed(item):
                    yield item
            self.ends[raw_path] = framing.end
            progress("files", done, len(sources))

    def _note_framing_reject(self, reject: Reject) -> None:
        self._check_unseen((reject.source, reject.raw_path, reject.raw_record))
        self.rejects |= note_reject(self.run, self.ledger, reject, reject.raw_sha256 or "")

    def _is_new_or_changed(self, record: RawRecord) -> bool:
        """Return whether a record has to be curated, after noting it."""
        key = key_of_ref(record.ref)
        self._check_unseen(key)
        if self.ledger.is_known(key) and self.ledger.is_unchanged(key, record.digested().content_sha256):
            self.ledger.note_unchanged(key)
            return False
        self.waiting[key] = record.content_sha256
        return True

    def _check_unseen(self, key: Key) -> None:
        if key in self.waiting or self.ledger.has_seen(key):
            raise LedgerError(f"{key[1]} has two records with the name {key[2]!r}, which is a bug")

    def read_single_records(self, keys: set[Key]) -> None:
        """Curate single records of files that were read before."""

        def frame() -> Iterator[RawRecord]:
            for raw_path in sorted({key[1] for key in keys}):
                for item in frame_file(self.files[raw_path], Options(self.run.settings.fields)):
                    if isinstance(item, RawRecord) and key_of_ref(item.ref) in keys:
                        self.waiting[key_of_ref(item.ref)] = item.content_sha256
                        yield item

        self._curate(frame())
        for key in keys - {key for _, key in self.staged} - set(self.rejects):
            detail = "the file changed while it was being read; run again"
            reject = Reject.of(RawRef(*key, ""), stage="read", reason="unreadable", detail=detail)
            self.rejects |= note_reject(self.run, self.ledger, reject, "")

    # ── Curate records in batches ──────────────────────────────────────────────────────────────────────────────

    def _curate(self, records: Iterator[RawRecord]) -> None:
        """Curate records and collect the results in the order in which batches finish.

        Raises:
            LedgerError: if a record comes back as nothing, or twice.
        """
        knowledge = None
        if self.run.knowledge_base is not None:
            with self.run.timed("knowledge base"):
                knowledge = _index_knowledge(self.run.knowledge_base.path, self.run.scratch)
        with self.run.timed("read, normalise, language, entities, quotes"):
            for batch in self.run_batches(self._cut_tasks(records, knowledge)):
                self._collect(batch)
        if self.waiting:
            examples = sorted(self.waiting)[:3]
            raise LedgerError(f"{len(self.waiting)} raw records became neither article nor reject: {examples}")

    def _cut_tasks(self, records: Iterator[RawRecord], knowledge: Knowledge | None) -> Iterator[Task]:
        """Yield tasks of about equal work."""
        run, settings = self.run, self.run.settings
        options = Options(settings.fields)

        def task(batch: Sequence[RawRecord]) -> Task:
            return Task(tuple(batch), settings.publisher, options, run.attributions, settings.threads, knowledge)

        batch: list[RawRecord] = []
        size = 0
        for record in records:
            batch.append(record)
            size += len(record.data)
            if len(batch) >= settings.batch_records or size >= settings.batch_bytes:
                yield task(batch)
                batch, size = [], 0
        if batch:
            yield task(batch)

    def _collect(self, batch: Batch) -> None:
        """Stage the rows of a batch, and note its articles and rejects in the ledger."""
        articles = batch.rows["articles"]
        if articles.num_rows:
            number = self.run.staging.add(batch.rows)
            noted = [*RECORD_KEY, "raw_sha256", "article_id", "fetched_at", "published_on", STAGED_AT]
            for row in articles.select(noted).to_pylist():
                key, article_id = key_of_row(row), row["article_id"]
                content_sha256 = self._take_back(key) or row["raw_sha256"]
                if article_id in self.run.forgotten:
                    self._skip_forgotten(key)
                    continue
                self.ledger.note_article(key, content_sha256, article_id, row["fetched_at"])
                place = Place(number, row[STAGED_AT])
                self.staged[article_id, key] = StagedArticle(place, store.month_of(row["published_on"]))
        for reject in batch.rejects:
            content_sha256 = self._take_back((reject.source, reject.raw_path, reject.raw_record))
            self.rejects |= note_reject(self.run, self.ledger, reject, content_sha256 or reject.raw_sha256 or "")

    def _skip_forgotten(self, key: Key) -> None:
        if key[1] in self.skips:  # a record that is read again was counted with its file
            self.ledger.note_skip("forgotten")
            self.skips[key[1]]["forgotten"] += 1

    def _take_back(self, key: Key) -> str:
        """Return the digest that a record had when it was sent to a worker."""
        if key not in self.waiting:
            raise LedgerError(f"raw record {key} came back from a worker that never got it, or came back twice")
        return self.waiting.pop(key)
