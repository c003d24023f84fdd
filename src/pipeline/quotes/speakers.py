"""Which person or body of the article a printed speaker is. A wrong name is worse than none."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.contract import Article, Mention, SpeakerMethod, SpeakerStatus
from pipeline.language import Reading, Span
from pipeline.language.discourse import SIDELINES, Discourse, find_genders, inside_of, read_discourse
from pipeline.language.phrases import (
    GENDERS,
    JOINED,
    NOUN_END,
    POSSESSIVE,
    TITLE_BEFORE,
    core_of,
    form_of,
    is_kind,
    is_several,
    is_title,
)
from pipeline.language.roles import RoleDescription, find_holders, find_role_descriptions, may_hold_still
from pipeline.lexicon.titles import BODY_END, PERSON_NOUNS, find_role
from pipeline.quotes.quote_spans import Attribution, QuoteSpan

SPEAKING_TYPES = ("PERSON", "ORG", "GPE", "FAC")
DEFINITE = re.compile(r"(?i:the|this|that)\s|[A-Z]\w+[’']s?\s")
OPENING = 4  # sentences, the headline's too, in which "a former mayor" may be named further down
REPLIES = frozenset("reply replies replied answers answered".split())
# How often the name is right, by what led to it: the share on tests/corpus/speakers/train.tsv, one more right and one more
# wrong counted (of "role" on both parts: there are few; of "transcript" nothing is measured, it is as sure as a surname).
CONFIDENCE: Mapping[SpeakerMethod, float] = {
    "printed": 0.98,
    "surname": 0.98,
    "transcript": 0.98,
    "role": 0.87,
    "pronoun": 0.9,
}
CLEAR_MARGIN, FAR_AHEAD = 0.55, 0.98  # of a pronoun that hardly can mean another
# Of "a spokesman for Oduya" and "the mayor of Sumaque" the name is not who speaks.
BELONGS_TO = re.compile(
    r"(?P<noun>[\w’'-]+)\s(?P<of>of|for|to|with|from|at|in|near|by|against|about|like|on)\s(?P<title>(?:[\w.’'-]+\s){0,4})$"
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, as far as the article tells."""

    entity_id: str | None
    name: str | None
    role: str | None
    status: SpeakerStatus
    method: SpeakerMethod
    confidence: float | None = None  # that the name is right, where there is one


UNATTRIBUTED = Speaker(None, None, None, "unattributed", "none")
UNRESOLVED = Speaker(None, None, None, "unresolved", "none")


@dataclass(slots=True)
class _Resolver:
    article: Article
    mentions: Sequence[Mention]
    discourse: Discourse
    bearers: Sequence[RoleDescription]
    roles: dict[str, str]  # entity_id → role as this article words it
    contents: dict[Attribution, list[Span]]
    quoted: list[tuple[Span, Attribution]]  # what is quoted directly, in order, and by whom
    named_by: dict[Attribution, str] = field(default_factory=dict)  # entity_id of whom an attribution names
    first_named: str | None = None  # entity_id of the first person to speak who is printed by name
    spoken: list[tuple[Mention, bool]] = field(default_factory=list)  # who spoke so far, and whether it was a question


def resolve_speakers(
    article: Article, reading: Reading, stretches: Sequence[QuoteSpan], mentions: Sequence[Mention]
) -> list[Speaker]:
    """The speaker of each stretch, in the same order."""
    resolver = _read(article, reading, stretches, mentions)
    said = sorted(resolver.contents, key=lambda one: (one.source or one.cue or Span(0, 0), one.cue or Span(0, 0)))
    resolver.first_named = next((head.entity_id for one in said if (head := _person(resolver, one))), None)
    by_attribution = {one: _resolve(resolver, one) for one in said}
    found: list[Speaker] = []
    outer, outer_end = UNATTRIBUTED, 0  # who spoke last, whomever he or she quoted
    begun: set[int] = set()
    for one in stretches:
        if one.is_continued and one.attribution in by_attribution:
            found.append(_continued(by_attribution[one.attribution]))
        elif one.is_continued or (one.attribution is None and one.utterance in begun):
            found.append(_continued(outer))
        else:
            found.append(by_attribution[one.attribution] if one.attribution else UNATTRIBUTED)
        begun.add(one.utterance)
        if one.end > outer_end:
            outer, outer_end = found[-1], one.end
    return found


