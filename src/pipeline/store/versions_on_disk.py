"""Lock a data set, build a version in it, and make that the current one."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
Written by `onrecord`, whose runs replace the files here. Load a table with
`pd.read_parquet("curated/quotes")`; `articles`, `quotes`, `mentions` and `article_entities` also have a column
`published_month` (`YYYY-MM`, or `unknown`) from the names of their folders. All offsets are half-open Unicode code points into
`articles.text`; all instants are UTC. The schema metadata of each part file has the version of `onrecord` and of the model
that wrote it, the setting `--attributions`, and the measured accuracy (`onrecord.accuracy`, JSON).

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
PREPARED = ".ready"  # suffix of a report whose run has not published yet
FRESH = ".{}.new"  # a file about to replace another; a dead run may leave one


def check_destination(curated: Path) -> None:
    """Check that a path is a data set, or free for a new one.

    Raises:
        UsageError: if it is a file, or a folder with other files.
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
            f"--into {curated} has other files ({', '.join(foreign[:3])}); nothing was written: "
            "name a new folder, or one that onrecord wrote"
        )


def check_outside(curated: Path, target: Path) -> None:
    """Check that a folder to write is not inside a data set.

    Raises:
        UsageError: if it is.
    """
    if target.resolve().is_relative_to(curated.resolve()):
        raise UsageError(f"{target} is inside {curated}; name a folder elsewhere")


@contextmanager
def writing(curated: Path) -> Iterator[None]:
    """Become the only writer of a data set, and remove what dead runs left.

    The lock is the kernel's (``flock``): it ends with its process, however that ends.

    Raises:
        UsageError: if the path cannot be a data set.
        LockedError: if another run has the lock.
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
        _clean_up_after_dead_runs(curated)
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
                with suppress(OSError):  # without the name of its holder, on a full disk, the lock works too
                    os.ftruncate(lock, 0)
                    os.write(lock, holder.encode())
                return lock
        os.close(lock)


def _clean_up_after_dead_runs(curated: Path) -> None:
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
    """Return the folder for files of corrections."""
    return curated / CORRECTIONS


def settings_file(curated: Path) -> Path:
    """Return the path of the settings of drift and alerts."""
    return curated / SETTINGS


@contextmanager
def scratch(curated: Path | None) -> Iterator[Path]:
    """Yield an empty folder for temporary files; the next run removes what a dead one leaves.

    Args:
        curated: the data set of the run; None for a dry run.

    Raises:
        StorageError: if the disk refuses.
    """
    parent = curated / "versions" if curated else Path(tempfile.gettempdir())
    try:
        folder = tempfile.TemporaryDirectory(prefix="staging-", dir=parent)
    except OSError as error:
        raise StorageError(
            f"{parent} cannot be written: {error.strerror}; nothing was published: make room and run again"
        ) from error
    with folder as path:
        yield Path(path)


@contextmanager
def building(curated: Path, run_id: str) -> Iterator[Version]:
    """Yield a new, empty version; it is removed again after any error.

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
    """Make a complete version the current one, for all tables in one step."""
    _sync(version.path)
    for name in TABLES:
        point(curated / name, Path("current", name))
    _write_if_changed(curated / "README.md", README_TEXT + data_dictionary(TABLES.values()))
    point(curated / "current", Path("versions", version.run_id))
    with suppress(OSError):  # on a full disk the next run marks it
        (version.path / PUBLISHED).touch()


def point(link: Path, target: Path) -> None:
    """Change the target of a link in one step."""
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
    """Flush a version to the disk, so that a power cut after the switch loses nothing; linked files are there already."""
    for path in (*folder.rglob("*"), folder, folder.parent):
        if path.is_dir() or path.stat().st_nlink == 1:
            sync_one(path)


def sync_one(path: Path) -> None:
    """Flush a file, or the list of names of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def report_path(curated: Path, run_id: str) -> Path:
    """Return the path of a run's report, and create its folder."""
    folder = curated / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{run_id}.html"


def prepared_report(curated: Path, run_id: str) -> Path:
    """Return the path of a report that is written before its run publishes, so that no published run lacks one."""
    return report_path(curated, run_id).with_suffix(PREPARED)


def index_path(curated: Path) -> Path:
    """Return the path of the page that lists all runs."""
    return report_path(curated, "index")


def list_reports(curated: Path) -> list[Path]:
    """Return the reports of runs, published or not, the oldest first."""
    return sorted((curated / "reports").glob("[0-9]*.html"))  # a run_id begins with its year


def latest_report(curated: Path) -> Path | None:
    """Return the report of the last run that wrote one, published or not."""
    return max(list_reports(curated), default=None)


def schema_metadata(version: str, accuracy: Accuracy, attributions: Attributions) -> dict[str, str]:
    """Return the metadata of each Parquet file: what wrote it, and the measured accuracy."""
    return {
        "onrecord.version": version,
        "onrecord.model_version": accuracy.model_version,
        "onrecord.attributions": attributions,
        "onrecord.accuracy": as_json(accuracy),
    }
