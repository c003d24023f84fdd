"""Pages that are no article, and pages that show only a part of one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.contract import QualityFlag
from pipeline.read.html.body import Piece
from pipeline.read.html.metadata import Page

# A page of fewer words in its body may be a form or an error that says more than its title.
FEW_WORDS = 120
TEASER_WORDS = 400
# Titles of pages that a server sends in place of an article. Each is a whole title, but for the site's name.
ERROR_TITLE = re.compile(
    r"""(?ix)^(?=.*\w)\W*(?:[\w.]+\s[|–—-]\s)?(?:(?:http\s+)?(?:error|status)\s+)?(?:4\d\d|5\d\d)?[\s:|–—.!-]*(?:error\W*)?(?:
    | (?:(?:sorry|oops)\W+)?(?:the\s+|this\s+|that\s+)?(?:page|file|article)\s+(?:you\s+\w+\s+\w+\s+\w+\s+)?
        (?:(?:could\s+|can)?not\s+(?:be\s+)?(?:found|available)|cannot\s+be\s+found|no\s+longer\s+exists|unavailable|doesn['’]t\s+exist)
    | not\s+found | (?:access\s+)?forbidden | access\s+(?:denied|to\s+this\s+page\s+has\s+been\s+denied) | gone
    | just\s+a\s+moment | attention\s+required | are\s+you\s+a\s+(?:robot|human) | oops | something\s+went\s+wrong
    | please\s+(?:wait|verify\s+you\s+are\s+(?:a\s+)?human) | security\s+check
    | bad\s+gateway | service\s+(?:temporarily\s+)?unavailable | internal\s+server\s+error | gateway\s+time-?out
    | seite\s+(?:wurde\s+)?nicht\s+gefunden | page\s+(?:non\s+trouvée|introuvable) | página\s+no\s+encontrada
    )\W*(?:\s[|–—·-].*)?$"""
)
LOGIN_TITLE = re.compile(
    r"""(?ix)^\W*(?:please\s+)?(?:(?:log|sign)[\s-]?in|login|anmelden|(?:se\s+)?connexion|iniciar\s+sesión|subscriber\s+(?:log|sign)[\s-]?in)
    (?:\s+(?:to|or|with|required)\b.{0,40})?\W*(?:\s[|–—·-].*)?$"""
)
# What stands where the rest of an article is kept from those who do not pay.
PAYWALL = re.compile(
    r"""(?ix)
    \b(?:subscribe|register|sign\s+(?:in|up)|log\s+in|upgrade|become\s+a\s+(?:member|subscriber))\b.{0,60}
        \b(?:to\s+(?:continue|keep)\s+reading|to\s+(?:read|access|unlock|view)\s+(?:the\s+(?:full|rest|entire|whole)|this|more|all))\b
    | \bto\s+(?:continue|keep)\s+reading\b.{0,80}\b(?:subscri\w+|register|sign\s+(?:in|up)|log\s+in)\b
    | \b(?:this\s+(?:article|story|content|post)\s+is\s+(?:for|only\s+available\s+to|available\s+(?:only\s+)?(?:to|for)|reserved\s+for|exclusive\s+to)\s+(?:our\s+)?(?:paid\s+|paying\s+|premium\s+)?(?:subscribers|members))\b
    | \b(?:already\s+a|not\s+(?:yet\s+)?a|are\s+you\s+a)\s+(?:subscriber|member)\s*\?
    | \b(?:you(?:['’]ve|\s+have)\s+(?:reached|read|used)\s+(?:your|all|the)\b.{0,40}\b(?:free\s+articles?|article\s+limit|limit\s+of\s+free))\b
    | \bcontinue\s+reading\s+(?:your|this)\s+article\s+with\b
    | \b(?:weiterlesen\s+mit|dieser\s+artikel\s+ist\s+(?:exklusiv\s+)?für\s+abonnenten|réservé\s+aux\s+abonnés|contenido\s+exclusivo\s+para\s+suscriptores)\b
    """
)
CONSENT = re.compile(
    r"(?i)\b(?:cookies?|consent|gdpr|privacy\s+(?:policy|settings|preferences|choices)|personal\s+data|personalised\s+ads|tracking|partners|einwilligung|datenschutz)\b"
)
CONSENT_SHARE = 1 / 25  # one word in 25; an article on cookies has fewer
CONSENT_LEAST = 4


def find_problem(page: Page, pieces: Sequence[Piece]) -> str | None:
    """What a page is if it is no article; None if it is one, or may be."""
    title = page.text_at("//title") or page.text_at("//h1") or ""
    count = sum(len(piece.text.split()) for piece in pieces)
    if count < FEW_WORDS and not page.article:
        if title and ERROR_TITLE.match(title):
            return f"an error page, titled {title[:80]!r}"
        if LOGIN_TITLE.match(title) or (page.root.xpath("//input[@type='password']") and count < FEW_WORDS / 2):
            return f"a login page, titled {title[:80]!r}"
    if not count:
        return f"a page without any article, titled {title[:80]!r}"
    return None


def flag_quality(page: Page, pieces: Sequence[Piece], visible: str) -> set[QualityFlag]:
    """What a user should be wary of.

    Args:
        page: as declared.
        pieces: the article.
        visible: all text that the page shows.
    """
    flags: set[QualityFlag] = set()
    text = " ".join(piece.text for piece in pieces)
    count = len(text.split())
    asks = len(CONSENT.findall(text))
    if asks >= CONSENT_LEAST and asks > count * CONSENT_SHARE:
        flags.add("consent_page")
    if count < TEASER_WORDS and _is_teaser(page, pieces, visible, count):
        flags.add("paywall_teaser")
    return flags


def _is_teaser(page: Page, pieces: Sequence[Piece], visible: str, count: int) -> bool:
    if any(PAYWALL.search(piece.text) for piece in pieces[-3:]):
        return True
    return _is_cut(page, count) and (_is_locked(page) or bool(PAYWALL.search(visible)))


def _is_locked(page: Page) -> bool:
    free = str(page.article.get("isAccessibleForFree", "")).rsplit("/", 1)[-1].casefold()
    tier = page.tag(("article:content_tier", "content_tier", "og:content_tier")) or ""
    return free in ("false", "no", "0") or tier.casefold() in ("locked", "paid", "premium")


def _is_cut(page: Page, count: int) -> bool:
    """Whether fewer words are there than the page says that the article has; where it says nothing, few."""
    told = page.article.get("wordCount")
    if isinstance(told, str) and told.isdecimal():
        told = int(told)
    return count < told * 0.7 if isinstance(told, int) and told else count < TEASER_WORDS / 2
