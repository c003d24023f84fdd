"""The data set on disk: who may write it, what is linked, and that one link is the whole of publishing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import store
from pipeline.contract import (
    ALL_TABLES,
    MONTHLY,
    STAGED,
    TABLES,
    Article,
    ArticleEntity,
    ArticleRevision,
    Part,
    Reject,
    arrow_schema,
    data_dictionary,
    stable_id,
    to_table,
)
from pipeline.entities import count_entities
from pipeline.errors import LockedError, StorageError, UsageError
from pipeline.store import maintenance, parts, versions_on_disk


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("thesis.docx", "mine", id="a-file-of-the-user"),
        pytest.param("README.md", "# My notes\n", id="a-readme-of-the-user"),
    ],
)
def test_folder_with_other_files_is_refused(tmp_path: Path, name: str, text: str) -> None:
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
    (tmp_path / "README.md").write_text(versions_on_disk.README_HEADER)
    with store.writing(tmp_path):
        assert (tmp_path / "versions").is_dir()


def test_second_writer_learns_who_has_the_lock(tmp_path: Path) -> None:
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
    assert (tmp_path / versions_on_disk.LOCK).exists()
    with store.writing(tmp_path):
        pass
    assert not (tmp_path / versions_on_disk.LOCK).exists()


# ── Data sets in short ─────────────────────────────────────────────────────────────────────────────────────────

FIRST = "20240101T000000Z-0001"
SECOND = "20240102T000000Z-0001"
SEEN = datetime(2024, 6, 1, tzinfo=UTC)
MAY, JUNE = "2024-05", "2024-06"


@dataclass(frozen=True)
class Story:
    """An article in short: its month and its words, of which each is an entity that is quoted."""

    month: str
    words: str = "Oduya"

    @property
    def day(self) -> date | None:
        return None if self.month == "unknown" else date.fromisoformat(f"{self.month}-07")


Stories = Mapping[str, Story]  # by article_id


def rows_of(table: str, stories: Stories) -> pa.Table:
    """Return the rows of some stories in a monthly table."""
    rows: list[dict[str, object]] = []
    for article_id, story in stories.items():
        of = {"article_id": article_id, "published_on": story.day}
        if table in ("articles", "signatures"):
            rows.append({**of, "raw_path": f"{article_id}.txt", "text": story.words, "revision": 1})
            continue
        for number, word in enumerate(story.words.split()):
            ids = {name: stable_id(article_id, word) for name in ("quote_id", "mention_id")}
            entity = {"entity_id": stable_id(word), "entity_name": word, "entity_type": "PERSON", "text": word}
            count = {"mention_count": 1, "name_count": 1, "quote_count": 1, "aliases": []}
            rows.append(
                {**of, **ids, **entity, **count, "position": number, "start_char": number, "end_char": number + 1}
            )
    schema = arrow_schema(ALL_TABLES[table].row)
    filled = [{field.name: row.get(field.name, FILLING.get(field.type)) for field in schema} for row in rows]
    filled = [
        {name: None if schema.field(name).nullable and name not in row else value for name, value in full.items()}
        for row, full in zip(rows, filled, strict=True)
    ]
    return pa.Table.from_pylist(filled, schema)


FILLING = {
    pa.string(): "",
    pa.int64(): 0,
    pa.float64(): 0.0,
    pa.bool_(): False,
    pa.binary(): b"",
    pa.timestamp("us", tz="UTC"): SEEN,
} | {
    arrow_schema(row).field(name).type: []
    for row in (Article, ArticleEntity)
    for name in ("aliases", "raw_spans", "segments", "authors")
    if name in arrow_schema(row).names
}


def count(articles: pa.Table, article_entities: pa.Table) -> pa.Table:
    copies = articles.filter(pc.is_valid(articles["duplicate_of"]))["article_id"].combine_chunks()
    return count_entities(article_entities, copies)


Updates = Mapping[str, Mapping[str, object]]


def build(
    curated: Path, run_id: str, before: Stories, after: Stories, previous: store.Version | None, updates: Updates
) -> store.Version:
    """Write the monthly tables of a version that holds some stories, on top of one that holds others."""
    differing = {
        article_id for article_id in before.keys() | after.keys() if before.get(article_id) != after.get(article_id)
    }
    held = previous.find_articles(before) if previous else {}
    come: dict[str, list[str]] = defaultdict(list)
    for article_id in sorted(differing & after.keys()):
        come[after[article_id].month].append(article_id)
    changes = store.Changes(
        removed={article_id: held[article_id].home for article_id in sorted(differing & before.keys())},
        added=come,
        rows=lambda table, ids: rows_of(table, {article_id: after[article_id] for article_id in ids}),
        updates=updates,
        homes={update: held[update].home for update in updates if update not in differing},
    )
    version = store.Version(curated / "versions" / run_id)
    written = [
        Part(
            part.month,
            part.name,
            part.after["articles"].num_rows,
            0,
            0,
            part.after["signatures"]["published_on"].null_count,
            [],
        )
        for part in store.write_parts(version, previous, changes, count, {"onrecord.version": "1"})
    ]
    store.write_keyed(version, previous, "parts", to_table(Part, written))
    return version


def publish(
    curated: Path,
    run_id: str,
    after: Stories,
    previous: tuple[store.Version, Stories] | None = None,
    updates: Updates | None = None,
) -> store.Version:
    """Publish a version that holds some stories."""
    version, before = previous or (None, {})
    with store.building(curated, run_id) as made:
        build(curated, run_id, before, after, version, updates or {})
        for name, table in ALL_TABLES.items():
            if not table.is_monthly and name != "parts":
                store.write_keyed(made, version, name, arrow_schema(table.row).empty_table())
        store.publish(curated, made)
    return store.open_version(curated)


def empty_version(curated: Path, run_id: str, previous: store.Version | None = None) -> store.Version:
    return publish(curated, run_id, {}, (previous, {}) if previous else None)


def contents(version: store.Version, table: str) -> list[str]:
    """Return the rows of a table in the order of its key."""
    return [
        str(row)
        for row in version.read(table).sort_by([(name, "ascending") for name in ALL_TABLES[table].sort]).to_pylist()
    ]


def layout(version: store.Version) -> dict[str, list[str]]:
    """Return the articles of each part."""
    return {
        f"{month}/{path.stem}": version.read_file("articles", path, ["article_id"])["article_id"].to_pylist()
        for month in version.months("articles")
        for path in version.files("articles", month)
    }


def shared(one: store.Version, other: store.Version) -> set[str]:
    """Return the part files that two versions share, without their endings."""
    mine = {path.stat().st_ino: path for path in one.path.rglob("*.parquet")}
    return {
        str(path.relative_to(other.path).with_suffix(""))
        for path in other.path.rglob("*.parquet")
        if path.stat().st_ino in mine
    }


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit parts to two articles, or three rows."""
    for module in (parts, maintenance):
        monkeypatch.setattr(module, "ARTICLES_A_PART", 2)
        monkeypatch.setattr(module, "ROWS_A_PART", 3)


