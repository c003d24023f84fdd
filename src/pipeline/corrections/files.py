"""Files of corrections → corrections, every fault told with its file and row."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contract import HEX16, QuoteType, SpeakerStatus
from pipeline.errors import UsageError

Field = Literal["speaker_name", "speaker_role", "speaker_status", "quote_type", "is_quote", "confirmed"]
SPAN = ("article_id", "start_char", "end_char")
GIVEN = ("field", "value", "reviewer", "reason")
COLUMNS = ("quote_id", *SPAN, *GIVEN)
# What may be said of each field; of the others, any words. "named" is left out: who names a speaker corrects speaker_name.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "speaker_status": tuple(status for status in get_args(SpeakerStatus) if status != "named"),
    "quote_type": get_args(QuoteType),
    "is_quote": ("false",),
    "confirmed": ("true",),
}
READABLE: Sequence[Callable[[pa.DataType], bool]] = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary, pa.types.is_null),
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean),
)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says of one field of a quote."""

    where: str  # file and row
    quote_id: str | None  # either this,
    article_id: str | None  # or where the quote stands
    start_char: int | None
    end_char: int | None
    field: Field
    value: str  # empty: none
    reviewer: str
    reason: str

    @property
    def target(self) -> str:
        """The quote as the file names it."""
        return self.quote_id or f"{self.article_id}[{self.start_char}:{self.end_char}]"


def read_corrections(folder: Path) -> tuple[Correction, ...]:
    """Read all files of corrections in a folder; none where there is no folder.

    Raises:
        UsageError: lists every fault in them; then none of them counts.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is no folder; put the files of corrections into one of that name")
    faults: list[str] = []
    corrections: list[Correction] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith((".", "~", "README")):
            continue
        for number, row in _read_rows(path, faults):
            where = f"{path.name}, row {number}"
            found = _faults_in(row)
            faults += [f"{where}: {fault}" for fault in found]
            if not found:
                corrections.append(_as_correction(where, row))
    by_target: dict[str, list[Correction]] = defaultdict(list)
    for one in corrections:
        by_target[one.target].append(one)
    faults += [fault for each in by_target.values() for fault in find_contradictions(each)]
    refuse_faults(faults)
    return tuple(corrections)


def refuse_faults(faults: Sequence[str]) -> None:
    """Refuse to go on where corrections have faults.

    Raises:
        UsageError: lists them.
    """
    if faults:
        what = "a correction" if len(faults) == 1 else f"{len(faults):,} corrections"
        told = "\n  ".join(faults)
        raise UsageError(f"{what} cannot be applied; nothing was published: mend the files in corrections/\n  {told}")


def find_contradictions(corrections: Sequence[Correction]) -> Iterator[str]:
    """What of the corrections of one quote cannot all be true."""
    first: dict[str, Correction] = {}
    for one in corrections:
        other = first.setdefault(one.field, one)
        if other.value != one.value:
            yield f"{one.where}: {one.field} {one.value!r} contradicts {other.value!r} in {other.where}"
    for one in first.values():
        for other in first.values():
            if _excludes(one, other):
                yield f"{other.where}: {other.field} contradicts {one.field} {one.value!r} in {one.where}"


def _excludes(one: Correction, other: Correction) -> bool:
    if one.field == "is_quote":
        return other.field != "is_quote"
    if one.field == "speaker_status":
        has_role = other.field == "speaker_role" and other.value != "" and one.value == "unattributed"
        return other.field == "speaker_name" or has_role
    return False


# ── The files ──────────────────────────────────────────────────────────────────────────────────────────────────


Row = Mapping[str, str]


def _read_rows(path: Path, faults: list[str]) -> Iterator[tuple[int, Row]]:
    """The rows of a file, numbered as a spreadsheet does: from 2 in a CSV, whose first row names the columns."""
    read: Mapping[str, Callable[[Path, list[str]], Iterator[tuple[int, Row]]]] = {
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
    reader = read.get(path.suffix.casefold())
    if path.is_dir() or reader is None:
        faults.append(f"{path.name}: it is neither a .csv nor a .parquet file; save it as one, or take it away")
        return
    try:
        yield from reader(path, faults)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.append(
            f"{path.name}, line {line}: byte 0x{error.object[error.start]:02x} is not UTF-8; save it as UTF-8"
        )
    except (OSError, csv.Error, pa.ArrowException) as error:
        faults.append(f"{path.name}: it cannot be read: {error}; save it anew")


def _read_csv(path: Path, faults: list[str]) -> Iterator[tuple[int, Row]]:
    text = path.read_bytes().decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = [name.strip() for name in next(rows, [])]
    if found := list(_faults_in_columns(names)):
        faults += [f"{path.name}: {fault}" for fault in found]
        return
    for number, cells in enumerate(rows, 2):
        if len(cells) != len(names) and any(cells):
            faults.append(
                f"{path.name}, row {number}: it has {len(cells)} cells, and the first row {len(names)}; "
                'put a value that holds a comma in "…"'
            )
        elif any(cell.strip() for cell in cells):
            yield number, dict(zip(names, (" ".join(cell.split()) for cell in cells), strict=True))


def _read_parquet(path: Path, faults: list[str]) -> Iterator[tuple[int, Row]]:
    with pq.ParquetFile(path) as file:
        table = file.read()
    found = list(_faults_in_columns(table.column_names))
    found += [
        f"{field.name} holds {field.type}; give words, whole numbers, true or false"
        for field in table.schema
        if not any(is_kind(field.type) for is_kind in READABLE)
    ]
    if found:
        faults += [f"{path.name}: {fault}" for fault in found]
        return
    for number, row in enumerate(table.to_pylist(), 1):
        yield number, {name: _as_text(value) for name, value in row.items()}


def _as_text(value: object) -> str:
    if value is None or value != value:  # pandas writes what is missing as a number that is none
        return ""
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, float) and value.is_integer():  # … and whole numbers beside it as floats
        value = int(value)
    return " ".join(str(value).split())


def _faults_in_columns(names: Sequence[str]) -> Iterator[str]:
    """What a file's columns lack, or have too many."""
    known = ", ".join(COLUMNS)
    if len(names) == 1 and ";" in names[0]:
        yield "its cells are parted by ';'; save it with commas"
        return
    for name in sorted({name for name in names if name not in COLUMNS}):
        yield f"it has an unknown column {name!r}; the columns are {known}"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"it has two columns {name}"
    missing = [name for name in GIVEN if name not in names]
    if "quote_id" not in names and not set(SPAN) <= set(names):
        missing.insert(0, f"quote_id (or {', '.join(SPAN)})")
    if missing:
        yield f"it has no column {', '.join(missing)}; the columns are {known}"