def _continued(before: Speaker) -> Speaker:
    if before.status != "named":
        return before
    return Speaker(before.entity_id, before.name, before.role, "named", "continued", before.confidence)


def _read(article: Article, reading: Reading, stretches: Sequence[QuoteSpan], mentions: Sequence[Mention]) -> _Resolver:
    contents: dict[Attribution, list[Span]] = {}
    for one in stretches:
        if one.attribution and not one.is_continued:
            contents.setdefault(one.attribution, []).append(Span(one.start, one.end))
    quoted = [(Span(one.start, one.end), one.attribution) for one in stretches if one.quote_type == "direct"]
    by_whom = [(span, by) for span, by in quoted if by]
    direct = [span for span, _ in quoted]
    reported = [Span(one.start, one.end) for one in stretches if one.quote_type != "direct"]
    aside = [Span(one.start_char, one.end_char) for one in article.segments if one.kind in SIDELINES]
    is_aside = inside_of([*aside, *direct])
    people = [one for one in mentions if one.entity_type == "PERSON"]
    meant = [one for one in people if not is_aside(one.start_char)]
    people = [one for one in people if one.form == "name"]
    genders = find_genders(article.text, people)
    discourse = read_discourse(article.text, reading.sentences, meant, direct, reported, genders)
    roles: dict[str, str] = {}
    for person in people:
        before, behind = (
            article.text[max(0, person.start_char - 80) : person.start_char],
            article.text[person.end_char :][:90],
        )
        role = find_role(before, behind)
        if role:
            roles.setdefault(person.entity_id, role)
    return _Resolver(
        article, mentions, discourse, find_role_descriptions(article.text, people), roles, contents, by_whom
    )


def _resolve(resolver: _Resolver, said: Attribution) -> Speaker:
    if said.source is None:
        return UNATTRIBUTED
    resolver.discourse.resolve_pronouns_until(said.source.start)
    phrase = resolver.article.text[said.source.start : said.source.end]
    form = form_of(phrase)
    if form == "pronoun":
        return _resolve_pronoun(resolver, said, phrase)
    if said.is_label:
        head = _labelled(resolver, phrase)
        return _named(resolver, said, head, "transcript") if head else UNRESOLVED
    head = _head(resolver, said.source, phrase)
    if head and (head.form == "name" or may_hold_still(phrase, head.entity_id, resolver.bearers)):
        is_whole = head.text == head.entity_name
        return _named(resolver, said, head, "role" if head.form == "nominal" else "printed" if is_whole else "surname")
    if is_several(phrase):
        return Speaker(None, None, None, "unresolved", "group")
    bearer = _bearer(resolver, phrase, said.source.start)
    if bearer:
        return _named(resolver, said, bearer, "role")
    role = find_role(phrase + " ", "") if form == "nominal" else None
    noun = NOUN_END.split(core_of(phrase), maxsplit=1)[0].split()
    if form == "name" or (noun and noun[-1].casefold() in PERSON_NOUNS):
        resolver.discourse.add_speaker(said.source.start, None)
    return Speaker(None, None, role, "unresolved", "none")


def _person(resolver: _Resolver, said: Attribution) -> Mention | None:
    """The person whom an attribution prints by name."""
    if said.source is None:
        return None
    head = _head(resolver, said.source, resolver.article.text[said.source.start : said.source.end])
    return head if head and head.entity_type == "PERSON" and head.form == "name" else None


