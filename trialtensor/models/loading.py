"""Loading fitted models from files."""

from __future__ import annotations

import os
from pathlib import Path

import h5py

from trialtensor.models.base import TrialEstimator
from trialtensor.models.files import FORMAT, FORMAT_VERSION, read
from trialtensor.models.first_format import read_first_format
from trialtensor.models.registry import kind_named
from trialtensor.storage import is_intact


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
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no file {str(path)!r}")
    try:
        if not is_intact(path):
            raise _RefusedError("is damaged: it has changed since it was saved (checksum)")
        with h5py.File(path, "r") as file:
            return _model(_kind(file), file)
    except _RefusedError as error:
        raise ValueError(f"path: {str(path)!r} {error}") from None
    except Exception as error:
        # Whatever a damaged file makes of its arrays and words.
        raise ValueError(f"path: {str(path)!r} is not a complete saved model ({error})") from error


class _RefusedError(Exception):
    """What is wrong with a file that isn't damaged."""


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
        raise _RefusedError("is an HDF5 file, but not a saved model")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise _RefusedError(
            f"was written by a newer version (format {version}, this one reads up to "
            f"{FORMAT_VERSION}): upgrade trialtensor"
        )
    if version < 1:
        raise ValueError(f"format {version} never existed")
    try:
        return kind_named(str(file.attrs["model"]))
    except ValueError as error:
        raise _RefusedError(str(error)) from None
