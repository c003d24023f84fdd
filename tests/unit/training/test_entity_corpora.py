"""From annotated names to the labels that word pieces may have."""

from __future__ import annotations

from pathlib import Path

import pytest
from training.entity_corpora import (
    ALL,
    ANYTHING,
    NamedText,
    as_named_example,
    dev_publishers,
    label_set,
    publisher_of,
    read_names,
    read_newswire_dev,
    read_newswire_train,
)

from pipeline.language.tagger import load_tagger


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def spans(one: NamedText) -> list[tuple[str, list[str]]]:
    return [
        (one.given[span.start : span.end], ["?"] if span.types == ALL else sorted(span.types)) for span in one.spans
    ]


ROWS = """Mara\tB-Person
Oduya\tI-Person
of\tO
Norway\tB-Location
's\tO
Quay\tB-Organization
Board\tI-Organization

Nordic\tB-NORP
Harbour\tB-Misc
Forum\tI-Misc
Tuesday\tB-Misc
"""


def test_newswire_keeps_a_publisher_on_one_side(tmp_path: Path) -> None:
    names = [
        f"no_{publisher}_{number}" for publisher in ("post", "wire", "gull", "tern", "skua") for number in range(4)
    ]
    for name in names:
        write(
            tmp_path,
            **{
                f"annotated__{name}_dot_txt_dot_tsv": ROWS,
                f"original__{name}_dot_txt": "Mara Oduya of Norway's Quay Board left.\n",
            },
        )
    train = [text.name for text in read_newswire_train(tmp_path)]
    dev = [text.name for text in read_newswire_dev(tmp_path)]
    assert sorted(train + dev) == sorted(f"{name}.txt" for name in names)
    assert len(dev) == 4
    assert not {publisher_of(name) for name in train} & {publisher_of(name) for name in dev}


def test_newswire_annotates_names_in_the_original_article(tmp_path: Path) -> None:
    write(tmp_path, annotated__no_post_1_dot_txt_dot_tsv=ROWS, original__no_post_1_dot_txt="Mara  Oduya left.")
    (one,) = read_names(tmp_path)
    assert one.raw == "Mara  Oduya left."
    assert spans(one) == [
        ("Mara Oduya", ["PERSON"]),
        ("Norway", ["GPE"]),
        ("Quay Board", ["ORG"]),
        ("Nordic", ["NORP"]),
        ("Harbour Forum", ["EVENT"]),
        ("Tuesday", ["?"]),
    ]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param(
            {"wikigold_dot_conll_dot_txt": "Oduya I-PER\nleft O\nSumaque I-LOC\n\nNorwegian I-MISC\n"},
            [("Oduya", ["PERSON"]), ("Sumaque", ["FAC", "GPE", "LOC"]), ("Norwegian", ["NORP"])],
            id="coarse-kinds",
        ),
        pytest.param(
            {"pud_dot_iob2": "# text = x\n1\tOduya\tB-PER\t-\n2\tleft\tO\t-\n\n# text = y\n1\tQuay\tB-ORG\t-\n"},
            [("Oduya", ["PERSON"]), ("Quay", ["ORG"])],
            id="numbered-rows",
        ),
        pytest.param(
            {
                "UN__documents_dot_json": '{"_id": "1", "text": "Minister Mara Oduya met Tern Ltd and the army."}\n',
                "UN__entities_dot_json": '{"documentId": "1", "begin": 0, "end": 19, "type": "Person"}\n'
                '{"documentId": "1", "begin": 24, "end": 32, "type": "Organisation"}\n'
                '{"documentId": "1", "begin": 24, "end": 28, "type": "Person"}\n'
                '{"documentId": "1", "begin": 37, "end": 45, "type": "Organisation"}\n',
            },
            [("Minister Mara Oduya", ["?"]), ("Tern Ltd", ["ORG"]), ("the army", ["?"])],
            id="titles-nested-names-and-descriptions-teach-nothing",
        ),
        pytest.param(
            {
                "BBC Online__documents_dot_json": '{"_id": "1", "text": "Mara Oduya left."}\n',
                "BBC Online__entities_dot_json": '{"documentId": "1", "begin": 0, "end": 10, "type": "Person"}\n',
            },
            None,
            id="bbc-left-out",
        ),
        pytest.param(
            {
                "dep__GUM_news_quay_dot_conllu": "1\tPresident\tpresident\tPROPN\tNNP\t_\t0\troot\t_\tEntity=(1-person-new\n"
                "2\tMara\tMara\tPROPN\tNNP\t_\t0\troot\t_\t_\n"
                "3\tOduya\tOduya\tPROPN\tNNP\t_\t0\troot\t_\tEntity=1)\n"
                "4\tof\tof\tADP\tIN\t_\t0\troot\t_\t_\n"
                "5\tNew\tnew\tADJ\tNNP\t_\t0\troot\t_\tEntity=(2-place-new\n"
                "6\tTern\tTern\tPROPN\tNNP\t_\t0\troot\t_\tEntity=2)\n"
            },
            [("Mara Oduya", ["PERSON"]), ("New Tern", ["FAC", "GPE", "LOC"])],
            id="proper-nouns-of-gum",
        ),
    ],
)
def test_layouts(tmp_path: Path, files: dict[str, str], found: list[tuple[str, list[str]]] | None) -> None:
    texts = list(read_names(write(tmp_path, **files)))
    assert [span for text in texts for span in spans(text)] == (found or [])
    assert bool(texts) is (found is not None)


def test_a_folder_of_another_kind_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="has no annotated names in a known layout"):
        next(read_names(tmp_path))


def test_labels_of_pieces(tmp_path: Path) -> None:
    write(
        tmp_path,
        annotated__no_post_1_dot_txt_dot_tsv="Left\tO\n" + ROWS,
        original__no_post_1_dot_txt="Left Mara Oduya of Norway, Quay Board. Unread words follow here.",
    )
    (one,) = read_names(tmp_path)
    example = as_named_example(one, load_tagger(1).encode)
    assert example
    text = "Left Mara Oduya of Norway, Quay Board. Unread words follow here."
    words: dict[str, list[int]] = {}
    for start, end, allowed in zip(example.pieces.starts, example.pieces.ends, example.names, strict=True):
        words.setdefault(text[start:end], []).append(int(allowed))
    outside = 1
    assert words["Left"] == words["of"] == words[","] == [outside]
    assert words["Mara"] == [label_set(["PERSON"], "B")]
    assert words["Norway"] == [label_set(["GPE"], "B")]
    assert (words["Quay"], words["Board"]) == ([label_set(["ORG"], "B")], [label_set(["ORG"], "I")])
    assert words["words"] == [ANYTHING]  # not in what was annotated


@pytest.mark.slow
def test_dev_is_the_same_whatever_the_order() -> None:
    names = [f"no_{publisher}_{number}.txt.tsv" for publisher in "abcdefghij" for number in range(3)]
    assert dev_publishers(names) == dev_publishers(reversed(names))
