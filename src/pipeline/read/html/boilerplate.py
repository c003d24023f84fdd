"""What stands before an article's first paragraph and behind its last: told apart from the article itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.contract import RawMetadata
from pipeline.read.html.body import ENDS_SENTENCE, Piece, squeeze, words_of

FRONT = 4  # how many pieces from the top a headline, a standfirst or a byline may stand
LONGEST_BYLINE = 15  # words
LEAST_STANDFIRST = 6
OPENS_BYLINE = re.compile(r"(?i)^(?:by|von|par|por|written\s+by|words\s+by|story\s+by)\b[\s:]")
# Heads of what sites print below an article; each is a whole line.
BELOW = re.compile(
    r"""(?ix)^\W*(?:
    (?:you\s+)?(?:may|might)\s+also\s+(?:like|enjoy|be\s+interested\s+in).{0,20}
    | (?:related|recommended|more|popular|trending|latest|most\s+(?:read|popular|viewed))\b.{0,15}
        \b(?:stories|articles?|posts?|news|content|reading|videos?|links|coverage|topics|from|on|for\s+you)\b.{0,30}
    | (?:leave\s+a\s+)?(?:comments?|reply|repl(?:y|ies))(?:\s+\(?\d+\)?)? | share\s+(?:this|on|via)\b.{0,40} | read\s+(?:next|more)
    | (?:sign\s+up|subscribe)\s+(?:for|to)\b.{0,80} | (?:filed\s+under|tags?|topics?|categories)\s*:.{0,120}
    | (?:copyright|©|\(c\)|ⓒ)\s.{0,150} | (?:click\s+here|get\s+the\s+latest).{0,100} | tell\s+us\s+what\s+you\s+think\W*
    )\W*$"""
)
MAX_BELOW_WORDS = 25


def arrange(pieces: Sequence[Piece], metadata: RawMetadata, visible: str) -> tuple[list[Piece], RawMetadata]:
    """Tell the front of an article by its kinds, and leave out what stands around it.

    The headline is left out, since it stands in the metadata. A summary stays only where the page shows it as a line of
    its own: most are written for search engines, or are the lead cut short.

    Args:
        pieces: of the article.
        metadata: of the page.
        visible: all text that the page shows.
    """
    left = without_headline(_without_below(pieces), metadata.headline)
    left = [
        replace(piece, kind="byline") if at < FRONT and _is_byline(piece, metadata.authors) else piece
        for at, piece in enumerate(left)
    ]
    at = _find_standfirst(left, metadata.standfirst)
    if at is not None:
        left[at] = replace(left[at], kind="standfirst")
        is_shown = words_of(left[at].text) == words_of(metadata.standfirst or "")
    else:
        is_shown = _is_printed(metadata.standfirst, left, visible)
    if metadata.source_of("standfirst") in ("json_ld", "meta") and not is_shown:
        metadata = replace(metadata, standfirst=None)
    return left, metadata


def _find_standfirst(pieces: Sequence[Piece], summary: str | None) -> int | None:
    """Which piece is the standfirst: a line at the top that is the summary word for word, or a long subhead there.

    A whole sentence is rather the lead, which many sites give out for a summary.
    """
    if len(pieces) < 2:
        return None
    wanted = words_of(summary or "")
    for at, piece in enumerate(pieces[:FRONT]):
        is_line = piece.kind in ("paragraph", "subhead") and not ENDS_SENTENCE.search(piece.text)
        if is_line and wanted and words_of(piece.text) == wanted:
            return at
    is_long = pieces[0].kind == "subhead" and len(words_of(pieces[0].text)) >= LEAST_STANDFIRST
    return 0 if is_long else None


def without_headline(pieces: list[Piece], headline: str | None) -> list[Piece]:
    """Without the line that repeats the headline, and without labels above it."""
    wanted = words_of(headline or "")
    repeats = [at for at, piece in enumerate(pieces[:FRONT]) if wanted and words_of(piece.text) == wanted]
    if not repeats:
        return pieces
    # what stands above the headline is a menu or a label, unless it is a caption or a paragraph
    above = [piece for at, piece in enumerate(pieces[: repeats[-1]]) if piece.kind != "subhead" and at not in repeats]
    return above + pieces[repeats[-1] + 1 :]


def _without_below(pieces: Sequence[Piece]) -> list[Piece]:
    """Without trailing lines that head other articles or ask the reader for something."""
    left = list(pieces)
    while len(left) > 1 and (
        left[-1].kind == "subhead" or (len(words_of(left[-1].text)) <= MAX_BELOW_WORDS and BELOW.match(left[-1].text))
    ):
        left.pop()
    return left


def _is_byline(piece: Piece, authors: Sequence[str]) -> bool:
    words = words_of(piece.text)
    if len(words) > LONGEST_BYLINE or piece.kind == "caption":
        return False
    names = [words_of(author) for author in authors]
    is_named = any(words[at : at + len(name)] == name for name in names for at in range(len(words)))
    return is_named and (bool(OPENS_BYLINE.match(piece.text)) or words in names)


def _is_printed(standfirst: str | None, pieces: Sequence[Piece], visible: str) -> bool:
    """Whether a page shows a summary as a line of its own."""
    wanted = squeeze((standfirst or "").rstrip("…. "))
    return bool(wanted) and wanted in squeeze(visible) and not any(wanted in piece.text for piece in pieces)
