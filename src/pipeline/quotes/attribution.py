"""Attributions: who is said to say it, and by which words, found around the quotations of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.contract import SpeakerForm
from pipeline.language.names import find_role
from pipeline.language.speech import QUOTATION_VERBS
from pipeline.quotes.marks import Quotation

MASK = "\x01"  # stands for every character of a quotation, so that nothing in it is taken for an attribution

PRONOUNS = frozenset("he she they i we you it".split())
_PRONOUN = r"(?:he|she|they|it|I|we|you|He|She|They|It|We|You)"
_CAPITAL = r"[A-ZÀ-ÞĀ-Ž][\w’'.&\-]*"
_DETERMINER = (
    r"(?:[Tt]he|[Aa]n?|[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Hh]is|[Hh]er|[Tt]heir|[Ii]ts|[Oo]ur|[Mm]y|[Aa]nother|[Ss]ome|"
    r"[Ss]everal|[Mm]any|[Mm]ost|[Oo]ther|[Aa]ll|[Bb]oth|[Tt]hat|[Tt]his|[Tt]hose|[Tt]hese|[Ee]ach|[Aa]t least one)"
)
# People without a determiner: sources said.
_PEOPLE = (
    r"(?:[\w’'-]+\s+){0,4}(?:[Oo]fficials?|[Ss]ources?|[Aa]ides?|[Pp]olice|[Cc]ritics|[Aa]nalysts?|[Ee]xperts?|[Ss]upporters|"
    r"[Ll]awmakers|[Aa]dvocates|[Aa]ctivists|[Pp]rosecutors|[Ii]nvestigators|[Rr]esearchers|[Ss]cientists|[Ww]itnesses|"
    r"[Rr]eporters|[Aa]uthorities|[Ll]eaders|[Oo]pponents|[Ss]trategists|[Rr]esidents|[Dd]octors|[Pp]eople|[Oo]bservers|[Vv]oters|"
    r"[Rr]epublicans|[Dd]emocrats|[Ss]pokes(?:man|woman|person|people))"
)
_LINK = r"(?:of|for|de|del|la|van|von|der|bin|al|el|ben|the|and|&|at|in)"
_NAME = rf"(?:[a-z][\w’'-]*\s+){{0,4}}{_CAPITAL}(?:\s+(?:{_LINK}\s+)?{_CAPITAL})*(?:\s+(?:spokes\w+|officials?|aides?|sources?|manager|adviser|advisor))?"
_PHRASE = rf"{_DETERMINER}(?:\s+[\w’'.&$-]+){{1,9}}"
_POSSESSIVE = rf"{_CAPITAL}(?:\s+{_CAPITAL})*[’']s?\s+(?:[\w’'-]+\s+){{0,5}}[\w’'-]+"
_ADVERB = (
    r"(?:also|then|later|once|first|recently|repeatedly|often|famously|has|had|have|even|just|still|simply|again|earlier|many\s+times|"
    r"further|never|always|immediately|previously|reportedly|recently|himself|herself|\w+ly|did|does|not|would|will|could|can|may|"
    r"on\s+\w+day|\w+day|since|too|both|all|told\s+\w+\s+and)"
)
# A subject that ends where the verb begins.
SUBJECT = re.compile(
    rf"(?:^|(?<=[\s\"“”(—–\-,;:{MASK}]))(?P<np>{_PRONOUN}|{_PHRASE}|{_POSSESSIVE}|{_NAME}|{_PEOPLE})(?P<gap>(?:\s+{_ADVERB}){{0,3}}\s+)$"
)
# "Mara Oduya, who leads the board, said": the subject stands before what is said of it.
APPOSITION = re.compile(
    rf"(?:^|(?<=[\s\"“”(—–\-,;:{MASK}]))(?P<np>{_NAME}|{_PHRASE}|{_POSSESSIVE}),\s[^,;:\"“”{MASK}]{{2,120}}(?:,[^,;:\"“”{MASK}]{{2,40}})?,\s+(?:{_ADVERB}\s+){{0,2}}$"
)
# A sentence that begins with a description and a name, either behind the other and nothing else, names its subject, not
# what was said: "The tower's engineer, Mara Oduya, a diver, said …", "Mara Oduya, who leads the board, said …".
_BARE_NAME = rf"{_CAPITAL}(?:\s+(?:{_LINK}\s+)?{_CAPITAL})*"
_APPOSED = rf"(?:who|whose|which|{_DETERMINER}|\d+)(?=[\s,])[^,;:\"“”{MASK}]{{0,120}}"
APPOSED_SUBJECT = re.compile(
    rf"^(?:(?:But|And|Yet|So)\s+)?(?:(?:{_PHRASE}|{_POSSESSIVE}),\s{_BARE_NAME}|(?:{_BARE_NAME}|{_PHRASE}),\s{_APPOSED}),\s+(?:{_APPOSED},\s+)?(?:{_ADVERB}\s+){{0,2}}$"
)
# What follows the verb is a clause where it has a verb of its own: "said the tower would be closed", "said she hoped". In
# "said a man who was there" the verb belongs to another clause.
CLAUSE_BEHIND = re.compile(
    rf"^\s+(?:(?:he|she|it|they|we|I|you|there)\s+(?!(?:in|on|at|to|with|from|as|when|while|after|before|and|but)\b)\w|"
    rf"(?:(?!\b(?:who|whom|whose|which|that|when|while|as|after|before|because|since|where|and|but|if)\b)[^,;:!?{MASK}])+?"
    r"\s(?:is|are|was|were|has|had|have|will|would|can|could|may|might|must|should|did|does|do)\b)"
)
# A subject that begins behind the verb: said Mara Oduya.
INVERTED = re.compile(
    rf"\s+(?P<np>{_PRONOUN}\b|{_DETERMINER}\s+(?:[\w’'.&-]+\s?){{1,8}}|{_POSSESSIVE}|{_NAME}|{_PEOPLE})"
)
# Where a subject behind the verb ends, at the latest.
NP_END = re.compile(
    r"\s+(?:in|on|at|who|whom|which|that|during|after|before|to|as|when|while|from|with|by|about|because|since|where|told|was|is|has|had|and|but|if|of\s+(?:his|her|the\s+\w+ing))\b"
)
ACCORDING = re.compile(
    rf"(?i:\b(?P<cue>according\s+to))\s+(?P<np>{_PRONOUN}\b|{_DETERMINER}\s+(?:[\w’'.&-]+\s?){{1,8}}|{_POSSESSIVE}|{_NAME}|{_PEOPLE})"
)
# "Mara Oduya: “…”", and the turns of a transcript: "ODUYA: …"
LABEL = re.compile(r"^(?P<np>(?:[A-ZÀ-Þ][\w.’'\-]*\s?){1,5}|Q|A)(?P<cue>:)\s+")
# Where a clause begins: no subject reaches over it.
CLAUSE_START = re.compile(
    r"[,;:()—–\n]|\s-\s|\b(?:that|when|because|but|while|if|after|before|where|although|though|whether|as|who|which|than|so|said|says)\s|\b(?:and|And|But|As|Yet|So|When|If|While|After|Because|Although|Though)\s"
)
VERB = re.compile(rf"(?<![\w’'-])(?:{'|'.join(sorted(QUOTATION_VERBS, key=len, reverse=True))})(?![\w’'-])")
# What follows these is who is spoken to: "told reporters".
ADDRESSING = frozenset("tell tells told telling inform informed informs remind reminded reminds".split())
# Behind reported words without marks only these stand before their subject: "…, said Mara Oduya"; what "…, claimed the
# islands" claims is no speaker.
INVERTING = frozenset("said says added adds according wrote writes explained noted argued".split())
NO_VERB_BEFORE = re.compile(
    r"\b(?:to|the|a|an|of|his|her|their|its|is|was|were|be|been|being|are|by|my|our|your|this|for|with)\s+$"
)


# A turn of a transcript: a label in capitals heads a paragraph without marks.
TURN = re.compile(r"^(?P<np>[A-ZÀ-Þ][A-ZÀ-Þ.’'\- ]{1,40}|Q|A)(?P<cue>:)\s+(?=[^\s\"“«])")


@dataclass(frozen=True, slots=True)
class Attribution:
    """A speaker and a cue, as printed."""

    speaker_start: int
    speaker_end: int
    cue_start: int
    cue_end: int
    form: SpeakerForm
    kind: Literal["subject", "inverted", "according", "label"]

    @property
    def start(self) -> int:
        """Where the first of the two begins."""
        return min(self.speaker_start, self.cue_start)

    @property
    def end(self) -> int:
        """Where the last of the two ends."""
        return max(self.speaker_end, self.cue_end)


def mask_quotations(text: str, start: int, end: int, quotations: Sequence[Quotation]) -> str:
    """The stretch, each quotation in it blotted out, marks and all."""
    parts, at = [], start
    for quotation in quotations:
        first, last = max(start, quotation.outer_start), min(end, quotation.outer_end)
        if first < last and first >= at:
            parts += [text[at:first], MASK * (last - first)]
            at = last
    return "".join([*parts, text[at:end]])


def find_attributions(masked: str, offset: int) -> list[Attribution]:
    """All attributions of a sentence, in order.

    Args:
        masked: the sentence, its quotations blotted out.
        offset: where it begins in the text.
    """
    found: list[Attribution] = []
    label = LABEL.match(masked)
    if label:
        found.append(_at(label, "label", offset))
    found += [_at(match, "according", offset) for match in ACCORDING.finditer(masked)]
    for verb in VERB.finditer(masked):
        attribution = _around(masked, verb, offset)
        if attribution and not any(one.start < attribution.end and attribution.start < one.end for one in found):
            found.append(attribution)
    return sorted(found, key=lambda one: one.start)


def read_turn(text: str, start: int, end: int) -> tuple[Attribution, int] | None:
    """The label of a transcript's turn, and where its words begin."""
    found = TURN.match(text[start:end])
    return (_at(found, "label", start), start + found.end()) if found else None


