"""Compose the quotes of an article: tags and marks → spans → speakers → rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pipeline.contract import Article, Attributions, Mention, Quote, stable_id
from pipeline.language import Reading, Span
from pipeline.language.discourse import inside_of
from pipeline.language.phrases import form_of
from pipeline.language.tagger import Tags
from pipeline.quotes.find_spans import find_quote_spans
from pipeline.quotes.foreign import find_foreign_spans, name_foreign_speakers
from pipeline.quotes.named_sources import is_named_person
from pipeline.quotes.quote_spans import Attribution, QuoteSpan
from pipeline.quotes.speakers import Speaker, resolve_speakers

CONTEXT = 120  # code points


def extract_quotes(
    article: Article, reading: Reading, mentions: Sequence[Mention], attributions: Attributions = "said"
) -> list[Quote]:
    """Return the quotes of an article in reading order.

    ``article.text[quote.start_char:quote.end_char] == quote.text`` for each. Quotes do not overlap unless one speaker
    quotes another.

    Args:
        article: its text and segments.
        reading: its sentences, its quotations and the tagger's findings.
        mentions: the names in it; a speaker is always resolved to one of them.
        attributions: "all" also returns what is only believed, meant or found.
    """
    if reading.is_english:
        spans = _add_sources_beside_cues(find_quote_spans(article, reading, attributions), reading.tags, mentions)
        speakers = resolve_speakers(article, reading, spans, mentions)
    else:
        spans = find_foreign_spans(article.text, article.segments, reading)
        speakers = name_foreign_speakers(spans, mentions)
    seen: Counter[str] = Counter()
    first_ids: dict[str, str] = {}
    quotes = []
    for position, (span, speaker) in enumerate(zip(spans, speakers, strict=True)):
        text = article.text[span.start : span.end]
        quote_id = stable_id(article.article_id, text, seen[text])
        seen[text] += 1
        key = " ".join(text.casefold().split())
        quotes.append(_as_row(article, span, speaker, position, quote_id, first_ids.get(key)))
        first_ids.setdefault(key, quote_id)
    return quotes


def _add_sources_beside_cues(spans: Sequence[QuoteSpan], tags: Tags, mentions: Sequence[Mention]) -> list[QuoteSpan]:
    """Return the spans; a cue without a source gets the person named right behind or before it as source.

    A person named in the content is not its speaker: "It was announced Oduya would go."
    """
    is_in_content = inside_of(Span(tag.start, tag.end) for tag in tags.spans if tag.role == "content")
    people = [mention for mention in mentions if is_named_person(mention) and not is_in_content(mention.start_char)]
    by_start = {person.start_char: Span(person.start_char, person.end_char) for person in people}
    by_end = {person.end_char: Span(person.start_char, person.end_char) for person in people}
    found = []
    for span in spans:
        attribution = span.attribution
        if attribution and attribution.cue and not attribution.source:
            cue = attribution.cue
            source = by_start.get(cue.end + 1) or by_end.get(cue.start - 1)  # one space between
            span = replace(span, attribution=replace(attribution, source=source))
        found.append(span)
    return found


def _as_row(
    article: Article, span: QuoteSpan, speaker: Speaker, position: int, quote_id: str, repeat_of: str | None
) -> Quote:
    text = article.text
    printed = None if span.is_continued else span.attribution
    cue, source = (printed.cue, printed.source) if printed else (None, None)
    return Quote(
        quote_id=quote_id,
        article_id=article.article_id,
        published_on=article.published_on,
        utterance_id=stable_id(article.article_id, "utterance", span.utterance),
        position=position,
        quote_type=span.quote_type,
        text=text[span.start : span.end],
        start_char=span.start,
        end_char=span.end,
        is_closed=span.is_closed,
        segment_kind=article.segments[span.segment].kind,
        cue=text[cue.start : cue.end] if cue else None,
        cue_start_char=cue.start if cue else None,
        cue_end_char=cue.end if cue else None,
        speaker=text[source.start : source.end] if source else None,
        speaker_start_char=source.start if source else None,
        speaker_end_char=source.end if source else None,
        speaker_form=form_of(text[source.start : source.end]) if source else "none",
        speaker_entity_id=speaker.entity_id,
        speaker_name=speaker.name,
        speaker_role=speaker.role,
        speaker_status=speaker.status,
        speaker_method=speaker.method,
        speaker_confidence=_confidence(span.attribution, speaker),
        context_before=text[max(0, span.start - CONTEXT) : span.start],
        context_after=text[span.end : span.end + CONTEXT],
        repeat_of=repeat_of,
    )


def _confidence(attribution: Attribution | None, speaker: Speaker) -> float | None:
    """Return the probability that the name is right: that these are the source's words, and that the name is theirs."""
    if speaker.confidence is None or attribution is None or attribution.confidence is None:
        return speaker.confidence
    return round(attribution.confidence * speaker.confidence, 3)
