"""Apply people's corrections to the rows that the machine made."""

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
from pipeline.corrections.correction_files import Correction, Field, check_faults
from pipeline.corrections.plan import Plan
from pipeline.language.discourse import innermost_of
from pipeline.language.phrases import GENDERS

# Makes the rows of article_entities (entities.summarise_entities).
Summarise = Callable[[Article, Sequence[Mention], Sequence[Quote]], list[ArticleEntity]]
# The columns of a quote whose change makes it "corrected" and not "confirmed".
CORRECTED_COLUMNS = ("quote_type", "speaker_entity_id", "speaker_role", "speaker_status", "speaker_method")
ByField = Mapping[Field, Correction]
Row = TypeVar("Row", Article, Quote, Mention)
NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Corrected:
    """The corrected rows of some articles, and the corrections that wait."""

    quotes: pa.Table
    mentions: pa.Table
    article_entities: pa.Table
    plan: Plan  # with is_waiting filled in

    @property
    def waiting(self) -> list[Correction]:
        """The corrections, of any article, whose quote or speaker does not exist any more."""
        waiting = {quote.target for quote in self.plan.reviewed if quote.is_waiting}
        all_corrections = (correction for found in self.plan.by_quote.values() for correction in found)
        return sorted(
            (correction for correction in all_corrections if correction.target in waiting),
            key=lambda correction: correction.where,
        )


def apply_corrections(
    plan: Plan, ids: Collection[str], made: Mapping[str, pa.Table], summarise: Summarise
) -> Corrected:
    """Correct some articles: those that ``plan`` touches, and those that the run has made or removed.

    Rows without a correction are returned as the machine made them. A correction that was applied once, and does not fit
    the present rows any more, waits. A quote whose corrected speaker the machine does not find any more is unresolved.

    Args:
        plan: the corrections, by quote.
        ids: the articles.
        made: the machine's rows of those that exist, in ``articles``, ``quotes`` and ``mentions``.
        summarise: makes the rows of article_entities.

    Raises:
        UsageError: if a correction cannot be applied; lists all of these.
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
    check_faults(faults)
    existing = {quote.quote_id for article_quotes in quotes_of.values() for quote in article_quotes}
    waiting |= {quote.target for quote in plan.reviewed if quote.quote_id not in existing}
    reviewed = (
        replace(quote, is_waiting=quote.target in waiting) if quote.article_id in ids else quote
        for quote in plan.reviewed
    )
    return Corrected(
        to_table(Quote, quotes),
        to_table(Mention, mentions),
        to_table(ArticleEntity, entities),
        replace(plan, reviewed=tuple(reviewed)),
    )


def _group(table: pa.Table, row: type[Row]) -> dict[str, list[Row]]:
    """Return rows in their order, by article_id."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for item in from_table(table, row):
        grouped[item.article_id].append(item)
    return grouped


