"""Segments of scraped texts, with and without marks."""

from __future__ import annotations

import pytest

from pipeline.contract import Article, RawArticle, RawBlock, RawRef, SegmentKind
from pipeline.normalise import normalise
from pipeline.normalise.layout import read_layout, read_marked_layout

LEAD = "The ferry to the island will sail again on Wednesday, the harbour board said after a week of storms."
MORE = "Some 40 guests had waited since noon for a table by the window, and the soup had long been cold by then."
HEADLINE = "Ferry service resumes after storm"


def kinds(text: str, headline: str | None = None) -> list[tuple[str, str]]:
    layout = read_layout(text, headline)
    return [(block.kind, " ".join(text[slice(*line)] for line in block.lines)) for block in layout.blocks]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([HEADLINE, LEAD], ["headline", "paragraph"], id="headline"),
        pytest.param([LEAD, MORE], ["paragraph", "paragraph"], id="no-headline"),
        pytest.param([LEAD], ["paragraph"], id="only-paragraph-is-not-a-headline"),
        pytest.param(
            [HEADLINE, "Passengers had waited a week for the boats", LEAD, MORE],
            ["headline", "standfirst", "paragraph", "paragraph"],
            id="standfirst",
        ),
        pytest.param([HEADLINE, "By Mara Oduya", LEAD], ["headline", "byline", "paragraph"], id="byline"),
        pytest.param([HEADLINE, "By noon the boats were full.", LEAD], ["headline", "paragraph", "paragraph"], id="by-noon"),
        pytest.param(
            [HEADLINE, f"LONDON, May 7 (PA) – {LEAD}", MORE],
            ["headline", "dateline", "paragraph", "paragraph"],
            id="dateline",
        ),
        pytest.param([HEADLINE, LEAD, "A week of waiting", MORE], ["headline", "paragraph", "subhead", "paragraph"], id="subhead"),
        pytest.param([HEADLINE, LEAD, "Nobody waited.", MORE], ["headline", *["paragraph"] * 3], id="short-sentence-is-not-a-subhead"),
        pytest.param([HEADLINE, LEAD, "Photo: the quay at noon", MORE], ["headline", "paragraph", "caption", "paragraph"], id="caption"),
        pytest.param([HEADLINE, LEAD, "Photos of the quay were shown.", MORE], ["headline", *["paragraph"] * 3], id="photos-in-a-sentence"),
        pytest.param([HEADLINE, LEAD, "Editing by the night desk"], ["headline", "paragraph", "note"], id="note"),
        pytest.param([HEADLINE, LEAD, "Editing takes the board a day."], ["headline", "paragraph", "paragraph"], id="editing-in-a-sentence"),
    ],
)  # fmt: skip
def test_kinds(lines: list[str], expected: list[str]) -> None:
    assert [kind for kind, _ in kinds("\n\n".join(lines))] == expected


def test_stated_headline_matches_by_words() -> None:
    text = f"{HEADLINE.upper()}!\n\n{LEAD}"
    assert kinds(text, HEADLINE)[0] == ("headline", f"{HEADLINE.upper()}!")
    assert kinds(text, "Something else")[0][0] == "paragraph"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Share this on Facebook", id="share"),
        pytest.param("ADVERTISEMENT", id="advertisement"),
        pytest.param("Also Read: Soup of the day", id="also-read"),
        pytest.param("Subscribe to our newsletter", id="subscribe"),
        pytest.param("© 2024 Harbour Post", id="copyright"),
        pytest.param("Last updated: 7 May 2024, 14:05 GMT", id="stamp"),
        pytest.param("12 comments", id="comments"),
    ],
)
def test_furniture_is_removed(line: str) -> None:
    layout = read_layout(f"{HEADLINE}\n\n{LEAD}\n\n{line}\n\n{MORE}", None)
    assert layout.furniture == (line,)
    assert [block.kind for block in layout.blocks] == ["headline", "paragraph", "paragraph"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Share prices fell by a third on Friday, the exchange said.", id="share-prices"),
        pytest.param("Home rule was granted in 1964.", id="home-rule"),
        pytest.param("Search teams went out at dawn.", id="search-teams"),
        pytest.param("Follow the money, the auditor said.", id="follow-the-money"),
    ],
)
def test_sentence_that_begins_like_furniture_is_kept(line: str) -> None:
    assert read_layout(f"{HEADLINE}\n\n{LEAD}\n\n{line}\n\n{MORE}", None).furniture == ()


