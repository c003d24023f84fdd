"""Validation by Great Expectations: the only module that imports it. It takes seconds to import: do it late.

The suites are derived from the contract; this module computes the boolean columns that some rules rest on (verbatim
slices, keys between tables), runs the suites, and tells what they found in plain terms.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from great_expectations.core import ExpectationSuite
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from pipeline.contract import FATES, TABLES, Expectation, Finding, Run, Slice, Table, columns, expectations, to_table

logging.getLogger("great_expectations").setLevel(logging.ERROR)
EXAMPLES = 5
LEDGER = Expectation(
    "expect_column_values_to_be_in_set", {"column": "ledger_adds_up", "value_set": [True]}, is_row_level=False
)


def check_rows(chunks: Iterable[Mapping[str, pa.Table]]) -> list[Finding]:
    """Check the rules on single rows of this run's articles, and of all that stands in them.

    Args:
        chunks: the tables by name, some articles at a time; ``articles`` holds every article that the others refer to.
    """
    found: dict[tuple[str, int], Finding] = {}
    for staged in chunks:
        texts = dict(zip(_list(staged["articles"], "article_id"), _list(staged["articles"], "text"), strict=True))
        for name, rows in staged.items():
            table = TABLES[name]
            rules = [rule for rule in expectations(table) if rule.is_row_level]
            frame = _frame(rows, rules, "article_id")
            for rule in rules:
                if isinstance(rule.check, Slice):
                    frame[rule.kwargs["column"]] = _is_verbatim(rows, rule.check, texts)
            for at, finding in enumerate(_run_suite(table, rules, frame, "article_id")):
                before = found.get((name, at))
                found[name, at] = _join(before, finding) if before else finding
    return list(found.values())


def _join(one: Finding, other: Finding) -> Finding:
    """What one expectation found in two chunks."""
    return replace(
        one,
        is_row_level=one.is_row_level and other.is_row_level,
        success=one.success and other.success,
        element_count=one.element_count + other.element_count,
        unexpected_count=one.unexpected_count + other.unexpected_count,
        examples=(*one.examples, *other.examples)[:EXAMPLES],
        failing_keys=(*one.failing_keys, *other.failing_keys),
    )


# Whose ids are unique over all parts. The ids of what stands in an article are made of the article's.
UNIQUE_OVER_ALL = frozenset(("articles", *(name for name, table in TABLES.items() if not table.is_monthly)))


def check_version(
    chunks: Iterable[Mapping[str, pa.Table]],
    whole: Mapping[str, pa.Table],
    known: Callable[[str, str], pa.Array],
    column_names: Callable[[str], list[str]],
) -> list[Finding]:
    """Check the rules on whole tables of a version: columns, unique ids, keys between tables.

    Args:
        chunks: what rules on the monthly tables look at, by table, some articles at a time: all rows of those that came
            or changed. Of the others the version before was checked.
        whole: the rows that came to the tables without months.
        known: all values of a column of a table of the version.
        column_names: gives the columns that a table has on disk.
    """
    findings = [_check_columns(table, column_names(table.name)) for table in TABLES.values()]
    for name in sorted(UNIQUE_OVER_ALL):
        findings += [_check_unique(TABLES[name], rule, known) for rule in _rules_on_tables(name) if _is_unique(rule)]
    found: dict[tuple[str, int], Finding] = {}
    for chunk in chain(chunks, [{name: rows for name, rows in whole.items() if rows.num_rows}]):
        for name, rows in chunk.items():
            for at, finding in enumerate(_check_rows_of(TABLES[name], rows, chunk, known)):
                before = found.get((name, at))
                found[name, at] = _join(before, finding) if before else finding
    return [*findings, *found.values()]


def needed_columns(name: str) -> list[str]:
    """What rules on a whole monthly table look at: the texts of a large data set need not be in memory."""
    needed = {str(rule.kwargs["column"]).removesuffix("_is_known") for rule in _rules_in_chunks(name)}
    return [column.name for column in columns(TABLES[name].row) if column.name in needed | {"article_id"}]


def _rules_on_tables(name: str) -> list[Expectation]:
    rules = expectations(TABLES[name])
    return [rule for rule in rules if not rule.is_row_level and "column_list" not in rule.kwargs]


def _is_unique(rule: Expectation) -> bool:
    return rule.type == "expect_column_values_to_be_unique"


def _rules_in_chunks(name: str) -> list[Expectation]:
    return [rule for rule in _rules_on_tables(name) if not (_is_unique(rule) and name in UNIQUE_OVER_ALL)]


def _check_columns(table: Table, found: list[str]) -> Finding:
    (rule,) = (rule for rule in expectations(table) if "column_list" in rule.kwargs)
    (finding,) = _run_suite(table, [rule], pd.DataFrame(columns=found), table.sort[0])
    return finding


def _check_unique(table: Table, rule: Expectation, known: Callable[[str, str], pa.Array]) -> Finding:
    """Whether an id is there once in all parts: Great Expectations is given those that are there twice."""
    column = str(rule.kwargs["column"])
    ids = known(table.name, column)
    counted = ids.value_counts()
    repeated = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    frame = pa.table({column: pa.concat_arrays([repeated, repeated])}).to_pandas()
    (finding,) = _run_suite(table, [rule], frame, column)
    return replace(finding, element_count=len(ids))


def _check_rows_of(
    table: Table, rows: pa.Table, chunk: Mapping[str, pa.Table], known: Callable[[str, str], pa.Array]
) -> list[Finding]:
    """Check the ids and keys of some rows; what stands in an article refers to what stands in it too, and to articles."""
    rules = _rules_in_chunks(table.name)
    frame = _frame(rows, rules, table.sort[0])
    for rule in rules:
        if isinstance(rule.check, str):
            other, column = rule.check.split(".")
            is_near = other in chunk and column in chunk[other].column_names and other != "articles"
            keys = chunk[other][column].combine_chunks() if is_near and table.is_monthly else known(other, column)
            own = rows[rule.kwargs["column"].removesuffix("_is_known")]
            frame[rule.kwargs["column"]] = pc.or_(pc.is_in(own, keys), pc.is_null(own)).to_pandas()
    return _run_suite(table, rules, frame, table.sort[0])


def check_ledger(run: Run) -> Finding:
    """Check that what came in is what came out."""
    adds_up = run.record_count == sum(getattr(run, part) for part in FATES.values())
    frame = to_table(Run, [run]).select(["run_id", "record_count", *FATES.values()]).to_pandas()
    frame["ledger_adds_up"] = adds_up
    (finding,) = _run_suite(TABLES["runs"], [LEDGER], frame, "run_id")
    return finding


def _list(rows: pa.Table, column: str) -> list[Any]:
    values: list[Any] = rows[column].to_pylist()
    return values


def _frame(rows: pa.Table, rules: Iterable[Expectation], key: str) -> pd.DataFrame:
    """The columns that rules look at, as pandas.

    Where a rule only asks whether there is a value, any value will do: Great Expectations copies the frame for each
    rule, and the texts with it.
    """
    looked_at = {key}
    for rule in rules:
        if rule.type != "expect_column_values_to_not_be_null":
            looked_at |= {str(rule.kwargs[name]) for name in ("column", "column_A", "column_B") if name in rule.kwargs}
    columns = {
        name: rows[name] if name in looked_at else pc.if_else(rows[name].is_valid(), "…", pa.scalar(None, pa.string()))
        for name in rows.column_names
    }
    frame: pd.DataFrame = pa.table(columns).combine_chunks().to_pandas()  # taking from many chunks is slow
    return frame


def _is_verbatim(rows: pa.Table, part: Slice, texts: Mapping[str, str]) -> list[bool]:
    cells = (_list(rows, name) for name in ("article_id", part.text, part.start, part.end))
    return [
        (text is None and start is None and end is None) or (start is not None and texts[article][start:end] == text)
        for article, text, start, end in zip(*cells, strict=True)
    ]


@cache
def _source() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context.data_sources.add_pandas("staged")


@cache
def _batches(table: str) -> Any:
    return _source().add_dataframe_asset(table).add_batch_definition_whole_dataframe("all")


def _run_suite(table: Table, rules: Sequence[Expectation], frame: pd.DataFrame, key: str) -> list[Finding]:
    """Ask all rules of a frame, and those that fail once more which rows they are: telling that takes as long again."""
    found = _validate(table, rules, frame, {"result_format": "BASIC"})
    failed = [rule for rule, outcome in zip(rules, found, strict=True) if not outcome.success]
    told = {"result_format": "COMPLETE", "unexpected_index_column_names": [key]}
    again = iter(_validate(table, failed, frame, told) if failed else ())
    return [
        _as_finding(table, rule, outcome if outcome.success else next(again), key)
        for rule, outcome in zip(rules, found, strict=True)
    ]


def _validate(
    table: Table, rules: Sequence[Expectation], frame: pd.DataFrame, result_format: Mapping[str, Any]
) -> list[Any]:
    """What Great Expectations finds, rule by rule."""
    suite = ExpectationSuite(name=table.name)
    for at, rule in enumerate(rules):
        suite.add_expectation_configuration(
            ExpectationConfiguration(type=rule.type, kwargs=dict(rule.kwargs), meta={"at": at})
        )
    result = _batches(table.name).get_batch({"dataframe": frame}).validate(suite, result_format=dict(result_format))
    return sorted(result.results, key=_position)


def _position(outcome: Any) -> int:
    return int(outcome.expectation_config.meta["at"])


def _as_finding(table: Table, rule: Expectation, outcome: Any, key: str) -> Finding:
    result = outcome.result
    column = str(rule.kwargs.get("column") or rule.kwargs.get("column_A") or "")
    rows = result.get("unexpected_index_list") or []
    keys = tuple(dict.fromkeys(str(row[key]) for row in rows)) if rule.is_row_level else ()
    examples = [f"{', '.join(f'{name} {value!r}' for name, value in row.items())}" for row in rows[:EXAMPLES]]
    if not outcome.success and not examples:
        examples = [str(outcome.exception_info or result)[:300]]
    return Finding(
        table=table.name,
        expectation=rule.type,
        column=column,
        is_row_level=rule.is_row_level and bool(outcome.success or keys),  # without an index it blocks
        success=bool(outcome.success),
        element_count=int(result.get("element_count", 0)),
        unexpected_count=int(result.get("unexpected_count", 0)),
        examples=tuple(examples),
        failing_keys=keys,
    )
