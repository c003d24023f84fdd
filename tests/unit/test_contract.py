"""One declaration, and what derives from it: schema, expectations and data dictionary."""

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


def rules(row: type, *, monthly: bool = True) -> list[tuple[str, object, bool]]:
    return [
        (rule.type, dict(rule.kwargs), rule.is_row_level)
        for rule in expectations(Table("boats", row, ("name",), is_monthly=monthly))
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


def test_only_rows_of_an_article_can_be_refused_with_it() -> None:
    assert not any(is_row_level for _, _, is_row_level in rules(Boat, monthly=False))


def test_declaration_gives_the_data_dictionary() -> None:
    told = data_dictionary([Table("boats", Boat, ("name",))])
    assert "## boats\n\nOne boat." in told
    assert "| `berths` | int64 |  | Beds on board. |" in told
    assert "| `rig` | string |  | How it is rigged. One of: `sloop`, `ketch`. |" in told


def test_changed_declaration_changes_the_data_dictionary() -> None:
    told = data_dictionary([Table("boats", ChangedBoat, ("name",))])
    assert "| `berths` | double | yes | Beds on board. |" in told
    assert "`sloop`, `ketch`, `yawl`" in told
    assert "its stern" in told


def test_rows_come_back_from_their_table() -> None:
    rows = [Boat("Tern", 4, "sloop"), Boat("Gull", 2, "ketch")]
    assert [Boat(**row) for row in to_table(Boat, rows).to_pylist()] == rows


def test_parts_of_a_row_come_back_from_their_table() -> None:
    assert to_table(Nested, [Nested([Inner("oar", 2)]), Nested([])]).to_pylist() == [
        {"parts": [{"kind": "oar", "count": 2}]},
        {"parts": []},
    ]


def test_null_where_none_may_be_is_refused_with_its_place() -> None:
    rows = [Boat("Tern", 4, "sloop"), Boat("Gull", None, "ketch")]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"Boat\.berths is null in row 1 of 2"):
        to_table(Boat, rows)


def test_null_where_one_may_be_is_kept() -> None:
    assert to_table(ChangedBoat, [ChangedBoat("Tern", None, "yawl")])["berths"].to_pylist() == [None]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_has_a_meaning(table: Table) -> None:
    for field in arrow_schema(table.row):
        assert field.metadata[b"meaning"].endswith((b".", b'B."'))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param(("a", "b"), ("a", "b"), True, id="same-parts"),
        pytest.param(("a", "b"), ("b", "a"), False, id="other-order"),
        pytest.param(("ab", "c"), ("a", "bc"), False, id="parted-elsewhere"),
    ],
)
def test_stable_id(one: tuple[str, ...], other: tuple[str, ...], is_same: bool) -> None:
    assert (stable_id(*one) == stable_id(*other)) is is_same
