"""Clusters and pronouns within articles, on GUM's annotated news and interviews.

CoNLL F1 is the mean of MUC, B³ and CEAFe by scorch, all documents of a part scored as one; only mentions by name count,
those named once too. ``gum.py`` defines a gold name. A predicted name matches the gold name that it overlaps, if it is inside the whole mention.
Without a match it counts as wrong if it contains a proper noun of the corpus.
A pronoun that means a named person is right if most of its entity's names are that person's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import mean
from typing import NamedTuple

import pytest
from scorch.scores import b_cubed, ceaf_e, muc

from pipeline.contract import Mention
from pipeline.entities import complete_mentions, extract_mentions
from pipeline.entities.clusters import Name
from pipeline.language import Reading, read_language
from pipeline.quotes import extract_quotes

from .conftest import digest_of, require
from .gum import FIRST, Document, GoldName, read_document

DIGEST = "da1e36f00ee7e024a88d39639548092c1630bd10344340de6e778f08db06620e"
# What the rules were not tuned on, and nobody looks at.
UNSEEN = frozenset(
    f"GUM_{name}"
    for name in """interview_cyclone interview_gaming interview_hill interview_libertarian news_homeopathic news_iodine
    news_nasa news_sensitive""".split()
)
# With the annotated names given: CoNLL F1; of third-person pronouns the share right, and right of those decided.
FLOORS = {"tuned": (0.95, 0.75, 0.88), "unseen": (0.90, 0.66, 0.77)}
# With the names that are found: CoNLL F1, the share of pronouns right. The tagger has learnt names from the tuned part.
PREDICTED_FLOORS = {"tuned": (0.84, 0.74), "unseen": (0.77, 0.64)}

Place = tuple[str, int, int]
Clusters = Iterable[set[Place]]

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


class Score(NamedTuple):
    """What joining and pronouns reach on some documents."""

    conll: float
    pronouns: Counter[tuple[str, str]]  # by kind and outcome

    def share_right(self, kind: str) -> float:
        return self.pronouns[kind, "right"] / sum(self.pronouns[kind, how] for how in ("right", "wrong", "none"))

    def precision(self, kind: str) -> float:
        decided = self.pronouns[kind, "right"] + self.pronouns[kind, "wrong"] + self.pronouns[kind, "nobody"]
        return self.pronouns[kind, "right"] / decided


@pytest.fixture(scope="module")
def parts() -> dict[str, list[Document]]:
    folder = require("corpora/gum-news/dep") / "corpora/gum-news/dep"
    assert digest_of(folder) == DIGEST, "the corpus is another one: its figures cannot be held against these floors"
    found: dict[str, list[Document]] = {"tuned": [], "unseen": []}
    for path in sorted(folder.glob("*.conllu")):
        found["unseen" if path.stem in UNSEEN else "tuned"].append(read_document(path))
    return found


def score(documents: Sequence[Document], mentions_of: Callable[[Document, Reading], list[Mention]]) -> Score:
    gold: list[set[Place]] = []
    ours: list[set[Place]] = []
    pronouns: Counter[tuple[str, str]] = Counter()
    for document in documents:
        reading = read_language(document.article)
        mentions = mentions_of(document, reading)
        quotes = extract_quotes(document.article, reading, mentions)
        mentions = complete_mentions(document.article, reading, mentions, quotes)
        clusters, meant = align_names(document, [mention for mention in mentions if mention.form == "name"])
        ours += clusters
        gold += by_entity(document)
        is_spoken = [(quotation.start, quotation.end) for quotation in reading.quotations]
        found = {mention.start_char: mention for mention in mentions if mention.form == "pronoun"}
        for pronoun in document.pronouns:
            one = found.pop(pronoun.start, None)
            kind = "first" if pronoun.text in FIRST else "third"
            if kind == "first" and not any(start <= pronoun.start < end for start, end in is_spoken):
                continue
            how = "none" if one is None else "right" if meant.get(one.entity_id) == pronoun.entity else "wrong"
            pronouns[kind, how] += 1
        for pronoun in found.values():
            pronouns["first" if pronoun.text.casefold() in FIRST else "third", "nobody"] += 1
    return Score(mean(float(metric(gold, ours)[2]) for metric in (muc, b_cubed, ceaf_e)), pronouns)


def by_entity(document: Document) -> Clusters:
    found: dict[int, set[Place]] = defaultdict(set)
    for name in document.names:
        found[name.entity].add((document.name, name.start, name.end))
    return found.values()


def align_names(document: Document, names: Sequence[Mention]) -> tuple[Clusters, dict[str, int]]:
    """Return our clusters as gold names, and the corpus entity that each of ours mostly is."""
    clusters: dict[str, set[Place]] = defaultdict(set)
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    used: set[GoldName] = set()
    for name in names:
        start, end = name.start_char, name.end_char
        near = [
            gold_name
            for gold_name in document.names
            if gold_name.whole_start <= start and end <= gold_name.whole_end and gold_name not in used
        ]
        near = [gold_name for gold_name in near if start < gold_name.end and gold_name.start < end]
        if near:
            gold = max(
                near,
                key=lambda gold_name: (
                    min(end, gold_name.end) - max(start, gold_name.start),
                    gold_name.whole_start - gold_name.whole_end,
                ),
            )
            used.add(gold)
            votes[name.entity_id][gold.entity] += 1
            clusters[name.entity_id].add((document.name, gold.start, gold.end))
        elif any(start <= index < end for index in document.is_named_word):
            clusters[name.entity_id].add((document.name, start, end))
    return clusters.values(), {who: counted.most_common(1)[0][0] for who, counted in votes.items()}


def show(part: str, names: str, found: Score) -> None:
    print(f"\n{part}, {names} names: CoNLL F1 {found.conll:.3f}")
    for kind in ("third", "first"):
        shares = f"{found.share_right(kind):.3f} right, {found.precision(kind):.3f} right of those decided"
        print(f"  {kind} person: {shares}; {dict(found.pronouns)}")


@pytest.mark.parametrize("part", ["tuned", "unseen"])
def test_joining_of_annotated_names(
    parts: dict[str, list[Document]], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def extract_given(document: Document, reading: Reading) -> list[Mention]:
        names = [Name(name.start, name.end, name.kind) for name in document.names]

        def find_given(*_: object) -> list[Name]:
            return names

        monkeypatch.setattr("pipeline.entities.mentions.find_names", find_given)
        return extract_mentions(document.article, reading)

    found = score(parts[part], extract_given)
    show(part, "annotated", found)
    least_joined, least_right, least_precise = FLOORS[part]
    assert found.conll >= least_joined
    assert found.share_right("third") >= least_right
    assert found.precision("third") >= least_precise


@pytest.mark.parametrize("part", ["tuned", "unseen"])
def test_joining_of_found_names(parts: dict[str, list[Document]], part: str) -> None:
    found = score(parts[part], lambda document, reading: extract_mentions(document.article, reading))
    show(part, "found", found)
    least_joined, least_right = PREDICTED_FLOORS[part]
    assert found.conll >= least_joined
    assert found.share_right("third") >= least_right
