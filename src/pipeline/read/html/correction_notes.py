"""Add the corrections that a page prints next to an article, outside the text that extractors return."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lxml.html import HtmlElement

from pipeline.lexicon.words import read_alternatives
from pipeline.read.html.body import ENDS_SENTENCE, Paragraph, collapse_spaces, folded_words, read_paragraphs

# Headings of corrections, and how one without a heading begins. Both match lower-cased text: matching without case is
# slow.
LABEL = f"(?:{read_alternatives('page_phrases.txt', 'correction labels')})"
OPENING = f"(?:{read_alternatives('page_phrases.txt', 'correction openings')})"
CORRECTION = re.compile(rf"(?x){LABEL} | {OPENING}")
CORRECTION_PREFIX = re.compile(rf"(?x)\W*(?:{LABEL}\s*(?:[:,(–—|]|-\s) | {OPENING})")
HEADING = re.compile(rf"(?x)\W*{LABEL}\W*")
NEARBY = 5  # paragraphs before the article's first and after its last
NEARBY_CHARACTERS = 1_000  # that contain these paragraphs
EDGE = 20  # characters by which the article's first and last paragraph are found
SHORTEST, LONGEST = 6, 150  # words of a correction


def add_corrections(paragraphs: Sequence[Paragraph], root: HtmlElement, visible: str) -> list[Paragraph]:
    """Return an article with the corrections that the page shows next to it.

    Publishers print them below the body, outside the element that is marked as the article. Those further away, among
    comments or headings of other articles, belong to other articles.

    Args:
        paragraphs: the extracted article.
        root: the prepared page.
        visible: all text that the page shows.
    """
    if not paragraphs or not CORRECTION.search(_text_around(paragraphs, visible).casefold()):
        return list(paragraphs)
    shown = read_paragraphs(root)
    numbers = {tuple(folded_words(paragraph.text)): number for number, paragraph in enumerate(shown)}
    known = dict.fromkeys(tuple(folded_words(paragraph.text)) for paragraph in paragraphs)
    printed = [numbers[words] for words in known if words in numbers]
    if not printed:
        return list(paragraphs)
    before = _find_corrections(shown[max(0, printed[0] - NEARBY) : printed[0]])
    after = _find_corrections(shown[printed[-1] + 1 :][:NEARBY])
    return [
        *(note for note in before if tuple(folded_words(note.text)) not in known),
        *paragraphs,
        *(note for note in after if tuple(folded_words(note.text)) not in known),
    ]


def _text_around(paragraphs: Sequence[Paragraph], visible: str) -> str:
    """Return what the page shows shortly before and after an article; all of it if the article is not found in it.

    It saves reading the whole page: most pages show no correction there.
    """
    start, end = visible.find(paragraphs[0].text[:EDGE]), visible.rfind(paragraphs[-1].text[-EDGE:])
    if start < 0 or end < 0:
        return visible
    before, after = visible[max(0, start - NEARBY_CHARACTERS) : start], visible[end : end + NEARBY_CHARACTERS]
    return collapse_spaces(f"{before} {after}")


def _find_corrections(nearby: Sequence[Paragraph]) -> Iterator[Paragraph]:
    """Yield the corrections among some paragraphs, each after the line above if that is its heading."""
    for above, paragraph in pairwise([Paragraph("paragraph", ""), *nearby]):
        has_heading = HEADING.fullmatch(above.text.casefold()) is not None
        is_passage = SHORTEST <= len(folded_words(paragraph.text)) <= LONGEST and ENDS_SENTENCE.search(paragraph.text)
        if is_passage and (has_heading or CORRECTION_PREFIX.match(paragraph.text.casefold())):
            if has_heading:
                yield Paragraph("note", above.text)
            yield Paragraph("note", paragraph.text)
