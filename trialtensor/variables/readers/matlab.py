"""MATLAB reader: files of version 7.3, which are HDF5, and of versions 5 to 7."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trialtensor.opening.guard import HDF5, MATLAB_HDF5
from trialtensor.variables import hierarchy, matlab5
from trialtensor.variables.contents import Contents, Get, VariableInfo, by_name
from trialtensor.variables.matlab5_parsing import START, is_version_5

SUFFIXES = (".mat",)
KIND = "a MATLAB file"
SIGNATURES = (MATLAB_HDF5, HDF5, START)


def describe(path: Path) -> list[VariableInfo]:
    """Describe the variables.

    Parameters
    ----------
    path : Path
    """
    if not is_version_5(path):
        return hierarchy.describe(path)
    return [describe_one().info for describe_one in matlab5.variables_of(path).values()]


@contextmanager
def contents(path: Path) -> Iterator[Contents]:
    """Open the file; gives its variables. Those of versions 5 to 7 are only read as a whole.

    Parameters
    ----------
    path : Path
    """
    if is_version_5(path):
        yield matlab5.variables_of(path)
    else:
        with hierarchy.contents(path) as found:
            yield found


@contextmanager
def opened(path: Path) -> Iterator[Get]:
    """Open the file once for many variables; give a function that reads one by its name.

    Parameters
    ----------
    path : Path
    """
    with contents(path) as found:
        yield by_name(found)