def test_address_on_the_first_line_is_the_url() -> None:
    layout = read_layout(f"https://post.example/a\n\n{LEAD}\n\n{MORE}", None)
    assert (layout.url, [block.kind for block in layout.blocks]) == ("https://post.example/a", ["paragraph"] * 2)
    assert read_layout(f"{LEAD}\n\nhttps://post.example/a\n\n{MORE}", None).url is None


def test_hard_wrapped_lines_are_one_paragraph() -> None:
    wrapped = (
        "The ferry to the island will sail again on Wednesday\n"
        "after a week of storms, the harbour board said in a\n"
        "letter to the passengers who had been waiting at the\n"
        "quay for the boats.\n\n"
        "Some 40 guests had waited since noon for a table by\n"
        "the window and the soup had long been cold by then.\n"
    )
    assert [kind for kind, _ in kinds(wrapped)] == ["paragraph", "paragraph"]


def test_lines_of_a_paragraph_each_are_not_joined() -> None:
    assert len(kinds("\n".join([LEAD, MORE, LEAD, MORE]))) == 4


# ── Texts with marked blocks ─────────────────────────────────────────────────────────────────────────


def marked(*parts: tuple[SegmentKind, str]) -> list[tuple[str, str]]:
    text, blocks = "", []
    for kind, part in parts:
        blocks.append(RawBlock(kind, len(text), len(text) + len(part)))
        text += part + "\n\n"
    layout = read_marked_layout(text, blocks)
    return [(block.kind, " ".join(text[slice(*line)] for line in block.lines)) for block in layout.blocks]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(
            [("paragraph", LEAD), ("subhead", "What the board says"), ("paragraph", MORE)],
            ["paragraph", "subhead", "paragraph"],
            id="as-marked",
        ),
        pytest.param(
            [("paragraph", LEAD), ("paragraph", "Soup and bread"), ("paragraph", MORE)],
            ["paragraph", "paragraph", "paragraph"],
            id="short-paragraph-marked-as-paragraph",
        ),
        pytest.param(
            [("paragraph", LEAD), ("paragraph", "Share this article"), ("paragraph", MORE)],
            ["paragraph", "paragraph"],
            id="furniture-is-removed",
        ),
        pytest.param(
            [("paragraph", f"LISBON, May 7 (Reuters) - {LEAD}"), ("paragraph", MORE)],
            ["dateline", "paragraph", "paragraph"],
            id="dateline",
        ),
        pytest.param(
            [("paragraph", "Reuters"), ("paragraph", f"LISBON, May 7 - {LEAD}"), ("paragraph", MORE)],
            ["byline", "dateline", "paragraph", "paragraph"],
            id="dateline-after-an-agency-line",
        ),
        pytest.param(
            [("paragraph", LEAD), ("paragraph", MORE), ("paragraph", "Reuters")],
            ["paragraph", "paragraph", "paragraph"],
            id="agency-line-after-the-story-is-not-a-byline",
        ),
        pytest.param(
            [("paragraph", MORE), ("standfirst", "Forty guests"), ("headline", HEADLINE)],
            ["standfirst", "headline", "paragraph"],
            id="front-before-body",
        ),
    ],
)
def test_marked_parts(parts: list[tuple[SegmentKind, str]], expected: list[str]) -> None:
    assert [kind for kind, _ in marked(*parts)] == expected


@pytest.mark.parametrize("end", [" \u200e", "\u2003", " \u00ad ", "\u200b \ufeff", "\x85"])
def test_invisible_characters_at_the_ends_are_removed(end: str) -> None:
    found = normalise(
        RawArticle(
            RawRef("wire", "a.html", "0", "f" * 64),
            "html",
            "utf-8",
            LEAD + end,
            blocks=(RawBlock("paragraph", 0, len(LEAD + end)),),
        )
    )
    assert isinstance(found, Article)
    assert found.text == LEAD
    assert kinds(f"{HEADLINE}{end}\n\n{end}{LEAD}{end}\n\n{MORE}")[1][1] == LEAD
