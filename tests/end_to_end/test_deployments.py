from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest

from pipeline import store
from tests.end_to_end.conftest import STORY
from tests.end_to_end.newsroom import Onrecord
from tests.end_to_end.prefect_server import Prefect

pytestmark = pytest.mark.slow

SILENCE = "75"  # seconds without a heartbeat, of which there is one each 30


class Hook:
    """A server on loopback that keeps posted messages."""

    def __init__(self) -> None:
        self.posts: list[str] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.posts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    hook = Hook()
    yield hook
    hook.close()


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Prefect]:
    """One server and one worker for all tests of this file, with everything deployed."""
    prefect = Prefect(tmp_path_factory.mktemp("prefect"))
    try:
        prefect.start_server()
        prefect.deploy("--webhook", hook.url, "--silence", SILENCE)
        prefect.start_worker()
        yield prefect
    finally:
        prefect.close()


def write_stories(folder: Path, count: int) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"story-{number:03}.txt").write_text(STORY.format(detail=f"{number + 2} hundred"), "utf-8")
    return folder


def article_count(curated: Path) -> int:
    return len(pd.read_parquet(curated / "articles", columns=["article_id"]))


@pytest.mark.slow
def test_two_scheduled_runs_are_seen_in_the_ui(prefect: Prefect, tmp_path: Path) -> None:
    raw, into = write_stories(tmp_path / "wire", 3), tmp_path / "curated"
    (raw / "empty.txt").write_text("", "utf-8")
    prefect.schedule("curate/hourly", 45, {"raw": str(raw), "into": str(into)})
    deployment = {"deployments": {"name": {"any_": ["hourly"]}}}

    def ended() -> list[str] | None:
        runs = prefect.post("/flow_runs/filter", **deployment, flow_runs={"state": {"type": {"any_": ["COMPLETED"]}}})
        return (
            [flow_run["id"] for flow_run in sorted(runs, key=lambda flow_run: flow_run["start_time"])]
            if len(runs) > 1
            else None
        )

    try:
        first, second = (prefect.run(run_id) for run_id in prefect.until(ended, "two runs that completed")[:2])
    finally:
        prefect.unschedule("curate/hourly")
    for flow_run in (first, second):
        print(
            f"{flow_run['name']}: started {flow_run['estimated_start_time_delta']:.1f} s after it was due, ran {flow_run['total_run_time']:.1f} s"
        )
    assert first["name"] == f"curate {raw} → {into}"
    assert {"onrecord", "curate"} <= set(first["tags"])
    run = pd.read_parquet(into / "runs")
    assert len(run) == 1  # the second had nothing to do
    run_id = run["run_id"][0]
    prefect.hear(first["id"], f"run        {run_id} of wire: published")
    prefect.hear(second["id"], " of wire: nothing to do")
    assert {run["name"] for run in prefect.task_runs(first["id"])} == {
        f"curate new records of {raw}",
        "batch 1: 4 records, empty.txt to story-002.txt",
    }
    seen = prefect.artifacts(first["id"])
    assert seen["progress"]["data"] == 100
    assert run_id in seen["ledger"]["description"]
    assert '{"records": "new", "count": 3}' in seen["ledger"]["data"]
    assert store.report_path(into, run_id).resolve().as_uri() in seen["report"]["data"]
    assert '"file": "empty.txt", "record": "0", "reason": "empty"' in seen["rejects"]["data"]


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        pytest.param("curate/hourly", {"batch_records": 0}, "0 is less than the minimum of 1", id="no-records-a-batch"),
        pytest.param("curate/hourly", {"reprocess": "yesterday"}, "'yesterday' is not", id="unknown-stage"),
        pytest.param("curate/hourly", {"raw": ""}, "raw", id="empty-raw"),
        pytest.param("curate/hourly", {"into": " "}, "into", id="blank-data-set"),
        pytest.param("maintain/nightly", {"into": ""}, "into", id="maintain-nothing"),
        pytest.param("collect/quarter-hourly", {"sources": ""}, "sources", id="no-sources"),
    ],
)
def test_an_invalid_parameter_starts_no_run(
    prefect: Prefect, name: str, parameters: dict[str, object], told: str
) -> None:
    assert told in prefect.refuse_run(name, **parameters)


