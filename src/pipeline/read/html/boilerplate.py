"""Label headline, byline and standfirst of an extracted article, and remove boilerplate around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.contract import RawMetadata
from pipeline.lexicon.words import read_alternatives
from pipeline.read.html.body import ENDS_SENTENCE, Paragraph, collapse_spaces, folded_words

FRONT = 4  # the number of first paragraphs among which headline, standfirst and byline are looked for
LONGEST_BYLINE_WORDS = 15
SHORTEST_STANDFIRST_WORDS = 6
BYLINE_PREFIX = re.compile(r"(?i)^(?:by|von|par|por|written\s+by|words\s+by|story\s+by)\b[\s:]")
# Headings and appeals that sites print below an article, as a whole line.
BELOW_ARTICLE = re.compile(rf"(?ix)^\W*(?:{read_alternatives('page_phrases.txt', 'below an article')})\W*$")
MAX_BELOW_WORDS = 25


def label_front(
    paragraphs: Sequence[Paragraph], metadata: RawMetadata, visible: str
) -> tuple[list[Paragraph], RawMetadata]:
    """Return an article with byline and standfirst labelled, and without headline and boilerplate; and its metadata.

    The headline is removed because the metadata has it. A summary in the metadata is kept only if the page shows it on
    a line of its own: most summaries are written for search engines, or are the lead cut short.

    Args:
        paragraphs: the extracted article.
        metadata: the page's metadata.
        visible: all text that the page shows.
    """
    kept = remove_headline(_remove_trailing_boilerplate(paragraphs), metadata.headline)
    kept = [
        replace(paragraph, kind="byline") if number < FRONT and _is_byline(paragraph, metadata.authors) else paragraph
        for number, paragraph in enumerate(kept)
    ]
    number = _find_standfirst(kept, metadata.standfirst)
    if number is not None:
        kept[number] = replace(kept[number], kind="standfirst")
        is_shown = folded_words(kept[number].text) == folded_words(metadata.standfirst or "")
    else:
        is_shown = _is_printed(metadata.standfirst, kept, visible)
    if metadata.source_of("standfirst") in ("json_ld", "meta") and not is_shown:
        metadata = replace(metadata, standfirst=None)
    return kept, metadata


def _find_standfirst(paragraphs: Sequence[Paragraph], summary: str | None) -> int | None:
    """Return the number of the standfirst: a first line with the words of the summary, or a long subhead at the top.

    A complete sentence is more likely the lead, which many sites also use as the summary.
    """
    if len(paragraphs) < 2:
        return None
    wanted = folded_words(summary or "")
    for number, paragraph in enumerate(paragraphs[:FRONT]):
        is_line = paragraph.kind in ("paragraph", "subhead") and not ENDS_SENTENCE.search(paragraph.text)
        if is_line and wanted and folded_words(paragraph.text) == wanted:
            return number
    is_long = paragraphs[0].kind == "subhead" and len(folded_words(paragraphs[0].text)) >= SHORTEST_STANDFIRST_WORDS
    return 0 if is_long else None


def remove_headline(paragraphs: list[Paragraph], headline: str | None) -> list[Paragraph]:
    """Return the paragraphs without the line that repeats the headline, and without menus and labels above it."""
    wanted = folded_words(headline or "")
    repeats = [
        number
        for number, paragraph in enumerate(paragraphs[:FRONT])
        if wanted and folded_words(paragraph.text) == wanted
    ]
    if not repeats:
        return paragraphs
    # Above the headline, a subhead is a menu or a label; captions and paragraphs are kept.
    above = [
        paragraph
        for number, paragraph in enumerate(paragraphs[: repeats[-1]])
        if paragraph.kind != "subhead" and number not in repeats
    ]
    return above + paragraphs[repeats[-1] + 1 :]


def _remove_trailing_boilerplate(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Return the paragraphs without trailing headings of other articles and appeals to the reader."""
    kept = list(paragraphs)
    while len(kept) > 1 and _is_trailing_boilerplate(kept[-1]):
        kept.pop()
    return kept


def _is_trailing_boilerplate(paragraph: Paragraph) -> bool:
    is_short = len(folded_words(paragraph.text)) <= MAX_BELOW_WORDS
    return paragraph.kind == "subhead" or (is_short and BELOW_ARTICLE.match(paragraph.text) is not None)


def _is_byline(paragraph: Paragraph, authors: Sequence[str]) -> bool:
    words = folded_words(paragraph.text)
    if len(words) > LONGEST_BYLINE_WORDS or paragraph.kind == "caption":
        return False
    names = [folded_words(author) for author in authors]
    is_named = any(words[start : start + len(name)] == name for name in names for start in range(len(words)))
    return is_named and (bool(BYLINE_PREFIX.match(paragraph.text)) or words in names)


def _is_printed(standfirst: str | None, paragraphs: Sequence[Paragraph], visible: str) -> bool:
    """Return whether a page shows a summary outside the article's paragraphs."""
    wanted = collapse_spaces((standfirst or "").rstrip("…. "))
    if not wanted or wanted not in collapse_spaces(visible):
        return False
    return not any(wanted in paragraph.text for paragraph in paragraphs)
