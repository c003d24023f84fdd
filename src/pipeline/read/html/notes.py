"""Corrections that stand beside an article's body, where extractors do not look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lxml.html import HtmlElement

from pipeline.read.html.body import ENDS_SENTENCE, Piece, read_pieces, squeeze, words_of

# How a correction is headed, and how one without a head begins; in lower case, as case-blind search is slow.
LABEL = r"""(?:corrections?|clarifications?|corrigend(?:um|a)|errat(?:um|a)|berichtigung|korrektur|richtigstellung
    |rectificati(?:f|on|e)|correctie|correcci[oó]n|rectificaci[oó]n|aclaraci[oó]n|fe\s+de\s+errat?(?:as|ores)|correzione
    |rettifica|errata\s+corrige|corre[cç][aã]o|rett(?:else|ing)|rättelse)"""
OPENING = r"""(?:
    this\s+(?:article|story|report|piece|post)\s+(?:was|has\s+been)\s+(?:\w+\s+)?(?:amended|corrected|changed|edited|updated)\b
    | an?\s+(?:earlier|previous)\s+version\s+of\s+this\b
    | (?:dieser|der)\s+(?:artikel|text|beitrag)\s+wurde\s+(?:\w+\s+)?(?:korrigiert|berichtigt)\b
    | in\s+einer\s+(?:früheren|ersten)\s+(?:version|fassung)\b
    | une\s+(?:version\s+(?:précédente|antérieure)|première\s+version)\s+de\s+cet\s+article\b
    | una\s+versión\s+anterior\s+de\s+est[ea]\b)"""
MENTION = re.compile(rf"(?x){LABEL} | {OPENING}")
OPENS_NOTE = re.compile(rf"(?x)\W*(?:{LABEL}\s*(?:[:,(–—|]|-\s) | {OPENING})")
HEAD = re.compile(rf"(?x)\W*{LABEL}\W*")
NEAR = 5  # paragraphs before the article's first and behind its last
REACH = 1_000  # characters in which these stand
EDGE = 20  # characters by which the article's first and last are found again
SHORTEST, LONGEST = 6, 150  # words


def with_notes(pieces: Sequence[Piece], root: HtmlElement, visible: str) -> list[Piece]:
    """An article with the corrections that the page shows next to it and that are not in it.

    Publishers print them below the body, out of the element that is marked as holding the article. One that stands
    further away, among comments or the heads of other articles, is not this article's.

    Args:
        pieces: of the article.
        root: of the prepared page.
        visible: all text that the page shows.
    """
    if not pieces or not MENTION.search(_around(pieces, visible).casefold()):
        return list(pieces)
    shown = read_pieces(root)
    places = {tuple(words_of(piece.text)): at for at, piece in enumerate(shown)}
    known = dict.fromkeys(tuple(words_of(piece.text)) for piece in pieces)
    printed = [places[words] for words in known if words in places]
    if not printed:
        return list(pieces)
    before, after = shown[max(0, printed[0] - NEAR) : printed[0]], shown[printed[-1] + 1 :][:NEAR]
    found = [[note for note in _notes(near) if tuple(words_of(note.text)) not in known] for near in (before, after)]
    return [*found[0], *pieces, *found[1]]


def _around(pieces: Sequence[Piece], visible: str) -> str:
    """What the page shows before and behind an article, where most show no correction; all of it if that is unclear."""
    start, end = visible.find(pieces[0].text[:EDGE]), visible.rfind(pieces[-1].text[-EDGE:])
    if start < 0 or end < 0:
        return visible
    return squeeze(f"{visible[max(0, start - REACH) : start]} {visible[end : end + REACH]}")


def _notes(near: Sequence[Piece]) -> Iterator[Piece]:
    """The corrections among some paragraphs, each with the line above that heads it."""
    for above, piece in pairwise([Piece("paragraph", ""), *near]):
        is_headed = HEAD.fullmatch(above.text.casefold()) is not None
        is_passage = SHORTEST <= len(words_of(piece.text)) <= LONGEST and ENDS_SENTENCE.search(piece.text)
        if is_passage and (is_headed or OPENS_NOTE.match(piece.text.casefold())):
            yield from (Piece("note", part.text) for part in (above, piece) if part is piece or is_headed)
