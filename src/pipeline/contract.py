"""The tables: one frozen dataclass each, from which schema, expectations and data dictionary derive.

A field is ``Annotated[type, Column("meaning", …)]``. Nothing else in the project spells a column's type, range or
meaning: ``arrow_schema``, ``expectations`` and ``data_dictionary`` read them from here, and ``to_table`` checks rows
against them while it builds an Arrow table. What makes Arrow's things imports Arrow itself: the command's help waits for
declarations alone.

All offsets are half-open Unicode code points into ``articles.text``; all instants are UTC.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from dataclasses import field as default
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    import pyarrow as pa

R = TypeVar("R")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
HEX16 = r"^[0-9a-f]{16}$"
SHA256 = r"^[0-9a-f]{64}$"
# BCP 47, as far as articles need it: language, optional script, optional region.
LANGUAGE_TAG = r"^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$"
RUN_ID = r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}$"

Precision = Literal["minute", "day", "month", "year", "inferred", "unknown"]
# Where a value of an article is known from.
FieldSource = Literal[
    "sidecar",  # the JSON file beside it
    "record",  # a field of the record that holds it: of a JSON line, a table's row, a feed's entry, a WARC header
    "json_ld",  # in the page: a schema.org object
    "meta",  # … a <meta> tag
    "time",  # … a <time> element
    "link",  # … <link rel="canonical">
    "html",  # … its <html lang>, <title> or <h1>, or where its layout puts it
    "htmldate",  # … as the library htmldate reads it
    "url",  # the address
    "dateline",
    "text",  # the text itself
    "setting",  # what the run was told
    "source",  # the collection's name
    "none",
]
InputFormat = Literal["text", "html", "rtf", "jsonl", "json", "csv", "tsv", "parquet", "warc", "feed"]
SegmentKind = Literal["headline", "standfirst", "byline", "dateline", "paragraph", "subhead", "caption", "note"]
QuoteType = Literal["direct", "mixed", "indirect"]
# Which attributions the quotes of a data set are of. "said": what is said or written; "all": also what is believed,
# intended or found.
Attributions = Literal["said", "all"]
MentionForm = Literal["name", "nominal", "pronoun"]
SpeakerForm = Literal["name", "nominal", "pronoun", "none"]
SpeakerStatus = Literal["named", "unresolved", "unattributed"]
# Whether people have looked at a quote: "confirmed" and "corrected" come from files under curated/corrections/.
ReviewStatus = Literal["machine", "confirmed", "corrected"]
# How a speaker was found. "printed": the attribution itself names a full name; the others say what joined
# the printed words to the name; "reviewed": a person said so.
SpeakerMethod = Literal["printed", "surname", "role", "pronoun", "continued", "transcript", "group", "reviewed", "none"]
EntityType = Literal["PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "EVENT", "PRODUCT", "WORK_OF_ART"]
LinkSource = Literal["iso3166-1", "geonames", "knowledge_base"]
DuplicateKind = Literal["exact", "near"]
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
    "paywall_teaser",  # the page shows the beginning only
    "consent_page",  # … or mostly asks to be allowed cookies
    "feed_teaser",  # the feed or record carries a summary only
    "body_by_fallback",  # no article was recognised; all main text of the page was taken
]
Stage = Literal["read", "normalise", "validate"]
Outcome = Literal["article", "superseded", "reject"]


@dataclass(frozen=True, slots=True)
class Column:
    """What a column means and which values it may hold."""

    meaning: str
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None  # only where a Literal type cannot say it
    unique: bool = False
    references: str | None = None  # "table.column"


# ── What passes from reading to normalising ────────────────────────────────────────────────────────────────────


WHOLE = "0"  # raw_record where a file is one article
# Reads a raw file again: gives the names of its records, and their bytes.
ReadRaw = Callable[[str], Iterator[tuple[str, bytes]]]


@dataclass(frozen=True, slots=True)
class RawRef:
    """Where a raw record lies: the key of a record in the ledger."""

    source: str
    raw_path: str
    raw_record: str
    raw_sha256: str


@dataclass(frozen=True, slots=True)
class RawMetadata:
    """What came along with an article's text, as given: nothing in it is parsed or trusted yet.

    ``sources`` tells for each field that is given where it is from.
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
        """Metadata that all comes from one place."""
        given = {name: value for name, value in values.items() if value}
        return cls(**given, sources=dict.fromkeys(given, source))

    def over(self, other: RawMetadata) -> RawMetadata:
        """This, with what it does not give taken from ``other``."""
        values = {f.name: getattr(self, f.name) or getattr(other, f.name) for f in fields(self) if f.name != "sources"}
        return RawMetadata(**values, sources={**other.sources, **self.sources})

    def source_of(self, name: str) -> FieldSource | None:
        """Where a field is from; None where it is not given."""
        return self.sources[name] if getattr(self, name) else None


@dataclass(frozen=True, slots=True)
class RawBlock:
    """A stretch of a raw article's text that the record itself marks as of one kind; offsets are into that text."""

    kind: SegmentKind
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class RawArticle:
    """One raw record, decoded and not yet changed in any way.

    Where ``start_byte`` is given, ``text`` is exactly ``raw[start_byte:].decode(encoding)``, and byte ranges of
    ``raw_spans`` are counted from it; ``encoding`` then names a codec without a byte order mark (``utf-8``,
    ``utf-16-le``, ``utf-16-be``, ``cp1252``). Where it is None, the text was taken out of markup or of a field, and no
    bytes stand for it.

    ``blocks`` are the parts of the text as the record marks them, in order, without overlap; where there are none, the
    text is parted by its lines.
    """

    ref: RawRef
    input_format: InputFormat
    encoding: str
    text: str
    start_byte: int | None = None
    metadata: RawMetadata = RawMetadata()
    blocks: tuple[RawBlock, ...] = ()
    notes: tuple[str, ...] = ()  # what a person should know of how it was read
    flags: tuple[QualityFlag, ...] = ()