def _at(match: re.Match[str], kind: Literal["label", "according"], offset: int) -> Attribution:
    start, end = _trim_np(match.string, *match.span("np"), is_behind=kind == "according")
    return Attribution(
        offset + start,
        offset + end,
        offset + match.start("cue"),
        offset + match.end("cue"),
        form_of(match.string[start:end]),
        kind,
    )


def _around(masked: str, verb: re.Match[str], offset: int) -> Attribution | None:
    before = masked[: verb.start()]
    inverted = _inverted_behind(masked, verb)
    if inverted:
        return _make(masked, *inverted, verb, "inverted", offset)
    if NO_VERB_BEFORE.search(before):
        return None
    subject = _subject_before(before)
    return _make(masked, *subject, verb, "subject", offset) if subject else None


def _inverted_behind(masked: str, verb: re.Match[str]) -> tuple[int, int] | None:
    """The subject behind a verb that follows marks or a comma: "“We wait,” said Oduya", "Talks begin, said Oduya"."""
    before = masked[: verb.start()].rstrip()
    found = INVERTED.match(masked, verb.end())
    if not found or not _is_subject(found["np"]) or verb.group() in ADDRESSING:
        return None
    start, end = _trim_np(masked, *found.span("np"), is_behind=True)
    if before.rstrip(" ,?!").endswith(MASK):
        return start, end
    if not before.endswith((",", "?", "!")) or (verb.group() not in INVERTING and MASK not in masked):
        return None
    if CLAUSE_BEHIND.match(masked[verb.end() :]):
        return None
    if APPOSED_SUBJECT.match(masked[: verb.start()]) and not _is_plainly_speaker(masked, start, end):
        return None
    return start, end


