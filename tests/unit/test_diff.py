"""What changed between two versions, each change with its cause."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.contract import Article, Quote, Run, Segment, columns, stable_id
from pipeline.diff import (
    Change,
    Difference,
    changes_as_html,
    compare,
    describe_difference,
    summarise_changes,
    write_diff_html,
)
from pipeline.diff.word_diff import DiffSpan, mark_words
from pipeline.store import Version
from tests.unit.versions import Home, new_version, write_parts, write_table

FIRST, SECOND = "20240507T100000Z-0000", "20240508T100000Z-0000"
MAY: Home = ("2024-05", "part-0.parquet")
JUNE: Home = ("2024-06", "part-0.parquet")
TEXT = "Ferry sails again\n\n“The cables hold for ten years,” said Mara Oduya. Tolls stay as they are."


def article(number: int = 1, text: str = TEXT, **changes: Any) -> Article:
    day = date(2024, 5, 7)
    given: dict[str, Any] = {
        "article_id": f"{number:016x}", "source": "wire", "raw_path": f"{number}.txt", "raw_record": "0",
        "raw_sha256": "a" * 64, "raw_spans": [], "input_format": "text", "encoding": "utf-8",
        "publisher": "Harbour Post", "publisher_source": "setting", "url": None, "url_source": None,
        "canonical_url": None, "headline": "Ferry sails again", "headline_source": "text", "standfirst": None,
        "standfirst_source": None, "byline": None, "authors": [], "authors_source": None, "agency": None,
        "dateline_place": None, "published_on": day, "published_at": None, "published_precision": "day",
        "published_source": "text", "published_evidence": None, "modified_at": None, "modified_source": None,
        "fetched_at": None, "language": "en", "language_confidence": 0.9, "language_source": "text",
        "section": None, "section_source": None, "text": text, "body_start_char": 0,
        "segments": [Segment("paragraph", 0, len(text))], "word_count": 9,
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(), "quality_flags": [], "notes": [], "run_id": FIRST,
    }  # fmt: skip
    return Article(**given | changes)


def quote(text: str = "The cables hold for ten years,", number: int = 1, **changes: Any) -> Quote:
    article_id = f"{number:016x}"
    given: dict[str, Any] = {
        "quote_id": stable_id(article_id, text, 0), "article_id": article_id, "published_on": date(2024, 5, 7),
        "utterance_id": "0" * 16, "position": 0, "quote_type": "direct", "text": text, "start_char": 20,
        "end_char": 20 + len(text), "is_closed": True, "segment_kind": "paragraph", "cue": "said", "cue_start_char": 51,
        "cue_end_char": 55, "speaker": "Mara Oduya", "speaker_start_char": 56, "speaker_end_char": 66,
        "speaker_form": "name", "speaker_entity_id": "e" * 16, "speaker_name": "Mara Oduya",
        "speaker_role": None, "speaker_status": "named", "speaker_method": "printed", "speaker_confidence": 0.98,
        "context_before": "", "context_after": "", "repeat_of": None,
    }  # fmt: skip
    return Quote(**given | changes)


NOBODY: Mapping[str, Any] = {"speaker_entity_id": None, "speaker_name": None, "speaker_status": "unresolved"}


def run(run_id: str, **changes: Any) -> Run:
    counts = {column.name: 0 for column in columns(Run) if column.name.endswith(("_count", "_total"))}
    given: dict[str, Any] = {
        "run_id": run_id, "started_at": datetime(2024, 5, 7, 10, tzinfo=UTC), "raw": "/wire", "source": "wire",
        "finished_at": datetime(2024, 5, 7, 10, 0, 2, tzinfo=UTC), "version": "1", "model_version": "rules",
        "settings": "{}", "attributions": "said", "knowledge_base": None, "knowledge_base_sha256": None,
        "reject_reasons": [], "skip_reasons": [],
    }  # fmt: skip
    return Run(**(counts | given | changes))


@pytest.fixture(autouse=True)
def _versions(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a folder for its versions."""
    monkeypatch.setattr(sys.modules[__name__], "folder", tmp_path_factory.mktemp("versions"))


folder = Path()  # set by the fixture


def version(
    *rows: Article | Quote, name: str = FIRST, runs: Sequence[Run] = (), **parts: Sequence[Article | Quote]
) -> Version:
    """Return a version with rows in May, or in parts of a month (``may``, ``june``)."""
    homes = {"may": MAY, "june": JUNE}
    written = new_version(folder, name)
    write_parts(written, {MAY: rows} if rows else {homes[part]: rows for part, rows in parts.items()})
    write_table(written, "runs", list(runs) or [run(FIRST), run(SECOND)])
    return written


