"""What the guides show runs, and their pictures can be made anew."""

import importlib.util
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{i}")
    for folder in ("guide", "how_to", "migration")
    for page in sorted((DOCS / folder).rglob("*.md"))
    for i, block in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_python_runs(block, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "guide", "exec"), {})
    assert "nan" not in capsys.readouterr().out


def test_toy_pictures():
    path = DOCS / "figures" / "slicetca_toys.py"
    spec = importlib.util.spec_from_file_location("slicetca_toys", path)
    toys = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(toys)
    assert path.with_suffix(".png").is_file()
    for name, *_, tensor in toys.toys():
        unfolded = np.moveaxis(tensor, ("trial", "neuron", "time").index(name.split("-")[0]), 0)
        assert np.linalg.matrix_rank(unfolded.reshape(len(unfolded), -1)) == 1
    plt.close(toys.draw())
