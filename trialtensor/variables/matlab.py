"""Variables of MATLAB files of version 7.3, which are HDF5 with the axes in reverse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_whole
from trialtensor.opening.references import referred_doubles
from trialtensor.variables.contents import (
    InParts,
    Variable,
    VariableInfo,
    nothing_of,
    refused_variable,
)
from trialtensor.variables.matlab_values import squeezed

CLASS, EMPTY = "MATLAB_class", "MATLAB_empty"
# Groups that hold what others refer to.
HIDDEN = ("#refs#", "#subsystem#")
NUMBERS = frozenset(
    ["double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]
)
_MOST_AXES = 32
_MOST_CELLS = 100_000


def matlab_variable(name: str, item: h5py.Dataset, attributes: Mapping[str, Any]) -> Variable:
    """Describe a variable that MATLAB wrote.

    Rows and columns become arrays with one axis and single values become scalars, because MATLAB
    gives everything at least two. Cell arrays are read if they hold text.

    Parameters
    ----------
    name : str
    item : h5py.Dataset
    attributes : mapping
    """
    kind = str(attributes[CLASS])
    if np.any(attributes.get(EMPTY, 0)):
        return _described(name, np.zeros(empty_shape(item), _dtype(kind)))
    if kind == "char" and item.dtype.kind in "iu":
        return _described(name, squeezed(np.array(text_rows(item), dtype=str)[:, None]))
    if kind == "cell":
        return _cell(name, item)
    if item.dtype.names is not None:
        return refused_variable(name, "holds complex numbers, which are not read", item.shape[::-1])
    if kind not in NUMBERS | {"logical"} or item.dtype.kind not in "fiu":
        return refused_variable(name, f"is a MATLAB {kind}, which is not read", item.shape[::-1])
    dtype = np.dtype(bool) if kind == "logical" else item.dtype
    shape = squeezed(np.broadcast_to(np.zeros(()), item.shape[::-1])).shape

    def get() -> np.ndarray:
        refuse_whole(name, item.size * item.dtype.itemsize)
        values = squeezed(item[()].T)
        return values != 0 if kind == "logical" else values

    def parts() -> InParts:
        def read(where: tuple[Any, ...]) -> np.ndarray:
            values = np.asarray(item[where[::-1]]).T
            return values != 0 if kind == "logical" else values.astype(native, copy=False)

        chunks = None if item.chunks is None else item.chunks[::-1]
        native = dtype.newbyteorder("=")
        return InParts(nothing_of(shape), native, read, chunks, reverse=True)

    whole = len(shape) == item.ndim
    return Variable(VariableInfo(name, shape, dtype), get, parts if whole else None)


def _described(name: str, values: np.ndarray) -> Variable:
    return Variable(VariableInfo(name, values.shape, values.dtype), _constant(values))


def _constant(values: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: values


def empty_shape(item: h5py.Dataset) -> tuple[int, ...]:
    """Read the shape of an empty array: it is stored in place of the values.

    Parameters
    ----------
    item : h5py.Dataset
    """
    if item.size > _MOST_AXES:
        raise RefusedError(f"has an empty array with {item.size} axes")
    shape = tuple(int(n) for n in np.ravel(item[()]))
    if 0 not in shape or min(shape) < 0:
        raise RefusedError(f"has an empty array of shape {shape}")
    return shape


def _dtype(kind: str) -> np.dtype:
    if kind in ("char", "cell"):
        return np.dtype("U1")
    known = {"double": "f8", "single": "f4", "logical": "?"}
    return np.dtype(known.get(kind, kind if kind in NUMBERS else "f8"))


def text_rows(item: h5py.Dataset) -> list[str]:
    """Read characters: the rows, each without the blanks at its end.

    Parameters
    ----------
    item : h5py.Dataset
    """
    codes = np.atleast_2d(item[()].T)
    if codes.ndim != 2:
        raise RefusedError(f"has text with {codes.ndim} axes")
    rows = [codes_.astype("<u2").tobytes().decode("utf-16-le", "replace") for codes_ in codes]
    return [row.rstrip(" \0") for row in rows]


def _cell(name: str, item: h5py.Dataset) -> Variable:
    """Describe a cell array, which refers to its cells."""
    refused = refused_variable(name, "is a cell array, and not one of text", item.shape[::-1])
    if h5py.check_ref_dtype(item.dtype) is not h5py.Reference or item.size > _MOST_CELLS:
        return refused
    cells: list[str] = []
    for reference in item[()].T.flat:
        if not reference or referred_doubles(item, reference) is not None:
            return refused
        cell = item.file[reference]
        given = {key: cell.attrs.get(key) for key in (CLASS, EMPTY)}
        if not isinstance(cell, h5py.Dataset) or given[CLASS] != b"char":
            return refused
        text = [""] if given[EMPTY] else text_rows(cell)
        if len(text) != 1:
            return refused
        cells += text
    return _described(name, squeezed(np.array(cells, dtype="U").reshape(item.shape[::-1])))
