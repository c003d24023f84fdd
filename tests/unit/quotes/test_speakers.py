"""Speakers resolved from printed sources and mentions; sources and contents are marked in the texts."""

from __future__ import annotations

import re

import pytest

from pipeline.contract import Article, QuoteType, RawArticle, RawRef
from pipeline.entities import extract_mentions
from pipeline.language import Reading, Span, read_language
from pipeline.language.phrases import core_of, form_of, is_several
from pipeline.normalise import normalise
from pipeline.quotes.quote_spans import Attribution, QuoteSpan
from pipeline.quotes.speakers import Speaker, resolve_speakers

MARKED = re.compile(r"\[(?P<source>[^\]]*)\]|<(?P<content>[^>]*)>")
HEADLINE = "Harbour talks go on\n\n"


def read(plain: str) -> tuple[Article, Reading]:
    raw = RawArticle(RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", HEADLINE + plain)
    article = normalise(raw)
    assert isinstance(article, Article)
    return article, read_language(article)


def speakers_of(marked: str) -> list[Speaker]:
    """Return the speakers of ``<contents>``, each with the ``[source]`` of the same number."""
    article, reading = read(MARKED.sub(lambda found: found["source"] or found["content"], marked))
    end = 0
    sources: list[Span] = []
    contents: list[Span] = []
    for found in MARKED.finditer(marked):
        words = found["source"] or found["content"]
        start = article.text.index(words, end)
        end = start + len(words)
        (sources if found["source"] else contents).append(Span(start, end))
    attributions = [Attribution(source, None) for source in sources]
    kinds: list[QuoteType] = ["direct" if article.text[content.start] == "“" else "indirect" for content in contents]
    spans = [
        QuoteSpan(kind, content.start, content.end, True, 1, number, attribution)
        for number, (kind, content, attribution) in enumerate(zip(kinds, contents, attributions, strict=True))
    ]
    return resolve_speakers(article, reading, spans, extract_mentions(article, reading))


def name_of_last(marked: str) -> str | None:
    return speakers_of(marked)[-1].name


@pytest.mark.parametrize(
    ("phrase", "form"),
    [
        pytest.param("Mara Oduya, who leads the board,", "name", id="name-with-a-clause"),
        pytest.param("spokesman Cor Bexley", "name", id="title-before-the-name"),
        pytest.param("the board's chairwoman, Mara Oduya", "name", id="name-in-apposition"),
        pytest.param("the Ministry of Ponds", "name", id="body-with-of"),
        pytest.param("Tim Cook", "name", id="surname-that-is-a-trade"),
        pytest.param("a spokesman for Oduya", "nominal", id="name-of-whom-it-speaks-for"),
        pytest.param("Oduya’s campaign", "nominal", id="hers"),
        pytest.param("the mayor of Sumaque", "nominal", id="place-of-office"),
        pytest.param("Republicans", "nominal", id="kind-with-a-capital"),
        pytest.param("Protesters", "nominal", id="first-word-of-a-sentence"),
        pytest.param("her daughter", "nominal", id="possessive"),
        pytest.param("She", "pronoun", id="pronoun"),
        pytest.param("he’s", "pronoun", id="pronoun-with-a-verb"),
        pytest.param("who", "pronoun", id="relative-pronoun"),
        pytest.param("Somebody", "nominal", id="somebody"),
        pytest.param("…", "nominal", id="no-letters"),
    ],
)
def test_form_of_a_printed_speaker(phrase: str, form: str) -> None:
    assert form_of(phrase) == form


@pytest.mark.parametrize(
    ("phrase", "core"),
    [
        pytest.param("Mara Oduya, 59, of Sumaque, Md.,", "Mara Oduya", id="age-and-place"),
        pytest.param("Sen. Mara Oduya (R-Tex.)", "Sen. Mara Oduya", id="bracket"),
        pytest.param("Oduya — who left in May —", "Oduya", id="dashes"),
        pytest.param("1,200 rowers", "1,200 rowers", id="comma-in-a-number"),
    ],
)
def test_core_of_a_phrase(phrase: str, core: str) -> None:
    assert core_of(phrase) == core


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        pytest.param("both candidates", True, id="both"),
        pytest.param("several people familiar with the plan", True, id="several"),
        pytest.param("a group of rowers", True, id="group-of"),
        pytest.param("nearly eight of 10 voters", True, id="share"),
        pytest.param("the mayor and her aides", True, id="joined"),
        pytest.param("the boss", False, id="s-without-plural"),
        pytest.param("one of the skippers", False, id="one-of-several"),
        pytest.param("the 34-year-old mother of three", False, id="age"),
    ],
)
def test_several(phrase: str, expected: bool) -> None:
    assert is_several(phrase) is expected


