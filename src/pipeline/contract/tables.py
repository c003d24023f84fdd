"""The public tables, one frozen dataclass each.

All offsets are half-open Unicode code points into ``articles.text``; all instants are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pipeline.contract.columns import Column, Count, Slice, Table
from pipeline.contract.records import FieldSource, InputFormat, QualityFlag, RawRef, SegmentKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # stands in for an instant that is filled in when a version is built
HEX16 = r"^[0-9a-f]{16}$"
SHA256 = r"^[0-9a-f]{64}$"
# BCP 47, as far as articles need it: language, optional script, optional region.
LANGUAGE_TAG = r"^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$"
RUN_ID = r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}$"

Precision = Literal["minute", "day", "month", "year", "inferred", "unknown"]
QuoteType = Literal["direct", "mixed", "indirect"]
# Which attributions become quotes. "said": what is said or written; "all": also what is believed, intended or found.
Attributions = Literal["said", "all"]
MentionForm = Literal["name", "nominal", "pronoun"]
SpeakerForm = Literal["name", "nominal", "pronoun", "none"]
SpeakerStatus = Literal["named", "unresolved", "unattributed"]
# Whether people have looked at a quote: "confirmed" and "corrected" come from files under curated/corrections/.
ReviewStatus = Literal["machine", "confirmed", "corrected"]
# How a speaker was found. "printed": the attribution names a full name; "reviewed": a person said so; the others say
# what connected the printed words with the name.
SpeakerMethod = Literal["printed", "surname", "role", "pronoun", "continued", "transcript", "group", "reviewed", "none"]
EntityType = Literal["PERSON", "ORG", "GPE", "LOC", "FAC", "NORP", "EVENT", "PRODUCT", "WORK_OF_ART"]
LinkSource = Literal["iso3166-1", "geonames", "knowledge_base"]
DuplicateKind = Literal["exact", "near"]
Stage = Literal["read", "normalise", "validate"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A labelled stretch of an article's text."""

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
class Article:
    """One article, its current revision."""

    article_id: Annotated[
        str,
        Column(
            "Hash of the canonical URL; without one, of source, raw path and record.",
            pattern=HEX16,
            unique=True,
            is_compared=False,
        ),
    ]
    source: Annotated[str, Column("Name of the collection (--source, else the RAW folder's name).", is_compared=False)]
    raw_path: Annotated[str, Column("The raw file, relative to RAW, with forward slashes.", is_compared=False)]
    raw_record: Annotated[
        str,
        Column(
            "The record within the file: its line or row (from 1), its offset in a WARC file, its path in an archive (separated by '!/'); '0' where the file is one article.",
            is_compared=False,
        ),
    ]
    raw_sha256: Annotated[
        str,
        Column(
            "SHA-256 of the raw record's bytes; of its JSON where the record is a row or an element of an array.",
            pattern=SHA256,
            is_compared=False,
        ),
    ]
    raw_spans: Annotated[
        list[RawSpan],
        Column(
            "Stretches of the text and the bytes of the raw record that decode to them exactly; repaired or rearranged stretches are left out.",
            is_compared=False,
        ),
    ]
    input_format: Annotated[
        InputFormat, Column("The format it was read as, whatever it was packed in.", is_compared=False)
    ]
    encoding: Annotated[str, Column("The codec that decodes the raw bytes of raw_spans.", is_compared=False)]
    publisher: Annotated[str, Column("Who published it.")]
    publisher_source: Annotated[FieldSource, Column("Where the publisher comes from.", is_compared=False)]
    url: Annotated[str | None, Column("The article's address as given.")]
    url_source: Annotated[
        FieldSource | None, Column("Where the address comes from; null without an address.", is_compared=False)
    ]
    canonical_url: Annotated[
        str | None,
        Column("The address without tracking parameters, fragment and trailing slash; article_id is made from it."),
    ]
    headline: Annotated[str | None, Column("The headline; null where the record has none.", is_withheld=True)]
    headline_source: Annotated[
        FieldSource | None, Column("Where the headline comes from; null without a headline.", is_compared=False)
    ]
    standfirst: Annotated[str | None, Column("The summary line between headline and body.", is_withheld=True)]
    standfirst_source: Annotated[
        FieldSource | None, Column("Where the standfirst comes from; null without one.", is_compared=False)
    ]
    byline: Annotated[str | None, Column("The line that names the authors, as printed.", is_withheld=True)]
    authors: Annotated[list[str], Column("The authors' names.", is_withheld=True)]
    authors_source: Annotated[
        FieldSource | None, Column("Where the authors come from; null without authors.", is_compared=False)
    ]
    agency: Annotated[str | None, Column("The news agency that the dateline or byline credits.")]
    dateline_place: Annotated[str | None, Column("The place in the dateline, as printed.")]
    published_on: Annotated[
        date | None,
        Column(
            "Day of publication at the place of publication, as far as the date's offset says; the first of the month or year where only that is known (see published_precision)."
        ),
    ]
    published_at: Annotated[datetime | None, Column("Instant of publication; only where a time of day is known.")]
    published_precision: Annotated[
        Precision,
        Column("How exactly the date is known; 'inferred' where the year was worked out from evidence in the text."),
    ]
    published_source: Annotated[FieldSource, Column("Where the date comes from.", is_compared=False)]
    published_evidence: Annotated[
        str | None,
        Column(
            "The words the date was read from, verbatim; several pieces are separated by '; '.",
            is_withheld=True,
            is_compared=False,
        ),
    ]
    modified_at: Annotated[datetime | None, Column("When the publisher last changed it.")]
    modified_source: Annotated[
        FieldSource | None, Column("Where modified_at comes from; null without it.", is_compared=False)
    ]
    fetched_at: Annotated[datetime | None, Column("When the raw record was collected.", is_compared=False)]
    language: Annotated[str | None, Column("Language of the body, BCP 47.", pattern=LANGUAGE_TAG)]
    language_confidence: Annotated[
        float | None,
        Column(
            "Confidence in the language; null where the record states it.",
            minimum=0,
            maximum=1,
            is_compared=False,
        ),
    ]
    language_source: Annotated[
        FieldSource | None, Column("Where the language comes from; null without a language.", is_compared=False)
    ]
    section: Annotated[str | None, Column("The publisher's section.")]
    section_source: Annotated[
        FieldSource | None, Column("Where the section comes from; null without a section.", is_compared=False)
    ]
    text: Annotated[
        str,
        Column(
            "The article in reading order, without site furniture; paragraphs are separated by an empty line. Every offset refers to it.",
            is_withheld=True,
            is_compared=False,  # text_sha256 is compared
        ),
    ]
    body_start_char: Annotated[
        int,
        Column("First code point of the body, after headline, standfirst and byline.", minimum=0, is_compared=False),
    ]
    segments: Annotated[
        list[Segment],
        Column("The parts of the text in order, without gaps except white space.", is_compared=False),
    ]
    word_count: Annotated[int, Column("Words of the body.", minimum=1, is_compared=False)]
    text_sha256: Annotated[str, Column("SHA-256 of the text in UTF-8.", pattern=SHA256)]
    quality_flags: Annotated[list[QualityFlag], Column("What a user should be wary of, in alphabetical order.")]
    notes: Annotated[list[str], Column("Remarks made while reading, in words.", is_withheld=True, is_compared=False)]
    revision: Annotated[
        int, Column("Which content of the article this is, counted over all its raw records.", minimum=1)
    ] = 1
    duplicate_of: Annotated[
        str | None,
        Column(
            "The earliest article with (nearly) the same body, published at most 30 days before this one or before another copy; itself a copy only where a text drifted over time.",
            pattern=HEX16,
            references="articles.article_id",
        ),
    ] = None
    duplicate_kind: Annotated[
        DuplicateKind | None,
        Column("exact: the same words, ignoring case, punctuation and white space; near: most of them."),
    ] = None
    duplicate_similarity: Annotated[
        float | None,
        Column(
            "Share of common runs of three words between the two bodies (Jaccard index, exact): at least .8; 1 where the words are the same.",
            minimum=0,
            maximum=1,
            is_compared=False,
        ),
    ] = None
    first_seen_at: Annotated[datetime, Column("When a run first published the article.", is_compared=False)] = EPOCH
    run_id: Annotated[
        str,
        Column("The run that wrote this revision.", pattern=RUN_ID, references="runs.run_id", is_compared=False),
    ] = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """One uninterrupted stretch of quoted or reported content."""

    quote_id: Annotated[
        str,
        Column(
            "Hash of article_id, text and the number of earlier quotes in the article with the same text.",
            pattern=HEX16,
            unique=True,
            is_compared=False,
        ),
    ]
    article_id: Annotated[
        str,
        Column("The article it is in.", pattern=HEX16, references="articles.article_id", is_compared=False),
    ]
    published_on: Annotated[date | None, Column("The article's day of publication.", is_compared=False)]
    utterance_id: Annotated[
        str,
        Column('The same for the parts of one utterance: "A," she said. "B."', pattern=HEX16, is_compared=False),
    ]
    position: Annotated[int, Column("Its place among the article's quotes, from 0.", minimum=0, is_compared=False)]
    quote_type: Annotated[
        QuoteType,
        Column(
            "direct: within quotation marks; mixed: reported content with marks inside; indirect: reported content without marks."
        ),
    ]
    text: Annotated[
        str,
        Column(
            "The words: a direct quote without its marks, reported content with its 'that'.",
            is_withheld=True,
            is_compared=False,  # quote_id is compared
        ),
    ]
    start_char: Annotated[int, Column("First code point in articles.text.", minimum=0, is_compared=False)]
    end_char: Annotated[int, Column("One past the last code point.", minimum=1, is_compared=False)]
    is_closed: Annotated[
        bool,
        Column(
            "Whether both quotation marks are printed (a running quotation that reopens counts as closed); true for indirect quotes."
        ),
    ]
    segment_kind: Annotated[SegmentKind, Column("The kind of segment it is in.")]
    cue: Annotated[
        str | None,
        Column("The words that attribute it to somebody, such as 'said' or 'according to'.", is_withheld=True),
    ]
    cue_start_char: Annotated[int | None, Column("First code point of the cue.", minimum=0, is_compared=False)]
    cue_end_char: Annotated[int | None, Column("One past the cue.", minimum=1, is_compared=False)]
    speaker: Annotated[
        str | None,
        Column("The speaker as printed at the attribution; null where it is only understood.", is_withheld=True),
    ]
    speaker_start_char: Annotated[
        int | None, Column("First code point of the printed speaker.", minimum=0, is_compared=False)
    ]
    speaker_end_char: Annotated[int | None, Column("One past the printed speaker.", minimum=1, is_compared=False)]
    speaker_form: Annotated[SpeakerForm, Column("What the printed speaker is.", is_compared=False)]
    speaker_entity_id: Annotated[
        str | None, Column("The speaker as an entity.", pattern=HEX16, references="entities.entity_id")
    ]
    speaker_name: Annotated[str | None, Column("The speaker's name, resolved within the article.")]
    speaker_role: Annotated[str | None, Column("The speaker's role in the article's words.", is_withheld=True)]
    speaker_status: Annotated[
        SpeakerStatus,
        Column(
            "named: resolved to a name; unresolved: somebody whose name is not clear, or anybody in a language whose attributions are not read; unattributed: nobody is given."
        ),
    ]
    speaker_method: Annotated[
        SpeakerMethod, Column("How the name was found from the printed words.", is_compared=False)
    ]
    speaker_confidence: Annotated[
        float | None,
        Column(
            "Probability that speaker_name is right, calibrated on American news; null where nobody is named, where a person said who it is, and in languages other than English.",
            minimum=0,
            maximum=1,
            is_compared=False,
        ),
    ]
    context_before: Annotated[
        str,
        Column("Up to 120 code points of the text before it.", is_withheld=True, is_compared=False),
    ]
    context_after: Annotated[
        str, Column("Up to 120 code points of the text after it.", is_withheld=True, is_compared=False)
    ]
    repeat_of: Annotated[
        str | None,
        Column(
            "The first quote in the article with the same words.",
            pattern=HEX16,
            references="quotes.quote_id",
            is_compared=False,
        ),
    ]
    review_status: Annotated[
        ReviewStatus,
        Column("machine: as the program made it; confirmed, corrected: a person reviewed it (curated/corrections/)."),
    ] = "machine"