def ids(*letters: str) -> list[str]:
    return [letter * 16 for letter in letters]


A, B, C, D, E = ids("a", "b", "c", "d", "e")


# ── Where articles lie ─────────────────────────────────────────────────────────────────────────────────────────


def test_unchanged_parts_are_links_to_the_version_before(tmp_path: Path) -> None:
    first = empty_version(tmp_path, FIRST)
    second = empty_version(tmp_path, SECOND, first)
    part = "quotes/published_month=unknown/part-0.parquet"
    assert (first.path / part).stat().st_ino == (second.path / part).stat().st_ino
    assert len(shared(first, second)) == len(ALL_TABLES)
    assert store.open_version(tmp_path).run_id == SECOND
    assert (tmp_path / "quotes").resolve() == second.path / "quotes"


@pytest.mark.usefixtures("small_parts")
def test_new_articles_fill_the_last_part_of_their_month_and_then_new_ones(tmp_path: Path) -> None:
    stories = {A: Story(MAY), B: Story(JUNE), C: Story(MAY)}
    first = publish(tmp_path, FIRST, stories)
    assert layout(first) == {f"{MAY}/part-0": [A, C], f"{JUNE}/part-0": [B]}
    more = {**stories, D: Story(MAY), E: Story(JUNE)}
    second = publish(tmp_path, SECOND, more, (first, stories))
    assert layout(second) == {f"{MAY}/part-0": [A, C], f"{MAY}/part-1": [D], f"{JUNE}/part-0": [B, E]}
    assert f"articles/published_month={MAY}/part-0" in shared(first, second)


