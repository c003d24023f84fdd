"""A knowledge base is used whole or not at all, and looked up by name without regard to case and accents."""

from __future__ import annotations

import platform
import tracemalloc
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.entities.knowledge import Knowledge, KnownEntity, build_knowledge, digest_knowledge
from pipeline.errors import OnrecordError, UsageError

BOARD = {
    "id": "B1",
    "name": "Harbour Board of Port Ellery",
    "aliases": ["Harbour Board", "HBPE"],
    "type": "organisation",
    "description": "runs the port",
    "popularity": 12,
}


def lines(folder: Path, *rows: object) -> Path:
    file = folder / "base.jsonl"
    file.write_bytes(b"\n".join(row if isinstance(row, bytes) else orjson.dumps(row) for row in rows))
    return file


def test_entity_is_found_by_each_of_its_names(tmp_path: Path) -> None:
    knowledge = build_knowledge(lines(tmp_path, BOARD, {"id": 2, "name": "Éva Szász"}), tmp_path)
    board = KnownEntity("B1", BOARD["name"], ("HBPE", "Harbour Board"), "organisation", "runs the port", 12.0)  # type: ignore[arg-type]
    assert knowledge.candidates("Harbour Board of Port Ellery") == [board]
    assert knowledge.candidates("HARBOUR BOARD") == [board]
    assert knowledge.candidates("Eva Szasz") == [KnownEntity("2", "Éva Szász", (), None, None, None)]
    assert knowledge.candidates("Harbour") == []


@pytest.mark.parametrize(
    "aliases",
    [
        pytest.param("Harbour Board|HBPE", id="separated-by-bars"),
        pytest.param(["HBPE", "Harbour Board", ""], id="list"),
    ],
)
def test_parquet_says_the_same_as_jsonl(tmp_path: Path, aliases: object) -> None:
    file = tmp_path / "base.parquet"
    pq.write_table(pa.Table.from_pylist([BOARD | {"aliases": aliases, "country": "ignored"}]), file)
    from_lines = build_knowledge(lines(tmp_path, BOARD), tmp_path).candidates("HBPE")
    folder = tmp_path / "other"
    folder.mkdir()
    assert build_knowledge(file, folder).candidates("HBPE") == from_lines


def test_missing_columns_are_empty(tmp_path: Path) -> None:
    file = tmp_path / "base.parquet"
    pq.write_table(pa.table({"id": [1, 2], "name": ["Mara Oduya", "Pier Nine"]}), file)
    assert build_knowledge(file, tmp_path).candidates("Pier Nine") == [
        KnownEntity("2", "Pier Nine", (), None, None, None)
    ]


def test_equal_rows_are_one_entity(tmp_path: Path) -> None:
    knowledge = build_knowledge(lines(tmp_path, BOARD, b"", BOARD | {"aliases": "HBPE|Harbour Board"}), tmp_path)
    assert [known.id for known in knowledge.candidates("HBPE")] == ["B1"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param((BOARD, b'{"id": "B2", "na'), "line 2: it is not JSON", id="broken-json"),
        pytest.param((b"[1, 2]",), "line 1: it is not a JSON object", id="no-object"),
        pytest.param((b"\xff\xfe",), "line 1: it is not JSON", id="not-utf-8"),
        pytest.param(({"name": "A"},), "line 1: it has no id", id="no-id"),
        pytest.param(({"id": " ", "name": "A"},), "line 1: its id is ' '", id="blank-id"),
        pytest.param(({"id": 1.5, "name": "A"},), "line 1: its id is 1.5", id="fraction-as-id"),
        pytest.param(({"id": 1, "name": " "},), "line 1: it has no name", id="blank-name"),
        pytest.param(({"id": 1, "name": 7},), "its name is 7, which is not text", id="number-as-name"),
        pytest.param(({"id": 1, "name": "A", "aliases": [3]},), "one of its aliases is 3", id="number-as-alias"),
        pytest.param(
            ({"id": 1, "name": "A", "type": "boat"},), "its type 'boat' is not one of person", id="unknown-type"
        ),
        pytest.param(({"id": 1, "name": "A", "popularity": "9"},), "its popularity is '9'", id="popularity-as-text"),
        pytest.param(({"id": 1, "name": "A", "popularity": -1},), "its popularity is -1", id="negative-popularity"),
        pytest.param((BOARD, BOARD | {"name": "Pier"}), "rows 1 and 2: both have the id 'B1'", id="id-of-two"),
        pytest.param((BOARD, BOARD | {"type": None}), "rows 1 and 2: both have the id 'B1'", id="id-of-two-types"),
        pytest.param((), "it has no rows", id="empty"),
        pytest.param((b"", b"  "), "it has no rows", id="blank-lines"),
        pytest.param((b"x" * 10_000_001,), "longer than 10,000,000 bytes", id="endless-line"),
    ],
)
def test_file_with_a_bad_row_is_not_used(tmp_path: Path, rows: tuple[object, ...], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        build_knowledge(lines(tmp_path, *rows), tmp_path)
    assert message in str(refused.value)
    assert "nothing was published" in str(refused.value)


def test_message_lists_only_the_first_problems(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        build_knowledge(lines(tmp_path, *({"id": 1} for _ in range(9))), tmp_path)
    assert str(refused.value).count("it has no name") == 5
    assert "perhaps more" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("base.csv", b"id,name\n", "neither Parquet nor JSONL", id="another-format"),
        pytest.param("base.parquet", b"id,name\n", "not a complete Parquet file", id="no-parquet"),
        pytest.param("base.parquet", None, "there is no column name", id="parquet-without-names"),
    ],
)
def test_file_of_another_kind_is_not_used(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    file = tmp_path / name
    if content is None:
        pq.write_table(pa.table({"id": [1], "label": ["A"]}), file)
    else:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        build_knowledge(file, tmp_path)


@pytest.mark.parametrize("name", [pytest.param("none.jsonl", id="missing"), pytest.param(".", id="folder")])
def test_unreadable_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--no-knowledge-base"):
        digest_knowledge(tmp_path / name)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Python allocates as much for 20,000 rows as for 2,000 (benchmarks/knowledge_base.py: ten million)."""
    peaks = []
    for count in (2_000, 20_000):
        file = tmp_path / f"{count}.jsonl"
        with file.open("wb") as out:
            for number in range(count):
                row = {"id": number, "name": f"Oduya {number}", "aliases": [f"Mara {number}"], "description": "sailor"}
                out.write(orjson.dumps(row) + b"\n")
        folder = tmp_path / str(count)
        folder.mkdir()
        tracemalloc.start()
        knowledge = build_knowledge(file, folder)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert [known.id for known in knowledge.candidates(f"Mara {count - 1}")] == [str(count - 1)]
    assert peaks[1] < 1.2 * peaks[0]


def test_index_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert build_knowledge(lines(tmp_path, BOARD), Path()).index == tmp_path / "knowledge.sqlite"


def test_missing_index_names_the_machine(tmp_path: Path) -> None:
    with pytest.raises(OnrecordError, match=f"{platform.node()} .* must see the data set's folder, by the same path"):
        Knowledge(tmp_path / "elsewhere" / "knowledge.sqlite").candidates("Pier Nine")