def _named(
    resolver: _Resolver, said: Attribution, mention: Mention, method: SpeakerMethod, margin: float = 1.0
) -> Speaker:
    assert said.source
    if mention.entity_type == "PERSON":
        resolver.discourse.add_speaker(said.source.start, mention)
        resolver.named_by[said] = mention.entity_id
        resolver.spoken.append((mention, _cue(resolver, said).startswith("ask")))
    role = resolver.roles.get(mention.entity_id)
    chance = FAR_AHEAD if method == "pronoun" and margin >= CLEAR_MARGIN else CONFIDENCE[method]
    return Speaker(mention.entity_id, mention.entity_name, role, "named", method, chance)


def _cue(resolver: _Resolver, said: Attribution) -> str:
    return resolver.article.text[said.cue.start : said.cue.end].casefold() if said.cue else ""


def _head(resolver: _Resolver, span: Span, phrase: str) -> Mention | None:
    """The mention that says who speaks: the head of the phrase, or in apposition to it, inside or right behind it."""
    text, core = resolver.article.text, core_of(phrase)
    end = span.start + len(core)
    near = _mentions_in(resolver, span.start - 4, span.end + 60)
    inside = [one for one in near if one.start_char < end]
    joined = JOINED.search(core)
    if joined and not any(one.start_char < span.start + joined.start() < one.end_char for one in inside):
        return None
    own = POSSESSIVE.search(core)
    ends = end - 1 - (len(own.group()) if own else 0)
    # "Mara Oduya of the Larkspur line": a person whom something follows that is no noun
    heads = [one for one in inside if one.entity_type == "PERSON" and NOUN_END.match(text, one.end_char, end)][:1]
    heads += [one for one in inside if one.end_char >= ends][-1:]
    for head in heads:
        if not _belongs(text[span.start : head.start_char]):
            return None if _lists(text, head, [one for one in near if one.start_char < span.end]) else head
    return None if is_several(core) else _apposed(text, core, end, near)


def _apposed(text: str, core: str, end: int, near: Sequence[Mention]) -> Mention | None:
    """Who stands in apposition to a description: "the board's secretary, Mara Oduya" (or a body to a body)."""
    for one in near:
        is_alike = one.entity_type == "PERSON" or (one.entity_type == "ORG" and BODY_END.search(core))
        is_closed = re.match(r"[,.;()]|$", text[one.end_char :][:1])
        is_behind = one.start_char > end and _is_title(text[end : one.start_char])
        if is_behind and one.form == "name" and is_alike and is_closed:
            return one
    return None


def _mentions_in(resolver: _Resolver, start: int, end: int) -> list[Mention]:
    first = bisect_left(resolver.mentions, start, key=lambda one: one.start_char)
    last = bisect_left(resolver.mentions, end, key=lambda one: one.start_char)
    near = [one for one in resolver.mentions[first:last] if one.entity_type in SPEAKING_TYPES]
    return [one for one in near if one.entity_type != "PERSON" or one.form != "name" or not is_kind(one.text)]


def _belongs(before: str) -> bool:
    """Whether the words of a phrase before its last name make the name a mere part of it: "a spokesman for "."""
    found = BELONGS_TO.search(before)
    if not found:
        return False
    if is_title(found["title"]):
        return True
    return found["of"] != "of" and found["noun"][0].islower()


def _lists(text: str, head: Mention, near: Sequence[Mention]) -> bool:
    """Whether a name is the first of several: "Oduya, Hazebroek and Bexley", "Oduya, a diver, and Bexley"."""
    behind = [one for one in near if one.start_char >= head.end_char]
    if not behind:
        return False
    between = text[head.end_char : behind[0].start_char]
    is_next = re.fullmatch(rf",\s{TITLE_BEFORE}", between)
    if is_next and re.match(r"(?:,\s[A-Z]\w+|,?\s+and\s)", text[behind[0].end_char :][:20]):
        return True
    return re.fullmatch(rf"(?:\s\([^)]*\))?(?:,\s[^,;]{{1,40}}){{0,2}},?\sand\s{TITLE_BEFORE}", between) is not None


def _is_title(between: str) -> bool:
    """Whether a comma and at most a title stand between: ", Captain ", ", retired judge "; not ", a friend of "."""
    words = re.fullmatch(r",\s(?:(?!(?:an?|the|of|for|to|with|by|from|and)\b)[\w.’-]+\s+){0,4}", between)
    return re.fullmatch(rf",\s{TITLE_BEFORE}", between) is not None or (
        words is not None and find_role(between[1:], "") is not None
    )


