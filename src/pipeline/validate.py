"""Validate tables with Great Expectations. This is the only module that imports it: import it late, it takes seconds.

The rules derive from the contract. This module computes the boolean columns that some rules need (verbatim slices, keys
between tables), runs the rules, and returns what they found as findings.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from pipeline.store import RECORD_KEY, Version

# The second logger sets its own level, and reports a temporary directory that nobody asks for.
for name in ("great_expectations", "great_expectations.data_context.types.base"):
    logging.getLogger(name).setLevel(logging.ERROR)
EXAMPLES = 5  # failing rows shown per rule
MOST_WARNINGS = 50  # subjects shown per measure that drifts
CONTEXT = 120  # code points shown on either side of an example
LONGEST = 80  # characters shown of a value
CHECKED_PARTS = 20  # read at a time: bounds the memory that checking a version takes
ROW = "row_"  # column that numbers the rows of a frame
# Returns article_id, text, source, raw_path and raw_record of some articles, by article_id.
FindArticles = Callable[[Sequence[str]], pa.Table]
# Returns all values of a column of a table.
ReadKeys = Callable[[str, str], pa.Array]
IN_SET = "expect_column_values_to_be_in_set"
LEDGER = Expectation("ledger", IN_SET, {"column": "ledger_adds_up", "value_set": [True]}, is_row_level=False)

# About 40 % of the rules are not-null checks, and most pass. Each rule costs a few milliseconds whatever it checks, so
# one rule checks all columns of a table, and they are checked one by one only if it fails.
NOT_NULL = "expect_column_values_to_not_be_null"
IS_FILLED = "is_filled_"
ALL_FILLED = Expectation("not_null", IN_SET, {"column": IS_FILLED, "value_set": [True]}, is_row_level=True)

MONTHLY_PUBLIC = tuple(name for name, table in TABLES.items() if table.is_monthly)
# Tables whose ids are checked to be unique over all parts. Other ids derive from an article_id, so that it is enough to
# check them within a part.
UNIQUE_OVER_ALL = frozenset(("articles", *(name for name, table in TABLES.items() if not table.is_monthly)))


# ── Rules on rows ──────────────────────────────────────────────────────────────────────────────────────────────


def check_rows(chunks: Iterable[Mapping[str, pa.Table]]) -> list[Finding]:
    """Check the rules on single rows of a run's articles, quotes, mentions and entities.

    Args:
        chunks: tables by name, for some articles at a time; ``articles`` contains every article the others refer to.
    """
    findings: dict[tuple[str, int], Finding] = {}
    for chunk in chunks:
        articles = chunk["articles"]
        texts = dict(zip(_list(articles, "article_id"), _list(articles, "text"), strict=True))
        find_articles = partial(_select_articles, articles)
        for name, rows in chunk.items():
            table = TABLES[name]
            rules = [rule for rule in expectations(table) if rule.is_row_level]
            frame = _make_frame(rows, rules)
            for rule in rules:
                if isinstance(rule.check, Slice):
                    frame[rule.kwargs["column"]] = _is_verbatim(rows, rule.check, texts)
            _merge_findings(findings, name, _run_rules(table, rules, frame, rows, find_articles))
    return list(findings.values())


def _select_articles(articles: pa.Table, article_ids: Sequence[str]) -> pa.Table:
    return articles.filter(pc.is_in(articles["article_id"], pa.array(article_ids, pa.string())))


def _is_verbatim(rows: pa.Table, part: Slice, texts: Mapping[str, str]) -> list[bool]:
    cells = (_list(rows, name) for name in ("article_id", part.text, part.start, part.end))
    return [
        (text is None and start is None and end is None) or (start is not None and texts[article_id][start:end] == text)
        for article_id, text, start, end in zip(*cells, strict=True)
    ]


def _merge_findings(findings: dict[tuple[str, int], Finding], table: str, of_chunk: Sequence[Finding]) -> None:
    """Add what a table's rules found in a chunk; rules are identified by their position."""
    for i, finding in enumerate(of_chunk):
        earlier = findings.get((table, i))
        findings[table, i] = _add_findings(earlier, finding) if earlier else finding


