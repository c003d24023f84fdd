"""All formats of newsrooms and crawlers, mixed in one folder: every article is read, and a bad record affects no other."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.end_to_end.conftest import STORY, Onrecord

TOPICS = ("ferry", "bridge", "tunnel", "harvest", "library", "museum", "railway", "orchard", "lighthouse")


def story(topic: str) -> str:
    """Return a story that is not a copy of another one."""
    return STORY.format(detail=topic) + "\n" + " ".join(f"{topic} number {number} opened." for number in range(60))


def record(topic: str, **more: str) -> dict[str, str]:
    return {"url": f"https://post.example/{topic}", "title": f"The {topic} opens", "text": story(topic), **more}


def page(topic: str) -> bytes:
    paragraphs = "".join(f"<p>{part}</p>" for part in story(topic).split("\n\n")[1:])
    return (
        f"<!doctype html><html lang='en'><head><title>The {topic} opens | The Post</title>"
        f"<link rel='canonical' href='https://post.example/{topic}'>"
        "<meta property='article:published_time' content='2024-05-07T08:30:00Z'></head>"
        f"<body><nav><a href='/'>Home</a></nav><article><h1>The {topic} opens</h1>{paragraphs}</article></body></html>"
    ).encode()


def response(topic: str, status: str = "200 OK", content_type: str = "text/html; charset=utf-8") -> bytes:
    """Return a gzip member of a WARC file."""
    answer = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n\r\n".encode() + page(topic)
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{topic}>\r\nWARC-Date: 2024-05-08T06:00:00Z\r\n"
        f"WARC-Target-URI: https://post.example/{topic}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(answer)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + answer + b"\r\n\r\n")


def feed(topic: str) -> bytes:
    body = "".join(f"&lt;p&gt;{part}&lt;/p&gt;" for part in story(topic).split("\n\n")[1:])
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>The Post</title><item><title>The {topic} opens</title><link>https://post.example/{topic}</link>"
        f"<guid>{topic}</guid><pubDate>Tue, 07 May 2024 08:30:00 GMT</pubDate>"
        f"<content:encoded>{body}</content:encoded></item></channel></rss>"
    ).encode()


def table(*topics: str) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(record("x")))
    writer.writeheader()
    writer.writerows(record(topic) for topic in topics)
    return text.getvalue().encode()


def zipped(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with one article on each topic, each in another format."""
    raw = tmp_path / "crawl"
    raw.mkdir()
    (raw / "a.txt").write_text(f"https://post.example/ferry\n{story('ferry')}")
    (raw / "b.html").write_bytes(page("bridge"))
    (raw / "c.jsonl.gz").write_bytes(gzip.compress(json.dumps(record("tunnel")).encode() + b"\n"))
    (raw / "d.json").write_text(json.dumps([record("harvest")]))
    (raw / "e.csv").write_bytes(table("library"))
    pq.write_table(pa.Table.from_pylist([record("museum")]), raw / "f.parquet")
    (raw / "g.warc.gz").write_bytes(
        response("railway") + response("gone", "301 Moved") + response("lost", "404 Not Found")
    )
    (raw / "h.xml").write_bytes(feed("orchard"))
    (raw / "i.zip").write_bytes(zipped({"pages/lighthouse.html": page("lighthouse")}))
    return raw


