"""Annotated names, as the encoder sees them: for each word piece the labels that its annotation allows.

Corpora tell names apart in different ways, and not all of them tell all: one has places where the pipeline has countries,
landscapes and buildings, another leaves nationalities out. So a piece gets a *set* of labels, and the model is free among
them. What a corpus cannot decide, word lists decide where they are sure (``_narrow``).
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
from pipeline.normalise import normalise
from training.data import Example, align, blank_example

Types = frozenset[EntityType]

PLACES: Types = frozenset({"GPE", "LOC"})
OTHERS: Types = frozenset({"EVENT", "PRODUCT", "WORK_OF_ART"})
# What the labels of each corpus may mean; a label that is not here names nothing that belongs in the table.
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
DEV_SHARE = 0.2  # of the articles of the newswire corpus, by publisher
PAPERS = frozenset(
    "Act Law Bill Agreement Accord Accords Treaty Declaration Convention Protocol Charter Constitution Report Award Awards Prize".split()
)
LANDSCAPES = frozenset(
    """Island Islands River Sea Ocean Lake Mountain Mountains Mount Valley Desert Peninsula Gulf Bay Strait Coast Cape Basin
    Delta Hills Forest Kurils Reef Heights Peak Falls Plateau Archipelago Territories""".split()
)
SICKNESS = re.compile(r"(?i)covid|corona|ebola|monkeypox|mpox|influenza|malaria|omicron|pandemic")
TITLES = ROLE_NOUNS | {honorific.casefold() for honorific in HONORIFICS}  # before a person's name; no part of it
NO_NAME = re.compile(r"(?i)[\W\d_]*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day)?[\W\d_]*$")
CLOSE_UP = re.compile(r" (?=[,.;:!?)\]’”%]|'s\b|’s\b|n't\b|n’t\b)|(?<=[(\[“$]) ")


class Named(NamedTuple):
    """A stretch that is annotated, half-open code points into the text as given, and what it may be."""

    start: int
    end: int
    types: Types  # with all of them, the stretch is not learnt from


class NamedText(NamedTuple):
    """A text with its names.

    Attributes:
        name: of its file.
        given: the text as annotated.
        raw: the text to read; it differs from ``given`` in what parts its words, and may have more.
        spans: in order.
        untold: types that the corpus does not annotate.
    """

    name: str
    given: str
    raw: str
    spans: list[Named]
    untold: Types = frozenset()


def read_newswire(folder: Path, is_dev: bool) -> Iterator[NamedText]:
    """The articles of worldwide-newswire that are for training, or those for choosing and measuring.

    A publisher's are either all of the one or all of the other.
    """
    paths = sorted((folder / "annotated").glob("*.tsv"))
    dev = dev_publishers([path.name for path in paths])
    for path in paths:
        raw = folder / "original" / path.stem
        if (publisher_of(path.name) in dev) is is_dev and raw.exists():
            rows = [line.split("\t") for line in path.read_text("utf-8").split("\n")]
            one = _of_rows(path.stem, [(row[0], row[1]) if len(row) > 1 else ("", "") for row in rows])
            yield one._replace(raw=raw.read_bytes().decode("utf-8", "replace"))


def publisher_of(name: str) -> str:
    """Who published an article, as its file's name tells it: the last word before its number."""
    return re.sub(r"_?\d*\.txt.*$", "", name).rpartition("_")[2]


def dev_publishers(names: Iterable[str]) -> frozenset[str]:
    """Publishers whose articles make up the dev part, drawn by a hash of their names."""
    publishers = [publisher_of(name) for name in names]
    chosen: list[str] = []
    for publisher in sorted(set(publishers), key=lambda one: hashlib.sha256(one.encode()).digest()):
        if sum(map(publishers.count, [*chosen, publisher])) <= DEV_SHARE * len(publishers) * 1.05:
            chosen.append(publisher)
    return frozenset(chosen)


def read_wikigold(folder: Path) -> Iterator[NamedText]:
    """The articles of wikigold."""
    text = (folder / "wikigold.conll.txt").read_text("utf-8")
    for number, part in enumerate(text.split("-DOCSTART-")):
        rows = [line.rsplit(" ", 1) for line in part.split("\n")]
        yield _of_rows(
            f"wikigold-{number}", [(row[0], row[1]) if len(row) == 2 and row[0] else ("", "") for row in rows]
        )


