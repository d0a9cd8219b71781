"""Variables of MATLAB files of version 5 to 7 by name, as those of version 7.3 have them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.variables.contents import Contents, Variable, VariableInfo, refused_variable
from trialtensor.variables.matlab5_parsing import values_of
from trialtensor.variables.matlab_values import (
    Cells,
    Numbers,
    Struct,
    Text,
    Unread,
    Value,
    flattened,
    squeezed,
)


def variables_of(path: Path) -> Contents:
    """Return what a file holds, by name; fields of single structs as "data/rates".

    Parameters
    ----------
    path : Path
    """
    values = flattened(values_of(path))
    return {
        name: partial(_variable, name, value)
        for name, value in values
        if not (isinstance(value, Struct) and value.is_one)
    }


def _variable(name: str, value: Value) -> Variable:
    if isinstance(value, Numbers):
        shape = squeezed(np.broadcast_to(np.zeros(()), value.shape)).shape
        return Variable(VariableInfo(name, shape, value.dtype), lambda: squeezed(value.read()))
    if isinstance(value, Unread):
        return refused_variable(name, value.why, value.shape)
    if isinstance(value, Struct):
        return refused_variable(name, "is an array of structs, which is not read", value.shape)
    try:
        text = _text(value)
    except RefusedError as error:
        return refused_variable(name, str(error), value.shape)
    return Variable(VariableInfo(name, text.shape, text.dtype), lambda: text)


def _text(value: Text | Cells) -> np.ndarray:
    """Return text, also of a cell array, as an array."""
    if isinstance(value, Text):
        return squeezed(np.array(value.rows, dtype=str)[:, None])
    texts = []
    for cell in value.cells.flat:
        empty = isinstance(cell, Numbers) and 0 in cell.shape
        if not empty and not (isinstance(cell, Text) and len(cell.rows) <= 1):
            raise RefusedError("is a cell array, and not one of text")
        texts.append("" if empty or not cell.rows else cell.rows[0])
    return squeezed(np.array(texts, dtype=str).reshape(value.shape))
