"""What a failed rule reports: the expectation, and the failing rows with their place in the article and raw record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onrecord import open_version
from pipeline.contract import TABLES, Drift, Example, expectations
from pipeline.store import Version
from tests.end_to_end.conftest import Onrecord

WORDS = "We checked every cable and every ramp,"


@pytest.fixture
def version(onrecord: Onrecord, raw: Path, tmp_path: Path) -> Version:
    """A data set of three articles."""
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    return open_version(tmp_path / "curated")


@pytest.fixture
def chunk(version: Version) -> dict[str, pa.Table]:
    """The monthly tables of that data set."""
    return {name: version.read(name) for name, table in TABLES.items() if table.is_monthly}


def put(chunk: dict[str, pa.Table], column: str, value: object) -> dict[str, pa.Table]:
    """Return the tables with one wrong value in the quote with WORDS."""
    quotes = chunk["quotes"]
    row = quotes["text"].to_pylist().index(WORDS)
    values = quotes[column].to_pylist()
    values[row] = value
    arrow = quotes.schema.field(column)
    place = quotes.schema.get_field_index(column)
    return chunk | {"quotes": quotes.set_column(place, arrow.with_nullable(True), pa.array(values, arrow.type))}


def failing(chunk: dict[str, pa.Table]) -> list[tuple[str, str, str, Example]]:
    from pipeline.validate import check_rows  # late: it takes seconds to import

    found = [finding for finding in check_rows([chunk]) if not finding.success]
    assert {finding.kind for finding in found} <= {"rows"}
    return [(finding.table, finding.column, finding.expected, *finding.examples) for finding in found]  # type: ignore[misc]


def test_rows_that_pass(chunk: dict[str, pa.Table]) -> None:
    assert failing(chunk) == []


def test_unknown_type_is_shown_with_the_text_of_its_quote(chunk: dict[str, pa.Table]) -> None:
    ((table, column, expected, example),) = failing(put(chunk, "quote_type", "shouted"))
    assert (table, column, expected) == ("quotes", "quote_type", "is one of: direct, mixed, indirect")
    assert example.row.endswith("quote_type 'shouted'")
    assert example.before.endswith("the harbour board said.\n\n\N{QUOTATION MARK}")
    assert example.text == WORDS
    assert example.after.startswith("\N{QUOTATION MARK} said Mara Oduya")
    assert example.raw_path.startswith("story-")
    assert example.raw_record == "0"


def test_wrong_words_are_shown_beside_the_text_at_their_offsets(chunk: dict[str, pa.Table]) -> None:
    ((_, column, expected, example),) = failing(put(chunk, "text", "words never said"))
    assert (column, expected) == ("text", "text is exactly articles.text[start_char:end_char]")
    assert "'words never said'" in example.row
    assert example.text == WORDS


def test_missing_value_fails_only_its_column(chunk: dict[str, pa.Table]) -> None:
    ((table, column, expected, example),) = failing(put(chunk, "segment_kind", None))
    assert (table, column, expected) == ("quotes", "segment_kind", "is never empty")
    assert example.row.endswith("segment_kind None")
    assert example.text == WORDS


def test_impossible_offset_is_shown_without_text(chunk: dict[str, pa.Table]) -> None:
    found = failing(put(chunk, "start_char", -4))
    assert {(expected, example.text) for _, _, expected, example in found} == {
        ("is at least 0", ""),
        ("text is exactly articles.text[start_char:end_char]", ""),
    }


def test_every_rule_of_the_contract_is_described() -> None:
    for table in TABLES.values():
        for rule in expectations(table):
            assert rule.in_words


def test_drift_warns_only_outside_the_baseline() -> None:
    from pipeline.validate import check_drift  # late: it takes seconds to import

    usual = Drift("Harbour Post", "articles_a_day", 20.0, 12.0, 31.0, "28 days", 20)
    low = replace(usual, subject="Moor Echo", found=2.0)
    unknown = replace(usual, subject="New Gazette", found=3.0, low=float("-inf"), high=float("inf"))
    found = check_drift([usual, low, unknown])
    assert [(finding.kind, finding.column, finding.success, finding.blocks) for finding in found] == [
        ("drift", "articles_a_day", False, False),
        ("drift", "articles_a_day", True, False),
    ]
    assert found[0].examples == (Example("Moor Echo: articles_a_day is 2, usual is 12 to 31 (28 days)"),)
    assert (found[0].element_count, found[0].unexpected_count) == (3, 1)


def test_table_with_other_columns_blocks(version: Version) -> None:
    from pipeline.validate import check_version  # late: it takes seconds to import

    (path,) = version.files("runs")
    rewrite(path, pq.read_table(path).drop_columns(["raw"]))
    (finding,) = [
        finding for finding in check_version(version, [], pa.array([], pa.string()), {}) if not finding.success
    ]
    assert (finding.table, finding.column, finding.blocks) == ("runs", "", True)
    assert finding.examples[0].row.startswith("found: run_id, started_at, finished_at")


def test_repeated_id_is_shown_with_the_text_of_its_quotes(version: Version, chunk: dict[str, pa.Table]) -> None:
    from pipeline.validate import check_version  # late: it takes seconds to import

    other_id = next(row["quote_id"] for row in chunk["quotes"].to_pylist() if row["text"] != WORDS)
    for path, _ in version.find("quotes", "text", [WORDS]):
        rewrite(path, put({"quotes": version.read_file("quotes", path)}, "quote_id", other_id)["quotes"])
    parts = [(part.month, part.name) for part in version.parts]
    found = check_version(version, parts, chunk["articles"]["article_id"].combine_chunks(), {})
    (finding,) = [finding for finding in found if finding.column == "quote_id" and finding.rule == "unique"]
    assert finding.blocks
    assert (finding.expected, finding.unexpected_count) == ("occurs once", 2)
    assert WORDS in {example.text for example in finding.examples}
    assert all(example.raw_path for example in finding.examples)


def rewrite(path: Path, rows: pa.Table) -> None:
    """Replace a part file, which other versions may share by a hard link."""
    path.unlink()
    pq.write_table(rows, path)


def test_ledger_that_does_not_add_up_shows_its_counts(version: Version) -> None:
    from pipeline.validate import check_ledger  # late: it takes seconds to import

    run = version.last_run()
    assert check_ledger(run).success
    finding = check_ledger(replace(run, record_count=4, finished_at=datetime.now(UTC)))
    assert finding.blocks
    assert "record_count 4, new_count 3" in finding.examples[0].row
