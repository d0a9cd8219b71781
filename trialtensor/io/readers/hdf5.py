"""HDF5 reader: the datasets in all groups, named by their path."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.io.contents import HDF5, VariableInfo, opened_once, reading

SUFFIXES = (".h5", ".hdf5", ".hdf")
_KIND = "an HDF5 file"


def describe(path: Path) -> list[VariableInfo]:
    """Describe the datasets.

    Parameters
    ----------
    path : Path
    """
    import h5py

    found: list[VariableInfo] = []

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            found.append(VariableInfo(name, item.shape, _dtype(item)))

    with reading(path, _KIND, HDF5), h5py.File(path) as file:
        file.visititems(add)
    return found


def opened(path: Path) -> AbstractContextManager[Callable[[str], np.ndarray]]:
    """Open the file once for many datasets; give a function that reads one by its name.

    Parameters
    ----------
    path : Path
    """
    import h5py

    return opened_once(h5py.File, _values, path, _KIND, HDF5)


def read(path: Path, variable: str) -> np.ndarray:
    """Read one dataset; text becomes strings, with � for bytes that aren't UTF-8.

    Parameters
    ----------
    path : Path
    variable : str
    """
    with opened(path) as get:
        return get(variable)


def _dtype(dataset: Any) -> np.dtype:
    import h5py

    # h5py reports text as objects, but ``read`` returns strings, without a pickle.
    return np.dtype("U") if h5py.check_string_dtype(dataset.dtype) else dataset.dtype


def _values(file: Any, variable: str) -> np.ndarray:
    import h5py

    dataset = file[variable]
    if h5py.check_string_dtype(dataset.dtype):
        return np.array(dataset.asstr("utf-8", errors="replace")[()], dtype=str)
    return dataset[()]