def read_uner(folder: Path, sentences: int = 12) -> Iterator[NamedText]:
    """The sentences of Universal NER's PUD, some at a time; persons, bodies and places only."""
    parts = [
        part for path in sorted(folder.glob("*.iob2")) for part in path.read_text("utf-8").split("\n\n") if part.strip()
    ]
    for first in range(0, len(parts), sentences):
        rows: list[tuple[str, str]] = []
        for part in parts[first : first + sentences]:
            cells = [line.split("\t") for line in part.split("\n") if line and not line.startswith("#")]
            rows += [(cell[1], cell[2]) for cell in cells if len(cell) > 2]
        yield _of_rows(f"uner-{first}", rows)._replace(untold=OTHERS | {"NORP"})


def read_re3d(folder: Path) -> Iterator[NamedText]:
    """The texts of re3d, without those of the BBC (their licence forbids commercial use).

    It also annotates descriptions ("the army"), and parts of names: only spans of capitalised words count.
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


def _outermost(text: str, marked: Sequence[tuple[int, int, str]]) -> list[Named]:
    """Of nested spans the longest of capitalised words; what is left of the others is not learnt from."""
    spans: list[Named] = []
    for start, end, kind in sorted(marked, key=lambda one: (one[0] - one[1], one[0])):
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
        spans.append(Named(start, end, _narrow(types, text[start:end], "") if types else ALL))
    return sorted(spans)


def read_gum(folder: Path) -> Iterator[NamedText]:
    """Documents of GUM: runs of proper nouns that are a person, a body, a place or an event."""
    for path in sorted((folder / "dep").glob("*.conllu")):
        if path.stem in GUM_KEPT_APART:
            continue
        rows = [line.split("\t") for line in path.read_text("utf-8").split("\n") if not line.startswith("#")]
        open_kinds: list[tuple[str, str]] = []
        tagged: list[tuple[str, str]] = []
        for row in rows:
            if len(row) < 10:
                tagged.append(("", ""))
                continue
            if not row[0].isdigit():
                continue
            entity = re.search(r"(?:^|\|)Entity=([^|]*)", row[9])
            marks = re.findall(r"\(([^-()]+)-([^-()]+)[^()]*|([^()]+)?\)", entity[1]) if entity else []
            opened = [(key, kind) for key, kind, _ in marks if kind]
            open_kinds += opened
            kind = open_kinds[-1][1] if open_kinds else ""
            tagged.append((row[1], f"{kind}|{row[4]}"))
            for key, kind, closed in marks:
                if kind and entity and re.search(rf"\({re.escape(key)}-{re.escape(kind)}[^()]*\)", entity[1]):
                    open_kinds.pop()
                elif closed:
                    number = next(
                        (at for at in range(len(open_kinds) - 1, -1, -1) if open_kinds[at][0] == closed), None
                    )
                    if number is not None:
                        open_kinds.pop(number)
        yield _of_rows(path.stem, _as_runs(tagged))._replace(untold=OTHERS | {"NORP", "FAC"})


def _as_runs(tagged: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Tokens with kind and part of speech → tokens with labels: proper nouns in a row are one name."""
    rows: list[tuple[str, str]] = []
    before = ""
    for token, told in tagged:
        kind, is_proper = told.partition("|")[0].upper(), "|NNP" in told
        is_proper &= bool(before) or token.casefold().rstrip(".") not in TITLES
        known = kind in MEANING and token[:1].isupper()
        label = ("I-" if before == kind else "B-") + kind if is_proper and known else "?-" if is_proper else "O"
        before = kind if is_proper and known else ""
        rows.append((token, label if token else ""))
    return rows


def _of_rows(name: str, rows: Sequence[tuple[str, str]]) -> NamedText:
    """A text of tokens and their labels (IOB of any kind); an empty token ends a sentence."""
    given, spans = "", []
    start, kind, end = 0, "", 0

    def close() -> None:
        types = ALL if kind == "?" else MEANING.get(kind)
        if types:
            spans.append(
                Named(
                    start,
                    end,
                    types if kind == "?" else _narrow(types, given[start:end], given[max(0, start - 2) : start]),
                )
            )

    for token, label in rows:
        begins, _, new = label.partition("-")
        new = "?" if begins == "?" else new.upper()
        if kind and (begins in ("O", "", "B", "S", "?") or new != kind):
            close()
            kind = ""
        if not token:
            given = given.rstrip() + ("\n" if given and not given.endswith("\n") else "")
            continue
        if not kind and begins not in ("O", ""):
            start, kind = len(given), new
        given += token
        end = len(given)
        given += " "
    if kind:
        close()
    paragraphs = re.sub(r"\n+", "\n", given)
    return NamedText(name, given, CLOSE_UP.sub("", paragraphs.replace("\n", "\n\n")), spans)


