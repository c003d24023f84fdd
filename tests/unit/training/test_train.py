"""A training run stopped and gone on with, and the file that comes of it: with a network of one layer."""
# ruff: noqa: E402 - what needs the extra is imported once it is known to be there.

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra: pip install '.[training]'")
pytest.importorskip("onnxscript", reason="needs the extra: pip install '.[training]'")

import onnxruntime
import tokenizers
import training.train
from training.data import as_example
from training.export import export, write_tokenizer
from training.model import Shape, Tagger
from training.train import CHECKPOINT, Plan, State, train

from pipeline.language.reading import read_with
from pipeline.language.tagger import FOLDER, MODEL, TOKENIZER, load_tagger
from pipeline.language.tagger import Tagger as Shipped

from .harbour import SAID, read_article

PLAN = Plan(epochs=3, warm_up=1, averaged_epochs=2, threads=1, batch_pieces=200)
SHAPE = Shape(layers=1, width=32, heads=2, inner=64)

# What torch's exporter says of torch, and of one length named for two inputs.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:# The axis name:UserWarning"),
]


def blank() -> Tagger:
    torch.manual_seed(1)
    return Tagger(SHAPE)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_exported_file_gives_what_the_network_gives(tmp_path: Path) -> None:
    model, path = blank().eval(), tmp_path / MODEL
    export(model, path)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    dice = np.random.default_rng(0)
    for length in (3, 57, 320):  # it was traced with 20
        ids, features = dice.integers(0, SHAPE.vocabulary, (1, length)), dice.integers(0, 4, (1, 3, length))
        with torch.no_grad():
            expected = model(torch.from_numpy(ids), torch.from_numpy(features))
        for theirs, ours in zip(session.run(None, {"ids": ids, "features": features}), expected, strict=True):
            assert theirs.shape == tuple(ours.shape)
            assert np.abs(theirs - ours.numpy()).mean() < 0.05 * ours.std().item()  # its weights have eight bits


def test_what_was_learnt_is_found_by_the_pipeline(tmp_path: Path) -> None:
    article = read_article(tmp_path / "corpus")
    examples = [as_example(article, load_tagger(1).encode)] * 40
    plan = replace(PLAN, epochs=10, rate=3e-3, head_rate=3e-3, unknown_share=0.0, average=0.5)
    export(train(blank(), examples, plan, tmp_path), tmp_path / MODEL)
    write_tokenizer(FOLDER, tmp_path / TOKENIZER)
    tags, text = read_with(Shipped(tmp_path), article.article).tags, article.article.text
    found = {(one.role, text[one.start : one.end]) for one in tags.spans}
    assert found == {
        (role, one)
        for parts in SAID
        for role, ones in zip(("source", "cue", "content"), parts, strict=True)
        for one in ones
    }


def test_the_tokenizer_cuts_nothing_short(tmp_path: Path) -> None:
    limited = tokenizers.Tokenizer.from_file(str(FOLDER / TOKENIZER))
    limited.enable_truncation(128)
    limited.enable_padding(length=128)
    limited.save(str(tmp_path / TOKENIZER))
    write_tokenizer(tmp_path, tmp_path / "written.json")
    written = tokenizers.Tokenizer.from_file(str(tmp_path / "written.json"))
    assert [len(written.encode("ferry " * count, add_special_tokens=False).ids) for count in (3, 700)] == [3, 700]
