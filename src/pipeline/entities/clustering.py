"""Cluster the names of an article by the entity that they name.

A name that may belong to two entities gets a cluster of its own. A wrong cluster attributes one entity's words to
another; a missing link only counts them apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from pipeline.contract import EntityType
from pipeline.entities.clusters import Cluster, Name
from pipeline.entities.misspellings import MISSPELLING, attach_misspellings
from pipeline.entities.name_forms import NOT_BODIES, PLACES, NameForm, collect_forms, known_name
from pipeline.entities.person_names import attach_full_names, attach_lone_names
from pipeline.entities.short_forms import attach_acronyms, attach_known_names, attach_short_forms
from pipeline.lexicon.gazetteer import countries

HOSTS = re.compile(r"\s\([A-Z][^()]*\)\s(?:summit|conference|forum|meeting|congress)\b")
THE = re.compile(r"^[Tt]he\s+(?=\S)")
LONGEST_ACRONYM = 4  # letters; a longer word in capitals is set so for emphasis


def cluster_names(text: str, names: Sequence[Name]) -> list[Cluster]:
    """Return the clusters of an article's names, in the order of their first names.

    Args:
        text: the article's.
        names: in reading order, without overlap.
    """
    forms = collect_forms(text, names)
    people = [form for form in forms if form.kind == "PERSON"]
    others = [form for form in forms if form.kind != "PERSON"]
    lone = [form for form in people if len(form.words) == 1]
    full = sorted((form for form in people if len(form.words) > 1), key=lambda form: -len(form.words))
    attach_full_names(full)
    attach_misspellings(full)
    people = full + attach_lone_names(text, lone, full)
    attach_known_names(others)
    attach_acronyms(text, others)
    attach_short_forms(text, others)
    attach_misspellings(others)
    attach_misspellings([form for form in people if len(form.words) == 1])
    return _build_clusters(text, [*people, *others])


def _build_clusters(text: str, forms: Sequence[NameForm]) -> list[Cluster]:
    members: dict[int, list[NameForm]] = defaultdict(list)
    for form in forms:
        members[id(form.root)].append(form)
    clusters = [_build_cluster(text, forms) for forms in members.values()]
    return sorted(clusters, key=lambda cluster: cluster.names[0].start)


def _build_cluster(text: str, forms: Sequence[NameForm]) -> Cluster:
    root = forms[0].root
    names = [_with_certainty(name, form) for form in forms for name in form.names]
    return Cluster(_kind_of(text, root), _name_of(root, forms), tuple(sorted(names)))


def _kind_of(text: str, root: NameForm) -> EntityType:
    """Return the kind of a cluster; an event called by its host, "the Tern Council (TC) summit", is an organisation."""
    if root.kind == "EVENT" and any(HOSTS.match(text, name.end) for name in root.names):
        return "ORG"
    return root.kind


def _with_certainty(name: Name, form: NameForm) -> Name:
    """Return a name whose confidence includes the certainty that it belongs to its cluster."""
    certainty = form.certainty if form.parent else 1.0
    if certainty == 1.0:
        return name
    return name._replace(confidence=round((1.0 if name.confidence is None else name.confidence) * certainty, 3))


def _name_of(root: NameForm, forms: Sequence[NameForm]) -> str:
    """Return the fullest name in the article, without article and title; for well-known entities the known name."""
    known = known_name(root) if root.kind not in NOT_BODIES else None
    if known:
        return known
    fullest = max(
        forms, key=lambda form: (form is root or form.certainty != MISSPELLING, len(form.words), len(form.spelling))
    )
    spelling = THE.sub("", fullest.spelling)
    return _lower_capitals(spelling) if root.kind in PLACES | {"PERSON"} else spelling


def _lower_capitals(spelling: str) -> str:
    """Return "PUTIN" of a headline as "Putin"; "JFK" and "USSR" stay."""
    has_long_word = any(len(word) > LONGEST_ACRONYM for word in spelling.split())
    is_loud = spelling.isupper() and spelling not in countries() and has_long_word
    return spelling.title() if is_loud else spelling
