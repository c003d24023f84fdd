"""What a column is, and what derives from a row type: Arrow schema, expectations and data dictionary.

A table is declared as a frozen dataclass whose fields are ``Annotated[type, Column("meaning", …)]``. Nothing else in
the project spells a column's type, range or meaning. pyarrow is imported where it is used, so that the command's help
loads declarations only.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    import pyarrow as pa

Row = TypeVar("Row")
# What an expectation checks; advice on a failure depends on it.
RuleKind = Literal[
    "not_null",
    "pattern",
    "range",
    "vocabulary",
    "order",
    "verbatim",
    "unique",
    "foreign_key",
    "columns",
    "ledger",
    "not_low",
    "not_high",
]


@dataclass(frozen=True, slots=True)
class Column:
    """What a column means and which values it may have."""

    meaning: str
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None  # only where a Literal type cannot say it
    unique: bool = False
    references: str | None = None  # "table.column"
    is_withheld: bool = False  # has an article's words or names the user's machine: an export without text omits it
    is_compared: bool = True  # a diff of two versions reports it when it changes


@dataclass(frozen=True, slots=True)
class Slice:
    """A rule of the form ``articles.text[row.start:row.end] == row.text``."""

    text: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its row type, the order of its rows, and how it is stored."""

    name: str
    row: type
    sort: tuple[str, ...]  # the columns its rows are ordered by; together they are unique
    is_monthly: bool = False  # hive-partitioned by published_month
    slices: tuple[Slice, ...] = ()

    @property
    def meaning(self) -> str:
        """What a row is."""
        return (self.row.__doc__ or "").splitlines()[0].rstrip(".")


@dataclass(frozen=True, slots=True)
class Field:
    """A declared column, with its type taken apart."""

    name: str
    type: Any  # without "| None"
    is_nullable: bool
    column: Column | None

    @property
    def values(self) -> tuple[str, ...] | None:
        """The values it may have, if they are a closed set."""
        if get_origin(self.type) is Literal:
            return tuple(get_args(self.type))
        return self.column.values if self.column else None


@dataclass(frozen=True, slots=True)
class Count:
    """How often something occurred."""

    name: str
    count: int


def stable_id(*parts: object) -> str:
    """Return sixteen hex digits that depend only on the parts and their order."""
    joined = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@cache
def columns(row: type) -> tuple[Field, ...]:
    """Return the columns of a row type, in the order of its table."""
    hints = get_type_hints(row, include_extras=True)
    return tuple(_read_field(field.name, hints[field.name]) for field in fields(row))


def withheld_columns(row: type) -> tuple[str, ...]:
    """Return the columns that an export without text omits."""
    return tuple(field.name for field in columns(row) if field.column and field.column.is_withheld)


def compared_columns(row: type) -> tuple[str, ...]:
    """Return the columns that a diff of two versions reports when they change."""
    return tuple(field.name for field in columns(row) if field.column and field.column.is_compared)


def _read_field(name: str, hint: Any) -> Field:
    column = None
    if get_origin(hint) is Annotated:
        hint, column = get_args(hint)[0], get_args(hint)[1]
    is_nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not types.NoneType]
        is_nullable = len(options) < len(get_args(hint))
        (hint,) = options
    return Field(name, hint, is_nullable, column)