def _is_plainly_speaker(masked: str, start: int, end: int) -> bool:
    """Whether a phrase behind a verb is a name or a role and nothing more: "said a spokesman.", "said Mara Oduya, who"."""
    phrase, behind = masked[start:end], masked[end:]
    is_whole = not behind.strip() or behind[0] in ".,;:—–" or NP_END.match(behind) is not None
    return is_whole and (phrase.split()[-1][:1].isupper() or find_role(phrase + " ", "") is not None)


def _make(
    masked: str, start: int, end: int, verb: re.Match[str], kind: Literal["subject", "inverted"], offset: int
) -> Attribution:
    return Attribution(
        offset + start, offset + end, offset + verb.start(), offset + verb.end(), form_of(masked[start:end]), kind
    )


def _subject_before(before: str) -> tuple[int, int] | None:
    clause = 0
    for boundary in CLAUSE_START.finditer(before):
        clause = boundary.end()
    clause = max(clause, before.rfind(MASK) + 1, len(before) - 140)
    chunk = before[clause:]
    found = SUBJECT.search(chunk)
    if found and _is_subject(found["np"]):
        return clause + found.start("np"), clause + found.end("np")
    found = APPOSITION.search(before[max(0, len(before) - 260, before.rfind(MASK) + 1) :])
    if found and _is_subject(found["np"]):
        shift = max(0, len(before) - 260, before.rfind(MASK) + 1)
        return _trim_np(before, shift + found.start("np"), shift + found.end("np"), is_behind=False)
    return None