@dataclass(frozen=True, slots=True)
class _Corrector:
    """Corrects one article."""

    plan: Plan
    mentions: Sequence[Mention]
    faults: list[str]  # gets a line for each correction that cannot be applied
    waiting: set[str]  # gets the target of each that was applied once and does not fit any more

    def correct_quotes(self, quotes: Sequence[Quote]) -> list[Quote]:
        """Return the corrected quotes, renumbered, without those that people removed."""
        corrected: list[Quote] = []
        first: dict[
            str, str
        ] = {}  # quote_id of the first quote with the same words that stays, by that of the old first
        for quote in sorted(quotes, key=lambda quote: quote.position):
            found = {correction.field: correction for correction in self.plan.by_quote.get(quote.quote_id, ())}
            if "is_quote" in found:
                continue
            head = first.setdefault(quote.repeat_of or quote.quote_id, quote.quote_id)
            repeat_of = None if head == quote.quote_id else head
            new = self._correct(quote, found) if found else quote
            corrected.append(replace(new, position=len(corrected), repeat_of=repeat_of))
        return corrected

    def correct_mentions(self, before: Sequence[Quote], after: Sequence[Quote]) -> list[Mention]:
        """Return the mentions with the quotes that contain them.

        A pronoun that refers to a corrected speaker now refers to the new one. If the article does not name the new
        speaker, the pronoun is removed.
        """
        speakers = {quote.quote_id: quote.speaker_entity_id for quote in after}
        by_source: dict[tuple[int | None, int | None], list[Quote]] = defaultdict(list)
        for quote in before:
            if quote.quote_id in speakers:
                by_source[quote.speaker_start_char, quote.speaker_end_char].append(quote)
        direct = {quote.quote_id: [quote] for quote in before if quote.quote_type == "direct"}
        people = {mention.entity_id: mention for mention in reversed(self.mentions) if mention.entity_type == "PERSON"}
        find_quote = innermost_of(after)
        corrected = []
        for mention in self.mentions:
            quote_now = find_quote(mention.start_char, mention.end_char)
            new = replace(mention, quote_id=quote_now.quote_id if quote_now else None)
            referring = by_source.get((mention.start_char, mention.end_char), [])
            if not referring and mention.text.casefold() not in GENDERS:  # "I"
                referring = direct.get(mention.quote_id or "", [])
            if mention.form == "pronoun" and any(
                quote.speaker_entity_id == mention.entity_id != speakers.get(quote.quote_id) for quote in referring
            ):
                new_speakers = {speakers.get(quote.quote_id) for quote in referring}
                person = people.get(new_speakers.pop() or "") if len(new_speakers) == 1 else None
                if person is None:
                    continue
                new = _refer_to(new, person)
            corrected.append(new)
        return corrected

    def _correct(self, quote: Quote, found: ByField) -> Quote:
        new = self._correct_speaker(quote, found)
        if "speaker_role" in found:
            new = self._correct_role(new, found["speaker_role"])
        if "quote_type" in found:
            kind: QuoteType = found["quote_type"].value  # type: ignore[assignment]  # checked when it was read
            new = replace(new, quote_type=kind, is_closed=new.is_closed or kind == "indirect")
        is_same = all(getattr(new, name) == getattr(quote, name) for name in CORRECTED_COLUMNS)
        return replace(quote, review_status="confirmed") if is_same else replace(new, review_status="corrected")

    def _correct_speaker(self, quote: Quote, found: ByField) -> Quote:
        if "speaker_name" in found:
            entity = self._find_entity(found["speaker_name"])
            if entity is None:  # at least it is not the machine's speaker
                return _remove_speaker(quote, "unresolved")
            if entity.entity_id == quote.speaker_entity_id:
                return quote
            return replace(
                quote,
                speaker_entity_id=entity.entity_id,
                speaker_name=entity.entity_name,
                speaker_role=None,
                speaker_status="named",
                speaker_method="reviewed",
                speaker_confidence=None,
            )
        if "speaker_status" not in found or found["speaker_status"].value == quote.speaker_status:
            return quote
        return _remove_speaker(quote, found["speaker_status"].value)  # type: ignore[arg-type]  # checked when it was read

    def _correct_role(self, quote: Quote, correction: Correction) -> Quote:
        if correction.value and quote.speaker_status == "unattributed":
            self._note_fault(correction, "the quote is unattributed, so nobody has a role; name a speaker")
            return quote
        return replace(quote, speaker_role=correction.value or None)

    def _find_entity(self, correction: Correction) -> Mention | None:
        """Return a mention of the entity that a correction names by its id, its name or another name in the article."""
        wanted = _fold(correction.value)
        found = {mention.entity_id: mention for mention in self.mentions if wanted in _names_of(mention)}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            several = ", ".join(
                f"{entity_id} ({mention.entity_type} {mention.entity_name})"
                for entity_id, mention in sorted(found.items())
            )
            fault = f"{correction.value!r} may be several entities of the article; give the id of one: {several}"
        else:
            names = sorted({mention.entity_name for mention in self.mentions})
            mentioned = ", ".join(names[:NAMES_SHOWN]) + (" …" if len(names) > NAMES_SHOWN else "") or "none"
            fault = (
                f"the article does not mention {correction.value!r}; it mentions: {mentioned}; name one of these, or "
                "correct speaker_status to unresolved"
            )
        self._note_fault(correction, fault)
        return None

    def _note_fault(self, correction: Correction, fault: str) -> None:
        """Note that a correction cannot be applied: it waits if it was applied once, and else has a fault."""
        if correction.target in self.plan.settled:
            self.waiting.add(correction.target)
        else:
            self.faults.append(f"{correction.where}: {fault}")


def _remove_speaker(quote: Quote, status: SpeakerStatus) -> Quote:
    """Return a quote with an unresolved speaker, or as unattributed."""
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


def _refer_to(mention: Mention, person: Mention) -> Mention:
    """Return a mention with the entity of another one."""
    return replace(
        mention,
        entity_id=person.entity_id,
        entity_name=person.entity_name,
        entity_type=person.entity_type,
        link_source=person.link_source,
        link_id=person.link_id,
        link_confidence=person.link_confidence,
    )