@pytest.mark.usefixtures("small_parts")
def test_parts_count_by_number(tmp_path: Path) -> None:
    stories = {stable_id(number): Story(MAY) for number in range(23)}
    first = publish(tmp_path, FIRST, stories)
    second = publish(tmp_path, SECOND, {**stories, A: Story(MAY)}, (first, stories))
    assert list(layout(second))[-2:] == [f"{MAY}/part-10", f"{MAY}/part-11"]
    assert A in layout(second)[f"{MAY}/part-11"]


@pytest.mark.usefixtures("small_parts")
def test_changed_article_stays_in_its_part_and_other_parts_are_links(tmp_path: Path) -> None:
    stories = {article_id: Story(MAY) for article_id in (A, B, C)}
    first = publish(tmp_path, FIRST, stories)
    changed = {**stories, A: Story(MAY, "Oduya Brandt")}
    second = publish(tmp_path, SECOND, changed, (first, stories))
    assert layout(second) == layout(first) == {f"{MAY}/part-0": [A, B], f"{MAY}/part-1": [C]}
    own = {path.split("/published")[0] for path in shared(first, second) if path.endswith(f"{MAY}/part-0")}
    assert own == {"state/signatures"}, "what is not as it was is written"
    assert {f"{name}/published_month={MAY}/part-1" for name in ("articles", "quotes", "state/signatures")} <= shared(
        first, second
    )
    assert [row["text"] for row in second.read("articles").to_pylist()] == ["Oduya Brandt", "Oduya", "Oduya"]


@pytest.mark.usefixtures("small_parts")
def test_changed_article_and_a_new_one_fill_no_part_beyond_its_size(tmp_path: Path) -> None:
    stories = {B: Story(MAY), C: Story(MAY)}
    first = publish(tmp_path, FIRST, stories)
    after = {A: Story(MAY), B: Story(MAY, "Brandt"), C: Story(MAY)}
    assert layout(publish(tmp_path, SECOND, after, (first, stories))) == {
        f"{MAY}/part-0": [B, C],
        f"{MAY}/part-1": [A],
    }


def test_article_moves_with_its_month_and_leaves_an_empty_part(tmp_path: Path) -> None:
    stories = {A: Story(MAY), B: Story(JUNE)}
    first = publish(tmp_path, FIRST, stories)
    moved = {A: Story(JUNE), B: Story(JUNE)}
    second = publish(tmp_path, SECOND, moved, (first, stories))
    assert layout(second) == {f"{MAY}/part-0": [], f"{JUNE}/part-0": [A, B]}
    assert second.read("quotes", months=[MAY]).num_rows == 0
    assert second.read("entity_counts", months=[MAY]).num_rows == 0
    third = publish(tmp_path, f"{SECOND[:-1]}2", {**moved, C: Story(MAY)}, (second, moved))
    assert layout(third)[f"{MAY}/part-0"] == [C], "and the part is used again"


