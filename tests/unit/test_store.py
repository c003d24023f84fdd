"""The data set on disk: who may write it, what is linked, and that one link is the whole of publishing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import store
from pipeline.contract import TABLES, arrow_schema, data_dictionary
from pipeline.errors import LockedError, StorageError, UsageError


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("thesis.docx", "mine", id="a-file-of-the-user"),
        pytest.param("README.md", "# My notes\n", id="a-readme-of-the-user"),
    ],
)
def test_folder_that_holds_something_else_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=name), store.writing(tmp_path):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == text


def test_file_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "curated"
    place.write_text("a file")
    with pytest.raises(UsageError, match="is a file"), store.writing(place):
        pass
    assert place.read_text() == "a file"


def test_folder_with_only_our_readme_is_taken(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(store.README_HEADER)
    with store.writing(tmp_path):
        assert (tmp_path / "versions").is_dir()


def test_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    with store.writing(tmp_path):
        code = (
            f"from pathlib import Path\nfrom pipeline import store\nwith store.writing(Path({str(tmp_path)!r})): pass"
        )
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert LockedError.__name__ in other.stderr
    assert "process" in other.stderr.splitlines()[-1]


def test_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    code = (
        f"import os\nfrom pathlib import Path\nfrom pipeline import store\n"
        f"with store.writing(Path({str(tmp_path)!r})): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert (tmp_path / store.LOCK).exists()
    with store.writing(tmp_path):
        pass
    assert not (tmp_path / store.LOCK).exists()


def empty_version(curated: Path, run_id: str, previous: store.Version | None = None) -> store.Version:
    rows = {name: arrow_schema(table.row).empty_table() for name, table in TABLES.items()}
    with store.building(curated, run_id) as version:
        changes = store.Changes(frozenset(), frozenset(), lambda table, _: rows[table], {})
        store.write_monthly(version, previous, changes, {"onrecord.version": "1"})
        for name in ("entities", "rejects", "runs"):
            store.write_whole(version, name, rows[name], {})
        store.write_memory(version, [], [])
        store.publish(curated, version)
    return version


FIRST = "20240101T000000Z-0001"
SECOND = "20240102T000000Z-0001"


def test_unchanged_months_are_links_to_the_version_before(tmp_path: Path) -> None:
    with store.writing(tmp_path):
        first = empty_version(tmp_path, FIRST)
        second = empty_version(tmp_path, SECOND, first)
    part = "quotes/published_month=unknown/part-0.parquet"
    assert (first.path / part).stat().st_ino == (second.path / part).stat().st_ino
    assert store.open_version(tmp_path).run_id == SECOND
    assert (tmp_path / "quotes").resolve() == second.path / "quotes"


def test_version_of_a_dead_run_is_removed_and_history_is_kept(tmp_path: Path) -> None:
    with store.writing(tmp_path):
        first = empty_version(tmp_path, FIRST)
        second = empty_version(tmp_path, SECOND, first)
    dead = tmp_path / "versions" / "20240103T000000Z-0001"
    dead.mkdir()
    (dead / "half.parquet").write_bytes(b"half")
    with store.writing(tmp_path):
        pass
    assert not dead.exists()
    assert first.path.exists()
    assert second.path.exists()


def test_disk_that_refuses_leaves_no_version(tmp_path: Path) -> None:
    with (
        store.writing(tmp_path),
        pytest.raises(StorageError, match="make room"),
        store.building(tmp_path, FIRST) as version,
    ):
        (version.path / "articles").mkdir()
        raise OSError(28, "No space left on device")
    assert not (tmp_path / "versions" / FIRST).exists()


def test_disk_that_refuses_a_place_for_what_a_run_makes_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nothing was published"), store.scratch(tmp_path / "nowhere"):
        pass


def test_place_without_data_set_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="onrecord curate"):
        store.open_version(tmp_path)


@pytest.mark.parametrize(
    "name", ["articles/published_month=unknown/part-0.parquet", "runs/part-0.parquet", store.RECORDS]
)
def test_data_set_of_other_columns_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    with store.writing(tmp_path):
        path = empty_version(tmp_path, FIRST).path / name
    pq.write_table(pq.read_table(path).rename_columns({"source": "origin"}), path)
    dead = tmp_path / "versions" / SECOND
    dead.mkdir()
    for take in (store.open_version, store.current_version):
        with pytest.raises(UsageError, match=r"another version of onrecord .* has other columns.*new folder"):
            take(tmp_path)
    with pytest.raises(UsageError, match="another version"), store.writing(tmp_path):
        pass
    assert dead.exists()


@pytest.mark.parametrize("damage", ["removed", "cut", "version-removed"])
def test_data_set_that_is_not_whole_is_refused(tmp_path: Path, damage: str) -> None:
    with store.writing(tmp_path):
        version = empty_version(tmp_path, FIRST)
    if damage == "version-removed":
        shutil.rmtree(version.path)
    elif damage == "cut":
        (version.path / store.FILES).write_bytes(b"PAR1")
    else:
        (version.path / "quotes/published_month=unknown/part-0.parquet").unlink()
    with pytest.raises(UsageError, match=r"is not whole.*restore it"), store.writing(tmp_path):
        pass


def test_committed_data_dictionary_is_the_contracts() -> None:
    readme = Path(__file__).parents[2] / "curated" / "README.md"
    assert readme.read_text("utf-8") == store.README_TEXT + data_dictionary(), (
        "run `make run` and commit curated/README.md"
    )
