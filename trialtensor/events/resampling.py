"""New samples as weighted sums of old ones: means in bins, interpolation, the nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

GAP = 2.5  # usual intervals between samples, beyond which nothing is known of what lies between


@dataclass(frozen=True)
class Weights:
    """Which old samples make each new one, and with which weight.

    Attributes
    ----------
    samples, weights : (n_used,) arrays
        The old samples, those of one new sample after those of the other.
    bounds : (n_new + 1,) array of int
        New sample ``i`` uses ``bounds[i]:bounds[i + 1]``; none means that it is missing.
    skip : bool
        Leave out missing old samples (means), instead of missing what they are a part of.
    """

    samples: np.ndarray
    weights: np.ndarray
    bounds: np.ndarray
    skip: bool = False


def in_bins(times: np.ndarray, edges: np.ndarray) -> Weights:
    """Return equal weights for the samples in half-open bins.

    Parameters
    ----------
    times : (n_samples,) array
        Not decreasing.
    edges : (n_trials, n_bins + 1) array
    """
    places = np.searchsorted(times, edges)
    begin, size = places[:, :-1].reshape(-1), np.diff(places, axis=1).reshape(-1)
    bounds = np.zeros(len(size) + 1, np.int64)
    np.cumsum(size, out=bounds[1:])
    samples = np.arange(bounds[-1]) + np.repeat(begin - bounds[:-1], size)
    return Weights(samples, np.ones(len(samples)), bounds, skip=True)


def at_times(times: np.ndarray, wanted: np.ndarray, interval: float) -> Weights:
    """Return weights for linear interpolation.

    Parameters
    ----------
    times : (n_samples,) array
        Not decreasing.
    wanted : (n_trials, n_times) array
        In seconds. Missing before the first and after the last sample, and in gaps.
    interval : float
        Usual one between samples.
    """
    at = wanted.reshape(-1)
    right = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
    right = np.minimum(right, len(times) - 1)
    left = np.maximum(right - 1, 0)
    span = times[right] - times[left]
    share = (at - times[left]) / np.where(span > 0, span, 1)
    # A time on a sample takes that sample, whatever its neighbours are.
    near = 1e-6 * interval
    on_left, on_right = np.abs(at - times[left]) <= near, np.abs(at - times[right]) <= near
    share = np.where(on_right, 1.0, np.where(on_left, 0.0, share))
    between = (share > 0) & (share < 1) & (span <= GAP * interval)
    known = on_left | on_right | between
    weights = np.stack([1 - share, share], axis=1)
    used = known[:, None] & (weights > 0)
    bounds = np.zeros(len(at) + 1, np.int64)
    np.cumsum(used.sum(axis=1), out=bounds[1:])
    return Weights(np.stack([left, right], axis=1)[used], weights[used], bounds)


def nearest(times: np.ndarray, events: np.ndarray, offsets: np.ndarray, interval: float) -> Weights:
    """Return the samples nearest to times counted from the sample that is nearest to the event.

    Parameters
    ----------
    times : (n_samples,) array
        Not decreasing.
    events : (n_trials,) array
    offsets : (n_times,) array
        In seconds. Missing where no sample is within half an interval.
    interval : float
        Usual one between samples.
    """
    # Beyond the ends the clock goes on, so that a window may begin before the recording.
    start = times[_place(times, events)]
    outside = np.where(events < times[0], events - times[0], np.maximum(events - times[-1], 0))
    start = start + np.round(outside / interval) * interval
    at = (start[:, None] + offsets).reshape(-1)
    samples = _place(times, at)
    known = np.abs(times[samples] - at) <= (0.5 + 1e-3) * interval
    bounds = np.zeros(len(at) + 1, np.int64)
    np.cumsum(known, out=bounds[1:])
    return Weights(samples[known], np.ones(int(known.sum())), bounds)


def apply(weights: Weights, values: np.ndarray) -> np.ndarray:
    """Return new samples.

    Parameters
    ----------
    weights : Weights
    values : (n_samples, n_cells) array

    Returns
    -------
    (n_new, n_cells) float64 array
        NaN where missing.
    """
    empty = np.diff(weights.bounds) == 0
    if not len(weights.samples):
        return np.full((len(empty), values.shape[1]), np.nan)
    first, stop = int(weights.samples.min()), int(weights.samples.max()) + 1
    part = values[first:stop].astype(np.float64)
    n_new = len(empty)
    matrix = sparse.csr_array(
        (weights.weights, weights.samples - first, weights.bounds), shape=(n_new, stop - first)
    )
    total = np.diff(weights.bounds)[:, None].astype(np.float64)
    if weights.skip:
        gone = np.isnan(part)
        if gone.any():
            part[gone] = 0
            total = matrix @ (~gone).astype(np.float64)
    found = matrix @ part
    if weights.skip:
        with np.errstate(invalid="ignore", divide="ignore"):
            found = found / total
    found[empty] = np.nan
    return found


def _place(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the sample nearest to each time; of two as near the earlier one."""
    right = np.clip(np.searchsorted(times, wanted), 0, len(times) - 1)
    left = np.maximum(right - 1, 0)
    return np.where(wanted - times[left] <= times[right] - wanted, left, right)