@dataclass(frozen=True, slots=True)
class Mention:
    """One occurrence of an entity in an article's text; in languages other than English, only the certain ones."""

    mention_id: Annotated[str, Column("Hash of article_id and span.", pattern=HEX16, unique=True)]
    article_id: Annotated[str, Column("The article it is in.", pattern=HEX16, references="articles.article_id")]
    published_on: Annotated[date | None, Column("The article's day of publication.")]
    entity_id: Annotated[str, Column("The entity it refers to.", pattern=HEX16, references="entities.entity_id")]
    entity_name: Annotated[
        str,
        Column("The entity's name: from the outside list if linked, else the fullest name in the article."),
    ]
    entity_type: Annotated[EntityType, Column("What kind of thing it is.")]
    link_source: Annotated[LinkSource | None, Column("The outside list that the entity is linked to.")]
    link_id: Annotated[str | None, Column("The entity's id in that list.")]
    link_confidence: Annotated[float | None, Column("Confidence in the link.", minimum=0, maximum=1)]
    text: Annotated[str, Column("The words.", is_withheld=True)]
    start_char: Annotated[int, Column("First code point in articles.text.", minimum=0)]
    end_char: Annotated[int, Column("One past the last code point.", minimum=1)]
    title: Annotated[
        str | None, Column("The title or role printed directly before or after the name.", is_withheld=True)
    ]
    form: Annotated[MentionForm, Column("A name, a description such as 'the minister', or a pronoun.")]
    quote_id: Annotated[
        str | None, Column("The innermost quote it is in.", pattern=HEX16, references="quotes.quote_id")
    ]
    confidence: Annotated[
        float | None,
        Column(
            "Probability that extent, type and entity are right, calibrated; null where a rule decided.",
            minimum=0,
            maximum=1,
        ),
    ]


