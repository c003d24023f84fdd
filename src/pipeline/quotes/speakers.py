"""Resolve which person or organisation of the article a printed source is. A wrong name is worse than none."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.contract import Article, Mention, SpeakerForm, SpeakerMethod, SpeakerStatus
from pipeline.language import Reading, Span
from pipeline.language.discourse import SIDELINES, Discourse, find_genders, inside_of, read_discourse
from pipeline.language.phrases import GENDERS, NOUN_END, core_of, form_of, is_several
from pipeline.language.roles import RoleDescription, find_holders, find_role_descriptions, may_hold_still
from pipeline.lexicon.titles import PERSON_NOUNS, find_role
from pipeline.quotes.named_sources import find_named_source, is_named_person, speaking_mentions_in
from pipeline.quotes.quote_spans import Attribution, QuoteSpan

DEFINITE = re.compile(r"(?i:the|this|that)\s|[A-Z]\w+[’']s?\s")
OPENING_SENTENCES = 4  # with the headline: in them "a former mayor" may be somebody whom the article names later
REPLIES = frozenset("reply replies replied answers answered".split())
PLURAL_PRONOUNS = ("they", "we", "you", "their")
# How often the name is right, by method: the share on tests/corpus/speakers/train.tsv, with one right and one wrong added.
# "role" is measured on train and dev together, because there are few. "transcript" is not measured: it is as reliable as
# a surname.
CONFIDENCE: Mapping[SpeakerMethod, float] = {
    "printed": 0.98,
    "surname": 0.98,
    "transcript": 0.98,
    "role": 0.87,
    "pronoun": 0.9,
}
# A pronoun with this lead over the next candidate hardly can mean another person, and gets this confidence.
CLEAR_MARGIN, CLEAR_CONFIDENCE = 0.55, 0.98
# What may separate a name from "who": an age, a place, a bracket: "Mara Oduya, 59, of Sumaque, who".
BEFORE_WHO = re.compile(
    r"(?:\s\([^)]*\))?(?:,\s(?:\d+|[^,;:.“”\"]{1,40}|of\s[^,;:“”\"]{1,30}|[A-Z][\w.]{1,8})){0,3},?\s|\s"
)
DESCRIPTION_BEFORE_WHO = re.compile(r"\b[Tt]he\s(?:[\w’'-]+\s){0,4}[\w’'-]+(?=,?\s$)")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, as far as the article shows."""

    entity_id: str | None
    name: str | None
    role: str | None
    status: SpeakerStatus
    method: SpeakerMethod
    confidence: float | None = None  # that the name is right; None without a name


UNATTRIBUTED = Speaker(None, None, None, "unattributed", "none")
UNRESOLVED = Speaker(None, None, None, "unresolved", "none")
GROUP = Speaker(None, None, None, "unresolved", "group")


@dataclass(slots=True)
class _Resolver:
    """What resolving needs to know of an article, and who has spoken so far."""

    article: Article
    mentions: Sequence[Mention]
    discourse: Discourse
    descriptions: Sequence[RoleDescription]
    roles: dict[str, str]  # by entity_id, as this article words them
    contents: dict[Attribution, list[Span]]
    quoted: list[tuple[Span, Attribution]]  # direct quotes in reading order, with their attribution
    named_by: dict[Attribution, str] = field(default_factory=dict)  # entity_id of the person an attribution means
    first_named: str | None = None  # entity_id of the first speaker who is a person printed by name
    spoken: list[tuple[Mention, bool]] = field(default_factory=list)  # who spoke so far, and whether it was a question

    def words_at(self, span: Span | None) -> str:
        """Return the text of a span, "" for None."""
        return self.article.text[span.start : span.end] if span else ""


def resolve_speakers(
    article: Article, reading: Reading, spans: Sequence[QuoteSpan], mentions: Sequence[Mention]
) -> list[Speaker]:
    """Return the speaker of each span, in the same order."""
    resolver = _prepare(article, reading, spans, mentions)
    attributions = sorted(resolver.contents, key=_printed_order)
    resolver.first_named = _first_named_speaker(resolver, attributions)
    by_attribution = {attribution: _resolve(resolver, attribution) for attribution in attributions}
    speakers: list[Speaker] = []
    outer, outer_end = UNATTRIBUTED, 0  # the last speaker who is not quoted by another
    begun: set[int] = set()
    for span in spans:
        if span.is_continued and span.attribution in by_attribution:
            speakers.append(_continued(by_attribution[span.attribution]))
        elif span.is_continued or (span.attribution is None and span.utterance in begun):
            speakers.append(_continued(outer))
        else:
            speakers.append(by_attribution[span.attribution] if span.attribution else UNATTRIBUTED)
        begun.add(span.utterance)
        if span.end > outer_end:
            outer, outer_end = speakers[-1], span.end
    return speakers


