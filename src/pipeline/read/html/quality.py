"""Recognise pages that are not articles, and pages that show only part of one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.contract import QualityFlag
from pipeline.lexicon.words import read_alternatives
from pipeline.read.html.body import Paragraph
from pipeline.read.html.page import Page

PHRASES = "page_phrases.txt"
# A page with fewer words in its body may be a form or an error page, even if its title does not say so.
FEW_WORDS = 120
TEASER_WORDS = 400
# "Error 404 | Page not found | The Post": titles of pages that a server sends in place of an article.
ERROR_TITLE = re.compile(
    rf"""(?ix)^(?=.*\w)\W*(?:[\w.]+\s[|–—-]\s)?
    (?:(?:http\s+)?(?:error|status)\s+)?(?:4\d\d|5\d\d)?[\s:|–—.!-]*(?:error\W*)?
    (?:|{read_alternatives(PHRASES, "error titles")})\W*(?:\s[|–—·-].*)?$"""
)
LOGIN_TITLE = re.compile(
    rf"""(?ix)^\W*(?:please\s+)?(?:{read_alternatives(PHRASES, "login titles")})
    (?:\s+(?:to|or|with|required)\b.{{0,40}})?\W*(?:\s[|–—·-].*)?$"""
)
PAYWALL = re.compile(rf"(?ix){read_alternatives(PHRASES, 'paywall')}")
CONSENT = re.compile(rf"(?i)\b(?:{read_alternatives(PHRASES, 'consent')})\b")
CONSENT_SHARE = 1 / 25  # one word in 25; an article about cookies has fewer
FEWEST_CONSENT_WORDS = 4
CUT_SHARE = 0.7  # of the words that the page declares


def find_problem(page: Page, paragraphs: Sequence[Paragraph]) -> str | None:
    """Return why a page is not an article; None if it may be one."""
    title = page.text_at("//title") or page.text_at("//h1") or ""
    word_count = sum(len(paragraph.text.split()) for paragraph in paragraphs)
    if word_count < FEW_WORDS and not page.article:
        if title and ERROR_TITLE.match(title):
            return f"an error page{_titled(title)}"
        has_password_field = page.root.xpath("//input[@type='password']")
        if LOGIN_TITLE.match(title) or (has_password_field and word_count < FEW_WORDS / 2):
            return f"a login page{_titled(title)}"
    if not word_count:
        return f"a page without an article{_titled(title)}"
    return None


def _titled(title: str) -> str:
    return f", titled {title[:80]!r}" if title else ", and without a title"


def flag_quality(page: Page, paragraphs: Sequence[Paragraph], visible: str) -> set[QualityFlag]:
    """Return flags for a text that may be a consent form or only part of an article.

    Args:
        page: the page with its metadata.
        paragraphs: the extracted article.
        visible: all text that the page shows.
    """
    flags: set[QualityFlag] = set()
    text = " ".join(paragraph.text for paragraph in paragraphs)
    word_count = len(text.split())
    consent_count = len(CONSENT.findall(text))
    if consent_count >= FEWEST_CONSENT_WORDS and consent_count > word_count * CONSENT_SHARE:
        flags.add("consent_page")
    if word_count < TEASER_WORDS and _is_teaser(page, paragraphs, visible, word_count):
        flags.add("paywall_teaser")
    return flags


def _is_teaser(page: Page, paragraphs: Sequence[Paragraph], visible: str, word_count: int) -> bool:
    if any(PAYWALL.search(paragraph.text) for paragraph in paragraphs[-3:]):
        return True
    return _is_cut(page, word_count) and (_is_locked(page) or bool(PAYWALL.search(visible)))


def _is_locked(page: Page) -> bool:
    """Return whether the page declares that its article is not free."""
    free = str(page.article.get("isAccessibleForFree", "")).rsplit("/", 1)[-1].casefold()
    tier = page.tag(("article:content_tier", "content_tier", "og:content_tier")) or ""
    return free in ("false", "no", "0") or tier.casefold() in ("locked", "paid", "premium")


def _is_cut(page: Page, word_count: int) -> bool:
    """Return whether the text is much shorter than the page declares; if it declares nothing, whether it is short."""
    declared = page.article.get("wordCount")
    if isinstance(declared, str) and declared.isdecimal():
        declared = int(declared)
    if isinstance(declared, int) and declared:
        return word_count < declared * CUT_SHARE
    return word_count < TEASER_WORDS / 2
