"""A run killed at any step or moment leaves the data set as it was, or as the run would have left it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.scenes import Scene
from tests.end_to_end.warm import Ended, Runner, Warm

SEED = 6
LONGEST = 14.0  # seconds that the real command takes at most for the scene's second run, here
Order = dict[str, Any]


@dataclass(frozen=True)
class Disturbed:
    """The result of a disturbed run."""

    ended: Ended
    left: str  # which of the two the data set was then: before, or after
    fault: str  # what was wrong with it, or with what the next run made of it


def disturb(scene: Scene, runner: Runner, orders: Sequence[Order]) -> list[Disturbed]:
    """Make the run once for each order, disturbed; then make the next run from what is left."""
    scene.teach(runner)
    done = []
    for order in orders:
        curated = scene.fresh(f"curated-{id(runner)}")
        ended = scene.run(runner, curated, **order)
        left = fault = ""
        try:
            left = scene.find(curated)
            scene.check_recovery(runner, curated)
        except Exception as error:  # noqa: BLE001 (of all the ways, the test shows each that fails)
            step = scene.undisturbed.steps[order["at"] - 1] if "at" in order else ""
            fault = f"{order} {step} {ended}: {error!r}"
        done.append(Disturbed(ended, left, fault))
    return done


def disturb_all(scene: Scene, warm: Warm, orders: Sequence[Order]) -> list[Disturbed]:
    """Do the same, two at a time."""
    with warm.connect() as one, warm.connect() as other, ThreadPoolExecutor(1) as beside:
        half = beside.submit(disturb, scene, other, orders[1::2])
        found = disturb(scene, one, orders[::2]), half.result()
    ends = [found[index % 2][index // 2] for index in range(len(orders))]
    faults = [end.fault for end in ends if end.fault]
    assert not faults, f"{len(faults)} of {len(ends)}:\n" + "\n".join(faults[:10])
    return ends


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "stride"),
    [
        pytest.param(2, 10, id="later-run-some-steps"),
        pytest.param(1, 1, id="first-run-every-step", marks=pytest.mark.crash),
        pytest.param(2, 1, id="later-run-every-step", marks=pytest.mark.crash),
    ],
)
def test_killed_at_any_step_leaves_old_or_new_and_the_next_run_recovers(
    warm: Warm, fast_disk: Path, number: int, stride: int
) -> None:
    with warm.connect() as runner:
        scene = Scene(runner, fast_disk, number)
    steps = scene.undisturbed.steps
    switch = steps.index("os.rename current") + 1  # killed before it: as before; from the next step on: as after
    chosen = sorted({*range(1, len(steps) + 1, stride), switch, switch + 1})
    ends = disturb_all(scene, warm, [{"at": step} for step in chosen])
    assert {end.ended.code for end in ends} == {-signal.SIGKILL}
    assert [end.left for end in ends] == ["after" if step > switch else "before" for step in chosen]


@pytest.mark.slow
@pytest.mark.parametrize("count", [40, pytest.param(160, marks=pytest.mark.crash)])
def test_killed_at_any_moment_leaves_old_or_new_and_the_next_run_recovers(
    warm: Warm, fast_disk: Path, count: int
) -> None:
    with warm.connect() as runner:
        scene = Scene(runner, fast_disk, 2)
        scene.teach(runner)
        seconds = scene.run(runner, scene.fresh()).seconds
    chance = random.Random(SEED + count)
    # Runs beside each other, on a machine that does something else too, take longer than one alone.
    ends = disturb_all(scene, warm, [{"after": chance.uniform(0, 2 * seconds)} for _ in range(count)])
    assert {end.ended.code for end in ends} <= {-signal.SIGKILL, 0}
    assert {end.left for end in ends} == {"before", "after"}


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.crash)])
def test_killed_command_takes_its_workers_with_it_and_the_next_run_recovers(
    warm: Warm, fast_disk: Path, count: int
) -> None:
    """The real command with the tagger, Great Expectations and a pool of processes."""
    chance = random.Random(SEED)
    with warm.connect() as runner:
        scene = Scene(runner, fast_disk, 2)
        for index in range(count):
            curated = scene.fresh()
            seconds = chance.uniform(LONGEST * index / count, LONGEST * (index + 1) / count)
            kill_command(scene, curated, seconds)
            scene.find(curated)
            scene.check_recovery(runner, curated)


def kill_command(scene: Scene, curated: Path, seconds: float) -> None:
    """Run the command, kill its first process after some seconds, and wait for the others to end."""
    arguments = [str(argument) for argument in scene.arguments(curated)]
    arguments[arguments.index("--workers") + 1] = "2"
    process = subprocess.Popen([sys.executable, "-m", "onrecord", *arguments], start_new_session=True)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.wait()
    for _ in range(200):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError(f"killed after {seconds:.2f} s, it left processes that had not ended 20 s later")
