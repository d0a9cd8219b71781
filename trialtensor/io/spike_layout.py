"""Counts as spike trains of neo, with the spikes of a bin spread within it, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.time_axis import step_of, times_of

if TYPE_CHECKING:
    import xarray


def trains_of(X: xarray.DataArray) -> list[list[Any]]:
    """Return for each trial a list with the ``neo.SpikeTrain`` of each neuron.

    Parameters
    ----------
    X : xarray.DataArray
        Counts, with bins of one width and times in seconds.

    Raises
    ------
    ValueError
        If the values aren't counts.
    ImportError
        Without neo.
    """
    values = X.to_numpy()
    if not ((values >= 0) & (values == np.round(values))).all():
        raise ValueError(
            "X: elephant takes spikes, which are made of counts, whole numbers of at least 0; got "
            f"values from {np.nanmin(values):g} to {np.nanmax(values):g}"
        )
    neo, seconds = _neo()
    times = times_of(X)
    step = step_of(times)
    start, stop = times[0] - step / 2, times[-1] + step / 2
    names = X.coords["neuron"].to_numpy() if "neuron" in X.coords else np.arange(X.shape[1])
    return [
        [
            neo.SpikeTrain(
                _spread(counts.astype(int), start, step) * seconds,
                t_start=start * seconds,
                t_stop=stop * seconds,
                name=str(name),
            )
            for counts, name in zip(trial, names, strict=True)
        ]
        for trial in values
    ]


def counts_of(trains: list[list[Any]], X: xarray.DataArray) -> np.ndarray:
    """Return the counts of spike trains in the bins of a tensor.

    Parameters
    ----------
    trains : list of lists of neo.SpikeTrain
    X : xarray.DataArray
        With the time axis, and the type of the counts.
    """
    times = times_of(X)
    step = step_of(times)
    found = np.zeros((len(trains), len(trains[0]), len(times)), X.dtype)
    for trial, row in zip(trains, found, strict=True):
        for train, counts in zip(trial, row, strict=True):
            spikes = np.asarray(train.rescale("s").magnitude)
            bins = np.floor((spikes - times[0]) / step + 0.5).astype(int)
            counts += np.bincount(bins, minlength=len(times)).astype(X.dtype)
    return found


def _spread(counts: np.ndarray, start: float, step: float) -> np.ndarray:
    """Return as many times in each bin as it has counts, evenly spread."""
    bins = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    part = (np.arange(len(bins)) - first + 0.5) / np.repeat(counts, counts)
    return np.asarray(start + (bins + part) * step)


def _neo() -> tuple[Any, Any]:
    try:
        import neo
        import quantities
    except ImportError as error:
        raise ImportError("to_layout: this layout needs neo: pip install neo") from error
    return neo, quantities.s