def _add_findings(first: Finding, second: Finding) -> Finding:
    """Return what one rule found in two chunks."""
    return replace(
        first,
        kind="tables" if "tables" in (first.kind, second.kind) else first.kind,
        success=first.success and second.success,
        element_count=first.element_count + second.element_count,
        unexpected_count=first.unexpected_count + second.unexpected_count,
        examples=(*first.examples, *second.examples)[:EXAMPLES],
        failing_keys=(*first.failing_keys, *second.failing_keys),
    )


# ── Rules on whole tables ──────────────────────────────────────────────────────────────────────────────────────


def check_version(
    version: Version, parts: Sequence[tuple[str, str]], touched: pa.Array, whole: Mapping[str, pa.Table]
) -> list[Finding]:
    """Check the rules on whole tables of a new version: columns, unique ids, keys between tables.

    Rows that the previous version already had were checked then; for them only ids are checked to be unique.

    Args:
        version: the new version.
        parts: month and name of each part with articles that are new or changed.
        touched: ids of these articles.
        whole: the new rows of the tables without months.
    """

    @cache
    def read_keys(table: str, column: str) -> pa.Array:
        return version.read(table, [column])[column].combine_chunks()

    findings = _check_columns(version)
    for name in sorted(UNIQUE_OVER_ALL):
        findings += [
            _check_unique(TABLES[name], rule, read_keys) for rule in _rules_on_tables(name) if _is_unique(rule)
        ]
    find_articles = partial(_find_articles, version)
    merged: dict[tuple[str, int], Finding] = {}
    new_rows = {name: rows for name, rows in whole.items() if rows.num_rows}
    for chunk in chain(_read_chunks(version, parts, touched), [new_rows]):
        for name, rows in chunk.items():
            _merge_findings(merged, name, _check_keys(TABLES[name], rows, chunk, read_keys, find_articles))
    return [*findings, *merged.values()]


def _read_chunks(
    version: Version, parts: Sequence[tuple[str, str]], touched: pa.Array
) -> Iterator[Mapping[str, pa.Table]]:
    """Yield the checked columns of the monthly tables' touched rows, some parts at a time."""
    for i in range(0, len(parts), CHECKED_PARTS):
        chunk = {}
        for name in MONTHLY_PUBLIC:
            paths = [version.folder(name, month) / part for month, part in parts[i : i + CHECKED_PARTS]]
            names = _checked_columns(name)
            rows = pa.concat_tables(version.read_file(name, path, names) for path in paths)
            chunk[name] = rows.filter(pc.is_in(rows["article_id"], touched))
        yield chunk


def _checked_columns(name: str) -> list[str]:
    """Return the columns of a monthly table that rules on whole tables check, and those that locate an example.

    The texts are not among them: those of a large data set do not fit in memory.
    """
    needed = {"article_id", *(rule.column for rule in _rules_in_chunks(name))}
    needed |= {column for part in TABLES[name].slices[:1] for column in (part.start, part.end)}
    return [column.name for column in columns(TABLES[name].row) if column.name in needed]


def _rules_on_tables(name: str) -> list[Expectation]:
    return [rule for rule in expectations(TABLES[name]) if not rule.is_row_level and rule.kind != "columns"]


def _is_unique(rule: Expectation) -> bool:
    return rule.kind == "unique"


def _rules_in_chunks(name: str) -> list[Expectation]:
    return [rule for rule in _rules_on_tables(name) if not (_is_unique(rule) and name in UNIQUE_OVER_ALL)]


def _check_columns(version: Version) -> list[Finding]:
    """Check that each table has the columns of the contract; a boolean column per table, so that one call checks all."""
    rules, frame = [], pd.DataFrame({ROW: [0]})
    for name, table in TABLES.items():
        (rule,) = (rule for rule in expectations(table) if rule.kind == "columns")
        rules.append(rule)
        frame[name] = version.column_names(name) == list(rule.kwargs["column_list"])
    asked = [Expectation("columns", IN_SET, {"column": name, "value_set": [True]}, False) for name in TABLES]
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
            examples=() if outcome.success else (Example(f"found: {', '.join(version.column_names(name))}"),),
        )
        for name, rule, outcome in zip(TABLES, rules, _ask(asked, "columns", frame), strict=True)
    ]


