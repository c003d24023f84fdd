"""The snippets of the documents run on the sample data, and print what the documents say they print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.outputs import are_alike

CHECKOUT = Path(__file__).parents[2]
SNIPPET = re.compile(r"^```python\n(?P<code>.*?)^```(?:\n\n```text\n(?P<output>.*?)^```)?", re.MULTILINE | re.DOTALL)
SEPARATOR = "=== next snippet ==="


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the sample data are curated as ``curated``."""
    folder = tmp_path_factory.mktemp("sample")
    command = [sys.executable, "-m", "onrecord", "curate", str(CHECKOUT / "raw"), "--into", "curated", "--quiet"]
    subprocess.run(command, cwd=folder, check=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "docs/cookbook.md"])
def test_snippets_print_what_the_document_says(sample: Path, name: str) -> None:
    snippets = list(SNIPPET.finditer((CHECKOUT / name).read_text("utf-8")))
    program = f"print({SEPARATOR!r})\n".join(snippet["code"] for snippet in snippets)
    ran = subprocess.run([sys.executable, "-c", program], cwd=sample, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    printed = [output.rstrip("\n") for output in ran.stdout.split(f"{SEPARATOR}\n")]
    for snippet, output in zip(snippets, printed, strict=True):
        expected = (snippet["output"] or "").rstrip("\n")
        assert are_alike(expected, output), f"{snippet['code']}\nprints\n{output}\ninstead of\n{expected}"
