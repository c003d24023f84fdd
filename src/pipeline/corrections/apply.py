"""What the machine made of an article, and what people say of it → the article's rows as they are published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import pyarrow as pa

from pipeline.contract import (
    Article,
    ArticleEntity,
    Mention,
    Quote,
    QuoteType,
    Segment,
    SpeakerStatus,
    from_table,
    to_table,
)
from pipeline.corrections.files import Correction, Field, refuse_faults
from pipeline.corrections.plan import Plan
from pipeline.language.discourse import innermost_of
from pipeline.language.phrases import GENDERS

# Counts what an article says of each entity (entities.summarise_entities).
Summarise = Callable[[Article, Sequence[Mention], Sequence[Quote]], list[ArticleEntity]]
CORRECTABLE = ("quote_type", "speaker_entity_id", "speaker_role", "speaker_status", "speaker_method")
Said = Mapping[Field, Correction]
Row = TypeVar("Row", Article, Quote, Mention)
NAMES_TOLD = 12


@dataclass(frozen=True, slots=True)
class Corrected:
    """The rows of some articles with all that people say of them, and which corrections cannot be applied now."""

    quotes: pa.Table
    mentions: pa.Table
    article_entities: pa.Table
    plan: Plan  # tells now what is waiting

    @property
    def waiting(self) -> list[Correction]:
        """Corrections, of any article, whose quotes, or the speakers that they name, are not there any more."""
        waiting = {one.target for one in self.plan.reviewed if one.is_waiting}
        all_of_them = (one for each in self.plan.by_quote.values() for one in each)
        return sorted((one for one in all_of_them if one.target in waiting), key=lambda one: one.where)


def apply_corrections(
    plan: Plan, ids: Collection[str], made: Mapping[str, pa.Table], summarise: Summarise
) -> Corrected:
    """Correct some articles: those that ``plan`` touches, and those that the run has made or taken out.

    Without corrections the rows come out as the machine made them. What could be applied once, and can be no more since the
    article or the program has changed, waits; a speaker that a person names, and the machine finds no more, is unresolved.

    Args:
        plan: what people say.
        ids: the articles.
        made: ``articles``, ``quotes`` and ``mentions`` of those that are there, as the machine made them.
        summarise: counts what an article says of each entity.

    Raises:
        UsageError: if a correction cannot be applied; lists all that cannot.
    """
    quotes_of, mentions_of = _group(made["quotes"], Quote), _group(made["mentions"], Mention)
    faults: list[str] = []
    waiting: set[str] = set()
    quotes: list[Quote] = []
    mentions: list[Mention] = []
    entities: list[ArticleEntity] = []
    for article_id, (article,) in sorted(_group(made["articles"], Article).items()):
        corrector = _Corrector(plan, mentions_of[article_id], faults, waiting)
        own_quotes = corrector.correct_quotes(quotes_of[article_id])
        own_mentions = corrector.correct_mentions(quotes_of[article_id], own_quotes)
        quotes += own_quotes
        mentions += own_mentions
        segments = [Segment(**segment) for segment in article.segments]  # type: ignore[arg-type]
        entities += summarise(replace(article, segments=segments), own_mentions, own_quotes)
    refuse_faults(faults)
    there = {quote.quote_id for each in quotes_of.values() for quote in each}
    waiting |= {one.target for one in plan.reviewed if one.quote_id not in there}
    reviewed = (
        replace(one, is_waiting=one.target in waiting) if one.article_id in ids else one for one in plan.reviewed
    )
    return Corrected(
        to_table(Quote, quotes),
        to_table(Mention, mentions),
        to_table(ArticleEntity, entities),
        replace(plan, reviewed=tuple(reviewed)),
    )


def _group(rows: pa.Table, row: type[Row]) -> dict[str, list[Row]]:
    """Rows by article, in their order."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for one in from_table(rows, row):
        grouped[one.article_id].append(one)
    return grouped