def _labelled(resolver: _Resolver, phrase: str) -> Mention | None:
    """The one person whose surname heads a turn in capitals: "ODUYA: …"."""
    named = {
        one.entity_id: one
        for one in resolver.mentions
        if one.entity_type == "PERSON" and one.entity_name.split()[-1].casefold() == phrase.casefold()
    }
    return next(iter(named.values())) if len(named) == 1 else None


def _bearer(resolver: _Resolver, phrase: str, at: int) -> Mention | None:
    """Who bears the role that a phrase words: "the senator"; who spoke last where it fits several."""
    wholly, partly = find_holders(phrase, resolver.bearers)
    is_opening = resolver.discourse.sentence_number(at) < OPENING
    if not DEFINITE.match(phrase) and not is_opening:  # "a driver said": one of many
        return None
    if not DEFINITE.match(phrase):
        return next((one for one in wholly or partly if one.entity_id == resolver.first_named), None)
    if len(wholly) == 1:
        return wholly[0]
    last = resolver.spoken[-1][0].entity_id if resolver.spoken else None
    return next((one for one in wholly or partly if one.entity_id == last), None)


def _resolve_pronoun(resolver: _Resolver, said: Attribution, phrase: str) -> Speaker:
    assert said.source
    pronoun = re.split(r"[’'\s]", phrase.casefold())[0]
    if pronoun in ("who", "whom"):
        before = _before_relative(resolver, said.source.start)
        return _named(resolver, said, before, "pronoun") if before else UNRESOLVED
    gender = GENDERS.get(pronoun)
    if gender is None:
        return Speaker(None, None, None, "unresolved", "group" if pronoun in ("they", "we", "you", "their") else "none")
    barred = _quoting(resolver, said)
    # "Is that all?" the chair asked. "It is," he replied: not the chair, but who spoke before.
    if resolver.spoken and resolver.spoken[-1][1] and _cue(resolver, said) in REPLIES:
        barred |= {resolver.spoken[-1][0].entity_id}
    choice = resolver.discourse.find_antecedent(said.source.start, gender, resolver.contents[said], barred)
    if choice is None:
        return UNRESOLVED
    resolver.discourse.genders.setdefault(choice.mention.entity_id, gender)
    return _named(resolver, said, choice.mention, "pronoun", choice.margin)


def _quoting(resolver: _Resolver, said: Attribution) -> frozenset[str]:
    """Who is quoted with the words that hold an attribution: these speak of themselves as "I"."""
    assert said.source
    number = bisect_right(resolver.quoted, said.source.start, key=lambda one: one[0].start)
    holding = (by for span, by in resolver.quoted[max(0, number - 3) : number] if said.source.end <= span.end)
    return frozenset(resolver.named_by[by] for by in holding if by in resolver.named_by)


def _before_relative(resolver: _Resolver, at: int) -> Mention | None:
    """Whom "who" means: who is named right before it, but for an age or a place: "Mara Oduya, 59, of Sumaque, who"."""
    text = resolver.article.text
    people = [one for one in _mentions_in(resolver, at - 90, at) if one.entity_type == "PERSON"]
    if (
        people
        and (text[people[-1].end_char : at] != " " or text[: people[-1].start_char].endswith("the "))
        and re.fullmatch(
            r"(?:\s\([^)]*\))?(?:,\s(?:\d+|[^,;:.“”\"]{1,40}|of\s[^,;:“”\"]{1,30}|[A-Z][\w.]{1,8})){0,3},?\s|\s",
            text[people[-1].end_char : at],
        )
    ):
        return people[-1]
    described = re.search(r"\b[Tt]he\s(?:[\w’'-]+\s){0,4}[\w’'-]+(?=,?\s$)", text[max(0, at - 80) : at])
    return _bearer(resolver, described.group(), at) if described else None
