"""What an analyst asks of entities: how often one is named, by whom quoted, without syndicated copies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import store
from pipeline.cli import main
from pipeline.contract import TABLES
from tests.end_to_end.conftest import Onrecord

ORIGINAL = """Harbour board buys two boats

PORT ELLERY, May 7 2024 - The harbour board will buy two boats for the line to the islands, it said on Tuesday.

"We waited ten years for them," said Mara Oduya, who leads the board. Oduya said that the boats will sail from June.

Tomas Brandt, the mayor of Port Ellery, came to the quay with his two dogs, and stayed there until the rain began.
"""
LATER = """Storm stops the new boats

PORT ELLERY, June 9 2024 - A storm kept the new boats in the harbour on Sunday, and 300 people on the islands.

"No boat is built for such a night," said Mara Oduya, who leads the harbour board.
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An article, its copy in another paper the day after, and an article of the month after."""
    folder = tmp_path_factory.mktemp("entities")
    raw = folder / "wire"
    raw.mkdir()
    for name, text, day in (("a", ORIGINAL, "2024-05-07"), ("b", ORIGINAL, "2024-05-08"), ("c", LATER, "2024-06-09")):
        (raw / f"{name}.txt").write_text(text, "utf-8")
        (raw / f"{name}.json").write_text(json.dumps({"publisher": f"Paper {name}", "published_at": day}))
    assert main(["curate", str(raw), "--into", str(folder / "curated")]) == 0
    return folder


@pytest.fixture
def curated(made: Path, tmp_path: Path) -> Path:
    """A copy of the data set that a test may change."""
    shutil.copytree(made, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path / "curated"


def entity(curated: Path, name: str) -> pd.Series[Any]:
    entities = pd.read_parquet(curated / "entities")
    (row,) = (row for _, row in entities[entities["name"] == name].iterrows())
    return row


def test_counts_with_and_without_a_copy(curated: Path) -> None:
    oduya, brandt = entity(curated, "Mara Oduya"), entity(curated, "Tomas Brandt")
    assert (oduya["article_count"], oduya["original_article_count"]) == (3, 2)
    assert (oduya["quote_count"], oduya["original_quote_count"]) == (5, 3)
    assert oduya["mention_count"] > oduya["original_mention_count"] >= 3
    assert (brandt["article_count"], brandt["original_article_count"]) == (2, 1)
    assert (brandt["quote_count"], brandt["original_quote_count"]) == (0, 0)


def test_first_and_last_seen(curated: Path) -> None:
    oduya, brandt = entity(curated, "Mara Oduya"), entity(curated, "Tomas Brandt")
    assert [str(day) for day in (oduya["first_seen_on"], oduya["last_seen_on"])] == ["2024-05-07", "2024-06-09"]
    assert [str(day) for day in (brandt["first_seen_on"], brandt["last_seen_on"])] == ["2024-05-07", "2024-05-08"]


def test_every_reader_counts_the_same(curated: Path) -> None:
    place = curated / "article_entities"
    by_pandas = pd.read_parquet(place).groupby("entity_name")["quote_count"].sum()
    by_polars = pl.read_parquet(place).group_by("entity_name").agg(pl.col("quote_count").sum())
    relation = duckdb.sql(
        f"select entity_name, sum(quote_count)::int as n from read_parquet('{place}/**/*.parquet') group by all"
    )
    assert relation is not None
    by_duckdb = relation.df()
    assert by_pandas.to_dict() == dict(by_polars.iter_rows()) == by_duckdb.set_index("entity_name")["n"].to_dict()
    assert by_pandas["Mara Oduya"] == 5


def test_question_of_the_readme(curated: Path) -> None:
    articles = pd.read_parquet(curated / "articles")
    rows = pd.read_parquet(curated / "article_entities")
    originals = articles[articles["duplicate_of"].isna()]["article_id"]
    mine = rows[(rows["entity_name"] == "Mara Oduya") & rows["article_id"].isin(originals)]
    totals = mine.merge(articles[["article_id", "publisher"]]).groupby("publisher")[["mention_count", "quote_count"]]
    assert totals.sum()["quote_count"].to_dict() == {"Paper a": 2, "Paper c": 1}
    assert mine["mention_count"].sum() == entity(curated, "Mara Oduya")["original_mention_count"]


def test_report_shows_who_is_named_and_who_speaks(onrecord: Onrecord, curated: Path) -> None:
    page = Path(onrecord("report", curated).out.split("report     ")[1].splitlines()[0]).read_text("utf-8")
    speakers = page.split("With most quotes")[1].split("</div></div>")[0]
    assert '<th scope="row">Mara Oduya</th><td class="n">3</td>' in speakers
    assert "Tomas Brandt" not in speakers


def change(curated: Path, table: str, column: str, value: object) -> None:
    """Write another value into the first row of a table."""
    part = min((curated / table).resolve().rglob("*.parquet"))
    rows = pq.ParquetFile(part).read()
    values = [value, *rows[column].to_pylist()[1:]]
    at = rows.schema.get_field_index(column)
    pq.write_table(rows.set_column(at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type)), part)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        pytest.param("article_entities", "mention_count", 99, id="mentions-of-an-article"),
        pytest.param("article_entities", "name_count", 99, id="names-of-an-article"),
        pytest.param("article_entities", "quote_count", 99, id="quotes-of-an-article"),
        pytest.param("article_entities", "first_char", 9999, id="first-mention"),
        pytest.param("article_entities", "aliases", ["Nobody"], id="names-as-seen"),
        pytest.param("article_entities", "entity_id", "0" * 16, id="entity-that-nothing-mentions"),
        pytest.param("entities", "article_count", 99, id="articles"),
        pytest.param("entities", "original_article_count", 0, id="articles-without-copies"),
        pytest.param("entities", "original_quote_count", 99, id="quotes-without-copies"),
        pytest.param("entities", "last_seen_on", None, id="last-day"),
        pytest.param("entities", "aliases", ["Nobody"], id="other-names"),
        pytest.param("entities", "name", "Nobody", id="name"),
    ],
)
def test_verify_names_differences(onrecord: Onrecord, curated: Path, table: str, column: str, value: object) -> None:
    assert onrecord("verify", curated).code == 0
    change(curated, table, column, value)
    ran = onrecord("verify", curated)
    assert ran.code == 1
    assert f"differs: {table} " in ran.out


def test_verify_says_what_it_counted(onrecord: Onrecord, curated: Path) -> None:
    change(curated, "entities", "quote_count", 99)
    assert "quote_count is 99, counted again" in onrecord("verify", curated).out


def test_data_set_without_this_table_is_refused_with_advice(onrecord: Onrecord, curated: Path) -> None:
    version = store.open_version(curated).path
    for part in (version / "article_entities").rglob("*.parquet"):
        part.unlink()
    ran = onrecord("curate", curated.parent / "wire", "--into", curated)
    assert ran.code == 2
    assert "article_entities" in ran.err
    assert "into a new folder" in ran.err


def test_every_table_has_its_link(curated: Path) -> None:
    assert all((curated / name).is_symlink() for name in TABLES)
