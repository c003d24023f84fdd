"""Quote spans from tags; sources, cues and contents are marked in the texts, and only names are found."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pipeline.contract import Article, Attributions, RawArticle, RawRef
from pipeline.language import Reading, read_language
from pipeline.language.tagger import Role, Tag, Tags
from pipeline.normalise import normalise
from pipeline.quotes.find_spans import find_quote_spans
from pipeline.quotes.quote_spans import QuoteSpan

HEADLINE = "Harbour talks go on\n\n"
# [s0:Oduya] [k0:said] [c0:the bridge would open]: its role, and the number of its utterance.
MARKED = re.compile(r"\[(?P<role>[sck])(?P<number>\d):(?P<words>[^\]]*)\]")
ROLES: dict[str, Role] = {"s": "source", "k": "cue", "c": "content"}


def read(marked: str) -> tuple[Article, Reading]:
    """Return the article and its reading with the marked tags, each linked to the first cue of its number."""
    article = normalise(
        RawArticle(
            RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", HEADLINE + MARKED.sub(r"\g<words>", marked)
        )
    )
    assert isinstance(article, Article)
    spans: list[Tag] = []
    numbers: list[str] = []
    end = len(HEADLINE)
    for found in MARKED.finditer(marked):
        start = article.text.index(found["words"], end)
        end = start + len(found["words"])
        spans.append(Tag(ROLES[found["role"]], start, end))
        numbers.append(found["number"])
    anchors = {}
    for role in ("content", "source", "cue"):
        for index, (span, number) in reversed(list(enumerate(zip(spans, numbers, strict=True)))):
            if span.role == role:
                anchors[number] = index
    links = tuple(
        {index: 0.9 if index == anchors[number] else 0.01 for index in range(len(spans))} for number in numbers
    )
    reading = read_language(article)
    return article, replace(reading, tags=Tags(tuple(spans), links, reading.tags.names))


def spans_of(marked: str, attributions: Attributions = "said") -> list[tuple[QuoteSpan, str, str | None]]:
    """Return every span with its words and its printed source."""
    article, reading = read(marked)
    found = []
    for span in find_quote_spans(article, reading, attributions):
        source = span.attribution.source if span.attribution and not span.is_continued else None
        printed = article.text[source.start : source.end] if source else None
        found.append((span, article.text[span.start : span.end], printed))
    return found


@pytest.mark.parametrize(
    ("marked", "kind", "words"),
    [
        pytest.param(
            "[s0:Oduya] [k0:said] [c0:that the bridge would open].",
            "indirect",
            "that the bridge would open",
            id="reported",
        ),
        pytest.param('[c0:"We wait,"] [k0:said] [s0:Oduya].', "direct", "We wait,", id="within-marks"),
        pytest.param('"[c0:We wait]," [k0:said] [s0:Oduya].', "direct", "We wait,", id="punctuation-before-the-mark"),
        pytest.param(
            '[c0:"We wait and] we pay," [k0:said] [s0:Oduya].', "direct", "We wait and we pay,", id="most-is-all"
        ),
        pytest.param(
            '[s0:Oduya] [k0:called] [c0:the plan "a gift to the gulls of the harbour"].',
            "mixed",
            'the plan "a gift to the gulls of the harbour"',
            id="words-outside-the-marks",
        ),
    ],
)
def test_extent_and_type(marked: str, kind: str, words: str) -> None:
    ((span, found, _),) = spans_of(marked)
    assert (span.quote_type, found) == (kind, words)


def test_quotations_around_an_attribution_are_one_utterance() -> None:
    first, second = spans_of('[c0:"We wait,"] [k0:said] [s0:Oduya], [c0:"and we pay."]')
    assert first[0].utterance == second[0].utterance
    assert [first[2], second[2]] == ["Oduya", "Oduya"]


def test_later_sentence_has_no_printed_source() -> None:
    first, second = spans_of('[c0:"We wait,"] [k0:said] [s0:Oduya]. [c0:"We pay."]')
    assert first[0].utterance == second[0].utterance
    assert [first[2], second[2]] == ["Oduya", None]


def test_untagged_quotation_continues_the_one_in_its_paragraph() -> None:
    first, second = spans_of('[c0:"We wait,"] [k0:said] [s0:Oduya]. "The harbour is full and cold."')
    assert first[0].utterance == second[0].utterance
    assert second[0].is_continued


def test_quotation_inside_a_sentence_does_not_continue() -> None:
    _, second = spans_of(
        '[c0:"We wait,"] [k0:said] [s0:Oduya]. The sign reads "the harbour is full and cold and closed".'
    )
    assert second[0].attribution is None
    assert not second[0].is_continued


def test_two_cues_share_the_source_before_them() -> None:
    _, second = spans_of("[s0:Oduya] [k0:said] [c0:the bridge would open], [k1:adding] [c1:that she was glad of it].")
    assert second[2] == "Oduya"


def test_source_of_another_sentence_is_not_shared() -> None:
    _, second = spans_of(
        "[s0:Oduya] [k0:said] [c0:the bridge would open]. [k1:According to] [c1:it, the toll is gone]."
    )
    assert second[2] is None


@pytest.mark.parametrize(
    ("marked", "said", "all_"),
    [
        pytest.param("[s0:Oduya] [k0:said] [c0:the bridge would open].", 1, 1, id="said"),
        pytest.param("[s0:Oduya] [k0:hopes] [c0:the bridge will open].", 0, 1, id="hoped"),
        pytest.param("[s0:Oduya] [k0:slammed] [c0:the plan of the board].", 0, 1, id="judged"),
        pytest.param("[s0:Oduya] [k0:said] [c0:the plan].", 0, 1, id="two-words"),
        pytest.param('[s0:Oduya] [k0:hopes] [c0:for "a bridge that opens at last"].', 1, 1, id="hoped-in-marks"),
        pytest.param('[s0:Oduya] [k0:was known] [c0:as "Bridge Mother"].', 0, 1, id="nickname"),
        pytest.param("[c0:The bridge would open].", 0, 0, id="by-nobody"),
    ],
)
def test_attributions_setting(marked: str, said: int, all_: int) -> None:
    assert len(spans_of(marked, "said")) == said
    assert len(spans_of(marked, "all")) == all_


def test_reported_words_need_a_cue_in_their_paragraph() -> None:
    assert not spans_of("[c0:The bridge will open].\n\n[s0:Oduya] [k0:said] so.", "all")


def test_nearer_paragraph_wins_over_a_likelier_link() -> None:
    article, reading = read('[s0:Oduya] [k0:said] so.\n\n[c1:"We pay,"] [k1:said] [s1:Hazebroek].')
    links = list(reading.tags.links)
    links[2] = {1: 0.6, 3: 0.4}  # the content: a little likelier of the paragraph before
    (span,) = find_quote_spans(article, replace(reading, tags=Tags(reading.tags.spans, tuple(links))), "said")
    assert span.attribution is not None
    assert span.attribution.source is not None
    assert article.text[slice(*span.attribution.source)] == "Hazebroek"


def test_contents_around_a_second_cue_are_joined() -> None:
    ((_, words, _),) = spans_of(
        "[c0:The toll was to be set] [k1:according to] [c0:the new terms], [s0:Oduya] [k0:said]."
    )
    assert words == "The toll was to be set according to the new terms"


def test_turns_of_a_transcript_behind_marks() -> None:
    found = spans_of('"WARDEN: Will the bridge open?\n\n"ODUYA: It will.\n\n"WARDEN: When is that?')
    assert [(words, printed) for _, words, printed in found] == [
        ("Will the bridge open?", "WARDEN"),
        ("It will.", "ODUYA"),
        ("When is that?", "WARDEN"),
    ]


def test_quotation_inside_reported_words_has_its_own_speaker() -> None:
    outer, inner = spans_of('[s0:Oduya] [k0:said] [c0:the governor often said "we wait and see and wait again"].')
    assert (outer[0].quote_type, outer[2]) == ("mixed", "Oduya")
    assert (inner[0].quote_type, inner[2]) == ("direct", "the governor")


@pytest.mark.parametrize(
    ("marked", "speaker"),
    [
        pytest.param(
            "[c0:It was late], [s0:Mara Oduya] [k0:said] after a meeting with [s0:Jon Hazebroek].",
            "Mara Oduya",
            id="before-the-cue",
        ),
        pytest.param(
            "[s0:The board] met. [k0:Said] [s0:Mara Oduya]: [c0:It was late].", "Mara Oduya", id="behind-the-cue"
        ),
    ],
)
def test_source_beside_the_cue_wins(marked: str, speaker: str) -> None:
    article, reading = read(marked)
    (span,) = find_quote_spans(article, reading, "all")
    assert span.attribution
    assert span.attribution.source
    assert article.text[slice(*span.attribution.source)] == speaker


@pytest.mark.parametrize(
    ("marked", "speaker"),
    [
        pytest.param(
            "[s0:Mara Oduya, who] keeps the lock, [k0:said] [c0:it was late].",
            "Mara Oduya, who keeps the lock",
            id="relative-clause",
        ),
        pytest.param(
            "“[c0:It is late],” [k0:said] [s0:Mara Oduya, holding] up a tin.",
            "Mara Oduya, holding up a tin",
            id="participle",
        ),
        pytest.param("[s0:Mara Oduya] of the lock [k0:said] [c0:it was late].", "Mara Oduya", id="whole-already"),
    ],
)
def test_broken_off_source_is_extended_to_the_end_of_its_clause(marked: str, speaker: str) -> None:
    article, reading = read(marked)
    span, *_ = find_quote_spans(article, reading, "all")
    assert span.attribution
    assert span.attribution.source
    assert article.text[slice(*span.attribution.source)] == speaker