@dataclass(frozen=True, slots=True)
class _Corrector:
    """One article: what people say of it, and whom it mentions."""

    plan: Plan
    mentions: Sequence[Mention]
    faults: list[str]  # takes what cannot be applied,
    waiting: set[str]  # and the targets of what cannot be any more

    def correct_quotes(self, quotes: Sequence[Quote]) -> list[Quote]:
        """The quotes as corrected, without those that are none, numbered and joined to their repetitions anew."""
        corrected: list[Quote] = []
        first: dict[str, str] = {}  # the first of those with the same words, by the id that it had been until now
        for quote in sorted(quotes, key=lambda one: one.position):
            said = {one.field: one for one in self.plan.by_quote.get(quote.quote_id, ())}
            if "is_quote" in said:
                continue
            head = first.setdefault(quote.repeat_of or quote.quote_id, quote.quote_id)
            repeat_of = None if head == quote.quote_id else head
            now = self._correct(quote, said) if said else quote
            corrected.append(replace(now, position=len(corrected), repeat_of=repeat_of))
        return corrected

    def correct_mentions(self, before: Sequence[Quote], now: Sequence[Quote]) -> list[Mention]:
        """The mentions with the quotes that they stand in; a pronoun that means who speaks follows the speaker.

        Where that is nobody whom the article names, the pronoun is no mention.
        """
        speakers = {quote.quote_id: quote.speaker_entity_id for quote in now}
        printed: dict[tuple[int | None, int | None], list[Quote]] = defaultdict(list)
        for one in before:
            if one.quote_id in speakers:
                printed[one.speaker_start_char, one.speaker_end_char].append(one)
        spoken = {one.quote_id: [one] for one in before if one.quote_type == "direct"}
        people = {one.entity_id: one for one in reversed(self.mentions) if one.entity_type == "PERSON"}
        find_quote = innermost_of(now)
        corrected = []
        for mention in self.mentions:
            quote = find_quote(mention.start_char, mention.end_char)
            mention_now = replace(mention, quote_id=quote.quote_id if quote else None)
            of = printed.get((mention.start_char, mention.end_char), [])
            if not of and mention.text.casefold() not in GENDERS:  # "I"
                of = spoken.get(mention.quote_id or "", [])
            if mention.form == "pronoun" and any(
                one.speaker_entity_id == mention.entity_id != speakers.get(one.quote_id) for one in of
            ):
                meant = {speakers.get(one.quote_id) for one in of}
                person = people.get(meant.pop() or "") if len(meant) == 1 else None
                if person is None:
                    continue
                mention_now = _as_of(mention_now, person)
            corrected.append(mention_now)
        return corrected

    def _correct(self, quote: Quote, said: Said) -> Quote:
        now = self._correct_speaker(quote, said)
        if "speaker_role" in said:
            now = self._correct_role(now, said["speaker_role"])
        if "quote_type" in said:
            kind: QuoteType = said["quote_type"].value  # type: ignore[assignment]  # checked when it was read
            now = replace(now, quote_type=kind, is_closed=now.is_closed or kind == "indirect")
        is_same = all(getattr(now, name) == getattr(quote, name) for name in CORRECTABLE)
        return replace(quote, review_status="confirmed") if is_same else replace(now, review_status="corrected")

    def _correct_speaker(self, quote: Quote, said: Said) -> Quote:
        if "speaker_name" in said:
            found = self._find_entity(said["speaker_name"])
            if found is None:  # it is not whom the machine names
                return _take_speaker(quote, "unresolved")
            if found.entity_id == quote.speaker_entity_id:
                return quote
            return replace(
                quote,
                speaker_entity_id=found.entity_id,
                speaker_name=found.entity_name,
                speaker_role=None,
                speaker_status="named",
                speaker_method="reviewed",
                speaker_confidence=None,
            )
        if "speaker_status" not in said or said["speaker_status"].value == quote.speaker_status:
            return quote
        return _take_speaker(quote, said["speaker_status"].value)  # type: ignore[arg-type]  # checked when it was read

    def _correct_role(self, quote: Quote, correction: Correction) -> Quote:
        if correction.value and quote.speaker_status == "unattributed":
            self._refuse(correction, "the quote is unattributed: nobody has a role; name a speaker")
            return quote
        return replace(quote, speaker_role=correction.value or None)

    def _find_entity(self, correction: Correction) -> Mention | None:
        """A mention of the entity that a person names by its id, its name or another that the article gives it."""
        wanted = _fold(correction.value)
        found = {one.entity_id: one for one in self.mentions if wanted in _names_of(one)}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            several = ", ".join(f"{key} ({one.entity_type} {one.entity_name})" for key, one in sorted(found.items()))
            fault = f"{correction.value!r} may be several entities of the article; give one's id: {several}"
        else:
            names = sorted({one.entity_name for one in self.mentions})
            mentioned = ", ".join(names[:NAMES_TOLD]) + (" …" if len(names) > NAMES_TOLD else "") or "none"
            fault = (
                f"{correction.value!r} is no entity that the article mentions; it mentions: {mentioned}; name one of "
                "these, or correct speaker_status to unresolved"
            )
        self._refuse(correction, fault)
        return None

    def _refuse(self, correction: Correction, fault: str) -> None:
        """Note that a correction cannot be applied: a fault of who wrote it, unless it could be before."""
        if correction.target in self.plan.settled:
            self.waiting.add(correction.target)
        else:
            self.faults.append(f"{correction.where}: {fault}")


def _take_speaker(quote: Quote, status: SpeakerStatus) -> Quote:
    """A quote whose speaker is not known, or not given at all."""
    quote = replace(
        quote,
        speaker_entity_id=None,
        speaker_name=None,
        speaker_role=None,
        speaker_status=status,
        speaker_method="reviewed",
        speaker_confidence=None,
    )
    if status == "unattributed":
        return replace(quote, speaker=None, speaker_start_char=None, speaker_end_char=None, speaker_form="none")
    return quote


def _names_of(mention: Mention) -> Iterator[str]:
    yield mention.entity_id
    yield _fold(mention.entity_name)
    if mention.form == "name":
        yield _fold(mention.text)


def _fold(name: str) -> str:
    return " ".join(name.casefold().split())


def _as_of(mention: Mention, person: Mention) -> Mention:
    """A mention of another entity by the same words."""
    return replace(
        mention,
        entity_id=person.entity_id,
        entity_name=person.entity_name,
        entity_type=person.entity_type,
        link_source=person.link_source,
        link_id=person.link_id,
        link_confidence=person.link_confidence,
    )
