import textwrap

import pytest

from trialtensor.io import read
from trialtensor.variables import readers

FOREIGN = """
import numpy as np

from trialtensor.variables.contents import VariableInfo

SUFFIXES = (".mine",)


def describe(path):
    return [VariableInfo("X", (2, 2, 2), np.dtype(float))]


def read(path, variable):
    return np.full((2, 2, 2), float(path.read_text()))
"""


def test_a_reader_is_one_file(tmp_path, monkeypatch):
    """A module put into the folder is found without being listed anywhere."""
    folder = tmp_path / "readers"
    folder.mkdir()
    (folder / "mine.py").write_text(textwrap.dedent(FOREIGN))
    monkeypatch.setattr(readers, "__path__", [*readers.__path__, str(folder)])
    (tmp_path / "data.mine").write_text("7")
    assert (read(tmp_path / "data.mine") == 7).all()


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".nc", ".nc4", ".h5", ".hdf5"])
def test_every_reader_keeps_the_contract(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.touch()
    reader = readers.find_reader(path)
    assert suffix in reader.SUFFIXES
    with pytest.raises(ValueError, match="an empty file"):
        reader.describe(path)