# ── A row ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _faults_in(row: Row) -> list[str]:
    """What is wrong with a row."""
    return [*_faults_in_target(row), *_faults_in_value(row)]


def _faults_in_target(row: Row) -> Iterator[str]:
    quote_id, span = row.get("quote_id", ""), [row.get(name, "") for name in SPAN]
    if bool(quote_id) == any(span):
        yield f"give either quote_id or {', '.join(SPAN)}"
    elif any(span) and not all(span):
        yield f"give all of {', '.join(SPAN)}"
    elif not re.match(HEX16, quote_id or span[0]):
        yield f"{quote_id or span[0]!r} is no id: those have sixteen digits from 0 to f; copy one from the table quotes"
    elif any(span) and not (span[1].isdecimal() and span[2].isdecimal() and int(span[1]) < int(span[2])):
        yield f"[{span[1]}:{span[2]}] is no stretch of a text: give start_char and end_char as the table quotes has them"


def _faults_in_value(row: Row) -> Iterator[str]:
    field, value = row["field"], row["value"]
    if field not in get_args(Field):
        yield f"{field!r} is no field that can be corrected: those are {', '.join(get_args(Field))}"
    elif field in CHOICES and value.casefold() not in CHOICES[field]:
        named = "; to name who speaks, correct speaker_name" if field == "speaker_status" else ""
        yield f"{field} cannot be {value!r}: it may be {' or '.join(CHOICES[field])}{named}"
    elif field == "speaker_name" and not value:
        yield "speaker_name is blank: where nobody is to be named, correct speaker_status to unresolved or unattributed"
    elif not value.isprintable():
        yield f"{field} holds a character that cannot be printed: {value!r}; type it anew"
    if not row["reviewer"]:
        yield "reviewer is blank: say who looked at it"
    if not row["reason"] and field != "confirmed":
        yield "reason is blank: say why"


def _as_correction(where: str, row: Row) -> Correction:
    field: Field = row["field"]  # type: ignore[assignment]  # checked above
    value = row["value"].casefold() if field in CHOICES else row["value"]
    by_span = not row.get("quote_id")
    return Correction(
        where=where,
        quote_id=None if by_span else row["quote_id"],
        article_id=row["article_id"] if by_span else None,
        start_char=int(row["start_char"]) if by_span else None,
        end_char=int(row["end_char"]) if by_span else None,
        field=field,
        value=value,
        reviewer=row["reviewer"],
        reason=row["reason"],
    )


def values_of(corrections: Iterable[Correction]) -> list[tuple[str, str]]:
    """What corrections say, whoever says it."""
    return sorted({(one.field, one.value) for one in corrections})