def counts_of(difference: Difference) -> dict[str, int]:
    return {group.title: count for group, count in difference.counts.items()}


def only(difference: Difference) -> Change:
    ((change,),) = difference.examples.values()
    return change


def values(change: Change) -> dict[str, tuple[str, str]]:
    """Return each column's value before and after."""
    return {
        value.column: (
            "".join(span.text for span in value.spans if span.is_in != "after"),
            "".join(span.text for span in value.spans if span.is_in != "before"),
        )
        for value in change.values
    }


CURATED_AGAIN: Mapping[str, Any] = {"run_id": SECOND}
CHANGED: Mapping[str, Any] = {"run_id": SECOND, "raw_sha256": "b" * 64, "revision": 2}


def test_same_version_has_no_changes() -> None:
    same = version(article(), quote())
    assert counts_of(compare(same, same)) == {}
    assert summarise_changes(compare(same, same)) == ["nothing changed"]


def test_empty_versions_have_no_changes() -> None:
    assert counts_of(compare(version(), version())) == {}


def test_new_article_adds_its_quotes() -> None:
    difference = compare(version(article(1)), version(article(1), article(2, headline="Gulls return"), quote(number=2)))
    assert counts_of(difference) == {"Articles added: new input": 1, "Quotes added: new input": 1}
    assert [changes[0].where for changes in difference.examples.values()] == [
        "Harbour Post · 2024-05-07 · Gulls return",
        "Harbour Post · 2024-05-07 · Gulls return · Mara Oduya",
    ]


def test_removed_article_removes_its_quotes() -> None:
    difference = compare(version(article(1), article(2), quote(number=2)), version(article(1)))
    assert counts_of(difference) == {"Articles removed": 1, "Quotes removed": 1}


def test_comparing_backwards_reports_the_opposite() -> None:
    old, new = version(article(1), quote()), version(article(1), quote(), article(2))
    assert counts_of(compare(new, old)) == {"Articles removed": 1}


def test_versions_that_share_nothing() -> None:
    difference = compare(version(may=[article(1), quote()]), version(june=[article(2), quote(number=2)]))
    assert sorted(counts_of(difference)) == [
        "Articles added: new input", "Articles removed", "Quotes added: new input", "Quotes removed",
    ]  # fmt: skip


def test_first_version_is_all_new() -> None:
    assert counts_of(compare(None, version(article(), quote()))) == {
        "Articles added: new input": 1,
        "Quotes added: new input": 1,
    }


def test_article_whose_month_changed_is_one_changed_article() -> None:
    moved = article(1, published_on=date(2024, 6, 1), **CHANGED)
    before = version(may=[article(1), quote(), article(2)], june=[article(3)])
    difference = compare(before, version(may=[article(2)], june=[article(3), moved, quote()]))
    assert counts_of(difference) == {"Articles changed: changed input": 1}
    assert values(only(difference)) == {"published_on": ("2024-05-07", "2024-06-01"), "revision": ("1", "2")}


def test_articles_that_only_moved_between_files_did_not_change() -> None:
    rows = [article(1), quote(), article(2), quote(number=2)]
    assert counts_of(compare(version(may=rows[:2], june=rows[2:]), version(*rows))) == {}


@pytest.mark.parametrize(
    ("changes", "runs", "cause"),
    [
        pytest.param(CHANGED, {}, "changed input", id="other-bytes"),
        pytest.param({"run_id": SECOND, "revision": 2}, {}, "changed input", id="other-sidecar"),
        pytest.param({"run_id": SECOND, "raw_path": "new/1.txt"}, {}, "changed input", id="other-record"),
        pytest.param(CHANGED, {"version": "2"}, "changed input", id="other-bytes-and-other-code"),
        pytest.param(CURATED_AGAIN, {"version": "2"}, "new code", id="other-code"),
        pytest.param(CURATED_AGAIN, {"model_version": "m2"}, "new code", id="other-model"),
        pytest.param(
            CURATED_AGAIN, {"model_version": "m2", "settings": "[]"}, "new code", id="other-model-and-settings"
        ),
        pytest.param(CURATED_AGAIN, {}, "new code", id="code-changed-without-a-new-version"),
        pytest.param(CURATED_AGAIN, {"settings": '{"publisher": "X"}'}, "new settings", id="other-settings"),
        pytest.param(CURATED_AGAIN, {"attributions": "all"}, "new settings", id="other-attributions"),
        pytest.param(CURATED_AGAIN, {"knowledge_base_sha256": "c" * 64}, "new settings", id="other-knowledge-base"),
    ],
)
def test_cause_of_a_changed_article_and_of_its_quotes(
    changes: Mapping[str, Any], runs: Mapping[str, Any], cause: str
) -> None:
    both = [run(FIRST), run(SECOND, **runs)]
    before = version(article(), quote(), runs=both)
    after = version(article(publisher="The Harbour Post", **changes), quote(**NOBODY), runs=both)
    assert counts_of(compare(before, after)) == {f"Articles changed: {cause}": 1, f"Speakers removed: {cause}": 1}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"duplicate_of": "9" * 16, "duplicate_kind": "near", "duplicate_similarity": 0.9}, id="now-a-copy"
        ),
        pytest.param({"revision": 3}, id="older-record-of-it-arrived"),
        pytest.param({"duplicate_of": "9" * 16, "duplicate_kind": "near", "run_id": SECOND}, id="curated-again"),
    ],
)
def test_changes_caused_by_other_articles(changes: Mapping[str, Any]) -> None:
    assert counts_of(compare(version(article()), version(article(**changes)))) == {
        "Articles changed: other articles": 1
    }


