"""Shared tables have no words of an article except names; joined with the raw files they are complete again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_origin

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.contract import (
    TABLES,
    Article,
    Count,
    Entity,
    RawArticle,
    RawRef,
    Reject,
    Run,
    arrow_schema,
    columns,
    to_table,
    withheld_columns,
)
from pipeline.entities import complete_mentions, extract_mentions, summarise_entities
from pipeline.errors import StorageError, UsageError
from pipeline.language import read_language
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes
from pipeline.read import Options, RawRecord, find_files, frame_file, read_record
from pipeline.settings import VERSION
from pipeline.share import export_without_text, join_text
from pipeline.share.export import SHARED
from pipeline.store import Version
from tests.unit.versions import new_version, write_table

RUN_ID = "20240508T100000Z-0000"
FIELDS = {"text": "story.words"}
FERRY = """Ferry service to Port Ellery resumes after storm
By Ines Marlow

PORT ELLERY, May 7 2024 - The ferry to Port Ellery will sail again on Wednesday, the harbour board said.

"We checked every cable and every ramp," said harbour master Mara Oduya. "The boats are safe," she added.
"""
BRIDGE = """<!doctype html><html><head><title>Bridge stays shut</title>
<meta property="article:published_time" content="2024-06-03T08:00:00Z"></head><body><article><h1>Bridge stays shut</h1>
<p>The swing bridge at Port Ellery will stay shut until the autumn, the county engineer Tomas Grell said on Monday.</p>
<p>“Two of the bearings have cracked, and nobody makes such bearings any more,” Grell told the council of the town.</p>
<p>Lorries have to take the coast road meanwhile, and the bus to the lighthouse will turn round at the fish market.</p>
</article></body></html>"""
LINES = [
    {"id": 1, "date": "2024-05-09", "story": {"words": "Beets are dear\n\nBeets cost more than ever, Lena Holt said on Thursday in the market hall."}},
    {"id": 2, "date": "2024-06-09", "story": {"words": "Beets are cheap\n\n“We sold every beet at a loss,” grower Lena Holt said. It rained for three weeks."}},
]  # fmt: skip


def write_raw(folder: Path) -> Path:
    folder.mkdir()
    (folder / "ferry.txt").write_text(FERRY, "utf-8")
    (folder / "ferry.json").write_text(json.dumps({"standfirst": "Boats sail again from Wednesday on, board says"}))
    (folder / "bridge.html").write_text(BRIDGE, "utf-8")
    for number in range(8):
        (folder / f"tide-{number}.txt").write_text(
            f"High tide\n\nTide {number} came at noon, the pilot said.\n", "utf-8"
        )
    (folder / "beets.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES), "utf-8")
    return folder


def curate(raw: Path, source: str) -> Iterator[dict[str, list[object]]]:
    """Return the rows of each article in a folder."""
    options = Options(FIELDS)
    for file in find_files(str(raw), source):
        for item in frame_file(file, options) if not hasattr(file, "reason") else ():
            assert isinstance(item, RawRecord)
            read = read_record(item.digested(), options)
            assert isinstance(read, RawArticle)
            article = normalise(read)
            assert isinstance(article, Article)
            reading = read_language(article)
            mentions = extract_mentions(article, reading)
            quotes = extract_quotes(article, reading, mentions)
            mentions = complete_mentions(article, reading, mentions, quotes)
            article = Article(**{name: getattr(article, name) for name in Article.__slots__} | {"run_id": RUN_ID})
            yield {
                "articles": [article],
                "quotes": [*quotes],
                "mentions": [*mentions],
                "article_entities": [*summarise_entities(article, mentions, quotes)],
            }


class DataSet:
    """The tables of a version."""

    def __init__(self, raw: Path, source: str = "wire") -> None:
        rows: dict[str, list[object]] = {name: [] for name in TABLES}
        for made in curate(raw, source):
            for name, more in made.items():
                rows[name] += more
        ref = RawRef("wire", "bad.txt", "0", "")
        rows["rejects"] = [Reject.of(ref, stage="read", reason="empty", detail=FERRY[:60])]
        counts: dict[str, Any] = {f.name: 0 for f in columns(Run) if f.type is int}
        reasons: dict[str, Any] = {"reject_reasons": [Count("empty", 1)], "skip_reasons": []}
        at = datetime(2024, 5, 8, 10, tzinfo=UTC)
        told: dict[str, Any] = {"raw": str(raw), "settings": json.dumps({"fields": FIELDS, "publisher": None})}
        rows["runs"] = [
            Run(run_id=RUN_ID, started_at=at, finished_at=at, version="0", model_version="0", source="wire",
                attributions="said", knowledge_base="/home/me/kb.jsonl", knowledge_base_sha256=None, **told, **counts, **reasons)
        ]  # fmt: skip
        rows["entities"] = [
            _entity(entity) for entity in {entity.entity_id: entity for entity in rows["article_entities"]}.values()
        ]  # type: ignore[attr-defined]
        self.tables = {name: to_table(TABLES[name].row, table_rows) for name, table_rows in rows.items()}
        days = self.tables["articles"]["published_on"].to_pylist()
        ids = self.tables["articles"]["article_id"].to_pylist()
        self.month_of = {key: f"{day:%Y-%m}" if day else "unknown" for key, day in zip(ids, days, strict=True)}

    def write(self, folder: Path) -> Version:
        """Write the tables as a version."""
        version = new_version(folder, RUN_ID)
        for name, rows in self.tables.items():
            if not TABLES[name].is_monthly:
                write_table(version, name, rows)
                continue
            months = [self.month_of[key] for key in rows["article_id"].to_pylist()]
            for month in sorted(set(self.month_of.values())):
                is_in = pa.array([found == month for found in months], pa.bool_())
                write_table(version, name, rows.filter(is_in), (month, "part-0.parquet"))
        return version


def _entity(entity: Any) -> Entity:
    counts = {f.name: 1 for f in columns(Entity) if f.type is int}
    return Entity(entity_id=entity.entity_id, name=entity.entity_name, is_full_name=True, entity_type=entity.entity_type,
        aliases=entity.aliases, link_source=None, link_id=None, link_confidence=None, first_seen_on=None, last_seen_on=None,
        **counts)  # fmt: skip


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw(tmp_path_factory.mktemp("raw") / "wire")


@pytest.fixture(scope="module")
def data(raw: Path) -> DataSet:
    return DataSet(raw)


@pytest.fixture(scope="module")
def version(data: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Version:
    return data.write(tmp_path_factory.mktemp("versions"))


@pytest.fixture(scope="module")
def shared(version: Version, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("shared") / "target"
    export_without_text(version, target)
    return target


def rows_of(folder: Path, table: str) -> pa.Table:
    parts = [
        pq.ParquetFile(path).read().replace_schema_metadata(None)
        for path in sorted((folder / table).rglob("*.parquet"))
    ]
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in TABLES[table].sort])


# ── What is shared ─────────────────────────────────────────────────────────────────────────────────────────────

NAMES_AND_ADDRESSES = set(
    """source raw_path raw_record publisher url canonical_url agency dateline_place section encoding speaker_name
    entity_name name aliases link_id version model_version settings""".split()
)


def _is_free(kind: Any) -> bool:
    return kind is str or (get_origin(kind) is list and kind.__args__[0] is str)


def test_somebody_decided_of_every_column_of_words() -> None:
    undecided = {
        f"{name}.{field.name}"
        for name in SHARED
        for field in columns(TABLES[name].row)
        if _is_free(field.type) and not (field.column and (field.column.pattern or field.values))
        if field.name not in withheld_columns(TABLES[name].row) and field.name not in NAMES_AND_ADDRESSES
    }
    assert undecided == set()


def runs_of_words(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[index : index + 5]) for index in range(len(words) - 4)}


def strings_in(folder: Path) -> Iterator[str]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix != ".parquet":
            yield path.read_text("utf-8")
            continue
        table = pq.ParquetFile(path).read()
        yield from (str(value) for value in (table.schema.metadata or {}).values())
        for field in table.schema:
            yield from (value.decode() for value in (field.metadata or {}).values())
            yield from (json.dumps(cell, default=str, ensure_ascii=False) for cell in table[field.name].to_pylist())


def test_no_five_words_of_an_article_are_shared(data: DataSet, shared: Path) -> None:
    texts = data.tables["articles"].select(["text", "standfirst", "headline", "byline"])
    told = set().union(*(runs_of_words(cell or "") for column in texts.columns for cell in column.to_pylist()))
    assert len(told) > 100
    leaked = {run for found in strings_in(shared) for run in runs_of_words(found)} & told
    assert leaked == set()


def test_search_for_leaks_finds_one(data: DataSet, tmp_path: Path) -> None:
    pq.write_table(data.tables["rejects"], tmp_path / "rejects.parquet")
    assert any(runs_of_words(found) & runs_of_words(FERRY) for found in strings_in(tmp_path))


def test_nothing_of_the_machine_is_shared(raw: Path, shared: Path) -> None:
    assert not [found for found in strings_in(shared) if str(raw.parent) in found or "/home/me" in found]


def test_all_else_is_shared(data: DataSet, shared: Path) -> None:
    assert {path.name for path in shared.iterdir()} == {*SHARED, "README.md", "join_text.py"}
    for name in SHARED:
        kept = [column for column in data.tables[name].column_names if column not in withheld_columns(TABLES[name].row)]
        original = data.tables[name].sort_by([(key, "ascending") for key in TABLES[name].sort]).select(kept)
        assert rows_of(shared, name).select(kept).equals(original.replace_schema_metadata(None)), name


def test_earlier_revisions_are_left_out() -> None:
    assert set(TABLES) - set(SHARED) == {"article_revisions", "quote_revisions"}


def test_columns_keep_their_meaning_and_files_their_origin(shared: Path) -> None:
    schema = pq.read_schema(next((shared / "quotes").rglob("*.parquet")))
    assert schema.field("speaker_name").metadata[b"meaning"].startswith(b"The speaker's name")
    assert schema.metadata[b"onrecord.version"] == VERSION.encode()


def test_pandas_reads_the_shared_tables(data: DataSet, shared: Path) -> None:
    quotes = pd.read_parquet(shared / "quotes")
    assert len(quotes) == data.tables["quotes"].num_rows
    assert set(quotes["published_month"].astype(str)) == {"2024-05", "2024-06", "unknown"}


def test_readme_says_which_columns_are_missing_and_how_to_join(shared: Path) -> None:
    text = (shared / "README.md").read_text("utf-8")
    assert "| `articles` | 12 | `headline`, `standfirst`" in text
    assert "python join_text.py --raw RAW --into whole\n```" in text


@pytest.mark.parametrize(
    "make", [lambda path: (path.mkdir(), (path / "mine").touch()), Path.touch], ids=["folder", "file"]
)
def test_place_in_use_is_left_alone(version: Version, tmp_path: Path, make: Any) -> None:
    make(tmp_path / "target")
    with pytest.raises(UsageError, match="not empty"):
        export_without_text(version, tmp_path / "target")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_empty_folder_is_taken(version: Version, tmp_path: Path) -> None:
    export_without_text(version, tmp_path)
    assert (tmp_path / "README.md").exists()


def test_unwritable_target_is_reported(version: Version, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        export_without_text(version, tmp_path / "file" / "target")


# ── Joining ────────────────────────────────────────────────────────────────────────────────────────────────────


def run_script(shared: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run what was shared, as whoever got it does."""
    command = [sys.executable, str(shared / "join_text.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_joined_words_equal_the_originals(data: DataSet, shared: Path, raw: Path, tmp_path: Path) -> None:
    ran = run_script(shared, "--raw", raw, "--into", tmp_path / "whole")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("12 articles joined")
    for name in (name for name in SHARED if TABLES[name].is_monthly):
        original = data.tables[name].sort_by([(key, "ascending") for key in TABLES[name].sort])
        joined = rows_of(tmp_path / "whole", name)
        assert joined.equals(original.replace_schema_metadata(None)), name
    texts = set(rows_of(tmp_path / "whole", "quotes")["speaker_role"].to_pylist())
    assert texts > {None}, "the test holds a role"
    assert {path.name for path in (tmp_path / "whole").iterdir()} == set(SHARED)
    schema = pq.read_schema(next((tmp_path / "whole" / "quotes").rglob("*.parquet")))
    assert schema.field("text").metadata == arrow_schema(TABLES["quotes"].row).field("text").metadata
    assert schema.metadata[b"onrecord.version"] == VERSION.encode()


def test_articles_that_cannot_be_joined_are_reported(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = write_raw(tmp_path / "wire")
    (raw / "bridge.html").unlink()
    (raw / "ferry.txt").write_text(FERRY.replace("Wednesday", "Thursday"), "utf-8")
    lines = (raw / "beets.jsonl").read_text("utf-8").splitlines()
    (raw / "beets.jsonl").write_text(lines[0] + "\n", "utf-8")
    into = tmp_path / "whole"
    assert join_text.main(["--shared", str(shared), "--raw", f"wire={raw}", "--into", str(into)]) == 1
    assert "3 articles not joined" in capsys.readouterr().err
    told = pd.read_csv(into / "not_joined.csv").set_index("raw_path")["why"]
    assert told["ferry.txt"].startswith("its text differs")
    assert told["bridge.html"].startswith("its raw record is missing")
    assert told["beets.jsonl"].startswith("its raw record is missing")
    left = rows_of(into, "articles")
    assert sorted(left["raw_path"].to_pylist()) == ["beets.jsonl", *(f"tide-{number}.txt" for number in range(8))]
    assert set(rows_of(into, "quotes")["article_id"].to_pylist()) <= set(left["article_id"].to_pylist())


def test_several_sources(raw: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    data = DataSet(raw)
    other = write_raw(tmp_path / "other")
    (other / "tide-0.txt").write_text("High tide\n\nNo boat went out, the pilot said.\n", "utf-8")
    more = DataSet(other, "other=wise")
    for name, rows in more.tables.items():
        if name != "runs":  # both are of one run
            data.tables[name] = pa.concat_tables([data.tables[name], rows])
    data.month_of |= more.month_of
    shared, into = tmp_path / "shared", tmp_path / "whole"
    export_without_text(data.write(tmp_path_factory.mktemp("versions")), shared)
    assert "--raw 'other=wise=FOLDER' --raw 'wire=FOLDER'" in (shared / "README.md").read_text("utf-8")
    with pytest.raises(
        UsageError, match="name the folder with the raw files of each source: --raw 'other=wise=FOLDER'"
    ):
        join_text.join_text(shared, [str(raw)], into)
    assert join_text.join_text(shared, [f"wire={raw}", f"other=wise={other}"], into) == (24, 0)


@pytest.mark.parametrize(
    ("raw_told", "fault"),
    [
        pytest.param(["other=there"], "other=there does not exist", id="of-another-source"),
        pytest.param(["here", "there"], "--raw 'wire=FOLDER'", id="two-for-one-source"),
    ],
)
def test_raw_of_unknown_collections_is_refused(shared: Path, tmp_path: Path, raw_told: list[str], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        join_text.join_text(shared, raw_told, tmp_path / "whole")
    assert not (tmp_path / "whole").exists()


def test_script_reports_a_usage_error_in_one_line(
    shared: Path, raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").touch()
    for arguments, told in (
        ([str(shared), str(tmp_path)], "not empty"),
        ([str(tmp_path), str(tmp_path / "x")], "no table articles"),
    ):
        code = join_text.main(["--shared", arguments[0], "--raw", str(raw), "--into", arguments[1]])
        error = capsys.readouterr().err
        assert (code, error.count("\n")) == (2, 1)
        assert told in error