SkipReason = Literal[
    "sidecar",
    "http_redirect",  # a WARC response that leads elsewhere
    "http_error",  # a WARC response with a status of 400 or more
    "not_html",  # a WARC response of another kind: an image, a script
    "no_response",  # a WARC record that is no response: a request, metadata, a revisit
    "no_article",  # an entry of an archive that is a folder or a link, or a file of an archive's own
    "forgotten",  # an article that was to be erased: it is kept out
]


@dataclass(frozen=True, slots=True)
class Skip:
    """A raw record that is no article and was never meant to be one, such as a sidecar."""

    ref: RawRef
    reason: SkipReason


# ── The tables ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an article's text of one kind."""

    kind: SegmentKind
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class RawSpan:
    """A stretch of the text and the bytes of the raw record that decode to it exactly."""

    start_char: int
    end_char: int
    start_byte: int
    end_byte: int


@dataclass(frozen=True, slots=True)
class Count:
    """How often something occurred."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Article:
    """One article, its current revision."""

    article_id: Annotated[
        str,
        Column("Hash of the canonical URL; without one, of source, raw path and record.", pattern=HEX16, unique=True),
    ]
    source: Annotated[str, Column("Name of the collection it was read from (--source, else the RAW folder's name).")]
    raw_path: Annotated[str, Column("The raw file, relative to RAW, with forward slashes.")]
    raw_record: Annotated[
        str,
        Column(
            "The record within the file: its line or row (from 1), its offset in a WARC file, its path in an archive (parted by '!/'); '0' where the file is one article."
        ),
    ]
    raw_sha256: Annotated[
        str,
        Column(
            "SHA-256 of the raw record's bytes; of its JSON where the record is a row or an element of an array.",
            pattern=SHA256,
        ),
    ]
    raw_spans: Annotated[
        list[RawSpan],
        Column(
            "Stretches of text and the bytes of the raw record that decode to them exactly; repaired or rearranged stretches are left out."
        ),
    ]
    input_format: Annotated[InputFormat, Column("The format it was read as; what it was packed in does not count.")]
    encoding: Annotated[str, Column("The codec that decodes the raw bytes of raw_spans.")]
    publisher: Annotated[str, Column("Who published it.")]
    publisher_source: Annotated[FieldSource, Column("Where the publisher is known from.")]
    url: Annotated[str | None, Column("The article's address as given.")]
    url_source: Annotated[FieldSource | None, Column("Where the address is known from; null where there is none.")]
    canonical_url: Annotated[
        str | None,
        Column("The address in one spelling: without tracking, fragment or trailing slash; what the id is made from."),
    ]
    headline: Annotated[str | None, Column("The headline; null where the record has none: none is invented.")]
    headline_source: Annotated[
        FieldSource | None, Column("Where the headline is known from; null where there is none.")
    ]
    standfirst: Annotated[str | None, Column("The summary line between headline and body.")]
    standfirst_source: Annotated[
        FieldSource | None, Column("Where the summary line is known from; null where there is none.")
    ]
    byline: Annotated[str | None, Column("The line that names the authors, as printed.")]
    authors: Annotated[list[str], Column("The authors' names.")]
    authors_source: Annotated[FieldSource | None, Column("Where the authors are known from; null where there is none.")]
    agency: Annotated[str | None, Column("The news agency that the dateline or byline credits.")]
    dateline_place: Annotated[str | None, Column("The place in the dateline, as printed.")]
    published_on: Annotated[
        date | None,
        Column(
            "Day of publication where it was published, as far as the offset tells; the first of the month or year where only that is known (see published_precision)."
        ),
    ]
    published_at: Annotated[datetime | None, Column("Instant of publication, only where a time of day is known.")]
    published_precision: Annotated[
        Precision,
        Column("How exactly the date is known; 'inferred' where the year was worked out from evidence in the text."),
    ]
    published_source: Annotated[FieldSource, Column("Where the date is known from.")]
    published_evidence: Annotated[
        str | None, Column("What is printed there, word for word; several pieces are parted by '; '.")
    ]
    modified_at: Annotated[datetime | None, Column("When the publisher last changed it.")]
    modified_source: Annotated[FieldSource | None, Column("Where that is known from; null where there is none.")]
    fetched_at: Annotated[datetime | None, Column("When the raw record was collected.")]
    language: Annotated[str | None, Column("Language of the body, BCP 47.", pattern=LANGUAGE_TAG)]
    language_confidence: Annotated[
        float | None, Column("How sure the language is; null where the record says it.", minimum=0, maximum=1)
    ]
    language_source: Annotated[
        FieldSource | None, Column("Where the language is known from; null where there is none.")
    ]
    section: Annotated[str | None, Column("The publisher's section.")]
    section_source: Annotated[FieldSource | None, Column("Where the section is known from; null where there is none.")]
    text: Annotated[
        str,
        Column(
            "The article in reading order, without site furniture; paragraphs are parted by an empty line. The base of every offset."
        ),
    ]
    body_start_char: Annotated[int, Column("Where the text behind headline, standfirst and byline begins.", minimum=0)]
    segments: Annotated[list[Segment], Column("The text's parts in order, without gaps but for white space.")]
    word_count: Annotated[int, Column("Words of the body.", minimum=1)]
    text_sha256: Annotated[str, Column("SHA-256 of text in UTF-8.", pattern=SHA256)]
    quality_flags: Annotated[list[QualityFlag], Column("What a user should be wary of, in alphabetical order.")]
    notes: Annotated[list[str], Column("What was noticed while reading, in words.")]
    revision: Annotated[
        int, Column("Which of the article's versions this is, counted over all raw records of it.", minimum=1)
    ] = 1
    duplicate_of: Annotated[
        str | None,
        Column(
            "The earliest article with (nearly) the same body, published at most 30 days before it or before another copy; itself a copy only where a text drifted.",
            pattern=HEX16,
            references="articles.article_id",
        ),
    ] = None
    duplicate_kind: Annotated[
        DuplicateKind | None,
        Column("exact: the same words, whatever case, punctuation and white space; near: most of them."),
    ] = None
    duplicate_similarity: Annotated[
        float | None,
        Column(
            "Share of common runs of three words between the two bodies (Jaccard index, exact): at least .8; 1 where the words are the same.",
            minimum=0,
            maximum=1,
        ),
    ] = None
    first_seen_at: Annotated[datetime, Column("When a run first published the article.")] = LONG_AGO
    run_id: Annotated[str, Column("The run that wrote this revision.", pattern=RUN_ID, references="runs.run_id")] = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """One quoted or reported stretch without a break in it."""

    quote_id: Annotated[
        str,
        Column(
            "Hash of article_id, text and how many times the text came before in the article.",
            pattern=HEX16,
            unique=True,
        ),
    ]
    article_id: Annotated[str, Column("The article it stands in.", pattern=HEX16, references="articles.article_id")]
    published_on: Annotated[date | None, Column("The article's day of publication.")]
    utterance_id: Annotated[str, Column('Joins the parts of one utterance: "A," she said. "B."', pattern=HEX16)]
    position: Annotated[int, Column("Its place among the article's quotes, from 0.", minimum=0)]
    quote_type: Annotated[
        QuoteType,
        Column("direct: within marks; mixed: reported content with marks inside; indirect: reported without marks."),
    ]
    text: Annotated[
        str, Column("The words, without the marks around a direct quote; reported words keep their 'that'.")
    ]
    start_char: Annotated[int, Column("First code point in articles.text.", minimum=0)]
    end_char: Annotated[int, Column("One past the last code point.", minimum=1)]
    is_closed: Annotated[
        bool,
        Column(
            "Whether both quotation marks are printed (a running quotation that reopens counts as closed); true for indirect."
        ),
    ]
    segment_kind: Annotated[SegmentKind, Column("The kind of segment it stands in.")]
    cue: Annotated[str | None, Column("The words that mark it as somebody's: said, according to.")]
    cue_start_char: Annotated[int | None, Column("First code point of the cue.", minimum=0)]
    cue_end_char: Annotated[int | None, Column("One past the cue.", minimum=1)]
    speaker: Annotated[str | None, Column("The speaker as printed at the attribution; null where only understood.")]
    speaker_start_char: Annotated[int | None, Column("First code point of the printed speaker.", minimum=0)]
    speaker_end_char: Annotated[int | None, Column("One past the printed speaker.", minimum=1)]
    speaker_form: Annotated[SpeakerForm, Column("What the printed speaker is.")]
    speaker_entity_id: Annotated[
        str | None, Column("The speaker as an entity.", pattern=HEX16, references="entities.entity_id")
    ]
    speaker_name: Annotated[str | None, Column("The speaker's name, resolved within the article.")]
    speaker_role: Annotated[str | None, Column("The speaker's role as this article words it.")]
    speaker_status: Annotated[
        SpeakerStatus,
        Column(
            "named: resolved to a name; unresolved: somebody, whose name is not clear, or anybody in a language whose attributions are not read; unattributed: nobody is given."
        ),
    ]
    speaker_method: Annotated[SpeakerMethod, Column("What led from the printed words to the name.")]
    speaker_confidence: Annotated[
        float | None,
        Column(
            "How likely speaker_name is right, as measured on American news; null where nobody is named or a person said who it is, and in other languages.",
            minimum=0,
            maximum=1,
        ),
    ]
    context_before: Annotated[str, Column("Up to 120 code points before it in the text.")]
    context_after: Annotated[str, Column("Up to 120 code points after it.")]
    repeat_of: Annotated[
        str | None,
        Column("The first quote in the article with the same words.", pattern=HEX16, references="quotes.quote_id"),
    ]
    review_status: Annotated[
        ReviewStatus,
        Column(
            "machine: as the program has it; confirmed, corrected: a person has looked at it (curated/corrections/)."
        ),
    ] = "machine"


@dataclass(frozen=True, slots=True)
class Mention:
    """One occurrence of an entity in an article's text; in languages other than English, only of those that are sure."""

    mention_id: Annotated[str, Column("Hash of article_id and span.", pattern=HEX16, unique=True)]
    article_id: Annotated[str, Column("The article it stands in.", pattern=HEX16, references="articles.article_id")]
    published_on: Annotated[date | None, Column("The article's day of publication.")]
    entity_id: Annotated[str, Column("The entity it names.", pattern=HEX16, references="entities.entity_id")]
    entity_name: Annotated[
        str,
        Column("The entity's name: where it is linked, in the outside list, else the fullest that the article holds."),
    ]
    entity_type: Annotated[EntityType, Column("What kind of thing it names.")]
    link_source: Annotated[LinkSource | None, Column("The outside list that the entity was found in.")]
    link_id: Annotated[str | None, Column("Its id there.")]
    link_confidence: Annotated[float | None, Column("How sure the link is.", minimum=0, maximum=1)]
    text: Annotated[str, Column("The words.")]
    start_char: Annotated[int, Column("First code point in articles.text.", minimum=0)]
    end_char: Annotated[int, Column("One past the last code point.", minimum=1)]
    title: Annotated[str | None, Column("The title or role as printed right before the name, or behind it.")]
    form: Annotated[MentionForm, Column("A name, a description such as 'the minister', or a pronoun.")]
    quote_id: Annotated[
        str | None, Column("The innermost quote it stands in.", pattern=HEX16, references="quotes.quote_id")
    ]
    confidence: Annotated[
        float | None,
        Column(
            "How likely words, type and entity are right, calibrated; null where a rule decided.", minimum=0, maximum=1
        ),
    ]


