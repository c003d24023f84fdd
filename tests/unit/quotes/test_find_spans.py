"""From tags to spans; sources, cues and contents are marked in the text; only names are found."""

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
    """The article, and its reading with the tags that are marked; each hangs on the first cue of its number."""
    article = normalise(
        RawArticle(
            RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", HEADLINE + MARKED.sub(r"\g<words>", marked)
        )
    )
    assert isinstance(article, Article)
    spans: list[Tag] = []
    numbers: list[str] = []
    at = len(HEADLINE)
    for found in MARKED.finditer(marked):
        start = article.text.index(found["words"], at)
        at = start + len(found["words"])
        spans.append(Tag(ROLES[found["role"]], start, at))
        numbers.append(found["number"])
    anchors = {}
    for role in ("content", "source", "cue"):
        for at, (span, number) in reversed(list(enumerate(zip(spans, numbers, strict=True)))):
            if span.role == role:
                anchors[number] = at
    links = tuple({at: 0.9 if at == anchors[number] else 0.01 for at in range(len(spans))} for number in numbers)
    reading = read_language(article)
    return article, replace(reading, tags=Tags(tuple(spans), links, reading.tags.names))


def spans_of(marked: str, attributions: Attributions = "said") -> list[tuple[QuoteSpan, str, str | None]]:
    """Each span with its words and the speaker printed for it."""
    article, reading = read(marked)
    found = []
    for one in find_quote_spans(article, reading, attributions):
        speaker = one.attribution.source if one.attribution and not one.is_continued else None
        printed = article.text[speaker.start : speaker.end] if speaker else None
        found.append((one, article.text[one.start : one.end], printed))
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
    ((one, found, _),) = spans_of(marked)
    assert (one.quote_type, found) == (kind, words)


def test_attribution_between_two_quotations_is_of_one_utterance() -> None:
    first, second = spans_of('[c0:"We wait,"] [k0:said] [s0:Oduya], [c0:"and we pay."]')
    assert first[0].utterance == second[0].utterance
    assert [first[2], second[2]] == ["Oduya", "Oduya"]


def test_what_follows_in_another_sentence_has_no_printed_speaker() -> None:
    first, second = spans_of('[c0:"We wait,"] [k0:said] [s0:Oduya]. [c0:"We pay."]')
    assert first[0].utterance == second[0].utterance
    assert [first[2], second[2]] == ["Oduya", None]


def test_quotation_without_a_tag_goes_on_in_its_paragraph() -> None:
    first, second = spans_of('[c0:"We wait,"] [k0:said] [s0:Oduya]. "The harbour is full and cold."')
    assert first[0].utterance == second[0].utterance
    assert second[0].is_continued


def test_quotation_inside_a_sentence_does_not_go_on() -> None:
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
def test_what_is_said_and_what_is_only_thought(marked: str, said: int, all_: int) -> None:
    assert len(spans_of(marked, "said")) == said
    assert len(spans_of(marked, "all")) == all_


def test_reported_words_stand_in_the_paragraph_of_their_cue() -> None:
    assert not spans_of("[c0:The bridge will open].\n\n[s0:Oduya] [k0:said] so.", "all")


def test_nearer_paragraph_wins_over_a_likelier_link() -> None:
    article, reading = read('[s0:Oduya] [k0:said] so.\n\n[c1:"We pay,"] [k1:said] [s1:Hazebroek].')
    links = list(reading.tags.links)
    links[2] = {1: 0.6, 3: 0.4}  # the content: a little likelier of the paragraph before
    (one,) = find_quote_spans(article, replace(reading, tags=Tags(reading.tags.spans, tuple(links))), "said")
    assert one.attribution is not None
    assert one.attribution.source is not None
    assert article.text[slice(*one.attribution.source)] == "Hazebroek"


def test_contents_with_a_second_cue_between_them_are_one() -> None:
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


def test_words_quoted_within_reported_ones_are_another_persons() -> None:
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
def test_of_two_sources_the_one_beside_the_cue_speaks(marked: str, speaker: str) -> None:
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
def test_a_source_that_breaks_off_goes_on_to_the_end_of_its_clause(marked: str, speaker: str) -> None:
    article, reading = read(marked)
    span, *_ = find_quote_spans(article, reading, "all")
    assert span.attribution
    assert span.attribution.source
    assert article.text[slice(*span.attribution.source)] == speaker
