"""The notebook, run from top to bottom on the sample articles, as a newcomer runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from pipeline.cli import main
from tests.outputs import are_alike

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"


def run_notebook(curated: Path, folder: Path) -> nbformat.NotebookNode:
    """Execute every cell with this Python, every warning an error; ``folder`` takes what Jupyter writes."""
    environment = {
        "ONRECORD_CURATED": str(curated),
        "IPYTHONDIR": str(folder / "ipython"),
        # As pytest has it. Jupyter's own code still calls what is deprecated.
        "PYTHONWARNINGS": "error,ignore::DeprecationWarning,ignore::PendingDeprecationWarning",
    }
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = folder / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python", "env": environment}))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    metadata = notebook.metadata.copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        patch.setenv("JUPYTER_CONFIG_DIR", str(folder / "config"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
        place = {"metadata": {"path": str(NOTEBOOK.parent)}}
        NotebookClient(
            notebook, kernel_name="python3", resources=place, timeout=300, record_timing=False, coalesce_streams=True
        ).execute()
    notebook.metadata = metadata  # of which kernel it was is not for the file to say
    return notebook


def texts(notebook: nbformat.NotebookNode) -> Iterator[tuple[str, list[str]]]:
    """Yield each code cell with its outputs as text, because the pixels of a plot depend on the machine's fonts."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield cell.source, [output.get("text") or output.data["text/plain"] for output in cell.outputs]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    curated = tmp_path_factory.mktemp("notebook") / "curated"
    assert main(["curate", str(ROOT / "raw"), "--into", str(curated)]) == 0
    return run_notebook(curated, tmp_path_factory.mktemp("jupyter"))


@pytest.mark.slow
def test_nothing_is_written_to_stderr(executed: nbformat.NotebookNode) -> None:
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Anatoly Veldin 8 8 1 1", id="most-quoted"),
        pytest.param("Carla Monteverde 6 3 2 5", id="copies-counted-her-twice"),
        pytest.param("only in copies: Travessias do Sul SA", id="speaker-of-an-edited-copy"),
        pytest.param(
            "harbour-post/beet-train.txt (368, 429) b'They arrived at our dispatch desk with a carton of milk each,'",
            id="bytes-of-a-quote",
        ),
        pytest.param("235 of 257 quotes are of a known month", id="undated-quotes"),
        pytest.param("2 saltmarsh-echo/sign-in.html 0 no_article", id="refused-with-a-reason"),
        pytest.param("115, 114 and 104 rows: all agree", id="pandas-sql-and-polars-agree"),
    ],
)
def test_what_a_reader_learns(executed: nbformat.NotebookNode, line: str) -> None:
    lines = (
        " ".join(shown.split()) for _, outputs in texts(executed) for text in outputs for shown in text.splitlines()
    )
    assert any(shown.startswith(line) for shown in lines)


@pytest.mark.slow
def test_committed_outputs_are_current(executed: nbformat.NotebookNode, tmp_path: Path) -> None:
    fresh = tmp_path / NOTEBOOK.name
    nbformat.write(executed, fresh)
    committed = nbformat.read(NOTEBOOK, as_version=4)
    for (source, before), (_, after) in zip(texts(committed), texts(executed), strict=True):
        is_current = len(before) == len(after) and all(map(are_alike, before, after))
        assert is_current, f"{NOTEBOOK} is stale at {source!r}; if the new output is right: cp {fresh} {NOTEBOOK}"


@pytest.mark.slow
def test_no_data_set_yet(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="has no data set; create one with: onrecord curate RAW --into"):
        run_notebook(tmp_path / "curated", tmp_path)
