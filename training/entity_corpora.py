"""Read annotated names of five layouts, and give each word piece the labels that its annotation allows.

Corpora have different kinds of names, and not all of them: one has places where the pipeline has countries, landscapes
and buildings; another leaves nationalities out. So a piece gets a *set* of labels, any of which the model may predict.
Where word lists are sure, they decide what the corpus leaves open (``_narrow``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.contract import Article, EntityType, RawArticle, RawRef
from pipeline.language.marks import pair_marks
from pipeline.language.phrases import PRONOUNS
from pipeline.language.reading import find_sentences
from pipeline.language.tagger import NAME_LABELS
from pipeline.language.wordpieces import Encode, cut_word_pieces
from pipeline.lexicon.gazetteer import adjectives, is_place_as_spelt
from pipeline.lexicon.organisations import EVENT_WORDS, FACILITY_WORDS, REGIONS
from pipeline.lexicon.titles import HONORIFICS, ROLE_NOUNS
from pipeline.lexicon.words import read_words
from pipeline.normalise import normalise
from training.attribution_corpora import Example, align, blank_example, pieces_of

Types = frozenset[EntityType]

PLACES: Types = frozenset({"GPE", "LOC"})
OTHERS: Types = frozenset({"EVENT", "PRODUCT", "WORK_OF_ART"})
# What the corpora's labels may mean. Names with other labels do not belong in the table.
MEANING: dict[str, Types] = {
    "PER": frozenset({"PERSON"}),
    "PERSON": frozenset({"PERSON"}),
    "ORG": frozenset({"ORG"}),
    "ORGANIZATION": frozenset({"ORG"}),
    "ORGANISATION": frozenset({"ORG"}),
    "LOCATION": PLACES,
    "LOC": PLACES | {"FAC"},
    "PLACE": PLACES | {"FAC"},
    "FACILITY": frozenset({"FAC"}),
    "NORP": frozenset({"NORP"}),
    "NATIONALITY": frozenset({"NORP"}),
    "PRODUCT": frozenset({"PRODUCT"}),
    "MISC": OTHERS | {"NORP"},
    "EVENT": frozenset({"EVENT"}),
}
ALL: Types = frozenset().union(*MEANING.values())
UNKNOWN = "?"  # the label of a proper noun of no known kind; nothing is learnt from it
DEV_SHARE = 0.2  # of the articles of the newswire corpus, by publisher
DOCUMENTS = read_words("document_words.txt")
LANDSCAPES = read_words("landscape_words.txt")
EPIDEMIC = re.compile(r"(?i)covid|corona|ebola|monkeypox|mpox|influenza|malaria|omicron|pandemic")
TITLES = ROLE_NOUNS | {honorific.casefold() for honorific in HONORIFICS}  # words before a person's name
NUMBER_OR_DAY = re.compile(r"(?i)[\W\d_]*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day)?[\W\d_]*$")
SPACE_AT_MARK = re.compile(r" (?=[,.;:!?)\]’”%]|'s\b|’s\b|n't\b|n’t\b)|(?<=[(\[“$]) ")


class AnnotatedName(NamedTuple):
    """An annotated span, half-open code points into the text as given, and the types that it may have."""

    start: int
    end: int
    types: Types  # ``ALL``: nothing is learnt from the span


class NamedText(NamedTuple):
    """A text with its annotated names.

    Attributes:
        name: of its file.
        given: the text as annotated.
        raw: the text to read, which has other white space than ``given`` and may have more words.
        spans: in reading order.
        unannotated: types that the corpus does not annotate.
    """

    name: str
    given: str
    raw: str
    spans: list[AnnotatedName]
    unannotated: Types = frozenset()


def read_newswire_train(folder: Path) -> Iterator[NamedText]:
    """Read the articles of worldwide-newswire to train on: those of publishers outside the dev part."""
    annotated, dev = _newswire_files(folder)
    return map(_read_newswire, (path for path in annotated if publisher_of(path.name) not in dev))


def read_newswire_dev(folder: Path) -> Iterator[NamedText]:
    """Read the articles of worldwide-newswire to choose and measure by: those of the dev part's publishers."""
    annotated, dev = _newswire_files(folder)
    return map(_read_newswire, (path for path in annotated if publisher_of(path.name) in dev))


