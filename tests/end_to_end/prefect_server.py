"""A real Prefect server and worker on loopback, with a copy of this project's flows deployed; tests may kill them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 400  # seconds; long enough for a busy machine
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

T = TypeVar("T")


class Prefect:
    """The processes of `make server`, which can be killed one by one."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", **settings: str) -> None:
        """Copy the flows into ``folder / "project"``; nothing is started yet.

        Args:
            folder: takes the copy, Prefect's files and the logs.
            host: where the server listens.
            settings: of Prefect, beside those that tests share.
        """
        self.project = folder / "project"
        shutil.copytree(CHECKOUT / "flows", self.project / "flows", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(CHECKOUT / "prefect.yaml", self.project)
        self.host = host
        with socket.create_server((host, 0)) as free:
            self.port = free.getsockname()[1]
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_API_URL": f"http://{host}:{self.port}/api",
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # the minimum
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
            **settings,
        }
        self.log = folder / "prefect.log"
        self.server: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self._api = httpx.Client(base_url=self.environment["PREFECT_API_URL"], timeout=120)

    # ── What runs ──────────────────────────────────────────────────────────────────────────────────────────────

    def start_server(self) -> None:
        """Start or restart the server, and wait until it answers."""
        self.server = self.start("-m", "prefect", "server", "start", "--host", self.host, "--port", str(self.port))
        self.until(self._is_healthy, "a server that answers")

    def deploy(self, *arguments: str) -> None:
        """Deploy as users do."""
        ran = subprocess.run(
            [sys.executable, "flows/deploy.py", *arguments],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def start_worker(self) -> None:
        """Start a worker in its own process group, together with everything it starts."""
        self.worker = self.start("-m", "prefect", "worker", "start", "--pool", "onrecord")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a Python program beside the project."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.project,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, process: subprocess.Popen[bytes] | None) -> None:
        """Kill a process and everything it started, as a power loss does."""
        if process is None:
            return
        for pid in (process.pid, *_descendants(process.pid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()

    def close(self) -> None:
        """Stop everything."""
        self.kill(self.worker)
        self.kill(self.server)
        self._api.close()

    # ── What the server knows ──────────────────────────────────────────────────────────────────────────────────

    def post(self, path: str, **body: Any) -> Any:
        """Call the server's API."""
        answer = self._ask("POST", path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str, **parameters: str) -> Any:
        """Call the server's API."""
        answer = self._ask("GET", path, params=parameters)
        assert answer.is_success, answer.text
        return answer.json()

    def tell(self, event: Mapping[str, object]) -> None:
        """Send an event, as a run does."""
        now = datetime.now(UTC).isoformat()
        answer = self._ask("POST", "/events", json=[{"id": str(uuid4()), "occurred": now, **event}])
        assert answer.is_success, answer.text

    def deployment(self, name: str) -> dict[str, Any]:
        """Return a deployment by ``flow/name``."""
        return self.get(f"/deployments/name/{name}")

    def start_run(self, name: str, **parameters: object) -> str:
        """Start a run of a deployment now; return its id."""
        made = self.post(f"/deployments/{self.deployment(name)['id']}/create_flow_run", parameters=parameters)
        return made["id"]

    def refuse_run(self, name: str, **parameters: object) -> str:
        """Ask for a run that the server must refuse; return its message."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        answer = self._ask("POST", path, json={"parameters": parameters})
        assert answer.is_client_error, answer.text
        return answer.text

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a flow run."""
        return self.get(f"/flow_runs/{run_id}")

    def wait(self, run_id: str) -> dict[str, Any]:
        """Wait for a flow run to end, and return it."""
        return self.until(lambda: run if (run := self.run(run_id))["state_type"] in ENDED else None, f"end of {run_id}")

    def artifacts(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Return the artifacts of a flow run and of its tasks, by key."""
        found = self.post("/artifacts/filter", flow_runs={"id": {"any_": [run_id]}})
        return {artifact["key"]: artifact for artifact in found}

    def task_runs(self, run_id: str) -> list[dict[str, Any]]:
        """Return the task runs of a flow run."""
        return self.post("/task_runs/filter", flow_runs={"id": {"any_": [run_id]}})

    def messages(self, run_id: str) -> str:
        """Return the log of a flow run."""
        found = self.post("/logs/filter", logs={"flow_run_id": {"any_": [run_id]}}, sort="TIMESTAMP_ASC")
        return "\n".join(entry["message"] for entry in found)

    def hear(self, run_id: str, words: str) -> None:
        """Wait until the server has some words of a flow run's log."""
        self.until(lambda: words in self.messages(run_id), f"{words!r} in the log of {run_id}")

    def schedule(self, name: str, seconds: int, parameters: Mapping[str, object]) -> None:
        """Replace a deployment's schedule with one of every few seconds."""
        self.unschedule(name)
        answer = self._ask(
            "POST",
            f"/deployments/{self.deployment(name)['id']}/schedules",
            json=[{"schedule": {"interval": seconds}, "active": True, "parameters": dict(parameters)}],
        )
        assert answer.is_success, answer.text

    def unschedule(self, name: str) -> None:
        """Remove a deployment's schedules and the runs that are due."""
        deployment = self.deployment(name)
        for schedule in deployment["schedules"]:
            answer = self._ask("DELETE", f"/deployments/{deployment['id']}/schedules/{schedule['id']}")
            assert answer.is_success, answer.text

    def until(self, found: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
        """Call until there is a result."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if answer := found():
                return answer
            time.sleep(0.5)
        raise AssertionError(f"no {what} within {patience} s:\n{self.log.read_text('utf-8', 'replace')[-5000:]}")

    def _ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """Call until the server is not busy, as its clients do."""

        def ask() -> httpx.Response | None:
            answer = self._api.request(method, path, **body)
            return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer

        return self.until(ask, f"answer to {path}")

    def _is_healthy(self) -> bool:
        try:
            return self._api.get("/health").is_success
        except httpx.TransportError:
            return False


def _descendants(pid: int) -> list[int]:
    """Return the living descendants of a process."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [process for child in children for process in (int(child), *_descendants(int(child)))]