def test_text_that_stays_while_its_record_changes_is_changed_input() -> None:
    assert counts_of(compare(version(article()), version(article(**CHANGED)))) == {"Articles changed: changed input": 1}


@pytest.mark.parametrize(
    ("before", "after", "group"),
    [
        pytest.param(
            quote(), quote(speaker_role="minister", review_status="corrected"), "Quotes changed", id="corrected"
        ),
        pytest.param(quote(), quote(review_status="confirmed"), "Quotes changed", id="confirmed"),
        pytest.param(
            quote(review_status="corrected"), quote(quote_type="mixed"), "Quotes changed", id="correction-withdrawn"
        ),
        pytest.param(quote(), None, "Quotes removed", id="not-a-quote"),
        pytest.param(None, quote(), "Quotes added", id="a-quote-after-all"),
    ],
)
def test_corrections_of_people(before: Quote | None, after: Quote | None, group: str) -> None:
    difference = compare(
        version(article(), *([before] if before else [])), version(article(), *([after] if after else []))
    )
    assert counts_of(difference) == {f"{group}: correction": 1}


def test_correction_and_new_code_in_the_same_article() -> None:
    other = quote("The tolls stay as they are,", position=1)
    before = version(article(), quote(), other)
    after = version(
        article(**CURATED_AGAIN),
        quote(speaker_name="Ines Quill", review_status="corrected"),
        replace(other, speaker_name="Ida"),
    )
    assert counts_of(compare(before, after)) == {
        "Speakers changed: correction": 1,
        "Speakers changed: new code": 1,
    }


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        pytest.param({}, {"speaker_name": "Ines Quill"}, "changed", id="another-name"),
        pytest.param({}, {"speaker_entity_id": "f" * 16}, "changed", id="another-entity-of-the-same-name"),
        pytest.param({}, NOBODY, "removed", id="no-longer-named"),
        pytest.param(NOBODY, {}, "added", id="named-now"),
        pytest.param(NOBODY, NOBODY | {"speaker_status": "unattributed"}, "changed", id="unresolved-then-unattributed"),
    ],
)
def test_speaker_of_the_same_words(before: Mapping[str, Any], after: Mapping[str, Any], kind: str) -> None:
    difference = compare(version(article(), quote(**before)), version(article(**CHANGED), quote(**after)))
    assert counts_of(difference) == {"Articles changed: changed input": 1, f"Speakers {kind}: changed input": 1}
    (change,) = list(difference.examples.values())[1]
    assert change.words == "The cables hold for ten years,"


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        pytest.param(
            {"speaker": "Ines Quill", "speaker_name": "Ines Quill"}, {"Speakers changed": 1}, id="printed-and-resolved"
        ),
        pytest.param({"speaker": "Ms Oduya"}, {"Quotes changed": 1}, id="same-person-printed-differently"),
        pytest.param(
            {"speaker_name": "Ines Quill", "quote_type": "mixed", "speaker": "Ines Quill"},
            {"Quotes changed": 1, "Speakers changed": 1},
            id="speaker-and-more",
        ),
    ],
)
def test_printed_and_resolved_speaker_are_one_change(changes: Mapping[str, Any], counts: Mapping[str, int]) -> None:
    difference = compare(version(article(), quote()), version(article(**CURATED_AGAIN), quote(**changes)))
    assert counts_of(difference) == {f"{kind}: new code": count for kind, count in counts.items()}
    shown = [value.column for found in difference.examples.values() for value in found[0].values]
    assert sorted(shown) == sorted(changes)


