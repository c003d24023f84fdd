"""RAW in a store: a real S3-compatible server and a real web server, both on loopback."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from tests.end_to_end.conftest import STORY, Onrecord

pytestmark = pytest.mark.slow


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket called ``wire`` on its own server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()  # clients remember the server that they were made for
    bucket = boto3.resource("s3").Bucket("wire")
    bucket.create()
    bucket.objects.delete()  # the server's memory is the process's
    yield bucket
    server.stop()


def lines(*details: str) -> bytes:
    records = ({"url": f"https://post.example/{detail}", "text": STORY.format(detail=detail)} for detail in details)
    return "".join(json.dumps(record) + "\n" for record in records).encode()


@pytest.mark.slow
def test_bucket_is_read_like_a_folder(onrecord: Onrecord, bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(Key="2024/may/a.txt", Body=STORY.format(detail="two hundred").encode())
    bucket.put_object(Key="2024/may/a.json", Body=b'{"publisher": "Harbour Post", "section": "Port"}')
    bucket.put_object(Key="2024/dump.jsonl.gz", Body=gzip.compress(lines("three", "four")))
    bucket.put_object(Key="2024/.hidden/b.txt", Body=b"hidden")
    bucket.put_object(Key="2024/photo.html", Body=b"%PDF-1.7")
    curated = tmp_path / "curated"
    ran = onrecord("curate", "s3://wire/2024", "--into", curated)
    assert ran.code == 0, ran.err
    articles = pd.read_parquet(curated / "articles").sort_values(["raw_path", "raw_record"])
    assert articles[["raw_path", "raw_record", "source"]].to_numpy().tolist() == [
        ["dump.jsonl.gz", "1", "2024"],
        ["dump.jsonl.gz", "2", "2024"],
        ["may/a.txt", "0", "2024"],
    ]
    assert articles.iloc[2][["publisher", "section"]].tolist() == ["Harbour Post", "Port"]
    rejects = pd.read_parquet(curated / "rejects")
    assert rejects[["raw_path", "reason"]].to_numpy().tolist() == [["photo.html", "disguised_format"]]
    verified = onrecord("verify", curated, "--raw", "s3://wire/2024")
    assert verified.code == 0, verified.out


@pytest.mark.slow
def test_second_run_over_a_bucket_reads_only_what_changed(onrecord: Onrecord, bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(Key="dump.jsonl", Body=lines("one", "two"))
    curated = tmp_path / "curated"
    onrecord("curate", "s3://wire", "--into", curated)
    assert "nothing to do" in onrecord("curate", "s3://wire", "--into", curated).out
    bucket.put_object(Key="dump.jsonl", Body=lines("one", "two", "three"))
    assert onrecord("curate", "s3://wire", "--into", curated).code == 0
    run = pd.read_parquet(curated / "runs").iloc[-1]
    assert (run["record_count"], run["new_count"], run["unchanged_count"]) == (3, 1, 2)


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        pytest.param("s3://nowhere/2024", 2, "does not exist", id="no-such-bucket"),
        pytest.param("carrier-pigeon://loft", 2, "not a known kind of store", id="no-such-kind-of-store"),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_missing_store_is_one_clear_line(onrecord: Onrecord, tmp_path: Path, raw: str, code: int, said: str) -> None:
    ran = onrecord("curate", raw, "--into", tmp_path / "curated")
    assert (ran.code, ran.err.count("\n")) == (code, 1), ran.err
    assert said in ran.err
    assert not (tmp_path / "curated" / "current").exists()


def test_store_that_does_not_answer_publishes_nothing(
    onrecord: Onrecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    s3fs.S3FileSystem.clear_instance_cache()
    ran = onrecord("curate", "s3://silent/2024", "--into", tmp_path / "curated")
    assert (ran.code, ran.err.count("\n")) == (1, 1), ran.err
    assert "cannot be listed" in ran.err


class _HalfAnswering(http.server.BaseHTTPRequestHandler):
    """Serves ``dump.jsonl``; while ``is_broken``, it hangs up in the midst of the third line."""

    protocol_version = "HTTP/1.0"
    is_broken = True
    content = lines("one", "two", "three")

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.send_header("ETag", '"1"')
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(self.content[:-200] if self.is_broken else self.content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _HalfAnswering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_server_that_hangs_up_loses_no_record_silently(
    onrecord: Onrecord, web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curated = tmp_path / "curated"
    monkeypatch.setattr(_HalfAnswering, "is_broken", True)
    ran = onrecord("curate", f"{web}/dump.jsonl", "--into", curated)
    assert ran.code == 0, ran.err
    rejects = pd.read_parquet(curated / "rejects")
    came = len(pd.read_parquet(curated / "articles")) if (curated / "articles").exists() else 0
    assert rejects["reason"].tolist() == ["unreadable"]
    assert rejects["raw_record"].tolist() == [f"{came}+" if came else "0"]
    monkeypatch.setattr(_HalfAnswering, "is_broken", False)
    assert onrecord("curate", f"{web}/dump.jsonl", "--into", curated).code == 0
    assert len(pd.read_parquet(curated / "articles")) == 3
    assert pd.read_parquet(curated / "rejects").empty
