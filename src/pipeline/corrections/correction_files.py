"""Read files of corrections, and report every fault with its file and row."""

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
REQUIRED = ("field", "value", "reviewer", "reason")
COLUMNS = ("quote_id", *SPAN, *REQUIRED)
# The values of some fields; the others take any text. "named" is missing, because a speaker is named with speaker_name.
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
    """One corrected field of a quote."""

    where: str  # file and row
    quote_id: str | None  # or the next three
    article_id: str | None
    start_char: int | None
    end_char: int | None
    field: Field
    value: str  # empty for none
    reviewer: str
    reason: str

    @property
    def target(self) -> str:
        """The quote, as the file names it."""
        return self.quote_id or f"{self.article_id}[{self.start_char}:{self.end_char}]"


def read_corrections(folder: Path) -> tuple[Correction, ...]:
    """Return the corrections in all files of a folder, which need not exist.

    Raises:
        UsageError: if a file has a fault; lists all faults.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder; move it, and put the files of corrections into a folder of that name"
        )
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
    for correction in corrections:
        by_target[correction.target].append(correction)
    faults += [fault for found in by_target.values() for fault in find_contradictions(found)]
    check_faults(faults)
    return tuple(corrections)


def check_faults(faults: Sequence[str]) -> None:
    """Check that corrections have no faults.

    Raises:
        UsageError: if they do; lists them.
    """
    if faults:
        what = "a correction" if len(faults) == 1 else f"{len(faults):,} corrections"
        lines = "\n  ".join(faults)
        raise UsageError(f"{what} cannot be applied; nothing was published: fix the files in corrections/\n  {lines}")


def find_contradictions(corrections: Sequence[Correction]) -> Iterator[str]:
    """Yield a message for each pair of corrections of one quote that contradict each other."""
    by_field: dict[str, Correction] = {}
    for correction in corrections:
        first = by_field.setdefault(correction.field, correction)
        if first.value != correction.value:
            yield (
                f"{correction.where}: {correction.field} {correction.value!r} contradicts {first.value!r} in {first.where}"
            )
    for first in by_field.values():
        for second in by_field.values():
            if _excludes(first, second):
                yield f"{second.where}: {second.field} contradicts {first.field} {first.value!r} in {first.where}"


def _excludes(first: Correction, second: Correction) -> bool:
    if first.field == "is_quote":
        return second.field != "is_quote"
    if first.field == "speaker_status":
        has_role = second.field == "speaker_role" and second.value != "" and first.value == "unattributed"
        return second.field == "speaker_name" or has_role
    return False


# ── The files ──────────────────────────────────────────────────────────────────────────────────────────────────


Row = Mapping[str, str]


def _read_rows(path: Path, faults: list[str]) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a file with their numbers: from 2 in a CSV, as a spreadsheet shows them, and else from 1."""
    readers: Mapping[str, Callable[[Path, list[str]], Iterator[tuple[int, Row]]]] = {
        ".csv": _read_csv,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.casefold())
    if path.is_dir() or reader is None:
        faults.append(f"{path.name}: it is neither a .csv nor a .parquet file; save it as one, or move it elsewhere")
        return
    try:
        yield from reader(path, faults)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.append(
            f"{path.name}, line {line}: byte 0x{error.object[error.start]:02x} is not UTF-8; save it as UTF-8"
        )
    except (OSError, csv.Error, pa.ArrowException) as error:
        faults.append(f"{path.name}: it cannot be read: {error}; save it again")


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
                f"{path.name}, row {number}: it has {len(cells)} cells, but the first row has {len(names)}; "
                'put a value with a comma in "…"'
            )
        elif any(cell.strip() for cell in cells):
            yield number, dict(zip(names, (" ".join(cell.split()) for cell in cells), strict=True))


def _read_parquet(path: Path, faults: list[str]) -> Iterator[tuple[int, Row]]:
    with pq.ParquetFile(path) as file:
        table = file.read()
    found = list(_faults_in_columns(table.column_names))
    found += [
        f"{field.name} has the type {field.type}; give text, whole numbers, true or false"
        for field in table.schema
        if not any(is_kind(field.type) for is_kind in READABLE)
    ]
    if found:
        faults += [f"{path.name}: {fault}" for fault in found]
        return
    for number, row in enumerate(table.to_pylist(), 1):
        yield number, {name: _as_text(value) for name, value in row.items()}


def _as_text(value: object) -> str:
    if value is None or value != value:  # pandas writes a missing value as NaN
        return ""
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, float) and value.is_integer():  # … and the whole numbers of its column as floats
        value = int(value)
    return " ".join(str(value).split())


def _faults_in_columns(names: Sequence[str]) -> Iterator[str]:
    """Yield the faults of a file's columns."""
    known = ", ".join(COLUMNS)
    if len(names) == 1 and ";" in names[0]:
        yield "its cells are separated by ';'; save it with commas"
        return
    for name in sorted({name for name in names if name not in COLUMNS}):
        yield f"it has an unknown column {name!r}; the columns are {known}"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"it has two columns {name}"
    missing = [name for name in REQUIRED if name not in names]
    if "quote_id" not in names and not set(SPAN) <= set(names):
        missing.insert(0, f"quote_id (or {', '.join(SPAN)})")
    if missing:
        yield f"it has no column {', '.join(missing)}; the columns are {known}"


# ── A row ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _faults_in(row: Row) -> list[str]:
    """Return the faults of a row."""
    return [*_faults_in_target(row), *_faults_in_value(row)]


def _faults_in_target(row: Row) -> Iterator[str]:
    quote_id, span = row.get("quote_id", ""), [row.get(name, "") for name in SPAN]
    if bool(quote_id) == any(span):
        yield f"give either quote_id or {', '.join(SPAN)}"
    elif any(span) and not all(span):
        yield f"give all of {', '.join(SPAN)}"
    elif not re.match(HEX16, quote_id or span[0]):
        yield f"{quote_id or span[0]!r} is not an id, which has sixteen digits from 0 to f; copy one from the table quotes"
    elif any(span) and not (span[1].isdecimal() and span[2].isdecimal() and int(span[1]) < int(span[2])):
        yield f"[{span[1]}:{span[2]}] is not a span; copy start_char and end_char from the table quotes"


def _faults_in_value(row: Row) -> Iterator[str]:
    field, value = row["field"], row["value"]
    if field not in get_args(Field):
        yield f"{field!r} is not a field that can be corrected; the fields are {', '.join(get_args(Field))}"
    elif field in CHOICES and value.casefold() not in CHOICES[field]:
        named = "; to name the speaker, correct speaker_name" if field == "speaker_status" else ""
        yield f"{field} cannot be {value!r}; it may be {' or '.join(CHOICES[field])}{named}"
    elif field == "speaker_name" and not value:
        yield "speaker_name is blank; to name nobody, correct speaker_status to unresolved or unattributed"
    elif not value.isprintable():
        yield f"{field} has a character that cannot be printed: {value!r}; type it again"
    if not row["reviewer"]:
        yield "reviewer is blank; say who reviewed the quote"
    if not row["reason"] and field != "confirmed":
        yield "reason is blank; say why"


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
    """Return the distinct fields and values of corrections, sorted."""
    return sorted({(correction.field, correction.value) for correction in corrections})