def test_every_format_becomes_its_article(onrecord: Onrecord, mixed: Path, tmp_path: Path) -> None:
    curated = tmp_path / "curated"
    ran = onrecord("curate", mixed, "--into", curated, "--workers", 1)
    assert ran.code == 0, ran.err
    articles = pd.read_parquet(curated / "articles").sort_values("raw_path")
    assert articles["canonical_url"].tolist() == [f"https://post.example/{topic}" for topic in TOPICS]
    assert list(zip(articles["input_format"], articles["raw_record"], strict=True)) == [
        ("text", "0"),
        ("html", "0"),
        ("jsonl", "1"),
        ("json", "1"),
        ("csv", "1"),
        ("parquet", "1"),
        ("warc", "0"),
        ("feed", articles["raw_record"].tolist()[7]),
        ("html", "pages/lighthouse.html"),
    ]
    assert articles["fetched_at"].notna().tolist() == [path == "g.warc.gz" for path in articles["raw_path"]]
    quotes = pd.read_parquet(curated / "quotes")
    said = quotes[quotes["text"].str.startswith("We checked every cable")]
    assert sorted(said["article_id"]) == sorted(articles["article_id"]), "each article's quote is found"
    assert set(said["speaker_name"]) == {"Mara Oduya"}
    run = pd.read_parquet(curated / "runs").iloc[0]
    assert (run["record_count"], run["new_count"], run["skip_count"]) == (11, 9, 2)
    assert {skip["name"] for skip in run["skip_reasons"]} == {"http_redirect", "http_error"}
    verified = onrecord("verify", curated, "--raw", mixed)
    assert verified.code == 0, verified.out
    assert "nothing to do" in onrecord("curate", mixed, "--into", curated).out


@pytest.mark.slow
def test_only_appended_lines_are_curated(onrecord: Onrecord, tmp_path: Path) -> None:
    raw, curated = tmp_path / "crawl.jsonl", tmp_path / "curated"
    raw.write_text(json.dumps(record("ferry")) + "\n" + json.dumps(record("bridge")) + "\n")
    onrecord("curate", raw, "--into", curated)
    before = pd.read_parquet(curated / "articles").set_index("article_id")["run_id"]
    with raw.open("a") as file:
        file.write(json.dumps(record("tunnel")) + "\n")
    assert onrecord("curate", raw, "--into", curated).code == 0
    after = pd.read_parquet(curated / "articles").set_index("article_id")
    assert after.loc[before.index, "run_id"].tolist() == before.tolist(), "their rows were left as they are"
    assert set(after["revision"]) == {1}
    run = pd.read_parquet(curated / "runs").iloc[-1]
    assert (run["new_count"], run["unchanged_count"], run["changed_count"]) == (1, 2, 0)


@pytest.mark.slow
def test_one_address_twice_is_one_article_of_the_later_record(onrecord: Onrecord, tmp_path: Path) -> None:
    raw, curated = tmp_path / "crawl.jsonl", tmp_path / "curated"
    lines = [record("ferry", title=f"Ferry opens {number}") for number in range(1, 12)]
    raw.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert onrecord("curate", raw, "--into", curated).code == 0
    articles = pd.read_parquet(curated / "articles")
    assert articles[["headline", "raw_record", "revision"]].to_numpy().tolist() == [["Ferry opens 11", "11", 11]]
    assert pd.read_parquet(curated / "runs")["superseded_count"].tolist() == [10]


@pytest.mark.slow
def test_fields_are_named_by_the_user(onrecord: Onrecord, tmp_path: Path) -> None:
    raw, curated = tmp_path / "table.csv", tmp_path / "curated"
    raw.write_text(f'titel,tekst\nThe ferry opens,"{story("ferry").replace(chr(34), chr(34) * 2)}"\n')
    refused = onrecord("curate", raw, "--into", tmp_path / "refused")
    assert "1 no_text" in refused.out
    ran = onrecord("curate", raw, "--into", curated, "--fields", "text=tekst", "--fields", "headline=titel")
    assert ran.code == 0, ran.err
    assert pd.read_parquet(curated / "articles")["headline"].tolist() == ["The ferry opens"]
    verified = onrecord("verify", curated, "--raw", raw)
    assert verified.code == 0, verified.out


@pytest.mark.parametrize("fields", ["tekst", "words=tekst", "text=", "text=a..b"])
def test_malformed_field_exits_2(onrecord: Onrecord, raw: Path, tmp_path: Path, fields: str) -> None:
    ran = onrecord("curate", raw, "--into", tmp_path / "curated", "--fields", fields)
    assert ran.code == 2
    assert "--fields" in ran.err