def _printed_order(attribution: Attribution) -> tuple[Span, Span]:
    start = Span(0, 0)
    return attribution.source or attribution.cue or start, attribution.cue or start


def _first_named_speaker(resolver: _Resolver, attributions: Sequence[Attribution]) -> str | None:
    """Return the entity id of the first person whom an attribution prints by name."""
    sources = (attribution.source for attribution in attributions if attribution.source)
    heads = (find_named_source(resolver.article.text, resolver.mentions, source) for source in sources)
    return next((head.entity_id for head in heads if head and is_named_person(head)), None)


def _continued(before: Speaker) -> Speaker:
    if before.status != "named":
        return before
    return Speaker(before.entity_id, before.name, before.role, "named", "continued", before.confidence)


# ── What is known before resolving ─────────────────────────────────────────────────────────────────────────────


def _prepare(article: Article, reading: Reading, spans: Sequence[QuoteSpan], mentions: Sequence[Mention]) -> _Resolver:
    contents: dict[Attribution, list[Span]] = {}
    for span in spans:
        if span.attribution and not span.is_continued:
            contents.setdefault(span.attribution, []).append(Span(span.start, span.end))
    direct = [span for span in spans if span.quote_type == "direct"]
    quoted = [(Span(span.start, span.end), span.attribution) for span in direct if span.attribution]
    people = [mention for mention in mentions if is_named_person(mention)]
    return _Resolver(
        article,
        mentions,
        _discourse_of(article, reading, spans, mentions),
        find_role_descriptions(article.text, people),
        _find_roles(article.text, people),
        contents,
        quoted,
    )


def _discourse_of(
    article: Article, reading: Reading, spans: Sequence[QuoteSpan], mentions: Sequence[Mention]
) -> Discourse:
    """Return whom the article speaks of outside of direct quotes and sidelines such as captions."""
    direct = [Span(span.start, span.end) for span in spans if span.quote_type == "direct"]
    reported = [Span(span.start, span.end) for span in spans if span.quote_type != "direct"]
    sidelines = [
        Span(segment.start_char, segment.end_char) for segment in article.segments if segment.kind in SIDELINES
    ]
    is_aside = inside_of([*sidelines, *direct])
    people = [mention for mention in mentions if mention.entity_type == "PERSON"]
    genders = find_genders(article.text, [mention for mention in people if mention.form == "name"])
    in_text = [mention for mention in people if not is_aside(mention.start_char)]
    return read_discourse(article.text, reading.sentences, in_text, direct, reported, genders)


def _find_roles(text: str, people: Sequence[Mention]) -> dict[str, str]:
    """Return the first printed role of each person, by entity id."""
    roles: dict[str, str] = {}
    for person in people:
        before, behind = text[max(0, person.start_char - 80) : person.start_char], text[person.end_char :][:90]
        role = find_role(before, behind)
        if role:
            roles.setdefault(person.entity_id, role)
    return roles


# ── Resolving one attribution ──────────────────────────────────────────────────────────────────────────────────


def _resolve(resolver: _Resolver, attribution: Attribution) -> Speaker:
    source = attribution.source
    if source is None:
        return UNATTRIBUTED
    resolver.discourse.resolve_pronouns_until(source.start)
    phrase = resolver.words_at(source)
    form = form_of(phrase)
    if form == "pronoun":
        return _resolve_pronoun(resolver, attribution, source, phrase)
    if attribution.is_label:
        labelled = _labelled_person(resolver, phrase)
        return _name(resolver, attribution, source, labelled, "transcript") if labelled else UNRESOLVED
    head = find_named_source(resolver.article.text, resolver.mentions, source)
    if head and (head.form == "name" or may_hold_still(phrase, head.entity_id, resolver.descriptions)):
        return _name(resolver, attribution, source, head, _method_of(head))
    if is_several(phrase):
        return GROUP
    holder = _role_holder(resolver, phrase, source.start)
    if holder:
        return _name(resolver, attribution, source, holder, "role")
    return _describe_unresolved(resolver, source, phrase, form)


def _method_of(head: Mention) -> SpeakerMethod:
    if head.form == "nominal":
        return "role"
    return "printed" if head.text == head.entity_name else "surname"


def _describe_unresolved(resolver: _Resolver, source: Span, phrase: str, form: SpeakerForm) -> Speaker:
    """Return a speaker without a name; a person may be the antecedent of a later pronoun all the same."""
    role = find_role(phrase + " ", "") if form == "nominal" else None
    noun = NOUN_END.split(core_of(phrase), maxsplit=1)[0].split()
    if form == "name" or (noun and noun[-1].casefold() in PERSON_NOUNS):
        resolver.discourse.add_speaker(source.start, None)
    return Speaker(None, None, role, "unresolved", "none")