def _newswire_files(folder: Path) -> tuple[list[Path], frozenset[str]]:
    """Return the annotation files that have a raw text, and the publishers of the dev part."""
    paths = sorted((folder / "annotated").glob("*.tsv"))
    return [path for path in paths if _raw_file(path).exists()], dev_publishers([path.name for path in paths])


def _raw_file(annotated: Path) -> Path:
    return annotated.parent.parent / "original" / annotated.stem


def _read_newswire(path: Path) -> NamedText:
    rows = [line.split("\t") for line in path.read_text("utf-8").split("\n")]
    text = _from_rows(path.stem, [(row[0], row[1]) if len(row) > 1 else ("", "") for row in rows])
    return text._replace(raw=_raw_file(path).read_bytes().decode("utf-8", "replace"))


def publisher_of(name: str) -> str:
    """Return the publisher in a file's name: the last word before the number."""
    return re.sub(r"_?\d*\.txt.*$", "", name).rpartition("_")[2]


def dev_publishers(names: Iterable[str]) -> frozenset[str]:
    """Return the publishers of the dev part, drawn by a hash of their names."""
    publishers = [publisher_of(name) for name in names]
    chosen: list[str] = []
    for publisher in sorted(set(publishers), key=lambda publisher: hashlib.sha256(publisher.encode()).digest()):
        if sum(map(publishers.count, [*chosen, publisher])) <= DEV_SHARE * len(publishers) * 1.05:
            chosen.append(publisher)
    return frozenset(chosen)


def read_wikigold(folder: Path) -> Iterator[NamedText]:
    """Read the articles of wikigold."""
    text = (folder / "wikigold.conll.txt").read_text("utf-8")
    for number, part in enumerate(text.split("-DOCSTART-")):
        rows = [line.rsplit(" ", 1) for line in part.split("\n")]
        yield _from_rows(
            f"wikigold-{number}", [(row[0], row[1]) if len(row) == 2 and row[0] else ("", "") for row in rows]
        )


def read_uner(folder: Path, sentences: int = 12) -> Iterator[NamedText]:
    """Read Universal NER's PUD, some sentences to a text; it annotates people, organisations and places only."""
    parts = [
        part for path in sorted(folder.glob("*.iob2")) for part in path.read_text("utf-8").split("\n\n") if part.strip()
    ]
    for first in range(0, len(parts), sentences):
        rows: list[tuple[str, str]] = []
        for part in parts[first : first + sentences]:
            cells = [line.split("\t") for line in part.split("\n") if line and not line.startswith("#")]
            rows += [(cell[1], cell[2]) for cell in cells if len(cell) > 2]
        yield _from_rows(f"uner-{first}", rows)._replace(unannotated=OTHERS | {"NORP"})


def read_re3d(folder: Path) -> Iterator[NamedText]:
    """Read the texts of re3d, without those of the BBC (their licence forbids commercial use).

    It also annotates descriptions ("the army") and parts of names, so only spans of capitalised words are used.
    """
    for part in sorted(path for path in folder.iterdir() if path.is_dir() and path.name != "BBC Online"):
        marked: dict[str, list[tuple[int, int, str]]] = {}
        for line in (part / "entities.json").read_text("utf-8-sig").splitlines():
            row = json.loads(line)
            marked.setdefault(row["documentId"], []).append((row["begin"], row["end"], row["type"]))
        for line in (part / "documents.json").read_text("utf-8-sig").splitlines():
            row = json.loads(line)
            spans = _outermost(row["text"], marked.get(row["_id"], []))
            yield NamedText(f"re3d-{row['_id']}", row["text"], row["text"], spans, OTHERS | {"NORP", "FAC"})


def _outermost(text: str, marked: Sequence[tuple[int, int, str]]) -> list[AnnotatedName]:
    """Return the longest of nested spans; nothing is learnt from a span that is no capitalised name."""
    spans: list[AnnotatedName] = []
    for start, end, kind in sorted(marked, key=lambda span: (span[0] - span[1], span[0])):
        words = re.findall(r"\w+", text[start:end])
        if any(span.start < end and start < span.end for span in spans):
            continue
        is_name = (
            bool(words)
            and not (TITLES | PRONOUNS) & {word.casefold() for word in words}
            and words[0][0].isupper()
            and words[-1][0].isupper()
            and words[0] != "The"
        )
        types = MEANING.get(kind.upper()) if is_name else None
        spans.append(AnnotatedName(start, end, _narrow(types, text[start:end], "") if types else ALL))
    return sorted(spans)


