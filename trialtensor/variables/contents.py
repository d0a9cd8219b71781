"""Descriptions of what a file holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray

from trialtensor.opening.guard import RefusedError, printable

# Reads a variable of an open file.
Get = Callable[[str], np.ndarray | xarray.DataArray]
# Of what can't be read at all.
_NOTHING = np.dtype("V1")
_LISTED = 20
# Attribute of the tensor that is meant where a file has several; true, or 1.
MAIN = "main_tensor"


@dataclass(frozen=True, slots=True)
class VariableInfo:
    """One array in a file, described without reading its values.

    Attributes
    ----------
    name : str
    shape : tuple of int
    dtype : numpy.dtype
    dims : tuple of str, or None
        Names of the dimensions if the file gives them.
    refused : str
        Why it can't be read, in words that follow its name; empty if it can.
    is_main : bool
        True if the file says that this is the tensor to read, by its attribute ``main_tensor``.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    dims: tuple[str, ...] | None = None
    refused: str = ""
    is_main: bool = False

    @property
    def is_tensor(self) -> bool:
        """True if this can be a trial tensor."""
        return not self.refused and len(self.shape) == 3 and self.dtype.kind in "fiub"

    @property
    def has_more_axes(self) -> bool:
        """True if this can be a trial tensor with more axes than trials, neurons and times."""
        return not self.refused and len(self.shape) > 3 and self.dtype.kind in "fiub"

    @property
    def is_pickled(self) -> bool:
        """True if the values are Python objects, which are never loaded."""
        return self.dtype.hasobject

    @property
    def kind(self) -> str:
        """Type of the values in plain words."""
        if self.refused:
            return self.refused
        if self.is_pickled:
            return "Python objects (never loaded)"
        return "text" if self.dtype.kind in "US" else str(self.dtype)

    def __str__(self) -> str:
        return f"{self.name} {self.kind if self.refused else f'{self.shape} {self.kind}'}"


@dataclass(frozen=True, slots=True)
class InParts:
    """A variable of an open file, read a part at a time.

    Attributes
    ----------
    like : array or xarray.DataArray
        Zeros that take no memory, of its shape, with its names, attributes and coordinates.
    dtype : numpy.dtype
        Of the values, whichever part is read.
    read : callable
        From a slice for each axis to the values.
    chunks : tuple of int, or None
        How it is stored; None for values one after the other.
    reverse : bool
        These have the last axis first, as MATLAB's.
    """

    like: np.ndarray | xarray.DataArray
    dtype: np.dtype
    read: Callable[[tuple[Any, ...]], np.ndarray]
    chunks: tuple[int, ...] | None = None
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """One array in an open file.

    Attributes
    ----------
    info : VariableInfo
    get : callable
        Reads the values, with their names and coordinates if the file has them.
    parts : callable, or None
        Gives what reads it a part at a time; None if it can only be read as a whole.
    """

    info: VariableInfo
    get: Callable[[], np.ndarray | xarray.DataArray]
    parts: Callable[[], InParts] | None = None


# The variables of a file by name, each made when it is asked for.
Contents = dict[str, Callable[[], Variable]]


def says_main(attributes: Mapping[Any, Any]) -> bool:
    """Return whether attributes of a variable say that it is the tensor to read.

    Parameters
    ----------
    attributes : mapping
    """
    value = np.asarray(attributes.get(MAIN, False))
    return value.size == 1 and value.dtype.kind in "iub" and bool(value.reshape(()))


def refused_variable(name: str, why: str, shape: tuple[int, ...] = ()) -> Variable:
    """Describe what can't be read, so that it is listed nevertheless.

    Parameters
    ----------
    name : str
    why : str
        Words that follow the name, such as "is a soft link".
    shape : tuple of int
    """

    def get() -> np.ndarray:
        raise RefusedError(f"{name} {why}")

    return Variable(VariableInfo(name, shape, _NOTHING, refused=why), get)


def by_name(variables: Contents) -> Get:
    """Return a function that reads one of several variables.

    Parameters
    ----------
    variables : dict
        Name -> what makes the variable.
    """

    def get(name: str) -> np.ndarray | xarray.DataArray:
        if name not in variables:
            raise RefusedError(f"has no variable {name!r}")
        return variables[name]().get()

    return get


def nothing_of(shape: tuple[int, ...]) -> np.ndarray:
    """Return zeros that take no memory.

    Parameters
    ----------
    shape : tuple of int
    """
    return np.broadcast_to(np.zeros((), np.int8), shape)


def shown_names(names: list[str]) -> dict[str, str]:
    """Give names that can be printed, each once, to names from a file.

    Parameters
    ----------
    names : list of str

    Returns
    -------
    dict
        Printable name -> name in the file. The last of several that look alike is kept.
    """
    return {printable(name): name for name in names}


def listed(variables: list[VariableInfo]) -> str:
    """List variables in a line of bounded length.

    Parameters
    ----------
    variables : list of VariableInfo
    """
    more = len(variables) - _LISTED
    shown = "; ".join(map(str, variables[:_LISTED])) or "nothing"
    return f"{shown}; and {more} more" if more > 0 else shown
