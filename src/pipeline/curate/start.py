"""Start a run: check what was asked against the data set, take its lock, and make the frozen context."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline import store
from pipeline.accuracy import Accuracy, read_accuracy
from pipeline.contract import Attributions
from pipeline.curate.context import KnowledgeBase, PublishedArticles, RunContext, full_path
from pipeline.drift import DriftSettings, read_settings
from pipeline.entities import digest_knowledge
from pipeline.errors import UsageError
from pipeline.history import parse_policy
from pipeline.read import is_remote, is_unicode
from pipeline.settings import Settings, made_by
from pipeline.staging import Staging


@contextmanager
def open_run(raw: str, into: Path, settings: Settings) -> Iterator[RunContext]:
    """Become the only writer of a data set, and yield the context of a run that curates RAW into it.

    A dry run takes no lock.

    Raises:
        UsageError: if RAW or INTO cannot be used, or the settings contradict the data set's.
        ModelError: if a file of the language model is missing or damaged.
        LockedError: if another run is writing the data set.
        StorageError: if the disk refuses.
    """
    source = settings.source or source_name(raw)
    _check_paths(raw, into, source, settings.publisher)
    if settings.keep is not None:
        parse_policy(settings.keep)  # used only after the run has published, when it is too late to refuse
    with _lock(into, settings) as locked:
        _check_source(raw, source, settings, locked.previous)
        attributions = _choose_attributions(into, settings, locked.previous)
        knowledge_base = _choose_knowledge_base(into, settings, locked.previous)
        yield _make_context(locked, raw, source, settings, attributions, knowledge_base)


@contextmanager
def reopen_run(curated: Path) -> Iterator[RunContext]:
    """Become the only writer of a data set, and yield the context of a run that reads nothing and keeps all settings.

    Raises:
        UsageError: if there is no data set.
        ModelError, LockedError, StorageError: like ``open_run``.
    """
    store.open_version(curated)  # before the lock, which would create a folder
    with _lock(curated, Settings()) as locked:
        assert locked.previous is not None
        run = locked.previous.last_run()
        settings = Settings(source=run.source, **json.loads(run.settings))
        knowledge_base = None
        if run.knowledge_base is not None and run.knowledge_base_sha256 is not None:
            knowledge_base = KnowledgeBase(Path(run.knowledge_base), run.knowledge_base_sha256)
        yield _make_context(locked, run.raw, run.source, settings, locked.previous.attributions, knowledge_base)


@dataclass(frozen=True, slots=True)
class _Locked:
    """A data set of which this run is the only writer."""

    into: Path
    previous: store.Version | None
    scratch: Path
    accuracy: Accuracy
    drift_settings: DriftSettings


@contextmanager
def _lock(into: Path, settings: Settings) -> Iterator[_Locked]:
    """Read what the run needs, then become the only writer of the data set; a dry run takes no lock."""
    store.check_destination(into)
    accuracy = read_accuracy()  # before the lock, which creates a folder
    drift_settings = read_settings(store.settings_file(into))
    with ExitStack() as stack:
        if not settings.is_dry_run:
            stack.enter_context(store.writing(into))
        previous = store.current_version(into)
        scratch = stack.enter_context(store.scratch(None if settings.is_dry_run else into))
        yield _Locked(into, previous, scratch, accuracy, drift_settings)


def _make_context(
    locked: _Locked,
    raw: str,
    source: str,
    settings: Settings,
    attributions: Attributions,
    knowledge_base: KnowledgeBase | None,
) -> RunContext:
    code = made_by(locked.accuracy.model_version)
    started_at = datetime.now(UTC)
    return RunContext(
        raw=raw,
        into=locked.into,
        source=source,
        settings=settings,
        run_id=new_run_id(started_at),
        started_at=started_at,
        previous=locked.previous,
        published=PublishedArticles(locked.previous),
        forgotten=frozenset(store.read_forgotten(locked.into)),
        attributions=attributions,
        knowledge_base=knowledge_base,
        accuracy=locked.accuracy,
        drift_settings=locked.drift_settings,
        recipe=settings.recipe(attributions, knowledge_base.sha256 if knowledge_base else None),
        made_by=_as_text(code),
        is_redone=partial(_is_redone, settings, code),
        scratch=locked.scratch,
        staging=Staging(locked.scratch),
    )


def new_run_id(started_at: datetime) -> str:
    """Return an id that sorts by time: the second, and its fraction in 65,536ths as four hex digits."""
    return f"{started_at:%Y%m%dT%H%M%SZ}-{started_at.microsecond * 65_536 // 1_000_000:04x}"


def check_raw(raw: str) -> None:
    """Check that RAW exists; a store is asked only when it is listed.

    Raises:
        UsageError: if it does not.
    """
    if not is_remote(raw) and not Path(raw).exists():
        raise UsageError(f"{raw} does not exist; name a file or folder of raw articles")


def source_name(raw: str) -> str:
    """Return the name of the folder that RAW is, or is in.

    Raises:
        UsageError: if RAW does not exist on this machine.
    """
    check_raw(raw)
    if is_remote(raw):
        return raw.rstrip("/").rsplit("/", 1)[-1]
    path = Path(raw)
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    return folder.name or "raw"


def _check_paths(raw: str, into: Path, source: str, publisher: str | None) -> None:
    """Check that tables can hold all names, and that the data set is not inside RAW.

    Raises:
        UsageError: names the fault.
    """
    for option, name in (("RAW", raw), ("--source", source), ("--publisher", publisher or "")):
        if not is_unicode(name):
            raise UsageError(f"{option} {name!r} is not UTF-8; choose another name")
    if not is_remote(raw) and Path(raw).is_dir() and into.resolve().is_relative_to(Path(raw).resolve()):
        raise UsageError(f"--into {into} is inside RAW {raw}, which would read its own tables; name another folder")


def _check_source(raw: str, source: str, settings: Settings, previous: store.Version | None) -> None:
    """Check that two collections do not get one name by accident.

    Raises:
        UsageError: if the data set read this source from another folder, and ``--source`` does not name it.
    """
    before = previous.last_raw(source) if previous else None
    if settings.source is None and before is not None and _folder_of(before) != _folder_of(full_path(raw)):
        raise UsageError(
            f"the data set's source {source!r} was read from {before}, but RAW is {raw}: "
            f"to continue that source add --source {source}; for another source give another name"
        )


def _choose_attributions(into: Path, settings: Settings, previous: store.Version | None) -> Attributions:
    """Return which attributions the data set's quotes have after the run.

    Raises:
        UsageError: if the run asks for others than the data set has, and does not recompute all quotes.
    """
    if previous is None:
        return settings.attributions or "said"
    if settings.attributions not in (None, previous.attributions) and settings.redo != "all":
        raise UsageError(
            f"{into} was built with --attributions {previous.attributions}, but this run asks for "
            f"{settings.attributions}: leave the option out, or add --reprocess to recompute all quotes"
        )
    return settings.attributions or previous.attributions


def _choose_knowledge_base(into: Path, settings: Settings, previous: store.Version | None) -> KnowledgeBase | None:
    """Return the knowledge base that entities are linked to: the run's, or else the one of the last run.

    Raises:
        UsageError: if its file cannot be read.
    """
    asked = settings.knowledge_base
    if asked is None and previous is not None:
        asked = previous.last_run().knowledge_base
    if not asked:
        return None
    path = Path(asked).resolve()
    if settings.knowledge_base is None and not path.exists():
        raise UsageError(
            f"the entities in {into} are linked to {path}, which does not exist any more: name the file with "
            "--knowledge-base FILE, or continue without one with --no-knowledge-base"
        )
    return KnowledgeBase(path, digest_knowledge(path))


def _folder_of(raw: str) -> str:
    return str(Path(raw).parent) if Path(raw).is_file() else raw


def _as_text(code: Mapping[str, str]) -> str:
    return " ".join(f"{part}={number}" for part, number in code.items())


def _is_redone(settings: Settings, code: Mapping[str, str], made: str, outcome: str, reason: str | None) -> bool:
    """Return whether a run curates an unchanged record again.

    Args:
        settings: of the run.
        code: the number of each part of the code that curates in this run.
        made: the code that curated the record, as text.
        outcome: of the record.
        reason: of its reject, if any.
    """
    if settings.replay is not None and outcome == "reject" and (not settings.replay or reason in settings.replay):
        return True
    match settings.redo:
        case None:
            return False
        case "all":
            return True
        case "older":
            return made != _as_text(code)
        case part:
            return f"{part}={code[part]}" not in made.split()
