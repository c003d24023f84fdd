"""A quote in its context, and a run in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest

from pipeline.contract import Count, Run, SpeakerMethod
from pipeline.errors import UsageError
from pipeline.show import METHODS, describe_run, raw_ranges, show_quote

TEXT = "Café reopens\n\n“We are open,” said Mara Oduya.\n\nSoup is served."
START = TEXT.index("We are")
END = START + len("We are open,")
RAW = TEXT.replace("\n\n", "\n").encode()
SPAN = {"start_char": 14, "end_char": 46, "start_byte": len("Café reopens\n".encode()), "end_byte": 49}
ARTICLE: dict[str, Any] = {
    "article_id": "0" * 16, "publisher": "Harbour Post", "published_on": date(2024, 5, 7), "headline": "Café reopens",
    "text": TEXT, "raw_path": "a.txt", "raw_record": "0", "encoding": "utf-8", "raw_spans": [SPAN],
}  # fmt: skip
QUOTE: dict[str, Any] = {
    "quote_type": "direct", "segment_kind": "paragraph", "is_closed": True, "speaker_name": "Mara Oduya",
    "speaker_status": "named", "speaker_method": "printed", "speaker": "Mara Oduya", "cue": "said",
    "speaker_role": None, "start_char": START, "end_char": END,
}  # fmt: skip


def no_records(_: str) -> Iterator[tuple[str, bytes]]:
    return iter(())


def run(**changes: Any) -> Run:
    counts = dict.fromkeys(
        (f.name for f in Run.__dataclass_fields__.values() if f.name.endswith(("_count", "_total"))), 0
    )
    given: dict[str, Any] = {
        "run_id": "20240507T100000Z-0000", "started_at": datetime(2024, 5, 7, 10, tzinfo=UTC),
        "finished_at": datetime(2024, 5, 7, 10, 0, 2, tzinfo=UTC), "version": "0", "model_version": "rules",
        "source": "wire", "raw": "/wire", "settings": "{}", "attributions": "said", "knowledge_base": None,
        "knowledge_base_sha256": None, "reject_reasons": [], "skip_reasons": [],
    }  # fmt: skip
    return Run(**(counts | given | changes))


def test_quote_is_shown_in_its_paragraph_only() -> None:
    shown = show_quote(ARTICLE, QUOTE, no_records)
    assert "“⟦We are open,⟧” said Mara Oduya." in shown
    assert "Soup" not in shown
    assert shown.startswith("Harbour Post · 2024-05-07 · Café reopens")


def test_raw_line_is_the_files_own() -> None:
    assert "raw line   2: “We are open,” said Mara Oduya." in show_quote(ARTICLE, QUOTE, lambda _: iter([("0", RAW)]))


def test_missing_raw_file_says_what_to_do() -> None:
    def gone(_: str) -> Iterator[tuple[str, bytes]]:
        raise UsageError("/wire does not exist")

    assert "name its folder with --raw" in show_quote(ARTICLE, QUOTE, gone)
    assert "name its folder with --raw" in show_quote(ARTICLE, QUOTE, no_records)


def test_repaired_stretch_has_no_bytes() -> None:
    assert "none decode to exactly this text" in show_quote(ARTICLE | {"raw_spans": []}, QUOTE, no_records)


def test_unknown_speaker_is_not_invented() -> None:
    shown = show_quote(
        ARTICLE,
        QUOTE | {"speaker": None, "speaker_name": None, "speaker_status": "unattributed", "speaker_method": "none"},
        no_records,
    )
    assert "speaker    unknown (unattributed)" in shown
    assert "printed" not in shown


def test_ranges_are_the_quotes_bytes() -> None:
    ((start, end),) = raw_ranges(ARTICLE["raw_spans"], START, END, ARTICLE)
    assert RAW[start:end].decode() == "We are open,"


def test_every_method_reads_in_a_sentence() -> None:
    assert set(METHODS) == set(get_args(SpeakerMethod))


@pytest.mark.parametrize(
    ("outcome", "has_totals"),
    [pytest.param("published", True, id="published"), pytest.param("nothing to do", False, id="nothing-to-do")],
)
def test_run_in_a_few_lines(outcome: str, has_totals: bool) -> None:
    told = describe_run(
        run(
            record_count=1202,
            new_count=1199,
            reject_count=1,
            reject_reasons=[Count("empty", 1)],
            skip_count=2,
            skip_reasons=[Count("http_error", 1), Count("sidecar", 1)],
            article_total=1199,
        ),
        outcome,
    )
    assert "records    1,202: 1,199 new, 1 rejected, 2 skipped\n" in told
    assert "rejected   1 empty\n" in told
    assert "skipped    1 http_error, 1 sidecar: left out on purpose" in told
    assert ("data set   1,199 articles" in told) is has_totals
