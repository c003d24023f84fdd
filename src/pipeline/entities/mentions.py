"""The mentions of an article, those of one entity joined."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.contract import Article, EntityType, Mention, MentionForm, Quote, stable_id
from pipeline.entities.runs import Candidate, find_candidates, judge_by_context, place_of_dateline
from pipeline.language import Reading
from pipeline.language.names import ROLE_NOUNS, ROLE_WORDS
from pipeline.language.organisations import EVENT_WORDS
from pipeline.language.places import ADJECTIVES, countries

# "Asia-Pacific Economic Cooperation (APEC)": the short name belongs to the long one before it.
DEFINITION = re.compile(r"^\s+\((?:the\s+)?(?P<short>[A-Z][A-Za-z&.\-]{1,9})\)")
POSSESSIVE_END = re.compile(r"^(?:[’']s?)?\s+")
LOWER_WORD = re.compile(r"(?<![\w.’'-])[a-z]{3,}(?![\w’'-])")
_ROLE = "|".join(sorted((re.escape(noun) for noun in ROLE_NOUNS), key=len, reverse=True))
# "the foreign minister", "Russia's Foreign Minister", "the Russian minister"; a bare title only where it speaks.
NOMINAL = re.compile(
    rf"(?P<lead>\b(?:[Tt]he|[A-Z]\w+[’']s?)\s+)?(?P<country>[A-Z]\w+\s+)?(?P<title>(?:(?:[Pp]rime|[Ff]oreign|[Vv]ice|[Dd]eputy|[Ii]nterior|[Dd]efen[cs]e|[Ff]inance|[Hh]ealth|"
    rf"[Ee]ducation|[Jj]ustice|[Tt]rade|[Ee]nergy|[Cc]hief|[Aa]cting|[Hh]arbou?r|[Pp]olice|[Pp]arty|[Oo]pposition)\s+)*(?i:{_ROLE}))\b(?!\s+[A-Z]|[’'\-]|\s+of\s|\s+for\s)"
)
SPEAKS = re.compile(r"\s+(?:also\s+|then\s+)?(?:said|says|told|added|noted|continued|stressed|explained)\b")
# How far around a name its title may stand.
TITLE_REACH = 70


@dataclass(frozen=True, slots=True)
class _Named:
    """A candidate that is a name, and the entity it names."""

    start: int
    end: int
    kind: EntityType
    name: str


def entity_id_of(kind: EntityType, name: str) -> str:
    """An entity's id: of its type and name only, the same in every article."""
    return stable_id("entity", kind, name)


def extract_mentions(article: Article, reading: Reading) -> list[Mention]:
    """Find who and what is named in an article, in reading order; mentions do not overlap.

    Names that belong together carry one ``entity_name``: the fullest that the article holds, never a fuller one.
    """
    if not reading.is_english:
        return _certain_ones(article, reading)
    candidates = find_candidates(article, reading)
    _decide_open_ones(article, candidates)
    named = _resolve(article, candidates)
    spans = [(one.start, one.end) for one in named]
    roles = [_behind_names(article.text, one, spans) for one in _nominals(article, named)]
    roles = [one for one in roles if not any(s < one.end and one.start < e for s, e in spans)]
    found = [_row(article, one, "name") for one in named] + [_row(article, one, "nominal") for one in roles]
    return _without_overlaps(sorted(found, key=lambda one: (one.start_char, -one.end_char)))


def _certain_ones(article: Article, reading: Reading) -> list[Mention]:
    """Whom and what the layout or an attribution names: all that is sure in another language.

    German writes every noun with a capital, Spanish countries are called otherwise, Nice and Essen are words.
    """
    datelines = [segment.start_char for segment in article.segments if segment.kind == "dateline"]
    places = [place for start in datelines for place in place_of_dateline(article, start)]
    named = [_Named(place.start, place.end, "GPE", place.name or place.text) for place in places]
    for said in reading.said_by:
        name = " ".join(article.text[said.start : said.end].split())
        named.append(_Named(said.start, said.end, "PERSON", name))
    return [_row(article, one, "name") for one in named]


