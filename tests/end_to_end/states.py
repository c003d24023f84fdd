"""What a data set contains, whether it is intact, and which files should not be in it, as readers see it."""

from __future__ import annotations

import io
import shutil
import threading
from contextlib import redirect_stdout
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq

from onrecord import open_version
from pipeline.cli import main
from pipeline.contract import TABLES, columns
from tests.end_to_end.conftest import state_of

# Columns that depend on the run, not on its input.
# A stamp depends on the moment: a file written just before a run has none.
OF_THE_RUN = {"run_id", "started_at", "finished_at", "first_seen_at", "superseded_at", "superseded_by", "stamp"}
Content = dict[str, list[str]]  # the rows of each table, as text and in order
# Tables that depend on how records were split into runs. If one run reads two records of an article, the older one
# never was in a table, so it has no revision.
BY_RUN = {"runs", "arrivals", "article_revisions", "quote_revisions"}
ENTRIES = {"current", "versions", "reports", "README.md", *TABLES}  # all that may be in a data set between runs


def tables(curated: Path) -> dict[str, pd.DataFrame]:
    """Return all tables, read as a user reads them."""
    return {name: pd.read_parquet(curated / name) for name in TABLES}


def content(curated: Path) -> Content:
    """Return the rows of the current version by folder, its state included, without columns that differ between runs.

    Empty where there is no data set.
    """
    version = (curated / "current").resolve()
    found: Content = {}
    for path in sorted(version.rglob("*.parquet")):
        with pq.ParquetFile(path) as file:
            rows = file.read()
        name = str(path.relative_to(version).parent).partition("/published_month=")[0]
        rows = rows.drop_columns([column for column in rows.column_names if column in OF_THE_RUN])
        found.setdefault(name, []).extend(str(row) for row in rows.to_pylist())
    return {name: sorted(rows) for name, rows in found.items()}


def owed_to_input(curated: Path) -> Content:
    """Return the rows that do not depend on how records were split into runs."""
    return {name: rows for name, rows in content(curated).items() if name in TABLES and name not in BY_RUN}


def seen_by_readers(curated: Path) -> Content:
    """Return the first key of each table's rows, the same in pandas, DuckDB and polars."""
    found = {}
    for name, table in TABLES.items():
        key = columns(table.row)[0].name
        by_pandas = sorted(pd.read_parquet(curated / name)[key])
        by_polars = sorted(pl.read_parquet(curated / name)[key])
        by_duckdb = duckdb.read_parquet(f"{curated}/{name}/**/*.parquet").select(key).fetchall()
        assert by_pandas == by_polars == sorted(key for (key,) in by_duckdb), name
        found[name] = by_pandas
    return found


class Examiner:
    """Examines data sets; one with the same bytes as an earlier one is not examined again."""

    def __init__(self) -> None:
        """Start without any known data set."""
        self._one_at_a_time = threading.Lock()
        self._contents: dict[object, Content] = {}

    def examine(self, curated: Path) -> Content:
        """Return the content of a data set, after every reader has read it and it is verified."""
        with self._one_at_a_time:
            return self._examine(curated) if (curated / "current").is_symlink() else {}

    def _examine(self, curated: Path) -> Content:
        links = {name: str((curated / name).readlink()) for name in TABLES}
        files = {path: digest for path, (digest, _) in state_of((curated / "current").resolve()).items()}
        seen = str((sorted(links.items()), sorted(files.items())))
        if seen not in self._contents:
            found = content(curated)
            keys = seen_by_readers(curated)
            assert {name: len(rows) for name, rows in keys.items()} == {name: len(found[name]) for name in TABLES}
            assert open_version(curated).read("articles", ["article_id"]).num_rows == len(keys["articles"])
            _verify(curated)
            self._contents[seen] = found
        return self._contents[seen]


def _verify(curated: Path) -> None:
    with redirect_stdout(io.StringIO()) as out:
        code = main(["verify", str(curated)])
    assert code == 0, out.getvalue()


def leftovers(curated: Path) -> list[str]:
    """Return files that should not be in a data set after a run, and reports that are missing."""
    runs = set(pd.read_parquet(curated / "runs")["run_id"])
    entries = [path.name for path in curated.iterdir() if path.name not in ENTRIES]
    versions = [f"versions/{path.name}" for path in (curated / "versions").iterdir() if path.name not in runs]
    pages = [
        f"reports/{path.name}"
        for path in (curated / "reports").iterdir()
        if path.suffix != ".html" or not path.read_text("utf-8").rstrip().endswith("</html>")
    ]
    pages += [f"no report of {run}" for run in runs if not (curated / "reports" / f"{run}.html").exists()]
    return sorted([*entries, *versions, *pages])


def differing(one: Content, other: Content) -> list[str]:
    """Return the tables in which two contents differ."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def copy_data_set(of: Path, to: Path) -> Path:
    """Return a copy that shares no file with the original."""
    shutil.rmtree(to, ignore_errors=True)
    if of.exists():
        shutil.copytree(of, to, symlinks=True)
    return to
