"""Loading fitted models from files."""

from __future__ import annotations

import os
from pathlib import Path

import h5py

from trialtensor.models.base import TrialEstimator
from trialtensor.models.files import FORMAT, FORMAT_VERSION, read
from trialtensor.models.first_format import read_first_format
from trialtensor.models.registry import kind_named
from trialtensor.opening.guard import RefusedError, reading_own
from trialtensor.opening.hdf5 import open_hdf5


def load(path: str | os.PathLike[str]) -> TrialEstimator:
    """Read a fitted model that ``save`` wrote.

    Parameters
    ----------
    path : path of the HDF5 file

    Returns
    -------
    fitted estimator

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or is not a saved model, or comes from a newer version, or holds
        a kind of model that no installed package has registered.
    """
    path = Path(path)
    with reading_own(path, "saved model"), open_hdf5(path, own=True) as file:
        return _model(_kind(file), file)


def _model(kind: type[TrialEstimator], file: h5py.File) -> TrialEstimator:
    first = int(file.attrs["format_version"]) == 1
    stored = read_first_format(file) if first else read(file)
    if "weights" not in stored.arrays:
        raise ValueError("it holds no weights")
    model = kind(**stored.parameters)
    model.check_parameters()
    about = {"record": stored.record, "data": stored.data, "coords": stored.coords}
    model._store(model._assemble(stored.arrays, **about))
    return model


def _kind(file: h5py.File) -> type[TrialEstimator]:
    if file.attrs.get("format") != FORMAT:
        raise RefusedError("is an HDF5 file, but not a saved model")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise RefusedError(
            f"was written by a newer version (format {version}, this one reads up to "
            f"{FORMAT_VERSION}): upgrade trialtensor"
        )
    if version < 1:
        raise ValueError(f"format {version} never existed")
    try:
        return kind_named(str(file.attrs["model"]))
    except ValueError as error:
        raise RefusedError(str(error)) from None
