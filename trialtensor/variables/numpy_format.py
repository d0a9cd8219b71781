"""Arrays in NumPy's own format, whose headers are not believed before they are checked."""

from math import prod
from typing import IO

import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_whole, size
from trialtensor.variables.contents import VariableInfo


def describe_array(
    name: str, file: IO[bytes], n_bytes: int, *, exactly: bool = False
) -> VariableInfo:
    """Describe an array from its header.

    Parameters
    ----------
    name : str
        Name to give to the array.
    file : binary file
        At the start of the array.
    n_bytes : int
        What header and values can take at most.
    exactly : bool
        They take exactly that much.

    Raises
    ------
    ValueError
        If it declares a size that can't be.
    """
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0
    if version > (1, 0):
        header = np.lib.format.read_array_header_2_0
    shape, _, dtype = header(file)
    if any(isinstance(n, bool) or n < 0 for n in shape):
        raise RefusedError(f"{name} declares the shape {shape}")
    if not dtype.hasobject:  # pickled objects are never read
        _check_size(name, prod(shape) * dtype.itemsize, n_bytes - file.tell(), exactly)
    return VariableInfo(name, shape, dtype)


def read_array(name: str, file: IO[bytes], n_bytes: int, *, exactly: bool = False) -> np.ndarray:
    """Read an array; refuse Python objects.

    Parameters
    ----------
    name, file, n_bytes, exactly : as for `describe_array`
    """
    start = file.tell()
    about = describe_array(name, file, n_bytes, exactly=exactly)
    if not about.is_pickled:
        refuse_whole(name, prod(about.shape) * about.dtype.itemsize)
    file.seek(start)
    values: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
    return values


def _check_size(name: str, declared: int, left: int, exactly: bool) -> None:
    if declared > left or (exactly and declared < left):
        raise ValueError(f"{name} declares {size(declared)} of values, where {size(left)} are")
