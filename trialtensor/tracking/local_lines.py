"""Local lines through a trial series, with a bandwidth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.signal

N_BANDWIDTHS = 15


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines through neighbours, and their standard errors for noise of unit variance."""

    value: np.ndarray
    slope: np.ndarray
    error: np.ndarray
    slope_error: np.ndarray
    own_weight: np.ndarray


def local_lines(y: np.ndarray, bandwidth: float, gap: int = -1) -> Lines:
    """Fit a line for each trial, without the trials that are at most ``gap`` away."""
    (s0, s1, s2), (t0, t1) = _moments(y, bandwidth, 3, 2, gap=gap)
    (q0, q1, q2), _ = _moments(y, bandwidth, 3, 0, gap=gap, squared=True)
    determinant = s0 * s2 - s1**2
    with np.errstate(invalid="ignore", divide="ignore"):
        determinant = np.where(determinant > 1e-9 * np.maximum(s0 * s2, 1e-12), determinant, np.nan)
        value = (s2 * t0 - s1 * t1) / determinant
        slope = (s0 * t1 - s1 * t0) / determinant
        error = np.sqrt(np.maximum(s2**2 * q0 - 2 * s1 * s2 * q1 + s1**2 * q2, 0)) / determinant
        slope_error = np.sqrt(np.maximum(s0**2 * q2 - 2 * s0 * s1 * q1 + s1**2 * q0, 0))
        own = s2 / determinant * np.isfinite(y) * (gap < 0)
    return Lines(value, slope, error, slope_error / determinant, own)


def local_parabolas(y: np.ndarray, bandwidth: float) -> np.ndarray:
    """Return values of parabolas through the same neighbours; NaN where too few."""
    s, t = _moments(y, bandwidth, 5, 3)
    scale = np.abs(s[0]).max() * bandwidth ** np.arange(3)
    matrix = np.stack([np.stack([s[i + j] for j in range(3)], -1) for i in range(3)], -2)
    matrix = matrix / scale[0] / bandwidth ** np.add.outer(np.arange(3), np.arange(3))
    right = np.stack([t[i] / scale[i] for i in range(3)], -1)
    usable = np.linalg.det(matrix) > 1e-9
    value = np.full(len(y), np.nan)
    value[usable] = np.linalg.solve(matrix[usable], right[usable][..., None])[:, 0, 0]
    return value


def _moments(
    y: np.ndarray,
    bandwidth: float,
    n_weights: int,
    n_values: int,
    *,
    gap: int = -1,
    squared: bool = False,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Sum weight times powers 0, 1, … of distance over neighbours; the same for values.

    They are convolutions with the weights and their moments.
    """
    reach = int(min(np.ceil(bandwidth), len(y))) - 1
    offset = np.arange(-reach, reach + 1)
    weight = np.where(np.abs(offset) > gap, 1 - (offset / bandwidth) ** 2, 0.0)
    weight = weight**2 if squared else weight
    seen = np.isfinite(y).astype(float)
    values = np.where(np.isfinite(y), y, 0.0)

    def around(series: np.ndarray, power: int) -> np.ndarray:
        # Convolution turns its kernel round.
        kernel = (weight * offset**power)[::-1]
        return scipy.signal.convolve(series, kernel, mode="full")[reach : reach + len(y)]

    return [around(seen, p) for p in range(n_weights)], [around(values, p) for p in range(n_values)]


def choose_bandwidth(y: np.ndarray, gap: int) -> float:
    """Choose the bandwidth with the smallest prediction error across the gap."""
    n = len(y)
    least = min(max(5.0, 2.0 * gap + 4), n / 2)
    candidates = np.geomspace(least, n, N_BANDWIDTHS)
    errors = []
    for candidate in candidates:
        rest = y - local_lines(y, candidate, gap).value
        # Leaving out unpredictable trials would favour small bandwidths.
        rest = np.where(np.isnan(rest) & np.isfinite(y), y - np.nanmean(y), rest)
        errors.append(np.nanmean(rest**2))
    return float(candidates[int(np.argmin(errors))])
