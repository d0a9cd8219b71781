"""The time axis of a trial tensor as numbers: bin centres, the step between them, windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialtensor.data.arrays import as_floats

# Steps of a regular axis differ by no more than this share of their mean: labels may be rounded.
_EVEN = 1e-3


def times_of(X: Any, name: str = "X") -> np.ndarray:
    """Return the bin centres of a labelled trial tensor; 0, 1, 2, ... without a time coordinate.

    Parameters
    ----------
    X : xarray.DataArray
        With dimensions trial, neuron, time.
    name : str
        Argument name used in error messages.

    Returns
    -------
    (n_times,) float array

    Raises
    ------
    ValueError
        If the time coordinate isn't increasing numbers.
    """
    if "time" not in X.coords:
        return np.arange(X.sizes["time"], dtype=float)
    given = X.coords["time"].to_numpy()
    if given.dtype.kind not in "iuf":
        raise ValueError(
            f"{name}: expected numbers as times of bins (s), got {given.dtype}; give it a time "
            "coordinate in seconds"
        )
    times = given.astype(float)
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise ValueError(f"{name}: expected times of bins that increase, got {_brief(times)}")
    return times


def step_of(times: np.ndarray, name: str = "X") -> float:
    """Return the step of a regular time axis; 1 for a single bin.

    Parameters
    ----------
    times : (n_times,) float array
    name : str
        Argument name used in error messages.

    Raises
    ------
    ValueError
        If the steps differ.

    Examples
    --------
    >>> step_of(np.array([0.0, 0.1, 0.2]))
    0.1
    """
    if len(times) < 2:
        return 1.0
    steps = np.diff(times)
    step = float((times[-1] - times[0]) / (len(times) - 1))
    if np.abs(steps - step).max() > _EVEN * step:
        raise ValueError(
            f"{name}: expected bins of one width, got steps from {steps.min():g} to "
            f"{steps.max():g}; resample it to a regular time axis first"
        )
    return step


def bin_width(X: Any, name: str = "X") -> float | None:
    """Return the width of the bins of a labelled tensor in seconds; None where nothing tells.

    Parameters
    ----------
    X : xarray.DataArray
        What its attribute ``bin_size`` says counts, else the step of its time coordinate. Whole
        numbers as times may be numbers of bins, or milliseconds, and tell nothing.
    name : str
        Argument name used in error messages.
    """
    told = np.asarray(X.attrs.get("bin_size", np.nan))
    if told.size == 1 and told.dtype.kind in "iuf" and told > 0:
        return float(told)
    if "time" not in X.coords or X.sizes["time"] < 2 or X.coords["time"].dtype.kind in "iu":
        return None
    return step_of(times_of(X, name), name)


def check_window(window: Any, name: str = "window") -> tuple[float, float]:
    """Return start and stop of a window of time.

    Parameters
    ----------
    window : (start, stop)
    name : str
        Argument name used in error messages.

    Raises
    ------
    ValueError
        For anything but two numbers, the first below the second.
    """
    try:
        limits = as_floats(window, name)
    except ValueError:
        limits = np.empty(0)
    if limits.shape != (2,) or not np.isfinite(limits).all() or limits[0] >= limits[1]:
        raise ValueError(f"{name}: expected (start, stop) with start < stop, got {window!r}")
    return float(limits[0]), float(limits[1])


def _brief(times: np.ndarray) -> str:
    shown = ", ".join(f"{each:g}" for each in times[:4])
    return f"[{shown}{', ...' if len(times) > 4 else ''}]"
