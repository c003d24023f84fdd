"""Which files under RAW are articles."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from pipeline.contract import Reject, Skip
from pipeline.read import Fingerprint, Options, RawFile, find_files, fingerprint, frame_file, locate


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}" if name.endswith(".json") else "The ferry sails at noon.", "utf-8")


def listed(raw: Path) -> list[tuple[str, str]]:
    found = []
    for entry in find_files(str(raw), "wire"):
        match entry:
            case RawFile():
                found.append((entry.raw_path, Path(entry.sidecar).name if entry.sidecar else ""))
            case Reject():
                found.append((entry.raw_path, entry.reason))
            case Skip():
                found.append((entry.ref.raw_path, f"skipped: {entry.reason}"))
    return found


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["b.txt", "a.txt"], [("a.txt", ""), ("b.txt", "")], id="in-order"),
        pytest.param(["city/a.txt"], [("city/a.txt", "")], id="folder"),
        pytest.param([".hidden.txt", ".cache/a.txt", "a.txt"], [("a.txt", "")], id="hidden-left-alone"),
        pytest.param(["a.txt", "a.json"], [("a.json", "skipped: sidecar"), ("a.txt", "a.json")], id="sidecar"),
        pytest.param(
            ["a.txt", "a.meta.json"], [("a.meta.json", "skipped: sidecar"), ("a.txt", "a.meta.json")], id="meta-json"
        ),
        pytest.param(
            ["a.txt", "a.txt.json"], [("a.txt", "a.txt.json"), ("a.txt.json", "skipped: sidecar")], id="full-name"
        ),
        pytest.param(["b.json"], [("b.json", "")], id="json-without-an-article"),
        pytest.param(["A.TXT", "A.json"], [("A.TXT", "A.json"), ("A.json", "skipped: sidecar")], id="capitals"),
    ],
)
def test_find_files(tmp_path: Path, names: list[str], expected: list[tuple[str, str]]) -> None:
    put(tmp_path, *names)
    assert listed(tmp_path) == expected


def test_one_file_with_its_sidecar(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "a.json", "b.txt")
    assert listed(tmp_path / "a.txt") == [("a.txt", "a.json")]


def test_link_back_into_its_folder_is_rejected(tmp_path: Path) -> None:
    put(tmp_path, "city/a.txt")
    (tmp_path / "city" / "again").symlink_to(tmp_path)
    assert listed(tmp_path) == [("city/a.txt", ""), ("city/again", "symlink_loop")]


def test_link_to_a_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/a.txt", "raw/b.txt")
    (tmp_path / "raw" / "more").symlink_to(tmp_path / "elsewhere")
    assert listed(tmp_path / "raw") == [("b.txt", ""), ("more/a.txt", "")]


def test_link_without_a_target_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nothing")
    assert listed(tmp_path) == [("gone.txt", "unreadable")]


def test_file_that_vanished_is_rejected(tmp_path: Path) -> None:
    file = RawFile("wire", "a.txt", str(tmp_path / "a.txt"))
    (reject,) = frame_file(file, Options())
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.raw_record) == ("unreadable", "0")
    assert fingerprint(file) == Fingerprint("")


def test_file_is_located_without_listing(tmp_path: Path) -> None:
    put(tmp_path, "city/a.txt", "city/a.json")
    assert [locate(str(tmp_path), "wire", "city/a.txt")] == [
        entry for entry in find_files(str(tmp_path), "wire") if isinstance(entry, RawFile)
    ]


def test_fingerprint_changes_with_the_sidecar(tmp_path: Path) -> None:
    put(tmp_path, "a.txt", "a.json")
    alone = RawFile("wire", "a.txt", str(tmp_path / "a.txt"))
    together = RawFile("wire", "a.txt", str(tmp_path / "a.txt"), str(tmp_path / "a.json"))
    before = fingerprint(together)
    assert before == fingerprint(together)
    assert before != fingerprint(alone)
    (tmp_path / "a.json").write_text('{"section": "City"}', "utf-8")
    assert before != fingerprint(together)


# ── Stamps ─────────────────────────────────────────────────────────────────────────────────────────────────────

LONG_SINCE = time.time_ns() - 3600 * 10**9


def put_long_since(path: Path, content: str = "The ferry sails at noon.") -> None:
    path.write_text(content, "utf-8")
    os.utime(path, ns=(LONG_SINCE, LONG_SINCE))


def stamp_of(raw: Path, name: str = "a.txt") -> str:
    listed_file = next(file for file in find_files(str(raw), "wire") if isinstance(file, RawFile))
    assert listed_file == locate(str(raw), "wire", name)
    return listed_file.stamp


def move_in(path: Path) -> None:
    """Put a file of the same size and time in its place, as rsync does."""
    put_long_since(path.with_name(".new"), "The ferry sails at nine.")
    path.with_name(".new").replace(path)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: put_long_since(path, "The ferry sails."), id="size"),
        pytest.param(lambda path: os.utime(path, ns=(LONG_SINCE, LONG_SINCE + 1)), id="time"),
        pytest.param(move_in, id="inode"),
        pytest.param(lambda path: put_long_since(path.with_name("a.json"), "{}"), id="sidecar-added"),
    ],
)
def test_stamp_changes_with_the_file(tmp_path: Path, change: Callable[[Path], None]) -> None:
    put_long_since(tmp_path / "a.txt")
    before = stamp_of(tmp_path)
    assert before == stamp_of(tmp_path) != ""
    change(tmp_path / "a.txt")
    assert stamp_of(tmp_path) not in ("", before)


def test_stamp_changes_with_the_sidecar(tmp_path: Path) -> None:
    put_long_since(tmp_path / "a.txt")
    put_long_since(tmp_path / "a.json", "{}")
    before = stamp_of(tmp_path)
    put_long_since(tmp_path / "a.json", '{"section": "City"}')
    assert stamp_of(tmp_path) not in ("", before)


@pytest.mark.parametrize("name", ["a.txt", "a.json"], ids=["file", "sidecar"])
@pytest.mark.parametrize("seconds", [0, 3600], ids=["just-now", "in-the-future"])
def test_recently_written_file_has_no_stamp(tmp_path: Path, name: str, seconds: int) -> None:
    put_long_since(tmp_path / "a.txt")
    put_long_since(tmp_path / "a.json", "{}")
    written_at = time.time_ns() + seconds * 10**9
    os.utime(tmp_path / name, ns=(written_at, written_at))
    assert stamp_of(tmp_path) == ""


def test_stamp_of_a_link_is_that_of_its_file(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/a.txt", "raw/b.txt")
    (tmp_path / "raw" / "b.txt").unlink()
    put_long_since(tmp_path / "elsewhere" / "a.txt")
    (tmp_path / "raw" / "b.txt").symlink_to(tmp_path / "elsewhere" / "a.txt")
    before = stamp_of(tmp_path / "raw", "b.txt")
    put_long_since(tmp_path / "elsewhere" / "a.txt", "The ferry sails.")
    assert stamp_of(tmp_path / "raw", "b.txt") not in ("", before)


def test_fingerprint_of_a_store_is_that_of_its_stamp() -> None:
    store = fsspec.filesystem("memory")
    store.pipe({"/quay/a.jsonl": b"{}"})
    one, two = (RawFile("wire", "a.jsonl", "memory://quay/a.jsonl", stamp=f"2 ETag={number}") for number in (1, 2))
    before = fingerprint(one, 1)
    assert before.begin == ""
    store.pipe({"/quay/a.jsonl": b"[]"})
    assert fingerprint(one) == before != fingerprint(two)


def test_fingerprint_of_a_store_without_stamps_is_that_of_the_content() -> None:
    store = fsspec.filesystem("memory")
    file = RawFile("wire", "a.jsonl", "memory://quay/a.jsonl")
    store.pipe({"/quay/a.jsonl": b"{}"})
    before = fingerprint(file, 1)
    store.pipe({"/quay/a.jsonl": b"[]"})
    assert (before.begin, fingerprint(file).whole != before.whole) == ("", True)


def test_fingerprint_of_this_machine_is_that_of_the_content(tmp_path: Path) -> None:
    put_long_since(tmp_path / "a.txt")
    file = locate(str(tmp_path), "wire", "a.txt")
    before = fingerprint(file)
    move_in(tmp_path / "a.txt")
    os.utime(tmp_path / "a.txt", ns=(LONG_SINCE, LONG_SINCE))
    assert fingerprint(file).whole != before.whole
