"""Validation by Great Expectations: the only module that imports it. It takes seconds to import: do it late.

The suites are derived from the contract; this module computes the boolean columns that some rules rest on (verbatim
slices, keys between tables), runs the suites, and tells what they found in plain terms.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from great_expectations.core import ExpectationSuite
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from pipeline.contract import (
    FATES,
    TABLES,
    Drift,
    Example,
    Expectation,
    Finding,
    Run,
    Slice,
    Table,
    columns,
    expectations,
    to_table,
)

logging.getLogger("great_expectations").setLevel(logging.ERROR)
EXAMPLES = 5
MOST_WARNINGS = 50  # subjects told of a measure that drifts
CONTEXT = 120  # code points shown on either side of an example
LONGEST = 80  # of a value that an example shows
ROW = "row_"  # tells the rows of a frame apart
# Gives of some articles, by article_id: article_id, text, source, raw_path, raw_record.
FindArticles = Callable[[Sequence[str]], pa.Table]
LEDGER = Expectation(
    "ledger", "expect_column_values_to_be_in_set", {"column": "ledger_adds_up", "value_set": [True]}, is_row_level=False
)


def check_rows(chunks: Iterable[Mapping[str, pa.Table]]) -> list[Finding]:
    """Check the rules on single rows of this run's articles, and of all that stands in them.

    Args:
        chunks: the tables by name, some articles at a time; ``articles`` holds every article that the others refer to.
    """
    found: dict[tuple[str, int], Finding] = {}
    for staged in chunks:
        articles = staged["articles"]
        texts = dict(zip(_list(articles, "article_id"), _list(articles, "text"), strict=True))
        find_articles = partial(_choose, articles)
        for name, rows in staged.items():
            table = TABLES[name]
            rules = [rule for rule in expectations(table) if rule.is_row_level]
            frame = _frame(rows, rules)
            for rule in rules:
                if isinstance(rule.check, Slice):
                    frame[rule.kwargs["column"]] = _is_verbatim(rows, rule.check, texts)
            for at, finding in enumerate(_run_suite(table, rules, frame, rows, find_articles)):
                before = found.get((name, at))
                found[name, at] = _join(before, finding) if before else finding
    return list(found.values())


def _choose(articles: pa.Table, article_ids: Sequence[str]) -> pa.Table:
    return articles.filter(pc.is_in(articles["article_id"], pa.array(article_ids, pa.string())))


def _join(one: Finding, other: Finding) -> Finding:
    """What one expectation found in two chunks."""
    return replace(
        one,
        kind="tables" if "tables" in (one.kind, other.kind) else one.kind,
        success=one.success and other.success,
        element_count=one.element_count + other.element_count,
        unexpected_count=one.unexpected_count + other.unexpected_count,
        examples=(*one.examples, *other.examples)[:EXAMPLES],
        failing_keys=(*one.failing_keys, *other.failing_keys),
    )


# Some forty in a hundred rules ask that a value is there, and each costs the same few milliseconds whatever it asks: so one
# rule asks it of all columns, and only where it fails is each asked.
NOT_NULL = "expect_column_values_to_not_be_null"
IS_FILLED = "is_filled_"
ALL_FILLED = Expectation(
    "not_null", "expect_column_values_to_be_in_set", {"column": IS_FILLED, "value_set": [True]}, is_row_level=True
)

# Whose ids are unique over all parts. The ids of what stands in an article are made of the article's.
UNIQUE_OVER_ALL = frozenset(("articles", *(name for name, table in TABLES.items() if not table.is_monthly)))


def check_version(
    chunks: Iterable[Mapping[str, pa.Table]],
    whole: Mapping[str, pa.Table],
    known: Callable[[str, str], pa.Array],
    column_names: Callable[[str], list[str]],
    find_articles: FindArticles,
) -> list[Finding]:
    """Check the rules on whole tables of a version: columns, unique ids, keys between tables.

    Args:
        chunks: what rules on the monthly tables look at, by table, some articles at a time: all rows of those that came
            or changed. Of the others the version before was checked.
        whole: the rows that came to the tables without months.
        known: all values of a column of a table of the version.
        column_names: gives the columns that a table has on disk.
        find_articles: gives the articles that examples of failing rows stand in.
    """
    findings = _check_columns(column_names)
    for name in sorted(UNIQUE_OVER_ALL):
        findings += [_check_unique(TABLES[name], rule, known) for rule in _rules_on_tables(name) if _is_unique(rule)]
    found: dict[tuple[str, int], Finding] = {}
    for chunk in chain(chunks, [{name: rows for name, rows in whole.items() if rows.num_rows}]):
        for name, rows in chunk.items():
            for at, finding in enumerate(_check_rows_of(TABLES[name], rows, chunk, known, find_articles)):
                before = found.get((name, at))
                found[name, at] = _join(before, finding) if before else finding
    return [*findings, *found.values()]


def needed_columns(name: str) -> list[str]:
    """What rules on a whole monthly table look at: the texts of a large data set need not be in memory."""
    needed = {"article_id", *(rule.column for rule in _rules_in_chunks(name))}
    needed |= {name for part in TABLES[name].slices[:1] for name in (part.start, part.end)}  # to show examples
    return [column.name for column in columns(TABLES[name].row) if column.name in needed]


def _rules_on_tables(name: str) -> list[Expectation]:
    rules = expectations(TABLES[name])
    return [rule for rule in rules if not rule.is_row_level and "column_list" not in rule.kwargs]


def _is_unique(rule: Expectation) -> bool:
    return rule.type == "expect_column_values_to_be_unique"


def _rules_in_chunks(name: str) -> list[Expectation]:
    return [rule for rule in _rules_on_tables(name) if not (_is_unique(rule) and name in UNIQUE_OVER_ALL)]


def _check_columns(column_names: Callable[[str], list[str]]) -> list[Finding]:
    """Whether each table has the columns of the contract: a column of yes or no a table, so that all are asked at once."""
    rules, frame = [], pd.DataFrame({ROW: [0]})
    for name, table in TABLES.items():
        (rule,) = (rule for rule in expectations(table) if "column_list" in rule.kwargs)
        rules.append(rule)
        frame[name] = column_names(name) == list(rule.kwargs["column_list"])
    asked = [Expectation("columns", LEDGER.type, {"column": name, "value_set": [True]}, False) for name in TABLES]
    return [
        Finding(
            kind="tables",
            table=name,
            column="",
            rule=rule.kind,
            expectation=rule.type,
            expected=rule.in_words,
            success=bool(outcome.success),
            element_count=len(rule.kwargs["column_list"]),
            unexpected_count=int(not outcome.success),
            examples=() if outcome.success else (Example(f"found: {', '.join(column_names(name))}"),),
        )
        for name, rule, outcome in zip(TABLES, rules, _ask(asked, "columns", frame), strict=True)
    ]


def _check_unique(table: Table, rule: Expectation, known: Callable[[str, str], pa.Array]) -> Finding:
    """Whether an id is there once in all parts: Great Expectations is given those that are there twice."""
    column = str(rule.kwargs["column"])
    ids = known(table.name, column)
    counted = ids.value_counts()
    repeated = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    rows = pa.table({column: pa.concat_arrays([repeated, repeated])})
    (finding,) = _run_suite(table, [rule], _frame(rows, [rule]), rows)
    return replace(finding, element_count=len(ids))


def _check_rows_of(
    table: Table,
    rows: pa.Table,
    chunk: Mapping[str, pa.Table],
    known: Callable[[str, str], pa.Array],
    find_articles: FindArticles,
) -> list[Finding]:
    """Check the ids and keys of some rows; what stands in an article refers to what stands in it too, and to articles."""
    rules = _rules_in_chunks(table.name)
    frame = _frame(rows, rules)
    for rule in rules:
        if isinstance(rule.check, str):
            other, column = rule.check.split(".")
            is_near = other in chunk and column in chunk[other].column_names and other != "articles"
            keys = chunk[other][column].combine_chunks() if is_near and table.is_monthly else known(other, column)
            own = rows[rule.kwargs["column"].removesuffix("_is_known")]
            frame[rule.kwargs["column"]] = pc.or_(pc.is_in(own, keys), pc.is_null(own)).to_pandas()
    return _run_suite(table, rules, frame, rows, find_articles)


def check_ledger(run: Run) -> Finding:
    """Check that what came in is what came out."""
    adds_up = run.record_count == sum(getattr(run, part) for part in FATES.values())
    rows = to_table(Run, [run]).select(["run_id", "record_count", *FATES.values()])
    frame = _frame(rows, [LEDGER])
    frame["ledger_adds_up"] = adds_up
    return _run_suite(TABLES["runs"], [LEDGER], frame, rows)[0]


# What is expected of each measure of drift; a failure warns.
_GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
USUAL = (
    Expectation("not_low", _GREATER, {"column_A": "found", "column_B": "low", "or_equal": True}, is_row_level=False),
    Expectation("not_high", _GREATER, {"column_A": "high", "column_B": "found", "or_equal": True}, is_row_level=False),
)


def check_drift(measured: Sequence[Drift]) -> list[Finding]:
    """Check whether what was measured lies within what is usual; all measures are asked at once."""
    numbers = [(each.found, each.low, each.high) for each in measured]
    frame = pd.DataFrame(numbers, columns=["found", "low", "high"]).assign(**{ROW: range(len(measured))})
    findings = []
    for rule, outcome in zip(USUAL, _ask(USUAL, "drift", frame), strict=True):
        unusual = {measured[at] for at in _failing_rows(outcome)}
        is_answered = outcome.success or bool(unusual)  # else it could not be asked, and nothing may pass for usual
        for measure in dict.fromkeys(each.measure for each in measured):
            some = [each for each in measured if each.measure == measure]
            failing = [each for each in some if each in unusual]
            findings.append(
                Finding(
                    kind="drift",
                    table="drift",
                    column=measure,
                    rule=rule.kind,
                    expectation=rule.type,
                    expected=rule.in_words,
                    success=is_answered and not failing,
                    element_count=len(some),
                    unexpected_count=len(failing),
                    examples=tuple(Example(each.in_words) for each in failing[:MOST_WARNINGS]),
                )
            )
    return findings


def _list(rows: pa.Table, column: str) -> list[Any]:
    values: list[Any] = rows[column].to_pylist()
    return values


def _frame(rows: pa.Table, rules: Iterable[Expectation]) -> pd.DataFrame:
    """The columns that rules look at, as pandas, and a number for each row.

    Where a rule only asks whether there is a value, any value will do: Great Expectations copies the frame for each
    rule, and the texts with it.
    """
    looked_at: set[str] = set()
    for rule in rules:
        if rule.type != NOT_NULL:
            looked_at |= {str(rule.kwargs[name]) for name in ("column", "column_A", "column_B") if name in rule.kwargs}
    columns = {
        name: rows[name] if name in looked_at else pc.if_else(rows[name].is_valid(), "…", pa.scalar(None, pa.string()))
        for name in rows.column_names
    }
    frame: pd.DataFrame = pa.table(columns).combine_chunks().to_pandas()  # taking from many chunks is slow
    frame[ROW] = range(len(frame))
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


def _run_suite(
    table: Table,
    rules: Sequence[Expectation],
    frame: pd.DataFrame,
    rows: pa.Table,
    find_articles: FindArticles | None = None,
) -> list[Finding]:
    """What the rules of a table find in a frame.

    Args:
        table: the table.
        rules: the rules.
        frame: the columns that they look at, and the number of each row.
        rows: the rows themselves.
        find_articles: gives the articles that the rows stand in; None where they stand in none.
    """
    filled = [rule for rule in rules if rule.type == NOT_NULL]
    others = [rule for rule in rules if rule.type != NOT_NULL]
    if filled:
        frame = frame.assign(**{IS_FILLED: _is_filled(rows, filled)})
    found = _ask([*others, *([ALL_FILLED] if filled else [])], table.name, frame)
    found_of_others = iter(found[: len(others)])
    if filled and not found[-1].success:
        found_of_filled = iter(_ask(filled, table.name, frame))
    else:
        found_of_filled = iter(found[-1:] * len(filled))
    return [
        _as_finding(
            table, rule, next(found_of_filled if rule.type == NOT_NULL else found_of_others), rows, find_articles
        )
        for rule in rules
    ]


def _is_filled(rows: pa.Table, rules: Sequence[Expectation]) -> pd.Series[bool]:
    """Which rows have all the values that they must have."""
    is_filled = pa.array([True] * rows.num_rows, pa.bool_())
    for rule in rules:
        is_filled = pc.and_(is_filled, rows[rule.column].combine_chunks().is_valid())
    filled: pd.Series[bool] = is_filled.to_pandas()
    return filled


def _ask(rules: Sequence[Expectation], name: str, frame: pd.DataFrame) -> list[Any]:
    """Ask all rules of a frame, and those that fail once more which rows they are: telling that takes as long again."""
    found = _validate(name, rules, frame, {"result_format": "BASIC"})
    failed = [rule for rule, outcome in zip(rules, found, strict=True) if not outcome.success]
    told = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]}
    again = iter(_validate(name, failed, frame, told) if failed else ())
    return [outcome if outcome.success else next(again) for outcome in found]


def _validate(
    name: str, rules: Sequence[Expectation], frame: pd.DataFrame, result_format: Mapping[str, Any]
) -> list[Any]:
    """What Great Expectations finds, rule by rule."""
    suite = ExpectationSuite(name=name)
    for at, rule in enumerate(rules):
        suite.add_expectation_configuration(
            ExpectationConfiguration(type=rule.type, kwargs=dict(rule.kwargs), meta={"at": at})
        )
    result = _batches(name).get_batch({"dataframe": frame}).validate(suite, result_format=dict(result_format))
    return sorted(result.results, key=_position)


def _position(outcome: Any) -> int:
    return int(outcome.expectation_config.meta["at"])


def _failing_rows(outcome: Any) -> list[int]:
    """The numbers of the rows that fail; none where the rule looks at no single rows."""
    return list(dict.fromkeys(int(each[ROW]) for each in outcome.result.get("unexpected_index_list") or []))


def _as_finding(
    table: Table, rule: Expectation, outcome: Any, rows: pa.Table, find_articles: FindArticles | None
) -> Finding:
    failing = _failing_rows(outcome)
    keys: list[str] = []
    examples: tuple[Example, ...] = ()
    if failing:
        examples = _tell_examples(table, rule, rows.take(failing[:EXAMPLES]), find_articles)
        if rule.is_row_level:
            keys = _list(rows.take(failing), "article_id")
    elif not outcome.success:
        examples = (Example(str(outcome.exception_info or outcome.result)[:300]),)
    return Finding(
        kind="rows" if rule.is_row_level and (outcome.success or keys) else "tables",  # without an index it blocks
        table=table.name,
        column=rule.column,
        rule=rule.kind,
        expectation=rule.type,
        expected=rule.in_words,
        success=bool(outcome.success),
        element_count=int(outcome.result.get("element_count", 0)),
        unexpected_count=int(outcome.result.get("unexpected_count", 0)),
        examples=examples,
        failing_keys=tuple(dict.fromkeys(keys)),
    )


def _tell_examples(
    table: Table, rule: Expectation, rows: pa.Table, find_articles: FindArticles | None
) -> tuple[Example, ...]:
    """Failing rows as a person can look them up: where they stand in their article, and the record that it is from."""
    names = [name for name in _shown(table, rule) if name in rows.column_names]
    lines = [", ".join(f"{name} {_brief(row[name])}" for name in names) for row in rows.to_pylist()]
    if find_articles is None or "article_id" not in rows.column_names:
        return tuple(map(Example, lines))
    articles = {row["article_id"]: row for row in find_articles(_list(rows, "article_id")).to_pylist()}
    return tuple(
        _place(Example(line), row, _slice_of(table, rule), articles.get(row["article_id"]))
        for line, row in zip(lines, rows.to_pylist(), strict=True)
    )


def _shown(table: Table, rule: Expectation) -> list[str]:
    """The columns that tell what is wrong with a row: its id, its article's, and what the rule looks at."""
    looked_at = [str(rule.kwargs[name]) for name in ("column", "column_A", "column_B") if name in rule.kwargs]
    if isinstance(rule.check, Slice):
        looked_at = [rule.check.text, rule.check.start, rule.check.end]
    elif rule.check:
        looked_at = [rule.column]
    elif rule is LEDGER:
        looked_at = ["record_count", *FATES.values()]
    return list(dict.fromkeys([columns(table.row)[0].name, "article_id", *looked_at]))


def _slice_of(table: Table, rule: Expectation) -> Slice | None:
    """The stretch of text that a rule is about: its own, or the row's."""
    about = {rule.column, *map(str, rule.kwargs.values())}
    near = [part for part in table.slices if about & {part.text, part.start, part.end, f"{part.text}_is_verbatim"}]
    return next(iter((*near, *table.slices)), None)


def _place(example: Example, row: Mapping[str, Any], part: Slice | None, article: Mapping[str, Any] | None) -> Example:
    if article is None:
        return example
    example = replace(example, **{name: article[name] for name in ("source", "raw_path", "raw_record")})
    start, end = (row.get(part.start), row.get(part.end)) if part else (None, None)
    text = article["text"]
    if start is None or end is None or not 0 <= start <= end <= len(text):
        return example
    return replace(
        example, before=text[max(0, start - CONTEXT) : start], text=text[start:end], after=text[end : end + CONTEXT]
    )


def _brief(value: object) -> str:
    told = repr(value)
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}…"
