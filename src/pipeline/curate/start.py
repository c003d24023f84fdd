"""What a run is told, held against what is there: the beginning of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline import store
from pipeline.accuracy import read_accuracy
from pipeline.batches import Batch, Task
from pipeline.contract import Attributions
from pipeline.curate.work import Holdings, KnowledgeBase, Progress, Work, full_path, memory_of
from pipeline.drift import read_settings
from pipeline.entities import digest_knowledge
from pipeline.errors import UsageError
from pipeline.history import parse_policy
from pipeline.ledger import Ledger
from pipeline.read import is_remote, is_unicode
from pipeline.settings import Settings, made_by
from pipeline.staging import Staging

FindKnowledgeBase = Callable[[Path, Settings, store.Version | None], KnowledgeBase | None]


def choose_knowledge_base(into: Path, settings: Settings, previous: store.Version | None) -> KnowledgeBase | None:
    """What entities are linked to from now on, beside the lists that come with onrecord.

    Raises:
        UsageError: if its file cannot be read.
    """
    given = settings.knowledge_base
    if given is None and previous is not None:
        given = previous.last_run().knowledge_base
    if not given:
        return None
    path = Path(given).resolve()
    if settings.knowledge_base is None and not path.exists():
        raise UsageError(
            f"the entities in {into} are linked to {path}, which is gone: name the file with --knowledge-base FILE, "
            "or go on without one with --no-knowledge-base"
        )
    return KnowledgeBase(path, digest_knowledge(path))


def keep_knowledge_base(_into: Path, _settings: Settings, previous: store.Version | None) -> KnowledgeBase | None:
    """What entities were linked to last: for what links none anew, and needs no file of it."""
    run = previous.last_run() if previous else None
    if run is None or run.knowledge_base is None or run.knowledge_base_sha256 is None:
        return None
    return KnowledgeBase(Path(run.knowledge_base), run.knowledge_base_sha256)


def open_work(
    stack: ExitStack,
    raw: str,
    into: Path,
    settings: Settings,
    run_batches: Callable[[Iterable[Task]], Iterable[Batch]],
    progress: Progress,
    find_knowledge_base: FindKnowledgeBase = choose_knowledge_base,
) -> Work:
    """Be the one writer of a data set, and begin a run.

    Args:
        stack: ends the run, and with it the lock.
        raw: what is read.
        into: the data set.
        settings: what the run was told.
        run_batches: makes rows of raw records.
        progress: is told how far the run is.
        find_knowledge_base: what entities are linked to.

    Raises:
        UsageError: if ``raw`` or ``into`` cannot be what they should be, or the settings do not go with the data set's.
        ModelError: if a file of the language model is missing or damaged.
        LockedError: if another run is writing ``into``.
        StorageError: if the disk refuses.
    """
    source = settings.source or source_name(raw)
    _check_places(raw, into, source, settings.publisher)
    if settings.keep is not None:
        parse_policy(settings.keep)  # it is used when the run has published: too late to be refused
    store.check_destination(into)
    watching = read_settings(store.settings_file(into))  # before hours of work, not after
    accuracy = read_accuracy()
    if not settings.is_dry_run:
        stack.enter_context(store.writing(into))
    previous = store.current_version(into)
    _check_source(raw, source, settings, previous)
    attributions = _choose_attributions(into, settings, previous)
    knowledge_base = find_knowledge_base(into, settings, previous)
    scratch = stack.enter_context(store.scratch(None if settings.is_dry_run else into))
    recipe = settings.recipe(attributions, knowledge_base.sha256 if knowledge_base else None)
    code = made_by(accuracy.model_version)
    is_redone = partial(_is_redone, settings, code)
    holdings = Holdings(previous)
    started_at = datetime.now(UTC)
    return Work(
        raw=raw,
        source=source,
        settings=settings,
        run_batches=run_batches,
        progress=progress,
        previous=previous,
        attributions=attributions,
        knowledge_base=knowledge_base,
        accuracy=accuracy,
        recipe=recipe,
        watching=watching,
        is_redone=is_redone,
        holdings=holdings,
        ledger=Ledger(memory_of(previous, holdings), recipe, _as_text(code), is_redone),
        scratch=scratch,
        staging=Staging(scratch),
        forgotten=frozenset(store.read_forgotten(into)),
        run_id=new_run_id(started_at),
        started_at=started_at,
    )


def new_run_id(started_at: datetime) -> str:
    """An id that orders by time: to the second, and the 65,536ths of it."""
    return f"{started_at:%Y%m%dT%H%M%SZ}-{started_at.microsecond * 65_536 // 1_000_000:04x}"


def check_raw(raw: str) -> None:
    """Refuse a RAW that is not there; a store is asked when it is listed.

    Raises:
        UsageError: says so.
    """
    if not is_remote(raw) and not Path(raw).exists():
        raise UsageError(f"{raw} does not exist; name a file or folder of raw articles")


def source_name(raw: str) -> str:
    """The name of the collection that RAW is, or lies in.

    Raises:
        UsageError: if there is no such file or folder on this machine.
    """
    check_raw(raw)
    if is_remote(raw):
        return raw.rstrip("/").rsplit("/", 1)[-1]
    path = Path(raw)
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    return folder.name or "raw"


def _check_places(raw: str, into: Path, source: str, publisher: str | None) -> None:
    """Refuse names that no table can hold, and a data set that lies within what it is made of.

    Raises:
        UsageError: says which.
    """
    for what, name in (("RAW", raw), ("--source", source), ("--publisher", publisher or "")):
        if not is_unicode(name):
            raise UsageError(f"{what} {name!r} is not UTF-8; name it otherwise")
    if not is_remote(raw) and Path(raw).is_dir() and into.resolve().is_relative_to(Path(raw).resolve()):
        raise UsageError(f"--into {into} lies within RAW {raw}, which would read its own tables; name another folder")


def _check_source(raw: str, source: str, settings: Settings, previous: store.Version | None) -> None:
    """Refuse to take one collection for another of the same name.

    Raises:
        UsageError: if RAW gives its name only by chance to what was read from elsewhere.
    """
    before = previous.last_raw(source) if previous else None
    if settings.source is None and before is not None and _folder_of(before) != _folder_of(full_path(raw)):
        raise UsageError(
            f"the data set's source {source!r} was read from {before}, and RAW is {raw}: "
            f"to go on with that source give --source {source}, for another one another name"
        )


def _choose_attributions(into: Path, settings: Settings, previous: store.Version | None) -> Attributions:
    """Which attributions the quotes of the data set are of from now on.

    Raises:
        UsageError: if that is to change, and nothing was said of making all quotes anew.
    """
    if previous is None:
        return settings.attributions or "said"
    held = previous.attributions
    if settings.attributions not in (None, held) and settings.redo != "all":
        raise UsageError(
            f"the quotes in {into} are of --attributions {held}, and this run is told {settings.attributions}: "
            f"leave it out to go on with {held}, or add --reprocess to make all its quotes anew"
        )
    return settings.attributions or held


def _folder_of(raw: str) -> str:
    """The folder that RAW is, or lies in."""
    return str(Path(raw).parent) if Path(raw).is_file() else raw


def _as_text(code: Mapping[str, str]) -> str:
    return " ".join(f"{part}={number}" for part, number in code.items())


def _is_redone(settings: Settings, code: Mapping[str, str], made: str, outcome: str, reason: str | None) -> bool:
    """Whether a run makes a record again that has not changed.

    Args:
        settings: the run's.
        code: the parts of the program that make records, each with its number.
        made: those that made this one, as text.
        outcome: what became of it.
        reason: why, where it was refused.
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