def _check_unique(table: Table, rule: Expectation, read_keys: ReadKeys) -> Finding:
    """Check that an id occurs once in all parts. Great Expectations is given only the ids that occur more often."""
    column = str(rule.kwargs["column"])
    ids = read_keys(table.name, column)
    counted = ids.value_counts()
    repeated = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    rows = pa.table({column: pa.concat_arrays([repeated, repeated])})
    (finding,) = _run_rules(table, [rule], _make_frame(rows, [rule]), rows)
    return replace(finding, element_count=len(ids))


def _check_keys(
    table: Table,
    rows: pa.Table,
    chunk: Mapping[str, pa.Table],
    read_keys: ReadKeys,
    find_articles: FindArticles,
) -> list[Finding]:
    """Check that the ids of some rows are unique, and that every foreign key resolves.

    Keys between monthly tables stay within an article, so they are looked up in the chunk; keys to articles may lead to
    any part.
    """
    rules = _rules_in_chunks(table.name)
    frame = _make_frame(rows, rules)
    for rule in rules:
        if isinstance(rule.check, str):
            other, column = rule.check.split(".")
            is_in_chunk = other in chunk and column in chunk[other].column_names and other != "articles"
            is_local = is_in_chunk and table.is_monthly
            known = chunk[other][column].combine_chunks() if is_local else read_keys(other, column)
            values = rows[rule.column]
            frame[rule.kwargs["column"]] = pc.or_(pc.is_in(values, known), pc.is_null(values)).to_pandas()
    return _run_rules(table, rules, frame, rows, find_articles)


def _find_articles(version: Version, article_ids: Sequence[str]) -> pa.Table:
    names = ["article_id", "text", *RECORD_KEY]
    return pa.concat_tables(rows for _, rows in version.find("articles", "article_id", article_ids, names))


def check_ledger(run: Run) -> Finding:
    """Check that every raw record has exactly one outcome."""
    rows = to_table(Run, [run]).select(["run_id", "record_count", *FATES.values()])
    frame = _make_frame(rows, [LEDGER])
    frame["ledger_adds_up"] = run.record_count == sum(getattr(run, column) for column in FATES.values())
    return _run_rules(TABLES["runs"], [LEDGER], frame, rows)[0]


# ── Drift ──────────────────────────────────────────────────────────────────────────────────────────────────────


# The rules on a measure of drift; a failure warns.
_GREATER = "expect_column_pair_values_a_to_be_greater_than_b"
BASELINE = (
    Expectation("not_low", _GREATER, {"column_A": "found", "column_B": "low", "or_equal": True}, is_row_level=False),
    Expectation("not_high", _GREATER, {"column_A": "high", "column_B": "found", "or_equal": True}, is_row_level=False),
)


def check_drift(measured: Sequence[Drift]) -> list[Finding]:
    """Check that each measure is within its baseline; two rules check all measures at once."""
    numbers = [(drift.found, drift.low, drift.high) for drift in measured]
    frame = pd.DataFrame(numbers, columns=["found", "low", "high"]).assign(**{ROW: range(len(measured))})
    findings = []
    for rule, outcome in zip(BASELINE, _ask(BASELINE, "drift", frame), strict=True):
        unusual = {measured[row] for row in _failing_rows(outcome)}
        is_answered = outcome.success or bool(unusual)  # a rule that could not be evaluated must not pass
        for measure in dict.fromkeys(drift.measure for drift in measured):
            of_measure = [drift for drift in measured if drift.measure == measure]
            failing = [drift for drift in of_measure if drift in unusual]
            findings.append(
                Finding(
                    kind="drift",
                    table="drift",
                    column=measure,
                    rule=rule.kind,
                    expectation=rule.type,
                    expected=rule.in_words,
                    success=is_answered and not failing,
                    element_count=len(of_measure),
                    unexpected_count=len(failing),
                    examples=tuple(Example(drift.in_words) for drift in failing[:MOST_WARNINGS]),
                )
            )
    return findings