def _behind_names(text: str, one: _Named, spans: Sequence[tuple[int, int]]) -> _Named:
    """A role without the name it begins with: of "Norway's minister" and "the Norwegian minister" the last word."""
    ends = [end for start, end in spans if one.start <= start and end < one.end]
    if not ends:
        return one
    rest = text[max(ends) : one.end]
    return replace(one, start=one.end - len(POSSESSIVE_END.sub("", rest)))


def _without_overlaps(mentions: Sequence[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for mention in mentions:
        if not kept or mention.start_char >= kept[-1].end_char:
            kept.append(mention)
    return kept


def _row(article: Article, one: _Named, form: MentionForm) -> Mention:
    return Mention(
        mention_id=stable_id(article.article_id, "mention", one.start, one.end),
        article_id=article.article_id,
        published_on=article.published_on,
        entity_id=entity_id_of(one.kind, one.name),
        entity_name=one.name,
        entity_type=one.kind,
        link_source=None,
        link_id=None,
        link_confidence=None,
        text=article.text[one.start : one.end],
        start_char=one.start,
        end_char=one.end,
        title=None,
        form=form,
        quote_id=None,
        confidence=None,
    )


def _decide_open_ones(article: Article, candidates: Sequence[Candidate]) -> None:
    lower = frozenset(LOWER_WORD.findall(article.text))
    for _ in range(2):  # a person found in the first round may tell another in the second
        persons = frozenset(c.text.split()[-1] for c in candidates if c.kind == "PERSON")
        for candidate in candidates:
            if candidate.kind is None:
                candidate.kind = judge_by_context(candidate, article.text, persons, lower)
    known = Counter((c.text, c.kind) for c in candidates if c.kind)
    by_text = {text: kind for (text, kind), _ in sorted(known.items(), key=lambda item: (item[1], str(item[0])))}
    for candidate in candidates:
        if candidate.kind is None and candidate.text in by_text:
            candidate.kind = by_text[candidate.text]


def _resolve(article: Article, candidates: Sequence[Candidate]) -> list[_Named]:
    """Join surnames to full names, short names to long ones, spellings to each other."""
    full_names = _full_names(candidates)
    defined = _definitions(article, candidates)
    spellings: dict[str, str] = {}
    found = []
    for candidate in candidates:
        name, kind = candidate.name or candidate.text, candidate.kind
        surname = name.split()[-1]
        if (
            kind in (None, "GPE", "LOC")
            and len(name.split()) == 1
            and candidate.text in full_names
            and candidate.text == surname
            and (kind is None or candidate.has_title or SPEAKS.match(article.text, candidate.end))
        ):
            kind = "PERSON"
        if name in defined:
            name, kind = defined[name]
        elif kind is None:
            continue
        elif kind == "PERSON":
            options = full_names.get(surname, set())
            longer = {option for option in options if option.endswith(" " + name) or option == name}
            name = next(iter(longer)) if len(longer) == 1 else name
        elif kind == "LOC":
            key = name[0] + "".join(sorted(name.casefold())) + name[-1]  # two letters changed places
            name = spellings.setdefault(key, name)
        found.append(_Named(candidate.start, candidate.end, kind, " ".join(name.split())))
    return found


def _full_names(candidates: Sequence[Candidate]) -> dict[str, set[str]]:
    """For each surname the fullest names that end in it."""
    names: dict[str, set[str]] = defaultdict(set)
    for candidate in candidates:
        if candidate.kind == "PERSON":
            name = " ".join(candidate.text.split())
            names[name.split()[-1]].add(name)
    return {
        surname: {
            name for name in options if not any(other != name and other.endswith(" " + name) for other in options)
        }
        for surname, options in names.items()
    }


def _definitions(article: Article, candidates: Sequence[Candidate]) -> dict[str, tuple[str, EntityType]]:
    """Short names with the long name and type that the article defines them by."""
    defined: dict[str, tuple[str, EntityType]] = {}
    for candidate in candidates:
        found = DEFINITION.match(article.text[candidate.end : candidate.end + 20])
        words = [word for word in re.split(r"[\s-]+", candidate.text) if word[:1].isupper()]
        if not found or len(words) < 2:
            continue
        initials = "".join(word[0] for word in words)
        short = re.sub(r"[^A-Z]", "", found["short"])
        if short and short[0] == initials[0] and len(set(short) & set(candidate.text.upper())) == len(set(short)):
            kind: EntityType = (
                "EVENT"
                if words[-1] in EVENT_WORDS
                else candidate.kind
                if candidate.kind not in (None, "PERSON")
                else "ORG"
            )
            name = " ".join(candidate.text.split())
            defined[found["short"]] = defined[name] = (name, kind)
    return defined


# ── Roles that stand for a person ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Holder:
    person: _Named
    title: str  # in lower case
    country: str | None  # ISO code, where the title names one


def _nominals(article: Article, named: Sequence[_Named]) -> list[_Named]:
    """Descriptions such as "the foreign minister" that fit exactly one person whom the article gives that title."""
    holders = _holders(article, named)
    if not holders:
        return []
    found = []
    for match in NOMINAL.finditer(article.text):
        title = match["title"].casefold()
        is_bare = not match["lead"]
        if is_bare and not SPEAKS.match(article.text, match.end()):
            continue
        country = _country(" ".join(filter(None, (match["lead"], match["country"]))))
        person = _fitting(holders, title, country, match.start())
        if person:
            start = match.start("title") if is_bare and not match["country"] else match.start()
            found.append(_Named(start, match.end(), person.kind, person.name))
    return found


def _holders(article: Article, named: Sequence[_Named]) -> list[_Holder]:
    found: dict[tuple[str, str], _Holder] = {}
    for one in named:
        if one.kind != "PERSON":
            continue
        before = article.text[max(0, one.start - TITLE_REACH) : one.start]
        title = ROLE_WORDS.search(before.rstrip(" ,"))
        if title and "\n" not in before[title.start() :]:
            country = _country(before[: title.start()][-20:])
            found.setdefault((one.name, title.group().casefold()), _Holder(one, title.group().casefold(), country))
    return list(found.values())


def _country(words: str) -> str | None:
    for word in reversed(re.findall(r"[A-Z][\w.]+", re.sub(r"[’']s?\b", "", words))):
        if word in countries():
            return countries()[word].link_id
        if word in CODES:
            return CODES[word]
    return None


CODES: Mapping[str, str] = {word: code for code, words in ADJECTIVES.items() for word in words.split()}


def _fitting(holders: Sequence[_Holder], title: str, country: str | None, at: int) -> _Named | None:
    """The one person whom a title fits: by its words, then by its country; home offices carry none."""
    noun = title.split()[-1]
    fits = [
        holder for holder in holders if noun in holder.title.split() and set(title.split()) <= set(holder.title.split())
    ]
    fits = [holder for holder in fits if holder.person.start < at] or fits
    if country:
        fits = [holder for holder in fits if holder.country == country] or [
            holder for holder in fits if holder.country is None
        ]
    elif len({holder.person.name for holder in fits}) > 1:
        fits = [holder for holder in fits if holder.country is None]
    names = {holder.person.name for holder in fits}
    return fits[0].person if len(names) == 1 else None


def mark_quoted(mentions: Sequence[Mention], quotes: Sequence[Quote]) -> list[Mention]:
    """The mentions, each with the innermost quote that holds it."""
    ordered = sorted(quotes, key=lambda quote: quote.start_char)
    starts = [quote.start_char for quote in ordered]
    marked = []
    for mention in mentions:
        holding = [
            quote for quote in ordered[: bisect_right(starts, mention.start_char)] if quote.end_char >= mention.end_char
        ]
        marked.append(replace(mention, quote_id=holding[-1].quote_id) if holding else mention)
    return marked
