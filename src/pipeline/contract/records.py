"""What passes from reading to normalising, and the vocabularies that it shares with the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from dataclasses import field as default
from typing import Any, Literal

# Where a value of an article comes from.
FieldSource = Literal[
    "sidecar",  # the JSON file beside the record
    "record",  # a field of the record: of a JSON line, a table row, a feed entry, a WARC header
    "json_ld",  # in the page: a schema.org object
    "meta",  # in the page: a <meta> tag
    "time",  # in the page: a <time> element
    "link",  # in the page: <link rel="canonical">
    "html",  # in the page: <html lang>, <title>, <h1>, or its layout
    "htmldate",  # in the page, as the library htmldate reads it
    "url",  # the address
    "dateline",
    "text",  # the text itself
    "setting",  # a setting of the run
    "source",  # the collection's name
    "none",
]
InputFormat = Literal["text", "html", "rtf", "jsonl", "json", "csv", "tsv", "parquet", "warc", "feed"]
SegmentKind = Literal["headline", "standfirst", "byline", "dateline", "paragraph", "subhead", "caption", "note"]
QualityFlag = Literal[
    "mojibake_repaired",
    "characters_dropped",
    "future_date",
    "absurd_date",
    "conflicting_dates",
    "unparsed_date",
    "sidecar_unknown_keys",
    "short_text",
    "no_headline",
    "unreadable_url",
    "paywall_teaser",  # the page shows only the beginning
    "consent_page",  # the page mostly asks for consent to cookies
    "feed_teaser",  # the feed or record carries only a summary
    "body_by_fallback",  # no article was recognised; all main text of the page was taken
]
SkipReason = Literal[
    "sidecar",
    "http_redirect",  # a WARC response that leads elsewhere
    "http_error",  # a WARC response with a status of 400 or more
    "not_html",  # a WARC response of another kind: an image, a script
    "no_response",  # a WARC record that is no response: a request, metadata, a revisit
    "no_article",  # an archive entry that is a folder, a link, or a file of the archive's own
    "forgotten",  # an article that was erased and is kept out
]

WHOLE = "0"  # raw_record where a file is one article
# Reads a raw file again; yields each record's name and bytes.
ReadRaw = Callable[[str], Iterator[tuple[str, bytes]]]


@dataclass(frozen=True, slots=True)
class RawRef:
    """Where a raw record is: its key in the ledger."""

    source: str
    raw_path: str
    raw_record: str
    raw_sha256: str


@dataclass(frozen=True, slots=True)
class RawMetadata:
    """Metadata that came with an article's text, as given: nothing in it is parsed or trusted yet.

    ``sources`` says where each given field is from.
    """

    url: str | None = None
    publisher: str | None = None
    headline: str | None = None
    standfirst: str | None = None
    authors: tuple[str, ...] = ()
    published_at: str | None = None
    modified_at: str | None = None
    fetched_at: str | None = None
    language: str | None = None
    section: str | None = None
    sources: Mapping[str, FieldSource] = default(default_factory=dict)

    @classmethod
    def of(cls, source: FieldSource, **values: Any) -> RawMetadata:
        """Return metadata that all comes from one place."""
        given = {name: value for name, value in values.items() if value}
        return cls(**given, sources=dict.fromkeys(given, source))

    def over(self, other: RawMetadata) -> RawMetadata:
        """Return this metadata, with missing fields taken from ``other``."""
        values = {
            field.name: getattr(self, field.name) or getattr(other, field.name)
            for field in fields(self)
            if field.name != "sources"
        }
        return RawMetadata(**values, sources={**other.sources, **self.sources})

    def source_of(self, name: str) -> FieldSource | None:
        """Return where a field is from; None if it is not given."""
        return self.sources[name] if getattr(self, name) else None


@dataclass(frozen=True, slots=True)
class RawBlock:
    """A stretch of a raw article's text that the record marks as one kind; offsets are into that text."""

    kind: SegmentKind
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class RawArticle:
    """One raw record, decoded and otherwise unchanged.

    If ``start_byte`` is given, ``text`` is exactly ``raw[start_byte:].decode(encoding)``, byte ranges of ``raw_spans``
    are counted from it, and ``encoding`` names a codec without a byte order mark (``utf-8``, ``utf-16-le``,
    ``utf-16-be``, ``cp1252``). If it is None, the text was taken from markup or from a field, and no bytes map to it.

    ``blocks`` are the parts of the text as the record marks them, in order and without overlap. Without blocks the text
    is split by its lines.
    """

    ref: RawRef
    input_format: InputFormat
    encoding: str
    text: str
    start_byte: int | None = None
    metadata: RawMetadata = RawMetadata()
    blocks: tuple[RawBlock, ...] = ()
    notes: tuple[str, ...] = ()  # what a person should know about how it was read
    flags: tuple[QualityFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """A raw record that is left out on purpose, such as a sidecar."""

    ref: RawRef
    reason: SkipReason
