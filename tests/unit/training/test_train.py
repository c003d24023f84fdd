"""A stopped and continued training run, and its exported file, with a network of one layer."""
# ruff: noqa: E402 - what needs the extra is imported once it is known to be there.

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install '.[training]'")
pytest.importorskip("onnxscript", reason="needs the extra: pip install '.[training]'")

import onnxruntime
import tokenizers
import training.train
from training.attribution_corpora import Example, as_example
from training.entity_corpora import AnnotatedName, NamedText, as_article, as_named_example
from training.model import Network, Shape
from training.onnx_export import export, write_tokenizer
from training.train import CHECKPOINT, Batch, Plan, State, cut_batches, loss_of, train

from pipeline.contract import EntityType
from pipeline.language.reading import read_with
from pipeline.language.tagger import FOLDER, MODEL, TOKENIZER, Tagger, load_tagger
from pipeline.language.wordpieces import FEATURES

from .harbour import SAID, read_article

PLAN = Plan(epochs=3, warm_up=1, averaged_epochs=2, threads=1, batch_pieces=200)
SHAPE = Shape(layers=1, width=32, heads=2, inner=64)

# What torch's exporter says of torch, and of one length named for two inputs.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:# The axis name:UserWarning"),
]


def blank() -> Network:
    torch.manual_seed(1)
    return Network(SHAPE)


def test_stopped_training_continues_with_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = [as_example(read_article(tmp_path / "corpus"), load_tagger(1).encode)]
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    whole = train(blank(), examples, PLAN, tmp_path / "whole")
    train_epoch = training.train._train_epoch

    def stop(state: State, batches: list[training.train.Batch], plan: Plan, name: str) -> None:
        if name.startswith("epoch 2"):
            raise KeyboardInterrupt
        train_epoch(state, batches, plan, name)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(training.train, "_train_epoch", stop)
        train(blank(), examples, PLAN, tmp_path / "stopped")
    gone_on = train(blank(), examples, PLAN, tmp_path / "stopped").state_dict()
    assert all(torch.equal(weight, gone_on[name]) for name, weight in whole.state_dict().items())
    assert not all(torch.equal(weight, gone_on[name]) for name, weight in blank().state_dict().items())


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    examples = [as_example(read_article(tmp_path / "corpus"), load_tagger(1).encode)]
    train(blank(), examples, replace(PLAN, epochs=2), tmp_path)
    with pytest.raises(SystemExit, match=rf"{CHECKPOINT} was made with .*; remove it, or train with the same"):
        train(blank(), examples, PLAN, tmp_path)


def test_exported_file_equals_the_network(tmp_path: Path) -> None:
    model, path = blank().eval(), tmp_path / MODEL
    export(model, path)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    dice = np.random.default_rng(0)
    for length in (3, 57, 320):  # it was traced with 20
        ids, features = dice.integers(0, SHAPE.vocabulary, (1, length)), dice.integers(0, 4, (1, len(FEATURES), length))
        with torch.no_grad():
            expected = model(torch.from_numpy(ids), torch.from_numpy(features))
        for theirs, ours in zip(session.run(None, {"ids": ids, "features": features}), expected, strict=True):
            assert theirs.shape == tuple(ours.shape)
            assert np.abs(theirs - ours.numpy()).mean() < 0.05 * ours.std().item()  # its weights have eight bits


def test_pipeline_finds_learned_attributions(tmp_path: Path) -> None:
    article = read_article(tmp_path / "corpus")
    examples = [as_example(article, load_tagger(1).encode)] * 40
    plan = replace(PLAN, epochs=10, rate=3e-3, head_rate=3e-3, unknown_share=0.0, average=0.5)
    export(train(blank(), examples, plan, tmp_path), tmp_path / MODEL)
    write_tokenizer(FOLDER, tmp_path / TOKENIZER)
    tags, text = read_with(Tagger(tmp_path), article.article).tags, article.article.text
    found = {(span.role, text[span.start : span.end]) for span in tags.spans}
    assert found == {
        (role, example)
        for parts in SAID
        for role, ones in zip(("source", "cue", "content"), parts, strict=True)
        for example in ones
    }


