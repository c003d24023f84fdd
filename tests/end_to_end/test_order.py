"""The tables do not depend on how records are split into runs, on their order, or on the number of workers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.end_to_end.conftest import STORY
from tests.end_to_end.scenes import line
from tests.end_to_end.states import Content, differing, owed_to_input
from tests.end_to_end.warm import Runner, Warm

FILES = {
    "ferry.txt": STORY.format(detail="two hundred"),
    "copy.txt": STORY.format(detail="two hundred"),
    "near.txt": STORY.format(detail="two hundred or more"),
    "later.txt": STORY.format(detail="two hundred").replace("May 7", "May 9"),
    "undated.txt": STORY.format(detail="six").replace("May 7 2024 - ", ""),
    "other.txt": STORY.format(detail="ten").replace("Mara Oduya", "Ines Falk").replace("May 7", "June 3"),
    "empty.txt": "",
}
# Of one address or several, and not in the order of their times.
LINES = [line("a", "reopened", 4), line("b", "sold", 5), line("a", "to reopen", 3), "no JSON\n", line("a", "shut", 6)]


@dataclass(frozen=True)
class Arrival:
    """What comes before one run: some files, and some more lines of a file that grows."""

    files: tuple[str, ...]
    line_count: int
    seed: int  # of the order in which the records come back from the workers


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    """Return some runs that bring all records, each once."""
    run_count = draw(st.integers(2, 4))
    which = st.integers(0, run_count - 1)
    runs = {name: draw(which, label=name) for name in FILES}
    lines = sorted(draw(st.lists(which, min_size=len(LINES), max_size=len(LINES)), label="lines"))
    return [
        Arrival(tuple(name for name in FILES if runs[name] == number), lines.count(number), draw(st.integers(0, 2**16)))
        for number in range(run_count)
    ]


def curate_all(runner: Runner, folder: Path, coming: list[Arrival]) -> Content:
    """Return the tables after all runs."""
    raw, curated = folder / "wire", folder / "curated"
    raw.mkdir()
    line_count = 0
    for arrival in coming:
        for name in arrival.files:
            (raw / name).write_text(FILES[name], "utf-8")
        with (raw / "wire.jsonl").open("a", encoding="utf-8") as stream:
            stream.writelines(LINES[line_count : line_count + arrival.line_count])
        line_count += arrival.line_count
        ended = runner.run("curate", raw, "--into", curated, "--workers", 1, shuffle=arrival.seed)
        assert ended.code == 0, ended.err
    return owed_to_input(curated)


AT_ONCE = [Arrival(tuple(FILES), len(LINES), 0)]


@pytest.fixture(scope="module")
def taught(warm: Warm) -> Iterator[Runner]:
    """A runner that remembers the texts."""
    with warm.connect() as runner, tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "wire")
        raw.mkdir()
        for name, text in FILES.items():
            (raw / name).write_text(text, "utf-8")
        (raw / "wire.jsonl").write_text("".join(LINES), "utf-8")
        runner.run("curate", raw, "--into", Path(folder, "nowhere"), "--dry-run", "--workers", 1, is_lesson=True)
        yield runner


@pytest.fixture(scope="module")
def at_once(taught: Runner) -> Content:
    """The tables after one run with all records."""
    with tempfile.TemporaryDirectory() as folder:
        found = curate_all(taught, Path(folder), AT_ONCE)
    assert len(found["articles"]) == 8
    return found


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(coming=arrivals())
def test_result_does_not_depend_on_split_into_runs_or_order_of_workers(
    taught: Runner, at_once: Content, coming: list[Arrival]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = curate_all(taught, Path(folder), coming)
    assert found == at_once, differing(found, at_once)
