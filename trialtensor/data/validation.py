"""Conversion of arrays, masks and labelled arrays to a checked trial tensor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.axes import AXES
from trialtensor.data.labels import plain_labels, unlabelled
from trialtensor.data.parsing import by_any_axis

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False, slots=True)
class CheckedTensor:
    """A trial tensor ready for a solver.

    The arrays are read-only, because ``values`` may share memory with the user's array.

    Attributes
    ----------
    values : ndarray of shape (n_trials, n_neurons, n_times), or with more axes
        C-contiguous float32 or float64; zero where missing, unless they were not to be filled.
    observed : bool ndarray of the same shape, or None
        False where missing; None if nothing is missing.
    coords : dict
        One-dimensional coordinates, name -> (axis, values), as from
        `trialtensor.data.labels.plain_labels`; empty for bare arrays.
    empty : tuple of bool ndarrays
        For each axis, True for slices without any observed entry.
    axes : tuple of str
        Names of the axes.
    """

    values: np.ndarray
    observed: np.ndarray | None
    coords: dict[str, tuple[str, np.ndarray]]
    empty: tuple[np.ndarray, ...]
    axes: tuple[str, ...] = AXES

    @property
    def empty_trials(self) -> np.ndarray:
        """True for trials without any observed entry."""
        return self.empty[0]

    @property
    def empty_neurons(self) -> np.ndarray:
        """True for neurons without any observed entry."""
        return self.empty[1]

    @property
    def empty_times(self) -> np.ndarray:
        """True for time bins without any observed entry."""
        return self.empty[-1]


def check_trial_tensor(
    X: Any, *, mask: Any = None, name: str = "X", fill: bool = True, many: bool = False
) -> CheckedTensor:
    """Check `X` and return it in the form that solvers expect.

    Parameters
    ----------
    X : array-like of shape (n_trials, n_neurons, n_times), or xarray.DataArray
        Any real dtype. A DataArray may have its dimensions in any order and under any of the
        names in `trialtensor.data.axes.ALIASES`. NaN and masked entries of a
        `numpy.ma.MaskedArray` are missing. Never modified, and not copied if it is a C-contiguous
        float array with nothing missing.
    mask : bool array-like of the shape of `X`, optional
        False where missing. The value of a missing entry never matters, even if infinite.
    name : str
        Argument name used in error messages.
    fill : bool
        Set missing values to zero, which takes a copy of the data. Without it they can be anything.
    many : bool
        Accept more than three axes, named as in :func:`trialtensor.data.more_axes.name_axes`.

    Returns
    -------
    CheckedTensor

    Raises
    ------
    ValueError
        If `X` isn't three-dimensional, has an unknown or repeated dimension name, an axis of
        length zero, no observed entry, infinite observed values or a dtype that isn't real;
        or if `mask` isn't boolean or doesn't have the shape of `X`.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.data import check_trial_tensor
    >>> X = np.ones((4, 3, 2))
    >>> check_trial_tensor(X).observed is None
    True
    >>> X[1] = np.nan
    >>> checked = check_trial_tensor(X)
    >>> checked.empty_trials
    array([False,  True, False, False])
    >>> checked.values.sum()
    np.float64(18.0)
    """
    values, mask, coords, axes = by_any_axis(X, mask, None, name, many=many)
    observed = _observed(values, mask, name)
    dtype = _float_dtype(values.dtype)
    if observed is None:
        empty = tuple(np.zeros(n, dtype=bool) for n in values.shape)
    else:
        observed.flags.writeable = False
        places = range(observed.ndim)
        empty = tuple(
            np.logical_not(observed.any(axis=tuple(i for i in places if i != place)))
            for place in places
        )
    if observed is None or not fill:
        values = np.ascontiguousarray(values, dtype=dtype).view()
    else:
        filled = np.zeros(values.shape, dtype=dtype)
        np.copyto(filled, values, where=observed, casting="same_kind")
        values = filled
    _refuse_infinite(values, name, None if fill else observed, axes)
    values.flags.writeable = False
    return CheckedTensor(
        values=values,
        observed=observed,
        coords=_one_dimensional(coords),
        empty=empty,
        axes=axes,
    )


def as_trial_tensor(
    X: Any,
    *,
    mask: Any = None,
    axes: str | Sequence[str] | None = None,
    name: str = "X",
    many: bool = True,
) -> "xarray.DataArray":
    """Return `X` as a labelled trial tensor.

    Parameters
    ----------
    X : array-like with three axes or more, or xarray.DataArray
        As for `check_trial_tensor`. Never modified; the result shares its memory if possible.
    mask : bool array-like of the shape of `X`, optional
        False where missing; with axes in the order of those of `X`.
    axes : sequence of names, or one text, optional
        The axes of `X`, such as ``"neuron,trial,time"`` or ``("neuron", "trial", "time")``. By
        default a bare array is (trial, neuron, time), and a DataArray is read by the names of its
        dimensions. Of four axes or more one must be that of trials, and others can have any name
        (``"trial,channel,frequency,time"``); bare ones are trial, neuron, axis2, ..., time.
    name : str
        Argument name used in error messages.
    many : bool
        Accept more than three axes.

    Returns
    -------
    xarray.DataArray
        With dimensions ("trial", "neuron", "time"), other axes before time, the coordinates and
        attributes of `X`, and NaN where missing. float32 and float64 are kept, and float16 becomes
        float32; integers and booleans are kept unless something is missing, and then become
        float64.

    Raises
    ------
    ValueError
        As for `check_trial_tensor`, and if `axes` doesn't name each axis once.

    Examples
    --------
    >>> import numpy as np
    >>> from trialtensor.data import as_trial_tensor
    >>> as_trial_tensor(np.zeros((30, 100, 20)), axes="neuron,trial,time").sizes
    Frozen({'trial': 100, 'neuron': 30, 'time': 20})
    """
    import xarray

    values, mask, coords, found = by_any_axis(X, mask, axes, name, many=many)
    observed = _observed(values, mask, name)
    _refuse_infinite(values, name, observed, found)
    if observed is not None:
        filled = np.full(values.shape, np.nan, dtype=_float_dtype(values.dtype))
        np.copyto(filled, values, where=observed, casting="same_kind")
        values = filled
    elif values.dtype.kind == "f":
        values = values.astype(_float_dtype(values.dtype), copy=False)
    if coords is None:
        return xarray.DataArray(values, dims=found)
    return with_plain_labels(coords.copy(deep=False, data=values))


def with_plain_labels(X: "xarray.DataArray") -> "xarray.DataArray":
    """Return the same data with text for labels that are bytes, and None for those that are empty.

    Parameters
    ----------
    X : xarray.DataArray
    """
    changed = {}
    for key, coord in X.coords.items():
        if coord.ndim != 1 or coord.dtype.kind not in "SOU" or _has_levels(X, key):
            continue
        values = coord.to_numpy()
        found = plain_labels(values)
        if unlabelled(found).any() or any(isinstance(each, bytes) for each in values.tolist()):
            changed[key] = (coord.dims, found, coord.attrs)
    return X.assign_coords(changed) if changed else X


def _has_levels(X: "xarray.DataArray", name: Any) -> bool:
    return getattr(X.indexes.get(name), "nlevels", 1) > 1


def _observed(values: np.ndarray, mask: np.ndarray | None, name: str) -> np.ndarray | None:
    """Return a new mask of the observed entries of `values`, or None if all are observed."""
    may_be_nan = values.dtype.kind == "f" and not _sums_to_finite(values)
    if mask is None and not may_be_nan:
        return None
    if may_be_nan:
        observed = np.empty(values.shape, dtype=bool)
        np.logical_not(np.isnan(values, out=observed), out=observed)
        if mask is not None:
            observed &= mask
    else:
        observed = np.array(mask, order="C")
    if observed.all():
        return None
    if not observed.any():
        raise ValueError(
            f"{name}: all {values.size} entries are missing (NaN, or False in mask); "
            "at least one observed value is needed"
        )
    return observed


def _sums_to_finite(values: np.ndarray) -> bool:
    """Check that the sum is finite: this proves that all values are, without a temporary array."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def _refuse_infinite(
    values: np.ndarray, name: str, observed: np.ndarray | None, axes: Sequence[str]
) -> None:
    if values.dtype.kind != "f" or _sums_to_finite(values):
        return
    # One trial at a time: this also runs on large arrays with NaN, where memory is tight.
    count = 0
    first: tuple[int, ...] | None = None
    for k, trial in enumerate(values):
        infinite = np.isinf(trial) if observed is None else np.isinf(trial) & observed[k]
        count += int(np.count_nonzero(infinite))
        if first is None and count:
            first = (k, *map(int, np.argwhere(infinite)[0]))
    if first is not None:
        entries = "1 infinite value" if count == 1 else f"{count} infinite values"
        where = ", ".join(f"{axis} {i}" for axis, i in zip(axes, first, strict=True))
        raise ValueError(
            f"{name}: {entries}, the first at {where}; set them to NaN if they are missing"
        )


def _float_dtype(dtype: np.dtype) -> type[np.floating]:
    return np.float32 if dtype.kind == "f" and dtype.itemsize <= 4 else np.float64


def _one_dimensional(X: "xarray.DataArray | None") -> dict[str, tuple[str, np.ndarray]]:
    if X is None:
        return {}
    return {
        str(key): (str(coord.dims[0]), plain_labels(coord.to_numpy()))
        for key, coord in X.coords.items()
        if coord.ndim == 1
    }
