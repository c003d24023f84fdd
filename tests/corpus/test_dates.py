"""Dates read from the text alone, compared with the dates in the articles' addresses.

Weak evidence: few texts state their date, and the addresses of those have only the month, so no day is tested.
The rule that took a year from the latest one stated was dropped after looking at its errors on these same articles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.contract import Article, RawArticle
from pipeline.normalise import normalise
from pipeline.normalise.dates import DateClues, Published, date_article
from pipeline.normalise.layout import read_layout
from pipeline.read import Options, RawFile, RawRecord, find_files, frame_file, read_record

from .conftest import require

FLOOR = 0.98
FEWEST_GIVEN = 15  # without it, giving no date at all would pass

pytestmark = pytest.mark.corpus


def _read(folder: Path) -> Iterator[RawArticle]:
    for file in find_files(str(folder), folder.name):
        if isinstance(file, RawFile):
            raws = (
                read_record(record, Options())
                for record in frame_file(file, Options())
                if isinstance(record, RawRecord)
            )
            yield from (raw for raw in raws if isinstance(raw, RawArticle))


def _address(raw: RawArticle) -> str | None:
    return raw.metadata.url or read_layout(raw.text, raw.metadata.headline).url


def _hide_address(raw: RawArticle, url: str) -> RawArticle:
    first, _, rest = raw.text.partition("\n")
    assert url in first, raw.ref.raw_path
    assert url not in rest, raw.ref.raw_path
    return replace(raw, text=rest, metadata=replace(raw.metadata, url=None))


def _compare(given: date, told: Published) -> str:
    """Compare with what the address tells: a day where it tells the day, else the month."""
    assert told.published_on is not None
    if told.precision == "month":
        same = (given.year, given.month) == (told.published_on.year, told.published_on.month)
        return "same month" if same else "wrong month"
    # The address has the day of publication, the dateline the day of writing, which is often the day before.
    apart = abs(given - told.published_on)
    return "same day" if not apart else "one day apart" if apart == timedelta(days=1) else "wrong day"


def test_dates_without_the_address() -> None:
    folder = require("corpora/worldwide-newswire/original") / "corpora/worldwide-newswire/original"
    told_count: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for raw in _read(folder):
        url = _address(raw)
        told = date_article(DateClues(url=url))
        if url is None or told.published_on is None:
            continue
        told_count[told.precision] += 1
        article = normalise(_hide_address(raw, url))
        assert isinstance(article, Article), raw.ref.raw_path
        if article.published_on is not None:
            outcome = _compare(article.published_on, told)
            found[outcome] += 1
            if outcome not in ("same day", "same month"):
                print(f"\n{raw.ref.raw_path}: {outcome}: {article.published_on}, address {told.published_on}")
    given, right = found.total(), found["same day"] + found["same month"]
    print(f"\naddresses that tell a date: {told_count.total()} {dict(told_count)}; given without them: {given}")
    print(
        f"right {right}/{given}: {found['same day']} the same day, {found['same month']} the same month (no day told)"
    )
    print(f"one day apart, not counted as right: {found['one day apart']}; with them {right + found['one day apart']}")
    assert given >= FEWEST_GIVEN
    assert right >= FLOOR * given
