"""The composition: marks → spans → speakers → rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.contract import Article, Mention, Quote, stable_id
from pipeline.language import Reading
from pipeline.quotes.marked import find_marked, name_speakers
from pipeline.quotes.spans import Span, find_spans
from pipeline.quotes.speakers import Speaker, resolve_speakers

CONTEXT = 120  # code points


def extract_quotes(article: Article, reading: Reading, mentions: Sequence[Mention]) -> list[Quote]:
    """Find what is quoted or reported in an article, in reading order.

    ``article.text[quote.start_char:quote.end_char] == quote.text`` for each; quotes do not overlap.

    Args:
        article: its text and segments.
        reading: its sentences, and whether they are English.
        mentions: who is named in it; speakers are resolved to these and to nobody else.
    """
    if reading.is_english:
        spans = find_spans(article.text, article.segments, reading)
        speakers = resolve_speakers(article, reading, spans, mentions)
    else:
        spans = find_marked(article.text, article.segments, reading)
        speakers = name_speakers(spans, mentions)
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


def _as_row(
    article: Article, span: Span, speaker: Speaker, position: int, quote_id: str, repeat_of: str | None
) -> Quote:
    text, said = article.text, span.attribution
    has_cue = said is not None and not span.is_continued
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
        cue=text[said.cue_start : said.cue_end] if said and has_cue else None,
        cue_start_char=said.cue_start if said and has_cue else None,
        cue_end_char=said.cue_end if said and has_cue else None,
        speaker=text[said.speaker_start : said.speaker_end] if said and has_cue else None,
        speaker_start_char=said.speaker_start if said and has_cue else None,
        speaker_end_char=said.speaker_end if said and has_cue else None,
        speaker_form=said.form if said and has_cue else "none",
        speaker_entity_id=speaker.entity_id,
        speaker_name=speaker.name,
        speaker_role=speaker.role,
        speaker_status=speaker.status,
        speaker_method=speaker.method,
        speaker_confidence=None,
        context_before=text[max(0, span.start - CONTEXT) : span.start],
        context_after=text[span.end : span.end + CONTEXT],
        repeat_of=repeat_of,
    )
