"""The pictures of the guides can be made anew."""

import importlib.util
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

FIGURES = Path(__file__).resolve().parents[2] / "docs" / "figures"


def test_toy_pictures():
    path = FIGURES / "slicetca_toys.py"
    spec = importlib.util.spec_from_file_location("slicetca_toys", path)
    toys = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(toys)
    assert path.with_suffix(".png").is_file()
    for name, *_, tensor in toys.toys():
        unfolded = np.moveaxis(tensor, ("trial", "neuron", "time").index(name.split("-")[0]), 0)
        assert np.linalg.matrix_rank(unfolded.reshape(len(unfolded), -1)) == 1
    plt.close(toys.draw())