def test_each_event_is_posted_once_a_day(prefect: Prefect, hook: Hook) -> None:
    def tell(event: str, data_set: str) -> None:
        resource = {
            "prefect.resource.id": f"onrecord.data-set.{data_set}",
            "prefect.resource.name": data_set,
            "onrecord.event": event,
        }
        prefect.tell({"event": event, "resource": resource, "payload": {"detail": f"{event} of {data_set}"}})

    tell("onrecord.nothing.arrived", "one")
    tell("onrecord.nothing.arrived", "one")
    tell("onrecord.nothing.arrived", "two")
    tell("onrecord.rejects.high", "one")
    prefect.until(lambda: any("rejects.high of one" in post for post in hook.posts), "post of the last event")
    texts = [json.loads(post)["text"] for post in hook.posts]
    assert sorted(text for text in texts if text.endswith((" of one", " of two"))) == [
        "onrecord.nothing.arrived: one\nonrecord.nothing.arrived of one",
        "onrecord.nothing.arrived: two\nonrecord.nothing.arrived of two",
        "onrecord.rejects.high: one\nonrecord.rejects.high of one",
    ]


def test_a_missing_raw_fails_at_once_and_is_posted(prefect: Prefect, hook: Hook, tmp_path: Path) -> None:
    run = prefect.wait(prefect.start_run("curate/hourly", raw=str(tmp_path / "none"), into=str(tmp_path / "curated")))
    assert run["state_type"] == "FAILED"
    assert f"UsageError: {tmp_path}/none does not exist; name a file or folder" in run["state"]["message"]
    assert run["run_count"] == 1
    assert [task["run_count"] for task in prefect.task_runs(run["id"])] == [1]
    told = prefect.until(lambda: [post for post in hook.posts if "none does not exist" in post], "post to the webhook")
    assert f"prefect.flow-run.Failed: curate {tmp_path}/none" in told[0]


def test_a_run_of_only_rejects_is_posted_and_a_bad_settings_file_fails_the_next(
    prefect: Prefect, hook: Hook, tmp_path: Path
) -> None:
    raw, into = tmp_path / "wire", tmp_path / "curated"
    raw.mkdir()
    for number in range(3):
        (raw / f"{number}.txt").write_bytes(b"")
    run = prefect.wait(prefect.start_run("curate/hourly", raw=str(raw), into=str(into)))
    assert run["state_type"] == "COMPLETED", prefect.messages(run["id"])
    assert {"ledger", "report", "rejects"} <= prefect.artifacts(run["id"]).keys()
    for event in ("rejects.high", "nothing.arrived"):
        prefect.until(lambda: any(f"onrecord.{event}: {into}" in post for post in hook.posts), f"post of {event}")  # noqa: B023

    (into / "settings.toml").write_text("[alerts]\nsilent_hours = 'long'\n")
    run = prefect.wait(prefect.start_run("curate/hourly", raw=str(raw), into=str(into)))
    assert (run["state_type"], run["run_count"]) == ("FAILED", 1)
    assert 'settings.toml: alerts.silent_hours is "long"; expected a number' in run["state"]["message"]


