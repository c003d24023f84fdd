"""Links to a knowledge base: the cases in hard_cases.tsv, with the invented entities of hard_cases.jsonl."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pipeline.entities import entity_id_of
from pipeline.entities.clusters import Cluster, Link, Name
from pipeline.entities.knowledge import Knowledge, build_knowledge
from pipeline.entities.linking import link_clusters
from tests.unit.entities.marked import read_marked

BASE = Path(__file__).with_name("hard_cases.jsonl")
CASES = list(csv.DictReader(BASE.with_suffix(".tsv").read_text("utf-8").splitlines(), delimiter="\t"))


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    return build_knowledge(BASE, tmp_path_factory.mktemp("knowledge"))


@pytest.mark.parametrize(
    ("text", "link"), [pytest.param(case["text"], case["link"] or None, id=case["case"]) for case in CASES]
)
def test_first_name_of_a_hard_case(knowledge: Knowledge, text: str, link: str | None) -> None:
    article, clusters = read_marked(text)
    first = link_clusters(article, clusters, knowledge)[0]
    assert (first and first.link_id) == link
    assert first is None or 0.75 <= first.confidence <= 0.99


def test_link_depends_only_on_article_and_file(knowledge: Knowledge, tmp_path: Path) -> None:
    """Earlier links, the order of clusters and the order of rows in the file make no difference."""
    turned = tmp_path / "turned.jsonl"
    turned.write_bytes(b"\n".join(BASE.read_bytes().splitlines()[::-1]))
    other = build_knowledge(turned, tmp_path)
    for case in CASES:
        article, clusters = read_marked(case["text"])
        links = link_clusters(article, clusters, knowledge)
        assert link_clusters(article, clusters, other) == links
        assert link_clusters(article, clusters[::-1], knowledge) == links[::-1]


def test_spellings_of_one_linked_entity_have_one_id(knowledge: Knowledge) -> None:
    ids = set()
    for text in ("The [Larkspur Ferries|ORG] ferry sailed.", "The ferry operator [Larkspur|ORG] grew."):
        article, (cluster,) = read_marked(text)
        (link,) = link_clusters(article, [cluster], knowledge)
        ids.add(entity_id_of(cluster.kind, cluster.name, link))
    assert len(ids) == 1


def test_without_a_knowledge_base_people_are_not_linked() -> None:
    article, clusters = read_marked("[Mara Oduya|PERSON] of [Norway|GPE] spoke.")
    assert link_clusters(article, clusters, None) == [None, Link("iso3166-1", "NO", "Norway", 0.99)]


def test_article_with_five_thousand_clusters(knowledge: Knowledge) -> None:
    article, _ = read_marked("Nobody spoke.")
    clusters = [Cluster("PERSON", f"Ona Person{number}", (Name(0, 4, "PERSON"),)) for number in range(5000)]
    assert link_clusters(article, clusters, knowledge) == [None] * 5000
