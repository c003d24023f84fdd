"""Pages: article text, encodings, quality flags, rejects, and hostile markup."""

from __future__ import annotations

import pytest

from pipeline.contract import RawArticle, RawMetadata, RawRef, Reject
from pipeline.read.html import read_fragment, read_html
from pipeline.read.html.tree import MAX_DEPTH
from pipeline.read.records import MAX_HTML_BYTES, Options, RawRecord
from tests.bounds import processor_seconds_below

LEAD = (
    "The harbour board voted on Tuesday to rebuild the northern pier, which the storm of last winter had carried away, "
    "and to keep the fish market open while the work goes on."
)
SECOND = (
    "“We will not lose another season,” said Mara Oduya, who chairs the board. She expects the first piles to be driven "
    "before the herring come back in the spring of next year."
)
THIRD = (
    "Fishermen had asked for a longer pier since the ferry took over half of the old one, but the town council refused "
    "to pay for it until the insurers settled their part of the bill in August."
)


def record(page: str | bytes, *, charset: str | None = None, given: RawMetadata | None = None) -> RawRecord:
    data = page if isinstance(page, bytes) else page.encode()
    ref = RawRef("harbour-post", "pier.html", "0", "")
    return RawRecord(ref, "html", data, "html", given=given or RawMetadata(), charset=charset)


def page_of(body: str, head: str = "<title>Board votes for a new pier | Harbour Post</title>") -> str:
    return (
        f"<!doctype html><html lang='en'><head>{head}</head><body><nav><a href='/'>Home</a><a href='/sport'>Sport</a></nav>"
        f"<main><article><h1>Board votes for a new pier</h1>{body}</article></main><footer>© Harbour Post</footer></body></html>"
    )


def read(page: str | bytes, **known: object) -> RawArticle:
    article = read_html(record(page, **known), Options())  # type: ignore[arg-type]
    assert isinstance(article, RawArticle), article
    return article


def blocks_of(article: RawArticle) -> list[tuple[str, str]]:
    return [(block.kind, article.text[block.start_char : block.end_char]) for block in article.blocks]


def reject_of(page: str | bytes, **known: object) -> Reject:
    reject = read_html(record(page, **known), Options())  # type: ignore[arg-type]
    assert isinstance(reject, Reject), reject
    return reject


PARAGRAPHS = f"<p>{LEAD}</p><p>{SECOND}</p><p>{THIRD}</p>"


# ── Text ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_article_without_boilerplate() -> None:
    article = read(page_of(PARAGRAPHS))
    assert blocks_of(article) == [("paragraph", LEAD), ("paragraph", SECOND), ("paragraph", THIRD)]
    assert article.text == f"{LEAD}\n\n{SECOND}\n\n{THIRD}"
    assert article.start_byte is None
    assert article.encoding == "utf-8"
    assert article.flags == ()


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("<h2>What it costs</h2>", [("subhead", "What it costs")], id="subhead"),
        pytest.param("<p><strong>What it costs</strong></p>", [("subhead", "What it costs")], id="subhead-in-bold"),
        pytest.param(
            "<p><strong>It costs a lot.</strong></p>",
            [("paragraph", "It costs a lot.")],
            id="bold-sentence-is-not-a-subhead",
        ),
        pytest.param(
            "<ul><li>Piles of oak, as before</li><li>A crane for the market</li></ul>",
            [("paragraph", "Piles of oak, as before"), ("paragraph", "A crane for the market")],
            id="list-item-is-a-paragraph",
        ),
        pytest.param(
            "<blockquote><p>The sea keeps no books.</p><footer>— Ivo Brandt</footer></blockquote>",
            [("paragraph", "The sea keeps no books."), ("paragraph", "— Ivo Brandt")],
            id="blockquote-with-its-source",
        ),
        pytest.param(
            "<p>He called it <q>a <q>grand</q> day</q> for the town.</p>",
            [("paragraph", "He called it “a ‘grand’ day” for the town.")],
            id="q-with-quotation-marks",
        ),
        pytest.param(
            "<p>The vote, at <time datetime='2021-03-02T21:00'>nine in the evening</time>, was close.</p>",
            [("paragraph", "The vote, at nine in the evening, was close.")],
            id="time-within-a-sentence",
        ),
        pytest.param("<p><time>Tue 2 Mar 2021 16.40</time></p>", [], id="time-alone-is-removed"),
        pytest.param("<p><time>2 March</time> · <time>3 March</time></p>", [], id="times-without-words-are-removed"),
        pytest.param(
            "<ul><li><time>16.40</time> The last pile stands.</li></ul>",
            [("paragraph", "16.40 The last pile stands.")],
            id="time-before-a-sentence",
        ),
        pytest.param(
            "<figure><img src='pier.jpg'><figcaption>The pier before the storm</figcaption></figure>",
            [("caption", "The pier before the storm")],
            id="caption",
        ),
        pytest.param(
            "<p>First the piles are driven.<br><br>Then the deck is laid.</p>",
            [("paragraph", "First the piles are driven."), ("paragraph", "Then the deck is laid.")],
            id="two-line-breaks-end-a-paragraph",
        ),
        pytest.param(
            "<p>Harbour House,<br>Quay Street</p>",
            [("paragraph", "Harbour House, Quay Street")],
            id="line-break-is-a-space",
        ),
        pytest.param(
            "<table><tr><th>Part</th><th>Cost</th></tr><tr><td>Piles</td><td>2 million</td></tr></table>",
            [("paragraph", "Part | Cost"), ("paragraph", "Piles | 2 million")],
            id="row-is-a-paragraph",
        ),
    ],
)
def test_visible_text_of_markup_is_kept(markup: str, expected: list[tuple[str, str]]) -> None:
    kept = blocks_of(read(page_of(f"<p>{LEAD}</p><p>{SECOND}</p>{markup}<p>{THIRD}</p>")))
    assert kept == [("paragraph", LEAD), ("paragraph", SECOND), *expected, ("paragraph", THIRD)]


