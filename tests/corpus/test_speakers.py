"""Speakers of PolNeAR's annotated sources: pronouns, roles and names. Only names are taken from the tagger.

``speakers/README.md`` describes how the gold set was made. Floors are a little under the figures when they were set.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from training.attribution_corpora import align, read_annotation

from pipeline.contract import Article, QuoteType, RawArticle, RawRef
from pipeline.entities import extract_mentions
from pipeline.language import Reading, Span, read_language
from pipeline.normalise import normalise
from pipeline.quotes.quote_spans import Attribution, QuoteSpan
from pipeline.quotes.speakers import Speaker, resolve_speakers

from .conftest import require

GOLD = Path(__file__).parent / "speakers"
# By part: the least share right of pronouns and roles that mean a person named in the article; the same of printed names;
# and the largest share that may wrongly get a name of those that mean nobody named.
FLOORS = {"train": (0.86, 0.96, 0.022), "dev": (0.80, 0.97, 0.033)}
MOST_MISCALIBRATED = 0.05
SUFFIXES = frozenset("jr sr ii iii".split())

pytestmark = [pytest.mark.corpus]


class Case(NamedTuple):
    """A source, whom it means, and the speaker that was found."""

    form: str
    source: str
    gold: str | None
    found: Speaker

    @property
    def is_right(self) -> bool:
        return are_same(self.found.name, self.gold)


def are_same(name: str | None, gold: str | None) -> bool:
    """Return whether two names may be of the same person: all words of one are in the other, or surname and one name match."""
    ours, theirs = ([w.strip(".,’'") for w in (given or "").casefold().split()] for given in (name, gold))
    ours, theirs = ([w for w in words if w not in SUFFIXES] for words in (ours, theirs))
    if not ours or not theirs:
        return ours == theirs
    if set(ours) <= set(theirs) or set(theirs) <= set(ours):
        return True
    return ours[-1] == theirs[-1] and bool(set(ours[:-1]) & set(theirs[:-1]))


def cases_of(corpus: Path, part: str) -> Iterator[Case]:
    rows = defaultdict(list)
    with (GOLD / f"{part}.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            rows[row["article"]].append(row)
    for name, article_rows in rows.items():
        given = (corpus / part / "text" / f"{name}.txt").read_bytes().decode()
        annotation = sorted((corpus / part / "attributions").glob(f"{name}_*.ann"))[0].read_text("utf-8")
        speakers = speakers_of(given, annotation)
        for row in article_rows:
            start, end = int(row["name_start"]), int(row["name_end"])
            gold = " ".join(given[start:end].split()) if start >= 0 else None
            source = int(row["source_start"]), int(row["source_end"])
            yield Case(row["form"], given[slice(*source)], gold, speakers[source])


def speakers_of(given: str, annotation: str) -> dict[tuple[int, int], Speaker]:
    """Return the speaker of each annotated source by its place in the corpus text."""
    article = normalise(RawArticle(RawRef("test", "test.txt", "0", "0" * 64), "text", "utf-8", given))
    assert isinstance(article, Article)
    reading = read_language(article)
    place = align(given, article.text)

    def lay(parts: Sequence[tuple[int, int]]) -> Span | None:
        inside = [int(position) for start, end in parts for position in place[start:end] if position >= 0]
        return Span(min(inside), max(inside) + 1) if inside else None

    laid: list[tuple[QuoteSpan, tuple[int, int]]] = []
    for number, annotated in enumerate(read_annotation(annotation)):
        attribution = Attribution(lay(annotated.source), lay(annotated.cue))
        for content in filter(None, (lay([part]) for part in annotated.content) if annotated.source else ()):
            kind = kind_of(reading, content)
            span = QuoteSpan(kind, content.start, content.end, True, 0, number, attribution)
            laid.append((span, (annotated.source[0][0], annotated.source[-1][1])))
    laid.sort(key=lambda item: (item[0].start, -item[0].end))
    spans = [span for span, _ in laid]
    found = resolve_speakers(article, reading, spans, extract_mentions(article, reading))
    return {source: speaker for (_, source), speaker in reversed(list(zip(laid, found, strict=True)))}


def kind_of(reading: Reading, content: Span) -> QuoteType:
    if any(
        quotation.outer_start <= content.start and content.end <= quotation.outer_end
        for quotation in reading.quotations
    ):
        return "direct"
    is_mixed = any(
        content.start <= quotation.outer_start and quotation.outer_end <= content.end
        for quotation in reading.quotations
    )
    return "mixed" if is_mixed else "indirect"


def share_right(cases: Sequence[Case]) -> float:
    return sum(case.is_right for case in cases) / len(cases)


@pytest.mark.parametrize("part", ["train", "dev"])
def test_speakers_on_polnear(part: str) -> None:
    corpus = require(f"corpora/polnear/{part}/text", f"corpora/polnear/{part}/attributions") / "corpora/polnear"
    cases = list(cases_of(corpus, part))
    of_people = [case for case in cases if case.form in ("pronoun", "role") and case.gold]
    printed = [case for case in cases if case.form == "named"]
    of_nobody = [case for case in cases if not case.gold]
    named = [case for case in cases if case.found.name and case.form != "body"]
    by_confidence: dict[float, list[Case]] = defaultdict(list)
    for case in named:
        assert case.found.confidence is not None
        by_confidence[case.found.confidence].append(case)
    miscalibrated = sum(
        abs(share_right(group) - confidence) * len(group) for confidence, group in by_confidence.items()
    ) / len(named)
    invented = sum(case.found.name is not None for case in of_nobody) / len(of_nobody)
    print(
        f"\n{part}: pronouns and roles {share_right(of_people):.3f} of {len(of_people)}, printed {share_right(printed):.3f}"
    )
    print(f"named although nobody named is meant {invented:.3f}, right of all named {share_right(named):.3f}")
    print(f"expected calibration error {miscalibrated:.3f}")
    print(Counter((case.form, "right" if case.is_right else case.found.status) for case in cases))
    for case in cases:
        if not case.is_right and case.form != "body":
            print(f"  {case.form}: {case.source[:60]!r} is {case.gold}, not {case.found.name} ({case.found.method})")
    least_people, least_printed, most_invented = FLOORS[part]
    assert share_right(of_people) >= least_people
    assert share_right(printed) >= least_printed
    assert invented <= most_invented
    assert miscalibrated <= MOST_MISCALIBRATED
