"""Variables of MATLAB files of version 5 to 7, read by SciPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.opening.guard import RefusedError
from trialtensor.variables.contents import Contents, Variable, VariableInfo, refused_variable
from trialtensor.variables.matlab import NUMBERS, squeezed
from trialtensor.variables.matlab5_headers import Header, headers, paths

_DTYPES = {"double": "f8", "single": "f4", "logical": "?"}


def load(path: Path, names: list[str] | None = None) -> dict[str, Any]:
    """Load variables by SciPy, as it gives them, once their headers have been checked.

    Nothing is executed: function handles and objects come as what SciPy makes of their bytes.

    Parameters
    ----------
    path : Path
    names : list of str, optional
        Some of the variables; all by default.
    """
    from scipy.io import loadmat

    found: dict[str, Any] = loadmat(path, variable_names=names, mat_dtype=True)
    return {name: value for name, value in found.items() if not name.startswith("__")}


def variables_of(path: Path) -> Contents:
    """Return what a file holds, by name; fields of single structs as "data/rates".

    Parameters
    ----------
    path : Path
    """
    loaded = cache(lambda top: load(path, [top]).get(top))
    return {
        name: partial(_variable, partial(_field, loaded, name), name, header)
        for name, header in paths(headers(path))
        if header.kind != "struct"
    }


def text_of(value: Any) -> list[str] | None:
    """Return the rows of a character array of SciPy; None if it is none.

    Parameters
    ----------
    value : object
    """
    if not isinstance(value, np.ndarray) or value.dtype.kind != "U":
        return None
    return [str(each).rstrip(" \0") for each in value.ravel()]


def _variable(get: Callable[[], Any], name: str, header: Header) -> Variable:
    if header.kind in ("char", "cell"):
        try:
            text = _texts(get())
        except RefusedError as error:
            return refused_variable(name, str(error), header.shape)
        return Variable(VariableInfo(name, text.shape, text.dtype), _constant(text))
    if header.kind not in NUMBERS | {"logical"}:
        what = {"complex": "holds complex numbers, which are not read"}
        why = what.get(header.kind, f"is a MATLAB {header.kind}, which is not read")
        return refused_variable(name, why, header.shape)
    dtype = np.dtype(_DTYPES.get(header.kind, header.kind))
    shape = squeezed(np.broadcast_to(np.zeros(()), header.shape)).shape

    def numbers() -> np.ndarray:
        values = squeezed(np.asarray(get()))
        if values.shape != shape or values.dtype.kind not in "fiub":
            raise RefusedError(f"{name} isn't what its header says")
        return values != 0 if header.kind == "logical" else values.astype(dtype, copy=False)

    return Variable(VariableInfo(name, shape, dtype), numbers)


def _field(loaded: Callable[[str], Any], name: str) -> Any:
    """Return a variable, or a field of a single struct."""
    top, *fields = name.split("/")
    value = loaded(top)
    for field in fields:
        if not isinstance(value, np.ndarray) or field not in (value.dtype.names or ()):
            raise RefusedError(f"{name} isn't there any more")
        value = value[field].flat[0]
    return value


def _texts(value: Any) -> np.ndarray:
    """Return text as an array, also that of a cell array."""
    rows = text_of(value)
    if rows is None and isinstance(value, np.ndarray) and value.dtype == object:
        cells = [text_of(each) if np.size(each) else [""] for each in value.ravel(order="F")]
        if any(each is None or len(each) > 1 for each in cells):
            raise RefusedError("is a cell array, and not one of text")
        rows = [(each or [""])[0] for each in cells]
    if rows is None:
        raise RefusedError("isn't text")
    return squeezed(np.array(rows, dtype=str)[:, None])


def _constant(values: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: values