def test_headline_above_the_text_is_removed() -> None:
    article = read(page_of(f"<h2>Board votes for a new pier</h2>{PARAGRAPHS}"))
    assert article.metadata.headline == "Board votes for a new pier"
    assert blocks_of(article)[0] == ("paragraph", LEAD)


def test_standfirst_and_byline_are_labelled() -> None:
    front = "<h2>Market stays open while the piles are driven</h2><p>By Tomas Reyes</p>"
    head = "<title>Board votes for a new pier</title><meta name='author' content='Tomas Reyes'>"
    assert blocks_of(read(page_of(front + PARAGRAPHS, head)))[:3] == [
        ("standfirst", "Market stays open while the piles are driven"),
        ("byline", "By Tomas Reyes"),
        ("paragraph", LEAD),
    ]


def test_summary_for_search_engines_is_not_a_standfirst() -> None:
    head = "<title>Board votes for a new pier</title><meta name='description' content='All about piers, boats and herring.'>"
    assert read(page_of(PARAGRAPHS, head)).metadata.standfirst is None


def test_summary_shown_outside_the_text_is_the_standfirst() -> None:
    head = (
        "<title>Board votes for a new pier</title><meta name='description' content='The market stays open meanwhile.'>"
    )
    body = f"<div class='byline'><p>The market stays open meanwhile.</p></div>{PARAGRAPHS}"
    article = read(page_of(body, head))
    assert (article.metadata.standfirst, article.metadata.source_of("standfirst")) == (
        "The market stays open meanwhile.",
        "meta",
    )


SUMMARY = "Market stays open while the piles are driven"


@pytest.mark.parametrize(
    ("summary", "line", "kind"),
    [
        pytest.param(SUMMARY, SUMMARY, "standfirst", id="same-line"),
        pytest.param(f"{SUMMARY}…", SUMMARY, "standfirst", id="same-line-without-punctuation"),
        pytest.param("All about piers", SUMMARY, "paragraph", id="another-line"),
        pytest.param(LEAD, LEAD, "paragraph", id="lead-used-as-summary"),
    ],
)
def test_first_line_with_the_words_of_the_summary_is_the_standfirst(summary: str, line: str, kind: str) -> None:
    script = f'<script type="application/ld+json">{{"@type": "NewsArticle", "description": "{summary}"}}</script>'
    article = read(page_of(f"<p>{line}</p><p>{SECOND}</p><p>{THIRD}</p>", script))
    assert blocks_of(article)[0] == (kind, line)
    assert article.metadata.standfirst == (summary if kind == "standfirst" else None)


AMENDED = "This article was amended on 3 March 2021. The storm came in January, not in February."


