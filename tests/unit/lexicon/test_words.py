"""Word lists: how they are read, and that every list names its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import lexicon
from pipeline.lexicon import words
from pipeline.lexicon.words import any_of, read_alternatives, read_lines, read_table, read_words

FOLDER = Path(lexicon.__file__).parent
DATA_FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".txt", ".tsv"))
GENERATED = {"country_people.tsv", "place_words.txt", "places.tsv"}  # their source is in the README only
LIST = """# Compiled for a test.
Mr Mrs

[regions]
# a comment
Middle East
Far\u00a0East
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with other word lists."""
    (tmp_path / "list.txt").write_text(LIST, "utf-8")
    (tmp_path / "list.tsv").write_text("# Compiled for a test.\nGB\tUnited Kingdom|U.K.\n", "utf-8")
    monkeypatch.setattr(words, "__file__", str(tmp_path / "words.py"))
    read_lines.cache_clear()
    yield
    read_lines.cache_clear()


def test_words_of_a_section() -> None:
    assert read_words("list.txt") == {"Mr", "Mrs"}
    assert read_lines("list.txt", "regions") == ("Middle East", "Far\u00a0East")


def test_table() -> None:
    assert read_table("list.tsv") == {"GB": "United Kingdom|U.K."}


def test_expression_matches_each_word() -> None:
    expression = re.compile(rf"(?:{any_of('list.txt')})\b")
    assert [bool(expression.fullmatch(word)) for word in ("Mr", "Mrs", "Ms")] == [True, True, False]


def test_expressions_are_joined_in_the_order_of_the_file() -> None:
    assert read_alternatives("list.txt", "regions") == "Middle East|Far\u00a0East"


def test_missing_section_is_named() -> None:
    with pytest.raises(KeyError, match=r"list.txt has no section \[cities\]"):
        read_words("list.txt", "cities")


@pytest.mark.parametrize("name", [name for name in DATA_FILES if name not in GENERATED])
def test_list_names_its_source_in_the_first_line(name: str) -> None:
    assert re.match(r"# \w.{20}", (FOLDER / name).read_text("utf-8"))


def test_readme_lists_every_data_file_with_source_and_licence() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", (FOLDER / "README.md").read_text("utf-8"), re.M)
    assert rows == DATA_FILES
