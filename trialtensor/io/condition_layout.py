"""Trials by condition, as dPCA takes them: means, and all trials padded to the largest number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray


def by_condition(
    X: xarray.DataArray, names: list[str]
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Return means over the trials of conditions, and all trials by condition.

    Parameters
    ----------
    X : xarray.DataArray
        A labelled trial tensor.
    names : list of str
        Coordinates of the trials.

    Returns
    -------
    (n_neurons, n_levels, ..., n_times) array
        Means of what was observed.
    (n_most, n_neurons, n_levels, ..., n_times) array
        Trials, NaN where a condition has fewer.
    dict
        The levels of each name.
    (n_trials, 2) int array
        Number of each trial among those of its condition, and of the condition.

    Raises
    ------
    ValueError
        For unknown names, and a condition without trials.
    """
    levels, flat = _conditions(X, names)
    shape = tuple(len(each) for each in levels.values())
    counts = np.bincount(flat, minlength=int(np.prod(shape)))
    if (counts == 0).any():
        empty = np.unravel_index(int(counts.argmin()), shape)
        what = ", ".join(f"{n}={levels[n][i]}" for n, i in zip(names, empty, strict=True))
        raise ValueError(f"by: dPCA needs trials of all conditions, and there is none of {what}")
    number = np.empty(len(flat), int)
    number[np.argsort(flat, kind="stable")] = np.concatenate([np.arange(n) for n in counts])
    trials = np.full((counts.max(), len(counts), *X.shape[1:]), np.nan)
    trials[number, flat] = X.to_numpy()
    seen = ~np.isnan(trials)
    count = seen.sum(axis=0)
    means = np.where(count > 0, trials.sum(axis=0, where=seen) / np.maximum(count, 1), np.nan)
    return (
        np.moveaxis(means.reshape(*shape, *X.shape[1:]), -2, 0),
        np.moveaxis(trials.reshape(len(trials), *shape, *X.shape[1:]), -2, 1),
        levels,
        np.stack([number, flat], axis=1),
    )


def of_conditions(trials: np.ndarray, places: Any, dtype: np.dtype) -> np.ndarray:
    """Return trials in their own order, (n_trials, n_neurons, n_times).

    Parameters
    ----------
    trials, places : arrays from `by_condition`
    dtype : dtype
        Of the result.
    """
    last = np.moveaxis(np.asarray(trials), 1, -2)
    flat = last.reshape(len(last), -1, *last.shape[-2:])
    return np.asarray(flat[places[:, 0], places[:, 1]]).astype(dtype)


def _conditions(X: xarray.DataArray, names: list[str]) -> tuple[dict[str, Any], np.ndarray]:
    """Return the levels of each name, and the number of each trial's condition."""
    known = [str(key) for key, each in X.coords.items() if each.dims == ("trial",)]
    lost = [name for name in names if name not in known]
    if not names or lost:
        raise ValueError(
            "by: 'dpca' needs the coordinates of the trials that are the conditions, of "
            f"{known or 'none'}; got {lost[0] if lost else None!r}"
        )
    levels, places = {}, []
    for name in names:
        levels[name], of_trial = np.unique(X.coords[name].to_numpy(), return_inverse=True)
        places.append(of_trial)
    shape = tuple(len(each) for each in levels.values())
    return levels, np.asarray(np.ravel_multi_index(tuple(places), shape))
