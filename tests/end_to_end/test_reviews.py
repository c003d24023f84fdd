"""Corrections override the machine's rows in every later run, until they are withdrawn."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline import store
from tests.end_to_end.conftest import state_of
from tests.end_to_end.newsroom import FERRY, Newsroom
from tests.end_to_end.states import owed_to_input

NAMED = FERRY + "\nJon Hazebroek, a baker, waited at the quay with Ilse Marwick.\n"


def correct(newsroom: Newsroom, *rows: tuple[str, str, str], name: str = "desk.csv") -> None:
    """Put a file of corrections there: quote_id, field and value of each."""
    folder = newsroom.curated / "corrections"
    folder.mkdir(exist_ok=True)
    lines = [f"{quote_id},{field},{value},Vera,listened to the tape\n" for quote_id, field, value in rows]
    (folder / name).write_text("quote_id,field,value,reviewer,reason\n" + "".join(lines), "utf-8")


@pytest.fixture
def reviewed(newsroom: Newsroom) -> Newsroom:
    """A data set in which a correction names another speaker than the machine."""
    newsroom.write_story("ferry", NAMED)
    newsroom.curate()
    correct(newsroom, (newsroom.quote("ferry")["quote_id"], "speaker_name", "Jon Hazebroek"))
    newsroom.curate()
    return newsroom


def entity(newsroom: Newsroom, name: str) -> dict[str, object]:
    (row,) = newsroom.rows("entities").query(f"name == '{name}'").to_dict("records")
    return row


def test_correction_changes_all_tables(reviewed: Newsroom) -> None:
    quote = reviewed.quote("ferry")
    assert (quote["speaker_name"], quote["review_status"]) == ("Jon Hazebroek", "corrected")
    assert quote["speaker_entity_id"] == entity(reviewed, "Jon Hazebroek")["entity_id"]
    assert entity(reviewed, "Jon Hazebroek")["quote_count"] == 1
    assert entity(reviewed, "Mara Oduya")["quote_count"] == 0
    assert set(reviewed.rows("quotes").query("review_status == 'machine'")["speaker_name"]) == {
        "Tomas Brandt",
        "Ilse Marwick",
    }
    reviewed.verify()
    shown = reviewed.done("show", reviewed.curated, quote["quote_id"]).out
    assert "Jon Hazebroek (named): a reviewer named the speaker" in shown


def test_correction_recomputes_no_article(newsroom: Newsroom) -> None:
    newsroom.curate()
    correct(newsroom, (newsroom.quote("ferry")["quote_id"], "speaker_role", "chair of the harbour board"))
    made, summary = newsroom.made_and_summary()
    assert (made, summary.outcome) == ([], "published")
    assert newsroom.quote("ferry")["speaker_role"] == "chair of the harbour board"
    assert newsroom.article("ferry")["revision"] == 1


def test_run_after_a_correction_has_nothing_to_do(reviewed: Newsroom) -> None:
    before = state_of(reviewed.curated)
    assert "nothing to do" in reviewed.curate().out
    assert state_of(reviewed.curated) == before


def test_diff_shows_corrections(reviewed: Newsroom) -> None:
    first = min(reviewed.rows("runs")["run_id"])
    told = reviewed.done("diff", reviewed.curated, first).out
    assert "1  speakers changed: 1 correction" in told
    assert "speaker_name: [-Mara Oduya-] {+Jon Hazebroek+}" in told


@pytest.mark.parametrize("edit", ["reprocessed", "edited", "rolled-back"])
def test_correction_survives(reviewed: Newsroom, edit: str) -> None:
    if edit == "edited":
        reviewed.write_story("ferry", NAMED.replace("will sail again on Wednesday", "will sail again on Thursday"))
        reviewed.curate()
        assert reviewed.article("ferry")["revision"] == 2
    elif edit == "reprocessed":
        reviewed.curate("--reprocess")
    else:
        reviewed.done("rollback", reviewed.curated, min(reviewed.rows("runs")["run_id"]))
        assert reviewed.quote("ferry")["speaker_name"] == "Mara Oduya"
        reviewed.curate()
    quote = reviewed.quote("ferry")
    assert (quote["speaker_name"], quote["review_status"]) == ("Jon Hazebroek", "corrected")
    reviewed.verify()


def test_withdrawn_correction_restores_the_machines_rows(reviewed: Newsroom) -> None:
    (reviewed.curated / "corrections" / "desk.csv").unlink()
    assert reviewed.made_by() == [], "the machine's own rows were kept"
    quote = reviewed.quote("ferry")
    assert (quote["speaker_name"], quote["review_status"]) == ("Mara Oduya", "machine")
    reviewed.verify()


def test_data_set_is_the_same_whether_corrected_before_or_after(reviewed: Newsroom, tmp_path: Path) -> None:
    other = Newsroom(reviewed.raw, tmp_path / "other", reviewed.onrecord)
    other.done("curate", other.raw, "--into", other.curated, "--workers", 1, "--limit", 1)
    (other.curated / "corrections").mkdir()
    desk = reviewed.curated / "corrections" / "desk.csv"
    (other.curated / "corrections" / "desk.csv").write_bytes(desk.read_bytes())
    other.curate()
    assert owed_to_input(other.curated) == owed_to_input(reviewed.curated)


def test_correction_waits_while_its_quote_is_missing(reviewed: Newsroom) -> None:
    reviewed.write_story("ferry", "Ferry waits\n\nPORT ELLERY, May 7 2024 - The ferry waits for better weather.\n")
    assert "corrections 1 wait: their quotes are missing now" in reviewed.curate().out
    reviewed.write_story("ferry", NAMED)
    assert "wait:" not in reviewed.curate().out
    assert reviewed.quote("ferry")["speaker_name"] == "Jon Hazebroek"
    reviewed.verify()


def test_removed_quote_returns_when_its_correction_is_withdrawn(newsroom: Newsroom) -> None:
    newsroom.curate()
    before = owed_to_input(newsroom.curated)
    correct(newsroom, (newsroom.quote("ferry")["quote_id"], "is_quote", "false"))
    newsroom.curate()
    assert "We checked every cable," not in set(newsroom.rows("quotes")["text"])
    assert entity(newsroom, "Mara Oduya")["quote_count"] == 0
    newsroom.verify()
    (newsroom.curated / "corrections" / "desk.csv").unlink()
    newsroom.curate()
    assert owed_to_input(newsroom.curated) == before


@pytest.mark.parametrize(
    ("name", "field", "value", "told"),
    [
        pytest.param("desk.csv", "speaker_name", "Nobody Atall", "the article does not mention", id="unknown-name"),
        pytest.param("desk.csv", "quote_type", "spoken", "quote_type cannot be 'spoken'", id="impossible-value"),
        pytest.param("desk.xlsx", "confirmed", "true", "it is neither a .csv nor a .parquet file", id="no-table"),
    ],
)
def test_fault_is_reported_and_nothing_is_applied(
    newsroom: Newsroom, name: str, field: str, value: str, told: str
) -> None:
    newsroom.curate()
    correct(newsroom, (newsroom.quote("library")["quote_id"], "confirmed", "true"), name="good.csv")
    correct(newsroom, (newsroom.quote("ferry")["quote_id"], field, value), name=name)
    before = state_of(newsroom.curated)
    ran = newsroom.onrecord("curate", newsroom.raw, "--into", newsroom.curated, "--workers", 1)
    assert ran.code == 2
    assert "a correction cannot be applied; nothing was published: fix the files in corrections/" in ran.err
    assert f"{name}" in ran.err
    assert told in ran.err
    assert state_of(newsroom.curated) == before


@pytest.mark.parametrize("kind", ["file", "link-that-leads-nowhere"])
def test_corrections_that_are_not_a_folder_are_refused(reviewed: Newsroom, kind: str) -> None:
    folder = reviewed.curated / "corrections"
    folder.rename(reviewed.curated.parent / "corrections")
    folder.touch() if kind == "file" else folder.symlink_to("nowhere")
    ran = reviewed.onrecord("curate", reviewed.raw, "--into", reviewed.curated)
    assert ran.code == 2
    assert f"{folder} is not a folder" in ran.err
    assert reviewed.quote("ferry")["review_status"] == "corrected"


def test_unknown_quote_is_a_fault(newsroom: Newsroom) -> None:
    newsroom.curate()
    correct(newsroom, ("0123456789abcdef", "confirmed", "true"))
    ran = newsroom.onrecord("curate", newsroom.raw, "--into", newsroom.curated)
    assert ran.code == 2
    assert "desk.csv, row 2: there is no quote 0123456789abcdef; copy its quote_id from the table quotes" in ran.err


def test_pandas_writes_corrections_by_span(newsroom: Newsroom) -> None:
    newsroom.curate()
    quote = newsroom.quote("ferry")
    folder = newsroom.curated / "corrections"
    folder.mkdir()
    row = {name: quote[name] for name in ("article_id", "start_char", "end_char")}
    row |= {"field": "confirmed", "value": "true", "reviewer": "Vera", "reason": None}
    pd.DataFrame([row]).to_parquet(folder / "desk.parquet")
    newsroom.curate()
    assert newsroom.quote("ferry")["review_status"] == "confirmed"
    newsroom.verify()


def test_reviewed_quotes_are_written_as_gold(reviewed: Newsroom, tmp_path: Path) -> None:
    told = reviewed.done("gold", reviewed.curated, tmp_path / "gold").out
    assert told.startswith("1 quotes of 1 articles")
    (line,) = (tmp_path / "gold" / "quotes.jsonl").read_text("utf-8").splitlines()
    looked_at = json.loads(line)
    assert looked_at["speaker_name"] == "Jon Hazebroek"
    assert looked_at["machine"]["speaker_name"] == "Mara Oduya"
    again = reviewed.onrecord("gold", reviewed.curated, tmp_path / "gold")
    assert again.code == 2
    assert "is not empty; name a new folder" in again.err


def test_gold_without_reviews_is_empty(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.curate()
    assert newsroom.done("gold", newsroom.curated, tmp_path / "gold").out.startswith("0 quotes")


def test_correction_of_a_forgotten_article_waits(reviewed: Newsroom) -> None:
    article_id = reviewed.article("ferry")["article_id"]
    assert set(store.open_version(reviewed.curated).read("machine_quotes")["article_id"].to_pylist()) == {article_id}
    reviewed.done("forget", reviewed.curated, "--article-id", article_id, "--reason", "asked to")
    assert "nothing to do" in reviewed.curate().out
    for version in store.list_versions(reviewed.curated):
        for table in ("machine_quotes", "machine_mentions"):
            assert not version.read(table).num_rows
    reviewed.verify()