# ── Great Expectations ─────────────────────────────────────────────────────────────────────────────────────────


def _list(rows: pa.Table, column: str) -> list[Any]:
    values: list[Any] = rows[column].to_pylist()
    return values


def _make_frame(rows: pa.Table, rules: Iterable[Expectation]) -> pd.DataFrame:
    """Return the columns that rules check as a pandas frame, with a number for each row.

    Columns that are only checked for nulls get a placeholder for each value: Great Expectations copies the frame for
    each rule, and would copy the texts with it.
    """
    checked: set[str] = set()
    for rule in rules:
        if rule.type != NOT_NULL:
            checked |= {str(rule.kwargs[name]) for name in ("column", "column_A", "column_B") if name in rule.kwargs}
    values = {
        name: rows[name] if name in checked else pc.if_else(rows[name].is_valid(), "…", pa.scalar(None, pa.string()))
        for name in rows.column_names
    }
    frame: pd.DataFrame = pa.table(values).combine_chunks().to_pandas()  # taking from many chunks is slow
    frame[ROW] = range(len(frame))
    return frame


def _run_rules(
    table: Table,
    rules: Sequence[Expectation],
    frame: pd.DataFrame,
    rows: pa.Table,
    find_articles: FindArticles | None = None,
) -> list[Finding]:
    """Return what each rule of a table finds.

    Args:
        table: the table.
        rules: the rules.
        frame: the columns that they check, and the number of each row.
        rows: the rows themselves.
        find_articles: returns the articles of examples; None if the rows belong to no article.
    """
    not_null = [rule for rule in rules if rule.type == NOT_NULL]
    others = [rule for rule in rules if rule.type != NOT_NULL]
    if not_null:
        frame = frame.assign(**{IS_FILLED: _is_filled(rows, not_null)})
    outcomes = _ask([*others, *([ALL_FILLED] if not_null else [])], table.name, frame)
    outcomes_of_others = iter(outcomes[: len(others)])
    if not_null and not outcomes[-1].success:
        outcomes_of_not_null = iter(_ask(not_null, table.name, frame))
    else:
        outcomes_of_not_null = iter(outcomes[-1:] * len(not_null))
    findings = []
    for rule in rules:
        outcome = next(outcomes_of_not_null if rule.type == NOT_NULL else outcomes_of_others)
        findings.append(_as_finding(table, rule, outcome, rows, find_articles))
    return findings


def _is_filled(rows: pa.Table, rules: Sequence[Expectation]) -> pd.Series[bool]:
    """Return which rows have all required values."""
    is_filled = pa.array([True] * rows.num_rows, pa.bool_())
    for rule in rules:
        is_filled = pc.and_(is_filled, rows[rule.column].combine_chunks().is_valid())
    filled: pd.Series[bool] = is_filled.to_pandas()
    return filled


def _ask(rules: Sequence[Expectation], name: str, frame: pd.DataFrame) -> list[Any]:
    """Evaluate all rules on a frame, and those that fail again to learn their rows, which takes twice as long."""
    outcomes = _evaluate(name, rules, frame, {"result_format": "BASIC"})
    failed = [rule for rule, outcome in zip(rules, outcomes, strict=True) if not outcome.success]
    with_rows = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]}
    outcomes_with_rows = iter(_evaluate(name, failed, frame, with_rows) if failed else ())
    return [outcome if outcome.success else next(outcomes_with_rows) for outcome in outcomes]


def _evaluate(
    name: str, rules: Sequence[Expectation], frame: pd.DataFrame, result_format: Mapping[str, Any]
) -> list[Any]:
    """Return Great Expectations' results in the order of the rules."""
    suite = ExpectationSuite(name=name)
    for position, rule in enumerate(rules):
        suite.add_expectation_configuration(
            ExpectationConfiguration(type=rule.type, kwargs=dict(rule.kwargs), meta={"position": position})
        )
    result = _batch_definition(name).get_batch({"dataframe": frame}).validate(suite, result_format=dict(result_format))
    return sorted(result.results, key=lambda outcome: int(outcome.expectation_config.meta["position"]))


