"""What a person is told of a rule that fails: what was expected, the rows as they stand in their articles, their records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from onrecord import open_version
from pipeline.contract import TABLES, Drift, Example, expectations
from tests.end_to_end.conftest import Onrecord

TOLD = "We checked every cable and every ramp,"


@pytest.fixture
def chunk(onrecord: Onrecord, raw: Path, tmp_path: Path) -> dict[str, pa.Table]:
    """The rows of three articles."""
    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    version = open_version(tmp_path / "curated")
    return {name: version.read(name) for name, table in TABLES.items() if table.is_monthly}


def put(chunk: dict[str, pa.Table], column: str, value: object) -> dict[str, pa.Table]:
    """The rows with one quote that is not as it should be."""
    quotes = chunk["quotes"]
    at = quotes["text"].to_pylist().index(TOLD)
    values = quotes[column].to_pylist()
    values[at] = value
    arrow = quotes.schema.field(column)
    place = quotes.schema.get_field_index(column)
    return chunk | {"quotes": quotes.set_column(place, arrow.with_nullable(True), pa.array(values, arrow.type))}


def failing(chunk: dict[str, pa.Table]) -> list[tuple[str, str, str, Example]]:
    from pipeline.validate import check_rows  # late: it takes seconds to import

    found = [finding for finding in check_rows([chunk]) if not finding.success]
    assert {finding.kind for finding in found} <= {"rows"}
    return [(each.table, each.column, each.expected, *each.examples) for each in found]  # type: ignore[misc]


def test_rows_that_pass_are_told_without_examples(chunk: dict[str, pa.Table]) -> None:
    assert failing(chunk) == []


def test_a_type_that_there_is_not_is_shown_where_the_quote_stands(chunk: dict[str, pa.Table]) -> None:
    ((table, column, expected, example),) = failing(put(chunk, "quote_type", "shouted"))
    assert (table, column, expected) == ("quotes", "quote_type", "is one of: direct, mixed, indirect")
    assert example.row.endswith("quote_type 'shouted'")
    assert example.before.endswith("the harbour board said.\n\n\N{QUOTATION MARK}")
    assert example.text == TOLD
    assert example.after.startswith("\N{QUOTATION MARK} said Mara Oduya")
    assert example.raw_path.startswith("story-")
    assert example.raw_record == "0"


def test_words_that_do_not_stand_there_are_shown_beside_those_that_do(chunk: dict[str, pa.Table]) -> None:
    ((_, column, expected, example),) = failing(put(chunk, "text", "words never said"))
    assert (column, expected) == ("text", "text is exactly articles.text[start_char:end_char]")
    assert "'words never said'" in example.row
    assert example.text == TOLD


def test_a_value_that_is_missing_is_told_of_its_column_alone(chunk: dict[str, pa.Table]) -> None:
    ((table, column, expected, example),) = failing(put(chunk, "segment_kind", None))
    assert (table, column, expected) == ("quotes", "segment_kind", "is never empty")
    assert example.row.endswith("segment_kind None")
    assert example.text == TOLD


def test_a_place_that_there_is_not_is_told_without_context(chunk: dict[str, pa.Table]) -> None:
    found = failing(put(chunk, "start_char", -4))
    assert {(expected, example.text) for _, _, expected, example in found} == {
        ("is at least 0", ""),
        ("text is exactly articles.text[start_char:end_char]", ""),
    }


def test_every_rule_of_the_contract_has_words() -> None:
    for table in TABLES.values():
        for rule in expectations(table):
            assert rule.in_words


def test_drift_warns_of_those_alone_that_are_not_as_usual() -> None:
    from pipeline.validate import check_drift  # late: it takes seconds to import

    usual = Drift("Harbour Post", "articles_a_day", 20.0, 12.0, 31.0, "learnt of 28 days", 20)
    low = replace(usual, subject="Moor Echo", found=2.0)
    unknown = replace(usual, subject="New Gazette", found=3.0, low=float("-inf"), high=float("inf"))
    found = check_drift([usual, low, unknown])
    assert [(each.kind, each.column, each.success, each.blocks) for each in found] == [
        ("drift", "articles_a_day", False, False),
        ("drift", "articles_a_day", True, False),
    ]
    assert found[0].examples == (Example("Moor Echo: articles_a_day is 2, usual is 12 to 31 (learnt of 28 days)"),)
    assert (found[0].element_count, found[0].unexpected_count) == (3, 1)


def test_a_table_with_other_columns_blocks() -> None:
    from pipeline.validate import check_version  # late: it takes seconds to import

    def column_names(table: str) -> list[str]:
        names = list(TABLES[table].row.__match_args__)
        return names[1:] if table == "runs" else names

    def known(table: str, column: str) -> pa.Array:  # noqa: ARG001
        return pa.array([], pa.string())

    found = check_version([], {}, known, column_names, lambda _: pa.table({}))
    (finding,) = [each for each in found if not each.success]
    assert (finding.table, finding.column, finding.blocks) == ("runs", "", True)
    assert finding.examples[0].row.startswith("found: started_at, finished_at")


def test_an_id_that_is_there_twice_is_shown_where_its_quotes_stand(chunk: dict[str, pa.Table]) -> None:
    from pipeline.validate import check_version  # late: it takes seconds to import

    taken = chunk["quotes"]["quote_id"][0].as_py()
    wrong = put(chunk, "quote_id", taken)

    def known(table: str, column: str) -> pa.Array:
        return wrong[table][column].combine_chunks() if table in wrong else pa.array([], pa.string())

    found = check_version(
        [{"quotes": wrong["quotes"]}],
        {},
        known,
        lambda name: TABLES[name].row.__match_args__,
        lambda _: chunk["articles"],
    )
    (finding,) = [each for each in found if each.column == "quote_id" and each.blocks]
    assert (finding.expected, finding.unexpected_count) == ("occurs once", 2)
    assert TOLD in {example.text for example in finding.examples}
    assert all(example.raw_path for example in finding.examples)


def test_a_ledger_that_does_not_add_up_tells_its_counts(onrecord: Onrecord, raw: Path, tmp_path: Path) -> None:
    from pipeline.validate import check_ledger  # late: it takes seconds to import

    assert onrecord("curate", raw, "--into", tmp_path / "curated", "--workers", 1).code == 0
    run = open_version(tmp_path / "curated").last_run()
    assert check_ledger(run).success
    finding = check_ledger(replace(run, record_count=4, finished_at=datetime.now(UTC)))
    assert finding.blocks
    assert "record_count 4, new_count 3" in finding.examples[0].row
