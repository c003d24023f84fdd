"""A process with everything loaded, which forks a child for each run of the command: 0.2 s instead of 10.

A child can be ordered to die, or to stop, just before any step of its run that changes a file, and to die in the middle
of one. Steps are the events of Python's audit hooks, and some that these miss: syncing, writing to a descriptor, and the
files that Arrow writes.

Two things take most of a run and write nothing into a data set, so they are replaced here: Great Expectations finds no
fault, and the tagger remembers the texts it has read. test_crashes.py also kills the real command, with both.

Started as a module, the process serves each connection to its socket from a fork, with orders and answers as JSON lines.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
SECONDS = 60  # that no run takes: a child that hangs is ended, and its test fails
CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# Audit events that change a file: which of their arguments name one, and which the folder that a name is relative to.
EVENTS: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.rename": ((1, 3), (0, 2)),
    "os.link": ((1, 3), (0, 2)),
    "os.symlink": ((1, 2),),
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
    "os.chmod": ((0, 2),),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A run to be made."""

    arguments: tuple[str, ...]  # of the command
    below: str = ""  # the folder in which a change of a file is a step
    at: int = 0  # the step, counted from 1, before which the child gets the signal
    signal: int = signal.SIGKILL
    after: float | None = None  # seconds after which it is killed from outside
    shuffle: int | None = None  # seed of the order in which its records come back, each as if from a worker of its own
    is_lesson: bool = False  # run without a child, to remember the texts in it


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    pid: int
    code: int | None = None  # the command's; negative: the signal that ended it; None: it has been stopped
    err: str = ""
    seconds: float = 0.0
    steps: list[str] = field(default_factory=list)  # told where it was not killed


class Warm:
    """The process, from the side of the tests."""

    def __init__(self) -> None:
        """Start it, and wait until it has loaded everything."""
        self._folder = tempfile.TemporaryDirectory()
        self._socket = str(Path(self._folder.name, "socket"))
        command = [sys.executable, "-m", "tests.end_to_end.warm", self._socket]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.read(1), "the process could not start; its reason stands above"

    @contextlib.contextmanager
    def connect(self) -> Iterator[Runner]:
        """Yield a function that makes runs one after the other; several may be used at the same time."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._socket)
            with connection.makefile("rw") as stream:
                yield Runner(stream)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


class Runner:
    """Makes runs of the command, one after the other."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def run(self, *arguments: object, **order: Any) -> Ended:
        """Run the command in a child."""
        return self._ask(asdict(Order(tuple(map(str, arguments)), **order)))

    def wait(self, stopped: Ended) -> Ended:
        """Wait for a child that was stopped, and that the test let go on, or killed."""
        return self._ask({"pid": stopped.pid})

    def _ask(self, order: dict[str, Any]) -> Ended:
        print(json.dumps(order), file=self._stream, flush=True)
        return Ended(**json.loads(self._stream.readline()))


# ── In the process ─────────────────────────────────────────────────────────────────────────────────────────────


def serve(path: str) -> None:
    """Take connections until killed."""
    ready = os.dup(1)
    os.dup2(2, 1)
    _warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        os.write(ready, b"!")
        while True:
            connection, _ = listening.accept()
            if not os.fork():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listening.close()
                _answer(connection)
                os._exit(0)
            connection.close()


def _warm_up() -> None:
    """Load what a run loads, and put stand-ins in the place of what takes long and writes nothing."""
    from pipeline import curate, validate
    from tests.end_to_end.conftest import STORY

    check_ledger, passed = validate.check_ledger, []
    validate.check_rows = validate.check_version = lambda *_, **__: []  # type: ignore[assignment]
    validate.check_ledger = lambda run: passed.append(check_ledger(run)) or passed[0]  # type: ignore[func-returns-value]
    curate.read_language = _remembering(curate.read_language)  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        raw.mkdir()
        (raw / "story.txt").write_text(STORY, "utf-8")
        _command(("curate", str(raw), "--into", f"{folder}/curated", "--workers", "1"))
    validate.check_ledger = lambda run: passed[0]  # noqa: ARG005 (it adds up there; `onrecord verify` adds it up for each data set)
    gc.collect()
    gc.freeze()  # or each child's first collection would copy all memory