@pytest.mark.parametrize(
    ("marked", "name"),
    [
        pytest.param("[Mara Oduya, who leads the board,] said <it was late>.", "Mara Oduya", id="clause-behind"),
        pytest.param("<“We wait,”> said [the board’s chairwoman, Mara Oduya].", "Mara Oduya", id="apposition"),
        pytest.param("[Larkspur spokesman Brian Fallon] said <it was late>.", "Brian Fallon", id="last-of-two-names"),
        pytest.param("[Mara Oduya of the Larkspur line] said <it was late>.", "Mara Oduya", id="of-behind-the-name"),
        pytest.param("Mara Oduya was there. By [Oduya’s] own words, <it was late>.", "Mara Oduya", id="surname-owned"),
        pytest.param(
            "Mara Oduya was there. [A spokesman for Mara Oduya] said <it was late>.", None, id="spokesman-for"
        ),
        pytest.param("Mara Oduya was there. [Oduya’s campaign] said <it was late>.", None, id="campaign-is-not-she"),
        pytest.param("[Mara Oduya and Gil Arsenport] said <it was late>.", None, id="two-people"),
        pytest.param("[Mara Oduya, Gil Arsenport and Cor Bexley] said <it was late>.", None, id="three-people"),
        pytest.param("[Mara Oduya, a diver, and Gil Arsenport] said <it was late>.", None, id="two-with-a-description"),
        pytest.param("Mara Oduya met rowers. [Several rowers] said <it was late>.", None, id="group"),
        pytest.param("Mara Oduya waited. [It] said <it was late>.", None, id="it"),
    ],
)
def test_printed_speaker(marked: str, name: str | None) -> None:
    assert name_of_last(marked) == name


@pytest.mark.parametrize(
    ("marked", "name"),
    [
        pytest.param("Senator Mara Oduya came. <“We wait,”> [the senator] said.", "Mara Oduya", id="title"),
        pytest.param(
            "Mara Oduya, the mayor of Sumaque, came. <“We wait,”> [the mayor] said.", "Mara Oduya", id="behind"
        ),
        pytest.param(
            "Senator Mara Oduya met Senator Cor Bexley. <“We wait,”> [the senator] said.", None, id="two-bear-it"
        ),
        pytest.param("Former mayor Mara Oduya came. <“We wait,”> [the mayor] said.", None, id="former-is-not-now"),
        pytest.param("Mara Oduya, the mayor’s daughter, came. <“We wait,”> [the mayor] said.", None, id="relative"),
        pytest.param("Mara Oduya came. <“We wait,”> [her campaign manager] said.", None, id="whose-role"),
    ],
)
def test_role(marked: str, name: str | None) -> None:
    assert name_of_last(marked) == name


@pytest.mark.parametrize(
    ("marked", "name"),
    [
        pytest.param("<“We wait,”> said [Lorna Pettibrook]. <“We do,”> [she] added.", "Lorna Pettibrook", id="last"),
        pytest.param(
            "<“We wait,”> said [Lorna Pettibrook].\n\nGil Arsenport runs two boats. <“I do not,”> [he] said.",
            "Gil Arsenport",
            id="gender-of-a-given-name",
        ),
        pytest.param(
            "The mayor of Sallow, Yanna Correll, disagreed. <“Come,”> [she] said.", "Yanna Correll", id="subject"
        ),
        pytest.param("Ohio Gov. Lorna Pettibrook came. <“We wait,”> [he] said.", None, id="no-man-named"),
        pytest.param("Marta Quintela and Lorna Pettibrook spoke. <“We wait,”> [she] said.", None, id="two-women"),
        pytest.param(
            "<“We wait,”> said [Yanna Correll].\n\n<“Nor do I,”> said [the cook].\n\n<“I was told,”> [she] said.",
            None,
            id="nameless-between",
        ),
        pytest.param("<“Gil Arsenport is late,”> [he] said.", None, id="who-is-named-in-the-quotation"),
        pytest.param("Mr. Gil Arsenport, 59, of Larkspur, Md., [who] said <it was late>.", "Gil Arsenport", id="who"),
        pytest.param("Gil Arsenport met rowers [who] said <it was late>.", None, id="who-of-a-group"),
        pytest.param("Gil Arsenport and Cor Bexley met. <“We wait,”> [they] said.", None, id="they"),
    ],
)
def test_pronoun(marked: str, name: str | None) -> None:
    assert name_of_last(marked) == name


def test_speaker_is_not_the_he_in_the_quotation() -> None:
    article, reading = read("Cor Bexley said: “The pilot had come. He wrote to us that the lock was shut.”")
    text = article.text
    spans: list[QuoteSpan] = []
    for source, content in (("Cor Bexley", text[text.index("The pilot") : -1]), ("He", "the lock was shut")):
        start, said = text.index(content), Span(text.index(source), text.index(source) + len(source))
        kind: QuoteType = "direct" if source != "He" else "indirect"
        spans.append(QuoteSpan(kind, start, start + len(content), True, 1, len(spans), Attribution(said, None)))
    outer, inner = resolve_speakers(article, reading, spans, extract_mentions(article, reading))
    assert (outer.name, inner.name) == ("Cor Bexley", None)


def test_only_a_named_speaker_has_a_confidence() -> None:
    named, group = speakers_of("[Mara Oduya] said <it was late>. [They] said <it was early>.")
    assert (named.status, named.method) == ("named", "printed")
    assert named.confidence is not None
    assert 0.9 < named.confidence < 1
    assert (group.status, group.method, group.confidence) == ("unresolved", "group", None)


def test_role_is_worded_as_in_the_article() -> None:
    (speaker,) = speakers_of("[Mara Oduya, the harbour board’s chairwoman,] said <it was late>.")
    assert speaker.role == "the harbour board’s chairwoman"


@pytest.mark.parametrize(
    "marked",
    [
        pytest.param("[…] said <it was late>.", id="no-letters"),
        pytest.param("[🙂 q\u0301] said <it was late>.", id="emoji-and-combining"),
        pytest.param("[,] said <it was late>.", id="comma-alone"),
    ],
)
def test_odd_sources_name_nobody(marked: str) -> None:
    assert name_of_last(marked) is None
