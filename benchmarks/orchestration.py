"""What Prefect costs: the same articles through ``onrecord curate`` and through the flow, with a running server.

Usage: python -m benchmarks.orchestration [--articles N] [--workers N] [--runs N]

Each is a process of its own, and is run over one article too: that is its start-up. Figures are medians.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.store.articles import Newsroom, write_jsonl

HERE = Path(__file__).resolve().parent.parent
BATCH_RECORDS = 500  # of the flow, by default
FLOW = "import sys; from curate import curate_flow; curate_flow(raw=sys.argv[1], into=sys.argv[2])"


@contextmanager
def running_server(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server on loopback; yield the environment in which a flow finds it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    environment = {
        **os.environ,
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            while not _answers(environment["PREFECT_API_URL"]):
                time.sleep(0.5)
            yield environment
        finally:
            server.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.TransportError:
        return False


def measure(command: list[str], environment: dict[str, str], runs: int) -> float:
    """Return the median seconds of some runs, each into a new data set, which is the command's last argument."""
    seconds = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            subprocess.run(
                [*command, f"{folder}/curated"],
                cwd=HERE / "flows",
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="of the command; the flow has one for each processor"
    )
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_server(Path(name)) as environment:
        folder = Path(name)
        newsroom = Newsroom(HERE / "raw", options.articles, seed=7)
        inputs = {"one": folder / "one" / "a.jsonl", "all": folder / "all" / "a.jsonl"}
        for what, path in inputs.items():
            path.parent.mkdir()
            write_jsonl(path, map(newsroom.record, range(1 if what == "one" else options.articles)))
        commands = {
            "onrecord curate": [
                sys.executable,
                "-m",
                "onrecord",
                "curate",
                "--quiet",
                "--workers",
                str(options.workers),
            ],
            "flow": [sys.executable, "-c", FLOW],
        }
        beyond = {}
        print(
            f"{options.articles:,} articles\n{'':18}{'one article':>14}{'all':>10}{'beyond start-up':>18}   (seconds)",
            flush=True,
        )
        for label, command in commands.items():
            rest = ["--into"] if label == "onrecord curate" else []
            one, everything = (
                measure([*command, str(path.parent), *rest], environment, options.runs) for path in inputs.values()
            )
            beyond[label] = everything - one
            print(f"{label:18}{one:14.1f}{everything:10.1f}{everything - one:18.1f}", flush=True)
        more = beyond["flow"] - beyond["onrecord curate"]
        batches = -(-options.articles // BATCH_RECORDS)
        print(
            f"overhead beyond start-up {100 * more / beyond['onrecord curate']:.1f} %, {more / batches:.2f} s a batch of {BATCH_RECORDS}"
        )


if __name__ == "__main__":
    main()
