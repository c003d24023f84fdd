"""The composition: tags and marks → stretches → speakers → rows."""

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
from pipeline.quotes.quote_spans import Attribution, QuoteSpan
from pipeline.quotes.speakers import Speaker, resolve_speakers

CONTEXT = 120  # code points


def extract_quotes(
    article: Article, reading: Reading, mentions: Sequence[Mention], attributions: Attributions = "said"
) -> list[Quote]:
    """Find what is quoted or reported in an article, in reading order.

    ``article.text[quote.start_char:quote.end_char] == quote.text`` for each. Quotes do not overlap, but for one that
    stands within another: somebody's words within a speaker's.

    Args:
        article: its text and segments.
        reading: its sentences, its quotations, and what the tagger found.
        mentions: who is named in it; speakers are resolved to these and to nobody else.
        attributions: whether what is only believed, meant or found counts as well.
    """
    if reading.is_english:
        stretches = _name_beside_cue(find_quote_spans(article, reading, attributions), reading.tags, mentions)
        speakers = resolve_speakers(article, reading, stretches, mentions)
    else:
        stretches = find_foreign_spans(article.text, article.segments, reading)
        speakers = name_foreign_speakers(stretches, mentions)
    seen: Counter[str] = Counter()
    first_ids: dict[str, str] = {}
    quotes = []
    for position, (stretch, speaker) in enumerate(zip(stretches, speakers, strict=True)):
        text = article.text[stretch.start : stretch.end]
        quote_id = stable_id(article.article_id, text, seen[text])
        seen[text] += 1
        key = " ".join(text.casefold().split())
        quotes.append(_as_row(article, stretch, speaker, position, quote_id, first_ids.get(key)))
        first_ids.setdefault(key, quote_id)
    return quotes


def _name_beside_cue(stretches: Sequence[QuoteSpan], tags: Tags, mentions: Sequence[Mention]) -> list[QuoteSpan]:
    """Take a person named right behind or before a cue for its speaker, where the tagger found none.

    Who is named in what is said does not say it: "It was announced Oduya would go."
    """
    is_told = inside_of(Span(tag.start, tag.end) for tag in tags.spans if tag.role == "content")
    people = [one for one in mentions if one.entity_type == "PERSON" and one.form == "name"]
    people = [one for one in people if not is_told(one.start_char)]
    behind = {one.start_char: Span(one.start_char, one.end_char) for one in people}
    before = {one.end_char: Span(one.start_char, one.end_char) for one in people}
    found = []
    for one in stretches:
        said = one.attribution
        if said and said.cue and not said.source:
            person = behind.get(said.cue.end + 1) or before.get(said.cue.start - 1)  # a space between
            one = replace(one, attribution=replace(said, source=person))
        found.append(one)
    return found


def _as_row(
    article: Article, stretch: QuoteSpan, speaker: Speaker, position: int, quote_id: str, repeat_of: str | None
) -> Quote:
    text = article.text
    said = None if stretch.is_continued else stretch.attribution
    cue, printed = (said.cue, said.source) if said else (None, None)
    return Quote(
        quote_id=quote_id,
        article_id=article.article_id,
        published_on=article.published_on,
        utterance_id=stable_id(article.article_id, "utterance", stretch.utterance),
        position=position,
        quote_type=stretch.quote_type,
        text=text[stretch.start : stretch.end],
        start_char=stretch.start,
        end_char=stretch.end,
        is_closed=stretch.is_closed,
        segment_kind=article.segments[stretch.segment].kind,
        cue=text[cue.start : cue.end] if cue else None,
        cue_start_char=cue.start if cue else None,
        cue_end_char=cue.end if cue else None,
        speaker=text[printed.start : printed.end] if printed else None,
        speaker_start_char=printed.start if printed else None,
        speaker_end_char=printed.end if printed else None,
        speaker_form=form_of(text[printed.start : printed.end]) if printed else "none",
        speaker_entity_id=speaker.entity_id,
        speaker_name=speaker.name,
        speaker_role=speaker.role,
        speaker_status=speaker.status,
        speaker_method=speaker.method,
        speaker_confidence=_confidence(stretch.attribution, speaker),
        context_before=text[max(0, stretch.start - CONTEXT) : stretch.start],
        context_after=text[stretch.end : stretch.end + CONTEXT],
        repeat_of=repeat_of,
    )


def _confidence(said: Attribution | None, speaker: Speaker) -> float | None:
    """That the name is right: that these are the speaker's words, and that the name is the speaker's."""
    if speaker.confidence is None or said is None or said.confidence is None:
        return speaker.confidence
    return round(said.confidence * speaker.confidence, 3)
