"""GUM's annotated news and interviews: who and what is named in them, and what means the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from training.attribution_corpora import align

from pipeline.contract import Article, EntityType, RawArticle, RawRef
from pipeline.lexicon.titles import HONORIFICS, PERSON_NOUNS
from pipeline.normalise import normalise

KINDS: dict[str, EntityType] = {
    "person": "PERSON",
    "organization": "ORG",
    "place": "GPE",
    "object": "PRODUCT",
    "event": "EVENT",
    "abstract": "WORK_OF_ART",
    "animal": "PERSON",
}
THIRD = frozenset("he she him her his hers himself herself".split())
FIRST = frozenset("i me my mine myself".split())
# What belongs to a name's head: "Mara <flat> Oduya", "Harbour <compound> Board", "University <nmod> of Sumaque".
NAME_PARTS = ("flat", "compound", "nmod:unmarked", "goeswith")
BRACKET = re.compile(
    r"\((?P<opened>\d+)-(?P<kind>[a-z]+)-(?P<rest>[^()]*?)(?P<closed>\))?(?=\(|\d+\)|$)|(?P<closing>\d+)\)"
)


@dataclass(slots=True)
class Token:
    """A word of the corpus and where it stands in the text as given."""

    text: str
    start: int
    end: int
    tag: str
    head: int  # of the whole document; -1 for a root
    relation: str


@dataclass(slots=True)
class GoldMention:
    """A mention as annotated."""

    entity: int
    kind: str
    first: int  # token
    last: int = -1  # token, inclusive
    inner: list[GoldMention] = field(default_factory=list)


class GoldName(NamedTuple):
    """A mention by name: the name in it, and the whole of it; code points of the article."""

    entity: int
    kind: EntityType
    start: int
    end: int
    whole_start: int
    whole_end: int


class GoldPronoun(NamedTuple):
    """A pronoun that means a person who is named in the document."""

    entity: int
    start: int
    end: int
    text: str


class Document(NamedTuple):
    """A document as an article, and what its annotation says."""

    name: str
    article: Article
    names: list[GoldName]
    pronouns: list[GoldPronoun]
    is_named_word: frozenset[int]  # where the corpus has a proper noun begin


def read_document(path: Path) -> Document:
    """Read a document of the corpus' ``dep`` layer; its text is laid out from the words."""
    text, tokens, mentions = _read(path.read_text("utf-8").splitlines())
    article = normalise(RawArticle(RawRef("test", path.name, "0", "0" * 64), "text", "utf-8", text))
    assert isinstance(article, Article)
    place = align(text, article.text)

    def lay(first: int, last: int) -> tuple[int, int] | None:
        start, end = int(place[tokens[first].start]), int(place[tokens[last].end - 1])
        return (start, end + 1) if 0 <= start <= end else None

    names: dict[tuple[int, int], GoldName] = {}
    for mention in sorted(mentions, key=lambda mention: mention.last - mention.first):
        span = _name_in(tokens, mention)
        laid = lay(*span) if span else None
        whole = lay(mention.first, mention.last) or laid
        if laid and whole and laid not in names:
            names[laid] = GoldName(mention.entity, KINDS[mention.kind], *laid, *whole)
    people = {name.entity for name in names.values() if name.kind == "PERSON"}
    pronouns = []
    for mention in mentions:
        word, laid = tokens[mention.first].text.casefold(), lay(mention.first, mention.first)
        if mention.first == mention.last and laid and mention.entity in people and word in THIRD | FIRST:
            pronouns.append(GoldPronoun(mention.entity, *laid, word))
    proper = (lay(number, number) for number, token in enumerate(tokens) if token.tag == "PROPN")
    named = _apart(names.values())
    return Document(
        path.stem,
        article,
        named,
        sorted(pronouns, key=lambda pronoun: pronoun.start),
        frozenset(s[0] for s in proper if s),
    )


def _apart(names: Iterable[GoldName]) -> list[GoldName]:
    """Return names in order; of two that overlap, the longer: "Bank of England", not "England"."""
    kept: list[GoldName] = []
    for name in sorted(names, key=lambda name: (name.start, -name.end)):
        if not kept or name.start >= kept[-1].end:
            kept.append(name)
    return kept


