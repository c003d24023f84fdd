"""Turn one raw record into one article, or reject it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pipeline.contract import Article, FieldSource, QualityFlag, RawArticle, Reject, SegmentKind
from pipeline.language import count_words
from pipeline.normalise.dateline import AGENCIES
from pipeline.normalise.dates import DateClues, Published, date_article, parse_instant
from pipeline.normalise.identity import canonicalise_url, identify, name_publisher
from pipeline.normalise.language_tag import identify_language
from pipeline.normalise.layout import BYLINE, Layout, read_layout, read_marked_layout
from pipeline.normalise.text import UNSEEN, TextBuilder, as_raw_spans

SHORT_TEXT_WORDS = 30
FRONT_KINDS: tuple[SegmentKind, ...] = ("headline", "standfirst", "byline")
AGENCY_CREDIT = re.compile(rf"(?:^|/|,\s*|\()({'|'.join(map(re.escape, AGENCIES))})\)?\.?$")
UPDATE_STAMP = re.compile(r"(?i)^\W*(?:last\s+)?(?:updated|modified)[^:]*:\s*(?P<when>.*\d.*)$")


def normalise(raw: RawArticle, default_publisher: str | None = None) -> Article | Reject:
    """Return the article in a raw record, or a reject if no text is left.

    Args:
        raw: the record as read.
        default_publisher: the publisher of records that do not name one.
    """
    draft = _Draft.of(raw)
    if not draft.word_count:
        detail = "no text is left without site furniture, headline and byline; put the article's text in the file"
        return Reject.of(raw.ref, stage="normalise", reason="no_text", detail=detail)
    return _as_article(draft, draft.find_date(), default_publisher)


@dataclass(frozen=True)
class _Draft:
    """The text and layout of a raw record, from which an article's columns are read."""

    raw: RawArticle
    layout: Layout
    builder: TextBuilder
    text: str
    body_start: int

    @classmethod
    def of(cls, raw: RawArticle) -> _Draft:
        layout = (
            read_marked_layout(raw.text, raw.blocks) if raw.blocks else read_layout(raw.text, raw.metadata.headline)
        )
        builder = _write_text(raw, layout)
        body_start = next(
            (segment.start_char for segment in builder.segments if segment.kind not in FRONT_KINDS), builder.length
        )
        return cls(raw, layout, builder, builder.text, body_start)

    @cached_property
    def word_count(self) -> int:
        return count_words(self.text[self.body_start :])

    @cached_property
    def url(self) -> str | None:
        return self.raw.metadata.url or self.layout.url

    @cached_property
    def canonical_url(self) -> str | None:
        return canonicalise_url(self.url) if self.url else None

    @cached_property
    def fetched_at(self) -> datetime | None:
        given = self.raw.metadata.fetched_at
        return parse_instant(given) if given else None

    def first_segment(self, kind: SegmentKind) -> str | None:
        segment = next((segment for segment in self.builder.segments if segment.kind == kind), None)
        return self.text[segment.start_char : segment.end_char] if segment else None

    def find_date(self) -> Published:
        given = self.raw.metadata
        return date_article(
            DateClues(
                published_at=given.published_at,
                published_source=given.source_of("published_at") or "none",
                url=self.url,
                dateline=self.layout.dateline,
                body=self.text,
                fetched_at=self.fetched_at,
                furniture=self.layout.furniture,
            )
        )

    def find_agency(self) -> str | None:
        """Return the agency that the dateline or a byline credits."""
        if self.layout.dateline and self.layout.dateline.agency:
            return self.layout.dateline.agency
        for segment in self.builder.segments:
            if segment.kind == "byline":
                credit = AGENCY_CREDIT.search(self.text[segment.start_char : segment.end_char])
                if credit:
                    return AGENCIES[credit[1]]
        return None

    def find_modified_at(self) -> datetime | None:
        """Return when the article was last changed, as given or as an "Updated: …" line says."""
        given = self.raw.metadata.modified_at
        if given:
            return parse_instant(given)
        for line in self.layout.furniture:
            stamp = UPDATE_STAMP.match(line)
            if stamp and (instant := parse_instant(stamp["when"])):
                return instant
        return None

    def source_of(self, field: str, value: object) -> FieldSource | None:
        """Return where a field's value is from: the record, else the text; None without a value."""
        return (self.raw.metadata.source_of(field) or "text") if value else None

    def quality_flags(self) -> set[QualityFlag]:
        flags: set[QualityFlag] = {*self.raw.flags, *self.builder.flags}
        if self.word_count < SHORT_TEXT_WORDS:
            flags.add("short_text")
        if not self.first_segment("headline"):
            flags.add("no_headline")
        if self.url and not self.canonical_url:
            flags.add("unreadable_url")
        return flags