def test_article_without_a_date_is_found_its_month_when_it_has_one(tmp_path: Path) -> None:
    stories = {A: Story("unknown")}
    first = publish(tmp_path, FIRST, stories)
    assert [part.undated_count for part in first.parts] == [1]
    dated = {A: Story(MAY)}
    second = publish(tmp_path, SECOND, dated, (first, stories))
    assert layout(second) == {f"{MAY}/part-0": [A], "unknown/part-0": []}


def test_update_writes_articles_and_counts_and_nothing_else(tmp_path: Path) -> None:
    stories = {A: Story(MAY), B: Story(MAY)}
    first = publish(tmp_path, FIRST, stories)
    copy = {B: {"duplicate_of": A, "duplicate_kind": "exact", "duplicate_similarity": 1.0}}
    second = publish(tmp_path, SECOND, stories, (first, stories), copy)
    written = {
        path
        for path in ("articles", "quotes", "mentions", "article_entities", "state/signatures", "state/entity_counts")
        if f"{path}/published_month={MAY}/part-0" not in shared(first, second)
    }
    assert written == {"articles", "state/entity_counts"}
    assert second.read("articles")["duplicate_of"].to_pylist() == [None, A]
    (counted,) = second.read("entity_counts").to_pylist()
    assert (counted["article_count"], counted["original_article_count"]) == (2, 1)
    revised = publish(tmp_path, f"{SECOND[:-1]}2", stories, (second, stories), {A: {"revision": 2}})
    assert f"state/entity_counts/published_month={MAY}/part-0" in shared(second, revised), "they are as they were"
    assert revised.read("articles")["revision"].to_pylist() == [2, 1]


def test_unchanged_rows_get_the_metadata_of_the_run(tmp_path: Path) -> None:
    stories = {A: Story(MAY)}
    first = publish(tmp_path, FIRST, stories)
    changes = store.Changes(
        {}, {}, lambda *_: pa.table({}), {A: {"revision": 2}}, {A: first.find_articles([A])[A].home}
    )
    version = store.Version(tmp_path / "versions" / SECOND)
    list(store.write_parts(version, first, changes, count, {"onrecord.attributions": "all"}))
    (path,) = version.files("quotes", MAY)
    assert pq.read_schema(path).metadata[b"onrecord.attributions"] == b"all"
    assert version.read("quotes").equals(first.read("quotes"))


def test_each_written_part_has_its_rows_before_and_after(tmp_path: Path) -> None:
    stories = {A: Story(MAY), B: Story(JUNE)}
    first = publish(tmp_path, FIRST, stories)
    held = first.find_articles([A])
    changes = store.Changes({A: held[A].home}, {}, rows_of, {}, {})  # type: ignore[arg-type]
    version = store.Version(tmp_path / "versions" / SECOND)
    (part,) = store.write_parts(version, first, changes, count, {})
    assert (part.month, part.name) == held[A].home
    assert (part.before["quotes"].num_rows, part.after["quotes"].num_rows) == (1, 0)


WORDS = st.sampled_from(["Oduya", "Brandt", "Oduya Brandt", "Brandt Oduya Renfield"])
STORIES = st.dictionaries(
    st.sampled_from([A, B, C, D]), st.builds(Story, st.sampled_from([MAY, "unknown"]), WORDS), min_size=2
)