@dataclass(frozen=True, slots=True)
class ArticleEntity:
    """One entity in one article: how often it is mentioned there, and how often it speaks."""

    article_id: Annotated[str, Column("The article.", pattern=HEX16, references="articles.article_id")]
    published_on: Annotated[date | None, Column("The article's day of publication.")]
    entity_id: Annotated[str, Column("The entity.", pattern=HEX16, references="entities.entity_id")]
    entity_name: Annotated[str, Column("Its name.")]
    entity_type: Annotated[EntityType, Column("What kind of thing it is.")]
    link_source: Annotated[LinkSource | None, Column("The outside list that it is linked to.")]
    link_id: Annotated[str | None, Column("Its id in that list.")]
    link_confidence: Annotated[float | None, Column("Confidence in the link.", minimum=0, maximum=1)]
    aliases: Annotated[list[str], Column("Other names it has in the article, in alphabetical order.")]
    mention_count: Annotated[int, Column("Mentions: names, descriptions and pronouns.", minimum=1)]
    name_count: Annotated[int, Column("Mentions by name.", minimum=0)]
    quote_count: Annotated[int, Column("Quotes it speaks, including repeats.", minimum=0)]
    first_char: Annotated[int, Column("Its first mention: a code point in articles.text.", minimum=0)]
    is_in_headline: Annotated[bool, Column("Whether the headline or the standfirst mentions it.")]
    salience: Annotated[
        float,
        Column(
            "How much the article is about it: .2 if the headline or standfirst mentions it, .4 for how early it is mentioned (half of that 500 code points into the body), .4 for how often (n / (n + 3) of that for n mentions); bylines, datelines and notes do not count.",
            minimum=0,
            maximum=1,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of the whole data set."""

    entity_id: Annotated[
        str, Column("Hash of type and name; of type and outside id if linked.", pattern=HEX16, unique=True)
    ]
    name: Annotated[str, Column("The name.")]
    is_full_name: Annotated[
        bool,
        Column(
            "False for a person known by one word only, who may be several people: the Brandt of one article and of another."
        ),
    ]
    entity_type: Annotated[EntityType, Column("What kind of thing it is.")]
    aliases: Annotated[list[str], Column("Other names it is mentioned by, in alphabetical order.")]
    link_source: Annotated[LinkSource | None, Column("The outside list that it is linked to.")]
    link_id: Annotated[str | None, Column("Its id in that list.")]
    link_confidence: Annotated[
        float | None, Column("Confidence in the link: the mean over articles.", minimum=0, maximum=1)
    ]
    article_count: Annotated[int, Column("Articles that mention it.", minimum=1)]
    original_article_count: Annotated[int, Column("Of these, articles that are not copies.", minimum=0)]
    mention_count: Annotated[int, Column("Mentions: names, descriptions and pronouns.", minimum=1)]
    original_mention_count: Annotated[int, Column("Of these, mentions in articles that are not copies.", minimum=0)]
    name_count: Annotated[int, Column("Mentions by name.", minimum=0)]
    quote_count: Annotated[int, Column("Quotes it speaks, including repeats.", minimum=0)]
    original_quote_count: Annotated[int, Column("Of these, quotes in articles that are not copies.", minimum=0)]
    first_seen_on: Annotated[date | None, Column("Earliest day of publication of an article that mentions it.")]
    last_seen_on: Annotated[date | None, Column("Latest day of publication of an article that mentions it.")]


# Why reading or normalising may refuse a record. Validation uses the name of the expectation that failed.
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
    "broken_record",  # a line that is not JSON, a row that does not fit its table, a response cut short
    "truncated",  # a file, archive or stream that ends too early or is damaged: the rest is lost
    "decompression_bomb",
    "nested_too_deep",  # tags, brackets, or archives within archives
    "unsafe_path",  # an archive entry that points outside the archive
    "too_slow",  # reading took longer than a record may
    "crashed",  # reading killed its process
)
# The types of expectation that `expectations` derives for single rows.
ROW_EXPECTATIONS = (
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_pair_values_a_to_be_greater_than_b",
)


@dataclass(frozen=True, slots=True)
class Reject:
    """One raw record that is a reject now."""

    source: Annotated[str, Column("Name of the collection.")]
    raw_path: Annotated[str, Column("The raw file, relative to RAW.")]
    raw_record: Annotated[str, Column("The record within the file.")]
    raw_sha256: Annotated[
        str | None, Column("SHA-256 of the raw record's bytes; null where they could not be read.", pattern=SHA256)
    ]
    stage: Annotated[Stage, Column("The stage that rejected it.")]
    reason: Annotated[str, Column("Why, from a fixed vocabulary.", values=(*READ_REASONS, *ROW_EXPECTATIONS))]
    detail: Annotated[str, Column("What was found, what was expected, and what to do.", is_withheld=True)]
    run_id: Annotated[str, Column("The run that rejected it.", pattern=RUN_ID, references="runs.run_id")] = ""

    @classmethod
    def of(cls, ref: RawRef, *, stage: Stage, reason: str, detail: str) -> Reject:
        """Refuse the record at ``ref``."""
        return cls(ref.source, ref.raw_path, ref.raw_record, ref.raw_sha256 or None, stage, reason, detail)


@dataclass(frozen=True, slots=True)
class Run:
    """One run that published: its ledger."""

    run_id: Annotated[
        str,
        Column(
            "When it started: to the second, and 65,536ths of a second in hexadecimal.", pattern=RUN_ID, unique=True
        ),
    ]
    started_at: Annotated[datetime, Column("When it started.")]
    finished_at: Annotated[datetime, Column("When its tables were complete.")]
    version: Annotated[str, Column("Version of onrecord.")]
    model_version: Annotated[str, Column("Version of the language model.")]
    source: Annotated[str, Column("Name of the collection it read.")]
    raw: Annotated[str, Column("Where the collection was.", is_withheld=True)]
    settings: Annotated[str, Column("The settings that shape the rows of its source, as JSON.")]
    attributions: Annotated[
        Attributions,
        Column(
            "Which attributions are quotes in the whole data set. said: what is said or written; all: also what is believed, intended or found."
        ),
    ]
    knowledge_base: Annotated[
        str | None,
        Column("The user's file of entities that names were linked to; null without one.", is_withheld=True),
    ]
    knowledge_base_sha256: Annotated[str | None, Column("SHA-256 of that file.", pattern=SHA256)]
    record_count: Annotated[int, Column("Raw records that the run accounted for.", minimum=0)]
    new_count: Annotated[int, Column("Records that became a new article.", minimum=0)]
    changed_count: Annotated[int, Column("Records that became a new revision of an article.", minimum=0)]
    unchanged_count: Annotated[int, Column("Records whose article is unchanged in the data set.", minimum=0)]
    superseded_count: Annotated[int, Column("Records replaced by a newer record of the same article.", minimum=0)]
    reject_count: Annotated[int, Column("Rejects.", minimum=0)]
    skip_count: Annotated[int, Column("Records left out on purpose.", minimum=0)]
    newly_refused_count: Annotated[
        int, Column("Rejects that are new, or have another reason or content than before.", minimum=0)
    ]
    reject_reasons: Annotated[list[Count], Column("Rejects by reason.")]
    skip_reasons: Annotated[list[Count], Column("Skipped records by reason.")]
    older_count: Annotated[
        int,
        Column("Articles in the data set that older code made; --reprocess older recomputes them.", minimum=0),
    ]
    article_total: Annotated[int, Column("Articles in the data set after the run.", minimum=0)]
    quote_total: Annotated[int, Column("Quotes in the data set after the run.", minimum=0)]
    mention_total: Annotated[int, Column("Mentions in the data set after the run.", minimum=0)]
    expectation_count: Annotated[int, Column("Expectations that were checked.", minimum=0)]
    failed_expectation_count: Annotated[
        int, Column("Of these, expectations that some row failed (its article was rejected).", minimum=0)
    ]


# What may become of a record in a run, and the column of ``runs`` that counts it. Together they count every record.
FATES: Mapping[str, str] = {
    "new": "new_count",
    "changed": "changed_count",
    "unchanged": "unchanged_count",
    "superseded": "superseded_count",
    "rejected": "reject_count",
    "skipped": "skip_count",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """The new articles of one publisher in one run: what drift is measured on."""

    run_id: Annotated[str, Column("The run.", pattern=RUN_ID, references="runs.run_id")]
    publisher: Annotated[str, Column("Who published the articles.")]
    started_at: Annotated[datetime, Column("When the run started.")]
    article_count: Annotated[int, Column("Articles that were not in the data set before.", minimum=1)]
    dated_count: Annotated[int, Column("Of these, articles whose day of publication is known.", minimum=0)]
    copy_count: Annotated[int, Column("Of these, articles that were a copy of another at the time.", minimum=0)]
    quote_count: Annotated[int, Column("Quotes in them.", minimum=0)]
    named_quote_count: Annotated[int, Column("Of these, quotes whose speaker is named.", minimum=0)]
    languages: Annotated[list[Count], Column("The articles by language, without those of unknown language.")]


@dataclass(frozen=True, slots=True)
class ArticleRevision(Article):
    """One article as it was before a newer revision replaced it."""

    article_id: Annotated[str, Column("The article.", pattern=HEX16)]
    duplicate_of: Annotated[str | None, Column("What it was a copy of at the time.", pattern=HEX16)] = None
    run_id: Annotated[str, Column("The run that wrote this revision.", pattern=RUN_ID)] = ""
    superseded_at: Annotated[datetime, Column("When the run that replaced it started.")] = EPOCH
    superseded_by: Annotated[str, Column("The run that replaced it.", pattern=RUN_ID)] = ""


@dataclass(frozen=True, slots=True)
class QuoteRevision(Quote):
    """One quote of an article as it was before a newer revision replaced it."""

    quote_id: Annotated[str, Column("The quote: the same words have the same id in each revision.", pattern=HEX16)]
    article_id: Annotated[str, Column("The article it was in.", pattern=HEX16)]
    speaker_entity_id: Annotated[str | None, Column("The speaker as an entity.", pattern=HEX16)]
    repeat_of: Annotated[str | None, Column("The first quote with the same words.", pattern=HEX16)]
    revision: Annotated[int, Column("The revision of the article that it was in.", minimum=1)] = 1
    superseded_at: Annotated[datetime, Column("When the run that replaced it started.")] = EPOCH
    superseded_by: Annotated[str, Column("The run that replaced it.", pattern=RUN_ID)] = ""


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