def _as_article(draft: _Draft, published: Published, default_publisher: str | None) -> Article:
    raw, given, layout, builder = draft.raw, draft.raw.metadata, draft.layout, draft.builder
    publisher, publisher_source = name_publisher(given, default_publisher, draft.canonical_url, raw.ref.source)
    language = identify_language(given.language, given.source_of("language"), draft.text, draft.body_start)
    headline, standfirst, byline = (draft.first_segment(kind) for kind in FRONT_KINDS)
    authors, modified_at = list(given.authors) or _authors(byline), draft.find_modified_at()
    return Article(
        article_id=identify(raw.ref, draft.canonical_url),
        source=raw.ref.source,
        raw_path=raw.ref.raw_path,
        raw_record=raw.ref.raw_record,
        raw_sha256=raw.ref.raw_sha256,
        raw_spans=[] if raw.start_byte is None else as_raw_spans(builder, raw.encoding, raw.start_byte),
        input_format=raw.input_format,
        encoding=raw.encoding,
        publisher=publisher,
        publisher_source=publisher_source,
        url=draft.url,
        url_source=draft.source_of("url", draft.url),
        canonical_url=draft.canonical_url,
        headline=headline,
        headline_source=draft.source_of("headline", headline),
        standfirst=standfirst,
        standfirst_source=draft.source_of("standfirst", standfirst),
        byline=byline,
        authors=authors,
        authors_source=draft.source_of("authors", authors),
        agency=draft.find_agency(),
        dateline_place=layout.dateline.place if layout.dateline else None,
        published_on=published.published_on,
        published_at=published.published_at,
        published_precision=published.precision,
        published_source=published.source,
        published_evidence=published.evidence,
        modified_at=modified_at,
        modified_source=draft.source_of("modified_at", modified_at),
        fetched_at=draft.fetched_at,
        language=language.tag,
        language_confidence=language.confidence,
        language_source=language.source,
        section=given.section,
        section_source=given.source_of("section"),
        text=draft.text,
        body_start_char=draft.body_start,
        segments=builder.segments,
        word_count=draft.word_count,
        text_sha256=hashlib.sha256(draft.text.encode()).hexdigest(),
        quality_flags=sorted({*draft.quality_flags(), *published.flags}),
        notes=list(raw.notes),
    )


def _write_text(raw: RawArticle, layout: Layout) -> TextBuilder:
    """Write the article's text: its blocks in order, after a headline and standfirst that only the metadata gives."""
    builder = TextBuilder(raw.text)
    printed_kinds = {block.kind for block in layout.blocks}
    given_front: tuple[tuple[SegmentKind, str | None], ...] = (
        ("headline", raw.metadata.headline),
        ("standfirst", raw.metadata.standfirst),
    )
    for kind, given in given_front:
        visible = UNSEEN.sub("", given or "").strip()
        if visible and kind not in printed_kinds:
            builder.add_given(kind, " ".join(visible.split()), "\n\n")
    after_dateline = False
    for block in layout.blocks:
        builder.add_segment(block.kind, block.lines, " " if after_dateline else "\n\n")
        after_dateline = block.kind == "dateline"
    return builder


def _authors(byline: str | None) -> list[str]:
    """Return the names in a byline, without agencies and without a publisher after a comma."""
    printed = BYLINE.match(byline or "")
    if not printed:
        return []
    names = re.split(r"\s+(?:and|&)\s+", printed["names"].split(",")[0])
    return [name.strip() for name in names if name.strip() and name.strip() not in AGENCIES]
