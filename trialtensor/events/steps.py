"""The record of what was done to the time of trials, in attributes that netCDF can store.

Numbers of each trial are coordinates of the trials, so that they stay with them when trials are
chosen; the names of the steps are in the attribute ``time_steps``, and only the last can be undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray

STEPS = "time_steps"
_THEN = " > "


def steps_of(X: xarray.DataArray) -> list[str]:
    """Return the names of the steps that made a tensor, first to last.

    Parameters
    ----------
    X : xarray.DataArray
    """
    told = getattr(X, "attrs", {}).get(STEPS, "")
    return str(told).split(_THEN) if told else []


def with_step(X: xarray.DataArray, step: str, **details: Any) -> xarray.DataArray:
    """Return a tensor with one more step in its record.

    Parameters
    ----------
    X : xarray.DataArray
    step : str
        Name of what was done.
    **details
        Attributes: text, numbers and lists of numbers.

    Raises
    ------
    ValueError
        If the tensor was made by this step already, whose record would be lost.
    """
    done = steps_of(X)
    refuse_twice(X, step)
    return X.assign_attrs({STEPS: _THEN.join([*done, step]), **details})


def refuse_twice(X: xarray.DataArray, step: str) -> None:
    """Refuse a step that was done already.

    Parameters
    ----------
    X : xarray.DataArray
    step : str
    """
    if step in steps_of(X):
        raise ValueError(
            f"X: {step} was done already, and its record holds one; undo it first (it was made by "
            f"{X.attrs[STEPS]})"
        )


def without_step(X: xarray.DataArray, step: str, *details: str) -> xarray.DataArray:
    """Return a tensor without its last step, and without its attributes and coordinates.

    Parameters
    ----------
    X : xarray.DataArray
    step : str
    *details : str
        Names of attributes and of coordinates of trials.

    Raises
    ------
    ValueError
        If that isn't the last step.
    """
    check_last(X, step)
    attrs = {name: each for name, each in X.attrs.items() if name not in (STEPS, *details)}
    left = steps_of(X)[:-1]
    if left:
        attrs[STEPS] = _THEN.join(left)
    found = X.drop_vars([name for name in details if name in X.coords]).copy(deep=False)
    found.attrs = attrs
    return found


def check_last(X: xarray.DataArray, step: str) -> None:
    """Refuse a tensor whose last step was another.

    Parameters
    ----------
    X : xarray.DataArray
    step : str
    """
    done = steps_of(X)
    if not done or done[-1] != step:
        kind = type(X).__name__
        if not hasattr(X, "attrs"):
            raise ValueError(f"X: expected a DataArray whose last step is {step}, got {kind}")
        made = f"it was made by {_THEN.join(done)}" if done else "it has no record of any"
        raise ValueError(f"X: expected a tensor whose last step is {step}, but {made}")


def numbers_of(X: xarray.DataArray, name: str) -> np.ndarray:
    """Return a list of numbers from an attribute; netCDF gives a list of one back as a number.

    Parameters
    ----------
    X : xarray.DataArray
    name : str
    """
    return np.atleast_1d(np.asarray(X.attrs[name]))