def _read(lines: Sequence[str]) -> tuple[str, list[Token], list[GoldMention]]:
    """Return the text of a document with its words and mentions; an empty line separates paragraphs."""
    text = ""
    tokens: list[Token] = []
    found: list[GoldMention] = []
    opened: list[GoldMention] = []
    offset = 0  # the number of the sentence's first word
    joined, joined_at, joined_until = "", 0, 0  # a printed word that is several: "don't"
    for line in lines:
        fields = line.split("\t")
        if line.startswith("# newpar") and "_block" not in line:
            text = text.rstrip() + "\n\n" if text else text
        if not line:
            offset = len(tokens)
        if line.startswith("#") or len(fields) < 10 or "." in fields[0]:
            continue
        more = dict(item.partition("=")[::2] for item in fields[9].split("|"))
        printed = fields[1] + ("" if more.get("SpaceAfter") == "No" else " ")
        if "-" in fields[0]:
            joined, joined_at, joined_until = fields[1], len(text), int(fields[0].split("-")[1])
            text += printed
            continue
        at, word = len(text), fields[1]
        if int(fields[0]) <= joined_until:
            at, word = (joined_at + joined.index(word), word) if word in joined else (joined_at, joined)
        else:
            joined_until = 0
            text += printed
        head = int(fields[6])
        tokens.append(Token(word, at, at + len(word), fields[3], offset + head - 1 if head else -1, fields[7]))
        _bracket(more.get("Entity", ""), len(tokens) - 1, opened, found)
    return text, tokens, found


def _bracket(marks: str, at: int, opened: list[GoldMention], found: list[GoldMention]) -> None:
    for mark in BRACKET.finditer(marks):
        if mark["opened"]:
            one = GoldMention(int(mark["opened"]), mark["kind"], at)
            for outer in opened:
                outer.inner.append(one)
            opened.append(one)
        if mark["closing"] or mark["closed"]:
            entity = int(mark["closing"] or mark["opened"])
            number = next((n for n in reversed(range(len(opened))) if opened[n].entity == entity), None)
            if number is not None:
                one = opened.pop(number)
                one.last = at
                found.append(one)


def _name_in(tokens: Sequence[Token], one: GoldMention) -> tuple[int, int] | None:
    """Return the name that heads a mention: the proper nouns around its head without titles; None if there is none.

    A mention is named if the token whose head lies outside it is a proper noun, or is a title in apposition (``flat``)
    to one. Of people, what is itself a mention before the name ("U.S. President …") is left out.
    """
    inside = range(one.first, one.last + 1)
    heads = [number for number in inside if tokens[number].head not in inside]
    if one.kind not in KINDS or len(heads) != 1:
        return None
    parts = {heads[0]}
    for _ in range(4):
        parts |= {
            number
            for number in inside
            if tokens[number].head in parts and tokens[number].relation.startswith(NAME_PARTS)
        }
    proper = {part for part in parts if tokens[part].tag == "PROPN"}
    if not proper or (
        tokens[heads[0]].tag != "PROPN" and not any(tokens[number].relation == "flat" for number in proper)
    ):
        return None
    first = last = max(proper) if one.kind == "person" else heads[0]
    if tokens[first].tag != "PROPN":
        first = last = max(proper)
    before = {
        number
        for inner in one.inner
        if one.kind == "person" and inner.entity != one.entity
        for number in range(inner.first, inner.last + 1)
    }
    while first - 1 in inside and _is_part(tokens, first - 1, proper) and first - 1 not in before:
        first -= 1
    while last + 1 in inside and _is_part(tokens, last + 1, proper):
        last += 1
    last = _of(tokens, last, inside) if one.kind != "person" else last
    if one.kind == "person":
        first = max((number + 1 for number in range(first, last + 1) if _is_title(tokens[number].text)), default=first)
        if first > last:
            return None  # "the President"
    while first < last and tokens[first].tag in ("PUNCT", "DET", "ADP"):
        first += 1
    return first, last


def _is_part(tokens: Sequence[Token], at: int, proper: set[int]) -> bool:
    token = tokens[at]
    return (
        at in proper
        or (
            token.text[:1].isupper()
            and token.tag in ("PROPN", "ADJ", "NOUN", "NUM", "VERB")
            and token.text not in ("The", "Former")
        )
        or (token.text in "-–.&’'" and tokens[at - 1].tag == "PROPN")
    )


def _of(tokens: Sequence[Token], last: int, inside: range) -> int:
    """Return the end of a name that continues: "University | of Sumaque"."""
    at = last + 1
    while at in inside and tokens[at].text in ("of", "for", "the", "and", "de", "la"):
        at += 1
    if (
        at == last + 1
        or at not in inside
        or not tokens[at].text[:1].isupper()
        or tokens[last + 1].text not in ("of", "for", "de")
    ):
        return last
    while at + 1 in inside and tokens[at + 1].tag == "PROPN":
        at += 1
    return at


def _is_title(word: str) -> bool:
    return word.rstrip(".") in HONORIFICS or word.casefold() in PERSON_NOUNS
