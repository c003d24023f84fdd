from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipeline.collect.discover import Link, Listing
from pipeline.collect.keep import UNFINISHED, Page, find_same, name_place, write_page
from pipeline.collect.memory import Memory, open_memory
from pipeline.errors import LedgerError

URL = "https://post.example/a"
PAGE = Page(
    body=b"<p>The ferry sails.",
    url=URL,
    requested_url=URL,
    publisher="Harbour Post",
    fetched_at=datetime(2024, 5, 8, 0, 30, tzinfo=timezone(timedelta(hours=2))),
    status=200,
    headers={"content-type": "text/html; charset=windows-1252", "set-cookie": "reader=1"},
)


def take_up(memory: Memory) -> None:
    """Return a run that found one page in a feed and is about to fetch it."""
    memory.start_listing("https://post.example/rss", "Harbour Post", "feed")
    memory.note_listing("https://post.example/rss", "Harbour Post", Listing((Link(URL),)), {}, "", lambda _: True)
    assert [link.url for link in memory.take_open("Harbour Post")] == [URL]


def test_path_of_a_page_has_publisher_and_utc_day() -> None:
    assert name_place("harbour-post", PAGE) == f"harbour-post/2024-05-07/{PAGE.sha256}.html"


def test_sidecar_has_only_known_values() -> None:
    assert json.loads(PAGE.sidecar()) == {
        "url": URL,
        "publisher": "Harbour Post",
        "fetched_at": "2024-05-07T22:30:00Z",
        "status": 200,
        "headers": {"content-type": "text/html; charset=windows-1252"},
    }
    redirected = json.loads(replace(PAGE, requested_url="https://t.example/1", published_at="2024-05-07").sidecar())
    assert (redirected["requested_url"], redirected["published_at"]) == ("https://t.example/1", "2024-05-07")


def test_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    place = name_place("harbour-post", PAGE)
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    path.with_suffix(".json").write_bytes(b"{}")
    write_page(tmp_path, place, PAGE)
    assert (path.read_bytes(), path.with_suffix(".json").read_bytes()) == (b"mine", b"{}")
    assert list((tmp_path / UNFINISHED).iterdir()) == []


def test_the_same_bytes_are_found_on_another_day_but_not_at_another_publisher(tmp_path: Path) -> None:
    place = name_place("harbour-post", PAGE)
    write_page(tmp_path, place, PAGE)
    assert find_same(tmp_path, "harbour-post", replace(PAGE, fetched_at=datetime.now(UTC))) == place
    assert find_same(tmp_path, "northern-wire", PAGE) is None
    assert find_same(tmp_path, "harbour-post", replace(PAGE, body=b"<p>It does not.")) is None


@pytest.mark.parametrize(
    ("reached", "is_there"),
    [
        pytest.param("nothing", False, id="before-the-sidecar"),
        pytest.param("sidecar", False, id="between-sidecar-and-page"),
        pytest.param("page", True, id="after-the-page"),
    ],
)
def test_half_written_page_of_a_dead_run_is_repaired(tmp_path: Path, reached: str, is_there: bool) -> None:
    place = name_place("harbour-post", PAGE)
    with open_memory(tmp_path, "2024-05-08", max_runs=5) as memory:
        take_up(memory)
        memory.start_writing(URL, place)
        if reached != "nothing":
            write_page(tmp_path, place, PAGE)
        if reached == "sidecar":
            (tmp_path / place).unlink()
        (tmp_path / UNFINISHED).mkdir(exist_ok=True)
        (tmp_path / UNFINISHED / "half.html").write_bytes(b"<p>The fer")
    with open_memory(tmp_path, "2024-05-09", max_runs=5) as memory:
        assert memory.is_final(URL) == is_there
        assert [link.url for link in memory.take_open("Harbour Post")] == ([] if is_there else [URL])
    assert (tmp_path / place).with_suffix(".json").exists() == is_there
    assert not (tmp_path / UNFINISHED).exists()


def test_address_without_an_outcome_is_reported_as_a_bug(tmp_path: Path) -> None:
    with open_memory(tmp_path, "2024-05-08", max_runs=5) as memory:
        take_up(memory)
        with pytest.raises(LedgerError, match="Harbour Post"):
            memory.tallies()
        memory.settle_pages([URL], "timed_out", "no whole answer")
        assert [(tally.kind, tally.outcome, tally.count) for tally in memory.tallies()] == [
            ("feed", "read", 1),
            ("page", "timed_out", 1),
        ]


def test_a_page_that_another_publisher_wants_is_not_lost_to_the_first_ones_patterns(tmp_path: Path) -> None:
    with open_memory(tmp_path, "2024-05-08", max_runs=5) as memory:
        for publisher, wants in (("A", False), ("B", True)):
            feed = f"https://{publisher}.example/rss"
            memory.start_listing(feed, publisher, "feed")
            memory.note_listing(feed, publisher, Listing((Link(URL),)), {}, "", lambda _, wants=wants: wants)
        assert [link.url for link in memory.take_open("B")] == [URL]
        assert memory.take_open("A") == []