LOGIN = (
    b"<html><head><title>Log in</title></head><body><form action='/login'><label>Email<input name='email'></label>"
    b"<label>Password<input type='password'></label><button>Log in</button></form></body></html>"
)
GOOD_LINE = json.dumps(record("ferry")).encode() + b"\n"


def write_bad(raw: Path) -> dict[tuple[str, str], str]:
    """Write each kind of bad input; which record is to be refused for what."""
    truncated = gzip.compress(GOOD_LINE * 1, 0)
    with gzip.open(raw / "bomb.txt.gz", "wb", 9) as file:
        for _ in range(300):
            file.write(bytes(1_000_000))
    with (raw / "long-line.jsonl").open("wb") as plain:
        plain.write(json.dumps(record("bridge")).encode() + b"\n")
        for _ in range(200):
            plain.write(b"x" * 1_000_000)
        plain.write(b"\n" + json.dumps(record("tunnel")).encode() + b"\n")
    files = {
        "nested-tags.html": b"<html><body>" + b"<div>" * 100_000 + b"The ferry sails." + b"</div>" * 100_000,
        "large.html": b"<html><body><p>" + b"word " * 10_000_000,
        "cut.jsonl.gz": truncated[: len(truncated) // 2],
        "cut.warc.gz": response("harvest") + response("orchard")[:-200],
        "deep.jsonl": b"[" * 10_000 + b"\n" + json.dumps(record("library")).encode() + b"\n",
        "no-text.jsonl": b'{"title": "The ferry opens"}\n' + json.dumps(record("museum")).encode() + b"\n",
        "no-json.jsonl": b"The ferry opens\n" + json.dumps(record("railway")).encode() + b"\n",
        "login.html": LOGIN,
        "paper.html": b"%PDF-1.7\n",
        "outside.tar": tarred({"../etc/ferry.html": page("ferry"), "good.html": page("lighthouse")}),
    }
    for name, content in files.items():
        (raw / name).write_bytes(content)
    return {
        ("nested-tags.html", "0"): "nested_too_deep",
        ("large.html", "0"): "too_large",
        ("bomb.txt.gz", "0"): "too_large",
        ("long-line.jsonl", "2"): "too_large",
        ("cut.jsonl.gz", "0"): "truncated",
        ("deep.jsonl", "1"): "nested_too_deep",
        ("no-text.jsonl", "1"): "no_text",
        ("no-json.jsonl", "1"): "broken_record",
        ("login.html", "0"): "no_article",
        ("paper.html", "0"): "disguised_format",
        ("outside.tar", "../etc/ferry.html"): "unsafe_path",
    }


@pytest.mark.slow
def test_bad_records_are_rejects_and_their_neighbours_are_read(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    expected = write_bad(raw)
    curated = tmp_path / "curated"
    ran = onrecord("curate", raw, "--into", curated, "--workers", 1)
    assert ran.code == 0, ran.err
    rejects = pd.read_parquet(curated / "rejects")
    found = {(row.raw_path, row.raw_record): row.reason for row in rejects.itertuples()}
    (cut,) = [key for key in found if key[0] == "cut.warc.gz"]
    assert found.pop(cut) == "truncated"
    assert found == expected
    assert rejects["detail"].str.len().min() > 20
    articles = pd.read_parquet(curated / "articles")
    beside = articles[~articles["raw_path"].str.startswith("story-")]
    assert sorted(beside["canonical_url"].str.rpartition("/")[2]) == sorted(
        ["bridge", "tunnel", "harvest", "library", "museum", "railway", "lighthouse"]
    )
    assert onrecord("verify", curated, "--raw", raw).code == 0
    assert "nothing to do" in onrecord("curate", raw, "--into", curated).out
