"""Extraction from pages, compared with trafilatura alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
import trafilatura

from pipeline.contract import Article, RawMetadata, RawRef, Reject
from pipeline.normalise import normalise
from pipeline.read.html import read_html
from pipeline.read.records import Options, RawRecord
from tests.corpus.conftest import require
from tests.corpus.extraction import (
    Page,
    fold,
    fold_names,
    pages_of_postlight,
    pages_of_trafilatura,
    pages_with_text,
    score_texts,
)

pytestmark = pytest.mark.corpus


TEXTS = "corpora/article-extraction-benchmark"
POSTLIGHT = "corpora/postlight-fixtures-en"
TRAFILATURA = "corpora/trafilatura-eval-en"


def curate(page: Page) -> Article | Reject:
    ref = RawRef("corpus", f"{page.name}.html", "0", "")
    raw = read_html(RawRecord(ref, "html", page.html, "html", RawMetadata.of("sidecar", url=page.url)), Options())
    return raw if isinstance(raw, Reject) else normalise(raw)


def body(page: Page) -> str:
    article = curate(page)
    return article.text[article.body_start_char :] if isinstance(article, Article) else ""


def body_by_trafilatura(page: Page) -> str:
    return trafilatura.extract(page.html, url=page.url, fast=True, include_comments=False) or ""


def test_text_of_articles() -> None:
    pages = list(pages_with_text(require(TEXTS) / TEXTS))
    figures = {}
    for name, extract in (("onrecord", body), ("trafilatura", body_by_trafilatura)):
        by_run, by_page = score_texts([(page.text or "", extract(page)) for page in pages])
        for weighting, score in (("over all", by_run), ("page by page", by_page)):
            print(
                f"{name:12} {weighting:13} precision {score.precision:.4f}  recall {score.recall:.4f}  F1 {score.f1:.4f}"
            )
            figures[name, weighting] = score.f1
    assert figures["onrecord", "over all"] >= 0.962
    assert figures["onrecord", "page by page"] >= 0.960


def share(pages: Iterable[Page], is_right: Callable[[Page], bool]) -> tuple[float, int]:
    answers = [is_right(page) for page in pages]
    return sum(answers) / len(answers), len(answers)


def test_metadata_of_pages() -> None:
    require(POSTLIGHT, TRAFILATURA)
    shared = require(POSTLIGHT)
    pages = [*pages_of_postlight(shared / POSTLIGHT), *pages_of_trafilatura(shared / TRAFILATURA)]
    curated = {page.name: curate(page) for page in pages}
    articles = {name: article for name, article in curated.items() if isinstance(article, Article)}

    def has_headline(page: Page) -> bool:
        gold, found = fold(page.headline), fold(articles[page.name].headline) if page.name in articles else ""
        return bool(found) and (gold in found or found in gold)

    def has_authors(page: Page) -> bool:
        return page.name in articles and fold_names(articles[page.name].authors) == page.authors

    def names_somebody(page: Page) -> bool:
        return page.name in articles and bool(articles[page.name].authors)

    dated = [page for page in pages if page.published_on]
    signed = [page for page in pages if page.authors]
    unsigned = [page for page in pages if page.authors == frozenset()]
    figures = {
        "date": share(
            dated, lambda page: page.name in articles and articles[page.name].published_on == page.published_on
        ),
        "headline": share([page for page in pages if page.headline], has_headline),
        "authors": share(signed, has_authors),
        "wrong authors": share(signed, lambda page: names_somebody(page) and not has_authors(page)),
        "invented authors": share(unsigned, names_somebody),
    }
    for name, (figure, count) in figures.items():
        print(f"{name:18} {figure:.3f} of {count}")
    assert len(articles) >= len(pages) - 1, [reject for reject in curated.values() if isinstance(reject, Reject)]
    assert figures["date"][0] >= 0.86
    assert figures["headline"][0] >= 0.93
    assert figures["authors"][0] >= 0.68
    assert figures["wrong authors"][0] <= 0.07
    assert figures["invented authors"][0] <= 0.15