@settings(max_examples=12, deadline=None)
@given(st.lists(STORIES, min_size=2, max_size=3))
def test_any_changes_run_by_run_end_as_all_at_once(steps: list[Stories]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ARTICLES_A_PART", 2)
        curated = Path(folder)
        version, before = None, dict[str, Story]()
        for number, after in enumerate(steps):
            version = build(curated, str(number), before, after, version, {})
            before = dict(after)
        assert version is not None
        once = build(curated, "once", {}, before, None, {})
        for table in STAGED:
            assert contents(version, table) == contents(once, table)
        check_parts(version)


def check_parts(version: store.Version) -> None:
    """Check a version: files with one name have the same articles, sorted, complete, and each once."""
    assert sum(part.article_count for part in version.parts) == version.read("articles").num_rows
    for month in version.months("articles"):
        for path in version.files("articles", month):
            own = version.read_file("articles", path)
            assert own.num_rows <= 2
            for table in STAGED:
                rows = version.read_beside(path, table)
                assert set(rows["article_id"].to_pylist()) == set(own["article_id"].to_pylist())
                assert rows.equals(parts.sort(rows, ALL_TABLES[table]))
            assert version.read_beside(path, "entity_counts").equals(
                count(own, version.read_beside(path, "article_entities"))
            )


@pytest.mark.usefixtures("small_parts")
def test_merged_parts_have_the_same_rows(tmp_path: Path) -> None:
    stories = {article_id: Story(MAY) for article_id in (A, B, C, D, E)}
    first = publish(tmp_path, FIRST, stories)
    left = {article_id: stories[article_id] for article_id in (A, D, E)}
    second = publish(tmp_path, SECOND, left, (first, stories))
    assert layout(second) == {f"{MAY}/part-0": [A], f"{MAY}/part-1": [D], f"{MAY}/part-2": [E]}
    packed = store.Version(tmp_path / "versions" / "packed")
    assert store.repack(packed, second, count, {}) == len(MONTHLY)
    assert layout(packed) == {f"{MAY}/part-2": [E], f"{MAY}/part-3": [A, D]}, "a new part has a new name"
    for table in STAGED:
        assert contents(packed, table) == contents(second, table)
    check_parts(packed)


# ── Tables without months ──────────────────────────────────────────────────────────────────────────────────────


def rejects_of(**reasons: str) -> pa.Table:
    return to_table(Reject, [Reject("wire", name, "0", None, "read", reason, "") for name, reason in reasons.items()])


def key_of(name: str) -> tuple[str, str, str]:
    return ("wire", name, "0")


def held(version: store.Version) -> list[dict[str, str]]:
    """Return the reasons by file, for each part."""
    tables = [version.read_file("rejects", path) for path in version.files("rejects")]
    return [dict(zip(rows["raw_path"].to_pylist(), rows["reason"].to_pylist(), strict=True)) for rows in tables]


@pytest.fixture
def first_rejects(tmp_path: Path, small_parts: None) -> store.Version:  # noqa: ARG001
    """Return a version with four rejects in parts of three."""
    version = store.Version(tmp_path / "first")
    store.write_keyed(version, None, "rejects", rejects_of(d="empty", a="empty", c="empty", b="empty"))
    assert held(version) == [{"a": "empty", "b": "empty", "c": "empty"}, {"d": "empty"}]
    return version


@pytest.mark.parametrize(
    ("come", "gone", "parts_after", "linked"),
    [
        pytest.param({}, [], ["abc", "d"], {0, 1}, id="nothing"),
        pytest.param({}, ["z"], ["abc", "d"], {0, 1}, id="missing-rows-removed"),
        pytest.param({"b": "binary"}, [], ["aBc", "d"], {1}, id="a-row-takes-anothers-place"),
        pytest.param({"b": "binary"}, ["b"], ["aBc", "d"], {1}, id="… and-the-other-goes"),
        pytest.param({}, ["b"], ["ac", "d"], {1}, id="row-removed"),
        pytest.param({}, ["d"], ["abc", ""], {0}, id="last-row-of-a-part-removed"),
        pytest.param({"e": "binary"}, [], ["abc", "dE"], {0}, id="the-last-part-is-filled"),
        pytest.param({"0": "binary"}, [], ["abc", "0d"], {0}, id="a-part-is-sorted"),
        pytest.param(dict.fromkeys("efg", "binary"), [], ["abc", "dEF", "G"], {0}, id="a-new-part-begins"),
        pytest.param(dict.fromkeys("be", "binary"), ["a"], ["Bc", "dE"], set(), id="all-of-that"),
        pytest.param({"e": "binary"}, ["d"], ["abc", "E"], {0}, id="row-replaced"),
        pytest.param({"e": "binary"}, ["a"], ["bc", "dE"], set(), id="only-the-last-part-is-filled"),
    ],
)
def test_rows_of_a_table_without_months(
    tmp_path: Path,
    first_rejects: store.Version,
    come: dict[str, str],
    gone: list[str],
    parts_after: list[str],
    linked: set[int],
) -> None:
    version = store.Version(tmp_path / "second")
    store.write_keyed(version, first_rejects, "rejects", rejects_of(**come), map(key_of, gone))
    assert held(version) == [
        {letter.lower(): "binary" if letter in "ABCDEFG0" else "empty" for letter in part} for part in parts_after
    ]
    same = {int(path[-1]) for path in shared(first_rejects, version)}
    assert same == linked
    assert held(first_rejects) == [{"a": "empty", "b": "empty", "c": "empty"}, {"d": "empty"}], "it is as it was"


def test_table_without_rows_is_one_part(tmp_path: Path) -> None:
    version = store.Version(tmp_path)
    store.write_keyed(version, None, "rejects", rejects_of(), metadata={"onrecord.version": "1"})
    assert held(version) == [{}]
    assert pq.read_schema(version.files("rejects")[0]).metadata[b"onrecord.version"] == b"1"


def test_key_of_several_columns_and_numbers(tmp_path: Path) -> None:
    def revisions(*numbers: int) -> pa.Table:
        schema = arrow_schema(ArticleRevision)
        rows = rows_of("articles", {A: Story(MAY)}).to_pylist() * len(numbers)
        filling = {"superseded_at": SEEN, "superseded_by": ""}
        return pa.Table.from_pylist(
            [{**row, **filling, "revision": revision} for row, revision in zip(rows, numbers, strict=True)], schema
        )

    first, second = (store.Version(tmp_path / name) for name in ("first", "second"))
    store.write_keyed(first, None, "article_revisions", revisions(10, 9, 1))
    assert first.read("article_revisions")["revision"].to_pylist() == [1, 9, 10]
    store.write_keyed(second, first, "article_revisions", revisions(2), [(A, 1)])
    assert second.read("article_revisions")["revision"].to_pylist() == [2, 9, 10], "1 is neither 10 nor 11"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["empty", "binary"])),
            st.sets(st.sampled_from("abcdefgh")),
        ),
        max_size=5,
    )
)
def test_any_changes_of_a_table_without_months_end_as_all_at_once(steps: list[tuple[dict[str, str], set[str]]]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ROWS_A_PART", 3)
        version, expected = None, dict[str, str]()
        for number, (come, gone) in enumerate(steps):
            before, version = version, store.Version(Path(folder) / str(number))
            store.write_keyed(version, before, "rejects", rejects_of(**come), map(key_of, gone))
            expected = {name: reason for name, reason in expected.items() if name not in gone} | come
            found = held(version)
            assert {name: reason for part in found for name, reason in part.items()} == expected
            assert sum(map(len, found)) == len(expected)
            assert all(len(part) <= 3 and list(part) == sorted(part) for part in found)


# ── What a run asks of a version ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def filled(tmp_path: Path, small_parts: None) -> store.Version:  # noqa: ARG001
    """A version with articles of two months, one of them in two parts, and one article without a date."""
    stories = {A: Story(MAY), B: Story(MAY), C: Story(MAY, "Brandt"), D: Story(JUNE), E: Story("unknown")}
    return publish(tmp_path, FIRST, stories)


def test_rows_are_found_by_a_value_part_by_part(filled: store.Version) -> None:
    found = {
        str(path.relative_to(filled.path)): rows.to_pydict()
        for path, rows in filled.find("quotes", "text", ["Brandt"], ["article_id", "text"])
    }
    assert found == {f"quotes/published_month={MAY}/part-1.parquet": {"article_id": [C], "text": ["Brandt"]}}
    assert not list(filled.find("quotes", "text", []))
    assert not list(filled.find("quotes", "text", ["Renfield"]))


def test_published_articles_know_their_record_and_home(filled: store.Version) -> None:
    found = filled.find_articles([C, E, "0" * 16])
    assert {article_id: (article.key[1], article.home) for article_id, article in found.items()} == {
        C: (f"{C}.txt", (MAY, "part-1.parquet")),
        E: (f"{E}.txt", ("unknown", "part-0.parquet")),
    }
    assert found[C].first_seen_at == SEEN
    assert found[C].updates == {
        "revision": 1,
        "duplicate_of": None,
        "duplicate_kind": None,
        "duplicate_similarity": None,
    }


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        pytest.param(None, None, {A, B, C, D, E}, id="all"),
        pytest.param(None, date(2024, 5, 31), {A, B, C}, id="until-a-day"),
        pytest.param(date(2024, 6, 1), None, {D, E}, id="from-a-day-and-undated"),
        pytest.param(date(2023, 1, 1), date(2023, 12, 31), set(), id="another-year"),
    ],
)
def test_signatures_are_read_by_day(
    filled: store.Version, first: date | None, last: date | None, told: set[str]
) -> None:
    found = [row for rows in filled.read_signatures(first, last) for row in rows["article_id"].to_pylist()]
    assert told <= set(found)
    assert len(found) == len(set(found))
    if first or last:
        assert not {D} & set(found) or D in told
        assert not {A, B, C} & set(found) or A in told


