"""MATLAB reader: files of version 7.3, which are HDF5."""

from contextlib import AbstractContextManager
from pathlib import Path

from trialtensor.opening.guard import HDF5, MATLAB_HDF5, RefusedError
from trialtensor.variables import hierarchy
from trialtensor.variables.contents import Get, VariableInfo

SUFFIXES = (".mat",)
KIND = "a MATLAB file of version 7.3"
SIGNATURES = (MATLAB_HDF5, HDF5)

_OLDER = b"MATLAB 5.0"


def describe(path: Path) -> list[VariableInfo]:
    """Describe the variables.

    Parameters
    ----------
    path : Path
    """
    _refuse_older(path)
    return hierarchy.describe(path)


def opened(path: Path) -> AbstractContextManager[Get]:
    """Open the file once for many variables; give a function that reads one by its name.

    Parameters
    ----------
    path : Path
    """
    _refuse_older(path)
    return hierarchy.opened(path)


def _refuse_older(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(_OLDER)) == _OLDER:
            raise RefusedError(
                "is a MATLAB file of version 5 to 7; save it in MATLAB with "
                "save(..., '-v7.3'), or as .npz with scipy.io.loadmat and numpy.savez"
            )