# Beginnings of a chunk that belong to no subject: "In a statement", "On Monday".
LEADING = re.compile(
    r"^(?:(?:[Ii]n|[Oo]n|[Aa]t|[Ff]or|[Ww]ith|[Dd]uring|[Aa]ccording|[Ff]rom|[Tt]o|[Bb]y|[Oo]f|[Aa]bout|not|then|later|also|still|only)\s)"
)
NOT_A_SUBJECT = frozenset(
    "what which that who there here this these those mr mrs ms dr i'm it’s no not nothing everything something".split()
) | frozenset("monday tuesday wednesday thursday friday saturday sunday".split())


def _is_subject(phrase: str) -> bool:
    first = phrase.split()[0].casefold() if phrase.split() else ""
    return bool(first) and first not in NOT_A_SUBJECT and not LEADING.match(phrase)


def _trim_np(text: str, start: int, end: int, *, is_behind: bool) -> tuple[int, int]:
    """Cut a noun phrase where another phrase begins, and strip what ends it."""
    if is_behind:
        cut = NP_END.search(text, start, end)
        if cut:
            end = cut.start()
    stripped = text[start:end].rstrip(" .,;:")
    # "Inc." and initials keep their point only inside the phrase.
    return start, start + len(stripped)


# "the mayor of Sumaque", "a spokesman for Oduya" end in a name and are none; "the Ministry of Ponds" is one.
DESCRIPTION_OF = re.compile(
    r"(?:(?i:an?|his|her|its|their|one)\s.*?|[Tt]he\s+(?:[a-z][\w’'-]*\s+)+?)\b(?:of|for|to|with|at|in|from)\s"
)


def form_of(phrase: str) -> SpeakerForm:
    """Whether a printed speaker is a name, a description or a pronoun."""
    words = phrase.split()
    if re.split(r"[’'\s]", phrase.casefold())[0] in PRONOUNS:  # "she", "she’s actually"
        return "pronoun"
    if words and words[-1][:1].isupper() and not DESCRIPTION_OF.match(phrase):
        return "name"
    return "nominal"


def units_of(sentences: Sequence[tuple[int, int]], quotations: Sequence[Quotation]) -> Iterator[tuple[int, int]]:
    """Sentences, those joined that a quotation reaches over."""
    merged: list[tuple[int, int]] = []
    for start, end in sentences:
        if merged and any(q.outer_start < start < q.outer_end for q in quotations):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    yield from merged
