"""The wheel contains everything that a run needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
STORY = """Ferry service to Port Ellery resumes

PORT ELLERY, May 7 2024 - The ferry will sail again on Wednesday, the harbour board said.

"We checked every cable and every ramp," said Mara Oduya, who leads the board.
"""


def run(*command: object, cwd: Path) -> str:
    ran = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
@pytest.mark.skipif(not UV.exists(), reason="uv, which `make test` installs, is not in this environment")
def test_the_wheel_curates_a_file_in_an_empty_environment(tmp_path: Path) -> None:
    # From a copy: a build leaves a folder build/ beside pyproject.toml, whose stale files would enter the next wheel.
    checkout = tmp_path / "checkout"
    shutil.copytree(CHECKOUT / "src", checkout / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(CHECKOUT / name, checkout)
    run(UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path, checkout, cwd=tmp_path)
    (wheel,) = tmp_path.glob("onrecord-*.whl")
    run(UV, "venv", "--quiet", "--python", sys.executable, "fresh", cwd=tmp_path)
    python = tmp_path / "fresh" / "bin" / "python"
    run(UV, "pip", "install", "--quiet", "--python", python, "-c", CHECKOUT / "constraints.txt", wheel, cwd=tmp_path)
    (tmp_path / "story.txt").write_text(STORY, "utf-8")
    run(python.with_name("onrecord"), "curate", "story.txt", "--into", "curated", cwd=tmp_path)
    statement = "import onrecord; print(onrecord.open_version('curated').read('quotes', ['speaker_name']).to_pylist())"
    assert "{'speaker_name': 'Mara Oduya'}" in run(python, "-c", statement, cwd=tmp_path)