@cache
def _data_source() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context.data_sources.add_pandas("staged")


@cache
def _batch_definition(table: str) -> Any:
    return _data_source().add_dataframe_asset(table).add_batch_definition_whole_dataframe("all")


def _failing_rows(outcome: Any) -> list[int]:
    """Return the numbers of the failing rows; none if the rule does not check single rows."""
    return list(dict.fromkeys(int(index[ROW]) for index in outcome.result.get("unexpected_index_list") or []))


# ── Findings and their examples ────────────────────────────────────────────────────────────────────────────────


def _as_finding(
    table: Table, rule: Expectation, outcome: Any, rows: pa.Table, find_articles: FindArticles | None
) -> Finding:
    failing = _failing_rows(outcome)
    article_ids: list[str] = []
    examples: tuple[Example, ...] = ()
    if failing:
        examples = _make_examples(table, rule, rows.take(failing[:EXAMPLES]), find_articles)
        if rule.is_row_level:
            article_ids = _list(rows.take(failing), "article_id")
    elif not outcome.success:
        examples = (Example(str(outcome.exception_info or outcome.result)[:300]),)
    return Finding(
        # A failure without failing rows cannot refuse articles, so it blocks the run.
        kind="rows" if rule.is_row_level and (outcome.success or article_ids) else "tables",
        table=table.name,
        column=rule.column,
        rule=rule.kind,
        expectation=rule.type,
        expected=rule.in_words,
        success=bool(outcome.success),
        element_count=int(outcome.result.get("element_count", 0)),
        unexpected_count=int(outcome.result.get("unexpected_count", 0)),
        examples=examples,
        failing_keys=tuple(dict.fromkeys(article_ids)),
    )


def _make_examples(
    table: Table, rule: Expectation, rows: pa.Table, find_articles: FindArticles | None
) -> tuple[Example, ...]:
    """Describe failing rows so that a person can look them up: their values, place in the article, and raw record."""
    names = [name for name in _shown_columns(table, rule) if name in rows.column_names]
    lines = [", ".join(f"{name} {_brief(row[name])}" for name in names) for row in rows.to_pylist()]
    if find_articles is None or "article_id" not in rows.column_names:
        return tuple(map(Example, lines))
    articles = {row["article_id"]: row for row in find_articles(_list(rows, "article_id")).to_pylist()}
    return tuple(
        _locate(Example(line), row, _slice_of(table, rule), articles.get(row["article_id"]))
        for line, row in zip(lines, rows.to_pylist(), strict=True)
    )


def _shown_columns(table: Table, rule: Expectation) -> list[str]:
    """Return the columns an example shows: its id, its article's id, and what the rule checks."""
    checked = [str(rule.kwargs[name]) for name in ("column", "column_A", "column_B") if name in rule.kwargs]
    if isinstance(rule.check, Slice):
        checked = [rule.check.text, rule.check.start, rule.check.end]
    elif rule.check:
        checked = [rule.column]
    elif rule.kind == "ledger":
        checked = ["record_count", *FATES.values()]
    return list(dict.fromkeys([columns(table.row)[0].name, "article_id", *checked]))


def _slice_of(table: Table, rule: Expectation) -> Slice | None:
    """Return the stretch of text a rule is about, else the row's own; None if the table has none."""
    checked = {rule.column, *map(str, rule.kwargs.values())}
    own = [part for part in table.slices if checked & {part.text, part.start, part.end, f"{part.text}_is_verbatim"}]
    return next(iter((*own, *table.slices)), None)


def _locate(example: Example, row: Mapping[str, Any], part: Slice | None, article: Mapping[str, Any] | None) -> Example:
    """Add the example's raw record and, if its offsets are valid, its place in the text."""
    if article is None:
        return example
    example = replace(example, **{name: article[name] for name in RECORD_KEY})
    start, end = (row.get(part.start), row.get(part.end)) if part else (None, None)
    text = article["text"]
    if start is None or end is None or not 0 <= start <= end <= len(text):
        return example
    return replace(
        example, before=text[max(0, start - CONTEXT) : start], text=text[start:end], after=text[end : end + CONTEXT]
    )


def _brief(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
