"""Which person or body of the article a printed speaker is. A wrong name is worse than none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.contract import Article, Mention, SpeakerMethod, SpeakerStatus
from pipeline.language import Reading
from pipeline.language.names import BODY_END, BODY_SIGNS, FEMALE_SIGNS, MALE_SIGNS, find_role
from pipeline.quotes.attribution import Attribution
from pipeline.quotes.spans import Span

SPEAKING_TYPES = ("PERSON", "ORG", "GPE", "FAC")
GENDERS = {"he": "male", "she": "female"}
# "officials", "critics", "they": several, whom no one name names.
GROUP = re.compile(r"(?i)^(?:they|we|you)$|^(?!one\b).*\b(?:\w+s|people|police|staff|crew)$")
REPLIES = frozenset("reply replies replied answers answered".split())
PERSON_REACH = 600  # code points back from a pronoun
NO_SPEAKERS_IN = frozenset(
    {"byline", "dateline", "caption", "note"}
)  # whom these parts name, no pronoun of the text means
_TITLE_BEFORE = r"(?:[A-Z][\w.]*\s+){0,2}"  # "Captain", "Dr"
# What may stand in a sentence before the person who is its subject: nothing but what describes or titles the name.
SUBJECT_LEAD = re.compile(
    rf"(?:[\w\s’']{{1,40}},\s+)?(?:(?:But|And|Yet|So)\s+)?(?:"
    rf"(?:(?:[Tt]he|[A-Z]\w+[’']s)\s+)?{_TITLE_BEFORE}|"  # "Captain", "The Norwegian"
    rf"(?:[Tt]he|[Aa]n?|[Ii]ts|[Hh]is|[Hh]er|[Tt]heir|[Oo]ne|[A-Z]\w+[’']s)\s[^,;:]{{2,80}},\s+{_TITLE_BEFORE}|"  # "The mayor of Sumaque, "
    rf"(?:The|A|Its|His|Her|Their|Among\s\w+)\s+[^,;:]{{2,80}}\s(?:is|was)\s+{_TITLE_BEFORE}"  # "The passenger was "
    r")"
)


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
    sentences: Sequence[tuple[int, int]]
    named: Sequence[Mention]  # people whom the text names, in their order, outside what is quoted directly
    roles: dict[str, str] = field(default_factory=dict)  # entity_id → role as this article words it
    genders: dict[str, str] = field(default_factory=dict)
    last: tuple[int, Mention] | None = None  # where the last named speaker was printed
    last_but_one: tuple[int, Mention] | None = None
    is_asked: bool = False  # whether the last named speaker asked something
    nameless: int = -1  # where the last speaker was printed, a person for all we know, who is described and not named


def resolve_speakers(
    article: Article, reading: Reading, spans: Sequence[Span], mentions: Sequence[Mention]
) -> list[Speaker]:
    """The speaker of each span, in the same order."""
    resolver = _Resolver(article, mentions, reading.sentences, _named_people(article, spans, mentions))
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


def _named_people(article: Article, spans: Sequence[Span], mentions: Sequence[Mention]) -> list[Mention]:
    aside = [(one.start_char, one.end_char) for one in article.segments if one.kind in NO_SPEAKERS_IN]
    aside += [(span.start, span.end) for span in spans if span.quote_type == "direct"]
    people = [mention for mention in mentions if mention.entity_type == "PERSON"]
    return [one for one in people if not any(start <= one.start_char < end for start, end in aside)]


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
    if BODY_SIGNS.search(before) and behind.startswith(","):
        resolver.genders[mention.entity_id] = "none"
    elif FEMALE_SIGNS.search(before):
        resolver.genders.setdefault(mention.entity_id, "female")
    elif MALE_SIGNS.search(before):
        resolver.genders.setdefault(mention.entity_id, "male")


def _resolve(resolver: _Resolver, said: Attribution) -> Speaker:
    printed = resolver.article.text[said.speaker_start : said.speaker_end]
    if said.form == "pronoun":
        return _resolve_pronoun(resolver, said, printed.casefold())
    mention = (
        _mention_in(resolver, said, printed)
        or _mention_beside(resolver, said, printed)
        or _labelled(resolver, said, printed)
    )
    if mention is None:
        method: SpeakerMethod = "group" if GROUP.search(printed) else "none"
        role = find_role(printed + " ", "") if said.form == "nominal" else None
        if method == "none" and (role or said.form == "name") and not _asks(resolver, said):
            resolver.nameless = said.speaker_start
        return Speaker(None, None, role, "unresolved", method)
    if mention.entity_type == "PERSON":
        _note_speaker(resolver, said, mention)
    return _named(resolver, mention, _method(said, mention))


def _note_speaker(resolver: _Resolver, said: Attribution, mention: Mention) -> None:
    if not resolver.last or resolver.last[1].entity_id != mention.entity_id:
        resolver.last_but_one = resolver.last
    resolver.last = (said.speaker_start, mention)
    resolver.is_asked = _asks(resolver, said)


def _cue(resolver: _Resolver, said: Attribution) -> str:
    return resolver.article.text[said.cue_start : said.cue_end].casefold()


def _asks(resolver: _Resolver, said: Attribution) -> bool:
    return _cue(resolver, said).startswith("ask")


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


def _mention_beside(resolver: _Resolver, said: Attribution, printed: str) -> Mention | None:
    """Who stands in apposition to a description: "said the board's secretary, Mara Oduya." (or a body to a body)."""
    if said.form != "nominal" or said.kind == "label" or GROUP.search(printed):
        return None
    text = resolver.article.text
    beside = [
        mention
        for mention in resolver.mentions
        if mention.form == "name"
        and (mention.entity_type == "PERSON" or (mention.entity_type == "ORG" and BODY_END.search(printed)))
        and said.speaker_end < mention.start_char < said.speaker_end + 40
        and _is_title(text[said.speaker_end : mention.start_char])
        and re.match(r"[,.;]", text[mention.end_char :][:1])
    ]
    return beside[0] if beside else None


def _is_title(between: str) -> bool:
    """Whether a comma and at most a title stand between: ", Captain ", ", retired judge "; not ", a friend of "."""
    words = re.fullmatch(r",\s(?:(?!(?:an?|the|of|for|to|with|by|from|and)\b)[\w.’-]+\s+){0,4}", between)
    return re.fullmatch(rf",\s{_TITLE_BEFORE}", between) is not None or (
        words is not None and find_role(between[1:], "") is not None
    )


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
        for mention in resolver.named
        if said.speaker_start - PERSON_REACH < mention.start_char < said.speaker_start
        and resolver.genders.get(mention.entity_id, gender) == gender
    ]
    last = resolver.last
    # "Is that all?" the chair asked. "It is," he replied: not the chair, but who spoke before.
    if last and resolver.is_asked and _cue(resolver, said) in REPLIES:
        near = [mention for mention in near if mention.entity_id != last[1].entity_id]
        last = resolver.last_but_one
    if last and (
        resolver.genders.get(last[1].entity_id, gender) != gender or said.speaker_start - last[0] > 2 * PERSON_REACH
    ):
        last = None
    chosen = _antecedent(resolver, said.speaker_start, near, last)
    if chosen is None:
        return UNKNOWN
    resolver.genders.setdefault(chosen.entity_id, gender)
    _note_speaker(resolver, said, chosen)
    return _named(resolver, chosen, "pronoun")


def _antecedent(
    resolver: _Resolver, at: int, near: Sequence[Mention], last: tuple[int, Mention] | None
) -> Mention | None:
    """Whom "she" means at a place: one of those named near it or who spoke last, or nobody where two may be meant.

    Args:
        resolver: the article.
        at: where the pronoun stands.
        near: people named before it who may be meant, in their order.
        last: where the one who spoke last was printed, and who it is, if he or she may be meant.
    """
    newest = max([last[0] if last else -1, *(mention.start_char for mention in near)])
    if newest <= resolver.nameless:  # "said the farmer. … She said"
        return None
    others = [one for one in near if not last or (one.start_char > last[0] and one.entity_id != last[1].entity_id)]
    if last and not others:
        return last[1]
    if len({mention.entity_id for mention in others}) == 1 and not last:
        return others[-1]
    start, end = next((one for one in resolver.sentences if one[0] <= newest < one[1]), (newest, newest))
    if last and start <= last[0] < end:
        return last[1]  # "Oduya, who followed Hazebroek, said …. She added"
    subject = _subject(resolver, start, end, at)
    if subject is None:
        knows_last = last is not None and last[1].entity_id in resolver.genders
        knows_others = any(mention.entity_id in resolver.genders for mention in others)
        return last[1] if last and knows_last and not knows_others else None
    is_meant = subject.entity_id in {mention.entity_id for mention in near}
    # "The mayor, Mara Oduya, disagreed. “Come and see,” she said." In the next paragraph she may be another.
    if is_meant and ("\n" not in resolver.article.text[end:at] or (last and subject.entity_id == last[1].entity_id)):
        return subject
    return None


def _subject(resolver: _Resolver, start: int, end: int, at: int) -> Mention | None:
    """The person who is the subject of a sentence, as far as its beginning tells."""
    text = resolver.article.text
    people = [mention for mention in resolver.named if start <= mention.start_char < min(end, at)]
    for number, one in enumerate(people):
        # "Oduya’s lawyer", "Oduya and Hazebroek", "Oduya, Hazebroek and": none of them alone
        is_other = re.match(r"[’']|\s+(?:and|or|&)\s", text[one.end_char :][:12]) or any(
            next_one.entity_id != one.entity_id
            and re.fullmatch(rf",\s+(?:and\s+)?{_TITLE_BEFORE}", text[one.end_char : next_one.start_char])
            for next_one in people[number + 1 : number + 2]
        )
        if not is_other and SUBJECT_LEAD.fullmatch(text[start : one.start_char]):
            return one
    return None
