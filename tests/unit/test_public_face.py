from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import onrecord
from pipeline import curate, store
from pipeline.settings import VERSION


def test_public_names_come_from_the_pipeline() -> None:
    assert onrecord.__version__ == VERSION
    assert onrecord.open_version is store.open_version
    assert onrecord.curate is curate.curate
    assert all(hasattr(onrecord, name) for name in onrecord.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'quotes'"):
        _ = onrecord.quotes


@pytest.mark.parametrize(
    "statement", ["import onrecord", "import pipeline, onrecord"], ids=["first", "already-imported"]
)
def test_another_module_called_pipeline_is_named(tmp_path: Path, statement: str) -> None:
    other = tmp_path / "pipeline.py"
    other.write_text("")
    ran = subprocess.run([sys.executable, "-c", statement], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert f"Python finds {other} first; rename that file" in ran.stderr


def test_import_loads_nothing_heavy() -> None:
    statement = "import onrecord, sys; print(sorted({'pandas', 'pyarrow', 'onnxruntime'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", statement], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