def _remembering(read: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[str, Any] = {}

    def look_up(article: Any, *rest: Any) -> Any:
        key = repr(article)
        if key not in known:
            known[key] = read(article, *rest)
        return known[key]

    return look_up


def _command(arguments: Iterable[str]) -> tuple[int, str]:
    """Run the command in this process: its code, and what it says of errors."""
    from pipeline.cli import main

    err = io.StringIO()
    try:
        with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
            return main(list(arguments)), err.getvalue()
    except BaseException as error:  # noqa: BLE001 (whatever it is, the test must see it)
        return 70, f"{err.getvalue()}{error!r}"


def _answer(connection: socket.socket) -> None:
    told: dict[int, IO[bytes]] = {}  # by child: the file in which it tells how it ended
    with connection.makefile("rw") as stream:
        for line in stream:
            order = json.loads(line)
            ended = _wait(order["pid"], told) if "pid" in order else _start(Order(**order), told)
            print(json.dumps(asdict(ended)), file=stream, flush=True)


def _start(order: Order, told: dict[int, IO[bytes]]) -> Ended:
    if order.is_lesson:
        code, err = _command(order.arguments)
        return Ended(os.getpid(), code, err)
    report = tempfile.TemporaryFile()  # noqa: SIM115 (the child writes it, and whoever waits for that reads it)
    start = time.perf_counter()
    pid = os.fork()
    if not pid:
        _run(order, report)
    told[pid] = report
    if order.after is not None:
        select.select([os.pidfd_open(pid)], [], [], order.after)
        os.kill(pid, signal.SIGKILL)
    return replace(_wait(pid, told), seconds=time.perf_counter() - start)


def _wait(pid: int, told: dict[int, IO[bytes]]) -> Ended:
    hung = threading.Timer(SECONDS, os.kill, (pid, signal.SIGKILL))
    hung.start()
    _, status = os.waitpid(pid, os.WUNTRACED)
    hung.cancel()
    if os.WIFSTOPPED(status):
        return Ended(pid)
    code = os.waitstatus_to_exitcode(status)
    with told.pop(pid) as report:
        report.seek(0)
        return Ended(pid, code, **(json.load(report) if code >= 0 else {}))


def _run(order: Order, report: IO[bytes]) -> None:
    """Run the command as the child, and end."""
    from pipeline import curate

    if order.shuffle is not None:
        chance = random.Random(order.shuffle)
        curate.in_processes = lambda workers, **_: _shuffled(chance)  # type: ignore[attr-defined]  # noqa: ARG005
    steps = Steps(order)
    code, err = _command(order.arguments)
    steps.is_counting = False
    report.write(json.dumps({"err": err, "steps": steps.names}).encode())
    report.flush()
    os._exit(code)


def _shuffled(chance: random.Random) -> Callable[..., Iterator[Any]]:
    """Return what runs batches like many workers: one record each, results in any order."""

    def run(work: Callable[..., Any], tasks: Iterable[Any]) -> Iterator[Any]:
        apart = [replace(task, records=(record,)) for task in tasks for record in task.records]
        chance.shuffle(apart)
        yield from map(work, apart)

    return run


class Steps:
    """The steps of a run: counted, and one of them its last."""

    def __init__(self, order: Order) -> None:
        """Count from now on; this cannot be undone in a process, so it is done in one's child."""
        self._order = order
        self.names: list[str] = []
        self.is_counting = bool(order.below)
        if self.is_counting:
            sys.addaudithook(self._hear)
            self._watch_descriptors()
            self._watch_arrow()

    def is_last(self, name: str, path: str) -> bool:
        """Count a step, and tell whether it is the last: the caller may do it by half, and then ``end``."""
        if not self.is_counting or not path.startswith(self._order.below):
            return False
        self.names.append(f"{name} {os.path.relpath(path, self._order.below)}")
        return len(self.names) == self._order.at

    def before(self, name: str, path: str) -> None:
        """Count a step; end before it if it is the last."""
        if self.is_last(name, path):
            self.end()

    def end(self) -> None:
        """Get the signal."""
        self.is_counting = False
        os.kill(os.getpid(), self._order.signal)
        self.is_counting = True  # it was stopped, and goes on

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_counting:
            return
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & CHANGING:
            path = _path(arguments[0])
            self.before("open", path)
            if self.is_last("have opened", path):
                self.is_counting = False
                os.close(os.open(path, arguments[2] | os.O_CREAT, 0o644))
                self.end()
        for position, folder in EVENTS.get(event, ()):
            path = _path(arguments[position], -1 if folder is None else arguments[folder])
            if path.startswith(self._order.below):
                self.before(event, path)
                break

    def _watch_descriptors(self) -> None:
        for name in ("fsync", "fdatasync", "write"):
            real = getattr(os, name)

            def watched(descriptor: int, *rest: Any, name: str = name, real: Callable[..., Any] = real) -> Any:
                self.before(name, _path(descriptor))
                return real(descriptor, *rest)

            setattr(os, name, watched)

    def _watch_arrow(self) -> None:
        """Notice the files that Arrow writes: before a file exists, without its footer, and with half of it on disk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        steps, real_file = self, pa.OSFile

        class Writer(pq.ParquetWriter):  # type: ignore[misc]
            def __init__(self, where: Any, *rest: Any, **options: Any) -> None:
                steps.before("open", str(where))
                super().__init__(where, *rest, **options)
                self.path = str(where)

            def close(self) -> None:
                if self.is_open:
                    steps.before("close", self.path)
                    super().close()
                    if steps.is_last("half", self.path):
                        os.truncate(self.path, Path(self.path).stat().st_size // 2)
                        steps.end()

        def open_file(path: str, mode: str = "r", **options: Any) -> Any:
            if mode.startswith("w"):
                steps.before("open", path)
            return real_file(path, mode, **options)

        pq.ParquetWriter = pq.core.ParquetWriter = Writer
        pa.OSFile = open_file


def _path(named: Any, folder: int = -1) -> str:
    """Return the full path of a name in an audit event, or of a descriptor."""
    if isinstance(named, int):
        return str(Path(f"/proc/self/fd/{named}").readlink())
    base = Path(f"/proc/self/fd/{folder}").readlink() if folder >= 0 else Path.cwd()
    return os.path.normpath(base / os.fsdecode(named))


if __name__ == "__main__":
    serve(sys.argv[1])