@dataclass(frozen=True, slots=True)
class ArticleEntity:
    """One entity in one article: how often it is named there, and how often it speaks."""

    article_id: Annotated[str, Column("The article.", pattern=HEX16, references="articles.article_id")]
    published_on: Annotated[date | None, Column("The article's day of publication.")]
    entity_id: Annotated[str, Column("The entity.", pattern=HEX16, references="entities.entity_id")]
    entity_name: Annotated[str, Column("Its name.")]
    entity_type: Annotated[EntityType, Column("What kind of thing it is.")]
    link_source: Annotated[LinkSource | None, Column("The outside list it was found in.")]
    link_id: Annotated[str | None, Column("Its id there.")]
    link_confidence: Annotated[float | None, Column("How sure the link is.", minimum=0, maximum=1)]
    aliases: Annotated[list[str], Column("Other names it goes by in the article, in alphabetical order.")]
    mention_count: Annotated[int, Column("Mentions: names, descriptions and pronouns.", minimum=1)]
    name_count: Annotated[int, Column("Mentions by name.", minimum=0)]
    quote_count: Annotated[int, Column("Quotes it speaks, printed again or not.", minimum=0)]
    first_char: Annotated[int, Column("Where it is first mentioned: a code point in articles.text.", minimum=0)]
    is_in_headline: Annotated[bool, Column("Whether the headline or the standfirst mentions it.")]
    salience: Annotated[
        float,
        Column(
            "How much the article is about it: .2 where the headline or standfirst mentions it, .4 for how early it comes (half of that 500 code points into the body), .4 for how often (n / (n + 3) of that for n mentions); bylines, datelines and notes do not count.",
            minimum=0,
            maximum=1,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of the whole data set."""

    entity_id: Annotated[
        str, Column("Hash of type and name; of type and outside id where it is linked.", pattern=HEX16, unique=True)
    ]
    name: Annotated[str, Column("The name.")]
    is_full_name: Annotated[
        bool,
        Column(
            "False for a person known by one word only, who may be several: the Brandt of one article and of another."
        ),
    ]
    entity_type: Annotated[EntityType, Column("What kind of thing it is.")]
    aliases: Annotated[list[str], Column("Other names it is mentioned by, in alphabetical order.")]
    link_source: Annotated[LinkSource | None, Column("The outside list it was found in.")]
    link_id: Annotated[str | None, Column("Its id there.")]
    link_confidence: Annotated[float | None, Column("How sure the link is.", minimum=0, maximum=1)]
    article_count: Annotated[int, Column("Articles that mention it.", minimum=1)]
    original_article_count: Annotated[int, Column("Of these, those that are no copy of another.", minimum=0)]
    mention_count: Annotated[int, Column("Mentions in all: names, descriptions and pronouns.", minimum=1)]
    original_mention_count: Annotated[
        int, Column("Of these, those in articles that are no copy of another.", minimum=0)
    ]
    name_count: Annotated[int, Column("Mentions by name.", minimum=0)]
    quote_count: Annotated[int, Column("Quotes it speaks, printed again or not.", minimum=0)]
    original_quote_count: Annotated[int, Column("Of these, those in articles that are no copy of another.", minimum=0)]
    first_seen_on: Annotated[date | None, Column("Earliest day of publication of an article that mentions it.")]
    last_seen_on: Annotated[date | None, Column("Latest such day.")]


# What reading and normalising may refuse a record for; validation adds the name of the expectation that failed.
READ_REASONS = (
    "unreadable",  # the file or folder could not be opened
    "symlink_loop",
    "unknown_format",
    "disguised_format",  # the bytes are of another format than the name says: RTF, PDF, an image
    "binary",  # NUL bytes or mostly control characters
    "undecodable",
    "too_large",
    "empty",  # no bytes, or only white space
    "broken_sidecar",
    "no_text",  # nothing but site furniture
    "no_article",  # a page without an article: a login form, an error page
    "broken_record",  # a line that is no JSON, a row that does not fit its table, a response cut short
    "truncated",  # a file, archive or stream that ends too early or is damaged: what follows is lost
    "decompression_bomb",
    "nested_too_deep",  # tags, brackets, or archives within archives
    "unsafe_path",  # an archive's entry that points outside the archive
    "too_slow",  # reading took longer than a record may
    "crashed",  # reading ended the process that did it
)
# The kinds of expectation that `expectations` derives for single rows.
ROW_EXPECTATIONS = (
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_pair_values_a_to_be_greater_than_b",
)


@dataclass(frozen=True, slots=True)
class Reject:
    """One raw record now refused."""

    source: Annotated[str, Column("Name of the collection it was read from.")]
    raw_path: Annotated[str, Column("The raw file, relative to RAW.")]
    raw_record: Annotated[str, Column("The record within the file.")]
    raw_sha256: Annotated[
        str | None, Column("SHA-256 of the raw record's bytes; null where they could not be read.", pattern=SHA256)
    ]
    stage: Annotated[Stage, Column("Where it was refused.")]
    reason: Annotated[str, Column("Why, in one word of a fixed vocabulary.", values=(*READ_REASONS, *ROW_EXPECTATIONS))]
    detail: Annotated[str, Column("What was found, what was expected, and what to do.")]
    run_id: Annotated[str, Column("The run that refused it.", pattern=RUN_ID, references="runs.run_id")] = ""

    @classmethod
    def of(cls, ref: RawRef, *, stage: Stage, reason: str, detail: str) -> Reject:
        """Refuse the record at ``ref``."""
        return cls(ref.source, ref.raw_path, ref.raw_record, ref.raw_sha256 or None, stage, reason, detail)


@dataclass(frozen=True, slots=True)
class Run:
    """One run that published: its ledger."""

    run_id: Annotated[
        str, Column("When it started: to the second, and 65,536ths of it in hexadecimal.", pattern=RUN_ID, unique=True)
    ]
    started_at: Annotated[datetime, Column("When it started.")]
    finished_at: Annotated[datetime, Column("When its tables were complete.")]
    version: Annotated[str, Column("Version of onrecord.")]
    model_version: Annotated[str, Column("Version of the language model.")]
    source: Annotated[str, Column("Name of the collection it read.")]
    raw: Annotated[str, Column("Where the collection lay.")]
    settings: Annotated[str, Column("What it was told that shapes the rows of its source, as JSON.")]
    attributions: Annotated[
        Attributions,
        Column(
            "What the quotes of the whole data set are of. said: what is said or written; all: also what is believed, intended or found."
        ),
    ]
    knowledge_base: Annotated[
        str | None, Column("The file of the user's own that entities were linked to; null where there is none.")
    ]
    knowledge_base_sha256: Annotated[str | None, Column("SHA-256 of that file.", pattern=SHA256)]
    record_count: Annotated[int, Column("Raw records that came in.", minimum=0)]
    new_count: Annotated[int, Column("Records that became a new article.", minimum=0)]
    changed_count: Annotated[int, Column("Records that became a new revision of an article.", minimum=0)]
    unchanged_count: Annotated[int, Column("Records whose article is there already as it is.", minimum=0)]
    superseded_count: Annotated[int, Column("Records of an article of which a newer record is there.", minimum=0)]
    reject_count: Annotated[int, Column("Records refused.", minimum=0)]
    skip_count: Annotated[int, Column("Records that are no articles.", minimum=0)]
    newly_refused_count: Annotated[
        int, Column("Of those refused, the ones that were not refused for the same before.", minimum=0)
    ]
    reject_reasons: Annotated[list[Count], Column("Refused records by reason.")]
    skip_reasons: Annotated[list[Count], Column("Skipped records by reason.")]
    older_count: Annotated[
        int,
        Column("Articles in the data set after it that older code made: --reprocess older makes them anew.", minimum=0),
    ]
    article_total: Annotated[int, Column("Articles in the data set after it.", minimum=0)]
    quote_total: Annotated[int, Column("Quotes in the data set after it.", minimum=0)]
    mention_total: Annotated[int, Column("Mentions in the data set after it.", minimum=0)]
    expectation_count: Annotated[int, Column("Expectations that were checked.", minimum=0)]
    failed_expectation_count: Annotated[
        int, Column("Of these, those that some row failed (its article was refused).", minimum=0)
    ]


# What becomes of a record of a run, in words, and the column of ``runs`` that counts it: together they are all that came in.
FATES: Mapping[str, str] = {
    "new": "new_count",
    "changed": "changed_count",
    "unchanged": "unchanged_count",
    "superseded": "superseded_count",
    "refused": "reject_count",
    "skipped": "skip_count",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one publisher sent that one run took in first: what drift is measured on."""

    run_id: Annotated[str, Column("The run.", pattern=RUN_ID, references="runs.run_id")]
    publisher: Annotated[str, Column("Who published the articles.")]
    started_at: Annotated[datetime, Column("When the run started.")]
    article_count: Annotated[int, Column("Articles that were not in the data set before.", minimum=1)]
    dated_count: Annotated[int, Column("Of these, those whose day of publication is known.", minimum=0)]
    copy_count: Annotated[int, Column("Of these, those that were a copy of another then.", minimum=0)]
    quote_count: Annotated[int, Column("Quotes in them.", minimum=0)]
    named_quote_count: Annotated[int, Column("Of these, those whose speaker is named.", minimum=0)]
    languages: Annotated[list[Count], Column("The articles by language; those of an unknown one left out.")]


@dataclass(frozen=True, slots=True)
class ArticleRevision(Article):
    """One article as it was before a newer revision took its place."""

    article_id: Annotated[str, Column("The article.", pattern=HEX16)]
    duplicate_of: Annotated[str | None, Column("What it was a copy of then.", pattern=HEX16)] = None
    run_id: Annotated[str, Column("The run that wrote this revision.", pattern=RUN_ID)] = ""
    superseded_at: Annotated[datetime, Column("When the run that replaced it began.")] = LONG_AGO
    superseded_by: Annotated[str, Column("The run that replaced it.", pattern=RUN_ID)] = ""


@dataclass(frozen=True, slots=True)
class QuoteRevision(Quote):
    """One quote of an article as it was before a newer revision took its place."""

    quote_id: Annotated[str, Column("The quote: the same words have the same id in each revision.", pattern=HEX16)]
    article_id: Annotated[str, Column("The article it stood in.", pattern=HEX16)]
    speaker_entity_id: Annotated[str | None, Column("The speaker as an entity.", pattern=HEX16)]
    repeat_of: Annotated[str | None, Column("The first quote with the same words.", pattern=HEX16)]
    revision: Annotated[int, Column("The article's revision that it stood in.", minimum=1)] = 1
    superseded_at: Annotated[datetime, Column("When the run that replaced it began.")] = LONG_AGO
    superseded_by: Annotated[str, Column("The run that replaced it.", pattern=RUN_ID)] = ""


# ── What a version keeps beside its tables, for the next run ───────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one raw record: the memory that lets the next run skip what has not changed."""

    source: str
    raw_path: str
    raw_record: str
    content_sha256: str  # of the record and its sidecar together
    is_there: bool  # whether its file held it when it was last read
    recipe: str  # fingerprint of the settings that it was curated with
    made_by: str  # the code that curated it (settings.MADE_BY)
    outcome: Outcome
    reason: str | None
    article_id: str | None
    fetched_at: datetime | None
    content_count: int  # different contents this record has had as its article


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A raw file that was read to its end: what lets the next run leave it closed."""

    source: str
    raw_path: str
    stamp: str  # what the file system says of it without reading it; empty where that cannot be relied on
    file_sha256: str  # fingerprint of its content and its sidecar's
    recipe: str
    article_count: int  # its records that articles are taken from,
    superseded_count: int  # those of which newer ones are there,
    reject_reasons: list[Count]  # those refused,
    skip_reasons: list[Count]  # and those that are no articles
    end_byte: int  # where to go on reading if it has only grown: behind its last record; 0 where that cannot be
    end_record: int  # records' numbers up to there


@dataclass(frozen=True, slots=True)
class Signature:
    """What is kept of an article's body to find its copies: of one size for any number of words."""

    article_id: str
    published_on: date | None  # None too where only the month or the year is known: it does not tell what came first
    published_at: datetime | None  # tells which came first within a day
    raw_path: str
    words: bytes  # digest of the words in order
    minhash: bytes  # empty where the body is too short to be nearly another


@dataclass(frozen=True, slots=True)
class EntityCount:
    """What the articles of one part say of one entity under one name."""

    entity_id: str
    entity_name: str
    entity_type: str
    link_source: str | None
    link_id: str | None
    aliases: list[str]  # other names that these articles give it
    article_count: int
    original_article_count: int
    mention_count: int
    original_mention_count: int
    name_count: int
    quote_count: int
    original_quote_count: int
    confidence_sum: int  # of the links, in millionths: whole numbers add up to the same in any order
    first_seen_on: date | None
    last_seen_on: date | None


@dataclass(frozen=True, slots=True)
class ReviewedQuote:
    """A quote that a file of corrections names: tells one that is gone, or a correction withdrawn, from what never was."""

    target: str  # as the file names it: a quote_id, or "article_id[start:end]"
    quote_id: str
    article_id: str
    digest: str  # of what the corrections say of it
    is_waiting: bool  # whether the quote is not there now


@dataclass(frozen=True, slots=True)
class Part:
    """Some articles of a month, which lie together in files of one name, and what they come to."""

    month: str
    name: str
    article_count: int
    quote_count: int
    mention_count: int
    undated_count: int  # articles whose day is not known
    tallies: list[Count]  # what a report counts


@dataclass(frozen=True, slots=True)
class Slice:
    """A rule of the form ``articles.text[row.start:row.end] == row.text``."""

    text: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a whole: where its rows come from and in which order they stand."""

    name: str
    row: type
    sort: tuple[str, ...]  # the columns that its rows are ordered by; together they are unique
    is_monthly: bool = False  # hive-partitioned by published_month
    slices: tuple[Slice, ...] = ()

    @property
    def meaning(self) -> str:
        """What a row is."""
        return (self.row.__doc__ or "").splitlines()[0].rstrip(".")


TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("articles", Article, ("article_id",), is_monthly=True),
        Table(
            "quotes",
            Quote,
            ("article_id", "position"),
            is_monthly=True,
            slices=(
                Slice("text", "start_char", "end_char"),
                Slice("cue", "cue_start_char", "cue_end_char"),
                Slice("speaker", "speaker_start_char", "speaker_end_char"),
            ),
        ),
        Table(
            "mentions",
            Mention,
            ("article_id", "start_char", "end_char"),
            is_monthly=True,
            slices=(Slice("text", "start_char", "end_char"),),
        ),
        Table("article_entities", ArticleEntity, ("article_id", "entity_id"), is_monthly=True),
        Table("entities", Entity, ("entity_id",)),
        Table("rejects", Reject, ("source", "raw_path", "raw_record")),
        Table("runs", Run, ("run_id",)),
        Table("arrivals", Arrival, ("run_id", "publisher")),
        Table("article_revisions", ArticleRevision, ("article_id", "revision")),
        Table("quote_revisions", QuoteRevision, ("article_id", "revision", "position")),
    )
}
# What a version keeps for the next run; no tables for people, and laid out like them.
STATE: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("signatures", Signature, ("article_id",), is_monthly=True),
        Table("entity_counts", EntityCount, ("entity_id", "entity_name"), is_monthly=True),
        Table("parts", Part, ("month", "name")),
        Table("records", Record, ("source", "raw_path", "raw_record")),
        Table("files", ReadFile, ("source", "raw_path")),
        Table("reviewed", ReviewedQuote, ("target",)),
        Table("machine_quotes", Quote, ("article_id", "position")),
        Table("machine_mentions", Mention, ("article_id", "start_char", "end_char")),
    )
}
ALL_TABLES: Mapping[str, Table] = {**TABLES, **STATE}
# The tables whose files of one name hold the rows of the same articles, and those of them that workers make.
MONTHLY = tuple(name for name, table in ALL_TABLES.items() if table.is_monthly)
STAGED = tuple(name for name in MONTHLY if name != "entity_counts")


def stable_id(*parts: object) -> str:
    """Sixteen hex digits that depend on the parts and their order only."""
    joined = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# ── What derives from the declaration ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Field:
    """A column as declared: its type taken apart."""

    name: str
    type: Any  # without "| None"
    is_nullable: bool
    column: Column | None

    @property
    def values(self) -> tuple[str, ...] | None:
        """The values it may hold, where they are a closed set."""
        if get_origin(self.type) is Literal:
            return tuple(get_args(self.type))
        return self.column.values if self.column else None


@cache
def columns(row: type) -> tuple[Field, ...]:
    """The columns of a row type, in the order of its table."""
    hints = get_type_hints(row, include_extras=True)
    return tuple(_read_field(f.name, hints[f.name]) for f in fields(row))


def _read_field(name: str, hint: Any) -> Field:
    column = None
    if get_origin(hint) is Annotated:
        hint, column = get_args(hint)[0], get_args(hint)[1]
    is_nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not types.NoneType]
        is_nullable = len(options) < len(get_args(hint))
        (hint,) = options
    return Field(name, hint, is_nullable, column)


def _arrow_type(kind: Any) -> pa.DataType:
    import pyarrow as pa

    if get_origin(kind) is Literal:
        return pa.string()
    if get_origin(kind) is list:
        return pa.list_(pa.field("element", _arrow_type(get_args(kind)[0]), nullable=False))
    if is_dataclass(kind):
        return pa.struct([_arrow_field(f) for f in columns(kind)])  # type: ignore[arg-type]
    plain: Mapping[Any, pa.DataType] = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        bytes: pa.binary(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    return plain[kind]


def _arrow_field(field: Field) -> pa.Field[Any]:
    import pyarrow as pa

    meaning = {"meaning": field.column.meaning} if field.column else None
    return pa.field(field.name, _arrow_type(field.type), nullable=field.is_nullable, metadata=meaning)


@cache
def arrow_schema(row: type) -> pa.Schema:
    """The Arrow schema of a row type, each field with its meaning as metadata."""
    import pyarrow as pa

    return pa.schema([_arrow_field(field) for field in columns(row)])


def to_table(row: type, rows: Sequence[object]) -> pa.Table:
    """Build an Arrow table of rows of one type.

    Raises:
        ValueError: if a column that may not be null holds a null: Arrow itself does not check.
    """
    import pyarrow as pa

    schema = arrow_schema(row)
    arrays = []
    for field, arrow in zip(columns(row), schema, strict=True):
        values = [_plain(getattr(item, field.name)) for item in rows]
        if not field.is_nullable and None in values:
            raise ValueError(f"{row.__name__}.{field.name} is null in row {values.index(None)} of {len(rows)}")
        arrays.append(pa.array(values, type=arrow.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def from_table(rows: pa.Table, row: type[R]) -> list[R]:
    """The rows of an Arrow table as what they were made of; of nested values, lists of counts only."""
    declared = columns(row)  # type: ignore[arg-type]
    counts = {f.name for f in declared if f.type == list[Count]}
    values = [
        [[Count(**each) for each in cell] for cell in rows[f.name].to_pylist()]
        if f.name in counts
        else rows[f.name].to_pylist()
        for f in declared
    ]
    return [row(*cells) for cells in zip(*values, strict=True)]


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    return value


@dataclass(frozen=True, slots=True)
class Expectation:
    """A rule in Great Expectations' terms, not yet bound to it.

    ``check`` names a boolean column that ``validate`` computes first (a foreign key, a verbatim slice); the
    rule then expects it to be true.
    """

    type: str
    kwargs: Mapping[str, Any]
    is_row_level: bool  # a failing row refuses its article; otherwise a failure blocks the run
    check: Slice | str | None = None  # a slice, or the "table.column" a key refers to

    @property
    def column(self) -> str:
        """The column that it is about; empty for a rule on a whole table."""
        if isinstance(self.check, Slice):
            return self.check.text
        if self.check:
            return str(self.kwargs["column"]).removesuffix("_is_known")
        return str(self.kwargs.get("column") or self.kwargs.get("column_A") or "")

    @property
    def in_words(self) -> str:
        """What it expects, as a person says it."""
        match self.check:
            case Slice(text, start, end):
                return f"{text} is articles.text[{start}:{end}], letter for letter"
            case str(key):
                return f"is in {key}, or empty"
        match self.type:
            case "expect_column_values_to_not_be_null":
                return "is never empty"
            case "expect_column_values_to_match_regex":
                return f"matches {self.kwargs['regex']}"
            case "expect_column_values_to_be_between":
                low, high = self.kwargs["min_value"], self.kwargs["max_value"]
                return f"is at least {low}" if high is None else f"lies between {low} and {high}"
            case "expect_column_values_to_be_in_set":
                return f"is one of: {', '.join(map(str, self.kwargs['value_set']))}"
            case "expect_column_values_to_be_unique":
                return "is there once"
            case "expect_column_pair_values_a_to_be_greater_than_b":
                return f"is greater than {self.kwargs['column_B']}"
            case "expect_table_columns_to_match_ordered_list":
                return "the columns are those of the contract, in its order"
        raise ValueError(f"nobody has put {self.type} into words")


def expectations(table: Table) -> tuple[Expectation, ...]:
    """All rules that a table's declaration implies."""
    rows = table.is_monthly  # only rows that belong to one article can be refused with it
    names = [field.name for field in columns(table.row)]
    rules = [Expectation("expect_table_columns_to_match_ordered_list", {"column_list": names}, False)]
    for field in columns(table.row):
        rules += _column_expectations(field, rows)
    for part in table.slices:
        pair = {"column_A": part.end, "column_B": part.start, "ignore_row_if": "either_value_is_missing"}
        rules.append(Expectation("expect_column_pair_values_a_to_be_greater_than_b", pair, rows))
        check = {"column": f"{part.text}_is_verbatim", "value_set": [True]}
        rules.append(Expectation("expect_column_values_to_be_in_set", check, rows, check=part))
    return tuple(rules)


def _column_expectations(field: Field, rows: bool) -> list[Expectation]:
    name, column = {"column": field.name}, field.column or Column("")
    rules = []
    if not field.is_nullable:
        rules.append(Expectation("expect_column_values_to_not_be_null", name, rows))
    if column.pattern:
        rules.append(Expectation("expect_column_values_to_match_regex", name | {"regex": column.pattern}, rows))
    if column.minimum is not None or column.maximum is not None:
        limits = {"min_value": column.minimum, "max_value": column.maximum}
        rules.append(Expectation("expect_column_values_to_be_between", name | limits, rows))
    if field.values:
        rules.append(Expectation("expect_column_values_to_be_in_set", name | {"value_set": list(field.values)}, rows))
    if column.unique:
        rules.append(Expectation("expect_column_values_to_be_unique", name, False))
    if column.references:
        check = {"column": f"{field.name}_is_known", "value_set": [True]}
        rules.append(Expectation("expect_column_values_to_be_in_set", check, False, check=column.references))
    return rules


def data_dictionary(tables: Iterable[Table] = TABLES.values()) -> str:
    """Every table and column in Markdown: name, type, whether it may be null, meaning and values."""
    parts = []
    for table in tables:
        parts.append(f"## {table.name}\n\n{table.meaning}.\n\n| column | type | null | meaning |\n|---|---|---|---|")
        for field, arrow in zip(columns(table.row), arrow_schema(table.row), strict=True):
            parts.append(_dictionary_line(field, arrow))
        parts.append("")
    return "\n".join(parts)


def _dictionary_line(field: Field, arrow: pa.Field[Any]) -> str:
    kind = str(arrow.type).replace(" not null", "").replace("|", "\\|")
    column = field.column or Column("")
    meaning = column.meaning.replace("|", "\\|")
    if field.values:
        meaning += " One of: " + ", ".join(f"`{value}`" for value in field.values) + "."
    if column.references:
        meaning += f" Refers to `{column.references}`."
    return f"| `{field.name}` | {kind} | {'yes' if field.is_nullable else ''} | {meaning} |"


# rows: a failing row refuses its article; tables: a failure blocks the run; drift: it warns.
FindingKind = Literal["rows", "tables", "drift"]
DriftMeasure = Literal[
    "articles_a_day",  # of a publisher, in the 24 hours before
    "undated_share",  # of its articles
    "unnamed_share",  # of its quotes: those whose speaker is not named
    "quotes_an_article",
    "language_shift",  # how much of its articles is in other languages than is usual: total variation distance, 0 to 1
    "reject_share",  # of the records of a source that became a new article or were newly refused
]


@dataclass(frozen=True, slots=True)
class Drift:
    """What was measured of the last 24 hours of a publisher or a source, and what is usual."""

    subject: str  # the publisher; for reject_share the source
    measure: DriftMeasure
    found: float
    low: float  # what is usual is not below this,
    high: float  # nor above this; infinite where there is no bound
    basis: str  # what the bounds rest on, in words
    count: int  # articles, quotes or records that were looked at

    @property
    def is_unusual(self) -> bool:
        """Whether it warns."""
        return not self.low <= self.found <= self.high

    @property
    def usual(self) -> str:
        """What is usual, as a person says it."""
        if self.low <= 0 and self.high == float("inf"):
            return "anything"
        if self.high == float("inf"):
            return f"at least {self.low:.3g}"
        return f"{self.low:.3g} to {self.high:.3g}"

    @property
    def in_words(self) -> str:
        """What was found, and what is usual."""
        return f"{self.subject}: {self.measure} {self.found:.3g}, where {self.usual} is usual ({self.basis})"


@dataclass(frozen=True, slots=True)
class Alert:
    """What people are to be told at once."""

    name: Literal["rejects_high", "nothing_arrived", "drift"]
    detail: str


@dataclass(frozen=True, slots=True)
class Example:
    """A row that fails an expectation, as a person can look it up."""

    row: str  # its key and what it holds, in a line
    before: str = ""  # where it stands in its article: some code points before it,
    text: str = ""  # its words as articles.text has them at its offsets,
    after: str = ""  # and some behind it; all empty for what has no place in an article
    source: str = ""  # the raw record that the article was read from
    raw_path: str = ""
    raw_record: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an expectation found."""

    kind: FindingKind
    table: str  # "drift" for drift
    column: str  # empty for a rule on a whole table; for drift the measure
    expectation: str  # its type, in Great Expectations' terms
    expected: str  # the same in words
    success: bool
    element_count: int
    unexpected_count: int
    examples: tuple[Example, ...] = ()
    failing_keys: tuple[str, ...] = ()  # article_ids of the failing rows; empty but for kind "rows"

    @property
    def blocks(self) -> bool:
        """Whether the run must not be published."""
        return self.kind == "tables" and not self.success
