"""A spaCy pipeline of the size of en_core_web_sm, for ``tagging.py`` to time beside ours. It needs spaCy and no more.

Usage: python -m benchmarks.small_spacy PROCESSES, with a JSON array of arrays of texts in the first line of the input,
and then a line for each pass

Its weights are as drawn: untrained ones cost what trained ones do. For each line it passes over the texts once and
prints the seconds: by the clock, and of processor time.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any

import spacy
from spacy.language import Language
from spacy.training import Example

# The architecture, and how many labels of each kind, are those of en_core_web_sm 3.8, as its config and meta tell.
TAGS, DEPENDENCIES, ENTITIES = 50, 45, 18
TOK2VEC: dict[str, Any] = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 96,
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE", "SPACY", "IS_SPACE"],
        "rows": [5000, 1000, 2500, 2500, 50, 50],
        "include_static_vectors": False,
    },
    "encode": {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": 96,
        "depth": 4,
        "window_size": 1,
        "maxout_pieces": 3,
    },
}
LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}


def _parser(state_type: str, tok2vec: dict[str, Any]) -> dict[str, Any]:
    parser = {"@architectures": "spacy.TransitionBasedParser.v2", "state_type": state_type, "extra_state_tokens": False}
    return {"model": parser | {"hidden_width": 64, "maxout_pieces": 2, "use_upper": True, "tok2vec": tok2vec}}


@cache
def build() -> Language:
    """Return a pipeline: tagger and parser over one encoder, names over another."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": TOK2VEC})
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}})
    nlp.add_pipe("parser", config=_parser("parser", LISTENER))
    nlp.add_pipe("ner", config=_parser("ner", TOK2VEC))
    for name, kind, count in (("tagger", "T", TAGS), ("parser", "d", DEPENDENCIES), ("ner", "E", ENTITIES)):
        for number in range(count):
            nlp.get_pipe(name).add_label(f"{kind}{number}")
    doc = nlp.make_doc("The ferry sailed from Port Ansel .")
    labels = {
        "tags": [f"T{number}" for number in range(len(doc))],
        "heads": [1, 2, 2, 2, 5, 3, 2],
        "deps": ["d0", "d1", "ROOT", "d2", "d3", "d4", "d5"],
        "entities": ["O", "O", "O", "O", "B-E0", "L-E0", "O"],
    }
    nlp.initialize(lambda: [Example.from_dict(doc, labels)])
    return nlp


def read(texts: list[str]) -> float:
    """Read texts in this process and return the seconds of processor time."""
    nlp, start = build(), time.process_time()
    for _ in nlp.pipe(texts):
        pass
    return time.process_time() - start


def main() -> None:
    """Read the texts once for each line on standard input."""
    batches: list[list[str]] = json.loads(sys.stdin.readline())
    with ProcessPoolExecutor(int(sys.argv[1]), mp_context=get_context("spawn")) as pool:
        for _ in sys.stdin:
            start = time.perf_counter()
            used = sum(pool.map(read, batches))
            print(time.perf_counter() - start, used, flush=True)


if __name__ == "__main__":
    main()