@pytest.mark.parametrize(
    ("before", "after", "notes"),
    [
        pytest.param("", f"<p class=correction><i>{AMENDED}</i></p>", [AMENDED], id="below"),
        pytest.param(
            "",
            "<p>Share</p><p><b>Correction:</b> An earlier version gave the storm’s month as February.</p>",
            ["Correction: An earlier version gave the storm’s month as February."],
            id="below-furniture",
        ),
        pytest.param(
            "",
            "<h4>Correction</h4><p>The storm came in January, and not in February.</p>",
            ["Correction", "The storm came in January, and not in February."],
            id="below-a-heading",
        ),
        pytest.param(
            "",
            "<p>Berichtigung: Der Sturm kam im Januar, nicht im Februar.</p>",
            ["Berichtigung: Der Sturm kam im Januar, nicht im Februar."],
            id="in-german",
        ),
        pytest.param(f"<p>{AMENDED}</p>", "", [AMENDED], id="above"),
        pytest.param(
            "", "<p><a href=/desk>Report a correction to our newsroom.</a></p>", [], id="link-to-the-newsroom"
        ),
        pytest.param(
            "", "<p>Correction officers ask the county for longer boats.</p>", [], id="headline-of-another-article"
        ),
        pytest.param("", "<p>Correction: Ferry fares story</p>", [], id="headline-of-another-correction"),
        pytest.param(
            "",
            f"{'<p>A reader writes in.</p>' * 9}<p>Correction: it was in January, you fools.</p>",
            [],
            id="too-far-below",
        ),
    ],
)
def test_correction_outside_the_body_is_kept(before: str, after: str, notes: list[str]) -> None:
    body = f"{before}<div itemprop=articleBody>{PARAGRAPHS}</div>{after}"
    kept = blocks_of(read(page_of("").replace("<article>", "<div>").replace("</article>", f"{body}</div>")))
    assert [text for kind, text in kept if kind == "note"] == notes
    assert [text for kind, text in kept if kind == "paragraph"] == [LEAD, SECOND, THIRD]
    assert not notes or kept[0 if before else -1] == ("note", notes[-1])


def test_correction_in_the_body_is_not_repeated() -> None:
    article = read(page_of(f"{PARAGRAPHS}<p>{AMENDED}</p>"))
    assert article.text.count(AMENDED) == 1


def test_text_that_only_json_ld_contains() -> None:
    script = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Board votes", '
        f'"articleBody": "{LEAD}\\n\\n{THIRD}"}}</script>'
    )
    article = read(f"<html><head>{script}</head><body><div id='app'></div></body></html>")
    assert blocks_of(article) == [("paragraph", LEAD), ("paragraph", THIRD)]


# ── Encodings ──────────────────────────────────────────────────────────────────────────────────────────────────

MOJIBAKE = (
    "<p>Die Fähre fährt um Viertel nach fünf, und wer zu spät kommt, wartet bis zum Morgen; so war es seit je.</p>"
)


@pytest.mark.parametrize(
    ("codec", "charset", "declared", "expected"),
    [
        pytest.param("utf-8", "iso-8859-1", "", "utf-8", id="utf-8-declared-latin-1-by-server"),
        pytest.param("utf-8", None, "<meta charset=iso-8859-1>", "utf-8", id="utf-8-declared-latin-1-by-page"),
        pytest.param("utf-8-sig", None, "", "utf-8", id="utf-8-with-bom"),
        pytest.param("utf-16", None, "", "utf-16-le", id="utf-16-with-bom"),
        pytest.param("utf-16-be", None, "", "utf-16-be", id="utf-16-without-bom"),
        pytest.param("cp1252", "utf-8", "", "windows-1252", id="cp1252-declared-utf-8-by-server"),
        pytest.param("cp1252", "latin1", "", "cp1252", id="cp1252-declared-latin-1"),
        pytest.param("cp1252", None, "<meta charset='windows-1252'>", "cp1252", id="cp1252-declared-by-page"),
    ],
)
def test_declared_charset_is_used_if_it_fits(codec: str, charset: str | None, declared: str, expected: str) -> None:
    page = page_of(MOJIBAKE * 3, f"<title>Fähre</title>{declared}")
    article = read(page.encode(codec), charset=charset)
    assert "Die Fähre fährt um Viertel nach fünf" in article.text
    assert article.encoding.replace("windows-", "cp") == expected.replace("windows-", "cp")


