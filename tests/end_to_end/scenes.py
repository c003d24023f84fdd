"""A run to be disturbed many times, with the data set before and after it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.conftest import STORY
from tests.end_to_end.states import Content, Examiner, content, copy_data_set, differing, leftovers
from tests.end_to_end.warm import Ended, Runner


def write_first(raw: Path) -> None:
    """Write four articles, two of them alike and one with two records, and a file without an article."""
    raw.mkdir(parents=True)
    (raw / "ferry.txt").write_text(STORY.format(detail="two hundred"), "utf-8")
    (raw / "copy.txt").write_text(STORY.format(detail="two hundred"), "utf-8")
    (raw / "going.txt").write_text(STORY.format(detail="nine").replace("May 7", "June 1"), "utf-8")
    (raw / "broken.txt").write_bytes(b"")
    (raw / "wire.jsonl").write_text(line("a", "reopened", 3) + line("a", "to reopen", 4), "utf-8")


def write_second(raw: Path) -> None:
    """Write a new file, and change, remove, extend and repair others."""
    (raw / "new.txt").write_text(STORY.format(detail="five hundred").replace("May 7", "July 9"), "utf-8")
    (raw / "ferry.txt").write_text(STORY.format(detail="three hundred").replace("Mara Oduya", "Ines Falk"), "utf-8")
    (raw / "going.txt").unlink()
    (raw / "broken.txt").write_text(STORY.format(detail="no").replace("May 7", "May 9"), "utf-8")
    with (raw / "wire.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(line("a", "open at last", 5) + line("b", "sold", 6))


def line(name: str, state: str, day: int) -> str:
    """Return an article as a JSON line."""
    return (
        f'{{"url": "https://wire.example/{name}", "headline": "The quay is {state}", '
        f'"text": "Tomas Brandt of the harbour board said that the quay was {state}.", '
        f'"published_at": "2024-05-0{day}T08:00:00Z", "fetched_at": "2024-05-0{day}T09:00:00Z"}}\n'
    )


WRITES: tuple[Callable[[Path], None], ...] = (write_first, write_second)


class Scene:
    """A run to be disturbed many times, with the data set before and after it."""

    def __init__(self, runner: Runner, folder: Path, number: int) -> None:
        """Make the data set before run ``number``, counted from 1; then make that run undisturbed."""
        self.folder, self.raw, self.start, self.end = folder, folder / "wire", folder / "start", folder / "end"
        self._examiner = Examiner()
        for write in WRITES[:number]:
            copy_data_set(self.end, self.start)
            write(self.raw)
            self.undisturbed = self.run(runner, self.end)
            assert self.undisturbed.code == 0, self.undisturbed.err
        self._before, self._after = self._examiner.examine(self.start), self._examiner.examine(self.end)
        assert not leftovers(self.end)

    def run(self, runner: Runner, curated: Path, **order: object) -> Ended:
        """Make the run, disturbed as ordered."""
        return runner.run(*self.arguments(curated), below=str(curated), **order)

    def arguments(self, curated: Path) -> tuple[object, ...]:
        """Return the command that makes the run."""
        return ("curate", self.raw, "--into", curated, "--workers", 1, "--quiet")

    def teach(self, runner: Runner) -> None:
        """Let it remember the texts."""
        lesson = runner.run(*self.arguments(self.folder / "nowhere"), "--dry-run", is_lesson=True)
        assert lesson.code == 0, lesson.err

    def fresh(self, name: str = "curated") -> Path:
        """Return a data set as it is before the run."""
        return copy_data_set(self.start, self.folder / name)

    def find(self, curated: Path) -> str:
        """Return whether a data set is as "before" or "after" the run, after every reader has read it and it is verified."""
        return self._name(self._examiner.examine(curated))

    def check_recovery(self, runner: Runner, curated: Path) -> None:
        """Make the next run, and check that the data set ends as if nothing had happened."""
        recovered = self.run(runner, curated)
        assert recovered.code == 0, recovered.err
        assert self._name(content(curated)) == "after"
        left = leftovers(curated)
        assert not left, left

    def _name(self, found: Content) -> str:
        differences = differing(found, self._before), differing(found, self._after)
        assert [] in differences, f"it is neither as before nor as after: {differences}"
        return "after" if not differences[1] else "before"