def read_gum(folder: Path) -> Iterator[NamedText]:
    """Read documents of GUM: runs of proper nouns that are a person, an organisation, a place or an event."""
    for path in sorted((folder / "dep").glob("*.conllu")):
        if path.stem not in GUM_KEPT_APART:
            rows = [line.split("\t") for line in path.read_text("utf-8").split("\n") if not line.startswith("#")]
            text = _from_rows(path.stem, _as_runs(_gum_tokens(rows)))
            yield text._replace(unannotated=OTHERS | {"NORP", "FAC"})


def _gum_tokens(rows: Iterable[list[str]]) -> Iterator[tuple[str, str, str]]:
    """Return each token with the kind of its innermost entity and its part of speech; empty ones end a sentence."""
    opened: list[tuple[str, str]] = []  # key and kind of the entities around a token
    for row in rows:
        if len(row) < 10:
            yield "", "", ""
            continue
        if not row[0].isdigit():
            continue
        entity = re.search(r"(?:^|\|)Entity=([^|]*)", row[9])
        brackets = re.findall(r"\(([^-()]+)-([^-()]+)[^()]*|([^()]+)?\)", entity[1]) if entity else []
        opened += [(key, kind) for key, kind, _ in brackets if kind]
        yield row[1], opened[-1][1] if opened else "", row[4]
        if entity:
            _close_entities(opened, brackets, entity[1])


def _close_entities(opened: list[tuple[str, str]], brackets: Sequence[tuple[str, str, str]], entity: str) -> None:
    """Remove the entities that end with a token."""
    for key, kind, closed in brackets:
        if kind and re.search(rf"\({re.escape(key)}-{re.escape(kind)}[^()]*\)", entity):
            opened.pop()
        elif closed:
            number = next((i for i in range(len(opened) - 1, -1, -1) if opened[i][0] == closed), None)
            if number is not None:
                opened.pop(number)


