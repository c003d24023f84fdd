"""Corrections override the machine's rows; if one cannot be applied, none is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_any
from hypothesis import strategies as st
from training.attribution_corpora import read_corpus

from pipeline.contract import Article, ArticleEntity, Mention, Quote, RawArticle, RawRef, ReviewedQuote, to_table
from pipeline.corrections import (
    Corrected,
    Correction,
    apply_corrections,
    plan_corrections,
    read_corrections,
)
from pipeline.entities import complete_mentions, extract_mentions, summarise_entities
from pipeline.errors import StorageError, UsageError
from pipeline.language import read_language
from pipeline.normalise import normalise
from pipeline.quotes import extract_quotes
from pipeline.share import GoldCount, write_gold
from tests.unit.versions import new_version, write_table

TEXT = """Ferry service to Port Ellery resumes after storm

PORT ELLERY, May 7 2024 - The ferry to Port Ellery will sail again on Wednesday, the harbour board said.

"We checked every cable and every ramp," said Mara Oduya, who leads the board. "I checked the boats myself."

"I have waited four days," said Jon Hazebroek, a baker. He told reporters that the storm had spoilt his flour.

"The boats are safe," she said. "The boats are safe," Hazebroek repeated.
"""
HEADER = "quote_id,field,value,reviewer,reason\n"
# The quotes by what they begin with, and the second of those that begin alike.
SAIL, CHECKED, MYSELF, WAITED, FLOUR, SAFE, AGAIN = range(7)


@dataclass(frozen=True)
class Made:
    """An article as the machine made it."""

    article: Article
    quotes: list[Quote]
    mentions: list[Mention]

    @property
    def tables(self) -> dict[str, pa.Table]:
        return {
            "articles": to_table(Article, [self.article]),
            "quotes": to_table(Quote, self.quotes),
            "mentions": to_table(Mention, self.mentions),
        }

    def id_of(self, number: int) -> str:
        return self.quotes[number].quote_id


def make(text: str) -> Made:
    article = normalise(RawArticle(RawRef("wire", "ferry.txt", "0", "0" * 64), "text", "utf-8", text))
    assert isinstance(article, Article)
    reading = read_language(article)
    mentions = extract_mentions(article, reading)
    quotes = extract_quotes(article, reading, mentions)
    return Made(article, quotes, complete_mentions(article, reading, mentions, quotes))


@pytest.fixture(scope="module")
def made() -> Made:
    found = make(TEXT)
    names = [quote.speaker_name for quote in found.quotes]
    mara, jon = "Mara Oduya", "Jon Hazebroek"
    assert names == [None, mara, mara, jon, jon, mara, jon], "the machine reads the text as the tests suppose"
    return found


def given(made: Made, *rows: tuple[int, str, str]) -> list[Correction]:
    """Return corrections of quotes by their number."""
    return [
        Correction(f"a.csv, row {row}", made.id_of(number), None, None, None, field, value, "J. Vos", "heard it")  # type: ignore[arg-type]
        for row, (number, field, value) in enumerate(rows, 2)
    ]


def apply(made: Made, corrections: list[Correction], before: tuple[ReviewedQuote, ...] = ()) -> Corrected:
    plan = plan_corrections(corrections, before, None, [made.tables["quotes"]])
    return apply_corrections(plan, [made.article.article_id], made.tables, summarise_entities)


def correct(made: Made, *rows: tuple[int, str, str]) -> Corrected:
    return apply(made, given(made, *rows))


def quote_of(corrected: Corrected, quote_id: str) -> Mapping[str, object]:
    (row,) = corrected.quotes.filter(pc.field("quote_id") == quote_id).to_pylist()
    return dict(row)


# ── Reading files ──────────────────────────────────────────────────────────────────────────────────────────────


def write(folder: Path, name: str, content: str | bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_missing_folder_means_no_corrections(tmp_path: Path) -> None:
    assert read_corrections(tmp_path / "corrections") == ()


def test_csv_of_a_spreadsheet(tmp_path: Path) -> None:
    text = "\ufeff" + HEADER + f'{"a" * 16},speaker_role,"mayor,\r\nas he says",J. Vos, heard it \r\n\r\n,,,,\r\n'
    write(tmp_path, "a.csv", text)
    (one,) = read_corrections(tmp_path)
    assert (one.where, one.target) == ("a.csv, row 2", "a" * 16)
    assert (one.field, one.value, one.reviewer, one.reason) == (
        "speaker_role",
        "mayor, as he says",
        "J. Vos",
        "heard it",
    )


def test_parquet_as_pandas_writes_it(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {
        "quote_id": ["a" * 16, None],
        "article_id": [None, "b" * 16],
        "start_char": [float("nan"), 3.0],
        "end_char": [float("nan"), 9.0],
        "field": ["is_quote", "confirmed"],
        "value": [False, True],
        "reviewer": ["J. Vos", "J. Vos"],
        "reason": ["a title", None],
    }
    pq.write_table(pa.table(columns), tmp_path / "b.parquet")
    one, other = read_corrections(tmp_path)
    assert (one.target, one.field, one.value) == ("a" * 16, "is_quote", "false")
    assert (other.target, other.field, other.value) == (f"{'b' * 16}[3:9]", "confirmed", "true")


def test_readme_and_temporary_files_are_ignored(tmp_path: Path) -> None:
    for name in (".DS_Store", "~$a.csv", "README.md"):
        write(tmp_path, name, "notes")
    assert read_corrections(tmp_path) == ()


A, B = "a" * 16, "b" * 16
SPAN_HEADER = "quote_id,article_id,start_char,end_char,field,value,reviewer,reason\n"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        pytest.param("a.csv", f"quote_id,field,value,reviewer,reason,note\n{A},confirmed,true,V,,x\n", "a.csv: it has an unknown column 'note'", id="unknown-column"),
        pytest.param("a.csv", f"quote_id,field,value,reviewer\n{A},confirmed,true,V\n", "it has no column reason", id="missing-column"),
        pytest.param("a.csv", "field,value,reviewer,reason\nconfirmed,true,V,\n", r"it has no column quote_id \(or article_id", id="nothing-that-names-quotes"),
        pytest.param("a.csv", "quote_id,field,field,value,reviewer,reason\n", "it has two columns field", id="column-twice"),
        pytest.param("a.csv", "", "it has no column", id="empty-file"),
        pytest.param("a.csv", HEADER.replace(",", ";"), "separated by ';'", id="semicolons"),
        pytest.param("a.csv", HEADER + f"{A},speaker_role,mayor, of the town,V,x\n", "a.csv, row 2: it has 6 cells, but the first row has 5", id="ragged-row"),
        pytest.param("a.csv", HEADER + f'{A},speaker_role,"mayor,V,x\n', "a.csv: it cannot be read: unexpected end of data", id="open-mark"),
        pytest.param("a.csv", HEADER.encode() + b"x,speaker_role,M\xfcller,V,x\n", "a.csv, line 2: byte 0xfc is not UTF-8", id="not-utf-8"),
        pytest.param("a.csv", HEADER + f"{A},speaker,Mara Oduya,V,x\n", "a.csv, row 2: 'speaker' is not a field that can be corrected", id="unknown-field"),
        pytest.param("a.csv", HEADER + f"{A},,Mara Oduya,V,x\n", "'' is not a field", id="blank-field"),
        pytest.param("a.csv", HEADER + f"{A},quote_type,spoken,V,x\n", "quote_type cannot be 'spoken'; it may be direct or mixed or indirect", id="impossible-quote-type"),
        pytest.param("a.csv", HEADER + f"{A},quote_type,,V,x\n", "quote_type cannot be ''", id="blank-quote-type"),
        pytest.param("a.csv", HEADER + f"{A},speaker_status,named,V,x\n", "to name the speaker, correct speaker_name", id="named-without-a-name"),
        pytest.param("a.csv", HEADER + f"{A},is_quote,true,V,x\n", "is_quote cannot be 'true'", id="is-quote-true"),
        pytest.param("a.csv", HEADER + f"{A},confirmed,,V,x\n", "confirmed cannot be ''", id="confirmed-blank"),
        pytest.param("a.csv", HEADER + f"{A},speaker_name,,V,x\n", "speaker_name is blank", id="blank-name"),
        pytest.param("a.csv", HEADER + f"{A},speaker_role,ma\x07yor,V,x\n", "cannot be printed", id="control-character"),
        pytest.param("a.csv", HEADER + f"{A},confirmed,true,,\n", "reviewer is blank", id="no-reviewer"),
        pytest.param("a.csv", HEADER + f"{A},is_quote,false,V,\n", "reason is blank", id="no-reason"),
        pytest.param("a.csv", HEADER + "4711,confirmed,true,V,\n", "'4711' is not an id", id="no-id"),
        pytest.param("a.csv", SPAN_HEADER + ",,,,confirmed,true,V,\n", "give either quote_id or", id="neither-id-nor-span"),
        pytest.param("a.csv", SPAN_HEADER + f"{A},{B},3,9,confirmed,true,V,\n", "give either quote_id or", id="both-id-and-span"),
        pytest.param("a.csv", SPAN_HEADER + f",{B},3,,confirmed,true,V,\n", "give all of article_id, start_char, end_char", id="half-a-span"),
        pytest.param("a.csv", SPAN_HEADER + f",{B},9,3,confirmed,true,V,\n", r"\[9:3\] is not a span", id="span-backwards"),
        pytest.param("a.csv", SPAN_HEADER + f",{B},-1,3,confirmed,true,V,\n", r"\[-1:3\] is not a span", id="span-before-the-text"),
        pytest.param("a.csv", HEADER + f"{A},quote_type,direct,V,x\n{A},quote_type,mixed,W,y\n", "row 3: quote_type 'mixed' contradicts 'direct' in a.csv, row 2", id="two-values"),
        pytest.param("a.csv", HEADER + f"{A},quote_type,direct,V,x\n{A},is_quote,false,W,y\n", "row 2: quote_type contradicts is_quote 'false' in a.csv, row 3", id="no-quote-and-its-type"),
        pytest.param("a.csv", HEADER + f"{A},speaker_name,Mara,V,x\n{A},speaker_status,unresolved,W,y\n", "speaker_name contradicts speaker_status", id="name-and-status"),
        pytest.param("a.csv", HEADER + f"{A},speaker_role,mayor,V,x\n{A},speaker_status,unattributed,W,y\n", "speaker_role contradicts speaker_status", id="role-of-nobody"),
        pytest.param("a.xlsx", b"PK", "a.xlsx: it is neither a .csv nor a .parquet file", id="spreadsheet"),
        pytest.param("a.parquet", b"PAR1", "a.parquet: it cannot be read", id="damaged-parquet"),
    ],
)  # fmt: skip
def test_fault_is_reported_with_its_file_and_row(tmp_path: Path, name: str, content: str | bytes, fault: str) -> None:
    write(tmp_path, name, content)
    with pytest.raises(UsageError, match=fault):
        read_corrections(tmp_path)


def test_parquet_with_other_types_is_refused(tmp_path: Path) -> None:
    columns: dict[str, list[object]] = {name: [["x"]] for name in ("quote_id", "field", "value", "reviewer", "reason")}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="value has the type list"):
        read_corrections(tmp_path)


def test_every_fault_of_every_file_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", HEADER + f"{A},speaker,x,V,x\n{A},confirmed,true,V,\n{A},quote_type,x,,x\n")
    write(tmp_path, "b.csv", "id\n")
    with pytest.raises(UsageError) as told:
        read_corrections(tmp_path)
    assert str(told.value).startswith("5 corrections cannot be applied; nothing was published")
    for where in (
        "a.csv, row 2",
        "a.csv, row 4: quote_type",
        "a.csv, row 4: reviewer",
        "b.csv: it has an unknown",
        "b.csv: it has no",
    ):
        assert where in str(told.value)


def test_two_reviewers_may_agree(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", HEADER + f"{A},is_quote,false,V,x\n")
    write(tmp_path, "b.csv", HEADER + f"{A},is_quote,FALSE,W,y\n")
    assert [correction.value for correction in read_corrections(tmp_path)] == ["false", "false"]


# ── Finding the quotes ─────────────────────────────────────────────────────────────────────────────────────────


def by_span(made: Made, number: int, field: str, value: str, shift: int = 0) -> Correction:
    quote = made.quotes[number]
    start, end = quote.start_char + shift, quote.end_char + shift
    return Correction("b.csv, row 2", None, quote.article_id, start, end, field, value, "V", "x")  # type: ignore[arg-type]


def test_span_identifies_the_quote(made: Made) -> None:
    plan = plan_corrections([by_span(made, WAITED, "confirmed", "true")], (), None, [made.tables["quotes"]])
    assert [quote.quote_id for quote in plan.reviewed] == [made.id_of(WAITED)]


@pytest.mark.parametrize(
    ("correction", "told"),
    [
        pytest.param(lambda made: by_span(made, WAITED, "confirmed", "true", 1), "there is no quote at", id="span"),
        pytest.param(
            lambda _: Correction("b.csv, row 2", "f" * 16, None, None, None, "confirmed", "true", "V", ""),
            "b.csv, row 2: there is no quote ffffffffffffffff",
            id="quote-id",
        ),
    ],
)
def test_unknown_quote_is_refused(made: Made, correction: Callable[[Made], Correction], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        plan_corrections([correction(made)], (), None, [made.tables["quotes"]])


def test_quote_named_by_id_and_by_span_is_one(made: Made) -> None:
    both = [*given(made, (WAITED, "is_quote", "false")), by_span(made, WAITED, "quote_type", "mixed")]
    with pytest.raises(UsageError, match="quote_type contradicts is_quote"):
        plan_corrections(both, (), None, [made.tables["quotes"]])


def test_only_articles_of_which_something_new_is_said_are_touched(made: Made) -> None:
    first = plan_corrections(given(made, (WAITED, "confirmed", "true")), (), None, [made.tables["quotes"]])
    again = plan_corrections(given(made, (WAITED, "confirmed", "true")), first.reviewed, None, no_quotes())
    other = plan_corrections(given(made, (WAITED, "quote_type", "mixed")), first.reviewed, None, no_quotes())
    withdrawn = plan_corrections([], first.reviewed, None, no_quotes())
    assert first.touched == other.touched == withdrawn.touched == {made.article.article_id}
    assert again.touched == frozenset()
    assert withdrawn.articles == frozenset()


def no_quotes() -> Iterator[pa.Table]:
    yield pytest.fail("quotes that were reviewed before are not looked up again")


def test_correction_waits_for_a_missing_quote_and_applies_when_it_returns(made: Made) -> None:
    corrections = [by_span(made, WAITED, "speaker_status", "unresolved")]
    first = apply(made, corrections).plan
    changed = make(TEXT.replace("I have waited four days", "I waited for days"))
    without = apply(changed, corrections, first.reviewed)
    assert [correction.where for correction in without.waiting] == ["b.csv, row 2"]
    assert set(without.quotes["review_status"].to_pylist()) == {"machine"}
    moved = make(TEXT.replace("resumes", "resumes at last"))  # the words stand elsewhere now
    back = apply(moved, corrections, without.plan.reviewed)
    assert back.waiting == []
    assert quote_of(back, made.id_of(WAITED))["speaker_status"] == "unresolved"


def test_corrections_of_a_removed_article_wait(made: Made) -> None:
    corrections = given(made, (WAITED, "confirmed", "true"))
    plan = plan_corrections(corrections, (), None, [made.tables["quotes"]])
    nothing = {name: rows.slice(0, 0) for name, rows in made.tables.items()}
    corrected = apply_corrections(plan, [made.article.article_id], nothing, summarise_entities)
    assert corrected.waiting == corrections
    elsewhere = apply_corrections(corrected.plan, [], nothing, summarise_entities)
    assert elsewhere.waiting == corrections, "what is not made again waits on"


def test_speaker_that_the_machine_finds_no_more_is_unresolved(made: Made) -> None:
    corrections = given(made, (CHECKED, "speaker_name", "Hazebroek"), (WAITED, "speaker_role", "baker"))
    first = apply(made, corrections).plan
    fewer = Made(
        made.article, made.quotes, [mention for mention in made.mentions if mention.entity_name != "Jon Hazebroek"]
    )
    quotes = [*made.quotes]
    for number in (WAITED, FLOUR, AGAIN):
        nobody = {"speaker_entity_id": None, "speaker_name": None, "speaker_status": "unattributed"}
        quotes[number] = Quote(**{n: getattr(made.quotes[number], n) for n in Quote.__slots__} | nobody)
    later = apply(Made(made.article, quotes, fewer.mentions), corrections, first.reviewed)
    row = quote_of(later, made.id_of(CHECKED))
    assert (row["speaker_name"], row["speaker_status"], row["review_status"]) == (None, "unresolved", "corrected")
    assert quote_of(later, made.id_of(WAITED))["speaker_role"] is None
    assert later.waiting == corrections
    assert apply(made, corrections, later.plan.reviewed).waiting == []


# ── Applying ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_corrections_all_is_as_the_machine_made_it(made: Made) -> None:
    corrected = correct(made)
    assert corrected.quotes.equals(made.tables["quotes"])
    assert corrected.mentions.equals(made.tables["mentions"])
    entities = summarise_entities(made.article, made.mentions, made.quotes)
    assert corrected.article_entities.equals(to_table(ArticleEntity, entities))


@pytest.mark.parametrize("name", ["Jon Hazebroek", " jon  hazebroek", "Hazebroek"])
def test_named_speaker_is_the_entity(made: Made, name: str) -> None:
    row = quote_of(correct(made, (CHECKED, "speaker_name", name)), made.id_of(CHECKED))
    jon = made.quotes[WAITED]
    assert (row["speaker_name"], row["speaker_entity_id"]) == (jon.speaker_name, jon.speaker_entity_id)
    assert (row["speaker_status"], row["speaker_method"], row["speaker_confidence"]) == ("named", "reviewed", None)
    assert (row["review_status"], row["speaker"]) == ("corrected", made.quotes[CHECKED].speaker)


def test_speaker_may_be_named_by_entity_id(made: Made) -> None:
    jon = made.quotes[WAITED].speaker_entity_id
    assert jon
    assert quote_of(correct(made, (CHECKED, "speaker_name", jon)), made.id_of(CHECKED))["speaker_entity_id"] == jon


def test_name_that_the_article_does_not_mention_is_refused(made: Made) -> None:
    with pytest.raises(UsageError, match="the article does not mention 'Ada Brandt'; it mentions: Jon Haz"):
        correct(made, (CHECKED, "speaker_name", "Ada Brandt"))


def test_name_of_two_entities_is_refused(made: Made) -> None:
    one = next(mention for mention in made.mentions if mention.text == "Hazebroek")
    other = [*made.mentions, Mention(**{n: getattr(one, n) for n in Mention.__slots__} | {"entity_id": "e" * 16})]
    with pytest.raises(
        UsageError, match=r"may be several entities of the article; give the id of one: .*eeeeeeeeeeeeeeee"
    ):
        correct(Made(made.article, made.quotes, other), (CHECKED, "speaker_name", "Hazebroek"))


def test_every_correction_that_cannot_be_applied_is_reported(made: Made) -> None:
    with pytest.raises(UsageError, match=r"(?s)^2 corrections .*row 2: .*'Ada'.*row 3: .*'Bea'"):
        correct(made, (CHECKED, "speaker_name", "Ada"), (WAITED, "speaker_name", "Bea"))


@pytest.mark.parametrize(
    ("status", "printed"),
    [
        pytest.param("unresolved", "Jon Hazebroek, a baker", id="unresolved"),
        pytest.param("unattributed", None, id="unattributed"),
    ],
)
def test_speaker_taken_away(made: Made, status: str, printed: str | None) -> None:
    row = quote_of(correct(made, (WAITED, "speaker_status", status)), made.id_of(WAITED))
    assert (row["speaker_status"], row["speaker_name"], row["speaker_entity_id"]) == (status, None, None)
    assert row["speaker_role"] is None
    assert row["speaker"] == printed
    assert (row["speaker_form"] == "none") is (printed is None)


def test_role_and_its_absence(made: Made) -> None:
    row = quote_of(correct(made, (WAITED, "speaker_role", "baker")), made.id_of(WAITED))
    assert (row["speaker_role"], row["speaker_name"], row["speaker_method"]) == ("baker", "Jon Hazebroek", "printed")
    assert (row["review_status"], row["speaker_confidence"]) == ("corrected", made.quotes[WAITED].speaker_confidence)
    same = quote_of(correct(made, (WAITED, "speaker_role", "")), made.id_of(WAITED))
    assert (same["speaker_role"], same["review_status"]) == (None, "confirmed")


def test_role_of_nobody_is_refused(made: Made) -> None:
    nobody = [*made.quotes]
    nobody[SAIL] = Quote(
        **{n: getattr(made.quotes[SAIL], n) for n in Quote.__slots__} | {"speaker_status": "unattributed"}
    )
    with pytest.raises(UsageError, match="the quote is unattributed"):
        correct(Made(made.article, nobody, made.mentions), (SAIL, "speaker_role", "board"))


def test_indirect_quote_counts_as_closed(made: Made) -> None:
    open_ended = [*made.quotes]
    open_ended[SAFE] = Quote(**{n: getattr(made.quotes[SAFE], n) for n in Quote.__slots__} | {"is_closed": False})
    made = Made(made.article, open_ended, made.mentions)
    assert quote_of(correct(made, (SAFE, "quote_type", "indirect")), made.id_of(SAFE))["is_closed"] is True
    assert quote_of(correct(made, (SAFE, "quote_type", "mixed")), made.id_of(SAFE))["is_closed"] is False


def test_confirmed_quote_changes_only_its_status(made: Made) -> None:
    for rows in ([(WAITED, "confirmed", "true")], [(WAITED, "speaker_name", "Hazebroek")]):
        row = quote_of(correct(made, *rows), made.id_of(WAITED))
        machine = made.tables["quotes"].filter(pc.field("quote_id") == made.id_of(WAITED)).to_pylist()[0]
        assert row == machine | {"review_status": "confirmed"}


def test_removed_quote_leaves_no_dangling_key(made: Made) -> None:
    corrected = correct(made, (SAFE, "is_quote", "false"), (MYSELF, "is_quote", "false"))
    rows = corrected.quotes.to_pylist()
    assert [row["position"] for row in rows] == [0, 1, 2, 3, 4]
    assert {made.id_of(SAFE), made.id_of(MYSELF)}.isdisjoint(row["quote_id"] for row in rows)
    assert made.quotes[AGAIN].repeat_of == made.id_of(SAFE)
    assert quote_of(corrected, made.id_of(AGAIN))["repeat_of"] is None, "it is the first now"
    held = {mention["quote_id"] for mention in corrected.mentions.to_pylist()}
    assert held <= {None, *(row["quote_id"] for row in rows)}


def test_i_in_a_removed_quote_refers_to_nobody(made: Made) -> None:
    corrected = correct(made, (MYSELF, "is_quote", "false"))
    texts = Counter(mention.text for mention in made.mentions)
    assert Counter(corrected.mentions["text"].to_pylist()) == texts - Counter(["I", "myself"])


def test_pronouns_follow_the_speaker(made: Made) -> None:
    corrected = correct(made, (MYSELF, "speaker_name", "Hazebroek"), (SAFE, "speaker_name", "Hazebroek"))
    meant = {row["start_char"]: row["entity_name"] for row in corrected.mentions.to_pylist()}
    text = made.article.text
    for words in ("I checked", "she said"):
        assert meant[text.index(words)] == "Jon Hazebroek"
    assert meant[text.index("I have waited")] == "Jon Hazebroek"
    assert meant[text.index("Mara")] == "Mara Oduya"


def test_pronoun_of_an_unnamed_speaker_is_not_a_mention(made: Made) -> None:
    corrected = correct(made, (SAFE, "speaker_status", "unresolved"))
    assert "she" not in corrected.mentions["text"].to_pylist()


def test_counts_follow(made: Made) -> None:
    corrected = correct(made, (CHECKED, "speaker_name", "Hazebroek"), (SAFE, "is_quote", "false"))
    counts = {row["entity_name"]: row["quote_count"] for row in corrected.article_entities.to_pylist()}
    spoken = Counter(row["speaker_name"] for row in corrected.quotes.to_pylist())
    assert counts == {name: spoken[name] for name in counts}
    assert counts["Jon Hazebroek"] == 4


SAY = st.sampled_from(
    [
        *(("speaker_name", name) for name in ("Hazebroek", "Mara Oduya", "Port Ellery")),
        *(("speaker_status", status) for status in ("unresolved", "unattributed")),
        *(("quote_type", kind) for kind in ("direct", "indirect")),
        ("is_quote", "false"),
        ("confirmed", "true"),
    ]
)


@given_any(st.dictionaries(st.integers(0, 6), SAY))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_corrections_keep_keys_and_counts_right(made: Made, sayings: dict[int, tuple[str, str]]) -> None:
    corrected = correct(made, *((number, *say) for number, say in sayings.items()))
    quotes, mentions = corrected.quotes.to_pylist(), corrected.mentions.to_pylist()
    ids = {row["quote_id"] for row in quotes}
    assert len(ids) == 7 - sum(say == ("is_quote", "false") for say in sayings.values())
    assert [row["position"] for row in quotes] == list(range(len(quotes)))
    assert {row["repeat_of"] for row in quotes} | {row["quote_id"] for row in mentions} <= ids | {None}
    by_words = Counter(row["text"] for row in quotes if row["repeat_of"] is None)
    assert set(by_words.values()) <= {1}, "one of those with the same words is the first"
    for row in quotes:
        assert (row["speaker_name"] is None) == (row["speaker_entity_id"] is None) == (row["speaker_status"] != "named")
    spoken = Counter(row["speaker_entity_id"] for row in quotes if row["speaker_entity_id"])
    seen = Counter(row["entity_id"] for row in mentions)
    entities = {row["entity_id"]: row for row in corrected.article_entities.to_pylist()}
    assert {key: row["quote_count"] for key, row in entities.items()} == {key: spoken[key] for key in entities}
    assert {key: row["mention_count"] for key, row in entities.items()} == seen
    assert spoken.keys() <= entities.keys()


def test_withdrawn_corrections_restore_the_machines_rows(made: Made) -> None:
    before = correct(made, (CHECKED, "speaker_name", "Hazebroek"), (SAFE, "is_quote", "false")).plan.reviewed
    assert apply(made, [], before).quotes.equals(made.tables["quotes"])


# ── Gold ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("versions")


def gold_of(made: Made, folder: Path, target: Path, *rows: tuple[int, str, str]) -> GoldCount:
    corrected = correct(made, *rows)
    version = new_version(folder, "20240508T100000Z-0000")
    home = "2024-05", "part-0.parquet"
    write_table(version, "articles", made.tables["articles"], home)
    write_table(version, "quotes", corrected.quotes, home)
    write_table(version, "mentions", corrected.mentions, home)
    write_table(version, "machine_quotes", made.tables["quotes"])
    write_table(version, "reviewed", corrected.plan.reviewed)
    return write_gold(version, target)


def test_article_of_which_every_quote_was_looked_at_trains(made: Made, versions: Path, tmp_path: Path) -> None:
    rest = [(number, "confirmed", "true") for number in range(7) if number != FLOUR]
    count = gold_of(made, versions, tmp_path / "gold", *rest, (FLOUR, "is_quote", "false"))
    assert count == GoldCount(quotes=7, articles=1, annotated=1)
    (one,) = read_corpus(tmp_path / "gold")
    told = [[[one.given[start:end] for start, end in part] for part in attribution] for attribution in one.attributions]
    assert told[1] == [
        ["Mara Oduya, who leads the board"],
        ["said"],
        ["We checked every cable and every ramp,", "I checked the boats myself."],
    ]
    assert len(told) == 5
    assert len((tmp_path / "gold" / "quotes.jsonl").read_text("utf-8").splitlines()) == 7


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([(WAITED, "confirmed", "true")], id="others-were-not-looked-at"),
        pytest.param(
            [*((number, "confirmed", "true") for number in range(6)), (AGAIN, "speaker_name", "Mara Oduya")],
            id="printed-name-is-not-the-speakers",
        ),
    ],
)
def test_article_that_would_teach_wrong_is_not_annotated(
    made: Made, versions: Path, tmp_path: Path, rows: list[tuple[int, str, str]]
) -> None:
    count = gold_of(made, versions, tmp_path / "gold", *rows)
    assert count == GoldCount(quotes=len(rows), articles=1, annotated=0)
    assert list(read_corpus(tmp_path / "gold")) == []


def test_gold_does_not_go_into_a_folder_in_use(made: Made, versions: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        gold_of(made, versions, tmp_path)


def test_unwritable_folder_for_gold_is_reported(made: Made, versions: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        gold_of(made, versions, tmp_path / "file" / "gold")
