"""What netCDF files mean by their values: scale, offset, missing values, dates, characters.

Decided as xarray does: `valid_range`, `valid_min` and `valid_max` are not applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray

from trialtensor.opening.guard import RefusedError
from trialtensor.opening.memory import refuse_too_large

# What the netCDF library writes where nothing was written, by type. Single bytes have none.
_DEFAULT_FILL: dict[str, int | float] = {
    "i2": -32767,
    "u2": 65535,
    "i4": -2147483647,
    "u4": 4294967295,
    "i8": -9223372036854775806,
    "u8": 18446744073709551614,
    "f4": 9.969209968386869e36,
    "f8": 9.969209968386869e36,
}
_ANONYMOUS = re.compile(r"(phony_)?dim_\d+")
_NUMBERS = ("scale_factor", "add_offset")
_FILLS = ("_FillValue", "missing_value")
_DECODED = (*_NUMBERS, *_FILLS, "_Unsigned", "dtype")


def is_anonymous(dims: tuple[str, ...]) -> bool:
    """Tell whether some axes of a variable have no names but those that software makes up.

    Parameters
    ----------
    dims : tuple of str
    """
    return any(_ANONYMOUS.fullmatch(dim) for dim in dims)


def decoded_like(variable: xarray.Variable, *, netcdf: bool) -> xarray.Variable:
    """Decode a variable as to its shape, dimensions and type, without its values.

    Parameters
    ----------
    variable : xarray.Variable
        With the shape and type stored in the file; its values are not read.
    netcdf : bool
        As for `decoded`.
    """
    if not _has_meaning(variable, netcdf):
        return variable
    nothing = np.broadcast_to(np.zeros((), variable.dtype), variable.shape)
    return _decode(xarray.Variable(variable.dims, nothing, variable.attrs), netcdf)


def decoded(
    variable: xarray.Variable, read: Callable[[], np.ndarray], *, netcdf: bool
) -> xarray.Variable:
    """Read and decode a variable.

    Parameters
    ----------
    variable : xarray.Variable
        With the dimensions, shape, type and attributes stored in the file.
    read : callable
        Reads the values as they are stored.
    netcdf : bool
        The netCDF library wrote the file: what it fills unwritten places with is missing, and
        arrays of single characters are text.

    Raises
    ------
    RefusedError
        If a scale, offset or fill value is no number.
    """
    if _has_meaning(variable, netcdf) and variable.dtype.kind in "fiu":
        refuse_too_large(variable.size * (8 + variable.dtype.itemsize))
    values = read()
    attributes = dict(variable.attrs)
    if netcdf:
        _add_default_fill(values, attributes)
    raw = xarray.Variable(variable.dims, values, attributes)
    found = _decode(raw, netcdf).load() if _has_meaning(raw, netcdf) else raw
    if found.dtype.kind != "S":
        return found
    return found.copy(data=np.char.decode(found.to_numpy(), "utf-8", "replace"))


def dtype_of_parts(variable: xarray.Variable, *, netcdf: bool) -> np.dtype:
    """Return the type that all parts of a variable have after `decoded_part`.

    Parameters
    ----------
    variable, netcdf : as for `decoded_like`
    """
    found = decoded_like(variable, netcdf=netcdf).dtype
    fill = _DEFAULT_FILL.get(f"{variable.dtype.kind}{variable.dtype.itemsize}")
    # Some part may hold what was never written, and then it is missing.
    if netcdf and fill is not None and found.kind in "iu":
        return np.dtype(np.float32 if found.itemsize <= 2 else np.float64)
    return found.newbyteorder("=")


def decoded_part(
    variable: xarray.Variable, values: np.ndarray, dtype: np.dtype, *, netcdf: bool
) -> np.ndarray:
    """Decode some values of a variable.

    Parameters
    ----------
    variable : xarray.Variable
        As for `decoded`.
    values : array
        As they are stored.
    dtype : numpy.dtype
        From `dtype_of_parts`.
    netcdf : bool
        As for `decoded`.
    """
    part = xarray.Variable(variable.dims, values, variable.attrs)
    return decoded(part, lambda: values, netcdf=netcdf).to_numpy().astype(dtype, copy=False)


def _has_meaning(variable: xarray.Variable, netcdf: bool) -> bool:
    characters = netcdf and variable.dtype == "S1" and variable.ndim > 1
    return characters or _is_date(variable) or any(key in variable.attrs for key in _DECODED)


def _is_date(variable: xarray.Variable) -> bool:
    return " since " in str(variable.attrs.get("units", ""))


def _decode(variable: xarray.Variable, netcdf: bool) -> xarray.Variable:
    attributes = _checked(variable)
    # A plain name, as dimensions of the same name would make an index of it.
    dataset = xarray.Dataset({" ": (variable.dims, variable.data, attributes)})
    how: dict[str, Any] = {
        "concat_characters": netcdf and variable.ndim > 1,
        "decode_coords": False,
        "decode_timedelta": False,
    }
    if _is_date(variable):
        try:
            return xarray.decode_cf(dataset, decode_times=True, **how).variables[" "]
        except (ValueError, OverflowError):
            pass  # "days since surgery" are numbers
    return xarray.decode_cf(dataset, decode_times=False, **how).variables[" "]


def _checked(variable: xarray.Variable) -> dict[str, Any]:
    attributes = {str(key): value for key, value in variable.attrs.items()}
    wanted = [*_NUMBERS, *(_FILLS if variable.dtype.kind in "fiu" else ())]
    for key in wanted:
        if key in attributes:
            value = np.asarray(attributes[key])
            if value.dtype.kind not in "fiu" or (key in _NUMBERS and value.size != 1):
                raise RefusedError(f"{key} is {attributes[key]!r}, expected a number")
    return attributes


def _add_default_fill(values: np.ndarray, attributes: dict[str, Any]) -> None:
    """Have the fill value of the netCDF library count as missing if it occurs."""
    fill = _DEFAULT_FILL.get(f"{values.dtype.kind}{values.dtype.itemsize}")
    if fill is None or not bool((values == np.asarray(fill, values.dtype)).any()):
        return
    # A variable may have both attributes, and several missing values.
    others = np.atleast_1d(attributes.get("missing_value", np.empty(0, values.dtype)))
    attributes["missing_value"] = np.append(others, np.asarray(fill, values.dtype))