# ── Versions ───────────────────────────────────────────────────────────────────────────────────────────────────


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


def test_unwritable_scratch_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nothing was published"), store.scratch(tmp_path / "nowhere"):
        pass


def test_place_without_data_set_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="onrecord curate"):
        store.open_version(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "articles/published_month=unknown/part-0.parquet",
        "runs/part-0.parquet",
        "state/records/part-0.parquet",
        "state/signatures/published_month=unknown/part-0.parquet",
    ],
)
def test_data_set_with_other_columns_is_refused_and_unchanged(tmp_path: Path, name: str) -> None:
    with store.writing(tmp_path):
        path = empty_version(tmp_path, FIRST).path / name
    first = pq.read_schema(path).names[0]
    pq.write_table(pq.read_table(path, partitioning=None).rename_columns({first: "origin"}), path)
    dead = tmp_path / "versions" / SECOND
    dead.mkdir()
    for take in (store.open_version, store.current_version):
        with pytest.raises(UsageError, match=r"another version of onrecord .* has other columns.*new folder"):
            take(tmp_path)
    with pytest.raises(UsageError, match="another version"), store.writing(tmp_path):
        pass
    assert dead.exists()


@pytest.mark.parametrize("damage", ["removed", "cut", "version-removed"])
def test_incomplete_data_set_is_refused(tmp_path: Path, damage: str) -> None:
    with store.writing(tmp_path):
        version = empty_version(tmp_path, FIRST)
    if damage == "version-removed":
        shutil.rmtree(version.path)
    elif damage == "cut":
        (version.path / "state/files/part-0.parquet").write_bytes(b"PAR1")
    else:
        (version.path / "quotes/published_month=unknown/part-0.parquet").unlink()
    with pytest.raises(UsageError, match=r"is incomplete.*restore it"), store.writing(tmp_path):
        pass


def test_data_set_with_an_older_layout_is_refused_and_unchanged(tmp_path: Path) -> None:
    version = empty_version(tmp_path, FIRST)
    shutil.rmtree(version.path / "state")
    before = sorted(tmp_path.rglob("*"))
    with (
        pytest.raises(UsageError, match=r"another version of onrecord wrote|written by another version of onrecord"),
        store.writing(tmp_path),
    ):
        pass
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("path", ["curated/README.md", "docs/tables.md"])
def test_committed_data_dictionary_is_the_contracts(path: str) -> None:
    committed = (Path(__file__).parents[2] / path).read_text("utf-8")
    assert committed == store.README_TEXT + data_dictionary(TABLES.values()), "run `make docs` and commit what it wrote"