def test_reworded_quote_is_one_changed_quote() -> None:
    before = version(article(), quote("The cables hold for ten years,"), quote("We are glad.", position=1))
    after = version(
        article(**CHANGED),
        quote("Nobody asked us.", position=0),
        quote("The cables will hold for two years,", position=1, speaker_name="Ines Quill"),
    )
    difference = compare(before, after)
    assert counts_of(difference) == {
        "Articles changed: changed input": 1,
        "Quotes added: changed input": 1,
        "Quotes removed: changed input": 1,
        "Quotes changed: changed input": 1,
        "Speakers changed: changed input": 1,
    }
    shown = {group.title: changes[0] for group, changes in difference.examples.items()}
    reworded = shown["Quotes changed: changed input"]
    assert values(reworded) == {"text": ("The cables hold for ten years,", "The cables will hold for two years,")}
    assert [span for span in reworded.values[0].spans if span.is_in != "both"] == [
        DiffSpan("after", "will "), DiffSpan("before", "ten "), DiffSpan("after", "two "),
    ]  # fmt: skip
    assert shown["Quotes added: changed input"].words == "Nobody asked us."


def test_most_similar_reworded_quotes_are_paired() -> None:
    said = ["The east pier opens in May.", "The west pier opens in June.", "The north pier never opens."]
    later = ["The west pier opens in July.", "The north pier never opened.", "The east pier opens in April."]
    before = version(article(), *(quote(text, position=number) for number, text in enumerate(said)))
    difference = compare(
        before, version(article(**CHANGED), *(quote(text, position=number) for number, text in enumerate(later)))
    )
    changes = [change for group, found in difference.examples.items() if group.what == "quote" for change in found]
    assert [values(change)["text"] for change in changes] == list(zip(said, [later[2], *later[:2]], strict=True))


def test_quotes_of_other_articles_are_never_paired() -> None:
    before = version(article(1), quote("The east pier opens in May.", number=1), article(2))
    after = version(article(1, **CHANGED), article(2, **CHANGED), quote("The east pier opens in June.", number=2))
    kinds = [group.kind for group in compare(before, after).counts if group.what == "quote"]
    assert kinds == ["added", "removed"]


def test_bookkeeping_columns_are_not_compared() -> None:
    before = version(article(), quote())
    seen = datetime(2024, 5, 9, tzinfo=UTC)
    after = version(
        article(**CURATED_AGAIN, first_seen_at=seen, fetched_at=seen, notes=["read twice"], language_confidence=0.8),
        quote(position=4, start_char=90, end_char=120, context_before="…", speaker_confidence=0.5),
    )
    assert counts_of(compare(before, after)) == {}


def test_lists_are_compared_and_counts_of() -> None:
    before = version(article(authors=["Ida Bell"]), article(2, quality_flags=["short_text"]))
    after = version(article(authors=["Ida Bell", "Tom Reed"], **CHANGED), article(2, quality_flags=["short_text"]))
    assert values(only(compare(before, after)))["authors"] == ("Ida Bell", "Ida Bell, Tom Reed")


def test_stealth_edit_is_shown_in_its_context() -> None:
    long = "The pier is old. " * 40
    before = version(article(text=long + "It costs ten crowns. " + long))
    after = version(article(text=long + "It costs twelve crowns. " + long, **CHANGED))
    (text,) = (value for value in only(compare(before, after)).values if value.column == "text")
    assert [span.is_in for span in text.spans] == ["both", "before", "after", "both"]
    assert [span.text for span in text.spans[1:3]] == ["ten ", "twelve "]
    assert text.spans[0].text.endswith("pier is old. It costs ")
    assert sum(len(span.text) for span in text.spans) < 150


@pytest.mark.parametrize(
    ("before", "after", "spans"),
    [
        pytest.param(None, "new", [("after", "new")], id="nothing-before"),
        pytest.param("old", None, [("before", "old")], id="nothing-after"),
        pytest.param("", "", [], id="nothing"),
        pytest.param("a b c", "a c", [("both", "a "), ("before", "b "), ("both", "c")], id="word-removed"),
        pytest.param("a b", "a b c", [("both", "a b "), ("after", "c")], id="word-added"),
        pytest.param("a a", "a", [("both", "a "), ("before", "a")], id="word-repeated"),
        pytest.param("a b", "a\n\nb", [("before", "a "), ("after", "a\n\n"), ("both", "b")], id="white-space-only"),
        pytest.param("a\u00a0b", "x", [("before", "a\u00a0b"), ("after", "x")], id="everything-replaced"),
    ],
)
def test_words_are_marked(before: str | None, after: str | None, spans: list[tuple[str, str]]) -> None:
    assert [(span.is_in, span.text) for span in mark_words(before, after)] == spans