def test_utf_8_with_a_broken_byte_is_still_utf_8() -> None:
    data = page_of(MOJIBAKE * 3).encode().replace("spät".encode(), b"sp\xfft", 1)
    article = read(data, charset="utf-8")
    assert article.text.startswith("Die Fähre fährt um Viertel nach fünf, und wer zu sp\ufffdt kommt")


@pytest.mark.parametrize(
    "control",
    [
        pytest.param("\x00", id="nul"),
        pytest.param("\x0b", id="vertical-tab"),
        pytest.param("&#1;", id="as-a-reference"),
        pytest.param("&#x1F;", id="as-a-hexadecimal-reference"),
        pytest.param("\uffff", id="noncharacter"),
    ],
)
def test_control_characters_are_removed(control: str) -> None:
    page = page_of(f"<p>At <time>ni{control}ne</time> the vote was called, and it was close.</p>{PARAGRAPHS}")
    assert read(page).text.startswith("At nine the vote was called, and it was close.")


# ── Pages without an article ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("page", "reason", "detail"),
    [
        pytest.param(b"", "empty", "white space", id="no-bytes"),
        pytest.param(
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "no_article", "no HTML element", id="bytes-of-an-image"
        ),
        pytest.param('{"a": "x < y"}', "no_article", "no HTML element", id="json"),
        pytest.param(
            "<html><head><title>Sign in | Harbour Post</title></head><body><form><p>Sign in to your account</p>"
            "<input name=user><input type=password></form></body></html>",
            "no_article",
            "a login page",
            id="login-page",
        ),
        pytest.param(
            "<html><head><title>404 - Page not found</title></head><body><h1>Page not found</h1>"
            "<p>The page that you asked for is gone. Try the search, or go back to the front page.</p></body></html>",
            "no_article",
            "an error page",
            id="error-page",
        ),
        pytest.param(
            "<html><head><title>Just a moment...</title></head><body><p>Checking your browser before you go on.</p></body></html>",
            "no_article",
            "an error page",
            id="browser-check",
        ),
        pytest.param(
            "<html><head><title>Harbour Post</title></head><body></body></html>",
            "no_article",
            "without an article",
            id="page-without-text",
        ),
        pytest.param(b"<p>" + b"x" * 50_000_000, "too_large", "50,000,003 bytes", id="fifty-megabytes"),
        pytest.param("<div>" * 100_000 + LEAD, "nested_too_deep", f"{MAX_DEPTH:,} levels", id="100,000-nested-tags"),
        pytest.param(
            "<b>" * 2_600_000 + LEAD, "nested_too_deep", f"{MAX_DEPTH:,} levels", id="millions-of-nested-tags"
        ),
        pytest.param("<ul><li>" * 5_000 + LEAD, "nested_too_deep", f"{MAX_DEPTH:,} levels", id="nested-lists"),
    ],
)
def test_page_without_an_article_is_rejected_in_bounded_time(page: str | bytes, reason: str, detail: str) -> None:
    with processor_seconds_below(10):
        reject = reject_of(page)
    assert (reject.stage, reject.reason) == ("read", reason)
    assert detail in reject.detail


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page_of("<div>" * 500 + PARAGRAPHS + "</div>" * 500), id="500-nested-tags"),
        pytest.param(page_of(PARAGRAPHS + "<p>" * 50_000), id="unclosed-paragraphs-do-not-nest"),
        pytest.param(
            page_of(PARAGRAPHS, "<title>404 metres of pier | Harbour Post</title>"), id="number-in-a-headline"
        ),
        pytest.param(page_of(PARAGRAPHS + "<form><input type=password></form>"), id="article-with-a-login-form"),
        pytest.param(page_of(PARAGRAPHS)[:-60], id="truncated"),
    ],
)
def test_unusual_article_is_not_rejected(page: str) -> None:
    assert LEAD in read(page).text


def test_page_at_the_size_limit_is_read() -> None:
    page = page_of(PARAGRAPHS).encode()
    assert read(page + b" " * (MAX_HTML_BYTES - len(page))).text.startswith(LEAD)


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(f"<p>{'<q>so it was</q> ' * 40_000}</p>", id="quotations-in-a-paragraph"),
        pytest.param(f"<p>{'<time>nine</time> at ' * 30_000}</p>", id="times-in-a-paragraph"),
        pytest.param(f"<p>{'the sea,<br>' * 60_000}</p>", id="line-breaks-in-a-paragraph"),
    ],
)
def test_many_elements_in_one_paragraph_take_linear_time(markup: str) -> None:
    page = page_of(f"<p>{LEAD}</p>{markup}")
    with processor_seconds_below(20):  # a quarter of the time with quadratic unwrapping
        read(page)


