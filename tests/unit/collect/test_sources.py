from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.collect.sources import Source, name_folder, read_sources
from pipeline.errors import UsageError

GOOD = 'contact = "desk@archive.example"\n[[source]]\npublisher = "Harbour Post"\nfeeds = ["https://a.example/rss"]\n'


def write(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "sources.toml"
    path.write_text(content, "utf-8")
    return path


def test_the_example_is_good() -> None:
    sources = read_sources(Path(__file__).parents[3] / "flows" / "sources.example.toml")
    assert [(source.publisher, source.max_pages, source.delay_seconds) for source in sources.sources] == [
        ("Harbour Post", 200, 2.0),
        ("Northern Wire", 200, 2.0),
    ]
    assert sources.products == ("onrecord",)
    assert sources.signature.startswith("onrecord/")
    assert sources.signature.endswith(" (archive@university.example)")


def test_own_collector_name_comes_before_onrecord(tmp_path: Path) -> None:
    sources = read_sources(write(tmp_path, 'user_agent = "press-archive/2.1"\n' + GOOD))
    assert sources.products == ("press-archive", "onrecord")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param("contact = ", "is not a TOML file", id="no-toml"),
        pytest.param('contact = "a@b.example"', "no sources", id="no-sources"),
        pytest.param('contact = "a@b.example"\nsource = 3', "source is 3; expected a list", id="source-no-table"),
        pytest.param(GOOD.partition("\n")[2], "contact is missing", id="no-contact"),
        pytest.param(GOOD.replace("desk@archive.example", "me"), 'contact is "me"; expected a mail', id="no-address"),
        pytest.param(
            GOOD.replace("desk@archive.example", "a@b.example\\r\\nX: 1"), "contact is", id="contact-breaks-the-header"
        ),
        pytest.param('user_agent = "my bot"\n' + GOOD, 'user_agent is "my bot"; expected', id="agent-no-product"),
        pytest.param(
            'agent = "x"\n' + GOOD,
            "key agent is not known; expected one of: contact, user_agent, source",
            id="unknown-key",
        ),
        pytest.param(GOOD + "feed = []", "source 1: key feed is not known", id="unknown-key-of-a-source"),
        pytest.param(GOOD.replace('"Harbour Post"', "7"), "publisher is 7; expected a text", id="publisher-no-text"),
        pytest.param(GOOD.replace("Harbour Post", "…"), 'publisher is "…"; expected a name', id="publisher-no-letters"),
        pytest.param(GOOD.replace("Harbour", "H" * 90), "at most 80 bytes", id="publisher-too-long"),
        pytest.param(GOOD.replace('["https://a.example/rss"]', '"x"'), 'feeds is "x"; expected a list', id="no-list"),
        pytest.param(GOOD.replace("https://", ""), "feeds is ['a.example/rss']; expected", id="no-address-of-the-web"),
        pytest.param(GOOD.replace("https:", "file:"), "http:// or https://", id="file-address"),
        pytest.param(GOOD.replace('"https://a.example/rss"', ""), "nothing to poll", id="nothing-to-poll"),
        pytest.param(GOOD + "include = ['(']", "include is ['(']; expected a list of regular", id="bad-pattern"),
        pytest.param(GOOD + "max_pages = true", "max_pages is true; expected a whole", id="true-instead-of-a-number"),
        pytest.param(GOOD + "max_pages = 0", "max_pages is 0; expected a whole number from 1", id="no-pages"),
        pytest.param(GOOD + "delay_seconds = -1", "delay_seconds is -1; expected seconds", id="negative-delay"),
        pytest.param(GOOD + "delay_seconds = nan", "delay_seconds is nan; expected seconds", id="delay-no-number"),
        pytest.param(GOOD + "delay_seconds = '2'", 'delay_seconds is "2"; expected seconds', id="delay-as-text"),
        pytest.param(
            GOOD + '[[source]]\npublisher = "harbour-post"\nfeeds = ["https://b.example/"]',
            "'harbour-post' has the folder harbour-post, and so has 'Harbour Post'",
            id="one-folder-for-two",
        ),
        pytest.param(
            GOOD + '[[source]]\npublisher = "B"\nsitemaps = ["https://a.example/rss"]',
            "'B' has the address https://a.example/rss, and so has 'Harbour Post'",
            id="one-feed-for-two",
        ),
    ],
)
def test_unusable_settings_are_reported_in_one_line(tmp_path: Path, content: str, found: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(UsageError) as error:
        read_sources(path)
    assert found in str(error.value)
    assert str(error.value).startswith(str(path))


def test_a_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_bytes(GOOD.replace("Harbour", "Fähren").encode("cp1252"))
    with pytest.raises(UsageError, match="not a TOML file in UTF-8"):
        read_sources(path)


@pytest.mark.parametrize(
    ("publisher", "folder"),
    [
        pytest.param("Harbour Post & Co.", "harbour-post-co", id="punctuation"),
        pytest.param("Süd/West ../..", "süd-west", id="no-way-out-of-the-folder"),
        pytest.param(".hidden", "hidden", id="never-hidden"),
        pytest.param("Вестник", "вестник", id="cyrillic"),
        pytest.param("…", "", id="no-letters"),
    ],
)
def test_a_publisher_names_its_folder(publisher: str, folder: str) -> None:
    assert name_folder(publisher) == folder


@pytest.mark.parametrize(
    ("url", "is_wanted"),
    [
        pytest.param("https://a.example/2024/ferry", True, id="included"),
        pytest.param("https://a.example/about", False, id="not-included"),
        pytest.param("https://a.example/2024/video/ferry", False, id="excluded-though-included"),
    ],
)
def test_exclude_outweighs_include(url: str, is_wanted: bool) -> None:
    assert Source(publisher="A", include=(r"/20\d\d/",), exclude=("/video/",)).wants(url) == is_wanted


def test_without_patterns_all_pages_are_wanted() -> None:
    assert Source(publisher="A").wants("https://a.example/")
