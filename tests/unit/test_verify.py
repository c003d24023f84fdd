"""Each kind of damage to a data set is found and described with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.contract import (
    ALL_TABLES,
    Arrival,
    Article,
    ArticleEntity,
    ArticleRevision,
    Count,
    Mention,
    Quote,
    QuoteRevision,
    RawArticle,
    RawRef,
    Record,
    Reject,
    Run,
    arrow_schema,
    stable_id,
    to_table,
)
from pipeline.contract import EPOCH as THEN
from pipeline.entities import count_entities, entity_id_of, sum_entities, summarise_entities
from pipeline.normalise import normalise
from pipeline.store import Version
from pipeline.verify import Verification, verify_version
from tests.unit.versions import new_version, write_table

RUN_ID = "20240601T120000Z-0001"
STORY = """Ferry sails again

"The boats are safe," said Mara\u00a0Oduya of the harbour board.

"The boats are safe," Oduya told {whom} in {place}.
"""


def article_of(raw_path: str, raw_record: str, day: date, whom: str, **changes: object) -> tuple[Article, bytes]:
    text = STORY.format(whom=whom, place="Port Ellery")
    raw = text.encode()
    ref = RawRef("wire", raw_path, raw_record, hashlib.sha256(raw).hexdigest())
    article = normalise(RawArticle(ref, "text", "utf-8", text, start_byte=0))
    assert isinstance(article, Article)
    assert article.raw_spans
    return replace(article, published_on=day, run_id=RUN_ID, revision=2, **changes), raw  # type: ignore[arg-type]


def mentions_of(article: Article) -> list[Mention]:
    found = []
    for words, name in (
        ("Mara\u00a0Oduya", "Mara Oduya"),
        ("Oduya told", "Mara Oduya"),
        ("Port Ellery", "Port Ellery"),
    ):
        start = article.text.index(words)
        kind = "GPE" if name == "Port Ellery" else "PERSON"
        text = words.removesuffix(" told")
        found.append(
            Mention(
                mention_id=stable_id(article.article_id, start),
                article_id=article.article_id,
                published_on=article.published_on,
                entity_id=entity_id_of(kind, name),
                entity_name=name,
                entity_type=kind,
                link_source=None,
                link_id=None,
                link_confidence=None,
                text=text,
                start_char=start,
                end_char=start + len(text),
                title=None,
                form="name",
                quote_id=None,
                confidence=None,
            )
        )
    return found


def quotes_of(article: Article) -> list[Quote]:
    found: list[Quote] = []
    for position in range(2):
        start = article.text.index("The boats", found[0].end_char if found else 0)
        speaker = article.text.index("Oduya", start)
        found.append(
            Quote(
                quote_id=stable_id(article.article_id, position),
                article_id=article.article_id,
                published_on=article.published_on,
                utterance_id="0" * 16,
                position=position,
                quote_type="direct",
                text="The boats are safe,",
                start_char=start,
                end_char=start + 19,
                is_closed=True,
                segment_kind="paragraph",
                cue=None,
                cue_start_char=None,
                cue_end_char=None,
                speaker="Oduya",
                speaker_start_char=speaker,
                speaker_end_char=speaker + 5,
                speaker_form="name",
                speaker_entity_id=entity_id_of("PERSON", "Mara Oduya"),
                speaker_name="Mara Oduya",
                speaker_role=None,
                speaker_status="named",
                speaker_method="surname",
                speaker_confidence=None,
                context_before="",
                context_after="",
                repeat_of=found[0].quote_id if found else None,
            )
        )
    return found


RUN = Run(
    run_id=RUN_ID,
    started_at=THEN,
    finished_at=THEN,
    version="1",
    model_version="1",
    source="wire",
    raw="raw",
    settings="{}",
    attributions="said",
    knowledge_base=None,
    knowledge_base_sha256=None,
    **{name: 0 for name in (f.name for f in fields(Run)) if name.endswith(("_count", "_total"))}
    | {"record_count": 2, "new_count": 2},
    reject_reasons=[],
    skip_reasons=[],
)
MAY, JUNE = "2024-05", "2024-06"
FIRST, FIRST_RAW = article_of("story.txt", "0", date(2024, 5, 7), "crews")
COPY, COPY_RAW = article_of("pack.zip", "copy.txt", date(2024, 6, 1), "sailors", duplicate_of=FIRST.article_id)
RAW = {"story.txt": [("0", FIRST_RAW)], "pack.zip": [("other.txt", b"-"), ("copy.txt", COPY_RAW)]}
REFUSED = Reject.of(RawRef("wire", "bad.txt", "0", "0" * 64), stage="read", reason="empty", detail="It is empty.")


def record_of(raw_path: str, raw_record: str, article_id: str | None) -> Record:
    outcome, reason = ("article", None) if article_id else ("reject", "empty")
    return Record("wire", raw_path, raw_record, "0" * 64, True, "", "", outcome, reason, article_id, None, 1)  # type: ignore[arg-type]


Rows = dict[str, list[dict[str, object]]]  # by table, and by table and month where it has some


def as_revision(row: object, kind: type, **more: object) -> object:
    return kind(**{f.name: getattr(row, f.name) for f in fields(row)} | more)  # type: ignore[arg-type]


def sound() -> Rows:
    """Return a correct data set: two articles, one a copy of the other, and an older revision of the first."""
    rows: dict[str, pa.Table] = {
        "runs": to_table(Run, [RUN]),
        "rejects": to_table(Reject, [replace(REFUSED, run_id=RUN_ID)]),
        "arrivals": to_table(Arrival, [Arrival(RUN_ID, "wire", THEN, 2, 2, 1, 4, 4, [Count("en", 2)])]),
    }
    counts = []
    for month, article in ((MAY, FIRST), (JUNE, COPY)):
        mentions, quotes = mentions_of(article), quotes_of(article)
        entities = to_table(ArticleEntity, summarise_entities(article, mentions, quotes))
        rows[f"articles {month}"] = to_table(Article, [article])
        rows[f"quotes {month}"] = to_table(Quote, quotes)
        rows[f"mentions {month}"] = to_table(Mention, mentions)
        rows[f"article_entities {month}"] = entities
        counts.append(count_entities(entities, pa.array([COPY.article_id])))
    rows["entities"] = sum_entities(counts)
    older = {"superseded_at": THEN, "superseded_by": RUN_ID}
    revisions = [as_revision(replace(FIRST, revision=1), ArticleRevision, **older)]
    rows["article_revisions"] = to_table(ArticleRevision, revisions)
    quotes_then = [as_revision(quote, QuoteRevision, revision=1, **older) for quote in quotes_of(FIRST)]
    rows["quote_revisions"] = to_table(QuoteRevision, quotes_then)
    records = [record_of("story.txt", "0", FIRST.article_id), record_of("pack.zip", "copy.txt", COPY.article_id)]
    rows["records"] = to_table(Record, [*records, record_of("bad.txt", "0", None)])
    return {name: table.to_pylist() for name, table in rows.items()}


def write(folder: Path, rows: Rows) -> Version:
    version = new_version(folder, RUN_ID)
    for name, found in rows.items():
        table, _, month = name.partition(" ")
        schema = arrow_schema(ALL_TABLES[table].row)
        write_table(version, table, pa.Table.from_pylist(found, schema), (month, "part-0.parquet") if month else None)
    return version


Verify = Callable[..., Verification]


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    """Write tables and verify them, with raw files if some are given."""

    def check(
        rows: Rows, raw: Mapping[str, Sequence[tuple[str, bytes]]] | None = None, source: str = "wire"
    ) -> Verification:
        def read_raw(raw_path: str) -> Iterator[tuple[str, bytes]]:
            assert raw is not None
            if raw_path not in raw:
                raise FileNotFoundError(2, "No such file or directory", raw_path)
            yield from raw[raw_path]

        return verify_version(write(tmp_path, rows), None if raw is None else read_raw, source)

    return check


def test_sound_data_set_has_no_differences(verify: Verify) -> None:
    found = verify(sound(), RAW)
    assert found.differences == []
    told = ("article texts", "quotes", "quotes: speaker", "mentions", "quote_revisions", "raw records", "entities")
    assert {name: found.counts[name] for name in told} == {
        "article texts": 3,
        "quotes": 4,
        "quotes: speaker": 4,
        "mentions": 6,
        "quote_revisions": 2,
        "raw records": 2,
        "entities": 2,
    }
    assert found.counts["raw spans"] > 0


Damage = Callable[[Rows], object]


def setting(table: str, row: int, **values: object) -> Damage:
    return lambda rows: rows[table][row].update(values)


def dropping(table: str, row: int) -> Damage:
    return lambda rows: rows[table].pop(row)


def doubling(table: str, row: int, to: str | None = None) -> Damage:
    return lambda rows: rows[to or table].append(rows[table][row])


@pytest.mark.parametrize(
    ("damage", "difference"),
    [
        pytest.param(setting(f"articles {MAY}", 0, text="X"), "text_sha256 is not of this text", id="other-text"),
        pytest.param(
            lambda rows: rows[f"articles {MAY}"][0]["segments"][1].update(start_char=0),  # type: ignore[index]
            "story.txt, revision 2: segment [0:",
            id="segments-overlap",
        ),
        pytest.param(setting(f"quotes {JUNE}", 1, start_char=0), "is not at [0:", id="quote-offset"),
        pytest.param(setting(f"quotes {MAY}", 0, end_char=9999), ":9999]", id="quote-end-only"),
        pytest.param(setting(f"quotes {MAY}", 0, speaker="X"), "speaker 'X' is not at", id="speaker"),
        pytest.param(
            setting(f"quotes {MAY}", 0, cue="said"), "cue 'said' is not at [None:None]", id="cue-without-offsets"
        ),
        pytest.param(setting(f"mentions {MAY}", 2, text="Port Elle"), "'Port Elle' is not at", id="mention-cut-short"),
        pytest.param(
            doubling(f"articles {MAY}", 0, f"articles {JUNE}"), "articles: 2 rows have", id="article-in-two-months"
        ),
        pytest.param(doubling(f"quotes {MAY}", 0), "quotes: 2 rows have {'quote_id'", id="quote-twice"),
        pytest.param(setting(f"quotes {MAY}", 1, position=0), "quotes: 2 rows have {'article_id'", id="position-twice"),
        pytest.param(doubling(f"mentions {MAY}", 0), "mentions: 2 rows have", id="mention-twice"),
        pytest.param(doubling("rejects", 0), "rejects: 2 rows have", id="reject-twice"),
        pytest.param(doubling("runs", 0), "runs: 2 rows have", id="run-twice"),
        pytest.param(
            doubling(f"quotes {MAY}", 0, f"quotes {JUNE}"), "not in articles.article_id of 2024-06", id="wrong-month"
        ),
        pytest.param(dropping(f"articles {MAY}", 0), "articles.duplicate_of", id="original-is-gone"),
        pytest.param(
            setting(f"articles {MAY}", 0, run_id="x"), "articles.run_id x: not in runs.run_id", id="run-is-gone"
        ),
        pytest.param(setting(f"quotes {MAY}", 1, repeat_of="f" * 16), "quotes.repeat_of", id="repeated-quote-is-gone"),
        pytest.param(
            setting(f"mentions {MAY}", 1, quote_id="f" * 16), "mentions.quote_id", id="quote-of-a-mention-is-gone"
        ),
        pytest.param(dropping("entities", 0), "not in entities.entity_id", id="entity-is-gone"),
        pytest.param(doubling("article_revisions", 0), "article_revisions: 2 rows have", id="revision-twice"),
        pytest.param(doubling("quote_revisions", 0), "quote_revisions: 2 rows have", id="quote-of-a-revision-twice"),
        pytest.param(dropping("article_revisions", 0), "is not in article_revisions", id="revision-is-gone"),
        pytest.param(setting("quote_revisions", 0, start_char=0), "quote_revisions", id="offset-in-a-revision"),
        pytest.param(setting("article_revisions", 0, text="X"), "revision 1: text_sha256", id="text-of-a-revision"),
        pytest.param(
            setting("article_revisions", 0, revision=2), "current revision is no newer", id="revision-that-is-current"
        ),
        pytest.param(setting("runs", 0, record_count=3), "its ledger does not add up", id="ledger"),
        pytest.param(dropping("arrivals", 0), "0 articles in arrivals, but new_count is 2", id="arrivals-are-gone"),
        pytest.param(dropping("records", 0), "it has no record", id="article-without-a-record"),
        pytest.param(
            setting("records", 0, article_id="f" * 16), "it is not in articles", id="record-without-an-article"
        ),
        pytest.param(dropping("rejects", 0), "record wire bad.txt 0: it is not in rejects", id="reject-is-gone"),
        pytest.param(
            dropping("records", 2),
            "record wire bad.txt 0: it is in rejects, but was not rejected",
            id="reject-without-a-record",
        ),
    ],
)
def test_damage_is_found(verify: Verify, damage: Damage, difference: str) -> None:
    rows = sound()
    damage(rows)
    found = verify(rows)
    assert found.difference_count == len(found.differences) > 0
    assert any(difference in line for line in found.differences), found.differences


PLACE, PERSON = sorted(range(2), key=lambda number: str(sound()["entities"][number]["name"] == "Mara Oduya"))


@pytest.mark.parametrize("table", ["entities", f"article_entities {MAY}"])
@pytest.mark.parametrize(
    ("values", "difference"),
    [
        pytest.param({"mention_count": 7}, "mention_count is 7, counted again ", id="mentions"),
        pytest.param({"name_count": 0}, "name_count is 0, counted again ", id="names"),
        pytest.param({"quote_count": 0}, "quote_count is 0, counted again ", id="quotes"),
        pytest.param({"aliases": []}, "'Oduya' is not among its names", id="other-name-is-missing"),
        pytest.param({"aliases": ["Oduya", "X"]}, "no mention calls it 'X'", id="other-name-nobody-says"),
        pytest.param({"entity_type": "ORG"}, "entity_type is ORG, but PERSON where", id="kind"),
        pytest.param({"link_id": "Q1"}, "link_id is Q1, but None where", id="outside-id"),
    ],
)
def test_wrong_value_of_an_entity_is_found(
    verify: Verify, table: str, values: dict[str, object], difference: str
) -> None:
    rows = sound()
    rows[table][PERSON].update(values)
    assert any(difference in line and line.startswith(table.split()[0]) for line in verify(rows).differences)


@pytest.mark.parametrize(
    ("values", "difference"),
    [
        pytest.param({"article_count": 3}, "article_count is 3, counted again 2", id="articles"),
        pytest.param({"original_article_count": 2}, "is 2, counted again 1", id="articles-that-are-no-copies"),
        pytest.param({"original_mention_count": 4}, "is 4, counted again 2", id="mentions-that-are-in-no-copy"),
        pytest.param({"original_quote_count": 4}, "is 4, counted again 2", id="quotes-that-are-in-no-copy"),
        pytest.param({"first_seen_on": None}, "is None, counted again 2024-05-07", id="first-day-is-missing"),
        pytest.param({"last_seen_on": date(2024, 5, 7)}, "is 2024-05-07, counted again 2024-06-01", id="last-day"),
        pytest.param({"name": "X"}, "no mention calls it 'X'", id="name"),
    ],
)
def test_wrong_sum_of_an_entity_is_found(verify: Verify, values: dict[str, object], difference: str) -> None:
    rows = sound()
    rows["entities"][PERSON].update(values)
    assert any(difference in line for line in verify(rows).differences)


def test_day_that_no_article_knows_is_found(verify: Verify) -> None:
    rows = sound()
    for month in (MAY, JUNE):
        for row in rows[f"article_entities {month}"]:
            row["published_on"] = None
    assert any(
        "first_seen_on is 2024-05-07, counted again None" in difference for difference in verify(rows).differences
    )


@pytest.mark.parametrize("table", ["entities", f"article_entities {MAY}"])
def test_entity_that_nobody_mentions_is_found(verify: Verify, table: str) -> None:
    rows = sound()
    rows[table].append(rows[table][PLACE] | {"entity_id": "f" * 16})
    assert any(
        "f" * 16 in difference and "mention_count is 1, counted again 0" in difference
        for difference in verify(rows).differences
    )


def test_first_place_of_an_entity_is_counted_again(verify: Verify) -> None:
    rows = sound()
    rows[f"article_entities {MAY}"][PERSON]["first_char"] = 0
    assert any("first_char is 0, counted again" in difference for difference in verify(rows).differences)


@pytest.mark.parametrize(
    ("raw", "difference"),
    [
        pytest.param({"story.txt": [("0", b"X")]}, "story.txt, record 0: it has changed", id="other-bytes"),
        pytest.param({"pack.zip": [("copy.txt", b"X")]}, "pack.zip, record copy.txt: it has changed", id="packed"),
        pytest.param({"pack.zip": []}, "pack.zip: record copy.txt is missing", id="record-is-gone"),
    ],
)
def test_raw_record_that_differs_is_found(
    verify: Verify, raw: dict[str, list[tuple[str, bytes]]], difference: str
) -> None:
    found = verify(sound(), RAW | raw)
    assert [line for line in found.differences if difference in line], found.differences
    assert found.difference_count == 1


def test_missing_raw_file_is_found(verify: Verify) -> None:
    found = verify(sound(), {"pack.zip": RAW["pack.zip"]})
    assert found.differences == ["story.txt: the raw file cannot be read: No such file or directory"]


@pytest.mark.parametrize("month", [pytest.param(MAY, id="whole-file"), pytest.param(JUNE, id="packed")])
def test_raw_span_of_other_bytes_is_found(verify: Verify, month: str) -> None:
    rows = sound()
    rows[f"articles {month}"][0]["raw_spans"][0]["start_byte"] += 1  # type: ignore[index]
    (difference,) = verify(rows, RAW).differences
    assert "raw span {'start_char': 0" in difference


def test_articles_of_other_sources_are_not_compared_with_raw(verify: Verify) -> None:
    found = verify(sound(), {}, source="other")
    assert (found.differences, found.counts["raw records"]) == ([], 0)
    assert found.counts["articles of other sources, not compared with RAW"] == 2


def test_differences_are_counted_and_the_first_are_listed(verify: Verify) -> None:
    rows = sound()
    rows["rejects"] += [rows["rejects"][0] | {"raw_path": f"{number}.txt"} for number in range(30)]
    found = verify(rows)
    assert (found.difference_count, len(found.differences)) == (30, 20)
