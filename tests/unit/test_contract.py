"""Schema, expectations and data dictionary derive from the declaration of a row type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pyarrow as pa
import pytest

from pipeline.contract import TABLES, Column, Table, arrow_schema, data_dictionary, expectations, stable_id, to_table


@dataclass(frozen=True, slots=True)
class Boat:
    """One boat."""

    name: Annotated[str, Column("What is painted on it.", unique=True)]
    berths: Annotated[int, Column("Beds on board.", minimum=1)]
    rig: Annotated[Literal["sloop", "ketch"], Column("How it is rigged.")]


@dataclass(frozen=True, slots=True)
class ChangedBoat:
    """One boat."""

    name: Annotated[str, Column("What is painted on its stern.", unique=True)]
    berths: Annotated[float | None, Column("Beds on board.", minimum=2)]
    rig: Annotated[Literal["sloop", "ketch", "yawl"], Column("How it is rigged.")]


@dataclass(frozen=True, slots=True)
class Inner:
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Nested:
    """A row with a list."""

    parts: Annotated[list[Inner], Column("Its parts.")]


def rules(row: type, *, is_monthly: bool = True) -> list[tuple[str, object, bool]]:
    return [
        (rule.type, dict(rule.kwargs), rule.is_row_level)
        for rule in expectations(Table("boats", row, ("name",), is_monthly=is_monthly))
    ]


def test_declaration_gives_the_arrow_schema() -> None:
    schema = arrow_schema(Boat)
    assert [(f.name, f.type, f.nullable) for f in schema] == [
        ("name", pa.string(), False),
        ("berths", pa.int64(), False),
        ("rig", pa.string(), False),
    ]
    assert schema.field("berths").metadata == {b"meaning": b"Beds on board."}


def test_changed_declaration_changes_the_arrow_schema() -> None:
    schema = arrow_schema(ChangedBoat)
    assert (schema.field("berths").type, schema.field("berths").nullable) == (pa.float64(), True)
    assert schema.field("name").metadata == {b"meaning": b"What is painted on its stern."}


def test_declaration_gives_the_expectations() -> None:
    assert rules(Boat) == [
        ("expect_table_columns_to_match_ordered_list", {"column_list": ["name", "berths", "rig"]}, False),
        ("expect_column_values_to_not_be_null", {"column": "name"}, True),
        ("expect_column_values_to_be_unique", {"column": "name"}, False),
        ("expect_column_values_to_not_be_null", {"column": "berths"}, True),
        ("expect_column_values_to_be_between", {"column": "berths", "min_value": 1, "max_value": None}, True),
        ("expect_column_values_to_not_be_null", {"column": "rig"}, True),
        ("expect_column_values_to_be_in_set", {"column": "rig", "value_set": ["sloop", "ketch"]}, True),
    ]


def test_changed_declaration_changes_the_expectations() -> None:
    changed = rules(ChangedBoat)
    assert ("expect_column_values_to_not_be_null", {"column": "berths"}, True) not in changed
    assert (
        "expect_column_values_to_be_between",
        {"column": "berths", "min_value": 2, "max_value": None},
        True,
    ) in changed
    assert (
        "expect_column_values_to_be_in_set",
        {"column": "rig", "value_set": ["sloop", "ketch", "yawl"]},
        True,
    ) in changed


def test_rules_are_on_rows_only_in_monthly_tables() -> None:
    assert not any(is_row_level for _, _, is_row_level in rules(Boat, is_monthly=False))


def test_declaration_gives_the_data_dictionary() -> None:
    dictionary = data_dictionary([Table("boats", Boat, ("name",))])
    assert "## boats\n\nOne boat." in dictionary
    assert "| `berths` | int64 |  | Beds on board. |" in dictionary
    assert "| `rig` | string |  | How it is rigged. One of: `sloop`, `ketch`. |" in dictionary


def test_changed_declaration_changes_the_data_dictionary() -> None:
    dictionary = data_dictionary([Table("boats", ChangedBoat, ("name",))])
    assert "| `berths` | double | yes | Beds on board. |" in dictionary
    assert "`sloop`, `ketch`, `yawl`" in dictionary
    assert "its stern" in dictionary


def test_rows_survive_a_round_trip_through_arrow() -> None:
    rows = [Boat("Tern", 4, "sloop"), Boat("Gull", 2, "ketch")]
    assert [Boat(**row) for row in to_table(Boat, rows).to_pylist()] == rows


def test_nested_values_survive_a_round_trip_through_arrow() -> None:
    assert to_table(Nested, [Nested([Inner("oar", 2)]), Nested([])]).to_pylist() == [
        {"parts": [{"kind": "oar", "count": 2}]},
        {"parts": []},
    ]


def test_forbidden_null_raises_with_its_row() -> None:
    rows = [Boat("Tern", 4, "sloop"), Boat("Gull", None, "ketch")]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Boat\.berths is null in row 1 of 2"):
        to_table(Boat, rows)


def test_allowed_null_is_kept() -> None:
    assert to_table(ChangedBoat, [ChangedBoat("Tern", None, "yawl")])["berths"].to_pylist() == [None]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_has_a_meaning(table: Table) -> None:
    for field in arrow_schema(table.row):
        assert field.metadata[b"meaning"].endswith((b".", b'B."'))


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        pytest.param(("a", "b"), ("a", "b"), True, id="same-parts"),
        pytest.param(("a", "b"), ("b", "a"), False, id="other-order"),
        pytest.param(("ab", "c"), ("a", "bc"), False, id="split-elsewhere"),
    ],
)
def test_stable_id(first: tuple[str, ...], second: tuple[str, ...], is_same: bool) -> None:
    assert (stable_id(*first) == stable_id(*second)) is is_same