def test_a_damaged_data_set_fails_the_nightly_run_and_a_lock_is_waited_for(
    prefect: Prefect, hook: Hook, tmp_path: Path, onrecord: Onrecord
) -> None:
    raw, into = write_stories(tmp_path / "wire", 2), tmp_path / "curated"
    assert onrecord("curate", raw, "--into", into).code == 0
    with store.writing(into):
        run_id = prefect.start_run("maintain/nightly", into=str(into))
        prefect.hear(run_id, "is being written by")
    run = prefect.wait(run_id)
    assert (run["state_type"], run["run_count"]) == ("COMPLETED", 1), prefect.messages(run_id)
    prefect.hear(run_id, "values checked, no differences")

    (part,) = (store.open_version(into).path / "quotes").rglob("*.parquet")
    rows = pd.read_parquet(part).drop(columns="published_month", errors="ignore")
    part.unlink()  # it may be a link
    rows.assign(start_char=rows["start_char"] + 1).to_parquet(part)
    run = prefect.wait(prefect.start_run("maintain/nightly", into=str(into)))
    assert run["state_type"] == "FAILED"
    assert "is damaged in" in run["state"]["message"]
    told = prefect.until(lambda: [post for post in hook.posts if "data-set.damaged" in post], "post to the webhook")
    assert "onrecord rollback" in run["state"]["message"]
    assert str(into) in told[0]


def start_long_run(prefect: Prefect, raw: Path, into: Path) -> str:
    """Start a run, and wait until it has curated some of its many records."""
    run_id = prefect.start_run("curate/hourly", raw=str(raw), into=str(into), batch_records=1)
    prefect.until(lambda: "progress" in prefect.artifacts(run_id), "progress")
    assert not (into / "current").exists()
    return run_id


@pytest.mark.crash
def test_killed_worker_leaves_the_data_set_whole_and_no_run_open(
    prefect: Prefect, tmp_path: Path, onrecord: Onrecord
) -> None:
    raw, into = write_stories(tmp_path / "wire", 300), tmp_path / "curated"
    run_id = start_long_run(prefect, raw, into)
    prefect.kill(prefect.worker)
    assert not (into / "current").exists()
    next_id = prefect.start_run("curate/hourly", raw=str(raw), into=str(into))
    prefect.start_worker()
    assert prefect.wait(next_id)["state_type"] == "COMPLETED"  # it waited until the queue took the dead one for dead
    dead = prefect.run(run_id)
    assert dead["state_type"] == "CRASHED"
    assert "No heartbeat for" in dead["state"]["message"]
    assert article_count(into) == 300
    assert onrecord("verify", into, "--raw", raw).code == 0


@pytest.mark.slow
def test_a_server_that_is_killed_costs_the_run_nothing(prefect: Prefect, tmp_path: Path, onrecord: Onrecord) -> None:
    raw, into = write_stories(tmp_path / "wire", 100), tmp_path / "curated"
    run_id = start_long_run(prefect, raw, into)
    prefect.kill(prefect.server)
    prefect.start_server()
    assert prefect.wait(run_id)["state_type"] == "COMPLETED"
    assert article_count(into) == 100
    assert onrecord("verify", into, "--raw", raw).code == 0
    (raw / "later.txt").write_text(STORY.format(detail="many"), "utf-8")
    assert prefect.wait(prefect.start_run("curate/hourly", raw=str(raw), into=str(into)))["state_type"] == "COMPLETED"
    assert article_count(into) == 101


@pytest.mark.slow
def test_make_server_serves_until_it_is_stopped(tmp_path: Path) -> None:
    prefect = Prefect(tmp_path)
    serve = prefect.start("flows/serve.py")
    try:
        prefect.until(lambda: "Ctrl-C stops it" in prefect.log.read_text("utf-8"), "server")
        pools = prefect.post("/work_pools/filter")
        assert [pool["name"] for pool in pools] == ["onrecord"]
        assert prefect.deployment("collect/quarter-hourly")["paused"]  # there is no sources.toml
        os.kill(serve.pid, 15)
        assert serve.wait(60) == 0
    finally:
        prefect.kill(serve)
        prefect.close()


@pytest.mark.slow
def test_a_port_in_use_is_reported(tmp_path: Path, hook: Hook) -> None:
    prefect = Prefect(tmp_path, PREFECT_SERVER_API_PORT=str(hook.server.server_port))
    serve = prefect.start("flows/serve.py")
    try:
        assert serve.wait(120) == 1
        assert f"serve: no server answers at {hook.url}api" in prefect.log.read_text("utf-8")
    finally:
        prefect.kill(serve)
        prefect.close()
