"""Which person or body of the article a printed speaker is. A wrong name is worse than none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.contract import Article, Mention, SpeakerMethod, SpeakerStatus
from pipeline.language.names import FEMALE_SIGNS, MALE_SIGNS, find_role
from pipeline.quotes.attribution import Attribution
from pipeline.quotes.spans import Span

SPEAKING_TYPES = ("PERSON", "ORG", "GPE", "FAC")
GENDERS = {"he": "male", "she": "female"}
# "officials", "critics", "they": several, whom no one name names.
GROUP = re.compile(r"(?i)^(?:they|we|you)$|\b(?:\w+s|people|police|staff|crew)$")
PERSON_REACH = 600  # code points back from a pronoun


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, as far as the article tells."""

    entity_id: str | None
    name: str | None
    role: str | None
    status: SpeakerStatus
    method: SpeakerMethod


NOBODY = Speaker(None, None, None, "unattributed", "none")
UNKNOWN = Speaker(None, None, None, "unresolved", "none")


@dataclass(slots=True)
class _Resolver:
    article: Article
    mentions: Sequence[Mention]
    roles: dict[str, str] = field(default_factory=dict)  # entity_id → role as this article words it
    genders: dict[str, str] = field(default_factory=dict)
    last: tuple[int, Mention] | None = None  # where the last named speaker was printed


def resolve_speakers(article: Article, spans: Sequence[Span], mentions: Sequence[Mention]) -> list[Speaker]:
    """The speaker of each span, in the same order."""
    resolver = _Resolver(article, mentions)
    for mention in mentions:
        _learn(resolver, mention)
    found: list[Speaker] = []
    by_attribution: dict[Attribution, Speaker] = {}
    outer, outer_end = NOBODY, 0  # who spoke last, whomever he or she quoted
    for span in spans:
        said = span.attribution
        if span.is_continued or (said is None and span.utterance in {s.utterance for s in spans[: len(found)]}):
            found.append(_continued(outer))
        elif said is None:
            found.append(NOBODY)
        else:
            by_attribution[said] = by_attribution.get(said) or _resolve(resolver, said)
            found.append(by_attribution[said])
        if span.end > outer_end:
            outer, outer_end = found[-1], span.end
    return found


def _continued(before: Speaker) -> Speaker:
    method: SpeakerMethod = "continued" if before.status == "named" else before.method
    return Speaker(before.entity_id, before.name, before.role, before.status, method)


def _learn(resolver: _Resolver, mention: Mention) -> None:
    """Note roles and what tells he from she: the words right before and behind a person's name."""
    if mention.entity_type != "PERSON" or mention.form != "name":
        return
    text = resolver.article.text
    before = text[max(0, mention.start_char - 80) : mention.start_char]
    behind = text[mention.end_char : mention.end_char + 90]
    role = find_role(before, behind)
    if role:
        resolver.roles.setdefault(mention.entity_id, role)
    if FEMALE_SIGNS.search(before):
        resolver.genders.setdefault(mention.entity_id, "female")
    elif MALE_SIGNS.search(before):
        resolver.genders.setdefault(mention.entity_id, "male")


def _resolve(resolver: _Resolver, said: Attribution) -> Speaker:
    printed = resolver.article.text[said.speaker_start : said.speaker_end]
    if said.form == "pronoun":
        return _resolve_pronoun(resolver, said, printed.casefold())
    mention = (
        _mention_in(resolver, said, printed) or _mention_beside(resolver, said) or _labelled(resolver, said, printed)
    )
    if mention is None:
        method: SpeakerMethod = "group" if GROUP.search(printed) else "none"
        return Speaker(
            None, None, find_role(printed + " ", "") if said.form == "nominal" else None, "unresolved", method
        )
    if mention.entity_type == "PERSON":
        resolver.last = (said.speaker_start, mention)
    return _named(resolver, mention, _method(said, mention))


def _method(said: Attribution, mention: Mention) -> SpeakerMethod:
    if mention.form == "nominal":
        return "role"
    if said.kind == "label":
        return "transcript"
    return "printed" if mention.text == mention.entity_name else "surname"


def _named(resolver: _Resolver, mention: Mention, method: SpeakerMethod) -> Speaker:
    return Speaker(mention.entity_id, mention.entity_name, resolver.roles.get(mention.entity_id), "named", method)


def _mention_in(resolver: _Resolver, said: Attribution, printed: str) -> Mention | None:
    """The mention that is the head of the printed phrase: it ends where the phrase ends.

    In "a spokesman for Oduya" and "Oduya's aides" Oduya is not who speaks.
    """
    inside = [
        mention
        for mention in resolver.mentions
        if mention.entity_type in SPEAKING_TYPES
        and mention.start_char >= said.speaker_start - 4
        and mention.start_char < said.speaker_end
        and mention.end_char >= said.speaker_end - 1
    ]
    if not inside:
        return None
    head = inside[-1]
    before = resolver.article.text[said.speaker_start : head.start_char]
    is_other = re.search(
        r"\b(?:of|for|to|with|from|at|in|near)\s+(?:the\s+|Mr\.?\s+|Mrs\.?\s+|Ms\.?\s+|\w+\s+)?$", before
    )
    if is_other and head.form == "name" and head.start_char > said.speaker_start:
        return None
    if printed.rstrip().endswith(("’s", "'s")):
        return None
    return head


def _mention_beside(resolver: _Resolver, said: Attribution) -> Mention | None:
    """Who stands in apposition to a description: "the board's secretary, Mara Oduya, said"."""
    if said.form != "nominal" or said.kind != "subject":
        return None
    text = resolver.article.text
    beside = [
        mention
        for mention in resolver.mentions
        if mention.entity_type == "PERSON"
        and mention.form == "name"
        and text[said.speaker_end : mention.start_char] == ", "
        and text[mention.end_char : mention.end_char + 1] == ","
    ]
    return beside[0] if beside else None


def _labelled(resolver: _Resolver, said: Attribution, printed: str) -> Mention | None:
    """The one person whose surname heads a turn in capitals: "ODUYA: …"."""
    if said.kind != "label":
        return None
    named = {
        mention.entity_id: mention
        for mention in resolver.mentions
        if mention.entity_type == "PERSON" and mention.entity_name.split()[-1].casefold() == printed.casefold()
    }
    return next(iter(named.values())) if len(named) == 1 else None


def _resolve_pronoun(resolver: _Resolver, said: Attribution, pronoun: str) -> Speaker:
    gender = GENDERS.get(pronoun)
    if gender is None:
        return Speaker(None, None, None, "unresolved", "group" if pronoun in ("they", "we", "you") else "none")
    near = [
        mention
        for mention in resolver.mentions
        if mention.entity_type == "PERSON"
        and said.speaker_start - PERSON_REACH < mention.start_char < said.speaker_start
        and resolver.genders.get(mention.entity_id, gender) == gender
    ]
    candidates = {mention.entity_id for mention in near}
    chosen: Mention | None = None
    if resolver.last and resolver.last[1].entity_id in candidates:
        chosen = resolver.last[1]
    elif resolver.last and not candidates and resolver.genders.get(resolver.last[1].entity_id, gender) == gender:
        chosen = resolver.last[1] if said.speaker_start - resolver.last[0] < 2 * PERSON_REACH else None
    elif len(candidates) == 1:
        chosen = near[-1]
    if chosen is None:
        return UNKNOWN
    resolver.genders.setdefault(chosen.entity_id, gender)
    resolver.last = (said.speaker_start, chosen)
    return _named(resolver, chosen, "pronoun")