def _name(
    resolver: _Resolver,
    attribution: Attribution,
    source: Span,
    mention: Mention,
    method: SpeakerMethod,
    margin: float = 1.0,
) -> Speaker:
    """Return who a mention names as speaker, and record a person as having spoken."""
    if mention.entity_type == "PERSON":
        resolver.discourse.add_speaker(source.start, mention)
        resolver.named_by[attribution] = mention.entity_id
        is_question = resolver.words_at(attribution.cue).casefold().startswith("ask")
        resolver.spoken.append((mention, is_question))
    role = resolver.roles.get(mention.entity_id)
    is_clear = method == "pronoun" and margin >= CLEAR_MARGIN
    confidence = CLEAR_CONFIDENCE if is_clear else CONFIDENCE[method]
    return Speaker(mention.entity_id, mention.entity_name, role, "named", method, confidence)


def _labelled_person(resolver: _Resolver, phrase: str) -> Mention | None:
    """Return the only person whose surname is the label of a turn: "ODUYA: …"."""
    people = {
        mention.entity_id: mention
        for mention in resolver.mentions
        if mention.entity_type == "PERSON" and mention.entity_name.split()[-1].casefold() == phrase.casefold()
    }
    return next(iter(people.values())) if len(people) == 1 else None


# ── Roles and pronouns ─────────────────────────────────────────────────────────────────────────────────────────


def _role_holder(resolver: _Resolver, phrase: str, position: int) -> Mention | None:
    """Return who holds the role in a phrase such as "the senator"; the last speaker if it fits several people."""
    by_all_words, by_noun = find_holders(phrase, resolver.descriptions)
    if not DEFINITE.match(phrase):
        # "a driver said" means one of many, except in the opening, where the first speaker may be meant.
        is_opening = resolver.discourse.sentence_number(position) < OPENING_SENTENCES
        wanted = resolver.first_named
        return _pick(by_all_words or by_noun, wanted) if is_opening else None
    if len(by_all_words) == 1:
        return by_all_words[0]
    return _pick(by_all_words or by_noun, resolver.spoken[-1][0].entity_id if resolver.spoken else None)


def _pick(mentions: Sequence[Mention], entity_id: str | None) -> Mention | None:
    return next((mention for mention in mentions if mention.entity_id == entity_id), None)


def _resolve_pronoun(resolver: _Resolver, attribution: Attribution, source: Span, phrase: str) -> Speaker:
    pronoun = re.split(r"[’'\s]", phrase.casefold())[0]
    if pronoun in ("who", "whom"):
        antecedent = _antecedent_of_who(resolver, source.start)
        return _name(resolver, attribution, source, antecedent, "pronoun") if antecedent else UNRESOLVED
    gender = GENDERS.get(pronoun)
    if gender is None:
        return GROUP if pronoun in PLURAL_PRONOUNS else UNRESOLVED
    barred = _quoting_speakers(resolver, source) | _asking_speaker(resolver, attribution)
    choice = resolver.discourse.find_antecedent(source.start, gender, resolver.contents[attribution], barred)
    if choice is None:
        return UNRESOLVED
    resolver.discourse.genders.setdefault(choice.mention.entity_id, gender)
    return _name(resolver, attribution, source, choice.mention, "pronoun", choice.margin)


def _asking_speaker(resolver: _Resolver, attribution: Attribution) -> frozenset[str]:
    """Return who asked right before a reply, and so is not "he": "Is that all?" the chair asked. "It is," he replied."""
    is_reply = resolver.words_at(attribution.cue).casefold() in REPLIES
    if resolver.spoken and resolver.spoken[-1][1] and is_reply:
        return frozenset({resolver.spoken[-1][0].entity_id})
    return frozenset()


def _quoting_speakers(resolver: _Resolver, source: Span) -> frozenset[str]:
    """Return who is quoted with the words around a source: these people speak of themselves as "I"."""
    number = bisect_right(resolver.quoted, source.start, key=lambda quote: quote[0].start)
    around = (
        attribution for span, attribution in resolver.quoted[max(0, number - 3) : number] if source.end <= span.end
    )
    return frozenset(resolver.named_by[attribution] for attribution in around if attribution in resolver.named_by)


def _antecedent_of_who(resolver: _Resolver, position: int) -> Mention | None:
    """Return whom "who" means: the person named or described right before it."""
    text = resolver.article.text
    mentions = speaking_mentions_in(resolver.mentions, position - 90, position)
    people = [mention for mention in mentions if mention.entity_type == "PERSON"]
    if people:
        between, before = text[people[-1].end_char : position], text[: people[-1].start_char]
        if (between != " " or before.endswith("the ")) and BEFORE_WHO.fullmatch(between):
            return people[-1]
    description = DESCRIPTION_BEFORE_WHO.search(text[max(0, position - 80) : position])
    return _role_holder(resolver, description.group(), position) if description else None