def test_very_long_values_are_cut() -> None:
    old, new = (" ".join(f"{word}{index}" for index in range(5_000)) for word in ("tide", "moon"))
    assert sum(len(span.text) for span in mark_words(old, new)) < 1_000
    every_other = " ".join(f"tide{index} {'moon' if index % 2 else 'sun'}" for index in range(240))
    assert sum(len(span.text) for span in mark_words(every_other, every_other.replace("moon", "rain"))) < 3_000


def many(count: int, **changes: Any) -> Version:
    return version(*(article(number, **changes) for number in range(count)))


def test_all_changes_are_counted_and_some_kept_as_examples() -> None:
    difference = compare(many(30), many(30, **CHANGED), limit=7)
    assert counts_of(difference) == {"Articles changed: changed input": 30}
    assert [len(changes) for changes in difference.examples.values()] == [7]
    shown = describe_difference(difference, limit=3)
    assert "        30  articles changed: 30 changed input\n" in shown
    assert shown.endswith("  … and 27 more; --html shows up to 7")
    assert shown.count("Ferry sails again") == 3


def test_terminal_shows_old_and_new_values() -> None:
    before = version(article(), quote(), name=FIRST)
    after = version(
        article(headline="Ferry runs again", **CHANGED),
        quote("The cables hold for two years,", speaker_name="Ines Quill"),
        name=SECOND,
    )
    assert (
        describe_difference(compare(before, after))
        == f"""\
from {FIRST} to {SECOND}
         1  articles changed: 1 changed input
         1  quotes changed: 1 changed input
         1  speakers changed: 1 changed input

Articles changed: changed input
  0000000000000001  Harbour Post · 2024-05-07 · Ferry runs again
    headline: Ferry [-sails-] {{+runs+}} again
    revision: [-1-] {{+2+}}

Quotes changed: changed input
  {quote("The cables hold for two years,").quote_id}  Harbour Post · 2024-05-07 · Ferry runs again
    text: The cables hold for [-ten-] {{+two+}} years,

Speakers changed: changed input
  {quote("The cables hold for two years,").quote_id}  Harbour Post · 2024-05-07 · Ferry runs again
    “The cables hold for two years,”
    speaker_name: [-Mara Oduya-] {{+Ines Quill+}}"""
    )


def test_summary_adds_up_the_causes() -> None:
    before = version(article(1), article(2), article(3))
    after = version(article(1, duplicate_of="9" * 16), article(2, **CHANGED), article(3, **CHANGED))
    assert summarise_changes(compare(before, after)) == [
        "         3  articles changed: 2 changed input, 1 other articles"
    ]


def test_page_marks_words_and_escapes_them(tmp_path: Path) -> None:
    before = version(article(), quote("The cables hold for ten years,"))
    after = version(
        article(headline="<script>alert(1)</script> & more", **CHANGED), quote("The cables hold for <b>two</b> years,")
    )
    page = tmp_path / "diff.html"
    write_diff_html(page, compare(before, after))
    html = page.read_text("utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert "hold for <del>ten </del><ins>&lt;b&gt;two&lt;/b&gt; </ins>years," in html
    assert "http" not in html
    assert list(tmp_path.iterdir()) == [page]


def test_page_without_changes_says_so(tmp_path: Path) -> None:
    write_diff_html(tmp_path / "diff.html", compare(version(article()), version(article())))
    assert "Nothing changed." in (tmp_path / "diff.html").read_text("utf-8")


def test_page_of_at_most_a_megabyte_says_that_it_omits_changes(tmp_path: Path) -> None:
    words = '"&<>' * 100
    before = version(*(article(number) for number in range(900)))
    after = version(
        *(article(number, headline=f"{words} {number}", **CHANGED) for number in range(900)), article(1_000)
    )
    page = tmp_path / "diff.html"
    write_diff_html(page, compare(before, after, limit=1_000))
    html = page.read_text("utf-8")
    assert len(html.encode()) < 1_000_000
    shown = html.count("<li>")
    assert 50 < shown < 900
    assert f"… and {901 - shown} more, not shown." in html


def test_part_of_a_page_keeps_its_limit() -> None:
    assert len(changes_as_html(compare(many(100), many(100, **CHANGED)), 10_000).encode()) < 11_000