def _narrow(types: Types, text: str, before: str) -> Types:
    """What a name may be, by its own words, where these are sure."""
    words = re.findall(r"[\w.&’'-]+", text)
    name = " ".join(words)
    if not words or NO_NAME.match(text):
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
        if words[-1] in PAPERS or before[-1:] in ("“", '"', "‘", "'") or before[-2:-1] in ("“", '"', "‘", "'"):
            return frozenset({"WORK_OF_ART"})
        if SICKNESS.search(name) or set(words) & EVENT_WORDS or words[0] == "World":
            return frozenset({"EVENT"})
    return types


def as_article(one: NamedText) -> Article | None:
    """The article that a text is to the pipeline; None where it makes none."""
    raw = RawArticle(RawRef("training", f"{one.name}.txt", "0", "0" * 64), "text", "utf-8", one.raw)
    article = normalise(raw)
    return article if isinstance(article, Article) else None


def as_named_example(one: NamedText, encode: Encode) -> Example | None:
    """Cut a text into pieces as a run does, and lay its names over them; None where it makes no article."""
    article = as_article(one)
    if article is None:
        return None
    text = article.text
    pieces = cut_word_pieces(
        text, find_sentences(article), article.segments, pair_marks(text, article.segments), encode
    )
    place = align(one.given, text)
    allowed = np.full(len(pieces.ids), ANYTHING, np.int64)
    known = place[place >= 0]
    inside = np.isin(np.arange(len(text) + 1), known)
    told = np.array([inside[a:b].any() for a, b in zip(pieces.starts, pieces.ends, strict=True)], bool)
    is_word = np.array([text[a:b].isalnum() for a, b in zip(pieces.starts, pieces.ends, strict=True)], bool)
    allowed[told | ~is_word] = label_set(one.untold, ("B", "I")) | 1
    for span in one.spans:
        chars = place[span.start : span.end]
        chars = chars[chars >= 0]
        if len(chars):
            first = np.searchsorted(pieces.ends, chars.min(), side="right")
            last = np.searchsorted(pieces.starts, chars.max(), side="right")
            if span.types == ALL:
                allowed[first:last] = ANYTHING
            else:
                allowed[first : first + 1] = label_set(span.types, ("B",))
                allowed[first + 1 : last] = label_set(span.types, ("I",))
    return blank_example(one.name, pieces)._replace(names=allowed)


ANYTHING = (1 << len(NAME_LABELS)) - 1


def label_set(types: Iterable[str], begins: Iterable[str]) -> int:
    """Labels as a set of bits, one for each index into ``NAME_LABELS``."""
    marks = tuple(begins)
    return sum(1 << NAME_LABELS.index(f"{mark}-{kind}") for kind in types for mark in marks)


# GUM's own dev and test documents: joining is measured on them.
GUM_KEPT_APART = frozenset(
    "GUM_interview_cyclone GUM_interview_gaming GUM_news_homeopathic GUM_news_iodine GUM_interview_hill "
    "GUM_interview_libertarian GUM_news_nasa GUM_news_sensitive".split()
)


def read_names(folder: Path) -> Iterator[NamedText]:
    """The texts of a corpus that are for training, whatever the layout of its folder.

    Raises:
        FileNotFoundError: if it has none that is known.
    """
    if (folder / "annotated").is_dir():
        yield from read_newswire(folder, is_dev=False)
    elif (folder / "wikigold.conll.txt").exists():
        yield from read_wikigold(folder)
    elif any(folder.glob("*.iob2")):
        yield from read_uner(folder)
    elif any(folder.glob("*/entities.json")):
        yield from read_re3d(folder)
    elif (folder / "dep").is_dir():
        yield from read_gum(folder)
    else:
        raise FileNotFoundError(f"{folder} holds no annotated names; training/README.md tells the layouts")
