"""Spike counts with simulated activity as rates."""

from __future__ import annotations

import numpy as np
import xarray as xr

from trialtensor.data.parameters import SEEDS, check_number, check_whole

_USUAL = 20.0  # spikes a second for an activity of 1


def draw_spikes(
    activity: xr.DataArray, *, rate_scale: float = 20.0, bin_width: float = 0.02, seed: int = 0
) -> xr.DataArray:
    """Draw Poisson counts.

    Parameters
    ----------
    activity : xarray.DataArray (trial, neuron, time)
        What `simulate` recorded. Pons and nuclei signal by less than nothing too: a neuron that
        does so is raised by its lowest value.
    rate_scale : float
        Spikes per second for each unit of activity; neurons with a coordinate "spike_rate" (spikes
        per second for an activity of 1) have that, times `rate_scale` over 20.
    bin_width : float
        Seconds in a bin; a multiple of the bins of the activity.
    seed : int

    Returns
    -------
    xarray.DataArray (trial, neuron, time)
        Counts, with the labels of the activity.

    Raises
    ------
    ValueError
        If a number is out of range, or the bins don't fit.

    Examples
    --------
    >>> rates = xr.DataArray(
    ...     np.ones((2, 3, 4)), dims=("trial", "neuron", "time"), coords={"time": np.arange(4) / 50}
    ... )
    >>> draw_spikes(rates, rate_scale=50, bin_width=0.04).shape
    (2, 3, 2)
    """
    given: object = activity
    if not isinstance(given, xr.DataArray) or "time" not in given.coords:
        raise ValueError(
            "activity: expected a DataArray with a time coordinate, such as run.activity, got "
            f"{type(activity).__name__}"
        )
    n_missing = int(np.isnan(np.asarray(activity, dtype=float)).sum())
    if n_missing:
        raise ValueError(
            f"activity: {n_missing} of {activity.size} values are missing, but counts are drawn "
            "from all of them"
        )
    check_number("rate_scale", rate_scale, above=0), check_number("bin_width", bin_width, above=0)
    check_whole("seed", seed, 0, SEEDS)
    time = activity["time"].values
    step = float(time[1] - time[0]) if len(time) > 1 else bin_width
    per_bin = round(bin_width / step)
    if per_bin < 1 or abs(per_bin * step - bin_width) > 1e-6:
        raise ValueError(
            f"bin_width: expected a multiple of the activity's bins of {step:g} s, got {bin_width}"
        )
    if per_bin > len(time):
        raise ValueError(f"bin_width: a trial has {len(time) * step:g} s, got {bin_width}")
    if "spike_rate" in activity.coords:
        # Regions with units of their own.
        activity = activity * (activity["spike_rate"] / _USUAL)
    rates = activity - activity.min(("trial", "time")).clip(max=0)
    if per_bin > 1:
        rates = rates.coarsen(time=per_bin, boundary="trim").mean()
    expected = rates.transpose("trial", "neuron", "time") * (rate_scale * bin_width)
    rng = np.random.default_rng(seed)
    counts = rng.poisson(expected.to_numpy().astype(float)).astype(np.int32)
    return expected.copy(data=counts).rename("counts")