def _as_runs(tokens: Iterable[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Return tokens with labels, given their kind and part of speech; proper nouns in a row are one name."""
    rows: list[tuple[str, str]] = []
    before = ""
    for token, entity, tag in tokens:
        kind, is_proper = entity.upper(), tag.startswith("NNP")
        is_proper &= bool(before) or token.casefold().rstrip(".") not in TITLES
        is_known = kind in MEANING and token[:1].isupper()
        label = ("I-" if before == kind else "B-") + kind if is_proper and is_known else "?-" if is_proper else "O"
        before = kind if is_proper and is_known else ""
        rows.append((token, label if token else ""))
    return rows


def _from_rows(name: str, rows: Sequence[tuple[str, str]]) -> NamedText:
    """Return the text of tokens with labels (any kind of IOB); an empty token ends a sentence."""
    given, spans = "", list[AnnotatedName]()
    start, kind, end = 0, "", 0
    for token, label in rows:
        begins, _, labelled = label.partition("-")
        labelled = UNKNOWN if begins == UNKNOWN else labelled.upper()
        if kind and (begins in ("O", "", "B", "S", UNKNOWN) or labelled != kind):
            spans += _annotated_name(given, start, end, kind)
            kind = ""
        if not token:
            given = given.rstrip() + ("\n" if given and not given.endswith("\n") else "")
            continue
        if not kind and begins not in ("O", ""):
            start, kind = len(given), labelled
        given += token
        end = len(given)
        given += " "
    if kind:
        spans += _annotated_name(given, start, end, kind)
    paragraphs = re.sub(r"\n+", "\n", given)
    return NamedText(name, given, SPACE_AT_MARK.sub("", paragraphs.replace("\n", "\n\n")), spans)


def _annotated_name(given: str, start: int, end: int, kind: str) -> Iterator[AnnotatedName]:
    """Return the name at a span, if its label has a meaning here."""
    if kind == UNKNOWN:
        yield AnnotatedName(start, end, ALL)
    elif kind in MEANING:
        yield AnnotatedName(start, end, _narrow(MEANING[kind], given[start:end], given[max(0, start - 2) : start]))


def _narrow(types: Types, text: str, before: str) -> Types:
    """Return the types that a name may have, narrowed down where word lists are sure of its words."""
    words = re.findall(r"[\w.&’'-]+", text)
    name = " ".join(words)
    if not words or NUMBER_OR_DAY.match(text):
        return ALL
    if types >= PLACES:
        ends = {words[0], words[-1]} if len(words) > 1 else set()
        if name in REGIONS or ends & LANDSCAPES:
            return frozenset({"LOC"})
        if is_place_as_spelt(name):
            return frozenset({"GPE"})
        if "FAC" in types and len(words) > 1 and words[-1] in FACILITY_WORDS:
            return frozenset({"FAC"})
    if types >= OTHERS:
        if "NORP" in types and name in adjectives():
            return frozenset({"NORP"})
        if words[-1] in DOCUMENTS or before[-1:] in ("“", '"', "‘", "'") or before[-2:-1] in ("“", '"', "‘", "'"):
            return frozenset({"WORK_OF_ART"})
        if EPIDEMIC.search(name) or set(words) & EVENT_WORDS or words[0] == "World":
            return frozenset({"EVENT"})
    return types


def as_article(text: NamedText) -> Article | None:
    """Return the article that the pipeline makes of a text, None if it rejects it."""
    raw = RawArticle(RawRef("training", f"{text.name}.txt", "0", "0" * 64), "text", "utf-8", text.raw)
    article = normalise(raw)
    return article if isinstance(article, Article) else None


def as_named_example(named: NamedText, encode: Encode) -> Example | None:
    """Cut a text into word pieces as a run does, and label them by its names; None if it makes no article."""
    article = as_article(named)
    if article is None:
        return None
    text = article.text
    quotations = pair_marks(text, article.segments)
    pieces = cut_word_pieces(text, find_sentences(article), article.segments, quotations, encode)
    place = align(named.given, text)
    allowed = np.full(len(pieces.ids), ANYTHING, np.int64)
    is_given = np.isin(np.arange(len(text) + 1), place[place >= 0])
    bounds = list(zip(pieces.starts, pieces.ends, strict=True))
    is_annotated = np.array([is_given[start:end].any() for start, end in bounds], bool)
    is_word = np.array([text[start:end].isalnum() for start, end in bounds], bool)
    allowed[is_annotated | ~is_word] = label_set(named.unannotated, ("B", "I")) | 1
    for span in named.spans:
        chars = place[span.start : span.end]
        chars = chars[chars >= 0]
        if len(chars):
            inside = pieces_of(pieces, chars)
            if span.types == ALL:
                allowed[inside] = ANYTHING
            else:
                allowed[inside.start : inside.start + 1] = label_set(span.types, ("B",))
                allowed[inside.start + 1 : inside.stop] = label_set(span.types, ("I",))
    return blank_example(named.name, pieces)._replace(names=allowed)


ANYTHING = (1 << len(NAME_LABELS)) - 1


def label_set(types: Iterable[str], begins: Iterable[str]) -> int:
    """Return labels as a set of bits, one for each index into ``NAME_LABELS``."""
    marks = tuple(begins)
    return sum(1 << NAME_LABELS.index(f"{mark}-{kind}") for kind in types for mark in marks)


# GUM's own dev and test documents; clustering is measured on them.
GUM_KEPT_APART = frozenset(
    "GUM_interview_cyclone GUM_interview_gaming GUM_news_homeopathic GUM_news_iodine GUM_interview_hill "
    "GUM_interview_libertarian GUM_news_nasa GUM_news_sensitive".split()
)


def read_names(folder: Path) -> Iterator[NamedText]:
    """Read the texts of a corpus to train on, in whichever of the five layouts its folder has.

    Raises:
        FileNotFoundError: if it has none of them.
    """
    if (folder / "annotated").is_dir():
        yield from read_newswire_train(folder)
    elif (folder / "wikigold.conll.txt").exists():
        yield from read_wikigold(folder)
    elif any(folder.glob("*.iob2")):
        yield from read_uner(folder)
    elif any(folder.glob("*/entities.json")):
        yield from read_re3d(folder)
    elif (folder / "dep").is_dir():
        yield from read_gum(folder)
    else:
        raise FileNotFoundError(
            f"{folder} has no annotated names in a known layout; training/README.md lists the layouts"
        )
