"""Run a Prefect server, a worker and the deployments of prefect.yaml on this machine.

Usage: python flows/serve.py [arguments of flows/deploy.py]; Ctrl-C stops everything. PREFECT_SERVER_API_PORT sets the
port (default: 4200).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import httpx

import environment  # noqa: F401 - the server and the worker inherit these defaults

PROJECT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_SECONDS = 120  # long enough for a busy machine
STOP_SECONDS = 30


def main() -> int:
    """Serve until stopped, or until the server or the worker ends by itself; return the exit code."""
    port = os.environ.setdefault("PREFECT_SERVER_API_PORT", "4200")
    os.environ["PREFECT_API_URL"] = f"http://{HOST}:{port}/api"
    os.environ.setdefault("PREFECT_HOME", str(PROJECT / ".prefect"))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as stack:
            server = stack.enter_context(_running("server", "start", "--host", HOST, "--port", port))
            _wait_for(server)
            subprocess.run([sys.executable, str(PROJECT / "flows" / "deploy.py"), *sys.argv[1:]], check=True)  # noqa: S603
            worker = stack.enter_context(_running("worker", "start", "--pool", "onrecord"))
            print(f"\nhttp://{HOST}:{port} shows what runs; Ctrl-C stops it\n", flush=True)
            while server.poll() is None and worker.poll() is None:
                time.sleep(1)
            print("serve: the server or the worker ended; see its output above", file=sys.stderr)
            return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    except KeyboardInterrupt:
        return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of Prefect that ends with this program."""
    with subprocess.Popen([sys.executable, "-m", "prefect", *command], cwd=PROJECT) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            if httpx.get(f"{os.environ['PREFECT_API_URL']}/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    sys.exit(f"serve: no server answers at {os.environ['PREFECT_API_URL']}; see its output above")


if __name__ == "__main__":
    sys.exit(main())
