"""Where a data set lies: who may write there, how a version is built, and how it becomes the current one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.accuracy import Accuracy, as_json
from pipeline.contract import TABLES, Attributions, data_dictionary
from pipeline.errors import LockedError, StorageError, UsageError
from pipeline.store.version import PUBLISHED, Version, current_version

README_HEADER = "# Curated tables\n"
README_TEXT = (
    README_HEADER
    + """
Written by `onrecord`; every file here but this one is replaced or linked anew by its runs. Load a table with
`pd.read_parquet("curated/quotes")`; `articles`, `quotes`, `mentions` and `article_entities` also have a column
`published_month` (`YYYY-MM`, or `unknown`) from the names of their folders. All offsets are half-open Unicode code points into
`articles.text`; all instants are UTC. The schema metadata of each part file tells the version of `onrecord` and of its
model that wrote it, the attributions that the quotes are of, and the accuracy that was measured (`onrecord.accuracy`,
JSON).

"""
)
LOCK = ".lock"
CORRECTIONS = "corrections"
SETTINGS = "settings.toml"
FORGOTTEN = "forgotten.jsonl"
KNOWN_ENTRIES = {
    *("current", "versions", "reports", CORRECTIONS, SETTINGS, FORGOTTEN, "README.md", ".gitignore", LOCK),
    *TABLES,
}
PREPARED = ".ready"  # ends the name of a report of a run that has not published yet
FRESH = ".{}.new"  # what is about to take a name's place; a run that died may leave one


def check_destination(curated: Path) -> None:
    """Refuse a place that is not a data set and is not free to become one.

    Raises:
        UsageError: if it is a file, or a folder that holds something else.
    """
    if not curated.exists():
        return
    if not curated.is_dir():
        raise UsageError(f"--into {curated} is a file; name a folder, new or written by onrecord")
    known = KNOWN_ENTRIES | {FRESH.format(name) for name in KNOWN_ENTRIES}
    foreign = sorted(entry.name for entry in curated.iterdir() if entry.name not in known)
    readme = curated / "README.md"
    if readme.exists() and not readme.read_text("utf-8", "replace").startswith(README_HEADER):
        foreign.append("README.md")
    if foreign:
        raise UsageError(
            f"--into {curated} holds something else ({', '.join(foreign[:3])}); nothing was written: "
            "name a new folder, or one that onrecord wrote"
        )


def check_outside(curated: Path, target: Path) -> None:
    """Refuse to write for other purposes where only a data set's own files may lie.

    Raises:
        UsageError: says so.
    """
    if target.resolve().is_relative_to(curated.resolve()):
        raise UsageError(f"{target} lies within {curated}; name a place elsewhere")


@contextmanager
def writing(curated: Path) -> Iterator[None]:
    """Be the one writer of a data set, and first remove what dead runs left.

    The lock is the kernel's (``flock``): it ends with its process, however that ends.

    Raises:
        UsageError: if the place cannot be a data set.
        LockedError: if another run holds it.
        StorageError: if the disk refuses.
    """
    check_destination(curated)
    try:
        (curated / "versions").mkdir(parents=True, exist_ok=True)
        lock = _acquire(curated / LOCK)
    except OSError as error:
        raise StorageError(
            f"{curated} cannot be written: {error.strerror}; nothing was published: make room, or name another folder"
        ) from error
    try:
        _remove_what_dead_runs_left(curated)
        yield
    finally:
        (curated / LOCK).unlink(missing_ok=True)
        os.close(lock)


def _acquire(path: Path) -> int:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 200).decode("utf-8", "replace") or "another process"
            os.close(lock)
            raise LockedError(f"{path.parent} is being written by {holder}; wait for it and run again") from None
        # The holder before us may have removed the file between our open and our lock.
        with suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(lock).st_ino:
                now = datetime.now(UTC)
                holder = f"process {os.getpid()} on {socket.gethostname()} since {now:%Y-%m-%d %H:%M:%S} UTC"
                with suppress(OSError):  # a full disk has no room to say who holds the lock: it holds all the same
                    os.ftruncate(lock, 0)
                    os.write(lock, holder.encode())
                return lock
        os.close(lock)


def _remove_what_dead_runs_left(curated: Path) -> None:
    for fresh in (*curated.glob(FRESH.format("*")), *(curated / "reports").glob("*.new")):
        fresh.unlink()
    current = current_version(curated)
    for prepared in (curated / "reports").glob(f"*{PREPARED}"):
        if current is not None and prepared.stem == current.run_id:
            prepared.replace(prepared.with_suffix(".html"))  # the run died right after its switch
        else:
            prepared.unlink()
    for version in (curated / "versions").iterdir():
        is_current = current is not None and version.resolve() == current.path
        if is_current and not (version / PUBLISHED).exists():
            (version / PUBLISHED).touch()  # the run died right after its switch
        elif not is_current and not (version / PUBLISHED).exists():
            shutil.rmtree(version)


def corrections_folder(curated: Path) -> Path:
    """Where people put what they have corrected."""
    return curated / CORRECTIONS


def settings_file(curated: Path) -> Path:
    """Where people set what counts as usual, and what they are to be told of."""
    return curated / SETTINGS


@dataclass(frozen=True, slots=True)
class Forgotten:
    """That an article is kept out."""

    reason: str
    is_done: bool  # whether all versions are without it


def read_forgotten(curated: Path) -> dict[str, Forgotten]:
    """The articles that are kept out of a data set, by article_id.

    Raises:
        UsageError: if the file that names them is damaged.
    """
    path = curated / FORGOTTEN
    if not path.exists():
        return {}
    try:
        return {
            (told := json.loads(line))["article_id"]: Forgotten(told["reason"], told["is_done"])
            for line in path.read_text("utf-8").splitlines()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is damaged ({error}); each line is an object with article_id, reason, forgotten_at and is_done: mend it"
        ) from error


@contextmanager
def scratch(curated: Path | None) -> Iterator[Path]:
    """An empty folder for what a run makes on the way; the next run removes what a dead one leaves.

    Args:
        curated: the data set that it is for; None for a run that publishes nothing.

    Raises:
        StorageError: if the disk refuses.
    """
    place = curated / "versions" if curated else Path(tempfile.gettempdir())
    try:
        folder = tempfile.TemporaryDirectory(prefix="staging-", dir=place)
    except OSError as error:
        raise StorageError(
            f"{place} cannot be written: {error.strerror}; nothing was published: make room and run again"
        ) from error
    with folder as path:
        yield Path(path)


@contextmanager
def building(curated: Path, run_id: str) -> Iterator[Version]:
    """A new, empty version that nothing points to; it is removed again if anything goes wrong.

    Raises:
        StorageError: if the disk refuses.
    """
    path = curated / "versions" / run_id
    try:
        path.mkdir(parents=True)
        yield Version(path)
    except OSError as error:
        discard(path)
        raise StorageError(
            f"{path} could not be written: {error.strerror}; nothing was published: make room and run again"
        ) from error
    except BaseException:
        discard(path)
        raise


def discard(path: Path) -> None:
    """Remove a version that was not published."""
    if not (path / PUBLISHED).exists() and os.path.realpath(path.parent.parent / "current") != os.path.realpath(path):
        shutil.rmtree(path, ignore_errors=True)


def publish(curated: Path, version: Version) -> None:
    """Make a complete version the current one: for all tables, in one step."""
    _sync(version.path)
    for name in TABLES:
        point(curated / name, Path("current", name))
    _write_if_changed(curated / "README.md", README_TEXT + data_dictionary(TABLES.values()))
    point(curated / "current", Path("versions", version.run_id))
    with suppress(OSError):  # a full disk: the next run marks it
        (version.path / PUBLISHED).touch()


def point(link: Path, target: Path) -> None:
    """Let a link lead elsewhere, in one step."""
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(FRESH.format(link.name))
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    sync_one(link.parent)


def _write_if_changed(path: Path, text: str) -> None:
    if path.exists() and path.read_text("utf-8") == text:
        return
    fresh = path.with_name(FRESH.format(path.name))
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def _sync(folder: Path) -> None:
    """Bring a version to the disk, so that a power cut after the switch loses nothing; what is linked is there."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        if path.is_dir() or path.stat().st_nlink == 1:
            sync_one(path)


def sync_one(path: Path) -> None:
    """Bring a file or a folder's list of names to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def report_path(curated: Path, run_id: str) -> Path:
    """Where the report of a run lies; its folder is made if need be."""
    folder = curated / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{run_id}.html"


def prepared_report(curated: Path, run_id: str) -> Path:
    """Where the report of a run waits until the run has published: so none that did is without."""
    return report_path(curated, run_id).with_suffix(PREPARED)


def index_path(curated: Path) -> Path:
    """Where the page over all runs lies, beside theirs."""
    return report_path(curated, "index")


def list_reports(curated: Path) -> list[Path]:
    """The reports of runs, published or not, the oldest first."""
    return sorted((curated / "reports").glob("[0-9]*.html"))  # a run's id begins with its year


def latest_report(curated: Path) -> Path | None:
    """The report of the last run that wrote one, published or not."""
    return max(list_reports(curated), default=None)


def schema_metadata(version: str, accuracy: Accuracy, attributions: Attributions) -> dict[str, str]:
    """What each Parquet file says of how it came about, and how far it can be trusted."""
    return {
        "onrecord.version": version,
        "onrecord.model_version": accuracy.model_version,
        "onrecord.attributions": attributions,
        "onrecord.accuracy": as_json(accuracy),
    }