# ── Quality flags ──────────────────────────────────────────────────────────────────────────────

LOCKED = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Board votes for a new pier", "isAccessibleForFree": "False"}</script>'
CONSENT = (
    "<p>We and our partners use cookies to store personal data and to show personalised ads on this device.</p>"
    "<p>You can give or refuse consent in the privacy settings, or read our privacy policy and our cookies policy first.</p>"
)


@pytest.mark.parametrize(
    ("page", "flags"),
    [
        pytest.param(page_of(f"<p>{LEAD}</p><p>{SECOND}</p>", LOCKED), ("paywall_teaser",), id="declared-not-free"),
        pytest.param(
            page_of(f"<p>{LEAD}</p><p>{SECOND}</p><p>Subscribe now to continue reading.</p>"),
            ("paywall_teaser",),
            id="asks-to-subscribe",
        ),
        pytest.param(page_of(PARAGRAPHS * 6, LOCKED), (), id="complete-though-declared-not-free"),
        pytest.param(page_of(PARAGRAPHS), (), id="free"),
        pytest.param(page_of(CONSENT), ("consent_page",), id="asks-for-cookies"),
        pytest.param(
            page_of(PARAGRAPHS + "<p>The new site of the market sets cookies, the board was told.</p>"),
            (),
            id="mentions-cookies",
        ),
    ],
)
def test_flags(page: str, flags: tuple[str, ...]) -> None:
    assert read(page).flags == flags


# ── Fragments ──────────────────────────────────────────────────────────────────────────────────────────────────


def read_part(fragment: str, headline: str | None = None) -> list[tuple[str, str]]:
    given = RawMetadata.of("record", headline=headline)
    article = read_fragment(record(fragment, given=given), Options())
    assert isinstance(article, RawArticle), article
    assert article.metadata == given
    return blocks_of(article)


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param(
            "<p>Short.</p><p>Shorter.</p>", [("paragraph", "Short."), ("paragraph", "Shorter.")], id="paragraphs"
        ),
        pytest.param("Nets &amp; lines only.", [("paragraph", "Nets & lines only.")], id="no-markup"),
        pytest.param(
            "One line.\nAnother.", [("paragraph", "One line."), ("paragraph", "Another.")], id="lines-without-markup"
        ),
        pytest.param(
            "<h3>Tides</h3>High at <b>six</b>.<ul><li>Low at noon</li></ul><aside>See also: nets</aside>",
            [
                ("subhead", "Tides"),
                ("paragraph", "High at six."),
                ("paragraph", "Low at noon"),
                ("paragraph", "See also: nets"),
            ],
            id="everything-visible-is-kept",
        ),
        pytest.param(
            "<figure><img src=a.jpg><figcaption>The quay</figcaption></figure><p>It <q>sank</q>.</p><script>let a = 1</script>",
            [("caption", "The quay"), ("paragraph", "It “sank”.")],
            id="caption-quotation-script",
        ),
    ],
)
def test_fragment_is_kept_whole(fragment: str, expected: list[tuple[str, str]]) -> None:
    assert read_part(fragment) == expected


def test_headline_of_a_fragment_is_removed() -> None:
    assert read_part("<h2>Board votes</h2><p>It did.</p>", "Board votes") == [("paragraph", "It did.")]


@pytest.mark.parametrize(
    ("fragment", "reason"),
    [
        pytest.param("  ", "empty", id="white-space"),
        pytest.param("<p> </p><img src=a.jpg>", "no_text", id="only-a-picture"),
        pytest.param("<i>" * 100_000 + "x", "nested_too_deep", id="100,000-nested-tags"),
        pytest.param("x" * (MAX_HTML_BYTES + 1), "too_large", id="too-large"),
    ],
)
def test_bad_fragment_is_rejected(fragment: str, reason: str) -> None:
    reject = read_fragment(record(fragment), Options())
    assert isinstance(reject, Reject)
    assert reject.reason == reason
