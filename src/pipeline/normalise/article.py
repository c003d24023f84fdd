"""The composition of normalising: one raw record becomes one article, or a reject."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from pipeline.contract import Article, QualityFlag, RawArticle, Reject, SegmentKind
from pipeline.language import count_words
from pipeline.normalise.dateline import AGENCIES
from pipeline.normalise.dates import date_article, parse_instant
from pipeline.normalise.identity import canonicalise_url, identify, name_publisher
from pipeline.normalise.language import identify_language
from pipeline.normalise.layout import BYLINE, Layout, lay_out, read_layout
from pipeline.normalise.text import UNSEEN, TextBuilder, as_raw_spans

SHORT_TEXT_WORDS = 30
FRONT: tuple[SegmentKind, ...] = ("headline", "standfirst", "byline")
AGENCY_CREDIT = re.compile(rf"(?:^|/|,\s*|\()({'|'.join(map(re.escape, AGENCIES))})\)?\.?$")


def normalise(raw: RawArticle, default_publisher: str | None = None) -> Article | Reject:
    """Turn a raw record into an article.

    Args:
        raw: as read.
        default_publisher: for records that do not name their own.
    """
    given = raw.metadata
    layout = lay_out(raw.text, raw.blocks) if raw.blocks else read_layout(raw.text, given.headline)
    builder = _write(raw, layout)
    text = builder.text
    body_start = _body_start(builder)
    word_count = count_words(text[body_start:])
    if not word_count:
        detail = "nothing is left without site furniture, headline and byline; put the article's text in the file"
        return Reject.of(raw.ref, stage="normalise", reason="no_text", detail=detail)
    url = given.url or layout.url
    canonical_url = canonicalise_url(url) if url else None
    fetched_at = parse_instant(given.fetched_at) if given.fetched_at else None
    published = date_article(
        published_at=given.published_at,
        published_source=given.source_of("published_at") or "none",
        url=url,
        dateline=layout.dateline,
        body=text,
        fetched_at=fetched_at,
        extra_lines=layout.furniture,
    )
    publisher, publisher_source = name_publisher(given, default_publisher, canonical_url, raw.ref.source)
    language = identify_language(given.language, given.source_of("language"), text, body_start)
    headline = _segment_text(builder, "headline")
    standfirst = _segment_text(builder, "standfirst")
    byline = _segment_text(builder, "byline")
    authors = list(given.authors) or _authors(byline)
    modified_at = _modified_at(given.modified_at, layout)
    flags: set[QualityFlag] = {*raw.flags, *builder.flags, *published.flags}
    flags |= {"short_text"} if word_count < SHORT_TEXT_WORDS else set()
    flags |= set() if headline else {"no_headline"}
    flags |= {"unreadable_url"} if url and not canonical_url else set()
    return Article(
        article_id=identify(raw.ref, canonical_url),
        source=raw.ref.source,
        raw_path=raw.ref.raw_path,
        raw_record=raw.ref.raw_record,
        raw_sha256=raw.ref.raw_sha256,
        raw_spans=[] if raw.start_byte is None else as_raw_spans(builder, raw.encoding, raw.start_byte),
        input_format=raw.input_format,
        encoding=raw.encoding,
        publisher=publisher,
        publisher_source=publisher_source,
        url=url,
        url_source=given.source_of("url") or ("text" if url else None),
        canonical_url=canonical_url,
        headline=headline,
        headline_source=(given.source_of("headline") or "text") if headline else None,
        standfirst=standfirst,
        standfirst_source=(given.source_of("standfirst") or "text") if standfirst else None,
        byline=byline,
        authors=authors,
        authors_source=(given.source_of("authors") or "text") if authors else None,
        agency=_agency(layout, builder),
        dateline_place=layout.dateline.place if layout.dateline else None,
        published_on=published.published_on,
        published_at=published.published_at,
        published_precision=published.precision,
        published_source=published.source,
        published_evidence=published.evidence,
        modified_at=modified_at,
        modified_source=(given.source_of("modified_at") or "text") if modified_at else None,
        fetched_at=fetched_at,
        language=language.tag,
        language_confidence=language.confidence,
        language_source=language.source,
        section=given.section,
        section_source=given.source_of("section"),
        text=text,
        body_start_char=body_start,
        segments=builder.segments,
        word_count=word_count,
        text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        quality_flags=sorted(flags),
        notes=list(raw.notes),
    )


def _write(raw: RawArticle, layout: Layout) -> TextBuilder:
    builder = TextBuilder(raw.text)
    kinds = {block.kind for block in layout.blocks}
    for kind, given in (("headline", raw.metadata.headline), ("standfirst", raw.metadata.standfirst)):
        seen = UNSEEN.sub("", given or "").strip()
        if seen and kind not in kinds:  # not printed in the text: it goes before it
            builder.add_given("headline" if kind == "headline" else "standfirst", " ".join(seen.split()), "\n\n")
    after_dateline = False
    for block in layout.blocks:
        builder.add_segment(block.kind, block.lines, " " if after_dateline else "\n\n")
        after_dateline = block.kind == "dateline"
    return builder


def _body_start(builder: TextBuilder) -> int:
    """Where the text behind headline, standfirst and byline begins."""
    for segment in builder.segments:
        if segment.kind not in FRONT:
            return segment.start_char
    return builder.length


def _segment_text(builder: TextBuilder, kind: SegmentKind) -> str | None:
    found = next((segment for segment in builder.segments if segment.kind == kind), None)
    return builder.text[found.start_char : found.end_char] if found else None


def _authors(byline: str | None) -> list[str]:
    """The names in a byline; an agency or a publisher behind a comma is no author."""
    found = BYLINE.match(byline or "")
    if not found:
        return []
    names = found["names"].split(",")[0]
    return [
        name.strip() for name in re.split(r"\s+(?:and|&)\s+", names) if name.strip() and name.strip() not in AGENCIES
    ]


def _agency(layout: Layout, builder: TextBuilder) -> str | None:
    if layout.dateline and layout.dateline.agency:
        return layout.dateline.agency
    bylines = (builder.text[one.start_char : one.end_char] for one in builder.segments if one.kind == "byline")
    found = (AGENCY_CREDIT.search(byline) for byline in bylines)
    return next((AGENCIES[credit[1]] for credit in found if credit), None)


def _modified_at(given: str | None, layout: Layout) -> datetime | None:
    if given:
        return parse_instant(given)
    for line in layout.furniture:
        found = re.match(r"(?i)^\W*(?:last\s+)?(?:updated|modified)[^:]*:\s*(?P<when>.*\d.*)$", line)
        if found and (instant := parse_instant(found["when"])):
            return instant
    return None