# ── Arrow ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _arrow_type(kind: Any) -> pa.DataType:
    import pyarrow as pa

    if get_origin(kind) is Literal:
        return pa.string()
    if get_origin(kind) is list:
        return pa.list_(pa.field("element", _arrow_type(get_args(kind)[0]), nullable=False))
    if is_dataclass(kind):
        return pa.struct([_arrow_field(field) for field in columns(kind)])  # type: ignore[arg-type]
    plain: Mapping[Any, pa.DataType] = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        bytes: pa.binary(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    return plain[kind]


def _arrow_field(field: Field) -> pa.Field[Any]:
    import pyarrow as pa

    meaning = {"meaning": field.column.meaning} if field.column else None
    return pa.field(field.name, _arrow_type(field.type), nullable=field.is_nullable, metadata=meaning)


@cache
def arrow_schema(row: type) -> pa.Schema:
    """Return the Arrow schema of a row type, each field with its meaning as metadata."""
    import pyarrow as pa

    return pa.schema([_arrow_field(field) for field in columns(row)])


def to_table(row: type, rows: Sequence[object]) -> pa.Table:
    """Build an Arrow table from rows of one type.

    Raises:
        ValueError: if a column that may not be null has a null; Arrow itself does not check.
    """
    import pyarrow as pa

    schema = arrow_schema(row)
    arrays = []
    for field, arrow in zip(columns(row), schema, strict=True):
        values = [_plain(getattr(item, field.name)) for item in rows]
        if not field.is_nullable and None in values:
            raise ValueError(f"{row.__name__}.{field.name} is null in row {values.index(None)} of {len(rows)}")
        arrays.append(pa.array(values, type=arrow.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def from_table(rows: pa.Table, row: type[Row]) -> list[Row]:
    """Return the rows of an Arrow table as objects of their row type; the only nested values restored are counts."""
    declared = columns(row)  # type: ignore[arg-type]
    counts = {field.name for field in declared if field.type == list[Count]}
    values = [
        [[Count(**count) for count in cell] for cell in rows[field.name].to_pylist()]
        if field.name in counts
        else rows[field.name].to_pylist()
        for field in declared
    ]
    return [row(*cells) for cells in zip(*values, strict=True)]


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value


# ── Expectations ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Expectation:
    """A validation rule in Great Expectations' terms, not yet bound to it.

    ``check`` names a boolean column that ``validate`` computes first (a foreign key, a verbatim slice); the rule then
    expects it to be true.
    """

    kind: RuleKind
    type: str
    kwargs: Mapping[str, Any]
    is_row_level: bool  # a failing row refuses its article; otherwise a failure blocks the run
    check: Slice | str | None = None  # a slice, or the "table.column" that a key refers to

    @property
    def column(self) -> str:
        """The column it is about; empty for a rule on a whole table."""
        if isinstance(self.check, Slice):
            return self.check.text
        if self.check:
            return str(self.kwargs["column"]).removesuffix("_is_known")
        return str(self.kwargs.get("column") or self.kwargs.get("column_A") or "")

    @property
    def in_words(self) -> str:
        """What it expects, as a person says it."""
        match self.check:
            case Slice(text, start, end):
                return f"{text} is exactly articles.text[{start}:{end}]"
            case str(key):
                return f"is in {key}, or empty"
        match self.kind:
            case "not_null":
                return "is never empty"
            case "pattern":
                return f"matches {self.kwargs['regex']}"
            case "range":
                low, high = self.kwargs["min_value"], self.kwargs["max_value"]
                return f"is at least {low}" if high is None else f"is between {low} and {high}"
            case "vocabulary":
                return f"is one of: {', '.join(map(str, self.kwargs['value_set']))}"
            case "unique":
                return "occurs once"
            case "order":
                return f"is greater than {self.kwargs['column_B']}"
            case "columns":
                return "the columns are those of the contract, in its order"
            case "ledger":
                return "every raw record has exactly one outcome"
            case "not_low":
                return "not lower than usual"
            case "not_high":
                return "not higher than usual"
        raise ValueError(f"a {self.kind} rule needs a check")


def expectations(table: Table) -> tuple[Expectation, ...]:
    """Return all rules that a table's declaration implies."""
    is_row_level = table.is_monthly  # only rows that belong to one article can be rejected with it
    names = [field.name for field in columns(table.row)]
    rules = [Expectation("columns", "expect_table_columns_to_match_ordered_list", {"column_list": names}, False)]
    for field in columns(table.row):
        rules += _column_expectations(field, is_row_level)
    for part in table.slices:
        pair = {"column_A": part.end, "column_B": part.start, "ignore_row_if": "either_value_is_missing"}
        rules.append(Expectation("order", "expect_column_pair_values_a_to_be_greater_than_b", pair, is_row_level))
        check = {"column": f"{part.text}_is_verbatim", "value_set": [True]}
        rules.append(Expectation("verbatim", "expect_column_values_to_be_in_set", check, is_row_level, check=part))
    return tuple(rules)


def _column_expectations(field: Field, is_row_level: bool) -> list[Expectation]:
    name, column = {"column": field.name}, field.column or Column("")
    rules = []
    if not field.is_nullable:
        rules.append(Expectation("not_null", "expect_column_values_to_not_be_null", name, is_row_level))
    if column.pattern:
        pattern = name | {"regex": column.pattern}
        rules.append(Expectation("pattern", "expect_column_values_to_match_regex", pattern, is_row_level))
    if column.minimum is not None or column.maximum is not None:
        limits = name | {"min_value": column.minimum, "max_value": column.maximum}
        rules.append(Expectation("range", "expect_column_values_to_be_between", limits, is_row_level))
    if field.values:
        values = name | {"value_set": list(field.values)}
        rules.append(Expectation("vocabulary", "expect_column_values_to_be_in_set", values, is_row_level))
    if column.unique:
        rules.append(Expectation("unique", "expect_column_values_to_be_unique", name, False))
    if column.references:
        check = {"column": f"{field.name}_is_known", "value_set": [True]}
        rules.append(
            Expectation("foreign_key", "expect_column_values_to_be_in_set", check, False, check=column.references)
        )
    return rules


# ── Data dictionary ────────────────────────────────────────────────────────────────────────────────────────────


def data_dictionary(tables: Iterable[Table]) -> str:
    """Return every table and column in Markdown: name, type, whether it may be null, meaning and values."""
    parts = []
    for table in tables:
        parts.append(f"## {table.name}\n\n{table.meaning}.\n\n| column | type | null | meaning |\n|---|---|---|---|")
        for field, arrow in zip(columns(table.row), arrow_schema(table.row), strict=True):
            parts.append(_dictionary_line(field, arrow))
        parts.append("")
    return "\n".join(parts)


def _dictionary_line(field: Field, arrow: pa.Field[Any]) -> str:
    kind = str(arrow.type).replace(" not null", "").replace("|", "\\|")
    column = field.column or Column("")
    meaning = column.meaning.replace("|", "\\|")
    if field.values:
        meaning += " One of: " + ", ".join(f"`{value}`" for value in field.values) + "."
    if column.references:
        meaning += f" Refers to `{column.references}`."
    return f"| `{field.name}` | {kind} | {'yes' if field.is_nullable else ''} | {meaning} |"