def named(text: str, *names: tuple[str, frozenset[EntityType]]) -> Example:
    spans = [AnnotatedName(text.index(name), text.index(name) + len(name), types) for name, types in names]
    example = as_named_example(NamedText("quay", text, text, spans), load_tagger(1).encode)
    assert example
    return example


QUAY = "Mara Oduya left Sumaque for the Larkspur office on Monday. Nobody at the quay had seen the ferry since."
NAMES = (
    ("Mara Oduya", frozenset({"PERSON"})),
    ("Sumaque", frozenset({"GPE", "LOC"})),
    ("Larkspur", frozenset({"ORG"})),
)


def test_names_are_learned_while_attributions_are_rehearsed(tmp_path: Path) -> None:
    said = as_example(read_article(tmp_path / "corpus"), load_tagger(1).encode)
    plan = replace(PLAN, epochs=12, rate=3e-3, head_rate=3e-3, unknown_share=0.0, recased_share=0.0, average=0.5)
    known = train(blank(), [said] * 40, replace(plan, epochs=10), tmp_path / "said")
    both = train(known, [named(QUAY, *NAMES)] * 40, replace(plan, rehearsed_share=0.5), tmp_path / "names", [said] * 40)
    export(both, tmp_path / MODEL)
    write_tokenizer(FOLDER, tmp_path / TOKENIZER)
    article = as_article(NamedText("quay", QUAY, QUAY, []))
    assert article
    tags = read_with(Tagger(tmp_path), article).tags
    found = {article.text[name.start : name.end]: name.kind for name in tags.names}
    assert set(found) == {"Mara Oduya", "Sumaque", "Larkspur"}
    assert (found["Mara Oduya"], found["Larkspur"]) == ("PERSON", "ORG")
    assert found["Sumaque"] in ("GPE", "LOC")
    said_again = read_with(Tagger(tmp_path), read_article(tmp_path / "again").article).tags.spans
    assert {tag.role for tag in said_again} == {"source", "cue", "content"}


def test_each_example_trains_only_what_it_annotates(tmp_path: Path) -> None:
    said, names = as_example(read_article(tmp_path / "corpus"), load_tagger(1).encode), named(QUAY, *NAMES)
    model = blank().eval()

    def losses(example: Example) -> list[float]:
        (batch,) = cut_batches([example], replace(PLAN, batch_pieces=10_000), random.Random(3))
        return [loss.item() for loss in loss_of(model, batch)]

    assert [loss > 0 for loss in losses(said)] == [True, True, False]
    assert [loss > 0 for loss in losses(names)] == [False, False, True]


def test_a_name_of_which_the_kind_is_open_may_be_either() -> None:
    text = "They left Sumaque."
    model = blank().eval()
    either, one, other = (
        loss_of(model, as_batch(named(text, ("Sumaque", frozenset(kinds)))))[2].item()
        for kinds in (("GPE", "LOC"), ("GPE",), ("LOC",))
    )
    assert either < min(one, other)


def as_batch(example: Example) -> Batch:
    (batch,) = cut_batches([example], replace(PLAN, recased_share=0.0, batch_pieces=10_000), random.Random(3))
    return batch


def test_sentences_are_shown_in_capitals() -> None:
    plain = as_batch(named(QUAY, *NAMES))
    (shouted,) = cut_batches(
        [named(QUAY, *NAMES)], replace(PLAN, recased_share=1.0, batch_pieces=10_000), random.Random(5)
    )
    assert torch.equal(plain.ids, shouted.ids)
    assert torch.equal(plain.names, shouted.names)
    assert not torch.equal(plain.features[:, 0], shouted.features[:, 0])
    assert torch.equal(plain.features[:, 1:], shouted.features[:, 1:])


def test_the_tokenizer_cuts_nothing_short(tmp_path: Path) -> None:
    limited = tokenizers.Tokenizer.from_file(str(FOLDER / TOKENIZER))
    limited.enable_truncation(128)
    limited.enable_padding(length=128)
    limited.save(str(tmp_path / TOKENIZER))
    write_tokenizer(tmp_path, tmp_path / "written.json")
    written = tokenizers.Tokenizer.from_file(str(tmp_path / "written.json"))
    assert [len(written.encode("ferry " * count, add_special_tokens=False).ids) for count in (3, 700)] == [3, 700]
